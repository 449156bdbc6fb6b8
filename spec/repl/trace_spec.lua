local trace = require 'lacuna.repl.trace'

-- A coroutine that stopped in a function that called itself that often.
local function deep(levels)
   local function down(n)
      if n == 0 then return coroutine.yield() end
      return 1 + down(n - 1)
   end
   local co = coroutine.create(function() return 1 + down(levels) end)
   assert(coroutine.resume(co))
   return co
end

describe('a stack', function()
   it('is whole where it has few levels', function()
      local lines = trace.stack(deep(3))
      assert.is_nil(table.concat(lines, '\n'):match 'levels')
      assert.is_true(#lines >= 5 and #lines < 10)
   end)

   it('shows both ends where it is deep, and tells how much is between', function()
      for _, levels in ipairs { 50, 5000 } do
         local lines = trace.stack(deep(levels))
         assert.equal(12 + 1 + 8, #lines)
         local left = tonumber(lines[13]:match '^%.%.%. %((%d+) levels%)$')
         assert.equal(#trace.stack(deep(3)) + levels - 3, 12 + left + 8)
         assert.matches('^%[C%]: in function', lines[1])
         assert.matches('trace_spec%.lua:9: in function', lines[#lines])
      end
   end)
end)
