local failing = require 'spec.support.failing'
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local native = require 'lacuna.native'

local nn, ops, Tensor = lacuna.nn, lacuna.ops, lacuna.Tensor

-- The bytes of tensors and of their gradients.
local function bytes(...)
   local words = {}
   for i = 1, select('#', ...) do
      local t = select(i, ...)
      words[#words + 1] = t:toString() .. (t.grad and t.grad:toString() or '')
   end
   return table.concat(words, '|')
end

local points = { { 1, 0, 0 }, { 1, 0, 1 }, { 1, 1, 1 }, { 2, 3, 3 } }

describe('the n-th allocation fails, for every n:', function()
   setup(failing.watch)
   teardown(function()
      failing.unwatch()
      print(('\n%d allocation failures in %d runs'):format(failing.injected, failing.runs))
   end)

   local x, y, v, index, first, sites
   local function make()
      local function leaf(...) return lacuna.full(...):requireGrad() end
      x, y, v = leaf(1.5, 4, 3), leaf(0.5, 4, 3), leaf(2, 3)
      index = lacuna.tensor({ 4, 1, 1, 2 }, { dtype = 'int32' })
      first = lacuna.tensor({ 0, 1, 4 }, { dtype = 'int32' })
      sites = lacuna.Sites.new(points, { spatialSize = 4 })
      lacuna.seed(1)
   end
   local function drop()
      for _, object in ipairs { x, y, v, index, first, sites } do object:release() end
      x, y, v, index, first, sites = nil, nil, nil, nil, nil, nil
   end

   local function reset()
      for _, t in ipairs { x, y, v } do t:zeroGrad() end
      lacuna.seed(1)
   end

   -- f's result, with the gradients of its sum
   local function backward(f)
      return function()
         reset()
         local t = f()
         t:sum():backward()
         return bytes(t, x, y, v)
      end
   end

   local cases = {
      ['making tensors'] = function()
         return bytes(lacuna.zeros(2, 3), lacuna.full(1, 2, { dtype = 'int32' }),
            lacuna.tensor { { 1, 2 }, { 3, 4 } },
            Tensor.fromString('ab', { 2 }, { dtype = 'uint8' }), x:clone(), x:newLike():zero())
      end,
      ['views, indexing, printing'] = function()
         local t = x:clone():view(2, 6):rows(1, 1)
         t[1] = 1
         return bytes(t, t[1]) .. tostring(t) .. #x:toTable()
      end,
      ['moving between devices'] = backward(function()
         return x:to(lacuna.device() == 'cpu' and 'shadow' or 'cpu')
      end),
      ['in place'] = function()
         local t = lacuna.ones(4, 3)
         t:add(2):sub(x:detach()):mul(y:detach()):div(2):axpy(2, t:clone()):clamp(-9, 9)
         t:abs():sqrt():exp():log():pow(2):fill(3):copy(lacuna.ones(4, 3))
         return bytes(t)
      end,
      ['two tensors'] = backward(function()
         local t = ops.maximum(x, y:rows(1, 1)) + ops.minimum(x, 1) + x * y + x / (y + 1) - v
         return ops.where(x:gt(0), t, 0) * (x:lt(y) + x:le(y) + x:ge(y) + x:eq(y) + x:ne(y))
      end),
      ['shapes'] = backward(function()
         local part = ops.embed(x:narrow(2, 1, 2), { 4, 5 }, 2, 3)
         return ops.cat(2, part, y, x:t():view(4, 3), ops.concat({ x, y }, 2))
      end),
      ['dtypes'] = function() return bytes(x:int(), x:byte(), x:long(), x:int():float()) end,
      ['reductions'] = backward(function()
         return x:sum(1):sum() + x:max(2):mean() + x:min(1):sum() + ops.norm(x)
            + ops.logSoftmax(x):sum() + (ops.softmax(y) * y):sum()
            + ops.pick(x, { 1, 2, 3, 1 }):sum()
      end),
      ['matrix products'] = backward(function()
         return x:mm(y, { transposeB = true }) + ops.distances(x, y, 'cosine') + ops.distances(x, y)
      end),
      ['segments'] = backward(function()
         local top = ops.segmentMax(x, first) + ops.segmentMin(x, first) + ops.segmentNorm(x, first)
         return ops.segmentExpand(top + ops.segmentMean(x, first), first, 4)
      end),
      ['columns by argument'] = backward(function()
         return ops.takeColumns(x, lacuna.tensor({ { 0, 3, -1 } }, { dtype = 'int32' }))
      end),
      ['rows by index'] = backward(function()
         return ops.scatterAdd(ops.gather(x, index), index, 5)
      end),
      ['random numbers'] = function()
         reset()
         return bytes(lacuna.zeros(3):uniform():normal(), lacuna.permutation(5))
            .. lacuna.Generator(1):uniform()
      end,
      ['normalisation'] = backward(function()
         local mean, variance = lacuna.noGrad(ops.statistics, x)
         return ops.normalizeRows(x, v, v, mean, variance, 1e-4, 0.1, true) * y
      end),
      ['dense grids'] = backward(function()
         return ops.fromDense(ops.toDense(x, sites, v), sites) + ops.toDense(x, sites):mean()
      end),
      ['sites, rulebooks, convolution, pooling'] = backward(function()
         local fresh = lacuna.Sites.new(points, {})
         local _, down = fresh:strided(2, 2)
         local w = lacuna.full(0.1, 9, 3, 2):requireGrad()
         local a = ops.conv(x, w, nil, fresh:submanifold(3)):sum()
         local b = ops.conv(x, lacuna.ones(4, 3, 2), lacuna.ones(2), down):sum()
         return a + b + (ops.maxPool(x, down) * ops.sumPool(y, down)):sum() + down:degrees():sum()
      end),
      ['what sites tell'] = function()
         local fresh = lacuna.Sites.new(lacuna.tensor(points, { dtype = 'int32' }), {
            spatialSize = 4 })
         local order, starts = fresh:pointOrder()
         local a, b = fresh:submanifold(3):read(5)
         return bytes(fresh:coords(), fresh:samples(), fresh:pointRows(), order, starts,
            fresh:cells()) .. #a .. #b
      end,
      ['sparse tensors'] = backward(function()
         local s = lacuna.SparseTensor.new({ { 1, 0, 0 }, { 1, 0, 0 }, { 1, 1, 1 }, { 2, 3, 3 } },
            x, { duplicates = 'mean', spatialSize = 4, background = true })
         local t = lacuna.SparseTensor.fromDense(s:toDense():detach(), { threshold = 1 })
         return s:atPoints():sum() + s:toDense():sum() + t.features:sum()
      end),
      ['gradients of gradients'] = function()
         reset()
         local loss = (ops.sigmoid(x) * ops.exp(y) * v):sum()
         local g = lacuna.grad(loss, { x, y, v }, { createGraph = true });
         (ops.square(g[1]):sum() + g[2]:sum() * g[3]:sum()):backward()
         return bytes(x, y, v)
      end,
      ['a scope'] = function()
         return bytes(lacuna.scope(function() return (x + 1) * (y * 2) end))
      end,
      ['an operation of Lua'] = backward(function()
         return lacuna.autograd.apply('twice', function(context, a)
            context:save(a)
            return a * 2
         end, function(context, dy)
            context:unsave()
            return dy * 2
         end, x)
      end),
   }
   for _, name in ipairs { 'exp', 'log', 'sqrt', 'abs', 'square', 'sigmoid', 'tanh', 'softplus',
      'relu', 'sign' } do
      cases[name] = backward(function() return ops[name](x) end)
   end
   for name, numbers in pairs { leakyRelu = { 0.1 }, elu = { 1 }, pow = { 3 }, clamp = { 0, 1 },
      affine = { 2, 1 } } do
      cases[name] = backward(function() return ops[name](x, unpack(numbers)) end)
   end

   for name, f in pairs(cases) do
      it(name, function()
         make()
         assert.is_true(failing.exhaust(f, reset) > 0)
         assert.is_true((x * 1).requiresGrad)  -- recording is on
         assert.near_all({ 1.5, 1.5, 1.5 }, x[1], 0)
         drop()
      end)
   end

   -- Their constructors; whether they take an exact background while they train.
   local plain, exact = {
      function() return nn.BatchNormalization(3) end, function() return nn.BatchNormReLU(3) end,
      function() return nn.BatchNormLeakyReLU(3) end,
      function() return nn.GlobalPooling 'mean' end, function() return nn.GlobalPooling 'max' end,
   }, {
      function() return nn.SubmanifoldConvolution(2, 3, 4, 3) end,
      function() return nn.Convolution(2, 3, 4, 2, 2) end,
      function() return nn.MaxPooling(2, 2, 2) end,
      function() return nn.AveragePooling(2, 2, 2) end,
      function() return nn.NetworkInNetwork(3, 2) end,
      function() return nn.SparseToDense(2, 3) end, function() return nn.OutputLayer(2) end,
      function() return nn.ReLU() end, function() return nn.ELU() end,
      function() return nn.LeakyReLU() end, function() return nn.Sigmoid() end,
      function() return nn.Softplus() end, function() return nn.Tanh() end,
      function() return nn.Identity() end,
      function()
         return nn.Sequential():add(nn.ConcatTable():add(nn.ReLU()):add(nn.Tanh()))
            :add(nn.JoinTable())
      end,
      function()
         return nn.Sequential():add(nn.ConcatTable():add(nn.ReLU()):add(nn.Tanh()))
            :add(nn.AddTable())
      end,
   }
   local function tryLayer(construct, backgrounds)
      it('layer ' .. tostring(construct()):gsub('\n.*', ''), function()
         make()
         for _, background in ipairs(backgrounds) do
            failing.exhaust(function()
               reset()
               local layer = construct()
               local out = layer(lacuna.SparseTensor.over(sites, x, background))
               out = Tensor.is(out) and out or out.features
               out:sum():backward()
               return bytes(out, x)
            end, reset)
         end
         drop()
      end)
   end
   for _, construct in ipairs(plain) do tryLayer(construct, { false }) end
   for _, construct in ipairs(exact) do tryLayer(construct, { false, true }) end

   it('layers that take other things than sparse tensors', function()
      make()
      local linear, dense = nn.Linear(3, 2), nn.DenseToSparse(2)
      local input = nn.InputLayer(2, 4)
      failing.exhaust(function()
         reset()
         linear:zeroGrad()
         local out = linear(x)
         out:sum():backward()
         local s = input { { { 1, 0, 0 }, { 1, 3, 3 } }, { { 1 }, { 2 } } }
         return bytes(out, linear.weight, dense(lacuna.ones(1, 2, 3, 3)).features, s.features)
      end, reset)
      drop()
   end)

   it('losses and optimisers', function()
      make()
      for _, kind in ipairs { 'SGD', 'Adam', 'AdamW', 'ClassicSGD' } do
         failing.exhaust(function()
            reset()
            local w = lacuna.full(0.3, 3, 3):requireGrad()
            local optimiser = lacuna.optim[kind]({ w }, { lr = 0.1 })
            local out = ops.matmul(x, w)
            local loss = nn.MSELoss()(out, y:detach()) + nn.CrossEntropyLoss()(out, { 1, 2, 3, 1 })
               + nn.TripletLoss()(out, y, x)
               + nn.ContrastiveLoss()(out, y, lacuna.tensor { 1, 0, 1, 0 })
            loss:backward()
            optimiser:step()
            return bytes(loss, w)
         end, reset)
      end
      drop()
   end)

   it('every operation of C was among them', function()
      local missing = {}
      for i = 0, native.C.lac_op_count() - 1 do
         local name = native.string(native.C.lac_op_name(i, nil))
         if not failing.met[name] then missing[#missing + 1] = name end
      end
      assert.are.equal('', table.concat(missing, ' '))
   end)
end)

describe('the n-th allocation fails, for every n, in files, meshes and pictures:', function()
   local io, mesh, image = lacuna.io, lacuna.mesh, lacuna.image
   before_each(files.open)
   after_each(files.close)

   it('npy, safetensors and JSON', function()
      local t = lacuna.tensor({ { 1, 2 }, { 3, 4 } })
      local half = files.write('half.npy', '\147NUMPY\1\0\118\0'
         .. ("{'descr': '>f8', 'fortran_order': False, 'shape': (3,), }"):format() .. (' '):rep(60)
         .. '\n' .. ('\0'):rep(24))
      failing.exhaust(function()
         assert(io.writeNpy(files.at 'x.npy', t))
         assert(io.saveTensors(files.at 'x.safetensors', { a = t, b = t }, { k = 'v' }))
         assert(io.writeJson(files.at 'x.json', { 1, { a = 'b' } }))
         local back = assert(io.loadTensors(files.at 'x.safetensors'))
         return bytes(assert(io.readNpy(files.at 'x.npy')), back.a, back.b)
            .. #assert(io.readJson(files.at 'x.json')) .. tostring((io.readNpy(half)))
      end)
   end)

   it('a file that could not be written whole leaves the one before it', function()
      local old, new = lacuna.ones(64), lacuna.zeros(64)
      assert(io.writeNpy(files.at 'x.npy', old))
      native.C.lac_debug_fail_after(-1)
      local ok = pcall(function() assert(io.writeNpy(files.at 'x.npy', new)) end)
      native.C.lac_debug_fail_after(0)
      local back = assert(io.readNpy(files.at 'x.npy'))
      assert.near_all(ok and new or old, back, 0)
   end)

   it('OFF, voxels, pictures', function()
      local path = files.write('a.off', 'OFF\n5 2 0\n0 0 0\n4 0 0\n0 4 0\n0 0 4\n4 4 4\n'
         .. '4 0 1 2 3\n3 1 2 4\n')
      failing.exhaust(function()
         local m = assert(mesh.read(path))
         local coords = mesh.voxelize(m, { renderSize = 6, size = 8 })
         local picture = mesh.render(m, { width = 24 })
         image.text(picture, 1, 1, 'a')
         assert(image.write(files.at 'a.png', picture))
         return bytes(m:vertices(), m:triangles(), coords, picture) .. files.read(files.at 'a.png')
      end)
   end)

   it('a loader, and one with workers', function()
      for _, workers in ipairs { 0, 1 } do
         local function epoch()
            local loader = lacuna.data.Loader(lacuna.data.remote('spec.support.numbered',
               { count = 3 }), { batchSize = 2, workers = workers,
               collate = lacuna.data.collate.sparse })
            local words = {}
            local ok, why = pcall(function()
               for batch in loader:epoch(1) do words[#words + 1] = bytes(batch.features) end
            end)
            loader:close()
            assert(ok, why)
            return table.concat(words)
         end
         failing.exhaust(epoch)
      end
   end)
end)
