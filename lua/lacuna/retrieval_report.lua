--- What a retrieval experiment shows: scores before and after, neighbours, pictures, the layers.
--
-- A scorer embeds the training and the test shapes, ranks the former for each of the latter, and
-- writes everything under `runs/<name>`.
-- @module lacuna.retrieval_report
local class = require 'lacuna.class'
local clock = require 'lacuna.clock'
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local files = require 'lacuna.io'
local image = require 'lacuna.image'
local mesh = require 'lacuna.mesh'
local meshes = require 'lacuna.data.meshes'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local plot = require 'lacuna.plot'
local retrieval = require 'lacuna.retrieval'
local scope = require 'lacuna.scope'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'
local thousands = require('lacuna.show').thousands
local tsne = require 'lacuna.tsne'

local report = {}

--- Makes an identity matrix.
-- @tparam number n
-- @tparam[opt] string device
-- @treturn Tensor n x n
function report.eye(n, device)
   fail.whole('eye', 'n', n, 0, 2 ^ 24)
   local index = Tensor.of((function()
      local list = {}
      for i = 1, n do list[i] = i end
      return list
   end)())
   local square = ops.eq(ops.view(index, { n, 1 }), ops.view(index, { 1, n }))
   return ops.to(square, device or square.device)
end

-- ---- the layers --------------------------------------------------------------------------------

local function checkArguments(op, net, options)
   if type(net) ~= 'table' or net.inputSize == nil or type(net.activations) ~= 'function' then
      fail.raise('%s: net is %s, expected a DeepC2', op, fail.describe(net))
   end
   if type(options) ~= 'table' then
      fail.raise('%s: options are %s, expected a table', op, fail.describe(options))
   end
end

--- Runs a network on one voxelised mesh and lists its layers as the DeepC2 table does: gathering
-- convolutions and learnt maps on lines of their own.
-- @tparam DeepC2 net
-- @tparam Mesh m
-- @tparam table options `renderSize`, `rotation`: 3 x 3 or a generator
-- @treturn table rows with `name`, `planes`, `size`, `sites`, `density`, `parameters`,
-- `multiplyAdds`
function report.layers(net, m, options)
   checkArguments('layers', net, options)
   local coords = mesh.voxelize(m, {
      renderSize = options.renderSize, size = net.inputSize, rotation = options.rotation,
   })
   local x = SparseTensor.new(coords, Tensor.ones(coords.sizes[1], 1), {
      spatialSize = net.inputSize, background = true, device = Tensor.defaultDevice,
   })
   local rows = { { name = 'input', planes = 1, size = net.inputSize, sites = x.sites.count,
      density = x:density() } }
   local activations = scope.record(false, net.activations, net, x)
   for _, entry in ipairs(activations) do
      local module, output = entry[2], entry[3]
      local kind = module.__typename
      local row = {
         planes = output:planes(), size = output.sites.spatialSize[1], sites = output.sites.count,
         density = output:density(), multiplyAdds = module.last.multiplyAdds,
      }
      if kind == 'nn.Convolution' then
         local taps = module.weight.sizes[1]
         rows[#rows + 1] = { name = 'convolution 2/1, gather', planes = taps * module.nIn,
            size = row.size, sites = row.sites, density = row.density }
         row.name = ('learnt %d -> %d, leaky ReLU'):format(taps * module.nIn, module.nOut)
         row.parameters = module:parameterCount()
         rows[#rows + 1] = row
      elseif kind == 'nn.MaxPooling' then
         row.name = 'max-pooling 3/2'
         rows[#rows + 1] = row
      end
   end
   return rows
end

-- The densities, in percent, that the talk on PySparseConvNet shows for render size 40.
local TALK = {
   0.18, nil, 0.35, 0.69, nil, 1.07, 1.93, nil, 3.26, 7.32, nil, 15.14, 46.30, nil, 97.54,
   100, nil, 100,
}

local function total(rows, field)
   local sum = 0
   for _, row in ipairs(rows) do sum = sum + (row[field] or 0) end
   return sum
end

local function describeMesh(net, path, options)
   local m, message = mesh.read(path)
   if not m then fail.raise('describe: %s', message) end
   local rows = report.layers(net, m, { renderSize = options.render })
   print(('%s: %d vertices, %d triangles, render size %d'):format(path, m:nVertices(),
      m:nTriangles(), options.render))
   local head = (net.nOut + 1) * 40
   rows[#rows + 1] = { name = ('learnt %d -> 40, softmax'):format(net.nOut), planes = 40, size = 1,
      sites = 1, density = 1, parameters = head, multiplyAdds = net.nOut * 40 }
   print(('%2s  %-28s %7s %5s %9s %10s %11s %14s'):format('#', 'layer', 'planes', 'size', 'sites',
      'density %', 'parameters', 'multiply-adds'))
   for i, row in ipairs(rows) do
      print(('%2d  %-28s %7d %5d %9s %10.3f %11s %14s'):format(i - 1, row.name, row.planes,
         row.size, thousands(row.sites), 100 * row.density,
         row.parameters and thousands(row.parameters) or '',
         row.multiplyAdds and thousands(row.multiplyAdds) or ''))
   end
   local all = total(rows, 'parameters')
   print(('parameters %s in the body, %s with a 40-way classifier; %s multiply-adds in the body')
      :format(thousands(all - head), thousands(all),
         thousands(total(rows, 'multiplyAdds') - net.nOut * 40)))
end

-- Mean and range of density and work over a folder of meshes, each in a seeded random pose.
local function describeFolder(net, folder, options)
   local set = meshes.open { data = folder }
   local items, first, statistics, work = {}, nil, {}, {}
   for _, split in ipairs { 'train', 'test' } do
      for _, item in ipairs(set[split]) do items[#items + 1] = item end
   end
   for i, item in ipairs(items) do
      local generator = ops.Generator(1000 * (options.seed or 0) + i)
      local rows = scope.run(function()
         return report.layers(net, meshes.load(item), {
            renderSize = options.render, rotation = generator,
         })
      end)
      first = first or rows
      for r, row in ipairs(rows) do
         local s = statistics[r] or { sum = 0, low = math.huge, high = 0 }
         statistics[r] = s
         local density = 100 * row.density
         s.sum, s.low, s.high = s.sum + density, math.min(s.low, density), math.max(s.high, density)
      end
      work[i] = total(rows, 'multiplyAdds') / 1e6
   end
   table.sort(work)
   print(('%s: %d meshes in seeded random poses, render size %d'):format(folder, #items,
      options.render))
   print(('%2s  %-28s %5s %12s %21s %10s'):format('#', 'layer', 'size', 'density %', 'range',
      'talk'))
   for r, s in ipairs(statistics) do
      print(('%2d  %-28s %5d %12.3f %10.3f - %8.3f %10s'):format(r - 1, first[r].name,
         first[r].size, s.sum / #items, s.low, s.high, TALK[r] and ('%.2f'):format(TALK[r]) or ''))
   end
   local sum = 0
   for _, w in ipairs(work) do sum = sum + w end
   print(('multiply-adds a sample, in millions: mean %.1f, range %.1f - %.1f; from the talk\'s '
      .. 'densities 133.5'):format(sum / #work, work[1], work[#work]))
end

--- Prints the layers of a network for a mesh file, or their statistics over a folder or list of
-- meshes.
-- @tparam DeepC2 net
-- @tparam string path
-- @tparam table options `render`, the size; `seed` of the poses, 0
function report.describe(net, path, options)
   checkArguments('describe', net, options)
   if type(path) ~= 'string' then
      fail.raise('describe: path is %s, expected a string', fail.describe(path))
   end
   fail.range('describe', 'render', options.render, 1)
   if options.seed ~= nil then fail.whole('describe', 'seed', options.seed, 0) end
   local isMesh = path:lower():match '%.off$'
   return (isMesh and describeMesh or describeFolder)(net, path, options)
end

-- ---- scoring -----------------------------------------------------------------------------------

local Scorer = class('RetrievalScorer')

local function isTable(value) return type(value) == 'table' end

local function checkParts(parts)
   local options = isTable(parts) and parts.options
   if not isTable(options) or type(options.name) ~= 'string' then
      fail.raise('report: parts are %s, expected a table with options that have a name',
         fail.describe(parts))
   end
   fail.whole('report', 'seed', options.seed, 0)
   fail.whole('report', 'views', options.views, 1)
   local set = parts.set
   if not (isTable(set) and isTable(set.classes) and isTable(set.train) and isTable(set.test)) then
      fail.raise('report: set is %s, expected a table with classes, train and test',
         fail.describe(set))
   end
   fail.callable('report: loader', parts.loader)
   fail.callable('report: embed', parts.embed)
   if not Module.is(parts.net) then
      fail.raise('report: net is %s, expected a module', fail.describe(parts.net))
   end
end

-- What a part of a result is: a list of `count` rows of numbers, `planes` each if that is known.
local function checkRows(op, result, name, count, planes)
   local rows = isTable(result) and result[name] or nil
   if not isTable(rows) or #rows ~= count then
      fail.raise('%s: %s of the result is %s, expected %d rows', op, name,
         isTable(rows) and 'a list of ' .. #rows or fail.describe(rows), count)
   end
   for i = 1, count do
      local row = rows[i]
      if not isTable(row) or planes and #row ~= planes then
         fail.raise('%s: row %d of the %s is %s, expected %s numbers', op, i, name,
            isTable(row) and 'a list of ' .. #row or fail.describe(row), planes or 'some')
      end
      for p = 1, #row do
         if type(row[p]) ~= 'number' then
            fail.raise('%s: number %d of row %d of the %s is %s, expected a number', op, p, i, name,
               fail.describe(row[p]))
         end
      end
   end
end

-- A file's failure ends what a scorer does.
local function written(ok, message)
   if not ok then fail.raise('%s', message) end
end

--- Makes a scorer.
-- @tparam table parts `options` (name, seed, views, render), `set` as `meshes.open` gives it,
-- `loader(split, options)`, `embed(batch)` giving unit vectors, `net`
-- @treturn Scorer
function report.new(parts)
   checkParts(parts)
   local self = setmetatable({}, Scorer)
   for name, part in pairs(parts) do self[name] = part end
   self.folder = 'runs/' .. parts.options.name
   self.began = clock()
   local made, why = file.makeFolder('runs', self.folder)
   if not made then fail.raise('%s', why) end
   return self
end

--- Embeds each shape: adds up its unit vectors over some poses, and averages its voxels.
-- @tparam string split `train` or `test`
-- @treturn table a row of numbers for each shape
-- @treturn table a number of voxels for each shape
function Scorer:vectors(split)
   local loader = self.loader(split, {
      augment = false,
      loader = { batchSize = 8, seed = self.options.seed + 1000, workers = self.options.workers,
         collate = require('lacuna.data').collate.sparse },
   })
   local sums, voxels = {}, {}
   self.net:evaluate()
   scope.record(false, function()
      for view = 1, self.options.views do
         for batch in loader:epoch(view) do
            local rows = scope.run(function()
               return Tensor.check('report: embed', 'its result', self.embed(batch)):toTable()
            end)
            for i, id in ipairs(batch.ids) do
               local sum = sums[id] or {}
               for p, value in ipairs(rows[i]) do sum[p] = (sum[p] or 0) + value end
               sums[id] = sum
               voxels[id] = (voxels[id] or 0) + batch.counts[i] / self.options.views
            end
         end
      end
   end)
   self.net:training()
   loader:close()
   return sums, voxels
end

local function labelsOf(items)
   local labels = {}
   for i, item in ipairs(items) do labels[i] = item.class end
   return labels
end

local function score(self)
   local targets, targetVoxels = self:vectors 'train'
   local queries, queryVoxels = self:vectors 'test'
   local distances = retrieval.distances(queries, targets, 'cosine')
   local byCount = {}
   for i, count in ipairs(queryVoxels) do
      byCount[i] = {}
      for j, other in ipairs(targetVoxels) do
         byCount[i][j] = math.abs(math.log(count + 1) - math.log(other + 1))
      end
   end
   local a, b = labelsOf(self.set.test), labelsOf(self.set.train)
   return {
      distances = distances, queries = queries, targets = targets,
      scores = retrieval.evaluate(distances, a, b),
      byCount = retrieval.evaluate(byCount, a, b).map, chance = retrieval.chance(a, b),
   }
end

--- Scores the untrained network, and what needs no network.
function Scorer:before()
   local result = score(self)
   self.untrained, self.chance, self.byCount = result.scores.map, result.chance, result.byCount
   print(('%d classes, %d training shapes, %d queries; %s parameters'):format(#self.set.classes,
      #self.set.train, #self.set.test, thousands(self.net:parameterCount())))
   print(('mAP before training %.3f; of chance %.3f, by the number of voxels %.3f'):format(
      self.untrained, self.chance, self.byCount))
end

local function ranking(distances)
   local order = {}
   for j = 1, #distances do order[j] = j end
   table.sort(order, function(a, b)
      if distances[a] ~= distances[b] then return distances[a] < distances[b] end
      return a < b
   end)
   return order
end

--- Draws queries beside the training shapes nearest to them, to queries.png.
-- @tparam table result with `distances`, queries x targets
function Scorer:showNeighbours(result)
   checkRows('showNeighbours', result, 'distances', #self.set.test, #self.set.train)
   local rows, shown = {}, {}
   for i, item in ipairs(self.set.test) do
      if not shown[item.class] and #rows < 12 then
         shown[item.class] = true
         local order, names = ranking(result.distances[i]), {}
         local row = { { picture = mesh.render(meshes.load(item), { width = 112, height = 112 }),
            caption = item.class } }
         for k = 1, math.min(6, #order) do
            local found = self.set.train[order[k]]
            local right = found.class == item.class
            names[k] = right and found.class or '(' .. found.class .. ')'
            row[k + 1] = { picture = mesh.render(meshes.load(found), { width = 112, height = 112 }),
               caption = found.class, right = right }
         end
         rows[#rows + 1] = row
         if #rows <= 5 then
            print(('  %-12s -> %s'):format(item.class,
               table.concat(names, ', ', 1, math.min(5, #names))))
         end
      end
   end
   written(image.write(self.folder .. '/queries.png', image.sheet(rows, {
      title = 'Queries, and the nearest training shapes', lead = 1,
   })))
end

--- Draws all shapes as points of a plane, to embedding.png.
-- @tparam table result with `targets` and `queries`, rows of numbers
function Scorer:showEmbedding(result)
   checkRows('showEmbedding', result, 'targets', #self.set.train)
   checkRows('showEmbedding', result, 'queries', #self.set.test)
   local points, names = {}, {}
   for split, list in pairs { train = result.targets, test = result.queries } do
      for i, row in ipairs(list) do
         points[#points + 1] = row
         names[#names + 1] = self.set[split][i].class
      end
   end
   local ok, message = plot.scatter {
      points = tsne.embed(points, { seed = self.options.seed }), labels = names,
      title = 'The shapes as the network sees them (t-SNE)', path = self.folder .. '/embedding.png',
   }
   if not ok then print('no picture of the embedding: ' .. message) end
end

--- Scores the trained network and writes metrics, weights and pictures.
-- @tparam table curve the mean loss of each epoch
function Scorer:after(curve)
   if not isTable(curve) then
      fail.raise('after: curve is %s, expected the mean loss of each epoch', fail.describe(curve))
   end
   for i = 1, #curve do fail.number('after', ('loss %d'):format(i), curve[i]) end
   if not self.untrained then fail.raise('after: there is no score, expected before() first') end
   local result = score(self)
   local s = result.scores
   print(('mAP after training %.3f (before %.3f, chance %.3f, voxel count %.3f)'):format(s.map,
      self.untrained, self.chance, self.byCount))
   print(('NN %.3f  FT %.3f  ST %.3f  DCG %.3f  E %.3f'):format(s.nn, s.ft, s.st, s.dcg, s.e))
   print 'nearest shapes of some queries, wrong ones in brackets:'
   self:showNeighbours(result)
   self:showEmbedding(result)
   written(files.saveTensors(self.folder .. '/weights.safetensors', self.net:stateDict()))
   self.metrics = {
      map_untrained = self.untrained, map_trained = s.map, map_chance = self.chance,
      map_voxel_count = self.byCount, nn = s.nn, ft = s.ft, st = s.st, dcg = s.dcg, e = s.e,
      precision = s.precision, recall = s.recall, loss = curve, options = self.options,
      seconds = clock() - self.began,
   }
   written(files.writeJson(self.folder .. '/metrics.json', self.metrics))
   print(('%.0f seconds; see %s/ for metrics.json, weights.safetensors, embedding.png, queries.png')
      :format(self.metrics.seconds, self.folder))
end

return report
