--- Maps every element to log(1 + e^x).  Takes sparse and dense tensors.
--
--     local y = nn.Softplus()(x)
--
-- @classmod lacuna.nn.Softplus
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pointwise = require 'lacuna.nn.pointwise'

local Softplus = class('nn.Softplus', Module)

function Softplus:forward(input) return pointwise.apply('Softplus', input, ops.softplus) end

return Softplus
