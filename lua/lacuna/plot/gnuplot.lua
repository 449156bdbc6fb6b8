--- What the kinds of plots share: their options, gnuplot's language, and running it.
-- @module lacuna.plot.gnuplot
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local interrupt = require 'lacuna.interrupt'
local settings = require 'lacuna.plot.settings'
local Tensor = require 'lacuna.Tensor'
local terminal = require 'lacuna.plot.terminal'

-- internal: for the files of this folder.
local gnuplot = {}

-- A filled circle, square, triangle, diamond and triangle on its tip, by gnuplot's numbers.
local MARKS = { 7, 5, 9, 13, 11 }

-- ---- gnuplot's language ---------------------------------------------------------------------

-- A text as a string of gnuplot's in which all that could mean something is an octal number, and
-- digits too: a number may go on into them. (Its single-quoted strings won't do: version 5.4
-- misreads one that begins with a quote.)
function gnuplot.quote(text)
   local safe = text:gsub('%c', ' '):gsub('[%z\1-\127]', function(char)
      if char:find('[%a ]') then return char end
      return ('\\%03o'):format(char:byte())
   end)
   return '"' .. safe .. '"'
end

-- A number as gnuplot reads it; what is not finite is not drawn.
function gnuplot.number(value)
   if value ~= value or math.abs(value) == math.huge then return 'NaN' end
   return ('%.9g'):format(value)
end

-- The colour and the mark of the i-th class.
function gnuplot.look(i) return gnuplot.ink(i) .. ' pt ' .. MARKS[(i - 1) % #MARKS + 1] end

-- The colour of the i-th class.
function gnuplot.ink(i)
   return ("lc rgb '%s'"):format(settings.colours[(i - 1) % #settings.colours + 1])
end

-- Adds a block of data and gives its name.
function gnuplot.addData(lines, i, rows)
   local name = '$data' .. i
   lines[#lines + 1] = name .. ' << EOD'
   for k = 1, #rows do lines[#lines + 1] = rows[k] end
   lines[#lines + 1] = 'EOD'
   return name
end

-- The command that sets a colour map by its name.
function gnuplot.palette(op, name)
   local map = type(name) == 'string' and settings.maps[name]
   if not map then
      local names = {}
      for known in pairs(settings.maps) do names[#names + 1] = known end
      table.sort(names)
      fail.raise('%s: map is %s, expected one of %s', op, fail.describe(name),
         table.concat(names, ', '))
   end
   local stops = {}
   for i, colour in ipairs(map) do stops[i] = ("%d '%s'"):format(i - 1, colour) end
   return 'set palette defined (' .. table.concat(stops, ', ') .. ')', map
end

-- ---- options --------------------------------------------------------------------------------

local terminals = {
   png = "pngcairo noenhanced size %d,%d font 'sans,11' background '#ffffff'",
   svg = "svg noenhanced size %d,%d font 'sans,11' background '#ffffff'",
   plain = 'dumb nofeed noenhanced size %d,%d mono',
   coloured = 'dumb nofeed noenhanced size %d,%d ansi256',
}

local common = {
   title = '', xLabel = '', yLabel = '', path = false, terminal = false, width = false,
   height = false,
}

-- Where the plot goes, and how large it is: pixels of a file, or characters.
local function readPlace(op, options, width, height)
   if options.terminal then
      if options.terminal ~= true and options.terminal ~= 'text' then
         fail.raise('%s: terminal is %s, expected true or "text"', op,
            fail.describe(options.terminal))
      end
      if options.path then
         fail.raise('%s: options have terminal and path, expected one of them', op)
      end
      options.kind = options.terminal == true and terminal.colours() and 'coloured' or 'plain'
      local columns, lines = terminal.size()
      options.width = fail.whole(op, 'width', options.width or columns, 20, 1000)
      options.height = fail.whole(op, 'height', options.height
         or math.max(10, math.min(lines - 2, math.floor(options.width * 0.36))), 5, 1000)
      return
   end
   if options.path == nil then
      fail.raise('%s: path is nil, expected the name of a file, or terminal = true', op)
   end
   file.path(op, options.path)
   options.kind = options.path:lower():match('%.(%a+)$')
   if options.kind ~= 'png' and options.kind ~= 'svg' then
      fail.raise('%s: path is %q, expected one that ends in .png or .svg', op, options.path)
   end
   options.width = fail.whole(op, 'width', options.width or width or 960, 100, 10000)
   options.height = fail.whole(op, 'height', options.height or height or 640, 100, 10000)
end

-- Reads options: those that all plots have, and `own`. `size`, if given, takes the options and
-- gives the width and height in pixels where none is given.
function gnuplot.options(op, given, own, size)
   for name, default in pairs(common) do
      if own[name] == nil then own[name] = default end
   end
   if type(given) ~= 'table' or Tensor.is(given) then
      fail.raise('%s: %s, expected a table of options', op, fail.describe(given))
   end
   local options = fail.options(op, given, own)
   if size then readPlace(op, options, size(options)) else readPlace(op, options) end
   for _, name in ipairs { 'title', 'xLabel', 'yLabel' } do
      gnuplot.text(op, name, options[name])
   end
   return options
end

-- Checks that a value is a text.
function gnuplot.text(op, what, value)
   if type(value) ~= 'string' then
      fail.raise('%s: %s is %s, expected a string', op, what, fail.describe(value))
   end
   return value
end

-- The numbers of a tensor, or the value itself.
function gnuplot.plain(op, value)
   if Tensor.is(value) then return Tensor.check(op, 'values', value):toTable() end
   return value
end

-- A flat list of numbers, from a list or from a tensor of any shape.
function gnuplot.numbers(op, what, values)
   if Tensor.is(values) then return Tensor.check(op, what, values):toFlat() end
   if type(values) ~= 'table' or getmetatable(values) then
      fail.raise('%s: %s is %s, expected numbers', op, what, fail.describe(values))
   end
   for i = 1, #values do
      if type(values[i]) ~= 'number' then
         fail.raise('%s: %s has %s at %d, expected a number', op, what, fail.describe(values[i]),
            i)
      end
   end
   return values
end

-- Checks that a value is two finite numbers, the lower first.
function gnuplot.range(op, value)
   local plain = type(value) == 'table' and not getmetatable(value) and #value == 2
   local low, high = plain and value[1], plain and value[2]
   if type(low) ~= 'number' or type(high) ~= 'number' or not (low < high) or high - low == math.huge
      then
      fail.raise('%s: range is %s, expected two finite numbers, the lower first', op,
         plain and ('%s and %s'):format(tostring(low), tostring(high)) or fail.describe(value))
   end
   return low, high
end

-- ---- drawing --------------------------------------------------------------------------------

-- The lines that plots begin with.
function gnuplot.begin(options)
   local key = options.terminal and 'outside bottom center horizontal Left reverse'
      or 'outside right top Left reverse spacing 1.15 samplen 2'
   return {
      'set encoding utf8',
      'set terminal ' .. terminals[options.kind]:format(options.width, options.height),
      'set title ' .. gnuplot.quote(options.title),
      'set xlabel ' .. gnuplot.quote(options.xLabel),
      'set ylabel ' .. gnuplot.quote(options.yLabel),
      "set border lc rgb '#808080'",
      options.terminal and 'unset grid' or "set grid lc rgb '#e4e4e4' lt 1",
      'set key noautotitle ' .. key,
   }
end

local function shellQuote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Calls f, then `last` whatever happened; gives what f gave, or raises what it raised.
local function finally(last, f)
   local function finish(ok, ...)
      last()
      if not ok then error((...), 0) end
      return ...
   end
   return finish(pcall(f))
end

-- A shell that says who it is, runs the program and says how that ended. Ctrl-C does not stop
-- gnuplot, so the shell does, at a signal from the terminal or from here.
local COMMAND = [[
exec 2>&1 </dev/null
trap 'kill -9 $! 2>&-; wait $!; printf "\n%%d" 137; exit' INT TERM HUP
echo $$
%s -d %s &
wait $!
printf '\n%%d' $?
]]

local EINTR = 4  -- a signal woke the read: Ctrl-C, or the terminal has another size

local function nextLine(pipe)
   local text, _, code
   repeat
      text, _, code = pipe:read '*l'
      interrupt.check()
   until text or code ~= EINTR
   return text
end

-- Gives what the program printed, and its exit status.
local function run(script)
   local pipe, why = io.popen(COMMAND:format(shellQuote(settings.program), shellQuote(script)))
   if not pipe then return why end
   local shell, code, ended, _
   repeat shell, _, code = pipe:read '*l' until shell or code ~= EINTR
   return finally(function()
      if shell and not ended then os.execute('kill ' .. shell) end
      pipe:close()  -- waits for the shell
   end, function()
      local said = {}
      for line in nextLine, pipe do said[#said + 1] = line end
      ended = true
      return table.concat(said, ' ', 1, #said - 1), tonumber(said[#said])
   end)
end

local function write(path, bytes)
   local handle, why = io.open(path, 'wb')
   if not handle then return nil, why end
   local written
   written, why = handle:write(bytes)
   local closed, reason = handle:close()
   return written and closed, why or reason
end

-- Gives a text as the options ask: back to the caller, or onto standard output.
function gnuplot.show(options, text)
   if options.terminal == 'text' then return text end
   io.write((text:gsub('[ \n\f]+$', '')), '\n')
   return true
end

-- What the program draws by the lines. `newFile` takes bytes and gives the name of their file.
local function draw(op, lines, bytes, newFile)
   local names = {}
   local output, why = newFile ''
   if not output then return nil, why end
   table.insert(lines, 3, 'set output ' .. gnuplot.quote(output))
   for i = 1, #(bytes or {}) do
      names[i], why = newFile(bytes[i])
      if not names[i] then return nil, why end
   end
   local text = table.concat(lines, '\n'):gsub('\1(%d+)', function(i)
      return gnuplot.quote(names[tonumber(i)])
   end)
   local script
   script, why = newFile(text .. '\n')
   if not script then return nil, why end
   local said, status = run(script)
   if status == 127 then
      return nil, ('%s: %s was not found; install gnuplot-nox to draw plots'):format(op,
         settings.program)
   end
   local drawn = file.read(op, output)
   if status ~= 0 or not drawn or drawn == '' then
      return nil, ('%s: %s failed: %s'):format(op, settings.program,
         said:gsub('%s+', ' '):match('^ ?(.-) ?$'):sub(1, 300))
   end
   return drawn
end

-- Runs the lines. The program writes to a file of ours, so that the user's path is no part of any
-- command. `bytes`, if given, are a list of strings for files whose names stand in the lines as
-- \1 and a number.
function gnuplot.draw(op, options, lines, bytes)
   local made = {}
   local function newFile(content)
      local ok, name = pcall(os.tmpname)
      if not ok then return nil, ('%s: there can be no temporary file'):format(op) end
      made[#made + 1] = name
      local written, why = write(name, content)
      if not written then return nil, ('%s: cannot write a temporary file: %s'):format(op, why) end
      return name
   end
   interrupt.check()  -- from here on it waits, so that no name is lost
   local drawn, why = finally(function()
      for _, name in ipairs(made) do os.remove(name) end
   end, function() return draw(op, lines, bytes, newFile) end)
   if not drawn then return nil, why end
   if options.terminal then
      return gnuplot.show(options, (drawn:gsub('[ ]+\n', '\n'):gsub('^%s*\n', '')))
   end
   return file.save(op, options.path, drawn)
end

return gnuplot
