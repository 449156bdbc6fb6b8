--- Builds a data set of meshes from its description, in this state or in a worker's.
-- @module lacuna.data.meshes_remote
local meshes = require 'lacuna.data.meshes'

--- @tparam table description `data`, `seed`, `split` (`train` or `test`), `renderSize`, `size`,
-- `augment`
-- @treturn Dataset
return function(description)
   local set = meshes.open { data = description.data, seed = description.seed }
   return meshes.dataset(set[description.split], {
      renderSize = description.renderSize, size = description.size, augment = description.augment,
   })
end
