--- Checks the oracle itself: cases that a reader can add up.
local oracle = require 'spec.oracle'

local function near(expected, actual, tolerance)
   local a, b = oracle.flatten { expected }, oracle.flatten { actual }
   assert.equal(#a, #b)
   for i = 1, #a do
      local within = math.abs(a[i] - b[i]) <= (tolerance or 1e-12)
      if not within then
         error(('element %d: expected %s, was %s'):format(i, tostring(a[i]), tostring(b[i])), 2)
      end
   end
end

describe('oracle: sites', function()
   it('draws the same numbers for the same seed', function()
      local a, b, c = oracle.random(7), oracle.random(7), oracle.random(8)
      local x = a:uniform()
      assert.equal(x, b:uniform())
      assert.not_equal(x, c:uniform())
      assert.is_true(x >= 0 and x < 1)
   end)

   it('draws uniform and normal numbers of the right mean and variance', function()
      local random, sum, squares, lows = oracle.random(1), 0, 0, 0
      for _ = 1, 20000 do
         local z = random:normal()
         sum, squares = sum + z, squares + z * z
         if random:integer(1, 4) == 1 then lows = lows + 1 end
      end
      assert.is_true(math.abs(sum / 20000) < 0.03)
      assert.is_true(math.abs(squares / 20000 - 1) < 0.05)
      assert.is_true(math.abs(lows / 20000 - 0.25) < 0.015)
   end)

   it('draws distinct sites inside the range, most of them beside another', function()
      for dimension = 1, 10 do
         local options = { batches = 2, low = -3, high = 30 }
         local coords = oracle.sites(oracle.random(dimension), 40, dimension, options)
         local rows, neighbours, later = oracle.rows(coords), 0, 0
         assert.equal(40, #coords)
         for i, c in ipairs(coords) do
            assert.equal(dimension + 1, #c)
            assert.equal(i, oracle.rowOf(rows, c))
            assert.is_true(c[1] == 0 or c[1] == 1)
            later = later + c[1]
            local beside = false
            for j, other in ipairs(coords) do
               local apart = 0
               for axis = 1, #c do apart = math.max(apart, math.abs(c[axis] - other[axis])) end
               if i ~= j and apart == 1 and c[1] == other[1] then beside = true end
            end
            for axis = 2, #c do assert.is_true(c[axis] >= -3 and c[axis] <= 30) end
            if beside then neighbours = neighbours + 1 end
         end
         assert.is_true(neighbours >= 20)
         assert.is_true(later > 0 and later < 40)
      end
   end)

   it('can fill a box', function()
      local coords = oracle.sites(oracle.random(3), 16, 2, { low = -2, high = 1 })
      assert.equal(16, #coords)
      local rows = oracle.rows(coords)
      for x = -2, 1 do
         for y = -2, 1 do assert.is_truthy(oracle.rowOf(rows, { 0, x, y })) end
      end
   end)

   it('sorts a 2 x 2 square as z: the first axis is the more significant', function()
      local sorted, order = oracle.sort { { 0, 1, 1 }, { 0, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }
      assert.same({ { 0, 0, 0 }, { 0, 0, 1 }, { 0, 1, 0 }, { 0, 1, 1 } }, sorted)
      assert.same({ 2, 4, 3, 1 }, order)
   end)

   it('sorts by batch first, negative before positive, high bits before low ones', function()
      assert.same({ { 0, 5, 5 }, { 1, -1, -1 }, { 1, -1, 0 }, { 1, 0, -1 }, { 1, 0, 0 } },
         (oracle.sort { { 1, 0, 0 }, { 1, -1, 0 }, { 0, 5, 5 }, { 1, 0, -1 }, { 1, -1, -1 } }))
      assert.same({ { 0, 1, 1 }, { 0, 0, 2 }, { 0, 2, 0 } },
         (oracle.sort { { 0, 2, 0 }, { 0, 0, 2 }, { 0, 1, 1 } }))
      assert.same({ { 0, -3 }, { 0, -2 }, { 0, -1 }, { 0, 0 }, { 0, 1 } },
         (oracle.sort { { 0, 1 }, { 0, -1 }, { 0, 0 }, { 0, -3 }, { 0, -2 } }))
      assert.same({ { 0, -2 ^ 31 }, { 0, 2 ^ 31 - 1 } },
         (oracle.sort { { 0, 2 ^ 31 - 1 }, { 0, -2 ^ 31 } }))
   end)

   it('lists the taps of a kernel with the first coordinate slowest', function()
      assert.same({ { 0, 0 }, { 0, 1 }, { 0, 2 }, { 1, 0 }, { 1, 1 }, { 1, 2 } },
         oracle.box { 2, 3 })
   end)

   it('finds the pairs of a strided layer', function()
      -- 0 and 1 meet in the coarse 0, 5 is alone in 2
      local coords = { { 0, 5 }, { 0, 0 }, { 0, 1 } }
      local outputs, found = oracle.strided(coords, 2, 2, 1, 0)
      assert.same({ { 0, 0 }, { 0, 2 } }, outputs)
      assert.same({ { { 2, 1 } }, { { 3, 1 }, { 1, 2 } } }, found)
   end)

   it('bounds the outputs by the spatial size', function()
      -- size 3, kernel 2, stride 1: outputs 0 and 1; the unbounded grid has -1 and 2 as well
      local coords = { { 0, 0 }, { 0, 2 } }
      assert.same({ { 0, 0 }, { 0, 1 } }, (oracle.strided(coords, 2, 1, 1, 0, 3)))
      assert.same({ { 0, -1 }, { 0, 0 }, { 0, 1 }, { 0, 2 } },
         (oracle.strided(coords, 2, 1, 1, 0)))
      assert.same({ 2 }, oracle.outputSize({ 3 }, 2, 1, 1, 0))
      assert.same({ 4, 3 }, oracle.outputSize({ 7, 6 }, { 3, 2 }, 2, { 1, 3 }, { 1, 1 }))
      assert.same({ 3 }, oracle.outputSize({ 9 }, 4, 1, 2, 0))
   end)

   it('obeys fine = stride * coarse + tap * dilation - pad', function()
      local random = oracle.random(5)
      for dimension = 1, 4 do
         local coords = oracle.sites(random, 24, dimension, { batches = 2, low = -4, high = 9 })
         local outputs, found = oracle.strided(coords, 3, 2, 3, 1)
         local count = 0
         for t, tap in ipairs(oracle.box(oracle.perAxis(3, dimension))) do
            for _, pair in ipairs(found[t]) do
               local fine, coarse = coords[pair[1]], outputs[pair[2]]
               assert.equal(fine[1], coarse[1])
               for axis = 1, dimension do
                  assert.equal(fine[axis + 1], 2 * coarse[axis + 1] + 3 * tap[axis] - 1)
               end
               count = count + 1
            end
         end
         local degrees = oracle.degrees(found, #outputs)
         assert.is_true(math.min(unpack(degrees)) >= 1 and count >= #outputs)
      end
   end)

   it('centres odd submanifold kernels, and looks back from even ones', function()
      local coords = { { 0, 0 }, { 0, 1 }, { 0, 3 }, { 1, 0 } }
      assert.same({ { { 1, 2 } }, { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 } }, { { 2, 1 } } },
         oracle.submanifold(coords, 3, 1))
      assert.same({ { { 1, 2 } }, { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 } } },
         oracle.submanifold(coords, 2, 1))
      assert.same({ { { 2, 3 } }, { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 } }, { { 3, 2 } } },
         oracle.submanifold(coords, 3, 2))
   end)

   it('reads pairs backwards, and lists the rows of samples', function()
      assert.same({ { { 1, 2 } }, {} }, oracle.reverse { { { 2, 1 } }, {} })
      assert.same({ { 1, 3 }, {}, { 2 } }, oracle.segments({ { 0, 4 }, { 2, 4 }, { 0, 5 } }, 3))
   end)

   it('is content with nothing', function()
      assert.same({}, (oracle.sort {}))
      assert.same({}, (oracle.strided({}, 3, 2, 1, 1)))
      assert.same({}, oracle.submanifold({}, 3, 1))
      assert.same({ {}, {} }, oracle.segments({}, 2))
   end)
end)

describe('oracle: operations', function()
   -- rows 1 and 2 feed output 1 by taps 1 and 2, row 3 feeds output 2 by tap 1
   local found = { { { 1, 1 }, { 3, 2 } }, { { 2, 1 } } }
   local features = { { 1, 2 }, { -3, 4 }, { 5, -6 } }

   it('convolves', function()
      local weight = { { { 1 }, { 10 } }, { { 100 }, { 1000 } } }
      -- 1 + 20 - 300 + 4000, and 5 - 60
      assert.same({ { 3721 }, { -55 } }, oracle.conv(features, found, 2, weight))
      assert.same({ { 3721.5 }, { -54.5 } }, oracle.conv(features, found, 2, weight, { 0.5 }))
      local gradOutput = { { 1 }, { 2 } }
      assert.same({ { 1, 10 }, { 100, 1000 }, { 2, 20 } },
         oracle.convGradInput(gradOutput, found, 3, weight))
      -- tap 1: 1 * 1 + 5 * 2 and 2 * 1 - 6 * 2; tap 2: -3 and 4
      assert.same({ { { 11 }, { -10 } }, { { -3 }, { 4 } } },
         oracle.convGradWeight(features, gradOutput, found, 2, 2, 1))
      assert.same({ 3 }, oracle.convGradBias(gradOutput))
   end)

   it('writes groups as blocks', function()
      assert.same({ { { 1, 2, 0, 0 }, { 0, 0, 3, 4 } } },
         oracle.ungroup { { { { 1, 2 } }, { { 3, 4 } } } })
   end)

   it('pools', function()
      assert.same({ { 1, 4 }, { 5, -6 } }, (oracle.maxPool(features, found, 2)))
      assert.same({ { -2, 6 }, { 5, -6 } }, oracle.sumPool(features, found, 2))
      assert.same({ { -1, 3 }, { 2.5, -3 } }, oracle.averagePool(features, found, 2, 'volume'))
      assert.same({ { -1, 3 }, { 5, -6 } }, oracle.averagePool(features, found, 2, 'active'))
      assert.same({ 2, 1 }, oracle.degrees(found, 2))
      -- and unpools
      assert.same({ { 7 }, { 7 }, { 8 } },
         oracle.sumPool({ { 7 }, { 8 } }, oracle.reverse(found), 3))
   end)

   it('gives the first in tap order the gradient of a tied maximum', function()
      local _, winners = oracle.maxPool({ { 2 }, { 2 }, { -1 } }, found, 2)
      assert.same({ { 1 }, { 3 } }, winners)
      assert.same({ { 10 }, { 0 }, { 20 } }, oracle.maxPoolGrad({ { 10 }, { 20 } }, winners, 3))
   end)

   it('pools samples, zeros for an empty one', function()
      local segments = oracle.segments({ { 0, 1 }, { 2, 1 }, { 0, 2 } }, 3)
      assert.same({ { 6, -4 }, { 0, 0 }, { -3, 4 } }, oracle.globalPool(features, segments, 'sum'))
      assert.same({ { 3, -2 }, { 0, 0 }, { -3, 4 } }, oracle.globalPool(features, segments, 'mean'))
      local largest, winners = oracle.globalPool(features, segments, 'max')
      assert.same({ { 5, 2 }, { 0, 0 }, { -3, 4 } }, largest)
      assert.same({ { 3, 1 }, { 0, 0 }, { 2, 2 } }, winners)
      assert.same({ { 1 }, { 3 }, { 1 } },
         oracle.globalPoolGrad({ { 2 }, { 9 }, { 3 } }, segments, 3, 'mean'))
      assert.same({ { 2 }, { 3 }, { 2 } },
         oracle.globalPoolGrad({ { 2 }, { 9 }, { 3 } }, segments, 3, 'sum'))
   end)

   it('normalises a plane over its rows', function()
      -- mean 3, squares 4 0 4: variance 8 / 3, unbiased 4
      local out, after = oracle.batchNorm({ { 1 }, { 3 }, { 5 } },
         { eps = 1 / 3, momentum = 0.75, weight = { 2 }, bias = { 1 }, leakiness = 0.5 })
      local sd = math.sqrt(3)
      near({ { (1 - 4 / sd) / 2 }, { 1 }, { 1 + 4 / sd } }, out)
      near({ 0.75 }, after.runningMean)
      near({ 0.75 + 0.25 * 4 }, after.runningVar)
      near({ { 5 }, { -1 } }, (oracle.batchNorm({ { 9 }, { 0 } }, { training = false, eps = 0,
         runningMean = { 4 }, runningVar = { 1 }, leakiness = 0.25 })))
      local alone, one = oracle.batchNorm({ { 7 } })
      near({ { 0 } }, alone)
      near({ 0.99 }, one.runningVar)
      local running = { runningMean = { 3 }, runningVar = { 5 }, training = false }
      after = select(2, oracle.batchNorm({ { 1 }, { 2 } }, running))
      near({ { 3 }, { 5 } }, { after.runningMean, after.runningVar })
      running.training, running.momentum = true, 0.5
      after = select(2, oracle.batchNorm({ { 1 }, { 3 } }, running))
      near({ { 2.5 }, { 3.5 } }, { after.runningMean, after.runningVar })
      assert.same({}, (oracle.batchNorm({})))
   end)

   it('applies leaky ReLU, softmax and logSoftmax', function()
      assert.same({ { 2, 0, -1 } }, oracle.leakyReLU({ { 2, 0, -2 } }, 0.5))
      assert.same({ { 3, 1.5, 1.5 } }, oracle.leakyReLUGrad({ { 2, 0, -2 } }, { { 3, 3, 3 } }, 0.5))
      near({ { 0.25, 0.75 } }, oracle.softmax { { 0, math.log(3) } })
      near({ { math.log(0.25), math.log(0.75) } }, oracle.logSoftmax { { 0, math.log(3) } })
      near({ { 0.5, 0.5, 0 } }, oracle.softmax { { 1e4, 1e4, -1e4 } })
   end)

   it('multiplies matrices', function()
      assert.same({ { 19, 22 }, { 43, 50 } },
         oracle.matmul({ { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } }))
      assert.same({ { 1, 3 }, { 2, 4 } }, oracle.transpose { { 1, 2 }, { 3, 4 } })
   end)
end)

describe('oracle: grids', function()
   it('spreads sites over a batch of grids', function()
      local coords = { { 0, 0, 1 }, { 1, 1, 0 } }
      local flat = oracle.sparseToDense(coords, { { 1, 2 }, { 3, 4 } }, 2, { 2, 2 }, 2)
      assert.same({ 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 4, 0 }, flat)
      flat = oracle.sparseToDense(coords, { { 1 }, { 3 } }, 1, { 2, 2 }, 1, { 9 })
      assert.same({ 9, 1, 9, 9 }, flat)
   end)

   it('cuts a window out of the sites of a sample', function()
      local coords = { { 0, 4, -2 }, { 0, 5, -1 }, { 0, 3, -2 }, { 1, 4, -2 } }
      local grid = oracle.grid(coords, { { 1 }, { 2 }, { 3 }, { 4 } },
         { size = { 2, 3 }, planes = 1, origin = { 4, -2 }, background = { 9 } })
      assert.same({ { 1 }, { 9 }, { 9 }, { 9 }, { 2 }, { 9 } }, grid.cells)
      assert.same({ 2 }, oracle.gridAt(grid, { 1, 1 }))
      for _, outside in ipairs { { -1, 0 }, { 2, 0 }, { 0, 3 }, { 0, -1 } } do
         assert.is_nil(oracle.gridAt(grid, outside))
      end
      local all = { { { 1 } }, { { 1 } }, { { 1 } }, { { 1 } } }
      -- four corners of one cell each, then an edge, all sides padded with 100
      local sums = oracle.denseConv(grid, all, { kernel = 2, pad = 1, padding = { 100 } })
      assert.same({ 3, 4 }, sums.size)
      assert.same({ { 301 }, { 210 }, { 218 }, { 309 }, { 210 }, { 21 }, { 29 }, { 218 },
         { 309 }, { 211 }, { 211 }, { 309 } }, sums.cells)
      assert.equal(9, oracle.denseMaxPool(grid, { kernel = { 2, 3 } }).cells[1][1])
   end)

   it('convolves and pools a row of cells', function()
      local grid = oracle.grid({ { 0, 0 }, { 0, 1 }, { 0, 2 } }, { { 1 }, { 2 }, { 4 } },
         { size = { 3 }, planes = 1 })
      local weight = { { { 1 } }, { { 10 } } }
      assert.same({ { 21 }, { 42 } }, oracle.denseConv(grid, weight, { kernel = 2 }).cells)
      assert.same({ { 10.5 }, { 21 }, { 42 }, { 9 } }, oracle.denseConv(grid, weight,
         { kernel = 2, pad = 1, padding = { 0.5 } }).cells)
      assert.same({ { 11 }, { 43 } }, oracle.denseConv(grid, weight,
         { kernel = 2, stride = 2, pad = 1, bias = { 1 } }).cells)
      assert.same({ { 41 } }, oracle.denseConv(grid, weight, { kernel = 2, dilation = 2 }).cells)
      assert.same({ { 2 }, { 4 } }, oracle.denseMaxPool(grid, { kernel = 2 }).cells)
      assert.same({ { 3 }, { 4 } }, oracle.denseMaxPool(grid,
         { kernel = 2, stride = 2, pad = 1, padding = { 3 } }).cells)
      assert.same({ { 1.5 }, { 3 } }, oracle.denseAveragePool(grid, { kernel = 2 }).cells)
   end)

   it('agrees with sparse convolution and pooling where both are defined', function()
      local random = oracle.random(11)
      for dimension = 1, 4 do
         local size = oracle.perAxis(6, dimension)
         local coords = oracle.sites(random, 6, dimension, { high = 5 })
         local features = oracle.features(random, 6, 2)
         local grid = oracle.grid(coords, features, { size = size, planes = 2 })
         local weight = oracle.weight(random, 2 ^ dimension, 2, 3)
         local outputs, found = oracle.strided(coords, 2, 2, 1, 0, 6)
         local out = oracle.conv(features, found, #outputs, weight, { 1, 2, 3 })
         local average = oracle.averagePool(features, found, #outputs, 'volume')
         local options = { kernel = 2, stride = 2, bias = { 1, 2, 3 } }
         local dense = oracle.denseConv(grid, weight, options)
         local denseAverage = oracle.denseAveragePool(grid, options)
         assert.same(oracle.perAxis(3, dimension), dense.size)
         local rows = oracle.rows(outputs)
         for _, place in ipairs(oracle.box(dense.size)) do
            local row = oracle.rowOf(rows, { 0, unpack(place) })
            near(row and out[row] or { 1, 2, 3 }, oracle.gridAt(dense, place))
            near(row and average[row] or { 0, 0 }, oracle.gridAt(denseAverage, place))
         end

         local taps = oracle.weight(random, 3 ^ dimension, 2, 1)
         local kept = oracle.conv(features, oracle.submanifold(coords, 3, 1), #coords, taps)
         local full = oracle.denseConv(grid, taps, { kernel = 3, pad = 1 })
         for i, c in ipairs(coords) do
            near(kept[i], oracle.gridAt(full, { unpack(c, 2) }))
         end
      end
   end)
end)

describe('oracle: numbers', function()
   it('flattens and reshapes', function()
      assert.same({ 1, 2, 3, 4 }, oracle.flatten { { 1, 2 }, { { 3 }, 4 } })
      assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, oracle.reshape({ 1, 2, 3, 4, 5, 6 }, 2, 3))
      assert.same({ {}, {} }, oracle.reshape({}, 2, 0))
   end)

   it('bounds rounding by the depth of the sum and its absolute values', function()
      assert.equal(10 * 2 ^ -23 * 3, oracle.bound(6, 3))
      local bound = oracle.convBound({ { 1, -2 } }, { { { 1, 1 } }, {} }, 2,
         { { { -3 }, { 4 } }, { { 1 }, { 1 } } }, { -5 })
      -- 3 terms: 3 + 8 + 5; the second output only has the bias
      assert.same({ { oracle.bound(3, 16) }, { oracle.bound(1, 5) } }, bound)
      assert.same({ { { oracle.bound(2, 14) } } }, oracle.convGradWeightBound({ { 2 }, { -3 } },
         { { -1 }, { 4 } }, { { { 1, 1 }, { 2, 2 } } }, 1, 1, 1))
      assert.same({ oracle.bound(2, 5) }, oracle.convGradBiasBound({ { -1 }, { 4 } }, 1))
      assert.same({ { oracle.bound(1, 6) } },
         oracle.convGradInputBound({ { -2 } }, { { { 1, 1 } } }, 1, { { { 3 } } }))
   end)

   it('differentiates', function()
      local function square(x) return x[1] ^ 2 + 3 * x[2] end
      near({ 4, 3 }, oracle.numericGradient(square, { 2, 5 }), 1e-6)
      local function both(x) return { { x[1] * x[2] }, { x[1] } } end
      local options = { gradOutput = { { 10 }, { 2 } } }
      near({ 52, 20 }, oracle.numericGradient(both, { 2, 5 }, options), 1e-6)
      near({ 6, 2 }, oracle.numericGradient(both, { 2, 5 }), 1e-6)
      assert.is_true(oracle.checkGradient(square, { 2, 5 }, { gradient = { 4, 3 } }))
      assert.is_false((oracle.checkGradient(square, { 2, 5 }, { gradient = { 4.1, 3 } })))
      -- off by 0.5 of a scale of 1 + 4.5
      assert.is_true(oracle.checkGradient(square, { 2, 5 },
         { gradient = { 4.5, 3 }, tolerance = 0.0910 }))
      assert.is_false((oracle.checkGradient(square, { 2, 5 },
         { gradient = { 4.5, 3 }, tolerance = 0.0908 })))
      local ok, words = oracle.checkGradient(square, { 2, 5 }, { gradient = { 4, 3.1 } })
      assert.is_false(ok)
      assert.matches('element 2 of 2: gradient 3.1', words)
      assert.is_false((oracle.checkGradient(square, { 2, 5 }, { gradient = { 4, 0 / 0 } })))
      assert.is_false((oracle.checkGradient(square, { 2, 5 }, { gradient = { 4 } })))
   end)

   it('agrees with its own gradients', function()
      local random = oracle.random(21)
      local coords = oracle.sites(random, 9, 2)
      local outputs, found = oracle.strided(coords, 3, 2, 1, 1)
      local x, g = oracle.features(random, 9, 2), oracle.features(random, #outputs, 3)
      local w, g2 = oracle.weight(random, 9, 2, 3), oracle.features(random, #outputs, 2)
      local function check(gradient, gradOutput, inputs, f)
         assert.is_true(oracle.checkGradient(f, oracle.flatten(inputs),
            { gradient = gradient, gradOutput = gradOutput }))
      end
      check(oracle.convGradInput(g, found, 9, w), g, x, function(flat)
         return oracle.conv(oracle.reshape(flat, 9, 2), found, #outputs, w)
      end)
      check(oracle.convGradWeight(x, g, found, 9, 2, 3), g, w, function(flat)
         return oracle.conv(x, found, #outputs, oracle.reshape(flat, 9, 2, 3))
      end)
      local _, winners = oracle.maxPool(x, found, #outputs)
      check(oracle.maxPoolGrad(g2, winners, 9), g2, x, function(flat)
         return (oracle.maxPool(oracle.reshape(flat, 9, 2), found, #outputs))
      end)
      for _, divisor in ipairs { 'volume', 'active' } do
         check(oracle.sumPoolGrad(g2, found, 9, divisor), g2, x, function(flat)
            return oracle.averagePool(oracle.reshape(flat, 9, 2), found, #outputs, divisor)
         end)
      end
      local gx = oracle.features(random, 9, 2)
      check(oracle.leakyReLUGrad(x, gx, 0.3), gx, x, function(flat)
         return oracle.leakyReLU(oracle.reshape(flat, 9, 2), 0.3)
      end)
   end)

   it('agrees with its gradients of normalisation', function()
      local random = oracle.random(22)
      local x, g = oracle.features(random, 7, 2), oracle.features(random, 7, 2)
      for _, training in ipairs { true, false } do
         local options = { weight = { 0.7, -1.2 }, bias = { 0.1, 0.4 }, leakiness = 0.3,
            training = training, runningMean = { 0.2, -0.1 }, runningVar = { 0.5, 2 } }
         local gradients = { oracle.batchNormGrad(x, g, options) }
         local flat = oracle.flatten { x, options.weight, options.bias }
         assert.is_true(oracle.checkGradient(function(all)
            local parts = { unpack(all, 1, 14) }
            local o = setmetatable({ weight = { all[15], all[16] }, bias = { all[17], all[18] } },
               { __index = options })
            return (oracle.batchNorm(oracle.reshape(parts, 7, 2), o))
         end, flat, { gradient = gradients, gradOutput = g }))
      end
   end)
end)
