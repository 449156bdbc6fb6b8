--- Gives its input.
-- @classmod lacuna.nn.Identity
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'

local Identity = class('nn.Identity', Module)

function Identity:forward(input) return input end

return Identity
