--- Generates labelled closed meshes, for examples and tests that need no download.
--
-- There are sixteen classes. A shape is a function of its class and seed alone, the same in every
-- run: proportions, number and placement of parts, a smooth warp and a fine noise are random.
-- Pose is not: each class stands as it would on a table, so whoever wants turned shapes turns them.
--
-- Size gives nothing away. Each shape is scaled until, turned at random and drawn at one unit a
-- voxel, its surface touches a number of voxels that is log-uniform between 600 and 2400 whatever
-- the class. The diagonal of its bounding box is at most 44, its centre the origin, so that a shape
-- turned in any way fits a cube of 44 units.
-- @module lacuna.data.shapes
-- @usage
-- local shapes = require 'lacuna.data.shapes'
-- local train = shapes.dataset { seed = 1, perClass = 24 }
-- local test = shapes.dataset { seed = 2, perClass = 8 }     -- no shape in common
-- print(#shapes.classes, train[1].class, #train[1].vertices / 3, #train[1].faces / 3)
local bit = require 'bit'
local fail = require 'lacuna.fail'
local recipes = require 'lacuna.data.shape_recipes'
local solids = require 'lacuna.data.solids'

local shapes = {}

--- The names of the classes, in alphabetical order.
shapes.classes = {}
for class in pairs(recipes) do table.insert(shapes.classes, class) end
table.sort(shapes.classes)

--- The least number of voxels that a shape touches, at one unit a voxel.
shapes.fewestVoxels = 600
--- The largest number of voxels that a shape touches, at one unit a voxel.
shapes.mostVoxels = 2400
--- The longest diagonal of a bounding box.
shapes.longestDiagonal = 44

-- random numbers -----------------------------------------------------------------------------

-- internal: the generator of this file; recipes get one.
local Random = {}
Random.__index = Random

-- h * factor mod 2^32, without losing bits in a double.
local function multiply(h, factor)
   local low, high = factor % 65536, math.floor(factor / 65536)
   return bit.tobit((h % 2 ^ 32 * low + h * high % 65536 * 65536) % 2 ^ 32)
end

-- Stirs a whole number into a 32-bit state (the last steps of MurmurHash3).
local function stir(h, value)
   h = bit.bxor(h, bit.tobit(value % 2 ^ 32))
   h = multiply(bit.bxor(h, bit.rshift(h, 16)), 0x85ebca6b)
   h = multiply(bit.bxor(h, bit.rshift(h, 13)), 0xc2b2ae35)
   return bit.bxor(h, bit.rshift(h, 16))
end

-- A generator (xorshift32) that belongs to one class and seed.
local function newRandom(class, seed)
   local h = stir(0x1acc7a, seed)
   h = stir(h, math.floor(seed / 2 ^ 32))
   for i = 1, #class do h = stir(h, class:byte(i)) end
   return setmetatable({ state = h == 0 and 1 or h }, Random)
end

-- From [low, high); [0, 1) when not given.
function Random:uniform(low, high)
   local x = self.state
   x = bit.bxor(x, bit.lshift(x, 13))
   x = bit.bxor(x, bit.rshift(x, 17))
   x = bit.bxor(x, bit.lshift(x, 5))
   self.state = x
   local u = x % 2 ^ 32 / 2 ^ 32
   return low and low + u * (high - low) or u
end

function Random:integer(low, high)
   return low + math.floor(self:uniform() * (high - low + 1))
end

-- A uniform direction.
function Random:direction()
   local z, angle = self:uniform(-1, 1), self:uniform(0, 2 * math.pi)
   local r = math.sqrt(1 - z * z)
   return r * math.cos(angle), r * math.sin(angle), z
end

-- A uniform rotation, as nine numbers, row-major (K. Shoemake, Graphics Gems III, 1992).
function Random:rotation()
   local u, a, b = self:uniform(), self:uniform(0, 2 * math.pi), self:uniform(0, 2 * math.pi)
   local p, q = math.sqrt(1 - u), math.sqrt(u)
   local x, y, z, w = p * math.sin(a), p * math.cos(a), q * math.sin(b), q * math.cos(b)
   return {
      1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
      2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
      2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
   }
end

-- measures -----------------------------------------------------------------------------------

local function area(solid)
   local v, f, sum = solid.vertices, solid.faces, 0
   for i = 1, #f, 3 do
      local a, b, c = 3 * f[i], 3 * f[i + 1], 3 * f[i + 2]
      local ux, uy, uz = v[b + 1] - v[a + 1], v[b + 2] - v[a + 2], v[b + 3] - v[a + 3]
      local wx, wy, wz = v[c + 1] - v[a + 1], v[c + 2] - v[a + 2], v[c + 3] - v[a + 3]
      local nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
      sum = sum + math.sqrt(nx * nx + ny * ny + nz * nz) / 2
   end
   return sum
end

-- Moves the centre of the bounding box to the origin; gives the length of its diagonal.
local function centre(solid)
   local v = solid.vertices
   local middle, squares = {}, 0
   for axis = 1, 3 do
      local low, high = math.huge, -math.huge
      for i = axis, #v, 3 do low, high = math.min(low, v[i]), math.max(high, v[i]) end
      middle[axis], squares = (low + high) / 2, squares + (high - low) ^ 2
   end
   solids.shift(solid, -middle[1], -middle[2], -middle[3])
   return math.sqrt(squares)
end

-- Cells of a cube of 64 voxels, holding the number of the count that last touched them.
local side, touched, counts = 64, {}, 0
for cell = 1, side ^ 3 do touched[cell] = 0 end

local function touch(x, y, z)
   local floor, half = math.floor, side / 2
   local cell = 1 + floor(x + half) + side * (floor(y + half) + side * floor(z + half))
   if touched[cell] == counts then return 0 end
   touched[cell] = counts
   return 1
end

-- Counts the voxels that the surface touches, by points no further apart than 0.7, after turning
-- and scaling; the scaled solid must lie within 31 of the origin.
local function countVoxels(solid, m, scale)
   counts = counts + 1
   local v, f, p, total = solid.vertices, solid.faces, {}, 0
   for i = 1, #v, 3 do
      local x, y, z = scale * v[i], scale * v[i + 1], scale * v[i + 2]
      p[i] = m[1] * x + m[2] * y + m[3] * z
      p[i + 1] = m[4] * x + m[5] * y + m[6] * z
      p[i + 2] = m[7] * x + m[8] * y + m[9] * z
      total = total + touch(p[i], p[i + 1], p[i + 2])
   end
   for i = 1, #f, 3 do
      local a, b, c = 3 * f[i], 3 * f[i + 1], 3 * f[i + 2]
      local ax, ay, az = p[a + 1], p[a + 2], p[a + 3]
      local ux, uy, uz = p[b + 1] - ax, p[b + 2] - ay, p[b + 3] - az
      local wx, wy, wz = p[c + 1] - ax, p[c + 2] - ay, p[c + 3] - az
      local dx, dy, dz = ux - wx, uy - wy, uz - wz
      local longest = math.max(ux * ux + uy * uy + uz * uz, wx * wx + wy * wy + wz * wz,
         dx * dx + dy * dy + dz * dz)
      local steps = math.ceil(math.sqrt(longest) / 0.7)
      if steps <= 1 then
         total = total + touch(ax + (ux + wx) / 3, ay + (uy + wy) / 3, az + (uz + wz) / 3)
      else
         for k = 0, steps do
            local s = k / steps
            for l = 0, steps - k do
               local t = l / steps
               total = total
                  + touch(ax + s * ux + t * wx, ay + s * uy + t * wy, az + s * uz + t * wz)
            end
         end
      end
   end
   return total
end

-- making -------------------------------------------------------------------------------------

-- Stretches the axes, bends space by a few long waves, and shakes each vertex a little. The solid
-- has an area of one.
local function disturb(solid, random)
   local v = solid.vertices
   local sx, sy = random:uniform(0.85, 1.15), random:uniform(0.85, 1.15)
   local sz = random:uniform(0.85, 1.15)
   local waves = {}
   for k = 1, 3 do
      local kx, ky, kz = random:direction()
      local dx, dy, dz = random:direction()
      local rate, size = 2 * math.pi / random:uniform(0.4, 1.2), random:uniform(0.005, 0.02)
      waves[k] = { rate * kx, rate * ky, rate * kz, random:uniform(0, 2 * math.pi),
         size * dx, size * dy, size * dz }
   end
   local shake = random:uniform(0, 0.004)
   for i = 1, #v, 3 do
      local x, y, z = sx * v[i], sy * v[i + 1], sz * v[i + 2]
      local ox, oy, oz = 0, 0, 0
      for k = 1, 3 do
         local w = waves[k]
         local swing = math.sin(w[1] * x + w[2] * y + w[3] * z + w[4])
         ox, oy, oz = ox + swing * w[5], oy + swing * w[6], oz + swing * w[7]
      end
      v[i] = x + ox + shake * random:uniform(-1, 1)
      v[i + 1] = y + oy + shake * random:uniform(-1, 1)
      v[i + 2] = z + oz + shake * random:uniform(-1, 1)
   end
end

local function scaleBy(solid, factor)
   local v = solid.vertices
   for i = 1, #v do v[i] = v[i] * factor end
end

-- Gives the factor at which the solid touches that many voxels, on average over a few rotations;
-- nil where it would be too long.
local function fittingScale(solid, random, voxels)
   local diagonal = centre(solid)
   -- a surface of area a touches about 1.5 a voxels, thin parts fewer
   local scale = math.sqrt(voxels / 1.5 / area(solid))
   if scale * diagonal > side - 2 then return nil end
   local rotations, sum = 3, 0
   for _ = 1, rotations do sum = sum + countVoxels(solid, random:rotation(), scale) end
   scale = scale * math.sqrt(voxels * rotations / sum)
   return scale * diagonal <= shapes.longestDiagonal and scale or nil
end

local function checkClass(name, class)
   if type(class) ~= 'string' or not recipes[class] then
      fail.raise('%s: class is %s, expected one of %s', name, fail.describe(class),
         table.concat(shapes.classes, ' '))
   end
end

--- Makes one shape.
-- @tparam string class  one of `shapes.classes`
-- @tparam number seed  any whole number
-- @treturn table  `vertices`, a flat array x, y, z, ...; `faces`, a flat array of triples of
--   vertices counted from zero, counter-clockwise from outside; `class`; `seed`. It is a union of
--   closed surfaces, which may overlap, its bounding box centred on the origin.
-- @usage local mug = shapes.make('mug', 7)
function shapes.make(class, seed)
   checkClass('shapes.make', class)
   fail.whole('shapes.make', 'seed', seed, -2 ^ 53)
   local random = newRandom(class, seed)
   local span = math.log(shapes.mostVoxels / shapes.fewestVoxels)
   local voxels = shapes.fewestVoxels * math.exp(random:uniform() * span)
   -- proportions that would be too long for their number of voxels are drawn again
   while true do
      local solid = recipes[class](random)
      scaleBy(solid, 1 / math.sqrt(area(solid)))
      disturb(solid, random)
      local scale = fittingScale(solid, random, voxels)
      if scale then
         scaleBy(solid, scale)
         solid.class, solid.seed = class, seed
         return solid
      end
   end
end

--- Makes shapes of all classes.
-- @tparam table options  `seed`: a whole number, data sets of different seeds have no shape in
--   common; `perClass`: how many of each class, up to 100000; `classes = shapes.classes`
-- @treturn table  array of shapes as of `make`, class after class
-- @usage local train = shapes.dataset { seed = 1, perClass = 24 }
function shapes.dataset(options)
   options = fail.options('shapes.dataset', options,
      { seed = false, perClass = false, classes = shapes.classes })
   local seed = fail.whole('shapes.dataset', 'seed', options.seed, -2 ^ 32, 2 ^ 32)
   local perClass = fail.whole('shapes.dataset', 'perClass', options.perClass, 0, 100000)
   local classes = options.classes
   if type(classes) ~= 'table' then
      fail.raise('shapes.dataset: classes are %s, expected a list', fail.describe(classes))
   end
   for i = 1, #classes do checkClass('shapes.dataset', classes[i]) end
   local all = {}
   for i = 1, #classes do
      local class = classes[i]
      for k = 0, perClass - 1 do all[#all + 1] = shapes.make(class, seed * 100000 + k) end
   end
   return all
end

return shapes
