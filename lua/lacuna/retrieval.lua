--- Measures how well a ranking by distance finds things of the same label.
--
-- For each query the targets are ranked by distance, nearest first, equal distances by their
-- place in the list; a target of the query's label is relevant. With R relevant targets of N:
--
-- * nearest neighbour (`nn`): whether the first is relevant;
-- * first and second tier (`ft`, `st`): the share of the relevant ones among the first R and 2R;
-- * E-measure (`e`): the harmonic mean of precision and recall of the first 32, or of all where
--   there are fewer;
-- * discounted cumulative gain (`dcg`): 1 for a relevant first, 1 / log2(i) for a relevant i-th,
--   over what a perfect ranking would have;
-- * average precision (`ap`): the mean, over the relevant ones, of the precision of the list that
--   ends with each; its mean over the queries is `map`.
--
-- The first five are those of P. Shilane, P. Min, M. Kazhdan, T. Funkhouser, *The Princeton Shape
-- Benchmark*, SMI 2004; average precision without interpolation is that of the TREC evaluations,
-- as in C. Manning, P. Raghavan, H. Schütze, *Introduction to Information Retrieval*, 2008,
-- section 8.4.
-- @module lacuna.retrieval
-- @usage
-- local retrieval = require 'lacuna.retrieval'
-- local distances = retrieval.distances({ { 1, 0 }, { 0, 1 } }, { { 2, 0 }, { 1, 3 } })
-- local result = retrieval.evaluate(distances, { 'cup', 'ring' }, { 'cup', 'ring' })
-- print(result.map, retrieval.chance({ 'cup', 'ring' }, { 'cup', 'ring' }))  --> 1  0.75
local fail = require 'lacuna.fail'
local Tensor = require 'lacuna.Tensor'

local retrieval = {}

-- arguments ----------------------------------------------------------------------------------

-- Tensors, alone or in a list, as tables of numbers; anything else as it is.
local function plain(value)
   if Tensor.is(value) then return value:toTable() end
   if type(value) ~= 'table' or not Tensor.is(value[1]) then return value end
   local rows = {}
   for i, row in ipairs(value) do rows[i] = Tensor.is(row) and row:toTable() or row end
   return rows
end

-- Checks what `evaluate` and `chance` have in common; gives labels, and options with defaults.
local function readArguments(name, queryLabels, targetLabels, options)
   queryLabels, targetLabels = plain(queryLabels), plain(targetLabels)
   if type(queryLabels) ~= 'table' or type(targetLabels) ~= 'table' then
      fail.raise('%s: query labels are %s, target labels are %s, expected two arrays', name,
         fail.describe(queryLabels), fail.describe(targetLabels))
   end
   options = fail.options(name, options, { self = fail.off, exclude = false, cutoff = 32 })
   fail.whole(name, 'cutoff', options.cutoff, 1)
   if options.exclude and type(options.exclude) ~= 'function' then
      fail.raise('%s: exclude is %s, expected a function', name, fail.describe(options.exclude))
   end
   if options.self and #queryLabels ~= #targetLabels then
      fail.raise('%s: self is set for %d queries and %d targets, expected one list, twice', name,
         #queryLabels, #targetLabels)
   end
   return queryLabels, targetLabels, options
end

local function isExcluded(options, i, j)
   if options.self and i == j then return true end
   return options.exclude and options.exclude(i, j)
end

-- ranking ------------------------------------------------------------------------------------

-- The number of relevant targets (in order, with their distances) that come before target j.
local function relevantBefore(order, distance, j, d)
   local low, high = 0, #order
   while low < high do
      local middle = math.floor((low + high + 1) / 2)
      local other = order[middle]
      if distance[other] < d or (distance[other] == d and other < j) then
         low = middle
      else
         high = middle - 1
      end
   end
   return low
end

-- Gives the ranks of the relevant targets, rising, and the number of targets ranked. All measures
-- follow from these; sorting the relevant ones alone keeps long lists cheap.
local function relevantRanks(distance, relevant, others)
   table.sort(relevant, function(a, b)
      if distance[a] ~= distance[b] then return distance[a] < distance[b] end
      return a < b
   end)
   local between = {}
   for k = 0, #relevant do between[k] = 0 end
   for i = 1, #others do
      local k = relevantBefore(relevant, distance, others[i], distance[others[i]])
      between[k] = between[k] + 1
   end
   local ranks, ahead = {}, 0
   for k = 1, #relevant do
      ahead = ahead + between[k - 1]
      ranks[k] = k + ahead
   end
   return ranks, #relevant + #others
end

-- measures -----------------------------------------------------------------------------------

-- Each is of one query and follows from the rising ranks of its relevant targets.


local function hitsWithin(ranks, limit)
   local hits = 0
   while hits < #ranks and ranks[hits + 1] <= limit do hits = hits + 1 end
   return hits
end

local function averagePrecision(ranks)
   local sum = 0
   for k, rank in ipairs(ranks) do sum = sum + k / rank end
   return sum / #ranks
end

local function gain(rank)
   return rank == 1 and 1 or math.log(2) / math.log(rank)
end

local function discountedGain(ranks)
   local sum, ideal = 0, 0
   for k, rank in ipairs(ranks) do sum, ideal = sum + gain(rank), ideal + gain(k) end
   return sum / ideal
end

local function eMeasure(ranks, ranked, cutoff)
   local seen = math.min(cutoff, ranked)
   local hits = hitsWithin(ranks, seen)
   if hits == 0 then return 0 end
   local precision, recall = hits / seen, hits / #ranks
   return 2 * precision * recall / (precision + recall)
end

-- Precision at a recall between 0 and 1: linear between the recalls k / R, level before the first.
local function precisionAt(ranks, recall)
   local place = recall * #ranks
   local k = math.max(1, math.min(#ranks, math.floor(place)))
   local here = k / ranks[k]
   if k == #ranks or place <= k then return here end
   return here + (place - k) * ((k + 1) / ranks[k + 1] - here)
end

-- the module ---------------------------------------------------------------------------------

-- The averaged curve, at as many recalls as the query with the most relevant targets has.
local function curve(all, points)
   local precision, recall = {}, {}
   for m = 1, points do
      local sum = 0
      for _, ranks in ipairs(all) do sum = sum + precisionAt(ranks, m / points) end
      precision[m], recall[m] = sum / #all, m / points
   end
   return precision, recall
end

-- Splits the targets of a query into relevant and other ones; reads their distances.
local function splitTargets(i, row, queryLabels, targetLabels, options)
   local distance, relevant, others = {}, {}, {}
   for j = 1, #targetLabels do
      if not isExcluded(options, i, j) then
         local d = row[j]
         if type(d) ~= 'number' or d ~= d then
            fail.raise('retrieval.evaluate: the distance of query %d to target %d is %s, expected '
               .. 'a number for each of %d targets', i, j, fail.describe(d), #targetLabels)
         end
         distance[j] = d
         local list = targetLabels[j] == queryLabels[i] and relevant or others
         list[#list + 1] = j
      end
   end
   return distance, relevant, others
end

-- Labels that are missing would leave distances unseen.
local function checkSize(what, list, most, unit)
   if type(list) == 'table' and #list > most then
      fail.raise('retrieval.evaluate: %s %d %s, expected %d, one for each label', what, #list,
         unit, most)
   end
end

--- Evaluates a ranking by distance.
-- @tparam table|Tensor distances  `distances[i][j]`, from query i to target j; anything that can
--   be indexed so
-- @tparam table|Tensor queryLabels  array of labels: strings, numbers or anything that compares
--   with `==`
-- @tparam table|Tensor targetLabels  array of labels
-- @tparam[opt] table options  `self = false`: queries and targets are one list and nothing is found
--   by itself; `exclude = nil`: a function of (i, j) that is true for targets to be left out;
--   `cutoff = 32`: how many the E-measure looks at
-- @treturn table  `map nn ft st dcg e`, averages over the queries that have a relevant target (nan
--   if none has); `queries` and `skipped`, the numbers of those that have one and that have none;
--   `ap`, for each query its average precision, false if it was skipped; `precision` and `recall`,
--   the averaged curve, linearly interpolated at as many recalls as the largest R
-- @usage
-- local d = { { 0.1, 0.2, 0.3 } }
-- local result = retrieval.evaluate(d, { 'a' }, { 'a', 'b', 'a' })
-- print(result.map)                     --> 0.8333, (1/1 + 2/3) / 2
function retrieval.evaluate(distances, queryLabels, targetLabels, options)
   queryLabels, targetLabels, options =
      readArguments('retrieval.evaluate', queryLabels, targetLabels, options)
   distances = plain(distances)
   local kind = type(distances)
   if kind ~= 'table' and kind ~= 'userdata' and kind ~= 'cdata' then
      fail.raise('retrieval.evaluate: distances are %s, expected rows of numbers',
         fail.describe(distances))
   end
   checkSize('the distances have', distances, #queryLabels, 'rows')

   local sums = { map = 0, nn = 0, ft = 0, st = 0, dcg = 0, e = 0 }
   local result, all, most = { ap = {}, queries = 0, skipped = 0 }, {}, 0
   for i = 1, #queryLabels do
      local row = distances[i]
      if row == nil or type(row) == 'number' then
         fail.raise('retrieval.evaluate: row %d of the distances is %s, expected a row for each of '
            .. '%d queries', i, fail.describe(row), #queryLabels)
      end
      checkSize(('row %d of the distances has'):format(i), row, #targetLabels, 'numbers')
      local distance, relevant, others =
         splitTargets(i, row, queryLabels, targetLabels, options)
      local total = #relevant
      if total == 0 then
         result.ap[i], result.skipped = false, result.skipped + 1
      else
         local ranks, ranked = relevantRanks(distance, relevant, others)
         local ap = averagePrecision(ranks)
         result.ap[i], result.queries = ap, result.queries + 1
         sums.map = sums.map + ap
         sums.nn = sums.nn + (ranks[1] == 1 and 1 or 0)
         sums.ft = sums.ft + hitsWithin(ranks, total) / total
         sums.st = sums.st + hitsWithin(ranks, 2 * total) / total
         sums.dcg = sums.dcg + discountedGain(ranks)
         sums.e = sums.e + eMeasure(ranks, ranked, options.cutoff)
         all[#all + 1], most = ranks, math.max(most, total)
      end
   end
   for name, sum in pairs(sums) do result[name] = sum / result.queries end
   result.precision, result.recall = curve(all, most)
   return result
end

-- Expected average precision of R relevant among N in random order. A relevant target at rank i has
-- on average (i - 1) (R - 1) / (N - 1) relevant ones before it, and stands at each rank with equal
-- chance:  E = 1/N sum over i of (1 + (i - 1) (R - 1) / (N - 1)) / i
--            = (H + (R - 1) / (N - 1) (N - H)) / N   with  H = 1 + 1/2 + ... + 1/N.
local function expectedPrecision(relevant, ranked, harmonic)
   if ranked == 1 then return 1 end
   return (harmonic + (relevant - 1) / (ranked - 1) * (ranked - harmonic)) / ranked
end

--- Gives the mean average precision to be expected of a ranking that knows nothing, exactly.
-- @tparam table|Tensor queryLabels  array of labels
-- @tparam table|Tensor targetLabels  array of labels
-- @tparam[opt] table options  as for `evaluate`
-- @treturn number  the mean over the queries that have a relevant target; nan if none has
-- @usage print(retrieval.chance({ 'a' }, { 'a', 'b' }))  --> 0.75, the mean of 1 and 1/2
function retrieval.chance(queryLabels, targetLabels, options)
   queryLabels, targetLabels, options =
      readArguments('retrieval.chance', queryLabels, targetLabels, options)
   local harmonic = { [0] = 0 }
   for n = 1, #targetLabels do harmonic[n] = harmonic[n - 1] + 1 / n end

   local sum, queries = 0, 0
   for i = 1, #queryLabels do
      local relevant, ranked = 0, 0
      for j = 1, #targetLabels do
         if not isExcluded(options, i, j) then
            ranked = ranked + 1
            if targetLabels[j] == queryLabels[i] then relevant = relevant + 1 end
         end
      end
      if relevant > 0 then
         sum = sum + expectedPrecision(relevant, ranked, harmonic[ranked])
         queries = queries + 1
      end
   end
   return sum / queries
end

-- distances ----------------------------------------------------------------------------------

local function dot(a, b)
   local sum = 0
   for p = 1, #a do sum = sum + a[p] * b[p] end
   return sum
end

local function apart(a, b)
   local sum = 0
   for p = 1, #a do sum = sum + (a[p] - b[p]) ^ 2 end
   return math.sqrt(sum)
end

-- Rows of length one; a row of zeros stays as it is.
local function unitRows(rows)
   local out = {}
   for i, row in ipairs(rows) do
      local length = math.sqrt(dot(row, row))
      out[i] = {}
      for p, value in ipairs(row) do out[i][p] = length > 0 and value / length or 0 end
   end
   return out
end

local metrics = {
   cosine = { unit = true, f = function(a, b) return 1 - dot(a, b) end },
   euclidean = { unit = false, f = apart },
   unit = { unit = true, f = apart },
}

-- Checks that all rows have `planes` numbers, or as many as the first; gives that number.
local function checkRows(what, rows, planes)
   if type(rows) ~= 'table' then
      fail.raise('retrieval.distances: %s are %s, expected an array of rows', what,
         fail.describe(rows))
   end
   for i, row in ipairs(rows) do
      if type(row) ~= 'table' then
         fail.raise('retrieval.distances: row %d of the %s is %s, expected an array', i, what,
            fail.describe(row))
      end
      planes = planes or #row
      if #row ~= planes then
         fail.raise('retrieval.distances: row %d of the %s has %d numbers, expected %d', i, what,
            #row, planes)
      end
      for p = 1, planes do
         if type(row[p]) ~= 'number' then
            fail.raise('retrieval.distances: number %d of row %d of the %s is %s, expected a '
               .. 'number', p, i, what, fail.describe(row[p]))
         end
      end
   end
   return planes
end

--- Computes the distances between all queries and all targets.
-- @tparam table|Tensor queries  array of rows of numbers
-- @tparam table|Tensor targets  array of rows of as many numbers
-- @tparam[opt='cosine'] string|function metric  'cosine', one minus the cosine; 'euclidean';
--   'unit', the Euclidean distance of the rows scaled to length one, which ranks as the cosine
--   does; or a function of two rows
-- @treturn table  `distances[i][j]`
-- @usage retrieval.distances({ { 0, 0 } }, { { 3, 4 } }, 'euclidean')  --> { { 5 } }
function retrieval.distances(queries, targets, metric)
   queries, targets = plain(queries), plain(targets)
   metric = metric or 'cosine'
   local known = type(metric) == 'function' and { f = metric } or metrics[metric]
   if not known then
      fail.raise('retrieval.distances: metric is %s, expected cosine, euclidean, unit or '
         .. 'a function', fail.describe(metric))
   end
   checkRows('targets', targets, checkRows('queries', queries))
   if known.unit then queries, targets = unitRows(queries), unitRows(targets) end
   local f, distances = known.f, {}
   for i, query in ipairs(queries) do
      local row = {}
      for j, target in ipairs(targets) do row[j] = f(query, target) end
      distances[i] = row
   end
   return distances
end

return retrieval
