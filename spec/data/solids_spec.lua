local solids = require 'lacuna.data.solids'
local meshes = require 'spec.support.meshes'

local function volume(solid)
   local volumes, why = meshes.volumes(solid)
   assert(volumes, why)
   assert.equal(1, #volumes)
   return volumes[1]
end

local function near(expected, actual, tolerance)
   assert.is_true(math.abs(expected - actual) <= (tolerance or 1e-9),
      ('expected %g, was %g'):format(expected, actual))
end

-- The area of a regular polygon in a circle of radius one.
local function polygonArea(n)
   return n / 2 * math.sin(2 * math.pi / n)
end

describe('data.solids', function()
   it('makes closed boxes, prisms and cones, outward', function()
      near(2 * 3 * 4, volume(solids.box(2, 3, 4)))
      near(2 * 3 * 4, volume(solids.box(2, 3, 4, 5, 1)))
      near(5 * polygonArea(7), volume(solids.prism(solids.circle(7), 5)))
      local cone = solids.loft(solids.circle(9), { { 0, 0 }, { 0, 1 }, { 3, 0, 5, 5 } })
      near(polygonArea(9), volume(cone))
   end)

   it('makes cups by going back inside', function()
      local cup = solids.loft(solids.circle(12),
         { { 0, 0 }, { 0, 1 }, { 2, 1 }, { 2, 0.5 }, { 1, 0.5 }, { 1, 0 } })
      near(polygonArea(12) * (2 - 0.25), volume(cup))
   end)

   it('makes ellipsoids of about 4/3 pi abc', function()
      near(4 / 3 * math.pi * 6, volume(solids.ellipsoid(1, 2, 3, 80)), 0.1)
   end)

   it('makes tubes, open and closed', function()
      local straight = solids.tube({ { 0, 0, 0 }, { 1, 2, 2 } }, function() return 0.5 end, 8)
      near(3 * 0.25 * polygonArea(8), volume(straight))
      local ring, knot = {}, {}
      for i = 1, 90 do
         local t = 2 * math.pi * i / 90
         ring[i] = { 3 * math.cos(t), 3 * math.sin(t), 0 }
         knot[i] = { math.sin(t) + 2 * math.sin(2 * t), math.cos(t) - 2 * math.cos(2 * t),
            -math.sin(3 * t) }
      end
      local torus = solids.tube(ring, function() return 1 end, 20, true)
      near(2 * math.pi * 3 * polygonArea(20), volume(torus), 0.1)
      assert.is_true(volume(solids.tube(knot, function() return 0.3 end, 9, true)) > 1)
   end)

   it('keeps a tube round, of the radius asked for at each place', function()
      local function radius(w) return 1 + w end
      for _, direction in ipairs { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, 2, 2 } } do
         local length = math.sqrt(direction[1] ^ 2 + direction[2] ^ 2 + direction[3] ^ 2)
         local points = {}
         for i = 0, 4 do
            points[i + 1] = { i * direction[1], i * direction[2], i * direction[3] }
         end
         local v = solids.tube(points, radius, 6).vertices
         -- a cap, five rings, a cap
         assert.equal(3 * (1 + 5 * 6 + 1), #v)
         for i = 0, 4 do
            for j = 0, 5 do
               local k = 3 * (1 + 6 * i + j)
               local along, squares = 0, 0
               for axis = 1, 3 do
                  local off = v[k + axis] - points[i + 1][axis]
                  along, squares = along + off * direction[axis] / length, squares + off * off
               end
               near(0, along)
               near(1 + i / 4, math.sqrt(squares))
            end
         end
      end
   end)

   it('joins the ends of a closed tube without a twist', function()
      -- lines along the tube must step as evenly over the seam as elsewhere
      local points, n, segments = {}, 80, 10
      for i = 1, n do
         local t = 2 * math.pi * i / n
         local r = 2 + 0.7 * math.cos(3 * t + 0.4)
         points[i] = { r * math.cos(2 * t), r * math.sin(2 * t), math.sin(3 * t) + math.cos(t) }
      end
      local v = solids.tube(points, function() return 0.2 end, segments, true).vertices
      -- the turn from one ring to the next, as the angle between their first spokes
      local function turn(i, k)
         local sum = 0
         for axis = 1, 3 do
            local a = v[3 * segments * i + axis] - points[i + 1][axis]
            local b = v[3 * segments * k + axis] - points[k + 1][axis]
            sum = sum + a * b
         end
         return math.acos(math.min(1, sum / 0.04))
      end
      local largest = 0
      for i = 0, n - 2 do largest = math.max(largest, turn(i, i + 1)) end
      assert.is_true(largest < 0.4)
      assert.is_true(turn(n - 1, 0) < largest)
   end)

   it('moves and joins', function()
      local box = solids.turn(solids.shift(solids.box(2, 2, 4), 10, 0, 0), 'z', math.pi / 2)
      local low, high = meshes.bounds(box)
      for axis, range in ipairs { { -1, 1 }, { 9, 11 }, { 0, 4 } } do
         near(range[1], low[axis])
         near(range[2], high[axis])
      end
      low, high = meshes.bounds(solids.turn(solids.box(2, 2, 4), 'y', math.pi / 2))
      near(0, low[1])
      near(4, high[1])
      low, high = meshes.bounds(solids.turn(solids.box(2, 6, 4), 'x', math.pi / 6))
      near(-3 * math.cos(math.pi / 6) - 4 / 2, low[2])
      near(3 / 2 + 4 * math.cos(math.pi / 6), high[3])
      low = meshes.bounds(solids.shift(solids.box(2, 2, 2), 5, 6, 7))
      for axis, least in ipairs { 4, 5, 7 } do near(least, low[axis]) end
      local both = solids.join { solids.box(1, 1, 1), solids.shift(solids.box(1, 1, 2), 5, 0, 0) }
      local volumes = meshes.volumes(both)
      assert.equal(2, #volumes)
      near(1, volumes[1])
      near(2, volumes[2])
      near(8, volume(solids.map(solids.box(1, 1, 1),
         function(x, y, z) return 2 * x, 2 * y, 2 * z end)))
   end)
end)

describe('data.solids says what is wrong with', function()
   local square = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } }
   local function one() return 1 end

   it('an outline and its sections', function()
      assert.fails('^%S+ solids.loft: outline is nil, expected 3 points or more$', solids.loft)
      assert.fails('loft: outline is a list of 2, expected 3', solids.loft, { { 1, 0 }, { 0, 1 } })
      assert.fails('loft: point 2 of the outline is nil, expected 2 numbers', solids.loft,
         { { 1, 0 }, nil, { 0, 1 } })
      assert.fails('loft: number 2 of point 1 of the outline is nil', solids.loft,
         { { 1 }, { 0, 1 }, { 1, 1 } })
      assert.fails('loft: list of sections is a list of 2, expected 3', solids.loft, square,
         { { 0, 0 }, { 1, 0 } })
      assert.fails('loft: scale of section 1 of 3 is 1, expected 0', solids.loft, square,
         { { 0, 1 }, { 1, 1 }, { 2, 0 } })
      assert.fails('loft: scale of section 3 of 3 is 2, expected 0', solids.loft, square,
         { { 0, 0 }, { 1, 1 }, { 2, 2 } })
      assert.fails('loft: sections 1 and 2 have scale 0', solids.loft, square,
         { { 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 0 } })
      assert.fails('loft: scaleY of section 2 is the string "x"', solids.loft, square,
         { { 0, 0 }, { 1, 1, 0, 0, 'x' }, { 2, 0 } })
   end)

   it('a path and its radius', function()
      local path = { { 0, 0, 0 }, { 0, 0, 1 } }
      assert.fails('tube: path is a list of 1, expected 2 points', solids.tube, { { 0, 0, 0 } },
         one, 5)
      assert.fails('tube: path is a list of 2, expected 3 points', solids.tube, path, one, 5, true)
      assert.fails('tube: the path stands at point 1', solids.tube, { { 1, 0, 0 }, { 1, 0, 0 } },
         one, 5)
      assert.fails('tube: the number 1, expected a function', solids.tube, path, 1, 5)
      assert.fails('tube: the radius is nil, expected a number of at least 0', solids.tube, path,
         function() end, 5)
      assert.fails('tube: segments is the number 2, expected', solids.tube, path, one, 2)
      assert.fails('tube: closed is the number 0, expected true or false', solids.tube, path, one,
         5, 0)
   end)

   it('a number of corners, which may not be endless', function()
      assert.fails('circle: n is the number inf, expected a whole number from 3', solids.circle,
         1 / 0)
      assert.fails('circle: n is nil', solids.circle)
      assert.fails('split: steps is the number 0', solids.split, square, 0)
      assert.fails('ellipsoid: n is the number 3, expected a whole number from 4',
         solids.ellipsoid, 1, 1, 1, 3)
      assert.fails('ellipsoid: y is nil', solids.ellipsoid, 1)
      assert.fails('box: z is the number %-1, expected a number of at least 0', solids.box, 1, 2,
         -1)
      assert.fails('box: steps is false', solids.box, 1, 2, 3, false)
      assert.fails('prism: height is the number %-?nan', solids.prism, square, 0 / 0)
   end)

   it('a solid', function()
      local box = solids.box(1, 1, 1)
      assert.fails('map: nil, expected a solid: a table with vertices and faces', solids.map)
      assert.fails('map: nil, expected a function', solids.map, box)
      assert.fails('map: what f gives for y is nil', solids.map, box, one)
      assert.fails('shift: dy is nil', solids.shift, box, 1)
      assert.fails('shift: the number 1, expected a solid', solids.shift, 1, 1, 1, 1)
      assert.fails('turn: axis is the string "w", expected x, y or z', solids.turn, box, 'w', 1)
      assert.fails('turn: angle is nil', solids.turn, box, 'x')
      assert.fails('join: nil, expected an array of solids', solids.join)
      assert.fails('join: the solid has 4 numbers of vertices and 0 of faces', solids.join,
         { { vertices = { 1, 2, 3, 4 }, faces = {} } })
      assert.fails('join: a corner of a face is the number 1, expected a whole number from 0 to 0',
         solids.join, { { vertices = { 1, 2, 3 }, faces = { 0, 1, 0 } } })
      assert.same({ vertices = {}, faces = {} }, solids.join {})
   end)

   it('nothing in a path that turns into its own normal', function()
      local bent = solids.tube({ { 0, 0, 0 }, { 0, 0, 1 }, { 5, 0, 0 } }, one, 4)
      for _, x in ipairs(bent.vertices) do assert.equal(x, x) end
   end)
end)

describe('the check of meshes', function()
   it('notices a hole, a flipped triangle and a mesh inside out', function()
      local box = solids.box(1, 1, 1)
      box.faces[#box.faces], box.faces[#box.faces - 1], box.faces[#box.faces - 2] = nil, nil, nil
      assert.is_nil((meshes.volumes(box)))
      box = solids.box(1, 1, 1)
      box.faces[1], box.faces[2] = box.faces[2], box.faces[1]
      assert.is_nil((meshes.volumes(box)))
      box = solids.box(1, 1, 1)
      local f = box.faces
      for i = 1, #f, 3 do f[i], f[i + 1] = f[i + 1], f[i] end
      near(-1, meshes.volumes(box)[1])
   end)

   it('counts the voxels of a plate', function()
      local plate = { vertices = { 0.5, 0.5, 0.5, 3.5, 0.5, 0.5, 3.5, 2.5, 0.5, 0.5, 2.5, 0.5 },
         faces = { 0, 1, 2, 0, 2, 3 } }
      assert.equal(4 * 3, meshes.voxels(plate))
   end)
end)
