--- Adam (Kingma and Ba 2015).  `weightDecay` adds to the gradient; see `AdamW` for the other kind.
--
--     local opt = optim.Adam(net:parameters(), { lr = 1e-3 })
--
-- @classmod lacuna.optim.Adam
local class = require 'lacuna.class'
local ops = require 'lacuna.ops'
local Optimizer = require 'lacuna.optim.Optimizer'

local Adam = class('optim.Adam', Optimizer)

--- Makes the optimiser.
-- @tparam table parameters
-- @tparam[opt] table options `lr`, 1e-3; `beta1`, 0.9; `beta2`, 0.999; `eps`, 1e-8;
-- `weightDecay`, 0
function Adam:__init(parameters, options)
   Optimizer.__init(self, parameters, options,
      { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 },
      { slots = { 'mean', 'square' } })
end

function Adam:update(i, w, g)
   local o = self.options
   if o.weightDecay ~= 0 then g = g + w * o.weightDecay end
   ops.adamStep(w, self:slot('mean', i), self:slot('square', i), g, o, self.updates[i])
end

return Adam
