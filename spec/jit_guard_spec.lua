local guard = require 'lacuna.jit_guard'

describe('the guard against a fault of LuaJIT', function()
   it('is for the versions that have it', function()
      for _, version in ipairs { '2.0.5', '2.1.0-beta3', '2.1.0-alpha' } do
         assert.is_true(guard.needed('LuaJIT ' .. version), version)
      end
      for _, version in ipairs { '2.1.1703358377', '2.1.ROLLING', '2.2.0', '3.0.1' } do
         assert.is_false(guard.needed('LuaJIT ' .. version), version)
      end
   end)

   it('keeps compiled loops to their ends on stacks that are young, or made small', function()
      local first = 0
      while arg[first - 1] do first = first - 1 end
      local pipe = assert(io.popen(('%q spec/support/stack_room.lua 2>&1'):format(arg[first])))
      local text = pipe:read '*a'
      pipe:close()
      assert.equal('0 of 549 wrong\n', text)
   end)

   it('grows the stack again after each collection, in whatever coroutine', function()
      local grown = 0
      local byte = string.byte
      finally(function() string.byte = byte end)  -- luacheck: ignore 122
      string.byte = function(...)  -- luacheck: ignore 122
         grown = grown + 1
         return byte(...)
      end
      guard.install()
      local atOnce = grown
      assert.is_true(atOnce >= 1)
      coroutine.wrap(function() collectgarbage() end)()
      assert.is_true(grown > atOnce)
      local before = grown
      collectgarbage()
      assert.is_true(grown > before)
   end)
end)
