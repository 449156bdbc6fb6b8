--- The part of the oracle about pooling over pairs and over samples.
-- @module spec.oracle_pool
local zeros = require('spec.oracle_conv').zeros

local pool = {}

--- Takes the largest of the inputs of each output, plane by plane; of equal ones the first in
-- tap order. Negative maxima stay negative; an output without an input gets 0.
-- @treturn table  outputs x planes
-- @treturn table  winners, outputs x planes: the input row that gave each number (0 for none)
function pool.maxPool(features, tapPairs, outputs)
   local planes = features[1] and #features[1] or 0
   local out, winners = zeros(outputs, planes), zeros(outputs, planes)
   for _, list in ipairs(tapPairs) do
      for _, pair in ipairs(list) do
         local from, to = pair[1], pair[2]
         for p = 1, planes do
            if winners[to][p] == 0 or features[from][p] > out[to][p] then
               out[to][p], winners[to][p] = features[from][p], from
            end
         end
      end
   end
   return out, winners
end

--- Gives the gradient of `maxPool`: all of it goes to the winner.
function pool.maxPoolGrad(gradOutput, winners, inputs)
   local planes = gradOutput[1] and #gradOutput[1] or 0
   local grad = zeros(inputs, planes)
   for o, row in ipairs(gradOutput) do
      for p, value in ipairs(row) do
         local from = winners[o][p]
         if from > 0 then grad[from][p] = grad[from][p] + value end
      end
   end
   return grad
end

--- Adds the inputs of each output. With reversed pairs this is unpooling.
function pool.sumPool(features, tapPairs, outputs)
   local planes = features[1] and #features[1] or 0
   local out = zeros(outputs, planes)
   for _, list in ipairs(tapPairs) do
      for _, pair in ipairs(list) do
         for p = 1, planes do
            out[pair[2]][p] = out[pair[2]][p] + features[pair[1]][p]
         end
      end
   end
   return out
end

--- Counts the inputs of each output.
function pool.degrees(tapPairs, outputs)
   local counts = {}
   for o = 1, outputs do counts[o] = 0 end
   for _, list in ipairs(tapPairs) do
      for _, pair in ipairs(list) do counts[pair[2]] = counts[pair[2]] + 1 end
   end
   return counts
end

local function divisors(tapPairs, outputs, divisor)
   assert(divisor == 'volume' or divisor == 'active', 'divisor: volume or active')
   local counts = pool.degrees(tapPairs, outputs)
   if divisor == 'volume' then
      for o = 1, outputs do counts[o] = #tapPairs end
   end
   return counts
end

local function divideRows(rows, by)
   for o, row in ipairs(rows) do
      for p = 1, #row do row[p] = by[o] > 0 and row[p] / by[o] or 0 end
   end
   return rows
end

--- Averages the inputs of each output.
-- @tparam string divisor  'volume', the number of taps, or 'active', the number of inputs
function pool.averagePool(features, tapPairs, outputs, divisor)
   local sums = pool.sumPool(features, tapPairs, outputs)
   return divideRows(sums, divisors(tapPairs, outputs, divisor))
end

--- Gives the gradient of `sumPool`, and with a divisor of `averagePool`.
function pool.sumPoolGrad(gradOutput, tapPairs, inputs, divisor)
   local by = divisor and divisors(tapPairs, #gradOutput, divisor)
   local planes = gradOutput[1] and #gradOutput[1] or 0
   local grad = zeros(inputs, planes)
   for _, list in ipairs(tapPairs) do
      for _, pair in ipairs(list) do
         local from, to = pair[1], pair[2]
         for p = 1, planes do
            grad[from][p] = grad[from][p] + gradOutput[to][p] / (by and by[to] or 1)
         end
      end
   end
   return grad
end

-- samples ------------------------------------------------------------------------------------

-- A sample is a window that sees its rows one after another: tap k joins the k-th row.
local function samplePairs(segments)
   local tapPairs = {}
   for sample, rows in ipairs(segments) do
      for k, row in ipairs(rows) do
         tapPairs[k] = tapPairs[k] or {}
         table.insert(tapPairs[k], { row, sample })
      end
   end
   return tapPairs
end

--- Pools all rows of each sample; an empty sample gives zeros.
-- @tparam table features
-- @tparam table segments  from `oracle.segments`
-- @tparam string how  'sum', 'mean' or 'max'
-- @treturn table  samples x planes
-- @treturn ?table  for 'max' the winners, as `maxPool` gives them
function pool.globalPool(features, segments, how)
   local tapPairs = samplePairs(segments)
   if how == 'max' then return pool.maxPool(features, tapPairs, #segments) end
   if how == 'sum' then return pool.sumPool(features, tapPairs, #segments) end
   assert(how == 'mean', 'globalPool: sum, mean or max')
   return pool.averagePool(features, tapPairs, #segments, 'active')
end

--- Gives the gradient of `globalPool` for 'sum' and 'mean'; for 'max' use `maxPoolGrad`.
function pool.globalPoolGrad(gradOutput, segments, inputs, how)
   return pool.sumPoolGrad(gradOutput, samplePairs(segments), inputs,
      how == 'mean' and 'active' or nil)
end

return pool
