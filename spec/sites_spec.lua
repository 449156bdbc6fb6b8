local lacuna = require 'lacuna'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local Sites = lacuna.Sites

describe('Sites', function()
   local random
   before_each(function() random = oracle.random(7) end)

   for dimension = 1, 10 do
      it('sorts points by sample, then Morton code, in dimension ' .. dimension, function()
         local high = dimension == 1 and 60 or 9
         local coords = oracle.sites(random, 40, dimension,
            { batches = 3, low = -high, high = high })
         local sites = Sites.new(sparse.coords(coords))
         assert.same(oracle.sort(coords), sparse.back(sites:coords()))
         assert.equal(40, sites.count)
         assert.equal(dimension, sites.dimension)
      end)
   end

   it('keeps one order whatever the range of the coordinates', function()
      local near = oracle.sites(random, 50, 3, { low = -9, high = 9 })
      local far = { unpack(near) }
      far[#far + 1] = { 0, 2147483647, -2147483648, 2147483647 }
      far[#far + 1] = { 0, -2147483648, 2147483647, 0 }
      for _, coords in ipairs { near, far } do
         local sites = Sites.new(sparse.coords(coords))
         assert.same(oracle.sort(coords), sparse.back(sites:coords()))
      end
   end)

   it('names the range of each dimension', function()
      local bits = { 32, 32, 32, 28, 22, 18, 16, 14, 12, 11 }
      for dimension, n in ipairs(bits) do
         local point = { 1 }
         for a = 1, dimension do point[1 + a] = a == dimension and 2 ^ (n - 1) - 1 or 0 end
         assert.equal(1, Sites.new({ point }).count)
         point[1 + dimension] = 2 ^ (n - 1)
         assert.fails('sites: coordinates from 0 to %d+, expected ' .. n .. ' bits', Sites.new,
            { point })
         point[1 + dimension] = -2 ^ (n - 1)
         assert.equal(1, Sites.new({ point }).count)
      end
   end)

   it('numbers repeated points once and remembers who went where', function()
      local sites = Sites.new { { 1, 5 }, { 1, -2 }, { 1, 5 }, { 2, 0 }, { 1, 5 } }
      assert.same({ { 1, -2 }, { 1, 5 }, { 2, 0 } }, sites:coords():toTable())
      assert.same({ 1, 0, 1, 2, 1 }, sites:pointRows():toTable())
      local order, first = sites:pointOrder()
      assert.same({ 1, 0, 2, 4, 3 }, order:toTable())
      assert.same({ 0, 1, 4, 5 }, first:toTable())
   end)

   it('takes int32 and int64 tensors from any device', function()
      for _, dtype in ipairs { 'int32', 'int64' } do
         local coords = lacuna.tensor({ { 1, 3, 4 }, { 1, 0, 0 } }, { dtype = dtype })
         assert.same({ { 1, 0, 0 }, { 1, 3, 4 } }, Sites.new(coords):coords():toTable())
      end
   end)

   it('tells where samples begin, empty ones included', function()
      local sites = Sites.new({ { 2, 0 }, { 2, 1 }, { 4, 0 } }, { batchSize = 5 })
      assert.same({ 0, 0, 2, 2, 3, 3 }, sites:samples():toTable())
      assert.equal(5, sites.batchSize)
   end)

   it('takes the dimension of no points from a spatial size for each axis', function()
      local sites = Sites.new({}, { spatialSize = { 8, 9 } })
      assert.equal(2, sites.dimension)
      assert.same({ 8, 9 }, sites.spatialSize)
      assert.fails('dimension is nil, expected a whole number', Sites.new, {}, { spatialSize = 8 })
   end)

   it('accepts no points and one point', function()
      local none = Sites.new({}, { dimension = 3, spatialSize = 4, batchSize = 2 })
      assert.equal(0, none.count)
      assert.same({ 0, 0, 0 }, none:samples():toTable())
      assert.equal(0, none:submanifold(3):pairs())
      local coarse, book = none:strided(2, 2)
      assert.same({ 0, 0 }, { coarse.count, book:pairs() })
      local one = Sites.new({ { 1, 2, 2, 2 } })
      assert.equal(1, one:submanifold(3):pairs())
      coarse, book = one:strided(2, 1)
      assert.same({ 8, 8 }, { coarse.count, book:pairs() })
   end)

   it('refuses what cannot be a coordinate', function()
      assert.fails('batch index of point 1 is 0, expected 1 to 65536', Sites.new, { { 0, 1 } })
      assert.fails('batch index of point 2 is 65537', Sites.new, { { 1, 1 }, { 65537, 1 } })
      assert.fails('coordinate 2 of point 1 is 4, expected 0 to 3', Sites.new, { { 1, 0, 4 } },
         { spatialSize = 4 })
      assert.fails('coordinate 1 of point 1 is %-1, expected 0 to 3', Sites.new, { { 1, -1, 0 } },
         { spatialSize = 4 })
      assert.fails('element 2 is 1.5, expected a whole number', Sites.new, { { 1, 1.5 } })
      assert.fails('coords has 1 columns', Sites.new, { { 1 } })
      assert.fails('coords has 12 columns', Sites.new, { { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } })
      assert.fails('coords is float32, expected int32 or int64', Sites.new, lacuna.zeros(2, 3))
      assert.fails('coords is 4, expected 2 dimensions', Sites.new,
         lacuna.zeros({ 4 }, { dtype = 'int32' }))
      assert.fails('spatial size has 3 numbers, expected 2', Sites.new, { { 1, 0, 0 } },
         { spatialSize = { 4, 4, 4 } })
      assert.fails('spatial size is the number 0', Sites.new, { { 1, 0 } }, { spatialSize = 0 })
      assert.fails('option size is unknown', Sites.new, { { 1, 0 } }, { size = 3 })
      assert.fails('dimension is nil', Sites.new, {})
   end)

   local relations = {
      { 2, 2, 1, 0 }, { 3, 2, 1, 0 }, { 2, 1, 1, 0 }, { 3, 1, 2, 1 }, { 3, 3, 1, 1 },
      { 1, 1, 1, 0 }, { 2, 3, 1, 0 }, { 4, 4, 1, 0 },
   }
   for dimension = 1, 5 do
      it('finds the windows and pairs of strided layers in dimension ' .. dimension, function()
         local n = dimension < 4 and 40 or 8
         local coords, sites = sparse.sites(random, n, dimension,
            { batches = 2, low = -7, high = 7 + (dimension == 1 and 60 or 0) })
         for _, r in ipairs(relations) do
            if dimension < 4 or r[1] < 3 then
               local outputs, found = oracle.strided(coords, r[1], r[2], r[3], r[4])
               local coarse, book = sites:strided(unpack(r))
               assert.same(outputs, sparse.back(coarse:coords()))
               sparse.samePairs(assert, found, book)
               local reverse, flipped = book:reverse()
               assert.is_false(flipped)
               sparse.samePairs(assert, oracle.reverse(found), reverse)
            end
         end
      end)

      it('finds the pairs of submanifold layers in dimension ' .. dimension, function()
         local coords, sites = sparse.sites(random, dimension < 4 and 40 or 12, dimension,
            { batches = 2, low = -7, high = 7 + (dimension == 1 and 60 or 0) })
         for _, case in ipairs { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 3, 2 }, dimension < 4 and { 4, 1 }
            or nil, dimension < 4 and { 5, 1 } or nil } do
            sparse.samePairs(assert, oracle.submanifold(coords, case[1], case[2]),
               sites:submanifold(case[1], case[2]))
         end
      end)
   end

   it('finds the windows of a strided layer in the last dimension, ten', function()
      local sites = Sites.new { { 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 } }
      local coarse, book = sites:strided(2, 2)
      assert.same({ { 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6 } }, coarse:coords():toTable())
      assert.equal(1, book:pairs())
      assert.equal(1, book:pairs(1 + 341))  -- odd places at every other axis: 0101010101 in base 2
   end)

   it('takes a size, stride, dilation and pad for each axis', function()
      local coords, sites = sparse.sites(random, 40, 3, { low = 0, high = 8 })
      local outputs, found = oracle.strided(coords, { 1, 2, 3 }, { 1, 2, 1 }, { 1, 2, 2 },
         { 0, 1, 2 })
      local coarse, book = sites:strided({ 1, 2, 3 }, { 1, 2, 1 }, { 1, 2, 2 }, { 0, 1, 2 })
      assert.same(outputs, sparse.back(coarse:coords()))
      sparse.samePairs(assert, found, book)
      sparse.samePairs(assert, oracle.submanifold(coords, { 3, 1, 2 }, { 1, 1, 3 }),
         sites:submanifold({ 3, 1, 2 }, { 1, 1, 3 }))
   end)

   it('keeps windows inside a grid with a spatial size', function()
      local coords, sites = sparse.sites(random, 30, 2, { low = 0, high = 8, spatialSize = 9 })
      for _, r in ipairs { { 3, 2, 1, 0 }, { 3, 2, 1, 1 }, { 2, 1, 1, 0 }, { 3, 3, 1, 0 } } do
         local outputs = oracle.strided(coords, r[1], r[2], r[3], r[4], 9)
         local coarse = sites:strided(unpack(r))
         assert.same(outputs, sparse.back(coarse:coords()))
         assert.same(oracle.outputSize({ 9, 9 }, r[1], r[2], r[3], r[4]), coarse.spatialSize)
      end
   end)

   it('says which spatial sizes fit', function()
      local sites = Sites.new({ { 1, 0, 0 } }, { spatialSize = { 9, 10 } })
      assert.fails('spatial size is 10 along axis 2, expected 9 or 11, so that kernel 3 and '
         .. 'stride 2 come out whole', sites.strided, sites, 3, 2)
      assert.fails('spatial size is 9 along axis 1, expected at least 12 for kernel 12',
         sites.strided, sites, 12, 1)
      assert.fails('kernel size is the number 0', sites.strided, sites, 0, 1)
      assert.fails('stride is the number 1.5', sites.strided, sites, 2, 1.5)
      assert.fails('pad is the number %-1', sites.strided, sites, 2, 1, 1, -1)
      assert.fails('kernel size is nil', sites.submanifold, sites)
   end)

   it('works at the ends of the range without wrapping round', function()
      local far = 2147483647
      local sites = Sites.new { { 1, far, -far - 1, 0 }, { 1, -far - 1, far, 0 } }
      assert.equal(2, sites:submanifold(3):pairs())
      local edge = Sites.new { { 1, 32767, 0, 0 }, { 1, -32768, 0, 0 } }
      assert.equal(2, edge:submanifold(3):pairs())
      assert.equal(16, (edge:strided(2, 1)).count)
   end)

   it('gives the same set and rulebook when asked the same again', function()
      local _, sites = sparse.sites(random, 20, 2)
      local a, b = sites:strided(2, 2), sites:strided(2, 2)
      assert.equal(a.id, b.id)
      assert.is_true(a:same(b))
      assert.is_false(a:same((sites:strided(3, 2))))
      local before = lacuna.memory('cpu').live
      sites:submanifold(3):release()
      local after = lacuna.memory('cpu').live
      assert.is_true(after > before)
      sites:submanifold(3):release()
      assert.equal(after, lacuna.memory('cpu').live)
   end)

   it('frees everything whatever the order in which handles go', function()
      for order = 1, 24 do
         local _, sites = sparse.sites(random, 20, 2)
         local coarse, book = sites:strided(2, 2)
         local handles = { sites, coarse, book, (book:reverse()) }
         local n = order
         for i = 4, 1, -1 do
            table.remove(handles, n % i + 1):release()
            n = math.floor(n / i)
         end
      end
   end)

   it('refuses released sites and rulebooks', function()
      local _, sites = sparse.sites(random, 5, 2)
      local book = sites:submanifold(3)
      book:release()
      book:release()
      assert.fails('rulebook was released', book.pairs, book)
      sites:release()
      assert.fails('the sites were released', sites.coords, sites)
   end)

   it('is bitwise the same on 1, 2, 3 and 7 threads', function()
      local coords = oracle.sites(random, 3000, 3, { low = 0, high = 40 })
      local before, texts = lacuna.threads(), {}
      for _, n in ipairs { 1, 2, 3, 7 } do
         lacuna.threads(n)
         local sites = Sites.new(sparse.coords(coords))
         local coarse, book = sites:strided(3, 2)
         local pairsOf = {}
         for tap = 1, 27 do
            local a, b = book:read(tap)
            pairsOf[tap] = table.concat(a, ',') .. ';' .. table.concat(b, ',')
         end
         texts[#texts + 1] = coarse:coords():toString() .. table.concat(pairsOf, '|')
      end
      lacuna.threads(before)
      for i = 2, #texts do assert.is_true(texts[1] == texts[i]) end
   end)
end)
