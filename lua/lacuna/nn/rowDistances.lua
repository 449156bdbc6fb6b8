--- Distances between the rows of two batches, row by row, in the metrics of the embedding losses.
-- @module lacuna.nn.rowDistances
local fail = require 'lacuna.fail'
local ops = require 'lacuna.ops'

local metrics = {
   cosine = function(a, b) return 1 - ops.sum(ops.normalize(a) * ops.normalize(b), 2) end,
   euclidean = function(a, b) return ops.norm(a - b, 2) end,
   squared = function(a, b) return ops.sum(ops.square(a - b), 2) end,
}

--- Finds a metric by name: `cosine` is 1 - cos, `euclidean` the length of the difference,
-- `squared` its square.
-- @tparam string op who asks
-- @tparam string name
-- @treturn function of two n x c tensors, giving n distances
return function(op, name)
   local metric = metrics[name]
   if not metric then
      fail.raise('%s: metric is %s, expected cosine, euclidean or squared', op,
         fail.describe(name))
   end
   return metric
end
