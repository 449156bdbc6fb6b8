--- Joins the planes of sparse tensors that lie on the same sites.
--
--     local join = nn.JoinTable()        -- a table of tensors in, one tensor out
--
-- @classmod lacuna.nn.JoinTable
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local tables = require 'lacuna.nn.tables'

local JoinTable = class('nn.JoinTable', Module)

function JoinTable:forward(inputs)
   tables.check('JoinTable', inputs)
   local features, backgrounds = {}, {}
   for i, input in ipairs(inputs) do
      features[i], backgrounds[i] = input.features, input.background
   end
   return inputs[1]:withFeatures(ops.concat(features, 2),
      backgrounds[1] and ops.concat(backgrounds, 2))
end

return JoinTable
