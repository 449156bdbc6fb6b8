--- Plots as PNG or SVG files, drawn by gnuplot where it is installed.
--
--     local plot = require 'lacuna.plot'
--     assert(plot.lines { path = 'loss.png', title = 'loss', series = { { y = losses } } })
--     assert(plot.scatter { path = 'map.png', points = places, labels = classes })
--
-- Text is drawn as it is: nothing in a label or a name is ever a command.
-- @module lacuna.plot
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local Tensor = require 'lacuna.Tensor'

local plot = {}

--- The program that draws.
plot.program = 'gnuplot'

--- The colours of classes, in turn; with the marks, 80 classes look different.
plot.colours = {
   '#1f77b4', '#d62728', '#2ca02c', '#ff7f0e', '#7030a0', '#00b5c8', '#8c564b', '#e377c2',
   '#808000', '#000000', '#1be01b', '#f2c80f', '#0a2a66', '#ff0090', '#7f7f7f', '#b39ddb',
}

-- A filled circle, square, triangle, diamond and triangle on its tip, by gnuplot's numbers.
local MARKS = { 7, 5, 9, 13, 11 }

-- ---- gnuplot's language ---------------------------------------------------------------------

-- A text as a string of gnuplot's in which all that could mean something is an octal number. (Its
-- single-quoted strings won't do: version 5.4 misreads one that begins with a quote.)
local function quote(text)
   local safe = text:gsub('%c', ' '):gsub('[%z\1-\127]', function(char)
      if char:find('[%w ]') then return char end
      return ('\\%03o'):format(char:byte())
   end)
   return '"' .. safe .. '"'
end

local function number(value)
   if value ~= value or math.abs(value) == math.huge then return 'NaN' end
   return ('%.9g'):format(value)
end

local terminals = {
   png = "pngcairo noenhanced size %d,%d font 'sans,11' background '#ffffff'",
   svg = "svg noenhanced size %d,%d font 'sans,11' background '#ffffff'",
}

local common = { title = '', xLabel = '', yLabel = '', path = false, width = 960, height = 640 }

local function readOptions(op, given, own)
   for name, default in pairs(common) do own[name] = default end
   if type(given) ~= 'table' or Tensor.is(given) then
      fail.raise('%s: %s, expected a table of options', op, fail.describe(given))
   end
   local options = fail.options(op, given, own)
   file.path(op, options.path)
   options.kind = options.path:lower():match('%.(%a+)$')
   if not terminals[options.kind] then
      fail.raise('%s: path is %q, expected one that ends in .png or .svg', op, options.path)
   end
   for _, name in ipairs { 'title', 'xLabel', 'yLabel' } do
      if type(options[name]) ~= 'string' then
         fail.raise('%s: %s is %s, expected a string', op, name, fail.describe(options[name]))
      end
   end
   fail.whole(op, 'width', options.width, 100, 10000)
   fail.whole(op, 'height', options.height, 100, 10000)
   return options
end

-- The lines that both kinds of plot begin with.
local function beginScript(options)
   return {
      'set encoding utf8',
      'set terminal ' .. terminals[options.kind]:format(options.width, options.height),
      'set title ' .. quote(options.title),
      'set xlabel ' .. quote(options.xLabel),
      'set ylabel ' .. quote(options.yLabel),
      "set border lc rgb '#808080'",
      "set grid lc rgb '#e4e4e4' lt 1",
      'set key outside right top Left reverse noautotitle spacing 1.15 samplen 2',
   }
end

-- ---- running it -----------------------------------------------------------------------------

local function shellQuote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function writeFile(path, text)
   local handle = assert(io.open(path, 'wb'))
   handle:write(text)
   handle:close()
end

-- Gives what the program printed, and its exit status.
local function run(script)
   local pipe = io.popen(('%s -d %s 2>&1 </dev/null; printf "\\n%%d" $?'):format(
      shellQuote(plot.program), shellQuote(script)))
   local text = pipe:read('*a')
   pipe:close()
   local said, status = text:match('^(.*)\n(%d+)$')
   return said or text, tonumber(status)
end

-- The program writes to a file of ours, so that the user's path is no part of any command.
local function draw(op, options, lines)
   local script, output = os.tmpname(), os.tmpname()
   table.insert(lines, 3, 'set output ' .. quote(output))
   writeFile(script, table.concat(lines, '\n') .. '\n')
   local said, status = run(script)
   local bytes = file.read(op, output)
   os.remove(script)
   os.remove(output)
   if status == 127 then
      return nil, ('%s: %s was not found; install gnuplot-nox to draw plots'):format(op,
         plot.program)
   end
   if status ~= 0 or not bytes or bytes == '' then
      return nil, ('%s: %s failed: %s'):format(op, plot.program, said:gsub('%s+', ' '):sub(1, 300))
   end
   return file.save(op, options.path, bytes)
end

-- ---- points ---------------------------------------------------------------------------------

local function plain(value)
   if Tensor.is(value) then return Tensor.check('plot', 'values', value):toTable() end
   return value
end

local function readPoints(points)
   points = plain(points)
   if type(points) ~= 'table' then
      fail.raise('scatter: points are %s, expected n x 2 numbers', fail.describe(points))
   end
   local finite = 0
   for i = 1, #points do
      local p = points[i]
      if type(p) ~= 'table' or #p ~= 2 then
         fail.raise('scatter: point %d is %s, expected 2 numbers', i,
            type(p) == 'table' and #p .. ' numbers' or fail.describe(p))
      end
      local x, y = p[1], p[2]
      if type(x) ~= 'number' or type(y) ~= 'number' then
         fail.raise('scatter: point %d has %s, expected numbers', i,
            fail.describe(type(x) ~= 'number' and x or y))
      end
      if x - x == 0 and y - y == 0 then finite = finite + 1 end
   end
   if finite == 0 then
      fail.raise('scatter: %d points, none of them finite, expected some', #points)
   end
   return points
end

local function before(a, b)
   if type(a) == type(b) then return a < b end
   return type(a) == 'number'
end

-- The labels that occur, in order, and the points of each.
local function group(labels, count)
   labels = plain(labels)
   if type(labels) ~= 'table' or #labels ~= count then
      fail.raise('scatter: %s labels, expected one for each of %d points',
         type(labels) == 'table' and #labels or fail.describe(labels), count)
   end
   local order, members = {}, {}
   for i = 1, count do
      local label = labels[i]
      if type(label) ~= 'string' and (type(label) ~= 'number' or label ~= label) then
         fail.raise('scatter: label %d is %s, expected a string or number', i,
            fail.describe(label))
      end
      if not members[label] then
         members[label] = {}
         order[#order + 1] = label
      end
      table.insert(members[label], i)
   end
   table.sort(order, before)
   return order, members
end

local function look(i)
   return ("lc rgb '%s' pt %d"):format(plot.colours[(i - 1) % #plot.colours + 1],
      MARKS[(i - 1) % #MARKS + 1])
end

-- Adds a block of data and gives its name.
local function addData(lines, i, rows)
   local name = '$data' .. i
   lines[#lines + 1] = name .. ' << EOD'
   for k = 1, #rows do lines[#lines + 1] = rows[k] end
   lines[#lines + 1] = 'EOD'
   return name
end

--- Draws points in the plane, those of each class in a colour and with a mark of its own.
-- @tparam table options `points`: n x 2 numbers, a table or a tensor; `labels`: a string or number
-- for each; `names`: by label, what the legend says instead; `path`, ending in .png or .svg;
-- `title`; `xLabel`; `yLabel`; `pointSize = 0.8`; `axes = true`: false hides the scales, which mean
-- nothing for a t-SNE; `width = 960`; `height = 640`
-- @treturn ?boolean true
-- @treturn ?string why not, where there is no gnuplot, say
function plot.scatter(options)
   options = readOptions('scatter', options,
      { points = false, labels = false, names = false, pointSize = 0.8, axes = true })
   local points = readPoints(options.points)
   if fail.number('scatter', 'pointSize', options.pointSize) <= 0 then
      fail.raise('scatter: pointSize is %g, expected a number above 0', options.pointSize)
   end
   local order, members = { 1 }, { {} }
   if options.labels then
      order, members = group(options.labels, #points)
   else
      for i = 1, #points do members[1][i] = i end
   end

   local lines, curves = beginScript(options), {}
   lines[#lines + 1] = 'set offsets graph 0.03, graph 0.03, graph 0.03, graph 0.03'
   if not options.axes then lines[#lines + 1] = 'unset tics; unset grid' end
   for i, label in ipairs(order) do
      local rows = {}
      for k, place in ipairs(members[label]) do
         rows[k] = number(points[place][1]) .. ' ' .. number(points[place][2])
      end
      local name = type(options.names) == 'table' and options.names[label] or label
      local title = options.labels and 'title ' .. quote(tostring(name)) or 'notitle'
      curves[i] = ('%s using 1:2 with points %s ps %.3g %s'):format(addData(lines, i, rows),
         look(i), options.pointSize, title)
   end
   lines[#lines + 1] = 'plot ' .. table.concat(curves, ', ')
   return draw('scatter', options, lines)
end

-- ---- lines ----------------------------------------------------------------------------------

local function readNumbers(what, values)
   values = plain(values)
   if type(values) ~= 'table' then
      fail.raise('lines: %s is %s, expected numbers', what, fail.describe(values))
   end
   for i = 1, #values do
      if type(values[i]) ~= 'number' then
         fail.raise('lines: %s has %s at %d, expected a number', what, fail.describe(values[i]), i)
      end
   end
   return values
end

-- The rows of a curve: x and y; and how many of them can be seen.
local function readSeries(i, series, options)
   if type(series) ~= 'table' or Tensor.is(series) then
      fail.raise('lines: series %d is %s, expected a table of x and y', i, fail.describe(series))
   end
   fail.options('lines', series, { name = false, x = false, y = false })
   if series.name ~= nil and type(series.name) ~= 'string' then
      fail.raise('lines: the name of series %d is %s, expected a string', i,
         fail.describe(series.name))
   end
   local y = readNumbers(('y of series %d'):format(i), series.y)
   local x = series.x and readNumbers(('x of series %d'):format(i), series.x)
   if x and #x ~= #y then
      fail.raise('lines: series %d has %d x and %d y, expected as many', i, #x, #y)
   end
   local rows, visible = {}, 0
   for k = 1, #y do
      local across = x and x[k] or k
      rows[k] = number(across) .. ' ' .. number(y[k])
      if across - across == 0 and y[k] - y[k] == 0 and (not options.logX or across > 0)
         and (not options.logY or y[k] > 0) then
         visible = visible + 1
      end
   end
   return rows, visible
end

--- Draws curves.
-- @tparam table options `series`: a list of `{ name =, x =, y = }`, tables or vectors, x being
-- 1, 2, … where it is left out, nan leaving a gap; `path`, ending in .png or .svg; `title`;
-- `xLabel`; `yLabel`; `logX = false`; `logY = false`; `marks = false`: whether to mark each point;
-- `width = 960`; `height = 640`
-- @treturn ?boolean true
-- @treturn ?string why not, where there is no gnuplot, say
function plot.lines(options)
   options = readOptions('lines', options,
      { series = false, logX = false, logY = false, marks = false })
   local series = options.series
   if type(series) ~= 'table' or getmetatable(series) then
      fail.raise('lines: series are %s, expected a list of tables', fail.describe(series))
   end
   local lines, curves, visible = beginScript(options), {}, 0
   if options.logX then lines[#lines + 1] = 'set logscale x' end
   if options.logY then lines[#lines + 1] = 'set logscale y' end
   for i = 1, #series do
      local rows, seen = readSeries(i, series[i], options)
      visible = visible + seen
      local title = series[i].name and 'title ' .. quote(series[i].name) or 'notitle'
      local kind = (options.marks or #rows == 1) and 'linespoints' or 'lines'
      if #rows > 0 then
         curves[#curves + 1] = ('%s using 1:2 with %s lw 1.8 dt %d %s %s'):format(
            addData(lines, i, rows), kind, math.floor((i - 1) / #plot.colours) % 5 + 1,
            kind == 'lines' and look(i):match("^lc rgb '.-'") or look(i), title)
      end
   end
   if visible == 0 then
      fail.raise('lines: %d series without a point that can be drawn, expected some', #series)
   end
   lines[#lines + 1] = 'plot ' .. table.concat(curves, ', ')
   return draw('lines', options, lines)
end

return plot
