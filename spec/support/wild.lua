--- Calls every public function and method with arguments drawn at random, most of them wrong.
--
-- Each call must give a result or a sentence of ours: one that blames the caller's line and is none
-- of Lua's own.  What such a call writes to a class is a complaint too.
-- @module spec.support.wild
local lacuna = require 'lacuna'

local wild = {}

-- Not called: they end the process, wait, or change how everything after them runs.
local left = {}
for name in ([[ lacuna.device lacuna.threads Tensor.fromPointer Tensor.pointer Tensor.slice
   ops.index Sites.perAxis SparseTensor.check nn.Loss() nn.MSELoss() nn.CrossEntropyLoss()
   optim.Optimizer() ]]):gmatch '%S+' do left[name] = true end

-- Methods that a class calls itself, with what it has checked.
local inner = { update = true, slot = true, rows = true, check = true, remember = true }

local parts = { 'Tensor', 'SparseTensor', 'Sites', 'Generator', 'ops', 'autograd', 'nn', 'optim',
   'data', 'io', 'mesh', 'image', 'retrieval', 'tsne' }

local function loadFolder(part)
   local lfs = require 'lfs'
   for file in lfs.dir('lua/lacuna/' .. part) do
      local name = file:match '^(%u%w*)%.lua$' or file:match '^(clip)%.lua$'
         or file:match '^(schedule)%.lua$'
      if name then local _ = lacuna[part][name] end
   end
end

local function names(fields)
   local list = {}
   for key in next, fields do
      if type(key) == 'string' then list[#list + 1] = key end
   end
   table.sort(list)
   return list
end

-- Every function that a user can name: { name, f, class }.
function wild.targets()
   loadFolder 'nn'
   loadFolder 'optim'
   local list, seen = {}, {}
   local function add(name, f, class)
      if not left[name] then list[#list + 1] = { name = name, f = f, class = class } end
   end
   local function visit(path, value, class, depth)
      local last = path:match '[^.]*$'
      if type(value) == 'function' then
         local own = last:find '^__%w*index$' or last == '__init' or class and inner[last]
         if not own then add(path, value, class) end
      elseif type(value) == 'table' and not seen[value] and depth < 4 then
         seen[value] = true
         local isClass = rawget(value, '__typename') ~= nil
         if isClass then add(path .. '()', value) end
         for _, key in ipairs(names(value)) do
            visit(path .. '.' .. key, value[key], isClass and value or nil, depth + 1)
         end
      end
   end
   for _, part in ipairs(parts) do visit(part, lacuna[part], nil, 0) end
   for _, key in ipairs(names(lacuna)) do
      if type(lacuna[key]) == 'function' then visit('lacuna.' .. key, lacuna[key], nil, 0) end
   end
   return list
end

-- Fresh objects of every kind, on two devices, some of them used up.
local function makePool(folder, device)
   local nn = lacuna.nn
   local pool = {}
   local function put(value) pool[#pool + 1] = value end
   for _, d in ipairs { 'cpu', device } do
      local on = { device = d }
      put(lacuna.tensor({ { 1, -2, 0.5 }, { 0, 3, 1 } }, on))
      put(lacuna.tensor({ 1, 2, 3 }, { device = d, requiresGrad = true }))
      put(lacuna.tensor(2, on))
      put(lacuna.zeros(0, 3, on))
      put(lacuna.tensor({ 0 / 0, 1 / 0, -1 / 0 }, on))
      put(lacuna.tensor({ 0, 1, 2, 1 }, { dtype = 'int32', device = d }))
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
   put(lacuna.mesh.new({ { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } }))
   put(lacuna.Generator(1))
   put(nn.SubmanifoldConvolution(2, 2, 3, 3))
   put(nn.Sequential():add(nn.ReLU()))
   put(nn.MSELoss())
   put(lacuna.optim.Adam({ lacuna.tensor({ 1 }, { requiresGrad = true }) }))
   put(lacuna.data.fromTable { 1, 2, 3 })
   put(lacuna.data.Loader(lacuna.data.fromTable { 1, 2, 3 }))
   for _, layer in ipairs {
      nn.Convolution(2, 2, 3, 2, 2), nn.MaxPooling(2, 2, 2), nn.AveragePooling(2, 2, 2),
      nn.BatchNormalization(2), nn.BatchNormReLU(2), nn.BatchNormLeakyReLU(2), nn.Linear(2, 3),
      nn.NetworkInNetwork(2, 3), nn.GlobalPooling 'mean', nn.SparseToDense(2, 2),
      nn.DenseToSparse(2), nn.InputLayer(2, 5), nn.OutputLayer(2), nn.JoinTable(), nn.AddTable(),
      nn.ConcatTable():add(nn.ReLU()):add(nn.Tanh()), nn.TripletLoss(), nn.ContrastiveLoss(),
      nn.CrossEntropyLoss(), nn.ReLU(), nn.ELU(), nn.LeakyReLU(), nn.Sigmoid(), nn.Softplus(),
      nn.Identity(),
   } do
      put(layer)
   end
   local parameters = { lacuna.tensor({ 1, 2 }, { requiresGrad = true }) }
   parameters[1].grad = lacuna.ones(2)
   put(lacuna.optim.SGD(parameters, { lr = 0.1 }))
   put(lacuna.optim.AdamW(parameters))
   put(lacuna.optim.ClassicSGD(parameters, { lr = 0.1 }))
   put(io.stdout)
   put(coroutine.create(print))
   put(function(...) return ... end)
   put(function() error('mine: what came, expected nothing', 0) end)
   put(folder .. '/missing')
   put(folder)
   local n = #pool
   for _, v in ipairs { 0, 1, 2, 3, 4, -1, 1.5, 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, 2 ^ 63,
      1e300, -2 ^ 31, 256, 1, 2, 1, 2, true, false, '', 'cpu', 'shadow', 'nowhere', 'float32',
      'int32', 'weight', 'mean', 'a\0b%d' } do
      put(v)
   end
   return pool, n
end

local options = { 'device', 'dtype', 'lr', 'spatialSize', 'dimension', 'margin', 'size',
   'batchSize', 'requiresGrad', 'keepdim' }

local function tableOf(pool, random)
   local t, kind = {}, random(6)
   if kind == 1 then return t end
   if kind == 2 then
      t[options[random(#options)]] = pool[random(#pool)]
      return t
   end
   for i = 1, random(3) do
      t[i] = kind == 3 and random(4) - 1
         or kind == 4 and { random(3), random(5) - 1, random(5) - 1 } or pool[random(#pool)]
   end
   return t
end

-- What Lua says, or what blames a line of ours.
local internal = { 'attempt to', 'bad argument', 'stack overflow', 'table index is', 'invalid ',
   'cannot convert', "'for' ", 'lua/lacuna/', 'too many results', 'cdata' }

-- What is wrong with an error message; nil if nothing is.
function wild.complaint(message)
   if type(message) ~= 'string' then return 'the error is a ' .. type(message) end
   if message:find 'mine: what came' then return end
   local line = message:match '^[^\n]*'
   for _, word in ipairs(internal) do
      if line:find(word, 1, true) then return message end
   end
   if not message:find '^[^\n]-wild%.lua:%d+: ' then return 'blames nobody: ' .. message end
end

-- Functions of a class that take no object of it.
local statics = {}
for name in ('new over fromDense is densePoints of zeros ones full raw'):gmatch '%a+' do
   for _, class in ipairs { 'Tensor', 'SparseTensor', 'Sites' } do
      statics[class .. '.' .. name] = true
   end
end

local function snapshot(targets)
   local all = {}
   for _, target in ipairs(targets) do
      local class = target.class
      if class and not all[class] then
         all[class] = {}
         for key, value in next, class do all[class][key] = value end
      end
   end
   return all
end

-- What was written to classes since; undone.
local function written(original)
   for class, had in pairs(original) do
      for key, value in next, class do
         if had[key] ~= value then
            class[key] = had[key]
            return 'wrote ' .. tostring(key) .. ' to a class'
         end
      end
   end
end

local function isOf(object, class)
   local c = getmetatable(object)
   while type(c) == 'table' and c ~= class do
      local above = getmetatable(c)
      c = type(above) == 'table' and above.__index
   end
   return c == class
end

-- A method's first argument; nil where the pool has none that fits.
local function fitting(pool, live, class, random)
   local list = {}
   for k = 1, live do
      if isOf(pool[k], class) then list[#list + 1] = pool[k] end
   end
   return #list > 0 and list[random(#list)] or nil
end

local function draw(target, pool, live, random)
   local arguments, n = {}, random(5) - 1
   for k = 1, n do
      local choice = random(10)
      if choice <= 6 then
         arguments[k] = pool[random(#pool)]
      elseif choice <= 9 then
         arguments[k] = tableOf(pool, random)
      end
   end
   if target.class and (not statics[target.name] or random(10) <= 4) then
      local object = fitting(pool, live, target.class, random)
      if not object then return nil end
      arguments[1], n = object, math.max(n, 1)
   end
   return arguments, n
end

local function call(f, arguments, n)
   return pcall(function() return f(unpack(arguments, 1, n)), nil end)
end

-- Makes calls; gives the complaints, a line each, and how many calls gave a result.  `before`, if
-- given, is told of each call.
function wild.run(calls, seed, folder, device, before)
   local state = seed
   local function random(n)  -- 1 .. n
      state = (state * 16807) % 2147483647
      return state % n + 1
   end
   local targets = wild.targets()
   local original = snapshot(targets)
   local complaints, good, pool, live = {}, 0, nil, nil
   for i = 1, calls do
      if i % 50 == 1 then pool, live = makePool(folder, device) end
      local target = targets[random(#targets)]
      local arguments, n = draw(target, pool, live, random)
      if arguments then
         if before then before(i, target.name, arguments, n) end
         local ok, message = call(target.f, arguments, n)
         if ok then good = good + 1 end
         local wrong = not ok and wild.complaint(message) or written(original)
         if wrong then
            complaints[#complaints + 1] = ('call %d, %s: %s'):format(i, target.name, wrong)
         end
         lacuna.device(device)
      end
   end
   return complaints, good
end

return wild
