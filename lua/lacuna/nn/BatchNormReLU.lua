--- Batch normalisation with a ReLU behind it, in one pass; see `BatchNormalization`.
--
--     local y = nn.BatchNormReLU(32)(x)
--
-- @classmod lacuna.nn.BatchNormReLU
local class = require 'lacuna.class'
local BatchNormalization = require 'lacuna.nn.BatchNormalization'
local fail = require 'lacuna.fail'

local BatchNormReLU = class('nn.BatchNormReLU', BatchNormalization)

--- Makes the layer.
-- @tparam number nPlanes
-- @tparam[opt] table options `eps`, 1e-4; `momentum`, 0.99; `affine`, true
function BatchNormReLU:__init(nPlanes, options)
   options = fail.options(self.__typename, options, { eps = 1e-4, momentum = 0.99, affine = true })
   options.leakiness = 0
   BatchNormalization.__init(self, nPlanes, options)
end

return BatchNormReLU
