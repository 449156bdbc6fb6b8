--- A dense block of numbers on one device, row-major and contiguous.
--
--     local lacuna = require 'lacuna'
--     local x = lacuna.tensor { { 1, 2 }, { 3, 4 } }
--     print(x + 1, x:sum(1), x[2])
--
-- Operators and the functions of `lacuna.ops` make new tensors and are recorded for gradients.
-- Methods named like a verb (`add`, `mul`, `fill`, `clamp`, …) work in place, as in torch.
-- Indices count from one.  Dtypes: `float32` (default), `int32`, `int64`, `uint8`; arithmetic is
-- for float32.
-- @classmod lacuna.Tensor
local ffi = require 'ffi'
local class = require 'lacuna.class'
local elements = require 'lacuna.elements'
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local notes = require 'lacuna.notes'
local scope = require 'lacuna.scope'

local C = native.C
local Tensor = class('Tensor', nil, true)

local dtypes = { float32 = C.LAC_F32, int32 = C.LAC_I32, int64 = C.LAC_I64, uint8 = C.LAC_U8 }
local elementTypes = { [0] = 'float', 'int32_t', 'int64_t', 'uint8_t' }
local elementSizes = { [0] = 4, 4, 8, 1 }

--- The device on which tensors are made where none is named; `lacuna.device` sets it.
Tensor.defaultDevice = 'cpu'

--- Tells whether a value is a tensor.
-- @param value anything
-- @treturn boolean
function Tensor.is(value)
   return type(value) == 'table' and getmetatable(value) == Tensor
end

-- That a method was called on a tensor; a released one still knows its shape.
local function checkSelf(op, self)
   if getmetatable(self) == Tensor then return self end
   fail.raise('%s: self is %s, expected a tensor; methods are called with a colon', op,
      fail.describe(self))
end

--- Checks that an argument is a live tensor, for messages that name the operation.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @tparam[opt] string dtype the dtype that it must have
-- @treturn Tensor the value
local function check(op, what, value, dtype)
   if what == 'self' then checkSelf(op, value) end
   if not Tensor.is(value) then
      fail.raise('%s: %s is %s, expected a tensor', op, what, fail.describe(value))
   end
   if not native.live('tensor', value.handle) then
      fail.raise('%s: %s is a tensor that was released, expected a live one', op, what)
   end
   if dtype and value.dtype ~= dtype then
      fail.raise('%s: %s is %s, expected %s', op, what, value.dtype, dtype)
   end
   return value
end
Tensor.check = check

-- ---- making ---------------------------------------------------------------------------------

-- A Lua object for the handle that the last call left in native.out('tensor').
local function adopt(device, dtype, shape, hidden)
   local t = setmetatable({
      handle = native.own('tensor'), device = device, dtype = dtype, sizes = shape,
      requiresGrad = false,
   }, Tensor)
   if not hidden then scope.note(t) end
   return t
end

-- Options come last; sizes are one table, or numbers.
local function readArguments(op, ...)
   local n, arguments = select('#', ...), { ... }
   while n > 1 and arguments[n] == nil do n = n - 1 end  -- options that were not given
   local last = arguments[n]
   local options = n > 1 and type(last) == 'table' and last or nil
   if options then n = n - 1 end
   options = fail.options(op, options, { dtype = false, device = false, requiresGrad = fail.off })
   if type(arguments[1]) ~= 'table' then
      for i = 1, n do fail.whole(op, 'size', arguments[i], 0) end
      return { unpack(arguments, 1, n) }, options
   end
   if n > 1 then fail.raise('%s: sizes are a table and more, expected one of the two', op) end
   return fail.sizes(op, arguments[1]), options
end

--- Makes a tensor with unspecified contents.  For code that fills it at once.
-- @tparam table sizes
-- @tparam[opt='float32'] string dtype
-- @tparam[opt] string device
-- @treturn Tensor
function Tensor.raw(sizes, dtype, device)
   dtype, device = dtype or 'float32', device or Tensor.defaultDevice
   local code = dtypes[dtype]
   if not code then
      fail.raise('tensor: dtype is %s, expected float32, int32, int64 or uint8',
         fail.describe(dtype))
   end
   if type(sizes) ~= 'table' then
      fail.raise('tensor: sizes are %s, expected a table', fail.describe(sizes))
   end
   local number, count = native.device(device), elementSizes[code]
   for i = 1, #sizes do count = count * fail.whole('tensor', 'size', sizes[i], 0) end
   native.relieve(number, count)
   native.try(C.lac_tensor_new, native.out 'tensor', number, code, #sizes, native.doubles(sizes))
   return adopt(native.deviceName(number), dtype, sizes)
end

local function finish(t, options)
   if options.requiresGrad then t:requireGrad() end
   return t
end

--- Makes a tensor of one value.
-- @tparam number value
-- @param ... sizes, as numbers or one table; then options `dtype`, `device`, `requiresGrad`
-- @treturn Tensor
function Tensor.full(value, ...)
   fail.number('full', 'value', value)
   local sizes, options = readArguments('full', ...)
   local t = Tensor.raw(sizes, options.dtype, options.device)
   native.ops.fill(t, value)
   return finish(t, options)
end

--- Makes a tensor of zeros.
-- @param ... as for @{full}, without the value
-- @treturn Tensor
function Tensor.zeros(...)
   local sizes, options = readArguments('zeros', ...)
   local t = Tensor.raw(sizes, options.dtype, options.device)
   native.ops.fill(t, 0)
   return finish(t, options)
end

--- Makes a tensor of ones.
-- @param ... as for @{zeros}
-- @treturn Tensor
function Tensor.ones(...)
   local sizes, options = readArguments('ones', ...)
   local t = Tensor.raw(sizes, options.dtype, options.device)
   native.ops.fill(t, 1)
   return finish(t, options)
end

--- Makes an unfilled tensor of this one's shape, dtype and device.
-- @treturn Tensor
function Tensor:newLike()
   checkSelf('newLike', self)
   return Tensor.raw({ unpack(self.sizes) }, self.dtype, self.device)
end

--- Makes a tensor from nested tables of numbers, or from one number.
-- @param values such as `{ { 1, 2 }, { 3, 4 } }`
-- @tparam[opt] table options `dtype`, `device`, `requiresGrad`, and `shape` for a flat table
-- @treturn Tensor
function Tensor.of(values, options)
   options = fail.options('tensor', options,
      { dtype = 'float32', device = Tensor.defaultDevice, requiresGrad = fail.off,
         shape = false })
   if type(values) ~= 'table' and type(values) ~= 'number' then
      fail.raise('tensor: values are %s, expected a table of numbers', fail.describe(values))
   end
   if Tensor.is(values) then
      fail.raise('tensor: values are a Tensor already, expected a table of numbers')
   end
   local sizes, count = elements.measure(values)
   local t = Tensor.raw(sizes, options.dtype, options.device)
   local buffer = ffi.new(elementTypes[dtypes[options.dtype]] .. '[?]', math.max(count, 1))
   elements.pour(buffer, values, sizes, options.dtype)
   native.check(C.lac_tensor_write(t.handle, buffer, count * t:elementSize()))
   if options.shape then t = t:view(options.shape) end
   return finish(t, options)
end

local function fromMemory(op, pointer, bytes, sizes, options)
   sizes = fail.sizes(op, sizes)
   options = fail.options(op, options, { dtype = 'float32', device = Tensor.defaultDevice })
   local t = Tensor.raw(sizes, options.dtype, options.device)
   if bytes and bytes ~= t:nElement() * t:elementSize() then
      fail.raise('%s: %d bytes, expected %d', op, bytes, t:nElement() * t:elementSize())
   end
   native.check(C.lac_tensor_write(t.handle, pointer, t:nElement() * t:elementSize()))
   return t
end

--- Makes a tensor from the bytes of a string, little-endian as in memory.
-- @tparam string bytes
-- @tparam table sizes
-- @tparam[opt] table options `dtype`, `device`
-- @treturn Tensor
function Tensor.fromString(bytes, sizes, options)
   if type(bytes) ~= 'string' then
      fail.raise('fromString: bytes are %s, expected a string', fail.describe(bytes))
   end
   return fromMemory('fromString', bytes, #bytes, sizes, options)
end

--- Makes a tensor from what an FFI pointer points to.  The caller answers for its length.
-- @tparam cdata pointer to at least as many elements as the sizes tell
-- @tparam table sizes
-- @tparam[opt] table options `dtype`, `device`
-- @treturn Tensor
function Tensor.fromPointer(pointer, sizes, options)
   if type(pointer) ~= 'cdata' or pointer == nil then
      fail.raise('fromPointer: pointer is %s, expected a cdata pointer', fail.describe(pointer))
   end
   return fromMemory('fromPointer', pointer, nil, sizes, options)
end

-- Another handle on the same storage; no gradient passes.
local function slice(t, first, sizes, hidden)
   check('view', 'self', t)
   native.try(C.lac_tensor_view, native.out 'tensor', t.handle, first, #sizes,
      native.doubles(sizes))
   return adopt(t.device, t.dtype, sizes, hidden)
end
-- internal: views for operations, which say themselves what is recorded.
Tensor.slice = slice

-- ---- asking -----------------------------------------------------------------------------------

--- Tells the size along a dimension, or all sizes.
-- @tparam[opt] number dim from 1
-- @treturn number|table
function Tensor:size(dim)
   checkSelf('size', self)
   if dim == nil then return self:shape() end
   return self.sizes[fail.whole('size', 'dimension', dim, 1, #self.sizes)]
end

--- Tells all sizes.
-- @treturn table a fresh array
function Tensor:shape() return { unpack(checkSelf('shape', self).sizes) } end

--- Tells the number of dimensions.
-- @treturn number
function Tensor:dim() return #checkSelf('dim', self).sizes end

--- Tells the number of elements.
-- @treturn number
function Tensor:nElement()
   checkSelf('nElement', self)
   local count = 1
   for i = 1, #self.sizes do count = count * self.sizes[i] end
   return count
end

--- Tells the bytes of one element.
-- @treturn number
function Tensor:elementSize()
   return elementSizes[dtypes[checkSelf('elementSize', self).dtype]]
end

--- Tells how often the storage was written.
-- @treturn number
function Tensor:version()
   return C.lac_tensor_version(check('version', 'self', self).handle)
end

--- Tells whether this tensor and another share storage.
-- @tparam Tensor other
-- @treturn boolean
function Tensor:shares(other)
   return C.lac_tensor_shares(check('shares', 'self', self).handle,
      check('shares', 'other', other).handle) ~= 0
end

-- The number of elements, as C knows it: what a script wrote into the sizes must not rule a buffer.
local function countOf(op, t)
   local count = C.lac_tensor_count(check(op, 'self', t).handle)
   if Tensor.nElement(t) ~= count then
      fail.raise('%s: the sizes are %s, expected sizes of the %d elements', op,
         fail.shape(t.sizes), count)
   end
   return count
end

-- Calls f with a C array that holds the elements.
local function withElements(op, t, f)
   local count = countOf(op, t)
   local buffer = ffi.new(elementTypes[dtypes[t.dtype]] .. '[?]', math.max(count, 1))
   native.check(C.lac_tensor_read(buffer, count * Tensor.elementSize(t), t.handle))
   if t.dtype == 'float32' then elements.tameNans(buffer, count) end
   return f(buffer, count)
end

--- Copies the elements into nested Lua tables; a scalar gives a number.
-- @treturn table|number
function Tensor:toTable()
   return withElements('toTable', self, function(buffer, count)
      local sizes, product = { unpack(self.sizes) }, 1
      for i = 1, #sizes do product = product * sizes[i] end
      assert(product == count)
      return elements.nest(buffer, sizes)
   end)
end

--- Copies the elements into one flat Lua table.
-- @treturn table
function Tensor:toFlat()
   return withElements('toFlat', self, function(buffer, count)
      local list = {}
      for i = 0, count - 1 do list[i + 1] = tonumber(buffer[i]) end
      return list
   end)
end

--- Copies the elements into a string of bytes.
-- @treturn string
function Tensor:toString()
   local bytes = countOf('toString', self) * Tensor.elementSize(self)
   local buffer = ffi.new('char[?]', math.max(bytes, 1))
   native.check(C.lac_tensor_read(buffer, bytes, self.handle))
   return ffi.string(buffer, bytes)
end

--- Gives the only element as a number.
-- @treturn number
function Tensor:item()
   if checkSelf('item', self):nElement() ~= 1 then
      fail.raise('item: the tensor has %d elements, expected 1', self:nElement())
   end
   return withElements('item', self, function(buffer) return tonumber(buffer[0]) end)
end

--- Gives an FFI pointer to the elements of a tensor on the cpu; valid while the tensor lives.
-- Whoever writes through it calls @{touch} afterwards.
-- @treturn cdata
function Tensor:pointer()
   local p = C.lac_tensor_data(check('pointer', 'self', self).handle)
   if p == nil then native.raise() end
   return ffi.cast(elementTypes[dtypes[self.dtype]] .. ' *', p)
end

--- Says that the elements were written through a pointer, as every other write does by itself.
-- @treturn Tensor self
function Tensor:touch()
   Tensor.checkWritable(self, 'touch')
   local nothing = slice(self, 0, { 0 }, true)
   native.check(C.lac_tensor_write(nothing.handle, nil, 0))
   nothing:release()
   return self
end

-- ---- views and moves ---------------------------------------------------------------------------

--- Gives a second object on the same elements, without history.
-- @treturn Tensor
function Tensor:detach()
   return slice(check('detach', 'self', self), 0, self:shape())
end

-- internal: the alias by which a node of the tape remembers a tensor: scopes don't see it.
function Tensor:remember()
   local alias = slice(check('remember', 'self', self), 0, self:shape(), true)
   alias.node, alias.slot, alias.requiresGrad = self.node, self.slot, self.requiresGrad
   alias.origin = self.origin or self  -- the leaf that gradients go to
   notes.values[alias.handle] = notes.values[self.handle]  -- see ops/trust.lua
   return alias
end

--- Copies the elements into a new tensor without history.
-- @treturn Tensor
function Tensor:clone()
   local t = Tensor.newLike(check('clone', 'self', self))
   native.check(C.lac_tensor_copy(t.handle, self.handle))
   return t
end

--- Copies another tensor's elements into this one, from any device; as many elements, same dtype.
-- @tparam Tensor other
-- @treturn Tensor self
function Tensor:copy(other)
   Tensor.checkWritable(self, 'copy')
   check('copy', 'self', self)
   Tensor.checkSource('copy', 'source', other)
   native.check(C.lac_tensor_copy(self.handle, other.handle))
   return self
end

--- Moves the elements to another device; the object stays the same, its gradient goes.
-- @tparam string device
-- @treturn Tensor self
function Tensor:moveTo(device)
   check('moveTo', 'self', self)
   if self.node then
      fail.raise('moveTo: the tensor is the result of %s, expected one without history',
         self.node.name)
   end
   device = native.deviceName(native.device(device))
   if device == self.device then return self end
   local moved = Tensor.raw(self:shape(), self.dtype, device)
   native.check(C.lac_tensor_copy(moved.handle, check('moveTo', 'self', self).handle))
   native.free('tensor', self.handle)
   self.handle, self.device, self.grad = moved.handle, device, nil
   moved.handle = nil
   return self
end

--- Frees the memory now; to use the tensor afterwards is an error.  Does nothing the second time.
function Tensor:release()
   checkSelf('release', self)
   if self.handle == nil then return end
   native.free('tensor', self.handle)
   self.handle, self.node, self.grad = nil, nil, nil
end

--- Keeps the tensor out of the hands of the scopes that are open.
-- @treturn Tensor self
function Tensor:keep()
   checkSelf('keep', self)
   self.kept = true
   return self
end

-- ---- gradients ---------------------------------------------------------------------------------

--- Asks for a gradient: operations on the tensor are recorded from now on.
-- @tparam[opt=true] boolean on
-- @treturn Tensor self
function Tensor:requireGrad(on)
   check('requireGrad', 'self', self)
   if self.dtype ~= 'float32' then
      fail.raise('requireGrad: the tensor is %s, expected float32', self.dtype)
   end
   if self.node then
      fail.raise('requireGrad: the tensor is the result of %s, expected one without history',
         self.node.name)
   end
   self.requiresGrad = fail.flag('requireGrad', 'on', on, true)
   return self
end

--- Drops the gradient.
-- @treturn Tensor self
function Tensor:zeroGrad()
   checkSelf('zeroGrad', self)
   self.grad = nil
   return self
end

--- Refuses a write in place to a tensor whose gradient is being recorded.
-- @tparam string op who wants to write
function Tensor:checkWritable(op)
   check(op, 'self', self)
   if self.requiresGrad and scope.recording() then
      if self.node then
         fail.raise('%s: in place on the result of %s, whose gradient is recorded; '
            .. 'expected an operator or lacuna.noGrad', op, self.node.name)
      end
      fail.raise('%s: in place on a tensor that requires a gradient, expected lacuna.noGrad', op)
   end
end

--- Refuses to read, in place, from a tensor whose gradient is being recorded: what is written in
-- place has no history, so that gradient would be lost.
-- @tparam string op who wants to write
-- @tparam string what the argument's name
-- @tparam Tensor other what is read
-- @treturn Tensor other
function Tensor.checkSource(op, what, other)
   check(op, what, other)
   if other.requiresGrad and scope.recording() then
      fail.raise('%s: in place, and the gradient of the %s is recorded; expected an operator, '
         .. 'lacuna.noGrad, or its detach()', op, what)
   end
   return other
end

return Tensor
