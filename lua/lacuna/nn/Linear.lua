--- Multiplies rows by a matrix and adds a bias: y = x W + b.
--
--     local y = nn.Linear(192, 10)(x)       -- x: n x 192, y: n x 10
--
-- `weight` is nIn x nOut, first drawn with deviation sqrt(2 / nIn); `bias` is nOut, zeros.
-- @classmod lacuna.nn.Linear
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local initialise = require 'lacuna.nn.initialise'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local Linear = class('nn.Linear', Module)

--- Makes the layer.
-- @tparam number nIn
-- @tparam number nOut
-- @tparam[opt] table options `bias`, true by default
function Linear:__init(nIn, nOut, options)
   Module.__init(self)
   local name = self.__typename
   options = fail.options(name, options, { bias = true })
   self.nIn = fail.whole(name, 'nIn', nIn, 1)
   self.nOut = fail.whole(name, 'nOut', nOut, 1)
   self:parameter('weight', initialise.he({ nIn, nOut }, nIn))
   if options.bias then self:parameter('bias', Tensor.zeros(nOut)) end
end

-- internal: x W + b, without checks.
function Linear:transform(x)
   local y = ops.matmul(x, self.weight)
   return self.bias and y + self.bias or y
end

function Linear:forward(input)
   Tensor.check('Linear', 'input', input)
   if #input.sizes ~= 2 or input.sizes[2] ~= self.nIn then
      fail.raise('Linear: input is %s, expected n x %d', table.concat(input.sizes, 'x'), self.nIn)
   end
   self.multiplyAdds = input.sizes[1] * self.nIn * self.nOut
   return self:transform(input)
end

function Linear:describe() return self.nIn .. ' -> ' .. self.nOut end

return Linear
