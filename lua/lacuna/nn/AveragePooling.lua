--- Averages each plane over a window.
--
--     local y = nn.AveragePooling(3, 2, 2)(x)
--
-- Output sites as for `Convolution`.  The divisor is the window's volume, as in SparseConvNet, or
-- the number of active sites in it, as in MinkowskiEngine.
-- @classmod lacuna.nn.AveragePooling
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pooling = require 'lacuna.nn.pooling'
local SparseTensor = require 'lacuna.SparseTensor'

local AveragePooling = class('nn.AveragePooling', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @param poolSize a number or one for each dimension
-- @param poolStride a number or one for each dimension
-- @tparam[opt] table options `divisor`: `volume` (default) or `active`
function AveragePooling:__init(dimension, poolSize, poolStride, options)
   Module.__init(self)
   pooling.initialise(self, 'AveragePooling', dimension, poolSize, poolStride)
   self.divisor = fail.options('AveragePooling', options, { divisor = 'volume' }).divisor
   if self.divisor ~= 'volume' and self.divisor ~= 'active' then
      fail.raise('AveragePooling: divisor is %s, expected volume or active',
         fail.describe(self.divisor))
   end
end

function AveragePooling:forward(input)
   SparseTensor.check('AveragePooling', input, self.dimension)
   local b = input.background
   local sites, book = input.sites:strided(self.poolSize, self.poolStride)
   if self.divisor == 'active' then
      if b then
         fail.raise('AveragePooling: divisor active with an exact background, expected volume')
      end
      return SparseTensor.over(sites, ops.sumPool(input.features, book) / book:degrees())
   end
   local y = ops.sumPool(b and input.features - b or input.features, book) / book.taps
   return SparseTensor.over(sites, b and y + b or y, b)
end

function AveragePooling:describe() return pooling.describe(self) .. ', by ' .. self.divisor end

return AveragePooling
