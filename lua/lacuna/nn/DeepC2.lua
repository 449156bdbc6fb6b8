--- The DeepC2 networks of Graham (2014): l + 1 convolutions of size 2, max pooling between them.
--
--     local net = nn.DeepC2(3, 5, 32)      -- a field of 126 cells, 574,368 parameters
--
-- Level i = 1 .. l + 1 is a convolution of size 2, stride 1 to i k planes with a bias, a leaky
-- ReLU, and, but for the last, max pooling of size 3, stride 2.  `inputSize` tells the field for
-- which one output cell is left: 126 for l = 5, 62 for l = 4, 30 for l = 3.
-- @classmod lacuna.nn.DeepC2
local class = require 'lacuna.class'
local Convolution = require 'lacuna.nn.Convolution'
local fail = require 'lacuna.fail'
local LeakyReLU = require 'lacuna.nn.LeakyReLU'
local MaxPooling = require 'lacuna.nn.MaxPooling'
local Sequential = require 'lacuna.nn.Sequential'

local DeepC2 = class('nn.DeepC2', Sequential)

--- Makes the layer.
-- @tparam number dimension
-- @tparam number l levels of pooling
-- @tparam number k planes of the first level
-- @tparam[opt] table options `nIn`, planes of the input, 1; `leak`, 1/3; `planes`, a table of l + 1
-- numbers instead of multiples of k
function DeepC2:__init(dimension, l, k, options)
   Sequential.__init(self)
   options = fail.options('DeepC2', options, { nIn = 1, leak = 1 / 3, planes = false })
   fail.whole('DeepC2', 'dimension', dimension, 1, 10)
   fail.whole('DeepC2', 'l', l, 0, 16)
   fail.whole('DeepC2', 'k', k, 1)
   local planes = fail.whole('DeepC2', 'nIn', options.nIn, 1)
   local given = options.planes
   if given and (type(given) ~= 'table' or #given ~= l + 1) then
      fail.raise('DeepC2: planes are %s, expected a table of %d numbers',
         type(given) == 'table' and #given .. ' numbers' or fail.describe(given), l + 1)
   end
   for i = 1, l + 1 do
      local wanted = given and given[i] or i * k
      self:add(Convolution(dimension, planes, wanted, 2, 1))
      self:add(LeakyReLU(options.leak))
      if i <= l then self:add(MaxPooling(dimension, 3, 2)) end
      planes = wanted
   end
   self.nOut = planes
   self.inputSize = 2
   for _ = 1, l do self.inputSize = (self.inputSize - 1) * 2 + 3 + 1 end
end

return DeepC2
