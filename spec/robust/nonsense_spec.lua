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
