--- The negative logarithm of the probability that a softmax gives the right class.
--
--     local loss = nn.CrossEntropyLoss()(scores, labels)
--
-- scores is n x classes; labels is n, int32 or a table, classes from one.
-- @classmod lacuna.nn.CrossEntropyLoss
local class = require 'lacuna.class'
local Loss = require 'lacuna.nn.Loss'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local CrossEntropyLoss = class('nn.CrossEntropyLoss', Loss)

--- Makes the loss.
-- @tparam[opt] table options `reduction`: `mean` (default) or `sum`
function CrossEntropyLoss:__init(options) Loss.__init(self, options) end

function CrossEntropyLoss:forward(scores, labels)
   Tensor.check('CrossEntropyLoss', 'scores', scores, 'float32')
   return self:reduce(-ops.pick(ops.logSoftmax(scores), labels))
end

return CrossEntropyLoss
