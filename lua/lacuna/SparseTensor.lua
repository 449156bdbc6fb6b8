--- Sites and a feature row for each: what sparse networks take and give.
--
--     local x = lacuna.SparseTensor.new(
--        { { 1, 0, 0 }, { 1, 0, 1 }, { 2, 5, 5 } },          -- sample, coordinates
--        { { 1 }, { 2 }, { 3 } },                             -- a row for each point
--        { spatialSize = 8 })
--     print(x)
--
-- What the other cells hold is the background: zero, as in SparseConvNet since 2017; or, in exact
-- mode, a tensor of 1 x planes that every layer carries along, so that the result equals that of
-- a dense network at every cell.
-- @classmod lacuna.SparseTensor
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local ops = require 'lacuna.ops'
local Sites = require 'lacuna.Sites'
local Tensor = require 'lacuna.Tensor'

local SparseTensor = class('SparseTensor')

local function firstPoints(order, first)
   return ops.gatherRows(order, ops.narrow(first, 1, 1, first.sizes[1] - 1))
end

local function lastPoints(order, first)
   return ops.gatherRows(order, ops.shiftIndex(ops.narrow(first, 1, 2, first.sizes[1] - 1), -1))
end

local function reduced(reduce)
   return function(features, order, first) return reduce(ops.gatherRows(features, order), first) end
end

--- The rules for points on one site.
local rules = {
   first = function(features, order, first)
      return ops.gatherRows(features, firstPoints(order, first))
   end,
   last = function(features, order, first)
      return ops.gatherRows(features, lastPoints(order, first))
   end,
   sum = reduced(ops.segmentSum), mean = reduced(ops.segmentMean),
   max = reduced(ops.segmentMax), min = reduced(ops.segmentMin),
}

local function checkDuplicates(sites, points)
   if sites.count < points then
      fail.raise('SparseTensor: %d points lie on %d sites, expected no duplicates, or one of '
         .. 'duplicates = first, last, sum, mean, max, min', points, sites.count)
   end
end

--- Makes a sparse tensor from points.
-- @tparam Tensor|table coords n x (1 + dimension): the sample, from one, and the coordinates
-- @tparam Tensor|table features n x planes
-- @tparam[opt] table options `duplicates`: what to do with points on one site, `error` (default),
-- `first`, `last`, `sum`, `mean`, `max`, `min`; `spatialSize`, `batchSize`, `device`,
-- `dimension` as for `Sites.new`; `background`: `true` for exact mode with zeros, or a table of
-- planes numbers or a tensor of 1 x planes
-- @treturn SparseTensor
function SparseTensor.new(coords, features, options)
   options = fail.options('SparseTensor', options, {
      duplicates = 'error', spatialSize = false, batchSize = false, device = false,
      dimension = false, background = false,
   })
   if type(features) == 'table' and not Tensor.is(features) then
      features = Tensor.of(features, { device = options.device })
   end
   Tensor.check('SparseTensor', 'features', features, 'float32')
   if #features.sizes ~= 2 then
      fail.raise('SparseTensor: features are %s, expected 2 dimensions',
         table.concat(features.sizes, 'x'))
   end
   local sites = Sites.new(coords, {
      batchSize = options.batchSize, spatialSize = options.spatialSize,
      device = options.device or features.device, dimension = options.dimension,
   })
   local points = sites:pointRows():nElement()
   if features.sizes[1] ~= points then
      fail.raise('SparseTensor: features have %d rows, expected %d, one for each point',
         features.sizes[1], points)
   end
   features = ops.to(features, sites.device)
   local order, first = sites:pointOrder()
   local rule = rules[options.duplicates]
   local rows
   if options.duplicates == 'error' then
      checkDuplicates(sites, points)
      rows = ops.gatherRows(features, order)
   elseif rule then
      rows = rule(features, order, first)
   else
      fail.raise('SparseTensor: duplicates is %s, expected error, first, last, sum, mean, max or '
         .. 'min', fail.describe(options.duplicates))
   end
   return SparseTensor.over(sites, rows, options.background)
end

local function readBackground(background, planes, device)
   if background == nil or background == false then return nil end
   if background == true then return Tensor.zeros({ 1, planes }, { device = device }) end
   if not Tensor.is(background) then
      background = Tensor.of({ background }, { device = device })
   end
   Tensor.check('SparseTensor', 'background', background, 'float32')
   if #background.sizes ~= 2 or background.sizes[1] ~= 1 or background.sizes[2] ~= planes then
      fail.raise('SparseTensor: background is %s, expected 1x%d',
         table.concat(background.sizes, 'x'), planes)
   end
   return background
end

--- Makes a sparse tensor over sites that exist.
-- @tparam Sites sites
-- @tparam Tensor features count x planes, rows as the sites are sorted
-- @param[opt] background as for @{new}
-- @treturn SparseTensor
function SparseTensor.over(sites, features, background)
   if not Sites.is(sites) then
      fail.raise('SparseTensor: sites are %s, expected sites', fail.describe(sites))
   end
   Tensor.check('SparseTensor', 'features', features, 'float32')
   if #features.sizes ~= 2 or features.sizes[1] ~= sites.count then
      fail.raise('SparseTensor: features are %s, expected %d rows, one for each site',
         table.concat(features.sizes, 'x'), sites.count)
   end
   if features.device ~= sites.device then
      fail.raise('SparseTensor: features are on %s, expected %s', features.device, sites.device)
   end
   return setmetatable({
      sites = sites, features = features,
      background = readBackground(background, features.sizes[2], features.device),
   }, SparseTensor)
end

--- Makes a sparse tensor from a dense one: a site where a plane's absolute value is above a
-- threshold.
-- @tparam Tensor dense batch x planes x spatial size
-- @tparam[opt] table options `threshold`, 0 by default; `background` as for @{new}
-- @treturn SparseTensor
function SparseTensor.fromDense(dense, options)
   options = fail.options('fromDense', options, { threshold = 0, background = false })
   Tensor.check('fromDense', 'input', dense, 'float32')
   local size = {}
   for d = 3, #dense.sizes do size[d - 2] = dense.sizes[d] end
   local sites = Sites.new(Sites.densePoints(dense, options.threshold), {
      batchSize = dense.sizes[1], spatialSize = size, device = dense.device,
   })
   return SparseTensor.over(sites, ops.fromDense(dense, sites), options.background)
end

--- Tells whether a value is a sparse tensor.
-- @param value anything
-- @treturn boolean
function SparseTensor.is(value)
   return type(value) == 'table' and getmetatable(value) == SparseTensor
end

--- Checks that an argument is a sparse tensor.
-- @tparam string op who asks
-- @param value what came
-- @tparam[opt] number dimension that its sites must have
-- @treturn SparseTensor
function SparseTensor.check(op, value, dimension)
   if not SparseTensor.is(value) then
      fail.raise('%s: input is %s, expected a SparseTensor', op, fail.describe(value))
   end
   if dimension and value.sites.dimension ~= dimension then
      fail.raise('%s: input has %d dimensions, expected %d', op, value.sites.dimension, dimension)
   end
   return value
end

--- Gives the same sites other features.
-- @tparam Tensor features count x planes
-- @tparam[opt] Tensor background 1 x planes; required in exact mode, where @{map} is simpler
-- @treturn SparseTensor
function SparseTensor:withFeatures(features, background)
   if self.background and not background then
      fail.raise('withFeatures: the tensor has an exact background, expected one for the new '
         .. 'features, or map')
   end
   return SparseTensor.over(self.sites, features, background)
end

--- Applies a function of the planes to the features and to the background.
-- @tparam function f takes and gives a tensor of n x planes
-- @param ... further arguments of f
-- @treturn SparseTensor
function SparseTensor:map(f, ...)
   fail.callable('map', f)
   return SparseTensor.over(self.sites, f(self.features, ...),
      self.background and f(self.background, ...))
end

--- Turns exact mode on, with a background of zeros or the one given.
-- @param[opt] background as for @{new}
-- @treturn SparseTensor
function SparseTensor:exact(background)
   return SparseTensor.over(self.sites, self.features, background or true)
end

--- Reads the coordinates of the sites.
-- @treturn Tensor count x (1 + dimension), int32: the sample, from one, and the coordinates
function SparseTensor:coords() return self.sites:coords() end

--- Counts the planes.
-- @treturn number
function SparseTensor:planes() return self.features.sizes[2] end

--- Gives each point that the tensor was made from the features of its site.
-- @treturn Tensor points x planes, in the user's order
function SparseTensor:atPoints()
   return ops.gatherRows(self.features, self.sites:pointRows())
end

--- Tells which part of the cells is active; nil on an unbounded grid.
-- @treturn number from 0 to 1
function SparseTensor:density()
   local size = self.sites.spatialSize
   if not size then return nil end
   local cells = self.sites.batchSize
   for a = 1, #size do cells = cells * size[a] end
   return cells == 0 and 0 or self.sites.count / cells
end

--- Makes a dense tensor.
-- @treturn Tensor batch x planes x spatial size
function SparseTensor:toDense()
   return ops.toDense(self.features, self.sites, self.background)
end

--- Copies to another device; gradients pass, the geometry is built anew there.
-- @tparam string device
-- @treturn SparseTensor
function SparseTensor:to(device)
   if device == self.sites.device then return self end
   local sites = Sites.new(self.sites:coords(), {
      batchSize = self.sites.batchSize, spatialSize = self.sites.spatialSize, device = device,
   })
   return SparseTensor.over(sites, ops.to(self.features, device),
      self.background and ops.to(self.background, device))
end

function SparseTensor:__tostring()
   local size, density = self.sites.spatialSize, self:density()
   return ('SparseTensor: %d sites, %d planes, %s, %d samples%s on %s'):format(self.sites.count,
      self:planes(), size and table.concat(size, 'x') .. (' cells, density %.3g %%'):format(
         100 * density) or self.sites.dimension .. ' dimensions, unbounded',
      self.sites.batchSize, self.background and ', exact background' or '', self.sites.device)
end

return SparseTensor
