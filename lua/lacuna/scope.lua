--- What a coroutine is doing: whether it records, and which scopes are open in it.
-- @module lacuna.scope
local fail = require 'lacuna.fail'
local jit_guard = require 'lacuna.jit_guard'

local scope = {}

local MAIN = {}
local silent = setmetatable({}, { __mode = 'k' })  -- coroutine -> true while nothing is recorded
local open = setmetatable({}, { __mode = 'k' })    -- coroutine -> stack of lists
local openCount = 0
local weak = { __mode = 'v' }  -- a scope does not keep from the collector what is garbage in it

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
      list.count = list.count + 1
      list[list.count] = object
   end
end

-- Marks every object that can be reached from a value through tables, however deep.
local function reach(value, marked)
   local waiting, n = { value }, 1
   local function meet(inner)
      if type(inner) == 'table' and not marked[inner] then
         n = n + 1
         waiting[n] = inner
      end
   end
   while n > 0 do
      local met = waiting[n]
      n = n - 1
      if type(met) == 'table' and not marked[met] then
         marked[met] = true
         if rawget(met, 'handle') ~= nil then
            meet(rawget(met, 'grad'))
         else
            for key, inner in next, met do
               meet(key)
               meet(inner)
            end
         end
      end
   end
end

--- Calls a function and releases what was made in it by this coroutine, also after an error; what
-- it returns, looked for through tables, and what was kept stays.
-- @tparam function f
-- @param ... its arguments
-- @return what f returns
function scope.run(f, ...)
   fail.callable('scope', f)
   local co = me()
   local stack = open[co]
   if not stack then
      stack = {}
      open[co] = stack
      if co ~= MAIN then jit_guard.grow() end  -- a coroutine's stack begins small
   end
   local list = setmetatable({ count = 0 }, weak)
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
      for i = 1, list.count do
         local object = list[i]
         if object and marked[object] then
            scope.note(object)
         elseif object and not object.kept then
            object:release()
         end
      end
      if not ok then error((...), 0) end
      return ...
   end
   return close(pcall(f, ...))
end

return scope
