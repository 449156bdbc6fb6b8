--- Triplets: an anchor, a sample of its class, and one of another.
--
--     local sampler = data.samplers.triplets(labels, { batchSize = 24, classes = 4,
--        method = 'shuffled', limit = 'min', seed = 1 })
--
-- A batch holds, for each of its classes, k anchors, then the k positives that go with them, then
-- k negatives: k is batchSize / (3 classes).
-- @module lacuna.data.triplets
local class = require 'lacuna.class'
local datasets = require 'lacuna.data.datasets'
local fail = require 'lacuna.fail'
local ops = require 'lacuna.ops'
local seeds = require 'lacuna.data.seeds'

local triplets = {}

local CHUNK = 30000

-- ---- the pairs of a class --------------------------------------------------------------------

-- Pairs are numbered from 0: pair p of n samples has the anchor p div (n - 1) and, of the others,
-- number p mod (n - 1).
local function pairAt(group, p)
   local others = #group - 1
   local a, b = math.floor(p / others), p % others
   return group[a + 1], group[(b >= a and b + 1 or b) + 1]
end

-- internal: each gives the pair that stands at a place, from 0, of a class's sequence of `count`.
local methods = {}

function methods.permutations() return function(place) return place end end

function methods.lazy(count, generator)
   local orders, base = {}, generator:advance(0)
   return function(place)
      local chunk = math.floor(place / CHUNK)
      if not orders[chunk] then
         orders = {}
         generator.offset = base + 2 * CHUNK * chunk
         orders[chunk] = seeds.order(math.min(CHUNK, count - chunk * CHUNK), generator)
      end
      return chunk * CHUNK + orders[chunk][place - chunk * CHUNK + 1] - 1
   end
end

function methods.subsample(count, generator)
   return function() return generator:integer(0, count - 1) end
end

function methods.shuffled(count, generator)
   local order = seeds.order(count, generator)
   return function(place) return order[place + 1] - 1 end
end

-- How many pairs each class gives in an epoch.
local function quota(limit, counts)
   local kind, factor = limit, 1
   if type(limit) == 'table' then kind, factor = limit[1], limit[2] or 1 end
   if type(kind) == 'number' then return fail.whole('triplets', 'limit', kind, 1) end
   local sorted, sum = {}, 0
   for c, count in ipairs(counts) do sorted[c], sum = count, sum + count end
   table.sort(sorted)
   local n = #sorted
   local value = ({
      min = sorted[1], max = sorted[n], mean = sum / n,
      median = (sorted[math.floor((n + 1) / 2)] + sorted[math.ceil((n + 1) / 2)]) / 2,
   })[kind]
   if not value or type(factor) ~= 'number' or not (factor > 0) then
      fail.raise('triplets: limit is %s, expected a number, min, mean, median or max, or '
         .. '{ one of these, factor }', fail.describe(kind))
   end
   return math.max(1, math.floor(value * factor + 0.5))
end

-- ---- the sampler -----------------------------------------------------------------------------

local Triplets = class('data.TripletSampler')

--- Chooses triplets by class.
-- @function sampler
-- @tparam table labels one for each sample
-- @tparam table options `batchSize`, a multiple of 3 times `classes`, the number of classes in a
-- batch; `method`, how the ordered pairs (anchor, positive) of a class follow each other:
-- `permutations` (in order), `lazy` (chunks of 30,000 in order, each shuffled), `subsample`
-- (independently drawn), `shuffled` (default); `limit`, how many pairs of each class make an epoch:
-- a number, or `min`, `mean`, `median`, `max` of the classes' numbers of pairs, or such a word and
-- a factor, `{ 'min', 2 }`; without limit the classes give all of theirs together; a class that has
-- given all its pairs begins again; `batches`, at most so many in an epoch; `seed`, 0
-- @treturn table a sampler.  Negatives come uniformly from all other classes; a class of one
-- sample has no pairs and gives negatives only.
function triplets.sampler(labels, options)
   options = fail.options('triplets', options, {
      batchSize = false, classes = false, method = 'shuffled', limit = false, batches = false,
      seed = 0,
   })
   fail.whole('triplets', 'classes', options.classes, 1)
   fail.whole('triplets', 'batchSize', options.batchSize, 3)
   fail.whole('triplets', 'seed', options.seed, 0)
   if options.batchSize % (3 * options.classes) ~= 0 then
      fail.raise('triplets: batchSize is %d, expected a multiple of 3 x %d classes',
         options.batchSize, options.classes)
   end
   if not methods[options.method] then
      fail.raise('triplets: method is %s, expected permutations, lazy, subsample or shuffled',
         fail.describe(options.method))
   end
   local self = setmetatable({ method = options.method, seed = options.seed, groups = {},
      counts = {}, classes = options.classes, count = 0 }, Triplets)
   local groups = datasets.byLabel('triplets', labels)
   for _, group in ipairs(groups) do
      self.count = self.count + #group
      if #group > 1 then
         table.insert(self.groups, group)
         table.insert(self.counts, #group * (#group - 1))
      end
   end
   if #self.groups < self.classes or #groups < 2 then
      fail.raise('triplets: %d classes of two samples or more, of %d, expected %d or more of 2 or '
         .. 'more', #self.groups, #groups, self.classes)
   end
   self.k = options.batchSize / (3 * self.classes)
   local total = 0
   self.quota = options.limit and quota(options.limit, self.counts)
   for _, count in ipairs(self.counts) do total = total + (self.quota or count) end
   self.total = math.ceil(total / (self.k * self.classes))
   if options.batches then
      self.total = math.min(self.total, fail.whole('triplets', 'batches', options.batches, 1))
   end
   return self
end

--- Tells the number of batches in an epoch.
-- @treturn number
function Triplets:batches() return self.total end

-- A sample of no matter which class but c, all equally likely.
local function stranger(self, c, generator)
   local inside = self.groups[c]
   local rank = generator:integer(1, self.count - #inside)
   local low, high = 0, #inside  -- how many of the class come before the stranger
   while low < high do
      local middle = math.floor((low + high) / 2)
      if inside[middle + 1] - (middle + 1) < rank then low = middle + 1 else high = middle end
   end
   return rank + low
end

-- Adds k triplets of class c; `place` is where its sequence of pairs goes on.
local function fill(self, batch, c, at, place, generator)
   local k, group = self.k, self.groups[c]
   local length, first = self.counts[c], #batch
   for j = 1, k do
      local a, p = pairAt(group, at((place + j - 1) % length))
      batch[first + j], batch[first + k + j] = a, p
   end
   for j = 1, k do batch[first + 2 * k + j] = stranger(self, c, generator) end
end

--- Lists the batches of an epoch.
-- @tparam number n which epoch, from 0
-- @treturn table of lists of sample numbers, from one
function Triplets:epoch(n)
   fail.whole('sampler', 'epoch', n, 0)
   local generator = seeds.generator(self.seed, n)
   local sequences, places, batches = {}, {}, {}
   local waiting = {}
   -- an epoch goes on where the one before left a class, as far as can be told
   local share = math.ceil(self.total * self.classes * self.k / #self.groups)
   for b = 1, self.total do
      local batch, used, put = {}, {}, {}
      while #put < self.classes do  -- all classes in random order, again and again
         if #waiting == 0 then waiting = seeds.order(#self.groups, generator) end
         local c = table.remove(waiting)
         if not used[c] then
            used[c] = true
            put[#put + 1] = c
         end
      end
      for _, c in ipairs(put) do
         sequences[c] = sequences[c] or methods[self.method](self.counts[c],
            seeds.generator(self.seed, n, c))
         local place = places[c] or (n - 1) * share
         fill(self, batch, c, sequences[c], place, generator)
         places[c] = place + self.k
      end
      batches[b] = batch
   end
   return batches
end

-- ---- within a batch --------------------------------------------------------------------------

local function checkFall(op, fall)
   if fall ~= 'linear' and fall ~= 'log' then
      fail.raise('%s: fall is %s, expected linear or log', op, fail.describe(fall))
   end
end

--- Gives the weights by which ranks are drawn: the first two equal, then falling.
-- @tparam number n how many ranks
-- @tparam[opt='linear'] string fall `linear`: n - 1, n - 1, n - 2, …, 1; `log`: the logarithm of
-- one more than that
-- @treturn table n weights
function triplets.weights(n, fall)
   fail.whole('weights', 'n', n, 0, 2 ^ 24)
   if fall == nil then fall = 'linear' end
   checkFall('weights', fall)
   local weights = {}
   for r = 1, n do
      local w = math.max(1, math.min(n - 1, n - r + 1))
      weights[r] = fall == 'log' and math.log(1 + w) or w
   end
   return weights
end

-- Draws one of the candidates, which are sorted, best first.
local function drawRank(candidates, fall, generator)
   local weights, sum = triplets.weights(#candidates, fall), 0
   for r = 1, #weights do sum = sum + weights[r] end
   local mark = generator:uniform() * sum
   for r = 1, #weights do
      mark = mark - weights[r]
      if mark < 0 then return candidates[r] end
   end
   return candidates[#candidates]
end

local function range(n)
   local list = {}
   for i = 1, n do list[i] = i end
   return list
end

-- The members of a pool that are free and fit, sorted by their distance from the anchor.
local function ranked(pool, free, row, fits, sign)
   local list = {}
   for _, i in ipairs(pool) do
      if free[i] and fits(i) then list[#list + 1] = i end
   end
   table.sort(list, function(i, j)
      if row[i] ~= row[j] then return sign * row[i] < sign * row[j] end
      return i < j
   end)
   return list
end

local function freed(pool)
   local free = {}
   for _, i in ipairs(pool) do free[i] = true end
   return free
end

-- A table, or what a tensor gives as one.
local function listed(what, value, method)
   if type(value) == 'table' and type(value[method]) == 'function' then
      value = value[method](value)
   end
   if type(value) ~= 'table' then
      fail.raise('select: %s are %s, expected a table or a tensor', what, fail.describe(value))
   end
   return value
end

--- Chooses triplets within a batch whose distances are known.  Each anchor gets a positive, the
-- likelier the farther it is, and a negative, the likelier the nearer; each sample serves once as
-- a positive and once as a negative at most.  An anchor for which none is left gets no triplet.
-- @tparam Tensor|table distances n x n
-- @tparam table labels n, a list or a tensor
-- @tparam[opt] table options `anchors`, `positives`, `negatives`: numbers of those that may serve
-- as such, by default all; `fall`, `linear` or `log`; `generator`, or `seed`, 0
-- @treturn table anchors, from one, in the order given
-- @treturn table the positive of each
-- @treturn table the negative of each
function triplets.select(distances, labels, options)
   distances = listed('distances', distances, 'toTable')
   labels = listed('labels', labels, 'toFlat')
   local n = #labels
   if #distances ~= n then
      fail.raise('select: distances have %d rows, expected %d x %d, as many as labels', #distances,
         n, n)
   end
   for i = 1, n do
      if type(distances[i]) ~= 'table' or #distances[i] ~= n then
         fail.raise('select: row %d of the distances is %s, expected %d numbers', i,
            type(distances[i]) == 'table' and #distances[i] .. ' numbers'
            or fail.describe(distances[i]), n)
      end
      for j = 1, n do fail.number('select', 'a distance', distances[i][j]) end
   end
   options = fail.options('select', options, { anchors = range(n), positives = range(n),
      negatives = range(n), fall = 'linear', seed = 0, generator = false })
   checkFall('select', options.fall)
   for _, name in ipairs { 'anchors', 'positives', 'negatives' } do
      local chosen = options[name]
      if type(chosen) ~= 'table' then
         fail.raise('select: %s are %s, expected a list of sample numbers', name,
            fail.describe(chosen))
      end
      for k = 1, #chosen do fail.whole('select', 'one of ' .. name, chosen[k], 1, n) end
   end
   local generator = options.generator
   if generator and (type(generator) ~= 'table' or getmetatable(generator) ~= ops.Generator) then
      fail.raise('select: generator is %s, expected a Generator', fail.describe(generator))
   end
   generator = generator or ops.Generator(options.seed)
   local positive, negative = freed(options.positives), freed(options.negatives)
   local a, p, q = {}, {}, {}
   for _, i in ipairs(options.anchors) do
      local friends = ranked(options.positives, positive, distances[i],
         function(j) return j ~= i and labels[j] == labels[i] end, -1)
      local strangers = ranked(options.negatives, negative, distances[i],
         function(j) return labels[j] ~= labels[i] end, 1)
      if #friends > 0 and #strangers > 0 then
         local t = #a + 1
         a[t], p[t] = i, drawRank(friends, options.fall, generator)
         q[t] = drawRank(strangers, options.fall, generator)
         positive[p[t]], negative[q[t]] = nil, nil
      end
   end
   return a, p, q
end

return triplets
