--- Rows by index.  Index tensors are int32 and count from one for the user, from zero inside.
-- @module lacuna.ops.gather
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'
local trust = require 'lacuna.ops.trust'

local run = native.ops

--- Checks an index tensor and turns it to count from zero.
-- @tparam string op who asks
-- @tparam Tensor index int32, from one; or a table of numbers
-- @tparam ?number count the elements that it must have
-- @tparam number limit the largest index that is right
-- @tparam[opt] string device where a table of numbers goes
-- @treturn Tensor int32, from zero
function ops.index(op, index, count, limit, device)
   if type(index) == 'table' and not Tensor.is(index) then
      index = Tensor.of(index, { dtype = 'int32', device = device })
   end
   Tensor.check(op, 'index', index, 'int32')
   if #index.sizes ~= 1 or count and index.sizes[1] ~= count then
      fail.raise('%s: index is %s, expected %s', op, fail.shape(index.sizes),
         count and count .. ' elements' or 'one dimension')
   end
   trust.check(op, index, 1, limit)
   local zeroBased = index:newLike()
   run.index_shift(zeroBased, index, -1)
   return trust.range(zeroBased, 0, limit - 1)
end

-- internal: the index with a number added to each element.
function ops.shiftIndex(index, by)
   local shifted = Tensor.check('shiftIndex', 'index', index, 'int32'):newLike()
   run.index_shift(shifted, index, by)
   return shifted
end

-- internal: y[i] = x[index[i]], index from zero, -1 for a row of zeros.
ops.define('gatherRows', {
   forward = function(context, x, index)
      local sizes = Tensor.check('gather', 'input', x):shape()
      trust.check('gather', index, -1, trust.rows(x) - 1)
      sizes[1] = index:nElement()
      local y = Tensor.raw(sizes, x.dtype, x.device)
      run.gather(y, x, index)
      context:save(index)
      context.rows = x.sizes[1]
      return y
   end,
   backward = function(context, dy)
      return ops.scatterRows(dy, context:unsave(), context.rows)
   end,
})

-- internal: y[index[i]] += x[i] over zeros, in the order of i; index from zero.
ops.define('scatterRows', {
   forward = function(context, x, index, rows)
      Tensor.check('scatterAdd', 'input', x, 'float32')
      fail.whole('scatterAdd', 'rows', rows, 0, 2147483647)
      trust.check('scatterAdd', index, -1, rows - 1)
      local sizes, count = x:shape(), index:nElement()
      if sizes[1] ~= count then
         fail.raise('scatterAdd: index has %d elements, expected %s', count, tostring(sizes[1]))
      end
      local order = Tensor.raw({ count }, 'int32', x.device)
      local first = Tensor.raw({ rows + 1 }, 'int32', x.device)
      run.group(order, first, index)
      local width = 1
      for d = 2, #sizes do width = width * sizes[d] end
      local sorted = Tensor.raw({ sizes[1], width }, 'float32', x.device)
      run.gather(sorted, x:slice(0, { sizes[1], width }), order)
      sizes[1] = rows
      local y = Tensor.raw({ rows, width }, 'float32', x.device)
      run.segment_sum(y, sorted, first)
      context:save(index)
      return y:slice(0, sizes)
   end,
   backward = function(context, dy) return ops.gatherRows(dy, context:unsave()) end,
})

--- Takes rows: y[i] = x[index[i]].
-- @tparam Tensor x n x …
-- @tparam Tensor|table index m, int32, rows from one
-- @treturn Tensor m x …
function ops.gather(x, index)
   Tensor.check('gather', 'input', x)
   if #x.sizes == 0 then fail.raise('gather: input is a scalar, expected rows') end
   return ops.gatherRows(x, ops.index('gather', index, nil, x.sizes[1], x.device))
end

--- Adds rows up: y[index[i]] += x[i], in the order of i, from zeros.
-- @tparam Tensor x m x …
-- @tparam Tensor|table index m, int32, rows from one
-- @tparam number rows of the result
-- @treturn Tensor rows x …
function ops.scatterAdd(x, index, rows)
   Tensor.check('scatterAdd', 'input', x, 'float32')
   if #x.sizes == 0 then fail.raise('scatterAdd: input is a scalar, expected rows') end
   fail.whole('scatterAdd', 'rows', rows, 0, 2147483647)
   return ops.scatterRows(x, ops.index('scatterAdd', index, x.sizes[1], rows, x.device), rows)
end

return ops
