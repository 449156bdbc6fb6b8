local lacuna = require 'lacuna'
local mesh = require 'lacuna.mesh'
local oracle = require 'spec.oracle'
local report = require 'lacuna.retrieval_report'
local shapes = require 'lacuna.data.shapes'
local sparse = require 'spec.support.sparse'

-- What --describe prints, against the oracle's count.
describe('the layers of DeepC2', function()
   local function example(class)
      local shape = shapes.make(class, 3)
      return mesh.new(shape.vertices, shape.faces)
   end

   -- Multiply-adds of each convolution, by the oracle's pairs.
   local function count(coords, net)
      local size, planes, work = net.inputSize, 1, {}
      local perAxis = { size, size, size }
      for i = 1, net:size() do
         local layer = net:get(i)
         local kernel = layer.filterSize or layer.poolSize
         local stride = layer.filterStride or layer.poolStride
         if kernel then
            local outputs, found = oracle.strided(coords, kernel[1], stride[1], 1, 0, perAxis)
            perAxis = oracle.outputSize(perAxis, kernel[1], stride[1], 1, 0)
            coords = outputs
            if layer.weight then
               local pairsOf = 0
               for _, list in ipairs(found) do pairsOf = pairsOf + #list end
               work[#work + 1] = pairsOf * planes * layer.nOut
               planes = layer.nOut
            end
         end
      end
      return work
   end

   it('have the sizes and parameters of the talk', function()
      local m = example 'torus'
      local rows = report.layers(lacuna.nn.DeepC2(3, 5, 32), m, { renderSize = 8 })
      local sizes, parameters = {}, 0
      for i, row in ipairs(rows) do
         sizes[i] = row.size
         parameters = parameters + (row.parameters or 0)
      end
      assert.same({ 126, 125, 125, 62, 61, 61, 30, 29, 29, 14, 13, 13, 6, 5, 5, 2, 1, 1 }, sizes)
      assert.equal(574368, parameters)
      assert.equal(582088, parameters + 193 * 40)
      m:release()
   end)

   it('have the multiply-adds that the oracle counts, different for two meshes', function()
      local totals = {}
      for k, class in ipairs { 'torus', 'chair' } do
         local m, net = example(class), lacuna.nn.DeepC2(3, 5, 4)
         local coords = mesh.voxelize(m, { renderSize = 9, size = net.inputSize })
         local expected = count(oracle.sort(sparse.back(coords)), net)
         local found, total = {}, 0
         for _, row in ipairs(report.layers(net, m, { renderSize = 9 })) do
            if row.multiplyAdds then
               found[#found + 1] = row.multiplyAdds
               total = total + row.multiplyAdds
            end
         end
         assert.same(expected, found)
         totals[k] = total
         m:release()
      end
      assert.is_true(totals[1] ~= totals[2])
   end)
end)
