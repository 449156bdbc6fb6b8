local lacuna = require 'lacuna'

local ops = lacuna.ops
local function leaf(values) return lacuna.tensor(values, { requiresGrad = true }) end

describe('ops.define', function()
   local defined = {}
   local function define(name, rules)
      defined[#defined + 1] = name
      return ops.define(name, rules)
   end
   after_each(function()
      for _, name in ipairs(defined) do ops[name] = nil end
      defined = {}
   end)

   it('adds an operation with a rule of its own', function()
      define('double', { forward = function(context, x, k)
         context.k = k
         return x * (2 * k)
      end, backward = function(context, dy) return dy * (2 * context.k) end })
      local x = leaf { 1, 2 }
      local y = ops.double(x, 3)
      y:backward(lacuna.tensor { 1, 10 })
      assert.near_all({ 6, 12 }, y, 0)
      assert.near_all({ 6, 60 }, x.grad, 0)
      assert.near_all({ 4 }, ops.double(lacuna.tensor { 2 }, 1), 0)
   end)

   it('gives a rule of operations gradients of gradients', function()
      define('cube', { forward = function(context, x)
         context:save(x)
         return x * x * x
      end, backward = function(context, dy)
         local x = context:unsave()
         return dy * x * x * 3
      end })
      local x = leaf { 2 }
      local g = lacuna.grad(ops.cube(x), { x }, { createGraph = true })[1]
      g:backward()
      assert.near_all({ 12 }, x.grad, 0)
   end)

   it('takes several results, and zeros for those that nothing came from', function()
      local met
      define('split', { forward = function(_, x) return x * 1, x * 2, 'word', x:int() end,
         backward = function(_, da, db, word, whole)
            met = { da:toTable(), db:toTable(), word, whole }
            return da + db * 2
         end })
      local x = leaf { 1, 2 }
      local a, b, word, whole = ops.split(x)
      assert.equal('word', word)
      assert.is_false(whole.requiresGrad)
      a:backward(lacuna.tensor { 3, 4 }, { retainGraph = true })
      assert.same({ { 3, 4 }, { 0, 0 } }, met)
      b:backward(lacuna.tensor { 5, 6 }, { retainGraph = true })
      assert.same({ { 0, 0 }, { 5, 6 } }, met)
      assert.near_all({ 13, 16 }, x.grad, 0)
      x:zeroGrad()
      ops.add(a, b):sum():backward()
      assert.near_all({ 3, 3 }, x.grad, 0)
   end)

   it('lets a rule give one tensor to two inputs, or what it saved', function()
      define('twin', { forward = function(_, a, b) return a + b end,
         backward = function(_, dy) return dy, dy end })
      local x = leaf { 1 }
      ops.twin(x, x * 1):backward()
      assert.near_all({ 2 }, x.grad, 0)

      define('echo', { forward = function(context, a, slope)
         context:save(slope)
         return (a * slope):sum()
      end, backward = function(context) return (context:unsave()) end })
      local a, slope = leaf { 1, 1 }, lacuna.tensor { 3, 5 }
      local g = lacuna.grad(ops.echo(a, slope), { a })[1]
      assert.near_all({ 3, 5 }, g, 0)
      ops.echo(a * 2, slope):backward()
      assert.near_all({ 6, 10 }, a.grad, 0)
      assert.near_all({ 3, 5 }, slope, 0)
   end)

   it('gives results that are inputs a history of their own', function()
      define('same', { forward = function(_, x) return x end,
         backward = function(_, dy) return dy * 7 end })
      local x = leaf { 1 }
      local y = ops.same(x)
      assert.is_true(y ~= x)
      y:backward()
      assert.near_all({ 7 }, x.grad, 0)
      assert.is_nil(x.node)
   end)

   it('marks results as constant', function()
      define('step', { forward = function(context, x)
         context:markConstant(1)
         return x:gt(0) * 1
      end, backward = function() error('never') end })
      assert.is_false(ops.step(leaf { 1 }).requiresGrad)
   end)

   it('hands over contexts that forget when nothing is recorded', function()
      local contexts = {}
      define('note', { forward = function(context, x)
         contexts[#contexts + 1] = context
         context.mine = #contexts
         context:save(x)
         local inner = #contexts < 2 and ops.note(x) or x
         assert.is_true(context.mine == 1 or inner == x)
         return x * 1
      end })
      ops.note(lacuna.ones(1))
      assert.equal(2, #contexts)
      assert.equal(1, contexts[1].mine)
   end)

   it('says what a rule did wrong', function()
      local gives
      define('wrong', { forward = function(_, x) return x * 1 end,
         backward = function() return gives end })
      local x = leaf { { 1, 2 } }
      local function try(value)
         gives = value
         return function() ops.wrong(x):backward(lacuna.ones(1, 2)) end
      end
      assert.fails('wrong: the rule gave 2 for input 1, expected 1x2', try(lacuna.ones(2)))
      assert.fails('wrong: the rule gave a scalar for input 1, expected 1x2', try(lacuna.ones()))
      assert.fails('wrong: the rule gave the number 3 for input 1, expected 1x2', try(3))
      assert.fails('wrong: the rule gave int32 on %l+ for input 1, expected float32 on %l+',
         try(lacuna.ones(1, 2, { dtype = 'int32' })))
      local other = lacuna.device() == 'cpu' and 'shadow' or 'cpu'
      assert.fails('wrong: the rule gave float32 on %l+ for input 1, expected float32 on %l+',
         try(lacuna.ones(1, 2, { device = other })))
      try(nil)()
      define('many', { forward = function(context, a)
         context.inputs, context.outputs, context.constant, context.count = {}, 3, { 1 }, 7
         return a * 1
      end, backward = function(_, dy) return dy, dy, nil end })
      assert.fails('many: the rule gave 3 gradients, expected at most 1', function()
         ops.many(x):backward(lacuna.ones(1, 2))
      end)
      assert.is_nil(x.grad)
   end)

   it('says that an operation has no gradient', function()
      define('blind', { forward = function(_, x) return x * 1 end })
      local y = ops.blind(leaf { 1 })
      assert.fails('backward: blind has no gradient', y.backward, y)
   end)

   it('says what is wrong with its arguments', function()
      local f = function() end
      assert.fails('define: name is nil, expected a string', ops.define)
      assert.fails('define: ops.exp exists already', ops.define, 'exp', { forward = f })
      assert.fails('define: forward is nil, expected a function', ops.define, 'new', {})
      assert.fails('define: backward is true, expected a function', ops.define, 'new',
         { forward = f, backward = true })
      assert.fails('define: option gradient is unknown', ops.define, 'new',
         { forward = f, gradient = f })
      assert.is_nil(ops.new)
   end)

   it('says what is wrong with what a rule keeps', function()
      local node
      local function run(f)
         return function()
            lacuna.autograd.apply('mine', function(context, x)
               node = context
               f(context)
               return x + 1
            end, function(_, dy) return dy end, lacuna.ones(1, { requiresGrad = true }))
         end
      end
      assert.fails('^%S+ hold: the number 5, expected an object with remember%(%) and release',
         run(function(context) context:hold(5) end))
      assert.fails('^%S+ markConstant: output is nil, expected a whole number of at least 1$',
         run(function(context) context:markConstant(nil) end))
      assert.fails('^%S+ save: self is nil, expected a autograd.Node', run(function(context)
         context.save(nil)
      end))
      assert.fails('unsave: self is a Tensor', node.unsave, lacuna.ones(1))
   end)
end)
