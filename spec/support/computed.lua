-- What two Lua states compute at the same time: a net's output and gradients, as bytes.  Also a
-- data set whose samples run operations, for workers.
local lacuna = require 'lacuna'

local computed = {}

--- Trains a step of a small net on random points, on the cpu in every state.
-- @tparam number seed
-- @treturn string
function computed.step(seed)
   local device = lacuna.device()
   lacuna.device 'cpu'
   local bytes = lacuna.scope(function()
      lacuna.seed(seed)
      local generator, points = lacuna.Generator(seed), {}
      for i = 1, 300 do
         points[i] = { 1, generator:integer(0, 15), generator:integer(0, 15),
            generator:integer(0, 15) }
      end
      local x = lacuna.SparseTensor.new(points, lacuna.zeros(300, 2):normal(),
         { spatialSize = 16, duplicates = 'sum' })
      local net = lacuna.nn.Sequential()
         :add(lacuna.nn.SubmanifoldConvolution(3, 2, 8, 3)):add(lacuna.nn.BatchNormReLU(8))
         :add(lacuna.nn.MaxPooling(3, 2, 2)):add(lacuna.nn.Convolution(3, 8, 8, 2, 2))
         :add(lacuna.nn.GlobalPooling 'mean')
      local y = net(x)
      y:sum():backward()
      local words = { y:toString() }
      for _, p in ipairs(net:parameters()) do words[#words + 1] = p.grad:toString() end
      return table.concat(words)
   end)
   lacuna.device(device)
   return bytes
end

--- Makes a data set.
function computed.dataset(count)
   return lacuna.data.Dataset(count, function(i)
      local bytes = computed.step(i)
      return { coords = lacuna.tensor({ { i } }, { dtype = 'int32', device = 'cpu' }),
         features = lacuna.ones(1, 1, { device = 'cpu' }), id = bytes }
   end)
end

return computed
