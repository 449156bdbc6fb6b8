local files = require 'spec.support.files'
local forge = require 'spec.support.forge'
local lacuna = require 'lacuna'

local ops, Tensor = lacuna.ops, lacuna.Tensor

-- Scripts can write any field.  None of it may reach memory that is not the object's.
describe('forged fields:', function()
   local function index(list) return lacuna.tensor(list, { dtype = 'int32' }) end

   it('a handle in two objects is freed once, and is then gone from both', function()
      local a, b = lacuna.ones(3), lacuna.ones(3)
      a.handle = b.handle
      a:release()
      assert.fails('toFlat: self is a tensor that was released', b.toFlat, b)
      b:release()
      local book = lacuna.Sites.new({ { 1, 0 } }, {}):submanifold(1)
      local twin = book:remember()
      twin.handle = book.handle
      book:release()
      assert.fails('rulebook was released', twin.degrees, twin)
   end)

   it('a handle of another kind, a file or a number is no handle', function()
      local sites = lacuna.Sites.new({ { 1, 0 } }, {})
      for _, value in ipairs { sites.handle, io.stdout, 5, 'text', newproxy(), true } do
         local t = lacuna.ones(2)
         rawset(t, 'handle', value)
         for _, f in ipairs { ops.relu, Tensor.toTable, Tensor.clone, Tensor.version } do
            assert.is_false((pcall(f, t)))
         end
         assert.is_false((pcall(sites.same, t)))
         t:release()
      end
      local mesh = lacuna.mesh.new({ { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } })
      mesh.handle = sites.handle
      assert.fails('the mesh was released', mesh.area, mesh)
   end)

   it('notes on an index cannot be written, nor can its version', function()
      local x, wrong = lacuna.ones(3, 2), index { 1, 1000000 }
      wrong.known = { version = wrong:version(), low = 1, high = 1 }
      assert.fails('index holds 1 to 1000000, expected 1 to 3', ops.gather, x, wrong)
      local right = index { 1, 2 }
      ops.gather(x, right)
      local version = right:version()
      right.version = function() return version end
      lacuna.noGrad(function() right:fill(1000000) end)
      assert.fails('index holds 1000000 to 1000000, expected 1 to 3', ops.gather, x, right)
      local first = index { 0, 1000000 }
      first.known = { version = first:version(), rows = 3 }
      assert.fails('first runs from 0 to 1000000, expected 0 to 3', ops.segmentSum, x, first)
   end)

   it('sizes that are not those of the elements are noticed where they would rule', function()
      local x = lacuna.ones(3, 2)
      x.sizes = { 1000000, 2 }
      assert.is_false((pcall(ops.gather, x, index { 1, 900000 })))
      assert.is_false((pcall(ops.segmentSum, x, index { 0, 1000000 })))
      assert.is_false((pcall(ops.takeColumns, x, index { 900000, 1 }:view(1, 2))))
      assert.fails('toFlat: the sizes are 1000000x2, expected sizes of the 6 elements', x.toFlat, x)
      x.sizes = setmetatable({ 3, 2 }, { __index = function() return 100 end })
      assert.are.same({ { 1, 1 }, { 1, 1 }, { 1, 1 } }, x:toTable())
      local sites = lacuna.Sites.new({ { 1, 0, 0 }, { 1, 99, 99 } }, { spatialSize = 100 })
      local dense = lacuna.ones(1, 1, 2, 2)
      dense.sizes = { 1, 1, 100, 100 }
      assert.fails('the grid is not that of the sites', ops.fromDense, dense, sites)
      local picture = lacuna.image.blank(4, 4)
      picture.sizes = { 400, 400, 3 }
      assert.is_false((pcall(lacuna.image.rect, picture, 0, 0, 400, 400, 'red')))
   end)

   it('what sites remember cannot be replaced', function()
      local sites = lacuna.Sites.new({ { 1, 0, 0 }, { 1, 3, 3 } }, { spatialSize = 4 })
      local cells = sites:cells()
      local bad = lacuna.tensor({ 1000000, 2000000 }, { dtype = 'int64' })
      sites.cellsOfRows, sites.versions = bad, { cellsOfRows = bad:version() }
      assert.near_all(1, ops.toDense(lacuna.ones(2, 1), sites):max())
      sites.cells = function() return bad end
      assert.fails('the cells are not those of the sites', ops.toDense, lacuna.ones(2, 1), sites)
      sites.cells = nil
      cells.handle = bad.handle
      assert.near_all(2, ops.toDense(lacuna.ones(2, 1), sites):sum())
      sites.denseSizes = function() return { 1, 1, 1, 1 } end
      assert.fails('the grid is not that of the sites', ops.toDense, lacuna.ones(2, 1), sites)
      sites.denseSizes, sites.count, sites.batchSize = nil, 1, 0
      assert.is_false((pcall(ops.segmentSum, lacuna.ones(1, 1), sites:samples())))
      assert.near_all({ 0, 2 }, sites:samples())
   end)

   it('a rulebook that lies about its rows is not believed', function()
      local sites = lacuna.Sites.new({ { 1, 0 }, { 1, 1 }, { 1, 2 } }, {})
      local book = sites:submanifold(3)
      local x = lacuna.tensor({ { 1 }, { 2 }, { 3 } }, { requiresGrad = true })
      book.inputs = 1
      local y = ops.maxPool(x, book)
      assert.fails('index holds %-1 to 2, expected %-1 to 0', ops.spreadColumns,
         lacuna.ones(3, 1), y.node.saved[1], 1)
      assert.is_false((pcall(y.backward, y, lacuna.ones(3, 1))))
      book.inputs, book.outputs = 3, 1000000
      assert.is_false((pcall(ops.sumPool, x, book)))
   end)

   it('at random: no crash, and what is not forged still works', function()
      files.open()
      local count = forge.run(1500, 3, files.at(), lacuna.device())
      files.close()
      assert.is_true(count.forgeries > 1000 and count.results > 100)
      assert.near_all({ 2, 2, 2, 2 }, lacuna.ones(2, 2) + 1)
   end)
end)
