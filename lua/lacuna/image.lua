--- Pictures: made, drawn into, written as PNG, laid out on sheets.
--
--     local image = require 'lacuna.image'
--     local picture = image.blank(80, 200, 'white')
--     image.rect(picture, 10, 10, 60, 60, { 200, 30, 30 })
--     image.text(picture, 80, 30, 'a square', { scale = 2 })
--     assert(image.write('square.png', picture))
--
-- A picture is a uint8 tensor on the cpu, height x width x 3: red, green, blue. Places are counted
-- in pixels from its upper left corner, which is (0, 0): x to the right, y down. What falls outside
-- is not drawn. A colour is three numbers from 0 to 255 or one of the names in `image.colours`.
-- @module lacuna.image
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local native = require 'lacuna.native'
local Tensor = require 'lacuna.Tensor'

local C = native.C
local image = {}

local colours = {
   white = { 255, 255, 255 }, black = { 0, 0, 0 }, grey = { 150, 150, 150 },
   light = { 228, 228, 228 }, red = { 205, 40, 45 }, green = { 30, 140, 60 },
   blue = { 30, 90, 180 }, steel = { 122, 154, 196 },
}

--- The colours that have a name: white, black, grey, light, red, green, blue and steel.
image.colours = colours

--- Turns a colour into what C takes.
-- @tparam string op who asks
-- @param value three numbers from 0 to 255, or a name
-- @treturn cdata three doubles
function image.colour(op, value)
   local colour = type(value) == 'string' and image.colours[value] or value
   if type(colour) ~= 'table' then
      local names = {}
      for name in pairs(image.colours) do names[#names + 1] = name end
      table.sort(names)
      fail.raise('%s: colour is %s, expected three numbers or one of %s', op, fail.describe(value),
         table.concat(names, ', '))
   end
   for i = 1, 3 do
      local part = colour[i]
      if #colour ~= 3 or type(part) ~= 'number' or not (part >= 0 and part <= 255) then
         fail.raise('%s: colour has %s at %d of %d, expected three numbers from 0 to 255', op,
            fail.describe(part), i, #colour)
      end
   end
   return native.doubles(colour)
end

-- The pointer, bytes, width and height by which C knows a picture.
local function seen(op, what, picture)
   Tensor.check(op, what, picture, 'uint8')
   local sizes = picture.sizes
   if #sizes ~= 3 or sizes[3] ~= 3 or sizes[1] < 1 or sizes[2] < 1 then
      fail.raise('%s: %s is %s, expected height x width x 3', op, what,
         #sizes == 0 and 'a scalar' or table.concat(sizes, 'x'))
   end
   if picture.device ~= 'cpu' then
      fail.raise('%s: %s is on %s, expected cpu', op, what, picture.device)
   end
   return Tensor.pointer(picture), C.lac_tensor_count(picture.handle), sizes[2], sizes[1]
end

-- ---- making and writing ---------------------------------------------------------------------

--- Makes a picture of one colour.
-- @tparam number height in pixels
-- @tparam number width
-- @param[opt='white'] colour
-- @treturn Tensor height x width x 3, uint8, on the cpu
function image.blank(height, width, colour)
   fail.whole('blank', 'height', height, 1, 32767)
   fail.whole('blank', 'width', width, 1, 32767)
   local paint = image.colour('blank', colour or 'white')
   local picture = Tensor.raw({ height, width, 3 }, 'uint8', 'cpu')
   native.check(C.lac_image_rect(picture:pointer(), height * width * 3, width, height, 0, 0, width,
      height, paint))
   return picture
end

--- Writes a picture to a PNG file.
-- @tparam string path
-- @tparam Tensor picture
-- @treturn ?boolean true
-- @treturn ?string why not
function image.write(path, picture)
   file.path('write', path)
   return file.told('write', C.lac_image_write_png(path, seen('write', 'picture', picture)))
end

-- ---- drawing --------------------------------------------------------------------------------

-- Calls a function of C that draws into a picture.
local function draw(op, f, picture, ...)
   local pointer, bytes, width, height = seen(op, 'picture', picture)
   native.check(f(pointer, bytes, width, height, ...))
   return picture
end

--- Fills a rectangle.
-- @tparam Tensor picture
-- @tparam number x of its left side
-- @tparam number y of its upper side
-- @tparam number width
-- @tparam number height
-- @param[opt='black'] colour
-- @treturn Tensor the picture
function image.rect(picture, x, y, width, height, colour)
   fail.number('rect', 'x', x)
   fail.number('rect', 'y', y)
   fail.number('rect', 'width', width)
   fail.number('rect', 'height', height)
   return draw('rect', C.lac_image_rect, picture, x, y, width, height,
      image.colour('rect', colour or 'black'))
end

--- Copies a picture into another.
-- @tparam Tensor picture
-- @tparam number x where its left side goes
-- @tparam number y where its upper side goes
-- @tparam Tensor from the other picture
-- @treturn Tensor the picture
function image.paste(picture, x, y, from)
   fail.number('paste', 'x', x)
   fail.number('paste', 'y', y)
   return draw('paste', C.lac_image_blit, picture, x, y, seen('paste', 'source', from))
end

local function checkText(op, text, scale)
   if type(text) ~= 'string' then
      fail.raise('%s: text is %s, expected a string', op, fail.describe(text))
   end
   if fail.number(op, 'scale', scale) <= 0 or scale > 1000 then
      fail.raise('%s: scale is %g, expected a number above 0, at most 1000', op, scale)
   end
end

--- Writes text. Letters are printable ASCII, about 6 x 8 pixels; the rest shows as question marks.
-- @tparam Tensor picture
-- @tparam number x of its left side
-- @tparam number y of its upper side
-- @tparam string text of one line or more
-- @tparam[opt] table options `colour = 'black'`, `scale = 1`
-- @treturn Tensor the picture
function image.text(picture, x, y, text, options)
   options = fail.options('text', options, { colour = 'black', scale = 1 })
   fail.number('text', 'x', x)
   fail.number('text', 'y', y)
   checkText('text', text, options.scale)
   return draw('text', C.lac_image_text, picture, x, y, options.scale,
      image.colour('text', options.colour), text)
end

local size = native.new 'double[2]'

--- Measures text.
-- @tparam string text
-- @tparam[opt=1] number scale
-- @treturn number width in pixels
-- @treturn number height
function image.textSize(text, scale)
   checkText('textSize', text, scale or 1)
   native.check(C.lac_image_text_size(size, scale or 1, text))
   return size[0], size[1]
end

-- ---- sheets ---------------------------------------------------------------------------------

local FRAME, GAP, MARGIN, LINE = 4, 10, 14, 12

-- Cuts a text to a width, with two dots where something was cut.
local function fit(text, width, scale)
   if image.textSize(text, scale) <= width then return text end
   for length = #text - 1, 1, -1 do
      local cut = text:sub(1, length) .. '..'
      if image.textSize(cut, scale) <= width then return cut end
   end
   return ''
end

-- A cell as a table, checked: `picture`, `caption`, and the colour of its frame.
local function readCell(cell, place)
   if Tensor.is(cell) then cell = { picture = cell } end
   if type(cell) ~= 'table' then
      fail.raise('sheet: %s is %s, expected a picture or a table', place, fail.describe(cell))
   end
   local known = fail.options('sheet', cell,
      { picture = false, caption = '', frame = false, right = false })
   seen('sheet', place, known.picture)
   if type(known.caption) ~= 'string' then
      fail.raise('sheet: the caption of %s is %s, expected a string', place,
         fail.describe(known.caption))
   end
   local frame = known.frame
   if cell.right ~= nil then frame = frame or cell.right and 'green' or 'red' end
   if frame then image.colour('sheet', frame) end
   return { picture = known.picture, caption = known.caption, frame = frame }
end

local function readRows(rows)
   if type(rows) ~= 'table' or getmetatable(rows) or #rows == 0 then
      fail.raise('sheet: rows are %s, expected a table of rows of pictures', fail.describe(rows))
   end
   local all, shape = {}, { columns = 0, width = 0, height = 0, captions = 0 }
   for r, row in ipairs(rows) do
      if type(row) ~= 'table' or getmetatable(row) then
         fail.raise('sheet: row %d is %s, expected a table of pictures', r, fail.describe(row))
      end
      all[r] = {}
      for c = 1, #row do
         local cell = readCell(row[c], ('cell %d of row %d'):format(c, r))
         all[r][c] = cell
         shape.width = math.max(shape.width, cell.picture.sizes[2])
         shape.height = math.max(shape.height, cell.picture.sizes[1])
         if cell.caption ~= '' then shape.captions = 1 end
      end
      shape.columns = math.max(shape.columns, #row)
   end
   if shape.columns == 0 then fail.raise('sheet: all rows are empty, expected pictures') end
   return all, shape
end

local function drawCell(sheet, x, y, cell, shape, options)
   local outer = shape.width + 2 * FRAME
   if cell.frame then
      image.rect(sheet, x, y, outer, shape.height + 2 * FRAME, cell.frame)
      image.rect(sheet, x + FRAME, y + FRAME, shape.width, shape.height, options.background)
   end
   local sizes = cell.picture.sizes
   image.paste(sheet, x + FRAME + math.floor((shape.width - sizes[2]) / 2),
      y + FRAME + math.floor((shape.height - sizes[1]) / 2), cell.picture)
   local caption = fit(cell.caption, outer, options.scale)
   local width = image.textSize(caption, options.scale)
   image.text(sheet, x + math.floor((outer - width) / 2), y + shape.height + 2 * FRAME + 4, caption,
      { scale = options.scale, colour = cell.frame or 'black' })
end

--- Lays pictures out in rows, each over its caption and in a frame: what a network retrieved
-- beside what it was asked for, say.
-- @tparam table rows of cells; a cell is a picture, or a table of `picture`, `caption`, and
-- `right` (true: a green frame, false: a red one) or `frame` (a colour)
-- @tparam[opt] table options `title`; `lead = 0`: columns on the left that a line sets apart;
-- `scale = 1` of the letters; `background = 'white'`
-- @treturn Tensor the sheet, a picture
-- @usage image.sheet({ { { picture = query, caption = 'cup' },
--    { picture = first, caption = 'cup', right = true },
--    { picture = second, caption = 'mug', right = false } } }, { lead = 1 })
function image.sheet(rows, options)
   options = fail.options('sheet', options,
      { title = '', lead = 0, scale = 1, background = 'white' })
   checkText('sheet', options.title, options.scale)
   fail.whole('sheet', 'lead', options.lead, 0)
   local cells, shape = readRows(rows)
   local scale = options.scale
   local stepX = shape.width + 2 * FRAME + GAP
   local stepY = shape.height + 2 * FRAME + GAP + shape.captions * math.ceil(LINE * scale)
   local head = options.title == '' and 0 or math.ceil(2 * LINE * scale) + GAP
   local apart = options.lead > 0 and options.lead < shape.columns and 2 * GAP or 0
   local width = 2 * MARGIN + shape.columns * stepX - GAP + apart
   local height = 2 * MARGIN + head + #cells * stepY - GAP

   local sheet = image.blank(height, width, options.background)
   image.text(sheet, MARGIN, MARGIN, fit(options.title, width - 2 * MARGIN, 2 * scale),
      { scale = 2 * scale })
   for r, row in ipairs(cells) do
      for c, cell in ipairs(row) do
         drawCell(sheet, MARGIN + (c - 1) * stepX + (c > options.lead and apart or 0),
            MARGIN + head + (r - 1) * stepY, cell, shape, options)
      end
   end
   if apart > 0 then
      image.rect(sheet, MARGIN + options.lead * stepX + GAP / 2 - 1, MARGIN + head, 2,
         #cells * stepY - GAP, 'grey')
   end
   return sheet
end

return image
