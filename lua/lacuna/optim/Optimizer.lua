--- What every optimiser is: a list of tensors, options that may change between steps, and state.
--
--     local Plain = class('optim.Plain', Optimizer)
--     function Plain:__init(parameters, options)
--        Optimizer.__init(self, parameters, options, { lr = 0.1 })
--     end
--     function Plain:update(i, w, g) w:axpy(-self.options.lr, g) end
--
--     local opt = Plain(net:parameters(), { lr = 0.01 })
--     loss:backward()
--     opt:step():zeroGrad()
--
-- Fields: `parameters`, the tensors; `options`, with defaults filled in; `steps`, how many were
-- made; `updates`, how often each parameter was updated, which is less for one that was frozen.
-- @classmod lacuna.optim.Optimizer
local autograd = require 'lacuna.autograd'
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Tensor = require 'lacuna.Tensor'

local Optimizer = class('optim.Optimizer')

-- The options that are shares of what was before; with 1 nothing new would count.
local shares = { momentum = true, beta1 = true, beta2 = true }

local function readOptions(self, given)
   local name = self.__typename
   local options = fail.options(name, given, self.defaults)
   for option, default in pairs(self.defaults) do
      if type(default) == 'number' then
         local value = fail.range(name, option, options[option], 0)
         if shares[option] and value >= 1 then
            fail.raise('%s: %s is %.14g, expected less than 1', name, option, value)
         end
      end
   end
   if self.rules.check then self.rules.check(options) end
   return options
end

-- Checks what is to be optimised: tensors without history, each once; one that needs no gradient
-- only if it is a frozen parameter of a module.
local function readParameters(name, parameters)
   local expected = 'a list of tensors, as net:parameters() gives'
   fail.list(name, 'parameters', parameters, expected)
   if #parameters == 0 then
      fail.raise('%s: parameters are an empty table, expected %s', name, expected)
   end
   local list, places = {}, {}
   for i, parameter in ipairs(parameters) do
      Tensor.check(name, 'parameter ' .. i, parameter, 'float32')
      if parameter.node then
         fail.raise('%s: parameter %d is the result of %s, expected a tensor without history',
            name, i, parameter.node.name)
      end
      if not parameter.requiresGrad and not parameter.learns then
         fail.raise('%s: parameter %d does not require a gradient, expected one that does, such '
            .. 'as a parameter of a module', name, i)
      end
      if places[parameter] then
         fail.raise('%s: parameter %d is parameter %d again, expected each once', name, i,
            places[parameter])
      end
      list[i], places[parameter] = parameter, i
   end
   return list
end

--- Makes the optimiser.
-- @tparam table parameters tensors that require gradients, as `net:parameters()` lists them; frozen
-- ones are left alone until they learn again
-- @tparam ?table options
-- @tparam ?table defaults numbers, which must not be negative, and flags
-- @tparam ?table rules `slots`: the names that `update` gives to `slot`, a state with others being
-- refused; `check`: a function called with options, each of them right, that looks at them together
function Optimizer:__init(parameters, options, defaults, rules)
   self.parameters = readParameters(self.__typename, parameters)
   self.defaults = defaults or {}
   self.rules = fail.options(self.__typename, rules, { slots = false, check = false })
   if self.rules.check ~= nil then fail.callable(self.__typename, self.rules.check) end
   self.options = readOptions(self, options)
   self.state, self.steps, self.updates = {}, 0, {}
   for i = 1, #self.parameters do self.updates[i] = 0 end
end

--- Takes another list of parameters, such as that of a network in which a layer was swapped.  What
-- the optimiser knows of a tensor that is in both lists stays; `steps` goes on.
-- @tparam table parameters
-- @treturn Optimizer self
function Optimizer:setParameters(parameters)
   local list, places, state = readParameters(self.__typename, parameters), {}, {}
   local updates = {}
   for i, parameter in ipairs(list) do places[parameter], updates[i] = i, 0 end
   for i, parameter in ipairs(self.parameters) do
      if places[parameter] then updates[places[parameter]] = self.updates[i] end
   end
   for key, tensor in pairs(self.state) do
      local name, i = key:match '^(.*)%.(%d+)$'
      local place = places[self.parameters[tonumber(i)]]
      if place then state[name .. '.' .. place] = tensor end
   end
   self.parameters, self.state, self.updates = list, state, updates
   return self
end

-- That a gradient may be used; before anything is updated.
local function checkGradients(self)
   for i, parameter in ipairs(self.parameters) do
      Tensor.check('step', 'parameter ' .. i, parameter)
      local gradient = parameter.grad
      if gradient then
         Tensor.check('step', 'the gradient of parameter ' .. i, gradient, 'float32')
         if fail.shape(gradient.sizes) ~= fail.shape(parameter.sizes)
            or gradient.device ~= parameter.device then
            fail.raise('step: the gradient of parameter %d is %s on %s, expected %s on %s', i,
               fail.shape(gradient.sizes), gradient.device, fail.shape(parameter.sizes),
               parameter.device)
         end
      end
   end
end

--- Updates every parameter that has a gradient and is not frozen.
-- @treturn Optimizer self
function Optimizer:step()
   readOptions(self, self.options)  -- they may have changed since the last step
   checkGradients(self)
   self.steps = self.steps + 1
   autograd.noGrad(function()
      for i, parameter in ipairs(self.parameters) do
         if parameter.grad and parameter.requiresGrad then
            self.updates[i] = (self.updates[i] or 0) + 1
            self:update(i, parameter, parameter.grad)
         end
      end
   end)
   return self
end

--- Updates one parameter in place, nothing being recorded.  Every optimiser defines its own.
-- @tparam number i the parameter's position
-- @tparam Tensor w the parameter
-- @tparam Tensor g its gradient, of w's shape
function Optimizer:update()
   fail.raise('%s: has no update, expected a class that defines it', self.__typename)
end

--- Gives a tensor of zeros that belongs to a parameter, made at first use; it follows the parameter
-- to another device.
-- @tparam string name
-- @tparam number i the parameter's position
-- @treturn Tensor
function Optimizer:slot(name, i)
   local key = name .. '.' .. i
   local tensor, parameter = self.state[key], self.parameters[i]
   if not tensor then
      tensor = Tensor.zeros(parameter:shape(), { device = parameter.device }):keep()
      self.state[key] = tensor
   end
   if tensor.device ~= parameter.device then tensor:moveTo(parameter.device) end
   return tensor
end

--- Drops all gradients.
-- @treturn Optimizer self
function Optimizer:zeroGrad()
   for _, parameter in ipairs(self.parameters) do parameter:zeroGrad() end
   return self
end

--- Tells, or sets, the learning rate.
-- @tparam[opt] number lr
-- @treturn number
function Optimizer:rate(lr)
   if lr ~= nil then
      self.options.lr = fail.range(self.__typename, 'lr', lr, 0)
   end
   return self.options.lr
end

--- Lists what a checkpoint needs.
-- @treturn table `steps`, `updates`, `options`, `kind` of optimiser, and `state`: a tensor by name,
-- not copied
function Optimizer:stateDict()
   return { steps = self.steps, updates = self.updates, options = self.options,
      state = self.state, kind = self.__typename }
end

-- How often each parameter was updated: at every step, of a state that does not tell.
local function readUpdates(self, updates, steps)
   local count = #self.parameters
   if updates ~= nil and (type(updates) ~= 'table' or #updates ~= count) then
      fail.raise('%s: the state is of %s, expected %d as here', self.__typename,
         type(updates) == 'table' and #updates .. ' parameters' or fail.describe(updates), count)
   end
   local list = {}
   for i = 1, count do
      list[i] = updates and fail.whole(self.__typename, 'updates', updates[i], 0) or steps
   end
   return list
end

local function isKept(slots, name)
   for _, known in ipairs(slots or {}) do
      if known == name then return true end
   end
   return slots == nil
end

--- Takes over a state.
-- @tparam table dict as `stateDict` gives it
-- @treturn Optimizer self
function Optimizer:loadStateDict(dict)
   if type(dict) ~= 'table' or type(dict.state) ~= 'table' then
      fail.raise('%s: state is %s, expected what stateDict gives', self.__typename,
         fail.describe(dict))
   end
   if dict.kind ~= nil and dict.kind ~= self.__typename then
      fail.raise('%s: the state is of %s, expected the same', self.__typename, tostring(dict.kind))
   end
   fail.options(self.__typename, dict.options, self.defaults)
   local options = {}
   for name in pairs(self.defaults) do options[name] = self.options[name] end
   for name, value in pairs(dict.options or {}) do options[name] = value end
   options = readOptions(self, options)
   local steps = fail.whole(self.__typename, 'steps', dict.steps, 0)
   local updates, state = readUpdates(self, dict.updates, steps), {}
   for key, tensor in pairs(dict.state) do
      local slot, i = tostring(key):match '^(.+)%.(%d+)$'
      local parameter = self.parameters[tonumber(i)]
      if not isKept(self.rules.slots, slot) then
         fail.raise('%s: the state has %s, expected what this optimiser keeps', self.__typename,
            tostring(key))
      end
      Tensor.check(self.__typename, tostring(key), tensor, 'float32')
      if not parameter or table.concat(parameter.sizes, 'x') ~= table.concat(tensor.sizes, 'x') then
         fail.raise('%s: state %s is %s, expected that of one of %d parameters', self.__typename,
            tostring(key), fail.shape(tensor.sizes), #self.parameters)
      end
      state[key] = tensor:clone():keep()
      state[key]:moveTo(parameter.device)
   end
   self.state, self.steps, self.updates = state, steps, updates
   for name in pairs(dict.options or {}) do self.options[name] = options[name] end
   return self
end

return Optimizer
