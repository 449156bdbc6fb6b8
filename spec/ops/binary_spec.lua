local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops
local abs = math.abs

local function truth(condition) return condition and 1 or 0 end

local arithmetic = {
   add = function(a, b) return a + b end,
   sub = function(a, b) return a - b end,
   mul = function(a, b) return a * b end,
   div = function(a, b) return a / b end,
   maximum = math.max,
   minimum = math.min,
}
local comparisons = {
   lt = function(a, b) return truth(a < b) end,
   le = function(a, b) return truth(a <= b) end,
   gt = function(a, b) return truth(a > b) end,
   ge = function(a, b) return truth(a >= b) end,
   eq = function(a, b) return truth(a == b) end,
   ne = function(a, b) return truth(a ~= b) end,
}

-- pairs of shapes that broadcast, of 0 to 5 dimensions
local shapes = {
   { {}, {} }, { {}, { 3 } }, { { 3 }, { 3 } }, { { 1 }, { 3 } }, { { 2, 3 }, { 3 } },
   { { 2, 3 }, { 2, 1 } }, { { 2, 1 }, { 1, 3 } }, { { 2, 3, 2 }, { 3, 1 } }, { {}, { 2, 1, 2 } },
   { { 2, 1, 2, 1 }, { 3, 1, 2 } }, { { 2, 2, 1, 2 }, { 2, 2, 3, 2 } },
   { { 2, 1, 2, 1, 2 }, { 1, 3, 1, 2, 1 } }, { { 2, 2, 2, 1, 1 }, { 2 } }, { { 1, 1 }, { 1 } },
   { { 0, 3 }, { 3 } }, { { 0 }, { 1 } }, { { 2, 0 }, { 2, 1 } }, { { 0, 1 }, { 1, 2 } },
}

local function label(pair)
   local function text(shape) return #shape == 0 and 'scalar' or table.concat(shape, 'x') end
   return text(pair[1]) .. ' and ' .. text(pair[2])
end

-- covers 'add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'lt', 'le', 'gt', 'ge', 'eq', 'ne',
-- covers 'expand', 'sum_to', 'where'
describe('operations of two tensors', function()
   local random
   before_each(function() random = oracle.random(31) end)

   for _, pair in ipairs(shapes) do
      it('equal their definitions on whole numbers, ' .. label(pair), function()
         for _, list in ipairs { arithmetic, comparisons } do
            for name, f in pairs(list) do
               local a = arrays.random(random, pair[1], 3)
               local b = arrays.map(arrays.random(random, pair[2], 3),
                  function(v) return name == 'div' and 2 ^ v or v end)
               local y = ops[name](arrays.tensor(a), arrays.tensor(b))
               local expected = arrays.broadcast(f, a, b)
               assert.same(expected.shape, y:shape())
               assert.near_all(expected, y, 0)
               expected = arrays.broadcast(f, b, a)
               if name ~= 'div' then
                  assert.near_all(expected, ops[name](arrays.tensor(b), arrays.tensor(a)), 0)
               end
            end
         end
      end)

      it('have their gradients, and those theirs, ' .. label(pair), function()
         for name, f in pairs(arithmetic) do
            local a = arrays.random(random, pair[1])
            -- apart from each other, for the extremes, and from zero
            local b = arrays.map(arrays.random(random, pair[2]),
               function(v) return (v >= 0 and 1 or -1) * (2.5 + abs(v)) end)
            gradient.checkGradient(ops[name], { a, b },
               { reference = function(x, y) return arrays.broadcast(f, x, y) end })
            if #a * #b <= 16 then gradient.checkSecond(ops[name], { a, b }) end
         end
      end)
   end

   it('cut long lines without a seam', function()
      for _, pair in ipairs { { { 40001 }, { 40001 } }, { { 2, 20001 }, { 20001 } },
         { { 20001, 2 }, { 20001, 1 } }, { { 40001 }, {} }, { { 3, 1, 9001 }, { 2, 1 } } } do
         local a, b = arrays.random(random, pair[1], 9), arrays.random(random, pair[2], 9)
         assert.near_all(arrays.broadcast(arithmetic.sub, a, b),
            arrays.tensor(a) - arrays.tensor(b), 0)
      end
   end)

   it('take a number for either side', function()
      local x = lacuna.tensor { { 1, 2 }, { 4, 8 } }
      for name, f in pairs(arithmetic) do
         assert.near_all(arrays.map({ 1, 2, 4, 8 }, function(v) return f(v, 2) end),
            ops[name](x, 2), 0)
         assert.near_all(arrays.map({ 1, 2, 4, 8 }, function(v) return f(16, v) end),
            ops[name](16, x), 0)
      end
      assert.near_all({ 3, 4, 6, 10 }, x + 2, 0)
      assert.near_all({ 3, 4, 6, 10 }, 2 + x, 0)
      assert.near_all({ -1, 0, 2, 6 }, x - 2, 0)
      assert.near_all({ 1, 0, -2, -6 }, 2 - x, 0)
      assert.near_all({ 0.5, 1, 2, 4 }, x / 2, 0)
      assert.near_all({ 8, 4, 2, 1 }, 8 / x, 0)
      assert.near_all({ -1, -2, -4, -8 }, -x, 0)
      assert.near_all({ 1, 4, 16, 64 }, x ^ 2, 0)
      assert.near_all({ 0, 1, 0, 0 }, x:eq(2), 0)
   end)

   it('have gradients where one side is a number', function()
      local a = arrays.map(arrays.random(random, { 2, 3 }), function(v) return v + 3 end)
      for _, f in ipairs { function(x) return x + 2 end, function(x) return 2 - x end,
         function(x) return x * -3 end, function(x) return 2 / x end,
         function(x) return x / 4 end, function(x) return -x end,
         function(x) return ops.maximum(x, 3.01) end } do
         gradient.checkGradient(f, { a }, { step = 0.001 })
      end
   end)

   it('give no gradient to a comparison', function()
      local x = lacuna.tensor({ 1, 2 }, { requiresGrad = true })
      for name in pairs(comparisons) do
         local y = ops[name](x, 1)
         assert.is_false(y.requiresGrad)
      end
   end)

   it('give the gradient of equals to the first', function()
      for _, name in ipairs { 'maximum', 'minimum' } do
         local a = lacuna.ones(2):requireGrad()
         local b = lacuna.ones(2):requireGrad()
         ops[name](a, b):sum():backward()
         assert.near_all({ 1, 1 }, a.grad, 0)
         assert.near_all({ 0, 0 }, b.grad, 0)
      end
   end)

   it('pass a nan on, and compare it as unequal', function()
      local nan = lacuna.tensor { 0 / 0, 1 }
      local one = lacuna.ones(2)
      for name in pairs(arithmetic) do
         for _, y in ipairs { ops[name](nan, one), ops[name](one, nan) } do
            local v = y:toTable()[1]
            assert.is_true(v ~= v, name)
         end
      end
      for name in pairs(comparisons) do
         assert.equal(name == 'ne' and 1 or 0, ops[name](nan, nan):toTable()[1])
      end
   end)

   it('work in place, also on an operand of their own', function()
      local x = lacuna.tensor { { 1, 2 }, { 3, 4 } }
      assert.equal(x, x:add(x))
      assert.near_all({ 2, 4, 6, 8 }, x, 0)
      assert.near_all({ 1, 2, 5, 6 }, x:sub(lacuna.tensor { { 1, 2 } }
         + lacuna.tensor { { 0 }, { 0 } }), 0)
      assert.near_all({ 10, 4, 50, 12 }, x:mul(lacuna.tensor { 10, 2 }), 0)
      assert.near_all({ 5, 2, 25, 6 }, x:div(2), 0)
      assert.near_all({ 1, 1, 1, 1 }, x:div(x), 0)
      assert.near_all({ 3, 3, 5, 5 }, x:axpy(2, lacuna.tensor { { 1, 1 }, { 2, 2 } }), 0)
      assert.fails('add: y shares memory with b', function() x:add(x:rows(1, 1)) end)
      assert.fails('add: y is 2x2, expected 3x2x2', function() x:add(lacuna.ones(3, 2, 2)) end)
      assert.near_all({ 3, 3, 5, 5 }, x, 0)
   end)

   it('say what is wrong with their arguments', function()
      local a, b, whole = lacuna.ones(2, 3), lacuna.ones(2), lacuna.ones(3, { dtype = 'int32' })
      assert.fails('add: shapes are 2x3 and 2, expected equal sizes or 1, aligned at the end',
         function() return a + b end)
      assert.fails('mul: shapes are 0x3 and 2x3', ops.mul, lacuna.zeros(0, 3), a)
      assert.fails('lt: shapes are 2x3 and 2', function() return a:lt(b) end)
      assert.fails('add: second operand is nil, expected a tensor', function() return a + nil end)
      assert.fails('add: first operand is the string "x"', function() return 'x' + a end)
      assert.fails('add: first operand is the number 1, expected a tensor', ops.add, 1, 2)
      assert.fails('add: b is int32, expected float32', function() return a + whole end)
      assert.fails('affine: shift is the number nan', function() return a + 0 / 0 end)
      assert.fails('div: second operand is the number nan', function() return a / (0 / 0) end)
      assert.fails('div: number is the number nan', function() a:div(0 / 0) end)
      assert.fails('mul: other is a table, expected a tensor', function() a:mul {} end)
      assert.fails('axpy: factor is nil', function() a:axpy(nil, a) end)
      assert.fails('axpby: x is 2, expected 2x3', function() a:axpy(1, b) end)
      b:release()
      assert.fails('sub: second operand is a tensor that was released', ops.sub, a, b)
   end)

   it('refuse operands on two devices', function()
      local here = lacuna.ones(2)
      local there = lacuna.ones(2, { device = lacuna.device() == 'cpu' and 'shadow' or 'cpu' })
      assert.fails('add: b is on %l+, expected %l+', function() return here + there end)
      assert.fails('add: b is on %l+, expected %l+', function() here:add(there) end)
   end)
end)

describe('ops.expand and ops.sumTo', function()
   local random
   before_each(function() random = oracle.random(32) end)
   local cases = {
      { {}, {} }, { {}, { 4 } }, { { 1 }, { 4 } }, { { 3 }, { 2, 3 } }, { { 2, 1 }, { 2, 3 } },
      { { 2, 1, 2 }, { 2, 3, 2 } }, { { 1, 3, 1, 2 }, { 4, 3, 2, 2 } },
      { { 2, 1 }, { 3, 1, 2, 2, 2 } }, { { 1 }, { 0 } }, { { 2, 1 }, { 2, 0 } },
      { { 130 }, { 700, 130 } }, { { 5, 1 }, { 5, 40000 } },
      { { 1, 3, 1, 300 }, { 2, 3, 4, 300 } }, { { 2, 1, 3, 1 }, { 2, 30, 3, 500 } },
   }
   for _, case in ipairs(cases) do
      it(('are each other\'s transpose, %s and %s'):format(table.concat(case[1], 'x'),
         table.concat(case[2], 'x')), function()
         local small, large = arrays.random(random, case[1], 4), arrays.random(random, case[2], 4)
         assert.near_all(arrays.broadcast(function(a) return a end, small, large),
            ops.expand(arrays.tensor(small), case[2]), 0)
         assert.near_all(arrays.sumTo(large, case[1]), ops.sumTo(arrays.tensor(large), case[1]), 0)
         if #large > 100 then return end
         gradient.checkGradient(function(x) return ops.expand(x, case[2]) end, { small }, {
            reference = function(x)
               return arrays.broadcast(function(a) return a end, x, large)
            end })
         gradient.checkGradient(function(x) return ops.sumTo(x, case[1]) end, { large },
            { reference = function(x) return arrays.sumTo(x, case[1]) end })
         gradient.checkSecond(function(x) return ops.sumTo(ops.square(x), case[1]) end, { large })
      end)
   end

   it('say what is wrong with their arguments', function()
      local x = lacuna.ones(2, 3)
      assert.fails('expand: x is 2x3, expected one that broadcasts to y, 3x3', ops.expand, x,
         { 3, 3 })
      assert.fails('expand: sizes are nil, expected a table', ops.expand, x)
      assert.fails('expand: size is the number 1.5, expected a whole number', ops.expand, x,
         { 1.5 })
      assert.fails('sum_to: y is 2, expected one that broadcasts to x, 2x3', ops.sumTo, x, { 2 })
      assert.fails('sumTo: size is the number %-1', ops.sumTo, x, { -1 })
      assert.fails('expand: input is nil', ops.expand)
   end)
end)

describe('ops.where', function()
   local random
   before_each(function() random = oracle.random(33) end)
   local function choose(m, a, b) return m ~= 0 and a or b end

   it('takes a where the mask is not 0, else b, and broadcasts the three', function()
      for _, case in ipairs { { {}, {}, {} }, { { 4 }, { 4 }, { 4 } }, { { 2, 1 }, { 3 }, {} },
         { { 3 }, { 2, 1 }, { 1 } }, { { 1, 2, 1, 2 }, { 2, 1, 2, 1, 1 }, { 2 } },
         { { 0 }, { 1 }, {} }, { { 20001 }, { 20001 }, {} } } do
         local mask = arrays.random(random, case[1], 1)
         local a, b = arrays.random(random, case[2]), arrays.random(random, case[3])
         local y = ops.where(arrays.tensor(mask), arrays.tensor(a), arrays.tensor(b))
         assert.same(arrays.shapeOf(mask, a, b), y:shape())
         assert.near_all(arrays.broadcast(choose, mask, a, b), y, 0)
         if #y:toFlat() < 100 then
            local m = arrays.tensor(mask)
            gradient.checkGradient(function(p, q) return ops.where(m, p, q) end, { a, b }, {
               reference = function(p, q) return arrays.broadcast(choose, mask, p, q) end })
         end
      end
   end)

   it('takes numbers, a nan as a mask that is not 0, and lets no nan through from the other side',
      function()
         local mask = lacuna.tensor { 1, 0, 0 / 0 }
         assert.near_all({ 5, -5, 5 }, ops.where(mask, 5, -5), 0)
         local nan = lacuna.full(0, 3):div(0)
         assert.near_all({ 1, 1, 1 }, ops.where(lacuna.ones(3), 1, nan), 0)
         local x = lacuna.ones(3):requireGrad()
         ops.where(lacuna.tensor { 1, 0, 1 }, x, nan):sum():backward()
         assert.near_all({ 1, 0, 1 }, x.grad, 0)
      end)

   it('says what is wrong with its arguments', function()
      local x = lacuna.ones(2)
      assert.fails('where: mask is the number 1, expected a tensor', ops.where, 1, x, x)
      assert.fails('where: a is nil, expected a tensor', ops.where, x, nil, x)
      assert.fails('where: shapes are 2 and 3', ops.where, x, x, lacuna.ones(3))
      assert.fails('x is uint8, expected float32', ops.where, x, x,
         lacuna.ones(1, { dtype = 'uint8' }))
   end)
end)
