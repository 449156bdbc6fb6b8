-- Runs a loop that LuaJIT of old computes wrongly where the stack is short, at every depth of the
-- stack, just after collections; spec/jit_guard_spec.lua looks at what it prints. By hand, with
-- the argument `bare`, it runs without the guard, and Debian 12's LuaJIT gets three of them wrong.
if arg[1] ~= 'bare' then require 'lacuna.jit_guard' end

-- As lacuna.fail has it, but silent.
local function whole(_, _, value, low, high)
   if type(value) ~= 'number' or value ~= math.floor(value) or value < low
      or value > (high or 9007199254740992) then
      return nil
   end
   return value
end

-- The last index that the loop saw: `count`, if it is right.
local function lastOf(op, what, values, count, low)
   local list, last = {}, 0  -- luacheck: ignore 241
   for i = 1, count do
      list[i] = whole(op, what, values[i], low)
      last = i
   end
   return last
end

local values = {}
for i = 1, 200 do values[i] = i end
local COUNT = 3
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

local function measure()
   local wrong = 0
   for depth = 0, 60 do
      for _ = 1, 6 do collectgarbage() end  -- each halves the stack, until it is small
      local last = deep(depth)
      if last ~= COUNT then
         wrong = wrong + 1
         print(('at depth %d the loop to %d ran to %d'):format(depth, COUNT, last))
      end
   end
   print(('%d of 61 wrong'):format(wrong))
end

-- What surrounds the loop stays interpreted, so that what is compiled is always the same.
for _, f in ipairs { inner, deep, warm, measure } do jit.off(f) end
deep(60)
warm()
measure()
