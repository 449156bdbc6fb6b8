--- Makes a class: a table of methods that is called to construct.
--
--     local Point = class('Point')
--     function Point:__init(x) self.x = x end
--     local p = Point(3)
--
-- A method, that is a function whose first parameter is called `self`, refuses anything but an
-- object of its class or of one that inherits from it.  Metamethods that a parent has are copied,
-- because Lua looks for them in the class alone; they are not guarded again.
-- @module lacuna.class
local fail = require 'lacuna.fail'

-- class -> the set of itself and all that inherit from it; class -> its parent.
local kin = setmetatable({}, { __mode = 'k' })
local parents = setmetatable({}, { __mode = 'k' })
-- guard -> the method that it guards.
local guarded = setmetatable({}, { __mode = 'k' })

local function refuse(class, method, self)
   local came = type(self) == 'table' and rawget(self, '__typename')
   fail.raise('%s: self is %s, expected a %s; methods are called with a colon', method,
      came and 'the class ' .. tostring(came) or fail.describe(self), class.__typename)
end

-- Source of a guard, by the number of parameters after self: fixed where it can be, which is
-- cheaper than `...`.
local makers = {}
local function maker(count)
   if not makers[count] then
      local names = {}
      for i = 1, count do names[i] = ', a' .. i end
      local list = count < 0 and ', ...' or table.concat(names)
      makers[count] = loadstring(([[
         local f, family, getmetatable, refuse, class, method = ...
         return function(self%s)
            if not family[getmetatable(self)] then refuse(class, method, self) end
            return f(self%s)
         end]]):format(list, list), debug.getinfo(1, 'S').source)
   end
   return makers[count]
end

local function isMethod(value)
   return type(value) == 'function' and not guarded[value] and debug.getlocal(value, 1) == 'self'
end

-- Runs when a class gets a field that it lacked.
local function define(class, key, value)
   if key == nil or key ~= key then
      fail.raise('%s: a field is %s, expected a name', class.__typename, fail.describe(key))
   end
   if type(key) == 'string' and not rawget(class, '__careful') and isMethod(value) then
      local info = debug.getinfo(value, 'u')
      local guard = maker(info.isvararg and -1 or info.nparams - 1)(value, kin[class],
         getmetatable, refuse, class, key)
      guarded[guard] = value
      value = guard
   end
   rawset(class, key, value)
end

local class = {}

--- Gives the method behind a guard: the function as it was written, with its own file and line.
-- @param value what a class holds
-- @return the method, or the value itself where nothing guards it
function class.original(value) return guarded[value] or value end

--- Makes a class.
-- @function class
-- @tparam string name what `tostring(class)` and messages say
-- @tparam[opt] table parent the class whose methods it inherits
-- @tparam[opt=false] boolean careful whether its methods look at `self` themselves: no guards then
-- @treturn table the class, which is also the metatable of its objects
-- @treturn table the parent
local function make(_, name, parent, careful)
   if type(name) ~= 'string' then
      fail.raise('class: name is %s, expected a string', fail.describe(name))
   end
   if parent ~= nil and not kin[parent] then
      fail.raise('class: the parent of %s is %s, expected a class', name, fail.describe(parent))
   end
   careful = fail.flag('class', 'careful', careful)
   local new = { __typename = name, __careful = careful }
   if parent then
      for key, value in pairs(parent) do
         local inherited = type(key) == 'string' and key:sub(1, 2) == '__' and key ~= '__init'
         if inherited and new[key] == nil then
            new[key] = value
         end
      end
   end
   new.__index = new
   kin[new], parents[new] = setmetatable({}, { __mode = 'k' }), parent
   local ancestor = new
   while ancestor do
      if kin[ancestor] then kin[ancestor][new] = true end
      ancestor = parents[ancestor]
   end
   return setmetatable(new, {
      __index = parent,
      __newindex = define,
      __call = function(_, ...)
         local object = setmetatable({}, new)
         if not object.__init then
            fail.raise('%s: the class was called, expected a function that makes one', name)
         end
         object:__init(...)
         return object
      end,
      __tostring = function() return name end,
   }), parent
end

return setmetatable(class, { __call = make })
