--- Looks at triangle meshes for the specs.
-- @module spec.support.meshes
local meshes = {}

-- Finds the representative of a vertex's component.
local function rootOf(parents, a)
   while parents[a] ~= a do
      parents[a] = parents[parents[a]]
      a = parents[a]
   end
   return a
end

--- Gives the volume of each connected part of a mesh, or nil and why it is not closed: each edge
-- must belong to two triangles that run through it in opposite directions.
function meshes.volumes(mesh)
   local v, f, seen, parents = mesh.vertices, mesh.faces, {}, {}
   local count = #v / 3
   for i = 0, count - 1 do parents[i] = i end
   for i = 1, #f, 3 do
      for k = 0, 2 do
         local a, b = f[i + k], f[i + (k + 1) % 3]
         if a < 0 or a >= count or a ~= math.floor(a) then return nil, 'no vertex ' .. a end
         if a == b then return nil, 'a triangle has vertex ' .. a .. ' twice' end
         local edge = a * count + b
         if seen[edge] then return nil, ('edge %d to %d is met twice'):format(a, b) end
         seen[edge] = true
         parents[rootOf(parents, a)] = rootOf(parents, b)
      end
   end
   for edge in pairs(seen) do
      local a, b = math.floor(edge / count), edge % count
      if not seen[b * count + a] then return nil, ('edge %d to %d has one side'):format(a, b) end
   end

   local volumes, places = {}, {}
   for i = 1, #f, 3 do
      local root = rootOf(parents, f[i])
      if not places[root] then
         volumes[#volumes + 1] = 0
         places[root] = #volumes
      end
      local a, b, c = 3 * f[i], 3 * f[i + 1], 3 * f[i + 2]
      local ax, ay, az = v[a + 1], v[a + 2], v[a + 3]
      local bx, by, bz = v[b + 1], v[b + 2], v[b + 3]
      local cx, cy, cz = v[c + 1], v[c + 2], v[c + 3]
      local signed = (ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz)
         + az * (bx * cy - by * cx)) / 6
      volumes[places[root]] = volumes[places[root]] + signed
   end
   return volumes
end

--- Gives the lowest and the highest coordinates of a mesh.
function meshes.bounds(mesh)
   local low, high = {}, {}
   for axis = 1, 3 do
      low[axis], high[axis] = math.huge, -math.huge
      for i = axis, #mesh.vertices, 3 do
         low[axis] = math.min(low[axis], mesh.vertices[i])
         high[axis] = math.max(high[axis], mesh.vertices[i])
      end
   end
   return low, high
end

--- Counts the voxels of side 1 that hold one of many points of the surface.
-- @tparam table mesh
-- @tparam[opt] table m  nine numbers: the vertices are turned by this matrix first
function meshes.voxels(mesh, m)
   m = m or { 1, 0, 0, 0, 1, 0, 0, 0, 1 }
   local v, seen, count = mesh.vertices, {}, 0
   local function corner(index)
      local x, y, z = v[3 * index + 1], v[3 * index + 2], v[3 * index + 3]
      return m[1] * x + m[2] * y + m[3] * z, m[4] * x + m[5] * y + m[6] * z,
         m[7] * x + m[8] * y + m[9] * z
   end
   for i = 1, #mesh.faces, 3 do
      local ax, ay, az = corner(mesh.faces[i])
      local bx, by, bz = corner(mesh.faces[i + 1])
      local cx, cy, cz = corner(mesh.faces[i + 2])
      local reach = math.max(math.abs(bx - ax), math.abs(by - ay), math.abs(bz - az),
         math.abs(cx - ax), math.abs(cy - ay), math.abs(cz - az))
      local steps = math.ceil(reach / 0.3)
      for k = 0, steps do
         for l = 0, steps - k do
            local s, t = k / steps, l / steps
            local x = math.floor(ax + s * (bx - ax) + t * (cx - ax))
            local y = math.floor(ay + s * (by - ay) + t * (cy - ay))
            local z = math.floor(az + s * (bz - az) + t * (cz - az))
            local key = (x + 512) * 1048576 + (y + 512) * 1024 + z + 512
            if not seen[key] then
               seen[key] = true
               count = count + 1
            end
         end
      end
   end
   return count
end

return meshes
