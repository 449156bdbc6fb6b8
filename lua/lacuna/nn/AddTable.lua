--- Adds sparse tensors that lie on the same sites.
--
--     local add = nn.AddTable()          -- a table of tensors in, one tensor out
--
-- @classmod lacuna.nn.AddTable
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local tables = require 'lacuna.nn.tables'

local AddTable = class('nn.AddTable', Module)

function AddTable:forward(inputs)
   tables.check('AddTable', inputs)
   local features, background = inputs[1].features, inputs[1].background
   for i = 2, #inputs do
      features = features + inputs[i].features
      background = background and background + inputs[i].background
   end
   return inputs[1]:withFeatures(features, background)
end

return AddTable
