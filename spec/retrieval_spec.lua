local retrieval = require 'lacuna.retrieval'

-- Own generator: the same numbers on every machine.
local function generator(seed)
   local state = seed
   return function()
      state = (state * 16807) % 2147483647
      return state / 2147483647
   end
end

-- One query of label 'x' whose ranking reads as given: 'xoxo' has the first and third relevant.
local function ranking(text)
   local distances, labels = {}, {}
   for j = 1, #text do distances[j], labels[j] = j, text:sub(j, j) end
   return retrieval.evaluate({ distances }, { 'x' }, labels)
end

local function near(expected, actual)
   assert.is_true(math.abs(expected - actual) < 1e-12,
      ('expected %.17g, was %.17g'):format(expected, actual))
end

describe('retrieval.evaluate', function()
   it('gives the mean of the precisions at the hits', function()
      near((1 / 1 + 2 / 3) / 2, ranking('xoxo').map)
      near((1 / 2 + 2 / 4 + 3 / 5) / 3, ranking('oxoxxo').map)
      near(1, ranking('xxo').map)
      near(1 / 4, ranking('ooox').map)
   end)

   it('looks at the first for the nearest neighbour', function()
      assert.equal(1, ranking('xoxo').nn)
      assert.equal(0, ranking('oxxo').nn)
   end)

   it('counts hits among the first R and 2R for the tiers', function()
      local result = ranking 'xooxxxo'
      assert.equal(2 / 4, result.ft)
      assert.equal(4 / 4, result.st)
      result = ranking 'xoooox'
      assert.equal(1 / 2, result.ft)
      assert.equal(1 / 2, result.st)
   end)

   it('works with fewer than 2R results', function()
      local result = ranking 'xox'
      assert.equal(1 / 2, result.ft)
      assert.equal(1, result.st)
      assert.equal(1, ranking('x').st)
   end)

   it('discounts gains by the logarithm of the rank', function()
      -- hits at 1 and 4: 1 + 1 / 2; ideal 1 + 1 / 1
      near(1.5 / 2, ranking('xoox').dcg)
      near(1, ranking('xxo').dcg)
      -- a hit at 2 is worth as much as one at 1
      near(1, ranking('ox').dcg)
      near((math.log(2) / math.log(3)) / 1, ranking('oox').dcg)
   end)

   it('takes the harmonic mean of precision and recall of the first 32', function()
      -- 40 results: 3 of 4 relevant among the first 32
      local result = ranking('xxx' .. ('o'):rep(36) .. 'x')
      local p, r = 3 / 32, 3 / 4
      near(2 / (1 / p + 1 / r), result.e)
      -- 4 results: precision 2 / 4, recall 1
      near(2 / (4 / 2 + 1), ranking('xoxo').e)
      assert.equal(0, ranking(('o'):rep(32) .. 'x').e)
      local short = retrieval.evaluate({ { 1, 2, 3 } }, { 1 }, { 1, 2, 1 }, { cutoff = 1 })
      near(2 / (1 + 2), short.e)
   end)

   it('averages precision at each recall, with lines between a query\'s own recalls', function()
      local result = ranking 'xoxo'
      assert.same({ 0.5, 1 }, result.recall)
      near(1, result.precision[1])
      near(2 / 3, result.precision[2])
      -- 'a' has 4 relevant, precisions 1 1 1 1; 'b' 2 of 6 at ranks 2 and 4, 1/2 and 1/2;
      -- 'c' one at rank 6, 1/6 everywhere
      local targets = { 'a', 'a', 'a', 'a', 'b', 'b', 'c' }
      result = retrieval.evaluate({
         { 1, 2, 3, 4, 5, 6, 7 },
         { 1, 3, 9, 9, 2, 4, 9 },
         { 1, 2, 3, 4, 5, 9, 8 } }, { 'a', 'b', 'c' }, targets)
      assert.same({ 0.25, 0.5, 0.75, 1 }, result.recall)
      for m = 1, 4 do near((1 + 1 / 2 + 1 / 6) / 3, result.precision[m]) end
      -- two queries, R = 2 with precisions 1 and 1/2, R = 4 with all 1: between the two points 3/4
      result = retrieval.evaluate({
         { 1, 4, 2, 3, 9, 9 },
         { 9, 9, 1, 2, 3, 4 } }, { 'a', 'b' }, { 'a', 'a', 'b', 'b', 'b', 'b' })
      near((1 + 1) / 2, result.precision[1])
      near((1 + 1) / 2, result.precision[2])
      near((3 / 4 + 1) / 2, result.precision[3])
      near((1 / 2 + 1) / 2, result.precision[4])
   end)

   it('breaks ties by the place of the target', function()
      local flat = { { 0, 0, 0, 0 } }
      near((1 + 2 / 3) / 2, retrieval.evaluate(flat, { 1 }, { 1, 2, 1, 2 }).map)
      near((1 / 2 + 2 / 4) / 2, retrieval.evaluate(flat, { 1 }, { 2, 1, 2, 1 }).map)
   end)

   it('averages over queries and keeps each one\'s average precision', function()
      local result = retrieval.evaluate({ { 1, 2, 3 }, { 1, 2, 3 } }, { 'a', 'b' },
         { 'a', 'b', 'a' })
      near((1 + 2 / 3) / 2, result.ap[1])
      near(1 / 2, result.ap[2])
      near((result.ap[1] + result.ap[2]) / 2, result.map)
      assert.equal(0.5, result.nn)
      assert.equal(2, result.queries)
   end)

   it('skips and counts queries without a relevant target', function()
      local result = retrieval.evaluate({ { 1, 2 }, { 1, 2 } }, { 'z', 'a' }, { 'a', 'b' })
      assert.equal(1, result.queries)
      assert.equal(1, result.skipped)
      assert.is_false(result.ap[1])
      assert.equal(1, result.map)
      local none = retrieval.evaluate({ { 1 } }, { 'z' }, { 'a' })
      assert.equal(0, none.queries)
      assert.is_true(none.map ~= none.map)
      assert.same({}, none.precision)
      assert.equal(0, retrieval.evaluate({}, {}, {}).skipped)
   end)

   it('leaves the query out for self, and what exclude names', function()
      local labels = { 'a', 'a', 'b', 'b' }
      local d = { { 0, 2, 1, 3 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 }, { 3, 1, 2, 0 } }
      local result = retrieval.evaluate(d, labels, labels, { self = true })
      assert.equal(0, result.nn)
      near(1 / 2, result.map)
      assert.equal(1, retrieval.evaluate(d, labels, labels).nn)
      local other = retrieval.evaluate(d, labels, labels,
         { exclude = function(i, j) return i == j or j == 5 - i end })
      assert.same(other.map, retrieval.evaluate(d, labels, labels, { self = true,
         exclude = function(i, j) return i + j == 5 end }).map)
      near(1 / 2, other.map)
   end)

   it('reads anything that can be indexed', function()
      local rows = setmetatable({}, { __index = function(_, i)
         return setmetatable({}, { __index = function(_, j) return math.abs(i - j) end })
      end })
      near(1, retrieval.evaluate(rows, { 1, 2 }, { 1, 2 }).map)
   end)

   it('agrees with a full sort', function()
      local random = generator(17)
      local queries, targets, d = {}, {}, {}
      for i = 1, 20 do queries[i] = math.floor(random() * 5) end
      for j = 1, 70 do targets[j] = math.floor(random() * 5) end
      for i = 1, 20 do
         d[i] = {}
         for j = 1, 70 do d[i][j] = math.floor(random() * 12) end
      end
      local result = retrieval.evaluate(d, queries, targets)
      for i = 1, 20 do
         local order, hits, sum = {}, 0, 0
         for j = 1, 70 do order[j] = j end
         table.sort(order, function(a, b)
            if d[i][a] ~= d[i][b] then return d[i][a] < d[i][b] end
            return a < b
         end)
         for rank, j in ipairs(order) do
            if targets[j] == queries[i] then
               hits = hits + 1
               sum = sum + hits / rank
            end
         end
         near(sum / hits, result.ap[i])
      end
   end)

   it('says what came and what it expected', function()
      local function says(words, ...)
         local ok, message = pcall(retrieval.evaluate, ...)
         assert.is_false(ok)
         assert.matches(words, message)
      end
      says('query labels are nil, target labels are nil, expected two arrays', {})
      says('target labels are the string "a", expected two arrays', {}, {}, 'a')
      says('row 2 of the distances is nil, expected a row for each of 2 queries',
         { { 1 } }, { 1, 1 }, { 1 })
      says('distance of query 1 to target 2 is nil, expected a number for each of 2 targets',
         { { 1 } }, { 1 }, { 1, 1 })
      says('distance of query 1 to target 1 is the number %-?nan', { { 0 / 0 } }, { 1 }, { 1 })
      says('distances are the number 1', 1, { 1 }, { 1 })
      says('self is set for 1 queries and 2 targets', { { 1, 2 } }, { 1 }, { 1, 1 },
         { self = true })
      says('exclude is a table', { { 1 } }, { 1 }, { 1 }, { exclude = {} })
      says('cutoff is the number 0', { { 1 } }, { 1 }, { 1 }, { cutoff = 0 })
      says('option rest is unknown, expected one of cutoff, exclude, self', { { 1 } }, { 1 },
         { 1 }, { rest = 1 })
      says('options are true', { { 1 } }, { 1 }, { 1 }, true)
   end)

   it('blames the caller', function()
      local _, message = pcall(function() retrieval.evaluate({}, { 1 }, { 1 }) end)
      assert.matches('retrieval_spec.lua', message)
      _, message = pcall(function() retrieval.evaluate({ {} }, { 1 }, { 1 }) end)
      assert.matches('retrieval_spec.lua', message)
      _, message = pcall(function() retrieval.chance() end)
      assert.matches('retrieval_spec.lua', message)
   end)
end)

describe('retrieval.chance', function()
   it('is the mean over all orders', function()
      -- one of two: 1 and 1/2
      near(0.75, retrieval.chance({ 'a' }, { 'a', 'b' }))
      -- two of three: xxo 1, xox 5/6, oxx 7/12
      near((1 + 5 / 6 + 7 / 12) / 3, retrieval.chance({ 'a' }, { 'a', 'b', 'a' }))
      near(1, retrieval.chance({ 'a' }, { 'a', 'a' }))
      near(1, retrieval.chance({ 'a' }, { 'a' }))
      assert.is_true(retrieval.chance({ 'a' }, { 'b' }) ~= retrieval.chance({ 'a' }, { 'b' }))
   end)

   it('is what random rankings reach', function()
      local random = generator(5)
      local queries, targets = {}, {}
      for i = 1, 12 do queries[i] = i % 4 end
      for j = 1, 30 do targets[j] = j % 7 end
      local sum, rounds = 0, 400
      for _ = 1, rounds do
         local d = {}
         for i = 1, 12 do
            d[i] = {}
            for j = 1, 30 do d[i][j] = random() end
         end
         sum = sum + retrieval.evaluate(d, queries, targets).map
      end
      local expected = retrieval.chance(queries, targets)
      -- the deviation of one query is about 0.2: of 4800, 0.003
      assert.is_true(math.abs(sum / rounds - expected) < 0.01)
   end)

   it('knows self and exclude', function()
      local labels = { 'a', 'a', 'b', 'b' }
      -- one relevant of three
      near((1 + 1 / 2 + 1 / 3) / 3, retrieval.chance(labels, labels, { self = true }))
      near((1 + 1 / 2 + 1 / 3) / 3, retrieval.chance(labels, labels,
         { exclude = function(i, j) return i == j end }))
   end)
end)

describe('retrieval.distances', function()
   it('measures rows', function()
      assert.same({ { 5, 0 } }, retrieval.distances({ { 0, 0 } }, { { 3, 4 }, { 0, 0 } },
         'euclidean'))
      assert.same({ { 0, 1, 2 } }, retrieval.distances({ { 2, 0 } },
         { { 1, 0 }, { 0, 3 }, { -5, 0 } }))
      assert.same({ { 0, 2 } }, retrieval.distances({ { 2, 0 } }, { { 1, 0 }, { -5, 0 } }, 'unit'))
      assert.same({ { 1 } }, retrieval.distances({ { 0, 0 } }, { { 1, 0 } }, 'cosine'))
      assert.same({ { 7 } }, retrieval.distances({ { 3 } }, { { 4 } },
         function(a, b) return a[1] + b[1] end))
      assert.same({}, retrieval.distances({}, {}))
   end)

   it('says what came and what it expected', function()
      local function says(words, ...)
         local ok, message = pcall(retrieval.distances, ...)
         assert.is_false(ok)
         assert.matches(words, message)
      end
      says('metric is the string "manhattan", expected cosine', {}, {}, 'manhattan')
      says('targets are nil, expected an array of rows', {})
      says('row 1 of the targets has 1 numbers, expected 2', { { 1, 2 } }, { { 1 } })
      says('row 2 of the queries is the number 3', { { 1, 2 }, 3 }, {})
   end)
end)

describe('retrieval of tensors', function()
   it('is that of their numbers, alone and in lists', function()
      local lacuna = require 'lacuna'
      local rows, others = { { 1, 0 }, { 0, 2 } }, { { 1, 0 }, { 0, 3 }, { -5, 0 } }
      local a, b = lacuna.tensor(rows), lacuna.tensor(others)
      local expected = retrieval.distances(rows, others, 'euclidean')
      assert.same(expected, retrieval.distances(a, b, 'euclidean'))
      assert.same(expected, retrieval.distances({ a[1], a[2] }, b, 'euclidean'))
      local labels, found = { 1, 2 }, { 1, 2, 1 }
      local result = retrieval.evaluate(expected, labels, found)
      local integers = { dtype = 'int32' }
      assert.same(result, retrieval.evaluate(lacuna.tensor(expected), lacuna.tensor(labels),
         lacuna.tensor(found, integers)))
      assert.equal(retrieval.chance(labels, found),
         retrieval.chance(lacuna.tensor(labels, integers), found))
   end)

   it('leaves no distance unseen', function()
      local says = 'retrieval.evaluate: the distances have 2 rows, expected 1, one for each label'
      assert.fails(says, retrieval.evaluate, { { 1 }, { 2 } }, { 'a' }, { 'a' })
      assert.fails('row 1 of the distances has 2 numbers, expected 1', retrieval.evaluate,
         { { 1, 2 } }, { 'a' }, { 'a' })
   end)
end)
