--- Gradients by define-by-run: operations leave nodes, `backward` walks them.
--
--     local w = lacuna.tensor({ 2, 3 }, { requiresGrad = true })
--     local loss = (w * w):sum()
--     loss:backward()
--     print(w.grad)          -- 4 6
--
-- A node knows the gradient rule of its operation, what the rule saved, and from whom each input
-- came.  Backward drops a node's memory as it passes, unless `retainGraph` is set.
-- @module lacuna.autograd
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'

local autograd = {}
local run = native.ops

-- ---- nodes ----------------------------------------------------------------------------------

local Node = {}
Node.__index = Node
local created = 0

--- Remembers tensors for the rule; called in `forward`, at most once.
-- @param ... tensors, or nil
function Node:save(...)
   if not self.live then return end
   self.count = select('#', ...)
   for i = 1, self.count do
      local t = select(i, ...)
      if Tensor.is(t) then
         self.saved[i], self.versions[i] = t, t:version()
      end
   end
end

--- Gives back what was saved, after a check that nobody wrote to it since.
-- @return the tensors, in the order of `save`
function Node:unsave()
   if self.dropped then
      fail.raise('backward: the graph of %s is gone after the first backward, expected '
         .. 'retainGraph = true there', self.name)
   end
   for i = 1, self.count or 0 do
      local t = self.saved[i]
      if t and t:version() ~= self.versions[i] then
         fail.raise('%s: saved tensor %d (%s) was changed in place after it was used, expected it '
            .. 'unchanged until backward', self.name, i, fail.shape(t.sizes))
      end
   end
   return unpack(self.saved, 1, self.count or 0)
end

--- Remembers an object that is not a tensor, such as a rulebook, until the graph is dropped.
-- @param object has `remember`, which gives a second reference, and `release`
-- @return the reference
function Node:hold(object)
   if not self.live then return object end
   local mine = object:remember()
   self.held[#self.held + 1] = mine
   return mine
end

--- Says that outputs have no gradient although they are float32; called in `forward`.
-- @param ... the outputs' positions
function Node:markConstant(...)
   if not self.live then return end
   for i = 1, select('#', ...) do self.constant[(select(i, ...))] = true end
end

-- After forward: aliases, so that a release by the user does not pull the data away.
local function secure(node)
   for i = 1, node.count or 0 do
      local t = node.saved[i]
      if t then node.saved[i] = t:remember() end
   end
end

local function drop(node)
   for i = 1, node.count or 0 do
      if node.saved[i] then node.saved[i]:release() end
   end
   for i = 1, #node.held do node.held[i]:release() end
   node.saved, node.edges, node.held, node.dropped = {}, {}, {}, true
end

-- The context when nothing is recorded: it forgets.
local nothing = {}
local function idle() return setmetatable({ live = false, needs = nothing }, Node) end

local function finish(node, tensors, ...)
   local n = select('#', ...)
   local results = { ... }
   for i = 1, n do
      local y = results[i]
      if Tensor.is(y) and y.dtype == 'float32' and not node.constant[i] then
         if y.node or tensors[y] then y = y:detach() end
         y.node, y.slot, y.requiresGrad = node, i, true
         if n > 1 then node.outputs[i] = { sizes = y.sizes, device = y.device } end
         results[i] = y
      end
   end
   node.outputCount = n
   secure(node)
   return unpack(results, 1, n)
end

--- Runs an operation and records it when an input needs a gradient.
-- @tparam string name the operation's name, for messages
-- @tparam function forward gets a context and the inputs, returns one tensor or several
-- @tparam function backward gets the context and the outputs' gradients, returns the inputs'
-- @param ... the inputs, of any type
-- @return what forward returns
function autograd.apply(name, forward, backward, ...)
   fail.callable('apply', forward)
   local n = select('#', ...)
   local wanted = false
   if scope.recording() then
      for i = 1, n do
         local x = select(i, ...)
         if type(x) == 'table' and x.requiresGrad and Tensor.is(x) then wanted = true end
      end
   end
   if not wanted then return scope.record(false, forward, idle(), ...) end

   created = created + 1
   local node = setmetatable({
      name = name, backward = backward, live = true, number = created,
      edges = {}, needs = {}, saved = {}, versions = {}, held = {}, constant = {}, outputs = {},
      inputs = n,
   }, Node)
   local tensors = {}
   for i = 1, n do
      local x = select(i, ...)
      if Tensor.is(x) then
         tensors[x] = true
         if x.requiresGrad then
            node.needs[i] = true
            -- a leaf stands for itself, a result for the node that made it
            node.edges[i] = { node = x.node, slot = x.slot, sizes = x.sizes, device = x.device,
               leaf = not x.node and (x.origin or x) or nil }
         end
      end
   end
   return finish(node, tensors, scope.record(false, forward, node, ...))
end

-- ---- walking back -----------------------------------------------------------------------------

local function sameSizes(a, b)
   if #a ~= #b then return false end
   for i = 1, #a do
      if a[i] ~= b[i] then return false end
   end
   return true
end

-- Adds a gradient to a place.  The first one is only borrowed: a rule may have given the same
-- tensor to two inputs, so the second makes a sum of its own, and only further ones add to it.
local function accumulate(place, key, gradient, graph)
   local had = place[key]
   if not had then
      place[key] = gradient
   elseif graph then
      place[key] = scope.record(true, autograd.sum, had, gradient)
   elseif had.accumulates then
      run.add(had, had, gradient)
   else
      local sum = had:newLike()
      run.add(sum, had, gradient)
      sum.accumulates = true
      place[key] = sum
   end
end

local function giveLeaf(leaf, gradient, graph, wanted)
   if wanted then
      if wanted[leaf] ~= nil then accumulate(wanted, leaf, gradient, graph) end
      return
   end
   if leaf.grad or graph then
      accumulate(leaf, 'grad', gradient, graph)
   else
      leaf.grad = gradient:clone()
      leaf.grad.accumulates = true
   end
   leaf.grad:keep()
end

-- A node and all those from which it came, latest first.
local function collect(root)
   local list, seen, stack = {}, {}, { root }
   while #stack > 0 do
      local node = table.remove(stack)
      if not seen[node] then
         seen[node] = true
         list[#list + 1] = node
         for i = 1, node.inputs do
            local edge = node.edges[i]
            if edge and edge.node and not seen[edge.node] then stack[#stack + 1] = edge.node end
         end
      end
   end
   table.sort(list, function(a, b) return a.number > b.number end)
   return list
end

-- A gradient for each output: zeros for those that nothing came from.
local function fill(node, grads)
   for i, output in pairs(node.outputs) do
      grads[i] = grads[i] or Tensor.zeros(output.sizes, { device = output.device })
   end
   return grads
end

-- What a rule gave for an input, if it may stand.
local function checked(node, i, gradient, graph)
   local edge = node.edges[i]
   if not Tensor.is(gradient) or not sameSizes(gradient.sizes, edge.sizes) then
      fail.raise('%s: the rule gave %s for input %d, expected %s', node.name,
         Tensor.is(gradient) and fail.shape(gradient.sizes) or fail.describe(gradient), i,
         fail.shape(edge.sizes))
   end
   if gradient.dtype ~= 'float32' or gradient.device ~= edge.device then
      fail.raise('%s: the rule gave %s on %s for input %d, expected float32 on %s', node.name,
         gradient.dtype, gradient.device, i, edge.device)
   end
   if graph then return gradient end
   -- what the rule saved is dropped with the node, and its history is not the gradient's
   local borrowed = gradient.requiresGrad
   for k = 1, node.count or 0 do borrowed = borrowed or node.saved[k] == gradient end
   return borrowed and gradient:detach() or gradient
end

-- Passes the gradients of a node's outputs on to where its inputs came from.  `pending` holds for
-- each node what its outputs have been given in this walk.
local function step(node, pending, options, wanted)
   local grads = pending[node]
   pending[node] = nil
   if not grads then
      if not options.retainGraph then drop(node) end
      return
   end
   if node.dropped then node:unsave() end
   local graph = options.createGraph
   local given = { scope.record(graph, node.backward, node,
      unpack(fill(node, grads), 1, node.outputCount)) }
   for i = 1, node.inputs do
      local edge = node.edges[i]
      if edge and given[i] then
         local gradient = checked(node, i, given[i], graph)
         local from = edge.node
         if from then
            if wanted and wanted[from] and wanted[from][edge.slot] then
               accumulate(wanted, wanted[from][edge.slot], gradient, graph)
            end
            pending[from] = pending[from] or {}
            accumulate(pending[from], edge.slot, gradient, graph)
         else
            giveLeaf(edge.leaf, gradient, graph, wanted)
         end
      end
   end
   if not options.retainGraph then drop(node) end
end

local function walk(op, y, gradient, options, wanted)
   Tensor.check(op, 'self', y)
   if not y.requiresGrad then
      fail.raise('%s: the tensor does not depend on one that requires a gradient', op)
   end
   if gradient == nil then
      if y:nElement() ~= 1 then
         fail.raise('%s: the tensor is %s, expected one element or a gradient for it', op,
            fail.shape(y.sizes))
      end
      gradient = Tensor.full(1, y:shape(), { device = y.device })
   end
   Tensor.check(op, 'gradient', gradient, 'float32')
   if not sameSizes(gradient.sizes, y.sizes) then
      fail.raise('%s: the gradient is %s, expected %s', op, fail.shape(gradient.sizes),
         fail.shape(y.sizes))
   end
   if gradient.device ~= y.device then
      fail.raise('%s: the gradient is on %s, expected %s', op, gradient.device, y.device)
   end
   if not y.node then return giveLeaf(y, gradient, options.createGraph, wanted) end
   if y.node.dropped then y.node:unsave() end
   if wanted and wanted[y.node] and wanted[y.node][y.slot] then
      accumulate(wanted, wanted[y.node][y.slot], gradient, options.createGraph)
   end
   local pending = { [y.node] = { [y.slot] = gradient } }
   for _, node in ipairs(collect(y.node)) do step(node, pending, options, wanted) end
end

--- Adds the gradients of a tensor to the `grad` of every leaf that it came from.
-- @tparam Tensor y the tensor; of one element unless a gradient is given
-- @tparam[opt] Tensor gradient what to start from, of y's shape
-- @tparam[opt] table options `retainGraph` keeps the graph for another backward; `createGraph`
-- records the backward itself, so that gradients have gradients, and implies the other
function autograd.backward(y, gradient, options)
   options = fail.options('backward', options, { retainGraph = false, createGraph = false })
   if options.createGraph then options.retainGraph = true end
   walk('backward', y, gradient, options)
end

--- Gives the gradients of a tensor towards others, without touching any `grad`.
-- @tparam Tensor y as for @{backward}
-- @tparam table xs the tensors, leaves or results on the way
-- @tparam[opt] table options as for @{backward}, and `gradient`
-- @treturn table a gradient for each of xs, zeros where y does not depend on it; each a tensor of
-- its own
function autograd.grad(y, xs, options)
   options = fail.options('grad', options,
      { retainGraph = false, createGraph = false, gradient = false })
   if options.createGraph then options.retainGraph = true end
   if type(xs) ~= 'table' or Tensor.is(xs) then
      fail.raise('grad: xs is %s, expected a table of tensors', fail.describe(xs))
   end
   local wanted = {}
   for i, x in ipairs(xs) do
      Tensor.check('grad', 'xs[' .. i .. ']', x)
      if x.node then
         wanted[x.node] = wanted[x.node] or {}
         wanted[x.node][x.slot] = wanted[x.node][x.slot] or { x.node, x.slot }
      else
         wanted[x] = false
      end
   end
   walk('grad', y, options.gradient, options, wanted)
   local grads, given = {}, { [options.gradient or false] = true }
   for i, x in ipairs(xs) do
      local key = x
      if x.node then key = wanted[x.node][x.slot] end
      local gradient = wanted[key] or Tensor.zeros(x:shape(), { device = x.device })
      -- a rule may have given one tensor to two inputs
      local twin = gradient
      if given[gradient] then
         twin = options.createGraph and gradient:detach() or gradient:clone()
         twin.node, twin.slot, twin.requiresGrad = gradient.node, gradient.slot,
            gradient.requiresGrad
      end
      given[gradient] = true
      grads[i] = twin
   end
   return grads
end

--- Calls a function without recording.
-- @tparam function f
-- @param ... its arguments
-- @return what f returns
function autograd.noGrad(f, ...)
   fail.callable('noGrad', f)
   return scope.record(false, f, ...)
end

return autograd
