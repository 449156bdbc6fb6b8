--- What a coroutine is doing: whether it records, and which scopes are open in it.
-- @module lacuna.scope
local scope = {}

local MAIN = {}
local silent = setmetatable({}, { __mode = 'k' })  -- coroutine -> true while nothing is recorded
local open = setmetatable({}, { __mode = 'k' })    -- coroutine -> stack of lists
local openCount = 0

local function me() return coroutine.running() or MAIN end

--- Tells whether operations are recorded here.
-- @treturn boolean
function scope.recording() return not silent[me()] end

--- Calls a function with recording switched, and switches back also after an error.
-- @tparam boolean on
-- @tparam function f
-- @param ... its arguments
-- @return what f returns
function scope.record(on, f, ...)
   local co = me()
   local before = silent[co]
   silent[co] = not on or nil
   local function restore(ok, ...)
      silent[co] = before
      if not ok then error((...), 0) end
      return ...
   end
   return restore(pcall(f, ...))
end

--- Notes a new object, which must have `release`, in the innermost scope of this coroutine.
-- @param object the object
function scope.note(object)
   if openCount == 0 then return end
   local stack = open[me()]
   if stack then
      local list = stack[#stack]
      list[#list + 1] = object
   end
end

-- Marks every object that can be reached from a value through tables.
local function reach(value, marked)
   if type(value) ~= 'table' or marked[value] then return end
   marked[value] = true
   if rawget(value, 'handle') ~= nil then
      reach(rawget(value, 'grad'), marked)
      return
   end
   for key, inner in next, value do
      reach(key, marked)
      reach(inner, marked)
   end
end

--- Calls a function and releases what was made in it by this coroutine, also after an error; what
-- it returns, looked for through tables, and what was kept stays.
-- @tparam function f
-- @param ... its arguments
-- @return what f returns
function scope.run(f, ...)
   local co = me()
   local stack = open[co]
   if not stack then
      stack = {}
      open[co] = stack
   end
   local list = {}
   stack[#stack + 1] = list
   openCount = openCount + 1
   local function close(ok, ...)
      stack[#stack] = nil
      openCount = openCount - 1
      if #stack == 0 then open[co] = nil end
      local marked = {}
      if ok then
         for i = 1, select('#', ...) do reach((select(i, ...)), marked) end
      end
      for i = 1, #list do
         local object = list[i]
         if marked[object] then
            scope.note(object)
         elseif not object.kept then
            object:release()
         end
      end
      if not ok then error((...), 0) end
      return ...
   end
   return close(pcall(f, ...))
end

return scope
