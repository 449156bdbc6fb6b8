local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops
local dtypes = { 'float32', 'int32', 'int64', 'uint8' }

local function digits(shape) -- 1, 2, 3, ...
   local a = { shape = shape }
   for i = 1, arrays.volume(shape) do a[i] = i % 200 end
   return a
end

-- The part of an array with first .. first + count - 1 along a dimension.
local function narrowed(a, dim, first, count)
   local shape = { unpack(a.shape) }
   shape[dim] = count
   local inner, y = arrays.volume(a.shape, dim + 1), { shape = shape }
   for i, v in ipairs(a) do
      local place = math.floor((i - 1) / inner) % a.shape[dim] + 1
      if place >= first and place < first + count then y[#y + 1] = v end
   end
   return y
end

describe('ops.view', function()
   it('gives another shape on the same elements', function()
      local x = lacuna.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
      assert.same({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, x:view(3, 2):toTable())
      assert.same({ 1, 2, 3, 4, 5, 6 }, x:view(-1):toTable())
      assert.same({ { { 1 } } }, x:rows(1, 1):narrow(2, 1, 1):view { 1, 1, 1 }:toTable())
      assert.equal(7, lacuna.tensor { 7 }:view {}:toTable())
      assert.same({ 2, 3, 1 }, x:view(2, -1, 1):shape())
      assert.is_true(x:view(6):shares(x))
      x:view(6):rows(6, 6):fill(9)
      assert.equal(9, x[2][3])
      assert.same({ 0, 5 }, lacuna.zeros(0):view(0, 5):shape())
   end)

   it('passes the gradient', function()
      local a = arrays.random(oracle.random(1), { 2, 6 })
      local function f(x) return ops.view(x, { 3, -1, 2 }) end
      gradient.checkGradient(f, { a }, { reference = function(x) return x end })
      gradient.checkSecond(function(x) return ops.square(f(x)) end, { a })
   end)

   it('says what does not fit', function()
      local x = lacuna.ones(2, 3)
      assert.fails('view: sizes are 4x2, expected 6 elements', x.view, x, 4, 2)
      assert.fails('view: 6 elements do not split into 4x%-1', x.view, x, 4, -1)
      assert.fails('view: 0 elements do not split into 0x%-1', function()
         return lacuna.zeros(0):view(0, -1)
      end)
      assert.fails('view: two sizes are %-1, expected one', x.view, x, -1, -1)
      assert.fails('view: size is the number 1.5', x.view, x, 1.5, 4)
      assert.fails('view: size is the number %-2', x.view, x, -2, -3)
      assert.fails('view: sizes are the number 6, expected a table', ops.view, x, 6)
      assert.fails('view: input is nil', ops.view, nil, { 6 })
   end)
end)

-- covers 'copy_blocks'
describe('ops.narrow and ops.embed', function()
   local cases = {
      { { 5 }, 1, 2, 3 }, { { 5 }, 1, 1, 5 }, { { 5 }, 1, 6, 0 }, { { 4, 3 }, 1, 2, 2 },
      { { 4, 3 }, 2, 2, 2 }, { { 4, 3 }, 2, 3, 1 }, { { 2, 3, 4 }, 2, 1, 2 },
      { { 2, 3, 4 }, 3, 4, 1 }, { { 2, 1, 3, 2 }, 3, 2, 2 }, { { 0, 3 }, 2, 1, 2 },
      { { 3, 0 }, 1, 2, 1 }, { { 3, 50000 }, 2, 20000, 25000 }, { { 2, 2, 1, 2, 3 }, 5, 2, 2 },
   }
   for _, case in ipairs(cases) do
      local shape, dim, first, count = unpack(case)
      it(('take a range and put it back, %s'):format(table.concat(shape, 'x')), function()
         for _, dtype in ipairs(dtypes) do
            local a = digits(shape)
            local x = arrays.tensor(a, { dtype = dtype })
            local y = x:narrow(dim, first, count)
            local expected = narrowed(a, dim, first, count)
            assert.same(expected.shape, y:shape())
            assert.equal(dtype, y.dtype)
            assert.near_all(expected, y, 0)
            assert.equal(dim == 1, y:shares(x))
            local back = ops.embed(y, shape, dim, first)
            assert.near_all(expected, back:narrow(dim, first, count), 0)
            local sum = 0
            for _, v in ipairs(back:toFlat()) do sum = sum + v end
            for _, v in ipairs(expected) do sum = sum - v end
            assert.equal(0, sum)
         end
         local a = arrays.random(oracle.random(2), shape)
         if #a > 100 then return end
         gradient.checkGradient(function(x) return x:narrow(dim, first, count) end, { a },
            { reference = function(x) return narrowed(x, dim, first, count) end })
         gradient.checkGradient(function(x)
            return ops.embed(x:narrow(dim, first, count), shape, dim, first)
         end, { a })
         gradient.checkSecond(function(x)
            return ops.square(x:narrow(dim, first, count))
         end, { a })
      end)
   end

   it('say what is out of range', function()
      local x = lacuna.ones(2, 3)
      assert.fails('narrow: dimension is the number 3, expected a whole number from 1 to 2',
         x.narrow, x, 3, 1, 1)
      assert.fails('narrow: first is the number 0, expected a whole number from 1 to 4',
         x.narrow, x, 2, 0, 1)
      assert.fails('narrow: count is the number 3, expected a whole number from 0 to 2',
         x.narrow, x, 2, 2, 3)
      assert.fails('narrow: count is nil', x.narrow, x, 2, 2)
      assert.fails('narrow: first is the number nan', x.narrow, x, 2, 0 / 0, 1)
      assert.fails('narrow: input is a scalar', function()
         return lacuna.ones():narrow(1, 1, 0)
      end)
      assert.fails('rows: last is the number 0, expected a whole number of at least 1',
         x.rows, x, 2, 0)
      assert.fails('narrow: count is the number 2', x.rows, x, 2, 3)
      assert.fails('embed: sizes are 3x3, expected 2x3 but for dimension 2', ops.embed, x, { 3, 3 },
         2, 1)
      assert.fails('embed: sizes are 6, expected 2x3', ops.embed, x, { 6 }, 1, 1)
      assert.fails('embed: first is the number 3, expected a whole number from 1 to 2', ops.embed,
         x, { 2, 4 }, 2, 3)
      assert.fails('embed: first is the number 1, expected a whole number from 1 to 0', ops.embed,
         x, { 2, 2 }, 2, 1)
      assert.fails('embed: sizes are nil', ops.embed, x)
   end)
end)

describe('ops.cat and ops.concat', function()
   it('put tensors behind each other along any dimension', function()
      for dim = 1, 3 do
         for _, dtype in ipairs(dtypes) do
            local whole = digits { 4, 3, 5 }
            local x, parts, first = arrays.tensor(whole, { dtype = dtype }), {}, 1
            for _, count in ipairs { 1, 0, whole.shape[dim] - 1 } do
               parts[#parts + 1] = x:narrow(dim, first, count)
               first = first + count
            end
            assert.near_all(whole, ops.concat(parts, dim), 0)
            assert.near_all(whole, ops.cat(dim, unpack(parts)), 0)
            assert.equal(dtype, ops.concat(parts, dim).dtype)
         end
      end
      assert.near_all({ 1, 2, 3 }, ops.concat { lacuna.tensor { 1 }, lacuna.tensor { 2, 3 } }, 0)
      assert.same({ 0, 2 }, ops.cat(1, lacuna.zeros(0, 2), lacuna.zeros(0, 2)):shape())
   end)

   it('take thousands', function()
      local list, sum = {}, 0
      for i = 1, 2345 do
         list[i] = lacuna.full(i, 1, 2)
         sum = sum + i
      end
      list[7]:requireGrad()
      local y = ops.concat(list)
      assert.same({ 2345, 2 }, y:shape())
      assert.equal(2345, y[2345][2])
      y:rows(1, 8):sum():backward()
      assert.near_all({ 1, 1 }, list[7].grad, 0)
   end)

   it('give each part its gradient, also one that comes twice', function()
      local random = oracle.random(3)
      for dim = 1, 2 do
         local a = arrays.random(random, dim == 1 and { 1, 3 } or { 2, 2 })
         local b = arrays.random(random, { 2, 3 })
         gradient.checkGradient(function(x, y) return ops.cat(dim, x, y, x) end, { a, b })
         gradient.checkSecond(function(x, y) return ops.square(ops.cat(dim, x, y, x)) end, { a, b })
      end
   end)

   it('say which part does not fit', function()
      local x = lacuna.ones(2, 3)
      assert.fails('cat: no tensors, expected at least one', ops.cat, 1)
      assert.fails('cat: no tensors', ops.concat, {})
      assert.fails('cat: tensor 1 is nil, expected a tensor', ops.cat, 1, nil)
      assert.fails('cat: tensor 2 is the number 3', ops.cat, 1, x, 3)
      assert.fails('cat: tensor 2 is int32, expected float32', ops.cat, 1, x,
         lacuna.ones(2, 3, { dtype = 'int32' }))
      assert.fails('cat: tensor 2 is 3x3, expected 2x3 but for dimension 2', ops.cat, 2, x,
         lacuna.ones(3, 3))
      assert.fails('cat: tensor 2 is 3, expected 2x3 but for dimension 1', ops.cat, 1, x,
         lacuna.ones(3))
      assert.fails('cat: dimension is the number 3', ops.cat, 3, x)
      assert.fails('cat: dimension is a Tensor', ops.cat, x, x)
      assert.fails('cat: input is a scalar', ops.cat, 1, lacuna.ones())
      assert.fails('concat: list is a Tensor, expected a table of tensors', ops.concat, x)
      local other = lacuna.device() == 'cpu' and 'shadow' or 'cpu'
      assert.fails('copy_blocks: x is on %l+, expected %l+', ops.cat, 1, x,
         lacuna.ones(2, 3, { device = other }))
   end)
end)

-- covers 'cast'
describe('ops.cast', function()
   it('converts between all types, towards zero and into range', function()
      local values = { -3000000000, -129.9, -1.5, -0.5, 0, 0.5, 1.99, 255.5, 256, 3e9, 1e30 }
      local x = lacuna.tensor(values)
      assert.same({ -2147483648, -129, -1, 0, 0, 0, 1, 255, 256, 2147483647, 2147483647 },
         x:int():toTable())
      assert.same({ 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255 }, x:byte():toTable())
      assert.near_all({ -3000000000, -129, -1, 0, 0, 0, 1, 255, 256, 3e9 },
         x:rows(1, 10):long(), 0)
      local long = lacuna.tensor({ -2 ^ 40, -1, 0, 255, 300, 2 ^ 40 }, { dtype = 'int64' })
      assert.same({ -2147483648, -1, 0, 255, 300, 2147483647 }, long:int():toTable())
      assert.same({ 0, 0, 0, 255, 255, 255 }, long:byte():toTable())
      assert.same({ -2 ^ 40, -1, 0, 255, 300, 2 ^ 40 }, long:float():toTable())
      assert.same({ 0, 0, 255 },
         lacuna.tensor({ -7, 0, 400 }, { dtype = 'int32' }):byte():toTable())
      assert.same({ 7, 200 }, lacuna.tensor({ 7, 200 }, { dtype = 'uint8' }):float():toTable())
   end)

   it('keeps what both types hold', function()
      for _, from in ipairs(dtypes) do
         for _, to in ipairs(dtypes) do
            local y = ops.cast(lacuna.tensor({ { 1, 0 }, { 255, 17 } }, { dtype = from }), to)
            assert.equal(to, y.dtype)
            assert.same({ { 1, 0 }, { 255, 17 } }, y:toTable())
         end
      end
   end)

   it('makes 0 of a nan and the bounds of infinities', function()
      local x = lacuna.tensor { 0 / 0, 1 / 0, -1 / 0 }
      assert.same({ 0, 2147483647, -2147483648 }, x:int():toTable())
      assert.same({ 0, 255, 0 }, x:byte():toTable())
      assert.same({ 0, 2 ^ 63, -2 ^ 63 }, x:long():toTable())
   end)

   it('passes the gradient from float32 to itself', function()
      local x = lacuna.ones(2):requireGrad()
      local y = x:float()
      assert.is_false(y:shares(x))
      y:sum():backward()
      assert.near_all({ 1, 1 }, x.grad, 0)
      assert.is_false(x:int().requiresGrad)
   end)

   it('says which types there are', function()
      assert.fails('tensor: dtype is the string "double", expected float32, int32, int64 or uint8',
         ops.cast, lacuna.ones(1), 'double')
   end)
end)

describe('ops.to', function()
   local other
   before_each(function() other = lacuna.device() == 'cpu' and 'shadow' or 'cpu' end)

   it('copies to another device and back, all types', function()
      for _, dtype in ipairs(dtypes) do
         local x = lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = dtype })
         local y = x:to(other)
         assert.equal(other, y.device)
         assert.same({ { 1, 2 }, { 3, 4 } }, y:toTable())
         assert.same(x:toTable(), y:to(x.device):toTable())
         assert.equal(x, x:to(x.device))
      end
      assert.same({ 0, 2 }, lacuna.zeros(0, 2):to(other):shape())
   end)

   it('brings the gradient home', function()
      local x = lacuna.tensor({ 1, 2 }, { requiresGrad = true })
      local y = ops.square(x:to(other)):to(x.device)
      y:backward(lacuna.tensor { 1, 10 })
      assert.equal(x.device, x.grad.device)
      assert.near_all({ 2, 40 }, x.grad, 0)
      local z = x:to(x.device)
      z:sum():backward()
      assert.near_all({ 3, 41 }, x.grad, 0)
   end)

   it('says which devices there are', function()
      local x = lacuna.ones(1)
      assert.fails("device: 'gpu', expected cpu, shadow, cuda or cuda:N", x.to, x, 'gpu')
      assert.fails('device: nil, expected a name such as cpu', x.to, x)
      assert.fails('device: the number 1, expected a name', x.to, x, 1)
   end)
end)
