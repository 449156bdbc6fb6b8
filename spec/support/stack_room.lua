-- Runs loops that LuaJIT of old computes wrongly where the stack is short: at every depth of the
-- stack, after collections, in the midst of one, and in coroutines that are young;
-- spec/jit_guard_spec.lua looks at what it prints. By hand, with the argument `bare`, it runs
-- without the guard, and Debian 12's LuaJIT gets many of them wrong.
if arg[1] == 'bare' then package.loaded['lacuna.jit_guard'] = { grow = function() end } end
local scope = require 'lacuna.scope'

-- A loop that gives the last index it saw, which is `count` if it is right; its call of what
-- lacuna.fail has takes `room` slots more than it needs.
local function newLoop(room)
   local names = {}
   for i = 1, room do names[i] = 'unused' .. i end
   local declared = room > 0 and 'local ' .. table.concat(names, ', ') or ''
   return assert(loadstring(([[
      local function whole(_, _, value, low, high)
         %s
         if type(value) ~= 'number' or value ~= math.floor(value) or value < low
            or value > (high or 9007199254740992) then
            return nil
         end
         return value
      end
      return function(op, what, values, count, low)
         local list, last = {}, 0
         for i = 1, count do
            list[i] = whole(op, what, values[i], low)
            last = i
         end
         return last
      end]]):format(declared)))()
end

local values = {}
for i = 1, 200 do values[i] = i end
local COUNT = 3
local lastOf
local function inner() return (lastOf('op', 'value', values, COUNT, 1)) end
local function deep(depth)
   if depth == 0 then return inner() end
   local last = deep(depth - 1)
   return last
end

-- Long runs compile the loop, short ones the branch where the list is full and has to grow.
local function warm()
   for _ = 1, 2 do lastOf('op', 'value', values, #values, 1) end
   for _ = 1, 40 do inner() end
end

local ways = {}

function ways.afterCollections(depth)
   for _ = 1, 6 do collectgarbage() end  -- each halves the stack, until it is small
   return deep(depth)
end

-- A collection halves the stack before it calls the finalizer that grows it.
function ways.withinCollections(depth)
   local last
   for _ = 1, 100 do
      collectgarbage('step', 0)
      last = deep(depth)
      if last ~= COUNT then break end
   end
   return last
end

function ways.inCoroutine(depth)
   return coroutine.wrap(function() return (scope.run(deep, depth)) end)()
end

local function measure()
   local wrong, count = 0, 0
   for name, way in pairs(ways) do
      for depth = 0, 60 do
         local last = way(depth)
         count = count + 1
         if last ~= COUNT then
            wrong = wrong + 1
            print(('%s, at depth %d: the loop to %d ran to %d'):format(name, depth, COUNT, last))
         end
      end
   end
   return wrong, count
end

-- What surrounds the loop stays interpreted, so that what is compiled is always the same.
for _, f in ipairs { inner, deep, warm, measure } do jit.off(f) end
for _, f in pairs(ways) do jit.off(f) end
local wrong, count = 0, 0
for _, room in ipairs { 0, 60, 190 } do
   lastOf = newLoop(room)
   deep(60)
   warm()
   local more, ran = measure()
   wrong, count = wrong + more, count + ran
end
print(('%d of %d wrong'):format(wrong, count))
