--- What the `lacuna` program does with its arguments.
-- @module lacuna.repl.main
local trace = require 'lacuna.repl.trace'

local USAGE = [=[
usage: lacuna [options] [script [arguments]]
  -e CODE        run CODE, with `lacuna` as a global
  -l NAME        require NAME, as a global
  -i             go to the prompt after the script or the code
  -n             start the prompt without the user's init.lua
  -              read the script from standard input
  --             end of options
  --device NAME  make tensors on cpu, cuda, cuda:1, ...
  --threads N    use N threads
  --seed N       start the random generator at N
  --version      print the version
  --help         print this
Without a script: the prompt on a terminal, else a script from standard input.
]=]

local host = package.loaded['lacuna.host']

local function say(...) io.stderr:write('lacuna: ', ...) end

-- A wrong use of the program, told apart from a script's errors by its class.
local Misuse = { __tostring = function(self) return self.sentence end }

local function misuse(sentence, ...)
   error(setmetatable({ sentence = sentence:format(...) }, Misuse))
end

local takesValue = {
   ['-e'] = true, ['-l'] = true, ['--device'] = true, ['--threads'] = true, ['--seed'] = true,
}
local alone = { ['-i'] = true, ['-n'] = true, ['--version'] = true, ['--help'] = true }

-- The options, in order, and where the script's name stands.
local function read(arguments)
   local options, at = { list = {} }, 1
   while arguments[at] do
      local word = arguments[at]
      if word == '--' then return options, at + 1 end
      if word == '-' or word:sub(1, 1) ~= '-' then break end
      local name, value = word:match '^(%-%-%w+)=(.*)$'
      name = name or word
      if takesValue[name] then
         if not value then
            at = at + 1
            value = arguments[at]
         end
         if not value then misuse('option %s lacks its value', name) end
         options.list[#options.list + 1] = { name, value }
      elseif alone[name] and not value then
         options[name] = true
      else
         misuse('option %s is unknown', word)
      end
      at = at + 1
   end
   return options, at
end

local function number(name, text)
   return tonumber(text) or misuse('%s is %q, expected a number', name, text)
end

-- Calls one function of the library; what it refuses is a wrong use.
local function set(name, value)
   local ok, message = pcall(require('lacuna')[name], value)
   if not ok then misuse('%s', tostring(message)) end
end

local function settings(list)
   for _, option in ipairs(list) do
      local name, value = option[1], option[2]
      if name == '--device' then set('device', value) end
      if name == '--threads' then set('threads', number(name, value)) end
      if name == '--seed' then set('seed', number(name, value)) end
   end
end

local function report(caught)
   local message, stack = trace.text(caught)
   local interrupted = host.interrupted() and message:find('interrupted', 1, true)
   io.stdout:flush()
   say(message, stack, '\n')
   return interrupted and 130 or 1
end

-- Runs a function as the user's; the status that the program would end with, and what f gave.
local function run(f, ...)
   local ok, result = host.call(f, trace.handler, ...)
   return ok and 0 or report(result), result
end

local function compiled(f, message)
   if f then return f end
   say(message, '\n')
end

local actions = {}

actions['-e'] = function(code)
   rawset(_G, 'lacuna', require 'lacuna')  -- what -l loaded may have made globals strict
   local f = compiled(loadstring(code, '=(command line)'))
   return f and (run(f)) or 1
end

actions['-l'] = function(name)
   local status, module = run(require, name)
   if status == 0 then rawset(_G, name:match '[^.]*$', module) end
   return status
end

local function runScript(arguments, at)
   local name, shifted = arguments[at], {}
   for i = 0, #arguments do shifted[i - at] = arguments[i] end
   _G.arg = shifted
   local f
   if name and name ~= '-' then f = compiled(loadfile(name)) else f = compiled(loadfile()) end
   return f and (run(f, unpack(arguments, at + 1))) or 1
end

local function start(arguments)
   local options, at = read(arguments)
   if options['--help'] then
      io.write(USAGE)
      return 0
   end
   settings(options.list)
   if options['--version'] then
      io.write('Lacuna ', require('lacuna').version, ', ', jit.version, '\n')
      return 0
   end
   local status, did = 0, arguments[at] ~= nil
   for _, option in ipairs(options.list) do
      local action = actions[option[1]]
      if action then
         did = did or option[1] == '-e'
         status = action(option[2])
         if status ~= 0 then break end
      end
   end
   local prompts = options['-i'] or not did and host.isTerminal(0)
   if status == 0 and (arguments[at] or not did and not prompts) then
      status = runScript(arguments, at)
   end
   if prompts then
      return require('lacuna.repl').run { init = not options['-n'], quiet = did }
   end
   return status
end

--- Does what the arguments say.
-- @tparam table arguments from 1, the program's name at 0
-- @treturn number the status to end with: 0; 1 for a script that failed; 2 for a wrong use; 130 for
-- one that Ctrl-C ended
return function(arguments)
   local ok, result = pcall(start, arguments)
   if ok then return result end
   if getmetatable(result) == Misuse then
      say(result.sentence, '\n')
      return 2
   end
   return report(result)
end
