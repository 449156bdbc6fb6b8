local lacuna = require 'lacuna'
local box = require('spec.support.boxes').box
local C = require('lacuna.native').C
local mesh = lacuna.mesh

local stay = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0 }

-- The voxels of a mesh that is in voxel coordinates already.
local function voxels(vertices, faces, size)
   local m = mesh.new(vertices, faces)
   local coords, dropped = mesh.voxelize(m, { transform = stay, size = size or 16 })
   m:release()
   local list = coords:toTable()
   for i = 1, #list do list[i] = { list[i][2], list[i][3], list[i][4] } end
   return list, dropped
end

-- The part of a polygon where sign * (coordinate - bound) is not negative.
local function clip(polygon, axis, bound, sign)
   local out = {}
   for i = 1, #polygon do
      local p, q = polygon[i], polygon[i % #polygon + 1]
      local a, b = sign * (p[axis] - bound), sign * (q[axis] - bound)
      if a >= 0 then out[#out + 1] = p end
      if a * b < 0 then
         local t, cut = a / (a - b), {}
         for k = 1, 3 do cut[k] = p[k] + t * (q[k] - p[k]) end
         out[#out + 1] = cut
      end
   end
   return out
end

-- Whether a triangle has a point in the half-open voxel. What is left of it in the closed one is
-- convex, so it has such a point if along each axis some point of it lies below the upper side.
local function touches(triangle, x, y, z)
   local polygon, corner = triangle, { x, y, z }
   for axis = 1, 3 do
      polygon = clip(polygon, axis, corner[axis], 1)
      polygon = clip(polygon, axis, corner[axis] + 1, -1)
   end
   if #polygon == 0 then return false end
   for axis = 1, 3 do
      local least = math.huge
      for i = 1, #polygon do least = math.min(least, polygon[i][axis]) end
      if least >= corner[axis] + 1 then return false end
   end
   return true
end

describe('mesh.voxelize', function()
   it('finds just the voxels that triangles touch', function()
      local g = lacuna.Generator(5)
      for round = 1, 60 do
         -- long, small, thin, and flat ones
         local spread, flat = ({ 7.9, 1.5, 7.9 })[round % 3 + 1], round % 5 == 0
         local corners, vertices = {}, {}
         for i = 1, 3 do
            corners[i] = {}
            for k = 1, 3 do
               local value = g:uniform(0, spread) + (spread < 2 and round % 6 or 0)
               if round % 3 == 2 and i == 3 then value = corners[2][k] + value / 1000 end
               if flat and k == 1 then value = 3.25 end
               vertices[#vertices + 1] = value
               corners[i][k] = value
            end
         end
         local m = mesh.new(vertices, { 0, 1, 2 })
         -- as float32
         local rounded = m:vertices():toTable()
         local expected = {}
         for x = 0, 7 do
            for y = 0, 7 do
               for z = 0, 7 do
                  if touches(rounded, x, y, z) then expected[#expected + 1] = { 1, x, y, z } end
               end
            end
         end
         local coords, dropped = mesh.voxelize(m, { transform = stay, size = 8 })
         assert.same(expected, coords:toTable())
         assert.equal(0, dropped)
         m:release()
      end
   end)

   it('takes a face between two layers for the upper one', function()
      -- its long side passes the corner of four voxels, (3, 3), and just misses it
      assert.same({ { 5, 2, 2 }, { 5, 2, 3 }, { 5, 3, 2 }, { 5, 3, 3 } },
         (voxels({ 5, 2.5, 2.5, 5, 3.5, 2.5, 5, 2.5, 3.5 }, { 0, 1, 2 })))
      assert.same({ { 5, 2, 2 }, { 5, 2, 3 }, { 5, 3, 2 } },
         (voxels({ 5, 2.5, 2.5, 5, 3.49, 2.5, 5, 2.5, 3.5 }, { 0, 1, 2 })))
   end)

   it('takes points and segments, and faces without an area', function()
      assert.same({ { 3, 4, 5 } }, (voxels({ 3, 4.5, 5.9 }, { 0, 0, 0 })))
      assert.same({ { 0, 0, 0 }, { 1, 0, 0 }, { 2, 0, 0 } },
         (voxels({ 0.5, 0.5, 0.5, 2, 0.5, 0.5 }, { 0, 1, 0 })))
      assert.same({ { 0, 0, 0 }, { 1, 1, 0 }, { 2, 2, 0 } },
         (voxels({ 0, 0, 0, 2.5, 2.5, 0 }, { 0, 1, 1 })))
   end)

   it('hollows a box', function()
      local m = box(4, 4, 4)
      local coords = mesh.voxelize(m, { transform = { 1, 0, 0, 0.5, 0, 1, 0, 0.5, 0, 0, 1, 0.5 },
         size = { 5, 6, 7 } })
      assert.equal(5 ^ 3 - 3 ^ 3, coords:size(1))
   end)

   it('drops and counts what lies outside the field', function()
      local m = box(4, 4, 4)
      local move = { 1, 0, 0, -2.5, 0, 1, 0, 0.5, 0, 0, 1, 0.5 }
      local coords, dropped = mesh.voxelize(m, { transform = move, size = 5 })
      assert.equal(5 ^ 3 - 3 ^ 3, coords:size(1) + dropped)
      -- the slices at -3, -2 and -1: a full one of 25 and two rims of 16
      assert.equal(25 + 16 + 16, dropped)
      -- all of it
      coords, dropped = mesh.voxelize(m, { transform = { 1, 0, 0, 50, 0, 1, 0, 0, 0, 0, 1, 0 },
         size = 5 })
      assert.same({ 0, 4 }, coords:shape())
      assert.is_true(dropped > 0)
   end)

   it('gives coordinates that sites are built from', function()
      local m = box(4, 4, 4)
      local first = mesh.voxelize(m, { size = 12, renderSize = 6, batch = 1 })
      local second, dropped = mesh.voxelize(m, { size = 12, renderSize = 6, batch = 2,
         device = 'cpu' })
      assert.equal('cpu', second.device)
      assert.equal(lacuna.device(), first.device)
      assert.equal('int32', first.dtype)
      assert.equal(0, dropped)
      local sites = lacuna.Sites.new(second, { spatialSize = 12, batchSize = 2 })
      assert.equal(second:size(1), sites.count)
      assert.equal(2, sites.batchSize)
      -- sides at exactly 3 and 9, from corner to corner: 7 voxels
      assert.equal(7 ^ 3 - 5 ^ 3, sites.count)
   end)

   it('refuses wrong arguments', function()
      local m = box(1, 1, 1)
      assert.fails('voxelize: mesh is nil', mesh.voxelize)
      assert.fails('size is nil, expected 3 numbers', mesh.voxelize, m)
      assert.fails('size is the number 0, expected a whole', mesh.voxelize, m, { size = 0 })
      assert.fails('size has 2 numbers', mesh.voxelize, m, { size = { 1, 2 } })
      assert.fails('size is the number 2.5', mesh.voxelize, m, { size = { 1, 2.5, 1 } })
      assert.fails('the field is 5e%+06', mesh.voxelize, m, { size = 5e6 })
      assert.fails('renderSize is %-1', mesh.voxelize, m, { size = 3, renderSize = -1 })
      assert.fails('batch is the number 0', mesh.voxelize, m, { size = 3, batch = 0 })
      assert.fails('have transform and rotation', mesh.voxelize, m,
         { size = 3, transform = stay, rotation = { 1, 0, 0, 0, 1, 0, 0, 0, 1 } })
      assert.fails('rotation has 3 numbers, expected 9', mesh.voxelize, m,
         { size = 3, rotation = { 1, 2, 3 } })
      assert.fails('rotation is the string', mesh.voxelize, m, { size = 3, rotation = 'haar' })
      assert.fails('option edge is unknown', mesh.voxelize, m, { edge = 3 })
      assert.fails('surface touches at least', mesh.voxelize, m,
         { size = 3, transform = { 1e6, 0, 0, 0, 0, 1e6, 0, 0, 0, 0, 1e6, 0 } })
      assert.fails('device', mesh.voxelize, m, { size = 3, device = 'abacus' })
   end)

   it('gives back its memory where it is short', function()
      local m = box(4, 4, 4)
      for n = 1, 12 do
         C.lac_debug_fail_after(n)
         pcall(mesh.voxelize, m, { size = 12 })
         C.lac_debug_fail_after(n)
         pcall(box, 1, 1, 1)
         C.lac_debug_fail_after(n)
         pcall(mesh.render, m)
      end
      C.lac_debug_fail_after(0)
   end)
end)
