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

local Workers = class('data.Workers')

local PATIENCE = 0.1  -- seconds in C at a time: between them Ctrl-C gets through

-- A worker finds the modules, and the library, where this state found them.
local function prelude()
   local library = rawget(_G, 'LACUNA_LIB')
   return ('LACUNA_WORKER = true package.path, package.cpath, LACUNA_LIB = %q, %q, %s\n'):format(
      package.path, package.cpath, library and ('%q'):format(library) or 'nil')
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
   self.last, self.answers = 0, {}
end

--- Gives the workers something to do.
-- @tparam table task as `lacuna.data.worker_state` takes it
-- @treturn number what @{take} asks for
function Workers:put(task)
   self.last = self.last + 1
   self.pool:put(self.last, bytes.encode(task))
   return self.last
end

--- Waits for an answer.
-- @tparam number id
-- @treturn string
function Workers:take(id)
   while not self.answers[id] do
      local found, ok, answer = self.pool:get(PATIENCE)
      interrupt.check()
      if ok == false then fail.raise('Loader: a worker failed: %s', answer) end
      if found then self.answers[found] = answer end
   end
   local answer = self.answers[id]
   self.answers[id] = nil
   return answer
end

--- Asks for the number of samples.
-- @treturn number
function Workers:size() return bytes.decode(self:take(self:put { size = true })) end

--- Forgets what was put and not taken.
function Workers:cancel()
   self.pool:clear()
   self.answers = {}
end

--- Ends the threads.
function Workers:close() self.pool:close() end

return Workers
