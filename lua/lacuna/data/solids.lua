--- Builds closed triangle meshes out of a few parametric solids.
--
-- A solid is { vertices = flat array x, y, z, ..., faces = flat array of zero-based triples }. Each
-- edge belongs to exactly two triangles, which run through it in opposite directions, and all
-- triangles turn counter-clockwise seen from outside. The functions that move a solid change it in
-- place and return it.
-- @module lacuna.data.solids
local solids = {}

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

--- Stacks copies of an outline along z.
-- @tparam table outline  array of { x, y }, counter-clockwise, seen whole from the origin
-- @tparam table sections  array of { z, scale, dx = 0, dy = 0, scaleY = scale } along the surface;
--   the first and the last have scale 0: they close it by a point. z may go back, as in a bowl.
-- @treturn table  the solid
-- @usage
-- local disc = solids.circle(16)
-- local cylinder = solids.loft(disc, { { 0, 0 }, { 0, 1 }, { 2, 1 }, { 2, 0 } })
function solids.loft(outline, sections)
   local solid, n = { vertices = {}, faces = {} }, #outline
   assert(sections[1][2] == 0 and sections[#sections][2] == 0, 'a loft begins and ends in a point')
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
local function tangents(points, closed)
   local n, out = #points, {}
   for i = 1, n do
      local a = points[i - 1] or closed and points[n] or points[i]
      local b = points[i + 1] or closed and points[1] or points[i]
      out[i] = { unit(b[1] - a[1], b[2] - a[2], b[3] - a[3]) }
   end
   return out
end

-- The part of (x, y, z) across t, of length one.
local function across(x, y, z, t)
   local along = x * t[1] + y * t[2] + z * t[3]
   return unit(x - along * t[1], y - along * t[2], z - along * t[3])
end

-- A normal at each point of a path, carried along without turning about it.
local function carriedNormals(along)
   local t = along[1]
   local x, y, z = 1, 0, 0
   if math.abs(t[1]) > 0.9 then x, y = 0, 1 end
   local out = {}
   for i = 1, #along do
      x, y, z = across(x, y, z, along[i])
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
-- @tparam table points  array of { x, y, z }, two or more
-- @tparam function radius  of the place along the path, 0 to 1
-- @tparam number segments  corners of the tube's outline
-- @tparam[opt=false] boolean closed  whether the path ends where it began; else flat ends
-- @treturn table  the solid
-- @usage solids.tube({ { 0, 0, 0 }, { 0, 0, 5 } }, function() return 1 end, 12)
function solids.tube(points, radius, segments, closed)
   local solid, n = { vertices = {}, faces = {} }, #points
   local along = tangents(points, closed)
   local normals = carriedNormals(along)
   local twist = closed and closingAngle(along, normals) or 0
   local first = not closed and addVertex(solid, unpack(points[1]))
   local rings = #solid.vertices / 3
   for i = 1, n do
      local p, t, normal = points[i], along[i], normals[i]
      local bx, by, bz = cross(t[1], t[2], t[3], normal[1], normal[2], normal[3])
      local r = radius((i - 1) / (closed and n or n - 1))
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
      local last = addVertex(solid, unpack(points[n]))
      joinRings(solid, segments, rings + (n - 1) * segments, false, last, true)
   end
   return solid
end

-- outlines -----------------------------------------------------------------------------------

--- Gives the outline of a circle of radius one.
-- @tparam number n how many corners
-- @treturn table an array of `{ x, y }`
function solids.circle(n)
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
-- @tparam table outline
-- @tparam number height
-- @tparam[opt=2] number layers  parts that the sides are cut into
function solids.prism(outline, height, layers)
   layers = layers or 2
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
function solids.box(x, y, z, steps, layers)
   local corners = { { x / 2, -y / 2 }, { x / 2, y / 2 }, { -x / 2, y / 2 }, { -x / 2, -y / 2 } }
   return solids.prism(solids.split(corners, steps or 2), z, layers)
end

--- Makes an ellipsoid around the origin, with the half axes given.
-- @tparam number x
-- @tparam number y
-- @tparam number z
-- @tparam number n  corners of its equator
function solids.ellipsoid(x, y, z, n)
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
   local v = solid.vertices
   for i = 1, #v, 3 do v[i], v[i + 1], v[i + 2] = f(v[i], v[i + 1], v[i + 2]) end
   return solid
end

--- Moves a solid, in place.
-- @tparam table solid
-- @tparam number dx
-- @tparam number dy
-- @tparam number dz
-- @treturn table solid
function solids.shift(solid, dx, dy, dz)
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
   local c, s = math.cos(angle), math.sin(angle)
   local a = axis == 'x' and 1 or axis == 'y' and 2 or 0
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
   local whole = { vertices = {}, faces = {} }
   local v, f = whole.vertices, whole.faces
   for _, part in ipairs(parts) do
      local first, nv, nf = #v / 3, #v, #f
      for i = 1, #part.vertices do v[nv + i] = part.vertices[i] end
      for i = 1, #part.faces do f[nf + i] = part.faces[i] + first end
   end
   return whole
end

return solids
