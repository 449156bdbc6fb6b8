--- Arithmetic and comparison of two tensors, or of a tensor and a number, with broadcasting.
--
-- Shapes are aligned at their last dimension; a dimension of 1, or a missing one, is repeated, as
-- in NumPy.  Comparisons give float32 masks of 0 and 1.
-- @module lacuna.ops.binary
local autograd = require 'lacuna.autograd'
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

local function broadcast(op, a, b)
   local n = math.max(#a, #b)
   local sizes = {}
   for i = 1, n do
      local x, y = a[#a - n + i] or 1, b[#b - n + i] or 1
      if x ~= y and x ~= 1 and y ~= 1 then
         fail.raise('%s: shapes are %s and %s, expected equal sizes or 1, aligned at the end', op,
            fail.shape(a), fail.shape(b))
      end
      sizes[i] = x == 1 and y or x
   end
   return sizes
end

-- A tensor, or a number as a scalar on the other operand's device.
local function operand(op, what, value, other)
   if type(value) == 'number' and Tensor.is(other) then
      return Tensor.full(fail.number(op, what, value), {}, { device = other.device })
   end
   return Tensor.check(op, what, value)
end

local function operands(op, a, b)
   return operand(op, 'first operand', a, b), operand(op, 'second operand', b, a)
end

local function sameSizes(a, b)
   if #a ~= #b then return false end
   for i = 1, #a do
      if a[i] ~= b[i] then return false end
   end
   return true
end

--- Sums over what broadcasting repeated.
-- @function sumTo
-- @tparam Tensor x
-- @tparam table sizes a shape that broadcasts to x's
-- @treturn Tensor
ops.define('sumTo', {
   forward = function(context, x, sizes)
      Tensor.check('sumTo', 'input', x)
      sizes = fail.sizes('sumTo', sizes)
      context.sizes = x:shape()
      if sameSizes(x.sizes, sizes) then return x end
      local y = Tensor.raw(sizes, 'float32', x.device)
      run.sum_to(y, x)
      return y
   end,
   backward = function(context, dy) return ops.expand(dy, context.sizes) end,
})

--- Repeats to a larger shape.
-- @function expand
-- @tparam Tensor x
-- @tparam table sizes a shape that x's broadcasts to
-- @treturn Tensor
ops.define('expand', {
   forward = function(context, x, sizes)
      Tensor.check('expand', 'input', x)
      context.sizes = x:shape()
      local y = Tensor.raw(fail.sizes('expand', sizes), 'float32', x.device)
      run.expand(y, x)
      return y
   end,
   backward = function(context, dy) return ops.sumTo(dy, context.sizes) end,
})

-- slopes(dy, a, b) gives both gradients before they are summed to the operands' shapes; `saves`
-- says whether it needs the operands.
local function define(name, saves, slopes)
   ops.define(name, {
      forward = function(context, a, b)
         local x, y = operands(name, a, b)
         local z = Tensor.raw(broadcast(name, x.sizes, y.sizes), 'float32', x.device)
         run[name](z, x, y)
         context.a, context.b = x.sizes, y.sizes
         if saves then context:save(x, y) end
         return z
      end,
      backward = function(context, dy)
         local x, y = context:unsave()
         local da, db = slopes(dy, x, y, context.needs)
         return da and ops.sumTo(da, context.a), db and ops.sumTo(db, context.b)
      end,
   })
end

--- Adds two tensors, or a tensor and a number, element by element.
-- @function add
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor
define('add', false, function(dy, _, _, needs) return needs[1] and dy, needs[2] and dy end)

--- Subtracts b from a, element by element.
-- @function sub
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor
define('sub', false, function(dy, _, _, needs) return needs[1] and dy, needs[2] and -dy end)

--- Multiplies, element by element.
-- @function mul
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor
define('mul', true, function(dy, a, b, needs) return needs[1] and dy * b, needs[2] and dy * a end)

--- Divides, element by element.
-- @function div
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor
define('div', true, function(dy, a, b, needs)
   return needs[1] and dy / b, needs[2] and -dy * a / (b * b)
end)

--- Takes the larger; of equals, the first operand has the gradient.
-- @function maximum
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor
define('maximum', true, function(dy, a, b, needs)
   return needs[1] and dy * ops.ge(a, b), needs[2] and dy * ops.lt(a, b)
end)

--- Takes the smaller; of equals, the first operand has the gradient.
-- @function minimum
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor
define('minimum', true, function(dy, a, b, needs)
   return needs[1] and dy * ops.le(a, b), needs[2] and dy * ops.gt(a, b)
end)

--- Compares: 1 where a < b, else 0.  No gradient.
-- @function lt
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor float32, of the shape that both broadcast to

--- Compares: 1 where a <= b, else 0.  No gradient.
-- @function le
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor float32, of the shape that both broadcast to

--- Compares: 1 where a > b, else 0.  No gradient.
-- @function gt
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor float32, of the shape that both broadcast to

--- Compares: 1 where a >= b, else 0.  No gradient.
-- @function ge
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor float32, of the shape that both broadcast to

--- Compares: 1 where a = b, else 0.  No gradient.
-- @function eq
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor float32, of the shape that both broadcast to

--- Compares: 1 where a and b differ, else 0.  No gradient.
-- @function ne
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor float32, of the shape that both broadcast to

for _, name in ipairs { 'lt', 'le', 'gt', 'ge', 'eq', 'ne' } do
   ops.define(name, {
      forward = function(context, a, b)
         local x, y = operands(name, a, b)
         local z = Tensor.raw(broadcast(name, x.sizes, y.sizes), 'float32', x.device)
         run[name](z, x, y)
         context:markConstant(1)
         return z
      end,
      backward = function() return nil end,
   })
end

--- Chooses: a where the mask is not 0, else b.
-- @function where
-- @tparam Tensor mask
-- @tparam Tensor|number a
-- @tparam Tensor|number b
-- @treturn Tensor of the shape that the three broadcast to
ops.define('where', {
   forward = function(context, mask, a, b)
      Tensor.check('where', 'mask', mask)
      a = operand('where', 'a', a, mask)
      b = operand('where', 'b', b, mask)
      local sizes = broadcast('where', mask.sizes, broadcast('where', a.sizes, b.sizes))
      local function fit(t) return sameSizes(t.sizes, sizes) and t or ops.expand(t, sizes) end
      local y = Tensor.raw(sizes, 'float32', mask.device)
      mask = fit(mask)
      run.where(y, mask, fit(a), fit(b))
      context.a, context.b = a.sizes, b.sizes
      context:save(mask)
      return y
   end,
   backward = function(context, dy)
      local mask = context:unsave()
      local needs = context.needs
      return nil, needs[2] and ops.sumTo(ops.where(mask, dy, 0), context.a),
         needs[3] and ops.sumTo(ops.where(mask, 0, dy), context.b)
   end,
})

autograd.sum = ops.add

-- A number on one side needs no second tensor where the result is affine in the other.
local function arithmetic(withNumber, general)
   return function(a, b)
      if type(b) == 'number' and Tensor.is(a) then return withNumber(a, b, false) end
      if type(a) == 'number' and Tensor.is(b) then return withNumber(b, a, true) end
      return general(a, b)
   end
end

Tensor.__add = arithmetic(function(x, k) return ops.affine(x, 1, k) end, ops.add)
Tensor.__sub = arithmetic(function(x, k, swapped)
   return swapped and ops.affine(x, -1, k) or ops.affine(x, 1, -k)
end, ops.sub)
Tensor.__mul = arithmetic(function(x, k) return ops.affine(x, k, 0) end, ops.mul)
Tensor.__div = function(a, b) return ops.div(a, b) end
Tensor.__unm = function(x) return ops.affine(x, -1, 0) end
Tensor.__pow = function(x, exponent) return ops.pow(x, exponent) end

return ops
