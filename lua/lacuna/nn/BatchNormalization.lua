--- Normalises each plane over the rows of the batch (Ioffe and Szegedy 2015), then a leaky ReLU.
--
--     local y = nn.BatchNormalization(32)(x)          -- sparse, or rows x 32
--
-- Training uses the batch's mean and biased variance and updates the running ones: running =
-- momentum running + (1 - momentum) batch, with the unbiased variance (of a single row, the biased
-- one).  Evaluation uses the running ones; `freeze` stops their update.  `weight` is ones, `bias`
-- zeros at first.  An input without rows is given back.
-- @classmod lacuna.nn.BatchNormalization
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local BatchNormalization = class('nn.BatchNormalization', Module)

--- Makes the layer.
-- @tparam number nPlanes
-- @tparam[opt] table options `eps`, 1e-4; `momentum`, 0.99; `affine`, true; `leakiness`: the slope
-- of the leaky ReLU, 1 for none (default), 0 for ReLU
function BatchNormalization:__init(nPlanes, options)
   Module.__init(self)
   options = fail.options(self.__typename, options,
      { eps = 1e-4, momentum = 0.99, affine = true, leakiness = 1 })
   self.nPlanes = fail.whole(self.__typename, 'nPlanes', nPlanes, 1)
   self.eps = fail.range(self.__typename, 'eps', options.eps, 0)
   self.momentum = fail.range(self.__typename, 'momentum', options.momentum, 0, 1)
   self.leakiness = fail.number(self.__typename, 'leakiness', options.leakiness)
   if options.affine then
      self:parameter('weight', Tensor.ones(nPlanes))
      self:parameter('bias', Tensor.zeros(nPlanes))
   end
   self:buffer('runningMean', Tensor.zeros(nPlanes))
   self:buffer('runningVariance', Tensor.ones(nPlanes))
end

-- internal: moves the running mean and variance towards those of a batch of `rows` rows.
function BatchNormalization:update(mean, variance, rows)
   local keep = self.momentum
   local unbiased = rows > 1 and rows / (rows - 1) or 1
   self.runningMean:mul(keep):axpy(1 - keep, mean)
   self.runningVariance:mul(keep):axpy((1 - keep) * unbiased, variance)
end

-- internal: normalises a dense n x nPlanes.
function BatchNormalization:rows(x)
   if #x.sizes ~= 2 or x.sizes[2] ~= self.nPlanes then
      fail.raise('%s: input is %s, expected n x %d', self.__typename, table.concat(x.sizes, 'x'),
         self.nPlanes)
   end
   if x.sizes[1] == 0 then return x end
   local mean, variance = self.runningMean, self.runningVariance
   if self.training_ then
      mean, variance = ops.statistics(x)
      if not self.frozen_ then self:update(mean, variance, x.sizes[1]) end
   end
   return ops.normalizeRows(x, self.weight, self.bias, mean, variance, self.eps, self.leakiness,
      self.training_)
end

function BatchNormalization:forward(input)
   if SparseTensor.is(input) then
      if input.background and self.training_ then
         fail.raise('%s: the input has an exact background in training, expected evaluation',
            self.__typename)
      end
      return input:map(function(x) return self:rows(x) end)
   end
   return self:rows(Tensor.check(self.__typename, 'input', input))
end

function BatchNormalization:describe()
   return self.leakiness == 1 and tostring(self.nPlanes)
      or ('%d, leakiness %.4g'):format(self.nPlanes, self.leakiness)
end

return BatchNormalization
