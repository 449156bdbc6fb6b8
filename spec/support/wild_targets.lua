--- Finds every function and method that a script can name, by walking modules and classes, and
-- every operator that classes and modules define.
-- @module spec.support.wild_targets
local lacuna = require 'lacuna'
local lfs = require 'lfs'
local operators = require 'spec.support.wild_operators'

local targets = {}

--- Not driven, and why: a pattern for each.  A module's functions begin with its file's name.
targets.exempt = {
   { '^Tensor%.fromPointer$', 'reads memory at an address that its caller answers for' },
   { '^clock$', 'has no arguments' },
   { '^interrupt%.check$', 'has no arguments' },
   { '^interrupt%.taken$', 'has no arguments' },
   { '^interrupt%.library$', 'tells the program what to open and watch, for native alone' },
   { '^class%.original$', 'looks a function up, and gives back what is none' },
   { '^Tensor%.slice$', 'internal: operations check before it' },
   { '^ops%.index$', 'internal: is told who asks' },
   { '^Sites%.perAxis$', 'internal: is told who asks' },
   { 'Tensor%.check$', 'internal: is told who asks' },
   { '^Rulebook%.check$', 'internal: is told who asks' },
   { '^image%.colour$', 'internal: is told who asks' },
   { '^data%.datasets%.check$', 'internal: is told who asks' },
   { '^data%.datasets%.byLabel$', 'internal: is told who asks' },
   { '^optim%.%w+%.update$', 'internal: a class\'s own part of `step`' },
   { '^optim%.%w+%.slot$', 'internal: a class\'s own part of `step`' },
   { '^nn%.BatchNormalization%.rows$', 'internal: a class\'s own part of `forward`' },
   { '^nn%.BatchNormalization%.update$', 'internal: a class\'s own part of `forward`' },
   { '^nn%.Activations%.%l+$', 'internal: Module makes and fills the list' },
   { '^nn%.Activations%(%)$', 'internal: Module makes and fills the list' },
   { '^Hook%(%)$', 'internal: the `register` methods make it' },
   { '^Hook%.run$', 'internal: modules and tensors call it' },
}

--- Modules that no script calls, and why: a pattern for each.  What they define and a script meets
-- all the same, as a function of another module or as a method of an object, is driven.
targets.inner = {
   { 'fail', 'raises the sentence that it is given' },
   { 'native', 'is C itself: what calls it checks before' },
   { 'notes', 'is the library\'s own table of what it knows' },
   { 'jit_guard', 'has no functions that a script needs' },
   { 'scope', 'is `lacuna.scope` and `lacuna.noGrad` to scripts' },
   { 'elements', 'reads and writes numbers for Tensor' },
   { 'show', 'prints for Tensor' },
   { 'ops%..+', 'is `lacuna.ops` and methods of Tensor to scripts' },
   { 'io%..+', 'is `lacuna.io` and checkpoints to scripts' },
   { 'mesh%.transform', 'is `lacuna.mesh` to scripts' },
   { 'checkpoint%..+', 'is `lacuna.checkpoint` to scripts' },
   { 'help%..+', 'is `lacuna.help` to scripts' },
   { 'plot%..+', 'is `lacuna.plot` to scripts' },
   { 'view%..+', 'is `lacuna.view` to scripts' },
   { 'repl', 'is the prompt, which the program starts' },
   { 'repl%..+', 'is the prompt, which the program starts' },
   { 'nn%.%l%w+', 'is shared by layers, which are driven' },
   { 'data%.bytes', 'is what loaders and workers tell each other' },
   { 'data%.draw', 'is what loaders and workers have in common' },
   { 'data%.worker_state', 'runs in a worker' },
   { 'data%.seeds', 'draws for samplers and loaders, which check before' },
   { 'data%.shape_recipes', 'draws for `data.shapes`, with its generator' },
}

local function matches(name, list, whole)
   for _, entry in ipairs(list) do
      if name:find(whole and '^' .. entry[1] .. '$' or entry[1]) then return entry end
   end
end

--- Tells why a module is not driven.
-- @tparam string name such as `data.bytes`
-- @treturn ?table its entry of `inner`
function targets.innerOf(name) return matches(name, targets.inner, true) end

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
            if lfs.attributes(path .. '/' .. file .. '/init.lua') then
               list[#list + 1] = prefix .. file
            end
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

-- What kind of thing a metatable's function is; an unknown one must not pass unseen.
local function operatorOf(path, key)
   return operators.of(key) or error(('%s.%s is an operator that is not known'):format(path, key))
end

-- The class that a metamethod was written for: those that inherit from it have a copy.
local function definer(class, key)
   local above = getmetatable(class)
   above = type(above) == 'table' and rawget(above, '__index')
   while type(above) == 'table' and rawget(above, key) == rawget(class, key) do
      class = above
      above = rawget(getmetatable(class) or {}, '__index')
   end
   return class, rawget(class, '__typename')
end

local LEAD = { 'call', 'index', 'newindex' }  -- what tables of functions define for themselves

--- Every function that a script can name.
-- @tparam string folder of the library
-- @tparam table objects some of every kind, whose classes may not be fields of a module
-- @tparam table nameless metatable -> name, of objects whose metatable is no class
-- @treturn table of `{ name, f, class, operator, raw }`; `operator` is its key, such as `__add`;
-- `raw` what a class or module holds
-- @treturn table of `{ name, why, raw }`: those left out; those of inner modules have `inner`, too
function targets.find(folder, objects, nameless)
   local list, left, seen = {}, {}, { [lacuna] = true, [_G] = true, [package.loaded] = true }
   local known, inner, module = {}, nil, nil
   local function add(name, f, class, key, own)
      if known[f] then return end
      known[f] = true
      local exempt = inner or matches(name, targets.exempt)
      if exempt then
         exempt.used = true
         left[#left + 1] = { name = name, why = exempt[2], inner = inner ~= nil,
            module = module, raw = f }
      else
         list[#list + 1] = { name = name, f = own or f, raw = f, class = class, operator = key }
      end
   end
   -- what an object, a module or a class does when it is called or indexed
   local function lead(path, value, isClass)
      local meta = getmetatable(value)
      for _, word in ipairs(type(meta) == 'table' and LEAD or {}) do
         local key = '__' .. word
         local f = rawget(meta, key)
         if type(f) == 'function' then
            local name = key == '__call' and path .. '()' or path .. '.' .. key
            add(name, f, nil, nil, isClass and key == '__call' and value
               or operators.on(key, value))
         end
      end
   end
   local function visit(path, value, class, depth)
      local last = path:match '[^.]*$'
      if type(value) == 'function' then
         if last == '__init' then return end  -- the class that is called
         if class and last:find '^__' then
            local first, owner = definer(class, last)
            add(owner and owner .. '.' .. last or path, value, first, last,
               operatorOf(path, last))
         else
            add(path, value, class)
         end
      elseif type(value) == 'table' and not seen[value] and depth < 4 then
         seen[value] = true
         path = rawget(value, '__typename') or path
         local isClass = path == rawget(value, '__typename') or value == class
         lead(path, value, isClass)
         for _, key in ipairs(names(value)) do
            visit(path .. '.' .. key, value[key], isClass and value or nil, depth + 1)
         end
      end
   end
   local all = targets.modules(folder)
   for _, name in ipairs(all) do
      if not targets.innerOf(name) then visit(name, require('lacuna.' .. name), nil, 0) end
   end
   for _, part in ipairs(names(getmetatable(lacuna).__names)) do
      visit(part, lacuna[part], nil, 0)
   end
   for _, key in ipairs(names(lacuna)) do
      if type(lacuna[key]) == 'function' then visit('lacuna.' .. key, lacuna[key], nil, 0) end
   end
   lead('lacuna', lacuna)
   for _, object in ipairs(objects) do
      local class = type(object) == 'table' and getmetatable(object)
      while type(class) == 'table' do
         local name = rawget(class, '__typename') or nameless[class]
         if not name then break end
         visit(name, class, class, 0)
         class = (getmetatable(class) or {}).__index
      end
   end
   for _, name in ipairs(all) do
      inner, module = targets.innerOf(name), name
      if inner then visit(name, require('lacuna.' .. name), nil, 0) end
   end
   return list, left
end

return targets
