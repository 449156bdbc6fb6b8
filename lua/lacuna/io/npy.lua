--- The header of a `.npy` file, versions 1 to 3: parsed by patterns, never executed.
--
-- R. Kern, *A Simple File Format for NumPy Arrays*, NEP 1, 2007.
-- @module lacuna.io.npy
local file = require 'lacuna.io.file'

local npy = {}

local MAGIC, MOST_BYTES = '\147NUMPY', 2 ^ 20
local typeNames = { float32 = '<f4', int32 = '<i4', int64 = '<i8', uint8 = '|u1' }

-- ---- reading --------------------------------------------------------------------------------

-- Little-endian.
local function wholeOf(bytes)
   local value = 0
   for i = #bytes, 1, -1 do value = value * 256 + bytes:byte(i) end
   return value
end

-- A value of the header's dictionary at a place: what it is, its text, and where it ends.
local function readValue(text, at)
   local quote, last = text:match('^(["\'])[^"\'\\]*()', at)
   if quote and text:sub(last, last) == quote then
      return 'string', text:sub(at + 1, last - 1), last + 1
   end
   local word, after = text:match('^(%a+)()', at)
   if word == 'True' or word == 'False' then return 'boolean', word, after end
   local tuple, stop = text:match('^%(([%d%sL,]*)%)()', at)
   if tuple then return 'tuple', tuple, stop end
end

local expected = { descr = 'string', fortran_order = 'boolean', shape = 'tuple' }

-- The three entries of the dictionary; nil and why not.
local function readEntries(text)
   local inside = text:match('^%s*{(.*)}%s*$')
   if not inside then return nil, 'the header is not a dictionary' end
   local entries, at = {}, 1
   while true do
      at = inside:match('^%s*()', at)
      if at > #inside then break end
      local _, key, colon = inside:match('^(["\'])([%w_]+)%1%s*:%s*()', at)
      if not key or not expected[key] or entries[key] then
         return nil, ('the header has %q where descr, fortran_order or shape is due'):format(
            inside:sub(at, at + 24))
      end
      local kind, value, after = readValue(inside, colon)
      if kind ~= expected[key] then
         return nil, ('%s is %q, expected a %s'):format(key, inside:sub(colon, colon + 24),
            expected[key])
      end
      entries[key] = value
      at = inside:match('^%s*,()', after) or inside:match('^%s*()$', after)
      if not at then return nil, 'the header has no comma after ' .. key end
   end
   for key in pairs(expected) do
      if not entries[key] then return nil, 'the header has no ' .. key end
   end
   return entries
end

local function readShape(text)
   local sizes = {}
   if text:find('^%s*$') then return sizes end
   local comma
   for digits, stop in (text .. ';'):gmatch('([^,;]*)([,;])') do
      local number = digits:match('^%s*(%d+)L?%s*$')
      if number and #number <= 15 then
         sizes[#sizes + 1] = tonumber(number)
      elseif not (stop == ';' and comma and digits:find('^%s*$')) then
         return nil, ('shape is %q, expected sizes'):format('(' .. text:sub(1, 40) .. ')')
      end
      comma = comma or stop == ','
   end
   if not comma then return nil, ('shape is %q, expected a tuple'):format('(' .. text .. ')') end
   return sizes
end

-- The text of the header, and where the elements begin.
local function readText(handle, size)
   local start = handle:read(8) or ''
   if start:sub(1, 6) ~= MAGIC then return nil, 'the file does not begin as .npy files do' end
   local version = start:byte(7)
   if #start < 8 or version < 1 or version > 3 then
      return nil, ('version %s, expected 1 to 3'):format(version or 'missing')
   end
   local width = version == 1 and 2 or 4
   local length = handle:read(width) or ''
   if #length < width then return nil, ('the file ends at byte %d, in its header'):format(size) end
   local bytes, offset = wholeOf(length), 8 + width + wholeOf(length)
   if bytes > MOST_BYTES or offset > size then
      return nil, ('the header has %.0f bytes in a file of %.0f, expected at most %d'):format(bytes,
         size, MOST_BYTES)
   end
   return handle:read(bytes) or '', offset
end

--- Reads a header.
-- @tparam file handle open, at its beginning
-- @tparam number size bytes of the file
-- @treturn ?table `type`, `sizes`, `offset`
-- @treturn ?string why not
function npy.readHeader(handle, size)
   local text, offset = readText(handle, size)
   if not text then return nil, offset end
   local entries, why = readEntries(text)
   if not entries then return nil, why end
   local sizes, reason = readShape(entries.shape)
   if not sizes then return nil, reason end
   local bytes, fault = file.bytes(entries.descr, sizes)
   if not bytes then return nil, 'the file ' .. fault end
   if entries.fortran_order == 'True' and #sizes > 1 then
      return nil, 'columns come first, expected rows; save numpy.ascontiguousarray(...)'
   end
   if bytes ~= size - offset then
      return nil, ('%.0f bytes follow the header, expected %.0f for %s'):format(size - offset,
         bytes, file.describe(entries.descr, sizes))
   end
   return { type = entries.descr, sizes = sizes, offset = offset }
end

-- ---- writing --------------------------------------------------------------------------------

--- Makes the header of a tensor, as long as a multiple of 64 bytes.
-- @tparam Tensor tensor
-- @treturn string
function npy.header(tensor)
   local sizes = table.concat(tensor.sizes, ', ') .. (#tensor.sizes == 1 and ',' or '')
   local text = ("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }"):format(
      typeNames[tensor.dtype], sizes)
   text = text .. (' '):rep((-(#text + 11)) % 64) .. '\n'
   return MAGIC .. '\1\0' .. string.char(#text % 256, math.floor(#text / 256)) .. text
end

return npy
