--- What runs in a worker's Lua state: builds the data set, turns tasks into bytes.
--
-- A task is the samples' numbers and the seeds of their generators, or the question for the size.
-- The answer is K and the samples one after another, or F, the place of the one that failed, and
-- what it said.
-- @module lacuna.data.worker_state
local bytes = require 'lacuna.data.bytes'
local draw = require 'lacuna.data.draw'
local Remote = require 'lacuna.data.Remote'

local function trace(message)
   if type(message) ~= 'string' then return tostring(message) end
   return debug.traceback(message, 2)
end

local function answerSample(parts, dataset, i, seed)
   bytes.append(parts, draw(dataset, i, seed))
end

--- Makes the function that answers tasks.
-- @tparam string description of the data set, as `data.remote` writes it
-- @treturn function from a task's bytes, and a function that tells whether the answer is still
-- wanted, to the answer
return function(description)
   local dataset = Remote.build(description)
   return function(text, unwanted)
      local task = bytes.decode(text)
      if task.size then return bytes.encode(dataset:size()) end
      local parts = { 'K' }
      for k, i in ipairs(task.indices) do
         if unwanted() then return '' end
         local ok, message = xpcall(function()
            answerSample(parts, dataset, i, task.seeds[k])
         end, trace)
         if not ok then return 'F' .. bytes.encode { k, message } end
      end
      return table.concat(parts)
   end
end
