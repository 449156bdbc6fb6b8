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
-- made.
-- @classmod lacuna.optim.Optimizer
local autograd = require 'lacuna.autograd'
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Tensor = require 'lacuna.Tensor'

local Optimizer = class('optim.Optimizer')

local function readOptions(name, given, defaults)
   local options = fail.options(name, given, defaults)
   for option, default in pairs(defaults) do
      if type(default) == 'number' then
         local value = fail.number(name, option, options[option])
         if value < 0 then
            fail.raise('%s: %s is %.14g, expected 0 or more', name, option, value)
         end
      end
   end
   return options
end

--- Makes the optimiser.
-- @tparam table parameters tensors that require gradients, as `net:parameters()` lists them
-- @tparam ?table options
-- @tparam table defaults
function Optimizer:__init(parameters, options, defaults)
   local name = self.__typename
   if type(parameters) ~= 'table' or Tensor.is(parameters) then
      fail.raise('%s: parameters are %s, expected a table of tensors', name,
         fail.describe(parameters))
   end
   for i, parameter in ipairs(parameters) do
      Tensor.check(name, 'parameter ' .. i, parameter, 'float32')
      if not parameter.requiresGrad then
         fail.raise('%s: parameter %d does not require a gradient', name, i)
      end
   end
   self.parameters = parameters
   self.defaults = defaults
   self.options = readOptions(name, options, defaults)
   self.state, self.steps = {}, 0
end

--- Updates every parameter that has a gradient.
-- @treturn Optimizer self
function Optimizer:step()
   self.steps = self.steps + 1
   autograd.noGrad(function()
      for i, parameter in ipairs(self.parameters) do
         if parameter.grad then self:update(i, parameter, parameter.grad) end
      end
   end)
   return self
end

--- Updates one parameter in place, nothing being recorded.  Every optimiser defines its own.
-- @tparam number i the parameter's position
-- @tparam Tensor w the parameter
-- @tparam Tensor g its gradient, of w's shape
function Optimizer:update()
   fail.raise('%s: has no update', self.__typename)
end

--- Gives a tensor of zeros that belongs to a parameter, made at first use.
-- @tparam string name
-- @tparam number i the parameter's position
-- @treturn Tensor
function Optimizer:slot(name, i)
   local key = name .. '.' .. i
   local tensor = self.state[key]
   if not tensor then
      local parameter = self.parameters[i]
      tensor = Tensor.zeros(parameter:shape(), { device = parameter.device }):keep()
      self.state[key] = tensor
   end
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
   if lr ~= nil then self.options.lr = fail.number(self.__typename, 'lr', lr) end
   return self.options.lr
end

--- Lists what a checkpoint needs.
-- @treturn table `steps`, `options`, and `state`: a tensor by name, not copied
function Optimizer:stateDict()
   return { steps = self.steps, options = self.options, state = self.state }
end

--- Takes over a state.
-- @tparam table dict as `stateDict` gives it
-- @treturn Optimizer self
function Optimizer:loadStateDict(dict)
   if type(dict) ~= 'table' or type(dict.state) ~= 'table' then
      fail.raise('%s: state is %s, expected what stateDict gives', self.__typename,
         fail.describe(dict))
   end
   local options = readOptions(self.__typename, dict.options, self.defaults)
   local state = {}
   for key, tensor in pairs(dict.state) do
      local i = tonumber(tostring(key):match('%.(%d+)$'))
      local parameter = self.parameters[i]
      Tensor.check(self.__typename, tostring(key), tensor)
      if not parameter or table.concat(parameter.sizes, 'x') ~= table.concat(tensor.sizes, 'x') then
         fail.raise('%s: state %s does not fit the parameters', self.__typename, tostring(key))
      end
      state[key] = tensor:clone():keep()
      state[key]:moveTo(parameter.device)
   end
   self.state, self.steps = state, fail.whole(self.__typename, 'steps', dict.steps, 0)
   for name in pairs(dict.options or {}) do self.options[name] = options[name] end
   return self
end

return Optimizer
