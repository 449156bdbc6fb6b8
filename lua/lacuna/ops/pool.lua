--- Pooling over a rulebook.
-- @module lacuna.ops.pool
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Sites = require 'lacuna.Sites'
local Tensor = require 'lacuna.Tensor'
local trust = require 'lacuna.ops.trust'

local run = native.ops
local Rulebook = Sites.Rulebook

local function checkInput(op, x)
   Tensor.check(op, 'input', x)
   if #x.sizes ~= 2 then
      fail.raise('%s: input is %s, expected 2 dimensions', op, fail.shape(x.sizes))
   end
end

--- Takes the largest input of each output row: a true maximum, negative ones too.  Of equals the
-- first in tap order has the gradient.
-- @function maxPool
-- @tparam Tensor x inputs x planes
-- @tparam Rulebook book
-- @treturn Tensor outputs x planes
ops.define('maxPool', {
   forward = function(context, x, book)
      checkInput('maxPool', x)
      Rulebook.check('maxPool', book)
      local sizes = { book.outputs, x.sizes[2] }
      local y = Tensor.raw(sizes, 'float32', x.device)
      local argument = Tensor.raw(y:shape(), 'int32', x.device)
      run.max_pool(y, argument, x, book)
      context:save(trust.range(argument, -1, trust.rows(x) - 1))
      context.book = context:hold(book)
      return y
   end,
   backward = function(context, dy)
      return ops.maxUnpool(dy, context:unsave(), context.book)
   end,
})

-- internal: the gradient of maxPool, and its own: both move values along the chosen pairs.
ops.define('maxUnpool', {
   forward = function(context, dy, argument, book)
      checkInput('maxUnpool', dy)
      Rulebook.check('maxUnpool', book)
      local reverse = book:reverse()  -- the order of its taps does not matter here
      local dx = Tensor.raw({ book.inputs, dy.sizes[2] }, 'float32', dy.device)
      run.max_pool_grad(dx, dy, argument, reverse)
      context:save(argument)
      return dx
   end,
   backward = function(context, ddx) return ops.takeColumns(ddx, context:unsave()) end,
})

--- Adds up the inputs of each output row.
-- @function sumPool
-- @tparam Tensor x inputs x planes
-- @tparam Rulebook book
-- @treturn Tensor outputs x planes
ops.define('sumPool', {
   forward = function(context, x, book)
      checkInput('sumPool', x)
      Rulebook.check('sumPool', book)
      local y = Tensor.raw({ book.outputs, x.sizes[2] }, 'float32', x.device)
      run.sum_pool(y, x, book)
      context.book = context:hold(book)
      return y
   end,
   backward = function(context, dy) return ops.sumPool(dy, (context.book:reverse())) end,
})

return ops
