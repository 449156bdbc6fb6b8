--- The methods of tensors that are operations: those that make a tensor, and those in place.
--
-- Made anew, and recorded: `sum mean max min argmax argmin norm`, `lt le gt ge eq ne`, `view
-- narrow rows t to float int long byte gather`, and indexing `x[i]`.  In place, not recorded, and
-- refused where a gradient is being recorded, this tensor's or the argument's: `add sub mul div
-- exp log sqrt abs pow clamp fill zero copy uniform normal`.
-- @module lacuna.ops.methods
local autograd = require 'lacuna.autograd'
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local scope = require 'lacuna.scope'
local show = require 'lacuna.show'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

for _, name in ipairs {
   'sum', 'mean', 'max', 'min', 'argmax', 'argmin', 'norm', 'lt', 'le', 'gt', 'ge', 'eq', 'ne',
   'narrow', 'to', 'gather',
} do
   Tensor[name] = ops[name]
end

--- Multiplies matrices, as `ops.matmul` does.
-- @function Tensor:mm
-- @tparam Tensor other k x n where this one is m x k
-- @tparam[opt] table options `transposeA`, `transposeB`
-- @treturn Tensor m x n
Tensor.mm = ops.matmul
--- Transposes a matrix.
-- @function Tensor:t
-- @treturn Tensor n x m where this one is m x n
Tensor.t = ops.transpose

--- Gives the same elements another shape; shares storage.
-- @param first sizes, as numbers or one table; one of them may be -1: what is left
-- @param ... further sizes
-- @treturn Tensor
function Tensor:view(first, ...)
   if type(first) == 'table' then return ops.view(self, first) end
   return ops.view(self, { first, ... })
end

--- Takes a range of rows, as a view.
-- @function Tensor:rows
-- @tparam number first from 1
-- @tparam number last included; first - 1 for no rows
-- @treturn Tensor last - first + 1 rows that share storage
function Tensor:rows(first, last)
   fail.whole('rows', 'first', first, 1)
   fail.whole('rows', 'last', last, first - 1)
   return ops.narrow(self, 1, first, last - first + 1)
end

--- Converts to float32, as `ops.cast` does.  Recorded for gradients.
-- @treturn Tensor of the same shape
function Tensor:float() return ops.cast(self, 'float32') end
--- Converts to int32, as `ops.cast` does.
-- @treturn Tensor of the same shape
function Tensor:int() return ops.cast(self, 'int32') end
--- Converts to int64, as `ops.cast` does.
-- @treturn Tensor of the same shape
function Tensor:long() return ops.cast(self, 'int64') end
--- Converts to uint8, as `ops.cast` does.
-- @treturn Tensor of the same shape
function Tensor:byte() return ops.cast(self, 'uint8') end

--- Adds gradients to the `grad` of every leaf that the tensor came from; see
-- `lacuna.autograd.backward`.
-- @tparam[opt] Tensor gradient what to start from, of this shape; one element needs none
-- @tparam[opt] table options `retainGraph`, false; `createGraph`, false
function Tensor:backward(gradient, options) return autograd.backward(self, gradient, options) end

--- Has backward leave this result's gradient in its `grad`, as it does for leaves.
-- @treturn Tensor self
function Tensor:retainGrad() return autograd.retain(self) end

--- Calls a function with the tensor's gradient in every backward that reaches it, once, when it is
-- complete.  The gradient is not to be changed in place.
-- @tparam function f gets the gradient; what it returns, unless nil, goes on in its place
-- @treturn Hook a handle with `remove()`
function Tensor:registerHook(f) return autograd.hook(self, f) end

-- ---- in place -----------------------------------------------------------------------------------

local function inPlace(op, self)
   Tensor.checkWritable(self, op)
   return Tensor.check(op, 'self', self, 'float32')
end

-- x + k, x + y and the like into x; y broadcasts to x's shape.
local function arithmetic(name, withNumber)
   Tensor[name] = function(self, other)
      inPlace(name, self)
      if type(other) == 'number' and withNumber then
         local scale, shift = withNumber(fail.number(name, 'number', other))
         run.affine(self, self, scale, shift)
         return self
      end
      if type(other) == 'number' then
         other = Tensor.full(fail.number(name, 'number', other), {}, { device = self.device })
      end
      run[name](self, self, Tensor.checkSource(name, 'other', other))
      return self
   end
end

--- Adds a tensor or a number, in place.
-- @function Tensor:add
-- @tparam Tensor|number other its shape broadcasts to this one's
-- @treturn Tensor self
arithmetic('add', function(k) return 1, k end)

--- Subtracts a tensor or a number, in place.
-- @function Tensor:sub
-- @tparam Tensor|number other its shape broadcasts to this one's
-- @treturn Tensor self
arithmetic('sub', function(k) return 1, -k end)

--- Multiplies by a tensor or a number, element by element, in place.
-- @function Tensor:mul
-- @tparam Tensor|number other its shape broadcasts to this one's
-- @treturn Tensor self
arithmetic('mul', function(k) return k, 0 end)

--- Divides by a tensor or a number, element by element, in place.
-- @function Tensor:div
-- @tparam Tensor|number other its shape broadcasts to this one's
-- @treturn Tensor self
arithmetic('div')

--- Takes e to the power of every element, in place.
-- @function Tensor:exp
-- @treturn Tensor self

--- Takes the natural logarithm of every element, in place.
-- @function Tensor:log
-- @treturn Tensor self

--- Takes the square root of every element, in place.
-- @function Tensor:sqrt
-- @treturn Tensor self

--- Takes the absolute value of every element, in place.
-- @function Tensor:abs
-- @treturn Tensor self

for _, name in ipairs { 'exp', 'log', 'sqrt', 'abs' } do
   Tensor[name] = function(self)
      run[name](inPlace(name, self), self)
      return self
   end
end

--- Raises every element to a power, in place.
-- @tparam number exponent
-- @treturn Tensor self
function Tensor:pow(exponent)
   run.pow(inPlace('pow', self), self, fail.number('pow', 'exponent', exponent))
   return self
end

--- Limits every element to an interval, in place.
-- @tparam number low
-- @tparam number high
-- @treturn Tensor self
function Tensor:clamp(low, high)
   run.clamp(inPlace('clamp', self), self, fail.number('clamp', 'low', low),
      fail.number('clamp', 'high', high))
   return self
end

--- Sets every element to a number.
-- @tparam number value one that the dtype can hold
-- @treturn Tensor self
function Tensor:fill(value)
   Tensor.checkWritable(self, 'fill')
   run.fill(self, fail.number('fill', 'value', value))
   return self
end

--- Sets every element to 0.
-- @treturn Tensor self
function Tensor:zero()
   Tensor.checkWritable(self, 'zero')
   run.fill(self, 0)
   return self
end

--- Adds a multiple, in place: self = self + k other.
-- @tparam number k
-- @tparam Tensor other of the same shape
-- @treturn Tensor self
function Tensor:axpy(k, other)
   run.axpby(inPlace('axpy', self), Tensor.checkSource('axpy', 'other', other),
      fail.number('axpy', 'factor', k), 1)
   return self
end

--- Fills with numbers spread evenly over an interval; see `ops.fillUniform`.
-- @function Tensor:uniform
-- @tparam[opt=0] number low
-- @tparam[opt=1] number high not reached
-- @tparam[opt] Generator generator
-- @treturn Tensor self
Tensor.uniform = ops.fillUniform
--- Fills with normally distributed numbers; see `ops.fillNormal`.
-- @function Tensor:normal
-- @tparam[opt=0] number mean
-- @tparam[opt=1] number deviation
-- @tparam[opt] Generator generator
-- @treturn Tensor self
Tensor.normal = ops.fillNormal

-- ---- indexing and printing ---------------------------------------------------------------------

local methods = Tensor

function Tensor.__index(t, key)
   local method = methods[key]
   if method ~= nil or type(key) ~= 'number' then return method end
   local sizes = rawget(t, 'sizes')
   if #sizes == 0 then fail.raise('index: the tensor is a scalar, expected rows') end
   fail.whole('index', 'row', key, 1, sizes[1])
   local row = ops.narrow(t, 1, key, 1)
   if #sizes == 1 then return row:item() end
   return ops.view(row, { unpack(sizes, 2) })
end

function Tensor.__newindex(t, key, value)
   if type(key) ~= 'number' then
      if key == nil then fail.raise('assignment: row is nil, expected a number') end
      rawset(t, key, value)
      return
   end
   t:checkWritable('assignment')
   local sizes = rawget(t, 'sizes')
   if #sizes == 0 then fail.raise('assignment: the tensor is a scalar, expected rows') end
   fail.whole('assignment', 'row', key, 1, sizes[1])
   local row = scope.record(false, ops.narrow, t, 1, key, 1)
   if type(value) == 'number' then
      row:fill(value)
   else
      row:copy(Tensor.checkSource('assignment', 'value', value))
   end
end

function Tensor.__tostring(t) return show.tensor(t) end

return ops
