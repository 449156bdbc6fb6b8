--- Points in the plane, for `lacuna.plot.scatter`.
-- @module lacuna.plot.scatter
local fail = require 'lacuna.fail'
local gnuplot = require 'lacuna.plot.gnuplot'

local function readPoints(points)
   points = gnuplot.plain('scatter', points)
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
   labels = gnuplot.plain('scatter', labels)
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

return function(options)
   options = gnuplot.options('scatter', options,
      { points = false, labels = false, names = false, pointSize = 0.8, axes = true })
   local points = readPoints(options.points)
   if fail.number('scatter', 'pointSize', options.pointSize) <= 0 then
      fail.raise('scatter: pointSize is %g, expected a number above 0', options.pointSize)
   end
   local names = options.names or {}
   if type(names) ~= 'table' or getmetatable(names) then
      fail.raise('scatter: names are %s, expected a table of strings by label',
         fail.describe(names))
   end
   local order, members = { 1 }, { {} }
   if options.labels then
      order, members = group(options.labels, #points)
   else
      for i = 1, #points do members[1][i] = i end
   end

   local lines, curves = gnuplot.begin(options), {}
   lines[#lines + 1] = 'set offsets graph 0.03, graph 0.03, graph 0.03, graph 0.03'
   if not options.axes then lines[#lines + 1] = 'unset tics; unset grid' end
   for i, label in ipairs(order) do
      local rows = {}
      for k, place in ipairs(members[label]) do
         rows[k] = gnuplot.number(points[place][1]) .. ' ' .. gnuplot.number(points[place][2])
      end
      local name = names[label]
      if name == nil then name = tostring(label) end
      gnuplot.text('scatter', ('the name of label %s'):format(tostring(label)), name)
      local title = options.labels and 'title ' .. gnuplot.quote(name) or 'notitle'
      -- a terminal's marks are letters
      local look = options.terminal and ('%s pt %d'):format(gnuplot.ink(i), i) or gnuplot.look(i)
      curves[i] = ('%s using 1:2 with points %s ps %.3g %s'):format(
         gnuplot.addData(lines, i, rows), look, options.pointSize, title)
   end
   lines[#lines + 1] = 'plot ' .. table.concat(curves, ', ')
   return gnuplot.draw('scatter', options, lines)
end
