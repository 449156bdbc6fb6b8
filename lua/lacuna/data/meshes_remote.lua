--- Builds a data set of meshes from its description, in this state or in a worker's.
-- @module lacuna.data.meshes_remote
local meshes = require 'lacuna.data.meshes'

--- Builds the data set.
-- @tparam table description what `meshes.open` takes; `split`: `train`, `test`, or `learn`, the
-- training meshes and behind them the companions; `renderSize`, `size`, `augment`
-- @treturn Dataset
return function(description)
   local set = meshes.open {
      data = description.data, seed = description.seed, holdout = description.holdout,
      companions = description.split == 'learn' and description.companions or 0,
   }
   local items = set[description.split]
   if description.split == 'learn' then
      items = { unpack(set.train) }
      for _, item in ipairs(set.companions) do items[#items + 1] = item end
   end
   return meshes.dataset(items, {
      renderSize = description.renderSize, size = description.size, augment = description.augment,
   })
end
