local class = require 'lacuna.class'
local inspect = require 'lacuna.repl.inspect'
local lacuna = require 'lacuna'

local nn, optim = lacuna.nn, lacuna.optim
local text = inspect.text

local function lineCount(s) return select(2, s:gsub('\n', '')) + 1 end

describe('a plain value at the prompt', function()
   it('is written as one would type it', function()
      for expected, value in pairs {
         ['3'] = 3, ['0.1'] = 0.1, ['-2.5'] = -2.5, ['1000000000000000'] = 1e15, ['1e+300'] = 1e300,
         nan = 0 / 0, inf = 1 / 0, ['-inf'] = -1 / 0, ['true'] = true, ['5LL'] = 5LL,
         ["'abc'"] = 'abc', ["'it\\'s\\n\\001'"] = "it's\n\1", ["'für'"] = 'für',
         ["'\\255'"] = '\255', ['function print'] = print,
         ['function string.format'] = string.format,
      } do
         assert.equal(expected, text(value))
      end
      assert.equal('nil', text(nil))
      _G._, _G.another = print, print  -- names that a session gave it
      assert.equal('function print', text(print))
      _G._, _G.another = lineCount, lineCount
      assert.matches('^function .*inspect_spec%.lua:%d+$', text(lineCount))
      _G._, _G.another = nil, nil
      assert.matches('^function .*inspect_spec%.lua:%d+$', text(lineCount))
      assert.matches('^thread: 0x%x+, suspended$', text(coroutine.create(print)))
      assert.matches('^file %(0x', text(io.stdout))
   end)

   it('is cut where it is long', function()
      local shown = text(('x'):rep(1e6))
      assert.is_true(#shown < 2100)
      assert.matches("…' %(1000000 bytes%)$", shown)
      assert.is_true(#text { ('x'):rep(1e6) } < 300)
   end)

   it('is coloured if asked', function()
      assert.equal("\27[32m'a'\27[0m", text('a', { colour = true }))
      assert.is_nil(text({ 'a', nil, print, true }):find '\27')
   end)
end)

describe('a table at the prompt', function()
   it('is one line where it fits, with keys in order', function()
      assert.equal('{}', text {})
      assert.equal('{ 1, 2, 3 }', text { 1, 2, 3 })
      assert.equal("{ 1, [true] = 2, [-1] = 3, ['a b'] = 4, b = 5, ['end'] = 6 }",
         text { 1, [true] = 2, [-1] = 3, ['a b'] = 4, b = 5, ['end'] = 6 })
      assert.equal('{ a = { b = { c = { d = { … } } } } }',
         text { a = { b = { c = { d = { e = 1 } } } } })
      assert.equal('{ nil, 2 }', (text({ [2] = 2 }):gsub('%[2%] =', 'nil,')))
   end)

   it('is several lines where it does not fit, short elements side by side', function()
      assert.equal('{\n   11111, 22222,\n   33333, 44444\n}',
         text({ 11111, 22222, 33333, 44444 }, { width = 20 }))
      assert.equal("{\n   long = 'xxxxxxxxxxxx',\n   name = 'y'\n}",
         text({ long = 'xxxxxxxxxxxx', name = 'y' }, { width = 24 }))
   end)

   it('may hold itself', function()
      local ring = { 1 }
      ring.me = ring
      assert.equal('{ 1, me = <cycle> }', text(ring))
      local twice = { 1 }
      assert.equal('{ { 1 }, { 1 } }', text { twice, twice })
   end)

   it('is cut where it is large, at once', function()
      local large, wide, deep = {}, {}, {}
      for i = 1, 1e6 do large[i] = i end
      for i = 1, 1e5 do wide['key' .. i] = { i } end
      local at = deep
      for _ = 1, 1e4 do
         at.inner = {}
         at = at.inner
      end
      local many = {}
      for i = 1, 200 do many[i] = large end
      assert.matches('200, … 999800 more\n}$', text(large))
      for _, value in ipairs { large, wide, deep, many, { large, wide, many } } do
         assert.is_true(#text(value) < 20000)
      end
      assert.matches('… and many fields\n}$', text(wide))
      assert.equal(4, lineCount(text(wide, { height = 3 })))
      assert.matches('\n… and %d+ more lines$', text(wide, { height = 3 }))
   end)

   it('says what its __tostring says, or that this fails', function()
      local function saying(f) return setmetatable({ 1 }, { __tostring = f }) end
      assert.equal('mine\nmore', text(saying(function() return 'mine\nmore' end)))
      assert.equal('{ mine … }', text { saying(function() return 'mine\nmore' end) })
      assert.matches('^<its __tostring fails: .*bad>$', text(saying(function() error 'bad' end)))
      assert.equal('<its __tostring fails: an error that is a table>',
         text(saying(function() error {} end)))
      assert.equal('<its __tostring gives a number>', text(saying(function() return 5 end)))
      assert.matches('^<its __tostring fails', text(saying(7)))
   end)

   it('calls nothing else of a script', function()
      local calls = 0
      local meta = {}
      for name in ([[__index __pairs __len __eq __lt __le __concat __call
         __newindex]]):gmatch '%S+' do
         meta[name] = function() calls = calls + 1 return 1 end
      end
      local value = setmetatable({ 1, a = 2, [setmetatable({}, meta)] = 3 }, meta)
      assert.equal('{ 1, a = 2, [{}] = 3 }', text(value))
      assert.matches('1', text { value, [value] = value })
      assert.equal(0, calls)
      assert.equal('{ 1 }', text(setmetatable({ 1 }, { __metatable = 'locked' })))
   end)

   it('is named by its class', function()
      local Point = class('my.Point')
      function Point:__init(x) self.x = x end
      function Point.is() end
      assert.matches('^my%.Point { x = 3 }$', (text(Point(3)):gsub('<.*', '')))
   end)
end)

describe('what was cut of a value', function()
   -- All pieces: how many, and as one text.
   local function all(value, options, most)
      local piece, rest = inspect.pieces(value, options)
      local list = { piece }
      while rest and #list < (most or 1e4) do
         local goesOn
         piece, goesOn = rest()
         list[#list + 1] = piece
         if not goesOn then rest = nil end
      end
      return #list, table.concat(list, '\n')
   end

   local function missing(shown, words)
      local out = {}
      for _, word in ipairs(words) do
         if not shown:find('%f[%w]' .. word .. '%f[%W]') then out[#out + 1] = word end
      end
      return out
   end

   local function counted(n, word)
      local list = {}
      for i = 1, n do list[i] = word and word .. i or i end
      return list
   end

   it('comes in pieces, elements and fields, until all was shown', function()
      local value, words = counted(1000), counted(2500, 'key')
      for _, key in ipairs(words) do value[key] = true end
      local pieces, shown = all(value)
      assert.same({}, missing(shown, counted(1000)))
      assert.same({}, missing(shown, words))
      assert.is_true(pieces >= 16 and pieces < 30)
      assert.matches('\n_, from 201:\n   201, 202, ', shown)
      assert.matches('\n_, more fields:\n   key%d+ = true,\n', shown)
      assert.equal(1, (all { 1, 2, { 3 } }))
   end)

   it('comes by name where it stood further in', function()
      local value = { a = { b = { c = { d = { deep = { deeper = 'end' } } } } }, counted(100),
         ['a b'] = ('x'):rep(150) .. 'ü' .. ('ö'):rep(100), s = { t = { counted(30, 'n') } } }
      local _, shown = all(value, { name = 'v' })
      assert.matches('\nv%[1%], from 41:\n   41, 42, .*, 100\n', shown)
      assert.matches("\nv%['a b'%], from byte 199:\n'[ö]+'", shown)
      assert.matches("\nv%.s%.t%[1%], from 13:\n   'n13'.*, 'n30'", shown)
      assert.matches("\nv%.a%.b%.c%.d:\n{ deep = { deeper = 'end' } }", shown)
      local long = setmetatable({}, { __tostring = function() return 'one\ntwo' end })
      assert.matches('{ one … }\n_%[1%]:\none\ntwo$', (select(2, all { long })))
      local key = ('k'):rep(150) .. ('l'):rep(150)
      assert.matches("\na key of _, from byte 201:\n'l+'$", (select(2, all { [key] = 1 })))
   end)

   it('is every byte of a long text', function()
      local bytes = {}
      for i = 1, 5000 do bytes[i] = string.char(i * 7 % 256) end
      local odd = 'a' .. ('ü'):rep(60000)
      assert.matches('üü…$', text(setmetatable({}, { __tostring = function() return odd end })))
      for _, long in ipairs { odd, ('ab\n'):rep(90000), ('ü'):rep(6000), ('\200'):rep(6000),
         table.concat(bytes) } do
         local object = setmetatable({}, { __tostring = function() return long end })
         assert.is_true(#text(object, { height = 1e6 }) < 100100)
         local _, shown = all(object)
         shown = shown:gsub('… and %d+ more lines?\n', ''):gsub('…\n', '')
         assert.is_true(shown == long)
         local parts = {}
         for line in select(2, all(long)):gmatch "%f[^%z\n]'[^\n]*" do
            line = line:gsub(" %(%d+ bytes%)$", ''):gsub("…'$", "'")
            parts[#parts + 1] = assert(loadstring('return ' .. line))()
         end
         assert.is_true(table.concat(parts) == long)
      end
   end)

   it('is made when it is asked for, however large the value', function()
      local large = counted(1e6)
      for i = 1, 1e5 do large['key' .. i] = large end
      collectgarbage()
      local before = collectgarbage 'count'
      local _, rest = inspect.pieces { large, large, large }
      for _ = 1, 20 do assert.is_true(#rest() < 20000) end
      assert.is_true(collectgarbage 'count' - before < 50 * 1024)
   end)

   it('is what is there now, or is said to have changed', function()
      local value = counted(300)
      local _, rest = inspect.pieces(value)
      value[250] = 'new'
      assert.matches("249, 'new',%s+251", (rest()))
      local wide = {}
      for i = 1, 1500 do wide['key' .. i] = i end
      _, rest = inspect.pieces(wide)
      for key in pairs(wide) do wide[key] = nil end
      for i = 1, 1e4 do wide[i] = i end
      collectgarbage()
      local pieces = {}
      for i = 1, 10 do
         local goesOn
         pieces[i], goesOn = rest()
         if not goesOn then break end
      end
      assert.matches('_ cannot be shown any more: ', pieces[#pieces])
   end)
end)

describe('an object of the library at the prompt', function()
   local function sparse()
      return lacuna.SparseTensor.new({ { 1, 0, 0 }, { 1, 0, 1 }, { 3, 4, 4 } },
         { { 1, 2 }, { 3, 4 }, { 5, 6 } }, { spatialSize = 5 })
   end

   it('is a tensor with its numbers, and what is to know about them', function()
      local on = ' float32 on ' .. lacuna.device()
      assert.equal('Tensor 2x2' .. on .. '\n  1  2\n  3  4',
         text(lacuna.tensor { { 1, 2 }, { 3, 4 } }))
      assert.equal('Tensor 9' .. on .. '\n  1  2  3  4  5  6  7  8  9\nmin 1, mean 5, max 9',
         text(lacuna.tensor { 1, 2, 3, 4, 5, 6, 7, 8, 9 }))
      assert.matches('\nmin 2, mean 6, max 10, 1 nan$',
         text(lacuna.tensor { 0 / 0, 2, 3, 4, 5, 6, 7, 8, 9, 10 }))
      assert.matches('\n9 nan$', text(lacuna.full(-1, 9):log()))
      local x = lacuna.tensor({ 3, 4 }, { requiresGrad = true })
      local y = (x * x / 2):sum()
      assert.matches(', requires a gradient\n12%.5\nresult of sum$', text(y))
      y:backward()
      assert.matches('\ngradient of length 5$', text(x))
      assert.equal('{ Tensor 2' .. on .. ', requires a gradient, Tensor scalar' .. on .. ': 7 }',
         text({ x, lacuna.tensor(7) }, { width = 100 }))
      x:release()
      assert.equal('Tensor (released)', text(x))
      assert.equal('Tensor 0x3' .. on, text(lacuna.zeros(0, 3)))
   end)

   it('is a sparse tensor with its sites and features side by side', function()
      local x = sparse()
      assert.equal(tostring(x) .. '\n' .. [[
sites of each sample: 2, 0, 1
sample, place | features
      1  0  0 |  1  2
      1  0  1 |  3  4
      3  4  4 |  5  6]], text(x))
      assert.equal(tostring(x.sites) .. [[

sites of each sample: 2, 0, 1
sample, place
      1  0  0
      1  0  1
      3  4  4]], text(x.sites))
      assert.equal('{ ' .. tostring(x) .. ' }', (text({ x }, { width = 200 })))
      local empty = lacuna.SparseTensor.new({}, lacuna.zeros(0, 2), { dimension = 2 })
      assert.equal(tostring(empty), text(empty))
      x.sites:release()
      assert.is_string(text(x))
      assert.is_string(text(x.sites))
   end)

   it('is a network, an optimiser, a loader, a generator, a data set', function()
      local net = nn.Sequential():add(nn.Linear(2, 3)):add(nn.ReLU())
      for _, word in ipairs { 'nn%.Sequential', '%(1%) nn%.Linear', '%(2%) nn%.ReLU', '9' } do
         assert.matches(word, text(net))
      end
      net(lacuna.ones(4, 2))
      assert.matches('nn%.Linear', text(net))
      assert.equal('{ nn.ReLU }', text { net:get(2) })
      local adam = optim.Adam(net:parameters(), { lr = 0.01 })
      assert.equal('optim.Adam: 2 tensors of 9 numbers, 0 steps\n  beta1 0.9, beta2 0.999, '
         .. 'eps 1e-08, lr 0.01, weightDecay 0', text(adam))
      local set = lacuna.data.fromTable { 1, 2, 3 }
      assert.equal('data.Dataset: 3 samples', text(set))
      assert.equal('data.Loader: batches of 2, shuffled, seed 7, 0 workers, 3 samples',
         text(lacuna.data.Loader(set, { batchSize = 2, shuffle = true, seed = 7 })))
      local g = lacuna.Generator(3)
      g:uniform()
      assert.equal('Generator: seed 3, 1 number drawn', text(g))
   end)

   it('is a function or class with its first sentence, or a part with its names', function()
      assert.equal('function ops.relu(x)\n  Keeps what is positive, zeroes the rest.',
         text(lacuna.ops.relu))
      assert.equal('class nn.ReLU()\n  Keeps the positive part of every plane.', text(nn.ReLU))
      assert.equal('{ class nn.ReLU, lacuna.nn }', text { nn.ReLU, nn })
      local shown = text(nn)
      assert.matches('^lacuna%.nn: Layers, containers and losses', shown)
      assert.matches('\n  .* ReLU ', shown)
      assert.matches('^lacuna: spatially%-sparse', text(lacuna))
   end)

   it('survives having been tampered with', function()
      local x = sparse()
      x.features = 5
      assert.is_string(text(x))
      local net = nn.ReLU()
      net.childNames = { 'none' }
      assert.is_string(text(net))
      local adam = optim.Adam { lacuna.ones(1):requireGrad() }
      adam.parameters, adam.options = nil, 3
      assert.matches('^optim%.Adam {.*options = 3', text(adam))
      assert.is_string(text(setmetatable({}, lacuna.Tensor)))
      assert.is_string(text(setmetatable({}, lacuna.Sites)))
      assert.is_string(text(setmetatable({}, { __typename = {} })))
   end)

   it('blames wrong options', function()
      assert.fails('inspect: option size is unknown', text, 1, { size = 3 })
      assert.fails('inspect: width is the number 0', text, 1, { width = 0 })
      assert.fails('inspect: name is the number 3, expected a string', text, 1, { name = 3 })
   end)
end)
