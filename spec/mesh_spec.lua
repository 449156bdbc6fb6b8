local lacuna = require 'lacuna'
local cases = dofile 'spec/mesh_cases.lua'
local box = require('spec.support.boxes').box
local shapes = require 'lacuna.data.shapes'
local mesh, Tensor = lacuna.mesh, lacuna.Tensor

local stay = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0 }

describe('mesh.parse', function()
   it('reads OFF files in all their dresses', function()
      for _, case in ipairs(cases.loads) do
         local m, why = mesh.parse(case[2])
         assert.is_truthy(m, case[1] .. ': ' .. tostring(why))
         assert.same({ case[3], case[4], case[5], case[6] },
            { m:nVertices(), m:nTriangles(), m:nFaces(), m:nDropped() }, case[1])
      end
   end)

   it('reads numbers as Lua does, to a unit in the last place', function()
      local words = { '0', '-0.0', '7', '+7', '1.5', '-0.25', '.5', '-.5', '5.', '0.1',
         '12.034e-3', '1E2', '1e+2', '0.000000000000000000000000001234567891234567891234e30',
         '1234567891234567891234567.5', '12345678912345678912345678e-25', '3.4028234e38', '1e-37',
         '1e-44', '1e-60', '0e999', '100e-2', '1.00000000000000000000000000000000001',
         '0.99999999999999999999999999', '000000000000000000000000000000000000123.25' }
      for _, word in ipairs(words) do
         local m = assert(mesh.parse(('OFF\n1 0 0\n%s %s 1\n'):format(word, word)))
         local expected = tonumber((word:gsub('^%+', '')))
         local x, y, z = unpack(m:vertices():toFlat())
         assert.same({ x, 1 }, { y, z }, word)
         assert.is_true(math.abs(x - expected) <= math.max(math.abs(expected) * 2 ^ -23, 2 ^ -149),
            ('%s is read as %.9g'):format(word, x))
      end
   end)

   it('cuts polygons into triangles around their first corner', function()
      local m = assert(mesh.parse [[
OFF
6 3 0
0 0 0
1 0 0
1 1 0
0 1 0
0 0 1
2 2 2
4 3 2 1 0
3 5 4 3
5 0 1 2 5 4
]])
      assert.same({ { 3, 2, 1 }, { 3, 1, 0 }, { 5, 4, 3 }, { 0, 1, 2 }, { 0, 2, 5 }, { 0, 5, 4 } },
         m:triangles():toTable())
   end)

   it('refuses what is wrong, in a sentence', function()
      for _, case in ipairs(cases.refused) do
         local m, why = mesh.parse(case[2])
         assert.is_nil(m, case[1])
         assert.equal('parse: ', why:sub(1, 7))
         assert.is_truthy(why:find(case.error, 1, true), case[1] .. ': ' .. why)
      end
   end)

   it('survives any byte changed', function()
      local good = 'OFF\n4 2 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 1 2 3\n'
      for place = 1, #good do
         for _, char in ipairs { '\0', '9', '-', '\n', ' ', '\255' } do
            local m, why = mesh.parse(good:sub(1, place - 1) .. char .. good:sub(place + 1))
            assert.is_truthy(m or why)
         end
      end
   end)
end)

describe('mesh.read', function()
   it('reads a file, or says which and why not', function()
      local path = os.tmpname()
      local handle = io.open(path, 'wb')
      handle:write('OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n')
      handle:close()
      assert.equal('Mesh(3 vertices, 1 triangles)', tostring(assert(mesh.read(path))))
      handle = io.open(path, 'wb')
      handle:write('OFF\n3 1 0\n0 0 0\n1 0 0\n0 x 0\n3 0 1 2\n')
      handle:close()
      local m, why = mesh.read(path)
      os.remove(path)
      assert.is_nil(m)
      assert.equal('read: ' .. path .. ': line 5: vertex 2 has y = "x"', why:match('^(.-), exp'))
      m, why = mesh.read(path)
      assert.is_nil(m)
      assert.equal('read: cannot open ' .. path .. ': No such file or directory', why)
      assert.is_nil(mesh.read '/tmp')
      assert.fails('path is nil', mesh.read)
   end)
end)

describe('mesh.new', function()
   local vertices, faces = { 0, 0, 0, 1, 0, 0, 0, 2, 0 }, { 0, 1, 2 }

   it('takes flat tables, nested ones and tensors', function()
      for _, m in ipairs {
         mesh.new(vertices, faces), mesh.new({ { 0, 0, 0 }, { 1, 0, 0 }, { 0, 2, 0 } }, { faces }),
         mesh.new(Tensor.of(vertices):view(3, 3), Tensor.of(faces, { dtype = 'int32' })),
      } do
         assert.near_all({ { 0, 0, 0 }, { 1, 0, 0 }, { 0, 2, 0 } }, m:vertices())
         assert.same({ { 0, 1, 2 } }, m:triangles():toTable())
         assert.equal(1, m:area())
         assert.same({ { 0, 0, 0 }, { 1, 2, 0 } }, { m:bounds() })
      end
   end)

   it('takes what lacuna.data.shapes makes', function()
      local s = shapes.make('mug', 1)
      local m = mesh.new(s.vertices, s.faces)
      assert.equal(#s.vertices / 3, m:nVertices())
      assert.equal(#s.faces / 3, m:nTriangles())
   end)

   it('takes nothing', function()
      local m = mesh.new({}, {})
      assert.equal(0, m:nVertices())
      assert.equal(0, m:area())
      assert.same({ 0, 3 }, m:vertices():shape())
      assert.same({ 0, 3 }, m:triangles():shape())
      assert.fails('has 0 vertices', m.bounds, m)
      local coords, dropped = mesh.voxelize(m, { size = 4 })
      assert.same({ 0, 4 }, coords:shape())
      assert.equal(0, dropped)
   end)

   it('refuses wrong arguments, and leaves nothing behind', function()
      assert.fails('mesh: vertices are nil', mesh.new)
      assert.fails('mesh: faces are nil', mesh.new, vertices)
      assert.fails('vertices are 4, expected rows of 3', mesh.new, { 1, 2, 3, 4 }, faces)
      assert.fails('faces are 1x2, expected rows of 3', mesh.new, vertices, { { 0, 1 } })
      assert.fails('face 0 names vertex 3, expected 0 to 2', mesh.new, vertices, { 0, 1, 3 })
      assert.fails('face 0 names vertex %-1', mesh.new, vertices, { 0, -1, 2 })
      assert.fails('vertex 1 is %(inf', mesh.new, { 0, 0, 0, 1e39, 0, 0, 0, 2, 0 }, faces)
      assert.fails('element 2 is 1.5, expected a whole', mesh.new, vertices, { 0, 1.5, 2 })
      assert.fails('vertices is int32, expected float32', mesh.new,
         Tensor.of({ { 0, 0, 0 } }, { dtype = 'int32' }), faces)
   end)
end)

describe('a mesh', function()
   it('gives bounds after a transform', function()
      local m = box(1, 2, 3)
      local low, high = m:bounds { 0, 0, 1, 10, 1, 0, 0, 20, 0, -2, 0, 30 }
      assert.same({ 10, 20, 26 }, low)
      assert.same({ 13, 21, 30 }, high)
      assert.fails('transform has 3 numbers, expected 12', m.bounds, m, { 1, 2, 3 })
      assert.fails('transform has the number nan', m.bounds, m,
         { 0 / 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })
   end)

   it('is released by a scope, by hand, and not twice', function()
      local inner
      lacuna.scope(function() inner = box(1, 1, 1) end)
      assert.fails('area: the mesh was released', inner.area, inner)
      local outer = lacuna.scope(function() return box(1, 1, 1) end)
      assert.equal(6, outer:area())
      outer:release()
      outer:release()
      assert.equal('Mesh (released)', tostring(outer))
      assert.fails('voxelize: the mesh was released', mesh.voxelize, outer, { size = 3 })
      assert.fails('area: mesh is a Tensor', outer.area, lacuna.ones(1))
      assert.is_true(mesh.is(outer))
      assert.is_false(mesh.is {})
   end)

   it('counts its bytes', function()
      local before = lacuna.memory('cpu').live
      local m = box(1, 1, 1)
      local held = lacuna.memory('cpu').live - before
      assert.is_true(held >= 8 * 12 + 12 * 12)
      m:release()
      assert.equal(before, lacuna.memory('cpu').live)
   end)
end)

describe('mesh.transform', function()
   it('applies the first step first', function()
      assert.same({ 2, 0, 0, -1, 0, 2, 0, 0, 0, 0, 2, 0 },
         mesh.transform { { -1, 0, 0 }, 2, { 1, 0, 0 } })
      assert.same({ 0, -1, 0, -5, 1, 0, 0, 4, 0, 0, 1, 6 },
         mesh.transform { { 4, 5, 6 }, { { 0, -1, 0 }, { 1, 0, 0 }, { 0, 0, 1 } } })
      assert.same(stay, mesh.transform {})
      assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 },
         mesh.transform { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } })
   end)

   it('refuses other numbers of numbers', function()
      assert.fails('step 2 has 2 numbers', mesh.transform, { 1, { 1, 2 } })
      assert.fails('step 1 is the string', mesh.transform, { 'a' })
      assert.fails('step 1 has the number inf', mesh.transform, { math.huge })
      assert.fails('transform: nil', mesh.transform)
   end)
end)

describe('mesh.rotation', function()
   it('makes rotations, all equally likely', function()
      local g = lacuna.Generator(7)
      local n, sums, squares, trace, trace2 = 1500, {}, {}, 0, 0
      for i = 1, 9 do sums[i], squares[i] = 0, 0 end
      for _ = 1, n do
         local r = mesh.rotation(g)
         for a = 0, 6, 3 do
            for b = 0, 6, 3 do
               local dot = r[a + 1] * r[b + 1] + r[a + 2] * r[b + 2] + r[a + 3] * r[b + 3]
               assert.is_true(math.abs(dot - (a == b and 1 or 0)) < 1e-12)
            end
         end
         local det = r[1] * (r[5] * r[9] - r[6] * r[8]) - r[2] * (r[4] * r[9] - r[6] * r[7])
            + r[3] * (r[4] * r[8] - r[5] * r[7])
         assert.is_true(math.abs(det - 1) < 1e-12)
         for i = 1, 9 do sums[i], squares[i] = sums[i] + r[i], squares[i] + r[i] ^ 2 end
         local t = r[1] + r[5] + r[9]
         trace, trace2 = trace + t, trace2 + t * t
      end
      -- entries have mean 0 and mean square 1/3; the trace has mean 0 and mean square 1
      for i = 1, 9 do
         assert.is_true(math.abs(sums[i] / n) < 4 * math.sqrt(1 / 3 / n))
         assert.is_true(math.abs(squares[i] / n - 1 / 3) < 4 * math.sqrt(4 / 45 / n))
      end
      assert.is_true(math.abs(trace / n) < 4 / math.sqrt(n))
      assert.is_true(math.abs(trace2 / n - 1) < 4 * math.sqrt(2 / n))
   end)

   it('is the same for the same seed', function()
      assert.same(mesh.rotation(lacuna.Generator(3)), mesh.rotation(lacuna.Generator(3)))
      assert.fails('generator is nil', mesh.rotation)
      assert.fails('generator is a Tensor', mesh.rotation, lacuna.ones(3))
   end)
end)

describe('mesh.pose', function()
   it('centres the bounding box and fits its longest side', function()
      local m = box(1, 2, 4)
      local low, high = m:bounds(mesh.pose(m, { size = 126, renderSize = 40 }))
      assert.near_all({ 58, 53, 43 }, low, 1e-9)
      assert.near_all({ 68, 73, 83 }, high, 1e-9)
      low, high = m:bounds(mesh.pose(m, { size = { 10, 20, 30 } }))
      assert.near_all({ 3.75, 7.5, 10 }, low, 1e-9)
      assert.near_all({ 6.25, 12.5, 20 }, high, 1e-9)
   end)

   it('normalises after turning', function()
      local m = box(3, 4, 4)
      local turn = { 0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1 }
      local low, high = m:bounds(mesh.pose(m, { size = 100, renderSize = 48, rotation = turn }))
      -- turned, the sides are 0.8 * 3 + 0.6 * 4 = 4.8, 0.6 * 3 + 0.8 * 4 = 5 and 4
      assert.near_all({ 50 - 24 * 0.96, 26, 50 - 24 * 0.8 }, low, 1e-9)
      assert.near_all({ 50 + 24 * 0.96, 74, 50 + 24 * 0.8 }, high, 1e-9)
   end)

   it('leaves sizes as they are where it shall not normalise', function()
      local m = box(1, 2, 4)
      local low, high = m:bounds(mesh.pose(m, { size = 20, normalize = false, scale = 2,
         shift = { 1, 0, -1 } }))
      assert.near_all({ 11, 10, 9 }, low, 1e-9)
      assert.near_all({ 13, 14, 17 }, high, 1e-9)
   end)

   it('applies an affine map, then a shift, around the centre', function()
      local m = box(2, 2, 2)
      local options = { size = 20, renderSize = 4, affine = { 1, 1, 0, 0, 1, 0, 0, 0, 1 },
         shift = { 3, 0, 0 } }
      local low, high = m:bounds(mesh.pose(m, options))
      assert.near_all({ 9, 8, 8 }, low, 1e-9)
      assert.near_all({ 17, 12, 12 }, high, 1e-9)
   end)

   it('draws from generators, within bounds', function()
      local m, g = box(2, 2, 2), lacuna.Generator(9)
      local far, moved = 0, 0
      for _ = 1, 200 do
         -- the box is 40 wide from 0 on, so the linear part is 20 (I + U) and moves its centre
         local t = mesh.pose(m, { size = 126, renderSize = 40, affine = g, shift = g })
         for row = 0, 2 do
            local centre = 0
            for column = 1, 3 do
               local entry = t[4 * row + column] / 20
               local off = math.abs(entry - (row + 1 == column and 1 or 0))
               assert.is_true(off <= 0.2 + 1e-6)
               far, centre = math.max(far, off), centre + entry * 20
            end
            local shift = math.abs(centre + t[4 * row + 4] - 63)
            assert.is_true(shift <= 8 + 1e-5)
            moved = math.max(moved, shift)
         end
      end
      assert.is_true(far > 0.19 and moved > 7.7)
   end)

   it('gives the same pose for the same seed, and any generator', function()
      local m = box(1, 2, 3)
      local function pose(g)
         return mesh.pose(m, { size = 64, renderSize = 30, rotation = g, affine = g, shift = g })
      end
      assert.same(pose(lacuna.Generator(1)), pose(lacuna.Generator(1)))
      assert.same(pose { uniform = function(_, low, high) return (low + high) / 2 end },
         pose { uniform = function(_, low, high) return (low + high) / 2 end })
   end)

   it('takes flat and single points', function()
      local point = mesh.new({ 5, 6, 7 }, { 0, 0, 0 })
      local coords = mesh.voxelize(point, { size = 9 })
      assert.same({ { 1, 4, 4, 4 } }, coords:toTable())
      local plate = mesh.new({ 0, 0, 7, 2, 0, 7, 0, 2, 7 }, { 0, 1, 2 })
      local low, high = plate:bounds(mesh.pose(plate, { size = 9, renderSize = 4 }))
      assert.same({ { 2.5, 2.5, 4.5 }, { 6.5, 6.5, 4.5 } }, { low, high })
   end)
end)

describe('mesh.render', function()
   it('paints the mesh on white', function()
      local picture = mesh.render(box(1, 1, 1), { width = 60, height = 40 })
      assert.same({ 40, 60, 3 }, picture:shape())
      assert.equal('cpu', picture.device)
      local rows = picture:toTable()
      assert.same({ 255, 255, 255 }, rows[1][1])
      assert.same({ 255, 255, 255 }, rows[40][60])
      assert.is_true(rows[20][30][1] < 250)
   end)

   it('lights a round thing from the upper left, in the colours that it always had', function()
      local shape = shapes.make('blob', 1)
      local rows = mesh.render(mesh.new(shape.vertices, shape.faces), { width = 40, height = 40 })
         :toTable()
      for _, case in ipairs { { 10, 10, { 255, 255, 255 } }, { 12, 20, { 145, 177, 221 } },
         { 20, 12, { 133, 166, 211 } }, { 20, 20, { 115, 145, 184 } }, { 20, 28, { 83, 105, 134 } },
         { 28, 20, { 84, 106, 135 } }, { 28, 28, { 75, 94, 120 } }, { 14, 26, { 117, 147, 187 } },
      } do
         for k = 1, 3 do assert.near(case[3][k], rows[case[1]][case[2]][k], 1.5) end
      end
   end)

   it('outlines what stands before something, as it always did', function()
      for class, mean in pairs { chair = 227.7707, mug = 200.9127, gear = 209.8846 } do
         local shape = shapes.make(class, 1)
         local flat = mesh.render(mesh.new(shape.vertices, shape.faces),
            { width = 60, height = 60 }):toFlat()
         local sum = 0
         for i = 1, #flat do sum = sum + flat[i] end
         assert.near(mean, sum / #flat, 0.01)
      end
   end)

   it('has a colour, and a view', function()
      local red = mesh.render(box(1, 1, 1), { width = 20, colour = { 255, 0, 0 } }):toTable()
      assert.is_true(red[10][10][1] > 2 * red[10][10][2])
      -- wide along x, and along y after a quarter turn
      local wide = mesh.render(box(4, 1, 1), { width = 21, transform = stay }):toTable()
      local tall = mesh.render(box(4, 1, 1),
         { width = 21, transform = { 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0 } }):toTable()
      assert.same({ 255, 255, 255 }, wide[3][11])
      assert.is_true(wide[11][3][1] < 250)
      assert.is_true(tall[3][11][1] < 250)
      assert.same({ 255, 255, 255 }, tall[11][3])
   end)

   it('is white for an empty mesh', function()
      local picture = mesh.render(mesh.new({}, {}), { width = 3, height = 2 })
      for _, value in ipairs(picture:toFlat()) do assert.equal(255, value) end
   end)

   it('refuses wrong arguments', function()
      local m = box(1, 1, 1)
      assert.fails('render: mesh is nil', mesh.render)
      assert.fails('width is the number 0', mesh.render, m, { width = 0 })
      assert.fails('height is the number 9000', mesh.render, m, { height = 9000 })
      assert.fails('colour is the string "puce"', mesh.render, m, { colour = 'puce' })
      assert.fails('colour has the number 256 at 1', mesh.render, m, { colour = { 256, 0, 0 } })
      assert.fails('transform has 1 numbers', mesh.render, m, { transform = { 1 } })
   end)
end)
