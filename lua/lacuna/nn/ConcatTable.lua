--- Runs modules on the same input and gives a table of their outputs.
--
--     local both = nn.ConcatTable():add(nn.Identity()):add(branch)
--
-- @classmod lacuna.nn.ConcatTable
local class = require 'lacuna.class'
local Sequential = require 'lacuna.nn.Sequential'

local ConcatTable = class('nn.ConcatTable', Sequential)

--- Makes a container of some of the branches: the same modules, not copies.
-- @tparam[opt=1] number first from one; negative counts from the end
-- @tparam[opt] number last included; the last branch by default
-- @treturn ConcatTable empty where last is before first
function ConcatTable:slice(first, last)
   return setmetatable(Sequential.slice(self, first, last), ConcatTable)
end

function ConcatTable:forward(input)
   local outputs = {}
   for _, module in self:children() do outputs[#outputs + 1] = module(input) end
   return outputs
end

return ConcatTable
