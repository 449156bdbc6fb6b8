local failing = require 'spec.support.failing'
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local native = require 'lacuna.native'
local programs = require 'spec.support.programs'

local nn, ops, Tensor = lacuna.nn, lacuna.ops, lacuna.Tensor
local bytes, reset, drop = programs.bytes, programs.reset, programs.drop

describe('the n-th allocation fails, for every n:', function()
   setup(failing.watch)
   teardown(function()
      failing.unwatch()
      print(('\n%d allocation failures in %d runs'):format(failing.injected, failing.runs))
   end)

   local x, y, sites
   local function make() x, y, sites = programs.make() end
   for name, f in pairs(programs.cases) do
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
