--- Sums, extremes and norms, over everything or along a dimension; softmax.
--
-- Without a dimension the result is a scalar (a tensor without dimensions).  With one, that
-- dimension goes, or stays with size 1 when `keep` is true.
-- @module lacuna.ops.reduce
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'
local trust = require 'lacuna.ops.trust'

local run = native.ops

-- outer, middle and inner extent around a dimension, and the shapes without and with it.
local function split(op, x, dim, keep)
   Tensor.check(op, 'input', x)
   keep = fail.flag(op, 'keep', keep, false)
   if dim == nil then return 1, x:nElement(), 1, {}, {} end
   fail.whole(op, 'dimension', dim, 1, math.max(#x.sizes, 1))
   if #x.sizes == 0 then fail.raise('%s: the input is a scalar, it has no dimension 1', op) end
   local outer, inner, sizes, kept = 1, 1, {}, {}
   for d = 1, #x.sizes do
      if d < dim then outer = outer * x.sizes[d] end
      if d > dim then inner = inner * x.sizes[d] end
      if d ~= dim then sizes[#sizes + 1] = x.sizes[d] end
      kept[d] = d == dim and 1 or x.sizes[d]
   end
   return outer, x.sizes[dim], inner, keep and kept or sizes, kept
end

--- Adds up.
-- @function sum
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @tparam[opt=false] boolean keep
-- @treturn Tensor
ops.define('sum', {
   forward = function(context, x, dim, keep)
      local outer, middle, inner, sizes, kept = split('sum', x, dim, keep)
      local y = Tensor.raw(sizes, 'float32', x.device)
      run.sum(y, x, outer, middle, inner)
      context.sizes, context.kept = x:shape(), kept
      return y
   end,
   backward = function(context, dy)
      return ops.expand(ops.view(dy, context.kept), context.sizes)
   end,
})

--- Averages.  The mean of nothing is nan.
-- @function mean
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @tparam[opt=false] boolean keep
-- @treturn Tensor
function ops.mean(x, dim, keep)
   local _, middle = split('mean', x, dim, keep)
   return ops.sum(x, dim, keep) / middle
end

-- The values, and their positions along the dimension, from one.
local function extreme(name)
   ops.define(name, {
      forward = function(context, x, dim, keep)
         local outer, middle, inner, sizes = split(name, x, dim, keep)
         if middle == 0 then
            fail.raise('%s: input is %s, expected an element to choose', name,
               fail.shape(x.sizes))
         end
         local y = Tensor.raw(sizes, 'float32', x.device)
         local index = Tensor.raw({ unpack(sizes) }, 'int32', x.device)
         run[name](y, index, x, outer, middle, inner)
         context:save(trust.range(index, 0, middle - 1))
         context.outer, context.middle, context.inner = outer, middle, inner
         context.sizes = x:shape()
         local position = Tensor.raw({ unpack(sizes) }, 'int32', x.device)
         run.index_shift(position, index, 1)
         return y, position
      end,
      backward = function(context, dy)
         return ops.spread(dy, context:unsave(), context.sizes, context.outer, context.middle,
            context.inner)
      end,
   })
end

--- Finds the largest; a nan counts as largest.
-- @function max
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @tparam[opt=false] boolean keep
-- @treturn Tensor the values
-- @treturn Tensor int32: where along the dimension, from one; the first of equals
extreme 'max'

--- Finds the smallest; a nan counts as smallest.
-- @function min
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @tparam[opt=false] boolean keep
-- @treturn Tensor the values
-- @treturn Tensor int32: where along the dimension, from one; the first of equals
extreme 'min'

--- Finds where the largest is.
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @treturn Tensor int32, from one
function ops.argmax(x, dim)
   local _, position = ops.max(x, dim)
   return position
end

--- Finds where the smallest is.
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @treturn Tensor int32, from one
function ops.argmin(x, dim)
   local _, position = ops.min(x, dim)
   return position
end

-- internal: zeros but for one element along the middle; index counts from zero.
ops.define('spread', {
   forward = function(context, x, index, sizes, outer, middle, inner)
      Tensor.check('spread', 'input', x)
      trust.check('spread', index, -1, fail.whole('spread', 'middle', middle, 0) - 1)
      local y = Tensor.raw({ unpack(sizes) }, 'float32', x.device)
      run.spread(y, x, index, outer, middle, inner)
      context:save(index)
      context.outer, context.middle, context.inner = outer, middle, inner
      context.sizes = x:shape()
      return y
   end,
   backward = function(context, dy)
      return ops.take(dy, context:unsave(), context.sizes, context.outer, context.middle,
         context.inner)
   end,
})

-- internal: the transpose of spread.
ops.define('take', {
   forward = function(context, x, index, sizes, outer, middle, inner)
      Tensor.check('take', 'input', x)
      trust.check('take', index, -1, fail.whole('take', 'middle', middle, 0) - 1)
      local y = Tensor.raw({ unpack(sizes) }, 'float32', x.device)
      run.take(y, x, index, outer, middle, inner)
      context:save(index)
      context.outer, context.middle, context.inner = outer, middle, inner
      context.sizes = x:shape()
      return y
   end,
   backward = function(context, dy)
      return ops.spread(dy, context:unsave(), context.sizes, context.outer, context.middle,
         context.inner)
   end,
})

--- Takes one element of each row.
-- @tparam Tensor x n x c
-- @tparam Tensor index n, int32, columns from one
-- @treturn Tensor n
function ops.pick(x, index)
   Tensor.check('pick', 'input', x)
   if #x.sizes ~= 2 then
      fail.raise('pick: input is %s, expected 2 dimensions', fail.shape(x.sizes))
   end
   local zeroBased = ops.index('pick', index, x.sizes[1], x.sizes[2], x.device)
   return ops.take(x, zeroBased, { x.sizes[1] }, x.sizes[1], x.sizes[2], 1)
end

--- Computes the Euclidean length; its gradient at 0 is 0.
-- @function norm
-- @tparam Tensor x
-- @tparam[opt] number dim
-- @tparam[opt=false] boolean keep
-- @treturn Tensor
function ops.norm(x, dim, keep)
   return ops.root(ops.sum(ops.square(x), dim, keep))
end

-- internal: the square root whose gradient at 0 is taken as 0, as lengths and distances want it.
ops.define('root', {
   forward = function(context, x)
      local y = Tensor.raw(Tensor.check('root', 'input', x):shape(), 'float32', x.device)
      run.sqrt(y, x)
      context:save(y)
      return y
   end,
   backward = function(context, dy)
      local y = context:unsave()
      local positive = y:gt(0)
      return dy * positive * 0.5 / ops.where(positive, y, 1)
   end,
})

-- One kernel computes the whole gradient; where it is itself recorded, `rule` says it in
-- operations.
local function rowwise(name, cName, rule)
   ops.define(name, {
      forward = function(context, x)
         local y = Tensor.raw(Tensor.check(name, 'input', x):shape(), 'float32', x.device)
         run[cName](y, x)
         context:save(y)
         return y
      end,
      backward = function(context, dy)
         local y = context:unsave()
         if scope.recording() then return rule(dy, y) end
         local dx = dy:newLike()
         run[cName .. '_grad'](dx, dy, y)
         return dx
      end,
   })
end

--- Maps each row to positive numbers that add up to 1.
-- @function softmax
-- @tparam Tensor x n x c
-- @treturn Tensor n x c
rowwise('softmax', 'softmax', function(dy, y) return y * (dy - ops.sum(dy * y, 2, true)) end)

--- Computes the logarithm of @{softmax}, without overflow.
-- @function logSoftmax
-- @tparam Tensor x n x c
-- @treturn Tensor n x c
rowwise('logSoftmax', 'log_softmax', function(dy, y)
   return dy - ops.exp(y) * ops.sum(dy, 2, true)
end)

return ops
