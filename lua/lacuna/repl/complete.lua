--- Completes what is typed at the prompt.
--
--     complete.candidates('lacuna.nn.Sub', 14, _G)     -- { 'SubmanifoldConvolution' }, 12
--
-- No code of a script runs: tables are read raw, metatables are followed where their `__index` is a
-- table, and nothing is called.  The library's own tables that load their parts when used list all.
-- @module lacuna.repl.complete
local fail = require 'lacuna.fail'
local keywords = require 'lacuna.repl.keywords'
local lastElement = require('lacuna.repl.array').last
local names = require 'lacuna.help.names'

local complete = {}

local MOST_STEPS = 20            -- of metatables, one behind the other
local MOST_KEYS = 20000          -- of a table are looked at
local MOST_FILES = 10000         -- of a folder

-- ---- reading values -----------------------------------------------------------------------------

-- What stands behind a value: a table in which Lua would look next, or nil.  Our own `__index`
-- functions of classes look in the class.
local function behind(value)
   local meta = debug.getmetatable(value)
   local index = type(meta) == 'table' and rawget(meta, '__index') or nil
   if type(index) == 'table' then return index end
   local isOurs = type(index) == 'function' and names.origin(index) ~= nil
   return isOurs and rawget(meta, '__typename') and meta or nil
end

-- `value[key]` without calling anything of a script.
local function get(value, key)
   local at = value
   for _ = 1, MOST_STEPS do
      if type(at) == 'table' then
         local found = rawget(at, key)
         if found ~= nil then return found end
         local later = names.later(at)
         if later and later[key] then
            -- a function of the library loads a file of the library
            local ok, part = pcall(function() return at[key] end)
            return ok and part or nil
         end
      end
      at = behind(at)
      if at == nil then return nil end
   end
end

-- Calls f with each key of a table that is a string, and what it holds.
local function eachKey(value, f)
   local key = lastElement(value)  -- `next` would give the elements first
   for _ = 1, MOST_KEYS do
      local held
      key, held = next(value, key)
      if key == nil then return end
      if type(key) == 'string' then f(key, held) end
   end
end

-- All names that can follow a value, those behind it included.
local function collect(value, wanted, set)
   local at = value
   for _ = 1, MOST_STEPS do
      if type(at) == 'table' then
         eachKey(at, function(key, held)
            if set[key] == nil then set[key] = wanted(key, held) end
         end)
         for key in next, names.later(at) or {} do
            if set[key] == nil then set[key] = wanted(key, nil) end
         end
      end
      at = behind(at)
      if at == nil then return set end
   end
   return set
end

-- ---- reading the line ---------------------------------------------------------------------------

-- Where the string that is open at the end begins, and what opened it; `comment` in one.
local function openString(text)
   local i = 1
   while i <= #text do
      local c = text:sub(i, i)
      if text:find('^%-%-', i) then
         local equals = text:match('^%-%-%[(=*)%[', i)
         local _, last = text:find(']' .. (equals or '') .. ']', i, true)
         if not equals or not last then return nil, 'comment' end
         i = last + 1
      elseif text:find('^%[=*%[', i) then
         local equals = text:match('^%[(=*)%[', i)
         local first = i + #equals + 2
         local _, last = text:find(']' .. equals .. ']', first, true)
         if not last then return first, '[[' end
         i = last + 1
      elseif c == '"' or c == "'" then
         local k = i + 1
         while k <= #text and text:sub(k, k) ~= c do
            k = k + (text:sub(k, k) == '\\' and 2 or 1)
         end
         if k > #text then return i + 1, c end
         i = k + 1
      else
         i = i + 1
      end
   end
   return nil
end

-- The value of the names, fields and literal indices that a text ends with, `a.b[1]['c']`.
local function valueOf(text, env)
   local steps = {}
   while true do
      text = text:gsub('%s+$', '')
      local rest, name = text:match '^(.-)([%a_][%w_]*)$'
      local before, number = text:match '^(.*)%[%s*(%-?%d+%.?%d*)%s*%]$'
      if not before then
         local quote
         before, quote, number = text:match '^(.*)%[%s*([\'"])([^\'"\\]*)[\'"]%s*%]$'
         if quote == nil then before = nil end
      else
         number = tonumber(number)
      end
      if name and not rest:find '[%w_]$' and not keywords[name] then
         table.insert(steps, 1, name)
         rest = rest:gsub('%s+$', '')
         if rest:find ':$' or not rest:find '%.$' or rest:find '%.%.$' then
            if rest:find ':$' and not rest:find '::$' then return nil end
            break
         end
         text = rest:sub(1, -2)
      elseif before then
         table.insert(steps, 1, number)
         text = before
      else
         return nil
      end
   end
   local value = env
   for _, step in ipairs(steps) do
      value = get(value, step)
      if value == nil then return nil end
   end
   return value
end

-- ---- candidates ---------------------------------------------------------------------------------

local function sorted(set)
   local list = {}
   for name, wanted in next, set do
      if wanted then list[#list + 1] = name end
   end
   table.sort(list)
   return list
end

-- Whether a name begins as typed; those with an underscore in front only show to who types it.
local function begins(name, typed)
   return name:sub(1, #typed) == typed and (typed ~= '' or name:sub(1, 1) ~= '_')
end

local function fields(value, typed, isCall)
   return collect(value, function(key, held)
      local fits = key:find '^[%a_][%w_]*$' and not keywords[key] and begins(key, typed)
      return fits and (not isCall or type(held) == 'function') or false
   end, {})
end

local function globals(env, typed)
   local set = fields(env, typed, false)
   for word in next, keywords do
      if typed ~= '' and begins(word, typed) then set[word] = true end
   end
   return set
end

local function keysInQuotes(value, typed, quote)
   return collect(value, function(key)
      return begins(key, typed) and not key:find('[%c\\' .. quote .. ']') or false
   end, {})
end

local function files(typed, quote)
   local lfs = require 'lfs'
   local set, folder, part = {}, typed:match '^(.*/)([^/]*)$'
   folder, part = folder or '', part or typed
   local real = folder:gsub('^~/', (os.getenv 'HOME' or '~') .. '/')
   local forbidden = quote == '[[' and '[%c%]]' or '[%c\\' .. quote .. ']'
   pcall(function()
      local seen = 0
      for name in lfs.dir(real == '' and '.' or real) do
         seen = seen + 1
         if seen > MOST_FILES then return end
         local hidden = name:sub(1, 1) == '.' and part:sub(1, 1) ~= '.'
         local isDots = name == '.' or name == '..'
         if name:sub(1, #part) == part and not hidden and not isDots
            and not name:find(forbidden) then
            local isFolder = lfs.attributes(real .. name, 'mode') == 'directory'
            set[isFolder and name .. '/' or name] = true
         end
      end
   end)
   return set, #part
end

local function inString(text, first, quote, env)
   local typed, before = text:sub(first), text:sub(1, first - 2)
   local indexed = #quote == 1 and before:match '^(.*[%w_%]%)])%s*%[%s*$'
   local value = indexed and valueOf(indexed, env) or nil
   if value ~= nil then
      return sorted(keysInQuotes(value, typed, quote)), first
   end
   local set, length = files(typed, quote)
   return sorted(set), #text - length + 1
end

--- Lists what could stand where the cursor is.
-- @tparam string line
-- @tparam number position of the cursor, from one: bytes before it are looked at
-- @tparam table env the globals
-- @treturn table strings, sorted, each to stand instead of the bytes from `start` to before the
-- cursor
-- @treturn number start
function complete.candidates(line, position, env)
   if type(line) ~= 'string' then
      fail.raise('candidates: line is %s, expected a string', fail.describe(line))
   end
   fail.whole('candidates', 'position', position, 1, #line + 1)
   if type(env) ~= 'table' then
      fail.raise('candidates: env is %s, expected a table', fail.describe(env))
   end
   local text = line:sub(1, position - 1)
   local first, quote = openString(text)
   if quote == 'comment' then return {}, position end
   if first then return inString(text, first, quote, env) end
   local typed = text:match '[%w_]*$'
   local start = position - #typed
   if typed:find '^%d' then return {}, position end
   local before = text:sub(1, start - 1):gsub('%s+$', '')
   local mark = before:match '[.:]$'
   if not mark or before:find '%.%.$' or before:find '::$' then
      return sorted(globals(env, typed)), start
   end
   local value = valueOf(before:sub(1, -2), env)
   if value == nil then return {}, position end
   return sorted(fields(value, typed, mark == ':')), start
end

return complete
