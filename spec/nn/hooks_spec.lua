--- Hooks on modules and on gradients, and the gradient of anything on the way.
local class = require 'lacuna.class'
local lacuna = require 'lacuna'
local nn, ops, SparseTensor = lacuna.nn, lacuna.ops, lacuna.SparseTensor
local small = require 'spec.support.small'
local sparse, chain, leaf, usable = small.sparse, small.chain, small.leaf, small.usable

describe('a hook', function()
   it('sees inputs and output, in order, until it is removed', function()
      local net, seen = chain(), {}
      local relu = net:get(2)
      relu:registerForwardPreHook(function(module, inputs)
         seen[#seen + 1] = { 'before', module, inputs[1]:item() }
      end)
      relu:registerForwardHook(function(module, inputs, output)
         seen[#seen + 1] = { 'first', module, inputs[1]:item(), output:item() }
      end)
      local second = relu:registerForwardHook(function() seen[#seen + 1] = 'second' end)
      net(lacuna.tensor { { -1 } })
      second:remove():remove()
      net(lacuna.tensor { { 1 } })
      assert.same({ { 'before', relu, -2 }, { 'first', relu, -2, 0 }, 'second',
         { 'before', relu, 2 }, { 'first', relu, 2, 2 } }, seen)
      assert.matches('removed', tostring(second))
   end)

   it('may replace inputs and output', function()
      local net = chain()
      net:get(1):registerForwardPreHook(function(_, inputs) return inputs[1] * 10 end)
      net:get(1):registerForwardPreHook(function(_, inputs) return { inputs[1] + 1 } end)
      net:get(2):registerForwardHook(function(_, _, output) return output + 1 end)
      local acts, y = net:activations(lacuna.tensor { { 1 } })
      assert.near_all({ { 23 } }, acts['2'], 0)
      assert.near_all({ { 69 } }, y, 0)
      assert.equal('1x1', net:get(2).last.output)
      net = nn.Sequential():add(nn.ConcatTable():add(nn.Identity()):add(nn.ReLU()))
         :add(nn.AddTable())
      net:get(2):registerForwardPreHook(function(_, inputs) return { { inputs[1][1] } } end)
      assert.near_all({ { 1 }, { 2 }, { 3 } }, net(sparse()).features, 0)
   end)

   it('may give several inputs, with holes', function()
      local Three, seen = class('Three', nn.Module), nil
      function Three.forward(_, ...)
         seen = { n = select('#', ...), ... }
         return (...)
      end
      local net, given = Three(), nil
      local y = lacuna.ones(1)
      net:registerForwardPreHook(function(_, inputs)
         given = { inputs[1], nil, y, n = 3 }
         return given
      end)
      net:registerBackwardHook(function(_, gradInput) assert.equal(2, #gradInput) end)
      net(leaf { 1 }):sum():backward()
      assert.same({ 3, nil, 1 }, { seen.n, seen[2], seen[3]:item() })
      given = nil
      local short = { y }
      net:registerForwardPreHook(function() return short end)
      net(y)
      assert.same({ 1, 1 }, { seen.n, #short })
      assert.is_nil(short.n)
      short.n = 'many'
      assert.fails("registerForwardPreHook: n of the hook's inputs is the string \"many\"", net,
         y)
   end)

   it('meets the next pass, not this one, if a hook hung it on', function()
      local net, count = chain(), 0
      local function count1() count = count + 1 end
      local handle
      handle = net:registerForwardHook(function()
         net:registerForwardHook(count1)
         handle:remove()
      end)
      net:registerForwardHook(function() count = count + 10 end)
      net(lacuna.ones(1, 1))
      assert.equal(10, count)
      net(lacuna.ones(1, 1))
      assert.equal(21, count)
   end)

   it('on backward leaves a sparse tensor its background', function()
      local net, x = nn.Sequential():add(nn.ReLU()):add(nn.Tanh()), sparse()
      x = SparseTensor.over(x.sites, leaf { { 1 }, { 2 }, { 3 } }, { 0.5 })
      local expected = net(x).background:item()
      net:get(2):registerBackwardHook(function() end)
      net:registerBackwardHook(function() end)
      local y = net(x)
      assert.equal(expected, y.background:item())
      y.features:sum():backward()
   end)

   it('on backward sees the gradients of what goes in and out, and may replace the first',
      function()
         local net, seen = chain(), {}
         local x = leaf { { 1 }, { -1 } }
         net:get(2):registerBackwardHook(function(module, gradInput, gradOutput)
            assert.equal(net:get(2), module)
            seen[#seen + 1] = { gradInput[1]:toFlat(), gradOutput[1]:toFlat() }
         end)
         net(x):sum():backward()
         assert.same({ { { 3, 0 }, { 3, 3 } } }, seen)
         assert.near_all({ { 6 }, { 0 } }, x.grad, 0)
         net:get(2):registerBackwardHook(function(_, gradInput) return gradInput[1] * 100 end)
         x:zeroGrad()
         net(x):sum():backward()
         assert.near_all({ { 600 }, { 0 } }, x.grad, 0)
         assert.equal(2, #seen)
      end)

   it('on backward is called for a layer whose inputs need no gradient', function()
      local net, seen = chain(), {}
      local handle = net:get(1):registerBackwardHook(function(_, gradInput, gradOutput)
         seen[1] = { gradInput[1], gradOutput[1]:item() }
      end)
      net(lacuna.ones(1, 1)):sum():backward()
      assert.same({ { false, 3 } }, seen)
      handle:remove()
      net:get(1):registerBackwardHook(function() return lacuna.ones(1, 1) end)
      local y = net(lacuna.ones(1, 1))
      assert.fails('gradient 1 of the hook is a Tensor, expected false: the input needs none',
         y.backward, y)
   end)

   it('on backward sees features of sparse tensors, and tables of them', function()
      local x = leaf { { 1 }, { 2 }, { 3 } }
      local add, seen = nn.AddTable(), {}
      add:registerBackwardHook(function(_, gradInput, gradOutput)
         seen = { #gradInput, gradInput[1]:toFlat(), gradInput[2], #gradOutput }
         return { gradInput[1] * 2, gradInput[2] }
      end)
      local other = sparse()
      local both = { SparseTensor.over(other.sites, x), other }
      add(both).features:sum():backward()
      assert.same({ 2, { 1, 1, 1 }, false, 1 }, seen)
      assert.near_all({ { 2 }, { 2 }, { 2 } }, x.grad, 0)
   end)

   it('on backward runs in each of two backwards over one graph, and in none without recording',
      function()
         local net, count = chain(), 0
         net:registerBackwardHook(function() count = count + 1 end)
         local y = net(lacuna.ones(1, 1)):sum()
         y:backward(nil, { retainGraph = true })
         y:backward()
         assert.equal(2, count)
         lacuna.noGrad(function() net(lacuna.ones(1, 1)) end)
         assert.equal(2, count)
      end)

   it('on backward gets no old gradient of the output where backward began inside', function()
      local net, x, seen = chain(), leaf { { 1 } }, {}
      net:registerBackwardHook(function(_, gradInput, gradOutput)
         seen[#seen + 1] = { gradInput[1]:item(), #gradOutput, gradOutput[1] and true }
      end)
      local acts, y = net:activations(x)
      y:backward(nil, { retainGraph = true })
      acts['1']:backward()
      assert.same({ { 6, 1, true }, { 2, 1, false } }, seen)
   end)

   it('may call its network and take itself off while it runs', function()
      local net, count, handle = chain(), 0, nil
      handle = net:registerForwardHook(function(module)
         count = count + 1
         module(lacuna.ones(1, 1))
         handle:remove()
      end)
      net:registerForwardHook(function() count = count + 10 end)
      net(lacuna.ones(1, 1))
      assert.equal(1 + 10 + 10, count) -- the inner call meets the second hook too
      net(lacuna.ones(1, 1))
      assert.equal(31, count)
   end)

   it('is not called once another took it off', function()
      local net, count, second = chain(), 0, nil
      net:registerForwardHook(function() second:remove() end)
      second = net:registerForwardHook(function() count = count + 1 end)
      net:registerForwardHook(function() count = count + 10 end)
      net(lacuna.ones(1, 1))
      assert.equal(10, count)
   end)

   it('that fails says so with its own line and leaves the network as it was', function()
      for _, where in ipairs { 'ForwardPre', 'Forward', 'Backward' } do
         local net = chain()
         local handle = net:get(2)['register' .. where .. 'Hook'](net:get(2), function()
            error 'my mistake'
         end)
         assert.fails('hooks_spec.lua:%d+: my mistake', function()
            net:activations(leaf { { 1 } })[4][3]:sum():backward()
         end)
         handle:remove()
         usable(net)
      end
   end)

   it('is refused unless it can be called, and may give nothing but what fits', function()
      local net = chain()
      assert.fails('registerForwardHook: the number 3, expected a function',
         net.registerForwardHook, net, 3)
      local x = leaf { { 1 } }
      local function complaint(sentence, f)
         local handle = net:registerBackwardHook(f)
         local y = net(x):sum()
         assert.fails(sentence, y.backward, y)
         handle:remove()
      end
      complaint('the hook gave the number 3, expected nothing or a list of 1', function()
         return 3
      end)
      complaint('the hook gave a list of 2, expected nothing or a list of 1', function(_, g)
         return { g[1], g[1] }
      end)
      complaint('gradient 1 of the hook is 2 on %a+, expected 1x1 on', function()
         return lacuna.ones(2)
      end)
      complaint('gradient 1 of the hook is 1x1 on %a+, expected 1x1 on %a+', function()
         return lacuna.ones(1, 1, { device = lacuna.device() == 'cpu' and 'shadow' or 'cpu' })
      end)
      complaint('the hook changed a gradient in place', function(_, g) g[1]:mul(2) end)
      usable(net)
   end)
end)

describe('a gradient', function()
   it('of a result stays where retainGrad asked for it', function()
      local x = leaf { 1, 2 }
      local y = x * 3
      assert.equal(y, y:retainGrad())
      local z = y * y
      z:sum():backward()
      assert.near_all({ 6, 12 }, y.grad, 0)
      assert.near_all({ 18, 36 }, x.grad, 0)
      assert.is_nil(z.grad)
      assert.equal(x, x:retainGrad())
   end)

   it('of a result adds up over backwards, and is not touched by lacuna.grad', function()
      local x = leaf { 1 }
      local y = (x * 3):retainGrad()
      local z = y * 2
      z:backward(nil, { retainGraph = true })
      assert.near_all({ 6 }, lacuna.grad(z, { x }, { retainGraph = true })[1], 0)
      z:backward()
      assert.near_all({ 4 }, y.grad, 0)
   end)

   it('passes through hooks once, when it is whole', function()
      local x, seen = leaf { 1, 2 }, {}
      local y = x * 3
      local handle = y:registerHook(function(g) seen[#seen + 1] = g:toFlat() end)
      y:registerHook(function(g) return g * 10 end)
      x:registerHook(function(g) seen[#seen + 1] = g:toFlat() end)
      local z = (y * 2 + y * 5 + x):sum()
      z:backward(nil, { retainGraph = true })
      assert.same({ { 7, 7 }, { 211, 211 } }, seen)
      assert.near_all({ 211, 211 }, x.grad, 0)
      handle:remove()
      assert.near_all({ 70, 70 }, lacuna.grad(z, { y }, { retainGraph = true })[1], 0)
      z:backward()
      assert.equal(4, #seen)
   end)

   it('is none that is recorded, whatever a hook gives', function()
      local x, other = leaf { 1 }, leaf { 5 }
      x:registerHook(function() return other end)
      local y = x * 3
      y:retainGrad():registerHook(function() return other end)
      local z = y * 2
      local grads = lacuna.grad(z, { x, y }, { retainGraph = true })
      z:backward()
      for _, gradient in ipairs { grads[1], grads[2], x.grad, y.grad } do
         assert.equal(5, gradient:item())
         assert.is_false(gradient.requiresGrad)
         assert.not_equal(other, gradient)
      end
   end)

   it('of a leaf is what its hook made of it, and adds up', function()
      local x = leaf { 1 }
      x:registerHook(function(g) return g * 2 end);
      (x * 3):backward();
      (x * 3):backward()
      assert.near_all({ 12 }, x.grad, 0)
      assert.near_all({ 6 }, lacuna.grad(x * 3, { x })[1], 0)
   end)

   it('is recorded through hooks where gradients have gradients', function()
      local x = leaf { 3 }
      local y = x * x
      local handle = y:registerHook(function(g) return g * 2 end)
      local first = lacuna.grad(y * y, { x }, { createGraph = true })[1]
      assert.near_all({ 216 }, first, 0)                         -- 2 * 4 x^3
      handle:remove()
      assert.near_all({ 216 }, lacuna.grad(first, { x })[1], 0)  -- 2 * 12 x^2
   end)

   it('that a rule gave to two inputs grows in one of them alone', function()
      local x, z = leaf { 1 }, leaf { 1 }
      local a, b = x * 1, z * 1
      local later = a * 10       -- made before c, so a's second gradient comes after c's
      local c = a + b;
      (c * 2 + c * 3 + later):backward()
      assert.near_all({ 15 }, x.grad, 0)
      assert.near_all({ 5 }, z.grad, 0)
   end)

   it('is refused to hooks that fail, change it or do not fit', function()
      local x = leaf { 1, 2 }
      assert.fails('retainGrad: the tensor has no gradient', lacuna.ones(2).retainGrad,
         lacuna.ones(2))
      assert.fails('registerHook: a table, expected a function', x.registerHook, x, {})
      local function complaint(sentence, f)
         local y = x * 2
         y:registerHook(f)
         y = y:sum()
         assert.fails(sentence, y.backward, y)
      end
      complaint('hooks_spec.lua:%d+: my mistake', function() error 'my mistake' end)
      complaint('registerHook: the hook changed the gradient in place', function(g) g:mul(2) end)
      complaint('registerHook: the hook gave 3 on %a+, expected 2 on', function()
         return lacuna.ones(3)
      end)
      complaint("the hook's gradient is the number 1, expected a tensor", function() return 1 end)
      local y = x * 2
      y:sum():backward()
      assert.fails('registerHook: the graph of affine is gone after the first backward',
         y.registerHook, y, print)
      assert.near_all({ 2, 2 }, x.grad, 0)
   end)

   it('goes back through a hundred thousand steps', function()
      local x = leaf { 1 }
      local y = x
      for _ = 1, 100000 do y = -y end
      y:backward()
      assert.near_all({ 1 }, x.grad, 0)
   end)

   it('goes back through a thousand layers', function()
      local net, x = nn.Sequential(), leaf { { 1 } }
      for _ = 1, 1000 do net:add(nn.ReLU()) end
      net(x):sum():backward()
      assert.near_all({ { 1 } }, x.grad, 0)
      local deep = nn.ReLU()
      for _ = 1, 1000 do deep = nn.Sequential():add(deep) end
      assert.near_all({ { 1 } }, deep(x), 0)
      assert.equal(1001, #deep:namedModules())
   end)
end)

describe('a step', function()
   it('of an operation without hooks does not meet any', function()
      local net = chain()
      local y = ops.relu(net(lacuna.ones(1, 1)))
      assert.is_nil(y.node.watched)
      assert.is_nil(net.forwardHooks)
   end)
end)
