local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops

local function moments(a)
   local n, c = unpack(a.shape)
   local mean, variance = { shape = { c } }, { shape = { c } }
   for p = 1, c do
      local sum, square = 0, 0
      for i = 1, n do sum = sum + a[(i - 1) * c + p] end
      mean[p] = n > 0 and sum / n or 0
      for i = 1, n do square = square + (a[(i - 1) * c + p] - mean[p]) ^ 2 end
      variance[p] = n > 0 and square / n or 0
   end
   return mean, variance
end

-- covers 'norm_statistics'
describe('ops.statistics', function()
   local random
   before_each(function() random = oracle.random(81) end)

   for _, shape in ipairs { { 1, 1 }, { 5, 3 }, { 4, 16 }, { 3, 70 }, { 2, 600 }, { 20000, 3 },
      { 9000, 17 }, { 300, 1100 }, { 40001, 1 }, { 1, 5 } } do
      it('gives mean and biased variance, ' .. table.concat(shape, 'x'), function()
         local a = arrays.random(random, shape)
         local mean, variance = moments(a)
         local m, v = ops.statistics(arrays.tensor(a))
         assert.near_all(mean, m, 1e-6)
         assert.near_all(variance, v, 1e-6)
      end)
   end

   it('is 0 without rows, and nothing without planes', function()
      local m, v = ops.statistics(lacuna.zeros(0, 3))
      assert.near_all({ 0, 0, 0 }, m, 0)
      assert.near_all({ 0, 0, 0 }, v, 0)
      m, v = ops.statistics(lacuna.zeros(3, 0))
      assert.same({ 0 }, m:shape())
      assert.same({ 0 }, v:shape())
   end)

   it('does not lose a small variance beside a large mean', function()
      local a = { shape = { 5000, 2 } }
      for i = 1, 10000 do a[i] = 1000000 + (i % 4) / 16 end
      local mean, variance = moments(a)
      local m, v = ops.statistics(arrays.tensor(a))
      assert.near_all(mean, m, 0.04)
      assert.near_all(variance, v, 1e-7)
   end)

   it('says what is wrong with its argument', function()
      assert.fails('statistics: input is nil', ops.statistics)
      assert.fails('norm_statistics: x is 3, expected 2 dimensions', ops.statistics, lacuna.ones(3))
   end)
end)

-- covers 'norm', 'norm_grad'
describe('ops.normalizeRows', function()
   local random
   before_each(function() random = oracle.random(82) end)

   local function reference(options)
      return function(x, weight, bias)
         local o = { weight = weight, bias = bias, eps = options.eps, leakiness = options.slope,
            training = options.training, runningMean = options.mean,
            runningVar = options.variance }
         return (oracle.batchNorm(arrays.nested(x), o))
      end
   end

   local function apply(options, x, weight, bias)
      local mean, variance
      if options.training then
         mean, variance = lacuna.noGrad(ops.statistics, x)
      else
         mean, variance = lacuna.tensor(options.mean), lacuna.tensor(options.variance)
      end
      return ops.normalizeRows(x, weight, bias, mean, variance, options.eps, options.slope,
         options.training)
   end

   for _, training in ipairs { true, false } do
      for _, slope in ipairs { 1, 0, 0.25 } do
         it(('equals the oracle %s, leakiness %g'):format(training and 'in training'
            or 'in evaluation', slope), function()
            for _, shape in ipairs {
               { 6, 3 }, { 40, 17 }, { 9, 70 }, { 700, 530 }, { 20000, 2 },
            } do
               local c = shape[2]
               local x = arrays.random(random, shape)
               local weight, bias = arrays.random(random, { c }), arrays.random(random, { c })
               local options = { eps = 1e-3, slope = slope, training = training,
                  mean = arrays.random(random, { c }),
                  variance = arrays.map(arrays.random(random, { c }),
                     function(v) return v * v + 0.1 end) }
               local y = apply(options, arrays.tensor(x), arrays.tensor(weight),
                  arrays.tensor(bias))
               assert.near_all(oracle.flatten(reference(options)(x, weight, bias)), y, 2e-5)
               y = apply(options, arrays.tensor(x))
               assert.near_all(oracle.flatten(reference(options)(x)), y, 2e-5)
            end
         end)

         it(('has its gradients %s, leakiness %g'):format(training and 'in training'
            or 'in evaluation', slope), function()
            local options = { eps = 1e-2, slope = slope, training = training, mean = { 0.5, -1, 0 },
               variance = { 1, 0.25, 2 } }
            local x = arrays.random(random, { 5, 3 })
            local weight, bias = { 1.5, -0.5, 1, shape = { 3 } }, { 0.25, 0, -0.25, shape = { 3 } }
            local function all(...) return apply(options, ...) end
            local function plain(a) return apply(options, a) end
            gradient.checkGradient(all, { x, weight, bias },
               { reference = reference(options), tolerance = 1e-4 })
            gradient.checkGradient(plain, { x },
               { reference = reference(options), tolerance = 1e-4 })
            gradient.checkGradient(function(a, b) return apply(options, a, nil, b) end, { x, bias },
               { reference = function(a, b) return reference(options)(a, nil, b) end,
                  tolerance = 1e-4 })
            gradient.checkSecond(all, { x, weight, bias }, { step = 0.002, tolerance = 3e-2 })
            gradient.checkSecond(plain, { x }, { step = 0.002, tolerance = 3e-2 })
         end)
      end
   end

   it('has the oracle\'s gradients where rows are many', function()
      for _, shape in ipairs { { 9000, 3 }, { 3000, 40 }, { 200, 600 } } do
         local n, c = unpack(shape)
         local x, g = arrays.random(random, shape), arrays.random(random, shape)
         local weight, bias = arrays.random(random, { c }), arrays.random(random, { c })
         for _, training in ipairs { true, false } do
            local options = { eps = 1e-3, slope = 1, training = training, mean = {}, variance = {} }
            for p = 1, c do options.mean[p], options.variance[p] = 0.25, 1.5 end
            local tx = arrays.tensor(x, { requiresGrad = true })
            local tw = arrays.tensor(weight, { requiresGrad = true })
            local tb = arrays.tensor(bias, { requiresGrad = true })
            apply(options, tx, tw, tb):backward(arrays.tensor(g))
            local dx, dw, db = oracle.batchNormGrad(arrays.nested(x), arrays.nested(g),
               { eps = options.eps, weight = weight, bias = bias, training = training,
                  runningMean = options.mean, runningVar = options.variance })
            assert.near_all(oracle.flatten(dx), tx.grad, 1e-4)
            assert.near_all(dw, tw.grad, 1e-4 * math.sqrt(n))
            assert.near_all(db, tb.grad, 1e-4 * math.sqrt(n))
         end
      end
   end)

   it('passes no gradient by way of the mean to a single row', function()
      local x = lacuna.tensor({ { 3, -2 } }, { requiresGrad = true })
      local y = apply({ training = true, eps = 1e-4, slope = 1 }, x)
      assert.near_all({ 0, 0 }, y, 0)
      y:backward(lacuna.tensor { { 1, 5 } })
      assert.near_all({ 0, 0 }, x.grad, 1e-6)
   end)

   it('accepts no rows', function()
      local x = lacuna.zeros(0, 2):requireGrad()
      local w = lacuna.ones(2):requireGrad()
      local y = apply({ training = true, eps = 1e-4, slope = 0 }, x, w)
      y:backward(lacuna.zeros(0, 2))
      assert.same({ 0, 2 }, x.grad:shape())
      assert.near_all({ 0, 0 }, w.grad, 0)
   end)

   it('says what is wrong with its arguments', function()
      local x, one = lacuna.ones(3, 2), lacuna.ones(2)
      local function f(...) return ops.normalizeRows(...) end
      assert.fails('normalizeRows: input is nil', f)
      assert.fails('normalizeRows: mean is nil', f, x)
      assert.fails('normalizeRows: variance is nil', f, x, nil, nil, one)
      assert.fails('norm: mean is 3, expected 2', f, x, nil, nil, lacuna.ones(3), one, 1e-4, 1,
         true)
      assert.fails('norm: weight is 2x1, expected 2', f, x, one:view(2, 1), nil, one, one, 1e-4, 1)
      assert.fails('norm: bias is the number 3, expected a tensor', f, x, nil, 3, one, one, 1e-4, 1)
      assert.fails('norm: x is 2, expected 2 dimensions', f, one, nil, nil, one, one, 1e-4, 1)
      assert.fails('norm: eps is %-1, expected 0 or more', f, x, nil, nil, one, one, -1, 1)
      assert.fails('norm: eps is nil, expected a number', f, x, nil, nil, one, one)
      assert.fails('norm: slope is nan, expected a number', f, x, nil, nil, one, one, 0, 0 / 0)
   end)
end)
