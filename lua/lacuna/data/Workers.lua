--- Threads that make samples, each in a Lua state of its own; the loader's side of them.
--
--     local workers = Workers(2, description)     -- as `data.remote` writes it
--     local id = workers:put { indices = { 1, 2 }, seeds = { 7, 8 } }
--     local answer = workers:take(id)             -- bytes; data.Loader reads them
--     workers:close()
--
-- @classmod lacuna.data.Workers
local bytes = require 'lacuna.data.bytes'
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local interrupt = require 'lacuna.interrupt'
local native = require 'lacuna.native'

local Workers = class('data.Workers')

local PATIENCE = 0.1  -- seconds in C at a time: between them Ctrl-C gets through

-- A worker finds the modules, and the library, where this state found them.
local function prelude()
   return ('LACUNA_WORKER = true package.path, package.cpath, LACUNA_LIB = %q, %q, %q\n'):format(
      package.path, package.cpath, native.library)
end

--- Starts the threads.
-- @tparam number n how many threads
-- @tparam string description of the data set
function Workers:__init(n, description)
   local worker = require 'lacuna.worker'
   fail.whole('Workers', 'n', n, 1, 64)
   if type(description) ~= 'string' then
      fail.raise('Workers: description is %s, expected a string', fail.describe(description))
   end
   self.pool = worker.start(n, prelude() .. "return require('lacuna.data.worker_state')(...)",
      description)
   self.last, self.answers, self.awaited = 0, {}, {}
end

local function checkOpen(self, op)
   if self.closed then fail.raise('%s: the workers were closed', op) end
end

local function checkTask(task)
   if type(task) == 'table' and task.size == true then return end
   local indices = type(task) == 'table' and task.indices
   local seeds = type(task) == 'table' and task.seeds
   if type(indices) ~= 'table' or type(seeds) ~= 'table' or #indices ~= #seeds then
      fail.raise('put: task is %s, expected { size = true } or lists of indices and seeds',
         fail.describe(task))
   end
   for k = 1, #indices do
      fail.whole('put', 'one of indices', indices[k], 1)
      fail.whole('put', 'one of seeds', seeds[k], 0)
   end
end

--- Gives the workers something to do.
-- @tparam table task as `lacuna.data.worker_state` takes it
-- @treturn number what @{take} asks for
function Workers:put(task)
   checkOpen(self, 'put')
   checkTask(task)
   self.last = self.last + 1
   self.pool:put(self.last, bytes.encode(task))
   self.awaited[self.last] = true
   return self.last
end

--- Waits for an answer.
-- @tparam number id what @{put} gave; each is taken once
-- @treturn string
function Workers:take(id)
   checkOpen(self, 'take')
   if id == nil or not self.awaited[id] then
      fail.raise('take: id is %s, expected one that put gave and nobody took', fail.describe(id))
   end
   while not self.answers[id] do
      local found, ok, answer = self.pool:get(PATIENCE)
      interrupt.check()
      if ok == false then fail.raise('Loader: a worker failed: %s', answer) end
      if found then self.answers[found] = answer end
   end
   local answer = self.answers[id]
   self.answers[id], self.awaited[id] = nil, nil
   return answer
end

--- Asks for the number of samples.
-- @treturn number
function Workers:size() return bytes.decode(self:take(self:put { size = true })) end

--- Forgets what was put and not taken.
function Workers:cancel()
   checkOpen(self, 'cancel')
   self.pool:clear()
   self.answers, self.awaited = {}, {}
end

--- Ends the threads.
function Workers:close()
   self.pool:close()
   self.closed = true
end

return Workers
