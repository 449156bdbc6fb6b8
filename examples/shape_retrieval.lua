-- Learns to retrieve shapes: a sparse 3-D network, a triplet loss, nothing hidden.
--
--   scripts/lacuna examples/shape_retrieval.lua                       generated shapes, minutes
--   scripts/lacuna examples/shape_retrieval.lua --data FOLDER         real meshes
--   scripts/lacuna examples/shape_retrieval.lua --describe mesh.off   the network, layer by layer
--
-- Similar shapes get nearby vectors.  A test shape is then a query: the training shapes are ranked
-- by distance, and the score is the mean average precision (mAP) of that ranking.
local lacuna = require 'lacuna'
local data = require 'lacuna.data'
local meshes = require 'lacuna.data.meshes'
local report = require 'lacuna.retrieval_report'
local nn, ops, optim = lacuna.nn, lacuna.ops, lacuna.optim

local o = require('lacuna.options').read(arg, {
   'Trains a network to retrieve shapes and scores it on shapes that it never saw.',
   { 'data', '', 'a folder class/train|test/*.off, or a list file: path class split' },
   { 'describe', '', 'print the layers for this mesh, or for a folder of meshes, and stop' },
   { 'levels', 0, 'levels of max pooling; 0: 5 with --data or --describe, else 4' },
   { 'planes', 0, 'planes of the first level; 0: 32 with --data or --describe, else 16' },
   { 'render', 40, 'voxels along the longest side of a mesh' },
   { 'epochs', 0, 'passes over the training set; 0: 90 with --data, else 60' },
   { 'classes', 8, 'classes in a batch' },
   { 'each', 4, 'shapes of each class in a batch' },
   { 'mix', -1, 'classes of generated shapes beside them; -1: 8 with --data, else none' },
   { 'holdout', 0, 'k: every k-th training mesh takes the place of the test meshes' },
   { 'rate', 0.002, 'learning rate of Adam at the start' },
   { 'softness', 0.1, 'of the margin of the triplet loss, in cosine distance' },
   { 'views', 2, 'poses in which a shape is looked at when it is scored' },
   { 'workers', 1, 'threads that prepare batches' },
   { 'seed', 1, 'of everything random' },
   { 'name', 'shapes', 'results go to runs/<name>' },
   { 'resume', false, 'go on with the run that was interrupted there' },
   { 'device', 'cpu', 'where the network runs' },
})
local resume = o.resume
o.resume = nil  -- says nothing about what comes out
local real = o.data ~= '' or o.describe ~= ''
local function default(value, forMeshes, forShapes)
   return value ~= 0 and value or real and forMeshes or forShapes
end
local levels, planes = default(o.levels, 5, 4), default(o.planes, 32, 16)
local epochs = default(o.epochs, 90, 60)

lacuna.seed(o.seed)
lacuna.device(o.device)
local net = nn.DeepC2(3, levels, planes)
if o.describe ~= '' then return report.describe(net, o.describe, o) end
local model = nn.Module()
model:child('body', net)
model:child('centre', nn.BatchNormalization(net.nOut, { affine = false, momentum = 0.9 }))

-- ---- data: settings are chosen with --holdout; the test meshes are scored once, at the end -----

local mix = o.mix >= 0 and o.mix or o.data ~= '' and 8 or 0
local described = {
   data = o.data, seed = o.seed, holdout = o.holdout, companions = mix > 0 and 60 or 0,
   renderSize = o.render, size = net.inputSize,
}
local set = meshes.open {
   data = o.data, seed = o.seed, holdout = o.holdout, companions = described.companions,
}
local function loader(split, options)
   local description = { split = split, augment = options.augment }
   for name, value in pairs(described) do description[name] = value end
   return data.Loader(data.remote('lacuna.data.meshes_remote', description), options.loader)
end
local function sampler(items, classes)
   local labels = {}
   for i, item in ipairs(items) do labels[i] = item.label end
   return data.samplers.balanced(labels, { classes = classes, each = o.each, seed = o.seed })
end
local batches = sampler(set.train, o.classes)
if mix > 0 then
   batches = data.samplers.together(batches, sampler(set.companions, mix), #set.train)
end
local training = loader('learn', {
   augment = true,
   loader = {
      sampler = batches, workers = o.workers, seed = o.seed, collate = data.collate.sparse,
   },
})

-- The vectors of a batch: its voxels as a sparse tensor, through the network, one site left each.
-- At first all vectors point much the same way; without their mean they differ.
local function embed(batch)
   local x = data.collate.toSparseTensor(batch, {
      spatialSize = net.inputSize, device = o.device, background = true,
   })
   return ops.normalize(model.centre(net(x).features))
end

-- ---- the loss: every anchor, positive and negative in the batch, in tensor arithmetic ----------

local function tripletLoss(vectors, label)
   local n = label:nElement()
   label = label:float():to(o.device)
   local same = label:view(n, 1):eq(label:view(1, n))
   local distance = ops.distances(vectors, vectors, 'cosine')
   -- a margin without an edge (Hermans et al. 2017): log(1 + e^(gap / softness))
   local gap = distance:view(n, n, 1) - distance:view(n, 1, n)
   local valid = (same - report.eye(n, o.device)):view(n, n, 1) * (1 - same):view(n, 1, n)
   return (ops.softplus(gap / o.softness) * valid):sum() / valid:sum()
end

-- ---- the loop ----------------------------------------------------------------------------------

local scorer = report.new { options = o, set = set, loader = loader, embed = embed, net = model }
scorer:before()

local optimiser = optim.Adam(model:parameters(), { lr = o.rate })
local rate = optim.schedule.cosine { lr = o.rate, epochs = epochs, warmup = 1 }
local run = lacuna.checkpoint('runs/' .. o.name, {
   net = model, optimiser = optimiser, rate = rate, loader = training,
})
local at = { epoch = 1, curve = {} }
if resume then at = assert(run:resume(at)) end
local curve = at.curve
local bar = require('lacuna.progress').new('training',
   (epochs - at.epoch + 1) * training:batches())
for epoch = at.epoch, epochs do
   optimiser:rate(rate(epoch))
   local total, count = 0, 0
   for batch in training:epoch(epoch) do
      local loss = lacuna.scope(function()
         local l = tripletLoss(embed(batch), batch.labels)
         optimiser:zeroGrad()
         l:backward()
         optim.clip.norm(model:parameters(), 1)
         optimiser:step()
         return l:item()
      end)
      total, count = total + loss, count + 1
      bar:step(('epoch %d  loss %.4f'):format(epoch, loss))
   end
   curve[epoch] = total / count
   run:save { epoch = epoch + 1, curve = curve }
end
bar:finish()
training:close()

scorer:after(curve)
