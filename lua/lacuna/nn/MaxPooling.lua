--- Takes the largest of each plane over the sites in a window: a true maximum, negative ones too.
--
--     local y = nn.MaxPooling(3, 3, 2)(x)
--
-- Output sites as for `Convolution`.  Of equals the first in tap order has the gradient.  With an
-- exact background, a window that is not full sees the background as well.
-- @classmod lacuna.nn.MaxPooling
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pooling = require 'lacuna.nn.pooling'
local SparseTensor = require 'lacuna.SparseTensor'

local MaxPooling = class('nn.MaxPooling', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @param poolSize a number or one for each dimension
-- @param poolStride a number or one for each dimension
function MaxPooling:__init(dimension, poolSize, poolStride)
   Module.__init(self)
   pooling.initialise(self, 'MaxPooling', dimension, poolSize, poolStride)
end

function MaxPooling:forward(input)
   SparseTensor.check('MaxPooling', input, self.dimension)
   local sites, book = input.sites:strided(self.poolSize, self.poolStride)
   local y = ops.maxPool(input.features, book)
   local b = input.background
   if b then y = ops.where(book:degrees():lt(book.taps), ops.maximum(y, b), y) end
   return SparseTensor.over(sites, y, b)
end

function MaxPooling:describe() return pooling.describe(self) end

return MaxPooling
