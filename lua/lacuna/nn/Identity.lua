--- Gives its input, of any type, unchanged: a branch that does nothing.
--
--     local both = nn.ConcatTable(nn.Identity(), branch)
--     local y = nn.Sequential(both, nn.AddTable())(x)          -- x + branch(x)
--
-- @classmod lacuna.nn.Identity
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'

local Identity = class('nn.Identity', Module)

function Identity:forward(input) return input end

return Identity
