--- Finds every function and method that a script can name, by walking modules and classes.
-- @module spec.support.wild_targets
local lacuna = require 'lacuna'
local lfs = require 'lfs'

local targets = {}

--- Not driven, and why.  A pattern for each; a module's functions begin with its file's name.
targets.exempt = {
   { '^Tensor%.fromPointer$', 'reads memory at an address that its caller answers for' },
   { '^options%.read$', 'ends the script when it meets --help' },
   { '^fail%.', 'raises the sentence that it is given' },
   { '^class%.original$', 'looks a function up' },
   { '^Tensor%.slice$', 'internal: operations check before it' },
   { '^clock$', 'has no arguments' },
   { '^ops%.index$', 'internal: is told who asks' },
   { '^Sites%.perAxis$', 'internal: is told who asks' },
   { 'Tensor%.check$', 'internal: is told who asks' },
   { '^Sites%.Rulebook%.check$', 'internal: is told who asks' },
   { '^image%.colour$', 'internal: is told who asks' },
   { '^optim%.%w+%.update$', 'internal: a class\'s own part of `step`' },
   { '^optim%.%w+%.slot$', 'internal: a class\'s own part of `step`' },
   { '^nn%.BatchNormalization%.rows$', 'internal: a class\'s own part of `forward`' },
   { '^nn%.BatchNormalization%.update$', 'internal: a class\'s own part of `forward`' },
}

-- Modules that nobody but the library names: a script meets them through those that are driven.
targets.inner = {
   'native', 'notes', 'interrupt', 'jit_guard', 'elements', 'show', 'scope', 'hooks', 'ops%..*',
   'io%..*', 'help%..*', 'plot%..*', 'checkpoint%..*', 'mesh%..*', 'data%.%l.*',
   'nn%.%l.*', 'optim%.init', 'repl.*', 'view%..*', 'class%..*', 'image%..*', 'retrieval%..*',
}

local function matches(name, list)
   for _, entry in ipairs(list) do
      local pattern = type(entry) == 'table' and entry[1] or '^' .. entry .. '$'
      if name:find(pattern) then return entry end
   end
end

--- Every module of the library: `nn.ReLU`, `json`, ...
-- @tparam string folder of the library
-- @treturn table names
function targets.modules(folder)
   local list = {}
   local function walk(path, prefix)
      for file in lfs.dir(path) do
         local name = file:match '^([%w_]+)%.lua$'
         if name and name ~= 'init' then list[#list + 1] = prefix .. name end
         if not file:find '%.' and lfs.attributes(path .. '/' .. file, 'mode') == 'directory' then
            walk(path .. '/' .. file, prefix .. file .. '.')
         end
      end
   end
   walk(folder, '')
   table.sort(list)
   return list
end

local function names(fields)
   local list = {}
   for key in next, fields do
      if type(key) == 'string' then list[#list + 1] = key end
   end
   table.sort(list)
   return list
end

--- Every function that a script can name.
-- @tparam string folder of the library
-- @tparam table objects some of every kind, whose classes may have no name of their own
-- @treturn table of `{ name, f, class }`
-- @treturn table of `{ name, why }`: those left out
function targets.find(folder, objects)
   local list, left, seen = {}, {}, { [lacuna] = true, [_G] = true, [package.loaded] = true }
   local known = {}
   local function add(name, f, class)
      local exempt = matches(name, targets.exempt)
      if exempt then
         left[#left + 1] = { name = name, why = exempt[2] }
      elseif not known[f] then
         known[f] = true
         list[#list + 1] = { name = name, f = f, class = class }
      end
   end
   local function visit(path, value, class, depth)
      local last = path:match '[^.]*$'
      if type(value) == 'function' then
         local own = last:find '^__%w*index$' or last == '__init' or last == '__call'
         if not own then add(path, value, class) end
      elseif type(value) == 'table' and not seen[value] and depth < 4 then
         seen[value] = true
         local isClass = rawget(value, '__typename') ~= nil
         if isClass then add(path .. '()', value) end
         for _, key in ipairs(names(value)) do
            visit(path .. '.' .. key, value[key], isClass and value or nil, depth + 1)
         end
      end
   end
   for _, module in ipairs(targets.modules(folder)) do
      if not matches(module, targets.inner) then
         visit(module, require('lacuna.' .. module), nil, 0)
      end
   end
   for _, part in ipairs(names(getmetatable(lacuna).__names)) do
      visit(part, lacuna[part], nil, 0)
   end
   for _, key in ipairs(names(lacuna)) do
      if type(lacuna[key]) == 'function' then visit('lacuna.' .. key, lacuna[key], nil, 0) end
   end
   for _, object in ipairs(objects) do
      local class = getmetatable(object)
      while type(object) == 'table' and type(class) == 'table' and rawget(class, '__typename') do
         visit(class.__typename, class, nil, 0)
         class = (getmetatable(class) or {}).__index
      end
   end
   return list, left
end

return targets
