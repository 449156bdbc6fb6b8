--- What is known of the values in an index tensor, so that they are read once, not at each use.
--
-- Kernels trust indices.  Those that come from outside are read and judged here; the library notes
-- its own as right when it makes them.  A note goes with the tensor and its aliases, and holds
-- until their storage is written.
-- @module lacuna.ops.trust
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local Tensor = require 'lacuna.Tensor'

local run = native.ops
local trust = {}

local function known(index)
   local note = index.known
   if not note or note.version ~= index:version() then
      note = { version = index:version() }
      index.known = note
   end
   return note
end

--- Notes the range of an index.
-- @tparam Tensor index int32
-- @tparam number low no element is below it
-- @tparam number high no element is above it
-- @treturn Tensor index
function trust.range(index, low, high)
   local note = known(index)
   note.low, note.high = low, high
   return index
end

--- Checks the range of an index.
-- @tparam string op who asks
-- @tparam Tensor index int32
-- @tparam number low the least that is right
-- @tparam number high the most that is right
-- @treturn Tensor index
function trust.check(op, index, low, high)
   Tensor.check(op, 'index', index, 'int32')
   local note = known(index)
   if not note.low then
      local range = Tensor.raw({ 2 }, 'int32', index.device)
      run.index_range(range, index)
      note.low, note.high = unpack(range:toFlat())
      range:release()
   end
   if note.low <= note.high and (note.low < low or note.high > high) then
      fail.raise('%s: index holds %d to %d, expected %d to %d', op, note.low, note.high, low, high)
   end
   return index
end

--- Notes that an index ascends from 0 to a number of rows, and so cuts them into segments.
-- @tparam Tensor first int32
-- @tparam number rows
-- @treturn Tensor first
function trust.segments(first, rows)
   known(first).rows = rows
   return first
end

--- Checks that an index cuts rows into segments.
-- @tparam string op who asks
-- @tparam Tensor first int32
-- @tparam number rows
-- @treturn number of segments
function trust.checkSegments(op, first, rows)
   Tensor.check(op, 'first', first, 'int32')
   if #first.sizes ~= 1 or first.sizes[1] < 1 then
      fail.raise('%s: first is %s, expected one dimension and one entry more than segments', op,
         fail.shape(first.sizes))
   end
   if known(first).rows ~= rows then
      local list = first:toFlat()
      if list[1] ~= 0 or list[#list] ~= rows then
         fail.raise('%s: first runs from %d to %d, expected 0 to %d', op, list[1], list[#list],
            rows)
      end
      for i = 2, #list do
         if list[i] < list[i - 1] then
            fail.raise('%s: first[%d] is %d after %d, expected ascending numbers', op, i, list[i],
               list[i - 1])
         end
      end
      trust.segments(first, rows)
   end
   return first.sizes[1] - 1
end

return trust
