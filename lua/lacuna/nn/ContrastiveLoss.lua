--- Pulls alike pairs together and pushes others apart up to a margin (Hadsell et al. 2006):
-- (same d² + (1 - same) max(0, margin - d)²) / 2.
--
--     local loss = nn.ContrastiveLoss { margin = 1 }(a, b, same)
--
-- a and b are n x c; same is a table or a tensor of n, 1 for alike pairs and 0 for others.
-- @classmod lacuna.nn.ContrastiveLoss
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Loss = require 'lacuna.nn.Loss'
local ops = require 'lacuna.ops'
local rowDistances = require 'lacuna.nn.rowDistances'
local Tensor = require 'lacuna.Tensor'

local ContrastiveLoss = class('nn.ContrastiveLoss', Loss)

--- Makes the loss.
-- @tparam[opt] table options `margin`, 1; `metric`: `euclidean` (default), `squared` or `cosine`;
-- `reduction`
function ContrastiveLoss:__init(options)
   Loss.__init(self, options, { margin = 1, metric = 'euclidean' })
   fail.range('ContrastiveLoss', 'margin', self.options.margin, 0)
   self.distance = rowDistances('ContrastiveLoss', self.options.metric)
end

function ContrastiveLoss:forward(a, b, same)
   self:same('second input', a, b)
   if type(same) == 'table' and not Tensor.is(same) then
      same = Tensor.of(same, { device = a.device })
   end
   Tensor.check('ContrastiveLoss', 'same', same, 'float32')
   if #same.sizes ~= 1 or same.sizes[1] ~= a.sizes[1] then
      fail.raise('ContrastiveLoss: same is %s, expected %d elements',
         table.concat(same.sizes, 'x'), a.sizes[1])
   end
   local d = self.distance(a, b)
   local apart = ops.relu(self.options.margin - d)
   return self:reduce((same * ops.square(d) + (1 - same) * ops.square(apart)) * 0.5)
end

return ContrastiveLoss
