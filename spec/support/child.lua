--- Runs a script in a process of its own, with this program and this library.
-- @module spec.support.child
local files = require 'spec.support.files'
local native = require 'lacuna.native'

local child = {}

--- Writes the script.
-- @tparam string text of Lua
-- @treturn function takes a command of the shell in which `LUA ` stands for the program, puts the
-- script behind it, and gives what it prints
function child.script(text)
   local path = files.write('script.lua',
      ('package.path, package.cpath, LACUNA_LIB = %q, %q, %q\n%s'):format(package.path,
         package.cpath, native.library, text))
   return function(command)
      return files.shell('LUA=$(readlink /proc/$PPID/exe); ' .. (command:gsub('LUA ', '$LUA '))
         .. ' ' .. path)
   end
end

return child
