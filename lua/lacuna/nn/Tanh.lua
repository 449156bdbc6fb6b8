--- Maps every element to its hyperbolic tangent.  Takes sparse and dense tensors.
--
--     local y = nn.Tanh()(x)
--
-- @classmod lacuna.nn.Tanh
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pointwise = require 'lacuna.nn.pointwise'

local Tanh = class('nn.Tanh', Module)

function Tanh:forward(input) return pointwise.apply('Tanh', input, ops.tanh) end

return Tanh
