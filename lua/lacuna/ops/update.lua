--- Steps of optimisers that are one pass over a parameter.
-- @module lacuna.ops.update
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

--- Takes a step of Adam in place.
-- @tparam Tensor w the parameter
-- @tparam Tensor m the running mean of gradients
-- @tparam Tensor v the running mean of their squares
-- @tparam Tensor g the gradient
-- @tparam table options `lr`, `beta1`, `beta2`, `eps`
-- @tparam number step from one
function ops.adamStep(w, m, v, g, options, step)
   Tensor.checkWritable(w, 'adamStep')
   if type(options) ~= 'table' then
      fail.raise('adamStep: options are %s, expected a table', fail.describe(options))
   end
   run.adam(w, m, v, g, options.lr, options.beta1, options.beta2, options.eps, step)
end

return ops
