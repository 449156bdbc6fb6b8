--- A set of active coordinates, and the rulebooks between such sets.
--
-- Sites are sorted by sample, then in Morton order, each once: one order on every device and
-- run.  All sets derived from one input share a geometry, which remembers every derived set and
-- rulebook, so layers on one scale share them.
--
--     local sites = lacuna.Sites.new({ { 1, 0, 0 }, { 1, 0, 1 } }, { spatialSize = 8 })
--     local book = sites:submanifold(3)       -- the pairs of a convolution of size 3
--     print(sites.count, book:pairs())        -- 2 sites, 4 pairs
--
-- @classmod lacuna.Sites
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local notes = require 'lacuna.notes'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'
local trust = require 'lacuna.ops.trust'

local C = native.C
local Sites = class('Sites')

--- The pairs of rows that each tap of a kernel joins.
-- @type Rulebook
local Rulebook = class('Rulebook')
Sites.Rulebook = Rulebook

-- ---- rulebooks ------------------------------------------------------------------------------

local function adoptBook()
   local book = setmetatable({ handle = native.own 'rulebook' }, Rulebook)
   local h = book.handle
   book.taps, book.inputs = C.lac_rulebook_taps(h), C.lac_rulebook_inputs(h)
   book.outputs = C.lac_rulebook_outputs(h)
   book.device = native.deviceName(C.lac_rulebook_device(h))
   scope.note(book)
   return book
end

--- Checks that an argument is a live rulebook.
-- @tparam string op who asks
-- @param value what came
-- @treturn Rulebook
function Rulebook.check(op, value)
   if type(value) ~= 'table' or getmetatable(value) ~= Rulebook then
      fail.raise('%s: rulebook is %s, expected a rulebook', op, fail.describe(value))
   end
   if not native.live('rulebook', value.handle) then
      fail.raise('%s: rulebook was released, expected a live one', op)
   end
   return value
end

--- Counts pairs: of one tap (from one), or of all.  Times planes in, times planes out, this is the
-- number of multiply-adds of a convolution.
-- @tparam[opt] number tap
-- @treturn number
function Rulebook:pairs(tap)
   Rulebook.check('pairs', self)
   if tap ~= nil then fail.whole('pairs', 'tap', tap, 1, self.taps) end
   return C.lac_rulebook_pairs(self.handle, tap and tap - 1 or -1)
end

--- Reads the pairs of one tap.
-- @tparam number tap from one
-- @treturn table input rows, from one
-- @treturn table output rows, from one
function Rulebook:read(tap)
   Rulebook.check('read', self)
   local n = self:pairs(fail.whole('read', 'tap', tap, 1, self.taps))
   local inputs, outputs = Tensor.raw({ n }, 'int32', 'cpu'), Tensor.raw({ n }, 'int32', 'cpu')
   native.try(C.lac_rulebook_read, inputs.handle, outputs.handle, self.handle, tap - 1)
   local a, b = inputs:toFlat(), outputs:toFlat()
   for i = 1, n do a[i], b[i] = a[i] + 1, b[i] + 1 end
   return a, b
end

local flip = native.new('int[1]')

--- Gives the rulebook that reads the pairs backwards, as gradients towards the input need it.
-- @treturn Rulebook
-- @treturn boolean whether its taps count from the end
function Rulebook:reverse()
   Rulebook.check('reverse', self)
   if not self.turned or self.turned.handle == nil then
      native.try(C.lac_rulebook_reverse, native.out 'rulebook', flip, self.handle)
      self.turned, self.flipped = adoptBook(), flip[0] ~= 0
   end
   return self.turned, self.flipped
end

--- Counts the inputs of each output row.
-- @treturn Tensor outputs x 1
function Rulebook:degrees()
   local degrees = Tensor.raw({ Rulebook.check('degrees', self).outputs, 1 }, 'float32',
      self.device)
   native.try(C.lac_rulebook_degrees, degrees.handle, self.handle)
   return degrees
end

--- Gives a second reference on the same rulebook.
-- @treturn Rulebook
function Rulebook:remember()
   Rulebook.check('remember', self)
   C.lac_rulebook_hold(self.handle)
   native.out('rulebook')[0] = self.handle
   local copy = setmetatable({ handle = native.own 'rulebook' }, Rulebook)
   copy.taps, copy.inputs, copy.outputs = self.taps, self.inputs, self.outputs
   copy.device = self.device
   return copy
end

--- Drops this reference; the second time nothing happens.
function Rulebook:release()
   if self.handle == nil then return end
   native.free('rulebook', self.handle)
   self.handle = nil
   if self.turned then self.turned:release() end
end

function Rulebook:__tostring()
   return ('Rulebook(%d taps, %d inputs, %d outputs)'):format(self.taps, self.inputs,
      self.outputs)
end

-- ---- sites -------------------------------------------------------------------------------------

--- @type Sites

local function adopt()
   local sites = setmetatable({ handle = native.own 'sites' }, Sites)
   local h = sites.handle
   sites.dimension, sites.count = C.lac_sites_dimension(h), C.lac_sites_count(h)
   sites.batchSize, sites.id = C.lac_sites_batch(h), C.lac_sites_id(h)
   sites.device = native.deviceName(C.lac_sites_device(h))
   sites.spatialSize = {}
   for a = 1, sites.dimension do
      local size = C.lac_sites_spatial_size(h, a - 1)
      sites.spatialSize[a] = size
      if size == 0 then
         sites.spatialSize = nil
         break
      end
   end
   scope.note(sites)
   return sites
end

--- Tells whether a value is a set of sites.
-- @param value anything
-- @treturn boolean
function Sites.is(value) return type(value) == 'table' and getmetatable(value) == Sites end

local function check(op, sites)
   if not Sites.is(sites) then
      fail.raise('%s: %s, expected sites', op, fail.describe(sites))
   end
   if not native.live('sites', sites.handle) then fail.raise('%s: the sites were released', op) end
   return sites.handle
end

--- Turns a number or a table into one number for each dimension.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value a number, or a table of `dimension` numbers
-- @tparam number dimension
-- @tparam number least the least that is right
-- @treturn table
function Sites.perAxis(op, what, value, dimension, least)
   local list = {}
   if type(value) == 'table' and #value ~= dimension then
      fail.raise('%s: %s has %d numbers, expected %d', op, what, #value, dimension)
   end
   for a = 1, dimension do
      list[a] = fail.whole(op, what, type(value) == 'table' and value[a] or value, least)
   end
   return list
end

--- Builds sites from points.
-- @tparam Tensor|table coords n x (1 + dimension), int32 or int64: the sample, from one, and
-- the coordinates, of any sign
-- @tparam[opt] table options `batchSize`, a lower bound; `spatialSize`, a number or a table, for
-- a grid of cells 0 .. size - 1; `device`; `dimension`, needed where coords is an empty table and
-- `spatialSize` is none
-- @treturn Sites
function Sites.new(coords, options)
   options = fail.options('sites', options,
      { batchSize = 0, spatialSize = false, device = false, dimension = false })
   local device = options.device
   if type(coords) == 'table' and not Tensor.is(coords) then
      device = device or Tensor.defaultDevice
      if #coords == 0 then
         local size = options.spatialSize
         local dimension = options.dimension or type(size) == 'table' and #size or nil
         fail.whole('sites', 'dimension', dimension, 1, 10)
         coords = Tensor.raw({ 0, 1 + dimension }, 'int32', 'cpu')
      else
         coords = Tensor.of(coords, { dtype = 'int64', device = 'cpu' })
      end
   end
   Tensor.check('sites', 'coords', coords)
   if #coords.sizes ~= 2 then
      fail.raise('sites: coords is %s, expected 2 dimensions', table.concat(coords.sizes, 'x'))
   end
   local dimension = coords.sizes[2] - 1
   fail.whole('sites', 'batchSize', options.batchSize, 0, 65536)
   local size = options.spatialSize
   if size then
      size = native.doubles(Sites.perAxis('sites', 'spatial size', size, dimension, 1))
   end
   device = device or coords.device
   native.relieve(0, coords:nElement() * 16)
   native.try(C.lac_sites_new, native.out 'sites', native.device(device), coords.handle,
      options.batchSize, size, 1)
   return adopt()
end

local found = native.new('double[1]')

--- Finds the cells of a dense tensor where a plane's absolute value is above a threshold.
-- @tparam Tensor dense batch x planes x spatial size
-- @tparam number threshold
-- @treturn Tensor n x (1 + dimension), int32, as @{new} takes it
function Sites.densePoints(dense, threshold)
   Tensor.check('fromDense', 'input', dense)
   fail.number('fromDense', 'threshold', threshold)
   if #dense.sizes < 3 or #dense.sizes > 12 then
      fail.raise('fromDense: input is %s, expected batch x planes x 1 to 10 sizes',
         table.concat(dense.sizes, 'x'))
   end
   native.try(C.lac_dense_points, found, nil, dense.handle, threshold)
   local coords = Tensor.raw({ found[0], #dense.sizes - 1 }, 'int32', 'cpu')
   native.try(C.lac_dense_points, found, coords.handle, dense.handle, threshold)
   return coords
end

--- Reads the coordinates.
-- @treturn Tensor count x (1 + dimension), int32: the sample, from one, and the coordinates
function Sites:coords()
   local h = check('coords', self)
   local coords = Tensor.raw({ self.count, 1 + self.dimension }, 'int32', self.device)
   native.try(C.lac_sites_coords, coords.handle, h, 1)
   return coords
end

-- By handle and name: a tensor, its handle and its version.
local caches = notes.table()

-- One that was written to, or released, is made again.
local function cached(sites, name, make)
   local cache = caches[sites]
   if not cache then
      cache = {}
      caches[sites] = cache
   end
   local had = cache[name]
   if had and rawequal(had.tensor.handle, had.handle) and native.live('tensor', had.handle)
      and C.lac_tensor_version(had.handle) == had.version then
      return had.tensor
   end
   local made = make():keep()
   cache[name] = { tensor = made, handle = made.handle,
      version = C.lac_tensor_version(made.handle) }
   return made
end

--- Gives the row where each sample begins, and the number of rows.
-- @treturn Tensor batchSize + 1, int32, from zero, for `ops.segmentSum` and its kin
function Sites:samples()
   local h = check('samples', self)
   return cached(h, 'samples', function()
      local samples = Tensor.raw({ C.lac_sites_batch(h) + 1 }, 'int32', self.device)
      native.try(C.lac_sites_samples, samples.handle, h)
      return trust.segments(samples, C.lac_sites_count(h))
   end)
end

--- Gives the row of each point that the sites were built from, in the user's order.
-- @treturn Tensor points, int32, from zero
function Sites:pointRows()
   local h = check('pointRows', self)
   return cached(h, 'pointRows', function()
      local rows = Tensor.raw({ C.lac_sites_points(h) }, 'int32', self.device)
      native.try(C.lac_sites_point_rows, rows.handle, h)
      return rows
   end)
end

--- Gives the points sorted by row.
-- @treturn Tensor points, int32, from zero
-- @treturn Tensor count + 1, int32: where each row's points begin in the first
function Sites:pointOrder()
   local h = check('pointOrder', self)
   local order = Tensor.raw({ C.lac_sites_points(h) }, 'int32', self.device)
   local first = Tensor.raw({ C.lac_sites_count(h) + 1 }, 'int32', self.device)
   native.try(C.lac_sites_point_order, order.handle, first.handle, h)
   return order, trust.segments(first, C.lac_sites_points(h))
end

--- Gives the dense cell of each site, counted over samples and cells in row-major order.
-- @treturn Tensor count, int64, from zero
function Sites:cells()
   local h = check('cells', self)
   return cached(h, 'cells', function()
      local cells = Tensor.raw({ C.lac_sites_count(h) }, 'int64', self.device)
      native.try(C.lac_sites_cells, cells.handle, h)
      return trust.cells(cells, h)
   end)
end

--- Gives the size of the dense tensor that holds every cell, as C knows it.
-- @tparam string op who asks
-- @tparam number planes
-- @treturn table batch, planes, spatial size
function Sites:denseSizes(op, planes)
   local h = check(op, self)
   local sizes = { C.lac_sites_batch(h), planes }
   for a = 1, C.lac_sites_dimension(h) do
      sizes[2 + a] = C.lac_sites_spatial_size(h, a - 1)
      if sizes[2 + a] == 0 then
         fail.raise('%s: the grid is unbounded, expected sites with a spatial size', op)
      end
   end
   return sizes
end

--- Finds the pairs of a convolution that keeps the sites.
-- @param kernel its size, a number or one for each dimension
-- @param[opt=1] dilation
-- @treturn Rulebook
function Sites:submanifold(kernel, dilation)
   local h = check('submanifold', self)
   local d = C.lac_sites_dimension(h)
   native.relieve(native.device(self.device), 0)
   native.try(C.lac_sites_submanifold, native.out 'rulebook', h,
      native.doubles(Sites.perAxis('submanifold', 'kernel size', kernel, d, 1)),
      native.doubles(Sites.perAxis('submanifold', 'dilation', dilation or 1, d, 1)))
   return adoptBook()
end

--- Finds the sites and pairs of a strided convolution or pooling: an output site for each window
-- that holds an input site.
-- @param kernel its size, a number or one for each dimension
-- @param stride
-- @param[opt=1] dilation
-- @param[opt=0] pad
-- @treturn Sites
-- @treturn Rulebook
function Sites:strided(kernel, stride, dilation, pad)
   local h = check('strided', self)
   local d = C.lac_sites_dimension(h)
   native.relieve(native.device(self.device), 0)
   native.out 'rulebook'
   native.try(C.lac_sites_strided, native.out 'sites', native.out 'rulebook', h,
      native.doubles(Sites.perAxis('convolution', 'kernel size', kernel, d, 1)),
      native.doubles(Sites.perAxis('convolution', 'stride', stride, d, 1)),
      native.doubles(Sites.perAxis('convolution', 'dilation', dilation or 1, d, 1)),
      native.doubles(Sites.perAxis('convolution', 'pad', pad or 0, d, 0)))
   local book = adoptBook()
   return adopt(), book
end

--- Tells whether two handles are on the same set.
-- @tparam Sites other
-- @treturn boolean
function Sites:same(other) return Sites.is(other) and self.id == other.id end

--- Gives a second reference on the same sites.
-- @treturn Sites
function Sites:remember()
   local handle = check('remember', self)
   C.lac_sites_hold(handle)
   native.out('sites')[0] = handle
   return adopt()
end

--- Keeps the sites out of the hands of the scopes that are open.
-- @treturn Sites self
function Sites:keep()
   self.kept = true
   return self
end

--- Drops this reference; the second time nothing happens.
function Sites:release()
   if self.handle == nil then return end
   for _, had in pairs(caches[self.handle] or {}) do had.tensor:release() end
   caches[self.handle] = nil
   native.free('sites', self.handle)
   self.handle = nil
end

function Sites:__tostring()
   return ('Sites(%d in %d dimensions, %d samples%s)'):format(self.count, self.dimension,
      self.batchSize, self.spatialSize and ', ' .. table.concat(self.spatialSize, 'x') or '')
end

return Sites
