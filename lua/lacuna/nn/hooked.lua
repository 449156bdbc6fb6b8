--- The way through a module that has hooks; `Module` says what they do.
-- @module lacuna.nn.hooked
local autograd = require 'lacuna.autograd'
local fail = require 'lacuna.fail'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

local hooked = {}

local MOST_INPUTS = 1000

local function isPlain(value) return type(value) == 'table' and getmetatable(value) == nil end

-- Calls visit(tensor) with every tensor in a value: itself, the features of a sparse one, and those
-- in a list; gives the value with what visit returned in their place.
local function map(value, visit)
   if Tensor.is(value) then return visit(value) end
   if SparseTensor.is(value) then
      local features = visit(value.features)
      if features == value.features then return value end
      return SparseTensor.over(value.sites, features, value.background)
   end
   if not isPlain(value) then return value end
   local copy, places = {}, {}
   for key, inner in pairs(value) do
      copy[key] = inner
      if type(key) == 'number' then places[#places + 1] = key end
   end
   table.sort(places)  -- there may be holes
   for _, i in ipairs(places) do copy[i] = map(value[i], visit) end
   return copy
end

-- `false` for every tensor in a value.
local function noneOf(value)
   local none = {}
   map(value, function(tensor)
      none[#none + 1] = false
      return tensor
   end)
   return none
end

-- Passes the tensors in a value through a node of the tape that calls `backward` with a list of
-- their gradients, `false` for those that need none, and sends on the list that it returns.
local function through(value, backward)
   local tensors, place, n = {}, {}, 0
   map(value, function(tensor)
      n = n + 1
      if tensor.requiresGrad then
         tensors[#tensors + 1] = tensor
         place[#tensors] = n
      end
      return tensor
   end)
   if #tensors == 0 then return value, false end
   local passed = { autograd.apply('hook', function(_, ...) return ... end, function(_, ...)
      local gradients = {}
      for i = 1, n do gradients[i] = false end
      for i = 1, #tensors do gradients[place[i]] = (select(i, ...)) end
      gradients = backward(gradients)
      local back = {}
      for i = 1, #tensors do back[i] = gradients[place[i]] end
      return unpack(back, 1, #tensors)
   end, unpack(tensors)) }
   local at = 0
   return map(value, function(tensor)
      if not tensor.requiresGrad then return tensor end
      at = at + 1
      return passed[at]
   end), true
end

-- What a backward hook gave instead of the gradients of the inputs, if it may stand.
local function replacement(gradients, other)
   if Tensor.is(other) then other = { other } end
   if not isPlain(other) or #other ~= #gradients then
      fail.raise('registerBackwardHook: the hook gave %s, expected nothing or a list of %d '
         .. 'gradients', isPlain(other) and ('a list of %d'):format(#other) or fail.describe(other),
         #gradients)
   end
   for i, gradient in ipairs(gradients) do
      local given = other[i]
      local what = ('gradient %d of the hook'):format(i)
      if gradient then
         Tensor.check('registerBackwardHook', what, given, 'float32')
         if fail.shape(given.sizes) ~= fail.shape(gradient.sizes)
            or given.device ~= gradient.device then
            fail.raise('registerBackwardHook: %s is %s on %s, expected %s on %s', what,
               fail.shape(given.sizes), given.device, fail.shape(gradient.sizes), gradient.device)
         end
      elseif given then
         fail.raise('registerBackwardHook: %s is %s, expected false: the input needs none', what,
            fail.describe(given))
      end
   end
   return other
end

local function versions(...)
   local total = 0
   for i = 1, select('#', ...) do
      for _, gradient in ipairs((select(i, ...))) do
         total = total + (gradient and gradient:version() or 0)
      end
   end
   return total
end

local function callBackward(module, list, gradInputs, gradOutputs)
   for _, hook in ipairs(list) do
      local before = versions(gradInputs, gradOutputs)
      local other = hook:run(module, { unpack(gradInputs) }, { unpack(gradOutputs) })
      if versions(gradInputs, gradOutputs) ~= before then
         fail.raise('registerBackwardHook: the hook changed a gradient in place, expected it '
            .. 'unchanged, or others to be returned')
      end
      if other ~= nil then gradInputs = replacement(gradInputs, other) end
   end
   return gradInputs
end

-- What a hook before forward gave: a list of inputs, or the one input.
local function asInputs(other)
   if not isPlain(other) then return { other, n = 1 } end
   local inputs = { n = fail.whole('registerForwardPreHook', "n of the hook's inputs",
      other.n or #other, 0, MOST_INPUTS) }
   for i = 1, inputs.n do inputs[i] = other[i] end
   return inputs
end

--- Gives what a forward gave, if it is one value.
-- @tparam Module module
-- @param ... the values
-- @return the value
function hooked.one(module, ...)
   if select('#', ...) > 1 then
      fail.raise('%s: forward gave %d values, expected one; several go into a table',
         module.__typename, select('#', ...))
   end
   return (...)
end

--- Runs a module's `forward` with its hooks around it.
-- @tparam Module module
-- @param ... the inputs
-- @return the output
function hooked.forward(module, ...)
   local inputs = { n = select('#', ...), ... }
   for _, hook in ipairs(module.forwardPreHooks or {}) do
      local other = hook:run(module, inputs)
      if other ~= nil then inputs = asInputs(other) end
   end
   local list = module.backwardHooks
   local gradOutputs, none, reached
   if list then
      inputs, reached = through(inputs, function(gradInputs)
         local came = gradOutputs or none
         gradOutputs = nil  -- a backward from within the module finds none
         return callBackward(module, list, gradInputs, came)
      end)
   end
   local output = hooked.one(module, module:forward(unpack(inputs, 1, inputs.n)))
   for _, hook in ipairs(module.forwardHooks or {}) do
      local other = hook:run(module, inputs, output)
      if other ~= nil then output = other end
   end
   if list then
      none = noneOf(output)
      output = through(output, function(gradients)
         gradOutputs = gradients
         if not reached then callBackward(module, list, noneOf(inputs), gradients) end
         return gradients
      end)
   end
   return output
end

return hooked
