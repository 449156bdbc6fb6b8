--- Builds a data set of meshes from its description, in this state or in a worker's.
-- @module lacuna.data.meshes_remote
local fail = require 'lacuna.fail'
local meshes = require 'lacuna.data.meshes'

--- Builds the data set.
-- @tparam table description what `meshes.open` takes; `split`: `train`, `test`, or `learn`, the
-- training meshes and behind them the companions; `renderSize`, `size`, `augment`
-- @treturn Dataset
return function(description)
   if type(description) ~= 'table' then
      fail.raise('meshes_remote: description is %s, expected a table', fail.describe(description))
   end
   local split = description.split
   if split ~= 'train' and split ~= 'test' and split ~= 'learn' then
      fail.raise('meshes_remote: split is %s, expected train, test or learn', fail.describe(split))
   end
   local set = meshes.open {
      data = description.data, seed = description.seed, holdout = description.holdout,
      companions = split == 'learn' and description.companions or 0,
   }
   local items = set[split]
   if split == 'learn' then
      items = {}
      for _, part in ipairs { set.train, set.companions } do
         for _, item in ipairs(part) do items[#items + 1] = item end
      end
   end
   return meshes.dataset(items, {
      renderSize = description.renderSize, size = description.size, augment = description.augment,
   })
end
