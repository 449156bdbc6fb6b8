local lacuna = require 'lacuna'
local data = require 'lacuna.data'
local triplets = require 'lacuna.data.triplets'
local samplers = data.samplers

-- Labels with so many samples of class 1, 2, …, mixed.
local function labelsOf(...)
   local labels, left = {}, { ... }
   local open = true
   while open do
      open = false
      for c = 1, #left do
         if left[c] > 0 then
            labels[#labels + 1] = c
            left[c] = left[c] - 1
            open = true
         end
      end
   end
   return labels
end

local function countOf(batches)
   local counts = {}
   for _, batch in ipairs(batches) do
      for _, i in ipairs(batch) do counts[i] = (counts[i] or 0) + 1 end
   end
   return counts
end

describe('samplers.sequential and shuffled', function()
   it('go through all samples, or through whole batches', function()
      local s = samplers.sequential(5, { batchSize = 2 })
      assert.are.equal(3, s:batches())
      assert.are.same({ { 1, 2 }, { 3, 4 }, { 5 } }, s:epoch(1))
      s = samplers.sequential(5, { batchSize = 2, dropLast = true })
      assert.are.equal(2, s:batches())
      assert.are.same({ { 1, 2 }, { 3, 4 } }, s:epoch(1))
      assert.are.same({}, samplers.sequential(0):epoch(1))
   end)

   it('shuffle by seed and epoch', function()
      local s = samplers.shuffled(20, { batchSize = 6, seed = 1 })
      assert.are.same(s:epoch(3), samplers.shuffled(20, { batchSize = 6, seed = 1 }):epoch(3))
      assert.are_not.same(s:epoch(3), s:epoch(4))
      assert.are_not.same(s:epoch(3), samplers.shuffled(20, { batchSize = 6, seed = 2 }):epoch(3))
      local counts = countOf(s:epoch(3))
      for i = 1, 20 do assert.are.equal(1, counts[i]) end
   end)

   it('refuse wrong sizes', function()
      assert.fails('size is nil, expected a whole number', samplers.shuffled)
      assert.fails('batchSize is the number 0', samplers.sequential, 3, { batchSize = 0 })
      local s = samplers.sequential(3)
      assert.fails('epoch is nil, expected a whole number', s.epoch, s)
   end)
end)

describe('samplers.balanced', function()
   -- Checks the shape of every batch; gives how often each sample came.
   local function check(labels, classes, each, s, epoch)
      local batches = s:epoch(epoch or 1)
      assert.are.equal(s:batches(), #batches)
      for _, batch in ipairs(batches) do
         assert.are.equal(classes * each, #batch)
         local seen = {}
         for p = 0, classes - 1 do
            local label = labels[batch[p * each + 1]]
            assert.is_nil(seen[label])
            seen[label] = true
            for k = 1, each do assert.are.equal(label, labels[batch[p * each + k]]) end
         end
      end
      return countOf(batches), batches
   end

   it('gives each sample once where classes are equal', function()
      local labels = labelsOf(8, 8, 8, 8)
      local s = samplers.balanced(labels, { classes = 2, each = 4, seed = 1 })
      assert.are.equal(4, s:batches())
      for epoch = 1, 5 do
         local counts = check(labels, 2, 4, s, epoch)
         for i = 1, 32 do assert.are.equal(1, counts[i]) end
      end
   end)

   it('gives each sample at least once, and few much more, where they are not', function()
      local labels = labelsOf(23, 5, 9, 14, 1)
      local s = samplers.balanced(labels, { classes = 3, each = 4 })
      -- groups of 4: 6, 2, 3, 4, 1: 16, so 6 batches of 3 classes
      assert.are.equal(6, s:batches())
      for epoch = 1, 20 do
         local counts, batches = check(labels, 3, 4, s, epoch)
         for i = 1, #labels do
            assert.is_true(counts[i] >= 1)
            if labels[i] == 1 then assert.is_true(counts[i] <= 2) end
         end
         for _, batch in ipairs(batches) do  -- no repeats in a group, but of class 5
            local met = {}
            for _, i in ipairs(batch) do
               assert.is_true(labels[i] == 5 or not met[i])
               met[i] = true
            end
         end
      end
   end)

   it('makes do with fewer classes and samples than asked for', function()
      local labels = labelsOf(2, 3)
      local s = samplers.balanced(labels, { classes = 8, each = 4 })
      local counts = check(labels, 2, 4, s)
      assert.are.equal(1, s:batches())
      for i = 1, 5 do assert.is_true(counts[i] == 1 or counts[i] == 2) end
      assert.are.same({ { 1 } }, samplers.balanced({ 'x' }, { classes = 1, each = 1 }):epoch(1))
   end)

   it('mixes the classes of batches', function()
      local labels, together = labelsOf(unpack({ 40, 40, 40, 40, 40, 40 })), {}
      local _, batches = check(labels, 2, 4, samplers.balanced(labels, { classes = 2, each = 4 }))
      for _, batch in ipairs(batches) do
         local a, b = labels[batch[1]], labels[batch[5]]
         together[math.min(a, b) * 10 + math.max(a, b)] = true
      end
      local n = 0
      for _ in pairs(together) do n = n + 1 end
      assert.is_true(n >= 8)  -- of 15 pairs, in 30 batches
   end)

   it('follows from seed and epoch', function()
      local labels = lacuna.tensor(labelsOf(7, 9, 11))
      local function batches(seed, epoch)
         return samplers.balanced(labels, { classes = 2, each = 3, seed = seed }):epoch(epoch)
      end
      assert.are.same(batches(1, 2), batches(1, 2))
      assert.are_not.same(batches(1, 2), batches(1, 3))
      assert.are_not.same(batches(1, 2), batches(2, 2))
   end)

   it('refuses wrong arguments', function()
      assert.fails('balanced: classes is nil', samplers.balanced, { 1 }, {})
      assert.fails('balanced: each is the number 0', samplers.balanced, { 1 },
         { classes = 1, each = 0 })
      assert.fails('no labels', samplers.balanced, {}, { classes = 1, each = 1 })
      assert.fails('labels are the number 3', samplers.balanced, 3, { classes = 1, each = 1 })
   end)
end)

describe('labels', function()
   it('are strings or numbers', function()
      local options = { classes = 1, each = 1 }
      assert.fails('^%S+ balanced: label 2 is the number %-?nan, expected a string or a number$',
         samplers.balanced, { 1, 0 / 0 }, options)
   end)
end)

describe('samplers.triplets', function()
   it('lays out anchors, positives and negatives by class', function()
      local labels = labelsOf(4, 5, 6, 1)
      local s = samplers.triplets(labels, { batchSize = 12, classes = 2, seed = 1 })
      -- 4*3 + 5*4 + 6*5 = 62 pairs, 4 in a batch
      assert.are.equal(16, s:batches())
      local batches, single = s:epoch(1), false
      assert.are.equal(16, #batches)
      for _, batch in ipairs(batches) do
         assert.are.equal(12, #batch)
         assert.are_not.equal(labels[batch[1]], labels[batch[7]])
         for _, at in ipairs { 0, 6 } do
            for j = at + 1, at + 2 do
               assert.are.equal(labels[batch[at + 1]], labels[batch[j]])
               assert.are.equal(labels[batch[j]], labels[batch[j + 2]])
               assert.are_not.equal(batch[j], batch[j + 2])
               assert.are_not.equal(labels[batch[j]], labels[batch[j + 4]])
               single = single or labels[batch[j + 4]] == 4
            end
         end
      end
      assert.is_true(single)  -- a class of one gives negatives
   end)

   -- The pairs of anchors and positives, in order, with one class in a batch.
   local function pairsOf(labels, options, epoch)
      options.classes, options.batchSize = 1, 3
      local list = {}
      for b, batch in ipairs(samplers.triplets(labels, options):epoch(epoch or 1)) do
         list[b] = batch[1] .. batch[2]
      end
      return list
   end
   local labels = { 'a', 'a', 'a', 'b' }

   it('enumerates permutations in order', function()
      assert.are.same({ '12', '13', '21', '23', '31', '32' },
         pairsOf(labels, { method = 'permutations' }))
   end)

   it('goes on where the last epoch ended, and begins again', function()
      assert.are.same({ '12', '13', '21', '23' },
         pairsOf(labels, { method = 'permutations', batches = 4 }))
      assert.are.same({ '31', '32', '12', '13' },
         pairsOf(labels, { method = 'permutations', batches = 4 }, 2))
   end)

   it('shuffles all, or chunks, without repeats', function()
      for _, method in ipairs { 'shuffled', 'lazy' } do
         local list = pairsOf(labels, { method = method, seed = 3 })
         assert.are.same(list, pairsOf(labels, { method = method, seed = 3 }))
         table.sort(list)
         assert.are.same({ '12', '13', '21', '23', '31', '32' }, list)
      end
   end)

   it('keeps lazy chunks in order', function()
      local many = {}
      for i = 1, 200 do many[i] = 1 end  -- 39800 pairs
      many[201] = 2
      local batches = samplers.triplets(many,
         { batchSize = 3, classes = 1, method = 'lazy' }):epoch(1)
      local seen = {}
      for b, batch in ipairs(batches) do
         local place = (batch[1] - 1) * 199 + batch[2] - (batch[2] > batch[1] and 2 or 1)
         assert(not seen[place] and (place < 30000) == (b <= 30000))
         seen[place] = true
      end
   end)

   it('draws pairs one by one', function()
      local list, met = pairsOf(labels, { method = 'subsample', limit = 100 }), {}
      assert.are.equal(100, #list)
      for _, pair in ipairs(list) do
         assert.matches('^[123][123]$', pair)
         assert.are_not.equal(pair:sub(1, 1), pair:sub(2))
         met[pair] = true
      end
      local n = 0
      for _ in pairs(met) do n = n + 1 end
      assert.are.equal(6, n)
   end)

   it('limits the pairs of each class', function()
      local l = labelsOf(2, 3, 4)  -- 2, 6 and 12 pairs
      for limit, expected in pairs { [5] = 15, min = 6, mean = 21, median = 18, max = 36 } do
         local s = samplers.triplets(l, { batchSize = 3, classes = 1, limit = limit })
         assert.are.equal(expected, s:batches())
      end
      local s = samplers.triplets(l, { batchSize = 3, classes = 1, limit = { 'min', 3 } })
      assert.are.equal(18, s:batches())
   end)

   it('draws negatives evenly over all other classes', function()
      local l = labelsOf(2, 3, 5)
      local counts, total = {}, 0
      local batches = samplers.triplets(l, { batchSize = 3, classes = 1, limit = 3000 }):epoch(1)
      for _, batch in ipairs(batches) do
         if l[batch[1]] == 2 then
            counts[batch[3]] = (counts[batch[3]] or 0) + 1
            total = total + 1
         end
      end
      for i = 1, #l do
         if l[i] == 2 then
            assert.is_nil(counts[i])
         else
            assert.is_true(math.abs(counts[i] / total - 1 / 7) < 0.03)
         end
      end
   end)

   it('refuses wrong arguments', function()
      local t = samplers.triplets
      assert.fails('batchSize is 10, expected a multiple of 3 x 2', t, labels,
         { batchSize = 10, classes = 2 })
      assert.fails('1 classes of two samples or more, of 2, expected 2', t, labels,
         { batchSize = 6, classes = 2 })
      assert.fails('method is the string "fast"', t, labels,
         { batchSize = 3, classes = 1, method = 'fast' })
      assert.fails('limit is the string "most"', t, labels,
         { batchSize = 3, classes = 1, limit = 'most' })
   end)
end)

describe('samplers.select', function()
   it('weighs ranks: two equal, then falling', function()
      assert.are.same({}, triplets.weights(0))
      assert.are.same({ 1 }, triplets.weights(1))
      assert.are.same({ 1, 1 }, triplets.weights(2))
      assert.are.same({ 4, 4, 3, 2, 1 }, triplets.weights(5))
      assert.near_all({ math.log(4), math.log(4), math.log(3), math.log(2) },
         triplets.weights(4, 'log'))
   end)

   it('prefers far positives and near negatives', function()
      -- on a line: the anchor at 0; its class at 1 to 4, the other at 5 to 8
      local distances, labels = {}, {}
      for i = 1, 9 do
         distances[i] = {}
         for j = 1, 9 do distances[i][j] = math.abs(i - j) end
         labels[i] = i <= 5 and 'a' or 'b'
      end
      local p, n = {}, {}
      for seed = 1, 3000 do
         local a, b, c = samplers.select(distances, labels, { anchors = { 1 }, seed = seed })
         assert(#a == 1 and a[1] == 1)
         p[b[1]], n[c[1]] = (p[b[1]] or 0) + 1, (n[c[1]] or 0) + 1
      end
      -- weights 3, 3, 2, 1 of 9
      for rank, share in ipairs { 3 / 9, 3 / 9, 2 / 9, 1 / 9 } do
         assert.is_true(math.abs(p[6 - rank] / 3000 - share) < 0.04)
         assert.is_true(math.abs(n[5 + rank] / 3000 - share) < 0.04)
      end
   end)

   it('uses each sample once, and stays within the lists', function()
      local labels = lacuna.tensor { 1, 1, 1, 1, 2, 2, 2, 2 }
      local distances = lacuna.zeros(8, 8)
      for seed = 1, 20 do
         local a, p, n = samplers.select(distances, labels, { seed = seed, fall = 'log',
            anchors = { 1, 2, 5, 6 }, positives = { 3, 4, 7, 8 }, negatives = { 3, 4, 7, 8 } })
         assert.are.same({ 1, 2, 5, 6 }, a)
         for _, list in ipairs { p, n } do
            local sorted = { unpack(list) }
            table.sort(sorted)
            assert.are.same({ 3, 4, 7, 8 }, sorted)
         end
         for t = 1, 4 do
            assert.is_true((a[t] <= 4) == (p[t] <= 4) and (a[t] <= 4) == (n[t] > 4))
         end
      end
   end)

   it('leaves out an anchor for which nothing is left', function()
      local d = { { 0, 1, 2 }, { 1, 0, 1 }, { 2, 1, 0 } }
      assert.are.same({ { 1 }, { 2 }, { 3 } }, { samplers.select(d, { 1, 1, 2 }) })
      assert.are.same({ {}, {}, {} }, { samplers.select(d, { 1, 1, 1 }) })
      assert.are.same({ {}, {}, {} }, { samplers.select({}, {}) })
      assert.fails('distances have 3 rows, expected 2 x 2', samplers.select, d, { 1, 2 })
      assert.fails('fall is the number 3', samplers.select, d, { 1, 1, 2 }, { fall = 3 })
   end)

   it('says which number is wrong', function()
      local d = { { 0, 1 }, { 1, 0 } }
      assert.fails('^%S+ select: a distance is false, expected a number$', samplers.select,
         { { 0, 1 }, { false, 0 } }, { 1, 1 })
      assert.fails('select: anchors are the number 1, expected a list', samplers.select, d,
         { 1, 1 }, { anchors = 1 })
      assert.fails('select: one of negatives is the number 3, expected a whole number from 1 to 2',
         samplers.select, d, { 1, 1 }, { negatives = { 1, 3 } })
      assert.fails('select: generator is the number 1, expected a Generator', samplers.select, d,
         { 1, 1 }, { generator = 1 })
      local weights = require 'lacuna.data.triplets'.weights
      assert.fails('^%S+ weights: n is nil, expected a whole number', weights)
      assert.fails('weights: fall is the number 1', weights, 3, 1)
   end)
end)
