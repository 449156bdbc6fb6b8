--- Right arguments, of which the driver makes wrong ones by changing one thing.
--
-- Random arguments seldom get past the first check of a function that takes lists and options.
-- @module spec.support.wild_samples
local lacuna = require 'lacuna'

local samples = {}

local function square() return { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } } end

local function solid()
   return { vertices = { 0, 0, 0, 1, 0, 0, 0, 1, 1 }, faces = { 0, 1, 2 } }
end

local function mesh()
   return lacuna.mesh.new({ { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } })
end

local function int(values) return lacuna.tensor(values, { dtype = 'int32' }) end

local function flat(x, y, z) return x, y, z end

local labels = { 'a', 'a', 'b', 'b' }

-- What a function takes beside `self`, by its name.
samples.of = {
   ['data.solids.loft'] = function()
      return square(), { { 0, 0 }, { 0, 1, 0, 0, 2 }, { 2, 1 }, { 2, 0 } }
   end,
   ['data.solids.tube'] = function()
      return { { 0, 0, 0 }, { 0, 1, 2 }, { 1, 1, 1 } }, function() return 1 end, 5, true
   end,
   ['data.solids.split'] = function() return square(), 3 end,
   ['data.solids.prism'] = function() return square(), 2, 3 end,
   ['data.solids.box'] = function() return 1, 2, 3, 2, 2 end,
   ['data.solids.ellipsoid'] = function() return 1, 2, 3, 8 end,
   ['data.solids.map'] = function() return solid(), flat end,
   ['data.solids.shift'] = function() return solid(), 1, 2, 3 end,
   ['data.solids.turn'] = function() return solid(), 'x', 1 end,
   ['data.solids.join'] = function() return { solid(), solid() } end,
   ['data.shapes.make'] = function() return 'cross', 3 end,
   ['data.shapes.dataset'] = function()
      return { seed = 1, perClass = 1, classes = { 'cross', 'knot' } }
   end,
   ['data.meshes.open'] = function()
      return { data = 'list', seed = 1, train = 1, test = 1, holdout = 0, companions = 0 }
   end,
   ['data.meshes.load'] = function() return { shape = solid(), label = 1 } end,
   ['data.meshes.dataset'] = function()
      return { { shape = solid(), label = 1 }, { path = 'a.off' } },
         { renderSize = 4, size = 8, rotate = true, augment = true, jitter = 0.2 }
   end,
   ['data.meshes_remote'] = function()
      return { data = 'list', seed = 1, split = 'train', companions = 0, holdout = 0, size = 8,
         renderSize = 4, augment = false }
   end,
   ['data.MeshDataset.get'] = function() return 1, lacuna.Generator(1) end,
   ['data.samplers.sequential'] = function() return 5, { batchSize = 2, dropLast = true } end,
   ['data.samplers.shuffled'] = function() return 5, { batchSize = 2, seed = 3 } end,
   ['data.samplers.balanced'] = function() return { unpack(labels) }, { classes = 2, each = 2 } end,
   ['data.samplers.triplets'] = function()
      return { unpack(labels) }, { batchSize = 6, classes = 2, method = 'lazy',
         limit = { 'min', 2 }, batches = 2, seed = 1 }
   end,
   ['data.samplers.select'] = function()
      return { { 0, 1, 2 }, { 1, 0, 3 }, { 2, 3, 0 } }, { 'a', 'a', 'b' },
         { anchors = { 1, 2 }, positives = { 1, 2, 3 }, negatives = { 3 }, fall = 'log', seed = 1 }
   end,
   ['data.samplers.together'] = function()
      local samplers = lacuna.data.samplers
      return samplers.sequential(3), samplers.shuffled(4), 3
   end,
   ['data.triplets.weights'] = function() return 5, 'log' end,
   ['data.subset'] = function() return lacuna.data.fromTable { 1, 2, 3 }, { 1, 3 } end,
   ['data.map'] = function() return lacuna.data.fromTable { 1, 2, 3 }, flat end,
   ['data.split'] = function() return { unpack(labels) }, 0.5, 1 end,
   ['data.collate.sparse'] = function()
      return { { coords = int { { 1, 0, 0 } }, features = lacuna.ones(1, 2), label = 1, id = 'x' } }
   end,
   ['data.Loader()'] = function()
      return lacuna.data.fromTable { 1, 2, 3 }, { batchSize = 2, shuffle = true, seed = 1,
         dropLast = true, collate = flat }
   end,
   ['data.Loader.loadStateDict'] = function() return { epoch = 1, batch = 1, seed = 0 } end,
   ['data.Workers.put'] = function() return { indices = { 1 }, seeds = { 7 } } end,
   ['data.Workers.take'] = function() return 1 end,
   ['retrieval.evaluate'] = function()
      return { { 1, 2 }, { 2, 1 } }, { 'a', 'b' }, { 'a', 'b' },
         { cutoff = 3, self = false, exclude = function() return false end }
   end,
   ['retrieval.chance'] = function() return { 'a', 'b' }, { 'a', 'b', 'a' }, { cutoff = 3 } end,
   ['retrieval.distances'] = function()
      return { { 1, 0 }, { 0, 1 } }, { { 2, 0 }, { 1, 3 } }, 'euclidean'
   end,
   ['retrieval_report.layers'] = function()
      return lacuna.nn.DeepC2(3, 0, 2), mesh(), { renderSize = 2 }
   end,
   ['retrieval_report.describe'] = function()
      return lacuna.nn.DeepC2(3, 0, 2), 'a.off', { render = 2, seed = 1 }
   end,
   ['retrieval_report.new'] = function()
      return { options = { name = 'sample', seed = 0, views = 1 }, loader = flat, embed = flat,
         set = { classes = {}, train = {}, test = {} }, net = lacuna.nn.Identity() }
   end,
   ['RetrievalScorer.showNeighbours'] = function()
      return { distances = { { 1, 2 }, { 2, 1 } } }
   end,
   ['RetrievalScorer.showEmbedding'] = function()
      return { targets = { { 1, 2 }, { 2, 1 } }, queries = { { 1, 2 }, { 2, 1 } } }
   end,
   ['options.read'] = function()
      return { '--epochs', '3', '--quick' }, { 'Trains.', { 'epochs', 30, 'passes' },
         { 'quick', false, 'less' }, { 'data', '', 'a folder' } }
   end,
   ['progress.new'] = function() return 'title', 3, { live = false } end,
   ['optim.SGD()'] = function()
      return { lacuna.ones(2, { requiresGrad = true }) }, { lr = 0.1, momentum = 0.9,
         nesterov = true }
   end,
   ['optim.Schedule.loadStateDict'] = function()
      return { kind = 'step', options = { lr = 0.1, decay = 0.1, every = 10 } }
   end,
   ['mesh.voxelize'] = function()
      return mesh(), { size = 8, renderSize = 4, rotation = lacuna.Generator(1), scale = 1,
         affine = { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, shift = { 0, 0, 1 }, batch = 1 }
   end,
   ['mesh.render'] = function() return mesh(), { width = 8, height = 8, colour = { 9, 9, 9 } } end,
   ['mesh.new'] = function() return { { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } } end,
   ['image.sheet'] = function()
      local picture = lacuna.image.blank(4, 4)
      return { { { picture = picture, caption = 'x', right = true }, { picture = picture } } },
         { title = 'y', lead = 1 }
   end,
   ['image.text'] = function()
      return lacuna.image.blank(20, 40), 1, 1, 'text', { scale = 1, colour = { 1, 2, 3 } }
   end,
   ['nn.Convolution()'] = function() return 2, 3, 4, 2, { 1, 1 }, { bias = true } end,
   ['nn.InputLayer()'] = function() return 2, 5, { background = true } end,
   ['Sites.new'] = function()
      return { { 1, 0, 0 }, { 2, 1, 1 } }, { spatialSize = 5, background = true, batchSize = 2 }
   end,
   ['SparseTensor.new'] = function()
      return { { 1, 0, 0 }, { 2, 1, 1 } }, lacuna.ones(2, 3), { spatialSize = { 5, 6 } }
   end,
   ['autograd.grad'] = function()
      local x = lacuna.tensor({ 1, 2 }, { requiresGrad = true })
      return (x * x):sum(), { x }, { createGraph = true }
   end,
   ['tsne.embed'] = function()
      return { { 1, 2 }, { 2, 1 }, { 3, 3 }, { 4, 1 } }, { perplexity = 1, iterations = 3 }
   end,
   ['io.saveTensors'] = function()
      return 'some.safetensors', { x = lacuna.ones(2) }, { note = 'text' }
   end,
}

local function ones(...) return lacuna.ones(...) end

local function learnt() return lacuna.ones(2, 3, { requiresGrad = true }) end

-- Many functions for a sample.
for f, names in pairs {
   [function() return ones(2, 3), learnt() end] = [[ ops.sub ops.mul ops.div ops.minimum
      ops.maximum ops.distances ops.squaredDistances nn.MSELoss.forward Tensor.copy ]],
   [function() return learnt(), 2 end] = [[ ops.pow ops.leakyRelu ops.elu ops.softplus
      Tensor.__mul Tensor.__pow Tensor.__sub Tensor.narrow ]],
   [function() return learnt(), 1, 2 end] = [[ ops.affine ops.clamp Tensor.rows Tensor.clamp ]],
   [function() return lacuna.tensor(2) end] = 'Tensor.sub Tensor.mul Tensor.div Tensor.add',
   [function() return learnt(), ones(3, 2), {} end] = 'Tensor.mm',
   [function() return { ones(2, 3), learnt() }, 1 end] = 'ops.concat',
   [function() return learnt(), int { 1, 2 } end] = 'ops.pick nn.CrossEntropyLoss.forward',
   [function() return learnt(), int { 1, 0, -1 } end] = 'ops.gatherRows',
   [function() return int { 1, 2, 2 } end] = 'Tensor.gather',
   [function() return learnt(), int { 1, 1 }, 4 end] = 'ops.scatterAdd',
   [function() return learnt(), { 3, 2 } end] = 'ops.view',
   [function() return learnt(), int { 0, 1, 2 } end] = [[ ops.segmentMean ops.segmentMax
      ops.segmentMin ops.segmentSum ops.segmentNorm ops.segmentArgmax ops.segmentArgmin ]],
   [function()
      return ones(2), ones(2), ones(2), ones(2), { lr = 1, beta1 = 0.9, beta2 = 0.9, eps = 1 }, 1
   end] = 'ops.adamStep',
   [function() return ones(2, 3), learnt(), ones(2, 3) end] = 'ops.where nn.TripletLoss.forward',
   [function() return { learnt() }, { lr = 0.1, weightDecay = 0.1 } end] = [[ optim.Adam()
      optim.AdamW() optim.ClassicSGD() ]],
   [function() return { learnt() }, 1 end] = 'optim.clip.norm optim.clip.value',
   [function() return 1, lacuna.nn.ReLU() end] = 'nn.Sequential.insert nn.Sequential.set',
   [function() return 'name', lacuna.nn.ReLU() end] = 'nn.Module.child nn.Module.replace',
   [function() return 'name', ones(2) end] = 'nn.Module.parameter nn.Module.buffer',
   [function() return 'some.json', { a = { 1, 'x', true } } end] = 'io.writeJson',
   [function() return 'some.npy', ones(2, 3) end] = 'io.writeNpy',
   [function() return 2, 3, { bias = true } end] = 'nn.Linear() nn.NetworkInNetwork()',
   [function() return 2, 3, 2 end] = 'nn.MaxPooling() nn.AveragePooling()',
   [function() return 2, 3, 4, 3, { bias = true } end] = 'nn.SubmanifoldConvolution()',
   [function() return 3, { eps = 1e-4, momentum = 0.9 } end] = [[ nn.BatchNormalization()
      nn.BatchNormReLU() nn.BatchNormLeakyReLU() ]],
   [function() return 2, 3 end] = 'nn.SparseToDense() image.blank',
   [function()
      return { series = { { name = 'a', x = { 1, 2 }, y = { 2, 1 } } }, path = 'a.png' }
   end] = 'plot.lines',
   [function()
      return { points = { { 1, 2 }, { 2, 1 } }, labels = { 'a', 'b' }, path = 'b.png' }
   end] = 'plot.scatter',
   [function()
      return { matrix = { { 1, 0 }, { 2, 3 } }, names = { 'a', 'b' }, path = 'c.png' }
   end] = 'plot.confusion',
   [function() return { values = { 1, 2, 2 }, bins = 3, path = 'd.png' } end] = 'plot.histogram',
} do
   for name in names:gmatch '%S+' do samples.of[name] = f end
end

-- Puts a value of the pool somewhere into a value; most likely deep inside.
local function spoil(value, pool, random)
   if type(value) ~= 'table' or getmetatable(value) or random(4) == 1 then
      return pool[random(#pool)]
   end
   local keys = {}
   for key in pairs(value) do keys[#keys + 1] = key end
   if #keys == 0 then return pool[random(#pool)] end
   table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
   local key = keys[random(#keys)]
   if random(8) == 1 then value[key] = nil else value[key] = spoil(value[key], pool, random) end
   return value
end

local function pack(...) return { n = select('#', ...), ... } end

--- Makes arguments that are right, but for one thing.
-- @tparam string name of a function
-- @tparam table pool of values
-- @tparam function random
-- @treturn ?table the arguments, `n` of them; nil where there is no sample
function samples.draw(name, pool, random)
   local make = samples.of[name]
   if not make then return nil end
   local arguments = pack(make())
   if random(6) > 1 then
      local k = random(arguments.n)
      arguments[k] = spoil(arguments[k], pool, random)
   end
   return arguments
end

return samples
