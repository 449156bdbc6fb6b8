--- The header of a `.safetensors` file: named tensors, and strings about them.
--
-- The format, version 0.4 of https://github.com/huggingface/safetensors: eight bytes that tell the
-- length of the header, the header in JSON, and the elements, which the tensors cover without
-- gap or overlap.
-- @module lacuna.io.safetensors
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local json = require 'lacuna.json'
local Tensor = require 'lacuna.Tensor'

local safetensors = {}

local MOST_BYTES = 100e6
local METADATA = '__metadata__'
local dtypeNames = { float32 = 'F32', int32 = 'I32', int64 = 'I64', uint8 = 'U8' }
-- What is read, as numpy names it.
local typeNames = {
   F64 = '<f8', F32 = '<f4', F16 = '<f2', I64 = '<i8', I32 = '<i4', I16 = '<i2', I8 = '|i1',
   U64 = '<u8', U32 = '<u4', U16 = '<u2', U8 = '|u1', BOOL = '|b1',
}

-- ---- writing --------------------------------------------------------------------------------

local function sortedNames(tensors)
   local names = {}
   for name, tensor in pairs(tensors) do
      if type(name) ~= 'string' or name == METADATA then
         fail.raise('saveTensors: a name is %s, expected a string other than %s',
            fail.describe(name), METADATA)
      end
      Tensor.check('saveTensors', name, tensor)
      names[#names + 1] = name
   end
   table.sort(names)
   return names
end

local function encodeMetadata(metadata)
   for key, value in pairs(metadata) do
      if type(key) ~= 'string' or type(value) ~= 'string' then
         fail.raise('saveTensors: metadata has %s under %s, expected strings under strings',
            fail.describe(value), fail.describe(key))
      end
   end
   return json.encode(metadata)
end

--- Makes a header. Wide elements come first, so that all are aligned; then names decide.
-- @tparam table tensors by name
-- @tparam[opt] table metadata strings by string
-- @tparam[opt] string last the name of the tensor that comes last, whatever its width
-- @treturn string the length and the header
-- @treturn table the tensors in the order of their elements
function safetensors.header(tensors, metadata, last)
   local names = sortedNames(tensors)
   local order, places, words, at = {}, {}, {}, 0
   local function place(name)
      local t = tensors[name]
      local first = at
      at = first + t:nElement() * t:elementSize()
      places[name] = ('[%.0f,%.0f]'):format(first, at)
      order[#order + 1] = t
   end
   for _, width in ipairs { 8, 4, 1 } do
      for _, name in ipairs(names) do
         if name ~= last and tensors[name]:elementSize() == width then place(name) end
      end
   end
   if last then place(last) end
   if metadata and next(metadata) ~= nil then
      words[1] = json.encode(METADATA) .. ':' .. encodeMetadata(metadata)
   end
   for _, name in ipairs(names) do
      local t = tensors[name]
      words[#words + 1] = ('%s:{"dtype":"%s","shape":[%s],"data_offsets":%s}'):format(
         json.encode(name), dtypeNames[t.dtype], table.concat(t.sizes, ','), places[name])
   end
   local text = '{' .. table.concat(words, ',') .. '}'
   text = text .. (' '):rep(-#text % 8)
   if #text > MOST_BYTES then
      fail.raise('saveTensors: the header has %d bytes, expected at most %d', #text, MOST_BYTES)
   end
   local length, rest = {}, #text
   for i = 1, 8 do
      length[i] = string.char(rest % 256)
      rest = math.floor(rest / 256)
   end
   return table.concat(length) .. text, order
end

-- ---- reading --------------------------------------------------------------------------------

local function isWhole(value, most)
   return type(value) == 'number' and value >= 0 and value <= most and value == math.floor(value)
end

-- Whether it is a list of `count` whole numbers, or of any number of them.
local function isList(value, count)
   if type(value) ~= 'table' then return false end
   for key in pairs(value) do
      if not isWhole(key, #value) then return false end
   end
   for i = 1, #value do
      if not isWhole(value[i], 2 ^ 53) then return false end
   end
   return not count or #value == count
end

-- Turns an entry of the header into `name`, `type`, `sizes`, `first` and `last`; nil and why not.
local function readEntry(name, entry)
   if type(entry) ~= 'table' then return nil, 'is no object' end
   for key in pairs(entry) do
      if key ~= 'dtype' and key ~= 'shape' and key ~= 'data_offsets' then
         return nil, ('has the key %q, expected dtype, shape and data_offsets'):format(key)
      end
   end
   local kind = typeNames[entry.dtype]
   if not kind then
      return nil, ('has the dtype %s, expected F32, I32, I64, U8 or other plain numbers'):format(
         tostring(entry.dtype))
   end
   if not isList(entry.shape) then return nil, 'has no shape that is a list of sizes' end
   if not isList(entry.data_offsets, 2) then
      return nil, 'has no data_offsets that are two whole numbers'
   end
   local bytes, why = file.bytes(kind, entry.shape)
   if not bytes then return nil, why end
   local first, last = entry.data_offsets[1], entry.data_offsets[2]
   if bytes ~= last - first then
      return nil, ('has %.0f bytes, expected %.0f for %s'):format(last - first, bytes,
         file.describe(entry.dtype, entry.shape))
   end
   return { name = name, type = kind, sizes = entry.shape, first = first, last = last }
end

local function readMetadata(metadata)
   if type(metadata) ~= 'table' then return nil, METADATA .. ' is no object' end
   for key, value in pairs(metadata) do
      if type(key) ~= 'string' or type(value) ~= 'string' then
         return nil, ('%s has something else than a string at %s'):format(METADATA, tostring(key))
      end
   end
   return metadata
end

-- Checks that the entries cover all bytes once, in the order of their first.
local function checkCover(entries, bytes)
   table.sort(entries, function(a, b)
      if a.first ~= b.first then return a.first < b.first end
      if a.last ~= b.last then return a.last < b.last end
      return a.name < b.name
   end)
   local at = 0
   for _, entry in ipairs(entries) do
      if entry.first ~= at then
         return nil, ('%q begins at byte %.0f, expected %.0f: tensors %s'):format(entry.name,
            entry.first, at, entry.first < at and 'overlap' or 'leave a gap')
      end
      at = entry.last
   end
   if at ~= bytes then
      return nil, ('the tensors have %.0f bytes, expected the %.0f of the file'):format(at, bytes)
   end
   return entries
end

local function readText(handle, size)
   local start = handle:read(8) or ''
   if #start < 8 then return nil, ('the file has %d bytes, expected at least 8'):format(size) end
   local length = 0
   for i = 8, 1, -1 do length = length * 256 + start:byte(i) end
   if length > MOST_BYTES or length > size - 8 then
      return nil, ('the header has %.0f bytes in a file of %.0f, expected at most %d'):format(
         length, size, MOST_BYTES)
   end
   local text = handle:read(length) or ''
   if text:sub(1, 1) ~= '{' then return nil, 'the header does not begin with a brace' end
   return text
end

--- Reads a header.
-- @tparam file handle open, at its beginning
-- @tparam number size bytes of the file
-- @treturn ?table entries in the order of their elements: `name`, `type`, `sizes`, `first`
-- @treturn table|string metadata; or why not
-- @treturn ?number where the elements begin
function safetensors.readHeader(handle, size)
   local text, why = readText(handle, size)
   if not text then return nil, why end
   local header
   header, why = json.decode(text)
   if header == nil then return nil, 'the header is ' .. why end
   local metadata, entries = {}, {}
   for name, value in pairs(header) do
      if name == METADATA then
         metadata, why = readMetadata(value)
         if not metadata then return nil, why end
      else
         local entry, reason = readEntry(name, value)
         if not entry then return nil, ('%q %s'):format(name, reason) end
         entries[#entries + 1] = entry
      end
   end
   local offset = 8 + #text
   entries, why = checkCover(entries, size - offset)
   if not entries then return nil, why end
   return entries, metadata, offset
end

return safetensors
