--- Errors as the `lacuna` program shows them: what was said, and the user's lines that led there.
-- @module lacuna.repl.trace
local trace = {}

local here = debug.getinfo(1, 'S').source:match '^(@.*)repl/trace%.lua$'
local FIRST, LAST = 12, 8  -- frames of a deep stack
local MOST_BELOW = 30  -- frames of the program below the user's

--- Describes an error: a string as it is, an object by its `__tostring`.
-- @param value what was raised
-- @treturn string
function trace.message(value)
   if type(value) == 'string' then return value end
   local class = debug.getmetatable(value)
   if type(class) == 'table' and rawget(class, '__tostring') ~= nil then
      local ok, text = pcall(tostring, value)
      if ok and type(text) == 'string' then return text end
      return ('(error object is a %s whose __tostring fails)'):format(type(value))
   end
   if type(value) == 'number' then return tostring(value) end
   return value == nil and '(error object is nil)'
      or ('(error object is a %s)'):format(type(value))
end

-- The level of the last frame, by doubling and halving: each look walks the stack from its top.
local function depthOf(thread)
   local low, high = 0, 1
   while debug.getinfo(thread, high, 'l') do low, high = high, high * 2 end
   while high - low > 1 do
      local middle = math.floor((low + high) / 2)
      if debug.getinfo(thread, middle, 'l') then low = middle else high = middle end
   end
   return low
end

local function isLibrary(info)
   return info.source:sub(1, #here) == here
end

local function describe(info)
   local where = info.what == 'C' and '[C]:'
      or info.currentline > 0 and ('%s:%d:'):format(info.short_src, info.currentline)
      or info.short_src .. ':'
   if info.what == 'main' then return where .. ' in main chunk' end
   if info.name then return ("%s in function '%s'"):format(where, info.name) end
   if info.what == 'C' then return where .. ' ?' end
   return ('%s in function <%s:%d>'):format(where, info.short_src, info.linedefined)
end

-- Runs of the library's frames become one line; what C does between two of them, or in the last
-- call, belongs to them.
local function fold(frames)
   local lines, run, between, begun = {}, 0, {}, false
   local function close()
      if run > 0 then
         lines[#lines + 1] = ('[lacuna: %d frame%s]'):format(run, run == 1 and '' or 's')
      end
      for _, frame in ipairs(between) do lines[#lines + 1] = describe(frame) end
      run, between = 0, {}
   end
   for _, frame in ipairs(frames) do
      if frame.what ~= 'C' and isLibrary(frame) then
         run, between, begun = run + #between + 1, {}, true
      elseif frame.what == 'C' and (run > 0 or not begun) then
         between[#between + 1] = frame
      else
         close()
         begun = true
         lines[#lines + 1] = frame.omitted or describe(frame)
      end
   end
   close()
   return lines
end

-- The frames from a level down to `host.call`, which the user did not write.
local function framesFrom(thread, level)
   local host, frames = package.loaded['lacuna.host'], {}
   local deepest = depthOf(thread)
   local last = deepest
   for below = math.max(level, deepest - MOST_BELOW), deepest do
      if host and debug.getinfo(thread, below, 'f').func == host.call then last = below - 1 end
   end
   while level <= last do
      if #frames == FIRST and last - level > FIRST + LAST then
         local left = last - LAST + 1 - level
         frames[#frames + 1] = { source = '', omitted = ('... (%d levels)'):format(left) }
         level = level + left
      end
      frames[#frames + 1] = debug.getinfo(thread, level, 'Sln')
      level = level + 1
   end
   return frames
end

--- Lists the lines of a stack, as `debug.traceback` would, with the library's frames folded;
-- LACUNA_TRACEBACK=full shows them.
-- @tparam coroutine thread which does not run now
-- @tparam[opt=0] number level 0 is the innermost
-- @treturn table of strings
function trace.stack(thread, level)
   local frames = framesFrom(thread, level or 0)
   if os.getenv 'LACUNA_TRACEBACK' ~= 'full' then return fold(frames) end
   local lines = {}
   for i, frame in ipairs(frames) do lines[i] = frame.omitted or describe(frame) end
   return lines
end

--- Keeps an error with its stack; the handler for `host.call`.
-- @param value what was raised
-- @tparam coroutine thread where
-- @treturn table `value`, `message`, `stack`
function trace.handler(value, thread)
   local host = package.loaded['lacuna.host']
   local place = type(value) == 'string' and value:match '^(.*)Interrupted system call$'
   if place and host and host.pending() then  -- io.lines raises what io.read would return
      host.taken()
      value = place .. 'interrupted'
   end
   return { value = value, message = trace.message(value), stack = trace.stack(thread, 1) }
end

--- Writes an error as text.
-- @param caught from @{handler}, or what came instead, when memory or the stack ran out
-- @tparam[opt] boolean short leaves out a stack that tells nothing but the entry's own line
-- @treturn string
-- @treturn string the stack, empty or with a line break before it
function trace.text(caught, short)
   if type(caught) ~= 'table' or type(caught.stack) ~= 'table' then
      return trace.message(caught), ''
   end
   local stack = caught.stack
   while short and #stack > 0 and stack[#stack]:match ' in main chunk$' do stack[#stack] = nil end
   if short and #stack == 1 and stack[1]:match '^%[' then stack = {} end  -- C, or the library
   if #stack == 0 then return caught.message, '' end
   return caught.message, '\nstack traceback:\n\t' .. table.concat(stack, '\n\t')
end

return trace
