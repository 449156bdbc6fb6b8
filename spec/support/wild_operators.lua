--- What a script writes with an operator, as functions: `x[i]`, `x[i] = v`, `net(x)`, `a + b`.
-- @module spec.support.wild_operators

local operators = {}

operators.binary = {
   __add = function(a, b) return a + b end,
   __sub = function(a, b) return a - b end,
   __mul = function(a, b) return a * b end,
   __div = function(a, b) return a / b end,
   __mod = function(a, b) return a % b end,
   __pow = function(a, b) return a ^ b end,
   __concat = function(a, b) return a .. b end,
   __eq = function(a, b) return a == b end,
   __lt = function(a, b) return a < b end,
   __le = function(a, b) return a <= b end,
}

operators.others = {
   __unm = function(a) return -a end,
   __len = function(a) return #a end,
   __tostring = function(a) return tostring(a) end,
   __index = function(a, key) return a[key] end,
   -- A field stays as it was: what scripts do to fields is another driver's, `forge`.
   __newindex = function(a, key, value)
      local isField = type(a) == 'table' and key ~= nil and key == key
      local had = isField and rawget(a, key)
      a[key] = value
      if isField then rawset(a, key, had) end
   end,
   __call = function(a, ...)
      local first, second = a(...)
      return first, second
   end,
}

--- Gives the function of a metamethod.
-- @tparam string key such as `__add`
-- @treturn ?function
function operators.of(key) return operators.binary[key] or operators.others[key] end

--- Gives the function of a metamethod of one object.
-- @tparam string key
-- @param object
-- @treturn function without the object as its argument
function operators.on(key, object)
   local f = operators.of(key)
   return function(...)
      local first, second = f(object, ...)
      return first, second
   end
end

return operators
