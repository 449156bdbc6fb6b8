--- Data sets, their order, and batches of them.
--
--     local data = require 'lacuna.data'
--     local loader = data.Loader(dataset, { batchSize = 8, shuffle = true, seed = 1,
--        collate = data.collate.sparse })
--     for epoch = 1, 10 do
--        for batch, i in loader:epoch(epoch) do … end
--     end
--     loader:close()
--
-- @module lacuna.data
local datasets = require 'lacuna.data.datasets'

local data = {
   Dataset = datasets.Dataset, fromTable = datasets.fromTable, subset = datasets.subset,
   split = datasets.split, map = datasets.map,
   --- Stacks samples; see `lacuna.data.collate`.
   collate = require 'lacuna.data.collate',
   --- Chooses the samples of each batch; see `lacuna.data.samplers`.
   samplers = require 'lacuna.data.samplers',
   --- Gives batches, in the background if asked to; see `lacuna.data.Loader`.
   Loader = require 'lacuna.data.Loader',
   --- Describes a data set that each worker builds for itself; see `lacuna.data.Remote`.
   remote = require 'lacuna.data.Remote',
}

return data
