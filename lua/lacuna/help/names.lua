--- Walks what a script can name: `lacuna` and everything that can be reached from it.
-- @module lacuna.help.names
local class = require 'lacuna.class'

local names = {}

local here = debug.getinfo(1, 'S').source:match '^@(.*)help/names%.lua$'

--- Tells the file of a function of the library, from `lacuna/` on.
-- @tparam function f
-- @treturn ?string nil for a function of somebody else
-- @treturn ?number the line where it begins
function names.origin(f)
   local info = debug.getinfo(class.original(f), 'S')
   local source = info.source
   if source:sub(1, #here + 1) ~= '@' .. here then return nil end
   return 'lacuna/' .. source:sub(#here + 2), info.linedefined
end

--- The folder in which `lacuna/` lies, ending in a slash.
names.root = here:match '^(.*/)lacuna/$' or './'

-- Whether a table loads its fields when they are first used, by a function of ours.
local function loadsLater(value)
   local meta = debug.getmetatable(value)
   local index = type(meta) == 'table' and rawget(meta, '__index')
   return type(index) == 'function' and names.origin(index) ~= nil
end

local function filesOf(folder, keep)
   local found, lfs = {}, require 'lfs'
   if lfs.attributes(here .. folder, 'mode') ~= 'directory' then return found end
   for file in lfs.dir(here .. folder) do
      local name = file:match '^(%w+)%.lua$'
      if name and name ~= 'init' and name:find(keep) then found[name] = true end
   end
   return found
end

-- Lower-case files of nn are what its layers have in common.
local folders = { nn = '^%u', optim = '.' }

--- Lists the names that a table of the library would load, without loading one.
-- @param value anything
-- @treturn ?table a set of names; nil if the value is no such table
function names.later(value)
   if type(value) ~= 'table' or not loadsLater(value) then return nil end
   for folder, keep in pairs(folders) do
      if rawequal(value, package.loaded['lacuna.' .. folder]) then return filesOf(folder, keep) end
   end
   local parts = rawget(debug.getmetatable(value), '__names')
   if type(parts) ~= 'table' then return nil end
   local found = {}
   for name in next, parts do found[name] = true end
   return found
end

-- ---- the walk -----------------------------------------------------------------------------------

local function keysOf(value)
   local set, list = {}, {}
   for key in next, value do
      if type(key) == 'string' then set[key] = true end
   end
   for key in next, names.later(value) or {} do set[key] = true end
   for key in next, set do list[#list + 1] = key end
   table.sort(list)
   return list
end

--- Tells which module of the library a table is.
-- @param value anything
-- @treturn ?string such as `nn`; the shortest where it has several names
function names.module(value)
   local found
   for name, module in next, package.loaded do
      if rawequal(module, value) and type(name) == 'string' then
         local short = name == 'lacuna' and name or name:match '^lacuna%.(.+)$'
         if short and type(value) == 'table' and not (found and #found <= #short) then
            found = short
         end
      end
   end
   return found
end

-- What `a.b.c` stands for; what cannot be loaded is nil.
local function get(value, key)
   local ok, inner = pcall(function() return value[key] end)
   if ok then return inner end
end

--- Finds what a path from `lacuna` leads to, `ops.Generator.state`.
-- @tparam string path
-- @return the value, nil if the path leads nowhere
function names.find(path)
   local value = require 'lacuna'
   if not path:find '%.' then return nil end
   for key in path:gmatch '[^.]+' do
      if type(value) ~= 'table' then return nil end
      value = get(value, key)
   end
   return value
end

-- First the places where things are made, then those that only give them another name.
local order = {
   'Generator', 'ops', 'nn', 'optim', 'data', 'autograd', 'Tensor', 'SparseTensor', 'Sites',
}

local function roots(lacuna)
   local list, had = {}, {}
   for _, name in ipairs(order) do
      list[#list + 1], had[name] = name, true
   end
   for _, name in ipairs(keysOf(lacuna)) do
      if not had[name] then list[#list + 1] = name end
   end
   return list
end

--- Lists all public names, loading all parts.
-- @treturn table of `path` (such as `nn.ReLU`, `Tensor.add`, `seed`), `value`, `class` (the class
-- that it is a method of), `key`: the name by which a comment would document it
function names.walk()
   local lacuna = require 'lacuna'
   local list, seen = {}, {}
   local visit
   local function put(path, value, owner, inside)
      local last = path:match '[^.]*$'
      list[#list + 1] = { path = path, value = value, class = inside, last = last,
         key = (owner or 'lacuna') .. '.' .. last }
      local isTable = type(value) == 'table' and not seen[value]
      local isInstance = isTable and rawget(value, '__typename') == nil
         and type(getmetatable(value)) == 'table' and rawget(getmetatable(value), '__typename')
      if isTable and not isInstance then visit(path, value) end
   end
   function visit(path, value)
      local typename = rawget(value, '__typename')
      local owner = typename or names.module(value)
      if not owner then return end
      seen[value] = true
      for _, key in ipairs(keysOf(value)) do
         if not key:find '^__' or key == '__call' then
            put(path .. '.' .. key, get(value, key), owner, typename and value or nil)
         end
      end
   end
   seen[lacuna] = true
   for _, name in ipairs(roots(lacuna)) do put(name, get(lacuna, name), nil, nil) end
   return list
end

return names
