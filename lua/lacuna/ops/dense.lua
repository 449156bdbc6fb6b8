--- Rows to dense grids and back.
-- @module lacuna.ops.dense
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Sites = require 'lacuna.Sites'
local Tensor = require 'lacuna.Tensor'
local trust = require 'lacuna.ops.trust'

local run = native.ops

local function denseSizes(op, sites, planes)
   if not Sites.is(sites) then
      fail.raise('%s: sites are %s, expected sites', op, fail.describe(sites))
   end
   return sites:denseSizes(op, planes)
end

--- Places rows into a dense grid.
-- @function toDense
-- @tparam Tensor x count x planes
-- @tparam Sites sites with a spatial size
-- @tparam[opt] Tensor background planes: what other cells hold, else zero
-- @treturn Tensor batch x planes x spatial size
ops.define('toDense', {
   forward = function(context, x, sites, background)
      Tensor.check('toDense', 'input', x)
      if #x.sizes ~= 2 then
         fail.raise('toDense: input is %s, expected 2 dimensions', fail.shape(x.sizes))
      end
      local y = Tensor.raw(denseSizes('toDense', sites, x.sizes[2]), 'float32', x.device)
      local cells = sites:cells()
      trust.checkCells('toDense', cells, sites, y)
      run.to_dense(y, x, cells, background)
      context.sites = context:hold(sites)
      context.background = background and background:shape()
      return y
   end,
   backward = function(context, dy)
      local dx = ops.fromDense(dy, context.sites)
      if not context.needs[3] then return dx end
      -- every cell but the sites' own
      local planes = dy.sizes[2]
      local flat = ops.view(dy, { dy.sizes[1], planes, -1 })
      local all = ops.sum(ops.sum(flat, 3), 1)
      return dx, nil, ops.view(all - ops.sum(dx, 1), context.background)
   end,
})

--- Takes the rows of sites out of a dense grid.
-- @function fromDense
-- @tparam Tensor x batch x planes x spatial size
-- @tparam Sites sites
-- @treturn Tensor count x planes
ops.define('fromDense', {
   forward = function(context, x, sites)
      Tensor.check('fromDense', 'input', x)
      local sizes = denseSizes('fromDense', sites, x.sizes[2] or 0)
      for d = 1, math.max(#sizes, #x.sizes) do
         if sizes[d] ~= x.sizes[d] then
            fail.raise('fromDense: input is %s, expected %s', fail.shape(x.sizes),
               fail.shape(sizes))
         end
      end
      local y = Tensor.raw({ sites.count, x.sizes[2] }, 'float32', x.device)
      local cells = sites:cells()
      trust.checkCells('fromDense', cells, sites, x)
      run.from_dense(y, x, cells)
      context.sites = context:hold(sites)
      return y
   end,
   backward = function(context, dy) return ops.toDense(dy, context.sites) end,
})

return ops
