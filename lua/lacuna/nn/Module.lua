--- What every layer is: parameters, buffers, children, and a `forward` written with operations.
--
--     local Scale = class('nn.Scale', nn.Module)
--     function Scale:__init(planes)
--        nn.Module.__init(self)
--        self:parameter('weight', lacuna.ones(1, planes))
--     end
--     function Scale:forward(input) return input:map(ops.mul, self.weight) end
--
-- `net(x)` calls `forward`.  Gradients belong to the operations; a layer has none to write.
--
-- Fields: what `parameter`, `buffer` and `child` registered, by name, and the names in the order of
-- registration, `parameterNames`, `bufferNames`, `childNames`.  After a call, `last` says what came
-- out: for a sparse tensor `sites` (how many), `planes`, `spatialSize`, `batchSize` and `density`
-- (active cells of all cells, 0 to 1); for a dense one `shape`; for all `output`, in words,
-- `seconds`, how long it took with what is inside, and `multiplyAdds`, where the layer counts them.
-- @classmod lacuna.nn.Module
local Activations = require 'lacuna.nn.activations'
local class = require 'lacuna.class'
local clock = require 'lacuna.clock'
local fail = require 'lacuna.fail'
local Hook = require 'lacuna.hooks'
local hooked = require 'lacuna.nn.hooked'
local place = require 'lacuna.nn.place'
local report = require 'lacuna.nn.report'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local Module = class('nn.Module')

--- Makes a module without parameters.  Constructors of layers call it first.
function Module:__init()
   self.training_ = true
   self.parameterNames, self.bufferNames, self.childNames = {}, {}, {}
end

local function checkName(self, name)
   if not Module.is(self) then
      fail.raise('%s: the module was not set up, expected Module.__init(self) first in __init',
         self.__typename)
   end
   if type(name) ~= 'string' or name == '' or name:find('.', 1, true) then
      fail.raise('%s: a name is %s, expected a string without dots', self.__typename,
         fail.describe(name))
   end
   for _, names in ipairs { self.parameterNames, self.bufferNames, self.childNames } do
      for _, other in ipairs(names) do
         if other == name then
            fail.raise('%s: %s exists already, expected another name', self.__typename, name)
         end
      end
   end
   if type(getmetatable(self)[name]) == 'function' then
      fail.raise('%s: a name is %q, which is a method, expected another', self.__typename, name)
   end
end

--- Registers a tensor that learns; it becomes a field of that name.
-- @tparam string name
-- @tparam Tensor tensor
-- @treturn Tensor
function Module:parameter(name, tensor)
   checkName(self, name)
   self[name] = Tensor.check(self.__typename, name, tensor):keep():requireGrad()
   tensor.learns = true  -- also while it is frozen
   self.parameterNames[#self.parameterNames + 1] = name
   return tensor
end

--- Registers a tensor that is saved but does not learn; it becomes a field of that name.
-- @tparam string name
-- @tparam Tensor tensor
-- @treturn Tensor
function Module:buffer(name, tensor)
   checkName(self, name)
   self[name] = Tensor.check(self.__typename, name, tensor):keep()
   self.bufferNames[#self.bufferNames + 1] = name
   return tensor
end

--- Registers a module inside this one; it becomes a field of that name.
-- @tparam string name
-- @tparam Module module
-- @treturn Module
function Module:child(name, module)
   checkName(self, name)
   self[name] = self:admit(name, module)
   self.childNames[#self.childNames + 1] = name
   return module
end

--- Tells whether a value is a module.
-- @param value anything
-- @treturn boolean
function Module.is(value)
   return type(value) == 'table' and type(rawget(value, 'parameterNames')) == 'table'
      and type(rawget(value, 'childNames')) == 'table'
end

-- internal: checks that a value is a module that may stand inside this one.
function Module:admit(name, module)
   if not Module.is(module) then
      local kind = type(module) == 'table' and rawget(module, '__typename')
      fail.raise('%s: %s is %s, expected a module', self.__typename, tostring(name),
         kind and ('the class %s'):format(tostring(kind)) or fail.describe(module))
   end
   for _, entry in ipairs(module:namedModules()) do
      if entry[2] == self then
         fail.raise('%s: %s holds this module itself, expected one that does not', self.__typename,
            tostring(name))
      end
   end
   return module
end

--- Computes the output.  Every layer defines its own.
-- @param input what the layer takes
-- @return what it gives
function Module:forward()
   fail.raise('%s: has no forward, expected a class that defines it', self.__typename)
end

local function note(self, output, seconds)
   local last = {
      seconds = seconds, output = report.output(output), multiplyAdds = self.multiplyAdds,
   }
   if SparseTensor.is(output) then
      local sites = output.sites
      last.sites, last.planes, last.spatialSize = sites.count, output:planes(), sites.spatialSize
      last.batchSize, last.density = sites.batchSize, output:density()
   elseif Tensor.is(output) then
      last.shape = output:shape()
   end
   self.last = last
end

--- Runs `forward`, with hooks around it where there are any, and notes in `last` what it gave.
-- @param ... what the layer takes
-- @return what it gives
function Module:__call(...)
   local before = clock()
   local output
   if self.forwardHooks or self.forwardPreHooks or self.backwardHooks then
      output = hooked.forward(self, ...)
   else
      output = hooked.one(self, self:forward(...))
   end
   note(self, output, clock() - before)
   Activations.note(self, output)
   return output
end

fail.tellPlace(place.teller(class.original(Module.__call)))

-- ---- hooks ------------------------------------------------------------------------------------

--- Calls a function before every forward of this module: f(module, inputs), with a list of the
-- inputs.  What it returns, unless nil, is taken instead: a list, or the one input.
--
-- Hooks run in the order in which they came.  One that raises an error ends the pass with it; one
-- that calls the module does not meet itself.
-- @tparam function f
-- @treturn Hook a handle with `remove()`
function Module:registerForwardPreHook(f)
   return Hook('registerForwardPreHook', self, 'forwardPreHooks', f)
end

--- Calls a function after every forward of this module: f(module, inputs, output).  What it
-- returns, unless nil, is the output.
-- @tparam function f
-- @treturn Hook a handle with `remove()`
function Module:registerForwardHook(f)
   return Hook('registerForwardHook', self, 'forwardHooks', f)
end

--- Calls a function in every backward through this module: f(module, gradInput, gradOutput), with
-- a list of gradients of the tensors that came in (`false` for one that needs none) and of those
-- that went out (`false` where the backward began inside).  Of sparse tensors they are those of the
-- features.  What it returns, unless nil, is passed on instead of gradInput: a list, or the one
-- gradient.
-- @tparam function f
-- @treturn Hook a handle with `remove()`
function Module:registerBackwardHook(f)
   return Hook('registerBackwardHook', self, 'backwardHooks', f)
end

-- ---- what is inside -----------------------------------------------------------------------------

-- Whether a module has parameters or buffers, here or inside.
local function holdsTensors(module, seen)
   if #module.parameterNames + #module.bufferNames > 0 then return true end
   seen[module] = true
   for _, name in ipairs(module.childNames) do
      local inner = module[name]
      if Module.is(inner) and not seen[inner] and holdsTensors(inner, seen) then return true end
   end
   return false
end

-- A module in a field that nobody registered would not learn, be saved or moved.
local function checkFields(module, met)
   for name, value in pairs(module) do
      if not met[value] and Module.is(value) and holdsTensors(value, {}) then
         fail.raise("%s: the field %s is a %s that is not registered, expected self:child('%s', "
            .. 'module); one that does not belong here can be kept in a table', module.__typename,
            tostring(name), value.__typename, tostring(name))
      end
   end
end

--- Lists the modules inside, this one first, with their paths.
-- @treturn table of `{ path, module }`
function Module:namedModules()
   local list, open, met = {}, {}, {}
   local function visit(path, module)
      if open[module] then
         fail.raise('%s: %s holds itself, expected no loop', self.__typename, path)
      end
      open[module], met[module] = true, true
      list[#list + 1] = { path, module }
      for name, inner in module:children() do
         visit(path == '' and name or path .. '.' .. name, inner)
      end
      open[module] = nil
   end
   visit('', self)
   for i = 1, #list do checkFields(list[i][2], met) end
   return list
end

--- Goes through the modules directly inside: `for name, module in net:children() do … end`.
-- @treturn function an iterator over those that are there now
function Module:children()
   if not Module.is(self) then checkName(self) end
   local names, modules, i = self.childNames, {}, 0
   for k, name in ipairs(names) do
      modules[k] = self[name]
      if not Module.is(modules[k]) then
         fail.raise('%s: the field %s is %s, expected the module that was put there',
            self.__typename, name, fail.describe(modules[k]))
      end
   end
   return function()
      i = i + 1
      return names[i], modules[i]
   end
end

-- The module that a path leads to, the one that holds it, and its name there.
local function find(op, self, path)
   if type(path) ~= 'string' then
      fail.raise('%s: path is %s, expected a string such as "2.1"', op, fail.describe(path))
   end
   local module, holder, name = self, nil, nil
   for part in path:gmatch '[^.]+' do
      local known, found = {}, nil
      for child, inner in module:children() do
         known[#known + 1] = child
         if child == part then found = inner end
      end
      if not found then
         fail.raise('%s: there is no module %s in %s, expected %s', op, part, module.__typename,
            #known > 0 and table.concat(known, ', ') or 'a module with others inside')
      end
      holder, name, module = module, part, found
   end
   return module, holder, name
end

--- Gives a module inside by its path.
-- @tparam string path names with dots between them; the empty one for this module itself
-- @treturn Module
function Module:get(path) return (find('get', self, path)) end

--- Puts another module where one is.  Parameters follow: `parameters()` lists the new one's.
-- @tparam string path as for @{get}
-- @tparam Module module
-- @treturn Module self
function Module:replace(path, module)
   local _, holder, name = find('replace', self, path)
   if not holder then
      fail.raise('replace: path is %s, expected that of a module inside', fail.describe(path))
   end
   holder[name] = holder:admit(name, module)
   return self
end

local function named(self, field)
   local list, seen = {}, {}
   for _, entry in ipairs(self:namedModules()) do
      local path, module = entry[1], entry[2]
      for _, name in ipairs(module[field]) do
         local tensor = module[name]
         if not Tensor.is(tensor) then
            fail.raise('%s: the field %s is %s, expected the tensor that was put there',
               module.__typename, name, fail.describe(tensor))
         end
         if field == 'parameterNames' and not tensor.learns then
            fail.raise('%s: the field %s is another tensor, expected the parameter that was put '
               .. 'there; values go into it by copy', module.__typename, name)
         end
         if not seen[tensor] then
            seen[tensor] = true
            list[#list + 1] = { path == '' and name or path .. '.' .. name, tensor }
         end
      end
   end
   return list
end

--- Lists the parameters with their paths; one that is shared comes once.
-- @treturn table of `{ path, tensor }`
function Module:namedParameters() return named(self, 'parameterNames') end

--- Lists the parameters.
-- @treturn table of tensors
function Module:parameters()
   local list = named(self, 'parameterNames')
   for i = 1, #list do list[i] = list[i][2] end
   return list
end

--- Counts the numbers that learn.
-- @treturn number
function Module:parameterCount()
   local count = 0
   for _, tensor in ipairs(self:parameters()) do count = count + tensor:nElement() end
   return count
end

--- Adds up the multiply-adds of the last forward, over the whole batch.
-- @treturn number
function Module:multiplyAddCount()
   local count = 0
   for _, entry in ipairs(self:namedModules()) do
      count = count + (entry[2].last and entry[2].last.multiplyAdds or 0)
   end
   return count
end

--- Calls a function with this module and every one inside.
-- @tparam function f
-- @treturn Module self
function Module:apply(f)
   fail.callable('apply', f)
   for _, entry in ipairs(self:namedModules()) do f(entry[2]) end
   return self
end

--- Switches to training: statistics of the batch.
-- @tparam[opt=true] boolean on
-- @treturn Module self
function Module:training(on)
   on = fail.flag('training', 'on', on, true)
   return self:apply(function(module) module.training_ = on end)
end

--- Switches to evaluation: running statistics.
-- @treturn Module self
function Module:evaluate() return self:training(false) end

--- Tells whether the module is in training.
-- @treturn boolean
function Module:isTraining() return self.training_ end

-- What `freeze` and `unfreeze` do.
local function setFrozen(self, on)
   for _, tensor in ipairs(self:parameters()) do
      tensor:requireGrad(not on)
      if on then tensor:zeroGrad() end
   end
   return self:apply(function(module) module.frozen_ = on end)
end

--- Stops learning: the parameters here and inside need no gradient and lose the one that they
-- have, and batch normalisation keeps its running statistics.  Whether it normalises by them or by
-- the batch is still said by `training` and `evaluate`.
-- @treturn Module self
function Module:freeze() return setFrozen(self, true) end

--- Lets every parameter here and inside learn again.
-- @treturn Module self
function Module:unfreeze() return setFrozen(self, false) end

--- Tells whether the module was frozen.
-- @treturn boolean
function Module:isFrozen() return self.frozen_ == true end

--- Drops all gradients.
-- @treturn Module self
function Module:zeroGrad()
   for _, tensor in ipairs(self:parameters()) do tensor:zeroGrad() end
   return self
end

--- Moves parameters and buffers to a device; the tensor objects stay, so optimisers follow.
-- @tparam string device
-- @treturn Module self
function Module:to(device)
   for _, field in ipairs { 'parameterNames', 'bufferNames' } do
      for _, entry in ipairs(named(self, field)) do entry[2]:moveTo(device) end
   end
   return self
end

--- Lists everything that a checkpoint needs.
-- @treturn table tensor by path; the tensors themselves, not copies
function Module:stateDict()
   local state = {}
   for _, field in ipairs { 'parameterNames', 'bufferNames' } do
      for _, entry in ipairs(named(self, field)) do state[entry[1]] = entry[2] end
   end
   return state
end

--- Copies the values of a state into the module; names and shapes must agree.
-- @tparam table state tensor by path
-- @treturn Module self
function Module:loadStateDict(state)
   if type(state) ~= 'table' then
      fail.raise('loadStateDict: state is %s, expected a table', fail.describe(state))
   end
   local mine = self:stateDict()
   for name, tensor in pairs(mine) do
      local other = state[name]
      if other == nil then
         fail.raise('loadStateDict: %s is missing, expected a tensor of %s', name,
            fail.shape(tensor.sizes))
      end
      Tensor.check('loadStateDict', name, other)
      if table.concat(other.sizes, 'x') ~= table.concat(tensor.sizes, 'x') then
         fail.raise('loadStateDict: %s is %s, expected %s', name, table.concat(other.sizes, 'x'),
            table.concat(tensor.sizes, 'x'))
      end
   end
   for name in pairs(state) do
      if mine[name] == nil then
         fail.raise('loadStateDict: %s is not of this network, expected its names alone',
            tostring(name))
      end
   end
   require('lacuna.autograd').noGrad(function()
      for name, tensor in pairs(mine) do tensor:copy(state[name]) end
   end)
   return self
end

--- Runs the module and gives every inner activation, those of containers included.  The list also
-- has each output by its path: `acts['3.1']`, and `acts['']` for the whole.  A module that runs
-- again has `#2`, `#3` and so on after its path.  Gradients are recorded as in any call.
-- @param ... what the module takes
-- @treturn table of `{ path, module, output }`, in the order of computation
-- @return the output
function Module:activations(...) return Activations.gather(self, ...) end

-- ---- printing -------------------------------------------------------------------------------

--- Tells what stands in brackets after the type; layers define their own.
-- @treturn string
function Module:describe() return '' end

--- Writes the module as a table: for each layer what it gave last, its density, parameters,
-- multiply-adds and time; sums in the last line.  A container's time holds that of its layers.
-- @tparam[opt] table options `time`, true; `depth`, how far down to go, all the way by default
-- @treturn string
function Module:summary(options)
   options = fail.options('summary', options, { time = true, depth = false })
   if options.depth then fail.whole('summary', 'depth', options.depth, 0) end
   if not Module.is(self) then checkName(self) end
   return report.summary(self, options)
end

function Module:__tostring()
   return Module.is(self) and report.tree(self) or self.__typename .. ', which was not set up'
end

return Module
