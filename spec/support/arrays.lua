--- Flat arrays of numbers with a `shape`, for references that are written by definition in Lua
-- doubles.
-- @module spec.support.arrays
local lacuna = require 'lacuna'

local arrays = {}

local function volume(shape, first, last)
   local count = 1
   for axis = first or 1, last or #shape do count = count * shape[axis] end
   return count
end
arrays.volume = volume

--- Draws an array: whole numbers from -limit to limit, or without a limit multiples of 2^-10 in
-- [-2, 2), which float32 holds exactly.
-- @tparam table random as `oracle.random` makes it
-- @tparam table shape
-- @tparam[opt] number limit
function arrays.random(random, shape, limit)
   local a = { shape = shape }
   for i = 1, volume(shape) do
      a[i] = limit and random:integer(-limit, limit) or random:integer(-2048, 2047) / 1024
   end
   return a
end

--- Makes a tensor of an array.
-- @tparam table a
-- @tparam[opt] table options `dtype`, `requiresGrad`
function arrays.tensor(a, options)
   options = options or {}
   return lacuna.tensor(a, { dtype = options.dtype, requiresGrad = options.requiresGrad,
      shape = a.shape })
end

--- Applies f to each number.
function arrays.map(a, f)
   local y = { shape = a.shape }
   for i = 1, #a do y[i] = f(a[i]) end
   return y
end

-- The place in an array of `shape` of element i of one of the larger shape `whole`.
local function placeOf(i, whole, shape)
   local rest, place, step = i - 1, 0, 1
   for axis = #whole, 1, -1 do
      local own = shape[axis - #whole + #shape] or 1
      local index = rest % whole[axis]
      rest = math.floor(rest / whole[axis])
      if own > 1 then place = place + index * step end
      step = step * own
   end
   return place + 1
end

--- Tells the shape that shapes broadcast to.
function arrays.shapeOf(...)
   local whole = {}
   for _, a in ipairs { ... } do
      while #whole < #a.shape do table.insert(whole, 1, 1) end
      for axis = 1, #a.shape do
         local at = #whole - #a.shape + axis
         if a.shape[axis] ~= 1 then whole[at] = a.shape[axis] end
      end
   end
   return whole
end

--- Applies f to the elements of arrays that are broadcast as NumPy does.
function arrays.broadcast(f, ...)
   local whole, list, y = arrays.shapeOf(...), { ... }, {}
   y.shape = whole
   for i = 1, volume(whole) do
      local values = {}
      for k, a in ipairs(list) do values[k] = a[placeOf(i, whole, a.shape)] end
      y[i] = f(unpack(values))
   end
   return y
end

--- Adds an array up to a shape that broadcasts to its own.
function arrays.sumTo(a, shape)
   local y = { shape = shape }
   for i = 1, volume(shape) do y[i] = 0 end
   for i = 1, #a do
      local place = placeOf(i, a.shape, shape)
      y[place] = y[place] + a[i]
   end
   return y
end

--- Applies f to the list of numbers along a dimension, or to all of them; gives its results,
-- first and second.
function arrays.along(f, a, dim, keep)
   local shape = a.shape
   local outer, middle, inner = 1, #a, 1
   local y, z = { shape = {} }, { shape = {} }
   if dim then
      outer, middle, inner = volume(shape, 1, dim - 1), shape[dim], volume(shape, dim + 1)
      for axis = 1, #shape do
         if axis ~= dim or keep then table.insert(y.shape, axis == dim and 1 or shape[axis]) end
      end
      z.shape = y.shape
   end
   for o = 0, outer - 1 do
      for i = 1, inner do
         local list = {}
         for m = 0, middle - 1 do list[m + 1] = a[(o * middle + m) * inner + i] end
         y[#y + 1], z[#z + 1] = f(list)
      end
   end
   return y, z
end

--- Turns an array into nested ones, as the oracle wants matrices.
function arrays.nested(a, depth, at)
   depth, at = depth or 1, at or { 0 }
   if depth > #a.shape then
      at[1] = at[1] + 1
      return a[at[1]]
   end
   local list = {}
   for i = 1, a.shape[depth] do list[i] = arrays.nested(a, depth + 1, at) end
   return list
end

return arrays
