-- A training run that may be killed at any moment and started again; scripts/kills and the spec of
-- checkpoints do so.
--
--   luajit spec/support/killed_run.lua FOLDER [EPOCHS [PLANES]]
--
-- Everything that can be random is: the order of triplets, samples made by workers, noise from the
-- common generator and from one of its own.  FOLDER.log gets a line before and after each save.
local lacuna = require 'lacuna'
local data = require 'lacuna.data'
local nn, optim = lacuna.nn, lacuna.optim

local folder, epochs, planes = arg[1], tonumber(arg[2] or 12), tonumber(arg[3] or 48)
local COUNT, BATCHES = 24, 6

local log = assert(io.open(folder .. '.log', 'a'))
log:setvbuf 'no'
local function mark(what, step) log:write(('%s %d\n'):format(what, step)) end

lacuna.device(os.getenv 'LACUNA_TEST_DEVICE' or 'cpu')
lacuna.seed(1)
local labels = {}
for i = 1, COUNT do labels[i] = (i - 1) % 3 + 1 end
local loader = data.Loader(data.remote('spec.support.killed_data', { count = COUNT }), {
   seed = 2, workers = 2, collate = data.collate.sparse, sampler = data.samplers.triplets(labels,
      { batchSize = 6, classes = 1, batches = BATCHES, seed = 3 }) })
local net = nn.Sequential()
   :add(nn.SubmanifoldConvolution(3, 1, planes, 3)):add(nn.BatchNormReLU(planes))
   :add(nn.MaxPooling(3, 2, 2)):add(nn.SubmanifoldConvolution(3, planes, 2 * planes, 3))
   :add(nn.GlobalPooling 'mean')
local triplet = nn.TripletLoss { margin = 2, metric = 'cosine' }
local optimiser = optim.Adam(net:parameters(), { lr = 0.003 })
local rate = optim.schedule.cosine { lr = 0.003, epochs = epochs }
local generator = lacuna.Generator(4)

local run = lacuna.checkpoint(folder, { net = net, optimiser = optimiser, rate = rate,
   loader = loader, generator = generator })
local at = assert(run:resume { epoch = 1, curve = {}, best = math.huge })
mark('resumed', #at.curve)

local function step(batch)
   local noise = lacuna.ops.fillNormal(lacuna.zeros(#batch.ids, 2 * planes), 0, 0.1)
   batch.features:mul(generator:uniform(0.5, 1.5))
   local vectors = net(data.collate.toSparseTensor(batch, { spatialSize = 14 })) + noise
   local loss = triplet(vectors:rows(1, 2), vectors:rows(3, 4), vectors:rows(5, 6))
   optimiser:zeroGrad()
   loss:backward()
   optimiser:step()
   return loss:item()
end

for epoch = at.epoch, epochs do
   for batch, i in loader:epoch(epoch) do
      optimiser:rate(rate(epoch + (i - 1) / BATCHES))
      local loss = lacuna.scope(step, batch)
      local isBest = loss < at.best
      table.insert(at.curve, loss)
      at.epoch, at.best = epoch, math.min(at.best, loss)
      mark('save', #at.curve)
      assert(run:save(at, { best = isBest }))
      mark('saved', #at.curve)
   end
end
loader:close()

local output = ('%d steps, best %.17g, last %.17g'):format(#at.curve, at.best, at.curve[#at.curve])
assert(lacuna.io.writeJson(folder .. '/result.json', { curve = at.curve, output = output }))
print(output)
