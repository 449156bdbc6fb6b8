--- Every differentiable operation, and how to define another.
--
-- An operation is a forward and, where it has one, a gradient rule, side by side:
--
--     ops.define('square', {
--        forward = function(context, x)
--           context:save(x)
--           return x * x
--        end,
--        backward = function(context, dy)
--           local x = context:unsave()
--           return dy * x * 2
--        end,
--     })
--     local y = ops.square(x)
--
-- `forward` gets a context and the inputs and returns one tensor or several; `backward` gets the
-- context and a gradient for each output, and returns one for each input (nil where there is
-- none, or where `context.needs[i]` is not set).  What a rule needs of the inputs it saves.  A
-- rule made of operations has gradients itself.
-- @module lacuna.ops
local autograd = require 'lacuna.autograd'
local fail = require 'lacuna.fail'

local ops = {}

--- Defines an operation.
-- @tparam string name how it is called: `ops.<name>`
-- @tparam table rules `forward`, and `backward` unless it has no gradient
-- @treturn function the operation
function ops.define(name, rules)
   if type(name) ~= 'string' then
      fail.raise('define: name is %s, expected a string', fail.describe(name))
   end
   if ops[name] ~= nil then
      fail.raise('define: ops.%s exists already, expected another name, or ops.%s = nil before it',
         name, name)
   end
   rules = fail.options('define', rules, { forward = false, backward = false })
   local forward, backward = rules.forward, rules.backward
   if type(forward) ~= 'function' then
      fail.raise('define: forward is %s, expected a function', fail.describe(forward))
   end
   if backward == nil then
      backward = function()
         fail.raise('backward: %s has no gradient', name)
      end
   elseif type(backward) ~= 'function' then
      fail.raise('define: backward is %s, expected a function', fail.describe(backward))
   end
   local apply = autograd.apply
   ops[name] = function(...) return apply(name, forward, backward, ...) end
   return ops[name]
end

package.loaded['lacuna.ops'] = ops
for _, family in ipairs {
   'pointwise', 'binary', 'shape', 'reduce', 'matmul', 'segment', 'gather', 'random', 'conv',
   'pool', 'norm', 'dense', 'update', 'methods',
} do
   require('lacuna.ops.' .. family)
end

return ops
