--- The prompt of the `lacuna` program: reads an entry, runs it, prints what it gave.
--
-- docs/guide/repl.md tells how to use it.
-- @module lacuna.repl
local chunk = require 'lacuna.repl.chunk'
local complete = require 'lacuna.repl.complete'
local fail = require 'lacuna.fail'
local history = require 'lacuna.repl.history'
local inspect = require 'lacuna.repl.inspect'
local page = require 'lacuna.repl.page'
local trace = require 'lacuna.repl.trace'

local repl = {}

local PROMPT, MORE = '> ', '.. '
local MOST_LISTED = 200

local host = package.loaded['lacuna.host']

-- ---- what is shown ------------------------------------------------------------------------

local function hasColour()
   return host.isTerminal(1) and (os.getenv 'NO_COLOR' or '') == '' and os.getenv 'TERM' ~= 'dumb'
end

local function write(text) io.stdout:write(text) end

local function room()
   local rows, columns = host.size()
   return { height = rows, width = columns }
end

local function show(text, rest) page.show(text, write, room(), rest) end

local function red(text)
   return repl.colour and host.isTerminal(2) and '\27[31m' .. text .. '\27[0m' or text
end

-- Leaving is an error, so that it ends what runs; only the loop knows it.
local Leave = { __tostring = function() return 'leave' end }

local function complain(caught)
   if type(caught) == 'table' and getmetatable(caught.value) == Leave then
      repl.leaves = true
      return
   end
   local message, stack = trace.text(caught, true)
   io.stdout:flush()
   io.stderr:write(red(message), stack, '\n')
end

local function options()
   local _, columns = host.size()
   return { width = columns or 80, colour = repl.colour }
end

-- What several give one after the other.
local function chain(rests)
   if #rests == 0 then return nil end
   return function()
      while rests[1] do
         local text, goesOn = rests[1]()
         if not goesOn then table.remove(rests, 1) end
         if text then return text, #rests > 0 end
      end
   end
end

-- Prints the values of an expression: on one line if they fit.
local function showValues(...)
   local texts, rests, lines = {}, {}, false
   for i = 1, select('#', ...) do
      local how = options()
      how.name = i == 1 and '_' or 'value ' .. i
      texts[i], rests[#rests + 1] = inspect.pieces((select(i, ...)), how)
      lines = lines or texts[i]:find '\n' ~= nil
   end
   show(table.concat(texts, lines and '\n' or '\t') .. '\n', chain(rests))
end

-- What `help` is at the prompt: as `lacuna.help`, but a page at a time.
local showHelp
function showHelp(...)
   local help, x = require 'lacuna.help', (...)
   if select('#', ...) > 0 and x == nil then return help(nil) end  -- an error that tells so
   if x == showHelp then x = help end
   local how = options()
   how.all = true
   local text, why = help.text(x, how)
   show((text or why) .. '\n')
end

-- Shows the next part of the text that was cut last.
local function showMore() page.more(write, room()) end

-- What entries see: the globals, but for Lua's own.  Those an entry may give another value, as a
-- script does with `local type = ...`; the library, which needs them, still has its own.
local env = setmetatable({}, { __index = _G, __newindex = _G })
for name in ([[assert bit collectgarbage coroutine debug dofile error getfenv getmetatable io ipairs
   jit load loadfile loadstring math module newproxy next os package pairs pcall print rawequal
   rawget rawset require select setfenv setmetatable string table tonumber tostring type unpack
   xpcall]]):gmatch '%a+' do
   rawset(env, name, rawget(_G, name))
end

-- ---- an entry ---------------------------------------------------------------------------------

-- A `local` at the start of an entry would end with it, so its names become globals.
local function withoutLocal(text)
   local rest = text:match '^%s*local%s+(function%s.*)$'
   if rest then return rest, rest:match '^function%s+([%w_\128-\255]+)' end
   local names, after = text:match '^%s*local%s+([%a_\128-\255][%w_,%s\128-\255]*)(.*)$'
   if not names then return end
   names = names:gsub('%s+$', '')
   if names:match '%s' and not names:match '^[%w_\128-\255]+%s*,' then
      -- another statement follows, with no sign between
      local name, more = names:match '^([%w_\128-\255]+)%s+(.*)$'
      return name .. ' = nil ' .. more .. after, name
   end
   if after:match '^=[^=]' then return names .. ' ' .. after, names end
   local isBare = after == '' or after:match '^;' or after:match '^%-%-'
   if isBare then return names .. ' = nil ' .. after, names end
end

local function keepLocals(f, isExpression, text)
   local changed, names = withoutLocal(text)
   local other, expression = nil, nil
   if changed then other, expression = chunk.compile(changed) end
   if not other then return f, isExpression end
   if not repl.told then
      repl.told = true
      write(('-- %s: kept as a global, since a local ends with its entry\n'):format(names))
   end
   return other, expression
end

-- Reads until the text is a whole program: gives it compiled, `false` for an entry without effect,
-- nothing at the end of the input.
local function read()
   local text, broken = host.readline(PROMPT)
   while true do
      if broken then return false end
      if not text then return nil end
      if text:match '^%s*$' then return false end
      local f, kind = chunk.compile(text)
      if f then return text, f, kind end
      if kind ~= 'incomplete' then
         local question = text:match '^%s*(.-)%s*%?%s*$'
         if question then return text, 'help', question end
         return text, nil, kind
      end
      local more
      more, broken = host.readline(MORE)
      if not more and not broken then
         write '\n'
         return text, nil, 'the input ends within an entry'
      end
      text = broken and text or text .. '\n' .. more
   end
end

local function guarded(f, ...)
   local ok, caught = host.call(f, trace.handler, ...)
   if not ok then complain(caught) end
   return ok
end

local function finish(isExpression, ok, ...)
   if not ok then
      complain((...))
   elseif isExpression and select('#', ...) > 0 then
      rawset(_G, '_', (...))
      guarded(showValues, ...)
   end
end

local function answer(question)
   if question == '' then return guarded(showHelp) end
   local f, kind = chunk.compile(question)
   if not f or kind ~= true then return complain(question .. '? names nothing') end
   -- A number or a string says nothing of itself, but its name may.
   local function ask(ok, value)
      if not ok then return complain(value) end
      local tells = type(value) == 'function' or type(value) == 'table'
         or question:find '^[\'"]' ~= nil
      guarded(showHelp, tells and value or question)
   end
   ask(host.call(setfenv(f, env), trace.handler))
end

local function run(text, f, kind)
   if text:match '^%s*exit%s*$' or text:match '^%s*quit%s*$' then
      repl.leaves = true
   elseif f == 'help' then
      answer(kind)
   elseif f then
      f, kind = keepLocals(f, kind, text)
      finish(kind, host.call(setfenv(f, env), trace.handler))
   else
      complain(kind)
   end
   io.stdout:flush()
end

-- ---- keys -------------------------------------------------------------------------------------

local function commonStart(list)
   local first, last = list[1], list[#list]
   local n = 0
   while n < #first and first:byte(n + 1) == last:byte(n + 1) do n = n + 1 end
   return first:sub(1, n)
end

-- The candidates in columns; of a path only the end.
local function columns(list, width)
   local words, longest = {}, 0
   for i = 1, math.min(#list, MOST_LISTED) do
      words[i] = list[i]:match '[^.:/]+[/(]?$' or list[i]
      longest = math.max(longest, #words[i])
   end
   local across = math.max(1, math.floor(width / (longest + 2)))
   local down, lines = math.ceil(#words / across), {}
   for row = 1, down do
      local line = {}
      for i = row, #words, down do line[#line + 1] = ('%-' .. longest .. 's'):format(words[i]) end
      lines[row] = table.concat(line, '  '):gsub('%s+$', '')
   end
   if #list > #words then lines[#lines + 1] = ('and %d more'):format(#list - #words) end
   return table.concat(lines, '\n')
end

--- Answers Tab: what replaces the bytes before the cursor, and what else could stand there.
-- @tparam string line
-- @tparam number position of the cursor, from 1
-- @treturn number where the replaced bytes begin; nothing if nothing fits
-- @treturn string what replaces them
-- @treturn ?string the candidates, where there are several and none of them got longer
function repl.complete(line, position)
   local list, first = complete.candidates(line, position, env)
   if #list == 0 then return end
   local typed, common = line:sub(first, position - 1), commonStart(list)
   if #list == 1 or #common > #typed then return first, common end
   return first, common, columns(list, (options().width))
end

-- ---- a session --------------------------------------------------------------------------------

local function prepare()
   local lacuna = require 'lacuna'
   local function leave() error(setmetatable({}, Leave)) end
   local given = { nn = lacuna.nn, optim = lacuna.optim, ops = lacuna.ops, help = showHelp,
      more = showMore, exit = leave, quit = leave }
   -- raw, for a script may have made globals strict
   for name, value in pairs(given) do
      if rawget(_G, name) == nil then rawset(_G, name, value) end
   end
   rawset(_G, 'lacuna', lacuna)
   return lacuna
end

local function runInit()
   local named, home = os.getenv 'LACUNA_INIT', os.getenv 'HOME'
   local config = os.getenv 'XDG_CONFIG_HOME'
   if config == '' or not config then config = home and home .. '/.config' end
   local path = named or config and config .. '/lacuna/init.lua'
   if not path or path == '' then return end
   local file, why = io.open(path)
   if not file then return named and complain(why) end
   file:close()
   local f, message = loadfile(path)
   if not f then return complain(message) end
   guarded(f)
end

local function greet(lacuna)
   write(('Lacuna %s, %s, %d thread%s, %s; help(x) or x? tells about x, Ctrl-D leaves\n'):format(
      lacuna.version, lacuna.isa(), lacuna.threads(), lacuna.threads() == 1 and '' or 's',
      lacuna.device()))
end

--- Runs a session until its end: Ctrl-D, `exit()` or `quit()`.
-- @tparam[opt] table settings `init`: whether to run the user's `init.lua`; `quiet`: without the
-- line that greets
-- @treturn number the status to end with
function repl.run(settings)
   settings = settings or {}
   if not host then fail.raise 'run: this is not the lacuna program, expected it' end
   repl.colour = hasColour()
   local lacuna = prepare()
   if not settings.quiet then greet(lacuna) end
   if settings.init then runInit() end
   local path, last = history.path(), nil
   local remembers = host.edits()
   if remembers then
      host.completer(repl.complete)
      for _, entry in ipairs(history.load(path)) do
         host.remember(entry)
         last = entry
      end
   end
   while not repl.leaves do
      local text, f, kind = read()
      if text == nil then
         write '\n'
         break
      end
      if text then
         if remembers and text ~= last then
            history.append(path, text)
            host.remember(text)
            last = text
         end
         run(text, f, kind)
      end
   end
   return 0
end

return repl
