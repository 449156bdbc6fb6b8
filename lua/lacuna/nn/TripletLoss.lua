--- Pulls an anchor towards a positive and away from a negative (Weinberger and Saul 2009; Schroff
-- et al. 2015): max(0, margin + d(anchor, positive) - d(anchor, negative)).
--
--     local loss = nn.TripletLoss { margin = 0.1, metric = 'cosine' }(anchor, positive, negative)
--
-- All three are n x c.
-- @classmod lacuna.nn.TripletLoss
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Loss = require 'lacuna.nn.Loss'
local ops = require 'lacuna.ops'
local rowDistances = require 'lacuna.nn.rowDistances'

local TripletLoss = class('nn.TripletLoss', Loss)

--- Makes the loss.
-- @tparam[opt] table options `margin`, 1; `metric`: `euclidean` (default), `squared` or `cosine`;
-- `normalize`: scale rows to length 1 first, false; `reduction`
function TripletLoss:__init(options)
   Loss.__init(self, options, { margin = 1, metric = 'euclidean', normalize = fail.off })
   fail.range('TripletLoss', 'margin', self.options.margin, 0)
   self.distance = rowDistances('TripletLoss', self.options.metric)
end

function TripletLoss:forward(anchor, positive, negative)
   self:same('positive', anchor, positive)
   self:same('negative', anchor, negative)
   if self.options.normalize then
      anchor, positive, negative = ops.normalize(anchor), ops.normalize(positive),
         ops.normalize(negative)
   end
   local gap = self.distance(anchor, positive) - self.distance(anchor, negative)
   return self:reduce(ops.relu(gap + self.options.margin))
end

return TripletLoss
