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
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Hook = require 'lacuna.hooks'
local native = require 'lacuna.native'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'

local autograd = {}
local run = native.ops

-- ---- nodes ----------------------------------------------------------------------------------

local Node = class('autograd.Node')
local created = 0

--- Remembers tensors for the rule; called in `forward`, at most once.
-- @param ... tensors, or nil
function Node:save(...)
   if not self.live then return end
   self.savedCount = select('#', ...)
   for i = 1, self.savedCount do
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
   for i = 1, self.savedCount or 0 do
      local t = self.saved[i]
      if t and t:version() ~= self.versions[i] then
         fail.raise('%s: saved tensor %d (%s) was changed in place after it was used, expected it '
            .. 'unchanged until backward', self.name, i, fail.shape(t.sizes))
      end
   end
   return unpack(self.saved, 1, self.savedCount or 0)
end

--- Remembers an object that is not a tensor, such as a rulebook, until the graph is dropped.
-- @param object has `remember`, which gives a second reference, and `release`
-- @return the reference
function Node:hold(object)
   if type(object) ~= 'table' or type(object.remember) ~= 'function' then
      fail.raise('hold: %s, expected an object with remember() and release()',
         fail.describe(object))
   end
   if not self.live then return object end
   local mine = object:remember()
   self.held[#self.held + 1] = mine
   return mine
end

--- Says that outputs have no gradient although they are float32; called in `forward`.
-- @param ... the outputs' positions
function Node:markConstant(...)
   for i = 1, select('#', ...) do
      local output = fail.whole('markConstant', 'output', (select(i, ...)), 1)
      if self.live then self.constantSlots[output] = true end
   end
end

-- After forward: aliases, so that a release by the user does not pull the data away.
local function secure(node)
   for i = 1, node.savedCount or 0 do
      local t = node.saved[i]
      if t then node.saved[i] = t:remember() end
   end
end

local function drop(node)
   for i = 1, node.savedCount or 0 do
      if node.saved[i] then node.saved[i]:release() end
   end
   for i = 1, #node.held do node.held[i]:release() end
   node.saved, node.edges, node.held, node.watched, node.dropped = {}, {}, {}, nil, true
end

-- The context when nothing is recorded: it forgets.
local nothing = {}
local function idle() return setmetatable({ live = false, needs = nothing }, Node) end

local function finish(node, tensors, ...)
   local n = select('#', ...)
   local results = { ... }
   for i = 1, n do
      local y = results[i]
      if Tensor.is(y) and y.dtype == 'float32' and not node.constantSlots[i] then
         if y.node or tensors[y] then y = y:detach() end
         y.node, y.slot, y.requiresGrad = node, i, true
         if n > 1 then node.outputShapes[i] = { sizes = y.sizes, device = y.device } end
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
      edges = {}, needs = {}, saved = {}, versions = {}, held = {}, constantSlots = {},
      outputShapes = {}, inputCount = n,
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
-- tensor to two inputs, so the second makes a sum that this place owns, and only further ones add
-- to it.  A sum that was handed on is borrowed there as any other.
local function accumulate(place, key, gradient, graph)
   local had = place[key]
   if not had then
      place[key] = gradient
   elseif graph then
      place[key] = scope.record(true, autograd.sum, had, gradient)
   elseif had.owner == place then
      run.add(had, had, gradient)
   else
      local sum = had:newLike()
      run.add(sum, had, gradient)
      sum.owner = place
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
      leaf.grad.owner = leaf
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
         for i = 1, node.inputCount do
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
   for i, output in pairs(node.outputShapes) do
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
   for k = 1, node.savedCount or 0 do borrowed = borrowed or node.saved[k] == gradient end
   return borrowed and gradient:detach() or gradient
end

-- Lets hooks see a gradient, one after the other, and replace it.
local function throughHooks(op, list, gradient, graph)
   for _, hook in ipairs(list) do
      local version = gradient:version()
      local other = scope.record(graph, hook.run, hook, gradient)
      if gradient:version() ~= version then
         fail.raise('%s: the hook changed the gradient in place, expected it unchanged, or '
            .. 'another to be returned', op)
      end
      if other ~= nil then
         Tensor.check(op, "the hook's gradient", other, gradient.dtype)
         if not sameSizes(other.sizes, gradient.sizes) or other.device ~= gradient.device then
            fail.raise('%s: the hook gave %s on %s, expected %s on %s', op,
               fail.shape(other.sizes), other.device, fail.shape(gradient.sizes), gradient.device)
         end
         gradient = not graph and other.requiresGrad and other:detach() or other
      end
   end
   return gradient
end

-- The gradients of a node's outputs are complete: hooks see them, and who asked gets them.
local function arrive(node, grads, walk)
   local wanted = walk.wanted and walk.wanted[node]
   for slot = 1, node.outputCount do
      local gradient, watched = grads[slot], node.watched and node.watched[slot]
      if gradient then
         if watched and watched.hooks then
            gradient = throughHooks('registerHook', watched.hooks, gradient, walk.graph)
            grads[slot] = gradient
         end
         if watched and watched.retained and not walk.wanted then
            giveLeaf(watched.retained, gradient, walk.graph)
         end
         if wanted and wanted[slot] then walk.wanted[wanted[slot]] = gradient end
      end
   end
end

-- Gives a leaf its gradient; one with hooks waits until all of it has come.
local function toLeaf(leaf, gradient, walk)
   if not leaf.hooks then return giveLeaf(leaf, gradient, walk.graph, walk.wanted) end
   local late = walk.late
   if not late[leaf] then
      late[#late + 1] = leaf
      late[leaf] = {}
   end
   accumulate(late[leaf], 1, gradient, walk.graph)
end

local function pack(...) return { ... }, select('#', ...) end

-- Passes the gradients of a node's outputs on to where its inputs came from.  `walk.pending` holds
-- for each node what its outputs have been given.
local function step(node, walk)
   local grads, pending = walk.pending[node], walk.pending
   pending[node] = nil
   if not grads then
      if not walk.retain then drop(node) end
      return
   end
   if node.dropped then node:unsave() end
   arrive(node, grads, walk)
   local graph = walk.graph
   local given, count = pack(scope.record(graph, node.backward, node,
      unpack(fill(node, grads), 1, node.outputCount)))
   if count > node.inputCount then
      fail.raise('%s: the rule gave %d gradients, expected at most %d, one for each input',
         node.name, count, node.inputCount)
   end
   for i = 1, node.inputCount do
      local edge = node.edges[i]
      if edge and given[i] then
         local gradient = checked(node, i, given[i], graph)
         local from = edge.node
         if from then
            pending[from] = pending[from] or {}
            accumulate(pending[from], edge.slot, gradient, graph)
         else
            toLeaf(edge.leaf, gradient, walk)
         end
      end
   end
   if not walk.retain then drop(node) end
end

-- What backward starts from: what the user gave, or one.
local function start(op, y, gradient)
   if gradient == nil then
      if y:nElement() ~= 1 then
         fail.raise('%s: the tensor is %s, expected one element or a gradient for it', op,
            fail.shape(y.sizes))
      end
      return Tensor.full(1, y:shape(), { device = y.device })
   end
   Tensor.check(op, 'gradient', gradient, 'float32')
   if not sameSizes(gradient.sizes, y.sizes) then
      fail.raise('%s: the gradient is %s, expected %s', op, fail.shape(gradient.sizes),
         fail.shape(y.sizes))
   end
   if gradient.device ~= y.device then
      fail.raise('%s: the gradient is on %s, expected %s', op, gradient.device, y.device)
   end
   return gradient
end

local function walkBack(op, y, gradient, options, wanted)
   Tensor.check(op, 'self', y)
   if not y.requiresGrad then
      fail.raise('%s: the tensor does not depend on one that requires a gradient, expected one '
         .. 'that does', op)
   end
   gradient = start(op, y, gradient)
   local walk = {
      graph = options.createGraph, retain = options.retainGraph, wanted = wanted, late = {},
      pending = {},
   }
   if not y.node then
      toLeaf(y, gradient, walk)
   else
      if y.node.dropped then y.node:unsave() end
      walk.pending[y.node] = { [y.slot] = gradient }
      for _, node in ipairs(collect(y.node)) do step(node, walk) end
   end
   for _, leaf in ipairs(walk.late) do
      local whole = walk.late[leaf][1]
      giveLeaf(leaf, throughHooks('registerHook', leaf.hooks or {}, whole, walk.graph), walk.graph,
         wanted)
   end
end

-- Where hooks on a tensor hang: on a leaf itself, on a result in the node that made it.
local function place(op, t)
   Tensor.check(op, 'self', t)
   if not t.requiresGrad then
      fail.raise('%s: the tensor has no gradient, expected one that requires it or that came from '
         .. 'one that does', op)
   end
   local node = t.node
   if not node then return t end
   if node.dropped then
      fail.raise('%s: the graph of %s is gone after the first backward, expected the call before '
         .. 'it', op, node.name)
   end
   node.watched = node.watched or {}
   node.watched[t.slot] = node.watched[t.slot] or {}
   return node.watched[t.slot]
end

--- Calls a function with the gradient of a tensor in every backward that reaches it, once, when it
-- is complete.
-- @tparam Tensor t a leaf, or a result on the way
-- @tparam function f gets the gradient; what it returns, unless nil, goes on in its place
-- @treturn Hook a handle with `remove()`
function autograd.hook(t, f)
   return Hook('registerHook', place('registerHook', t), 'hooks', f)
end

--- Has backward leave the gradient of a result in its `grad`, as it does for leaves.
-- @tparam Tensor t
-- @treturn Tensor t
function autograd.retain(t)
   local watched = place('retainGrad', t)
   if watched ~= t then watched.retained = t end
   return t
end

--- Adds the gradients of a tensor to the `grad` of every leaf that it came from.
-- @tparam Tensor y the tensor; of one element unless a gradient is given
-- @tparam[opt] Tensor gradient what to start from, of y's shape
-- @tparam[opt] table options `retainGraph` keeps the graph for another backward; `createGraph`
-- records the backward itself, so that gradients have gradients, and implies the other
function autograd.backward(y, gradient, options)
   options = fail.options('backward', options, { retainGraph = fail.off, createGraph = fail.off })
   if options.createGraph then options.retainGraph = true end
   walkBack('backward', y, gradient, options)
end

--- Gives the gradients of a tensor towards others, without touching any `grad`.
-- @tparam Tensor y as for @{backward}
-- @tparam table xs the tensors, leaves or results on the way
-- @tparam[opt] table options as for @{backward}, and `gradient`
-- @treturn table a gradient for each of xs, zeros where y does not depend on it; each a tensor of
-- its own
function autograd.grad(y, xs, options)
   options = fail.options('grad', options,
      { retainGraph = fail.off, createGraph = fail.off, gradient = false })
   if options.createGraph then options.retainGraph = true end
   fail.list('grad', 'xs', xs, 'a list of tensors')
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
   walkBack('grad', y, options.gradient, options, wanted)
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
      twin.owner = nil
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
