--- Gives batches of a data set, made in the background if asked to.
--
--     local loader = data.Loader(data.remote('shapes_on_disk', { folder = 'meshes' }), {
--        batchSize = 8, shuffle = true, seed = 1, workers = 2, collate = data.collate.sparse })
--     for epoch = 1, 10 do
--        for batch, i in loader:epoch(epoch) do … end
--     end
--     loader:close()
--
-- The order follows from the seed and the epoch; a sample's generator from the seed, the epoch, the
-- sample's number and, where it comes more than once in an epoch, how often it came.  So a batch
-- has the same bits with any number of workers.  Workers make samples; collating happens here.
-- @classmod lacuna.data.Loader
local bytes = require 'lacuna.data.bytes'
local class = require 'lacuna.class'
local datasets = require 'lacuna.data.datasets'
local draw = require 'lacuna.data.draw'
local fail = require 'lacuna.fail'
local Remote = require 'lacuna.data.Remote'
local samplers = require 'lacuna.data.samplers'
local scope = require 'lacuna.scope'
local seeds = require 'lacuna.data.seeds'
local Workers = require 'lacuna.data.Workers'

local Loader = class('data.Loader')

local function readSampler(options)
   local sampler = options.sampler
   if not sampler then return end
   local fits = type(sampler) == 'table' and type(sampler.batches) == 'function'
      and type(sampler.epoch) == 'function'
   if not fits then
      fail.raise('Loader: sampler is %s, expected an object with batches() and epoch(n)',
         fail.describe(sampler))
   end
   for _, name in ipairs { 'batchSize', 'shuffle', 'dropLast' } do
      if options[name] then
         fail.raise('Loader: sampler and %s, expected one of the two', name)
      end
   end
   return sampler
end

--- Makes a loader.
-- @param dataset an object with `size()` and `get(i, generator)`, or a description that
-- `data.remote` made, which workers need: they build the data set themselves
-- @tparam[opt] table options `batchSize`, 1; `shuffle`, false; `dropLast`, whether to leave out a
-- last batch that is smaller, false; or `sampler` instead of these; `seed`, 0; `workers`, 0;
-- `collate`, from a list of samples and `{ epoch, batch, indices }` to a batch: by default the list
-- itself.  Tensors that `collate` makes and neither returns nor keeps are released after it.
function Loader:__init(dataset, options)
   options = fail.options('Loader', options, { batchSize = false, shuffle = fail.off, seed = 0,
      workers = 0, dropLast = fail.off, collate = false, sampler = false })
   self.workers = fail.whole('Loader', 'workers', options.workers, 0, 64)
   self.seed = fail.whole('Loader', 'seed', options.seed, 0)
   if Remote.is(dataset) then
      self.remote = dataset
   else
      self.dataset = datasets.check('Loader', dataset)
      if self.workers > 0 then
         fail.raise('Loader: %d workers and %s, expected data.remote(module, arguments): states '
            .. 'share nothing, so each worker builds the data set', self.workers,
            fail.describe(dataset))
      end
   end
   if options.collate then fail.callable('Loader', options.collate) end
   self.collate = options.collate
   self.sampler = readSampler(options)
   if not self.sampler then
      fail.whole('Loader', 'batchSize', options.batchSize or 1, 1)
      self.plain = { batchSize = options.batchSize or 1, dropLast = options.dropLast,
         seed = self.seed }
      self.order = options.shuffle and samplers.shuffled or samplers.sequential
   end
   self.turn = 0
end

-- The data set here, or the workers.
local function open(self)
   if self.workers == 0 then
      self.dataset = self.dataset or Remote.build(self.remote.description)
   elseif not self.crew then
      self.crew = Workers(self.workers, self.remote.description)
   end
   if not self.sampler then
      local ok, size = pcall((self.crew or self.dataset).size, self.crew or self.dataset)
      if not ok then
         self:close()
         error(size, 0)
      end
      self.sampler = self.order(size, self.plain)
   end
end

--- Counts the batches of an epoch.
-- @treturn number
function Loader:batches()
   if not self.sampler then open(self) end
   return self.sampler:batches()
end

-- What each batch from `first` on asks for; repeated samples get seeds of their own.  Last comes a
-- number that tells other batches from these.
local function tasks(self, epoch, first)
   local batches, met, list, mark = self.sampler:epoch(epoch), {}, {}, 0
   if type(batches) ~= 'table' then
      fail.raise('Loader: the sampler gave %s, expected a list of batches', fail.describe(batches))
   end
   for b = 1, #batches do
      if type(batches[b]) ~= 'table' then
         fail.raise('Loader: batch %d of the sampler is %s, expected a list of sample numbers', b,
            fail.describe(batches[b]))
      end
      local chosen = {}
      for k, i in ipairs(batches[b]) do
         local before = met[i] or 0
         met[i] = before + 1
         if before == 0 then
            chosen[k] = seeds.mix(self.seed, epoch, i)
         else
            chosen[k] = seeds.mix(self.seed, epoch, i, before)
         end
      end
      mark = seeds.mix(mark, #chosen)
      for k = 1, #chosen do mark = seeds.mix(mark, batches[b][k]) end
      if b >= first then list[b] = { indices = batches[b], seeds = chosen } end
   end
   return list, #batches, mark
end

local function complain(epoch, b, what, message)
   fail.raise('Loader: %s (batch %d of epoch %d): %s', what, b, epoch, tostring(message))
end

local function drawHere(self, epoch, b, task)
   local samples = {}
   for k, i in ipairs(task.indices) do
      local ok, sample = pcall(draw, self.dataset, i, task.seeds[k])
      if not ok then complain(epoch, b, 'sample ' .. tostring(i), sample) end
      samples[k] = sample
   end
   return samples
end

local function finish(self, epoch, b, task, samples)
   if not self.collate then return samples end
   local info = { epoch = epoch, batch = b, indices = task.indices }
   local ok, batch = pcall(self.collate, samples, info)
   if not ok then complain(epoch, b, 'collate', batch) end
   if batch == nil then complain(epoch, b, 'collate', 'it gave nil, expected a batch') end
   return batch
end

local function unpackAnswer(self, epoch, b, task, answer)
   local samples, at = {}, 2
   if answer:sub(1, 1) == 'F' then
      local place, message = unpack(bytes.decode(answer:sub(2)))
      complain(epoch, b, 'sample ' .. tostring(task.indices[place]), message)
   end
   for k = 1, #task.indices do samples[k], at = bytes.read(answer, at) end
   return finish(self, epoch, b, task, samples)
end

-- A function from a batch's number to the batch, in the right order of calls.
local function source(self, epoch, list, first, count)
   if self.workers == 0 then
      return function(b)
         local samples = drawHere(self, epoch, b, list[b])
         return scope.run(finish, self, epoch, b, list[b], samples)
      end
   end
   local crew, ids, ahead = self.crew, {}, first - 1
   crew:cancel()
   return function(b)
      while ahead < count and ahead < b + 2 * self.workers do
         ahead = ahead + 1
         ids[ahead] = crew:put(list[ahead])
      end
      local ok, answer = pcall(crew.take, crew, ids[b])
      if not ok then
         self:close()
         error(answer, 0)
      end
      return scope.run(unpackAnswer, self, epoch, b, list[b], answer)
   end
end

-- The batch at which an epoch begins where none is named.
local function beginning(self, n)
   local place = self.resumed
   return place and place.epoch == n and place.batch + 1 or 1
end

--- Goes through the batches of an epoch.  Leave the loop when you like; an epoch that begins ends
-- the one before it.
-- @tparam number n the epoch, whole, from 0
-- @tparam[opt] number firstBatch where to begin: by default at 1, and in the first epoch after
-- `loadStateDict`, if it is the one that the state was taken in, behind the batch that was the last
-- @treturn function an iterator: gives the batch and its number
function Loader:epoch(n, firstBatch)
   fail.whole('Loader', 'epoch', n, 0)
   local b = fail.whole('Loader', 'firstBatch', firstBatch or beginning(self, n), 1) - 1
   open(self)
   local list, count, mark = tasks(self, n, b + 1)
   if not firstBatch and b > 0 and (self.resumed.mark or mark) ~= mark then
      fail.raise('Loader: the batches of epoch %d are not those that the state was taken in, '
         .. 'expected a sampler in which they follow from the epoch alone', n)
   end
   local make = source(self, n, list, b + 1, count)
   self.turn = self.turn + 1
   local turn = self.turn
   self.place, self.resumed = { epoch = n, batch = b, mark = mark }, nil
   return function()
      if b >= count then return nil end
      if self.turn ~= turn then
         fail.raise('Loader: epoch %d ended at batch %d, when another epoch began, a state '
            .. 'was loaded or the loader was closed', n, b)
      end
      b = b + 1
      local batch = make(b)
      self.place.batch = b
      list[b] = nil
      return batch, b
   end
end

-- What must be the same for a position to mean the same: names in order, and values by name.
local function settings(self)
   local values = { seed = self.seed, batches = self:batches() }
   if not self.plain then return { 'seed', 'batches' }, values end
   values.samples, values.batchSize = self.sampler.size, self.plain.batchSize
   values.dropLast, values.shuffle = self.plain.dropLast, self.order == samplers.shuffled
   return { 'seed', 'batches', 'samples', 'batchSize', 'dropLast', 'shuffle' }, values
end

--- Tells what a checkpoint needs: the position, and what must be the same for it to mean the same.
-- @treturn table `epoch` and `batch`, the last one given; `mark`, which other batches would not
-- have; `seed`, `batches` of an epoch and, without a sampler, `samples`, `batchSize`, `dropLast`,
-- `shuffle`
function Loader:stateDict()
   local place, _, dict = self.place or { epoch = 0, batch = 0 }, settings(self)
   dict.epoch, dict.batch, dict.mark = place.epoch, place.batch, place.mark
   return dict
end

--- Takes over a position: the next `epoch` begins behind it, if it is of the same number.  A loop
-- that is under way may not go on.
-- @tparam table dict as `stateDict` gives it, of a loader with the same settings
-- @treturn Loader self
function Loader:loadStateDict(dict)
   if type(dict) ~= 'table' then
      fail.raise('Loader: state is %s, expected what stateDict gives', fail.describe(dict))
   end
   local names, mine = settings(self)
   for i, name in ipairs(names) do
      local there = dict[name]
      if i <= 2 then fail.whole('Loader', name, there, 0) end
      if there ~= nil and there ~= mine[name] then
         fail.raise('Loader: the state is of %s %s, expected %s as here', name, tostring(there),
            tostring(mine[name]))
      end
   end
   self.place = { epoch = fail.whole('Loader', 'epoch', dict.epoch, 0),
      batch = fail.whole('Loader', 'batch', dict.batch, 0, mine.batches), mark = dict.mark }
   self.resumed, self.turn = self.place, self.turn + 1
   return self
end

--- Ends the workers, after the sample that each is at.  The next epoch would start new ones.
function Loader:close()
   self.turn = self.turn + 1
   if self.crew then self.crew:close() end
   self.crew = nil
end

function Loader:__tostring()
   return ('Loader(%s, %d workers)'):format(tostring(self.remote or self.dataset.__typename
      or 'data set'), self.workers)
end

return Loader
