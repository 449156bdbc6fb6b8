--- Random tensors from counter-based streams: the same seed gives the same numbers on every
-- device, whatever was drawn in between elsewhere.
-- @module lacuna.ops.random
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local Tensor = require 'lacuna.Tensor'
local class = require 'lacuna.class'

local run = native.ops

--- A stream of random numbers.
--
--     local generator = ops.Generator(7)
--     print(generator:uniform(), generator:integer(1, 6))
--
-- @type Generator
local Generator = class('Generator')

--- Makes a generator.
-- @tparam[opt=0] number seed whole, from 0 to 2^53
function Generator:__init(seed)
   self.seed = fail.whole('Generator', 'seed', seed or 0, 0)
   self.offset = 0
end

--- Takes a stretch of the stream.
-- @tparam number count how many numbers
-- @treturn number where it begins
function Generator:advance(count)
   local offset = self.offset
   self.offset = offset + fail.whole('advance', 'count', count, 0)
   return offset
end

--- Draws a number.
-- @tparam[opt=0] number low
-- @tparam[opt=1] number high
-- @treturn number at least low, below high
function Generator:uniform(low, high)
   local t = Tensor.raw({ 1 }, 'float32', 'cpu')
   run.random_uniform(t, low == nil and 0 or low, high == nil and 1 or high, self.seed,
      self:advance(1))
   local value = t:item()
   t:release()
   return value
end

--- Draws a whole number.
-- @tparam number low
-- @tparam number high
-- @treturn number from low to high, both possible
function Generator:integer(low, high)
   fail.whole('integer', 'low', low, -2 ^ 53)
   fail.whole('integer', 'high', high, low)
   local width, part = high - low + 1, self:uniform()
   if width > 2 ^ 24 then part = part + self:uniform() * 2 ^ -24 end  -- 24 bits at a time
   return math.min(high, low + math.floor(part * width))
end

--- Tells the state, which `Generator:restore` takes.
-- @treturn table
function Generator:state() return { seed = self.seed, offset = self.offset } end

--- Goes back to a state.
-- @tparam table state
function Generator:restore(state)
   if type(state) ~= 'table' then
      fail.raise('restore: state is %s, expected a table', fail.describe(state))
   end
   local seed = fail.whole('restore', 'seed', state.seed, 0)
   self.offset = fail.whole('restore', 'offset', state.offset, 0)
   self.seed = seed
end

local global = Generator(0)

--- The type of generators.
ops.Generator = Generator

--- Gives the generator that is used where none is named.
-- @treturn Generator
function ops.generator() return global end

--- Restarts the common generator.
-- @tparam number seed whole, from 0
function ops.seed(seed)
   global.seed, global.offset = fail.whole('seed', 'seed', seed, 0), 0
end

local function stream(op, generator)
   generator = generator or global
   if getmetatable(generator) ~= Generator then
      fail.raise('%s: generator is %s, expected a Generator', op, fail.describe(generator))
   end
   return generator
end

--- Fills with numbers spread evenly over an interval.
-- @tparam Tensor t float32
-- @tparam[opt=0] number low
-- @tparam[opt=1] number high not reached
-- @tparam[opt] Generator generator
-- @treturn Tensor t
function ops.fillUniform(t, low, high, generator)
   Tensor.checkWritable(t, 'uniform')
   local g = stream('uniform', generator)
   run.random_uniform(t, fail.number('uniform', 'low', low or 0),
      fail.number('uniform', 'high', high or 1), g.seed, g:advance(t:nElement()))
   return t
end

--- Fills with normally distributed numbers.
-- @tparam Tensor t float32
-- @tparam[opt=0] number mean
-- @tparam[opt=1] number deviation
-- @tparam[opt] Generator generator
-- @treturn Tensor t
function ops.fillNormal(t, mean, deviation, generator)
   Tensor.checkWritable(t, 'normal')
   local g = stream('normal', generator)
   run.random_normal(t, fail.number('normal', 'mean', mean or 0),
      fail.number('normal', 'deviation', deviation or 1), g.seed, g:advance(t:nElement()))
   return t
end

--- Draws a random order.
-- @tparam number n
-- @tparam[opt] Generator generator
-- @tparam[opt] string device
-- @treturn Tensor n, int32: each of 1 to n once
function ops.permutation(n, generator, device)
   fail.whole('permutation', 'n', n, 0, 2147483647)
   local g = stream('permutation', generator)
   local t = Tensor.raw({ n }, 'int32', device)
   run.random_permutation(t, g.seed, g:advance(2 * n))
   run.index_shift(t, t, 1)
   return t
end

return ops
