local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops

local function add(list)
   local sum = 0
   for _, v in ipairs(list) do sum = sum + v end
   return sum
end

-- The first of the best, and where.
local function extreme(better)
   return function(list)
      local at = 1
      for i = 2, #list do
         if better(list[i], list[at]) then at = i end
      end
      return list[at], at
   end
end
local largest = extreme(function(a, b) return a > b end)
local smallest = extreme(function(a, b) return a < b end)

local shapes = {
   {}, { 1 }, { 5 }, { 3, 4 }, { 4, 1 }, { 2, 3, 4 }, { 3, 1, 2, 2 }, { 2, 2, 3, 1, 2 },
}
local large = {
   { 70000 }, { 3, 40000 }, { 40000, 3 }, { 300, 5, 130 }, { 3, 200, 129 }, { 2, 9000, 17 },
}

-- covers 'sum', 'max', 'min', 'spread', 'take'
describe('a reduction', function()
   local random
   before_each(function() random = oracle.random(41) end)

   -- Calls visit(shape, dim, keep) for all, and over everything.
   local function each(visit)
      for _, list in ipairs { shapes, large } do
         for _, shape in ipairs(list) do
            visit(shape)
            for dim = 1, #shape do
               visit(shape, dim, false)
               visit(shape, dim, true)
            end
         end
      end
   end

   it('sums and averages exactly over whole numbers', function()
      each(function(shape, dim, keep)
         local a = arrays.random(random, shape, 8)
         local x = arrays.tensor(a)
         local expected = arrays.along(add, a, dim, keep)
         local y = x:sum(dim, keep)
         assert.same(expected.shape, y:shape())
         assert.near_all(expected, y, 0)
         local count = dim and shape[dim] or #a
         assert.near_all(arrays.map(expected, function(v) return v / count end),
            x:mean(dim, keep), 1e-6)
      end)
   end)

   it('sums reals to the last place', function()
      local a = arrays.random(random, { 50000 })
      local expected, absolute = 0, 0
      for i, v in ipairs(a) do
         a[i] = v * 1.0009765625
         expected, absolute = expected + a[i], absolute + math.abs(a[i])
      end
      assert.near_all({ expected }, arrays.tensor(a):sum(), 2 ^ -24 * absolute / 100)
   end)

   it('finds extremes and the first place of each', function()
      each(function(shape, dim, keep)
         local a = arrays.random(random, shape, 3) -- few values, so that there are equals
         local x = arrays.tensor(a)
         for name, best in pairs { max = largest, min = smallest } do
            local expected, places = arrays.along(best, a, dim, keep)
            local y, position = x[name](x, dim, keep)
            assert.same(expected.shape, y:shape())
            assert.same(expected.shape, position:shape())
            assert.equal('int32', position.dtype)
            assert.near_all(expected, y, 0)
            assert.near_all(places, position, 0)
         end
      end)
      local x = lacuna.tensor { { 1, 5, 5 }, { 7, 2, 7 } }
      assert.same({ 2, 1 }, ops.argmax(x, 2):toTable())
      assert.same({ 1, 2, 1 }, x:argmin(1):toTable())
      assert.equal(4, x:argmax():toTable())
   end)

   it('takes a nan for the extreme, the first of them', function()
      local nan = 0 / 0
      local x = lacuna.tensor { { 1, nan, 3 }, { nan, nan, 0 }, { -1 / 0, 1 / 0, 0 } }
      local y, position = x:max(2)
      assert.near_all({ nan, nan, 1 / 0 }, y, 0)
      assert.same({ 2, 1, 2 }, position:toTable())
      y, position = x:min(2)
      assert.near_all({ nan, nan, -1 / 0 }, y, 0)
      assert.same({ 2, 1, 1 }, position:toTable())
   end)

   it('has gradients, and those theirs', function()
      for _, shape in ipairs(shapes) do
         for dim = 0, #shape do
            local d = dim > 0 and dim or nil
            local keep = dim == 2
            -- all different, so that the extremes stay where they are
            local a = { shape = shape }
            for i = 1, arrays.volume(shape) do a[i] = (i * 7 % 48) / 4 + 0.5 end
            for name, f in pairs { sum = add, max = largest, min = smallest,
               mean = function(list) return add(list) / #list end,
               norm = function(list)
                  local sum = 0
                  for _, v in ipairs(list) do sum = sum + v * v end
                  return math.sqrt(sum)
               end } do
               gradient.checkGradient(function(x) return (ops[name](x, d, keep)) end, { a },
                  { reference = function(x) return (arrays.along(f, x, d, keep)) end })
               gradient.checkSecond(function(x)
                  return (ops[name](ops.square(x), d, keep))
               end, { a }, { tolerance = 1e-2 })
            end
         end
      end
   end)

   it('of nothing is 0, or nan for a mean, or refused', function()
      local x = lacuna.zeros(0, 3):requireGrad()
      assert.near_all({ 0, 0, 0 }, x:sum(1), 0)
      assert.same({ 0 }, x:sum(2):shape())
      assert.near_all({ 0 }, x:sum(), 0)
      assert.near_all({ 0 / 0, 0 / 0, 0 / 0 }, x:mean(1), 0)
      x:sum():backward()
      assert.same({ 0, 3 }, x.grad:shape())
      assert.same({ 0 }, x:max(2):shape())
      assert.fails('max: input is 0x3, expected an element to choose', x.max, x, 1)
      assert.fails('min: input is 0x3, expected an element to choose', x.min, x)
   end)

   it('says what is wrong with its arguments', function()
      local x, scalar = lacuna.ones(2, 3), lacuna.ones()
      for _, name in ipairs { 'sum', 'mean', 'max', 'min', 'argmax', 'argmin', 'norm' } do
         assert.fails(': input is nil, expected a tensor', ops[name])
         assert.fails('dimension is the number 3, expected a whole number from 1 to 2', ops[name],
            x, 3)
         assert.fails('dimension is the number 0', ops[name], x, 0)
         assert.fails('dimension is the string "2"', ops[name], x, '2')
         assert.fails('the input is a scalar, it has no dimension 1', ops[name], scalar, 1)
         assert.fails('x is uint8, expected float32', ops[name],
            lacuna.ones(2, { dtype = 'uint8' }))
      end
   end)
end)

describe('ops.norm', function()
   it('has the gradient 0 at 0', function()
      local x = lacuna.tensor({ { 0, 0 }, { 3, 4 } }, { requiresGrad = true })
      local y = ops.norm(x, 2)
      assert.near_all({ 0, 5 }, y, 0)
      y:sum():backward()
      assert.near_all({ 0, 0, 0.6, 0.8 }, x.grad, 1e-7)
      x:zeroGrad()
      ops.root(x):sum():backward()
      assert.near_all({ 0, 0, 0.5 / math.sqrt(3), 0.25 }, x.grad, 1e-7)
   end)
end)

describe('ops.pick', function()
   it('takes one element of each row', function()
      local a = arrays.random(oracle.random(42), { 3, 4 })
      local index = lacuna.tensor({ 4, 1, 2 }, { dtype = 'int32' })
      assert.near_all({ a[4], a[5], a[10] }, ops.pick(arrays.tensor(a), index), 0)
      assert.near_all({ a[4], a[5], a[10] }, ops.pick(arrays.tensor(a), { 4, 1, 2 }), 0)
      gradient.checkGradient(function(x) return ops.pick(x, index) end, { a },
         { reference = function(x) return { x[4], x[5], x[10] } end })
      gradient.checkSecond(function(x) return ops.pick(ops.square(x), index) end, { a })
      assert.same({ 0 }, ops.pick(lacuna.zeros(0, 4), {}):shape())
   end)

   it('says what is wrong with its arguments', function()
      local x = lacuna.ones(2, 3)
      assert.fails('pick: input is 3, expected 2 dimensions', ops.pick, lacuna.ones(3), { 1 })
      assert.fails('pick: index is 3, expected 2 elements', ops.pick, x, { 1, 1, 1 })
      assert.fails('pick: index holds 0 to 1, expected 1 to 3', ops.pick, x, { 0, 1 })
      assert.fails('pick: index holds 1 to 4, expected 1 to 3', ops.pick, x, { 4, 1 })
      assert.fails('pick: index is float32, expected int32', ops.pick, x, lacuna.ones(2))
      assert.fails('tensor: element 1 is 1.5, expected a whole number for int32', ops.pick, x,
         { 1.5, 1 })
      assert.fails('pick: index is nil', ops.pick, x)
   end)
end)

-- covers 'softmax', 'softmax_grad', 'log_softmax', 'log_softmax_grad'
describe('ops.softmax and ops.logSoftmax', function()
   local random
   before_each(function() random = oracle.random(43) end)

   for _, shape in ipairs { { 1, 1 }, { 3, 4 }, { 4, 1 }, { 700, 40 } } do
      it('equal the oracle, ' .. table.concat(shape, 'x'), function()
         local a = arrays.random(random, shape)
         for _, name in ipairs { 'softmax', 'logSoftmax' } do
            local function reference(x) return oracle[name](arrays.nested(x)) end
            assert.near_all(oracle.flatten(reference(a)), ops[name](arrays.tensor(a)), 2e-6)
            if #a < 100 then
               gradient.checkGradient(ops[name], { a }, { reference = reference })
               gradient.checkSecond(ops[name], { a })
            end
         end
      end)
   end

   it('neither overflow nor divide by zero', function()
      local x = lacuna.tensor { { 1e30, 0, -1e30 }, { -1e30, -1e30, -1e30 }, { 1 / 0, 0, 1 / 0 },
         { -1 / 0, -1 / 0, -1 / 0 } }
      local third = 1 / 3
      assert.near_all({ 1, 0, 0, third, third, third, 0.5, 0, 0.5, third, third, third },
         ops.softmax(x), 1e-6)
      local l = ops.logSoftmax(x:rows(1, 2)):toFlat()
      assert.near_all({ 0, -1e30, -2e30 }, { l[1], l[2], l[3] }, 1e24)
      assert.near_all({ -math.log(3), -math.log(3), -math.log(3) }, { l[4], l[5], l[6] }, 1e-6)
   end)

   it('accept no rows and no columns', function()
      for _, name in ipairs { 'softmax', 'logSoftmax' } do
         for _, shape in ipairs { { 0, 3 }, { 3, 0 } } do
            local x = lacuna.zeros(shape):requireGrad()
            ops[name](x):backward(lacuna.zeros(shape))
            assert.same(shape, x.grad:shape())
         end
      end
   end)

   it('say what is wrong with their arguments', function()
      for name, op in pairs { softmax = 'softmax', logSoftmax = 'log_softmax' } do
         assert.fails(op .. ': x is 3, expected 2 dimensions', ops[name], lacuna.ones(3))
         assert.fails(name .. ': input is nil, expected a tensor', ops[name])
         assert.fails(op .. ': x is int32, expected float32', ops[name],
            lacuna.ones(2, 2, { dtype = 'int32' }))
      end
   end)
end)
