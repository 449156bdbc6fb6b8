--- Which class was taken for which, for `lacuna.plot.confusion`.
-- @module lacuna.plot.confusion
local fail = require 'lacuna.fail'
local gnuplot = require 'lacuna.plot.gnuplot'
local terminal = require 'lacuna.plot.terminal'

local MOST = 200

local function readMatrix(value)
   local matrix = gnuplot.plain('confusion', value)
   if type(matrix) ~= 'table' or getmetatable(matrix) then
      fail.raise('confusion: matrix is %s, expected n x n numbers', fail.describe(matrix))
   end
   local n = #matrix
   if n < 1 or n > MOST then
      fail.raise('confusion: matrix has %d rows, expected 1 to %d', n, MOST)
   end
   for i = 1, n do
      local row = matrix[i]
      if type(row) ~= 'table' or #row ~= n then
         fail.raise('confusion: row %d is %s, expected %d numbers', i,
            type(row) == 'table' and #row .. ' numbers' or fail.describe(row), n)
      end
      for j = 1, n do
         if type(row[j]) ~= 'number' or row[j] < 0 then
            fail.raise('confusion: row %d has %s at %d, expected a count of at least 0', i,
               fail.describe(row[j]), j)
         end
      end
   end
   return matrix, n
end

local function readNames(names, n)
   if names == nil then
      names = {}
      for i = 1, n do names[i] = tostring(i) end
   end
   fail.list('confusion', 'names', names, 'a list of strings')
   if #names ~= n then
      fail.raise('confusion: %d names, expected one for each of %d classes', #names, n)
   end
   for i = 1, n do gnuplot.text('confusion', 'name ' .. i, names[i]) end
   return names
end

-- The share of its row that each cell has, nan where that is not a number.
local function shares(matrix)
   local out = {}
   for i, row in ipairs(matrix) do
      local sum = 0
      out[i] = {}
      for j = 1, #row do sum = sum + row[j] end
      for j = 1, #row do out[i][j] = row[j] == 0 and sum == sum and 0 or row[j] / sum end
   end
   return out
end

-- What a cell says; zeros say nothing, so that the others are seen.
local function cellText(count, share, show)
   if show == 'none' or count == 0 then return '' end
   if count ~= count then return 'nan' end
   if show == 'counts' then return ('%.6g'):format(count) end
   if share ~= share then return 'nan' end
   local percent = 100 * share
   return percent > 0 and percent < 0.5 and '<1' or ('%.0f'):format(percent)
end

local function readTexts(matrix, share, show)
   local texts, widest = {}, 1
   for i, row in ipairs(matrix) do
      texts[i] = {}
      for j = 1, #row do
         texts[i][j] = cellText(row[j], share[i][j], show)
         widest = math.max(widest, #texts[i][j])
      end
   end
   return texts, widest
end

-- ---- in a terminal --------------------------------------------------------------------------

local function drawText(options, names, texts, share, widest)
   local n, longest = #names, 1
   for i = 1, n do longest = math.max(longest, terminal.length(names[i])) end
   local numbered = #tostring(n)
   longest = math.min(longest, math.max(6, math.floor(options.width / 3)))
   local width = math.max(widest, numbered) + 1
   local shaded = options.show == 'none'
      or numbered + 2 + longest + n * width > options.width
   if shaded then width = numbered + 2 + longest + 2 * n <= options.width and 2 or 1 end
   local lines = {}
   if options.title ~= '' then lines[1] = terminal.fit(options.title, options.width) end
   if not shaded then
      local head = { (' '):rep(numbered + 1 + longest) }
      for j = 1, n do head[j + 1] = ('%' .. width .. 'd'):format(j) end
      lines[#lines + 1] = table.concat(head)
   end
   for i = 1, n do
      local row = { ('%' .. numbered .. 'd %s%s'):format(i, terminal.fit(names[i], longest),
         shaded and ' ' or '') }
      for j = 1, n do
         row[j + 1] = shaded and terminal.shade(share[i][j]):rep(width)
            or ('%' .. width .. 's'):format(texts[i][j] == '' and '.' or texts[i][j])
      end
      lines[#lines + 1] = table.concat(row)
   end
   return gnuplot.show(options, table.concat(lines, '\n'):gsub('[ ]+\n', '\n') .. '\n')
end

-- ---- in a file ------------------------------------------------------------------------------

local function tics(axis, names, turned)
   local list = {}
   for i, name in ipairs(names) do list[i] = ('%s %d'):format(gnuplot.quote(name), i - 1) end
   return ('set %stics (%s) scale 0%s'):format(axis, table.concat(list, ', '),
      turned and ' rotate by 90 right' or '')
end

return function(options)
   local matrix, n
   options = gnuplot.options('confusion', options, {
      matrix = false, names = false, show = 'counts', map = 'blues', xLabel = 'predicted',
      yLabel = 'true',
   }, function(given)
      matrix, n = readMatrix(given.matrix)
      local side = math.max(400, math.min(1400, 36 * n))
      return side + 240, side + 160
   end)
   if not matrix then matrix, n = readMatrix(options.matrix) end
   local names = readNames(options.names, n)
   if options.show ~= 'counts' and options.show ~= 'rates' and options.show ~= 'none' then
      fail.raise('confusion: show is %s, expected counts, rates or none',
         fail.describe(options.show))
   end
   local palette = gnuplot.palette('confusion', options.map)
   local share = shares(matrix)
   local texts, widest = readTexts(matrix, share, options.show)
   if options.terminal then return drawText(options, names, texts, share, widest) end

   local cells, labels, longest = {}, {}, 0
   for i = 1, n do
      longest = math.max(longest, terminal.length(names[i]))
      for j = 1, n do
         local x, y = j - 1, i - 1
         cells[#cells + 1] = ('%d %d %.1f %.1f %.1f %.1f %s'):format(x, y, x - 0.5, x + 0.5,
            y - 0.5, y + 0.5, gnuplot.number(share[i][j]))
         if texts[i][j] ~= '' then
            local dark = options.map == 'blues' and share[i][j] > 0.55
               or options.map ~= 'blues' and share[i][j] < 0.55
            labels[#labels + 1] = ('%d %d %s %d'):format(x, y, gnuplot.quote(texts[i][j]),
               dark and 0xffffff or 0x202020)
         end
      end
   end
   local cell = math.min(options.width - 240, options.height - 160) / n
   local size = math.max(5, math.min(12, cell / (0.62 * (widest + 1)), cell * 0.5))
   local lines = gnuplot.begin(options)
   local function add(line) lines[#lines + 1] = line end
   add(palette)
   add('unset grid; set cbrange [0:1]; set size ratio -1')
   add(("set cblabel 'share of the row'; set xrange [-0.5:%.1f]; set yrange [%.1f:-0.5]"):format(
      n - 0.5, n - 0.5))
   add(tics('x', names, longest * 7 > cell))
   add(tics('y', names, false))
   add(("set style fill solid border lc rgb '#d8d8d8'"))
   local curves = { gnuplot.addData(lines, 1, cells)
      .. ' using 1:2:3:4:5:6:7 with boxxyerror fc palette' }
   if #labels > 0 then
      curves[2] = ("%s using 1:2:3:4 with labels tc rgb variable font ',%.1f'"):format(
         gnuplot.addData(lines, 2, labels), size)
   end
   add('plot ' .. table.concat(curves, ', '))
   return gnuplot.draw('confusion', options, lines)
end
