--- What a class guards: its methods are called on its objects.
local lacuna = require 'lacuna'
local nn, optim = lacuna.nn, lacuna.optim

describe('self', function()
   it('that is not an object of the class is refused in a sentence', function()
      assert.fails('forward: self is nil, expected a nn.ReLU; methods are called with a colon',
         nn.ReLU.forward, nil)
      assert.fails('forward: self is the number 5, expected a nn.ReLU', nn.ReLU.forward, 5)
      assert.fails('add: self is nil, expected a nn.Sequential', nn.Sequential.add)
      assert.fails('add: self is the class nn.Sequential', nn.Sequential.add, nn.Sequential,
         nn.ReLU())
      assert.fails('parameters: self is a Tensor, expected a nn.Module', nn.Linear.parameters,
         lacuna.ones(1))
      assert.fails('size: self is a nn.ReLU, expected a nn.Sequential', nn.Sequential.size,
         nn.ReLU())
      assert.fails('step: self is nil, expected a optim.Optimizer', optim.Adam.step)
      assert.fails('__init: self is nil, expected a nn.Linear', nn.Linear.__init)
      assert.equal(2, #nn.Linear.parameters(nn.Linear(1, 1)))
   end)

   it('reaches the method as it was written', function()
      local class = require 'lacuna.class'
      local Thing = class 'Thing'
      local function sum(self, a, b, ...) return self.x, a, b, select('#', ...) end
      function Thing:__init(x) self.x = x end
      Thing.sum = sum
      Thing.plain = function(x) return x end
      assert.same({ 1, 2, nil, 2 }, { Thing(1):sum(2, nil, nil, nil) })
      assert.equal(sum, class.original(Thing.sum))
      assert.equal(3, Thing.plain(3))
   end)

   it('without Module.__init is refused', function()
      local Layer = require 'lacuna.class' ('Layer', nn.Module)
      function Layer:__init() self:parameter('weight', lacuna.ones(1)) end
      assert.fails('Layer: the module was not set up, expected Module.__init%(self%) first',
         Layer)
   end)

   it('is made of a name, a class and a flag', function()
      local class = require 'lacuna.class'
      assert.fails('^%S+ class: name is nil, expected a string$', class)
      assert.fails('class: the parent of X is the number 1, expected a class', class, 'X', 1)
      assert.fails('class: the parent of X is a table, expected a class', class, 'X', {})
      assert.fails('class: careful is the number 1', class, 'X', nil, 1)
      local X = class 'X'
      assert.fails('^%S+ X: a field is nil, expected a name$', function() X[nil] = 1 end)
   end)
end)
