--- Makes the n-th allocation fail, for every n, and judges what comes of it.
-- @module spec.support.failing
local native = require 'lacuna.native'

local C = native.C
local failing = { injected = 0, runs = 0 }

-- Calls f while the n-th allocation fails: once, and once more in the try after the collection that
-- the library makes when memory is short; or, with `on`, that one and all after it.  Collections
-- take longer than all else together, so with `on` one in sixteen is made.
local function attempt(n, on, f)
   local real, before = collectgarbage, C.lac_debug_failures()
   _G.collectgarbage = function(...)
      if ... or on and n % 16 == 0 then return real(...) end
      if not on then C.lac_debug_fail_after(1) end
   end
   C.lac_debug_fail_after(on and -n or n)
   local ok, result = pcall(f)
   C.lac_debug_fail_after(0)
   _G.collectgarbage = real
   local injected = C.lac_debug_failures() - before
   failing.injected, failing.runs = failing.injected + injected, failing.runs + 1
   return ok, result, injected
end

--- Calls f with its first, its second, ... allocation failing, until nothing fails any more.
-- A call must give what f gives otherwise, or a sentence that says that there is no room.
-- @tparam function f gives a string, the same in every call
-- @tparam[opt] function reset called before each
-- @treturn number how many failures there were
function failing.exhaust(f, reset)
   local expected, before = f(), failing.injected
   for _, on in ipairs { false, true } do
      for n = 1, 5000 do
         if reset then reset() end
         local ok, result, injected = attempt(n, on, f)
         local told = tostring(result):find 'no room ' or tostring(result):find 'no memory'
         if not ok and not told then
            error(('failure %d: %s'):format(n, tostring(result)), 0)
         end
         if not ok and injected == 0 then error('fails unasked: ' .. tostring(result), 0) end
         if ok and result ~= expected then error(('failure %d: another result'):format(n), 0) end
         if injected == 0 then break end
         assert(n < 5000, 'it never succeeds')
      end
   end
   if reset then reset() end
   assert(f() == expected, 'another result after the failures')
   return failing.injected - before
end

--- Which operations of C were called between `watch` and `unwatch`.
failing.met = {}
local originals

function failing.watch()
   originals = {}
   for name, f in pairs(native.ops) do
      originals[name] = f
      native.ops[name] = function(...)
         failing.met[name] = true
         return f(...)
      end
   end
end

function failing.unwatch()
   for name, f in pairs(originals) do native.ops[name] = f end
end

return failing
