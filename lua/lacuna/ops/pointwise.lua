--- Functions of one element: `y[i] = f(x[i])`.
-- @module lacuna.ops.pointwise
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

-- One kernel computes the whole gradient; where the gradient is itself recorded, `slope` says it in
-- operations.  `check` looks at the parameters.
local function define(name, slope, check)
   local cName = name:gsub('%u', function(letter) return '_' .. letter:lower() end)
   ops.define(name, {
      forward = function(context, x, a, b)
         Tensor.check(name, 'input', x)
         if check then check(a, b) end
         local y = Tensor.raw(x:shape(), 'float32', x.device)
         run[cName](y, x, a, b)
         context:save(x, y)
         context.a, context.b = a, b
         return y
      end,
      backward = function(context, dy)
         local x, y = context:unsave()
         if scope.recording() then return dy * slope(x, y, context.a, context.b) end
         local dx = dy:newLike()
         run[cName .. '_grad'](dx, dy, x, y, context.a, context.b)
         return dx
      end,
   })
end

local function one(op, what)
   return function(a) fail.number(op, what, a) end
end

local zero = function(x) return ops.affine(x, 0, 0) end

--- Computes e^x.
-- @function exp
-- @tparam Tensor x
-- @treturn Tensor
define('exp', function(_, y) return y end)

--- Computes the natural logarithm.
-- @function log
-- @tparam Tensor x
-- @treturn Tensor
define('log', function(x) return ops.pow(x, -1) end)

--- Computes the square root.
-- @function sqrt
-- @tparam Tensor x
-- @treturn Tensor
define('sqrt', function(_, y) return ops.pow(y, -1) * 0.5 end)

--- Computes the absolute value; its gradient at 0 is 0.
-- @function abs
-- @tparam Tensor x
-- @treturn Tensor
define('abs', function(x) return ops.sign(x) end)

--- Computes x².
-- @function square
-- @tparam Tensor x
-- @treturn Tensor
define('square', function(x) return x * 2 end)

--- Computes 1 / (1 + e^-x).
-- @function sigmoid
-- @tparam Tensor x
-- @treturn Tensor
define('sigmoid', function(_, y) return y * (1 - y) end)

--- Computes the hyperbolic tangent.
-- @function tanh
-- @tparam Tensor x
-- @treturn Tensor
define('tanh', function(_, y) return 1 - y * y end)

--- Computes log(1 + e^x).
-- @function softplus
-- @tparam Tensor x
-- @treturn Tensor
define('softplus', function(x) return ops.sigmoid(x) end)

--- Keeps what is positive, zeroes the rest.
-- @function relu
-- @tparam Tensor x
-- @treturn Tensor
define('relu', function(x) return x:gt(0) end)

--- Keeps what is positive, multiplies the rest by a slope.
-- @function leakyRelu
-- @tparam Tensor x
-- @tparam number slope
-- @treturn Tensor
define('leakyRelu', function(x, _, slope) return x:gt(0) * (1 - slope) + slope end,
   one('leakyRelu', 'slope'))

--- Keeps what is positive, maps the rest to alpha (e^x - 1) (Clevert et al. 2016).
-- @function elu
-- @tparam Tensor x
-- @tparam number alpha
-- @treturn Tensor
define('elu', function(x, y, alpha) return ops.where(x:gt(0), zero(x) + 1, y + alpha) end,
   one('elu', 'alpha'))

--- Raises to a power; the gradient of x^0 is 0.
-- @function pow
-- @tparam Tensor x
-- @tparam number exponent
-- @treturn Tensor
define('pow', function(x, _, p)
   return p == 0 and zero(x) or ops.pow(x, p - 1) * p
end, one('pow', 'exponent'))

--- Limits to an interval; the gradient outside it is 0.
-- @function clamp
-- @tparam Tensor x
-- @tparam number low
-- @tparam number high
-- @treturn Tensor
define('clamp', function(x, _, low, high) return x:ge(low) * x:le(high) end, function(low, high)
   fail.number('clamp', 'low', low)
   fail.number('clamp', 'high', high)
end)

--- Computes scale x + shift.
-- @function affine
-- @tparam Tensor x
-- @tparam number scale
-- @tparam number shift
-- @treturn Tensor
ops.define('affine', {
   forward = function(context, x, scale, shift)
      Tensor.check('affine', 'input', x)
      fail.number('affine', 'scale', scale)
      fail.number('affine', 'shift', shift)
      local y = Tensor.raw(x:shape(), 'float32', x.device)
      run.affine(y, x, scale, shift)
      context.scale = scale
      return y
   end,
   backward = function(context, dy) return ops.affine(dy, context.scale, 0) end,
})

--- Gives -1, 0 or 1; its gradient is 0.
-- @function sign
-- @tparam Tensor x
-- @treturn Tensor
ops.define('sign', {
   forward = function(_, x)
      local y = Tensor.raw(Tensor.check('sign', 'input', x):shape(), 'float32', x.device)
      run.sign(y, x)
      return y
   end,
   backward = function(_, dy) return zero(dy) end,
})

return ops
