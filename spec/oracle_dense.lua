--- The part of the oracle about dense grids of any dimension, to compare sparse layers with.
--
-- A grid holds one sample: { size = { s1, ..., sd }, planes = c, cells = { row, ... } }, cells in
-- row-major order, last axis fastest; positions count from zero.
-- @module spec.oracle_dense
local sites = require 'spec.oracle_sites'

local dense = {}

local function cellIndex(size, position)
   local index = 0
   for axis = 1, #size do
      local c = position[axis]
      if c < 0 or c >= size[axis] then return nil end
      index = index * size[axis] + c
   end
   return index + 1
end

--- Spreads sparse features over a grid.
-- @tparam table coords
-- @tparam table features
-- @tparam table options  `size` (per axis), `planes`, `sample = 0`, `origin = 0` (the coordinates
--   of the first cell), `background = 0` (a row: what an inactive site holds)
-- @treturn table  the grid; sites outside it are left out
function dense.grid(coords, features, options)
   local size, planes = options.size, options.planes
   local origin = sites.perAxis(options.origin or 0, #size)
   local background = options.background or sites.perAxis(0, planes)
   local grid = { size = size, planes = planes, cells = {} }
   for i = 1, #sites.box(size) do grid.cells[i] = { unpack(background, 1, planes) } end
   for row, c in ipairs(coords) do
      local position = {}
      for axis = 1, #size do position[axis] = c[axis + 1] - origin[axis] end
      local index = cellIndex(size, position)
      if index and c[1] == (options.sample or 0) then
         grid.cells[index] = { unpack(features[row], 1, planes) }
      end
   end
   return grid
end

--- Reads the row at a position of a grid; nil outside.
function dense.gridAt(grid, position)
   local index = cellIndex(grid.size, position)
   return index and grid.cells[index]
end

-- Calls visit(row of the result, list of the rows in its window) at each output position.
local function overWindows(grid, options, planes, visit)
   local dimension = #grid.size
   local kernel = sites.perAxis(options.kernel, dimension)
   local stride = sites.perAxis(options.stride or 1, dimension)
   local dilation = sites.perAxis(options.dilation or 1, dimension)
   local pad = sites.perAxis(options.pad or 0, dimension)
   local padding = options.padding or sites.perAxis(0, grid.planes)

   local out = { planes = planes, cells = {} }
   out.size = sites.outputSize(grid.size, kernel, stride, dilation, pad)
   local taps = sites.box(kernel)
   for i, o in ipairs(sites.box(out.size)) do
      local window = {}
      for t, tap in ipairs(taps) do
         local position = {}
         for a = 1, dimension do
            position[a] = stride[a] * o[a] + tap[a] * dilation[a] - pad[a]
         end
         window[t] = dense.gridAt(grid, position) or padding
      end
      out.cells[i] = visit(window)
   end
   return out
end

--- Convolves a grid.
-- @tparam table grid
-- @tparam table weight  weight[tap][input plane][output plane]
-- @tparam table options  `kernel`, `stride = 1`, `dilation = 1`, `pad = 0` (numbers or per axis),
--   `bias = 0` (a row), `padding = 0` (a row: what lies outside the grid)
function dense.denseConv(grid, weight, options)
   local planes = #weight[1][1]
   return overWindows(grid, options, planes, function(window)
      local row = {}
      for q = 1, planes do
         row[q] = options.bias and options.bias[q] or 0
         for tap, x in ipairs(window) do
            for p = 1, grid.planes do row[q] = row[q] + x[p] * weight[tap][p][q] end
         end
      end
      return row
   end)
end

--- Takes the largest of each window, the padding value included where the window sees it.
function dense.denseMaxPool(grid, options)
   return overWindows(grid, options, grid.planes, function(window)
      local row = {}
      for p = 1, grid.planes do
         row[p] = window[1][p]
         for _, x in ipairs(window) do row[p] = math.max(row[p], x[p]) end
      end
      return row
   end)
end

--- Averages each window, dividing by its volume.
function dense.denseAveragePool(grid, options)
   return overWindows(grid, options, grid.planes, function(window)
      local row = {}
      for p = 1, grid.planes do
         row[p] = 0
         for _, x in ipairs(window) do row[p] = row[p] + x[p] / #window end
      end
      return row
   end)
end

--- Spreads a batch: a flat array, row-major batch x planes x spatial size.
-- @tparam table coords
-- @tparam table features
-- @tparam number batches
-- @tparam table spatialSize  per axis
-- @tparam number planes
-- @tparam[opt] table background  a row, else zeros
function dense.sparseToDense(coords, features, batches, spatialSize, planes, background)
   local flat = {}
   for sample = 0, batches - 1 do
      local grid = dense.grid(coords, features,
         { size = spatialSize, planes = planes, sample = sample, background = background })
      for p = 1, planes do
         for _, row in ipairs(grid.cells) do flat[#flat + 1] = row[p] end
      end
   end
   return flat
end

return dense
