local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops

local function firsts(list) return lacuna.tensor(list, { dtype = 'int32' }) end

-- Rows first[s] + 1 .. first[s + 1], plane by plane: f of the list of values and the first row
-- less one; 0 of none.
local function bySegment(f)
   return function(a, first)
      local c = a.shape[2]
      local y, z = { shape = { #first - 1, c } }, {}
      for s = 1, #first - 1 do
         for p = 1, c do
            local list = {}
            for row = first[s] + 1, first[s + 1] do list[#list + 1] = a[(row - 1) * c + p] end
            y[#y + 1], z[#z + 1] = 0, 0
            if #list > 0 then y[#y], z[#z] = f(list) end
         end
      end
      return y, z
   end
end

local function add(list)
   local sum = 0
   for _, v in ipairs(list) do sum = sum + v end
   return sum
end
local definitions = {
   segmentSum = bySegment(add),
   segmentMean = bySegment(function(list) return add(list) / #list end),
   segmentMax = bySegment(function(list) return math.max(unpack(list)) end),
   segmentMin = bySegment(function(list) return math.min(unpack(list)) end),
}

local cuts = { { 0, 5 }, { 0, 2, 5 }, { 0, 0, 3, 3, 5, 5 }, { 0, 1, 2, 3, 4, 5 } }

-- covers 'segment_sum', 'segment_max', 'segment_min', 'segment_expand', 'take_columns',
-- covers 'spread_columns'
describe('reductions over segments', function()
   local random
   before_each(function() random = oracle.random(61) end)

   for name, definition in pairs(definitions) do
      it(name .. ' equals its definition', function()
         for _, first in ipairs(cuts) do
            local a = arrays.random(random, { 5, 3 }, 6)
            local expected = definition(a, first)
            local y = ops[name](arrays.tensor(a), firsts(first))
            assert.same({ #first - 1, 3 }, y:shape())
            assert.near_all(expected, y, name == 'segmentMean' and 1e-6 or 0)
         end
      end)

      it(name .. ' equals its definition where segments are long and many', function()
         for _, case in ipairs { { { 0, 7000 }, 9 }, { { 0, 30, 7000, 7001 }, 10 },
            { { 0, 1000, 5000 }, 33 } } do
            local first, planes = unpack(case)
            local a = arrays.random(random, { first[#first], planes }, 3)
            assert.near_all((definition(a, first)), ops[name](arrays.tensor(a), firsts(first)),
               1e-6)
         end
         local many = { 0 }
         for s = 1, 3000 do many[s + 1] = many[s] + random:integer(0, 3) end
         local a = arrays.random(random, { many[#many], 2 }, 3)
         assert.near_all((definition(a, many)), ops[name](arrays.tensor(a), firsts(many)), 1e-6)
      end)

      it(name .. ' has its gradient, and that its own', function()
         for _, first in ipairs(cuts) do
            local a = { shape = { 5, 2 } }
            for i = 1, 10 do a[i] = (i * 7 % 11) / 2 - 2 end
            local index = firsts(first)
            gradient.checkGradient(function(x) return ops[name](x, index) end, { a },
               { reference = function(x) return (definition(x, first)) end })
            gradient.checkSecond(function(x) return ops[name](ops.square(x), index) end, { a })
         end
      end)

      it(name .. ' accepts no rows, no segments and no planes', function()
         local x = lacuna.zeros(0, 3):requireGrad()
         local y = ops[name](x, firsts { 0, 0, 0 })
         assert.near_all({ 0, 0, 0, 0, 0, 0 }, y, 0)
         y:sum():backward()
         assert.same({ 0, 3 }, x.grad:shape())
         assert.same({ 0, 3 }, ops[name](x, firsts { 0 }):shape())
         assert.same({ 2, 0 }, ops[name](lacuna.zeros(4, 0), firsts { 0, 1, 4 }):shape())
      end)

      it(name .. ' says what is wrong with its arguments', function()
         local x, f = lacuna.ones(5, 2), ops[name]
         assert.fails(name .. ': input is 5, expected 2 dimensions', f, lacuna.ones(5),
            firsts { 0, 5 })
         assert.fails(name .. ': input is nil, expected a tensor', f)
         assert.fails(name .. ': first is nil, expected a tensor', f, x)
         assert.fails(name .. ': first is float32, expected int32', f, x, lacuna.tensor { 0, 5 })
         assert.fails(name .. ': first runs from 0 to 4, expected 0 to 5', f, x, firsts { 0, 4 })
         assert.fails(name .. ': first runs from 1 to 5, expected 0 to 5', f, x, firsts { 1, 5 })
         assert.fails(name .. ': first%[3%] is 2 after 3, expected ascending numbers', f, x,
            firsts { 0, 3, 2, 5 })
         assert.fails(name .. ': first is 1x2, expected one dimension', f, x,
            firsts { 0, 5 }:view(1, 2))
         assert.fails(name .. ': first is 0, expected one dimension and one entry more', f, x,
            lacuna.zeros(0, { dtype = 'int32' }))
      end)
   end

   it('give the gradient of equals to the first row, and find a nan', function()
      local x = lacuna.tensor({ { 2 }, { 2 }, { 1 }, { 2 } }, { requiresGrad = true })
      ops.segmentMax(x, firsts { 0, 1, 4 }):sum():backward()
      assert.near_all({ 1, 1, 0, 0 }, x.grad, 0)
      local nan = lacuna.tensor { { 1 }, { 0 / 0 }, { 3 }, { -1 / 0 } }
      assert.near_all({ 0 / 0, -1 / 0 }, ops.segmentMax(nan, firsts { 0, 3, 4 }), 0)
      assert.near_all({ 0 / 0, -1 / 0 }, ops.segmentMin(nan, firsts { 0, 3, 4 }), 0)
   end)

   it('look again at boundaries that were written to', function()
      local x, first = lacuna.ones(4, 1), firsts { 0, 2, 4 }
      assert.near_all({ 2, 2 }, ops.segmentSum(x, first), 0)
      first[2] = 7
      assert.fails('first%[3%] is 4 after 7', ops.segmentSum, x, first)
      first[2] = 1
      assert.near_all({ 1, 3 }, ops.segmentSum(x, first), 0)
      local leaf = x:clone():requireGrad()
      local y = ops.segmentSum(leaf, first):sum()
      first[2] = 3
      assert.fails('segmentSum: saved tensor 1 %(3%) was changed in place', y.backward, y)
   end)
end)

describe('ops.segmentExpand', function()
   local random
   before_each(function() random = oracle.random(62) end)

   local function definition(a, first)
      local c = a.shape[2]
      local y = { shape = { first[#first], c } }
      for s = 1, #first - 1 do
         for _ = first[s] + 1, first[s + 1] do
            for p = 1, c do y[#y + 1] = a[(s - 1) * c + p] end
         end
      end
      return y
   end

   it('repeats each row over its segment', function()
      local many = { 0 }
      for s = 1, 5000 do many[s + 1] = many[s] + random:integer(0, 6) end
      for _, first in ipairs { cuts[1], cuts[2], cuts[3], cuts[4], { 0 }, { 0, 0 }, many } do
         local a = arrays.random(random, { #first - 1, 3 }, 5)
         assert.near_all(definition(a, first),
            ops.segmentExpand(arrays.tensor(a), firsts(first), first[#first]), 0)
      end
   end)

   it('has its gradient, and that its own', function()
      for _, first in ipairs(cuts) do
         local a, index = arrays.random(random, { #first - 1, 2 }), firsts(first)
         local function f(x) return ops.segmentExpand(x, index, 5) end
         gradient.checkGradient(f, { a },
            { reference = function(x) return definition(x, first) end })
         gradient.checkSecond(function(x) return f(ops.square(x)) end, { a })
      end
   end)

   it('says what is wrong with its arguments', function()
      local x, first = lacuna.ones(2, 3), firsts { 0, 1, 4 }
      assert.fails('segmentExpand: input has 3 rows, expected 2, one for each segment',
         ops.segmentExpand, lacuna.ones(3, 2), first, 4)
      assert.fails('segmentExpand: first runs from 0 to 4, expected 0 to 5', ops.segmentExpand, x,
         first, 5)
      assert.fails('segmentExpand: rows is nil, expected a whole number', ops.segmentExpand, x,
         first)
      assert.fails('segmentExpand: rows is the number 1.5', ops.segmentExpand, x, first, 1.5)
      assert.fails('segmentExpand: input is 2, expected 2 dimensions', ops.segmentExpand,
         lacuna.ones(2), first, 4)
   end)
end)

describe('ops.spreadColumns and ops.takeColumns', function()
   it('move values along an argument, columns apart, in any order of rows', function()
      local random = oracle.random(63)
      for _, size in ipairs { { 3, 2, 4 }, { 900, 40, 700 }, { 2000, 20, 3000 } } do
         local rows, planes, into = unpack(size)
         local argument = { shape = { rows, planes } }
         local x = arrays.random(random, { rows, planes }, 5)
         for i = 1, rows * planes do argument[i] = random:integer(-1, into - 1) end
         local expected = {}
         for i = 1, into * planes do expected[i] = 0 end
         for i, row in ipairs(argument) do
            local at = row * planes + (i - 1) % planes + 1
            if row >= 0 then expected[at] = expected[at] + x[i] end
         end
         local t = arrays.tensor(argument, { dtype = 'int32' })
         local y = ops.spreadColumns(arrays.tensor(x), t, into)
         assert.near_all(expected, y, 0)
         local taken = {}
         for i, row in ipairs(argument) do
            taken[i] = row < 0 and 0 or expected[row * planes + (i - 1) % planes + 1]
         end
         assert.near_all(taken, ops.takeColumns(y, t), 0)
      end
   end)

   it('refuse an argument that names no row', function()
      local t = lacuna.tensor({ { 0 }, { 4 } }, { dtype = 'int32' })
      assert.fails('spreadColumns: index holds 0 to 4, expected %-1 to 3', ops.spreadColumns,
         lacuna.ones(2, 1), t, 4)
      assert.fails('takeColumns: index holds 0 to 4, expected %-1 to 1', ops.takeColumns,
         lacuna.ones(2, 1), t)
   end)
end)

describe('ops.segmentArgmax, segmentArgmin and segmentNorm', function()
   it('tell rows from one, 0 for an empty segment', function()
      local marks = lacuna.tensor({ 0, 2, 2, 3 }, { dtype = 'int32' })
      local x = lacuna.tensor { { 1, 5 }, { 4, 5 }, { -2, 0 } }
      assert.same({ { 2, 1 }, { 0, 0 }, { 3, 3 } }, ops.segmentArgmax(x, marks):toTable())
      assert.same({ { 1, 1 }, { 0, 0 }, { 3, 3 } }, ops.segmentArgmin(x, marks):toTable())
   end)

   it('measure lengths, with gradient', function()
      local marks = lacuna.tensor({ 0, 2, 2, 3 }, { dtype = 'int32' })
      local x = lacuna.tensor({ { 3 }, { 4 }, { 0 } }, { requiresGrad = true })
      local y = ops.segmentNorm(x, marks)
      assert.near_all({ { 5 }, { 0 }, { 0 } }, y, 1e-6)
      y:sum():backward()
      assert.near_all({ { 0.6 }, { 0.8 }, { 0 } }, x.grad, 1e-6)
   end)
end)
