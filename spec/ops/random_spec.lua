local lacuna = require 'lacuna'
local bit = require 'bit'

local Generator, ops = lacuna.Generator, lacuna.ops
local WORD = 2 ^ 32

local function xor(...) return bit.bxor(...) % WORD end

-- The high and the low word of a product of two words.
local function multiply(a, b)
   local high, low = math.floor(a / 65536), a % 65536
   local cross = high * b
   local sum = cross % 65536 * 65536 + low * b
   return math.floor(cross / 65536) + math.floor(sum / WORD), sum % WORD
end

-- Philox 4x32-10, from its paper: four words from a counter of four and a key of two.
local function philox(counter, key)
   local a, b, c, d = unpack(counter)
   local k, l = key[1], key[2]
   for _ = 1, 10 do
      local pHigh, pLow = multiply(0xD2511F53, a)
      local qHigh, qLow = multiply(0xCD9E8D57, c)
      a, b, c, d = xor(qHigh, b, k), qLow, xor(pHigh, d, l), pLow
      k, l = (k + 0x9E3779B9) % WORD, (l + 0xBB67AE85) % WORD
   end
   return { a, b, c, d }
end

local function block(seed, index, stream)
   return philox({ index % WORD, math.floor(index / WORD), stream, 0 },
      { seed % WORD, math.floor(seed / WORD) })
end

-- Number e of a stream, from zero.
local function uniform(seed, e)
   return math.floor(block(seed, math.floor(e / 4), 0)[e % 4 + 1] / 256) * 2 ^ -24
end

local function normal(seed, e)
   local words = block(seed, math.floor(e / 4), 1)
   local first, second = words[e % 4 < 2 and 1 or 3], words[e % 4 < 2 and 2 or 4]
   local radius = math.sqrt(-2 * math.log(math.floor(first / 2) * 2 ^ -31 + 2 ^ -32))
   local angle = second * 2 ^ -32 * 2 * math.pi
   return radius * (e % 2 == 0 and math.cos(angle) or math.sin(angle))
end

local function permutation(seed, offset, n)
   local order = {}
   for i = 1, n do order[i] = i end
   for i = n - 1, 1, -1 do
      local e = offset + i
      local words = block(seed, math.floor(e / 2), 2)
      local high, low = words[e % 2 * 2 + 1], words[e % 2 * 2 + 2]
      local range = i + 1
      local k = math.floor((high * range + math.floor(low * range / WORD)) / WORD)
      order[i + 1], order[k + 1] = order[k + 1], order[i + 1]
   end
   return order
end

-- covers 'random_uniform', 'random_normal', 'random_permutation'
describe('random tensors', function()
   local function generator(seed, offset)
      local g = Generator(seed)
      g:restore { seed = seed, offset = offset or 0 }
      return g
   end

   it('come from Philox 4x32-10, whose published answers the reference gives', function()
      assert.same({ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
         philox({ 0, 0, 0, 0 }, { 0, 0 }))
      local ones = WORD - 1
      assert.same({ 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
         philox({ ones, ones, ones, ones }, { ones, ones }))
      assert.same({ 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 },
         philox({ 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 }))
   end)

   it('equal the reference at every seed and offset', function()
      for _, case in ipairs { { 0, 0 }, { 1, 3 }, { 7, 61 }, { 2 ^ 40 + 5, 2 ^ 33 + 2 },
         { 2 ^ 53, 127 } } do
         local seed, offset = unpack(case)
         local u, z = {}, {}
         for i = 1, 70 do
            u[i], z[i] = uniform(seed, offset + i - 1), normal(seed, offset + i - 1)
         end
         assert.near_all(u, lacuna.zeros(70):uniform(0, 1, generator(seed, offset)), 0)
         assert.near_all(z, lacuna.zeros(70):normal(0, 1, generator(seed, offset)), 3e-6)
         for _, n in ipairs { 0, 1, 2, 50 } do
            assert.near_all(permutation(seed, offset, n),
               lacuna.permutation(n, generator(seed, offset)), 0)
         end
      end
   end)

   it('go on where the last one stopped, however they are cut', function()
      for _, fill in ipairs { 'uniform', 'normal' } do
         local whole = lacuna.zeros(40000)
         whole[fill](whole, 0, 1, generator(5))
         local g, parts = generator(5), {}
         for _, n in ipairs { 1, 2, 61, 0, 5000, 20000, 14936 } do
            local part = lacuna.zeros(n)
            parts[#parts + 1] = part[fill](part, 0, 1, g)
         end
         assert.equal(whole:toString(), ops.concat(parts):toString())
      end
   end)

   it('are even, or normal, in the large', function()
      local n = 100000
      local x = lacuna.zeros(n):uniform(-2, 6)
      local v = x:toFlat()
      local histogram = {}
      for i = 1, n do
         assert.is_true(v[i] >= -2 and v[i] < 6)
         local bin = math.floor((v[i] + 2) / 0.5)
         histogram[bin] = (histogram[bin] or 0) + 1
      end
      for bin = 0, 15 do assert.near_all({ n / 16 }, { histogram[bin] }, 400) end

      local z = lacuna.zeros(n):normal(3, 2)
      assert.near_all({ 3 }, z:mean(), 0.03)
      assert.near_all({ 4 }, ops.square(z - 3):mean(), 0.1)
      assert.near_all({ 0.6827 * n }, ops.abs(z - 3):lt(2):sum(), 700)
      assert.near_all({ 0.9545 * n }, ops.abs(z - 3):lt(4):sum(), 400)
   end)

   it('give every order the same chance', function()
      local counts = {}
      for _ = 1, 1200 do
         local key = table.concat(lacuna.permutation(3):toTable())
         counts[key] = (counts[key] or 0) + 1
      end
      for _, key in ipairs { '123', '132', '213', '231', '312', '321' } do
         assert.near_all({ 200 }, { counts[key] }, 55)
      end
   end)

   it('repeat after the same seed, and differ after another', function()
      lacuna.seed(9)
      local first = lacuna.zeros(5):uniform():toString()
      local second = lacuna.zeros(5):uniform():toString()
      lacuna.seed(9)
      assert.equal(first, lacuna.zeros(5):uniform():toString())
      assert.equal(second, lacuna.zeros(5):uniform():toString())
      lacuna.seed(10)
      assert.is_true(first ~= lacuna.zeros(5):uniform():toString())
   end)

   it('stay inside bounds that lie close together', function()
      local x = lacuna.zeros(1000):uniform(1, 1 + 2 ^ -23)
      assert.near_all({ 1 }, (x:max()), 0)
      assert.near_all({ 4, 4 }, lacuna.zeros(2):uniform(4, 4), 0)
      assert.near_all({ 4, 4 }, lacuna.zeros(2):normal(4, 0), 0)
   end)

   it('are of any shape, and may be empty', function()
      assert.same({ 2, 3 }, lacuna.zeros(2, 3):normal():shape())
      assert.same({}, lacuna.zeros(0):uniform():toTable())
      assert.same({ 0 }, lacuna.permutation(0):shape())
      local t = lacuna.permutation(4, nil, 'cpu')
      assert.equal('cpu', t.device)
   end)

   it('say what is wrong with their arguments', function()
      local x, whole = lacuna.zeros(2), lacuna.zeros(2, { dtype = 'int32' })
      assert.fails('random_uniform: low is 1 and high 0, expected finite ones in order', x.uniform,
         x, 1, 0)
      assert.fails('random_uniform: low is 0 and high inf', x.uniform, x, 0, 1 / 0)
      assert.fails('uniform: low is the number nan', x.uniform, x, 0 / 0)
      assert.fails('random_uniform: low is 0 and high 1e%+40', x.uniform, x, 0, 1e40)
      assert.fails('random_normal: deviation is %-1, expected 0 or more', x.normal, x, 0, -1)
      assert.fails('random_normal: mean is inf', x.normal, x, 1 / 0)
      assert.fails('random_uniform: y is int32, expected float32', whole.uniform, whole)
      assert.fails('normal: generator is the number 3, expected a Generator', x.normal, x, 0, 1, 3)
      assert.fails('normal: self is nil, expected a tensor; methods', x.normal)
      assert.fails('permutation: n is the number 1.5', lacuna.permutation, 1.5)
      assert.fails('permutation: n is the number %-1', lacuna.permutation, -1)
      assert.fails('Generator: seed is the number %-1', Generator, -1)
      assert.fails('Generator: seed is the number 0.5', Generator, 0.5)
      assert.fails('seed: seed is the string "1"', lacuna.seed, '1')
      assert.fails('seed: seed is nil', lacuna.seed)
      local leaf = lacuna.zeros(2):requireGrad()
      assert.fails('uniform: in place on a tensor that requires a gradient', leaf.uniform, leaf)
   end)
end)

describe('lacuna.Generator', function()
   it('draws numbers and whole numbers', function()
      local g = Generator(3)
      assert.near_all({ uniform(3, 0), uniform(3, 1) }, { g:uniform(), g:uniform() }, 0)
      local seen = {}
      for _ = 1, 200 do seen[g:integer(-1, 2)] = true end
      assert.same({ [-1] = true, [0] = true, [1] = true, [2] = true }, seen)
      assert.equal(5, g:integer(5, 5))
      local odd = 0
      for _ = 1, 64 do odd = odd + g:integer(0, 2 ^ 40) % 2 end
      assert.is_true(odd > 12 and odd < 52)
      for _ = 1, 50 do
         local v = g:uniform(2, 3)
         assert.is_true(v >= 2 and v < 3)
      end
   end)

   it('goes back to a state', function()
      local g = Generator(4)
      g:uniform()
      local state = g:state()
      local first = g:uniform()
      g:restore(state)
      assert.equal(first, g:uniform())
      local copy = Generator()
      copy:restore(state)
      assert.equal(first, copy:uniform())
   end)

   it('refuses in C a state that no generator has', function()
      local raw = require('lacuna.native').ops
      local y, order = lacuna.zeros(2), lacuna.zeros(2, { dtype = 'int32' })
      for seed, offset in pairs { [-1] = 0, [0] = -1, [2 ^ 54] = 0 } do
         assert.fails('random_uniform: %a+ is', raw.random_uniform, y, 0, 1, seed, offset)
         assert.fails('random_normal: %a+ is', raw.random_normal, y, 0, 1, seed, offset)
         assert.fails('random_permutation: %a+ is', raw.random_permutation, order, seed, offset)
      end
   end)

   it('says what is wrong with its arguments', function()
      local g = Generator(1)
      assert.fails('integer: high is the number 1, expected a whole number of at least 2',
         g.integer, g, 2, 1)
      assert.fails('integer: low is nil', g.integer, g)
      assert.fails('integer: low is the number 0.5', g.integer, g, 0.5, 2)
      assert.fails('uniform: low is the string "a"', g.uniform, g, 'a')
      assert.fails('restore: state is nil, expected a table', g.restore, g)
      assert.fails('restore: offset is nil', g.restore, g, { seed = 1 })
   end)
end)
