--- Files as bytes, and tensors to and from them; what the formats are made of.
--
-- What a file or a device does wrong comes back as `nil` and a sentence; a wrong argument is an
-- error.
-- @module lacuna.io.file
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local Tensor = require 'lacuna.Tensor'

local C = native.C
local file = {}

local dtypeNames = { [C.LAC_F32] = 'float32', [C.LAC_I32] = 'int32', [C.LAC_I64] = 'int64',
   [C.LAC_U8] = 'uint8' }

--- Gives what a call to C says: true, or nil and its sentence where a file is to blame.
-- @tparam string op who asks, put in the place of C's name
-- @tparam number status what C returned
-- @treturn ?boolean
-- @treturn ?string
function file.told(op, status)
   if status == 0 then return true end
   if status ~= C.LAC_E_FILE then native.raise() end
   return nil, (native.string(C.lac_error()):gsub('^[%w_]+:', op .. ':', 1))
end

--- Checks that an argument can be a path.
-- @tparam string op who asks
-- @param path what came
-- @treturn string
function file.path(op, path)
   if type(path) ~= 'string' or path == '' or path:find('%z') then
      fail.raise('%s: path is %s, expected the name of a file', op, fail.describe(path))
   end
   return path
end

--- Opens a file and hands it to a function, closing it whatever happens.
-- @tparam string op who asks
-- @tparam string path
-- @tparam function f takes the open file and the size in bytes
-- @return what f returns, or nil and a sentence
function file.open(op, path, f)
   local handle, why = io.open(file.path(op, path), 'rb')
   if not handle then return nil, op .. ': cannot open ' .. why end
   local function close(ok, ...)
      handle:close()
      if not ok then error((...), 0) end
      return ...
   end
   local readable, reason = handle:read(0)
   if not readable and reason then return close(true, nil, op .. ': ' .. path .. ': ' .. reason) end
   local size = handle:seek('end')
   if not size then return close(true, nil, op .. ': ' .. path .. ': expected a regular file') end
   handle:seek('set')
   return close(pcall(f, handle, size))
end

--- Reads a whole file.
-- @tparam string op who asks
-- @tparam string path
-- @treturn ?string its bytes
-- @treturn ?string why not
function file.read(op, path)
   return file.open(op, path, function(handle)
      local bytes, why = handle:read('*a')
      if not bytes then return nil, op .. ': ' .. path .. ': ' .. why end
      return bytes
   end)
end

local MOST_SIZES, MOST_ELEMENTS = 12, 2 ^ 48

--- Counts the bytes of a tensor that a file promises.
-- @tparam string name the type of its elements
-- @tparam table sizes
-- @treturn ?number nil if no tensor has such a type or such sizes
-- @treturn ?string why not
function file.bytes(name, sizes)
   local bytes = file.type(name)
   if not bytes then
      return nil, ('has elements of type %s, expected numbers of 1 to 8 bytes'):format(name)
   end
   if #sizes > MOST_SIZES then
      return nil, ('has %d sizes, expected at most %d'):format(#sizes, MOST_SIZES)
   end
   local most = 1
   for i = 1, #sizes do
      bytes, most = bytes * sizes[i], most * math.max(sizes[i], 1)
   end
   if most > MOST_ELEMENTS then return nil, 'has a shape of more than 2^48 elements' end
   return bytes
end

--- Says how many elements of which type, for a sentence.
-- @tparam string name
-- @tparam table sizes
-- @treturn string
function file.describe(name, sizes)
   return (#sizes == 0 and 'a number' or table.concat(sizes, 'x')) .. ' of type ' .. name
end

local size, code = native.new 'double[1]', native.new 'int[1]'

--- Tells how a type of a file is read.
-- @tparam string name as numpy names it: `<f4`, `>i8`, `|u1`
-- @treturn ?number bytes of an element, nil for an unknown type
-- @treturn ?string the dtype of the tensor that holds it
function file.type(name)
   if C.lac_file_type(size, code, name) ~= 0 then return nil end
   return size[0], dtypeNames[code[0]]
end

--- Reads a tensor out of a file.
-- @tparam string op who asks
-- @tparam string path
-- @tparam number offset bytes before the first element
-- @tparam string name the type of its elements
-- @tparam table sizes
-- @tparam[opt] string device
-- @treturn ?Tensor
-- @treturn ?string why not
function file.load(op, path, offset, name, sizes, device)
   local _, dtype = file.type(name)
   local t = Tensor.raw(sizes, dtype, device)
   local good, why = file.told(op, C.lac_file_read(t.handle, path, offset, name))
   if good then return t end
   t:release()
   return nil, why
end

--- Writes a file anew: first bytes, then the elements of tensors. The path holds what it held
-- before or all of it, whatever happens.
-- @tparam string op who asks
-- @tparam string path
-- @tparam string head the bytes
-- @tparam[opt] table tensors
-- @tparam[opt] string previous the path that gets what `path` held before
-- @treturn ?boolean true
-- @treturn ?string why not
function file.save(op, path, head, tensors, previous)
   tensors = tensors or {}
   if previous ~= nil then file.path(op, previous) end
   local handles = native.new('const lac_tensor *[?]', math.max(#tensors, 1))
   for i = 1, #tensors do handles[i - 1] = tensors[i].handle end
   return file.told(op, C.lac_file_save_keeping(file.path(op, path), previous, head, #head,
      handles, #tensors))
end

--- Makes a folder, and those above it.
-- @tparam string op who asks
-- @tparam string path
-- @treturn ?boolean true, also where it was there
-- @treturn ?string why not
function file.makeFolder(op, path)
   local lfs = require 'lfs'
   local at = 1
   file.path(op, path)
   while at do
      at = path:find('/', at + 1, true)
      local part = path:sub(1, at and at - 1)
      if lfs.attributes(part, 'mode') ~= 'directory' then
         local made, why = lfs.mkdir(part)
         if not made then return nil, ('%s: cannot make %s: %s'):format(op, part, why) end
      end
   end
   return true
end

local sum = native.new 'double[1]'

--- Extends a checksum, the CRC-32 of zlib.
-- @tparam number crc of what came before, 0 at first
-- @tparam string|Tensor more bytes, or a tensor's elements as a file holds them
-- @treturn number whole, below 2^32
function file.checksum(crc, more)
   sum[0] = fail.whole('checksum', 'crc', crc, 0, 2 ^ 32 - 1)
   if type(more) == 'string' then
      native.check(C.lac_checksum(sum, more, #more))
   else
      native.check(C.lac_checksum_tensor(sum, Tensor.check('checksum', 'more', more).handle))
   end
   return sum[0]
end

--- Tells what computes here, for files that say who wrote them: to the bit, results hold for one
-- version, backend and instruction set.
-- @tparam string device
-- @treturn table `version`; `backend`: `cpu` or `cuda`; `isa`, for cpu
function file.origin(device)
   local backend = native.deviceName(native.device(device)):match '^%a+'
   if backend == 'shadow' then backend = 'cpu' end  -- which has its kernels
   return { version = native.string(C.lac_version()), backend = backend,
      isa = backend == 'cpu' and native.string(C.lac_isa()) or nil }
end

return file
