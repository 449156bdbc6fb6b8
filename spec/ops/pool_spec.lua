local lacuna = require 'lacuna'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local ops = lacuna.ops

-- covers 'max_pool', 'max_pool_grad', 'sum_pool'
describe('ops.maxPool and ops.sumPool', function()
   local random
   before_each(function() random = oracle.random(13) end)

   for dimension = 1, 5 do
      it('equal the oracle in dimension ' .. dimension, function()
         local coords, sites = sparse.sites(random, dimension < 4 and 40 or 8, dimension,
            { batches = 2, low = -6, high = dimension == 1 and 60 or 6 })
         for _, case in ipairs { { 2, 2 }, { 3, 2 }, { 2, 1 } } do
            if dimension < 4 or case[1] < 3 then
               local outputs, found = oracle.strided(coords, case[1], case[2], 1, 0)
               local _, book = sites:strided(case[1], case[2])
               -- few different values, so that there are ties
               local x = oracle.features(random, #coords, 3, 2)
               local g = oracle.features(random, #outputs, 3, 4)

               local expected, winners = oracle.maxPool(x, found, #outputs)
               local tx = lacuna.tensor(x, { requiresGrad = true })
               local y = ops.maxPool(tx, book)
               assert.near_all(expected, y, 0)
               y:backward(lacuna.tensor(g))
               assert.near_all(oracle.maxPoolGrad(g, winners, #coords), tx.grad, 0)

               local ts = lacuna.tensor(x, { requiresGrad = true })
               y = ops.sumPool(ts, book)
               assert.near_all(oracle.sumPool(x, found, #outputs), y, 0)
               y:backward(lacuna.tensor(g))
               assert.near_all(oracle.sumPoolGrad(g, found, #coords), ts.grad, 0)
               assert.near_all(oracle.degrees(found, #outputs), book:degrees(), 0)
            end
         end
      end)
   end

   it('take a true maximum of negative numbers', function()
      local sites = lacuna.Sites.new { { 1, 0 }, { 1, 1 } }
      local _, book = sites:strided(2, 2)
      assert.near_all({ { -3 } }, ops.maxPool(lacuna.tensor { { -5 }, { -3 } }, book), 0)
   end)

   it('pass a nan on', function()
      local sites = lacuna.Sites.new { { 1, 0 }, { 1, 1 } }
      local _, book = sites:strided(2, 2)
      local nan = 0 / 0
      assert.near_all({ { nan } }, ops.maxPool(lacuna.tensor { { nan }, { 3 } }, book), 0)
      assert.near_all({ { nan } }, ops.maxPool(lacuna.tensor { { 3 }, { nan } }, book), 0)
   end)

   it('accept no sites, and a book that keeps the sites', function()
      local _, none = sparse.sites(random, 0, 2)
      local _, book = none:strided(3, 2)
      assert.same({ 0, 4 }, ops.maxPool(lacuna.zeros(0, 4), book):shape())
      local coords, sites = sparse.sites(random, 30, 2)
      local found = oracle.submanifold(coords, 3)
      local x = oracle.features(random, 30, 2, 5)
      local g = oracle.features(random, 30, 2, 5)
      local expected, winners = oracle.maxPool(x, found, 30)
      local tx = lacuna.tensor(x, { requiresGrad = true })
      local y = ops.maxPool(tx, sites:submanifold(3))
      assert.near_all(expected, y, 0)
      y:backward(lacuna.tensor(g))
      assert.near_all(oracle.maxPoolGrad(g, winners, 30), tx.grad, 0)
   end)

   it('are bitwise the same on 1, 2, 3 and 7 threads', function()
      local before, texts = lacuna.threads(), {}
      local coords = oracle.sites(random, 6000, 3, { high = 24 })
      for _, n in ipairs { 1, 2, 3, 7 } do
         lacuna.threads(n)
         lacuna.seed(5)
         local _, book = lacuna.Sites.new(sparse.coords(coords)):strided(3, 2)
         local x = ops.fillNormal(lacuna.zeros(6000, 10)):requireGrad()
         local y = ops.maxPool(x, book) + ops.sumPool(x, book)
         y:backward(ops.fillNormal(lacuna.zeros(book.outputs, 10)))
         texts[#texts + 1] = y:toString() .. x.grad:toString()
      end
      lacuna.threads(before)
      for i = 2, #texts do assert.is_true(texts[1] == texts[i]) end
   end)

   it('say which operand does not fit', function()
      local _, sites = sparse.sites(random, 5, 2)
      local _, book = sites:strided(2, 2)
      assert.fails('max_pool: input is 4x2, expected 5x2', ops.maxPool, lacuna.zeros(4, 2), book)
      assert.fails('maxPool: input is 5, expected 2 dimensions', ops.maxPool, lacuna.zeros(5), book)
      assert.fails('sumPool: rulebook is the number 3', ops.sumPool, lacuna.zeros(5, 2), 3)
   end)
end)
