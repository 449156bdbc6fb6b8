local oracle = require 'spec.oracle'
local tsne = require 'lacuna.tsne'

-- Clusters of points around far-away centres; the label of point i is (i - 1) % clusters + 1.
local function clusters(random, count, each, dimension, spread)
   local centres, points = oracle.features(random, count, dimension), {}
   for i = 1, count * each do
      points[i] = {}
      for p = 1, dimension do
         points[i][p] = 10 * centres[(i - 1) % count + 1][p] + spread * random:normal()
      end
   end
   return points
end

local function apart(a, b)
   return math.sqrt((a[1] - b[1]) ^ 2 + (a[2] - b[2]) ^ 2)
end

-- How many points have a nearest neighbour of their own cluster.
local function pureNeighbours(places, count)
   local pure = 0
   for i, a in ipairs(places) do
      local best, at = math.huge, 0
      for j, b in ipairs(places) do
         if i ~= j and apart(a, b) < best then best, at = apart(a, b), j end
      end
      if (i - at) % count == 0 then pure = pure + 1 end
   end
   return pure
end

-- The divergence that t-SNE makes small, by its definition: conditional probabilities of Gaussians
-- with the perplexity asked for, made symmetric, against those of a Student distribution.
local function divergence(points, places, perplexity)
   local n, p = #points, {}
   local function conditional(i, width)
      local row, sum, entropy = {}, 0, 0
      for j = 1, n do
         local squares = 0
         for k = 1, #points[1] do squares = squares + (points[i][k] - points[j][k]) ^ 2 end
         row[j] = i == j and 0 or math.exp(-squares / (2 * width * width))
         sum = sum + row[j]
      end
      for j = 1, n do
         row[j] = row[j] / sum
         if row[j] > 0 then entropy = entropy - row[j] * math.log(row[j]) end
      end
      return row, math.exp(entropy)
   end
   for i = 1, n do
      local low, high = 1e-3, 1e3
      for _ = 1, 80 do
         local width = math.sqrt(low * high)
         local row, reached = conditional(i, width)
         p[i] = row
         if reached < perplexity then low = width else high = width end
      end
   end
   local sum, kernels, total = 0, {}, 0
   for i = 1, n do
      kernels[i] = {}
      for j = 1, n do
         kernels[i][j] = i == j and 0 or 1 / (1 + apart(places[i], places[j]) ^ 2)
         total = total + kernels[i][j]
      end
   end
   for i = 1, n do
      for j = 1, n do
         local joint = (p[i][j] + p[j][i]) / (2 * n)
         if joint > 0 then sum = sum + joint * math.log(joint * total / kernels[i][j]) end
      end
   end
   return sum
end

local function allFinite(places)
   for _, place in ipairs(places) do
      for k = 1, 2 do
         if place[k] ~= place[k] or math.abs(place[k]) == math.huge then return false end
      end
      if #place ~= 2 then return false end
   end
   return true
end

describe('tsne', function()
   it('keeps clusters together and apart from one another', function()
      local points = clusters(oracle.random(1), 4, 20, 8, 0.5)
      local places, left = tsne.embed(points, { perplexity = 10, iterations = 300 })
      assert.equal(80, #places)
      assert.is_true(pureNeighbours(places, 4) == 80)
      -- each cluster's radius is less than half of the way to the next centre
      local centres, radii = {}, {}
      for c = 1, 4 do
         centres[c], radii[c] = { 0, 0 }, 0
         for i = c, 80, 4 do
            for k = 1, 2 do centres[c][k] = centres[c][k] + places[i][k] / 20 end
         end
         for i = c, 80, 4 do radii[c] = math.max(radii[c], apart(places[i], centres[c])) end
      end
      for a = 1, 4 do
         for b = 1, a - 1 do
            assert.is_true(apart(centres[a], centres[b]) > 1.5 * math.max(radii[a], radii[b]))
         end
      end
      assert.is_true(left > 0 and left < 1)
   end)

   it('comes closer to the affinities as it runs', function()
      local points = clusters(oracle.random(2), 3, 12, 4, 1)
      local _, before = tsne.embed(points, { iterations = 0 })
      local _, after = tsne.embed(points, { iterations = 300 })
      assert.is_true(after < before / 2)
   end)

   it('makes the divergence of the paper as small as it can', function()
      local points = clusters(oracle.random(6), 3, 6, 3, 4)
      local places, left = tsne.embed(points, { perplexity = 4, iterations = 0 })
      local function divergenceAt(flat)
         return divergence(points, oracle.reshape(flat, 18, 2), 4)
      end
      assert.is_true(math.abs(left - divergenceAt(oracle.flatten(places))) < 1e-5)
      places, left = tsne.embed(points, { perplexity = 4, iterations = 3000 })
      local flat = oracle.flatten(places)
      assert.is_true(math.abs(left - divergenceAt(flat)) < 1e-5)
      local slopes = oracle.numericGradient(divergenceAt, flat, { step = 1e-3 })
      assert.is_true(math.max(unpack(slopes)) < 1e-5 and math.min(unpack(slopes)) > -1e-5)
   end)

   it('gives the same places for the same seed, others for another, around the origin', function()
      local points = clusters(oracle.random(3), 3, 7, 3, 1)
      local options = { iterations = 120, seed = 5 }
      local places = tsne.embed(points, options)
      assert.same(places, tsne.embed(points, options))
      assert.not_same(places, tsne.embed(points, { iterations = 120, seed = 6 }))
      local sum = 0
      for _, place in ipairs(places) do sum = sum + place[1] end
      assert.is_true(math.abs(sum) < 1e-9)
   end)

   it('takes distances in place of points, at any scale', function()
      local points = clusters(oracle.random(4), 3, 10, 5, 0.5)
      local distances = {}
      for i, a in ipairs(points) do
         distances[i] = {}
         for j, b in ipairs(points) do
            local sum = 0
            for p = 1, 5 do sum = sum + (a[p] - b[p]) ^ 2 end
            distances[i][j] = 1e-6 * math.sqrt(sum)
         end
      end
      local places = tsne.embedDistances(distances, { iterations = 250 })
      assert.is_true(pureNeighbours(places, 3) == 30)
   end)

   it('lays out none, one, two and three', function()
      assert.same({}, (tsne.embed {}))
      assert.same({}, (tsne.embedDistances {}))
      assert.same({ { 0, 0 } }, (tsne.embed { { 3, 4 } }))
      for n = 2, 5 do
         local points = {}
         for i = 1, n do points[i] = { i * i, 1 } end
         local places = tsne.embed(points, { iterations = 600 })
         assert.equal(n, #places)
         assert.is_true(allFinite(places))
      end
   end)

   it('survives duplicates, and points that are all the same', function()
      local points = {}
      for i = 1, 40 do points[i] = { i % 4, 0 } end
      local places = tsne.embed(points, { perplexity = 5, iterations = 300 })
      assert.is_true(allFinite(places))
      assert.is_true(pureNeighbours(places, 4) == 40)
      for i = 1, 40 do points[i] = { 7, 7 } end
      places = tsne.embed(points, { iterations = 300 })
      assert.is_true(allFinite(places))
      assert.is_true(allFinite((tsne.embed({ {}, {}, {} }))))
   end)

   it('says what came and what it expected', function()
      local function says(words, f, ...)
         local ok, message = pcall(f, ...)
         assert.is_false(ok)
         assert.matches(words, message)
      end
      says('points are nil, expected an array', tsne.embed)
      says('row 2 of the points has 1 numbers, expected 2', tsne.embed, { { 1, 2 }, { 3 } })
      says('row 1 of the points is the number 1', tsne.embed, { 1 })
      says('number 2 of row 1 of the points is the number inf, expected a finite number',
         tsne.embed, { { 1, math.huge } })
      says('row 1 of the distances has 1 numbers, expected 2', tsne.embedDistances,
         { { 0 }, { 1, 0 } })
      says('perplexity is 0, expected at least 1', tsne.embed, {}, { perplexity = 0 })
      says('iterations is the string "many", expected a whole number', tsne.embed, {},
         { iterations = 'many' })
      says('option speed is unknown', tsne.embed, {}, { speed = 1 })
      says('options are the number 3', tsne.embed, {}, 3)
   end)

   it('blames the caller', function()
      local function blames(...)
         local _, message = pcall(...)
         assert.matches('tsne_spec.lua', message)
      end
      blames(function() tsne.embed({}, { seed = 'x' }) end)
      blames(function() tsne.embed({}, 3) end)
      blames(function() tsne.embed() end)
      blames(function() tsne.embedDistances { { 0 / 0 } } end)
   end)
end)
