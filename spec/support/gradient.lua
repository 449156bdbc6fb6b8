--- Compares the library's gradients with central differences.
--
--     gradient.checkGradient(ops.mul, { a, b }, { reference = function(a, b) … end })
--     gradient.checkSecond(ops.exp, { a })
--
-- Inputs are arrays as `spec.support.arrays` makes them.  The gradient that backward starts from is
-- random.  Differences are taken for every element of every input: of the reference, in doubles,
-- where there is one; else of the library's own forward, with two steps (Richardson), which makes
-- up for float32.
-- @module spec.support.gradient
local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local oracle = require 'spec.oracle'

local gradient = {}

local function flat(value)
   if lacuna.Tensor.is(value) then return value:toFlat() end
   if type(value) == 'number' then return { value } end
   return oracle.flatten(value)
end

local function weighed(value, weights)
   local sum = 0
   for i, v in ipairs(flat(value)) do sum = sum + v * weights[i] end
   return sum
end

-- (f(x + h) - f(x - h)) / 2h in element i of array k
local function difference(value, inputs, k, i, h)
   local x = inputs[k][i]
   inputs[k][i] = x + h
   local above = value(inputs)
   inputs[k][i] = x - h
   local below = value(inputs)
   inputs[k][i] = x
   return (above - below) / (2 * h)
end

local function compare(value, inputs, given, options)
   local h = options.step or (options.reference and 1e-5 or 0.05)
   local bound = options.tolerance or (options.reference and 2e-5 or 2e-3)
   for k = 1, #inputs do
      local numbers = flat(given[k])
      assert(#numbers == #inputs[k], 'the gradient has another size than its input')
      for i = 1, #inputs[k] do
         local expected = difference(value, inputs, k, i, h)
         if not options.reference then
            expected = (4 * expected - difference(value, inputs, k, i, 2 * h)) / 3
         end
         local limit = bound * (1 + math.abs(expected))
         if not (math.abs(numbers[i] - expected) <= limit) then
            error(('input %d, element %d: gradient %.9g, differences %.9g'):format(k, i,
               numbers[i], expected), 3)
         end
      end
   end
end

-- On the library: tensors are made anew and released each time.
local function evaluate(f, inputs)
   return lacuna.scope(function()
      local tensors = {}
      for k, input in ipairs(inputs) do tensors[k] = arrays.tensor(input) end
      return flat((f(unpack(tensors))))
   end)
end

local function leaves(inputs)
   local tensors = {}
   for k, input in ipairs(inputs) do
      tensors[k] = arrays.tensor(input, { requiresGrad = true })
   end
   return tensors
end

--- Checks the gradient of an operation towards all its inputs.
-- @tparam function f of tensors, gives a tensor
-- @tparam table inputs an array for each argument
-- @tparam[opt] table options `reference`: the same function of arrays, gives (nested) arrays;
-- `step`; `tolerance`, relative to 1 + the gradient; `seed`
function gradient.checkGradient(f, inputs, options)
   options = options or {}
   local tensors = leaves(inputs)
   local y = f(unpack(tensors))
   local weights = arrays.random(oracle.random(options.seed or 5), y:shape())
   y:backward(arrays.tensor(weights))
   local given = {}
   for k, x in ipairs(tensors) do given[k] = x.grad or lacuna.zeros(x:shape()) end
   compare(function(list)
      if options.reference then return weighed(options.reference(unpack(list)), weights) end
      return weighed(evaluate(f, list), weights)
   end, inputs, given, options)
end

-- A rule may be written twice, for a backward that is recorded and for one that is not.
local function compareRules(f, inputs, start)
   local xs, given = leaves(inputs), { gradient = arrays.tensor(start) }
   local plain = lacuna.grad(f(unpack(xs)), xs, given)
   given.createGraph = true
   for k, g in ipairs(lacuna.grad(f(unpack(xs)), xs, given)) do
      local expected = plain[k]:toFlat()
      for i, v in ipairs(g:toFlat()) do
         if not (math.abs(v - expected[i]) <= 1e-4 * (1 + math.abs(expected[i]))) then
            error(('input %d, element %d: the recorded gradient is %.9g, the other %.9g'):format(
               k, i, v, expected[i]), 3)
         end
      end
   end
end

--- Checks the gradient of the gradient: differentiates the sum of all first gradients of z + z²/2,
-- z being the result, each times random numbers; and that the first is the same whether it is
-- recorded or not.
-- @tparam function f as for @{checkGradient}
-- @tparam table inputs
-- @tparam[opt] table options `step`, `tolerance`, `seed`
function gradient.checkSecond(f, inputs, options)
   options = options or {}
   local random = oracle.random(options.seed or 6)
   local start, factors
   local function first(...)
      local z = f(...)
      local y = z + z * z * 0.5 -- so that the rules get gradients that depend on the inputs
      start = start or arrays.random(random, y:shape())
      local grads = lacuna.grad(y, { ... },
         { gradient = arrays.tensor(start), createGraph = true })
      factors = factors or {}
      local total
      for k, g in ipairs(grads) do
         factors[k] = factors[k] or arrays.random(random, g:shape())
         local part = (g * arrays.tensor(factors[k])):sum()
         total = total and total + part or part
      end
      return total
   end
   local tensors = leaves(inputs)
   local total = first(unpack(tensors))
   compareRules(f, inputs, start)
   local given = {}
   if total.requiresGrad then
      given = lacuna.grad(total, tensors)
   else
      for k, x in ipairs(tensors) do given[k] = lacuna.zeros(x:shape()) end
   end
   compare(function(list)
      return lacuna.scope(function() return first(unpack(leaves(list))):item() end)
   end, inputs, given, options)
end

return gradient
