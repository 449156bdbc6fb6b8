--- The methods of tensors that are operations: those that make a tensor, and those in place.
--
-- Made anew, and recorded: `sum mean max min argmax argmin norm`, `lt le gt ge eq ne`, `view
-- narrow rows t to float int long byte gather`, and indexing `x[i]`.  In place, not recorded, and
-- refused where a gradient is being recorded: `add sub mul div exp log sqrt abs pow clamp fill
-- zero copy uniform normal`.
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

--- Multiplies matrices.
-- @function Tensor:mm
Tensor.mm = ops.matmul
--- Transposes a matrix.
-- @function Tensor:t
Tensor.t = ops.transpose

function Tensor:view(first, ...)
   if type(first) == 'table' then return ops.view(self, first) end
   return ops.view(self, { first, ... })
end

--- Takes a range of rows, as a view.
-- @function Tensor:rows
-- @tparam number first from 1
-- @tparam number last
function Tensor:rows(first, last)
   fail.whole('rows', 'first', first, 1)
   fail.whole('rows', 'last', last, first - 1)
   return ops.narrow(self, 1, first, last - first + 1)
end

function Tensor:float() return ops.cast(self, 'float32') end
function Tensor:int() return ops.cast(self, 'int32') end
function Tensor:long() return ops.cast(self, 'int64') end
function Tensor:byte() return ops.cast(self, 'uint8') end

function Tensor:backward(gradient, options) return autograd.backward(self, gradient, options) end

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
      run[name](self, self, Tensor.check(name, 'other', other))
      return self
   end
end

arithmetic('add', function(k) return 1, k end)
arithmetic('sub', function(k) return 1, -k end)
arithmetic('mul', function(k) return k, 0 end)
arithmetic('div')

for _, name in ipairs { 'exp', 'log', 'sqrt', 'abs' } do
   Tensor[name] = function(self)
      run[name](inPlace(name, self), self)
      return self
   end
end

function Tensor:pow(exponent)
   run.pow(inPlace('pow', self), self, fail.number('pow', 'exponent', exponent))
   return self
end

function Tensor:clamp(low, high)
   run.clamp(inPlace('clamp', self), self, fail.number('clamp', 'low', low),
      fail.number('clamp', 'high', high))
   return self
end

function Tensor:fill(value)
   Tensor.checkWritable(self, 'fill')
   run.fill(self, fail.number('fill', 'value', value))
   return self
end

function Tensor:zero()
   Tensor.checkWritable(self, 'zero')
   run.fill(self, 0)
   return self
end

--- Adds a multiple: self = self + k other.
function Tensor:axpy(k, other)
   run.axpby(inPlace('axpy', self), Tensor.check('axpy', 'other', other),
      fail.number('axpy', 'factor', k), 1)
   return self
end

Tensor.uniform = ops.fillUniform
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
      row:copy(Tensor.check('assignment', 'value', value))
   end
end

function Tensor.__tostring(t) return show.tensor(t) end

return ops
