--- Runs modules on the same input and gives a table of their outputs.
--
--     local both = nn.ConcatTable():add(nn.Identity()):add(branch)
--
-- @classmod lacuna.nn.ConcatTable
local class = require 'lacuna.class'
local Sequential = require 'lacuna.nn.Sequential'

local ConcatTable = class('nn.ConcatTable', Sequential)

function ConcatTable:forward(input)
   local outputs = {}
   for i, name in ipairs(self.childNames) do outputs[i] = self[name](input) end
   return outputs
end

return ConcatTable
