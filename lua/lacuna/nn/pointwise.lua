--- What the layers that map single elements have in common.
-- @module lacuna.nn.pointwise
local fail = require 'lacuna.fail'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local pointwise = {}

--- Applies a function to a dense tensor, or to features and background of a sparse one.
-- @tparam string op who asks
-- @param input what came
-- @tparam function f
-- @param ... further arguments of f
-- @return as the input
function pointwise.apply(op, input, f, ...)
   if SparseTensor.is(input) then return input:map(f, ...) end
   if Tensor.is(input) then return f(input, ...) end
   fail.raise('%s: input is %s, expected a tensor', op, fail.describe(input))
end

return pointwise
