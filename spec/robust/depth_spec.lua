local lacuna = require 'lacuna'

local nn, ops, Tensor = lacuna.nn, lacuna.ops, lacuna.Tensor

-- What nests, or is long, ends in a result or a sentence, never at the end of a stack.
describe('however deep or long:', function()
   local function nested(depth)
      local t = {}
      for _ = 1, depth do t = { t } end
      return t
   end

   it('nested tables are refused by their depth', function()
      local deep = nested(100000)
      assert.fails('tensor: values hold a table at depth 13', lacuna.tensor, deep)
      assert.fails('deeper than 100, or in a circle', lacuna.io.writeJson, '/dev/null/x', deep)
      assert.fails('transform', lacuna.mesh.transform, { deep })
      local circle = {}
      circle[1] = circle
      assert.fails('tensor: values hold a table at depth 13', lacuna.tensor, circle)
      assert.fails('deeper than 100, or in a circle', lacuna.io.writeJson, '/dev/null/x', circle)
      assert.fails('bytes: the value%[2%]%[1%] lies within itself', lacuna.data.remote, 'x', circle)
      assert.equal(circle, lacuna.scope(function() return circle end))
   end)

   it('deep JSON is refused, by reading too', function()
      local path = os.tmpname()
      local file = io.open(path, 'w')
      file:write(('['):rep(100000), (']'):rep(100000))
      file:close()
      local value, why = lacuna.io.readJson(path)
      assert.is_nil(value)
      assert.matches('^readJson: .*not JSON', why)
      os.remove(path)
   end)

   it('a graph of 100,000 nodes passes its gradient back, and is dropped', function()
      local n = os.getenv 'LACUNA_TEST_GC' == 'hard' and 5000 or 100000
      local x = lacuna.ones(1):requireGrad()
      local y = x
      for _ = 1, n do y = y + 1 end
      assert.near_all(n + 1, y)
      y:backward()
      assert.near_all({ 1 }, x.grad)
      y = x
      for _ = 1, n do y = y * 1 end  -- dropped without backward
      y = nil
      assert.is_nil(y)
      x:release()
   end)

   it('long strings are cut or refused', function()
      local long = ('x'):rep(1e7)
      assert.fails("device: 'x+', expected cpu", lacuna.device, long)
      assert.fails('tensor: dtype is the string "x+%.%.%."', lacuna.zeros, 1, { dtype = long })
      assert.is_nil((lacuna.io.readNpy(long)))
      assert.is_nil((lacuna.mesh.parse(long)))
      assert.fails('expected a number', lacuna.tensor, { long })
   end)

   it('a million coordinates make sites', function()
      local n = 1000000
      local coords = Tensor.full(1, n, 3, { dtype = 'int32', device = 'cpu' })
      local sites = lacuna.Sites.new(coords, {})
      assert.equal(1, sites.count)
      assert.equal(n, sites:pointRows():nElement())
      sites:release()
      coords:release()
      assert.near_all(n, ops.max((lacuna.permutation(n):float())))
   end)

   it('a container in itself is refused', function()
      local outer, inner = nn.Sequential(), nn.Sequential()
      assert.has_error(function() outer:add(outer) end)
      outer:add(inner)
      assert.has_error(function() inner:add(outer) end)
      assert.matches('nn.Sequential', tostring(outer))
      assert.equal(0, outer:parameterCount())
   end)

   it('a module forged into itself is an error, not an end', function()
      local net = nn.Sequential():add(nn.ReLU())
      net[net.childNames[1]] = net
      for _, name in ipairs { 'parameters', 'zeroGrad', 'training', '__tostring', 'stateDict' } do
         pcall(net[name], net)
      end
      pcall(net, lacuna.ones(2, 2))
      assert.near_all({ 2 }, lacuna.ones(1) + 1)
   end)
end)
