--- Keeps what is positive and multiplies the rest by a slope.  Takes sparse and dense tensors.
--
--     local y = nn.LeakyReLU(1 / 3)(x)
--
-- @classmod lacuna.nn.LeakyReLU
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pointwise = require 'lacuna.nn.pointwise'

local LeakyReLU = class('nn.LeakyReLU', Module)

--- Makes the layer.
-- @tparam[opt=1/3] number leak the slope
function LeakyReLU:__init(leak)
   Module.__init(self)
   self.leak = fail.number('LeakyReLU', 'leak', leak or 1 / 3)
end

function LeakyReLU:forward(input)
   return pointwise.apply('LeakyReLU', input, ops.leakyRelu, self.leak)
end

function LeakyReLU:describe() return ('%.4g'):format(self.leak) end

return LeakyReLU
