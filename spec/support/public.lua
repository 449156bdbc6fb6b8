--- Every name that a script can reach from `lacuna`, found by reflection: what help must document.
-- @module spec.support.public
local lacuna = require 'lacuna'
local lfs = require 'lfs'

local public = {}

-- Loads what a part would load when it is first used.
local function loadFolder(part, pattern)
   for file in lfs.dir('lua/lacuna/' .. part) do
      local name = file:match '^(.*)%.lua$'
      if name and name ~= 'init' and name:find(pattern) then local _ = lacuna[part][name] end
   end
end

local function parts()
   local list = {}
   for file in lfs.dir 'lua/lacuna' do
      list[#list + 1] = file:match '^(.*)%.lua$' or not file:find('.', 1, true) and file or nil
   end
   for _, name in ipairs(list) do local _ = lacuna[name] end
   loadFolder('nn', '^%u')
   loadFolder('optim', '.')
end

--- Lists the names: functions, classes and modules, and the methods of classes, not inherited.
-- @treturn table of `{ path, value }`, sorted by path
function public.names()
   parts()
   local list, seen = {}, {}
   local function visit(path, value)
      local isTable = type(value) == 'table'
      if type(value) == 'function' or isTable then list[#list + 1] = { path, value } end
      local isModule = isTable and (rawget(value, '__typename') or path == 'lacuna')
      for name, module in pairs(package.loaded) do
         if isTable and module == value and name:find '^lacuna' then isModule = true end
      end
      if not isModule or seen[value] then return end
      seen[value] = true
      for key, inner in next, value do
         local isOwn = type(key) ~= 'string' or key:find '^__'
         if not isOwn then
            visit(path == 'lacuna' and lacuna[key] ~= nil and key or path .. '.' .. key, inner)
         end
      end
   end
   visit('lacuna', lacuna)
   table.sort(list, function(a, b) return a[1] < b[1] end)
   return list
end

return public
