--- Matrix products, transposes, distances between rows.
-- @module lacuna.ops.matmul
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

local function matrix(op, what, x)
   Tensor.check(op, what, x)
   if #x.sizes ~= 2 then
      fail.raise('%s: %s is %s, expected 2 dimensions', op, what,
         fail.shape(x.sizes))
   end
   return x
end

-- internal: a b, either one transposed on request; matmul is its public form.
local product = ops.define('matrixProduct', {
   forward = function(context, a, b, ta, tb)
      matrix('matmul', 'a', a)
      matrix('matmul', 'b', b)
      local m, n = a.sizes[ta and 2 or 1], b.sizes[tb and 1 or 2]
      local y = Tensor.raw({ m, n }, 'float32', a.device)
      run.matmul(y, a, b, ta and 1 or 0, tb and 1 or 0)
      context:save(a, b)
      context.ta, context.tb = ta, tb
      return y
   end,
   backward = function(context, dy)
      local a, b = context:unsave()
      local ta, tb, needs = context.ta, context.tb, context.needs
      local da, db
      if needs[1] then
         da = ta and ops.matmul(b, dy, { transposeA = tb, transposeB = true })
            or ops.matmul(dy, b, { transposeB = not tb })
      end
      if needs[2] then
         db = tb and ops.matmul(dy, a, { transposeA = true, transposeB = ta })
            or ops.matmul(a, dy, { transposeA = not ta })
      end
      return da, db
   end,
})

--- Multiplies two matrices.
-- @tparam Tensor a m x k, or k x m to be transposed
-- @tparam Tensor b k x n, or n x k to be transposed
-- @tparam[opt] table options `transposeA`, `transposeB`
-- @treturn Tensor m x n
function ops.matmul(a, b, options)
   options = fail.options('matmul', options, { transposeA = fail.off, transposeB = fail.off })
   local ta, tb = options.transposeA, options.transposeB
   -- a' b' is (b a)'
   if ta and tb then return ops.transpose(product(b, a, false, false)) end
   return product(a, b, ta, tb)
end

--- Transposes a matrix.
-- @tparam Tensor x m x n
-- @treturn Tensor n x m
function ops.transpose(x)
   matrix('transpose', 'input', x)
   local turned = ops.transposeTaps(ops.view(x, { 1, x.sizes[1], x.sizes[2] }), false)
   return ops.view(turned, { x.sizes[2], x.sizes[1] })
end

--- Transposes each matrix of a stack, and turns the stack's order round on request.
-- @function transposeTaps
-- @tparam Tensor x taps x k x n
-- @tparam boolean flip
-- @treturn Tensor taps x n x k
ops.define('transposeTaps', {
   forward = function(context, x, flip)
      Tensor.check('transposeTaps', 'input', x)
      if #x.sizes ~= 3 then
         fail.raise('transposeTaps: input is %s, expected 3 dimensions',
            fail.shape(x.sizes))
      end
      local y = Tensor.raw({ x.sizes[1], x.sizes[3], x.sizes[2] }, 'float32', x.device)
      run.transpose_taps(y, x, flip and 1 or 0)
      context.flip = flip
      return y
   end,
   backward = function(context, dy) return ops.transposeTaps(dy, context.flip) end,
})

--- Computes the squared Euclidean distance of every row of a to every row of b.
-- @function squaredDistances
-- @tparam Tensor a m x c
-- @tparam Tensor b n x c
-- @treturn Tensor m x n
ops.define('squaredDistances', {
   forward = function(context, a, b)
      matrix('distances', 'a', a)
      matrix('distances', 'b', b)
      local y = Tensor.raw({ a.sizes[1], b.sizes[1] }, 'float32', a.device)
      run.squared_distances(y, a, b)
      context:save(a, b)
      return y
   end,
   backward = function(context, dy)
      local a, b = context:unsave()
      local needs = context.needs
      local da = needs[1] and (a * ops.sum(dy, 2, true) - ops.matmul(dy, b)) * 2
      local db = needs[2] and (b * ops.view(ops.sum(dy, 1), { b.sizes[1], 1 })
         - ops.matmul(dy, a, { transposeA = true })) * 2
      return da, db
   end,
})

--- Scales each row to length 1; a row of zeros stays.
-- @tparam Tensor x n x c
-- @treturn Tensor n x c
function ops.normalize(x)
   matrix('normalize', 'input', x)
   local length = ops.norm(x, 2, true)
   return x / ops.where(length:gt(0), length, 1)
end

local metrics = {
   squared = ops.squaredDistances,
   euclidean = function(a, b) return ops.root(ops.squaredDistances(a, b)) end,
   cosine = function(a, b)
      return 1 - ops.matmul(ops.normalize(a), ops.normalize(b), { transposeB = true })
   end,
}

--- Computes the distance of every row of a to every row of b.
-- @tparam Tensor a m x c
-- @tparam Tensor b n x c
-- @tparam[opt='euclidean'] string metric `euclidean`, `squared`, or `cosine`: 1 - cos
-- @treturn Tensor m x n
function ops.distances(a, b, metric)
   local f = metrics[metric or 'euclidean']
   if not f then
      fail.raise('distances: metric is %s, expected euclidean, squared or cosine',
         fail.describe(metric))
   end
   return f(matrix('distances', 'a', a), matrix('distances', 'b', b))
end

return ops
