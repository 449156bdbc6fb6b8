--- Builds closed triangle meshes out of a few parametric solids.
--
-- A solid is { vertices = flat array x, y, z, ..., faces = flat array of zero-based triples }. Each
-- edge belongs to exactly two triangles, which run through it in opposite directions, and all
-- triangles turn counter-clockwise seen from outside. The functions that move a solid change it in
-- place and return it.
-- @module lacuna.data.solids
local fail = require 'lacuna.fail'

local solids = {}

-- arguments ----------------------------------------------------------------------------------

local MOST = 4096  -- corners, parts and layers: of an ellipsoid, 8 million vertices

-- A finite number, of either sign.
local function number(op, what, value) return fail.range(op, what, value, -2 ^ 1023) end

-- An array of at least `least` points of `count` numbers each.
local function points(op, what, list, least, count)
   if type(list) ~= 'table' or #list < least then
      fail.raise('%s: %s is %s, expected %d points or more', op, what,
         type(list) == 'table' and 'a list of ' .. #list or fail.describe(list), least)
   end
   for i = 1, #list do
      local point = list[i]
      if type(point) ~= 'table' then
         fail.raise('%s: point %d of the %s is %s, expected %d numbers', op, i, what,
            fail.describe(point), count)
      end
      for axis = 1, count do
         number(op, ('number %d of point %d of the %s'):format(axis, i, what), point[axis])
      end
   end
end

-- What `loft` and its like give: flat arrays whose faces are of vertices that exist.
local function checkSolid(op, solid)
   local vertices = type(solid) == 'table' and solid.vertices
   local faces = type(solid) == 'table' and solid.faces
   if type(vertices) ~= 'table' or type(faces) ~= 'table' then
      fail.raise('%s: %s, expected a solid: a table with vertices and faces', op,
         fail.describe(solid))
   end
   if #vertices % 3 ~= 0 or #faces % 3 ~= 0 then
      fail.raise('%s: the solid has %d numbers of vertices and %d of faces, expected threes', op,
         #vertices, #faces)
   end
   for i = 1, #vertices do
      local v = vertices[i]
      if type(v) ~= 'number' or v ~= v then number(op, 'a coordinate of a vertex', v) end
   end
   for i = 1, #faces do fail.whole(op, 'a corner of a face', faces[i], 0, #vertices / 3 - 1) end
end

-- building -----------------------------------------------------------------------------------

local function addVertex(solid, x, y, z)
   local v = solid.vertices
   local n = #v
   v[n + 1], v[n + 2], v[n + 3] = x, y, z
   return n / 3
end

local function addFace(solid, a, b, c)
   local f = solid.faces
   local n = #f
   f[n + 1], f[n + 2], f[n + 3] = a, b, c
end

-- Joins two rings of n vertices, the second further along; a ring of one vertex is a pole.
local function joinRings(solid, n, from, fromPole, to, toPole)
   for j = 0, n - 1 do
      local k = (j + 1) % n
      if fromPole then
         addFace(solid, from, to + k, to + j)
      elseif toPole then
         addFace(solid, from + j, from + k, to)
      else
         addFace(solid, from + j, from + k, to + k)
         addFace(solid, from + j, to + k, to + j)
      end
   end
end

local function checkSections(sections)
   local op, n = 'solids.loft', #sections
   for i = 1, n do
      local section, scale = sections[i], sections[i][2]
      for k, what in pairs { [3] = 'dx', [4] = 'dy', [5] = 'scaleY' } do
         if section[k] ~= nil then number(op, ('%s of section %d'):format(what, i), section[k]) end
      end
      if (i == 1 or i == n) and scale ~= 0 then
         fail.raise('%s: scale of section %d of %d is %.14g, expected 0: a loft begins and ends in '
            .. 'a point', op, i, n, scale)
      end
      if i > 1 and scale == 0 and sections[i - 1][2] == 0 then
         fail.raise('%s: sections %d and %d have scale 0, expected an outline between points', op,
            i - 1, i)
      end
   end
end

--- Stacks copies of an outline along z.
-- @tparam table outline  array of { x, y }, counter-clockwise, seen whole from the origin
-- @tparam table sections  array of { z, scale, dx = 0, dy = 0, scaleY = scale } along the surface;
--   the first and the last have scale 0: they close it by a point. z may go back, as in a bowl.
--   No two in a row have scale 0.
-- @treturn table  the solid
-- @usage
-- local disc = solids.circle(16)
-- local cylinder = solids.loft(disc, { { 0, 0 }, { 0, 1 }, { 2, 1 }, { 2, 0 } })
function solids.loft(outline, sections)
   points('solids.loft', 'outline', outline, 3, 2)
   points('solids.loft', 'list of sections', sections, 3, 2)
   checkSections(sections)
   local solid, n = { vertices = {}, faces = {} }, #outline
   local last, lastPole
   for _, section in ipairs(sections) do
      local z, scale, dx, dy = section[1], section[2], section[3] or 0, section[4] or 0
      local scaleY = section[5] or scale
      local pole = scale == 0
      local first
      if pole then
         first = addVertex(solid, dx, dy, z)
      else
         for j, point in ipairs(outline) do
            local index = addVertex(solid, dx + scale * point[1], dy + scaleY * point[2], z)
            if j == 1 then first = index end
         end
      end
      if last then joinRings(solid, n, last, lastPole, first, pole) end
      last, lastPole = first, pole
   end
   return solid
end

local function cross(ax, ay, az, bx, by, bz)
   return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
end

local function unit(x, y, z)
   local length = math.sqrt(x * x + y * y + z * z)
   return x / length, y / length, z / length
end

-- The directions of a path at its points.
local function tangents(path, closed)
   local n, out = #path, {}
   for i = 1, n do
      local a = path[i - 1] or closed and path[n] or path[i]
      local b = path[i + 1] or closed and path[1] or path[i]
      local x, y, z = b[1] - a[1], b[2] - a[2], b[3] - a[3]
      if x == 0 and y == 0 and z == 0 then
         fail.raise('solids.tube: the path stands at point %d, expected points that differ', i)
      end
      out[i] = { unit(x, y, z) }
   end
   return out
end

-- The part of (x, y, z) across t, of length one.
local function across(x, y, z, t)
   local along = x * t[1] + y * t[2] + z * t[3]
   return unit(x - along * t[1], y - along * t[2], z - along * t[3])
end

-- The axis that a direction is far from.
local function aside(t)
   if math.abs(t[1]) > 0.9 then return 0, 1, 0 end
   return 1, 0, 0
end

-- A normal at each point of a path, carried along without turning about it; begun anew where the
-- path turns into it.
local function carriedNormals(along)
   local x, y, z = aside(along[1])
   local out = {}
   for i = 1, #along do
      local t = along[i]
      if math.abs(x * t[1] + y * t[2] + z * t[3]) > 1 - 1e-12 then x, y, z = aside(t) end
      x, y, z = across(x, y, z, t)
      out[i] = { x, y, z }
   end
   return out
end

-- By how much a normal carried round a closed path has turned when it comes back.
local function closingAngle(along, normals)
   local t, first, last = along[1], normals[1], normals[#normals]
   local x, y, z = across(last[1], last[2], last[3], t)
   local bx, by, bz = cross(t[1], t[2], t[3], first[1], first[2], first[3])
   return math.atan2(x * bx + y * by + z * bz, x * first[1] + y * first[2] + z * first[3])
end

--- Draws a round tube along a path.
-- @tparam table path  array of { x, y, z }, two or more
-- @tparam function radius  of the place along the path, 0 to 1
-- @tparam number segments  corners of the tube's outline, 3 or more
-- @tparam[opt=false] boolean closed  whether the path ends where it began; else flat ends
-- @treturn table  the solid
-- @usage solids.tube({ { 0, 0, 0 }, { 0, 0, 5 } }, function() return 1 end, 12)
function solids.tube(path, radius, segments, closed)
   closed = fail.flag('solids.tube', 'closed', closed, false)
   points('solids.tube', 'path', path, closed and 3 or 2, 3)
   fail.callable('solids.tube', radius)
   fail.whole('solids.tube', 'segments', segments, 3, MOST)
   local solid, n = { vertices = {}, faces = {} }, #path
   local along = tangents(path, closed)
   local normals = carriedNormals(along)
   local twist = closed and closingAngle(along, normals) or 0
   local first = not closed and addVertex(solid, unpack(path[1]))
   local rings = #solid.vertices / 3
   for i = 1, n do
      local p, t, normal = path[i], along[i], normals[i]
      local bx, by, bz = cross(t[1], t[2], t[3], normal[1], normal[2], normal[3])
      local r = radius((i - 1) / (closed and n or n - 1))
      fail.range('solids.tube', 'the radius', r, 0)
      for j = 0, segments - 1 do
         local angle = 2 * math.pi * j / segments - twist * (i - 1) / n
         local c, s = r * math.cos(angle), r * math.sin(angle)
         addVertex(solid, p[1] + c * normal[1] + s * bx, p[2] + c * normal[2] + s * by,
            p[3] + c * normal[3] + s * bz)
      end
      if i > 1 then
         joinRings(solid, segments, rings + (i - 2) * segments, false, rings + (i - 1) * segments)
      end
   end
   if closed then
      joinRings(solid, segments, (n - 1) * segments, false, 0)
   else
      joinRings(solid, segments, first, true, rings)
      local last = addVertex(solid, unpack(path[n]))
      joinRings(solid, segments, rings + (n - 1) * segments, false, last, true)
   end
   return solid
end

-- outlines -----------------------------------------------------------------------------------

--- Gives the outline of a circle of radius one.
-- @tparam number n how many corners, 3 or more
-- @treturn table an array of `{ x, y }`
function solids.circle(n)
   fail.whole('solids.circle', 'n', n, 3, MOST)
   local outline = {}
   for j = 1, n do
      local angle = 2 * math.pi * (j - 1) / n
      outline[j] = { math.cos(angle), math.sin(angle) }
   end
   return outline
end

--- Splits each side of an outline into equal parts.
-- @tparam table outline an array of `{ x, y }`
-- @tparam number steps how many parts
-- @treturn table a new outline
function solids.split(outline, steps)
   points('solids.split', 'outline', outline, 3, 2)
   fail.whole('solids.split', 'steps', steps, 1, MOST)
   local out = {}
   for j, a in ipairs(outline) do
      local b = outline[j % #outline + 1]
      for k = 0, steps - 1 do
         local w = k / steps
         out[#out + 1] = { a[1] + w * (b[1] - a[1]), a[2] + w * (b[2] - a[2]) }
      end
   end
   return out
end

-- common solids ------------------------------------------------------------------------------

--- Extrudes an outline from z = 0 to the height given.
-- @tparam table outline  array of { x, y }, counter-clockwise, seen whole from the origin
-- @tparam number height  0 or more
-- @tparam[opt=2] number layers  parts that the sides are cut into
-- @treturn table  the solid
function solids.prism(outline, height, layers)
   points('solids.prism', 'outline', outline, 3, 2)
   fail.range('solids.prism', 'height', height, 0)
   layers = fail.whole('solids.prism', 'layers', layers == nil and 2 or layers, 1, MOST)
   local sections = { { 0, 0 }, { 0, 1 / 3 }, { 0, 2 / 3 } }
   for k = 0, layers do sections[#sections + 1] = { height * k / layers, 1 } end
   for ring = 2, 0, -1 do sections[#sections + 1] = { height, ring / 3 } end
   return solids.loft(outline, sections)
end

--- Makes a box around the origin in x and y, from z = 0 up.
-- @tparam number x  width
-- @tparam number y  depth
-- @tparam number z  height
-- @tparam[opt=2] number steps  parts that the sides of its base are cut into
-- @tparam[opt=2] number layers  parts that the height is cut into
-- @treturn table  the solid
function solids.box(x, y, z, steps, layers)
   local op = 'solids.box'
   fail.range(op, 'x', x, 0)
   fail.range(op, 'y', y, 0)
   fail.range(op, 'z', z, 0)
   steps = fail.whole(op, 'steps', steps == nil and 2 or steps, 1, MOST)
   layers = fail.whole(op, 'layers', layers == nil and 2 or layers, 1, MOST)
   local corners = { { x / 2, -y / 2 }, { x / 2, y / 2 }, { -x / 2, y / 2 }, { -x / 2, -y / 2 } }
   return solids.prism(solids.split(corners, steps), z, layers)
end

--- Makes an ellipsoid around the origin, with the half axes given.
-- @tparam number x
-- @tparam number y
-- @tparam number z
-- @tparam number n  corners of its equator, 4 or more
-- @treturn table  the solid
function solids.ellipsoid(x, y, z, n)
   local op = 'solids.ellipsoid'
   fail.range(op, 'x', x, 0)
   fail.range(op, 'y', y, 0)
   fail.range(op, 'z', z, 0)
   fail.whole(op, 'n', n, 4, MOST)
   local sections, rings = {}, math.floor(n / 2)
   for k = 0, rings do
      local angle = math.pi * k / rings
      local pole = k == 0 or k == rings
      sections[k + 1] = { -z * math.cos(angle), pole and 0 or x * math.sin(angle), 0, 0,
         y * math.sin(angle) }
   end
   return solids.loft(solids.circle(n), sections)
end

-- moving -------------------------------------------------------------------------------------

--- Applies a function to all vertices, in place.
-- @tparam table solid
-- @tparam function f takes x, y, z and gives x, y, z
-- @treturn table solid
function solids.map(solid, f)
   checkSolid('solids.map', solid)
   fail.callable('solids.map', f)
   local v = solid.vertices
   for i = 1, #v, 3 do
      local x, y, z = f(v[i], v[i + 1], v[i + 2])
      v[i], v[i + 1], v[i + 2] = fail.number('solids.map', 'what f gives for x', x),
         fail.number('solids.map', 'what f gives for y', y),
         fail.number('solids.map', 'what f gives for z', z)
   end
   return solid
end

--- Moves a solid, in place.
-- @tparam table solid
-- @tparam number dx
-- @tparam number dy
-- @tparam number dz
-- @treturn table solid
function solids.shift(solid, dx, dy, dz)
   checkSolid('solids.shift', solid)
   number('solids.shift', 'dx', dx)
   number('solids.shift', 'dy', dy)
   number('solids.shift', 'dz', dz)
   local v = solid.vertices
   for i = 1, #v, 3 do v[i], v[i + 1], v[i + 2] = v[i] + dx, v[i + 1] + dy, v[i + 2] + dz end
   return solid
end

--- Turns a solid about an axis, in place.
-- @tparam table solid
-- @tparam string axis `x`, `y` or `z`
-- @tparam number angle in radians
-- @treturn table solid
function solids.turn(solid, axis, angle)
   checkSolid('solids.turn', solid)
   local a = type(axis) == 'string' and ({ x = 1, y = 2, z = 0 })[axis]
   if not a then
      fail.raise('solids.turn: axis is %s, expected x, y or z', fail.describe(axis))
   end
   number('solids.turn', 'angle', angle)
   local c, s = math.cos(angle), math.sin(angle)
   local b = (a + 1) % 3
   local v = solid.vertices
   for i = 1, #v, 3 do
      local p, q = v[i + a], v[i + b]
      v[i + a], v[i + b] = c * p - s * q, s * p + c * q
   end
   return solid
end

--- Puts solids into one; they may overlap.
-- @tparam table parts  array of solids
-- @treturn table  a new solid
function solids.join(parts)
   if type(parts) ~= 'table' then
      fail.raise('solids.join: %s, expected an array of solids', fail.describe(parts))
   end
   for i = 1, #parts do checkSolid('solids.join', parts[i]) end
   local whole = { vertices = {}, faces = {} }
   local v, f = whole.vertices, whole.faces
   for i = 1, #parts do
      local part = parts[i]
      local first, nv, nf = #v / 3, #v, #f
      for k = 1, #part.vertices do v[nv + k] = part.vertices[k] end
      for k = 1, #part.faces do f[nf + k] = part.faces[k] + first end
   end
   return whole
end

return solids
