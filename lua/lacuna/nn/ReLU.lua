--- Keeps the positive part of every plane.  Takes sparse and dense tensors.
--
--     local y = nn.ReLU()(x)
--
-- @classmod lacuna.nn.ReLU
local class = require 'lacuna.class'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pointwise = require 'lacuna.nn.pointwise'

local ReLU = class('nn.ReLU', Module)

function ReLU:forward(input) return pointwise.apply('ReLU', input, ops.relu) end

return ReLU
