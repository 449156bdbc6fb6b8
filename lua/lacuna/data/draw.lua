--- Gets one sample of a data set: the same steps in the main state and in a worker's.
-- @module lacuna.data.draw
local fail = require 'lacuna.fail'
local ops = require 'lacuna.ops'

--- Gets a sample.
-- @tparam Dataset dataset
-- @tparam number i the sample's number
-- @tparam number seed of its generator
-- @return the sample
return function(dataset, i, seed)
   fail.whole('Loader', 'sample', i, 1, dataset:size())
   local sample = dataset:get(i, ops.Generator(seed))
   if sample == nil then fail.raise('Loader: get gave nil, expected a sample') end
   return sample
end
