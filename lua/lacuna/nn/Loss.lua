--- What every loss is: a module that gives one number for a batch.
--
--     local loss = nn.MSELoss()(output, target)
--     loss:backward()
--
-- @classmod lacuna.nn.Loss
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local Loss = class('nn.Loss', Module)

--- Makes the loss.
-- @tparam[opt] table options `reduction`: `mean` (default) or `sum` over the batch; and those of
-- the loss
-- @tparam[opt] table defaults of the loss's own options
function Loss:__init(options, defaults)
   Module.__init(self)
   if defaults ~= nil and type(defaults) ~= 'table' then
      fail.raise('%s: defaults are %s, expected a table', self.__typename,
         fail.describe(defaults))
   end
   local known = { reduction = 'mean' }
   for name, default in pairs(defaults or {}) do known[name] = default end
   self.options = fail.options(self.__typename, options, known)
   local reduction = self.options.reduction
   if reduction ~= 'mean' and reduction ~= 'sum' then
      fail.raise('%s: reduction is %s, expected mean or sum', self.__typename,
         fail.describe(reduction))
   end
end

--- Reduces the losses of single items.
-- @tparam Tensor items
-- @treturn Tensor a scalar; the mean of no items is 0
function Loss:reduce(items)
   local total = ops.sum(items)
   if self.options.reduction == 'sum' then return total end
   return total / math.max(items:nElement(), 1)
end

--- Checks that two batches of rows have one shape.
-- @tparam string what names the second
-- @tparam Tensor a
-- @tparam Tensor b
function Loss:same(what, a, b)
   Tensor.check(self.__typename, 'input', a, 'float32')
   Tensor.check(self.__typename, what, b, 'float32')
   if table.concat(a.sizes, 'x') ~= table.concat(b.sizes, 'x') then
      fail.raise('%s: %s is %s, expected %s', self.__typename, what, table.concat(b.sizes, 'x'),
         table.concat(a.sizes, 'x'))
   end
end

return Loss
