local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local image, Tensor = lacuna.image, lacuna.Tensor

local white, black = { 255, 255, 255 }, { 0, 0, 0 }

local function same(expected, picture)
   assert.same(expected, picture:toTable())
end

-- The rows of a picture as strings, one letter a pixel: '.' for white, '#' for the rest.
local function drawing(picture)
   local lines = {}
   for y, row in ipairs(picture:toTable()) do
      local letters = {}
      for x, p in ipairs(row) do letters[x] = p[1] + p[2] + p[3] == 765 and '.' or '#' end
      lines[y] = table.concat(letters)
   end
   return lines
end

describe('image.blank', function()
   it('makes a picture of one colour, white at first', function()
      same({ { white, white } }, image.blank(1, 2))
      same({ { { 1, 2, 3 } }, { { 1, 2, 3 } } }, image.blank(2, 1, { 1, 2, 3 }))
      same({ { black } }, image.blank(1, 1, 'black'))
      local picture = image.blank(2, 3)
      assert.equal('uint8', picture.dtype)
      assert.equal('cpu', picture.device)
   end)

   it('refuses wrong arguments', function()
      assert.fails('blank: height is nil', image.blank)
      assert.fails('width is the number 0', image.blank, 1, 0)
      assert.fails('height is the number 40000', image.blank, 40000, 1)
      assert.fails('colour is the string "puce", expected three numbers or one of black, blue',
         image.blank, 1, 1, 'puce')
      assert.fails('colour has nil at 1 of 0', image.blank, 1, 1, {})
      assert.fails('colour has the number %-1 at 2', image.blank, 1, 1, { 0, -1, 0 })
      assert.fails('colour has the number nan', image.blank, 1, 1, { 0 / 0, 0, 0 })
      assert.fails('colour has the number 1 at 1 of 4', image.blank, 1, 1, { 1, 2, 3, 4 })
   end)
end)

describe('image.rect', function()
   it('fills what it covers', function()
      assert.same({ '.....', '..##.', '..##.', '.....' },
         drawing(image.rect(image.blank(4, 5), 2, 1, 2, 2)))
   end)

   it('skips what falls outside', function()
      assert.same({ '..#', '..#' }, drawing(image.rect(image.blank(2, 3), 2, -7, 90, 90)))
      assert.same({ '...', '...' }, drawing(image.rect(image.blank(2, 3), 3, 0, 5, 5)))
      assert.same({ '...', '...' }, drawing(image.rect(image.blank(2, 3), 1, 1, 0, 5)))
      assert.same({ '###', '###' }, drawing(image.rect(image.blank(2, 3), -1e300, -9, 2e300, 99)))
   end)

   it('refuses wrong arguments', function()
      local p = image.blank(2, 2)
      assert.fails('rect: picture is nil', image.rect, nil, 1, 1, 1, 1)
      assert.fails('rect: x is nil', image.rect, p)
      assert.fails('the place is %(inf', image.rect, p, math.huge, 1, 1, 1)
      assert.fails('the rectangle is %-1', image.rect, p, 1, 1, -1, 1)
      assert.fails('height is the string', image.rect, p, 1, 1, 1, '1')
      assert.fails('picture is float32, expected uint8', image.rect, lacuna.ones(2, 2, 3), 1, 1, 1,
         1)
      assert.fails('picture is 2x2x4, expected height x width x 3', image.rect,
         Tensor.raw({ 2, 2, 4 }, 'uint8', 'cpu'), 1, 1, 1, 1)
      assert.fails('picture is 0x2x3', image.rect, Tensor.raw({ 0, 2, 3 }, 'uint8', 'cpu'), 1, 1,
         1, 1)
      assert.fails('picture is a scalar', image.rect, Tensor.raw({}, 'uint8', 'cpu'), 1, 1, 1, 1)
      local other = lacuna.device() == 'cpu' and 'shadow' or lacuna.device()
      local there = Tensor.raw({ 2, 2, 3 }, 'uint8', other)
      assert.fails('picture is on ' .. other .. ', expected cpu', image.rect, there, 1, 1, 1, 1)
      there:release()
      p:release()
      assert.fails('released', image.rect, p, 1, 1, 1, 1)
   end)
end)

describe('image.paste', function()
   it('copies a picture into another, cut at its sides', function()
      local stamp = image.rect(image.blank(2, 2, { 9, 9, 9 }), 0, 0, 1, 1, 'white')
      assert.same({ '....', '..#.', '.##.' }, drawing(image.paste(image.blank(3, 4), 1, 1, stamp)))
      assert.same({ '#...', '....', '....' },
         drawing(image.paste(image.blank(3, 4), -1, -1, stamp)))
      assert.same({ '....', '....', '....' }, drawing(image.paste(image.blank(3, 4), 4, 0, stamp)))
   end)

   it('refuses wrong arguments', function()
      local p = image.blank(2, 2)
      assert.fails('paste: x is nil', image.paste, p)
      assert.fails('paste: source is nil', image.paste, p, 1, 1)
      assert.fails('source is 2x2, expected', image.paste, p, 1, 1,
         Tensor.raw({ 2, 2 }, 'uint8', 'cpu'))
   end)
end)

describe('image.text', function()
   it('stays within the size that it tells', function()
      local text = 'Quick\nbrown fox'
      for scale = 1, 3 do
         local width, height = image.textSize(text, scale)
         local lines = drawing(image.text(image.blank(height + 9, width + 9), 4, 4, text,
            { scale = scale }))
         local dark = 0
         for y, line in ipairs(lines) do
            for x = 1, #line do
               if line:sub(x, x) == '#' then
                  dark = dark + 1
                  assert.is_true(x > 4 and x <= 4 + width and y > 4 and y <= 4 + height)
               end
            end
         end
         assert.is_true(dark > 50 * scale)
      end
   end)

   it('begins each line under the one before', function()
      local function written(picture, y, text)
         return image.text(picture, 3, y, text, { scale = 2 })
      end
      local expected = image.blank(60, 40)
      for i, line in ipairs { 'ab', '', 'c' } do
         written(expected, 2 + (i - 1) * select(2, image.textSize('x', 2)), line)
      end
      assert.same(drawing(expected), drawing(written(image.blank(60, 40), 2, 'ab\n\nc')))
   end)

   it('has a colour', function()
      local picture = image.text(image.blank(12, 12), 1, 1, 'H', { colour = 'red' })
      local seen = {}
      for _, row in ipairs(picture:toTable()) do
         for _, p in ipairs(row) do seen[table.concat(p, ' ')] = true end
      end
      assert.same({ ['255 255 255'] = true, [table.concat(image.colours.red, ' ')] = true }, seen)
   end)

   it('shows what it lacks as a question mark', function()
      assert.same(drawing(image.text(image.blank(12, 12), 1, 1, '?')),
         drawing(image.text(image.blank(12, 12), 1, 1, 'ä')))
      assert.equal(0, (image.textSize ''))
   end)

   it('refuses wrong arguments', function()
      local p = image.blank(2, 2)
      assert.fails('text: text is nil', image.text, p, 1, 1)
      assert.fails('text: text is the number 3', image.text, p, 1, 1, 3)
      assert.fails('scale is 0', image.text, p, 1, 1, 'a', { scale = 0 })
      assert.fails('option size is unknown', image.text, p, 1, 1, 'a', { size = 3 })
      assert.fails('textSize: text is nil', image.textSize)
   end)
end)

-- Prints the pixels of a PNG, read with nothing but the standard library.
local PYTHON = [==[
import struct, sys, zlib
data = open(sys.argv[1], 'rb').read()
assert data[:8] == b'\x89PNG\r\n\x1a\n'
at, body = 8, b''
while at < len(data):
    n, kind = struct.unpack('>I4s', data[at:at + 8])
    chunk = data[at + 8:at + 8 + n]
    assert zlib.crc32(kind + chunk) == struct.unpack('>I', data[at + 8 + n:at + 12 + n])[0]
    if kind == b'IHDR': width, height, depth, colour = struct.unpack('>IIBB', chunk[:10])
    if kind == b'IDAT': body += chunk
    at += 12 + n
assert (depth, colour) == (8, 2) and kind == b'IEND'
raw, above, row = zlib.decompress(body), bytes(3 * width), 1 + 3 * width
assert len(raw) == row * height
for y in range(height):
    how, line, out = raw[y * row], raw[y * row + 1:(y + 1) * row], bytearray()
    for x, value in enumerate(line):
        a = out[x - 3] if x > 2 else 0
        b, c = above[x], above[x - 3] if x > 2 else 0
        p = [abs(b - c), abs(a - c), abs(a + b - 2 * c)]
        guess = [0, a, b, (a + b) // 2, [a, b, c][p.index(min(p))]][how]
        out.append((value + guess) & 255)
    print(out.hex())
    above = bytes(out)
]==]

describe('image.write', function()
   before_each(files.open)
   after_each(files.close)

   it('writes a PNG that others read', function()
      if not files.python 'zlib' then
         pending 'no python3'
         return
      end
      local values = {}
      for i = 1, 23 * 17 * 3 do values[i] = (i * i * 7 + i) % 256 end
      local noise = Tensor.of(values, { dtype = 'uint8', device = 'cpu' }):view(23, 17, 3)
      local smooth = image.text(image.blank(20, 50, 'light'), 3, 3, 'Lacuna', { colour = 'blue' })
      for _, picture in ipairs { noise, smooth, image.blank(1, 1) } do
         assert.is_true(image.write(files.at 'x.png', picture))
         local script = files.write('read.py', PYTHON)
         local hex = files.shell(('python3 %s %s'):format(script, files.at 'x.png'))
         local text = hex:gsub('%s', ''):gsub('%x%x', function(byte)
            return string.char(tonumber(byte, 16))
         end)
         assert.equal(picture:toString(), text)
      end
   end)

   it('says which file cannot be written', function()
      local good, why = image.write('/none/x.png', image.blank(1, 1))
      assert.is_nil(good)
      assert.equal('write: cannot open /none/x.png: No such file or directory', why)
      good, why = image.write('/dev/full', image.blank(1, 1))
      assert.is_nil(good)
      assert.is_truthy(why:match('^write: .*/dev/full: No space'))
   end)

   it('refuses wrong arguments', function()
      assert.fails('write: path is a Tensor', image.write, image.blank(1, 1))
      assert.fails('write: picture is nil', image.write, files.at 'x.png')
   end)
end)

describe('image.sheet', function()
   local function pixel(picture, x, y) return picture:toTable()[y + 1][x + 1] end

   it('lays pictures out in rows, with frames and captions', function()
      local a, b = image.blank(20, 30, { 10, 10, 10 }), image.blank(10, 30, { 20, 20, 20 })
      local sheet = image.sheet({ { a, { picture = b, right = true } },
         { { picture = a, right = false, caption = 'cup' } } })
      -- margins of 14, cells of 30 x 20 with frames of 4, gaps of 10, captions of 12
      assert.same({ 2 * 14 + 2 * (20 + 8 + 10 + 12) - 10, 2 * 14 + 2 * (30 + 8 + 10) - 10, 3 },
         sheet:shape())
      assert.same(white, pixel(sheet, 14, 14))
      assert.same({ 10, 10, 10 }, pixel(sheet, 18, 18))
      assert.same({ 10, 10, 10 }, pixel(sheet, 47, 37))
      assert.same(image.colours.green, pixel(sheet, 62, 14))
      assert.same(image.colours.green, pixel(sheet, 62 + 37, 14 + 27))
      -- the lower picture stands in the middle
      assert.same(white, pixel(sheet, 66, 18))
      assert.same({ 20, 20, 20 }, pixel(sheet, 66, 23))
      assert.same(image.colours.red, pixel(sheet, 14, 64))
      assert.same({ 10, 10, 10 }, pixel(sheet, 18, 68))
   end)

   it('cuts captions that are too long, and sets a lead apart', function()
      local a = { picture = image.blank(20, 30, 'black'), caption = ('W'):rep(90) }
      local sheet = image.sheet({ { a, a, a }, { a } }, { lead = 1, title = 'T', scale = 2 })
      assert.same({ 28 + 58 + 2 * (20 + 18 + 24) - 10, 28 + 3 * 48 - 10 + 20, 3 }, sheet:shape())
      local lines = drawing(sheet)
      for _, line in ipairs(lines) do assert.equal('..............', line:sub(1, 14)) end
      -- the line runs down the middle between the first cell and the second
      local right = 14 + 48 - 10
      assert.equal(('.'):rep(14) .. '##' .. ('.'):rep(14),
         lines[28 + 58]:sub(right + 1, right + 30))
   end)

   it('takes any colour for a frame', function()
      local sheet = image.sheet { { { picture = image.blank(2, 2), frame = { 1, 2, 3 } } } }
      assert.same({ 1, 2, 3 }, pixel(sheet, 14, 14))
   end)

   it('refuses wrong arguments', function()
      local a = image.blank(2, 2)
      assert.fails('sheet: rows are nil', image.sheet)
      assert.fails('sheet: rows are a table', image.sheet, {})
      assert.fails('row 1 is a Tensor', image.sheet, { a })
      assert.fails('all rows are empty', image.sheet, { {}, {} })
      assert.fails('cell 2 of row 1 is the number 3', image.sheet, { { a, 3 } })
      assert.fails('cell 1 of row 1 is nil, expected a tensor', image.sheet,
         { { { caption = '' } } })
      assert.fails('caption of cell 1 of row 1 is the number', image.sheet,
         { { { picture = a, caption = 3 } } })
      assert.fails('option label is unknown', image.sheet, { { { picture = a, label = 3 } } })
      assert.fails('colour is the string "mauve"', image.sheet,
         { { { picture = a, frame = 'mauve' } } })
      assert.fails('option rows is unknown', image.sheet, { { a } }, { rows = 3 })
      assert.fails('lead is the number %-1', image.sheet, { { a } }, { lead = -1 })
   end)
end)
