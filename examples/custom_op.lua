-- A differentiable operation of one's own, in Lua alone: a rule, a check of the rule, a use of it.
--
--   scripts/lacuna examples/custom_op.lua
--
-- The smooth hinge (Rennie and Srebro 2005) of a margin z is a hinge without its corner:
--   1/2 - z for z <= 0,  (1 - z)^2 / 2 for 0 < z < 1,  0 for z >= 1.
local lacuna = require 'lacuna'
local nn, ops, optim = lacuna.nn, lacuna.ops, lacuna.optim

local function slopeAt(z) return ops.clamp(z - 1, -1, 0) end

local smoothHinge = ops.define('smoothHinge', {
   -- Nothing in here is recorded: the rule below stands for all of it.
   forward = function(context, z)
      context:save(z)
      return ops.square(slopeAt(z)) / 2 + ops.relu(-z)
   end,
   -- Made of operations itself, so gradients of gradients come for nothing.
   backward = function(context, dy)
      return dy * slopeAt(context:unsave())
   end,
})

-- ---- is the rule right?  Against central differences, away from the two joints ------------------

local places = { -2, -0.5, 0.25, 0.5, 0.75, 1.5 }
local z = lacuna.tensor(places, { requiresGrad = true })
smoothHinge(z):sum():backward()

local h, worst = 2 ^ -7, 0
local above, below = smoothHinge(z:detach() + h), smoothHinge(z:detach() - h)
for i = 1, #places do
   worst = math.max(worst, math.abs(z.grad[i] - (above[i] - below[i]) / (2 * h)))
end
assert(worst < 1e-3, 'the rule is wrong')
print(('rule against differences: %d places, all within 0.001'):format(#places))

-- ---- a use: telling lines along one axis from lines along the other -----------------------------

lacuna.seed(1)
local points, labels = {}, {}
for sample = 1, 8 do
   local flat = sample % 2 == 0
   labels[sample] = { flat and 1 or -1 }
   for step = 0, 5 do
      points[#points + 1] = flat and { sample, step, sample } or { sample, sample, step }
   end
end
local x = lacuna.SparseTensor.new(points, lacuna.ones(#points, 1), { spatialSize = 16 })
local y = lacuna.tensor(labels)

local net = nn.Sequential()
   :add(nn.SubmanifoldConvolution(2, 1, 4, 3)):add(nn.ReLU())
   :add(nn.GlobalPooling 'mean'):add(nn.Linear(4, 1))
local optimiser = optim.Adam(net:parameters(), { lr = 0.02 })

for step = 1, 30 do
   local scores = net(x)
   local loss = smoothHinge(y * scores):mean()
   optimiser:zeroGrad()
   loss:backward()
   optimiser:step()
   if step == 1 or step % 10 == 0 then
      local right = (y * scores):gt(0):sum():item()
      print(('step %2d  loss %.2f  right %d of %d'):format(step, loss:item(), right, #labels))
   end
end
