local lacuna = require 'lacuna'
local scope = require 'lacuna.scope'

local nn, ops = lacuna.nn, lacuna.ops

-- What is left of a call that ended early: by an error, a yield, a coroutine nobody resumes.
describe('recording and scopes', function()
   local function leaf() return lacuna.ones(2, 2):requireGrad() end
   local function records()
      local x = leaf()
      return (x * 2).requiresGrad
   end

   it('are those of the coroutine, across yields', function()
      local inside = coroutine.wrap(function()
         lacuna.noGrad(function()
            coroutine.yield(records())
            coroutine.yield(records())
         end)
         return records()
      end)
      assert.is_false(inside())
      assert.is_true(records())
      lacuna.noGrad(function()
         assert.is_false(inside())
         assert.is_true(inside())  -- its noGrad is over, ours is not its
      end)
      assert.is_true(records())
   end)

   it('in a coroutine that is abandoned touch nobody else', function()
      for _ = 1, 20 do
         local co = coroutine.wrap(function()
            lacuna.scope(function()
               lacuna.noGrad(function()
                  coroutine.yield(lacuna.ones(3))
               end)
            end)
         end)
         assert.near_all({ 1, 1, 1 }, co())
      end
      collectgarbage()
      assert.is_true(records())
      local kept = lacuna.ones(2)
      lacuna.scope(function() return lacuna.ones(2) + kept end)
      assert.near_all({ 1, 1 }, kept)
   end)

   it('yield out of a scope, which ends when it is resumed', function()
      local made
      local co = coroutine.wrap(function()
         lacuna.scope(function()
            made = lacuna.ones(2)
            coroutine.yield()
            made = made + 1
         end)
      end)
      co()
      local outside = lacuna.ones(2)
      assert.near_all({ 1, 1 }, made)
      co()
      assert.fails('released', made.toFlat, made)
      assert.near_all({ 1, 1 }, outside)
   end)

   it('run backward in a coroutine, and between others', function()
      local x = leaf()
      local y = ops.square(x):sum()
      local co = coroutine.wrap(function()
         local z = ops.square(x):sum()
         coroutine.yield()
         z:backward()
      end)
      co()
      y:backward()
      co()
      assert.near_all({ 4, 4, 4, 4 }, x.grad)
      x:release()
   end)

   it('survive errors in operations of Lua, forward and backward', function()
      local x = leaf()
      local function broken(where)
         return lacuna.autograd.apply('broken', function(_, a)
            if where == 'forward' then error 'mine' end
            return a * 2
         end, function(_, dy)
            if where == 'backward' then error 'mine' end
            if where == 'shape' then return lacuna.ones(7) end
            if where == 'yield' then return coroutine.yield() end
            if where == 'release' then dy:release() end
            return dy
         end, x)
      end
      assert.has_error(function() broken 'forward' end)
      assert.is_true(scope.recording())
      for _, where in ipairs { 'backward', 'shape', 'yield', 'release' } do
         local y = broken(where):sum()
         pcall(y.backward, y)
         assert.is_true(scope.recording())
      end
      x:zeroGrad()
      broken():sum():backward()
      assert.near_all({ 1, 1, 1, 1 }, x.grad)
      x:release()
   end)

   it('survive errors in hooks', function()
      local net = nn.Sequential():add(nn.Linear(2, 2)):add(nn.ReLU())
      local x = leaf()
      for _, name in ipairs { 'registerForwardPreHook', 'registerForwardHook',
         'registerBackwardHook' } do
         local handle = net:get(1)[name](net:get(1), function() error 'mine' end)
         local ok, why = pcall(function() net(x):sum():backward() end)
         assert.is_false(ok)
         assert.matches('mine', why)
         assert.is_true(scope.recording())
         handle:remove()
      end
      net:zeroGrad()
      x:zeroGrad()
      net(x):sum():backward()
      assert.is_not_nil(net:get(1).weight.grad)
   end)

   describe('of a hook that yields', function()
      -- Hangs on a hook that yields the first time it runs, and counts.
      local function yielding(register)
         local count = 0
         register(function()
            count = count + 1
            if count == 1 then coroutine.yield() end
         end)
         return function() return count end
      end

      it('leave the hook to everybody else', function()
         local net, x = nn.Linear(2, 2), leaf()
         local y = ops.square(x):sum()
         for _, case in ipairs {
            { function(f) net:registerForwardPreHook(f) end, function() net(x) end },
            { function(f) net:registerForwardHook(f) end, function() net(x) end },
            { function(f) net:registerBackwardHook(f) end,
               function() net(x):sum():backward() end },
            { function(f) x:registerHook(f) end,
               function() y:backward(nil, { retainGraph = true }) end },
         } do
            local count = yielding(case[1])
            local co = coroutine.create(case[2])
            assert(coroutine.resume(co))
            assert.equal('suspended', coroutine.status(co))
            for _ = 1, 5 do case[2]() end
            assert(coroutine.resume(coroutine.create(case[2])))
            assert.equal(7, count())
            -- the one that waited goes on, and then is as any other
            assert(coroutine.resume(co))
            assert.equal('dead', coroutine.status(co))
            case[2]()
            assert.equal(8, count())
         end
      end)

      it('keep no coroutine that nobody resumes', function()
         local net, x, alive = nn.Linear(2, 2), leaf(), setmetatable({}, { __mode = 'k' })
         yielding(function(f) net:registerForwardHook(f) end)
         local function abandon()
            local co = coroutine.create(function() net(x) end)
            assert(coroutine.resume(co))
            alive[co] = true
         end
         abandon()
         collectgarbage()
         collectgarbage()
         assert.is_nil((next(alive)))
         net(x)
      end)

      it('do not let it run within itself, by way of another coroutine', function()
         local net, x, count = nn.Linear(2, 2), leaf(), 0
         net:registerForwardHook(function()
            count = count + 1
            if count < 9 then coroutine.wrap(function() net(x) end)() end
         end)
         net(x)
         coroutine.wrap(function() net(x) end)()
         assert.equal(2, count)
      end)
   end)

   it('say so where a tensor was released', function()
      local x = leaf()
      local y = x * 2
      x:release()
      assert.fails('affine: input is a tensor that was released', function() return x * 2 end)
      assert.near_all({ 2, 2, 2, 2 }, y)
      pcall(y.backward, y, lacuna.ones(2, 2))
      local sparse = lacuna.SparseTensor.new({ { 1, 0 } }, { { 1 } })
      sparse.sites:release()
      assert.fails('sites were released', nn.SubmanifoldConvolution(1, 1, 1, 3).forward,
         nn.SubmanifoldConvolution(1, 1, 1, 3), sparse)
      sparse.features:release()
      assert.fails('released', ops.relu, sparse.features)
   end)

   it('stand the collector at its most eager, and no compiler', function()
      local pause, multiplier = collectgarbage('setpause', 1), collectgarbage('setstepmul', 1000)
      jit.off()
      jit.flush()
      local x, sum = leaf(), 0
      for i = 1, 200 do
         local y = ops.square(x * i):sum()
         y:backward()
         sum = sum + y:item()
         x:zeroGrad()
      end
      jit.on()
      collectgarbage('setpause', pause)
      collectgarbage('setstepmul', multiplier)
      assert.equal(4 * 200 * 201 * 401 / 6, sum)
      x:release()
   end)
end)
