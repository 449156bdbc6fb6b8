--- First values of weights.
-- @module lacuna.nn.initialise
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local initialise = {}

--- Draws from a normal distribution of deviation sqrt(2 / fan), which keeps the variance of planes
-- behind a ReLU (He et al. 2015); SparseConvNet's rule, fan being taps x input planes.
-- @tparam table sizes
-- @tparam number fan
-- @treturn Tensor
function initialise.he(sizes, fan)
   return ops.fillNormal(Tensor.raw(sizes), 0, math.sqrt(2 / math.max(fan, 1)))
end

return initialise
