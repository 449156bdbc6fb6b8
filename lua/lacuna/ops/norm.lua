--- Batch normalisation over rows (Ioffe and Szegedy 2015), with a leaky ReLU behind it.
-- @module lacuna.ops.norm
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

--- Computes the mean and the biased variance of each plane.  No gradient.
-- @tparam Tensor x n x c
-- @treturn Tensor c
-- @treturn Tensor c
function ops.statistics(x)
   Tensor.check('statistics', 'input', x)
   local mean = Tensor.raw({ x.sizes[2] or 0 }, 'float32', x.device)
   local variance = Tensor.raw({ x.sizes[2] or 0 }, 'float32', x.device)
   run.norm_statistics(mean, variance, x)
   return mean, variance
end

-- The gradient in operations, for where it is itself recorded.
local function gradient(context, dy, x, weight, bias, mean, variance)
   if context.training then
      mean = ops.mean(x, 1)
      variance = ops.mean(ops.square(x - mean), 1)
   end
   local scale = ops.pow(variance + context.eps, -0.5)
   local unit = (x - mean) * scale
   local z = weight and unit * weight or unit
   if bias then z = z + bias end
   local g = dy * (z:gt(0) * (1 - context.slope) + context.slope)
   local dx = g
   if context.training then dx = g - ops.mean(g, 1) - unit * ops.mean(g * unit, 1) end
   return dx * (weight and scale * weight or scale), weight and ops.sum(g * unit, 1),
      bias and ops.sum(g, 1)
end

--- Normalises: leaky((x - mean) / sqrt(variance + eps) weight + bias).
-- @function normalizeRows
-- @tparam Tensor x n x c
-- @tparam ?Tensor weight c
-- @tparam ?Tensor bias c
-- @tparam Tensor mean c
-- @tparam Tensor variance c
-- @tparam number eps
-- @tparam number slope of the leaky ReLU; 1 for none
-- @tparam boolean training whether mean and variance are those of x, so that the gradient passes
-- through them
-- @treturn Tensor n x c
ops.define('normalizeRows', {
   forward = function(context, x, weight, bias, mean, variance, eps, slope, training)
      Tensor.check('normalizeRows', 'input', x)
      Tensor.check('normalizeRows', 'mean', mean)
      Tensor.check('normalizeRows', 'variance', variance)
      local y = Tensor.raw(x:shape(), 'float32', x.device)
      run.norm(y, x, mean, variance, weight, bias, eps, slope)
      context:save(x, weight, bias, mean:clone(), variance:clone())
      context.eps, context.slope, context.training = eps, slope, training
      return y
   end,
   backward = function(context, dy)
      local x, weight, bias, mean, variance = context:unsave()
      if scope.recording() then return gradient(context, dy, x, weight, bias, mean, variance) end
      local dx = dy:newLike()
      local dweight, dbias = mean:newLike(), mean:newLike()
      run.norm_grad(dx, dweight, dbias, dy, x, mean, variance, weight, bias, context.eps,
         context.slope, context.training and 1 or 0)
      return dx, weight and dweight, bias and dbias
   end,
})

return ops
