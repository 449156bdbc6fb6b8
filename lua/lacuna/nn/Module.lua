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
-- (active cells of all cells, 0 to 1); for a dense one `shape`; for both `multiplyAdds`, where the
-- layer counts them.
-- @classmod lacuna.nn.Module
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local Module = class('nn.Module')

--- Makes a module without parameters.  Constructors of layers call it first.
function Module:__init()
   self.training_ = true
   self.parameterNames, self.bufferNames, self.childNames = {}, {}, {}
end

local function checkName(self, name)
   if type(name) ~= 'string' or name == '' or name:find('.', 1, true) then
      fail.raise('%s: a name is %s, expected a string without dots', self.__typename,
         fail.describe(name))
   end
   for _, names in ipairs { self.parameterNames, self.bufferNames, self.childNames } do
      for _, other in ipairs(names) do
         if other == name then fail.raise('%s: %s exists already', self.__typename, name) end
      end
   end
end

--- Registers a tensor that learns; it becomes a field of that name.
-- @tparam string name
-- @tparam Tensor tensor
-- @treturn Tensor
function Module:parameter(name, tensor)
   checkName(self, name)
   self[name] = Tensor.check(self.__typename, name, tensor):keep():requireGrad()
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
   if not Module.is(module) then
      fail.raise('%s: %s is %s, expected a module', self.__typename, name, fail.describe(module))
   end
   self[name] = module
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

--- Computes the output.  Every layer defines its own.
-- @param input what the layer takes
-- @return what it gives
function Module:forward()
   fail.raise('%s: has no forward', self.__typename)
end

local watcher  -- while activations() runs: gets each module and its output

--- Runs `forward`, and notes in `last` what it gave.
-- @param ... what the layer takes
-- @return what it gives
function Module:__call(...)
   local output = self:forward(...)
   if SparseTensor.is(output) then
      local sites = output.sites
      self.last = {
         sites = sites.count, planes = output:planes(), spatialSize = sites.spatialSize,
         batchSize = sites.batchSize, density = output:density(), multiplyAdds = self.multiplyAdds,
      }
   elseif Tensor.is(output) then
      self.last = { shape = output:shape(), multiplyAdds = self.multiplyAdds }
   end
   if watcher then watcher(self, output) end
   return output
end

--- Lists the modules inside, this one first, with their paths.
-- @treturn table of `{ path, module }`
function Module:namedModules()
   local list = {}
   local function visit(path, module)
      list[#list + 1] = { path, module }
      for _, name in ipairs(module.childNames) do
         visit(path == '' and name or path .. '.' .. name, module[name])
      end
   end
   visit('', self)
   return list
end

local function named(self, field)
   local list, seen = {}, {}
   for _, entry in ipairs(self:namedModules()) do
      local path, module = entry[1], entry[2]
      for _, name in ipairs(module[field]) do
         local tensor = module[name]
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

--- Switches to training: statistics of the batch, dropout.
-- @tparam[opt=true] boolean on
-- @treturn Module self
function Module:training(on)
   return self:apply(function(module) module.training_ = on ~= false end)
end

--- Switches to evaluation: running statistics, no dropout.
-- @treturn Module self
function Module:evaluate() return self:training(false) end

--- Tells whether the module is in training.
-- @treturn boolean
function Module:isTraining() return self.training_ end

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
      if other == nil then fail.raise('loadStateDict: %s is missing', name) end
      Tensor.check('loadStateDict', name, other)
      if table.concat(other.sizes, 'x') ~= table.concat(tensor.sizes, 'x') then
         fail.raise('loadStateDict: %s is %s, expected %s', name, table.concat(other.sizes, 'x'),
            table.concat(tensor.sizes, 'x'))
      end
   end
   for name in pairs(state) do
      if mine[name] == nil then
         fail.raise('loadStateDict: %s is not of this network', tostring(name))
      end
   end
   require('lacuna.autograd').noGrad(function()
      for name, tensor in pairs(mine) do tensor:copy(state[name]) end
   end)
   return self
end

--- Runs the module and gives every inner activation.
-- @param input what the module takes
-- @treturn table of `{ path, module, output }`, in the order of computation
-- @return the output
function Module:activations(input)
   local paths, list = {}, {}
   for _, entry in ipairs(self:namedModules()) do paths[entry[2]] = entry[1] end
   local before = watcher
   watcher = function(module, output)
      list[#list + 1] = { paths[module] or '?', module, output }
   end
   local ok, output = pcall(self, input)
   watcher = before
   if not ok then error(output, 0) end
   return list, output
end

-- ---- printing -------------------------------------------------------------------------------

--- Tells what stands in brackets after the type; layers define their own.
-- @treturn string
function Module:describe() return '' end

local function thousands(n)
   local text = ('%.0f'):format(n)
   return (text:reverse():gsub('(%d%d%d)', '%1,'):reverse():gsub('^,', ''))
end

local function lines(module, indent, name, list)
   local text = indent .. name .. module.__typename
   local detail = module:describe()
   if detail ~= '' then text = text .. '(' .. detail .. ')' end
   local own = 0
   for _, parameter in ipairs(module.parameterNames) do own = own + module[parameter]:nElement() end
   local facts = {}
   if own > 0 then facts[#facts + 1] = thousands(own) .. ' parameters' end
   local last = module.last
   if last and last.sites and #module.childNames == 0 then
      facts[#facts + 1] = thousands(last.sites) .. ' sites'
      if last.multiplyAdds then
         facts[#facts + 1] = thousands(last.multiplyAdds) .. ' multiply-adds'
      end
   end
   if #facts > 0 then text = text .. ': ' .. table.concat(facts, ', ') end
   list[#list + 1] = text
   for _, child in ipairs(module.childNames) do
      lines(module[child], indent .. '  ', '(' .. child .. ') ', list)
   end
end

function Module:__tostring()
   local list = {}
   lines(self, '', '', list)
   if #self.childNames > 0 then
      list[#list + 1] = thousands(self:parameterCount()) .. ' parameters in all'
   end
   return table.concat(list, '\n')
end

return Module
