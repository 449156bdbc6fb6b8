--- Affine maps of space: twelve numbers, a row-major 3 x 4 matrix that takes (x, y, z, 1) to a
-- point.
-- @module lacuna.mesh.transform
local fail = require 'lacuna.fail'
local Tensor = require 'lacuna.Tensor'

local transform = {}

--- Tells whether a value draws random numbers, as a `lacuna.Generator` does.
-- @param value anything
-- @treturn boolean
function transform.isGenerator(value)
   return type(value) == 'table' and not Tensor.is(value) and type(value.uniform) == 'function'
end

local DEEPEST = 12  -- as of tensors

-- Puts the numbers of a table, nested or not, into a list.
local function flatten(op, what, value, list, depth)
   if type(value) == 'table' and depth <= DEEPEST then
      for i = 1, #value do flatten(op, what, value[i], list, depth + 1) end
   else
      if type(value) ~= 'number' or value ~= value or math.abs(value) == math.huge then
         fail.raise('%s: %s has %s, expected finite numbers', op, what, fail.describe(value))
      end
      list[#list + 1] = value
   end
   return list
end

--- Checks a table of numbers, which may be nested, or a tensor of them.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @tparam number count how many numbers are right
-- @treturn table the numbers
function transform.numbers(op, what, value, count)
   if Tensor.is(value) then value = Tensor.check(op, what, value):toTable() end
   if type(value) ~= 'table' or getmetatable(value) then
      fail.raise('%s: %s is %s, expected %d numbers', op, what, fail.describe(value), count)
   end
   local list = flatten(op, what, value, {}, 1)
   if #list ~= count then
      fail.raise('%s: %s has %d numbers, expected %d', op, what, #list, count)
   end
   return list
end

-- A step as twelve numbers: a scale, a shift, a linear map, or the twelve.
local function widen(step, place)
   if type(step) == 'number' then step = { step } end
   if type(step) ~= 'table' or getmetatable(step) then
      fail.raise('transform: step %d is %s, expected numbers', place, fail.describe(step))
   end
   local s = flatten('transform', 'step ' .. place, step, {}, 1)
   if #s == 12 then return s end
   if #s == 1 then return { s[1], 0, 0, 0, 0, s[1], 0, 0, 0, 0, s[1], 0 } end
   if #s == 3 then return { 1, 0, 0, s[1], 0, 1, 0, s[2], 0, 0, 1, s[3] } end
   if #s == 9 then
      return { s[1], s[2], s[3], 0, s[4], s[5], s[6], 0, s[7], s[8], s[9], 0 }
   end
   fail.raise('transform: step %d has %d numbers, expected 1 (a scale), 3 (a shift), '
      .. '9 (a linear map) or 12', place, #s)
end

--- Composes maps, the first one applied first.
-- @tparam table steps each a number that scales, three that shift, nine that are a linear map
-- (row-major) or twelve that are both
-- @treturn table twelve numbers
-- @usage mesh.transform { { -1, 0, 0 }, 2, { 1, 0, 0 } }   -- (x, y, z) to (2 x - 1, 2 y, 2 z)
function transform.compose(steps)
   if type(steps) ~= 'table' or getmetatable(steps) then
      fail.raise('transform: %s, expected a table of steps', fail.describe(steps))
   end
   local all = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0 }
   for place = 1, #steps do
      local s, product = widen(steps[place], place), {}
      for row = 0, 8, 4 do
         for column = 1, 4 do
            product[row + column] = s[row + 1] * all[column] + s[row + 2] * all[4 + column]
               + s[row + 3] * all[8 + column]
         end
         product[row + 4] = product[row + 4] + s[row + 4]
      end
      all = product
   end
   return all
end

--- Makes a rotation. All are equally likely (K. Shoemake, *Uniform Random Rotations*, Graphics
-- Gems III, 1992).
-- @param generator draws three numbers with `generator:uniform(low, high)`, as `lacuna.Generator`
-- does
-- @treturn table nine numbers, row-major
function transform.rotation(generator)
   if not transform.isGenerator(generator) then
      fail.raise('rotation: generator is %s, expected one with a method uniform',
         fail.describe(generator))
   end
   local u = generator:uniform(0, 1)
   local a, b = generator:uniform(0, 2 * math.pi), generator:uniform(0, 2 * math.pi)
   local p, q = math.sqrt(1 - u), math.sqrt(u)
   local x, y, z, w = p * math.sin(a), p * math.cos(a), q * math.sin(b), q * math.cos(b)
   return {
      1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
      2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
      2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
   }
end

return transform
