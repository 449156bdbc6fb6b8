local lacuna = require 'lacuna'

local ops = lacuna.ops
local function isReleased(t) return tostring(t) == 'Tensor (released)' end

describe('lacuna.scope', function()
   it('releases what was made in it, and gives back what is returned', function()
      local made
      local a, b, word = lacuna.scope(function(k)
         made = lacuna.ones(2) * k
         return made + 1, nil, 'word'
      end, 3)
      assert.near_all({ 4, 4 }, a, 0)
      assert.is_nil(b)
      assert.equal('word', word)
      assert.is_true(isReleased(made))
   end)

   it('frees memory at once', function()
      local before = lacuna.memory(lacuna.device()).live
      lacuna.scope(function()
         local x = lacuna.zeros(100, 1000):requireGrad()
         local y = x
         for _ = 1, 10 do y = ops.tanh(y) * y end
         assert.is_true(lacuna.memory(lacuna.device()).live - before > 4e6)
         y:sum():backward()
      end)
      -- all but the gradient, which keeps itself
      assert.is_true(lacuna.memory(lacuna.device()).live - before < 1e6)
   end)

   it('releases after an error too, which passes through as it was', function()
      local made
      local thrown = {}
      local ok, message = pcall(lacuna.scope, function()
         made = lacuna.ones(2)
         error(thrown)
      end)
      assert.is_false(ok)
      assert.equal(thrown, message)
      assert.is_true(isReleased(made))
      assert.fails('add: shapes are 2 and 3', lacuna.scope, function()
         return lacuna.ones(2) + lacuna.ones(3)
      end)
   end)

   it('looks for what is returned through tables, however deep and round', function()
      local result = lacuna.scope(function()
         local inner = { lacuna.tensor { 1 }, more = { { lacuna.tensor { 2 } } } }
         inner.self = inner
         local chain = {}
         local last = chain
         for _ = 1, 30000 do
            last.next = {}
            last = last.next
         end
         last.tensor = lacuna.tensor { 3 }
         return { inner = inner, [lacuna.tensor { 4 }] = true, chain = chain }
      end)
      local last = result.chain
      while last.next do last = last.next end
      assert.near_all({ 1 }, result.inner[1], 0)
      assert.near_all({ 2 }, result.inner.more[1][1], 0)
      assert.near_all({ 3 }, last.tensor, 0)
      for key in pairs(result) do
         if type(key) ~= 'string' then assert.near_all({ 4 }, key, 0) end
      end
   end)

   it('keeps gradients, and the graph of what is returned', function()
      local w = lacuna.tensor({ 2, 3 }, { requiresGrad = true })
      lacuna.scope(function() ops.square(w):sum():backward() end)
      assert.near_all({ 4, 6 }, w.grad, 0)
      lacuna.scope(function() ops.square(w):sum():backward() end)
      assert.near_all({ 8, 12 }, w.grad, 0)
      local loss = lacuna.scope(function() return ops.square(w * 2):sum() end)
      w:zeroGrad()
      loss:backward()
      assert.near_all({ 16, 24 }, w.grad, 0)
      local leaf = lacuna.scope(function()
         local inside = lacuna.ones(1):requireGrad()
         inside:backward(lacuna.tensor { 5 })
         return inside
      end)
      assert.near_all({ 5 }, leaf.grad, 0)
   end)

   it('leaves what was made outside, and what is kept', function()
      local outside, kept = lacuna.tensor { 1 }, nil
      lacuna.scope(function()
         kept = lacuna.keep(outside * 2)
         assert.equal(kept, kept:keep())
         return nil
      end)
      assert.near_all({ 1, 2 }, { outside:item(), kept:item() }, 0)
      assert.fails('keep: the number 3, expected a tensor', lacuna.keep, 3)
      assert.fails('keep: nil', lacuna.keep)
      assert.fails('keep: a table', lacuna.keep, {})
   end)

   it('nests: what leaves the inner one belongs to the outer one', function()
      local inner, outer
      local result = lacuna.scope(function()
         outer = lacuna.scope(function()
            inner = lacuna.ones(1)
            return inner + 1
         end)
         assert.is_true(isReleased(inner))
         assert.is_false(isReleased(outer))
         return outer * 2
      end)
      assert.is_true(isReleased(outer))
      assert.near_all({ 4 }, result, 0)
   end)

   it('is of one coroutine', function()
      local mine, theirs, after
      local co = coroutine.create(function()
         lacuna.scope(function()
            theirs = lacuna.ones(1)
            coroutine.yield()
            after = lacuna.ones(1)
         end)
      end)
      lacuna.scope(function()
         mine = lacuna.ones(1)
         coroutine.resume(co)
      end)
      assert.is_true(isReleased(mine))
      assert.is_false(isReleased(theirs))
      local between = lacuna.ones(1)
      coroutine.resume(co)
      assert.is_true(isReleased(theirs))
      assert.is_true(isReleased(after))
      assert.is_false(isReleased(between))
   end)

   it('does not release twice, nor trip over what was released inside', function()
      lacuna.scope(function()
         local x = lacuna.ones(2)
         x:release()
         return x
      end)
      local x = lacuna.scope(function() return lacuna.ones(2), lacuna.ones(1) end)
      assert.near_all({ 1, 1 }, x, 0)
   end)

   it('leaves the gradient to what it returns', function()
      local given = lacuna.scope(function()
         local inner = lacuna.ones(2)
         inner.grad = lacuna.full(3, 2)
         return { inner }
      end)
      assert.near_all({ 3, 3 }, given[1].grad)
   end)

   it('keeps nothing from the collector', function()
      local before = lacuna.memory(lacuna.device()).peak
      lacuna.scope(function()
         for _ = 1, 600 do lacuna.zeros(1000, 1000) end
      end)
      assert.is_true(lacuna.memory(lacuna.device()).peak - before < 1e9)
   end)

   it('releases sites and rulebooks', function()
      local sites, book
      lacuna.scope(function()
         sites = lacuna.Sites.new { { 1, 0, 0 }, { 1, 0, 1 } }
         book = sites:submanifold(3)
      end)
      assert.is_nil(sites.handle)
      assert.is_nil(book.handle)
   end)

   it('wants a function', function()
      assert.fails('scope: nil, expected a function', lacuna.scope)
      assert.fails('scope: a Tensor, expected a function', lacuna.scope, lacuna.ones(1))
      local callable = setmetatable({}, { __call = function(_, k) return k + 1 end })
      assert.equal(3, lacuna.scope(callable, 2))
   end)
end)
