local lacuna = require 'lacuna'
local nn, ops, SparseTensor = lacuna.nn, lacuna.ops, lacuna.SparseTensor
local class = require 'lacuna.class'
local lfs = require 'lfs'

local function input(options)
   return SparseTensor.new({ { 1, 0, 0 }, { 1, 1, 1 }, { 2, 2, 2 } }, { { 1 }, { 2 }, { 3 } },
      options or { spatialSize = 5 })
end

describe('nn.Module', function()
   local function network()
      return nn.Sequential()
         :add(nn.SubmanifoldConvolution(2, 1, 4, 3))
         :add(nn.BatchNormReLU(4))
         :add(nn.Convolution(2, 4, 2, 3, 2))
         :add(nn.SparseToDense(2, 2))
   end

   it('lists parameters and buffers by path', function()
      local names = {}
      for _, entry in ipairs(network():namedParameters()) do names[#names + 1] = entry[1] end
      assert.same({ '1.weight', '1.bias', '2.weight', '2.bias', '3.weight', '3.bias' }, names)
      local state = network():stateDict()
      assert.is_truthy(state['2.runningMean'])
      assert.equal(9 * 4 + 4 + 8 + 9 * 8 + 2, network():parameterCount())
   end)

   it('lists a shared module\'s parameters once', function()
      local shared = nn.Linear(2, 2)
      local net = nn.Sequential():add(shared):add(nn.ReLU()):add(shared)
      assert.equal(2, #net:parameters())
   end)

   it('runs, and tells sites and multiply-adds of each layer', function()
      local net = network()
      local y = net(input())
      assert.same({ 2, 2, 2, 2 }, y:shape())
      -- pairs: each site with itself, and the two that touch with each other; 4 planes
      assert.equal((3 + 2) * 4, net:get(1).last.multiplyAdds)
      assert.equal(3, net:get(1).last.sites)
      assert.matches('1 %-> 4, size 3', tostring(net))
      assert.matches('122 parameters in all', tostring(net))
   end)

   it('names every inner activation', function()
      local list, y = network():activations(input())
      assert.equal(5, #list)
      assert.equal('1', list[1][1])
      assert.equal('', list[5][1])
      assert.equal(y, list[5][3])
   end)

   it('gives the same after its state was carried to another network', function()
      local a, b = network(), network()
      a(input())
      b:loadStateDict(a:stateDict())
      assert.near_all(a:evaluate()(input()), b:evaluate()(input()), 0)
   end)

   it('refuses a state that is not its own', function()
      local net = nn.Linear(2, 3)
      assert.fails('weight is missing', net.loadStateDict, net, { bias = lacuna.zeros(3) })
      assert.fails('weight is 3x2, expected 2x3', net.loadStateDict, net,
         { weight = lacuna.zeros(3, 2), bias = lacuna.zeros(3) })
      local state = net:stateDict()
      state.other = lacuna.zeros(1)
      assert.fails('other is not of this network', net.loadStateDict, net, state)
   end)

   it('switches between training and evaluation all the way down', function()
      local net = nn.Sequential():add(nn.Sequential():add(nn.BatchNormReLU(2)))
      assert.is_true(net:get(1):get(1):isTraining())
      net:evaluate()
      assert.is_false(net:get(1):get(1):isTraining())
   end)

   local arguments = {
      AveragePooling = { 2, 2, 2 }, BatchNormLeakyReLU = { 2 }, BatchNormReLU = { 2 },
      BatchNormalization = { 2 }, Convolution = { 2, 1, 3, 2, 2 }, DeepC2 = { 2, 1, 2 },
      DenseToSparse = { 2 }, GlobalPooling = { 'mean' }, InputLayer = { 2, 5 },
      Linear = { 2, 3 }, MaxPooling = { 2, 2, 2 }, NetworkInNetwork = { 2, 3 },
      OutputLayer = { 2 }, SparseToDense = { 2, 1 }, SubmanifoldConvolution = { 2, 1, 3, 3 },
   }

   it('is what every layer and loss is, from the start', function()
      local count = 0
      for file in lfs.dir 'lua/lacuna/nn' do
         local name = file:match '^(%u%w*)%.lua$'
         if name then
            count = count + 1
            local module = nn[name](unpack(arguments[name] or {}))
            assert.matches('^nn%.' .. name, tostring(module))
            assert.is_true(module:isTraining(), name)
            assert.is_false(module:evaluate():isTraining(), name)
            assert.equal(module, module:training())
            local holder = nn.Sequential():add(module)
            assert.equal(module, holder:get(1))
            assert.same(#module:parameters(), #holder:parameters())
            holder:loadStateDict(holder:stateDict())
         end
      end
      assert.is_true(count >= 31, count)
   end)

   it('takes dimensions from 1 to 10, sizes and numbers of planes from 1', function()
      local least = { DeepC2 = { 1, 0, 1 } }
      local hasNone = { Linear = true, NetworkInNetwork = true }
      for name, good in pairs(arguments) do
         for i, value in ipairs(good) do
            local function with(other)
               local list = { unpack(good) }
               list[i] = other
               return nn[name], unpack(list)
            end
            if type(value) == 'number' then
               local low = (least[name] or {})[i] or 1
               local f, a, b, c, d, e = with(low)
               assert.is_true(nn.Module.is(f(a, b, c, d, e)), name)
               local came = ' is the number %-?' .. math.abs(low - 1)
               assert.fails(came .. ', expected a whole number', with(low - 1))
               assert.fails(' is the number 1.5, expected a whole number', with(1.5))
            end
            if i == 1 and value == 2 and not hasNone[name] and not name:find 'Batch' then
               local f, a, b, c, d, e = with(10)
               assert.is_true(nn.Module.is(f(a, b, c, d, e)), name)
               assert.fails('dimension is the number 11, expected a whole number from 1 to 10',
                  with(11))
            end
         end
      end
      assert.fails('duplicates is the string "all"', nn.InputLayer, 2, 5, { duplicates = 'all' })
      assert.fails('device: ', nn.InputLayer, 2, 5, { device = 'moon' })
      assert.fails('planes are 1 numbers, expected a table of 2', nn.DeepC2, 2, 1, 4,
         { planes = { 3 } })
      assert.equal(7, nn.DeepC2(2, 1, 4, { planes = { 3, 7 } }).nOut)
   end)

   it('counts multiply-adds, and moves between devices as itself', function()
      local layer = nn.NetworkInNetwork(3, 5)
      layer(input():map(function(x) return x * lacuna.ones(1, 3) end))
      assert.equal(3 * 3 * 5, layer.last.multiplyAdds)
      local dense = nn.Linear(3, 5)
      dense(lacuna.ones(4, 3))
      assert.same({ 4, 5 }, dense.last.shape)
      assert.equal(layer, layer:to(lacuna.device()))
      assert.equal(layer, layer:zeroGrad())
      assert.equal(layer, layer:loadStateDict(layer:stateDict()))
   end)

   it('says which layer of a network fails, and where it is', function()
      local net = nn.Sequential():add(nn.ReLU()):add(nn.Sequential():add(nn.Tanh())
         :add(nn.SubmanifoldConvolution(2, 2, 2, 3)))
      assert.fails('^%S+ SubmanifoldConvolution: input has 1 planes, expected 2 '
         .. '%(in 2%.2, nn%.SubmanifoldConvolution%)$', net, input())
      local Own = class('Own', nn.Module)
      function Own:__init()
         nn.Module.__init(self)
         self:child('inner', nn.Linear(2, 2))
         self.sizes = { 3, 3 }
      end
      function Own:forward(x) return ops.matmul(self.inner(x), lacuna.ones(unpack(self.sizes))) end
      local own = Own()
      assert.fails('are 2 and 3, expected equal %(in Own%)$', own, lacuna.ones(1, 2))
      assert.fails('expected n x 2 %(in inner, nn%.Linear%)$', own, lacuna.ones(1, 3))
      local ok, message = pcall(coroutine.wrap(function() own(lacuna.ones(1, 3)) end))
      assert.is_false(ok)
      assert.matches('%(in inner, nn%.Linear%)$', message)
      assert.fails('expected a tensor$', ops.matmul, 1, 2)
   end)

   it('refuses modules and parameters in fields that nobody registered', function()
      local Own = class('Own', nn.Module)
      function Own:__init()
         nn.Module.__init(self)
         self.relu = nn.ReLU()  -- has nothing to learn
         self.teacher = { nn.Linear(1, 1) }
         self:child('linear', nn.Linear(1, 1))
         self.same = self.linear
      end
      local own = Own()
      assert.equal(2, #own:parameters())
      own.other = nn.Sequential():add(nn.Linear(1, 1))
      local expected = "Own: the field other is a nn.Sequential that is not registered, expected "
         .. "self:child%('other', module%)"
      for _, method in ipairs { 'parameters', 'stateDict', 'evaluate', 'zeroGrad', 'freeze' } do
         assert.fails(expected, own[method], own)
      end
      own.other = nil
      own.linear.weight = lacuna.ones(1, 1):requireGrad()
      assert.fails('nn.Linear: the field weight is another tensor, expected the parameter',
         own.parameters, own)
      own.linear.weight = nn.Linear(1, 1).weight  -- shared with another layer
      assert.equal(2, #own:parameters())
   end)

   it('refuses a class in the place of a module', function()
      assert.fails('nn.Sequential: 1 is the class nn.ReLU, expected a module', nn.Sequential().add,
         nn.Sequential(), nn.ReLU)
   end)

   it('refuses a forward that gives several values', function()
      local Two = class('Two', nn.Module)
      function Two:__init() nn.Module.__init(self) end
      function Two:forward(x) return x, x end
      assert.fails('Two: forward gave 2 values, expected one', Two(), 1)
      local two = Two()
      two:registerForwardHook(function() end)
      assert.fails('Two: forward gave 2 values, expected one', two, 1)
   end)

   it('lets a user write a layer with operations alone', function()
      local Scale, Module = class('Scale', nn.Module)
      function Scale:__init(planes)
         Module.__init(self)
         self:parameter('weight', lacuna.full(2, 1, planes))
      end
      function Scale:forward(x) return x:map(ops.mul, self.weight) end
      local layer = Scale(1)
      local y = layer(input())
      assert.near_all({ { 2 }, { 4 }, { 6 } }, y.features, 0)
      y.features:sum():backward()
      assert.near_all({ { 6 } }, layer.weight.grad, 0)
   end)

   it('refuses wrong inputs and arguments in a sentence', function()
      local net = network()
      assert.fails('SubmanifoldConvolution: input is nil, expected a SparseTensor', net, nil)
      assert.fails('SubmanifoldConvolution: input is a Tensor', net, lacuna.zeros(3, 1))
      assert.fails('input has 2 dimensions, expected 3', nn.MaxPooling(3, 2, 2), input())
      assert.fails('Convolution: input has 1 planes, expected 2$', nn.Convolution(2, 2, 2, 2, 1),
         input())
      assert.fails('option biass is unknown', nn.Linear, 2, 2, { biass = false })
      assert.fails('nIn is the number 1.5', nn.Linear, 1.5, 2)
      assert.fails('filter size has 2 numbers, expected 3', nn.Convolution, 3, 1, 1, { 2, 2 }, 1)
      assert.fails('dimension is the number 11', nn.MaxPooling, 11, 2, 2)
      assert.fails('there is no Convolutoin', function() return nn.Convolutoin end)
      assert.fails('Linear: input is 3x1, expected n x 2', nn.Linear(2, 2), lacuna.zeros(3, 1))
      assert.fails('NetworkInNetwork: input has 1 planes, expected 2', nn.NetworkInNetwork(2, 2),
         input())
      assert.fails('1 exists already', net.child, net, '1', nn.ReLU())
      assert.fails('has no forward', nn.Module(), 1)
      assert.fails('GlobalPooling: kind is the string "median"', nn.GlobalPooling, 'median')
   end)
end)

describe('tables', function()
   it('join planes and add features on the same sites', function()
      local x = input()
      local both = nn.ConcatTable():add(nn.Identity()):add(nn.LeakyReLU(0.5))(x)
      assert.same({ 3, 2 }, nn.JoinTable()(both).features:shape())
      assert.near_all({ { 2 }, { 4 }, { 6 } }, nn.AddTable()(both).features, 0)
   end)

   it('refuse tensors on other sites', function()
      assert.fails('tensor 2 lies on other sites than tensor 1 %(3 and 3%)', nn.JoinTable(),
         { input(), input() })
      assert.fails('AddTable: input is a SparseTensor', nn.AddTable(), input())
   end)
end)

describe('layers over rows', function()
   it('normalise with the statistics of the batch and update the running ones', function()
      local layer = nn.BatchNormalization(1, { eps = 0, momentum = 0.5 })
      assert.near_all({ { -1 }, { 1 } }, layer(lacuna.tensor { { 1 }, { 3 } }), 1e-6)
      assert.near_all({ 1 }, layer.runningMean, 1e-6)            -- (0 + 2) / 2
      assert.near_all({ 1.5 }, layer.runningVariance, 1e-6)      -- (1 + 2) / 2, unbiased
      assert.near_all({ { 0 } }, layer:evaluate()(lacuna.tensor { { 1 } }), 1e-6)
   end)

   it('survive one row and none', function()
      local layer = nn.BatchNormReLU(2)
      assert.near_all({ { 0, 0 } }, layer(lacuna.tensor { { 5, -1 } }), 1e-6)
      for _, v in ipairs(layer.runningVariance:toTable()) do assert.is_true(v == v and v > 0) end
      assert.same({ 0, 2 }, layer(lacuna.zeros(0, 2)):shape())
   end)

   it('pool all sites of a sample, empty samples included', function()
      local x = SparseTensor.new({ { 1, 0 }, { 1, 1 }, { 3, 0 } },
         { { 1, -1 }, { 3, -5 }, { 7, 2 } }, { batchSize = 4 })
      assert.near_all({ { 4, -6 }, { 0, 0 }, { 7, 2 }, { 0, 0 } }, nn.GlobalPooling('sum')(x), 0)
      assert.near_all({ { 2, -3 }, { 0, 0 }, { 7, 2 }, { 0, 0 } }, nn.GlobalPooling('mean')(x), 0)
      assert.near_all({ { 3, -1 }, { 0, 0 }, { 7, 2 }, { 0, 0 } }, nn.GlobalPooling('max')(x), 0)
   end)

   it('go from dense to sparse and back, with gradients', function()
      local grid = lacuna.tensor({ { { { 0, 2 }, { 0, 0 } } }, { { { 0, 0 }, { 0, -1 } } } },
         { requiresGrad = true })
      local x = nn.DenseToSparse(2)(grid)
      assert.equal(2, x.sites.count)
      local back = nn.SparseToDense(2, 1)(x)
      assert.near_all(grid, back, 0);
      (back * 3):sum():backward()
      assert.near_all({ { { { 0, 3 }, { 0, 0 } } }, { { { 0, 0 }, { 0, 3 } } } }, grid.grad, 0)
   end)

   it('apply each rule to points on one site', function()
      local coords = { { 1, 4 }, { 1, 2 }, { 1, 4 }, { 1, 4 } }
      local rows = { { 1 }, { 10 }, { 5 }, { 3 } }
      for rule, expected in pairs { first = 1, last = 3, sum = 9, mean = 3, max = 5, min = 1 } do
         local x = nn.InputLayer(1, 8, { duplicates = rule }) { coords, rows }
         assert.near_all({ { 10 }, { expected } }, x.features, 0)
         assert.near_all({ { expected }, { 10 }, { expected }, { expected } },
            nn.OutputLayer(1)(x), 0)
      end
      assert.fails('4 points lie on 2 sites', SparseTensor.new, coords, rows)
      assert.fails('duplicates is the string "median"', SparseTensor.new, coords, rows,
         { duplicates = 'median' })
      assert.fails('features have 3 rows, expected 4', SparseTensor.new, coords,
         { { 1 }, { 2 }, { 3 } })
   end)
end)
