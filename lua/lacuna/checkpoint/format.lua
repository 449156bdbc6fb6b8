--- The file of a checkpoint: a `.safetensors` file, so others read its tensors too.
--
-- Its metadata hold `format` and `version`, what wrote it (`lacuna`, `backend`, `isa`) and
-- `content`, JSON as `lacuna.checkpoint.plain` makes it. The last tensor, `checksum`, is the CRC-32
-- of all bytes before it, lowest byte first. The same content gives the same bytes.
-- @module lacuna.checkpoint.format
local bit = require 'bit'
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local json = require 'lacuna.json'
local plain = require 'lacuna.checkpoint.plain'
local safetensors = require 'lacuna.io.safetensors'
local Tensor = require 'lacuna.Tensor'

local format = {}

local FORMAT, VERSION, CHECKSUM = 'lacuna checkpoint', '1', 'checksum'
local TRIES = 3
-- The types that a tensor has here; others would be converted, and their checksum lost.
local exact = { ['<f4'] = true, ['<i4'] = true, ['<i8'] = true, ['|u1'] = true }

-- ---- writing --------------------------------------------------------------------------------

local function bytesOf(crc)
   local list = {}
   for i = 1, 4 do
      list[i] = crc % 256
      crc = math.floor(crc / 256)
   end
   return Tensor.of(list, { dtype = 'uint8', device = 'cpu' })
end

--- Makes what a file holds.
-- @tparam table content `parts`: by name, what each is made of; `state`
-- @tparam table origin as `file.origin` tells it
-- @treturn table for `write`
function format.pack(content, origin)
   local tensors, tree = {}, { parts = {} }
   for name, dict in pairs(content.parts) do
      tree.parts[name] = plain.encode(dict, name, tensors)
   end
   tree.state = plain.encode(content.state, 'state', tensors)
   tensors[CHECKSUM] = Tensor.raw({ 4 }, 'uint8', 'cpu')
   local head, order = safetensors.header(tensors, {
      format = FORMAT, version = VERSION, lacuna = origin.version, backend = origin.backend,
      isa = origin.isa, content = json.encode(tree),
   }, CHECKSUM)
   local crc = file.checksum(0, head)
   for i = 1, #order - 1 do crc = file.checksum(crc, order[i]) end
   order[#order]:release()
   order[#order] = bytesOf(crc)
   return { head = head, tensors = order }
end

--- Writes a file.
-- @tparam string op who asks
-- @tparam string path
-- @tparam table packed
-- @tparam[opt] string previous the path that gets what `path` held before
-- @treturn ?boolean true
-- @treturn ?string why not
function format.write(op, path, packed, previous)
   return file.save(op, path, packed.head, packed.tensors, previous)
end

-- ---- reading --------------------------------------------------------------------------------

local function checkHeader(entries, metadata)
   if metadata.format ~= FORMAT then return nil, 'is no checkpoint' end
   if metadata.version ~= VERSION then
      return nil, ('is a checkpoint of version %s, expected %s'):format(
         tostring(metadata.version), VERSION)
   end
   local last = entries[#entries]
   if not last or last.name ~= CHECKSUM or last.last - last.first ~= 4 then
      return nil, 'is damaged: it ends without a checksum'
   end
   for _, entry in ipairs(entries) do
      if not exact[entry.type] then
         return nil, ('is damaged: %q has another type than tensors have'):format(entry.name)
      end
   end
   return true
end

-- Loads the tensors, and compares the checksum of what was loaded with the file's.
local function loadAll(op, path, entries, head, device)
   local tensors, crc = {}, file.checksum(0, head)
   local function give(...)
      for _, t in pairs(tensors) do t:release() end
      return nil, ...
   end
   for _, entry in ipairs(entries) do
      local t, why = file.load(op, path, #head + entry.first, entry.type, entry.sizes, device)
      if not t then return give(why) end
      tensors[entry.name] = t
      if entry.name ~= CHECKSUM then crc = file.checksum(crc, t) end
   end
   local found = 0
   local bytes = tensors[CHECKSUM]:toFlat()
   for i = 4, 1, -1 do found = found * 256 + bytes[i] end
   if found ~= crc then
      return give(('%s: %s: is damaged: its checksum is %s, expected %s'):format(op, path,
         bit.tohex(crc), bit.tohex(found)))
   end
   tensors[CHECKSUM]:release()
   tensors[CHECKSUM] = nil
   return tensors
end

local function decodeContent(text, tensors)
   if not text then return nil, 'it has no content' end
   local tree, why = json.decode(text)
   if tree == nil then return nil, 'its content is ' .. why end
   local content
   content, why = plain.decode(tree, tensors)
   if content == nil then return nil, 'in its content ' .. why end
   if type(content) ~= 'table' or type(content.parts) ~= 'table'
      or type(content.state) ~= 'table' then
      return nil, 'its content lacks parts or state'
   end
   return content
end

local function readOnce(op, path, device)
   return file.open(op, path, function(handle, size)
      local function no(why) return nil, ('%s: %s: %s'):format(op, path, why) end
      local entries, metadata, offset = safetensors.readHeader(handle, size)
      if not entries then return no('is no checkpoint, or damaged: ' .. metadata) end
      local good, why = checkHeader(entries, metadata)
      if not good then return no(why) end
      handle:seek('set')
      local head = handle:read(offset) or ''
      if #head < offset then return no 'is damaged: it became shorter while it was read' end
      local tensors
      tensors, why = loadAll(op, path, entries, head, device)
      if not tensors then return nil, why end
      local content
      content, why = decodeContent(metadata.content, tensors)
      if not content then
         for _, t in pairs(tensors) do t:release() end
         return no('is damaged: ' .. why)
      end
      return {
         parts = content.parts, state = content.state, version = tonumber(metadata.version),
         origin = { version = metadata.lacuna, backend = metadata.backend, isa = metadata.isa },
      }
   end)
end

--- Reads a file. One that is replaced meanwhile, by a run that goes on, is read again.
-- @tparam string op who asks
-- @tparam string path
-- @tparam[opt] table options `device`
-- @treturn ?table `parts`, `state`, `version` of the format, `origin`
-- @treturn ?string why not
function format.read(op, path, options)
   options = fail.options(op, options, { device = Tensor.defaultDevice })
   local lfs = require 'lfs'
   for try = 1, TRIES do
      local before = lfs.attributes(file.path(op, path), 'ino')
      local content, why = readOnce(op, path, options.device)
      if content or try == TRIES or lfs.attributes(path, 'ino') == before then
         return content, why
      end
   end
end

return format
