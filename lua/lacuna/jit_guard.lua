--- Keeps Lua's stack roomy for versions of LuaJIT that compute wrongly when it is not.
--
-- LuaJIT before July 2023, also the one of Debian 12, has this fault
-- (github.com/LuaJIT/LuaJIT, issue 1016, mended by b7a8c7c1): compiled code that branches off
-- another piece of compiled code may begin with the question whether the stack has room for its
-- calls. The question takes a register that the first piece still needs. If the answer is no, the
-- interpreter goes on with what is in that register: the bytes left on the stack in place of the
-- last number of a loop, for one, which then runs past its end. It is no only where a collection
-- has halved the stack, or in a coroutine whose stack is young, so it is seen once in many runs.
--
-- What helps is a stack on which there is room always. A collection halves it when less than a
-- quarter is in use, three times at most before it calls finalizers; one of them grows it again.
-- That is the stack of the coroutine which collects: the others stay as they are, and a new one
-- is short until it collects.
-- @module lacuna.jit_guard
local jit_guard = {}

-- Halved three times, this leaves more than the 250 slots that compiled code can ask for.
local SLOTS = 6000

--- Tells whether a version of LuaJIT has the fault, as far as its name tells. Names with a day in
-- them, such as `LuaJIT 2.1.1703358377`, came a month after it was mended.
-- @tparam string version as in `jit.version`
-- @treturn boolean
function jit_guard.needed(version)
   return version:match '^LuaJIT 2%.0' ~= nil or version:match '^LuaJIT 2%.1%.0' ~= nil
end

local text = (' '):rep(SLOTS)

-- string.byte asks for a slot for each number that it returns. A stack that cannot grow so far
-- raises an error; that it is nearly full is then for who fills it.
local function grow() pcall(string.byte, text, 1, SLOTS) end

--- Grows the stack of the coroutine that runs, where the fault is.
function jit_guard.grow() end

--- Grows the stack now, and after every collection from then on.
function jit_guard.install()
   local sentinel = newproxy(true)
   getmetatable(sentinel).__gc = function(self)
      grow()
      newproxy(self)  -- another one of the same kind, for the next collection
   end
   grow()
   jit_guard.grow = grow
end

if jit_guard.needed(jit.version) then jit_guard.install() end

return jit_guard
