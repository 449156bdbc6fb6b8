--- Tells where in a network a failure is.
-- @module lacuna.nn.place
local place = {}

-- The name by which a module holds another, if it does.
local function nameOf(inner, outer)
   for _, name in ipairs(outer.childNames or {}) do
      if outer[name] == inner then return name end
   end
end

--- Makes a function for `fail.tellPlace`: it finds the modules whose forward runs on the stack.
-- @tparam function call what runs for `module(input)`; its first local is the module
-- @treturn function takes a sentence; gives ` (in 2.1, nn.Linear)`, the path of the innermost
-- module and its class, or nothing where no module runs or the sentence names it
function place.teller(call)
   return function(sentence)
      local running, level = {}, 3
      while true do
         local info = debug.getinfo(level, 'f')
         if not info then break end
         if info.func == call then
            running[#running + 1] = select(2, debug.getlocal(level, 1))
         end
         level = level + 1
      end
      local inner, names = running[1], {}
      if type(inner) ~= 'table' then return '' end
      for i = #running - 1, 1, -1 do
         names[#names + 1] = nameOf(running[i], running[i + 1])
      end
      local kind = tostring(inner.__typename)
      if #names > 0 then return (' (in %s, %s)'):format(table.concat(names, '.'), kind) end
      local isTold = sentence:find(kind, 1, true) == 1
         or sentence:find(kind:match '[^.]*$', 1, true) == 1
      return isTold and '' or (' (in %s)'):format(kind)
   end
end

return place
