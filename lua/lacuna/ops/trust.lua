--- What is known of the values in an index tensor, so that they are read once, not at each use.
--
-- Kernels trust indices.  Those that come from outside are read and judged here; the library notes
-- its own as right when it makes them.  A note goes with the tensor and its aliases, and holds
-- until their storage is written.  Notes stand where scripts can't write, and what is compared with
-- them comes from C: the fields of an object may say anything.
-- @module lacuna.ops.trust
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local notes = require 'lacuna.notes'
local Tensor = require 'lacuna.Tensor'

local C, run = native.C, native.ops
local checkTensor, raw, values = Tensor.check, Tensor.raw, notes.values
local trust = {}

local function known(index)
   local handle = checkTensor('trust', 'index', index).handle
   local version = C.lac_tensor_version(handle)
   local note = values[handle]
   if not note or note.version ~= version then
      note = { version = version }
      values[handle] = note
   end
   return note
end

--- Counts the rows of a tensor.
-- @tparam Tensor x a live one
-- @treturn number its first size, 1 of a scalar
function trust.rows(x)
   local handle = checkTensor('trust', 'input', x).handle
   return C.lac_tensor_ndim(handle) > 0 and C.lac_tensor_size(handle, 0) or 1
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
   checkTensor(op, 'index', index, 'int32')
   local note = known(index)
   if not note.low then
      local range = raw({ 2 }, 'int32', index.device)
      run.index_range(range, index)
      local found = native.new 'int32_t[2]'
      native.check(C.lac_tensor_read(found, 8, range.handle))
      range:release()
      note.low, note.high = found[0], found[1]
   end
   if note.low <= note.high and not (note.low >= low and note.high <= high) then
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

--- Checks that an index cuts the rows of a tensor into segments.
-- @tparam string op who asks
-- @tparam Tensor first int32
-- @tparam Tensor x what has the rows
-- @treturn number of segments
function trust.checkSegments(op, first, x)
   checkTensor(op, 'first', first, 'int32')
   local handle, rows = first.handle, trust.rows(x)
   local count = C.lac_tensor_count(handle)
   if C.lac_tensor_ndim(handle) ~= 1 or count < 1 then
      fail.raise('%s: first is %s, expected one dimension and one entry more than segments', op,
         fail.shape(first.sizes))
   end
   if known(first).rows ~= rows then
      local list = native.new('int32_t[?]', count)
      native.check(C.lac_tensor_read(list, 4 * count, handle))
      if list[0] ~= 0 or list[count - 1] ~= rows then
         fail.raise('%s: first runs from %d to %d, expected 0 to %d', op, list[0], list[count - 1],
            rows)
      end
      for i = 1, count - 1 do
         if list[i] < list[i - 1] then
            fail.raise('%s: first[%d] is %d after %d, expected ascending numbers', op, i + 1,
               list[i], list[i - 1])
         end
      end
      trust.segments(first, rows)
   end
   return count - 1
end

--- Notes that a tensor holds the cells of a set of sites.
-- @tparam Tensor cells int64
-- @tparam cdata sites the handle of the set
-- @treturn Tensor cells
function trust.cells(cells, sites)
   known(cells).cells = C.lac_sites_id(sites)
   return cells
end

--- Checks that cells are those of a set of sites, and a dense tensor has them all.
-- @tparam string op who asks
-- @tparam Tensor cells
-- @tparam Sites sites
-- @tparam Tensor dense batch x planes x spatial size
function trust.checkCells(op, cells, sites, dense)
   local set, grid = sites.handle, checkTensor(op, 'grid', dense).handle
   if not native.live('sites', set) or known(cells).cells ~= C.lac_sites_id(set) then
      fail.raise('%s: the cells are not those of the sites', op)
   end
   local dimension = C.lac_sites_dimension(set)
   local fits = C.lac_tensor_ndim(grid) == 2 + dimension
      and C.lac_tensor_size(grid, 0) == C.lac_sites_batch(set)
   for a = 1, dimension do
      fits = fits and C.lac_tensor_size(grid, 1 + a) == C.lac_sites_spatial_size(set, a - 1)
   end
   if not fits then fail.raise('%s: the grid is not that of the sites', op) end
end

return trust
