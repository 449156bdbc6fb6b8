--- The part of the oracle that works on rows of features alone: normalisation, activations,
-- softmax, matrices.
-- @module spec.oracle_rows
local rows = {}

-- Applies f(value, row, plane) to each number.
local function map(features, f)
   local out = {}
   for i, row in ipairs(features) do
      out[i] = {}
      for p, value in ipairs(row) do out[i][p] = f(value, i, p) end
   end
   return out
end

--- Multiplies what is not positive by `leak`.
function rows.leakyReLU(features, leak)
   return map(features, function(x) return x > 0 and x or leak * x end)
end

--- Gives the gradient of `leakyReLU`; at zero the slope is `leak`.
function rows.leakyReLUGrad(features, gradOutput, leak)
   return map(gradOutput, function(g, i, p) return features[i][p] > 0 and g or leak * g end)
end

local function columnMean(features, f)
   local means = {}
   for p = 1, #features[1] do
      local sum = 0
      for i, row in ipairs(features) do sum = sum + f(row[p], i, p) end
      means[p] = sum / #features
   end
   return means
end

local function filled(n, value)
   local array = {}
   for i = 1, n do array[i] = value end
   return array
end

-- Fills in what the caller left out; `planes` is only needed for that.
local function normOptions(options, planes)
   options = options or {}
   return {
      weight = options.weight or filled(planes, 1),
      bias = options.bias or filled(planes, 0),
      eps = options.eps or 1e-4,
      momentum = options.momentum or 0.99,
      leakiness = options.leakiness or 1,
      training = options.training ~= false,
      runningMean = options.runningMean or filled(planes, 0),
      runningVar = options.runningVar or filled(planes, 1),
   }
end

-- Mean and biased variance of each plane, or the running ones.
local function moments(features, o)
   if not o.training then return o.runningMean, o.runningVar end
   local mean = columnMean(features, function(x) return x end)
   return mean, columnMean(features, function(x, _, p) return (x - mean[p]) ^ 2 end)
end

--- Normalises each plane over all rows, then applies a leaky ReLU.
-- @tparam table features
-- @tparam[opt] table options  `weight = 1`, `bias = 0`, `eps = 1e-4`, `momentum = 0.99` (what stays
--   of the running values), `leakiness = 1` (none), `training = true`, `runningMean = 0`,
--   `runningVar = 1`
-- @treturn table  n x planes
-- @treturn table  `mean`, `var` (biased), `runningMean`, `runningVar` (unbiased; of a single row
--   the variance counts as 0) after the update
function rows.batchNorm(features, options)
   if #features == 0 then return {}, options or {} end
   local n, planes = #features, #features[1]
   local o = normOptions(options, planes)
   local mean, var = moments(features, o)
   local out = map(features, function(x, _, p)
      local y = (x - mean[p]) / math.sqrt(var[p] + o.eps) * o.weight[p] + o.bias[p]
      return y > 0 and y or o.leakiness * y
   end)
   local after = { mean = mean, var = var, runningMean = {}, runningVar = {} }
   for p = 1, planes do
      local keep = o.training and o.momentum or 1
      local unbiased = var[p] * n / math.max(n - 1, 1)
      after.runningMean[p] = keep * o.runningMean[p] + (1 - keep) * mean[p]
      after.runningVar[p] = keep * o.runningVar[p] + (1 - keep) * unbiased
   end
   return out, after
end

--- Gives the gradients of `batchNorm` towards features, weight and bias.
function rows.batchNormGrad(features, gradOutput, options)
   local planes = #features[1]
   local o = normOptions(options, planes)
   local mean, var = moments(features, o)
   local unit = map(features, function(x, _, p)
      return (x - mean[p]) / math.sqrt(var[p] + o.eps)
   end)
   local grad = map(gradOutput, function(g, i, p)
      return unit[i][p] * o.weight[p] + o.bias[p] > 0 and g or o.leakiness * g
   end)
   local meanGrad = columnMean(grad, function(g) return g end)
   local meanGradUnit = columnMean(grad, function(g, i, p) return g * unit[i][p] end)
   local gradWeight, gradBias = {}, {}
   for p = 1, planes do
      gradWeight[p], gradBias[p] = meanGradUnit[p] * #features, meanGrad[p] * #features
   end
   local gradInput = map(grad, function(g, i, p)
      local centred = o.training and g - meanGrad[p] - unit[i][p] * meanGradUnit[p] or g
      return centred * o.weight[p] / math.sqrt(var[p] + o.eps)
   end)
   return gradInput, gradWeight, gradBias
end

--- Takes the logarithm of `softmax`.
function rows.logSoftmax(features)
   local out = {}
   for i, row in ipairs(features) do
      local largest, sum = math.max(unpack(row)), 0
      for _, x in ipairs(row) do sum = sum + math.exp(x - largest) end
      out[i] = {}
      for p, x in ipairs(row) do out[i][p] = x - largest - math.log(sum) end
   end
   return out
end

--- Turns each row into probabilities, exp(x) / the sum of the row's exp(x).
function rows.softmax(features)
   return map(rows.logSoftmax(features), function(x) return math.exp(x) end)
end

--- Swaps rows and columns.
function rows.transpose(a)
   local out = {}
   for j = 1, a[1] and #a[1] or 0 do
      out[j] = {}
      for i = 1, #a do out[j][i] = a[i][j] end
   end
   return out
end

--- Multiplies matrices: out[i][j] = sum over k of a[i][k] * b[k][j].
function rows.matmul(a, b)
   local out = {}
   for i = 1, #a do
      out[i] = {}
      for j = 1, b[1] and #b[1] or 0 do
         local sum = 0
         for k = 1, #b do sum = sum + a[i][k] * b[k][j] end
         out[i][j] = sum
      end
   end
   return out
end

return rows
