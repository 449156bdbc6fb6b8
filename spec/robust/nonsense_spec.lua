local lacuna = require 'lacuna'

-- What was once taken in silence, or ended in words of Lua's.
describe('nonsense is a sentence:', function()
   it('a second dimension where a flag is meant', function()
      local x = lacuna.ones(2, 3)
      for _, name in ipairs { 'sum', 'mean', 'max', 'min', 'norm' } do
         assert.fails('%l+: keep is the number 2, expected true or false', x[name], x, 1, 2)
      end
      assert.are.same({ 1, 3 }, x:sum(1, true):shape())
   end)

   it('flags that are neither true nor false', function()
      assert.fails('requireGrad: on is the number 0', lacuna.Tensor.requireGrad, lacuna.ones(1), 0)
      assert.fails('training: on is the string "no"', lacuna.nn.ReLU().training, lacuna.nn.ReLU(),
         'no')
   end)

   it('flags among options that are neither true nor false', function()
      local nn, data, w = lacuna.nn, lacuna.data, lacuna.ones(1):requireGrad()
      local set = data.fromTable { 1, 2, 3 }
      local run = lacuna.checkpoint('/nowhere', { net = nn.Linear(1, 1) })
      for name, f in pairs {
         bias = function(v) nn.Linear(2, 2, { bias = v }) end,
         affine = function(v) nn.BatchNormReLU(2, { affine = v }) end,
         normalize = function(v) nn.TripletLoss { normalize = v } end,
         nesterov = function(v) lacuna.optim.SGD({ w }, { momentum = 0.9, nesterov = v }) end,
         shuffle = function(v) data.Loader(set, { batchSize = 1, shuffle = v }) end,
         dropLast = function(v) data.Loader(set, { batchSize = 1, dropLast = v }) end,
         retainGraph = function(v) (w * 2):sum():backward(nil, { retainGraph = v }) end,
         createGraph = function(v) lacuna.grad((w * 2):sum(), { w }, { createGraph = v }) end,
         requiresGrad = function(v) lacuna.zeros(2, { requiresGrad = v }) end,
         transposeA = function(v) lacuna.ops.matmul(w, w, { transposeA = v }) end,
         time = function(v) nn.ReLU():summary { time = v } end,
         best = function(v) run:save({}, { best = v }) end,
         logX = function(v) lacuna.plot.lines { series = {}, path = 'x.png', logX = v } end,
         open = function(v) lacuna.view(w, { path = 'x.html', open = v }) end,
      } do
         assert.fails(name .. ' is the string "no", expected true or false', f, 'no')
         assert.fails(name .. ' is the number 0, expected true or false', f, 0)
      end
   end)

   it('numbers that make no sense, when they are set', function()
      local nn, optim, w = lacuna.nn, lacuna.optim, { lacuna.ones(1):requireGrad() }
      local high, most, least = 'from 0 to 1', 'less than 1', 'at least 0'
      for _, case in ipairs {
         { 'momentum', high, nn.BatchNormReLU, 2, { momentum = 7 } },
         { 'momentum', high, nn.BatchNormalization, 2, { momentum = -1 } },
         { 'eps', least, nn.BatchNormLeakyReLU, 2, { eps = -1 } },
         { 'margin', least, nn.TripletLoss, { margin = 'x' } },
         { 'margin', least, nn.TripletLoss, { margin = -1 } },
         { 'margin', least, nn.TripletLoss, { margin = 0 / 0 } },
         { 'margin', least, nn.ContrastiveLoss, { margin = -1 } },
         { 'momentum', most, optim.SGD, w, { momentum = 1 } },
         { 'momentum', most, optim.ClassicSGD, w, { momentum = 7 } },
         { 'beta1', most, optim.Adam, w, { beta1 = 1 } },
         { 'beta2', most, optim.AdamW, w, { beta2 = 2 } },
         { 'lr', least, optim.SGD, w, { lr = 1 / 0 } },
         { 'lr', least, optim.SGD(w).rate, optim.SGD(w), 1 / 0 },
         { 'lr', least, optim.schedule.cosine, { lr = -1 } },
         { 'epochs', least, optim.schedule.cosine, { epochs = -5 } },
         { 'warmup', least, optim.schedule.cosine, { warmup = -5 } },
         { 'decay', least, optim.schedule.step, { decay = -0.5 } },
         { 'decay', 'at least %-1000', optim.schedule.exponential, { decay = -1 / 0 } },
      } do
         assert.fails(('%s is .*, expected .*%s$'):format(case[1], case[2]), unpack(case, 3))
      end
      assert.near(0.02, optim.schedule.exponential { lr = 0.01, decay = -math.log(2) }(2), 1e-9)
   end)

   it('states of optimisers that are none', function()
      local w = { lacuna.ones(2):requireGrad() }
      local opt = lacuna.optim.SGD(w, { momentum = 0.5 })
      local function load(dict)
         dict.steps, dict.state = 1, dict.state or {}
         return opt.loadStateDict, opt, dict
      end
      local ones = lacuna.ones(2)
      assert.fails('the state has foo.1, expected', load { state = { ['foo.1'] = ones } })
      assert.fails('the state has velocity, expected', load { state = { velocity = ones } })
      assert.fails('velocity.1 is int32, expected float32',
         load { state = { ['velocity.1'] = ones:int() } })
      assert.fails('state velocity.2 is 2, expected that of one of 1',
         load { state = { ['velocity.2'] = ones } })
      assert.fails('nesterov with momentum 0', load { options = { momentum = 0, nesterov = true } })
      assert.fails('nesterov is the string "x"', load { options = { nesterov = 'x' } })
      assert.same({ 0.5, false, 0 }, { opt.options.momentum, opt.options.nesterov, opt.steps })
      opt:loadStateDict { steps = 2, state = { ['velocity.1'] = ones }, options = { lr = 3 } }
      assert.same({ 0.5, 3, 2 }, { opt.options.momentum, opt.options.lr, opt.steps })
   end)

   it('false for a number', function()
      local book = lacuna.Sites.new({ { 1, 0 } }, {}):submanifold(1)
      assert.fails('pairs: tap is false', book.pairs, book, false)
      local generator = lacuna.Generator(1)
      assert.fails('low is false, expected a number', generator.uniform, generator, false)
   end)

   it('samples that a data set does not have', function()
      local set = lacuna.data.Dataset(3, function(i) return i end)
      for _, i in ipairs { 0, 4, 1.5, 0 / 0, 'a' } do
         assert.fails('Dataset: i is .*, expected a whole number from 1 to 3', set.get, set, i)
      end
      assert.equal(3, set:get(3))
   end)

   it('tables within themselves, and rows of what are no numbers', function()
      local circle = {}
      circle[1] = circle
      assert.fails('transform: step 1 has a table, expected finite numbers', lacuna.mesh.transform,
         { circle })
      assert.fails('number 1 of row 1 of the queries is a table, expected a number',
         lacuna.retrieval.distances, { { {} } }, { { 1 } })
   end)

   it('what is no text, no title, no file of a progress bar', function()
      local progress = require 'lacuna.progress'
      assert.fails('title is nil, expected a string', progress.new)
      assert.fails('out is true, expected an open file', progress.new, 'a', 1, { out = true })
      local bar = progress.new('a', 3, { live = false })
      assert.fails('text is a table, expected a string', bar.line, bar, {})
   end)

   it('defaults of abstract classes', function()
      assert.fails('defaults are the number 1, expected a table', lacuna.nn.Loss, {}, 1)
      assert.fails('defaults are', lacuna.optim.Optimizer, { lacuna.ones(1):requireGrad() }, {}, 5)
   end)

   it('options whose names are numbers', function()
      assert.fails('option 1 is unknown, expected one of', lacuna.nn.MSELoss, { 'sum' })
   end)
end)
