--- Reads the source tree, for the specs about its form.
-- @module spec.support.tree
local lfs = require 'lfs'

local tree = {}

--- Lists the files below folders whose names end in one of some ways.
-- @tparam table folders
-- @tparam table endings such as `{ 'c', 'h' }`
-- @treturn table paths, sorted
function tree.files(folders, endings)
   local list, wanted = {}, {}
   for _, ending in ipairs(endings) do wanted[ending] = true end
   local function walk(folder)
      for name in lfs.dir(folder) do
         local path = folder .. '/' .. name
         if name:sub(1, 1) ~= '.' and lfs.attributes(path, 'mode') == 'directory' then
            walk(path)
         elseif wanted[name:match '%.([^.]+)$'] then
            list[#list + 1] = path
         end
      end
   end
   for _, folder in ipairs(folders) do
      if lfs.attributes(folder, 'mode') == 'directory' then walk(folder) end
   end
   table.sort(list)
   return list
end

--- Reads a file.
function tree.read(path)
   local file = assert(io.open(path))
   local text = file:read '*a'
   file:close()
   return text
end

--- Reads all files below a folder as one text.
function tree.readAll(folder, ending)
   local texts = {}
   for i, path in ipairs(tree.files({ folder }, { ending })) do texts[i] = tree.read(path) end
   return table.concat(texts, '\n')
end

return tree
