--- Lists of functions that a user hangs onto something, and the handles that take them off again.
--
--     local handle = net:get(1):registerForwardHook(function(_, _, output) print(output) end)
--     handle:remove()
--
-- A list is never changed in place: a function that adds or removes while the list is being walked
-- changes the next walk.  A function is not called from within itself, nor from a coroutine that it
-- resumed; that it waits in another coroutine, which perhaps nobody resumes, is in nobody's way.
-- @classmod lacuna.hooks
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'

local Hook = class('Hook')

local MAIN = {}
local weak = { __mode = 'k' }

-- internal: hangs a function onto `holder`, as the last of the list that is its field.
function Hook:__init(op, holder, field, f)
   fail.callable(op, f)
   self.holder, self.field, self.f = holder, field, f
   local list = {}
   for i, other in ipairs(holder[field] or {}) do list[i] = other end
   list[#list + 1] = self
   holder[field] = list
end

--- Takes the function off; does nothing the second time.
-- @treturn Hook self
function Hook:remove()
   local list = {}
   for _, other in ipairs(self.holder[self.field] or {}) do
      if other ~= self then list[#list + 1] = other end
   end
   self.holder[self.field] = #list > 0 and list or nil
   self.removed = true
   return self
end

-- Whether the function runs in this coroutine, or in one that waits for this one to end or yield.
local function isWithin(busy)
   for co in next, busy do
      if co == MAIN or coroutine.status(co) ~= 'suspended' then return true end
   end
   return false
end

local function settle(busy, co, ok, ...)
   busy[co] = nil
   if not ok then error((...), 0) end
   return ...
end

-- internal: calls the function, unless it was removed in this walk or is running.
function Hook:run(...)
   local busy = self.busy
   if self.removed or busy and isWithin(busy) then return nil end
   if not busy then
      busy = setmetatable({}, weak)  -- of coroutines; it keeps none that is dropped
      self.busy = busy
   end
   local co = coroutine.running() or MAIN
   busy[co] = true
   return settle(busy, co, pcall(self.f, ...))
end

function Hook:__tostring()
   return ('Hook on %s%s'):format(fail.describe(self.holder), self.removed and ', removed' or '')
end

return Hook
