--- Triangle meshes: read, turned, voxelised, painted.
--
--     local lacuna = require 'lacuna'
--     local mesh = lacuna.mesh
--     local chair = assert(mesh.read 'chair.off')
--     local g = lacuna.Generator(1)
--     local coords, dropped = mesh.voxelize(chair, { renderSize = 40, size = 126, rotation = g })
--     local sites = lacuna.Sites.new(coords, { spatialSize = 126 })
--     lacuna.image.write('chair.png', mesh.render(chair))
--
-- A voxel is the half-open cube from (i, j, k) to (i + 1, j + 1, k + 1).
-- @module lacuna.mesh
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local image = require 'lacuna.image'
local native = require 'lacuna.native'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'
local transform = require 'lacuna.mesh.transform'

local C = native.C
local mesh = {}

--- Composes affine maps; see `lacuna.mesh.transform`.
-- @function mesh.transform
mesh.transform = transform.compose
--- Draws a rotation; see `lacuna.mesh.transform`.
-- @function mesh.rotation
mesh.rotation = transform.rotation

local Mesh = class('Mesh', nil, true)

--- The class of meshes.
mesh.Mesh = Mesh

local function adopt()
   local m = setmetatable({ handle = native.own 'mesh' }, Mesh)
   scope.note(m)
   return m
end

local function check(op, m)
   if type(m) ~= 'table' or getmetatable(m) ~= Mesh then
      fail.raise('%s: mesh is %s, expected a mesh', op, fail.describe(m))
   end
   if not native.live('mesh', m.handle) then
      fail.raise('%s: the mesh was released, expected a live one', op)
   end
   return m.handle
end

-- ---- making ---------------------------------------------------------------------------------

--- Reads a mesh from the bytes of an OFF file.
-- @function mesh.parse
-- @tparam string bytes
-- @treturn ?Mesh
-- @treturn ?string why not
function mesh.parse(bytes)
   if type(bytes) ~= 'string' then
      fail.raise('parse: bytes are %s, expected a string', fail.describe(bytes))
   end
   native.relieve(0, #bytes)
   local good, why = file.told('parse', C.lac_mesh_read_off(native.out 'mesh', bytes, #bytes))
   if not good then return nil, why end
   return adopt()
end

--- Reads a mesh from an OFF file. Polygons are cut into triangles; colours and normals are
-- skipped.
-- @function mesh.read
-- @tparam string path
-- @treturn ?Mesh
-- @treturn ?string why not, with the line
function mesh.read(path)
   local bytes, reason = file.read('read', path)
   if not bytes then return nil, reason end
   local m, why = mesh.parse(bytes)
   if not m then return nil, 'read: ' .. path .. why:match(':.*') end
   return m
end

-- The rows of three numbers that were given, as a tensor on the cpu, to be released.
local function rowsOf(what, value, dtype)
   if Tensor.is(value) then
      Tensor.check('mesh', what, value, dtype)
      value = Tensor.raw(value:shape(), dtype, 'cpu'):copy(value)
   elseif type(value) == 'table' and not getmetatable(value) then
      value = Tensor.of(value, { dtype = dtype, device = 'cpu' })
   else
      fail.raise('mesh: %s are %s, expected a table or a tensor', what, fail.describe(value))
   end
   local sizes = value.sizes
   local right = #sizes == 1 and sizes[1] % 3 == 0 or #sizes == 2 and sizes[2] == 3
   if not right then
      local shape = table.concat(sizes, 'x')
      value:release()
      fail.raise('mesh: %s are %s, expected rows of 3 numbers', what, shape)
   end
   return value
end

--- Makes a mesh.
-- @function mesh.new
-- @tparam table|Tensor vertices `{ { x, y, z }, ... }`, `{ x, y, z, x, ... }` or float32, n x 3
-- @tparam table|Tensor faces of three vertices each, counted from zero: likewise, or int32
-- @treturn Mesh
function mesh.new(vertices, faces)
   local v = rowsOf('vertices', vertices, 'float32')
   local good, f = pcall(rowsOf, 'faces', faces, 'int32')
   if not good then
      v:release()
      error(f, 0)
   end
   native.relieve(0, 4 * (v:nElement() + f:nElement()))
   local status = C.lac_mesh_new(native.out 'mesh', v:pointer(), v:nElement() / 3, f:pointer(),
      f:nElement() / 3)
   v:release()
   f:release()
   native.check(status)
   return adopt()
end

-- ---- asking ---------------------------------------------------------------------------------

--- Tells whether a value is a mesh.
-- @function mesh.is
-- @param value anything
-- @treturn boolean
function mesh.is(value) return type(value) == 'table' and getmetatable(value) == Mesh end

--- A mesh; its vertices and triangles never change.
-- @type Mesh

--- Counts the vertices.
-- @treturn number
function Mesh:nVertices() return C.lac_mesh_vertices(check('nVertices', self)) end

--- Counts the triangles.
-- @treturn number
function Mesh:nTriangles() return C.lac_mesh_triangles(check('nTriangles', self)) end

--- Counts the faces as the file does: polygons uncut, dropped ones included.
-- @treturn number
function Mesh:nFaces() return C.lac_mesh_faces(check('nFaces', self)) end

--- Counts the faces that were dropped for having fewer than three vertices.
-- @treturn number
function Mesh:nDropped() return C.lac_mesh_dropped(check('nDropped', self)) end

--- Copies the vertices.
-- @treturn Tensor n x 3, float32, on the cpu
function Mesh:vertices()
   local h = check('vertices', self)
   local t = Tensor.raw({ self:nVertices(), 3 }, 'float32', 'cpu')
   native.check(C.lac_mesh_copy_vertices(t:pointer(), 4 * t:nElement(), h))
   return t
end

--- Copies the triangles.
-- @treturn Tensor n x 3, int32, on the cpu: vertices counted from zero
function Mesh:triangles()
   local h = check('triangles', self)
   local t = Tensor.raw({ self:nTriangles(), 3 }, 'int32', 'cpu')
   native.check(C.lac_mesh_copy_triangles(t:pointer(), 4 * t:nElement(), h))
   return t
end

--- Measures the surface.
-- @treturn number
function Mesh:area() return C.lac_mesh_area(check('area', self)) end

-- What C takes for a transform: a pointer, or nil to leave things as they are.
local function matrix(op, numbers)
   return numbers and native.doubles(transform.numbers(op, 'transform', numbers, 12)) or nil
end

local box = native.new 'double[6]'

--- Finds the bounding box of the vertices.
-- @tparam[opt] table map twelve numbers that move the vertices first
-- @treturn table the least x, y and z
-- @treturn table the greatest x, y and z
function Mesh:bounds(map)
   native.check(C.lac_mesh_box(box, check('bounds', self), matrix('bounds', map)))
   return { box[0], box[1], box[2] }, { box[3], box[4], box[5] }
end

-- That a method was called on a mesh, a released one too.
local function checkSelf(op, m)
   if mesh.is(m) then return end
   fail.raise('%s: mesh is %s, expected a mesh', op, fail.describe(m))
end

--- Keeps the mesh out of the hands of the scopes that are open.
-- @treturn Mesh self
function Mesh:keep()
   checkSelf('keep', self)
   self.kept = true
   return self
end

--- Frees the memory now; does nothing the second time.
function Mesh:release()
   checkSelf('release', self)
   if self.handle == nil then return end
   native.free('mesh', self.handle)
   self.handle = nil
end

function Mesh:__tostring()
   if self.handle == nil then return 'Mesh (released)' end
   return ('Mesh(%d vertices, %d triangles)'):format(self:nVertices(), self:nTriangles())
end

--- @section end

-- ---- voxels ---------------------------------------------------------------------------------

local poseOptions = {
   renderSize = false, size = false, rotation = false, affine = false, shift = false, scale = 1,
   normalize = true,
}

local function fieldOf(op, size)
   if type(size) == 'number' then size = { size, size, size } end
   local field = transform.numbers(op, 'size', size, 3)
   for i = 1, 3 do fail.whole(op, 'size', field[i], 1) end
   return field
end

-- Numbers that the caller gave, or drawn around those of `middle`, or nil.
local function drawn(what, value, reach, middle)
   if not value then return nil end
   if not transform.isGenerator(value) then
      return transform.numbers('pose', what, value, #middle)
   end
   local numbers = {}
   for i = 1, #middle do numbers[i] = middle[i] + value:uniform(-reach, reach) end
   return numbers
end

-- The steps that put the bounding box of a turned mesh into a cube around the origin.
local function normalizing(m, turned, renderSize)
   if m:nVertices() == 0 then return {}, 1 end
   local low, high = m:bounds(turned)
   local longest, centre = 0, {}
   for i = 1, 3 do
      longest = math.max(longest, high[i] - low[i])
      centre[i] = -(low[i] + high[i]) / 2
   end
   return centre, longest > 0 and renderSize / longest or 1
end

--- Makes the map that puts a mesh into a field of voxels. In this order: `rotation` turns it;
-- unless `normalize` is false, the centre of its bounding box moves to the origin and its longest
-- side becomes `renderSize`; `scale` multiplies; `affine` is applied, then `shift`; the origin
-- moves to the centre of the field.
--
-- Where `rotation`, `affine` or `shift` is a generator, random numbers are drawn from it: a
-- rotation, all equally likely; the identity with -0.2 to 0.2 added to each of nine numbers; -0.2
-- to 0.2 times `renderSize` along each axis.
-- @function mesh.pose
-- @tparam Mesh m
-- @tparam table options `size`: the voxels along an edge of the field, a number or three;
-- `renderSize = size`, the least of them; `rotation` and `affine`: nine numbers, row-major, or a
-- generator; `shift`: three numbers, in voxels, or a generator; `scale = 1`; `normalize = true`
-- @treturn table twelve numbers
function mesh.pose(m, options)
   check('pose', m)
   options = fail.options('pose', options, poseOptions)
   local field = fieldOf('pose', options.size)
   local renderSize = options.renderSize or math.min(field[1], field[2], field[3])
   if fail.number('pose', 'renderSize', renderSize) <= 0 or renderSize == math.huge then
      fail.raise('pose: renderSize is %g, expected a number above 0', renderSize)
   end

   local steps = {}
   if transform.isGenerator(options.rotation) then
      steps[1] = transform.rotation(options.rotation)
   elseif options.rotation then
      steps[1] = transform.numbers('pose', 'rotation', options.rotation, 9)
   end
   if options.normalize then
      local centre, scale = normalizing(m, transform.compose(steps), renderSize)
      if #centre == 3 then steps[#steps + 1] = centre end
      steps[#steps + 1] = scale
   end
   steps[#steps + 1] = fail.number('pose', 'scale', options.scale)
   steps[#steps + 1] = drawn('affine', options.affine, 0.2, { 1, 0, 0, 0, 1, 0, 0, 0, 1 })
   steps[#steps + 1] = drawn('shift', options.shift, 0.2 * renderSize, { 0, 0, 0 })
   steps[#steps + 1] = { field[1] / 2, field[2] / 2, field[3] / 2 }
   return transform.compose(steps)
end

-- Copies voxels into a tensor on a device.
local function readVoxels(voxels, batch, device)
   local n = C.lac_voxels_count(voxels)
   local coords = Tensor.raw({ n, 4 }, 'int32', 'cpu')
   native.check(C.lac_voxels_copy(coords:pointer(), 16 * n, voxels, batch))
   if device == 'cpu' then return coords end
   local there = Tensor.raw({ n, 4 }, 'int32', device):copy(coords)
   coords:release()
   return there
end

--- Finds the voxels that a surface touches, exactly: none is missing and none is extra.
-- @function mesh.voxelize
-- @tparam Mesh m
-- @tparam table options `transform`: twelve numbers that take the mesh to voxel coordinates; or,
-- without it, what @{pose} takes; `size`: the voxels along an edge of the field, a number or
-- three; `batch = 1`: the number of the sample; `device`
-- @treturn Tensor n x 4, int32: `batch` and the coordinates from 0, sorted; for `Sites.new`
-- @treturn number how many voxels lay outside the field and were dropped
function mesh.voxelize(m, options)
   local h = check('voxelize', m)
   local known = { transform = false, batch = 1, device = Tensor.defaultDevice }
   for name, default in pairs(poseOptions) do known[name] = default end
   local all = fail.options('voxelize', options, known)
   local field = fieldOf('voxelize', all.size)
   fail.whole('voxelize', 'batch', all.batch, 1, 65535)
   native.device(all.device)
   local map = all.transform
   if not map then
      local posing = {}
      for name in pairs(poseOptions) do posing[name] = all[name] end
      map = mesh.pose(m, posing)
   else
      for name in pairs(poseOptions) do
         if name ~= 'size' and options[name] ~= nil then
            fail.raise('voxelize: options have transform and %s, expected one of them', name)
         end
      end
   end
   native.relieve(0, 0)
   native.try(C.lac_mesh_voxelize, native.out 'voxels', h, matrix('voxelize', map),
      native.doubles(field))
   local voxels = native.own 'voxels'
   local dropped = C.lac_voxels_dropped(voxels)
   local good, coords = pcall(readVoxels, voxels, all.batch, all.device)
   native.free('voxels', voxels)
   if not good then error(coords, 0) end
   return coords, dropped
end

--- Paints a mesh on white, as large as the picture allows, lit from the upper left.
-- @function mesh.render
-- @tparam Mesh m
-- @tparam[opt] table options `width = 256`, `height = width`, in pixels; `colour`: see
-- `lacuna.image`; `transform`: twelve numbers after which x points right, y up and z at the
-- viewer, without it from above, ahead and aside, z up
-- @treturn Tensor height x width x 3, uint8, on the cpu
function mesh.render(m, options)
   local h = check('render', m)
   options = fail.options('render', options,
      { width = 256, height = false, colour = 'steel', transform = false })
   local width = fail.whole('render', 'width', options.width, 1, 8192)
   local height = fail.whole('render', 'height', options.height or width, 1, 8192)
   local colour, map = image.colour('render', options.colour), matrix('render', options.transform)
   local picture = Tensor.raw({ height, width, 3 }, 'uint8', 'cpu')
   native.try(C.lac_mesh_render, picture:pointer(), width * height * 3, width, height, h, map,
      colour)
   return picture
end

return mesh
