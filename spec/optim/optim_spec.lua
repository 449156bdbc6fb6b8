local lacuna = require 'lacuna'
local nn, optim = lacuna.nn, lacuna.optim

-- Takes steps on f(w) = w²/2 summed, whose gradient is w.
local function walk(make, options, steps)
   local w = lacuna.tensor({ 1, -2 }, { requiresGrad = true })
   local opt = make({ w }, options)
   for _ = 1, steps do
      opt:zeroGrad();
      (w * w * 0.5):sum():backward()
      opt:step()
   end
   return w, opt
end

-- The same in numbers: rule(w, g, state) gives the new w.
local function check(make, options, steps, rule)
   local w = walk(make, options, steps)
   local expected = {}
   for i, v in ipairs { 1, -2 } do
      local state = {}
      for step = 1, steps do v = rule(v, v, state, step) end
      expected[i] = v
   end
   assert.near_all(expected, w, 1e-5)
end

describe('optim', function()
   it('SGD follows the gradient', function()
      check(optim.SGD, { lr = 0.1 }, 3, function(w, g) return w - 0.1 * g end)
   end)

   it('SGD with momentum, dampening and weight decay', function()
      check(optim.SGD, { lr = 0.1, momentum = 0.9, dampening = 0.5, weightDecay = 0.01 }, 4,
         function(w, g, s)
            g = g + 0.01 * w
            s.v = s.v and 0.9 * s.v + 0.5 * g or g
            return w - 0.1 * s.v
         end)
   end)

   it('SGD with Nesterov\'s look ahead', function()
      check(optim.SGD, { lr = 0.1, momentum = 0.9, nesterov = true }, 4, function(w, g, s)
         s.v = 0.9 * (s.v or 0) + g
         return w - 0.1 * (g + 0.9 * s.v)
      end)
      assert.fails('expected a momentum and no dampening', optim.SGD,
         { lacuna.ones(1, { requiresGrad = true }) }, { nesterov = true })
   end)

   it('ClassicSGD as the classic library', function()
      check(optim.ClassicSGD, { lr = 0.5, momentum = 0.9 }, 4, function(w, g, s)
         local v = s.v or 0
         s.v = 0.9 * v - 0.5 * 0.1 * g
         return w - 0.9 * v + 1.9 * s.v
      end)
   end)

   local function adam(w, g, s, step, lr)
      s.m = 0.9 * (s.m or 0) + 0.1 * g
      s.q = 0.999 * (s.q or 0) + 0.001 * g * g
      return w - lr * (s.m / (1 - 0.9 ^ step)) / (math.sqrt(s.q / (1 - 0.999 ^ step)) + 1e-8)
   end

   it('Adam, with decay in the gradient', function()
      check(optim.Adam, { lr = 0.1, weightDecay = 0.1 }, 4, function(w, g, s, step)
         return adam(w, g + 0.1 * w, s, step, 0.1)
      end)
   end)

   it('AdamW, with decay of its own', function()
      check(optim.AdamW, { lr = 0.1, weightDecay = 0.1 }, 4, function(w, g, s, step)
         return adam(w * (1 - 0.01), g, s, step, 0.1)
      end)
   end)

   it('goes on as if nothing had happened after its state was carried over', function()
      for _, name in ipairs { 'SGD', 'ClassicSGD', 'Adam', 'AdamW' } do
         local options = { lr = 0.05 }
         if name == 'SGD' then options.momentum = 0.9 end
         local w, opt = walk(optim[name], options, 3)
         local w2 = w:clone():requireGrad()
         local other = optim[name]({ w2 }, options):loadStateDict(opt:stateDict())
         for _, pair in ipairs { { w, opt }, { w2, other } } do
            pair[2]:zeroGrad();
            (pair[1] * pair[1] * 0.5):sum():backward()
            pair[2]:step()
         end
         assert.near_all(w, w2, 0)
      end
   end)

   it('leaves parameters without a gradient alone', function()
      local a, b = lacuna.ones(2, { requiresGrad = true }), lacuna.ones(2, { requiresGrad = true })
      local opt = optim.Adam({ a, b }, { lr = 0.1 })
      a:sum():backward()
      opt:step()
      assert.near_all({ 1, 1 }, b, 0)
      assert.near_all({ 0.9, 0.9 }, a, 1e-6)
   end)

   it('Adam corrects by the updates of each parameter, so a frozen one starts anew', function()
      for _, make in ipairs { optim.Adam, optim.AdamW } do
         local a, b = lacuna.ones(1, { requiresGrad = true }), lacuna.zeros(1):requireGrad()
         local opt = make({ a, b }, { lr = 0.1 })
         for _ = 1, 20 do
            opt:zeroGrad()
            a:sum():backward()
            opt:step()
         end
         opt = make({ a, b }, { lr = 0.1 }):loadStateDict(opt:stateDict())
         opt:zeroGrad();
         (a + b):sum():backward()
         opt:step()
         assert.near_all({ -0.1 }, b, 1e-6)  -- the first step of Adam is lr long
         assert.same({ 21, 1 }, opt.updates)
         opt:setParameters { b, a }
         assert.same({ 1, 21 }, opt.updates)
      end
   end)

   it('refuses a state of another number of parameters', function()
      local function one() return lacuna.ones(1, { requiresGrad = true }) end
      local small, large = optim.Adam { one() }, optim.Adam { one(), one() }
      assert.fails('optim.Adam: the state is of 1 parameters, expected 2 as here',
         large.loadStateDict, large, small:stateDict())
      assert.same({ 3 }, small:loadStateDict({ state = {}, steps = 3 }).updates)
   end)

   it('follows parameters to another device', function()
      local w = lacuna.ones(1, { requiresGrad = true, device = 'cpu' })
      local opt = optim.SGD({ w }, { lr = 1, momentum = 0.5 })
      for _, device in ipairs { 'cpu', 'shadow' } do
         w:moveTo(device)
         opt:zeroGrad()
         w:sum():backward()
         opt:step()
      end
      assert.near_all({ -1.5 }, w, 0)  -- 1 - 1 - (0.5 + 1)
   end)

   it('schedules rates by the epoch', function()
      local step = optim.schedule.step { lr = 1, decay = 0.5, every = 2 }
      assert.same({ 1, 1, 0.5, 0.5, 0.25 }, { step(1), step(2), step(3), step(4), step(5) })
      local exponential = optim.schedule.exponential { lr = 2, decay = 0.5 }
      assert.is_true(math.abs(exponential(3) - 2 * math.exp(-1)) < 1e-12)
      local cosine = optim.schedule.cosine { lr = 1, epochs = 4, last = 0.2 }
      assert.is_true(math.abs(cosine(1) - 1) < 1e-12 and math.abs(cosine(3) - 0.6) < 1e-12
         and math.abs(cosine(5) - 0.2) < 1e-12)
      local warm = optim.schedule.cosine { lr = 1, epochs = 5, warmup = 1 }
      assert.same({ 0.5, 1 }, { warm(1), warm(2) })
      assert.fails('option deacy is unknown', optim.schedule.step, { deacy = 1 })
      assert.fails('every is 0, expected more than 0', optim.schedule.step, { every = 0 })
      assert.fails('schedule: epoch is 0, expected 1 or more', step, 0)  -- would be twice the rate
   end)

   it('clips gradients by their common length or one by one', function()
      local a, b = lacuna.ones(1, { requiresGrad = true }), lacuna.ones(1, { requiresGrad = true })
      local function gradients()
         a:zeroGrad() b:zeroGrad();
         (a * 3 + b * 4):sum():backward()
      end
      gradients()
      assert.equal(5, optim.clip.norm({ a, b }, 1))
      assert.near_all({ 0.6 }, a.grad, 1e-6)
      assert.near_all({ 0.8 }, b.grad, 1e-6)
      gradients()
      assert.equal(5, optim.clip.norm({ a, b }, 10))
      assert.near_all({ 3 }, a.grad, 0)
      optim.clip.value({ a, b }, 3.5)
      assert.near_all({ 3.5 }, b.grad, 0)
      assert.near(math.sqrt(9 + 3.5 ^ 2), optim.clip.norm({ a, b }, 0), 1e-6)
      assert.near_all({ 0 }, b.grad, 0)
      gradients()
      optim.clip.value({ a, b }, 0)
      assert.near_all({ 0 }, a.grad, 0)
      assert.fails('clip: limit is %-1, expected 0 or more', optim.clip.norm, { a }, -1)
      assert.fails('clip: limit is %-1, expected 0 or more', optim.clip.value, { a }, -1)
   end)

   it('refuses what it cannot optimise', function()
      assert.fails('parameters are a Tensor', optim.SGD, lacuna.ones(2))
      assert.fails('parameter 1 does not require a gradient', optim.SGD, { lacuna.ones(2) })
      local w = lacuna.ones(1, { requiresGrad = true })
      for came, parameters in pairs { ['are a nn.Linear'] = nn.Linear(1, 1),
         ['are a table with the key %a+'] = nn.Linear(1, 1):stateDict(),
         ['are an empty table'] = {}, ['are a table with the key 1.5'] = { w, [1.5] = w } } do
         local sentence = 'parameters ' .. came .. ', expected a list of tensors'
         assert.fails(sentence .. ', as net:parameters%(%) gives', optim.SGD, parameters)
         assert.fails(sentence, optim.SGD({ w }).setParameters, optim.SGD { w }, parameters)
         if next(parameters) then
            assert.fails(sentence, optim.clip.norm, parameters, 1)
            assert.fails('xs ' .. came, lacuna.grad, w:sum(), parameters)
         end
      end
      assert.fails('lr is the string "fast"', optim.Adam, { w }, { lr = 'fast' })
      assert.fails('lr is the number %-1, expected a number of at least 0', optim.Adam, { w },
         { lr = -1 })
      local opt = optim.SGD({ w }, { lr = 1 })
      opt.options.lr = 'x'
      assert.fails('lr is the string "x", expected a number', opt.step, opt)
      assert.equal(0, opt.steps)
      assert.fails('there is no Adamm', function() return optim.Adamm end)
   end)
end)
