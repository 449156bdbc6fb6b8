local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local native = require 'lacuna.native'
local ops = lacuna.ops

local function int(list) return lacuna.tensor(list, { dtype = 'int32' }) end

local function rowsOf(a, index)
   local width = arrays.volume(a.shape, 2)
   local y = { shape = { #index, unpack(a.shape, 2) } }
   for _, row in ipairs(index) do
      for p = 1, width do y[#y + 1] = row < 1 and 0 or a[(row - 1) * width + p] end
   end
   return y
end

local function added(a, index, rows)
   local width = arrays.volume(a.shape, 2)
   local y = { shape = { rows, unpack(a.shape, 2) } }
   for i = 1, rows * width do y[i] = 0 end
   for i, row in ipairs(index) do
      for p = 1, width do
         local at = (row - 1) * width + p
         y[at] = y[at] + a[(i - 1) * width + p]
      end
   end
   return y
end

local function drawIndex(random, count, limit)
   local index = {}
   for i = 1, count do index[i] = random:integer(1, limit) end
   return index
end

-- covers 'gather', 'index_range', 'index_shift', 'group'
describe('ops.gather and ops.scatterAdd', function()
   local random
   before_each(function() random = oracle.random(71) end)

   for _, case in ipairs { { { 1 }, 1 }, { { 5 }, 8 }, { { 5, 3 }, 7 }, { { 3, 2, 2 }, 4 },
      { { 4, 0 }, 3 }, { { 6, 1 }, 0 }, { { 900, 5 }, 20000 }, { { 30, 17 }, 3000 } } do
      local shape, count = unpack(case)
      it(('equal their definitions, %s by %d'):format(table.concat(shape, 'x'), count), function()
         local index = drawIndex(random, count, shape[1])
         local a = arrays.random(random, shape, 5)
         for _, dtype in ipairs { 'float32', 'int32', 'int64' } do
            local y = ops.gather(arrays.tensor(a, { dtype = dtype }), int(index))
            assert.equal(dtype, y.dtype)
            assert.same({ count, unpack(shape, 2) }, y:shape())
            assert.near_all(rowsOf(a, index), y, 0)
         end
         local bytes = arrays.map(a, math.abs)
         assert.near_all(rowsOf(bytes, index),
            arrays.tensor(bytes, { dtype = 'uint8' }):gather(index), 0)

         local b = arrays.random(random, { count, unpack(shape, 2) }, 5)
         assert.near_all(added(b, index, shape[1] + 1),
            ops.scatterAdd(arrays.tensor(b), index, shape[1] + 1), 0)
      end)
   end

   it('have their gradients, and those theirs', function()
      for _, shape in ipairs { { 3 }, { 3, 2 }, { 2, 2, 2 } } do
         local index = drawIndex(random, 4, shape[1])
         local a = arrays.random(random, shape)
         gradient.checkGradient(function(x) return ops.gather(x, index) end, { a },
            { reference = function(x) return rowsOf(x, index) end })
         gradient.checkSecond(function(x) return ops.gather(ops.square(x), index) end, { a })
         local b = arrays.random(random, { 4, unpack(shape, 2) })
         gradient.checkGradient(function(x) return ops.scatterAdd(x, index, 5) end, { b },
            { reference = function(x) return added(x, index, 5) end })
         gradient.checkSecond(function(x) return ops.scatterAdd(ops.square(x), index, 5) end, { b })
      end
   end)

   it('add in the order of the index', function()
      local y = ops.scatterAdd(lacuna.tensor { 2 ^ 24, 1, -2 ^ 24, 1 }, { 1, 1, 1, 1 }, 1)
      -- sums are in double: nothing is lost on the way
      assert.near_all({ 2 }, y, 0)
   end)

   it('accept no rows on either side', function()
      assert.same({ 0, 2 }, ops.scatterAdd(lacuna.zeros(0, 2), {}, 0):shape())
      assert.near_all({ 0, 0 }, ops.scatterAdd(lacuna.zeros(0, 2), {}, 1), 0)
      assert.same({ 0, 2 }, ops.gather(lacuna.zeros(0, 2), {}):shape())
   end)

   it('look at an index again after a write, and keep their own copy', function()
      local x, index = lacuna.tensor({ 1, 2, 3 }, { requiresGrad = true }), int { 3, 1 }
      local y = ops.gather(x, index)
      assert.near_all({ 3, 1 }, y, 0)
      index:fill(4)
      assert.fails('gather: index holds 4 to 4, expected 1 to 3', ops.gather, x, index)
      y:sum():backward()
      assert.near_all({ 1, 0, 1 }, x.grad, 0)
   end)

   it('take a table of numbers to where the rows are', function()
      local other = lacuna.device() == 'cpu' and 'shadow' or 'cpu'
      local x = lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { device = other })
      assert.near_all({ 3, 4, 1, 2 }, x:gather { 2, 1 }, 0)
      assert.near_all({ 4, 6 }, ops.scatterAdd(x, { 1, 1 }, 1), 0)
      assert.near_all({ 2, 3 }, ops.pick(x, { 2, 1 }), 0)
   end)

   it('say what is wrong with their arguments', function()
      local x = lacuna.ones(3, 2)
      assert.fails('gather: index holds 0 to 3, expected 1 to 3', ops.gather, x, { 3, 0 })
      assert.fails('gather: index holds 1 to 4, expected 1 to 3', x.gather, x, { 1, 4 })
      assert.fails('gather: index holds 1 to 1, expected 1 to 0', ops.gather, lacuna.ones(0, 2),
         { 1 })
      assert.fails('gather: index is float32, expected int32', ops.gather, x, lacuna.ones(2))
      assert.fails('gather: index is 1x1, expected one dimension', ops.gather, x, { { 1 } })
      assert.fails('gather: index is the number 1, expected a tensor', ops.gather, x, 1)
      assert.fails('gather: input is a scalar, expected rows', ops.gather, lacuna.ones(), { 1 })
      assert.fails('tensor: element 1 is nan', ops.gather, x, { 0 / 0 })
      assert.fails('scatterAdd: index is 2, expected 3 elements', ops.scatterAdd, x, { 1, 1 }, 3)
      assert.fails('scatterAdd: index holds 1 to 3, expected 1 to 2', ops.scatterAdd, x,
         { 1, 2, 3 }, 2)
      assert.fails('scatterAdd: rows is nil', ops.scatterAdd, x, { 1, 2, 3 })
      assert.fails('scatterAdd: rows is the number %-1', ops.scatterAdd, x, { 1, 2, 3 }, -1)
      assert.fails('scatterAdd: input is int32, expected float32', ops.scatterAdd, int { 1 }, { 1 },
         1)
   end)

   it('never trust an index that comes from outside', function()
      local x, wild = lacuna.ones(3, 2), int { 1000000 }
      assert.fails('gather: index holds 1000000', ops.gatherRows, x, wild)
      assert.fails('gather: index holds 3 to 3, expected %-1 to 2', ops.gatherRows, x, int { 3 })
      assert.near_all({ 1, 1, 0, 0 }, ops.gatherRows(x, int { 2, -1 }), 0)
      assert.fails('scatterAdd: index holds 1000000', ops.scatterRows, x:rows(1, 1), wild, 3)
      assert.fails('scatterAdd: index has 1 elements, expected 3', ops.scatterRows, x, int { 0 }, 3)
      assert.fails('spread: index holds 1000000', ops.spread, lacuna.ones(1), wild, { 3 }, 1, 3, 1)
      assert.fails('take: index holds 1000000', ops.take, lacuna.ones(3), wild, { 1 }, 1, 3, 1)
   end)
end)

describe('the index operations of C', function()
   local run = native.ops

   it('group sorts stably, negative ones last, and says where each group begins', function()
      for _, case in ipairs {
         { {}, 3 }, { { 2, 0, 2, -1, 0, 2 }, 4 }, { { -1, -1 }, 1 }, { {}, 0 },
      } do
         local index, groups = unpack(case)
         local order = lacuna.zeros(#index, { dtype = 'int32' })
         local first = lacuna.zeros(groups + 1, { dtype = 'int32' })
         run.group(order, first, int(index))
         local expected, starts = {}, { 0 }
         for group = 0, groups - 1 do
            for i, g in ipairs(index) do
               if g == group then expected[#expected + 1] = i - 1 end
            end
            starts[group + 2] = #expected
         end
         for i, g in ipairs(index) do
            if g < 0 then expected[#expected + 1] = i - 1 end
         end
         assert.near_all(expected, order, 0)
         assert.near_all(starts, first, 0)
      end
   end)

   it('index_range finds the extremes, and none of none', function()
      local random, list = oracle.random(72), {}
      for i = 1, 50000 do list[i] = random:integer(-1000000, 1000000) end
      list[33333], list[44444] = -2147483648, 2147483647
      for _, case in ipairs { { list, -2147483648, 2147483647 }, { { 7 }, 7, 7 }, { {}, 0, -1 } } do
         local range = lacuna.zeros(2, { dtype = 'int32' })
         run.index_range(range, int(case[1]))
         assert.same({ case[2], case[3] }, range:toTable())
      end
   end)

   it('index_shift adds, in place too', function()
      local x = int { 1, 2, 3 }
      run.index_shift(x, x, -3)
      assert.same({ -2, -1, 0 }, x:toTable())
   end)

   it('refuse what does not fit', function()
      local x, two = int { 1, 2, 3 }, lacuna.zeros(2, { dtype = 'int32' })
      assert.fails('index_shift: y is 2, expected 3', run.index_shift, two, x, 1)
      assert.fails('index_shift: by is 0.5, expected a whole number', run.index_shift, x, x, 0.5)
      assert.fails('index_shift: by is 4294967296, expected %-2147483648', run.index_shift, x, x,
         2 ^ 32)
      assert.fails('index_range: range is 3, expected 2', run.index_range, x, two)
      assert.fails('group: order is 2, expected 3', run.group, two, two:clone(), x)
      assert.fails('group: order shares memory with index', run.group, x, two, x)
   end)
end)
