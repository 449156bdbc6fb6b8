--- What the pooling layers have in common.
-- @module lacuna.nn.pooling
local convolve = require 'lacuna.nn.convolve'
local fail = require 'lacuna.fail'
local Sites = require 'lacuna.Sites'

local pooling = {}

--- Reads a constructor's arguments.
-- @tparam Module layer
-- @tparam string op the layer's name
-- @tparam number dimension
-- @param size a number, or one for each dimension
-- @param stride a number, or one for each dimension
function pooling.initialise(layer, op, dimension, size, stride)
   layer.dimension = fail.whole(op, 'dimension', dimension, 1, 10)
   layer.poolSize = Sites.perAxis(op, 'pool size', size, dimension, 1)
   layer.poolStride = Sites.perAxis(op, 'pool stride', stride, dimension, 1)
end

--- Tells what stands in brackets when a pooling layer prints.
-- @tparam Module layer
-- @treturn string
function pooling.describe(layer)
   return ('size %s, stride %s'):format(convolve.text(layer.poolSize),
      convolve.text(layer.poolStride))
end

return pooling
