local lacuna = require 'lacuna'
local bytes = require 'lacuna.data.bytes'
local clock = require 'lacuna.clock'
local data = require 'lacuna.data'

local MODULE = 'spec.support.numbered'

local function numbered(arguments, options)
   return data.Loader(data.remote(MODULE, arguments), options)
end

local function idsOf(loader, epoch, first)
   local list = {}
   for batch in loader:epoch(epoch, first) do
      local ids = {}
      for k, sample in ipairs(batch) do ids[k] = type(sample) == 'table' and sample.id or sample end
      list[#list + 1] = table.concat(ids, ' ')
   end
   return list
end

-- All that a loader gives in some epochs, as bytes: tables' fields in a fixed order.
local function everything(workers, epochs)
   local parts = {}
   local loader = numbered({ count = 23 }, { batchSize = 4, shuffle = true, seed = 5,
      workers = workers, collate = function(samples, info)
         local batch = data.collate.sparse(samples)
         for k, sample in ipairs(samples) do batch.ids[k] = sample.id .. sample.drawn end
         return { batch.coords, batch.features, batch.labels, batch.ids, batch.counts,
            info.epoch, info.batch, info.indices }
      end })
   for _, epoch in ipairs(epochs) do
      for batch, i in loader:epoch(epoch) do
         assert.are.equal(i, batch[7])
         parts[#parts + 1] = bytes.encode(batch)
      end
   end
   loader:close()
   return parts
end

describe('data.Loader', function()
   it('takes samples in order, in batches', function()
      local set = data.fromTable { 'a', 'b', 'c', 'd', 'e' }
      local loader = data.Loader(set, { batchSize = 2 })
      assert.are.equal(3, loader:batches())
      assert.are.same({ 'a b', 'c d', 'e' }, idsOf(loader, 1))
      assert.are.same({ 'c d', 'e' }, idsOf(loader, 1, 2))
      assert.are.same({}, idsOf(loader, 1, 4))
      loader = data.Loader(set, { batchSize = 2, dropLast = true })
      assert.are.equal(2, loader:batches())
      assert.are.same({ 'a b', 'c d' }, idsOf(loader, 1))
      assert.are.same({ 'a', 'b', 'c', 'd', 'e' }, idsOf(data.Loader(set), 1))
      assert.are.same({}, idsOf(data.Loader(data.fromTable {}), 1))
   end)

   it('shuffles by seed and epoch', function()
      local set = data.Dataset(20, function(i) return i end)
      local function order(seed, epoch)
         return idsOf(data.Loader(set, { batchSize = 3, shuffle = true, seed = seed }), epoch)
      end
      assert.are.same(order(1, 1), order(1, 1))
      assert.are_not.same(order(1, 1), order(1, 2))
      assert.are_not.same(order(1, 1), order(2, 1))
   end)

   it('seeds a sample by seed, epoch and number, and a repeated one anew', function()
      local set = data.Dataset(3, function(_, g) return g:uniform() end)
      local function drawn(seed, epoch, batches)
         local sampler = { batches = function() return #batches end,
            epoch = function() return batches end }
         local list = {}
         for batch in data.Loader(set, { seed = seed, sampler = sampler }):epoch(epoch) do
            for _, x in ipairs(batch) do list[#list + 1] = x end
         end
         return list
      end
      local a, b = drawn(1, 1, { { 1, 2 }, { 3 } }), drawn(1, 1, { { 3, 1, 2 } })
      assert.are.same({ a[3], a[1], a[2] }, b)
      assert.are_not.equal(a[1], drawn(1, 2, { { 1 } })[1])
      assert.are_not.equal(a[1], drawn(2, 1, { { 1 } })[1])
      local c = drawn(1, 1, { { 1, 1 }, { 1 } })
      assert.are.equal(a[1], c[1])
      assert.is_true(c[1] ~= c[2] and c[2] ~= c[3] and c[1] ~= c[3])
   end)

   it('goes on at a batch as if it had not stopped', function()
      local function rest(first)
         local loader = data.Loader(data.remote(MODULE, { count = 12 }), { seed = 1,
            sampler = data.samplers.balanced({ 1, 2, 1, 2, 3, 1 }, { classes = 2, each = 2 }) })
         local list = {}
         for batch, i in loader:epoch(1, first) do list[i] = bytes.encode(batch[3].drawn) end
         return list
      end
      assert.are.equal(rest(1)[2], rest(2)[2])
   end)

   it('gives the same bits with 0, 1, 2 and 3 workers', function()
      local expected = everything(0, { 1, 2, 9 })
      assert.are.equal(18, #expected)
      for workers = 1, 3 do assert.are.same(expected, everything(workers, { 1, 2, 9 })) end
      assert.are_not.same(expected, everything(0, { 1, 2, 8 }))
   end)

   it('counts the samples of a remote data set', function()
      for workers = 0, 1 do
         local loader = numbered({ count = 7 }, { batchSize = 2, workers = workers })
         assert.are.equal(4, loader:batches())
         loader:close()
      end
   end)

   it('gives 300 tiny batches', function()
      local loader, n = numbered({ count = 300 }, { workers = 2 }), 0
      for batch, i in loader:epoch(1) do
         n = n + 1
         assert(i == n and batch[1].id == 'sample ' .. i)
      end
      assert.are.equal(300, n)
      loader:close()
   end)

   for workers = 0, 2, 2 do
      describe('with ' .. workers .. ' workers', function()
         it('names the sample that fails, and goes on with the next epoch', function()
            local loader = numbered({ count = 9, bad = 6 }, { batchSize = 4, workers = workers })
            local seen = 0
            local function run()
               for _ in loader:epoch(1) do seen = seen + 1 end
            end
            for _ = 1, 2 do
               assert.fails('Loader: sample 6 %(batch 2 of epoch 1%): .*numbered.lua:%d+: '
                  .. 'numbered: this one is broken', run)
            end
            assert.are.equal(2, seen)
            assert.are.same({ 'sample 9' }, idsOf(loader, 1, 3))
            loader:close()
         end)

         it('says what collate said', function()
            local angry = true
            local loader = numbered({ count = 4 }, { workers = workers, batchSize = 2,
               collate = function(samples)
                  if angry then error('too many', 0) end
                  return samples
               end })
            assert.fails('Loader: collate %(batch 1 of epoch 1%): too many',
               function() idsOf(loader, 1) end)
            angry = false
            assert.are.same({ 'sample 1 sample 2', 'sample 3 sample 4' }, idsOf(loader, 1))
            loader:close()
         end)

         it('forgets an epoch that is left', function()
            local loader = numbered({ count = 40 }, { workers = workers, batchSize = 2 })
            for epoch = 1, 5 do
               for batch, i in loader:epoch(epoch) do
                  assert.are.equal('sample ' .. 2 * i, batch[2].id)
                  if i == 3 then break end
               end
            end
            local old = loader:epoch(1)
            old()
            local new = loader:epoch(2)
            assert.fails('epoch 1 ended at batch 1, when another epoch began', old)
            assert.are.equal('sample 1', new()[1].id)
            loader:close()
            assert.fails('epoch 2 ended at batch 1', new)
            assert.are.equal(20, #idsOf(loader, 3))
            loader:close()
            loader:close()
         end)

         it('says why a data set was not built', function()
            local loader = numbered({ refuse = true }, { workers = workers })
            for _ = 1, 2 do
               local ok, message = pcall(loader.epoch, loader, 1)
               assert.is_false(ok)
               assert.matches('numbered: no data today', message)
            end
            loader = data.Loader(data.remote('spec.support.absent'), { workers = workers })
            local _, message = pcall(loader.batches, loader)
            assert.matches("module 'spec.support.absent' not found", message)
            loader = data.Loader(data.remote('lacuna.data.seeds'), { workers = workers,
               sampler = data.samplers.sequential(1) })
            _, message = pcall(idsOf, loader, 1)
            assert.matches('module lacuna.data.seeds gives a table, expected a function', message)
         end)

         it('refuses a sample that is not there', function()
            local loader = numbered({ count = 3 }, { workers = workers,
               sampler = data.samplers.sequential(4) })
            assert.fails('sample 4 .*sample is the number 4, expected a whole number from 1 to 3',
               function() idsOf(loader, 1) end)
            loader:close()
         end)
      end)
   end

   it('refuses a sample that cannot travel', function()
      local loader = numbered({ count = 3, odd = 2 }, { workers = 1 })
      assert.fails('sample 2 .*the value.f is a function', function() idsOf(loader, 1) end)
      loader:close()
   end)

   it('works ahead two batches for each worker, not more', function()
      local loader = numbered({ count = 40 }, { workers = 2 })
      local advance = loader:epoch(1, 3)
      advance()
      assert.are.equal(6, loader.crew.last)  -- 5, and the question for the size
      advance()
      assert.are.equal(7, loader.crew.last)
      loader:close()
   end)

   it('keeps no answers of an epoch that was left', function()
      local loader = numbered({ count = 8 }, { workers = 1, batchSize = 2 })
      loader:epoch(1)()
      local n = #idsOf(loader, 2)
      assert.are.equal(4, n)
      assert.is_nil(next(loader.crew.answers))
      loader:close()
   end)

   it('closes after the sample, not after the batch', function()
      local loader = numbered({ count = 300, nap = 0.05 }, { workers = 1,
         sampler = { batches = function() return 2 end, epoch = function()
            local long = {}
            for i = 1, 200 do long[i] = i end
            return { { 1 }, long }
         end } })
      loader:epoch(1)()
      local before = clock()
      while clock() < before + 0.3 do end  -- the worker begins the long batch
      loader:close()
      assert.is_true(clock() - before < 5)  -- of 10 seconds
   end)

   it('closes while workers are busy, and is collected with them', function()
      local loader = numbered({ count = 30, nap = 0.05 }, { workers = 2, batchSize = 10 })
      loader:epoch(1)()
      loader:close()
      for _ = 1, 3 do
         numbered({ count = 30, nap = 0.05 }, { workers = 2, batchSize = 10 }):epoch(1)()
         collectgarbage()
         collectgarbage()
      end
   end)

   it('keeps two loaders apart', function()
      local a = numbered({ count = 10 }, { workers = 2 })
      local b = numbered({ count = 10 }, { workers = 1, shuffle = true })
      local next = b:epoch(1)
      local expected = idsOf(numbered({ count = 10 }, { shuffle = true }), 1)
      for batch, i in a:epoch(1) do
         assert.are.equal('sample ' .. i, batch[1].id)
         assert.are.equal(expected[i], next()[1].id)
      end
      a:close()
      b:close()
   end)

   it('releases what collate made and did not return', function()
      local made, returned
      local loader = numbered({ count = 2 }, { batchSize = 2, workers = 1, collate = function(s)
         made = s[2].features
         returned = s[1].features
         return { returned }
      end })
      loader:epoch(1)()
      assert.is_nil(made.handle)
      assert.is_truthy(returned.handle)
      loader:close()
   end)

   local function counted(options, n)
      local list = {}
      for i = 1, n or 5 do list[i] = i end
      return data.Loader(data.fromTable(list), options)
   end

   it('takes a position only of the same settings', function()
      local state = counted({ batchSize = 2 }):stateDict()
      for pattern, other in pairs {
         ['samples 5, expected 6'] = counted({ batchSize = 2 }, 6),
         ['batchSize 2, expected 3'] = counted { batchSize = 3 },
         ['shuffle false, expected true'] = counted { batchSize = 2, shuffle = true } } do
         if pattern:match 'batchSize' then state.batches = 2 end
         assert.fails('Loader: the state is of ' .. pattern, other.loadStateDict, other, state)
         state.batches = 3
      end
   end)

   it('goes on from a position only through the same batches', function()
      local turn = 1
      local sampler = { batches = function() return 2 end,
         epoch = function() return { { turn }, { 2 } } end }
      local loader = counted { sampler = sampler }
      loader:epoch(3)()
      local state = loader:stateDict()
      assert.same({ 2 }, (counted { sampler = sampler }:loadStateDict(state):epoch(3)()))
      turn = 2
      loader:loadStateDict(state)
      assert.fails('the batches of epoch 3 are not those that the state was taken in', loader.epoch,
         loader, 3)
      assert.same({ 2 }, (loader:epoch(3, 2)()))
   end)

   it('goes on from a position only through batches of the same sizes', function()
      local batches = { { 1, 2 }, { 3 } }
      local loader = counted { sampler = { batches = function() return 2 end,
         epoch = function() return batches end } }
      loader:epoch(1)()
      local state = loader:stateDict()
      batches = { { 1 }, { 2, 3 } }
      loader:loadStateDict(state)
      assert.fails('the batches of epoch 1 are not those that the state was taken in', loader.epoch,
         loader, 1)
   end)

   it('ends the workers where they fail, and starts others', function()
      local loader = numbered({ count = 3 }, { workers = 1 })
      local advance = loader:epoch(1)
      advance()
      local crew = loader.crew
      function crew.take() error('gone', 0) end
      local ok, message = pcall(advance)
      assert.same({ false, 'gone' }, { ok, message })
      assert.is_true(crew.closed)
      assert.same({ 'sample 1', 'sample 2', 'sample 3' }, idsOf(loader, 1))
      loader:close()
   end)

   it('ends the loop under way where a state is loaded', function()
      local loader = counted {}
      local next = loader:epoch(1)
      next()
      local state = loader:stateDict()
      next = loader:epoch(2)
      next()
      loader:loadStateDict(state)
      assert.fails('epoch 2 ended at batch 1, when another epoch began, a state was loaded', next)
      assert.same(state, loader:stateDict())
   end)

   it('refuses wrong arguments', function()
      local set = data.fromTable { 1 }
      assert.fails('2 workers and a data.Dataset, expected data.remote', data.Loader, set,
         { workers = 2 })
      assert.fails('Loader: nil, expected a data set', data.Loader)
      assert.fails('option size is unknown', data.Loader, set, { size = 3 })
      assert.fails('sampler is a table, expected an object', data.Loader, set, { sampler = {} })
      assert.fails('sampler and shuffle, expected one', data.Loader, set,
         { shuffle = true, sampler = data.samplers.sequential(1) })
      assert.fails('batchSize is the number 0', data.Loader, set, { batchSize = 0 })
      assert.fails('Loader: the number 3, expected a function', data.Loader, set, { collate = 3 })
      local loader = data.Loader(set)
      assert.fails('epoch is nil', loader.epoch, loader)
      assert.fails('firstBatch is the number 0', loader.epoch, loader, 1, 0)
      assert.fails('remote: module is nil', data.remote)
      assert.fails('%[2%].f is a function', data.remote, 'x', { f = print })
   end)

   it('leaves the common generator alone', function()
      lacuna.seed(3)
      local before = lacuna.ops.generator():state()
      idsOf(numbered({ count = 5 }, { shuffle = true }), 1)
      assert.are.same(before, lacuna.ops.generator():state())
   end)
end)
