--- Sparse convolution over a rulebook.
-- @module lacuna.ops.conv
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Sites = require 'lacuna.Sites'
local Tensor = require 'lacuna.Tensor'

local run = native.ops
local Rulebook = Sites.Rulebook

local function checkRows(op, what, x)
   Tensor.check(op, what, x)
   if #x.sizes ~= 2 then
      fail.raise('%s: %s is %s, expected 2 dimensions', op, what, fail.shape(x.sizes))
   end
end

--- Convolves: for each pair (in, out) of tap t, y[out] += x[in] w[t].
-- @function conv
-- @tparam Tensor x inputs x planesIn
-- @tparam Tensor w taps x planesIn x planesOut
-- @tparam ?Tensor bias planesOut, added once to each output row
-- @tparam Rulebook book
-- @treturn Tensor outputs x planesOut
ops.define('conv', {
   forward = function(context, x, w, bias, book)
      Tensor.check('conv', 'input', x)
      Tensor.check('conv', 'weight', w)
      if bias ~= nil then Tensor.check('conv', 'bias', bias) end
      Rulebook.check('conv', book)
      local y = Tensor.raw({ book.outputs, w.sizes[3] or 0 }, 'float32', x.device)
      run.conv(y, x, w, bias, book)
      context:save(x, w)
      context.book = context:hold(book)
      return y
   end,
   backward = function(context, dy)
      local x, w = context:unsave()
      local needs, book = context.needs, context.book
      local dx, dw, dbias
      if needs[1] then
         local reverse, flipped = book:reverse()
         dx = ops.conv(dy, ops.transposeTaps(w, flipped), nil, reverse)
      end
      if needs[2] then dw = ops.convGradW(x, dy, book) end
      if needs[3] then dbias = ops.sum(dy, 1) end
      return dx, dw, dbias
   end,
})

-- The pairs of a tap are summed in shares, so that many threads find work; their number depends on
-- the problem alone, and their memory stays below 64 MB.
local function shares(book, size)
   local wanted = math.floor(book.outputs / 8192)
   local room = math.floor(2 ^ 24 / math.max(book.taps * size, 1))
   return math.max(1, math.min(wanted, room, 16))
end

-- internal: the gradient of conv towards its weights: dw[t] = sum over t's pairs of x[in] dy[out].
ops.define('convGradW', {
   forward = function(context, x, dy, book)
      checkRows('convGradW', 'input', x)
      checkRows('convGradW', 'gradient', dy)
      Rulebook.check('convGradW', book)
      local planesIn, planesOut = x.sizes[2], dy.sizes[2]
      local dw = Tensor.raw({ book.taps, planesIn, planesOut }, 'float32', x.device)
      local work = Tensor.raw({ shares(book, planesIn * planesOut), book.taps, planesIn,
         planesOut }, 'float32', x.device)
      run.conv_grad_w(dw, work, x, dy, book)
      work:release()
      context:save(x, dy)
      context.book = context:hold(book)
      return dw
   end,
   backward = function(context, ddw)
      local x, dy = context:unsave()
      local needs, book = context.needs, context.book
      local dx, ddy
      if needs[1] then
         local reverse, flipped = book:reverse()
         dx = ops.conv(dy, ops.transposeTaps(ddw, flipped), nil, reverse)
      end
      if needs[2] then ddy = ops.conv(x, ddw, nil, book) end
      return dx, ddy
   end,
})

return ops
