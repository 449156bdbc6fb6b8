--- Lays points out in the plane so that near ones stay near: exact t-SNE.
--
-- L. van der Maaten, G. Hinton, *Visualizing Data using t-SNE*, JMLR 9, 2008, with that paper's
-- perplexity search, early exaggeration, momentum and gains. Every pair is looked at in every
-- iteration, so it is meant for up to a few thousand points; 500 points take well under a second.
-- @module lacuna.tsne
-- @usage
-- local tsne = require 'lacuna.tsne'
-- local places = tsne.embed(features, { perplexity = 20 })   -- features: an array of rows
-- for i, place in ipairs(places) do print(labels[i], place[1], place[2]) end
local fail = require 'lacuna.fail'
local interrupt = require 'lacuna.interrupt'

local tsne = {}

-- arguments ----------------------------------------------------------------------------------

local function readOptions(options)
   options = fail.options('tsne', options, { perplexity = 30, iterations = 500, exaggeration = 4,
      exaggerated = 100, rate = 100, seed = 1 })
   for name, least in pairs { perplexity = 1, exaggeration = 1, rate = 0 } do
      if fail.number('tsne', name, options[name]) < least then
         fail.raise('tsne: %s is %g, expected at least %g', name, options[name], least)
      end
   end
   for name, least in pairs { iterations = 0, exaggerated = 0, seed = -2 ^ 53 } do
      fail.whole('tsne', name, options[name], least)
   end
   return options
end

-- Checks that all rows have `width` finite numbers, or as many as the first.
local function checkRows(what, rows, width)
   if type(rows) ~= 'table' or getmetatable(rows) then
      fail.raise('tsne: %s are %s, expected an array', what, fail.describe(rows))
   end
   for i = 1, #rows do
      local row = rows[i]
      if type(row) ~= 'table' then
         fail.raise('tsne: row %d of the %s is %s, expected an array', i, what, fail.describe(row))
      end
      width = width or #row
      if #row ~= width then
         fail.raise('tsne: row %d of the %s has %d numbers, expected %d', i, what, #row, width)
      end
      for p = 1, #row do
         local value = row[p]
         if type(value) ~= 'number' or value ~= value or math.abs(value) == math.huge then
            fail.raise('tsne: number %d of row %d of the %s is %s, expected a finite number', p, i,
               what, fail.describe(value))
         end
      end
   end
end

-- affinities ---------------------------------------------------------------------------------

-- Matrices are flat arrays of n * n numbers, element (i, j) at (i - 1) * n + j.


-- Squared distances between points, divided by the largest so that no scale is special.
local function squaredDistances(n, of)
   local d, largest = {}, 0
   for i = 1, n do
      interrupt.check()
      for j = 1, n do
         local value = i == j and 0 or of(i, j)
         d[(i - 1) * n + j] = value
         largest = math.max(largest, value)
      end
   end
   if largest > 0 then
      for k = 1, n * n do d[k] = d[k] / largest end
   end
   return d
end

-- Fills row i of p with exp(-beta (d - nearest)), summing to one; gives its entropy.
local function fillRow(p, d, n, i, nearest, beta)
   local base, sum, moment = (i - 1) * n, 0, 0
   for j = 1, n do
      local value = 0
      if j ~= i then
         local beyond = d[base + j] - nearest
         value = math.exp(-beta * beyond)
         sum, moment = sum + value, moment + value * beyond
      end
      p[base + j] = value
   end
   for j = 1, n do p[base + j] = p[base + j] / sum end
   return math.log(sum) + beta * moment / sum
end

-- Finds for each row the beta whose entropy is that of the perplexity, by halving.
local function conditional(d, n, perplexity)
   local p, wanted = {}, math.log(perplexity)
   for i = 1, n do
      interrupt.check()
      local nearest = math.huge
      for j = 1, n do
         if j ~= i then nearest = math.min(nearest, d[(i - 1) * n + j]) end
      end
      local beta, low, high = 1, 0, math.huge
      for _ = 1, 60 do
         local excess = fillRow(p, d, n, i, nearest, beta) - wanted
         if math.abs(excess) < 1e-6 then break end
         if excess > 0 then
            low = beta
            beta = high == math.huge and beta * 2 or (beta + high) / 2
         else
            high = beta
            beta = (beta + low) / 2
         end
      end
   end
   return p
end

-- Joint probabilities: symmetric, of sum one.
local function joint(d, n, perplexity)
   local p = conditional(d, n, perplexity)
   for i = 1, n do
      for j = 1, i - 1 do
         local a, b = (i - 1) * n + j, (j - 1) * n + i
         local value = math.max((p[a] + p[b]) / (2 * n), 1e-12)
         p[a], p[b] = value, value
      end
   end
   return p
end

-- the layout ---------------------------------------------------------------------------------

-- Writes the gradient towards the places x, y; the force is (p - q) / (1 + distance^2), q needs the
-- sum over all pairs, so pull and push are added up apart.
local function gradient(gx, gy, push, p, x, y, n, exaggeration)
   local px, py = push.x, push.y
   for i = 1, n do gx[i], gy[i], px[i], py[i] = 0, 0, 0, 0 end
   local total = 0
   for i = 2, n do
      local base, xi, yi = (i - 1) * n, x[i], y[i]
      local ax, ay, bx, by = 0, 0, 0, 0
      for j = 1, i - 1 do
         local dx, dy = xi - x[j], yi - y[j]
         local near = 1 / (1 + dx * dx + dy * dy)
         local pull, square = exaggeration * p[base + j] * near, near * near
         total = total + 2 * near
         local ux, uy, wx, wy = pull * dx, pull * dy, square * dx, square * dy
         ax, ay, bx, by = ax + ux, ay + uy, bx + wx, by + wy
         gx[j], gy[j] = gx[j] - ux, gy[j] - uy
         px[j], py[j] = px[j] - wx, py[j] - wy
      end
      gx[i], gy[i] = gx[i] + ax, gy[i] + ay
      px[i], py[i] = px[i] + bx, py[i] + by
   end
   for i = 1, n do
      gx[i], gy[i] = 4 * (gx[i] - px[i] / total), 4 * (gy[i] - py[i] / total)
   end
end

-- Moves one coordinate of all places: momentum, and a gain for each that grows while its gradient
-- keeps its direction; then centres them.
local function move(x, g, speed, gain, n, rate, momentum)
   local sum = 0
   for i = 1, n do
      local turned = (g[i] > 0) ~= (speed[i] > 0)
      gain[i] = math.max(0.01, turned and gain[i] + 0.2 or gain[i] * 0.8)
      speed[i] = momentum * speed[i] - rate * gain[i] * g[i]
      x[i] = x[i] + speed[i]
      sum = sum + x[i]
   end
   for i = 1, n do x[i] = x[i] - sum / n end
end

local function filled(n, value)
   local array = {}
   for i = 1, n do array[i] = value end
   return array
end

-- Small normal numbers, the same for the same seed (Park and Miller's generator).
local function startingPlaces(n, seed)
   local state = math.floor(seed) % 2147483646 + 1
   local function uniform()
      state = state * 16807 % 2147483647
      return state / 2147483647
   end
   for _ = 1, 10 do uniform() end
   local x, y = {}, {}
   for i = 1, n do
      local r, angle = 1e-4 * math.sqrt(-2 * math.log(uniform())), 2 * math.pi * uniform()
      x[i], y[i] = r * math.cos(angle), r * math.sin(angle)
   end
   return x, y
end

-- Kullback-Leibler divergence of the layout from the affinities.
local function divergence(p, x, y, n)
   local total, sum = 0, 0
   for i = 1, n do
      interrupt.check()
      for j = 1, n do
         if i ~= j then total = total + 1 / (1 + (x[i] - x[j]) ^ 2 + (y[i] - y[j]) ^ 2) end
      end
   end
   for i = 1, n do
      interrupt.check()
      for j = 1, n do
         if i ~= j then
            local q = 1 / (1 + (x[i] - x[j]) ^ 2 + (y[i] - y[j]) ^ 2) / total
            sum = sum + p[(i - 1) * n + j] * math.log(p[(i - 1) * n + j] / q)
         end
      end
   end
   return sum
end

local function layOut(n, of, o)
   if n == 0 then return {}, 0 end
   if n == 1 then return { { 0, 0 } }, 0 end
   local perplexity = math.max(1, math.min(o.perplexity, (n - 1) / 3))
   local p = joint(squaredDistances(n, of), n, perplexity)
   local x, y = startingPlaces(n, o.seed)
   local gx, gy, push = filled(n, 0), filled(n, 0), { x = filled(n, 0), y = filled(n, 0) }
   local speedX, speedY, gainX, gainY = filled(n, 0), filled(n, 0), filled(n, 1), filled(n, 1)
   for iteration = 1, o.iterations do
      interrupt.check()
      local early = iteration <= o.exaggerated
      gradient(gx, gy, push, p, x, y, n, early and o.exaggeration or 1)
      local momentum = iteration <= 250 and 0.5 or 0.8
      move(x, gx, speedX, gainX, n, o.rate, momentum)
      move(y, gy, speedY, gainY, n, o.rate, momentum)
   end
   local places = {}
   for i = 1, n do places[i] = { x[i], y[i] } end
   return places, divergence(p, x, y, n)
end

-- the module ---------------------------------------------------------------------------------

--- Lays out points by their Euclidean distances.
-- @tparam table points  array of rows of as many numbers each
-- @tparam[opt] table options  `perplexity = 30` (about how many neighbours count; at most a third
--   of the others), `iterations = 500`, `exaggeration = 4`, `exaggerated = 100` (iterations with
--   it), `rate = 100`, `seed = 1`
-- @treturn table  n x 2: a place in the plane for each point, their mean at the origin
-- @treturn number  the Kullback-Leibler divergence that is left, to compare seeds by
-- @usage local places = tsne.embed({ { 0, 0, 0 }, { 0, 0, 1 }, { 9, 9, 9 } })
function tsne.embed(points, options)
   checkRows('points', points)
   local width = points[1] and #points[1] or 0
   return layOut(#points, function(i, j)
      local a, b, sum = points[i], points[j], 0
      for k = 1, width do sum = sum + (a[k] - b[k]) ^ 2 end
      return sum
   end, readOptions(options))
end

--- Lays out points of which only the distances are known.
-- @tparam table distances  n x n numbers, not squared
-- @tparam[opt] table options  as for `embed`
-- @treturn table  n x 2
-- @treturn number  as for `embed`
-- @usage
-- local distances = retrieval.distances(features, features, 'cosine')
-- local places = tsne.embedDistances(distances, { seed = 7 })
function tsne.embedDistances(distances, options)
   checkRows('distances', distances, type(distances) == 'table' and #distances)
   return layOut(#distances, function(i, j) return distances[i][j] ^ 2 end, readOptions(options))
end

return tsne
