--- Maps the planes of every site by one matrix: a convolution of size 1 (Lin et al. 2014).
--
--     local y = nn.NetworkInNetwork(16, 32)(x)
--
-- `weight` is nIn x nOut, first drawn with deviation sqrt(2 / nIn); `bias` is nOut, zeros.
-- @classmod lacuna.nn.NetworkInNetwork
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Linear = require 'lacuna.nn.Linear'
local SparseTensor = require 'lacuna.SparseTensor'

local NetworkInNetwork = class('nn.NetworkInNetwork', Linear)

function NetworkInNetwork:forward(input)
   SparseTensor.check('NetworkInNetwork', input)
   if input:planes() ~= self.nIn then
      fail.raise('NetworkInNetwork: input has %d planes, expected %d', input:planes(), self.nIn)
   end
   self.multiplyAdds = input.sites.count * self.nIn * self.nOut
   return input:map(function(x) return self:transform(x) end)
end

return NetworkInNetwork
