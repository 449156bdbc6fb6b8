--- Batch normalisation with a leaky ReLU behind it, in one pass; see `BatchNormalization`.
--
--     local y = nn.BatchNormLeakyReLU(32)(x)
--
-- @classmod lacuna.nn.BatchNormLeakyReLU
local class = require 'lacuna.class'
local BatchNormalization = require 'lacuna.nn.BatchNormalization'
local fail = require 'lacuna.fail'

local BatchNormLeakyReLU = class('nn.BatchNormLeakyReLU', BatchNormalization)

--- Makes the layer.
-- @tparam number nPlanes
-- @tparam[opt] table options `eps`, 1e-4; `momentum`, 0.99; `affine`, true; `leakiness`, 0.333
function BatchNormLeakyReLU:__init(nPlanes, options)
   options = fail.options(self.__typename, options,
      { eps = 1e-4, momentum = 0.99, affine = true, leakiness = 0.333 })
   BatchNormalization.__init(self, nPlanes, options)
end

return BatchNormLeakyReLU
