--- Gives each point of an input layer the features of its site.
--
--     local rows = nn.OutputLayer(3)(x)               -- points x planes, in the user's order
--
-- The tensor must lie on the input's sites.
-- @classmod lacuna.nn.OutputLayer
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local SparseTensor = require 'lacuna.SparseTensor'

local OutputLayer = class('nn.OutputLayer', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
function OutputLayer:__init(dimension)
   Module.__init(self)
   self.dimension = fail.whole('OutputLayer', 'dimension', dimension, 1, 10)
end

function OutputLayer:forward(input)
   return SparseTensor.check('OutputLayer', input, self.dimension):atPoints()
end

return OutputLayer
