local lacuna = require 'lacuna'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local ops = lacuna.ops

-- covers 'conv', 'conv_grad_w'
describe('ops.conv', function()
   local random
   before_each(function() random = oracle.random(11) end)

   -- The library's result and gradients, and the oracle's with bounds, over one set of pairs.
   local function compare(coords, found, book, outputs, planesIn, planesOut, exact)
      local limit = exact and 4 or nil
      local taps = book.taps
      for t = 1, taps do found[t] = found[t] or {} end
      local x = oracle.features(random, #coords, planesIn, limit)
      local w = oracle.weight(random, taps, planesIn, planesOut, limit)
      local bias = oracle.features(random, 1, planesOut, limit)[1]
      local g = oracle.features(random, outputs, planesOut, limit)

      local tx = sparse.rows(x, planesIn, { requiresGrad = true })
      local tw = lacuna.tensor(w, { requiresGrad = true })
      local tb = lacuna.tensor(bias, { requiresGrad = true })
      local y = ops.conv(tx, tw, tb, book)
      y:backward(sparse.rows(g, planesOut))

      assert.near_all(oracle.conv(x, found, outputs, w, bias), y,
         exact and 0 or oracle.convBound(x, found, outputs, w, bias))
      assert.near_all(oracle.convGradInput(g, found, #coords, w), tx.grad,
         exact and 0 or oracle.convGradInputBound(g, found, #coords, w))
      assert.near_all(oracle.convGradWeight(x, g, found, taps, planesIn, planesOut), tw.grad,
         exact and 0 or oracle.convGradWeightBound(x, g, found, taps, planesIn, planesOut))
      assert.near_all(oracle.convGradBias(g, planesOut), tb.grad,
         exact and 0 or oracle.convGradBiasBound(g, planesOut))
   end

   for dimension = 1, 5 do
      for _, exact in ipairs { true, false } do
         local how = exact and 'equals the oracle on integers' or 'stays within the bound'
         it(('%s, submanifold, dimension %d'):format(how, dimension), function()
            local coords, sites = sparse.sites(random, dimension < 4 and 40 or 12, dimension,
               { batches = 2, low = -6, high = dimension == 1 and 60 or 6 })
            for _, size in ipairs { 1, 2, 3, dimension < 4 and 5 or nil } do
               compare(coords, oracle.submanifold(coords, size), sites:submanifold(size),
                  #coords, 3, 2, exact)
            end
         end)

         it(('%s, strided, dimension %d'):format(how, dimension), function()
            local coords, sites = sparse.sites(random, dimension < 4 and 40 or 6, dimension,
               { batches = 2, low = -6, high = dimension == 1 and 60 or 6 })
            for _, case in ipairs { { 2, 2 }, { 2, 1 }, { 3, 2 } } do
               if dimension < 4 or case[1] < 3 then
                  local outputs, found = oracle.strided(coords, case[1], case[2], 1, 0)
                  local _, book = sites:strided(case[1], case[2])
                  compare(coords, found, book, #outputs, 2, 3, exact)
               end
            end
         end)
      end
   end

   it('handles every width of planes', function()
      local coords, sites = sparse.sites(random, 150, 2, { high = 15 })
      local found, book = oracle.submanifold(coords, 3), sites:submanifold(3)
      for _, planes in ipairs { { 1, 1 }, { 1, 32 }, { 17, 5 }, { 16, 16 }, { 33, 31 }, { 8, 70 },
         { 70, 8 } } do
         compare(coords, found, book, #coords, planes[1], planes[2], true)
      end
   end)

   it('accepts no sites, and one', function()
      for _, n in ipairs { 0, 1 } do
         local coords, sites = sparse.sites(random, n, 3)
         compare(coords, oracle.submanifold(coords, 3), sites:submanifold(3), n, 2, 3, true)
      end
   end)

   it('works without a bias and without a gradient for some inputs', function()
      local coords, sites = sparse.sites(random, 10, 2)
      local book = sites:submanifold(3)
      local x, w = oracle.features(random, 10, 1, 3), oracle.weight(random, 9, 1, 1, 3)
      local tw = lacuna.tensor(w, { requiresGrad = true })
      local y = ops.conv(lacuna.tensor(x), tw, nil, book)
      assert.near_all(oracle.conv(x, oracle.submanifold(coords, 3), 10, w), y, 0)
      y:sum():backward()
      assert.is_truthy(tw.grad)
   end)

   it('has second gradients', function()
      local _, sites = sparse.sites(random, 12, 2)
      local book = sites:submanifold(3)
      local x = lacuna.tensor(oracle.features(random, 12, 2), { requiresGrad = true })
      local w = lacuna.tensor(oracle.weight(random, 9, 2, 2), { requiresGrad = true })
      -- for y = conv(x, w) and g = d(sum y²/2)/dx: the sum of g r is bilinear enough to difference
      local r = lacuna.tensor(oracle.features(random, 12, 2))
      local function value()
         local y = ops.conv(x, w, nil, book)
         local dx = lacuna.grad((y * y * 0.5):sum(), { x }, { createGraph = true })[1]
         return (dx * r):sum()
      end
      value():backward()
      local gx, gw = x.grad:toFlat(), w.grad:toFlat()
      for _, pair in ipairs { { x, gx }, { w, gw } } do
         local t, g = pair[1], pair[2]
         local values = t:toFlat()
         for _, i in ipairs { 1, 5, #values } do
            local results = {}
            for k, step in ipairs { 0.25, -0.25 } do
               local moved = { unpack(values) }
               moved[i] = moved[i] + step
               lacuna.noGrad(function() t:copy(lacuna.tensor(moved)) end)
               results[k] = value():item()
            end
            lacuna.noGrad(function() t:copy(lacuna.tensor(values)) end)
            assert.is_true(math.abs((results[1] - results[2]) / 0.5 - g[i])
               < 2e-3 * (1 + math.abs(g[i])))
         end
      end
   end)

   it('is bitwise the same on 1, 2, 3 and 7 threads, and again', function()
      local before = lacuna.threads()
      local coords = oracle.sites(random, 9000, 3, { high = 24 })
      local texts = {}
      for _, n in ipairs { 1, 2, 3, 7, 1 } do
         lacuna.threads(n)
         lacuna.seed(5)
         local sites = lacuna.Sites.new(sparse.coords(coords))
         local book = sites:submanifold(3)
         local x = ops.fillNormal(lacuna.zeros(9000, 20)):requireGrad()
         local w = ops.fillNormal(lacuna.zeros(27, 20, 24)):requireGrad()
         local y = ops.conv(x, w, nil, book)
         y:backward(ops.fillNormal(lacuna.zeros(9000, 24)))
         texts[#texts + 1] = y:toString() .. x.grad:toString() .. w.grad:toString()
      end
      lacuna.threads(before)
      for i = 2, #texts do assert.is_true(texts[1] == texts[i]) end
   end)

   it('says which operand does not fit', function()
      local _, sites = sparse.sites(random, 5, 2)
      local book = sites:submanifold(3)
      local x, w = lacuna.zeros(5, 2), lacuna.zeros(9, 2, 3)
      assert.fails('conv: input is 4x2, expected 5x2', ops.conv, lacuna.zeros(4, 2), w, nil, book)
      assert.fails('conv: input is 5x3, expected 5x2', ops.conv, lacuna.zeros(5, 3), w, nil, book)
      assert.fails('conv: weight is 8x2x3, expected 9x2x3', ops.conv, x, lacuna.zeros(8, 2, 3),
         nil, book)
      assert.fails('conv: bias is 2, expected 3', ops.conv, x, w, lacuna.zeros(2), book)
      assert.fails('conv: rulebook is nil', ops.conv, x, w, nil, nil)
      assert.fails('convGradW: input is 4, expected 2 dimensions', ops.convGradW, lacuna.zeros(4),
         x, book)
      assert.fails('convGradW: gradient is 4, expected 2 dimensions', ops.convGradW, x,
         lacuna.zeros(4), book)
      assert.fails('conv: input is a table', ops.conv, {}, w, nil, book)
      assert.fails('conv: weight is nil', ops.conv, x, nil, nil, book)
      assert.fails('conv: x is int32, expected float32', ops.conv, x:int(), w, nil, book)
   end)
end)
