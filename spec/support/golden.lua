--- Reads the golden vectors: numbers measured from the original frameworks, kept outside the
-- repository. Specs that want them are pending where they are absent.
-- @module spec.support.golden
local ffi = require 'ffi'
local numeric = require 'spec.oracle_numeric'

local golden = {}

local Blob = {}
Blob.__index = Blob

local folder = os.getenv 'LACUNA_GOLDEN' or '../shared/golden'

--- Opens 'scn' (SparseConvNet) or 'me' (MinkowskiEngine).
-- @treturn ?table  an object with `read`; nil where the folder is absent
function golden.open(name)
   local index = io.open(('%s/golden_%s.tsv'):format(folder, name), 'r')
   local data = io.open(('%s/golden_%s.bin'):format(folder, name), 'rb')
   if not index or not data then return nil end
   local blob = setmetatable({ entries = {}, bytes = data:read '*a' }, Blob)
   data:close()
   for line in index:lines() do
      local entry, dtype, offset, shape = line:match '^(%S+)\t([fi]4)\t(%d+)\t([%dx]+)$'
      if entry then
         local sizes = {}
         for size in shape:gmatch '%d+' do sizes[#sizes + 1] = tonumber(size) end
         blob.entries[entry] = { dtype = dtype, offset = tonumber(offset), shape = sizes }
      end
   end
   index:close()
   return blob
end

--- Tells whether there is an entry of that name.
function Blob:has(name)
   return self.entries[name] ~= nil
end

--- Reads an entry as a flat array.
-- @treturn table  numbers, row-major
-- @treturn table  shape
function Blob:flat(name)
   local entry = assert(self.entries[name], 'no golden entry ' .. name)
   local count = 1
   for _, size in ipairs(entry.shape) do count = count * size end
   local values = ffi.new(entry.dtype == 'f4' and 'float[?]' or 'int32_t[?]', count)
   local bytes = self.bytes:sub(entry.offset + 1, entry.offset + 4 * count)
   assert(#bytes == 4 * count, 'golden entry past the end: ' .. name)
   ffi.copy(values, bytes, 4 * count)
   local flat = {}
   for i = 1, count do flat[i] = values[i - 1] end
   return flat, entry.shape
end

--- Reads an entry as nested arrays, one level per axis.
function Blob:read(name)
   local flat, shape = self:flat(name)
   return numeric.reshape(flat, unpack(shape))
end

return golden
