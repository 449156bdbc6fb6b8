--- The classic SparseConvNet library's Nesterov momentum: with m the momentum,
-- v' = m v - lr (1 - m) g;  w = w - m v + (1 + m) v'.
--
--     local opt = optim.ClassicSGD(net:parameters(), { lr = 0.002, momentum = 0.99 })
--
-- The factor 1 - m keeps the size of steps when the momentum changes.
-- @classmod lacuna.optim.ClassicSGD
local class = require 'lacuna.class'
local Optimizer = require 'lacuna.optim.Optimizer'

local ClassicSGD = class('optim.ClassicSGD', Optimizer)

--- Makes the optimiser.
-- @tparam table parameters
-- @tparam[opt] table options `lr`, 0.002; `momentum`, 0.99; `weightDecay`, 0
function ClassicSGD:__init(parameters, options)
   Optimizer.__init(self, parameters, options, { lr = 0.002, momentum = 0.99, weightDecay = 0 },
      { slots = { 'velocity' } })
end

function ClassicSGD:update(i, w, g)
   local o = self.options
   if o.weightDecay ~= 0 then g = g + w * o.weightDecay end
   local v = self:slot('velocity', i)
   w:axpy(-o.momentum, v)
   v:mul(o.momentum):axpy(-o.lr * (1 - o.momentum), g)
   w:axpy(1 + o.momentum, v)
end

return ClassicSGD
