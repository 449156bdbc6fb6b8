--- Arguments of every kind: objects of the library, some used up, and all that Lua has.
-- @module spec.support.wild_pool
local lacuna = require 'lacuna'

local meshes = require 'lacuna.data.meshes'

local wild_pool = {}

local MINE = 'mine: what came, expected nothing'
wild_pool.MINE = MINE

local function complain() error(MINE, 0) end

-- A table that complains whatever is done with it.
local function touchy()
   local meta = {}
   for word in ('index newindex call eq lt le concat unm add sub mul div mod pow tostring')
      :gmatch '%a+' do
      meta['__' .. word] = complain
   end
   return setmetatable({}, meta)
end

local function nested(depth)
   local t = {}
   for _ = 1, depth do t = { t } end
   return t
end

local function cycle()
   local t = { 1, 2 }
   t[1], t.self = t, t
   return t
end

-- Functions that a library may be given.
local function callbacks()
   return {
      print_nothing = function() end,
      give = function(...) return ... end,
      complain = complain,
      throw_table = function()
         error(setmetatable({}, { __tostring = function() return MINE end }))
      end,
      throw_nothing = function() error(nil) end,
      yield = function(...)
         if coroutine.running() then
            local ok = pcall(coroutine.yield, ...)
            if ok then return ... end
         end
         complain()
      end,
      compute = function()
         local x = lacuna.ones(2, 2, { requiresGrad = true })
         lacuna.scope(function()
            local y = (x * x):sum()
            if y.requiresGrad then y:backward() end
         end)
         return lacuna.noGrad(function() return x + 1 end)
      end,
      collect = function(x)
         collectgarbage()
         return x
      end,
      release = function(x)
         if type(x) == 'table' and type(x.release) == 'function' then x:release() end
         return x
      end,
   }
end

-- The library's own, on two devices.
local function putObjects(put, device)
   for _, d in ipairs { 'cpu', device } do
      local on = { device = d }
      put(lacuna.tensor({ { 1, -2, 0.5 }, { 0, 3, 1 } }, on))
      put(lacuna.tensor({ 1, 2, 3 }, { device = d, requiresGrad = true }))
      put(lacuna.tensor(2, on))
      put(lacuna.zeros(0, 3, on))
      put(lacuna.tensor({ 0 / 0, 1 / 0, -1 / 0 }, on))
      put(lacuna.tensor({ 1e-45, 1e-40, -1e-45 }, on))
      put(lacuna.tensor({ 0, 1, 2, 1 }, { dtype = 'int32', device = d }))
      put(lacuna.tensor({ -2147483648, 2147483647, -1 }, { dtype = 'int32', device = d }))
      put(lacuna.tensor({ { 1, 0, 0 }, { 2, 3, 4 } }, { dtype = 'int64', device = d }))
      put(lacuna.zeros(4, 5, 3, { dtype = 'uint8', device = d }))
      put(lacuna.ones(2, 2, 5, 5, on))
      local w = lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { device = d, requiresGrad = true })
      put(w:view(4))
      put(w * 2)
      put((w * w):sum())
      local gone = lacuna.ones(2, on)
      gone:release()
      put(gone)
      local x = lacuna.SparseTensor.new({ { 1, 0, 0 }, { 1, 0, 1 }, { 2, 3, 3 } },
         lacuna.tensor({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, on), { spatialSize = 5, device = d })
      put(x)
      put(x.sites)
      put((x.sites:submanifold(3)))
      put(lacuna.SparseTensor.new({}, lacuna.zeros(0, 2, on), { dimension = 2, device = d }))
      put(x:exact())
      local bad = lacuna.Sites.new({ { 1, 0, 0 } }, on)
      bad:release()
      put(bad)
      local used = x.sites:submanifold(1)
      used:release()
      put(used)
   end
end

local function putLayers(put)
   local nn = lacuna.nn
   local net = nn.Sequential():add(nn.Tanh())
   put(net:registerForwardHook(function() end))
   put((net:activations(lacuna.ones(2, 2))))
   for _, layer in ipairs {
      nn.SubmanifoldConvolution(2, 2, 3, 3), nn.Sequential():add(nn.ReLU()), nn.MSELoss(),
      nn.Convolution(2, 2, 3, 2, 2), nn.MaxPooling(2, 2, 2), nn.AveragePooling(2, 2, 2),
      nn.BatchNormalization(2), nn.BatchNormReLU(2), nn.BatchNormLeakyReLU(2), nn.Linear(2, 3),
      nn.NetworkInNetwork(2, 3), nn.GlobalPooling 'mean', nn.SparseToDense(2, 2),
      nn.DenseToSparse(2), nn.InputLayer(2, 5), nn.OutputLayer(2), nn.JoinTable(), nn.AddTable(),
      nn.ConcatTable():add(nn.ReLU()):add(nn.Tanh()), nn.TripletLoss(), nn.ContrastiveLoss(),
      nn.CrossEntropyLoss(), nn.ReLU(), nn.ELU(), nn.LeakyReLU(), nn.Sigmoid(), nn.Softplus(),
      nn.Identity(), nn.DeepC2(3, 0, 2),
   } do
      put(layer)
   end
end

-- A list of two meshes, one of each split.
local function meshList(folder)
   local path = folder .. '/list'
   for name, text in pairs { list = 'a.off cup train\na.off cup test\n',
      ['a.off'] = 'OFF\n3 1 0\n0 0 0\n2 0 0\n0 2 0\n3 0 1 2\n' } do
      local file = assert(io.open(folder .. '/' .. name, 'w'))
      file:write(text)
      file:close()
   end
   return path
end

-- What a retrieval experiment is made of, as small as it can be.
local function scorer()
   local data, nn = lacuna.data, lacuna.nn
   local set = { classes = { 'cup' }, train = {}, test = {} }
   for _, list in ipairs { set.train, set.test } do
      for i = 1, 2 do
         list[i] = { class = 'cup', label = 1,
            mesh = lacuna.mesh.new({ { 0, 0, 0 }, { i, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } }) }
      end
   end
   return require('lacuna.retrieval_report').new {
      options = { name = 'wild', seed = 0, views = 1, render = 8, workers = 0 }, set = set,
      net = nn.Linear(1, 2),
      loader = function(split, options)
         return data.Loader(meshes.dataset(set[split], { renderSize = 4, size = 8 }),
            options.loader)
      end,
      embed = function(batch) return lacuna.ones(#batch.ids, 2) end,
   }
end

local function putData(put, folder)
   local data = lacuna.data
   local list = meshList(folder)
   put(data.fromTable { 1, 2, 3 })
   put(data.Loader(data.fromTable { 1, 2, 3 }))
   local shuffled = data.samplers.shuffled(5, { batchSize = 2 })
   put(shuffled)
   put(data.samplers.together(shuffled, data.samplers.sequential(3), 5))
   put(data.samplers.balanced({ 'a', 'a', 'b', 'b' }, { classes = 2, each = 2 }))
   put(data.samplers.triplets({ 'a', 'a', 'b', 'b' }, { batchSize = 3, classes = 1 }))
   put(data.remote('spec.support.numbered', { count = 3 }))
   put(meshes.dataset(meshes.open({ data = list }).train, { renderSize = 4, size = 8 }))
   put(scorer())
end

-- Objects whose metatable is no class, by what they are called.
local function nameless()
   return {
      ['lacuna.memory()'] = lacuna.memory(), ['lacuna.memory(device)'] = lacuna.memory 'cpu',
   }
end

--- Names the metatables that are no classes.
-- @treturn table name by metatable
function wild_pool.nameless()
   local names = {}
   for name, object in pairs(nameless()) do names[getmetatable(object)] = name end
   return names
end

local function putOthers(put, folder)
   local optim = lacuna.optim
   put(lacuna.mesh.new({ { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } }))
   put(lacuna.Generator(1))
   put(optim.Adam({ lacuna.tensor({ 1 }, { requiresGrad = true }) }))
   put(optim.schedule.step { lr = 0.1 })
   put(optim.schedule.exponential { lr = 0.1 })
   put(optim.schedule.cosine { lr = 0.1 })
   put(lacuna.checkpoint(folder .. '/saved', { net = lacuna.nn.Linear(1, 1) },
      { say = function() end }))
   put((lacuna.ones(1, { requiresGrad = true }) * 2).node)
   local others = nameless()
   put(others['lacuna.memory()'])
   put(others['lacuna.memory(device)'])
   local quiet = io.open(folder .. '/progress', 'w')
   put(require('lacuna.progress').new('title', 3, { out = quiet, live = false }))
   local parameters = { lacuna.tensor({ 1, 2 }, { requiresGrad = true }) }
   parameters[1].grad = lacuna.ones(2)
   put(optim.SGD(parameters, { lr = 0.1 }))
   put(optim.AdamW(parameters))
   put(optim.ClassicSGD(parameters, { lr = 0.1 }))
end

local numbers = { 0, 1, 2, 3, 4, -1, 1.5, 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, 2 ^ 53 + 2, 2 ^ 63, 1e300,
   -2 ^ 31, 2 ^ 31, 2 ^ 32, 2 ^ 31 - 1, 256, 1, 2, 1, 2, -1 / (1 / 0), 5e-324, 1e-40, 0.1 }
local strings = { '', 'cpu', 'shadow', 'nowhere', 'float32', 'int32', 'weight', 'mean', 'a\0b%d',
   '%s%n', ('x'):rep(1000), ('%5000d'):rep(50), '\255\254', '../x', '1', 'nan', '__index' }

--- Starts a worker, which takes too long to do for every pool.
-- @tparam string folder for files
-- @treturn Workers
function wild_pool.workers(folder)
   local description = lacuna.data.remote('lacuna.data.meshes_remote',
      { data = meshList(folder), seed = 0, holdout = 0, split = 'train', size = 8, renderSize = 4,
         augment = false }).description
   return require 'lacuna.data.Workers'(1, description)
end

--- Makes fresh arguments.
-- @tparam string folder for files
-- @tparam string device the second device
-- @tparam[opt] Workers workers as `workers` makes them
-- @treturn table
-- @treturn number how many at its start are live objects
function wild_pool.new(folder, device, workers)
   local pool = {}
   local function put(value) pool[#pool + 1] = value end
   putObjects(put, device)
   putLayers(put)
   putData(put, folder)
   putOthers(put, folder)
   if workers then put(workers) end
   put(io.stdout)
   put(coroutine.create(complain))
   put(newproxy(true))
   local n = #pool
   local list = callbacks()
   for _, name in ipairs { 'print_nothing', 'give', 'complain', 'throw_table', 'throw_nothing',
      'yield', 'compute', 'collect', 'release' } do
      put(list[name])
   end
   for _, name in ipairs { '/missing', '/list', '/a.off', '' } do put(folder .. name) end
   for _, v in ipairs(numbers) do put(v) end
   for _, v in ipairs(strings) do put(v) end
   for _, v in ipairs { 7LL, 18446744073709551615ULL, 1i, touchy(), cycle(), nested(40), true,
      false } do
      put(v)
   end
   return pool, n
end

-- What options are called.
local options = { 'device', 'dtype', 'lr', 'spatialSize', 'dimension', 'margin', 'size',
   'batchSize', 'requiresGrad', 'keepdim', 'path', 'values', 'series', 'duplicates', 'background',
   'metric', 'width', 'terminal', 'gradient', 'createGraph', 'seed', 'collate', 'sampler', 'points',
   'labels' }

-- Large and odd tables; made when drawn, for they cost.
local function oddTable(random)
   local kind, t = random(7), {}
   if kind == 1 then return nested(300) end
   if kind == 2 then return { [1] = 1, [3] = 3, [1e6] = 2 } end
   if kind == 3 then return { [0] = 1, [-1] = 2, [1.5] = 3, x = 4 } end
   if kind == 4 then return { 1, nil, 3 } end
   if kind == 5 then return cycle() end
   if kind == 6 then
      for i = 1, 2000 do t[i] = i end
      return t
   end
   return setmetatable({ 1, 2 }, { __index = function(_, k) return k end })
end

--- Makes a table of what is in a pool.
function wild_pool.table(pool, random)
   local t, kind = {}, random(8)
   if kind == 1 then return t end
   if kind == 8 then return oddTable(random) end
   if kind == 2 or kind == 7 then
      for _ = 1, random(2) do t[options[random(#options)]] = pool[random(#pool)] end
      return t
   end
   for i = 1, random(3) do
      t[i] = kind == 3 and random(4) - 1
         or kind == 4 and { random(3), random(5) - 1, random(5) - 1 } or pool[random(#pool)]
   end
   return t
end

return wild_pool
