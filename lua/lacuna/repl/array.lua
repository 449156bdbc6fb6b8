--- The part of a table that counts 1, 2, 3 …, found without asking its metatable.
-- @module lacuna.repl.array
local array = {}

--- Finds the last of the elements 1, 2, 3 …, in steps that double.
-- @tparam table value
-- @treturn ?number nil if there is no first one
function array.last(value)
   if rawget(value, 1) == nil then return nil end
   local low, high = 1, 2
   while rawget(value, high) ~= nil do low, high = high, high * 2 end
   while high - low > 1 do
      local middle = math.floor((low + high) / 2)
      if rawget(value, middle) ~= nil then low = middle else high = middle end
   end
   return low
end

return array
