--- Makes a sparse tensor of the cells where a plane's absolute value is above a threshold.
--
--     local x = nn.DenseToSparse(2)(grid)             -- grid: batch x planes x spatial size
--
-- @classmod lacuna.nn.DenseToSparse
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local DenseToSparse = class('nn.DenseToSparse', Module)

--- Makes the layer.
-- @tparam number dimension 1 to 10
-- @tparam[opt] table options `threshold`, 0
function DenseToSparse:__init(dimension, options)
   Module.__init(self)
   self.dimension = fail.whole('DenseToSparse', 'dimension', dimension, 1, 10)
   self.threshold = fail.options('DenseToSparse', options, { threshold = 0 }).threshold
end

function DenseToSparse:forward(input)
   Tensor.check('DenseToSparse', 'input', input, 'float32')
   if #input.sizes ~= 2 + self.dimension then
      fail.raise('DenseToSparse: input is %s, expected batch x planes x %d sizes',
         table.concat(input.sizes, 'x'), self.dimension)
   end
   return SparseTensor.fromDense(input, { threshold = self.threshold })
end

return DenseToSparse
