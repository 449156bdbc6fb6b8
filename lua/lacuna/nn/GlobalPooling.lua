--- Pools all sites of each sample into one row.
--
--     local rows = nn.GlobalPooling('mean')(x)         -- samples x planes, a dense tensor
--
-- A sample without sites gives zeros.
-- @classmod lacuna.nn.GlobalPooling
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local SparseTensor = require 'lacuna.SparseTensor'

local GlobalPooling = class('nn.GlobalPooling', Module)

local kinds = {
   sum = ops.segmentSum, mean = ops.segmentMean, max = ops.segmentMax,
}

--- Makes the layer.
-- @tparam[opt='mean'] string kind `sum`, `mean` or `max`
function GlobalPooling:__init(kind)
   Module.__init(self)
   self.kind = kind or 'mean'
   if not kinds[self.kind] then
      fail.raise('GlobalPooling: kind is %s, expected sum, mean or max', fail.describe(kind))
   end
end

function GlobalPooling:forward(input)
   SparseTensor.check('GlobalPooling', input)
   if input.background then
      fail.raise('GlobalPooling: the input has an exact background, expected none')
   end
   return (kinds[self.kind](input.features, input.sites:samples()))
end

function GlobalPooling:describe() return self.kind end

return GlobalPooling
