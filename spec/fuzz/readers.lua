--- What must hold of every reader, whatever bytes it gets; spec/fuzz/reader.c calls it.
--
-- A reader gives a value, or `nil` and a sentence of its own. A value that is written and read
-- again is equal. No byte stays allocated, and none is asked for that the input does not explain.
-- A reader here is a function of the bytes that gives a sentence, if that was the answer; what is
-- wrong is an error. Of the sentences only those of the JSON parser, which is not instrumented, are
-- passed on.
-- @module spec.fuzz.readers
local lacuna = require 'lacuna'
local bytes = require 'lacuna.data.bytes'
local file = require 'lacuna.io.file'
local format = require 'lacuna.checkpoint.format'
local json = require 'lacuna.json'
local meshes = require 'lacuna.data.meshes'
local native = require 'lacuna.native'
local safetensors = require 'lacuna.io.safetensors'

local C = native.C
local Tensor = lacuna.Tensor
local readers = {}

local folder = os.getenv 'LACUNA_FUZZ_FOLDER' or '.'
local READ, WRITTEN = folder .. '/read', folder .. '/written'

local function put(path, text)
   local handle = assert(io.open(path, 'wb'))
   handle:write(text)
   handle:close()
end

-- What Lua says, or names a line of ours.
local internal = { 'attempt to', 'bad argument', 'stack overflow', 'table index is',
   'cannot convert', "'for' ", 'lua/lacuna/', 'too many results', 'cdata', 'not enough memory',
   'malformed pattern', 'pattern too complex', 'string slice too long' }

local input = ''

-- Checks that a sentence names who asked and says what was expected, in words of ours.
local function sentence(op, why)
   if type(why) ~= 'string' then error('no sentence but a ' .. type(why), 0) end
   if why:sub(1, #op + 2) ~= op .. ': ' or #why < #op + 12 then
      error('no sentence of ' .. op .. ': ' .. why, 0)
   end
   for _, word in ipairs(internal) do
      if why:find(word, 1, true) and not input:find(word, 1, true) then
         error("Lua's own sentence: " .. why, 0)
      end
   end
   return why
end

-- Calls a reader that raises its sentences at its caller's line.
local function guarded(op, f, ...)
   local good, value = pcall(f, ...)
   if good then return true, value end
   return false, sentence(op, (tostring(value):gsub('^[^:]*readers%.lua:%d+: ', '')))
end

local function same(a, b)
   if type(a) ~= type(b) then return false end
   if a == b or a ~= a and b ~= b then return true end
   if Tensor.is(a) and Tensor.is(b) then
      return a.dtype == b.dtype and table.concat(a.sizes, 'x') == table.concat(b.sizes, 'x')
         and a:toString() == b:toString()
   end
   if type(a) ~= 'table' or type(b) ~= 'table' or Tensor.is(a) or Tensor.is(b) then return false end
   for key, value in next, a do
      if not same(value, b[key]) then return false end
   end
   for key in next, b do
      if a[key] == nil then return false end
   end
   return true
end

local function requireSame(a, b)
   if not same(a, b) then error('what was written reads as something else', 0) end
end

-- Releases all tensors in a value.
local function release(value)
   if Tensor.is(value) then
      value:release()
   elseif type(value) == 'table' then
      for _, inner in next, value do release(inner) end
   end
end

-- ---- the readers ----------------------------------------------------------------------------

local all = {}

--- `.npy`
function all.npy(text)
   put(READ, text)
   local t, why = lacuna.io.readNpy(READ)
   if not t then return sentence('readNpy', why) end
   assert(lacuna.io.writeNpy(WRITTEN, t))
   local again = assert(lacuna.io.readNpy(WRITTEN))
   requireSame(t, again)
   release { t, again }
end

--- `.safetensors`
function all.safetensors(text)
   put(READ, text)
   local tensors, metadata = lacuna.io.loadTensors(READ)
   if not tensors then return sentence('loadTensors', metadata) end
   local good, why = guarded('json', lacuna.io.saveTensors, WRITTEN, tensors, metadata)
   if good then
      local again, about = assert(lacuna.io.loadTensors(WRITTEN))
      requireSame(tensors, again)
      requireSame(metadata, about)
      release(again)
   end
   release(tensors)
   return not good and why or nil
end

-- A checkpoint around a content.
local function around(content)
   local tensors = { ['net.weight'] = Tensor.of { 1, 2 }, checksum = Tensor.zeros(4,
      { dtype = 'uint8' }) }
   local head, order = safetensors.header(tensors,
      { format = 'lacuna checkpoint', version = '1', content = content }, 'checksum')
   local text = head .. order[1]:toString() .. order[2]:toString()
   release(tensors)
   return text
end

-- The same bytes with the checksum that they should have.
local function sealed(text)
   local body = text:sub(1, -5)
   local crc, list = file.checksum(0, body), {}
   for i = 1, 4 do
      list[i] = string.char(crc % 256)
      crc = math.floor(crc / 256)
   end
   return body .. table.concat(list)
end

local function readCheckpoint(text)
   put(READ, text)
   local content, why = lacuna.checkpoint.read(READ)
   if not content then return sentence('checkpoint', why) end
   local good, packed = guarded('save', format.pack, content, content.origin)
   if good then
      assert(format.write('save', WRITTEN, packed))
      release(packed.tensors[#packed.tensors])
      local again = assert(lacuna.checkpoint.read(WRITTEN))
      requireSame(content, again)
      release(again)
   end
   release(content)
   return not good and packed or nil
end

--- Checkpoints, as they are and with a checksum that is right; or what one holds.
function all.checkpoint(text)
   if text:sub(1, 1) == '{' then
      local good, whole = guarded('json', around, text)
      return good and readCheckpoint(sealed(whole)) or whole
   end
   return readCheckpoint(text) or readCheckpoint(sealed(text))
end

--- Lists of meshes: `path class split`, a line each.
function all.list(text)
   put(READ, text)
   local good, set = guarded('meshes', meshes.open, { data = READ })
   if not good then return set end
   local lines = {}
   for _, split in ipairs { 'train', 'test' } do
      for _, item in ipairs(set[split]) do
         if set.classes[item.label] ~= item.class then error('the wrong label', 0) end
         lines[#lines + 1] = ('%s %s %s\n'):format(item.path, item.class, item.split)
      end
   end
   put(WRITTEN, table.concat(lines))
   requireSame(set, meshes.open { data = WRITTEN })
end

--- JSON.
function all.json(text)
   put(READ, text)
   local value, why = lacuna.io.readJson(READ)
   if value == nil then return sentence('readJson', why) end
   local good, written = guarded('json', json.encode, value)
   if not good then return written end
   local again = json.decode(written)
   requireSame(value, again)
   requireSame(written, json.encode(again))
   requireSame(value, (json.decode(json.encode(value, true))))
end

--- What data workers send.
function all.bytes(text)
   local good, value = guarded('bytes', bytes.decode, text)
   if not good then return value end
   local again = bytes.decode(bytes.encode(value))
   requireSame(value, again)
   release { value, again }
end

-- ---- what they may take -----------------------------------------------------------------------

-- Bytes of Lua and of C that a reader may take beside those that follow the input's size.
local LUA, C_BYTES, TIMES = 2 ^ 20, 16 * 2 ^ 20, 1000

--- Gives a reader with its memory watched.
-- @tparam string name
-- @treturn function of the bytes
function readers.reader(name)
   local read = all[name] or error('no reader ' .. name)
   lacuna.device 'cpu'
   collectgarbage 'stop'
   return function(text)
      input = text
      local live, peak = C.lac_memory_live(0), C.lac_memory_peak(0)
      local before = collectgarbage 'count'
      local answer = read(text)
      local taken = (collectgarbage 'count' - before) * 1024
      if taken > LUA + TIMES * #text then
         error(('%.0f bytes of Lua for an input of %d'):format(taken, #text), 0)
      end
      local most = C.lac_memory_peak(0)
      if most > peak and most - live > C_BYTES + TIMES * #text then
         error(('%.0f bytes of C for an input of %d'):format(most - live, #text), 0)
      end
      if C.lac_memory_live(0) ~= live or before > 64 * 1024 then
         collectgarbage()
         collectgarbage()
         collectgarbage 'stop'
         local left = C.lac_memory_live(0) - live
         if left ~= 0 then error(('%.0f bytes left behind'):format(left), 0) end
      end
      return answer and answer:match 'not JSON: (.-) at character'
   end
end

return readers
