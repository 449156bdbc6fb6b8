--- Seeds that follow from other numbers, so that what is drawn for a sample depends on the seed,
-- the epoch and the sample, never on who draws it or when.
-- @module lacuna.data.seeds
local bit = require 'bit'
local ops = require 'lacuna.ops'

local seeds = {}

local band, bxor, lshift, rshift, tobit = bit.band, bit.bxor, bit.lshift, bit.rshift, bit.tobit

-- The low 32 bits of a product of two 32-bit numbers, exact in doubles.
local function multiply(a, b)
   return tobit(band(a, 0xffff) * b + lshift(tobit(rshift(a, 16) * b), 16))
end

-- The finaliser of MurmurHash3.
local function stir(h)
   h = multiply(bxor(h, rshift(h, 16)), 0x85ebca6b)
   h = multiply(bxor(h, rshift(h, 13)), 0xc2b2ae35)
   return bxor(h, rshift(h, 16))
end

--- Mixes whole numbers into one seed.
-- @tparam number ... whole, from 0 to 2^53; their order matters
-- @treturn number whole, from 0, below 2^53
function seeds.mix(...)
   local a, b = 0x3c6ef372, 0x1b873593
   for i = 1, select('#', ...) do
      local value = select(i, ...)
      local low, high = value % 4294967296, math.floor(value / 4294967296)
      a = stir(bxor(tobit(a + 0x9e3779b9), low))
      b = stir(bxor(tobit(b + a), high))
      a = stir(bxor(a, b))
   end
   return rshift(a, 11) * 4294967296 + b % 4294967296
end

--- Makes a generator from whole numbers.
-- @tparam number ... as for @{mix}
-- @treturn Generator
function seeds.generator(...) return ops.Generator(seeds.mix(...)) end

--- Draws a random order.
-- @tparam number n
-- @tparam Generator generator
-- @treturn table each of 1 to n once
function seeds.order(n, generator)
   local order = ops.permutation(n, generator, 'cpu')
   local list = order:toFlat()
   order:release()
   return list
end

--- Puts a list in random order.
-- @tparam table list
-- @tparam Generator generator
-- @treturn table a new list
function seeds.shuffle(list, generator)
   local shuffled = seeds.order(#list, generator)
   for i = 1, #list do shuffled[i] = list[shuffled[i]] end
   return shuffled
end

return seeds
