--- Clipping of gradients, before a step.
-- @module lacuna.optim.clip
local fail = require 'lacuna.fail'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local clip = {}

local function check(parameters, limit)
   fail.list('clip', 'parameters', parameters, 'a list of tensors, as net:parameters() gives')
   for i, parameter in ipairs(parameters) do Tensor.check('clip', 'parameter ' .. i, parameter) end
   if fail.number('clip', 'limit', limit) < 0 then
      fail.raise('clip: limit is %.14g, expected 0 or more', limit)
   end
end

--- Scales all gradients so that together they are no longer than a limit (Pascanu et al. 2013).
-- @tparam table parameters tensors
-- @tparam number limit
-- @treturn number the length before
function clip.norm(parameters, limit)
   check(parameters, limit)
   local square = 0
   for _, parameter in ipairs(parameters) do
      if parameter.grad then square = square + ops.sum(ops.square(parameter.grad)):item() end
   end
   local length = math.sqrt(square)
   if length > limit then
      for _, parameter in ipairs(parameters) do
         if parameter.grad then parameter.grad:mul(limit / length) end
      end
   end
   return length
end

--- Limits every element of every gradient to -limit .. limit.
-- @tparam table parameters tensors
-- @tparam number limit
function clip.value(parameters, limit)
   check(parameters, limit)
   for _, parameter in ipairs(parameters) do
      if parameter.grad then parameter.grad:clamp(-limit, limit) end
   end
end

return clip
