--- The mean, or sum, of squared differences.
--
--     local loss = nn.MSELoss()(output, target)       -- two tensors of one shape
--
-- @classmod lacuna.nn.MSELoss
local class = require 'lacuna.class'
local Loss = require 'lacuna.nn.Loss'
local ops = require 'lacuna.ops'

local MSELoss = class('nn.MSELoss', Loss)

--- Makes the loss.
-- @tparam[opt] table options `reduction`: `mean` (default) or `sum`
function MSELoss:__init(options) Loss.__init(self, options) end

function MSELoss:forward(output, target)
   self:same('target', output, target)
   return self:reduce(ops.square(output - target))
end

return MSELoss
