--- Between nested Lua tables of numbers and C arrays of elements.
-- @module lacuna.elements
local bit = require 'bit'
local fail = require 'lacuna.fail'
local interrupt = require 'lacuna.interrupt'
local native = require 'lacuna.native'

local elements = {}

local MOST = native.C.LAC_MAX_NDIM
local PIECE = 512  -- elements of a table between two looks for Ctrl-C
local bounds = {
   int32 = { -2147483648, 2147483647 }, uint8 = { 0, 255 },
   int64 = { -9007199254740992, 9007199254740992 },
}

local function measure(values, sizes, depth)
   if type(values) ~= 'table' then return end
   if getmetatable(values) or depth > MOST then
      fail.raise('tensor: values hold %s at depth %d, expected numbers or tables of numbers',
         fail.describe(values), depth)
   end
   sizes[depth] = #values
   measure(values[1], sizes, depth + 1)
end

--- Tells the shape of nested tables by the first of each.
-- @param values a number, or tables
-- @treturn table sizes
-- @treturn number how many elements that makes
function elements.measure(values)
   local sizes, count = {}, 1
   measure(values, sizes, 1)
   for i = 1, #sizes do count = count * sizes[i] end
   return sizes, count
end

local function pour(buffer, values, sizes, depth, at, dtype)
   if depth > #sizes then
      if type(values) ~= 'number' then
         fail.raise('tensor: element %d is %s, expected a number', at + 1, fail.describe(values))
      end
      local range = bounds[dtype]
      if range and (values ~= math.floor(values) or values < range[1] or values > range[2]) then
         fail.raise('tensor: element %d is %.14g, expected a whole number for %s', at + 1, values,
            dtype)
      end
      buffer[at] = values
      return at + 1
   end
   if type(values) ~= 'table' or #values ~= sizes[depth] then
      fail.raise('tensor: a table at depth %d holds %s, expected %d elements', depth,
         type(values) == 'table' and #values or fail.describe(values), sizes[depth])
   end
   local count = sizes[depth]
   for first = 1, count, PIECE do
      if first > 1 then interrupt.check() end
      for i = first, math.min(first + PIECE - 1, count) do
         at = pour(buffer, values[i], sizes, depth + 1, at, dtype)
      end
   end
   return at
end

--- Writes nested tables into an array, if they have the shape and the numbers fit.
-- @tparam cdata buffer of the dtype
-- @param values
-- @tparam table sizes as @{measure} gives them
-- @tparam string dtype
function elements.pour(buffer, values, sizes, dtype) pour(buffer, values, sizes, 1, 0, dtype) end

local function nest(buffer, sizes, depth, at)
   if depth > #sizes then return tonumber(buffer[at]), at + 1 end
   local list = {}
   local count = sizes[depth]
   for first = 1, count, PIECE do
      if first > 1 then interrupt.check() end
      for i = first, math.min(first + PIECE - 1, count) do
         list[i], at = nest(buffer, sizes, depth + 1, at)
      end
   end
   return list, at
end

--- Reads an array into nested tables.
-- @tparam cdata buffer
-- @tparam table sizes
-- @treturn table|number
function elements.nest(buffer, sizes) return (nest(buffer, sizes, 1, 0)) end

--- Makes every nan of an array the usual one.  LuaJIT would take one with other bits for a value of
-- another type, even for a pointer: its numbers share their bits with its tags.
-- @tparam cdata buffer of floats
-- @tparam number count
function elements.tameNans(buffer, count)
   local words = native.cast('uint32_t *', buffer)
   for i = 0, count - 1 do
      if bit.band(words[i], 0x7fffffff) > 0x7f800000 then words[i] = 0x7fc00000 end
   end
end

return elements
