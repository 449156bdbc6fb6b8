--- Tensors and tables in files: numpy's `.npy`, `.safetensors`, JSON.
--
-- What a file does wrong (it is missing, cut short, lies about itself; the disk is full) comes
-- back as `nil` and a sentence, for `assert` or for the script to act on. Files are written to
-- one beside and renamed when whole, so a path never holds half a file. Nothing that is read is
-- executed.
-- @module lacuna.io
-- @usage
-- local lacuna = require 'lacuna'
-- assert(lacuna.io.writeNpy('x.npy', lacuna.ones(2, 3)))
-- local x = assert(lacuna.io.readNpy 'x.npy')
-- assert(lacuna.io.saveTensors('net.safetensors', { weight = x }, { epoch = '3' }))
-- local tensors, metadata = assert(lacuna.io.loadTensors 'net.safetensors')
-- print(tensors.weight, metadata.epoch)
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local json = require 'lacuna.json'
local npy = require 'lacuna.io.npy'
local safetensors = require 'lacuna.io.safetensors'
local Tensor = require 'lacuna.Tensor'

local io = {}

--- What stands for JSON's null in tables that are read or written.
io.null = json.null

-- Gives what a format's reader gives, with who asked and which file before a failure's sentence.
local function readHeader(op, path, reader)
   return file.open(op, path, function(handle, size)
      local header, more, offset = reader(handle, size)
      if header == nil then return nil, ('%s: %s: %s'):format(op, path, more) end
      return header, more, offset
   end)
end

--- Reads a tensor from a `.npy` file of versions 1 to 3 and any byte order. Reals of 2, 4 and 8
-- bytes become float32; whole numbers become uint8, int32 or int64, the smallest that holds them.
-- @tparam string path
-- @tparam[opt] table options `device`
-- @treturn ?Tensor
-- @treturn ?string why not
function io.readNpy(path, options)
   options = fail.options('readNpy', options, { device = Tensor.defaultDevice })
   local header, why = readHeader('readNpy', path, npy.readHeader)
   if not header then return nil, why end
   return file.load('readNpy', path, header.offset, header.type, header.sizes, options.device)
end

--- Writes a tensor to a `.npy` file.
-- @tparam string path
-- @tparam Tensor tensor
-- @treturn ?boolean true
-- @treturn ?string why not
function io.writeNpy(path, tensor)
   Tensor.check('writeNpy', 'tensor', tensor)
   return file.save('writeNpy', path, npy.header(tensor), { tensor })
end

--- Writes named tensors, and strings about them, to a `.safetensors` file. The same tensors give
-- the same bytes.
-- @tparam string path
-- @tparam table tensors by name
-- @tparam[opt] table metadata strings by string
-- @treturn ?boolean true
-- @treturn ?string why not
function io.saveTensors(path, tensors, metadata)
   if type(tensors) ~= 'table' or Tensor.is(tensors) then
      fail.raise('saveTensors: tensors are %s, expected a table of them by name',
         fail.describe(tensors))
   end
   if metadata ~= nil and type(metadata) ~= 'table' then
      fail.raise('saveTensors: metadata is %s, expected a table', fail.describe(metadata))
   end
   file.path('saveTensors', path)
   local head, order = safetensors.header(tensors, metadata)
   return file.save('saveTensors', path, head, order)
end

--- Reads the tensors of a `.safetensors` file. Elements other than F32, I32, I64 and U8 are
-- converted as in @{readNpy}.
-- @tparam string path
-- @tparam[opt] table options `device`
-- @treturn ?table tensors by name
-- @treturn table|string the metadata, empty if there is none; or why not
function io.loadTensors(path, options)
   options = fail.options('loadTensors', options, { device = Tensor.defaultDevice })
   local entries, metadata, offset = readHeader('loadTensors', path, safetensors.readHeader)
   if not entries then return nil, metadata end
   local tensors = {}
   for _, entry in ipairs(entries) do
      local t, why = file.load('loadTensors', path, offset + entry.first, entry.type, entry.sizes,
         options.device)
      if not t then
         for _, made in pairs(tensors) do made:release() end
         return nil, why
      end
      tensors[entry.name] = t
   end
   return tensors, metadata
end

--- Reads a JSON file.
-- @tparam string path
-- @return the value, with `io.null` for null; nil if it cannot be read
-- @treturn ?string why not
function io.readJson(path)
   local text, why = file.read('readJson', path)
   if not text then return nil, why end
   local value
   value, why = json.decode(text)
   if value == nil then return nil, ('readJson: %s: %s'):format(path, why) end
   return value
end

--- Writes a table to a JSON file, in lines, keys in order. Tables with keys 1 to n are arrays.
-- @tparam string path
-- @param value a table of tables, strings, numbers and booleans
-- @treturn ?boolean true
-- @treturn ?string why not
function io.writeJson(path, value)
   return file.save('writeJson', path, json.encode(value, true) .. '\n')
end

return io
