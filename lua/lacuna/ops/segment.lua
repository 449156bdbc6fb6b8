--- Reductions over stretches of rows, such as the rows of each sample.
--
-- `first` is int32 with one entry more than there are segments: segment s holds the rows
-- first[s] + 1 .. first[s + 1].  An empty segment gives 0.
-- @module lacuna.ops.segment
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'
local trust = require 'lacuna.ops.trust'

local run = native.ops

local function check(op, x, first)
   Tensor.check(op, 'input', x, 'float32')
   if #x.sizes ~= 2 then
      fail.raise('%s: input is %s, expected 2 dimensions', op, fail.shape(x.sizes))
   end
   return trust.checkSegments(op, first, x)
end

--- Adds up the rows of each segment.
-- @function segmentSum
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c
ops.define('segmentSum', {
   forward = function(context, x, first)
      local y = Tensor.raw({ check('segmentSum', x, first), x.sizes[2] }, 'float32', x.device)
      run.segment_sum(y, x, first)
      context:save(first)
      context.rows = x.sizes[1]
      return y
   end,
   backward = function(context, dy)
      return ops.segmentExpand(dy, context:unsave(), context.rows)
   end,
})

--- Repeats each row over its segment.
-- @function segmentExpand
-- @tparam Tensor x s x c
-- @tparam Tensor first s + 1, int32
-- @tparam number rows n
-- @treturn Tensor n x c
ops.define('segmentExpand', {
   forward = function(context, x, first, rows)
      Tensor.check('segmentExpand', 'input', x, 'float32')
      fail.whole('segmentExpand', 'rows', rows, 0, 2147483647)
      if #x.sizes ~= 2 then
         fail.raise('segmentExpand: input is %s, expected 2 dimensions',
            fail.shape(x.sizes))
      end
      local y = Tensor.raw({ rows, x.sizes[2] }, 'float32', x.device)
      if check('segmentExpand', y, first) ~= x.sizes[1] then
         fail.raise('segmentExpand: input has %d rows, expected %d, one for each segment',
            x.sizes[1], first.sizes[1] - 1)
      end
      run.segment_expand(y, x, first)
      context:save(first)
      return y
   end,
   backward = function(context, dy) return ops.segmentSum(dy, context:unsave()) end,
})

--- Averages the rows of each segment.
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c
function ops.segmentMean(x, first)
   local segments = check('segmentMean', x, first)
   local ends = ops.cast(ops.narrow(first, 1, 2, segments), 'float32')
   local starts = ops.cast(ops.narrow(first, 1, 1, segments), 'float32')
   local counts = ops.maximum(ends - starts, 1)
   return ops.segmentSum(x, first) / ops.view(counts, { segments, 1 })
end

local function extreme(name, cName)
   ops.define(name, {
      forward = function(context, x, first)
         local y = Tensor.raw({ check(name, x, first), x.sizes[2] }, 'float32', x.device)
         local argument = Tensor.raw(y:shape(), 'int32', x.device)
         run[cName](y, argument, x, first)
         context:save(trust.range(argument, -1, trust.rows(x) - 1))
         context.rows = x.sizes[1]
         return y
      end,
      backward = function(context, dy)
         return ops.spreadColumns(dy, context:unsave(), context.rows)
      end,
   })
end

local function extremePlace(name, cName)
   return function(x, first)
      local y = Tensor.raw({ check(name, x, first), x.sizes[2] }, 'float32', x.device)
      local argument = Tensor.raw(y:shape(), 'int32', x.device)
      run[cName](y, argument, x, first)
      run.index_shift(argument, argument, 1)
      return argument
   end
end

--- Finds where the largest of each plane in each segment is.  No gradient.
-- @function segmentArgmax
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c, int32: rows of x from one, the first of equals; 0 in an empty segment
ops.segmentArgmax = extremePlace('segmentArgmax', 'segment_max')

--- Finds where the smallest of each plane in each segment is.  No gradient.
-- @function segmentArgmin
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c, int32: rows of x from one, the first of equals; 0 in an empty segment
ops.segmentArgmin = extremePlace('segmentArgmin', 'segment_min')

--- Computes the Euclidean length of each plane over each segment; its gradient at 0 is 0.
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c
function ops.segmentNorm(x, first) return ops.root(ops.segmentSum(ops.square(x), first)) end

--- Finds the largest of each plane in each segment.
-- @function segmentMax
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c
extreme('segmentMax', 'segment_max')

--- Finds the smallest of each plane in each segment.
-- @function segmentMin
-- @tparam Tensor x n x c
-- @tparam Tensor first s + 1, int32
-- @treturn Tensor s x c
extreme('segmentMin', 'segment_min')

-- internal: dx[argument[s][c]][c] += dy[s][c].
ops.define('spreadColumns', {
   forward = function(context, x, argument, rows)
      Tensor.check('spreadColumns', 'input', x)
      trust.check('spreadColumns', argument, -1, fail.whole('spreadColumns', 'rows', rows, 0) - 1)
      local y = Tensor.raw({ rows, x.sizes[2] }, 'float32', x.device)
      run.spread_columns(y, x, argument)
      context:save(argument)
      return y
   end,
   backward = function(context, dy) return ops.takeColumns(dy, context:unsave()) end,
})

-- internal: the transpose of spreadColumns.
ops.define('takeColumns', {
   forward = function(context, x, argument)
      Tensor.check('takeColumns', 'input', x)
      trust.check('takeColumns', argument, -1, trust.rows(x) - 1)
      local y = Tensor.raw(argument:shape(), 'float32', x.device)
      run.take_columns(y, x, argument)
      context:save(argument)
      context.rows = x.sizes[1]
      return y
   end,
   backward = function(context, dy)
      return ops.spreadColumns(dy, context:unsave(), context.rows)
   end,
})

return ops
