local oracle = require 'spec.oracle'
local meshes = require 'spec.support.meshes'
local retrieval = require 'lacuna.retrieval'
local shapes = require 'lacuna.data.shapes'

-- A uniform rotation: the columns of a Gaussian matrix, made orthogonal one after another.
local function rotation(random)
   local a, b = {}, {}
   local function dot(p, q) return p[1] * q[1] + p[2] * q[2] + p[3] * q[3] end
   for k = 1, 3 do a[k], b[k] = random:normal(), random:normal() end
   local length = math.sqrt(dot(a, a))
   for k = 1, 3 do a[k] = a[k] / length end
   local along = dot(a, b)
   for k = 1, 3 do b[k] = b[k] - along * a[k] end
   length = math.sqrt(dot(b, b))
   for k = 1, 3 do b[k] = b[k] / length end
   return { a[1], a[2], a[3], b[1], b[2], b[3], a[2] * b[3] - a[3] * b[2],
      a[3] * b[1] - a[1] * b[3], a[1] * b[2] - a[2] * b[1] }
end

describe('data.shapes', function()
   it('has at least twelve classes', function()
      assert.is_true(#shapes.classes >= 12)
      for i = 2, #shapes.classes do assert.is_true(shapes.classes[i - 1] < shapes.classes[i]) end
   end)

   for _, class in ipairs(shapes.classes) do
      it(('draws a %s that is closed, outward and of the promised size'):format(class), function()
         for seed = 1, 12 do
            local shape = shapes.make(class, seed)
            assert.equal(class, shape.class)
            local volumes, why = meshes.volumes(shape)
            assert(volumes, why)
            for _, volume in ipairs(volumes) do assert.is_true(volume > 0) end
            local count = #shape.vertices / 3
            assert.is_true(count >= 300 and count <= 3000, count .. ' vertices')
            local low, high = meshes.bounds(shape)
            local squares = 0
            for axis = 1, 3 do
               assert.is_true(math.abs(low[axis] + high[axis]) < 1e-9)
               squares = squares + (high[axis] - low[axis]) ^ 2
            end
            assert.is_true(squares <= 44.001 ^ 2)
         end
      end)
   end

   it('draws the same shape for the same seed and another one for another', function()
      for _, class in ipairs(shapes.classes) do
         local shape = shapes.make(class, 3)
         assert.same(shape, shapes.make(class, 3))
         assert.not_same(shape.vertices, shapes.make(class, 4).vertices)
         assert.not_same(shape.vertices, shapes.make(class, 3 + 2 ^ 32).vertices)
         assert.not_same(shape.vertices, shapes.make(class, -3).vertices)
      end
   end)

   -- Sums of their coordinates and faces, weighted by place. README's figures are of them.
   it('draws the shapes that it always drew', function()
      for class, expected in pairs {
         airplane = { 4416, -3812.318110 },
         blob = { 2928, -2020.024302 },
         bowl = { 4048, 4751.315018 },
         chair = { 5008, 1403.186621 },
         cross = { 3792, -277.455369 },
         dumbbell = { 3600, 1331.328338 },
         gear = { 3728, -2616.763780 },
         knot = { 6912, -29849.738167 },
         ladder = { 3424, 1397.216841 },
         mug = { 3992, -3151.477577 },
         octopus = { 6192, -3551.857004 },
         pyramid = { 4552, -3508.834607 },
         spring = { 4226, 601.741821 },
         star = { 5200, -1374.329255 },
         table = { 4048, 5288.812588 },
         torus = { 4032, 27375.909033 },
      } do
         local vertices, sum = 0, 0
         for seed = 1, 8 do
            local shape = shapes.make(class, seed)
            vertices = vertices + #shape.vertices / 3
            for k, v in ipairs(shape.vertices) do sum = sum + v * math.sin(k) end
            for k, v in ipairs(shape.faces) do sum = sum + v * math.cos(k) end
         end
         assert.equal(expected[1], vertices, class)
         assert.near(expected[2], sum, 1e-4, class)
      end
   end)

   it('makes data sets, class after class, that share no shape', function()
      local one = shapes.dataset { seed = 1, perClass = 3, classes = { 'mug', 'torus' } }
      local two = shapes.dataset { seed = 2, perClass = 3, classes = { 'mug', 'torus' } }
      assert.equal(6, #one)
      local seen = {}
      for i, shape in ipairs(one) do
         assert.equal(i <= 3 and 'mug' or 'torus', shape.class)
         seen[shape.class .. shape.seed] = true
      end
      for _, shape in ipairs(two) do assert.is_nil(seen[shape.class .. shape.seed]) end
      assert.equal(#shapes.classes, #shapes.dataset { seed = 1, perClass = 1 })
      assert.same({}, shapes.dataset { seed = 1, perClass = 0 })
   end)

   it('gives nothing away by size: counting voxels ranks hardly better than chance', function()
      local random = oracle.random(77)
      local function read(seed, perClass)
         local labels, upright, turned = {}, {}, {}
         for i, shape in ipairs(shapes.dataset { seed = seed, perClass = perClass }) do
            labels[i] = shape.class
            upright[i] = { math.log(meshes.voxels(shape)) }
            turned[i] = { math.log(meshes.voxels(shape, rotation(random))) }
            -- the promised numbers, up to the way of counting and the rotation
            local count = math.exp(turned[i][1])
            assert.is_true(count > 540 and count < 2900, shape.class .. ' touches ' .. count)
         end
         return labels, upright, turned
      end
      local labels, upright, turned = read(1, 24)
      local queryLabels, queryUpright, queryTurned = read(2, 8)
      local chance = retrieval.chance(queryLabels, labels)
      local function ratio(queries, targets)
         local distances = retrieval.distances(queries, targets, 'euclidean')
         return retrieval.evaluate(distances, queryLabels, labels).map / chance
      end
      assert.is_true(ratio(queryTurned, turned) < 1.5)
      assert.is_true(ratio(queryUpright, upright) < 1.5)
   end)

   it('says what came and what it expected', function()
      local function says(words, f, ...)
         local ok, message = pcall(f, ...)
         assert.is_false(ok)
         assert.matches(words, message)
      end
      says('class is the string "teapot", expected one of airplane', shapes.make, 'teapot', 1)
      says('class is nil', shapes.make)
      says('seed is the number 1.5, expected a whole number', shapes.make, 'mug', 1.5)
      says('seed is nil', shapes.dataset, {})
      says('options are the number 3', shapes.dataset, 3)
      says('perClass is the number %-1', shapes.dataset, { seed = 1, perClass = -1 })
      says('class is the string "teapot"', shapes.dataset,
         { seed = 1, perClass = 1, classes = { 'teapot' } })
   end)
end)
