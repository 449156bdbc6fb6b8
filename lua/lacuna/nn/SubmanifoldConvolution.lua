--- Convolution that keeps the active sites as they are (Graham and van der Maaten 2017).
--
--     local y = nn.SubmanifoldConvolution(3, 16, 32, 3)(x)      -- same sites, 32 planes
--
-- An output site exists exactly where an input site does, so depth does not thicken the data.  It
-- sees the offsets -(size div 2) .. size - 1 - (size div 2) along each axis.  `weight` is taps x
-- nIn x nOut, taps with the first axis slowest; it is first drawn with deviation
-- sqrt(2 / (taps nIn)).  `bias` is nOut, zeros.  With an exact background the result is a dense
-- convolution times the mask of the sites.
-- @classmod lacuna.nn.SubmanifoldConvolution
local class = require 'lacuna.class'
local convolve = require 'lacuna.nn.convolve'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local Sites = require 'lacuna.Sites'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local SubmanifoldConvolution = class('nn.SubmanifoldConvolution', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @tparam number nIn planes of the input
-- @tparam number nOut planes of the output
-- @param filterSize odd or even, a number or one for each dimension
-- @tparam[opt] table options `bias`, true by default; `dilation`, 1
function SubmanifoldConvolution:__init(dimension, nIn, nOut, filterSize, options)
   Module.__init(self)
   options = fail.options('SubmanifoldConvolution', options, { bias = true, dilation = 1 })
   convolve.initialise(self, 'SubmanifoldConvolution', dimension, nIn, nOut, filterSize, options)
   self.dilation = Sites.perAxis('SubmanifoldConvolution', 'dilation', options.dilation, dimension,
      1)
end

function SubmanifoldConvolution:forward(input)
   SparseTensor.check('SubmanifoldConvolution', input, self.dimension)
   local book = input.sites:submanifold(self.filterSize, self.dilation)
   local features = convolve.apply(self, input, book)
   return input:withFeatures(features, input.background
      and Tensor.zeros({ 1, self.nOut }, { device = features.device }))
end

function SubmanifoldConvolution:describe()
   return ('%d -> %d, size %s'):format(self.nIn, self.nOut, convolve.text(self.filterSize))
end

return SubmanifoldConvolution
