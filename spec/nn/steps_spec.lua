--- Going through a network step by step: activations, parts, layers swapped and frozen, and what a
-- summary tells.
local class = require 'lacuna.class'
local lacuna = require 'lacuna'
local nn, optim = lacuna.nn, lacuna.optim
local small = require 'spec.support.small'
local sparse, chain, leaf, usable = small.sparse, small.chain, small.leaf, small.usable

describe('activations', function()
   it('are found by path, containers included', function()
      local net = nn.Sequential():add(nn.Sequential():add(nn.Linear(1, 2)):add(nn.ReLU()))
         :add(nn.Linear(2, 1))
      local acts, y = net:activations(lacuna.ones(1, 1))
      local paths = {}
      for i, entry in ipairs(acts) do paths[i] = entry[1] end
      assert.same({ '1.1', '1.2', '1', '2', '' }, paths)
      assert.equal(acts[2][3], acts['1.2'])
      assert.equal(acts['1.2'], acts['1'])
      assert.equal(y, acts[''])
      assert.equal(net:get '1.2', acts[2][2])
      assert.matches('1%.2 +nn%.ReLU +1x2\n', tostring(acts))
   end)

   it('of a module that runs again have paths of their own', function()
      local shared = nn.Linear(1, 1)
      local acts = nn.Sequential():add(shared):add(nn.ReLU()):add(shared)
         :activations(lacuna.ones(1, 1))
      assert.same({ '1', '2', '3', '' }, { acts[1][1], acts[2][1], acts[3][1], acts[4][1] })
      local Twice = require 'lacuna.class' ('Twice', nn.Sequential)
      function Twice:forward(x) return self:get(1)(self:get(1)(x)) end
      acts = Twice(nn.ReLU()):activations(lacuna.ones(1))
      assert.same({ '1', '1#2', '' }, { acts[1][1], acts[2][1], acts[3][1] })
   end)

   it('have gradients, and none without recording', function()
      local net = chain()
      local acts, y = net:activations(lacuna.tensor { { 1 } })
      assert.near_all({ { 3 } }, lacuna.grad(y, { acts['2'] })[1], 0)
      local list = lacuna.noGrad(function() return (net:activations(lacuna.tensor { { 1 } })) end)
      assert.is_false(list['2'].requiresGrad)
   end)

   it('stop after an error, also when they are gathered within others', function()
      local net, inner = chain(), chain()
      local handle = net:get(2):registerForwardHook(function()
         local acts = inner:activations(lacuna.ones(1, 1))
         assert.equal(4, #acts)
         assert.fails('input is 1x2', inner.activations, inner, lacuna.ones(1, 2))
      end)
      assert.equal(4 + 4, #net:activations(lacuna.ones(1, 1)))
      handle:remove()
      assert.fails('Linear: input is 1x2, expected n x 1', net.activations, net, lacuna.ones(1, 2))
      usable(net)
   end)

   it('are not given to another coroutine', function()
      local net, other = chain(), chain()
      local co = coroutine.create(function() return net:activations(lacuna.ones(1, 1)) end)
      net:get(2):registerForwardHook(function() coroutine.yield() end)
      assert(coroutine.resume(co))
      other(lacuna.ones(1, 1))
      local _, acts = assert(coroutine.resume(co))
      assert.equal(4, #acts)
   end)
end)

describe('a layer in place', function()
   it('is got, swapped, put in and taken out', function()
      local net = chain()
      local relu, tanh = net:get(2), nn.Tanh()
      assert.equal(relu, net:get(-2))
      assert.equal(relu, net:get '2')
      assert.equal(tanh, net:set(2, tanh):get(2))
      assert.equal(net, net:insert(1, relu))
      assert.equal(tanh, net:get(3))
      assert.equal(relu, net:remove(1))
      net:insert(-1, relu)
      assert.same({ 4, relu }, { net:size(), net:get(-1) })
      assert.near_all({ { 3 * math.tanh(2) } }, net(lacuna.ones(1, 1)), 1e-6)
      local names = {}
      for name, module in net:children() do
         assert.equal(module, net:get(name))
         names[#names + 1] = name
      end
      assert.same({ '1', '2', '3', '4' }, names)
   end)

   it('leaves no name behind when it is taken out', function()
      local net = chain()
      net:remove(1)
      net:remove(1)
      assert.is_nil(rawget(net, '2'))
      assert.is_nil(rawget(net, '3'))
      assert.equal(net:get(1), rawget(net, '1'))
   end)

   it('is reached by its path in any module', function()
      local net = nn.Sequential():add(chain())
      local gone, new = net:get '1.3', nn.Linear(1, 4)
      assert.equal(net, net:replace('1.3', new))
      assert.equal(new, net:get(1):get(3))
      assert.equal(net, net:get '')
      for _, tensor in ipairs(net:parameters()) do assert.not_equal(gone.weight, tensor) end
      assert.same({ 1, 4 }, net(lacuna.ones(1, 1)):shape())
   end)

   it('is not where it cannot be', function()
      local net = chain()
      assert.fails('get: index is the number 4, expected a whole number from 1 to 3, or from %-3 '
         .. 'to %-1', function() net:get(4) end)
      assert.fails('get: index is the number 0', net.get, net, 0)
      assert.fails('remove: index is the number 1, expected a container with modules',
         nn.Sequential().remove, nn.Sequential(), 1)
      assert.fails('get: there is no module x in nn.Sequential, expected 1, 2, 3', net.get, net,
         'x')
      assert.fails('get: there is no module y in nn.Linear, expected a module with others inside',
         net.get, net, '1.y')
      assert.fails('set: index is the number 5', net.set, net, 5, nn.ReLU())
      assert.fails('2 is the number 7, expected a module', net.set, net, 2, 7)
      assert.fails('replace: path is the string "", expected that of a module inside', net.replace,
         net, '', nn.ReLU())
      assert.fails('4 holds this module itself', net.add, net, net)
      assert.fails('1 holds this module itself', net.insert, net, 1, nn.Sequential():add(net))
      assert.fails('slice: last is the number 9', net.slice, net, 1, 9)
      assert.fails('a name is "forward", which is a method', net.child, net, 'forward', nn.ReLU())
      assert.equal(3, net:size())
      usable(net)
   end)

   it('runs in a part of the network', function()
      local net = chain()
      assert.near_all({ { 2 } }, net:slice(1, 2)(lacuna.ones(1, 1)), 0)
      assert.near_all({ { 3 } }, net:slice(-1)(lacuna.ones(1, 1)), 0)
      assert.equal(net:get(3), net:slice(2):get(2))
      assert.same({ 0, 0, 0 }, { net:slice(2, 1):size(), net:slice(1, 0):size(),
         net:slice(4):size() })
      assert.near_all({ 1 }, nn.Sequential():slice()(lacuna.ones(1)), 0)
      local both = nn.ConcatTable():add(nn.Identity()):add(nn.ReLU()):add(nn.Tanh())
      assert.equal(2, #both:slice(2)(lacuna.ones(1)))
      assert.is_false(net:evaluate():slice(1, 2):isTraining())
   end)

   it('goes on training under the same optimiser after a swap', function()
      local net = chain()
      local opt = optim.Adam(net:parameters(), { lr = 0.1 })
      local function step()
         opt:zeroGrad()
         net(lacuna.ones(1, 1)):sum():backward()
         opt:step()
      end
      step()
      local mean = opt.state['mean.3']:toFlat()
      net:insert(1, nn.Linear(1, 1)):set(2, nn.Linear(1, 1)):set(3, nn.Tanh())
      opt:setParameters(net:parameters())
      assert.equal(6, #opt.parameters)
      assert.same(mean, opt.state['mean.5']:toFlat())
      assert.is_nil(opt.state['mean.3'])
      local before = net:get(1).weight:item()
      step()
      assert.not_equal(before, net:get(1).weight:item())
   end)

   it('is edited under noGrad, and by no other way that would lose a gradient', function()
      local net = chain()
      local w = net:get(1).weight
      lacuna.noGrad(function()
         w:mul(2)
         assert.near_all({ { 4 } }, w, 0)
         w[1][1] = 7
      end)
      assert.near_all({ { 21 } }, net(lacuna.ones(1, 1)), 0)
      assert.fails('assignment: in place on a tensor that requires a gradient, expected '
         .. 'lacuna.noGrad', function() w[1] = 5 end)
      local x = lacuna.ones(1, 1)
      for _, name in ipairs { 'add', 'sub', 'mul', 'div' } do
         assert.fails(name .. ': in place, and the gradient of the other is recorded', x[name], x,
            w)
      end
      assert.fails('axpy: in place, and the gradient of the other', x.axpy, x, 1, w)
      assert.fails('copy: in place, and the gradient of the source', x.copy, x, w)
      assert.fails('assignment: in place, and the gradient of the value', function()
         x[1] = w:view(1)
      end)
      assert.near_all({ { 8 } }, x:add(w:detach()), 0)
   end)
end)

describe('a frozen layer', function()
   local function learn(net, x)
      local opt = optim.SGD(net:parameters(), { lr = 0.1, weightDecay = 0.5 })
      net(x):sum():backward()
      opt:step()
   end

   it('keeps its state to the bit, and gradients pass through it', function()
      local net = nn.Sequential():add(nn.Linear(2, 2)):add(nn.BatchNormalization(2))
         :add(nn.Linear(2, 2))
      local x = leaf { { 1, 2 }, { 3, 5 } }
      net(x):sum():backward()
      net:get(1):freeze()
      net:get(2):freeze()
      assert.is_nil(net:get(1).weight.grad)
      assert.is_true(net:get(1):isFrozen())
      assert.is_false(net:isFrozen())
      local before = {}
      for path, tensor in pairs(net:stateDict()) do before[path] = tensor:toString() end
      learn(net, x)
      for path, tensor in pairs(net:stateDict()) do
         assert.equal(path:match '^3' == nil, before[path] == tensor:toString(), path)
      end
      net:unfreeze()
      learn(net, x)
      assert.not_equal(before['1.weight'], net:get(1).weight:toString())
      assert.not_equal(before['2.runningMean'], net:get(2).runningMean:toString())
   end)

   it('is told so with true and false alone', function()
      local net = chain()
      assert.fails('training: on is the string "no", expected true or false', net.training, net,
         'no')
      assert.fails('requireGrad: on is the number 0, expected true or false',
         net:get(1).weight.requireGrad, net:get(1).weight, 0)
      assert.is_false(net:training(false):isTraining())
   end)

   it('may be given to an optimiser, which leaves it alone until it learns again', function()
      local net = chain():freeze()
      local opt = optim.AdamW(net:parameters())
      net:unfreeze()
      net(lacuna.ones(1, 1)):sum():backward()
      net:get(1).weight:requireGrad(false) -- its gradient is still there
      opt:step()
      assert.near_all({ { 2 } }, net:get(1).weight, 0)
      assert.not_equal(3, net:get(3).weight:item())
   end)
end)

describe('an optimiser', function()
   it('refuses gradients and parameters that went wrong, before it changes any', function()
      local a, b = leaf { 1 }, leaf { 2 }
      local opt = optim.SGD({ a, b }, { lr = 1 });
      (a + b):backward()
      b.grad = lacuna.ones(3)
      assert.fails('step: the gradient of parameter 2 is 3 on %a+, expected 1 on', opt.step, opt)
      b.grad = 5
      assert.fails('step: the gradient of parameter 2 is the number 5, expected a tensor',
         opt.step, opt)
      b:release()
      assert.fails('step: parameter 2 is a tensor that was released, expected a live one',
         opt.step, opt)
      assert.near_all({ 1 }, a, 0)
      assert.equal(0, opt.steps)
   end)

   it('refuses parameters that cannot learn', function()
      local a = leaf { 1 }
      assert.fails('parameter 1 does not require a gradient, expected one that does', optim.SGD,
         { lacuna.ones(2) })
      assert.fails('parameter 2 is the result of mul, expected a tensor without history',
         optim.SGD, { a, a * a })
      assert.fails('parameter 2 is parameter 1 again, expected each once', optim.SGD, { a, a })
      local opt = optim.SGD { a }
      assert.fails('parameters are a Tensor', opt.setParameters, opt, a)
      assert.fails('lr is the number %-1, expected a number of at least 0', opt.rate, opt, -1)
      assert.fails('clip: limit is %-1, expected 0 or more', optim.clip.norm, { a }, -1)
   end)
end)

describe('a summary', function()
   it('takes what a class of a user says, or does not', function()
      local Mute = class('Mute', nn.Module)
      function Mute:describe() return self.words end
      local mute = Mute()
      assert.matches('\nMute\n', mute:summary())
      mute.words = 3
      assert.matches('\nMute%(3%)\n', mute:summary())
      local Unmade = class('Unmade', nn.Module)
      function Unmade.__init() end
      local unmade = Unmade()
      assert.equal('Unmade, which was not set up', tostring(unmade))
      assert.fails('Unmade: the module was not set up', unmade.summary, unmade)
   end)

   it('tells what each layer gave and cost', function()
      local net = nn.Sequential():add(nn.SubmanifoldConvolution(2, 1, 4, 3)):add(nn.ReLU())
         :add(nn.Sequential():add(nn.SparseToDense(2, 4)))
      assert.equal(table.concat({
         'layer                                            parameters',
         'nn.Sequential',
         '  (1) nn.SubmanifoldConvolution(1 -> 4, size 3)          40',
         '  (2) nn.ReLU',
         '  (3) nn.Sequential',
         '    (1) nn.SparseToDense',
         'in all                                                   40',
      }, '\n'), net:summary())
      net(sparse())
      local text = net:summary { time = false, depth = 1 }
      assert.matches('%(1%) nn.SubmanifoldConvolution%(1 %-> 4, size 3%) +3 sites x 4 +6 %% +40'
         .. ' +20\n', text)
      assert.matches('%(3%) nn.Sequential +2x4x5x5\n', text)
      assert.matches('in all +40 +20$', text)
      assert.is_nil(text:match 'SparseToDense')
      assert.matches('%d ms\n', net:summary())
      assert.is_true(net.last.seconds >= net:get(1).last.seconds and net.last.seconds > 0)
      assert.fails('option width is unknown', net.summary, net, { width = 3 })
   end)
end)
