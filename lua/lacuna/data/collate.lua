--- Makes one batch of several samples.
-- @module lacuna.data.collate
local fail = require 'lacuna.fail'
local ops = require 'lacuna.ops'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local collate = {}

local function checkSample(k, sample)
   if type(sample) ~= 'table' then
      fail.raise('collate: sample %d of the batch is %s, expected a table', k,
         fail.describe(sample))
   end
   local coords = Tensor.check('collate', 'coords', sample.coords, 'int32')
   local features = Tensor.check('collate', 'features', sample.features, 'float32')
   if #coords.sizes ~= 2 or #features.sizes ~= 2 or coords.sizes[1] ~= features.sizes[1]
      or coords.sizes[2] < 2 then
      fail.raise('collate: sample %d of the batch has coords %s and features %s, expected '
         .. 'n x (1 + dimension) and n x planes', k, table.concat(coords.sizes, 'x'),
         table.concat(features.sizes, 'x'))
   end
end

--- Stacks samples of voxels.
-- @tparam table samples each with `coords` (n x (1 + dimension), int32; what the first column
-- holds does not matter), `features` (n x planes), and, if you like, a number `label` and an `id`
-- @treturn table `coords` with the sample's place in the batch, from one, in the first column;
-- `features`; `labels`, an int32 tensor, where the samples have labels; `ids`, `counts`: lists
function collate.sparse(samples)
   if type(samples) ~= 'table' or #samples == 0 then
      fail.raise('collate: %s, expected at least one sample', type(samples) == 'table'
         and 'an empty batch' or fail.describe(samples))
   end
   local places, positions, features, labels = {}, {}, {}, {}
   local batch = { ids = {}, counts = {} }
   for k, sample in ipairs(samples) do
      checkSample(k, sample)
      local n, columns = sample.coords.sizes[1], sample.coords.sizes[2]
      places[k] = Tensor.full(k, { n, 1 }, { dtype = 'int32', device = sample.coords.device })
      positions[k] = ops.narrow(sample.coords, 2, 2, columns - 1)
      features[k] = sample.features
      labels[k] = sample.label
      batch.ids[k] = sample.id == nil and k or sample.id
      batch.counts[k] = n
   end
   batch.coords = ops.concat({ ops.concat(places), ops.concat(positions) }, 2)
   batch.features = ops.concat(features)
   if next(labels) then
      for k = 1, #samples do
         if type(labels[k]) ~= 'number' then
            fail.raise('collate: the label of sample %d of the batch is %s, expected a number', k,
               fail.describe(labels[k]))
         end
      end
      batch.labels = Tensor.of(labels, { dtype = 'int32', device = 'cpu' })
   end
   return batch
end

--- Makes a sparse tensor of a batch.
-- @tparam table batch as @{sparse} gives it
-- @tparam[opt] table options `spatialSize`, `device`, `duplicates`, `background` as for
-- `SparseTensor.new`
-- @treturn SparseTensor with as many samples as the batch, some of them perhaps empty
function collate.toSparseTensor(batch, options)
   if type(batch) ~= 'table' or type(batch.counts) ~= 'table' then
      fail.raise('toSparseTensor: %s, expected a batch of collate.sparse', fail.describe(batch))
   end
   options = fail.options('toSparseTensor', options,
      { spatialSize = false, device = false, duplicates = 'error', background = false })
   options.device = options.device or Tensor.defaultDevice
   options.batchSize = #batch.counts
   return SparseTensor.new(batch.coords, batch.features, options)
end

return collate
