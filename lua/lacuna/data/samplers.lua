--- Chooses which samples make a batch.
--
-- A sampler has `batches()`, their number in an epoch, and `epoch(n)`, which gives a list of lists
-- of sample numbers, from one.  What `epoch(n)` gives follows from the seed and n alone.
--
--     local sampler = data.samplers.balanced(labels, { classes = 8, each = 4, seed = 1 })
--     local loader = data.Loader(dataset, { sampler = sampler, collate = data.collate.sparse })
--
-- @module lacuna.data.samplers
local class = require 'lacuna.class'
local datasets = require 'lacuna.data.datasets'
local fail = require 'lacuna.fail'
local seeds = require 'lacuna.data.seeds'
local triplets = require 'lacuna.data.triplets'

local samplers = {
   --- Chooses triplets; see `lacuna.data.triplets`.
   triplets = triplets.sampler,
   --- Chooses triplets within a batch; see `lacuna.data.triplets`.
   select = triplets.select,
}

-- ---- in a row --------------------------------------------------------------------------------

local Plain = class('data.PlainSampler')

--- Tells the number of batches in an epoch.
-- @treturn number
function Plain:batches()
   local whole = self.size / self.batchSize
   return self.dropLast and math.floor(whole) or math.ceil(whole)
end

--- Lists the batches of an epoch.
-- @tparam number n which epoch, from 0
-- @treturn table of lists of sample numbers, from one
function Plain:epoch(n)
   fail.whole('sampler', 'epoch', n, 0)
   local order = self.shuffled and seeds.order(self.size, seeds.generator(self.seed, n))
   local batches = {}
   for b = 1, self:batches() do
      local batch, last = {}, math.min(b * self.batchSize, self.size)
      for i = (b - 1) * self.batchSize + 1, last do
         batch[#batch + 1] = order and order[i] or i
      end
      batches[b] = batch
   end
   return batches
end

local function plain(op, size, options, shuffled)
   options = fail.options(op, options, { batchSize = 1, dropLast = fail.off, seed = 0 })
   return setmetatable({
      size = fail.whole(op, 'size', size, 0), shuffled = shuffled, dropLast = options.dropLast,
      batchSize = fail.whole(op, 'batchSize', options.batchSize, 1),
      seed = fail.whole(op, 'seed', options.seed, 0),
   }, Plain)
end

--- Takes the samples in order.
-- @tparam number size how many there are
-- @tparam[opt] table options `batchSize`, 1; `dropLast`, whether to leave out a last batch that
-- is smaller, false
-- @treturn table a sampler
function samplers.sequential(size, options) return plain('sequential', size, options, false) end

--- Takes the samples in an order that is random anew in each epoch.
-- @tparam number size how many there are
-- @tparam[opt] table options `batchSize`, 1; `dropLast`, false; `seed`, 0
-- @treturn table a sampler
function samplers.shuffled(size, options) return plain('shuffled', size, options, true) end

-- ---- classes in balance -------------------------------------------------------------------------

local Balanced = class('data.BalancedSampler')

-- The batches an epoch needs, and how many groups of `each` samples every class gives to them: at
-- least enough to pass over the class once, at most one for each batch, P in a batch.
local function plan(groups, classes, each)
   local counts, total, most = {}, 0, 0
   for c, group in ipairs(groups) do
      counts[c] = math.ceil(#group / each)
      total, most = total + counts[c], math.max(most, counts[c])
   end
   return counts, total, math.max(most, math.ceil(total / classes))
end

--- Tells the number of batches in an epoch.
-- @treturn number
function Balanced:batches() return self.count end

-- Hands the groups out so that no class is twice in a batch: class after class, batch after batch,
-- round and round; then random exchanges, which keep that property.
local function deal(counts, order, batches, classes, generator)
   local slots, members, at = {}, {}, 0
   for b = 1, batches do slots[b], members[b] = {}, {} end
   for _, c in ipairs(order) do
      for _ = 1, counts[c] do
         local b = at % batches + 1
         table.insert(slots[b], c)
         members[b][c] = true
         at = at + 1
      end
   end
   for b = 1, batches do
      for s = 1, classes do
         local other, t = generator:integer(1, batches), generator:integer(1, classes)
         local mine, theirs = slots[b][s], slots[other][t]
         if not members[b][theirs] and not members[other][mine] then
            slots[b][s], slots[other][t] = theirs, mine
            members[b][mine], members[b][theirs] = nil, true
            members[other][theirs], members[other][mine] = nil, true
         end
      end
   end
   return slots
end

-- Gives one after another the samples of a class in random order, then again in another; a sample
-- that `taken` holds waits, unless the class has too few.
local function draw(stream, taken, each, generator)
   if stream.at > #stream.list then
      stream.list, stream.at = seeds.shuffle(stream.group, generator), 1
   end
   local list, at = stream.list, stream.at
   if #list >= each then
      while taken[list[at]] do
         at = at + 1
         if at > #list then
            for _, i in ipairs(seeds.shuffle(stream.group, generator)) do table.insert(list, i) end
         end
      end
   end
   list[stream.at], list[at] = list[at], list[stream.at]
   stream.at = stream.at + 1
   return list[stream.at - 1]
end

--- Lists the batches of an epoch.
-- @tparam number n which epoch, from 0
-- @treturn table of lists of sample numbers, from one
function Balanced:epoch(n)
   fail.whole('sampler', 'epoch', n, 0)
   local generator = seeds.generator(self.seed, n)
   local order, counts = seeds.order(#self.groups, generator), {}
   local spare = self.count * self.classes - self.total
   for c = 1, #order do counts[c] = self.counts[c] end
   while spare > 0 do  -- classes that can take another group, in random order
      for _, c in ipairs(order) do
         if spare > 0 and counts[c] < self.count then
            counts[c], spare = counts[c] + 1, spare - 1
         end
      end
   end
   local batches, streams = {}, {}
   for c, group in ipairs(self.groups) do streams[c] = { group = group, list = {}, at = 1 } end
   for b, slots in ipairs(deal(counts, order, self.count, self.classes, generator)) do
      batches[b] = {}
      for _, c in ipairs(slots) do
         local taken = {}
         for _ = 1, self.each do
            local i = draw(streams[c], taken, self.each, generator)
            taken[i] = true
            table.insert(batches[b], i)
         end
      end
   end
   return batches
end

--- Takes a number of classes and of each class a number of samples, as losses want them that
-- compare.  In an epoch each sample comes about once: at least once, and again where a class does
-- not fill its last group or is smaller than others.
-- @tparam table labels one for each sample
-- @tparam table options `classes` in a batch, at most as many as there are; `each`, samples of a
-- class, repeated where it has fewer; `seed`, 0
-- @treturn table a sampler
function samplers.balanced(labels, options)
   options = fail.options('balanced', options, { classes = false, each = false, seed = 0 })
   fail.whole('balanced', 'classes', options.classes, 1)
   fail.whole('balanced', 'each', options.each, 1)
   fail.whole('balanced', 'seed', options.seed, 0)
   local groups = datasets.byLabel('balanced', labels)
   if #groups == 0 then fail.raise('balanced: no labels, expected at least one') end
   local self = setmetatable({
      groups = groups, each = options.each, classes = math.min(options.classes, #groups),
      seed = options.seed,
   }, Balanced)
   self.counts, self.total, self.count = plan(groups, self.classes, self.each)
   return self
end

-- ---- side by side -----------------------------------------------------------------------------

local Together = class('data.TogetherSampler')

--- Tells the number of batches in an epoch.
-- @treturn number
function Together:batches() return self.first:batches() end

--- Lists the batches of an epoch.
-- @tparam number n which epoch, from 0
-- @treturn table of lists of sample numbers, from one
function Together:epoch(n)
   local batches, others = self.first:epoch(n), self.second:epoch(n)
   for b, batch in ipairs(batches) do
      -- the second list goes on where the last epoch ended, so all of it comes in time
      local other = others[((n - 1) * #batches + b - 1) % #others + 1]
      for _, i in ipairs(other) do batch[#batch + 1] = i + self.offset end
   end
   return batches
end

--- Joins the batches of two samplers; an epoch is the first one's.
-- @tparam table first a sampler
-- @tparam table second a sampler of samples that lie behind the first one's
-- @tparam number offset what to add to the second one's indices
-- @treturn table a sampler
function samplers.together(first, second, offset)
   for what, sampler in pairs { first = first, second = second } do
      if type(sampler) ~= 'table' or type(sampler.epoch) ~= 'function' then
         fail.raise('together: %s is %s, expected a sampler', what, fail.describe(sampler))
      end
   end
   fail.whole('together', 'offset', offset, 0)
   return setmetatable({ first = first, second = second, offset = offset }, Together)
end

return samplers
