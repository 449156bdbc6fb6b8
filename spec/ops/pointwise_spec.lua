local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops, Tensor = lacuna.ops, lacuna.Tensor
local exp, log, sqrt, abs, max = math.exp, math.log, math.sqrt, math.abs, math.max

local function sigmoid(x) return 1 / (1 + exp(-x)) end
local function identity(x) return x end
local function sign(x) return x > 0 and 1 or x < 0 and -1 or 0 end

-- name, parameters, value; `domain` moves x to where it is defined, `kinks` says across which
-- numbers differences are wrong
local cases = {
   { 'exp', {}, exp },
   { 'log', {}, log, domain = function(x) return abs(x) + 0.25 end },
   { 'sqrt', {}, sqrt, domain = function(x) return abs(x) + 0.25 end },
   { 'abs', {}, abs, kinks = { 0 } },
   { 'square', {}, function(x) return x * x end },
   { 'sigmoid', {}, sigmoid },
   { 'tanh', {}, math.tanh },
   { 'softplus', {}, function(x) return log(1 + exp(x)) end },
   { 'relu', {}, function(x) return max(x, 0) end, kinks = { 0 } },
   { 'leakyRelu', { 0.25 }, function(x) return x > 0 and x or 0.25 * x end, kinks = { 0 } },
   { 'elu', { 1.5 }, function(x) return x > 0 and x or 1.5 * (exp(x) - 1) end, kinks = { 0 } },
   { 'pow', { 2.5 }, function(x) return x ^ 2.5 end,
      domain = function(x) return abs(x) + 0.25 end },
   { 'pow', { 3 }, function(x) return x ^ 3 end },
   { 'pow', { -1 }, function(x) return 1 / x end, domain = function(x) return abs(x) + 0.5 end },
   { 'clamp', { -0.5, 1 }, function(x) return math.min(max(x, -0.5), 1) end,
      kinks = { -0.5, 1 } },
   { 'affine', { -3, 0.5 }, function(x) return -3 * x + 0.5 end },
   { 'sign', {}, sign, kinks = { 0 } },
}

local function draw(case, shape)
   local x = arrays.map(arrays.random(oracle.random(21), shape), case.domain or identity)
   for _, kink in ipairs(case.kinks or {}) do
      x = arrays.map(x, function(v) return abs(v - kink) < 0.13 and kink + 0.25 or v end)
   end
   return x
end

-- covers 'exp', 'exp_grad', 'log', 'log_grad', 'sqrt', 'sqrt_grad', 'abs', 'abs_grad', 'square',
-- covers 'square_grad', 'sigmoid', 'sigmoid_grad', 'tanh', 'tanh_grad', 'softplus',
-- covers 'softplus_grad', 'relu', 'relu_grad', 'leaky_relu', 'leaky_relu_grad', 'elu', 'elu_grad',
-- covers 'pow', 'pow_grad', 'clamp', 'clamp_grad', 'affine', 'sign'
describe('a function of one element', function()
   for _, case in ipairs(cases) do
      local name, parameters, value = unpack(case)
      local label = ('ops.%s(x%s)'):format(name, #parameters > 0
         and ', ' .. table.concat(parameters, ', ') or '')
      local function f(x) return ops[name](x, unpack(parameters)) end

      it(label .. ' equals its definition', function()
         for _, shape in ipairs {
            {}, { 1 }, { 0 }, { 7 }, { 3, 5 }, { 2, 0, 3 }, { 2, 3, 1, 4, 2 },
         } do
            local x = draw(case, shape)
            local expected = arrays.map(x, value)
            local y = f(arrays.tensor(x))
            assert.same(shape, y:shape())
            assert.near_all(expected, y,
               arrays.map(expected, function(v) return 5e-7 * (1 + abs(v)) end))
         end
      end)

      it(label .. ' has its gradient, and the gradient its own', function()
         local x = draw(case, { 3, 4 })
         gradient.checkGradient(f, { x }, {
            reference = function(a) return arrays.map(a, value) end })
         gradient.checkGradient(f, { draw(case, {}) }, {
            reference = function(a) return arrays.map(a, value) end })
         gradient.checkSecond(f, { x }, { step = 0.02, tolerance = 5e-3 })
      end)

      it(label .. ' accepts no elements, backwards too', function()
         local x = lacuna.zeros(0, 3):requireGrad()
         f(x):backward(lacuna.zeros(0, 3))
         assert.same({ 0, 3 }, x.grad:shape())
      end)
   end

   it('is exact on whole numbers where its definition is', function()
      local x = lacuna.tensor { -2, -1, 0, 1, 3 }
      assert.near_all({ 2, 1, 0, 1, 3 }, ops.abs(x), 0)
      assert.near_all({ 4, 1, 0, 1, 9 }, ops.square(x), 0)
      assert.near_all({ 0, 0, 0, 1, 3 }, ops.relu(x), 0)
      assert.near_all({ -1, -0.5, 0, 1, 3 }, ops.leakyRelu(x, 0.5), 0)
      assert.near_all({ -1, -1, 0, 1, 2 }, ops.clamp(x, -1, 2), 0)
      assert.near_all({ 1, 1, 1, 1, 1 }, ops.clamp(x, 1, 1), 0)
      assert.near_all({ 5, 3, 1, -1, -5 }, ops.affine(x, -2, 1), 0)
      assert.near_all({ -1, -1, 0, 1, 1 }, ops.sign(x), 0)
      assert.near_all({ -8, -1, 0, 1, 27 }, ops.pow(x, 3), 0)
      assert.near_all({ 1, 1, 1, 1, 1 }, ops.pow(x, 0), 0)
   end)

   it('takes one side at its kinks', function()
      local function slope(f, ...)
         local x = lacuna.tensor({ 0, ... }, { requiresGrad = true })
         f(x):sum():backward()
         return x.grad
      end
      assert.near_all({ 0 }, slope(ops.abs), 0)
      assert.near_all({ 0 }, slope(ops.relu), 0)
      assert.near_all({ 0.25 }, slope(function(x) return ops.leakyRelu(x, 0.25) end), 0)
      assert.near_all({ 2 }, slope(function(x) return ops.elu(x, 2) end), 0)
      assert.near_all({ 1, 1, 0, 0 },
         slope(function(x) return ops.clamp(x, 0, 1) end, 1, -0.01, 1.01), 0)
      assert.near_all({ 0, 0 }, slope(function(x) return ops.pow(x, 0) end, 2), 0)
      assert.near_all({ 1, 1 }, slope(function(x) return ops.pow(x, 1) end, 2), 0)
      assert.near_all({ 0, 0 }, slope(ops.sign, 2), 0)
   end)

   it('stays finite where its result is', function()
      local x = lacuna.tensor { -1000, -100, 100, 1000 }
      assert.near_all({ 0, 0, 1, 1 }, ops.sigmoid(x), 1e-30)
      assert.near_all({ 0, 0, 100, 1000 }, ops.softplus(x), 1e-30)
      assert.near_all({ -1, -1, 1, 1 }, ops.tanh(x), 0)
      assert.near_all({ -1, -1, 100, 1000 }, ops.elu(x, 1), 0)
      for _, name in ipairs { 'sigmoid', 'softplus', 'tanh' } do
         local leaf = x:clone():requireGrad()
         ops[name](leaf):sum():backward()
         for _, v in ipairs(leaf.grad:toTable()) do assert.equal(v, v) end
      end
   end)

   it('keeps a nan a nan, and an infinity', function()
      local x = lacuna.tensor { 0 / 0, 1 / 0, -1 / 0 }
      for _, case in ipairs(cases) do
         local name, parameters = unpack(case)
         if name ~= 'sign' then
            local first = ops[name](x, unpack(parameters)):toTable()[1]
            assert.is_true(first ~= first, name)
         end
      end
      assert.near_all({ 1 / 0, 0 }, ops.exp(x:rows(2, 3)), 0)
      assert.near_all({ 1 / 0, 0 }, ops.relu(x:rows(2, 3)), 0)
      assert.near_all({ 1, -1 }, ops.tanh(x:rows(2, 3)), 0)
   end)

   it('works in place as a method, on views too', function()
      local x = lacuna.tensor { { 1, 4 }, { 9, 16 } }
      x:rows(2, 2):sqrt()
      assert.near_all({ 1, 4, 3, 4 }, x, 0)
      assert.near_all({ 2, 8, 6, 8 }, x:mul(2), 0)
      assert.near_all({ 2, 5, 5, 5 }, x:clamp(2, 5), 0)
      assert.near_all({ 4, 25, 25, 25 }, x:pow(2), 0)
      assert.near_all({ 1, 22, 22, 22 }, x:sub(3), 0)
      assert.near_all({ 0, 21, 21, 21 }, x:add(-1), 0)
      local before = lacuna.tensor { -1, 2 }
      assert.near_all({ exp(1), exp(2) }, before:abs():exp(), 1e-5)
      assert.near_all({ 1, 2 }, before:log(), 1e-6)
   end)

   it('says what is wrong with its arguments', function()
      local x, whole = lacuna.ones(2, 3), lacuna.ones(2, { dtype = 'int32' })
      for _, case in ipairs(cases) do
         local name, parameters = unpack(case)
         assert.fails(name .. ': input is nil, expected a tensor', ops[name])
         assert.fails(name .. ': input is a table, expected a tensor', ops[name], { 1, 2 })
         assert.fails('x is int32, expected float32', function()
            return ops[name](whole, unpack(parameters))
         end)
      end
      assert.fails('leakyRelu: slope is nil, expected a number', ops.leakyRelu, x)
      assert.fails('elu: alpha is the string "1", expected a number', ops.elu, x, '1')
      assert.fails('pow: exponent is the number nan, expected a number', ops.pow, x, 0 / 0)
      assert.fails('pow: exponent is a Tensor, expected a number', ops.pow, x, x)
      assert.fails('clamp: high is nil, expected a number', ops.clamp, x, 1)
      assert.fails('clamp: low is 2, expected at most high, 1', ops.clamp, x, 2, 1)
      assert.fails('affine: shift is nil, expected a number', ops.affine, x, 1)
      assert.fails('clamp: self is int32, expected float32', Tensor.clamp, whole, 0, 1)
      assert.fails('exp: self is the number 3, expected a tensor; methods are called with a colon',
         x.exp, 3)
      x:release()
      assert.fails('exp: input is a tensor that was released, expected a live one', ops.exp, x)
   end)
end)
