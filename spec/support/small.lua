--- A small network whose values are known by heart, for specs that watch it at work.
-- @module spec.support.small
local assert = require 'luassert'
local lacuna = require 'lacuna'
local nn, SparseTensor = lacuna.nn, lacuna.SparseTensor

local small = {}

--- Three points of one plane in five by five sites, two in the first sample.
-- @treturn SparseTensor
function small.sparse()
   return SparseTensor.new({ { 1, 0, 0 }, { 1, 1, 1 }, { 2, 2, 2 } }, { { 1 }, { 2 }, { 3 } },
      { spatialSize = 5 })
end

--- A network that gives 6 x where x is positive, by way of 2 x and relu(2 x).
-- @treturn Sequential
function small.chain()
   local net = nn.Sequential():add(nn.Linear(1, 1)):add(nn.ReLU()):add(nn.Linear(1, 1))
   lacuna.noGrad(function()
      net:get(1).weight:fill(2)
      net:get(3).weight:fill(3)
   end)
   return net
end

--- A tensor that gathers a gradient.
-- @tparam table values
-- @treturn Tensor
function small.leaf(values) return lacuna.tensor(values, { requiresGrad = true }) end

--- Asserts that such a network computes, records, and has nothing left of what went wrong.
-- @tparam Sequential net
function small.usable(net)
   net:zeroGrad()
   local acts, y = net:activations(small.leaf { { 1 }, { -1 } })
   assert.equal(4, #acts)
   y:sum():backward()
   assert.near_all({ { 3 } }, net:get(1).weight.grad, 0)
   assert.is_true(net:isTraining())
end

return small
