-- Where labelled meshes are found: lists, and the two layouts of folders.
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local lfs = require 'lfs'
local meshes = require 'lacuna.data.meshes'
local shapes = require 'lacuna.data.shapes'

describe('a set of labelled meshes', function()
   before_each(files.open)
   after_each(files.close)

   local function list(text)
      files.write('list', text)
      return meshes.open { data = files.at 'list' }
   end

   local function told(set, split)
      local words = {}
      for i, item in ipairs(set[split]) do
         words[i] = ('%s %d %s'):format(item.class, item.label, item.path)
      end
      return table.concat(words, '; ')
   end

   it('comes from a list, with comments, blank lines and either end of line', function()
      local set = list('# a list\n\na.off cup train\r\n  /b/b.off\tbowl test  # known\n'
         .. 'c.off bowl train')
      assert.same({ 'bowl', 'cup' }, set.classes)
      assert.equal(('cup 2 %s; bowl 1 %s'):format(files.at 'a.off', files.at 'c.off'),
         told(set, 'train'))
      assert.equal('bowl 1 /b/b.off', told(set, 'test'))
   end)

   it('says what is wrong with a list, and where', function()
      assert.fails('^%S+ meshes: line 2 of %S+ has the split "dev", expected train or test$', list,
         'a.off cup train\nb.off cup dev\n')
      assert.fails('^%S+ meshes: line 1 of %S+ is "a.off cup", expected path class split$', list,
         'a.off cup\n')
      assert.fails('^%S+ meshes: %S+ holds no test meshes', list, 'a.off cup train\n')
      assert.fails('^%S+ meshes: %S+ holds no train meshes', list, '')
      assert.fails('^%S+ meshes: cannot open .*nowhere', meshes.open, { data = files.at 'nowhere' })
   end)

   it('does not join lines at a byte of zero', function()
      assert.fails('^%S+ meshes: line 2 of %S+ has a byte of zero, expected text$', list,
         'a.off cup train\nb.off cup test\0\nc.off cup test\n')
   end)

   it('comes from class/split and from split/class, in the order of names', function()
      for _, path in ipairs { 'x', 'x/cup', 'x/cup/train', 'x/cup/test', 'y', 'y/train', 'y/test',
         'y/train/cup', 'y/test/cup' } do
         lfs.mkdir(files.at(path))
      end
      for _, folder in ipairs { 'x/cup/train', 'y/train/cup' } do
         files.write(folder .. '/2.off', '')
         files.write(folder .. '/1.OFF', '')
         files.write(folder .. '/notes.txt', '')
      end
      files.write('x/cup/test/3.off', '')
      files.write('y/test/cup/3.off', '')
      local x, y = meshes.open { data = files.at 'x' }, meshes.open { data = files.at 'y' }
      assert.equal(('cup 1 %s/1.OFF; cup 1 %s/2.off'):format(files.at 'x/cup/train',
         files.at 'x/cup/train'), told(x, 'train'))
      assert.equal(('cup 1 %s/1.OFF; cup 1 %s/2.off'):format(files.at 'y/train/cup',
         files.at 'y/train/cup'), told(y, 'train'))
      assert.equal(1, #x.test)
      assert.equal(1, #y.test)
   end)

   it('takes every k-th training mesh for a test mesh where that is asked', function()
      files.write('list', 'a.off cup train\nb.off cup train\nc.off cup train\nd.off cup test\n')
      local set = meshes.open { data = files.at 'list', holdout = 3 }
      assert.equal(2, #set.train)
      assert.equal('cup 1 ' .. files.at 'c.off', told(set, 'test'))
   end)

   it('has generated companions to learn beside, in classes of their own', function()
      local train = files.write('a.off', 'OFF\n3 1 0\n0 0 0\n2 0 0\n0 2 0\n3 0 1 2\n')
      local path = files.write('list', 'a.off cup train\nb.off bowl test\n')
      local options = { data = path, companions = 2, seed = 3 }
      local set, n = meshes.open(options), #shapes.classes
      assert.equal(2 * n, #set.companions)
      for i, item in ipairs(set.companions) do
         assert.same({ 2 + math.ceil(i / 2), shapes.classes[math.ceil(i / 2)] },
            { item.label, item.class })
      end
      assert.equal(train, set.train[1].path)
      assert.equal(0, #meshes.open({ data = path }).companions)

      local function remote(split)
         return require 'lacuna.data.meshes_remote' { data = path, seed = 3, holdout = 0,
            companions = 2, split = split, renderSize = 6, size = 10, augment = false }
      end
      local learn, generator = remote 'learn', lacuna.Generator(1)
      assert.same({ 1 + 2 * n, 1, 1 },
         { learn:size(), remote('train'):size(), remote('test'):size() })
      for i, label in pairs { [1] = 2, [2] = 3, [3] = 3, [4] = 4, [1 + 2 * n] = 2 + n } do
         local sample = learn:get(i, generator)
         assert.same({ label, i }, { sample.label, sample.id })
         assert.is_true(sample.coords:size(1) > 0)
         sample.coords:release()
         sample.features:release()
      end
   end)

   it('says what is wrong with a wish, an item or a sample', function()
      assert.fails('^%S+ meshes: data is the number 5, expected the path', meshes.open,
         { data = 5 })
      assert.fails('meshes: seed is the number 0.5', meshes.open, { seed = 0.5 })
      assert.fails('meshes: train is the number %-1', meshes.open, { train = -1 })
      assert.fails('meshes: holdout is the string "x"', meshes.open, { holdout = 'x' })
      assert.fails('^%S+ meshes.load: item is nil, expected a table with a path or a shape$',
         meshes.load)
      assert.fails('meshes.load: mesh of an item is the number 1', meshes.load, { mesh = 1 })
      assert.fails('^%S+ meshes.dataset: items are nil, expected a list$', meshes.dataset)
      assert.fails('meshes.dataset: item is the number 1', meshes.dataset, { 1 })
      assert.fails('meshes.dataset: size is the number 0', meshes.dataset, {}, { size = 0 })
      assert.fails('meshes.dataset: renderSize is false', meshes.dataset, {},
         { renderSize = false })
      assert.fails('meshes.dataset: jitter is the number %-1', meshes.dataset, {}, { jitter = -1 })
      local set = meshes.dataset({ { shape = shapes.make('cross', 1), label = 1 } }, { size = 8 })
      assert.fails('^%S+ MeshDataset: i is the number 2, expected a whole number from 1 to 1$',
         set.get, set, 2)
      assert.fails('MeshDataset: generator is the number 5, expected a Generator', set.get, set, 1,
         5)
      local remote = require 'lacuna.data.meshes_remote'
      assert.fails('^%S+ meshes_remote: description is nil, expected a table$', remote)
      assert.fails('meshes_remote: split is nil, expected train, test or learn', remote, {})
   end)

   it('may be learnt from where there are more meshes than a call has room for', function()
      local lines = {}
      for i = 1, 9000 do lines[i] = 'a.off cup train' end
      local path = files.write('list', table.concat(lines, '\n') .. '\na.off cup test\n')
      local set = require 'lacuna.data.meshes_remote' { data = path, seed = 0, holdout = 0,
         split = 'learn', companions = 0 }
      assert.equal(9000, set:size())
   end)
end)
