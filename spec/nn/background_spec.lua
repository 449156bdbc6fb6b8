local lacuna = require 'lacuna'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local nn, SparseTensor = lacuna.nn, lacuna.SparseTensor

-- Exact mode: at every cell the result of a sparse layer is that of the dense one.
describe('an exact background', function()
   local random
   before_each(function() random = oracle.random(17) end)

   local function example(dimension, size, planes, n)
      local coords = oracle.sort(oracle.sites(random, n, dimension, { low = 0, high = size - 1 }))
      local features = oracle.features(random, n, planes, 4)
      local b = oracle.features(random, 1, planes, 4)[1]
      local perAxis = {}
      for a = 1, dimension do perAxis[a] = size end
      return SparseTensor.new(sparse.coords(coords), features,
         { spatialSize = size, background = b }),
         oracle.grid(coords, features, { size = perAxis, planes = planes, background = b }), b
   end

   -- batch of one: planes x cells
   local function flat(grid)
      local list = {}
      for p = 1, grid.planes do
         for _, row in ipairs(grid.cells) do list[#list + 1] = row[p] end
      end
      return list
   end

   for dimension = 1, 4 do
      local size, n = ({ 13, 9, 7, 5 })[dimension], ({ 4, 12, 25, 30 })[dimension]

      it('goes through a valid convolution as in a dense one, dimension ' .. dimension, function()
         for _, case in ipairs { { 2, 1 }, { 3, 2 }, { 1, 1 } } do
            local x, grid = example(dimension, size, 2, n)
            local layer = nn.Convolution(dimension, 2, 3, case[1], case[2])
            local w = oracle.weight(random, case[1] ^ dimension, 2, 3, 3)
            lacuna.noGrad(function()
               layer.weight:copy(lacuna.tensor(w))
               layer.bias:copy(lacuna.tensor { 1, -2, 3 })
            end)
            local dense = oracle.denseConv(grid, w,
               { kernel = case[1], stride = case[2], bias = { 1, -2, 3 } })
            assert.near_all(flat(dense), layer(x):toDense(), 0)
         end
      end)

      it('goes through max and average pooling as in dense ones, in ' .. dimension, function()
         for _, case in ipairs { { 3, 2 }, { 2, 1 } } do
            local x, grid = example(dimension, size, 2, n)
            local options = { kernel = case[1], stride = case[2] }
            assert.near_all(flat(oracle.denseMaxPool(grid, options)),
               nn.MaxPooling(dimension, case[1], case[2])(x):toDense(), 0)
            assert.near_all(flat(oracle.denseAveragePool(grid, options)),
               nn.AveragePooling(dimension, case[1], case[2])(x):toDense(), 1e-5)
         end
      end)
   end

   it('is the padding value', function()
      local x, grid, b = example(2, 7, 2, 10)
      local layer = nn.Convolution(2, 2, 2, 3, 2, { pad = 1, bias = false })
      local w = layer.weight:toTable()
      local dense = oracle.denseConv(grid, w, { kernel = 3, stride = 2, pad = 1, padding = b })
      assert.near_all(flat(dense), layer(x):toDense(), 1e-4)
   end)

   it('makes a submanifold convolution a dense one times the mask of the sites', function()
      for dimension = 1, 3 do
         local size = ({ 13, 9, 6 })[dimension]
         local x, grid, b = example(dimension, size, 2, 9)
         local layer = nn.SubmanifoldConvolution(dimension, 2, 3, 3)
         lacuna.noGrad(function() layer.bias:copy(lacuna.tensor { 1, -2, 3 }) end)
         local dense = oracle.denseConv(grid, layer.weight:toTable(),
            { kernel = 3, pad = 1, padding = b, bias = { 1, -2, 3 } })
         local active = {}
         for _, c in ipairs(sparse.back(x:coords())) do
            local cell = 0
            for a = 2, #c do cell = cell * size + c[a] end
            active[cell + 1] = true
         end
         for i, row in ipairs(dense.cells) do
            if not active[i] then dense.cells[i] = { 0, 0, 0, unpack(row, 4) } end
         end
         assert.near_all(flat(dense), layer(x):toDense(), 1e-4)
      end
   end)

   it('goes through activations, networks in networks and normalisation in evaluation', function()
      local x, grid = example(2, 5, 2, 8)
      local leaky = oracle.map(flat(grid), function(v) return v > 0 and v or v / 4 end)
      assert.near_all(leaky, nn.LeakyReLU(0.25)(x):toDense(), 1e-6)

      local norm = nn.BatchNormalization(2):evaluate()
      norm.runningMean:copy(lacuna.tensor { 1, -1 })
      norm.runningVariance:copy(lacuna.tensor { 4, 9 })
      local flatGrid, expected = flat(grid), {}
      for i, v in ipairs(flatGrid) do
         expected[i] = i <= 25 and (v - 1) / math.sqrt(4 + 1e-4) or (v + 1) / math.sqrt(9 + 1e-4)
      end
      assert.near_all(expected, norm(x):toDense(), 1e-5)

      local nin = nn.NetworkInNetwork(2, 3)
      local w, y = nin.weight:toTable(), nin(x)
      local dense = oracle.denseConv(grid, { w }, { kernel = 1 })
      assert.near_all(flat(dense), y:toDense(), 1e-5)
      assert.same({ 1, 3 }, y.background:shape())
   end)

   it('has a gradient', function()
      local function run(b)
         random = oracle.random(3)
         local x = example(2, 6, 1, 6)
         x.background = b
         local layer = nn.Convolution(2, 1, 2, 2, 1)
         local weight = lacuna.tensor(oracle.weight(random, 4, 1, 2))
         lacuna.noGrad(function() layer.weight:copy(weight) end)
         local y = nn.MaxPooling(2, 3, 2)(nn.LeakyReLU(0.5)(layer(x)))
         local g = lacuna.tensor(oracle.features(random, 8, 1)):view(1, 2, 2, 2)
         return (y:toDense() * g):sum()
      end
      local b = lacuna.tensor({ { 0.3 } }, { requiresGrad = true })
      run(b):backward()
      local step = 1e-2
      local above = run(lacuna.tensor { { 0.3 + step } }):item()
      local below = run(lacuna.tensor { { 0.3 - step } }):item()
      assert.is_true(math.abs((above - below) / (2 * step) - b.grad:item()) < 1e-3)
      assert.is_true(math.abs(b.grad:item()) > 1e-3)
   end)

   it('carries DeepC2 to the same output as the dense network', function()
      local net = nn.DeepC2(2, 2, 2)
      assert.equal(14, net.inputSize)
      local x, grid = example(2, 14, 1, 20)
      local y = net(x):toDense()
      for i = 1, net:size() do
         local layer = net:get(i)
         if layer.weight then
            grid = oracle.denseConv(grid, layer.weight:toTable(),
               { kernel = 2, bias = layer.bias:toTable() })
         elseif layer.leak then
            grid.cells = oracle.map(grid.cells, function(v) return v > 0 and v or v / 3 end)
         else
            grid = oracle.denseMaxPool(grid, { kernel = 3, stride = 2 })
         end
      end
      assert.near_all(flat(grid), y, 1e-3)
   end)

   it('is refused, in a sentence, by layers that cannot carry it', function()
      local x = example(2, 6, 2, 6)
      assert.fails('GlobalPooling: the input has an exact background', nn.GlobalPooling(), x)
      assert.fails('BatchNormalization: the input has an exact background in training',
         nn.BatchNormalization(2), x)
      assert.fails('divisor active with an exact background',
         nn.AveragePooling(2, 2, 2, { divisor = 'active' }), x)
      assert.fails('background is 1x3, expected 1x2', SparseTensor.over, x.sites, x.features,
         { 1, 2, 3 })
   end)
end)
