--- Shapes: views, rows, blocks, concatenation, types and devices.
-- @module lacuna.ops.shape
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'

local run = native.ops

local MOST = 1000  -- arguments of one call

local function product(sizes, first, last)
   local count = 1
   for i = first, last do count = count * sizes[i] end
   return count
end

--- Gives the same elements another shape; shares storage.  One size may be -1: what is left.
-- @function view
-- @tparam Tensor x
-- @tparam table sizes
-- @treturn Tensor
ops.define('view', {
   forward = function(context, x, sizes)
      Tensor.check('view', 'input', x)
      if type(sizes) ~= 'table' then
         fail.raise('view: sizes are %s, expected a table', fail.describe(sizes))
      end
      local copy, known, open = {}, 1, nil
      for i = 1, #sizes do
         copy[i] = fail.whole('view', 'size', sizes[i], -1)
         if sizes[i] == -1 and open then fail.raise('view: two sizes are -1, expected one') end
         if sizes[i] == -1 then open = i else known = known * sizes[i] end
      end
      local count = x:nElement()
      if open then
         if known == 0 or count % known ~= 0 then
            fail.raise('view: %d elements do not split into %s', count, fail.shape(sizes))
         end
         copy[open], known = count / known, count
      end
      if known ~= count then
         fail.raise('view: sizes are %s, expected %d elements', fail.shape(copy), count)
      end
      context.sizes = x:shape()
      return x:slice(0, copy)
   end,
   backward = function(context, dy) return ops.view(dy, context.sizes) end,
})

-- Copies `width` elements for each of `blocks`, between places that are strides apart.
local function copyBlocks(y, x, blocks, width, yStart, yStride, xStart, xStride)
   if blocks > 0 and width > 0 then
      run.copy_blocks(y, x, blocks, width, yStart, yStride, xStart, xStride)
   end
end

local function checkDim(op, x, dim)
   if #x.sizes == 0 then fail.raise('%s: input is a scalar, expected dimensions', op) end
   return fail.whole(op, 'dimension', dim, 1, #x.sizes)
end

--- Takes a range along a dimension; a range of rows is a view, any other a copy.
-- @function narrow
-- @tparam Tensor x
-- @tparam number dim
-- @tparam number first from 1
-- @tparam number count
-- @treturn Tensor
ops.define('narrow', {
   forward = function(context, x, dim, first, count)
      Tensor.check('narrow', 'input', x)
      checkDim('narrow', x, dim)
      local size = x.sizes[dim]
      fail.whole('narrow', 'first', first, 1, size + 1)
      fail.whole('narrow', 'count', count, 0, size - first + 1)
      local sizes = x:shape()
      sizes[dim] = count
      context.sizes, context.dim, context.first = x:shape(), dim, first
      local inner = product(x.sizes, dim + 1, #x.sizes)
      if dim == 1 then return x:slice((first - 1) * inner, sizes) end
      local y = Tensor.raw(sizes, x.dtype, x.device)
      copyBlocks(y, x, product(sizes, 1, dim - 1), count * inner, 0, count * inner,
         (first - 1) * inner, size * inner)
      return y
   end,
   backward = function(context, dy)
      return ops.embed(dy, context.sizes, context.dim, context.first)
   end,
})

--- Puts a tensor into zeros of a larger shape: the transpose of @{narrow}.
-- @function embed
-- @tparam Tensor x
-- @tparam table sizes the larger shape
-- @tparam number dim
-- @tparam number first from 1
-- @treturn Tensor
ops.define('embed', {
   forward = function(context, x, sizes, dim, first)
      Tensor.check('embed', 'input', x)
      sizes = fail.sizes('embed', sizes)
      checkDim('embed', x, dim)
      for d = 1, math.max(#sizes, #x.sizes) do
         if #sizes ~= #x.sizes or d ~= dim and sizes[d] ~= x.sizes[d] then
            fail.raise('embed: sizes are %s, expected %s but for dimension %d',
               fail.shape(sizes), fail.shape(x.sizes), dim)
         end
      end
      fail.whole('embed', 'first', first, 1, sizes[dim] - x.sizes[dim] + 1)
      local y = Tensor.zeros(sizes, { dtype = x.dtype, device = x.device })
      local inner = product(sizes, dim + 1, #sizes)
      copyBlocks(y, x, product(sizes, 1, dim - 1), x.sizes[dim] * inner, (first - 1) * inner,
         sizes[dim] * inner, 0, x.sizes[dim] * inner)
      context.dim, context.first, context.count = dim, first, x.sizes[dim]
      return y
   end,
   backward = function(context, dy)
      return ops.narrow(dy, context.dim, context.first, context.count)
   end,
})

--- Concatenates along a dimension.
-- @function cat
-- @tparam number dim
-- @param ... tensors whose other sizes agree
-- @treturn Tensor
local cat = ops.define('cat', {
   forward = function(context, dim, ...)
      local parts = { ... }
      local n = select('#', ...)
      if n == 0 then fail.raise('cat: no tensors, expected at least one') end
      for i = 1, n do
         Tensor.check('cat', 'tensor ' .. i, parts[i], i > 1 and parts[1].dtype or nil)
      end
      checkDim('cat', parts[1], dim)
      local sizes, total = parts[1]:shape(), 0
      for i = 1, n do
         local p = parts[i]
         for d = 1, math.max(#sizes, #p.sizes) do
            if d ~= dim and p.sizes[d] ~= sizes[d] or #p.sizes ~= #sizes then
               fail.raise('cat: tensor %d is %s, expected %s but for dimension %d', i,
                  fail.shape(p.sizes), fail.shape(sizes), dim)
            end
         end
         total = total + p.sizes[dim]
      end
      sizes[dim] = total
      local y = Tensor.raw(sizes, parts[1].dtype, parts[1].device)
      local inner, outer = product(sizes, dim + 1, #sizes), product(sizes, 1, dim - 1)
      local first = 0
      context.dim, context.counts = dim, {}
      for i = 1, n do
         local count = parts[i].sizes[dim]
         context.counts[i] = count
         copyBlocks(y, parts[i], outer, count * inner, first * inner, total * inner, 0,
            count * inner)
         first = first + count
      end
      return y
   end,
   backward = function(context, dy)
      local grads, first = { false }, 1
      for i, count in ipairs(context.counts) do
         grads[i + 1] = ops.narrow(dy, context.dim, first, count)
         first = first + count
      end
      return unpack(grads)
   end,
})

--- Concatenates a table of tensors along a dimension.
-- @tparam table list
-- @tparam[opt=1] number dim
-- @treturn Tensor
function ops.concat(list, dim)
   if type(list) ~= 'table' or Tensor.is(list) then
      fail.raise('concat: list is %s, expected a table of tensors', fail.describe(list))
   end
   local n = #list
   if n <= MOST then return cat(dim or 1, unpack(list, 1, n)) end
   local parts = {}
   for i = 1, n, MOST do
      parts[#parts + 1] = cat(dim or 1, unpack(list, i, math.min(i + MOST - 1, n)))
   end
   return ops.concat(parts, dim)
end

--- Copies to another device; the same tensor if it is there already.
-- @function to
-- @tparam Tensor x
-- @tparam string device
-- @treturn Tensor
ops.define('to', {
   forward = function(context, x, device)
      Tensor.check('to', 'input', x)
      device = native.deviceName(native.device(device))
      context.device = x.device
      if x.device == device then return x end
      return Tensor.raw(x:shape(), x.dtype, device):copy(x)
   end,
   backward = function(context, dy) return ops.to(dy, context.device) end,
})

--- Converts to another dtype: towards zero and into range; nan becomes 0.  No gradient, except
-- from float32 to itself.
-- @tparam Tensor x
-- @tparam string dtype
-- @treturn Tensor
function ops.cast(x, dtype)
   Tensor.check('cast', 'input', x)
   if dtype == 'float32' and x.requiresGrad then return ops.affine(x, 1, 0) end
   local y = Tensor.raw(x:shape(), dtype, x.device)
   run.cast(y, x)
   return y
end

return ops
