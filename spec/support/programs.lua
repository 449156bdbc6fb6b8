--- Small programs that call every operation of C at least once, for specs that look at all of them.
-- @module spec.support.programs
local lacuna = require 'lacuna'
local ops, Tensor = lacuna.ops, lacuna.Tensor

local programs = {}

--- The bytes of tensors and of their gradients.
-- @tparam Tensor ...
-- @treturn string
function programs.bytes(...)
   local words = {}
   for i = 1, select('#', ...) do
      local t = select(i, ...)
      words[#words + 1] = t:toString() .. (t.grad and t.grad:toString() or '')
   end
   return table.concat(words, '|')
end

local bytes = programs.bytes
local points = { { 1, 0, 0 }, { 1, 0, 1 }, { 1, 1, 1 }, { 2, 3, 3 } }

local x, y, v, index, first, sites

--- Makes the tensors that the programs work on.
-- @treturn Tensor two of 4 x 3 that gather gradients
-- @treturn Tensor
-- @treturn Sites of the four points
function programs.make()
   local function leaf(...) return lacuna.full(...):requireGrad() end
   x, y, v = leaf(1.5, 4, 3), leaf(0.5, 4, 3), leaf(2, 3)
   index = lacuna.tensor({ 4, 1, 1, 2 }, { dtype = 'int32' })
   first = lacuna.tensor({ 0, 1, 4 }, { dtype = 'int32' })
   sites = lacuna.Sites.new(points, { spatialSize = 4 })
   lacuna.seed(1)
   return x, y, sites
end

--- Frees them.
function programs.drop()
   for _, object in ipairs { x, y, v, index, first, sites } do object:release() end
   x, y, v, index, first, sites = nil, nil, nil, nil, nil, nil
end

--- Puts back what a program changes: gradients and the seed.
function programs.reset()
   for _, t in ipairs { x, y, v } do t:zeroGrad() end
   lacuna.seed(1)
end

-- A result, with the gradients of its sum.
local function backward(f)
   return function()
      programs.reset()
      local t = f()
      t:sum():backward()
      return bytes(t, x, y, v)
   end
end

--- The programs by name; each gives its results as a string, the same in every run.
programs.cases = {
   ['making tensors'] = function()
      return bytes(lacuna.zeros(2, 3), lacuna.full(1, 2, { dtype = 'int32' }),
         lacuna.tensor { { 1, 2 }, { 3, 4 } },
         Tensor.fromString('ab', { 2 }, { dtype = 'uint8' }), x:clone(), x:newLike():zero())
   end,
   ['views, indexing, printing'] = function()
      local t = x:clone():view(2, 6):rows(1, 1)
      t[1] = 1
      return bytes(t, t[1]) .. tostring(t) .. #x:toTable()
   end,
   ['moving between devices'] = backward(function()
      return x:to(lacuna.device() == 'cpu' and 'shadow' or 'cpu')
   end),
   ['in place'] = function()
      local t = lacuna.ones(4, 3)
      t:add(2):sub(x:detach()):mul(y:detach()):div(2):axpy(2, t:clone()):clamp(-9, 9)
      t:abs():sqrt():exp():log():pow(2):fill(3):copy(lacuna.ones(4, 3))
      return bytes(t)
   end,
   ['two tensors'] = backward(function()
      local t = ops.maximum(x, y:rows(1, 1)) + ops.minimum(x, 1) + x * y + x / (y + 1) - v
      return ops.where(x:gt(0), t, 0) * (x:lt(y) + x:le(y) + x:ge(y) + x:eq(y) + x:ne(y))
   end),
   ['shapes'] = backward(function()
      local part = ops.embed(x:narrow(2, 1, 2), { 4, 5 }, 2, 3)
      return ops.cat(2, part, y, x:t():view(4, 3), ops.concat({ x, y }, 2))
   end),
   ['dtypes'] = function() return bytes(x:int(), x:byte(), x:long(), x:int():float()) end,
   ['reductions'] = backward(function()
      return x:sum(1):sum() + x:max(2):mean() + x:min(1):sum() + ops.norm(x)
         + ops.logSoftmax(x):sum() + (ops.softmax(y) * y):sum()
         + ops.pick(x, { 1, 2, 3, 1 }):sum()
   end),
   ['matrix products'] = backward(function()
      return x:mm(y, { transposeB = true }) + ops.distances(x, y, 'cosine') + ops.distances(x, y)
   end),
   ['segments'] = backward(function()
      local top = ops.segmentMax(x, first) + ops.segmentMin(x, first) + ops.segmentNorm(x, first)
      return ops.segmentExpand(top + ops.segmentMean(x, first), first, 4)
   end),
   ['columns by argument'] = backward(function()
      return ops.takeColumns(x, lacuna.tensor({ { 0, 3, -1 } }, { dtype = 'int32' }))
   end),
   ['rows by index'] = backward(function()
      return ops.scatterAdd(ops.gather(x, index), index, 5)
   end),
   ['random numbers'] = function()
      programs.reset()
      return bytes(lacuna.zeros(3):uniform():normal(), lacuna.permutation(5))
         .. lacuna.Generator(1):uniform()
   end,
   ['normalisation'] = backward(function()
      local mean, variance = lacuna.noGrad(ops.statistics, x)
      return ops.normalizeRows(x, v, v, mean, variance, 1e-4, 0.1, true) * y
   end),
   ['dense grids'] = backward(function()
      return ops.fromDense(ops.toDense(x, sites, v), sites) + ops.toDense(x, sites):mean()
   end),
   ['sites, rulebooks, convolution, pooling'] = backward(function()
      local fresh = lacuna.Sites.new(points, {})
      local _, down = fresh:strided(2, 2)
      local w = lacuna.full(0.1, 9, 3, 2):requireGrad()
      local a = ops.conv(x, w, nil, fresh:submanifold(3)):sum()
      local b = ops.conv(x, lacuna.ones(4, 3, 2), lacuna.ones(2), down):sum()
      return a + b + (ops.maxPool(x, down) * ops.sumPool(y, down)):sum() + down:degrees():sum()
   end),
   ['what sites tell'] = function()
      local fresh = lacuna.Sites.new(lacuna.tensor(points, { dtype = 'int32' }), {
         spatialSize = 4 })
      local order, starts = fresh:pointOrder()
      local a, b = fresh:submanifold(3):read(5)
      return bytes(fresh:coords(), fresh:samples(), fresh:pointRows(), order, starts,
         fresh:cells()) .. #a .. #b
   end,
   ['sparse tensors'] = backward(function()
      local s = lacuna.SparseTensor.new({ { 1, 0, 0 }, { 1, 0, 0 }, { 1, 1, 1 }, { 2, 3, 3 } },
         x, { duplicates = 'mean', spatialSize = 4, background = true })
      local t = lacuna.SparseTensor.fromDense(s:toDense():detach(), { threshold = 1 })
      return s:atPoints():sum() + s:toDense():sum() + t.features:sum()
   end),
   ['gradients of gradients'] = function()
      programs.reset()
      local loss = (ops.sigmoid(x) * ops.exp(y) * v):sum()
      local g = lacuna.grad(loss, { x, y, v }, { createGraph = true });
      (ops.square(g[1]):sum() + g[2]:sum() * g[3]:sum()):backward()
      return bytes(x, y, v)
   end,
   ['an optimiser'] = function()
      programs.reset()
      local w = lacuna.full(0.3, 3, 3):requireGrad()
      local optimiser = lacuna.optim.Adam({ w }, { lr = 0.1 })
      ops.matmul(x, w):sum():backward()
      optimiser:step()
      return bytes(w)
   end,
   ['a scope'] = function()
      return bytes(lacuna.scope(function() return (x + 1) * (y * 2) end))
   end,
   ['an operation of Lua'] = backward(function()
      return lacuna.autograd.apply('twice', function(context, a)
         context:save(a)
         return a * 2
      end, function(context, dy)
         context:unsave()
         return dy * 2
      end, x)
   end),
}
for _, name in ipairs { 'exp', 'log', 'sqrt', 'abs', 'square', 'sigmoid', 'tanh', 'softplus',
   'relu', 'sign' } do
   programs.cases[name] = backward(function() return ops[name](x) end)
end
for name, numbers in pairs { leakyRelu = { 0.1 }, elu = { 1 }, pow = { 3 }, clamp = { 0, 1 },
   affine = { 2, 1 } } do
   programs.cases[name] = backward(function() return ops[name](x, unpack(numbers)) end)
end

return programs
