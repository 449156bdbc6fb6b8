--- What the layers over tables of sparse tensors have in common.
-- @module lacuna.nn.tables
local fail = require 'lacuna.fail'
local SparseTensor = require 'lacuna.SparseTensor'

local tables = {}

--- Checks that a value is a table of sparse tensors on the same sites.
-- @tparam string op who asks
-- @param inputs what came
function tables.check(op, inputs)
   if type(inputs) ~= 'table' or SparseTensor.is(inputs) or #inputs == 0 then
      fail.raise('%s: input is %s, expected a table of sparse tensors', op, fail.describe(inputs))
   end
   for i, input in ipairs(inputs) do
      SparseTensor.check(op, input)
      if not input.sites:same(inputs[1].sites) then
         fail.raise('%s: tensor %d lies on other sites than tensor 1 (%d and %d), expected the '
            .. 'same object: what comes of one sparse tensor, or is made over one Sites', op, i,
            input.sites.count, inputs[1].sites.count)
      end
      if (not input.background) ~= (not inputs[1].background) then
         fail.raise('%s: tensor %d and tensor 1 differ in exact mode, expected the same', op, i)
      end
   end
end

return tables
