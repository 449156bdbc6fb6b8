--- Turns points into a sparse tensor, with a rule for points on one site.
--
--     local x = nn.InputLayer(3, 126, { duplicates = 'mean' }) { coords, features }
--
-- @classmod lacuna.nn.InputLayer
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local InputLayer = class('nn.InputLayer', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @param spatialSize a number or one for each dimension; nil for an unbounded grid
-- @tparam[opt] table options `duplicates`: `sum` (default), `mean`, `first`, `last`, `max`, `min`,
-- `error`; `background` as for `SparseTensor.new`; `device`
function InputLayer:__init(dimension, spatialSize, options)
   Module.__init(self)
   self.dimension = fail.whole('InputLayer', 'dimension', dimension, 1, 10)
   self.spatialSize = spatialSize
   self.options = fail.options('InputLayer', options,
      { duplicates = 'sum', background = false, device = false })
   -- no points show whether the options are good
   SparseTensor.new({}, Tensor.zeros({ 0, 1 }, { device = self.options.device or nil }), {
      spatialSize = spatialSize, duplicates = self.options.duplicates, dimension = dimension,
   })
end

--- Makes the sparse tensor.
-- @tparam table input `{ coords, features [, batchSize] }`, coords n x (1 + dimension) with the
-- sample, from one, first
-- @treturn SparseTensor
function InputLayer:forward(input)
   if type(input) ~= 'table' or input[1] == nil or input[2] == nil then
      fail.raise('InputLayer: input is %s, expected { coords, features }', fail.describe(input))
   end
   local x = SparseTensor.new(input[1], input[2], {
      spatialSize = self.spatialSize, duplicates = self.options.duplicates, batchSize = input[3],
      background = self.options.background, device = self.options.device,
      dimension = self.dimension,
   })
   return SparseTensor.check('InputLayer', x, self.dimension)
end

return InputLayer
