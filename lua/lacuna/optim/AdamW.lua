--- Adam with decoupled weight decay (Loshchilov and Hutter 2019): w = w - lr weightDecay w, then
-- Adam's step.
--
--     local opt = optim.AdamW(net:parameters(), { lr = 1e-3, weightDecay = 0.01 })
--
-- @classmod lacuna.optim.AdamW
local class = require 'lacuna.class'
local ops = require 'lacuna.ops'
local Optimizer = require 'lacuna.optim.Optimizer'

local AdamW = class('optim.AdamW', Optimizer)

--- Makes the optimiser.
-- @tparam table parameters
-- @tparam[opt] table options `lr`, 1e-3; `beta1`, 0.9; `beta2`, 0.999; `eps`, 1e-8;
-- `weightDecay`, 0.01
function AdamW:__init(parameters, options)
   Optimizer.__init(self, parameters, options,
      { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0.01 },
      { slots = { 'mean', 'square' } })
end

function AdamW:update(i, w, g)
   local o = self.options
   if o.weightDecay ~= 0 then w:mul(1 - o.lr * o.weightDecay) end
   ops.adamStep(w, self:slot('mean', i), self:slot('square', i), g, o, self.updates[i])
end

return AdamW
