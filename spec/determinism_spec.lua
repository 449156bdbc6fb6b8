local lacuna = require 'lacuna'
local native = require 'lacuna.native'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local ops = lacuna.ops

-- Every kernel gives the same bits in every run and on any number of threads, forward and backward.
describe('results have the same bits on 1, 2, 3 and 7 threads #threads', function()
   local before
   before_each(function() before = lacuna.threads() end)
   after_each(function() lacuna.threads(before) end)

   local function bytes(list)
      local strings = {}
      for i, t in ipairs(list) do strings[i] = t:toString() end
      return strings
   end

   -- compute() gives a list of tensors
   local function check(compute)
      local expected
      for _, threads in ipairs { 1, 2, 3, 7, 7, 1 } do
         lacuna.threads(threads)
         assert.equal(threads, lacuna.threads())
         lacuna.seed(1)
         local got = lacuna.scope(function() return bytes(compute()) end)
         expected = expected or got
         for i = 1, #expected do
            assert.is_true(expected[i] == got[i], ('result %d differs on %d threads'):format(i,
               threads))
         end
      end
   end

   local function draw(...) return lacuna.zeros(...):normal() end

   -- f's result, and its gradients towards fresh leaves of the shapes
   local function both(f, ...)
      local inputs = { ... }
      check(function()
         local leaves = {}
         for i, shape in ipairs(inputs) do leaves[i] = draw(shape):requireGrad() end
         local y = f(unpack(leaves))
         y:backward(draw(y:shape()))
         local list = { y }
         for _, leaf in ipairs(leaves) do list[#list + 1] = leaf.grad end
         return list
      end)
   end

   it('pointwise functions', function()
      for name, parameters in pairs { exp = {}, tanh = {}, softplus = {}, sigmoid = {}, square = {},
         abs = {}, relu = {}, leakyRelu = { 0.1 }, elu = { 1 }, clamp = { -1, 1 },
         affine = { 2, 1 }, sign = {} } do
         both(function(x) return ops[name](x, unpack(parameters)) end, { 70001 })
      end
      for _, name in ipairs { 'sqrt', 'log' } do
         both(function(x) return ops[name](ops.square(x) + 1) end, { 300, 200 })
      end
      both(function(x) return ops.pow(ops.square(x) + 1, 1.5) end, { 50000 })
   end)

   it('operations of two tensors', function()
      for _, name in ipairs { 'add', 'sub', 'mul', 'div', 'maximum', 'minimum' } do
         both(ops[name], { 300, 190 }, { 300, 190 })
         both(ops[name], { 300, 190 }, { 190 })
         both(ops[name], { 40000, 3 }, { 40000, 1 })
         both(ops[name], { 2, 30000 }, {})
         both(ops[name], { 40, 1, 70 }, { 50, 1 })
      end
      for _, name in ipairs { 'lt', 'le', 'gt', 'ge', 'eq', 'ne' } do
         check(function() return { ops[name](draw(60000), draw(60000)) } end)
      end
      both(function(a, b) return ops.where(a:gt(0), a, b) end, { 60000 }, { 60000 })
   end)

   it('shapes', function()
      both(function(x) return x:narrow(2, 5, 90):narrow(1, 7, 500) end, { 600, 100 })
      both(function(a, b) return ops.cat(2, a, b) end, { 700, 40 }, { 700, 30 })
      both(ops.transpose, { 300, 200 })
      both(function(x) return ops.transposeTaps(x, true) end, { 9, 70, 90 })
      both(function(x) return ops.expand(x, { 50, 40, 30 }) end, { 40, 1 })
      check(function()
         local x = draw(70000) * 100
         return { x:int(), x:byte(), x:long():float(), x:long():int() }
      end)
   end)

   it('reductions', function()
      for _, name in ipairs { 'sum', 'mean', 'max', 'min', 'norm' } do
         both(function(x) return (ops[name](x)) end, { 130001 })
         both(function(x) return (ops[name](x, 1)) end, { 30000, 7 })
         both(function(x) return (ops[name](x, 2)) end, { 3, 50000 })
         both(function(x) return (ops[name](x, 2)) end, { 40, 60, 70 })
      end
      both(ops.softmax, { 900, 70 })
      both(ops.logSoftmax, { 70, 900 })
      check(function()
         local x = draw(300, 400)
         return { x:argmax(1), x:argmin(2) }
      end)
      both(function(x) return ops.sumTo(x, { 30, 1, 40 }) end, { 30, 50, 40 })
      both(function(x) return ops.sumTo(x, { 1, 50, 1 }) end, { 30, 50, 40 })
   end)

   it('matrix products, large and long', function()
      for _, size in ipairs {
         { 300, 257, 190 }, { 20000, 9, 17 }, { 7, 20000, 5 }, { 64, 64, 64 },
      } do
         local m, k, n = unpack(size)
         both(function(a, b) return ops.matmul(a, b) end, { m, k }, { k, n })
         both(function(a, b) return ops.matmul(a, b, { transposeA = true }) end, { k, m }, { k, n })
         both(function(a, b) return ops.matmul(a, b, { transposeB = true }) end, { m, k }, { n, k })
      end
      for _, metric in ipairs { 'squared', 'euclidean', 'cosine' } do
         both(function(a, b) return ops.distances(a, b, metric) end, { 150, 70 }, { 90, 70 })
      end
   end)

   it('segments and rows by index', function()
      local random, cuts, index = oracle.random(3), { 0 }, {}
      for s = 1, 400 do cuts[s + 1] = cuts[s] + random:integer(0, 60) end
      cuts[402] = cuts[401] + 20000
      local rows = cuts[402]
      local first = lacuna.tensor(cuts, { dtype = 'int32' })
      for _, name in ipairs { 'segmentSum', 'segmentMean', 'segmentMax', 'segmentMin' } do
         both(function(x) return ops[name](x, first) end, { rows, 5 })
      end
      both(function(x) return ops.segmentExpand(x, first, rows) end, { 401, 5 })
      for i = 1, 30000 do index[i] = random:integer(1, 700) end
      local picks = lacuna.tensor(index, { dtype = 'int32' })
      both(function(x) return ops.gather(x, picks) end, { 700, 5 })
      both(function(x) return ops.scatterAdd(x, picks, 900) end, { 30000, 5 })
      both(function(x) return ops.pick(x, picks) end, { 30000, 700 })
   end)

   it('batch normalisation', function()
      for _, shape in ipairs { { 40000, 3 }, { 9000, 40 }, { 300, 700 } } do
         both(function(x, weight, bias)
            local mean, variance = lacuna.noGrad(ops.statistics, x)
            return ops.normalizeRows(x, weight, bias, mean, variance, 1e-4, 0.2, true)
         end, shape, { shape[2] }, { shape[2] })
      end
   end)

   it('convolution, pooling and dense grids', function()
      local random = oracle.random(4)
      local coords, sites = sparse.sites(random, 9000, 2, { low = 0, high = 149, batches = 2,
         spatialSize = { 150, 150 } })
      local same, n = sites:submanifold(3), #coords
      local coarse, down = sites:strided(2, 2)
      both(function(x, w, b) return ops.conv(x, w, b, same) end, { n, 20 }, { 9, 20, 24 }, { 24 })
      both(function(x, w, b) return ops.conv(x, w, b, down) end, { n, 3 }, { 4, 3, 40 }, { 40 })
      both(function(x, w) return ops.conv(x, w, nil, (down:reverse())) end, { coarse.count, 6 },
         { 4, 6, 5 })
      both(function(x) return ops.maxPool(x, down) end, { n, 20 })
      both(function(x) return ops.sumPool(x, same) end, { n, 20 })
      both(function(x, b) return ops.toDense(x, sites, b) end, { n, 7 }, { 7 })
      both(function(x) return ops.fromDense(x, sites) end, { 2, 3, 150, 150 })
   end)

   it('sites and rulebooks', function()
      local random = oracle.random(5)
      local points = {}
      for i = 1, 20000 do
         points[i] = { random:integer(1, 3), random:integer(-90, 90), random:integer(-90, 90) }
      end
      local tensor = lacuna.tensor(points, { dtype = 'int32' })
      check(function()
         local sites = lacuna.Sites.new(tensor, {})
         local book = sites:submanifold(3)
         local coarse, down = sites:strided(3, 2, 1, 1)
         local list = { sites:coords(), coarse:coords(), book:degrees(), down:degrees() }
         for _, b in ipairs { book, down } do
            for tap = 1, b.taps, 4 do
               local inputs, outputs = b:read(tap)
               list[#list + 1] = lacuna.tensor(inputs)
               list[#list + 1] = lacuna.tensor(outputs)
            end
         end
         return list
      end)
   end)

   it('random numbers, fills and steps of optimisers', function()
      check(function()
         local w, m, v = draw(70000), lacuna.full(0.5, 70000), lacuna.zeros(70000)
         local options = { lr = 0.1, beta1 = 0.9, beta2 = 0.99, eps = 1e-8 }
         for step = 1, 3 do ops.adamStep(w, m, v, draw(70000), options, step) end
         local sum = draw(70000)
         native.ops.axpby(sum, w, 0.3, 0.7)
         return { w, m, v, sum, lacuna.zeros(70000):uniform(-1, 2), lacuna.permutation(5000),
            lacuna.full(3, 50000, { dtype = 'int64' }) }
      end)
   end)
end)

describe('lacuna.threads', function()
   it('tells and sets how many, from 1 to 256', function()
      local before = lacuna.threads()
      assert.is_true(before >= 1)
      assert.equal(256, lacuna.threads(256))
      assert.equal(1, lacuna.threads(1))
      assert.equal(5, lacuna.threads(5))
      assert.equal(5, lacuna.threads())
      for _, n in ipairs { 0, 257, 1.5, -1, 1 / 0 } do
         assert.fails('threads: .*, expected a whole number, 1 to 256', lacuna.threads, n)
      end
      assert.fails('threads: n is the string "2", expected a number', lacuna.threads, '2')
      assert.fails('threads: n is the number nan', lacuna.threads, 0 / 0)
      assert.equal(5, lacuna.threads())
      lacuna.threads(before)
   end)
end)
