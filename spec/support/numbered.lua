-- A data set for the specs of the loader, which worker states build too: sample i holds i rows of
-- numbers from its generator.  `bad` names a sample that fails, `nap` keeps the caller busy.
local clock = require 'lacuna.clock'
local data = require 'lacuna.data'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

return function(arguments)
   if arguments.refuse then error('numbered: no data today') end
   return data.Dataset(arguments.count, function(i, generator)
      if i == arguments.bad then error('numbered: this one is broken') end
      if i == arguments.odd then return { f = print } end
      if arguments.nap then
         local finish = clock() + arguments.nap
         while clock() < finish do generator:uniform() end
      end
      local rows = i % 5
      local coords = Tensor.full(i, { rows, 3 }, { dtype = 'int32', device = 'cpu' })
      return {
         coords = coords, label = i % 3, id = 'sample ' .. i, drawn = generator:uniform(),
         features = ops.fillUniform(Tensor.zeros(rows, 2, { device = 'cpu' }), -1, 1, generator),
      }
   end)
end
