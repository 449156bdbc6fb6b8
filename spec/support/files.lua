--- A folder for the files of one test, and what specs do with files.
-- @module spec.support.files
local files = {}

local folder

--- Makes the folder; for before_each.
function files.open()
   folder = os.tmpname()
   os.remove(folder)
   os.execute('mkdir ' .. folder)
end

--- Removes the folder and all in it; for after_each.
function files.close() os.execute('rm -rf ' .. folder) end

--- The path of a name in the folder; without one, the folder's.
function files.at(name) return name and folder .. '/' .. name or folder end

--- Writes bytes to a file in the folder and gives its path.
function files.write(name, bytes)
   local handle = assert(io.open(files.at(name), 'wb'))
   handle:write(bytes)
   handle:close()
   return files.at(name)
end

--- The bytes of a file, or nil.
function files.read(path)
   local handle = io.open(path, 'rb')
   if not handle then return nil end
   local bytes = handle:read('*a')
   handle:close()
   return bytes
end

--- What a command prints.
function files.shell(command)
   local pipe = io.popen(command .. ' 2>&1')
   local text = pipe:read('*a')
   pipe:close()
   return text
end

--- Whether python3 is there, with a module.
function files.python(module)
   return files.shell(('python3 -c "import %s; print(7)"'):format(module or 'sys')) == '7\n'
end

--- Calls a reader that must refuse a file in a sentence that matches.
function files.refuses(assert, pattern, reader, path)
   local value, why = reader(path)
   assert.is_nil(value)
   assert.is_truthy(why:match(pattern), ('%q does not match %q'):format(why, pattern))
end

return files
