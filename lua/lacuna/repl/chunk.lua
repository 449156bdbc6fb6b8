--- Turns what was typed at the prompt into a function.
--
--     local f, isExpression = chunk.compile '1 + 1'
--     print(f(), isExpression)                         -- 2  true
--     print(chunk.compile 'for i = 1, 3 do')           -- nil  incomplete
--
-- A text is tried as an expression first and as statements then, as in Lua's own prompt.
-- @module lacuna.repl.chunk
local fail = require 'lacuna.fail'

local chunk = {}

-- Whether more lines may repair what LuaJIT says of a text.  A quoted string that is open at the
-- end is an error, unless a backslash there takes it over the line break.
local function isIncomplete(message, text)
   if not message:find "near '<eof>'$" then return false end
   if not message:find('unfinished string', 1, true) then return true end
   local slashes = text:match '(\\*)\n?$'
   return #slashes % 2 == 1
end

--- Compiles a text.
-- @tparam string text one line or more; a `=` before an expression is allowed
-- @tparam[opt='stdin'] string name for messages; they begin with `name:line:`
-- @treturn ?function nil if the text is not Lua
-- @treturn boolean|string whether its values are to be shown, as those of an expression or behind
-- `return`; after nil, `incomplete` where more lines may make it Lua, or the message of an error
function chunk.compile(text, name)
   if type(text) ~= 'string' then
      fail.raise('compile: text is %s, expected a string', fail.describe(text))
   end
   if name ~= nil and type(name) ~= 'string' then
      fail.raise('compile: name is %s, expected a string', fail.describe(name))
   end
   name = name or 'stdin'
   if text:byte() == 27 then return nil, name .. ':1: bytecode, expected Lua' end
   name = '=' .. name
   local expression = text:match '^%s*=(.*)$' or text
   local f, first = loadstring('return ' .. expression, name)
   if f then
      -- nothing but blanks and comments compiles behind `return`, too
      local isEmpty = loadstring('return 0, ' .. expression, name) == nil
      return f, not isEmpty
   end
   local message = first
   if expression == text then
      f, message = loadstring(text, name)
      if f then return f, text:find '^%s*return%f[%W]' ~= nil end
   end
   if isIncomplete(first, text) or isIncomplete(message, text) then return nil, 'incomplete' end
   return nil, message
end

return chunk
