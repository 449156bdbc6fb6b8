--- Stochastic gradient descent with momentum, as in torch: v = momentum v + (1 - dampening) g;
-- w = w - lr v, or, with Nesterov's look ahead, w = w - lr (g + momentum v).
--
--     local opt = optim.SGD(net:parameters(), { lr = 0.1, momentum = 0.9, nesterov = true })
--
-- @classmod lacuna.optim.SGD
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Optimizer = require 'lacuna.optim.Optimizer'

local SGD = class('optim.SGD', Optimizer)

local function check(o)
   if o.nesterov and (o.momentum == 0 or o.dampening ~= 0) then
      fail.raise('optim.SGD: nesterov with momentum %g and dampening %g, expected a momentum and '
         .. 'no dampening', o.momentum, o.dampening)
   end
end

--- Makes the optimiser.
-- @tparam table parameters
-- @tparam[opt] table options `lr`, 0.01; `momentum`, 0; `dampening`, 0; `weightDecay`, 0;
-- `nesterov`, false
function SGD:__init(parameters, options)
   Optimizer.__init(self, parameters, options,
      { lr = 0.01, momentum = 0, dampening = 0, weightDecay = 0, nesterov = fail.off },
      { slots = { 'velocity' }, check = check })
end

function SGD:update(i, w, g)
   local o = self.options
   if o.weightDecay ~= 0 then g = g + w * o.weightDecay end
   if o.momentum ~= 0 then
      local first = self.state['velocity.' .. i] == nil
      local v = self:slot('velocity', i)
      v:mul(o.momentum):axpy(first and 1 or 1 - o.dampening, g)
      g = o.nesterov and g + v * o.momentum or v
   end
   w:axpy(-o.lr, g)
end

return SGD
