--- Ctrl-C in the `lacuna` program; elsewhere nothing here does anything.
--
-- It ends what runs with the error `interrupted`: kernels, compiled loops, waiting loaders.  A
-- second one within a second, or before the first took effect, ends the program.
-- @module lacuna.interrupt
local fail = require 'lacuna.fail'

local interrupt = {}

local host = package.loaded['lacuna.host']

--- Raises `interrupted` if Ctrl-C came.  For loops of the library that call no kernel: there the
-- error waits otherwise, up to a second, until the user's own code goes on.
function interrupt.check()
   if host and host.pending() then
      host.taken()
      fail.raise('interrupted')
   end
end

--- Says that the caller raises the error, so that it is not raised again.
function interrupt.taken()
   if host then host.taken() end
end

--- Sets, or tells, whether Ctrl-C stops loops that LuaJIT compiled.  That costs them one test for
-- each line; without it a loop without kernels ends only with the program, by a second Ctrl-C.
-- @tparam[opt] boolean on
-- @treturn boolean
function interrupt.loops(on)
   if on ~= nil and type(on) ~= 'boolean' then
      fail.raise('loops: on is %s, expected a boolean', fail.describe(on))
   end
   return host ~= nil and host.stopLoops(on)
end

--- Tells the program which library has the kernels; for `lacuna.native`.
-- @tparam string path of the library
-- @tparam string sources how the names of the library's chunks begin
function interrupt.library(path, sources)
   if type(path) ~= 'string' or type(sources) ~= 'string' then
      fail.raise('library: path is %s and sources are %s, expected strings', fail.describe(path),
         fail.describe(sources))
   end
   if host then host.library(path, sources) end
end

return interrupt
