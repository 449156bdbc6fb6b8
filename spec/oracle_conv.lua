--- The part of the oracle about convolutions over pairs, and their gradients.
-- @module spec.oracle_conv
local conv = {}

local function zeros(n, planes)
   local rows = {}
   for i = 1, n do
      rows[i] = {}
      for p = 1, planes do rows[i][p] = 0 end
   end
   return rows
end
conv.zeros = zeros

--- Convolves: out[o] = bias + the sum over taps and pairs { i, o } of features[i] * weight[tap].
-- @tparam table features  inputs x planes
-- @tparam table tapPairs  for each tap { input row, output row } ...
-- @tparam number outputs  number of output rows
-- @tparam table weight  weight[tap][input plane][output plane]
-- @tparam[opt] table bias  one number per output plane
-- @treturn table  outputs x output planes
function conv.conv(features, tapPairs, outputs, weight, bias)
   local planes = #weight[1][1]
   local out = zeros(outputs, planes)
   for tap, list in ipairs(tapPairs) do
      for _, pair in ipairs(list) do
         local x, y = features[pair[1]], out[pair[2]]
         for p, value in ipairs(x) do
            for q = 1, planes do y[q] = y[q] + value * weight[tap][p][q] end
         end
      end
   end
   if bias then
      for _, row in ipairs(out) do
         for q = 1, planes do row[q] = row[q] + bias[q] end
      end
   end
   return out
end

--- Gives the gradient of `conv` towards its features.
function conv.convGradInput(gradOutput, tapPairs, inputs, weight)
   local planes = #weight[1]
   local grad = zeros(inputs, planes)
   for tap, list in ipairs(tapPairs) do
      for _, pair in ipairs(list) do
         local g, row = gradOutput[pair[2]], grad[pair[1]]
         for p = 1, planes do
            for q, value in ipairs(g) do row[p] = row[p] + value * weight[tap][p][q] end
         end
      end
   end
   return grad
end

--- Gives the gradient of `conv` towards its weight, for as many taps as asked for.
function conv.convGradWeight(features, gradOutput, tapPairs, taps, inputPlanes, outputPlanes)
   local grad = {}
   for tap = 1, taps do
      grad[tap] = zeros(inputPlanes, outputPlanes)
      for _, pair in ipairs(tapPairs[tap] or {}) do
         local x, g = features[pair[1]], gradOutput[pair[2]]
         for p = 1, inputPlanes do
            for q = 1, outputPlanes do grad[tap][p][q] = grad[tap][p][q] + x[p] * g[q] end
         end
      end
   end
   return grad
end

--- Gives the gradient of `conv` towards its bias: the sum of all rows.
function conv.convGradBias(gradOutput, planes)
   local grad = zeros(1, planes or #gradOutput[1])[1]
   for _, row in ipairs(gradOutput) do
      for q, value in ipairs(row) do grad[q] = grad[q] + value end
   end
   return grad
end

--- Writes a weight of groups, weight[tap][group][input plane][output plane], as the weight of
-- one group that has zeros between the groups.
function conv.ungroup(weight)
   local full = {}
   for tap, groups in ipairs(weight) do
      local inputs, outputs = #groups[1], #groups[1][1]
      full[tap] = zeros(#groups * inputs, #groups * outputs)
      for g, block in ipairs(groups) do
         for p = 1, inputs do
            for q = 1, outputs do
               full[tap][(g - 1) * inputs + p][(g - 1) * outputs + q] = block[p][q]
            end
         end
      end
   end
   return full
end

return conv
