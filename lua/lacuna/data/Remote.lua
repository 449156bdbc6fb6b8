--- Describes a data set so that another Lua state can build it.
--
-- Workers are threads, and each has a Lua state of its own: that is what lets them run at the same
-- time.  States share nothing: no function, table, tensor or data set can pass from one to
-- another, only bytes.  So a worker is not given a data set; it is told how to make one: the name
-- of a module that returns a function, and the function's arguments.
--
--     -- lua/squares.lua
--     return function(arguments)
--        return data.Dataset(arguments.count, function(i) return { value = i * i } end)
--     end
--
--     -- the experiment
--     local loader = data.Loader(data.remote('squares', { count = 100 }),
--        { batchSize = 10, workers = 2 })
--
-- The module must do the same in every state: samples may depend on the arguments, the number and
-- the generator, not on globals or on what was asked before.
-- @classmod lacuna.data.Remote
local bytes = require 'lacuna.data.bytes'
local class = require 'lacuna.class'
local datasets = require 'lacuna.data.datasets'
local fail = require 'lacuna.fail'

local Remote = class('data.Remote')

--- Makes a description of a data set.
-- @tparam string module what `require` takes
-- @tparam[opt] table arguments numbers, strings, booleans, cpu tensors and tables of them
function Remote:__init(module, arguments)
   if type(module) ~= 'string' then
      fail.raise('remote: module is %s, expected its name', fail.describe(module))
   end
   self.module, self.description = module, bytes.encode({ module, arguments })
end

--- Tells whether a value is a description.
-- @param value
-- @treturn boolean
function Remote.is(value) return type(value) == 'table' and getmetatable(value) == Remote end

--- Builds what a description's bytes describe, in this state.
-- @tparam string description
-- @treturn Dataset
function Remote.build(description)
   local parts = bytes.decode(description)
   local build = require(parts[1])
   if type(build) ~= 'function' then
      fail.raise('remote: module %s gives %s, expected a function that builds a data set', parts[1],
         fail.describe(build))
   end
   return datasets.check('remote: module ' .. parts[1], build(parts[2]))
end

function Remote:__tostring() return ('data.remote(%s)'):format(self.module) end

return Remote
