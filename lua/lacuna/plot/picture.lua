--- Pictures beside each other, for `lacuna.plot.image`.
-- @module lacuna.plot.picture
local fail = require 'lacuna.fail'
local gnuplot = require 'lacuna.plot.gnuplot'
local settings = require 'lacuna.plot.settings'
local Tensor = require 'lacuna.Tensor'
local terminal = require 'lacuna.plot.terminal'

local MOST = 2 ^ 24

-- ---- reading --------------------------------------------------------------------------------

-- A picture: its size, `scalar`, and `part(x, y, c)`, which gives a number.
local function readPicture(what, value, title)
   Tensor.check('image', what, value)
   if value.dtype ~= 'uint8' and value.dtype ~= 'float32' then
      fail.raise('image: %s is %s, expected uint8 or float32', what, value.dtype)
   end
   local s = value.sizes
   local last = #s == 3 and s[3] == 3
   local first = #s == 3 and not last and (s[1] == 3 or s[1] == 1)
   if not (#s == 2 or last or first) or value:nElement() == 0 then
      fail.raise('image: %s is %s, expected h x w, h x w x 3, 3 x h x w or 1 x h x w, not empty',
         what, fail.shape(s))
   end
   if value:nElement() > MOST then
      fail.raise('image: %s is %s, expected at most 2^24 numbers', what, fail.shape(s))
   end
   local height, width = s[first and 2 or 1], s[first and 3 or 2]
   local list, plane = value:toFlat(), height * width
   local scalar = #s == 2 or s[1] == 1 and first
   local scale = value.dtype == 'uint8' and 1 or 255
   local picture = { width = width, height = height, scalar = scalar, title = title, list = list }
   function picture.colour(x, y)
      local at = last and (y * width + x) * 3 + 1 or y * width + x + 1
      local step = last and 1 or plane
      local r, g, b = list[at], list[at + step], list[at + 2 * step]
      local function byte(v)
         if v ~= v then return 128 end
         return math.max(0, math.min(255, math.floor(v * scale + 0.5)))
      end
      return byte(r), byte(g), byte(b)
   end
   return picture
end

-- Cuts n x c x h x w into n pictures.
local function readAll(options)
   if (options.image == nil) == (options.images == nil) then
      fail.raise('image: options have %s, expected one of image and images',
         options.image == nil and 'neither' or 'both')
   end
   local given, titles = options.images, options.titles
   if options.image ~= nil then given = { options.image } end
   local made = {}
   if Tensor.is(given) then
      Tensor.check('image', 'images', given)
      if #given.sizes ~= 4 then
         fail.raise('image: images are %s, expected n x 3 x h x w, or a list of pictures',
            fail.shape(given.sizes))
      end
      for i = 1, given.sizes[1] do made[i] = given[i] end
      given = made
   end
   fail.list('image', 'images', given, 'a list of tensors')
   if titles ~= nil then
      fail.list('image', 'titles', titles, 'a list of strings')
      if #titles ~= #given then
         fail.raise('image: %d titles, expected one for each of %d pictures', #titles, #given)
      end
      for i = 1, #titles do gnuplot.text('image', 'title ' .. i, titles[i]) end
   end
   if #given == 0 or #given > 400 then
      fail.raise('image: %d pictures, expected 1 to 400', #given)
   end
   local pictures = {}
   for i = 1, #given do
      pictures[i] = readPicture(options.image ~= nil and 'image' or 'picture ' .. i, given[i],
         titles and titles[i] or '')
   end
   for _, t in ipairs(made) do t:release() end
   return pictures
end

-- The least and the greatest finite number of scalar pictures.
local function span(pictures)
   local low, high = math.huge, -math.huge
   for _, picture in ipairs(pictures) do
      for _, v in ipairs(picture.scalar and picture.list or {}) do
         if v - v == 0 then low, high = math.min(low, v), math.max(high, v) end
      end
   end
   if low > high then return 0, 1 end
   if low == high then return low, low + math.max(1, math.abs(low) * 1e-6) end
   return low, high
end

local function setRanges(pictures, range)
   local low, high
   if range ~= 'each' and range ~= 'all' then
      low, high = gnuplot.range('image', range)
   elseif range == 'all' then
      low, high = span(pictures)
   end
   for _, picture in ipairs(pictures) do
      picture.low, picture.high = low, high
      if not low then picture.low, picture.high = span { picture } end
   end
end

-- ---- in a terminal --------------------------------------------------------------------------

local function parts(colour)
   return tonumber(colour:sub(2, 3), 16), tonumber(colour:sub(4, 5), 16),
      tonumber(colour:sub(6, 7), 16)
end

-- The colour of a number between the bounds of its picture.
local function mapped(v, picture, map)
   if v ~= v then return 128, 128, 128 end
   local share = math.max(0, math.min(1, (v - picture.low) / (picture.high - picture.low)))
   local place = share * (#map - 1)
   local i = math.min(math.floor(place), #map - 2)
   local r0, g0, b0 = parts(map[i + 1])
   local r1, g1, b1 = parts(map[i + 2])
   local t = place - i
   return r0 + t * (r1 - r0), g0 + t * (g1 - g0), b0 + t * (b1 - b0)
end

local function drawText(options, pictures, map)
   local lines, coloured = {}, options.kind == 'coloured'
   local shades = coloured and map or settings.maps.grey
   if options.title ~= '' then lines[1] = terminal.fit(options.title, options.width) end
   for _, picture in ipairs(pictures) do
      function picture.at(x, y)
         if not picture.scalar then return picture.colour(x, y) end
         return mapped(picture.list[y * picture.width + x + 1], picture, shades)
      end
      if picture.title ~= '' then
         lines[#lines + 1] = terminal.fit(picture.title, options.width)
      end
      for _, line in ipairs(terminal.picture(picture, options.width, options.height, coloured)) do
         lines[#lines + 1] = line
      end
      if picture.scalar then
         lines[#lines + 1] = ('from %.4g to %.4g'):format(picture.low, picture.high)
      end
   end
   return gnuplot.show(options, table.concat(lines, '\n'):gsub('[ ]+\n', '\n') .. '\n')
end

-- ---- in a file ------------------------------------------------------------------------------

-- The bytes of a picture: three of a pixel, or a float in the range.
local function encode(picture)
   if picture.scalar then
      local list = {}
      for i, v in ipairs(picture.list) do
         list[i] = v == v and math.max(picture.low, math.min(picture.high, v)) or v
      end
      local t = Tensor.of(list, { device = 'cpu' })
      local bytes = t:toString()
      t:release()
      return bytes
   end
   local rows = {}
   for y = 0, picture.height - 1 do
      local row = {}
      for x = 0, picture.width - 1 do row[x + 1] = string.char(picture.colour(x, y)) end
      rows[y + 1] = table.concat(row)
   end
   return table.concat(rows)
end

-- gnuplot wants two pixels or more each way.
local function doubled(picture)
   local wide, high = picture.width == 1, picture.height == 1
   if not wide and not high then return picture end
   local width, list, colour = picture.width, {}, picture.colour
   local copy = {}
   for name, value in pairs(picture) do copy[name] = value end
   copy.width, copy.height = wide and 2 or width, high and 2 or picture.height
   for y = 0, copy.height - 1 do
      for x = 0, copy.width - 1 do
         list[#list + 1] = picture.list[(high and 0 or y) * width + (wide and 0 or x) + 1]
      end
   end
   function copy.colour(x, y) return colour(wide and 0 or x, high and 0 or y) end
   copy.list, copy.stretchX, copy.stretchY = list, wide and 0.5 or 1, high and 0.5 or 1
   return copy
end

local function columnsOf(options, pictures)
   local n = #pictures
   if options.columns ~= nil then return fail.whole('image', 'columns', options.columns, 1, 400) end
   return math.min(n, math.ceil(math.sqrt(n * 1.4)))
end

return function(options)
   local pictures, columns
   options = gnuplot.options('image', options, {
      image = false, images = false, titles = false, map = 'viridis', range = 'all',
      columns = false,
   }, function(given)
      pictures = readAll(given)
      columns = math.min(columnsOf(given, pictures), #pictures)
      local rows = math.ceil(#pictures / columns)
      return math.max(400, math.min(1400, 240 * columns + 40)),
         math.max(360, math.min(1400, 230 * rows + 50))
   end)
   if not pictures then pictures, columns = readAll(options), columnsOf(options, {}) end
   setRanges(pictures, options.range)
   local palette, map = gnuplot.palette('image', options.map)
   if options.terminal then return drawText(options, pictures, map) end

   local lines, bytes = gnuplot.begin(options), {}
   local function add(line) lines[#lines + 1] = line end
   add(palette)
   add('unset key; unset grid; unset tics; unset xlabel; unset ylabel; unset title')
   add(("set border 15 lc rgb '#b0b0b0'; set object 1 rectangle from graph 0, graph 0 to graph 1, "
      .. "graph 1 behind fc rgb '#e0e0e0' fs solid noborder"))
   add(('set multiplot layout %d,%d title %s'):format(math.ceil(#pictures / columns), columns,
      gnuplot.quote(options.title)))
   for i, picture in ipairs(pictures) do
      picture = doubled(picture)
      bytes[i] = encode(picture)
      add('set title ' .. gnuplot.quote(picture.title))
      add(('set xrange [-0.5:%d.5]; set yrange [-0.5:%d.5]; set size ratio %.6g'):format(
         picture.width - 1, picture.height - 1, picture.height * (picture.stretchY or 1)
            / (picture.width * (picture.stretchX or 1))))
      if picture.scalar then
         local low, high = picture.low, picture.high
         add(('set cbrange [%.9g:%.9g]; set format cb "%%.3g"; set cbtics (%.9g, %.9g, %.9g)')
            :format(low, high, low, (low + high) / 2, high))
      end
      add(('plot \1%d binary array=(%d,%d) flipy format="%s" using %s'):format(i, picture.width,
         picture.height, picture.scalar and '%float32' or '%uchar',
         picture.scalar and '1 with image' or '1:2:3 with rgbimage'))
   end
   add('unset multiplot')
   return gnuplot.draw('image', options, lines, bytes)
end
