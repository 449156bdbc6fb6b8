--- Runs modules one after the other.
--
--     local net = nn.Sequential():add(nn.Linear(4, 8)):add(nn.ReLU()):add(nn.Linear(8, 2))
--
-- @classmod lacuna.nn.Sequential
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'

local Sequential = class('nn.Sequential', Module)

--- Makes the container.
-- @param ... modules to start with
function Sequential:__init(...)
   Module.__init(self)
   for i = 1, select('#', ...) do self:add((select(i, ...))) end
end

--- Appends a module.
-- @tparam Module module
-- @treturn Sequential self
function Sequential:add(module)
   self:child(tostring(#self.childNames + 1), module)
   return self
end

--- Gives the i-th module.
-- @tparam number i from one; negative counts from the end
-- @treturn Module
function Sequential:get(i)
   local n = #self.childNames
   fail.whole('get', 'index', i, -n, n)
   local module = self[self.childNames[i < 0 and n + 1 + i or i]]
   if not module then fail.raise('get: index is 0, expected 1 to %d', n) end
   return module
end

--- Counts the modules.
-- @treturn number
function Sequential:size() return #self.childNames end

function Sequential:forward(input)
   for _, name in ipairs(self.childNames) do input = self[name](input) end
   return input
end

return Sequential
