--- Curves, for `lacuna.plot.lines` and `lacuna.plot.precisionRecall`.
-- @module lacuna.plot.lines
local fail = require 'lacuna.fail'
local gnuplot = require 'lacuna.plot.gnuplot'
local settings = require 'lacuna.plot.settings'
local Tensor = require 'lacuna.Tensor'

local number, quote = gnuplot.number, gnuplot.quote

local function checkName(op, i, name)
   if name ~= nil and type(name) ~= 'string' then
      fail.raise('%s: the name of series %d is %s, expected a string', op, i, fail.describe(name))
   end
end

local function readList(op, series)
   fail.list(op, 'series', series, 'a list of tables')
   for i = 1, #series do
      if type(series[i]) ~= 'table' or Tensor.is(series[i]) then
         fail.raise('%s: series %d is %s, expected a table of x and y', op, i,
            fail.describe(series[i]))
      end
   end
   return series
end

-- The numbers of a curve, checked.
local function readSeries(i, series)
   fail.options('lines', series, { name = false, x = false, y = false })
   checkName('lines', i, series.name)
   local y = gnuplot.numbers('lines', ('y of series %d'):format(i), series.y)
   local x = series.x and gnuplot.numbers('lines', ('x of series %d'):format(i), series.x)
   if x and #x ~= #y then
      fail.raise('lines: series %d has %d x and %d y, expected as many', i, #x, #y)
   end
   return { name = series.name, x = x, y = y }
end

-- The running mean in which each value counts `factor` times as much as the next. It begins as a
-- true mean, and passes over what is not finite.
local function smoothed(y, factor)
   local out, sum, weight = {}, 0, 0
   for k = 1, #y do
      if y[k] - y[k] == 0 then
         sum, weight = factor * sum + y[k], factor * weight + 1
         out[k] = sum / weight
      else
         out[k] = y[k]
      end
   end
   return out
end

-- The rows of a curve, and how many of them can be seen.
local function rowsOf(curve, y, options)
   local rows, visible = {}, 0
   for k = 1, #y do
      local across = curve.x and curve.x[k] or k
      rows[k] = number(across) .. ' ' .. number(y[k])
      if across - across == 0 and y[k] - y[k] == 0 and (not options.logX or across > 0)
         and (not options.logY or y[k] > 0) then
         visible = visible + 1
      end
   end
   return rows, visible
end

-- How far along the x axis a place is, from 0 to 1, going by the curves.
local function placeOf(x, curves, logX)
   local low, high = x, x
   for _, curve in ipairs(curves) do
      for k = 1, #curve.y do
         local across = curve.x and curve.x[k] or k
         if across - across == 0 and (not logX or across > 0) then
            low, high = math.min(low, across), math.max(high, across)
         end
      end
   end
   if logX then low, high, x = math.log(low), math.log(high), math.log(x) end
   return high > low and (x - low) / (high - low) or 0
end

local function addVertical(lines, vertical, curves, logX)
   fail.list('lines', 'vertical', vertical, 'a list of tables')
   for i = 1, #vertical do
      local mark = vertical[i]
      if type(mark) == 'number' then mark = { x = mark } end
      if type(mark) ~= 'table' or Tensor.is(mark) then
         fail.raise('lines: vertical %d is %s, expected a number, or a table of x and name', i,
            fail.describe(mark))
      end
      mark = fail.options('lines', mark, { x = false, name = '' })
      local x = mark.x
      if type(x) ~= 'number' or x - x ~= 0 or logX and x <= 0 then
         fail.raise('lines: x of vertical %d is %s, expected a finite number%s', i,
            fail.describe(x), logX and ' above 0' or '')
      end
      gnuplot.text('lines', ('the name of vertical %d'):format(i), mark.name)
      lines[#lines + 1] = ("set arrow from first %s, graph 0 to first %s, graph 1 nohead "
         .. "lc rgb '#606060' dt 2"):format(number(x), number(x))
      local side = placeOf(x, curves, logX) > 0.8 and 'right offset -0.6,0' or 'offset 0.6,0'
      lines[#lines + 1] = ("set label %s at first %s, graph %.2f %s tc rgb '#404040' front")
         :format(quote(mark.name), number(x), 0.96 - 0.06 * ((i - 1) % 5), side)
   end
end

-- How a line is drawn: colour, dashes once the colours are used up, and marks.
local function style(i, marked, raw)
   local dash = math.floor((i - 1) / #settings.colours) % 5 + 1
   local ink = gnuplot.ink(i)
   if raw then ink = ink:gsub('#', '#b8') end -- transparent, as #aarrggbb
   return ('with %s lw %.2g dt %d %s'):format(marked and 'linespoints' or 'lines',
      raw and 1 or 1.8, dash, marked and gnuplot.look(i) or ink)
end

local function lines(options)
   options = gnuplot.options('lines', options, {
      series = false, logX = fail.off, logY = fail.off, marks = fail.off, smooth = 0,
      vertical = false,
   })
   local series = readList('lines', options.series)
   local smooth = fail.number('lines', 'smooth', options.smooth)
   if smooth < 0 or smooth >= 1 then
      fail.raise('lines: smooth is %g, expected a number from 0 to below 1', smooth)
   end
   local script, curves, visible = gnuplot.begin(options), {}, 0
   if options.logX then script[#script + 1] = 'set logscale x' end
   if options.logY then script[#script + 1] = 'set logscale y' end
   local read = {}
   for i = 1, #series do read[i] = readSeries(i, series[i]) end
   if options.vertical then addVertical(script, options.vertical, read, options.logX) end
   for i, curve in ipairs(read) do
      local rows, seen = rowsOf(curve, curve.y, options)
      local title = curve.name and 'title ' .. quote(curve.name) or 'notitle'
      visible = visible + seen
      if #rows > 0 and smooth > 0 then
         -- what was measured stays there, pale; a terminal has no room for both
         if not options.terminal then
            curves[#curves + 1] = gnuplot.addData(script, #curves + 1, rows) .. ' using 1:2 '
               .. style(i, false, true) .. ' notitle'
         end
         rows = rowsOf(curve, smoothed(curve.y, smooth), options)
      end
      if #rows > 0 then
         curves[#curves + 1] = ('%s using 1:2 %s %s'):format(
            gnuplot.addData(script, #curves + 1, rows), style(i, options.marks or #rows == 1),
            title)
      end
   end
   if visible == 0 then
      fail.raise('lines: %d series without a point that can be drawn, expected some', #series)
   end
   script[#script + 1] = 'plot ' .. table.concat(curves, ', ')
   return gnuplot.draw('lines', options, script)
end

-- A curve of precision and recall: what retrieval.evaluate gave, or two lists.
local function readResult(i, entry)
   fail.options('precisionRecall', entry,
      { name = false, result = false, precision = false, recall = false })
   checkName('precisionRecall', i, entry.name)
   local from, name = entry, entry.name
   if entry.result ~= nil then
      from = entry.result
      if type(from) ~= 'table' or getmetatable(from) then
         fail.raise('precisionRecall: the result of series %d is %s, expected what '
            .. 'retrieval.evaluate gives', i, fail.describe(from))
      end
      if entry.precision ~= nil or entry.recall ~= nil then
         fail.raise('precisionRecall: series %d has a result and precision or recall, expected '
            .. 'one of them', i)
      end
      if type(from.map) == 'number' then
         name = ('%s (mAP %.3f)'):format(name or 'series ' .. i, from.map)
      end
   end
   local y = gnuplot.numbers('precisionRecall', ('precision of series %d'):format(i),
      from.precision)
   local x = gnuplot.numbers('precisionRecall', ('recall of series %d'):format(i), from.recall)
   if #x ~= #y then
      fail.raise('precisionRecall: series %d has %d recalls and %d precisions, expected as many', i,
         #x, #y)
   end
   return { name = name, x = x, y = y }
end

local function precisionRecall(options)
   options = gnuplot.options('precisionRecall', options, {
      series = false, marks = fail.off, xLabel = 'recall', yLabel = 'precision',
   }, function() return 800, 640 end)
   local series = readList('precisionRecall', options.series)
   local script, curves, visible = gnuplot.begin(options), {}, 0
   script[#script + 1] = 'set xrange [0:1]; set yrange [0:1.02]; set key inside bottom left'
   if options.terminal then script[#script + 1] = 'set key outside bottom center horizontal' end
   for i = 1, #series do
      local curve = readResult(i, series[i])
      local rows, seen = rowsOf(curve, curve.y, options)
      visible = visible + seen
      if #rows > 0 then
         curves[#curves + 1] = ('%s using 1:2 %s %s'):format(
            gnuplot.addData(script, #curves + 1, rows), style(i, options.marks or #rows == 1),
            curve.name and 'title ' .. quote(curve.name) or 'notitle')
      end
   end
   if visible == 0 then
      fail.raise('precisionRecall: %d series without a point that can be drawn, expected some',
         #series)
   end
   script[#script + 1] = 'plot ' .. table.concat(curves, ', ')
   return gnuplot.draw('precisionRecall', options, script)
end

return { lines = lines, precisionRecall = precisionRecall }
