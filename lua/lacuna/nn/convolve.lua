--- What the convolutions have in common: parameters, and the exact background.
-- @module lacuna.nn.convolve
local fail = require 'lacuna.fail'
local initialise = require 'lacuna.nn.initialise'
local ops = require 'lacuna.ops'
local Sites = require 'lacuna.Sites'
local Tensor = require 'lacuna.Tensor'

local convolve = {}

--- Reads a constructor's arguments and makes `weight` and `bias`.
-- @tparam Module layer
-- @tparam string op the layer's name
-- @tparam number dimension
-- @tparam number nIn
-- @tparam number nOut
-- @param size a number, or one for each dimension
-- @tparam table options `bias`
function convolve.initialise(layer, op, dimension, nIn, nOut, size, options)
   layer.dimension = fail.whole(op, 'dimension', dimension, 1, 10)
   layer.nIn = fail.whole(op, 'nIn', nIn, 1)
   layer.nOut = fail.whole(op, 'nOut', nOut, 1)
   layer.filterSize = Sites.perAxis(op, 'filter size', size, dimension, 1)
   local taps = 1
   for a = 1, dimension do taps = taps * layer.filterSize[a] end
   layer:parameter('weight', initialise.he({ taps, nIn, nOut }, taps * nIn))
   if options.bias then layer:parameter('bias', Tensor.zeros(nOut)) end
end

--- Convolves the features of a sparse tensor.
--
-- In exact mode an absent neighbour holds the background b, so the sum over all taps is that of
-- the present ones with x - b, plus b times the sum of the weights: the same at every output row.
-- @tparam Module layer
-- @tparam SparseTensor input
-- @tparam Rulebook book
-- @treturn Tensor the features
-- @treturn ?Tensor what an output row holds that saw the background alone
function convolve.apply(layer, input, book)
   if input:planes() ~= layer.nIn then
      fail.raise('%s: input has %d planes, expected %d', layer.__typename:match '[^.]*$',
         input:planes(), layer.nIn)
   end
   layer.multiplyAdds = book:pairs() * layer.nIn * layer.nOut
   local b = input.background
   if not b then return ops.conv(input.features, layer.weight, layer.bias, book) end
   local rest = ops.matmul(b, ops.sum(layer.weight, 1))
   if layer.bias then rest = rest + layer.bias end
   return ops.conv(input.features - b, layer.weight, nil, book) + rest, rest
end

--- Writes sizes for `describe`: one number when all are equal.
-- @tparam table sizes
-- @treturn string
function convolve.text(sizes)
   for a = 2, #sizes do
      if sizes[a] ~= sizes[1] then return table.concat(sizes, 'x') end
   end
   return tostring(sizes[1])
end

return convolve
