--- The library against numbers measured from the original frameworks; pending where they are
-- absent.
local lacuna = require 'lacuna'
local golden = require 'spec.support.golden'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local nn, ops, SparseTensor = lacuna.nn, lacuna.ops, lacuna.SparseTensor

local function near(assert, expected, actual, tolerance)
   local bounds = oracle.map(expected, function(v)
      return (tolerance or 1e-5) * (1 + math.abs(v))
   end)
   assert.near_all(expected, actual, bounds)
end

-- Rows of ours, which lie on `sites`, in the order of the original's coordinates.
local function inOrder(rows, sites, coords)
   local known, index = oracle.rows(sparse.back(sites:coords())), {}
   for i, c in ipairs(coords) do index[i] = oracle.rowOf(known, c) end
   assert.equal(sites.count, #coords)
   return ops.gather(rows, index)
end

-- A gradient given in the original's order, in ours.
local function toOurs(rows, sites, coords)
   local known, index = oracle.rows(coords), {}
   for i, c in ipairs(sparse.back(sites:coords())) do index[i] = oracle.rowOf(known, c) end
   return ops.gather(lacuna.tensor(rows), index)
end

local function load(layer, weight, bias)
   lacuna.noGrad(function()
      layer.weight:copy(lacuna.tensor(weight))
      if bias then layer.bias:copy(lacuna.tensor(bias)) end
   end)
   return layer
end

-- Runs a layer on the original's input and compares output and gradients.
local function compare(blob, name, layer, features, size, options)
   options = options or {}
   local coords = blob:read 'coords'
   local x = lacuna.tensor(blob:read(features), { requiresGrad = true })
   local input = SparseTensor.new(sparse.coords(coords), x, { spatialSize = size })
   local output = layer(input)
   local order = blob:read(name .. '_outcoords')
   if options.scale then
      for _, c in ipairs(order) do
         for a = 2, #c do c[a] = c[a] / options.scale end
      end
   end
   near(assert, blob:read(name .. '_out'), inOrder(output.features, output.sites, order))
   output.features:backward(toOurs(blob:read(name .. '_gradout'), output.sites, order))
   near(assert, blob:read(name .. '_gradin'), x.grad)
   return output
end

describe('against SparseConvNet', function()
   local scn = golden.open 'scn'
   if not scn then
      pending 'the golden vectors are not on this machine'
      return
   end

   local function convolution(name, layer, size)
      local bias = scn:has(name .. '_bias') and scn:read(name .. '_bias') or nil
      load(layer, oracle.ungroup(scn:read(name .. '_weight')), bias)
      compare(scn, name, layer, 'features3', size)
      near(assert, oracle.ungroup(scn:read(name .. '_grad_weight')), layer.weight.grad)
      if bias then near(assert, scn:read(name .. '_grad_bias'), layer.bias.grad) end
   end

   for _, case in ipairs { { 'subm3', 3, true }, { 'subm5', 5, false }, { 'subm2', 2, false } } do
      it('a submanifold convolution of size ' .. case[2], function()
         convolution(case[1], nn.SubmanifoldConvolution(3, 3, 5, case[2], { bias = case[3] }), 15)
      end)
   end

   for _, case in ipairs { { 2, 2, 16, true }, { 3, 2, 15, true }, { 2, 1, 15, false } } do
      it(('a convolution %d/%d'):format(case[1], case[2]), function()
         convolution(('conv_k%ds%d'):format(case[1], case[2]),
            nn.Convolution(3, 3, 5, case[1], case[2], { bias = case[4] }), case[3])
      end)
   end

   for _, case in ipairs { { 2, 16 }, { 3, 15 } } do
      it(('average pooling %d/2, by volume'):format(case[1]), function()
         compare(scn, ('avgpool_k%ds2'):format(case[1]), nn.AveragePooling(3, case[1], 2),
            'features5', case[2])
      end)

      it(('max pooling %d/2, where the original starts from zero'):format(case[1]), function()
         local name = ('maxpool_k%ds2'):format(case[1])
         local input = SparseTensor.new(sparse.coords(scn:read 'coords'), scn:read 'features5',
            { spatialSize = case[2] })
         local output = nn.MaxPooling(3, case[1], 2)(input)
         near(assert, scn:read(name .. '_out'),
            ops.relu(inOrder(output.features, output.sites, scn:read(name .. '_outcoords'))))
      end)
   end

   it('batch normalisation with a leaky ReLU, training and evaluation', function()
      local layer = nn.BatchNormLeakyReLU(5)
      load(layer, scn:read 'bnlrelu_train_weight', scn:read 'bnlrelu_train_bias')
      local x = lacuna.tensor(scn:read 'features5', { requiresGrad = true })
      local y = layer(x)
      near(assert, scn:read 'bnlrelu_train_out', y)
      near(assert, scn:read 'bnlrelu_train_running_mean_after', layer.runningMean)
      near(assert, scn:read 'bnlrelu_train_running_var_after', layer.runningVariance)
      -- the original writes its leak into the gradient that it is given, before it was measured
      local g = scn:read 'bnlrelu_train_gradout'
      for i, row in ipairs(scn:read 'bnlrelu_train_out') do
         for p = 1, 5 do g[i][p] = row[p] > 0 and g[i][p] or g[i][p] / 0.333 end
      end
      y:backward(lacuna.tensor(g))
      near(assert, scn:read 'bnlrelu_train_gradin', x.grad)
      near(assert, scn:read 'bnlrelu_train_grad_weight', layer.weight.grad)
      near(assert, scn:read 'bnlrelu_train_grad_bias', layer.bias.grad)
      near(assert, scn:read 'bnlrelu_eval_out',
         layer:evaluate()(lacuna.tensor(scn:read 'features5')))
   end)

   it('leaky ReLU and network-in-network', function()
      compare(scn, 'lrelu', nn.LeakyReLU(0.333), 'features5', 15)
      local layer = load(nn.NetworkInNetwork(3, 5), scn:read 'nin_weight', scn:read 'nin_bias')
      compare(scn, 'nin', layer, 'features3', 15)
      near(assert, scn:read 'nin_grad_weight', layer.weight.grad)
      near(assert, scn:read 'nin_grad_bias', layer.bias.grad)
   end)

   it('sparse to dense', function()
      local x = lacuna.tensor(scn:read 'features2', { requiresGrad = true })
      local input = SparseTensor.new(sparse.coords(scn:read 'coords'), x, { spatialSize = 15 })
      local y = nn.SparseToDense(3, 2)(input)
      near(assert, (scn:flat 'sparse_to_dense_out'), y)
      y:backward(lacuna.tensor((scn:flat 'sparse_to_dense_gradout')):view(y:shape()))
      near(assert, scn:read 'sparse_to_dense_gradin', x.grad)
   end)

   -- the original's modes 1 and 2 do the reverse of what its documentation says
   for mode, rule in ipairs { 'first', 'last', 'sum', 'mean' } do
      it('an input layer with duplicates = ' .. rule, function()
         local x = lacuna.tensor(scn:read 'dup_features', { requiresGrad = true })
         local input = nn.InputLayer(3, 15, { duplicates = rule }) {
            lacuna.tensor(sparse.coords(scn:read 'dup_coords'), { dtype = 'int32' }), x }
         local prefix = 'input_mode' .. mode
         local order = scn:read(prefix .. '_outcoords')
         near(assert, scn:read(prefix .. '_out'), inOrder(input.features, input.sites, order))
         input.features:backward(toOurs(scn:read(prefix .. '_gradout'), input.sites, order))
         near(assert, scn:read(prefix .. '_gradin'), x.grad)
         if mode >= 3 then
            near(assert, scn:read(prefix .. '_then_output'), nn.OutputLayer(3)(input))
         end
      end)
   end
end)

describe('against MinkowskiEngine', function()
   local me = golden.open 'me'
   if not me then
      pending 'the golden vectors are not on this machine'
      return
   end

   -- its taps have the first coordinate fastest
   local function turned(kernel, size)
      local taps = {}
      for t = 0, size ^ 3 - 1 do
         local x, y, z = math.floor(t / size ^ 2), math.floor(t / size) % size, t % size
         taps[t + 1] = kernel[1 + x + y * size + z * size ^ 2]
      end
      return taps
   end

   it('a convolution of size 3 that keeps the sites', function()
      local layer = load(nn.SubmanifoldConvolution(3, 3, 5, 3),
         turned(me:read 'conv_k3s1_kernel', 3), me:read 'conv_k3s1_bias'[1])
      compare(me, 'conv_k3s1', layer, 'features3')
      near(assert, turned(me:read 'conv_k3s1_grad_kernel', 3), layer.weight.grad)
   end)

   it('a convolution 2/2', function()
      local layer = load(nn.Convolution(3, 3, 5, 2, 2), turned(me:read 'conv_k2s2_kernel', 2),
         me:read 'conv_k2s2_bias'[1])
      compare(me, 'conv_k2s2', layer, 'features3', nil, { scale = 2 })
      near(assert, turned(me:read 'conv_k2s2_grad_kernel', 2), layer.weight.grad)
   end)

   it('pooling 2/2: a true maximum, and the mean of active sites', function()
      compare(me, 'maxpool_k2s2', nn.MaxPooling(3, 2, 2), 'features5', nil, { scale = 2 })
      compare(me, 'avgpool_k2s2', nn.AveragePooling(3, 2, 2, { divisor = 'active' }), 'features5',
         nil, { scale = 2 })
   end)

   it('global pooling', function()
      for kind, name in pairs { max = 'globalmax', mean = 'globalavg' } do
         local x = lacuna.tensor(me:read 'features5', { requiresGrad = true })
         local input = SparseTensor.new(sparse.coords(me:read 'coords'), x)
         local y = nn.GlobalPooling(kind)(input)
         local rows = {}  -- the original gives samples in an order of its own
         for i, c in ipairs(me:read(name .. '_outcoords')) do rows[i] = c[1] + 1 end
         near(assert, me:read(name .. '_out'), ops.gather(y, rows))
         ops.gather(y, rows):backward(lacuna.tensor(me:read(name .. '_gradout')))
         near(assert, me:read(name .. '_gradin'), x.grad)
      end
   end)

   it('batch normalisation with its own eps', function()
      local layer = load(nn.BatchNormalization(5, { eps = 1e-5 }), me:read 'bn_train_bn_weight',
         me:read 'bn_train_bn_bias')
      compare(me, 'bn_train', layer, 'features5')
      near(assert, me:read 'bn_train_grad_bn_weight', layer.weight.grad)
   end)
end)
