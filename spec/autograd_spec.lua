local lacuna = require 'lacuna'
local arrays = require 'spec.support.arrays'
local gradient = require 'spec.support.gradient'
local oracle = require 'spec.oracle'

local ops = lacuna.ops

local function leaf(values) return lacuna.tensor(values, { requiresGrad = true }) end

describe('backward', function()
   it('adds up where a tensor is used more than once', function()
      local a, b = leaf { 1, 2 }, leaf { 3, 4 }
      local y = (a + b) + a
      y:sum():backward()
      assert.near_all({ 2, 2 }, a.grad, 0)
      assert.near_all({ 1, 1 }, b.grad, 0)
      local c = leaf { 3 }
      local cube = c * c * c
      cube:backward()
      assert.near_all({ 27 }, c.grad, 0)
      local d = leaf { 1, 2 }
      local e = d + d
      local f = (e + e) + (e + d)
      f:backward(lacuna.tensor { 1, 10 })
      assert.near_all({ 7, 70 }, d.grad, 0)
   end)

   it('adds to a gradient that is there, in a tensor of the leaf\'s own', function()
      local a = leaf { 1, 2 }
      local start = lacuna.tensor { 5, 6 }
      a:backward(start)
      assert.near_all({ 5, 6 }, a.grad, 0)
      assert.is_false(a.grad:shares(start))
      ops.mul(a, 2):backward(start)
      assert.near_all({ 15, 18 }, a.grad, 0)
      assert.near_all({ 5, 6 }, start, 0)
      local b = leaf { 0, 0 }
      a:zeroGrad()
      assert.is_nil(a.grad)
      ops.add(a, b):backward(start)
      assert.is_false(a.grad:shares(b.grad))
      a.grad:fill(0)
      assert.near_all({ 5, 6 }, b.grad, 0)
      assert.is_false(a.grad.requiresGrad)
   end)

   it('does not mix gradients that a recorded backward gave to two leaves', function()
      local a, b = leaf { 1 }, leaf { 2 }
      ops.add(a, b):backward(nil, { createGraph = true })
      ops.add(a, b):backward()
      ops.add(a, b):backward()
      assert.near_all({ 3 }, a.grad, 0)
      assert.near_all({ 3 }, b.grad, 0)
   end)

   it('leaves alone what needs no gradient', function()
      local a, b = leaf { 1 }, lacuna.tensor { 2 }
      local y = a * b
      assert.is_true(y.requiresGrad)
      y:backward()
      assert.is_nil(b.grad)
      assert.is_nil(y.grad)
      assert.is_false((b * b).requiresGrad)
      assert.fails('backward: the tensor does not depend on one that requires a gradient',
         b.backward, b)
   end)

   it('starts from one element, or from a gradient of the same shape', function()
      local a = leaf { { 1, 2 } }
      local y = a * 2
      assert.fails('backward: the tensor is 1x2, expected one element or a gradient', y.backward, y)
      assert.fails('backward: the gradient is 2, expected 1x2', y.backward, y, lacuna.ones(2))
      assert.fails('backward: gradient is int32, expected float32', y.backward, y,
         lacuna.ones(1, 2, { dtype = 'int32' }))
      assert.fails('backward: gradient is the number 1', y.backward, y, 1)
      local other = lacuna.device() == 'cpu' and 'shadow' or 'cpu'
      assert.fails('backward: the gradient is on %l+, expected %l+', y.backward, y,
         lacuna.ones(1, 2, { device = other }))
      assert.fails('backward: option keep is unknown, expected one of createGraph, retainGraph',
         y.backward, y, lacuna.ones(1, 2), { keep = true })
      assert.fails('backward: self is nil', y.backward)
      y:backward(lacuna.tensor { { 3, 5 } })
      assert.near_all({ 6, 10 }, a.grad, 0)
      a:view(2):rows(1, 1):backward()
      assert.near_all({ 7, 10 }, a.grad, 0)
   end)

   it('passes through views and ranges', function()
      local x = leaf { { 1, 2, 3 }, { 4, 5, 6 } }
      local y = x:view(3, 2)[2] * lacuna.tensor { 10, 100 }
      y:sum():backward()
      assert.near_all({ 0, 0, 10, 100, 0, 0 }, x.grad, 0)
      x:zeroGrad()
      x:rows(2, 2):narrow(2, 2, 2):sum():backward()
      assert.near_all({ 0, 0, 0, 0, 1, 1 }, x.grad, 0)
      assert.equal(4, x[2][1])
   end)

   it('refuses what was written to in between, and names it', function()
      local x, w = leaf { { 1, 2 } }, leaf { { 3, 4 } }
      local y = (x * w):sum()
      lacuna.noGrad(function() w:add(1) end)
      assert.fails('mul: saved tensor 2 %(1x2%) was changed in place after it was used, '
         .. 'expected it unchanged until backward', y.backward, y)
      y = ops.exp(x)
      local view = y:detach():view(2)
      view:fill(0)
      assert.fails('exp: saved tensor 2 %(1x2%) was changed in place', y.backward, y,
         lacuna.ones(1, 2))
      y = (x + w):sum() -- which saves neither
      lacuna.noGrad(function() w:add(1) end)
      y:backward()
   end)

   it('drops the graph, unless it is to be kept', function()
      local x = leaf { 2 }
      local h = x * x
      local y = h + 1
      y:backward()
      assert.fails('backward: the graph of affine is gone after the first backward, expected '
         .. 'retainGraph = true there', y.backward, y)
      assert.fails('the graph of mul is gone', h.backward, h)
      local z = h * 3
      assert.fails('the graph of mul is gone', z.backward, z)
      y = x * x
      y:backward(nil, { retainGraph = true })
      y:backward(nil, { retainGraph = true })
      y:backward()
      assert.near_all({ 4 * 4 }, x.grad, 0)
      assert.fails('the graph of mul is gone', y.backward, y)
   end)

   it('starts afresh after one that failed', function()
      local fault = true
      ops.define('odd', { forward = function(_, a) return a * 1 end,
         backward = function(_, dy)
            if fault then error('on purpose') end
            return dy
         end })
      local x = leaf { 1, 2 }
      local y = (ops.odd(x) + x * x):sum()
      assert.error_matches(function() y:backward(nil, { retainGraph = true }) end, 'on purpose')
      x:zeroGrad()
      fault = false
      y:backward()
      ops.odd = nil
      assert.near_all({ 3, 5 }, x.grad, 0)
   end)

   it('walks ten thousand operations', function()
      local x = leaf { 1 }
      local y = x
      for _ = 1, 10000 do y = y + 1 end
      y:backward()
      assert.near_all({ 1 }, x.grad, 0)
      local z = x
      for _ = 1, 40 do z = z + z end -- 2^40 paths
      z:backward()
      assert.near_all({ 2 ^ 40 + 1 }, x.grad, 2 ^ 17)
   end)

   it('leaves no bytes in whatever order handles are dropped', function()
      local before = lacuna.memory(lacuna.device()).live
      for _, order in ipairs { { 1, 2, 3 }, { 3, 2, 1 }, { 2, 1, 3 }, { 3, 1, 2 } } do
         local held = {}
         held[1] = lacuna.ones(100, 100):requireGrad()
         held[2] = ops.exp(held[1] * 2)
         held[3] = (held[2] * held[1]):sum()
         for _, i in ipairs(order) do
            held[i]:release()
            held[i] = nil
         end
         collectgarbage()
         collectgarbage()
         assert.equal(before, lacuna.memory(lacuna.device()).live)
      end
   end)

   it('keeps no results that no rule needs', function()
      local x = lacuna.ones(1000):requireGrad()
      local before = lacuna.memory(lacuna.device()).live
      local y = x
      for _ = 1, 50 do y = y + 1 end
      collectgarbage()
      collectgarbage()
      assert.is_true(lacuna.memory(lacuna.device()).live - before < 10 * 4000)
      y:release()
   end)
end)

describe('lacuna.noGrad', function()
   it('records nothing, gives back results, and is restored on error', function()
      local x = leaf { 1 }
      local y, more = lacuna.noGrad(function(t, k) return t * k, 'more' end, x, 3)
      assert.is_false(y.requiresGrad)
      assert.equal('more', more)
      assert.error_matches(function() lacuna.noGrad(error, 'oh') end, 'oh')
      assert.is_true((x * 2).requiresGrad)
      lacuna.noGrad(function()
         pcall(lacuna.noGrad, error)
         assert.is_false((x * 2).requiresGrad)
      end)
      assert.fails('noGrad: nil, expected a function', lacuna.noGrad)
   end)

   it('is of one coroutine', function()
      local x = leaf { 1 }
      local seen = {}
      local co = coroutine.create(function()
         lacuna.noGrad(function()
            seen[1] = (x * 2).requiresGrad
            coroutine.yield()
            seen[3] = (x * 2).requiresGrad
         end)
         seen[4] = (x * 2).requiresGrad
      end)
      coroutine.resume(co)
      seen[2] = (x * 2).requiresGrad
      lacuna.noGrad(function() coroutine.resume(co) end)
      assert.same({ false, true, false, true }, seen)
   end)
end)

describe('lacuna.grad', function()
   it('gives gradients towards leaves and results, and touches no grad', function()
      local a, b = leaf { 2 }, leaf { 3 }
      local h = a * b
      local y = h * h
      local grads = lacuna.grad(y, { a, h, b, y })
      assert.near_all({ 36, 12, 24, 1 }, { grads[1]:item(), grads[2]:item(), grads[3]:item(),
         grads[4]:item() }, 0)
      assert.is_nil(a.grad)
      assert.is_nil(b.grad)
      for _, g in ipairs(grads) do assert.is_false(g.requiresGrad) end
   end)

   it('gives zeros towards what y does not depend on', function()
      local a, b = leaf { 2 }, leaf { { 3, 4 } }
      local other = b * 2
      local grads = lacuna.grad(a * a, { b, other, lacuna.ones(3) })
      assert.same({ { 0, 0 } }, grads[1]:toTable())
      assert.same({ { 0, 0 } }, grads[2]:toTable())
      assert.same({ 0, 0, 0 }, grads[3]:toTable())
   end)

   it('gives each its own tensor', function()
      local a, b, start = leaf { 1 }, leaf { 2 }, lacuna.tensor { 5 }
      local grads = lacuna.grad(a + b, { a, b, a }, { gradient = start })
      grads[1]:fill(0)
      assert.near_all({ 5, 5, 5 }, { grads[2]:item(), grads[3]:item(), start:item() }, 0)
      grads = lacuna.grad(a + b, { a, b, a })
      grads[1]:fill(0)
      grads[2]:fill(2)
      assert.near_all({ 0, 2, 1 }, { grads[1]:item(), grads[2]:item(), grads[3]:item() }, 0)
   end)

   it('starts from a gradient, and says what is wrong with arguments', function()
      local a = leaf { 1, 2 }
      local y = a * a
      assert.near_all({ 2, 40 },
         lacuna.grad(y, { a }, { gradient = lacuna.tensor { 1, 10 } })[1], 0)
      y = a * a
      assert.fails('grad: the tensor is 2, expected one element', lacuna.grad, y, { a })
      assert.fails('grad: xs are a Tensor, expected a list of tensors', lacuna.grad, y, a)
      assert.fails('grad: xs%[2%] is the number 3', lacuna.grad, y, { a, 3 })
      assert.fails('grad: self is nil', lacuna.grad, nil, { a })
      assert.fails('grad: option x is unknown', lacuna.grad, y, { a }, { x = 1 })
   end)
end)

describe('createGraph', function()
   it('gives second and third derivatives', function()
      local x = leaf { 2 }
      local function derive(y) return lacuna.grad(y, { x }, { createGraph = true })[1] end
      local first = derive(ops.pow(x, 3))
      local second = derive(first)
      local third = derive(second)
      assert.near_all({ 12, 12, 6 }, { first:item(), second:item(), third:item() }, 1e-5)
      first = derive(ops.exp(x * 3))
      second = derive(first)
      assert.near_all({ 3 * math.exp(6), 9 * math.exp(6) }, { first:item(), second:item() }, 2e-3)
   end)

   it('differentiates a penalty on a gradient', function()
      local random = oracle.random(17)
      local a, b = arrays.random(random, { 2, 3 }), arrays.random(random, { 3, 2 })
      gradient.checkSecond(function(x, w) return ops.tanh(x:mm(w)) * x:rows(1, 2):sum() end,
         { a, b })
   end)

   it('keeps the graph, and works inside noGrad', function()
      local x = leaf { 3 }
      local y = x * x
      local g = lacuna.noGrad(lacuna.grad, y, { x }, { createGraph = true })[1]
      assert.near_all({ 6 }, g, 0)
      g:backward()
      assert.near_all({ 2 }, x.grad, 0)
      y:backward()
      assert.near_all({ 8 }, x.grad, 0)
   end)

   it('reaches grad too', function()
      local x = leaf { 3 }
      ops.pow(x, 3):backward(nil, { createGraph = true })
      local g = x.grad
      x:zeroGrad()
      g:sum():backward()
      assert.near_all({ 18 }, x.grad, 0)
   end)
end)
