--- Makes a dense tensor, batch x planes x spatial size; other cells hold the background.
--
--     local grid = nn.SparseToDense(2, 32)(x)
--
-- @classmod lacuna.nn.SparseToDense
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local SparseTensor = require 'lacuna.SparseTensor'

local SparseToDense = class('nn.SparseToDense', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @tparam number nPlanes
function SparseToDense:__init(dimension, nPlanes)
   Module.__init(self)
   self.dimension = fail.whole('SparseToDense', 'dimension', dimension, 1, 10)
   self.nPlanes = fail.whole('SparseToDense', 'nPlanes', nPlanes, 1)
end

function SparseToDense:forward(input)
   SparseTensor.check('SparseToDense', input, self.dimension)
   if input:planes() ~= self.nPlanes then
      fail.raise('SparseToDense: input has %d planes, expected %d', input:planes(), self.nPlanes)
   end
   return input:toDense()
end

return SparseToDense
