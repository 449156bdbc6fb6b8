--- Makes a class: a table of methods that is called to construct.
--
--     local Point = class('Point')
--     function Point:__init(x) self.x = x end
--     local p = Point(3)
--
-- @module lacuna.class
local fail = require 'lacuna.fail'

--- Makes a class.
-- @tparam string name what `tostring(class)` and messages say
-- @tparam[opt] table parent the class whose methods it inherits
-- @treturn table the class, which is also the metatable of its objects
-- @treturn table the parent
return function(name, parent)
   local class = { __typename = name }
   if parent then
      for key, value in pairs(parent) do
         if type(key) == 'string' and key:sub(1, 2) == '__' and class[key] == nil then
            class[key] = value
         end
      end
   end
   class.__index = class
   return setmetatable(class, {
      __index = parent,
      __call = function(_, ...)
         local object = setmetatable({}, class)
         if not object.__init then
            fail.raise('%s: the class was called, expected a function that makes one', name)
         end
         object:__init(...)
         return object
      end,
      __tostring = function() return name end,
   }), parent
end
