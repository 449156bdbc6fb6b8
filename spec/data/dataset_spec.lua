local lacuna = require 'lacuna'
local bytes = require 'lacuna.data.bytes'
local data = require 'lacuna.data'
local seeds = require 'lacuna.data.seeds'
local Tensor = lacuna.Tensor

local function values(dataset)
   local list = {}
   for i = 1, dataset:size() do list[i] = dataset:get(i, seeds.generator(i)) end
   return list
end

describe('data sets', function()
   it('are made of a table, with a transform that may draw', function()
      assert.are.same({ 5, 6, 7 }, values(data.fromTable { 5, 6, 7 }))
      local shifted = data.fromTable({ 5, 6 }, function(x, g) return x + g:integer(10, 10) end)
      assert.are.same({ 15, 16 }, values(shifted))
      assert.fails('fromTable: nil, expected a table', data.fromTable)
      assert.fails('fromTable: a Tensor, expected a table', data.fromTable, lacuna.ones(3))
   end)

   it('are made of a function', function()
      assert.are.same({ 1, 4, 9 }, values(data.Dataset(3, function(i) return i * i end)))
      assert.fails('size is the number %-1, expected a whole number', data.Dataset, -1, print)
      assert.fails('Dataset: nil, expected a function', data.Dataset, 1)
   end)

   it('are subsets and images of others', function()
      local set = data.fromTable { 'a', 'b', 'c' }
      assert.are.same({ 'c', 'a', 'c' }, values(data.subset(set, { 3, 1, 3 })))
      assert.are.same({ 'b', 'c' }, values(data.subset(set, lacuna.tensor({ 2, 3 }))))
      assert.are.same({ 'aa', 'bb', 'cc' }, values(data.map(set, function(x) return x .. x end)))
      assert.fails('index is the number 4, expected a whole number from 1 to 3', data.subset, set,
         { 4 })
      assert.fails('map: a table, expected a data set', data.map, {}, print)
   end)

   it('are split by label, the same way for the same seed', function()
      local labels = {}
      for i = 1, 30 do labels[i] = i <= 20 and 'x' or 'y' end
      local a, b = data.split(labels, 0.3, 1)
      local inX, seen = 0, {}
      for _, i in ipairs(a) do
         inX = inX + (i <= 20 and 1 or 0)
         seen[i] = true
      end
      for _, i in ipairs(b) do
         assert.is_nil(seen[i])
         seen[i] = true
      end
      assert.are.equal(9, #a)
      assert.are.equal(6, inX)
      assert.are.equal(30, #seen)
      for _, part in ipairs { a, b } do
         for k = 2, #part do assert.is_true(part[k - 1] < part[k]) end
      end
      assert.are.same({ a, b }, { data.split(labels, 0.3, 1) })
      assert.are_not.same(a, (data.split(labels, 0.3, 2)))
      assert.are.same({ {}, { 1 } }, { data.split({ 1 }, 0) })
      assert.fails('fraction is 1.5, expected 0 to 1', data.split, labels, 1.5)
   end)
end)

describe('data.seeds', function()
   it('gives whole numbers that depend on every part and on the order', function()
      local met = {}
      for _, parts in ipairs { { 0 }, { 1 }, { 0, 0 }, { 0, 1 }, { 1, 0 }, { 2 ^ 32 }, { 2 ^ 53 },
         { 2 ^ 31 }, { 1, 2, 3 }, { 1, 3, 2 } } do
         local seed = seeds.mix(unpack(parts))
         assert.is_true(seed >= 0 and seed < 2 ^ 53 and seed == math.floor(seed))
         assert.is_nil(met[seed])
         met[seed] = true
      end
   end)

   it('does not meet a seed twice in a hundred thousand', function()
      local met = {}
      for epoch = 1, 10 do
         for i = 1, 10000 do
            local seed = seeds.mix(7, epoch, i)
            assert(not met[seed])
            met[seed] = true
         end
      end
   end)
end)

describe('data.bytes', function()
   local function back(value) return bytes.decode(bytes.encode(value)) end

   it('brings numbers back to the last bit', function()
      for _, x in ipairs { 0, 1, -1, 0.1, 1 / 3, 2 ^ 53, -2 ^ 1023, 5e-324, math.huge,
         -math.huge, math.pi } do
         assert.are.equal(x, back(x))
      end
      assert.are.equal(-math.huge, 1 / back(-0))
      local nan = back(0 / 0)
      assert.is_true(nan ~= nan)
   end)

   it('brings strings, booleans and tables back', function()
      local value = { 'a\0b;:e', '', true, false, { x = { y = 'z' }, [0] = 1, [1.5] = 2,
         [true] = 3 }, {}, [10] = 'far' }
      assert.are.same(value, back(value))
      assert.is_nil(back(nil))
      local holes = back { 1, nil, 3 }
      assert.are.same({ 1, nil, 3 }, { holes[1], holes[2], holes[3] })
   end)

   it('brings tensors back with dtype and shape', function()
      for _, dtype in ipairs { 'float32', 'int32', 'int64', 'uint8' } do
         for _, shape in ipairs { {}, { 0, 3 }, { 2, 2 } } do
            local t = Tensor.full(3, shape, { dtype = dtype, device = 'cpu' })
            local copy = back({ t = t }).t
            assert.are.equal(dtype, copy.dtype)
            assert.are.same(shape, copy:shape())
            assert.are.equal(t:toString(), copy:toString())
            assert.is_false(t:shares(copy))
         end
      end
   end)

   it('refuses what cannot travel, and says where it is', function()
      assert.fails('the value%[1%].f is a function, expected numbers', bytes.encode,
         { { f = print } })
      assert.fails('the value.io is a userdata', bytes.encode, { io = io.stdout })
      assert.fails('a key of the value%[table', bytes.encode, { [{}] = 1 })
      local cycle = { 1 }
      cycle.me = cycle
      assert.fails('the value.me lies within itself, expected no cycles', bytes.encode, cycle)
      assert.fails('with a metatable', bytes.encode, { setmetatable({}, {}) })
      local t = Tensor.zeros(1, { device = 'cpu' })
      t:release()
      assert.fails('the value is a tensor that was released', bytes.encode, t)
      assert.fails('a tensor on shadow, expected one on cpu', bytes.encode,
         Tensor.zeros(1, { device = 'shadow' }))
   end)

   it('lets the same table come twice', function()
      local shared = { 1 }
      assert.are.same({ { 1 }, { 1 } }, back { shared, shared })
   end)

   it('refuses bytes of another origin', function()
      for _, text in ipairs { '', 'q', 'n', 'nx;', 's5:abc', 't1;', 't0;', 'xfloat32:2;abc',
         'xfloat64:;12345678', 't0;ZTe', 'TT', 't0;t0;eTe', 'xint32:0,99999999999999999999;' } do
         assert.fails('bytes: byte %d+ fits no value', bytes.decode, text)
      end
      assert.fails('bytes: nil, expected a string', bytes.decode)
   end)
end)

describe('data.collate', function()
   local function sample(rows, label, id)
      local coords, features = {}, {}
      for i = 1, rows do coords[i], features[i] = { 1, i, -i }, { i / 2 } end
      return {
         coords = Tensor.of(coords, { dtype = 'int32', device = 'cpu' }):view({ rows, 3 }),
         features = Tensor.of(features, { device = 'cpu' }):view({ rows, 1 }),
         label = label, id = id,
      }
   end

   it('stacks samples and numbers them', function()
      local batch = data.collate.sparse { sample(2, 5, 'p'), sample(0, 6, 'q'), sample(1, 7, 'r') }
      assert.are.same({ { 1, 1, -1 }, { 1, 2, -2 }, { 3, 1, -1 } }, batch.coords:toTable())
      assert.are.same({ { 0.5 }, { 1 }, { 0.5 } }, batch.features:toTable())
      assert.are.same({ 5, 6, 7 }, batch.labels:toTable())
      assert.are.equal('int32', batch.labels.dtype)
      assert.are.same({ 'p', 'q', 'r' }, batch.ids)
      assert.are.same({ 2, 0, 1 }, batch.counts)
   end)

   it('makes a sparse tensor with every sample, empty ones too', function()
      local batch = data.collate.sparse { sample(2), sample(1), sample(0) }
      assert.is_nil(batch.labels)
      local x = data.collate.toSparseTensor(batch, { duplicates = 'error', background = true })
      assert.are.equal(3, x.sites.batchSize)
      assert.are.equal(3, x.sites.count)
      assert.are.equal(lacuna.device(), x.sites.device)
      assert.are.equal('cpu', data.collate.toSparseTensor(batch, { device = 'cpu' }).sites.device)
      assert.is_truthy(x.background)
   end)

   it('says which sample does not fit', function()
      local wrong = sample(2)
      wrong.features = Tensor.zeros(3, 1, { device = 'cpu' })
      assert.fails('sample 2 of the batch has coords 2x3 and features 3x1', data.collate.sparse,
         { sample(1), wrong })
      assert.fails('sample 1 of the batch is the number 3', data.collate.sparse, { 3 })
      assert.fails('an empty batch, expected at least one', data.collate.sparse, {})
      assert.fails('label of sample 2 of the batch is nil', data.collate.sparse,
         { sample(1, 4), sample(1) })
      assert.fails('toSparseTensor: nil, expected a batch', data.collate.toSparseTensor)
   end)
end)
