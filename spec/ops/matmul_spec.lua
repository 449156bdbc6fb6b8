local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops

local function shapeOf(rows, columns, transposed)
   return transposed and { columns, rows } or { rows, columns }
end

-- covers 'matmul', 'transpose_taps'
describe('ops.matmul', function()
   local random
   before_each(function() random = oracle.random(51) end)

   local function reference(a, b, ta, tb)
      local x, y = arrays.nested(a), arrays.nested(b)
      return oracle.matmul(ta and oracle.transpose(x) or x, tb and oracle.transpose(y) or y)
   end

   for _, how in ipairs { { false, false }, { false, true }, { true, false }, { true, true } } do
      local ta, tb = unpack(how)
      local options = { transposeA = ta, transposeB = tb }
      local label = (ta and "a'" or 'a') .. (tb and "b'" or 'b')

      it('equals the oracle on whole numbers, ' .. label, function()
         for _, size in ipairs { { 1, 1, 1 }, { 2, 3, 4 }, { 7, 1, 5 }, { 1, 9, 1 }, { 16, 16, 16 },
            { 17, 33, 18 }, { 65, 70, 3 }, { 3, 130, 65 }, { 130, 5, 20 }, { 33, 64, 100 } } do
            local m, k, n = unpack(size)
            local a = arrays.random(random, shapeOf(m, k, ta), 4)
            local b = arrays.random(random, shapeOf(k, n, tb), 4)
            local y = ops.matmul(arrays.tensor(a), arrays.tensor(b), options)
            assert.same({ m, n }, y:shape())
            assert.near_all(oracle.flatten(reference(a, b, ta, tb)), y, 0)
         end
      end)

      it('stays within the bound on reals, ' .. label, function()
         local a = arrays.random(random, shapeOf(9, 150, ta))
         local b = arrays.random(random, shapeOf(150, 11, tb))
         local y = ops.matmul(arrays.tensor(a), arrays.tensor(b), options)
         local absolute = reference(arrays.map(a, math.abs), arrays.map(b, math.abs), ta, tb)
         assert.near_all(oracle.flatten(reference(a, b, ta, tb)), y,
            arrays.map(oracle.flatten(absolute), function(sum) return oracle.bound(150, sum) end))
      end)

      it('has its gradients, and those theirs, ' .. label, function()
         local a = arrays.random(random, shapeOf(2, 3, ta))
         local b = arrays.random(random, shapeOf(3, 4, tb))
         local function f(x, y) return ops.matmul(x, y, options) end
         gradient.checkGradient(f, { a, b }, {
            reference = function(x, y) return reference(x, y, ta, tb) end })
         gradient.checkSecond(f, { a, b })
      end)

      it('accepts empty matrices, ' .. label, function()
         for _, size in ipairs { { 0, 3, 2 }, { 2, 0, 3 }, { 3, 2, 0 }, { 0, 0, 0 } } do
            local m, k, n = unpack(size)
            local a = lacuna.ones(shapeOf(m, k, ta)):requireGrad()
            local b = lacuna.ones(shapeOf(k, n, tb)):requireGrad()
            local y = ops.matmul(a, b, options)
            assert.same({ m, n }, y:shape())
            for _, v in ipairs(y:toFlat()) do assert.equal(0, v) end
            y:backward(lacuna.ones(m, n))
            assert.same(a:shape(), a.grad:shape())
            assert.same(b:shape(), b.grad:shape())
            for _, v in ipairs(a.grad:toFlat()) do assert.equal(n, v) end
         end
      end)
   end

   it('lets a nan through', function()
      local y = lacuna.tensor { { 0, 1 } }:mm(lacuna.tensor { { 0 / 0 }, { 1 } })
      assert.near_all({ 0 / 0 }, y, 0)
      y = lacuna.tensor { { 0 }, { 1 } }:mm(lacuna.tensor { { 1 / 0, 2 } })
      assert.near_all({ 0 / 0, 0, 1 / 0, 2 }, y, 0)
   end)

   it('multiplies a matrix with itself', function()
      local a = arrays.random(random, { 3, 3 })
      gradient.checkGradient(function(x) return x:mm(x) end, { a },
         { reference = function(x) return reference(x, x) end })
   end)

   it('says what is wrong with its arguments', function()
      local a, b = lacuna.ones(2, 3), lacuna.ones(4, 5)
      assert.fails('matmul: inner sizes of 2x3 and 4x5 are 3 and 4, expected equal', ops.matmul, a,
         b)
      assert.fails('matmul: inner sizes of 2x3 %(transposed%) and 4x5 are 2 and 4', ops.matmul, a,
         b, { transposeA = true })
      assert.fails('matmul: inner sizes of 2x3 and 4x5 %(transposed%) are 3 and 5', ops.matmul, a,
         b, { transposeB = true })
      assert.fails('matmul: a is 3, expected 2 dimensions', ops.matmul, lacuna.ones(3), b)
      assert.fails('matmul: b is a scalar, expected 2 dimensions', ops.matmul, a, lacuna.ones())
      assert.fails('matmul: b is nil, expected a tensor', a.mm, a)
      assert.fails('matmul: option transpose is unknown, expected one of transposeA, transposeB',
         ops.matmul, a, a, { transpose = true })
      assert.fails('matmul: options are true, expected a table', ops.matmul, a, a, true)
      assert.fails('matmul: b is int32, expected float32', ops.matmul, a,
         lacuna.ones(3, 1, { dtype = 'int32' }))
   end)
end)

describe('ops.transpose and ops.transposeTaps', function()
   local random
   before_each(function() random = oracle.random(52) end)

   it('turn a matrix', function()
      for _, shape in ipairs { { 2, 3 }, { 1, 5 }, { 33, 17 }, { 0, 4 } } do
         local a = arrays.random(random, shape)
         local y = arrays.tensor(a):t()
         assert.same({ shape[2], shape[1] }, y:shape())
         assert.near_all(oracle.flatten(oracle.transpose(arrays.nested(a))), y, 0)
      end
      local a = arrays.random(random, { 2, 3 })
      gradient.checkGradient(ops.transpose, { a },
         { reference = function(x) return oracle.transpose(arrays.nested(x)) end })
   end)

   it('turn each of a stack, and the stack on request', function()
      local a = arrays.random(random, { 3, 2, 4 })
      for _, flip in ipairs { false, true } do
         local function reference(x)
            local list = {}
            for t, matrix in ipairs(arrays.nested(x)) do
               list[flip and 4 - t or t] = oracle.transpose(matrix)
            end
            return oracle.flatten(list)
         end
         local function f(x) return ops.transposeTaps(x, flip) end
         assert.near_all(reference(a), f(arrays.tensor(a)), 0)
         gradient.checkGradient(f, { a }, { reference = reference })
         gradient.checkSecond(function(x) return ops.square(f(x)) end, { a })
      end
   end)

   it('say what is wrong with their arguments', function()
      assert.fails('transpose: input is 3, expected 2 dimensions', ops.transpose, lacuna.ones(3))
      assert.fails('transposeTaps: input is 2x2, expected 3 dimensions', ops.transposeTaps,
         lacuna.ones(2, 2))
      assert.fails('transpose: input is nil', ops.transpose)
   end)
end)

-- covers 'squared_distances'
describe('ops.distances', function()
   local random
   before_each(function() random = oracle.random(53) end)

   local function pairwise(f)
      return function(a, b)
         local out = {}
         for i, x in ipairs(arrays.nested(a)) do
            for j, y in ipairs(arrays.nested(b)) do
               out[(i - 1) * b.shape[1] + j] = f(x, y)
            end
         end
         return out
      end
   end
   local function squared(x, y)
      local sum = 0
      for p = 1, #x do sum = sum + (x[p] - y[p]) ^ 2 end
      return sum
   end
   local function cosine(x, y)
      local dot, xx, yy = 0, 0, 0
      for p = 1, #x do
         dot, xx, yy = dot + x[p] * y[p], xx + x[p] ^ 2, yy + y[p] ^ 2
      end
      return 1 - dot / math.sqrt(xx * yy)
   end
   local metrics = {
      squared = pairwise(squared), cosine = pairwise(cosine),
      euclidean = pairwise(function(x, y) return math.sqrt(squared(x, y)) end),
   }

   it('equals its definition', function()
      for _, size in ipairs { { 2, 3, 4 }, { 1, 1, 1 }, { 5, 2, 16 }, { 40, 7, 37 } } do
         local a = arrays.random(random, { size[1], size[3] }, 4)
         local b = arrays.random(random, { size[2], size[3] }, 4)
         assert.near_all(metrics.squared(a, b),
            ops.distances(arrays.tensor(a), arrays.tensor(b), 'squared'), 0)
         a = arrays.random(random, a.shape)
         b = arrays.random(random, b.shape)
         for name, reference in pairs(metrics) do
            assert.near_all(reference(a, b),
               ops.distances(arrays.tensor(a), arrays.tensor(b), name), 1e-4)
         end
         assert.near_all(metrics.euclidean(a, b),
            ops.distances(arrays.tensor(a), arrays.tensor(b)), 1e-4)
      end
   end)

   it('has its gradients, and those theirs', function()
      local a, b = arrays.random(random, { 2, 3 }), arrays.random(random, { 3, 3 })
      for name, reference in pairs(metrics) do
         local function f(x, y) return ops.distances(x, y, name) end
         gradient.checkGradient(f, { a, b }, { reference = reference, tolerance = 1e-4 })
         gradient.checkSecond(f, { a, b }, { step = 0.02, tolerance = 2e-2 })
      end
   end)

   it('has the gradient 0 where two rows are the same, and of a row of zeros', function()
      local x = lacuna.tensor({ { 1, 2 }, { 0, 0 } }, { requiresGrad = true })
      for name in pairs(metrics) do
         x:zeroGrad()
         local y = ops.distances(x, lacuna.tensor { { 1, 2 } }, name)
         y:rows(1, 1):sum():backward()
         assert.near_all({ 0, 0, 0, 0 }, x.grad, 1e-6)
      end
      assert.near_all({ 0.6, 0.8, 0, 0 }, ops.normalize(lacuna.tensor { { 3, 4 }, { 0, 0 } }), 1e-7)
   end)

   it('says what is wrong with its arguments', function()
      local a = lacuna.ones(2, 3)
      assert.fails('distances: metric is the string "manhattan", expected euclidean, squared or '
         .. 'cosine', ops.distances, a, a, 'manhattan')
      assert.fails('distances: b is 2x4, expected 2x3', ops.distances, a, lacuna.ones(2, 4))
      assert.fails('distances: a is 3, expected 2 dimensions', ops.distances, lacuna.ones(3), a)
      assert.fails('distances: b is nil', ops.distances, a)
      assert.fails('normalize: input is a scalar', ops.normalize, lacuna.ones())
   end)
end)
