--- What `lacuna.view` can show, turned into plain descriptions: where, and what values.
--
-- A description has `kind` (`voxels`, `points`, `mesh`, or `none` for what cannot be shown),
-- `about`, `dimension`, `count`, where things are (`coords`, a list of whole numbers, or `floats`,
-- a tensor), and what `attach` adds: `features`, `labels`, `rgb`.
-- @module lacuna.view.read
local fail = require 'lacuna.fail'
local mesh = require 'lacuna.mesh'
local Sites = require 'lacuna.Sites'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

-- internal: for lacuna.view.
local read = {}

local MOST_CELLS, MOST_THINGS, MOST_VALUES = 2 ^ 27, 2 ^ 22, 2 ^ 25

local function checkCount(what, count, things, most)
   if count > most then
      fail.raise('view: %s has %d %s, expected at most %d', what, count, things, most)
   end
end

local function grouped(n)
   local text = ('%d'):format(n):reverse():gsub('(%d%d%d)', '%1,'):reverse()
   return (text:gsub('^,', ''))
end

-- A float32 copy on the cpu of a tensor of any dtype.
local function floatsOf(t)
   if t.dtype == 'float32' then
      return Tensor.raw(t:shape(), 'float32', 'cpu'):copy(t)
   end
   local copy = Tensor.of(t:toFlat(), { device = 'cpu' })
   return copy:view(t:shape()), copy
end

-- ---- sites ----------------------------------------------------------------------------------

local function readSites(what, sites)
   if sites.handle == nil then
      fail.raise('view: the sites of %s were released, expected live ones', what)
   end
   local d = sites.dimension
   if d > 3 then
      fail.raise('view: %s has %d dimensions, expected 1 to 3', what, d)
   end
   checkCount(what, sites.count, 'sites', MOST_THINGS)
   local coords = sites:coords()
   local flat, list, samples = coords:toFlat(), {}, { 0 }
   coords:release()
   for i = 0, sites.count - 1 do
      local sample = flat[i * (d + 1) + 1]
      while #samples < sample do samples[#samples + 1] = i end
      for a = 1, d do list[i * d + a] = flat[i * (d + 1) + 1 + a] end
   end
   while #samples <= sites.batchSize do samples[#samples + 1] = sites.count end
   local size = sites.spatialSize
   return {
      kind = 'voxels', dimension = d, count = sites.count, coords = list, shared = sites.id,
      samples = #samples > 1 and samples or nil,
      about = ('%s sites%s'):format(grouped(sites.count),
         size and ' of ' .. table.concat(size, ' x ') .. ' cells' or ''),
   }
end

local function readSparse(what, x)
   Tensor.check('view', 'features of ' .. what, x.features, 'float32')
   checkCount(what, x.features:nElement(), 'values', MOST_VALUES)
   local item = readSites(what, x.sites)
   item.features = x.features
   item.about = ('%s, %d plane%s'):format(item.about, x:planes(), x:planes() == 1 and '' or 's')
   return item
end

-- ---- tensors --------------------------------------------------------------------------------

-- The cells of a dense grid that are not zero, slab by slab.
local function readGrid(what, x)
   local sizes = x.sizes
   if x:nElement() > MOST_CELLS then
      fail.raise('view: %s is %s, expected at most 2^27 cells', what, fail.shape(sizes))
   end
   local coords, values, n, same = {}, {}, 0, true
   for i = 1, x:nElement() > 0 and sizes[1] or 0 do
      local slab = x[i]
      local list = slab:toFlat()
      slab:release()
      for c = 1, #list do
         local v = list[c]
         if v ~= 0 then
            n = n + 1
            checkCount(what, n, 'cells that are not zero', MOST_THINGS)
            coords[3 * n - 2], coords[3 * n - 1] = i - 1, math.floor((c - 1) / sizes[3])
            coords[3 * n], values[n] = (c - 1) % sizes[3], v
            same = same and v == values[1]
         end
      end
   end
   local item = {
      kind = 'voxels', dimension = 3, count = n, coords = coords,
      about = ('%s cells that are not zero of %s'):format(grouped(n),
         table.concat(sizes, ' x ')),
   }
   if n > 0 and not same then
      item.features = Tensor.of(values, { device = 'cpu' }):view(n, 1)
      item.made = { item.features }
   end
   return item
end

local function readTensor(what, x)
   Tensor.check('view', what, x)
   local s = x.sizes
   local whole = x.dtype == 'int32' or x.dtype == 'int64'
   if #s == 2 and s[2] == 3 then
      checkCount(what, s[1], 'points', MOST_THINGS)
      local copy, base = floatsOf(x)
      return {
         kind = 'points', dimension = 3, count = s[1], floats = copy, made = { copy, base },
         about = grouped(s[1]) .. ' points',
      }
   elseif #s == 2 and s[2] == 4 and whole then
      local sites = Sites.new(x, { device = 'cpu' })
      local item = readSites(what, sites)
      item.shared, item.points = nil, sites:pointRows():toFlat()
      sites:release()
      return item
   elseif #s == 3 then
      return readGrid(what, x)
   elseif #s == 5 and x.dtype == 'float32' then
      local sparse = SparseTensor.fromDense(x)
      local item = readSparse(what, sparse)
      item.made = { sparse.features, sparse.sites }
      return item
   end
   fail.raise('view: %s is a tensor %s of %s, expected points, n x 3, or sites, n x 4 of int32, or '
      .. 'a grid of 3 sizes, or batch x planes x 3 sizes', what, fail.shape(s), x.dtype)
end

local function readMesh(what, m)
   if m.handle == nil then fail.raise('view: %s was released, expected a live mesh', what) end
   checkCount(what, m:nVertices(), 'vertices', MOST_THINGS)
   checkCount(what, m:nTriangles(), 'triangles', MOST_THINGS)
   local vertices, triangles = m:vertices(), m:triangles()
   local item = {
      kind = 'mesh', dimension = 3, count = m:nVertices(), floats = vertices,
      made = { vertices }, triangles = triangles:toFlat(),
      about = ('%s vertices, %s triangles'):format(grouped(m:nVertices()),
         grouped(m:nTriangles())),
   }
   triangles:release()
   return item
end

-- Turns an object into a description.
function read.object(what, x)
   if mesh.is(x) then return readMesh(what, x) end
   if SparseTensor.is(x) then return readSparse(what, x) end
   if Sites.is(x) then return readSites(what, x) end
   if Tensor.is(x) then return readTensor(what, x) end
   fail.raise('view: %s is %s, expected a mesh, points, a grid, sites or a SparseTensor', what,
      fail.describe(x))
end

-- ---- what is told about each row ------------------------------------------------------------

-- The rows of an attribute in the order of the sites: whoever gave n x 4 coordinates gave the rest
-- in their order.
local function inOrder(what, item, list, width)
   if not item.points then return list end
   if #item.points ~= item.count then
      fail.raise('view: %s are for %d points on %d sites, expected no duplicates', what,
         #item.points, item.count)
   end
   local out = {}
   for i, row in ipairs(item.points) do
      for p = 1, width do out[row * width + p] = list[(i - 1) * width + p] end
   end
   return out
end

local function checkRows(what, rows, item)
   local expected = item.points and #item.points or item.count
   if rows ~= expected then
      fail.raise('view: %s have %d rows, expected %d, one for each %s', what, rows, expected,
         item.kind == 'mesh' and 'vertex' or item.kind == 'points' and 'point' or 'site')
   end
end

local function keep(item, ...)
   item.made = item.made or {}
   for i = 1, select('#', ...) do item.made[#item.made + 1] = (select(i, ...)) end
end

local function attachValues(item, values)
   local made
   if type(values) == 'table' and not getmetatable(values) then
      values = Tensor.of(values, { device = 'cpu' })
      made = values
   end
   Tensor.check('view', 'values', values)
   local s = values.sizes
   if #s ~= 1 and #s ~= 2 then
      fail.raise('view: values are %s, expected n or n x planes', fail.shape(s))
   end
   checkRows('values', s[1], item)
   checkCount('values', values:nElement(), 'numbers', MOST_VALUES)
   local width = s[2] or 1
   local list = inOrder('values', item, values:toFlat(), width)
   local flat = Tensor.of(list, { device = 'cpu' })
   item.features = flat:view(s[1], width)
   keep(item, made, flat, item.features)
end

local function before(a, b)
   if type(a) == type(b) then return a < b end
   return type(a) == 'number'
end

local function attachLabels(item, labels, text)
   if Tensor.is(labels) then labels = Tensor.check('view', 'labels', labels):toTable() end
   if type(labels) ~= 'table' or getmetatable(labels) then
      fail.raise('view: labels are %s, expected a list of strings or numbers',
         fail.describe(labels))
   end
   checkRows('labels', #labels, item)
   local names, places = {}, {}
   for i = 1, #labels do
      local label = labels[i]
      if type(label) ~= 'string' and (type(label) ~= 'number' or label ~= label) then
         fail.raise('view: label %d is %s, expected a string or number', i, fail.describe(label))
      end
      if not places[label] then
         places[label] = true
         names[#names + 1] = label
      end
   end
   if #names > 65535 then
      fail.raise('view: labels have %d different ones, expected at most 65535', #names)
   end
   table.sort(names, before)
   for i, label in ipairs(names) do places[label], names[i] = i - 1, text('label', tostring(label))
   end
   local list = {}
   for i = 1, #labels do list[i] = places[labels[i]] end
   if #labels > 0 then item.labels = { names = names, list = inOrder('labels', item, list, 1) } end
end

local function attachColours(item, colours)
   Tensor.check('view', 'colours', colours)
   local s = colours.sizes
   if #s ~= 2 or s[2] ~= 3 or colours.dtype ~= 'uint8' and colours.dtype ~= 'float32' then
      fail.raise('view: colours are a tensor %s of %s, expected n x 3 of uint8 or float32',
         fail.shape(s), colours.dtype)
   end
   checkRows('colours', s[1], item)
   local list, scale = colours:toFlat(), colours.dtype == 'uint8' and 1 or 255
   for i = 1, #list do
      local v = list[i]
      list[i] = v ~= v and 128 or math.max(0, math.min(255, math.floor(v * scale + 0.5)))
   end
   item.rgb = inOrder('colours', item, list, 3)
end

-- Adds what the user says about each row: values, labels, colours.
function read.attach(item, options, text)
   if options.values ~= nil then attachValues(item, options.values) end
   if options.labels ~= nil then attachLabels(item, options.labels, text) end
   if options.colours ~= nil then attachColours(item, options.colours) end
   return item
end

-- Frees what was made to describe an object.
function read.release(item)
   for _, t in pairs(item.made or {}) do t:release() end
end

return read
