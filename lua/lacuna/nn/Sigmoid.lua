--- Maps every element to 1 / (1 + e^-x).  Takes sparse and dense tensors.
--
--     local y = nn.Sigmoid()(x)
--
-- @classmod lacuna.nn.Sigmoid
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pointwise = require 'lacuna.nn.pointwise'

local Sigmoid = class('nn.Sigmoid', Module)

function Sigmoid:forward(input) return pointwise.apply('Sigmoid', input, ops.sigmoid) end

return Sigmoid
