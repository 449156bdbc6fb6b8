--- Checks the oracle against the golden vectors, measured from SparseConvNet (scn) and
-- MinkowskiEngine (me).
local oracle = require 'spec.oracle'
local golden = require 'spec.support.golden'

-- Rows of a strided layer are matched by coordinates: the order of the others is their own.
local function inOrderOf(coords, wanted, rows)
   local known, picked = oracle.rows(coords), {}
   assert.equal(#wanted, #coords)
   for i, c in ipairs(wanted) do
      local row = oracle.rowOf(known, c)
      assert(row, 'no site ' .. table.concat(c, ' '))
      picked[i] = rows[row]
   end
   return picked
end

local function near(expected, actual, tolerance)
   local a, b = oracle.flatten(expected), oracle.flatten(actual)
   assert.equal(#a, #b)
   for i = 1, #a do
      local within = math.abs(a[i] - b[i]) <= (tolerance or 1e-5) * (1 + math.abs(a[i]))
      if not within then
         error(('element %d: expected %s, was %s'):format(i, tostring(a[i]), tostring(b[i])), 2)
      end
   end
end

-- Two coarse coordinates of one scale: scaled(coords, 2) doubles all but the batch.
local function scaled(coords, factor)
   local out = {}
   for i, c in ipairs(coords) do
      out[i] = { c[1] }
      for axis = 2, #c do out[i][axis] = c[axis] * factor end
   end
   return out
end

describe('oracle against SparseConvNet', function()
   local scn = golden.open 'scn'
   if not scn then
      pending 'the golden vectors are not on this machine'
      return
   end
   local coords = scn:read 'coords'

   local function checkConv(name, features, fine, coarse, found, forwards)
      local x = forwards and scn:read(name .. '_in') or scn:read(features)
      local weight = oracle.ungroup(scn:read(name .. '_weight'))
      local bias = scn:has(name .. '_bias') and scn:read(name .. '_bias') or nil
      local inputs = forwards and coarse or fine
      local outputs = forwards and fine or coarse
      local order = scn:read(name .. '_outcoords')
      if forwards then x = inOrderOf(scn:read(name .. '_incoords'), inputs, x) end
      local out = oracle.conv(x, found, #outputs, weight, bias)
      near(scn:read(name .. '_out'), inOrderOf(outputs, order, out))

      local g = inOrderOf(order, outputs, scn:read(name .. '_gradout'))
      local gradInput = oracle.convGradInput(g, found, #inputs, weight)
      if forwards then gradInput = inOrderOf(inputs, scn:read(name .. '_incoords'), gradInput) end
      near(scn:read(name .. '_gradin'), gradInput)
      local gradWeight = oracle.convGradWeight(x, g, found, #weight, #weight[1], #weight[1][1])
      if scn:has(name .. '_grad_bias') then
         near(scn:read(name .. '_grad_bias'), oracle.convGradBias(g))
      end
      return gradWeight
   end

   for _, case in ipairs { { 'subm3', 3 }, { 'subm5', 5 }, { 'subm2', 2 } } do
      local name, kernel = unpack(case)
      it('gives the same ' .. name, function()
         local found = oracle.submanifold(coords, kernel, 1)
         local gradWeight = checkConv(name, 'features3', coords, coords, found)
         near(scn:read(name .. '_grad_weight'), gradWeight)
      end)
   end

   it('gives the same submanifold convolution in two groups', function()
      local found = oracle.submanifold(coords, 3, 1)
      local full = checkConv('subm3g2', 'features4', coords, coords, found)
      -- of the full gradient only the blocks of the groups count
      local blocks = {}
      for tap, rows in ipairs(full) do
         blocks[tap] = { {}, {} }
         for p, row in ipairs(rows) do
            local group = p <= 2 and 1 or 2
            table.insert(blocks[tap][group], { unpack(row, 3 * group - 2, 3 * group) })
         end
      end
      near(scn:read 'subm3g2_grad_weight', blocks)
   end)

   for _, case in ipairs { { 'k2s2', 2, 2, 16 }, { 'k3s2', 3, 2, 15 }, { 'k2s1', 2, 1, 15 } } do
      local name, kernel, stride, size = unpack(case)
      local outputs, found = oracle.strided(coords, kernel, stride, 1, 0, size)
      it('gives the same convolution ' .. name, function()
         local gradWeight = checkConv('conv_' .. name, 'features3', coords, outputs, found)
         near(scn:read('conv_' .. name .. '_grad_weight'), gradWeight)
      end)

      if stride == 2 then
         it('gives the same deconvolution ' .. name, function()
            local back = oracle.reverse(found)
            local gradWeight = checkConv('deconv_' .. name, nil, coords, outputs, back, true)
            near(scn:read('deconv_' .. name .. '_grad_weight'), gradWeight)
         end)

         it('gives the same max-pooling ' .. name .. ', which there starts from zero', function()
            local x, prefix = scn:read 'features5', 'maxpool_' .. name
            local order = scn:read(prefix .. '_outcoords')
            local out = oracle.maxPool(x, found, #outputs)
            local clamped = oracle.map(out, function(v) return math.max(0, v) end)
            near(scn:read(prefix .. '_out'), inOrderOf(outputs, order, clamped))
            -- every input equal to the output gets the gradient
            local g = inOrderOf(order, outputs, scn:read(prefix .. '_gradout'))
            local grad = oracle.zeros(#x, 5)
            for _, list in ipairs(found) do
               for _, pair in ipairs(list) do
                  for p = 1, 5 do
                     if x[pair[1]][p] == clamped[pair[2]][p] then
                        grad[pair[1]][p] = grad[pair[1]][p] + g[pair[2]][p]
                     end
                  end
               end
            end
            near(scn:read(prefix .. '_gradin'), grad)
         end)

         it('gives the same average pooling and unpooling ' .. name, function()
            local prefix = 'avgpool_' .. name
            local order = scn:read(prefix .. '_outcoords')
            local out = oracle.averagePool(scn:read 'features5', found, #outputs, 'volume')
            near(scn:read(prefix .. '_out'), inOrderOf(outputs, order, out))
            local g = inOrderOf(order, outputs, scn:read(prefix .. '_gradout'))
            near(scn:read(prefix .. '_gradin'), oracle.sumPoolGrad(g, found, #coords, 'volume'))

            prefix = 'unpool_' .. name
            local back = oracle.reverse(found)
            order = scn:read(prefix .. '_incoords')
            local coarse = inOrderOf(order, outputs, scn:read(prefix .. '_in'))
            local fine = oracle.sumPool(coarse, back, #coords)
            near(scn:read(prefix .. '_out'),
               inOrderOf(coords, scn:read(prefix .. '_outcoords'), fine))
            g = inOrderOf(scn:read(prefix .. '_outcoords'), coords, scn:read(prefix .. '_gradout'))
            near(scn:read(prefix .. '_gradin'),
               inOrderOf(outputs, order, oracle.sumPoolGrad(g, back, #outputs)))
         end)
      end
   end

   it('gives the same batch normalisation with leaky ReLU', function()
      local x, g = scn:read 'features5', scn:read 'bnlrelu_train_gradout'
      -- the original writes its leak into the gradient that it is given, before it was measured
      for i, row in ipairs(scn:read 'bnlrelu_train_out') do
         for p = 1, 5 do g[i][p] = row[p] > 0 and g[i][p] or g[i][p] / 0.333 end
      end
      local options = { eps = 1e-4, momentum = 0.99, leakiness = 0.333,
         weight = scn:read 'bnlrelu_train_weight', bias = scn:read 'bnlrelu_train_bias' }
      local out, after = oracle.batchNorm(x, options)
      near(scn:read 'bnlrelu_train_out', out)
      near(scn:read 'bnlrelu_train_running_mean_after', after.runningMean)
      near(scn:read 'bnlrelu_train_running_var_after', after.runningVar)
      local gradInput, gradWeight, gradBias = oracle.batchNormGrad(x, g, options)
      near(scn:read 'bnlrelu_train_gradin', gradInput)
      near(scn:read 'bnlrelu_train_grad_weight', gradWeight)
      near(scn:read 'bnlrelu_train_grad_bias', gradBias)
      options.training = false
      options.runningMean, options.runningVar = after.runningMean, after.runningVar
      near(scn:read 'bnlrelu_eval_out', (oracle.batchNorm(x, options)))
   end)

   it('gives the same leaky ReLU', function()
      local x = scn:read 'features5'
      near(scn:read 'lrelu_out', oracle.leakyReLU(x, 0.333))
      near(scn:read 'lrelu_gradin', oracle.leakyReLUGrad(x, scn:read 'lrelu_gradout', 0.333))
   end)

   it('gives the same network-in-network', function()
      local x, w, bias = scn:read 'features3', scn:read 'nin_weight', scn:read 'nin_bias'
      local g = scn:read 'nin_gradout'
      local product = oracle.matmul(x, w)
      for _, row in ipairs(product) do
         for q = 1, 5 do row[q] = row[q] + bias[q] end
      end
      near(scn:read 'nin_out', product)
      near(scn:read 'nin_gradin', oracle.matmul(g, oracle.transpose(w)))
      near(scn:read 'nin_grad_weight', oracle.matmul(oracle.transpose(x), g))
      near(scn:read 'nin_grad_bias', oracle.convGradBias(g))
   end)

   it('spreads to the same dense batch', function()
      near((scn:flat 'sparse_to_dense_out'),
         oracle.sparseToDense(coords, scn:read 'features2', 2, { 15, 15, 15 }, 2))
   end)
end)

describe('oracle against MinkowskiEngine', function()
   local me = golden.open 'me'
   if not me then
      pending 'the golden vectors are not on this machine'
      return
   end
   local coords = me:read 'coords'

   -- There the first coordinate of a tap is the fastest.
   local function lastFastest(weight, kernel)
      local turned = {}
      for t, tap in ipairs(oracle.box { kernel, kernel, kernel }) do
         turned[t] = weight[1 + tap[1] + kernel * (tap[2] + kernel * tap[3])]
      end
      return turned
   end

   -- name, kernel, stride, pad; output coordinates keep the fine scale there
   for _, case in ipairs { { 'k3s1', 3, 1, 1 }, { 'k2s1', 2, 1, 0 }, { 'k2s2', 2, 2, 0 },
      { 'k3s2', 3, 2, 1 } } do
      local name, kernel, stride, pad = unpack(case)
      it('gives the same convolution ' .. name, function()
         local prefix = 'conv_' .. name
         local outputs = scaled(me:read(prefix .. '_outcoords'), 1 / stride)
         local found = oracle.pairs(coords, outputs, kernel, stride, 1, pad)
         local weight = lastFastest(me:read(prefix .. '_kernel'), kernel)
         local x, g = me:read 'features3', me:read(prefix .. '_gradout')
         local bias = me:read(prefix .. '_bias')[1]
         near(me:read(prefix .. '_out'), oracle.conv(x, found, #outputs, weight, bias))
         near(me:read(prefix .. '_gradin'), oracle.convGradInput(g, found, #coords, weight))
         near(lastFastest(me:read(prefix .. '_grad_kernel'), kernel),
            oracle.convGradWeight(x, g, found, #weight, 3, 5))
         near(me:read(prefix .. '_grad_bias')[1], oracle.convGradBias(g))
      end)
   end

   it('finds the same output sites for kernel 2, stride 2', function()
      local outputs, found = oracle.strided(coords, 2, 2, 1, 0)
      assert.same(outputs, (oracle.sort(scaled(me:read 'conv_k2s2_outcoords', 1 / 2))))
      local x = me:read 'features5'
      for name, mine in pairs {
         maxpool_k2s2 = oracle.maxPool(x, found, #outputs),
         avgpool_k2s2 = oracle.averagePool(x, found, #outputs, 'active'),
         sumpool_k2s2 = oracle.sumPool(x, found, #outputs) } do
         local order = scaled(me:read(name .. '_outcoords'), 1 / 2)
         near(me:read(name .. '_out'), inOrderOf(outputs, order, mine))
      end
   end)

   it('gives the same gradients of pooling', function()
      local x = me:read 'features5'
      local function setUp(name)
         local outputs = scaled(me:read(name .. '_outcoords'), 1 / 2)
         return oracle.pairs(coords, outputs, 2, 2, 1, 0), me:read(name .. '_gradout')
      end
      local found, g = setUp 'maxpool_k2s2'
      local _, winners = oracle.maxPool(x, found, #g)
      near(me:read 'maxpool_k2s2_gradin', oracle.maxPoolGrad(g, winners, #x))
      found, g = setUp 'avgpool_k2s2'
      near(me:read 'avgpool_k2s2_gradin', oracle.sumPoolGrad(g, found, #x, 'active'))
      found, g = setUp 'sumpool_k2s2'
      near(me:read 'sumpool_k2s2_gradin', oracle.sumPoolGrad(g, found, #x))
   end)

   it('gives the same global pooling', function()
      local x, segments = me:read 'features5', oracle.segments(coords, 2)
      local function bySample(name, entry)
         return inOrderOf(me:read(name .. '_outcoords'), { { 0, 0, 0, 0 }, { 1, 0, 0, 0 } },
            me:read(name .. '_' .. entry))
      end
      local largest, winners = oracle.globalPool(x, segments, 'max')
      near(bySample('globalmax', 'out'), largest)
      near(me:read 'globalmax_gradin',
         oracle.maxPoolGrad(bySample('globalmax', 'gradout'), winners, #x))
      near(bySample('globalavg', 'out'), oracle.globalPool(x, segments, 'mean'))
      near(me:read 'globalavg_gradin',
         oracle.globalPoolGrad(bySample('globalavg', 'gradout'), segments, #x, 'mean'))
   end)

   it('gives the same batch normalisation', function()
      local x, g = me:read 'features5', me:read 'bn_train_gradout'
      local options = { eps = 1e-5, weight = me:read 'bn_train_bn_weight',
         bias = me:read 'bn_train_bn_bias' }
      near(me:read 'bn_train_out', (oracle.batchNorm(x, options)))
      local gradInput, gradWeight, gradBias = oracle.batchNormGrad(x, g, options)
      near(me:read 'bn_train_gradin', gradInput)
      near(me:read 'bn_train_grad_bn_weight', gradWeight)
      near(me:read 'bn_train_grad_bn_bias', gradBias)
   end)
end)
