local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'
local sparse = require 'spec.support.sparse'

local ops = lacuna.ops

-- covers 'to_dense', 'from_dense'
describe('ops.toDense and ops.fromDense', function()
   local random
   before_each(function() random = oracle.random(91) end)

   local function draw(n, dimension, size, batches)
      return sparse.sites(random, n, dimension, { batches = batches, low = 0, high = size - 1,
         spatialSize = oracle.perAxis(size, dimension) })
   end

   local function rows(coords, planes, limit)
      local a = arrays.random(random, { #coords, planes }, limit)
      return a
   end

   for dimension = 1, 5 do
      it('equal the oracle in dimension ' .. dimension, function()
         local size = ({ 30, 9, 5, 4, 3 })[dimension]
         local coords, sites = draw(20, dimension, size, 3)
         local a = rows(coords, 4, 9)
         local background = { 5, -1, 0, 2, shape = { 4 } }
         local spatial = oracle.perAxis(size, dimension)
         for _, b in ipairs { false, background } do
            local expected = oracle.sparseToDense(coords, arrays.nested(a), 3, spatial, 4, b or nil)
            local y = ops.toDense(arrays.tensor(a), sites, b and arrays.tensor(b) or nil)
            assert.same({ 3, 4, unpack(spatial) }, y:shape())
            assert.near_all(expected, y, 0)
            assert.near_all(a, ops.fromDense(y, sites), 0)
         end
      end)
   end

   it('handle many planes and sites, and a background of one row', function()
      local coords, sites = draw(900, 2, 40, 2)
      local a = rows(coords, 37, 9)
      local background = arrays.random(random, { 1, 37 }, 9)
      local y = ops.toDense(arrays.tensor(a), sites, arrays.tensor(background))
      assert.near_all(oracle.sparseToDense(coords, arrays.nested(a), 2, { 40, 40 }, 37,
         background), y, 0)
      assert.near_all(a, ops.fromDense(y, sites), 0)
   end)

   it('have their gradients, and those theirs', function()
      local coords, sites = draw(4, 2, 3, 3)
      local a = rows(coords, 2)
      local function reference(x, b)
         return oracle.sparseToDense(coords, arrays.nested(x), 3, { 3, 3 }, 2, b)
      end
      gradient.checkGradient(function(x) return ops.toDense(x, sites) end, { a },
         { reference = reference })
      for _, shape in ipairs { { 2 }, { 1, 2 } } do
         local b = arrays.random(random, shape)
         local function f(x, background) return ops.toDense(x, sites, background) end
         gradient.checkGradient(f, { a, b }, { reference = reference })
         gradient.checkSecond(function(x, background)
            return f(ops.square(x), ops.square(background))
         end, { a, b })
      end
      local grid = arrays.random(random, { 3, 2, 3, 3 })
      gradient.checkGradient(function(x) return ops.fromDense(x, sites) end, { grid })
      gradient.checkSecond(function(x) return ops.fromDense(ops.square(x), sites) end, { grid })
   end)

   it('accept no sites', function()
      local sites = lacuna.Sites.new({}, { dimension = 2, spatialSize = { 2, 2 }, batchSize = 1 })
      local x = lacuna.zeros(0, 3):requireGrad()
      local y = ops.toDense(x, sites, lacuna.ones(3))
      assert.same({ 1, 3, 2, 2 }, y:shape())
      for _, v in ipairs(y:toFlat()) do assert.equal(1, v) end
      assert.same({ 0, 3 }, ops.fromDense(y, sites):shape())
      y:sum():backward()
      assert.same({ 0, 3 }, x.grad:shape())
   end)

   it('say what is wrong with their arguments', function()
      local coords, sites = draw(3, 2, 4, 2)
      local x = lacuna.ones(#coords, 2)
      assert.fails('toDense: sites are nil, expected sites', ops.toDense, x)
      assert.fails('toDense: input is nil, expected a tensor', ops.toDense, nil, sites)
      assert.fails('to_dense: x is 1x2, expected 3x2', ops.toDense, lacuna.ones(1, 2), sites)
      assert.fails('toDense: input is 3, expected 2 dimensions', ops.toDense, lacuna.ones(3), sites)
      assert.fails('to_dense: background is 3, expected 2 planes', ops.toDense, x, sites,
         lacuna.ones(3))
      assert.fails('to_dense: background is the number 0, expected a tensor', ops.toDense, x, sites,
         0)
      assert.fails('fromDense: input is 2x2x4, expected 2x2x4x4', ops.fromDense,
         lacuna.ones(2, 2, 4), sites)
      assert.fails('fromDense: input is 1x2x4x4, expected 2x2x4x4', ops.fromDense,
         lacuna.ones(1, 2, 4, 4), sites)
      assert.fails('fromDense: input is a scalar, expected 2x0x4x4', ops.fromDense, lacuna.ones(),
         sites)
      assert.fails('fromDense: sites are a Tensor, expected sites', ops.fromDense, x, x)
      local unbounded = lacuna.Sites.new { { 1, 0, 0 } }
      assert.fails('toDense: the grid is unbounded, expected sites with a spatial size',
         ops.toDense, lacuna.ones(1, 2), unbounded)
      sites:release()
      assert.fails('released', ops.toDense, x, sites)
   end)

   it('stay right when the cells that were handed out are written to', function()
      local sites = lacuna.Sites.new({ { 1, 0, 0 }, { 1, 3, 3 } }, { spatialSize = 4 })
      sites:cells():fill(7777777777)
      sites.spatialSize[1], sites.batchSize = 1, 0
      assert.are.equal(4, ops.toDense(lacuna.ones(2, 2), sites):sum():item())
   end)
end)
