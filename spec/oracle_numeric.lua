--- The part of the oracle about numbers: rounding bounds of float32 and central differences.
-- @module spec.oracle_numeric
local conv = require 'spec.oracle_conv'

local numeric = {}

--- Writes nested arrays as one flat array.
function numeric.flatten(nested, flat)
   flat = flat or {}
   for _, value in ipairs(nested) do
      if type(value) == 'table' then numeric.flatten(value, flat) else flat[#flat + 1] = value end
   end
   return flat
end

--- Cuts a flat array into nested ones: reshape(flat, 2, 3) has two rows of three.
function numeric.reshape(flat, ...)
   local shape, at = { ... }, 0
   local function cut(axis)
      local part = {}
      for i = 1, shape[axis] do
         if axis == #shape then
            at = at + 1
            part[i] = flat[at]
         else
            part[i] = cut(axis + 1)
         end
      end
      return part
   end
   return cut(1)
end

--- Applies f to each number of nested arrays.
function numeric.map(nested, f)
   if type(nested) ~= 'table' then return f(nested) end
   local out = {}
   for i, value in ipairs(nested) do out[i] = numeric.map(value, f) end
   return out
end

--- Bounds the error of a sum of products in float32, in whatever order it is added.
-- @tparam number depth  number of terms
-- @tparam number sumAbs  sum of the absolute values of the terms
function numeric.bound(depth, sumAbs)
   return (depth + 4) * 2 ^ -23 * sumAbs
end

-- A function that is linear in each argument has as its number of terms what it gives for ones,
-- and as its sum of absolute values what it gives for absolute values.
local function boundOf(f, ...)
   local ones, absolute = {}, {}
   for i, argument in ipairs { ... } do
      ones[i] = numeric.map(argument, function() return 1 end)
      absolute[i] = numeric.map(argument, math.abs)
   end
   local depths = numeric.flatten(f(unpack(ones)))
   local at = 0
   return numeric.map(f(unpack(absolute)), function(sumAbs)
      at = at + 1
      return numeric.bound(depths[at], sumAbs)
   end)
end
numeric.boundOf = boundOf

--- Bounds the error of each element of `oracle.conv`.
function numeric.convBound(features, tapPairs, outputs, weight, bias)
   return boundOf(function(x, w, b) return conv.conv(x, tapPairs, outputs, w, b) end,
      features, weight, bias)
end

--- Bounds the error of each element of `oracle.convGradInput`.
function numeric.convGradInputBound(gradOutput, tapPairs, inputs, weight)
   return boundOf(function(g, w) return conv.convGradInput(g, tapPairs, inputs, w) end,
      gradOutput, weight)
end

--- Bounds the error of each element of `oracle.convGradWeight`.
function numeric.convGradWeightBound(features, gradOutput, tapPairs, taps, inputs, outputs)
   return boundOf(function(x, g)
      return conv.convGradWeight(x, g, tapPairs, taps, inputs, outputs)
   end, features, gradOutput)
end

--- Bounds the error of each element of `oracle.convGradBias`.
function numeric.convGradBiasBound(gradOutput, planes)
   return boundOf(function(g) return conv.convGradBias(g, planes) end, gradOutput)
end

-- central differences ------------------------------------------------------------------------

local function scalar(value, gradOutput)
   if type(value) == 'number' then return value end
   local sum = 0
   for i, v in ipairs(numeric.flatten(value)) do
      sum = sum + v * (gradOutput and gradOutput[i] or 1)
   end
   return sum
end

--- Differentiates numerically: (f(x + step) - f(x - step)) / (2 step) for each number of x.
-- @tparam function f  of a flat array; gives a number, or (nested) arrays of numbers
-- @tparam table inputs  flat array; left as it was
-- @tparam[opt] table options  `step = 1e-5`; `gradOutput`, nested as the result of f (else ones):
--   the number differentiated is their product, summed
-- @treturn table  flat array
function numeric.numericGradient(f, inputs, options)
   options = options or {}
   local step = options.step or 1e-5
   local gradOutput = options.gradOutput and numeric.flatten(options.gradOutput)
   local x, gradient = numeric.flatten(inputs), {}
   for i = 1, #inputs do
      x[i] = inputs[i] + step
      local above = scalar(f(x), gradOutput)
      x[i] = inputs[i] - step
      local below = scalar(f(x), gradOutput)
      x[i] = inputs[i]
      gradient[i] = (above - below) / (2 * step)
   end
   return gradient
end

--- Compares a gradient with central differences.
-- @tparam function f  as for `numericGradient`
-- @tparam table inputs  flat array
-- @tparam table options  `gradient` (nested or flat: what is to be checked), `step = 1e-5`,
--   `gradOutput`, `tolerance = 1e-6` (relative to 1 + the larger of the two)
-- @treturn boolean  whether all agree
-- @treturn string  the worst element, in words
function numeric.checkGradient(f, inputs, options)
   local expected = numeric.numericGradient(f, inputs, options)
   local given = numeric.flatten(options.gradient)
   if #given ~= #expected then
      return false, ('gradient has %d numbers, inputs have %d'):format(#given, #expected)
   end
   local worst, at = 0, 1
   for i = 1, #given do
      local scale = 1 + math.max(math.abs(given[i]), math.abs(expected[i]))
      local off = math.abs(given[i] - expected[i]) / scale
      if off ~= off then off = math.huge end
      if off > worst then worst, at = off, i end
   end
   return worst <= (options.tolerance or 1e-6), ('element %d of %d: gradient %s, differences %s')
      :format(at, #given, tostring(given[at]), tostring(expected[at]))
end

return numeric
