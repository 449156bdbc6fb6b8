--- How often values fall between which bounds, for `lacuna.plot.histogram`.
-- @module lacuna.plot.histogram
local fail = require 'lacuna.fail'
local gnuplot = require 'lacuna.plot.gnuplot'
local Tensor = require 'lacuna.Tensor'

local function readSeries(options)
   if (options.values == nil) == (options.series == nil) then
      fail.raise('histogram: options have %s, expected one of values and series',
         options.values == nil and 'neither' or 'both')
   end
   local given = options.series
   if options.values ~= nil then given = { { values = options.values } } end
   fail.list('histogram', 'series', given, 'a list of tables')
   local list = {}
   for i = 1, #given do
      local entry = given[i]
      if type(entry) ~= 'table' or Tensor.is(entry) then
         fail.raise('histogram: series %d is %s, expected a table of values', i,
            fail.describe(entry))
      end
      fail.options('histogram', entry, { name = false, values = false })
      if entry.name ~= nil then
         gnuplot.text('histogram', ('the name of series %d'):format(i), entry.name)
      end
      list[i] = { name = entry.name, values = gnuplot.numbers('histogram',
         options.values ~= nil and 'values' or ('values of series %d'):format(i), entry.values) }
   end
   return list
end

-- The bounds of all values that can be drawn.
local function findRange(list, logX)
   local low, high = math.huge, -math.huge
   for _, series in ipairs(list) do
      for _, v in ipairs(series.values) do
         if v - v == 0 and (not logX or v > 0) then
            low, high = math.min(low, v), math.max(high, v)
         end
      end
   end
   if low == high then
      if logX then return low / 2, high * 2 end
      local half = math.max(0.5, math.abs(low) * 1e-6)
      return low - half, high + half
   end
   return low, high
end

-- The bounds of the bins: equal steps, or equal factors.
local function findEdges(low, high, bins, logX)
   local edges = {}
   for i = 0, bins do
      edges[i + 1] = logX and low * (high / low) ^ (i / bins)
         or low * (1 - i / bins) + high * (i / bins)
   end
   edges[1], edges[bins + 1] = low, high
   return edges
end

-- Counts the values between the edges, a value on an edge in the bin above, but the last edge.
local function count(values, edges, logX)
   local bins = #edges - 1
   local low, high = edges[1], edges[bins + 1]
   local counts, outside, broken = {}, 0, 0
   for i = 1, bins do counts[i] = 0 end
   for _, v in ipairs(values) do
      if v - v ~= 0 then
         broken = broken + 1
      elseif v < low or v > high then
         outside = outside + 1
      else
         local share = logX and math.log(v / low) / math.log(high / low) or (v - low) / (high - low)
         local i = math.max(1, math.min(bins, math.floor(share * bins) + 1))
         -- the division rounds; the edges decide
         if i < bins and v >= edges[i + 1] then i = i + 1 end
         if i > 1 and v < edges[i] then i = i - 1 end
         counts[i] = counts[i] + 1
      end
   end
   return counts, outside, broken
end

local function titleOf(series, outside, broken)
   local words = {}
   if outside > 0 then words[#words + 1] = outside .. ' outside' end
   if broken > 0 then words[#words + 1] = broken .. ' not finite' end
   local name = series.name or ''
   if #words > 0 then
      name = (name ~= '' and name .. ' ' or '') .. '(' .. table.concat(words, ', ') .. ')'
   end
   return name == '' and 'notitle' or 'title ' .. gnuplot.quote(name)
end

return function(options)
   options = gnuplot.options('histogram', options, {
      values = false, series = false, bins = 30, range = false,
      logX = fail.off, logY = fail.off, density = fail.off,
   })
   local bins = fail.whole('histogram', 'bins', options.bins, 1, 10000)
   local list = readSeries(options)
   local low, high
   if options.range ~= nil then
      low, high = gnuplot.range('histogram', options.range)
      if options.logX and low <= 0 then
         fail.raise('histogram: range is %g and %g, expected numbers above 0 with logX', low, high)
      end
   else
      low, high = findRange(list, options.logX)
      if low > high or high - low == math.huge then
         local values = 0
         for _, series in ipairs(list) do values = values + #series.values end
         fail.raise('histogram: %d values%s, expected some', values, low > high
            and ', none that can be drawn' or ' with bounds too far apart')
      end
   end

   local edges = findEdges(low, high, bins, options.logX)
   local lines, curves = gnuplot.begin(options), {}
   if options.logX then lines[#lines + 1] = 'set logscale x' end
   lines[#lines + 1] = options.logY and 'set logscale y' or 'set yrange [0:*]'
   if options.logY and not options.density then lines[#lines + 1] = 'set yrange [0.5:*]' end
   lines[#lines + 1] = ('set xrange [%.17g:%.17g]'):format(low, high)
   local fill = (options.terminal or #list > 3) and 'empty' or 'transparent solid '
      .. (#list == 1 and 0.75 or 0.4)
   for i, series in ipairs(list) do
      local counts, outside, broken = count(series.values, edges, options.logX)
      local rows, inside = {}, #series.values - outside - broken
      for k = 1, bins do
         local width, height = edges[k + 1] - edges[k], counts[k]
         if options.density then height = inside > 0 and height / inside / width or 0 end
         if height > 0 or not options.logY then
            rows[#rows + 1] = ('%.12g %.9g %.12g'):format((edges[k] + edges[k + 1]) / 2, height,
               width)
         end
      end
      -- a series without a row keeps its place in the legend
      if #rows == 0 then rows[1] = 'NaN NaN NaN' end
      local ink = gnuplot.ink(i)
      curves[i] = ('%s using 1:2:3 with boxes %s fs %s border %s %s'):format(
         gnuplot.addData(lines, i, rows), ink, fill, ink, titleOf(series, outside, broken))
   end
   if #curves == 0 then fail.raise('histogram: 0 series, expected some') end
   lines[#lines + 1] = 'plot ' .. table.concat(curves, ', ')
   return gnuplot.draw('histogram', options, lines)
end
