-- Lines and planes of a few voxels, moved and thinned at random: what spec.support.killed_run
-- learns to tell apart.  Takes `count`; gives a data set, also in a worker.
local data = require 'lacuna.data'
local lacuna = require 'lacuna'

return function(arguments)
   return data.Dataset(arguments.count, function(i, generator)
      local label, list = (i - 1) % 3 + 1, {}
      local x, y, z = generator:integer(0, 8), generator:integer(0, 8), generator:integer(0, 8)
      for a = 0, 5 do
         for b = 0, label == 1 and 0 or label == 2 and 1 or 5 do
            if #list == 0 or generator:uniform() < 0.8 then
               list[#list + 1] = { 1, x + a, y + b, z }
            end
         end
      end
      return { coords = lacuna.tensor(list, { dtype = 'int32', device = 'cpu' }), label = label,
         features = lacuna.ones(#list, 1, { device = 'cpu' }) }
   end)
end
