local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local native = require 'lacuna.native'
local oracle = require 'spec.oracle'

local ops, Tensor = lacuna.ops, lacuna.Tensor

-- covers 'fill'
describe('fill', function()
   it('sets every element, of every type, long ones and empty ones too', function()
      for _, dtype in ipairs { 'float32', 'int32', 'int64', 'uint8' } do
         for _, shape in ipairs { {}, { 1 }, { 0, 3 }, { 2, 3 }, { 40001 } } do
            local x = Tensor.raw(shape, dtype)
            assert.equal(x, x:fill(7))
            for _, v in ipairs(x:toFlat()) do assert.equal(7, v) end
            for _, v in ipairs(x:zero():toFlat()) do assert.equal(0, v) end
         end
      end
   end)

   it('stays inside a view', function()
      local x = lacuna.zeros(4, 2)
      x:rows(2, 3):fill(1)
      assert.near_all({ 0, 0, 1, 1, 1, 1, 0, 0 }, x, 0)
   end)

   it('takes what the type holds, and refuses the rest', function()
      local int, long = Tensor.raw({ 1 }, 'int32'), Tensor.raw({ 1 }, 'int64')
      local byte = Tensor.raw({ 1 }, 'uint8')
      for x, values in pairs { [int] = { -2 ^ 31, 2 ^ 31 - 1 }, [long] = { -2 ^ 53, 2 ^ 53 },
         [byte] = { 0, 255 }, [lacuna.zeros(1)] = { -1 / 0, 1 / 0, 0.5 } } do
         for _, v in ipairs(values) do assert.equal(v, x:fill(v):item()) end
      end
      for x, values in pairs { [int] = { 2 ^ 31, 0.5, 1 / 0 }, [long] = { 2 ^ 63, 0.5, -1 / 0 },
         [byte] = { -1, 256, 0.5 } } do
         local before = x:item()
         for _, v in ipairs(values) do
            assert.fails('fill: value is .*, expected one that ' .. x.dtype .. ' can hold',
               x.fill, x, v)
         end
         assert.equal(before, x:item())
      end
      assert.fails('fill: value is the number nan, expected a number', int.fill, int, 0 / 0)
      assert.fails('fill: value is nil', int.fill, int)
      assert.fails('fill: self is the number 3, expected a tensor; methods', int.fill, 3)
   end)
end)

-- covers 'axpby', 'adam'
describe('the steps of optimisers', function()
   local random
   before_each(function() random = oracle.random(101) end)

   it('axpby gives a x + b y, and does not read y where b is 0', function()
      for _, n in ipairs { 0, 1, 5, 40001 } do
         local x, y = arrays.random(random, { n }, 5), arrays.random(random, { n }, 5)
         local t = arrays.tensor(y)
         native.ops.axpby(t, arrays.tensor(x), 2, -3)
         local expected = {}
         for i = 1, n do expected[i] = 2 * x[i] - 3 * y[i] end
         assert.near_all(expected, t, 0)
      end
      local y = lacuna.full(1, 2):div(0)
      native.ops.axpby(y, lacuna.tensor { 1, 2 }, 2, 0)
      assert.near_all({ 2, 4 }, y, 0)
      local x = lacuna.tensor { 1, 2 }
      assert.near_all({ 4, 8 }, x:axpy(3, x:clone()), 0)
      -- no other operand may be y itself
      assert.fails('axpby: y shares memory with x', function()
         local t = lacuna.ones(4)
         t:rows(1, 3):axpy(1, t:rows(2, 4))
      end)
   end)

   it('adam follows its definition', function()
      for _, n in ipairs { 3, 20000 } do
         local w, m, v = arrays.random(random, { n }), {}, {}
         for i = 1, n do m[i], v[i] = 0, 0 end
         local tw = arrays.tensor(w)
         local tm, tv = lacuna.zeros(n), lacuna.zeros(n)
         local options = { lr = 0.1, beta1 = 0.9, beta2 = 0.99, eps = 1e-3 }
         for step = 1, 4 do
            local g = arrays.random(random, { n })
            ops.adamStep(tw, tm, tv, arrays.tensor(g), options, step)
            for i = 1, n do
               m[i] = 0.9 * m[i] + 0.1 * g[i]
               v[i] = 0.99 * v[i] + 0.01 * g[i] ^ 2
               w[i] = w[i] - 0.1 * (m[i] / (1 - 0.9 ^ step))
                  / (math.sqrt(v[i] / (1 - 0.99 ^ step)) + 1e-3)
            end
         end
         assert.near_all(w, tw, 1e-4)
         assert.near_all(m, tm, 1e-5)
         assert.near_all(v, tv, 1e-5)
      end
   end)

   it('say what is wrong with their arguments', function()
      local x, y = lacuna.ones(2), lacuna.ones(3)
      local function adam(options, step, g)
         return ops.adamStep(lacuna.ones(2), lacuna.ones(2), lacuna.ones(2), g or x, options, step)
      end
      local right = { lr = 1, beta1 = 0.9, beta2 = 0.9, eps = 1e-8 }
      assert.fails('adam: betas are 1 and 0.9, expected 0 up to less than 1', adam,
         { lr = 1, beta1 = 1, beta2 = 0.9, eps = 1e-8 }, 1)
      assert.fails('adam: eps is %-1', adam, { lr = 1, beta1 = 0.9, beta2 = 0.9, eps = -1 }, 1)
      assert.fails('adam: step is 0, expected 1 to', adam, right, 0)
      assert.fails('adam: step is 1.5, expected a whole number', adam, right, 1.5)
      assert.fails('adam: g is 3, expected 2', adam, right, 1, y)
      assert.fails('adam: rate is nil, expected a number', adam, {}, 1)
      assert.fails('adamStep: options are nil, expected a table', adam)
      local leaf = lacuna.ones(2):requireGrad()
      assert.fails('adamStep: in place on a tensor that requires a gradient', ops.adamStep, leaf, x,
         x, x, right, 1)
   end)
end)

describe('copy_blocks', function()
   local run = native.ops

   it('moves blocks between places that are strides apart', function()
      local x, y = lacuna.tensor { 1, 2, 3, 4, 5, 6, 7, 8 }, lacuna.zeros(8)
      run.copy_blocks(y, x, 2, 2, 1, 4, 0, 3)
      assert.near_all({ 0, 1, 2, 0, 0, 4, 5, 0 }, y, 0)
      run.copy_blocks(y, x, 2, 1, 7, -7, 2, 0) -- backwards, and one element twice
      assert.near_all({ 3, 1, 2, 0, 0, 4, 5, 3 }, y, 0)
      run.copy_blocks(y, x, 0, 5, 0, 0, 0, 0)
      run.copy_blocks(y, x, 5, 0, 0, 0, 0, 0)
      assert.near_all({ 3, 1, 2, 0, 0, 4, 5, 3 }, y, 0)
   end)

   it('refuses what lies outside, and blocks that overlap', function()
      local x, y = lacuna.zeros(8), lacuna.zeros(8)
      for _, case in ipairs { { 2, 2, 5, 2, 0, 2 }, { 2, 2, 0, 2, 5, 2 }, { 1, 9, 0, 0, 0, 0 },
         { 1, 1, -1, 0, 0, 0 }, { 2, 1, 0, -1, 0, 1 }, { 3, 1, 0, 2 ^ 52, 0, 1 },
         { 2 ^ 52, 1, 0, 2 ^ 40, 0, 1 } } do
         assert.fails('copy_blocks: [xy] is 8, expected room for', run.copy_blocks, y, x,
            unpack(case))
      end
      assert.fails('copy_blocks: y_stride is 1, expected at least width, 2', run.copy_blocks, y, x,
         2, 2, 0, 1, 0, 2)
      assert.fails('copy_blocks: blocks is %-1', run.copy_blocks, y, x, -1, 2, 0, 1, 0, 2)
      assert.fails('copy_blocks: x is int32, expected float32', run.copy_blocks, y,
         lacuna.zeros(8, { dtype = 'int32' }), 1, 1, 0, 0, 0, 0)
      assert.fails('copy_blocks: y shares memory with x', run.copy_blocks, y, y, 1, 1, 0, 0, 4, 0)
   end)
end)
