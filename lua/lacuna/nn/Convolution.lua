--- Strided convolution: an output site for each window that holds an input site (Graham 2014).
--
--     local y = nn.Convolution(3, 16, 32, 2, 2)(x)
--
-- Output site o sees the input sites o stride + tap dilation - pad.  On a grid with a spatial size
-- the output's is (size + 2 pad - dilation (filter - 1) - 1) / stride + 1, which must come out
-- whole; without one the grid has no border.  `weight` is taps x nIn x nOut, taps with the first
-- axis slowest; it is first drawn with deviation sqrt(2 / (taps nIn)).  `bias` is nOut, zeros.
-- @classmod lacuna.nn.Convolution
local class = require 'lacuna.class'
local convolve = require 'lacuna.nn.convolve'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local Sites = require 'lacuna.Sites'
local SparseTensor = require 'lacuna.SparseTensor'

local Convolution = class('nn.Convolution', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @tparam number nIn planes of the input
-- @tparam number nOut planes of the output
-- @param filterSize a number or one for each dimension
-- @param filterStride a number or one for each dimension
-- @tparam[opt] table options `bias`, true by default; `dilation`, 1; `pad`, 0
function Convolution:__init(dimension, nIn, nOut, filterSize, filterStride, options)
   Module.__init(self)
   options = fail.options('Convolution', options, { bias = true, dilation = 1, pad = 0 })
   convolve.initialise(self, 'Convolution', dimension, nIn, nOut, filterSize, options)
   local function perAxis(what, value, least)
      return Sites.perAxis('Convolution', what, value, dimension, least)
   end
   self.filterStride = perAxis('filter stride', filterStride, 1)
   self.dilation = perAxis('dilation', options.dilation, 1)
   self.pad = perAxis('pad', options.pad, 0)
end

function Convolution:forward(input)
   SparseTensor.check('Convolution', input, self.dimension)
   local sites, book = input.sites:strided(self.filterSize, self.filterStride, self.dilation,
      self.pad)
   local features, background = convolve.apply(self, input, book)
   return SparseTensor.over(sites, features, background)
end

function Convolution:describe()
   return ('%d -> %d, size %s, stride %s'):format(self.nIn, self.nOut,
      convolve.text(self.filterSize), convolve.text(self.filterStride))
end

return Convolution
