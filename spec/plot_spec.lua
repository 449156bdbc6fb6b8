local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local plot = lacuna.plot

local at, read = files.at, files.read

local function count(text, part)
   local n = 0
   for _ in text:gmatch(part) do n = n + 1 end
   return n
end

local hasGnuplot = files.shell('gnuplot --version'):match '^gnuplot %d'
local function drawn(name, f)
   if hasGnuplot then it(name, f) else pending(name .. ' (no gnuplot)') end
end

before_each(files.open)
after_each(files.close)

describe('plot.scatter', function()
   drawn('draws a PNG of the size asked for', function()
      assert.is_true(plot.scatter { points = { { 0, 1 }, { 2, 3 }, { 4, -1 } }, title = 'three',
         labels = { 'a', 'b', 'a' }, path = at 'x.png', width = 300, height = 200 })
      local bytes = read(at 'x.png')
      assert.equal('\137PNG\r\n\26\n', bytes:sub(1, 8))
      assert.equal('\0\0\1\44\0\0\0\200', bytes:sub(17, 24))
   end)

   drawn('puts each class into the legend once, in order', function()
      assert.is_true(plot.scatter { points = lacuna.tensor { { 0, 1 }, { 2, 3 }, { 4, -1 } },
         labels = { 'second', 'first', 'second' }, path = at 'x.svg' })
      local text = read(at 'x.svg')
      assert.equal(1, count(text, '>first<'))
      assert.equal(1, count(text, '>second<'))
      assert.is_true(text:find('>first<') < text:find('>second<'))
   end)

   drawn('takes numbers for labels, and their names', function()
      local labels = lacuna.tensor({ 2, 10, 1 }, { dtype = 'int32' })
      assert.is_true(plot.scatter { points = { { 0, 1 }, { 2, 3 }, { 0 / 0, 1 } }, labels = labels,
         names = { 'chair', 'table' }, path = at 'x.svg' })
      local text = read(at 'x.svg')
      assert.is_true(text:find('>chair<') < text:find('>table<'))
      assert.is_true(text:find('>table<') < text:find('>10<'))
   end)

   drawn('needs no labels, and may leave out the scales', function()
      assert.is_true(plot.scatter { points = { { 0, 5 }, { 2, 3 } }, path = at 'x.svg' })
      assert.is_truthy(read(at 'x.svg'):find('>%s*5<'))
      assert.is_true(plot.scatter { points = { { 0, 5 }, { 2, 3 } }, path = at 'x.svg',
         axes = false })
      assert.is_nil(read(at 'x.svg'):find('>%s*5<'))
   end)

   it('refuses wrong arguments', function()
      local points = { { 0, 1 } }
      for pattern, options in pairs {
         ['points are nil'] = {},
         ['path is "x.gif", expected one that ends in .png or .svg'] = { path = 'x.gif' },
         ['0 points, none of them finite'] = { points = {} },
         ['1 points, none of them finite'] = { points = { { 0 / 0, 1 } } },
         ['point 1 is 3 numbers, expected 2 numbers'] = { points = { { 1, 2, 3 } } },
         ['point 1 is the number 3'] = { points = { 3 } },
         ['point 1 has the string'] = { points = { { 1, 'a' } } },
         ['2 labels, expected one for each of 1'] = { points = points, labels = { 1, 2 } },
         ['label 1 is a table'] = { points = points, labels = { {} } },
         ['title is the number 3'] = { points = points, title = 3 },
         ['width is the number 3, expected'] = { points = points, width = 3 },
         ['pointSize is 0'] = { points = points, pointSize = 0 },
         ['names are the string "a", expected a table'] = { points = points, names = 'a' },
         ['the name of label 1 is the number 7'] = { points = points, labels = { 1 },
            names = { 7 } },
         ['axes is the number 0, expected true or false'] = { points = points, axes = 0 },
         ['option colour is unknown'] = { points = points, colour = 3 },
      } do
         options.path = options.path or 'x.png'
         assert.fails('scatter: ' .. pattern, plot.scatter, options)
      end
      assert.fails('scatter: path is nil', plot.scatter, { points = points })
      assert.fails('scatter: nil, expected a table', plot.scatter)
   end)
end)

describe('plot.lines', function()
   drawn('draws each series with its name', function()
      assert.is_true(plot.lines { path = at 'x.svg', xLabel = 'epoch', yLabel = 'loss',
         title = 'run', logY = true, series = {
            { name = 'train', y = { 3, 2, 1 } },
            { name = 'test', x = lacuna.tensor { 1, 3 }, y = lacuna.tensor { 4, 2 } },
            { name = 'gap', x = { 1, 2, 3 }, y = { 1, 0 / 0, 2 } }, { name = 'none', y = {} } } })
      local text = read(at 'x.svg')
      for _, word in ipairs { 'train', 'test', 'gap', 'epoch', 'loss', 'run' } do
         assert.equal(1, count(text, '>' .. word .. '<'), word)
      end
   end)

   it('refuses wrong arguments', function()
      for pattern, options in pairs {
         ['series are nil'] = {},
         ['0 series without a point'] = { series = {} },
         ['1 series without a point'] = { series = { { y = { -1 } } }, logY = true },
         ['series 1 is the number 3'] = { series = { 3 } },
         ['y of series 1 is nil'] = { series = { { x = { 1 } } } },
         ['y of series 1 has the string "a" at 1'] = { series = { { y = { 'a' } } } },
         ['series 1 has 2 x and 1 y'] = { series = { { x = { 1, 2 }, y = { 1 } } } },
         ['the name of series 1 is the number 7'] = { series = { { name = 7, y = { 1 } } } },
         ['option z is unknown'] = { series = { { z = 7, y = { 1 } } } },
      } do
         options.path = 'x.png'
         assert.fails('lines: ' .. pattern, plot.lines, options)
      end
   end)
end)

describe('plot.lines of a loss', function()
   drawn('smooths, and keeps what was measured behind it', function()
      local plain = { path = at 'x.svg',
         series = { { name = 'loss', y = { 4, 0, 4, 0, 0 / 0, 4 } } } }
      assert.is_true(plot.lines(plain))
      local before = count(read(at 'x.svg'), '<path')
      plain.smooth = 0.5
      assert.is_true(plot.lines(plain))
      assert.is_true(count(read(at 'x.svg'), '<path') > before)
      assert.equal(1, count(read(at 'x.svg'), '>loss<'))
   end)

   it('smooths by a mean in which each value counts half as much as the next', function()
      local before, rows = plot.program, {}
      plot.program = files.write('show', '#!/bin/sh\ncat "$2" >"' .. at 'script' .. '"\nexit 1\n')
      files.shell('chmod +x ' .. plot.program)
      plot.lines { path = at 'x.png', smooth = 0.5, series = { { y = { 4, 0, 4, 0, 0 / 0, 4 } } } }
      plot.program = before
      local block = read(at 'script'):match '%$data2 << EOD\n(.-)EOD'
      for y in block:gmatch '%d+ ([^\n]+)\n' do rows[#rows + 1] = tonumber(y) end
      assert.near_all({ 4, 2 / 1.5, 5 / 1.75, 2.5 / 1.875, 0 / 0, 5.25 / 1.9375 }, rows, 1e-6)
   end)

   drawn('marks places on the x axis', function()
      assert.is_true(plot.lines { path = at 'x.svg', series = { { y = { 1, 2, 3 } } },
         vertical = { 1.5, { x = 2, name = 'best (2)' } } })
      assert.equal(1, count(read(at 'x.svg'), '>best %(2%)<'))
   end)

   it('refuses wrong marks and smoothing', function()
      for pattern, options in pairs {
         ['smooth is 1, expected a number from 0 to below 1'] = { smooth = 1 },
         ['smooth is the string'] = { smooth = 'a' },
         ['logX is the number 1, expected true or false'] = { logX = 1 },
         ['vertical are the number 3'] = { vertical = 3 },
         ['vertical 1 is a Tensor'] = { vertical = { lacuna.zeros(1) } },
         ['x of vertical 1 is nil'] = { vertical = { { name = 'a' } } },
         ['x of vertical 1 is the number 0, expected a finite number above 0'] =
            { vertical = { 0 }, logX = true },
         ['the name of vertical 1 is the number 7'] = { vertical = { { x = 1, name = 7 } } },
      } do
         options.path, options.series = 'x.png', { { y = { 1 } } }
         assert.fails('lines: ' .. pattern, plot.lines, options)
      end
   end)
end)

describe('plot.precisionRecall', function()
   local result = lacuna.retrieval.evaluate({ { 1, 2, 3 } }, { 'a' }, { 'a', 'b', 'a' })

   drawn('draws what evaluate gives, with its score, beside lists', function()
      assert.is_true(plot.precisionRecall { path = at 'x.svg', series = {
         { name = 'trained', result = result }, { result = result },
         { name = 'lists', precision = { 1, 0.5 }, recall = { 0.5, 1 } } } })
      local text = read(at 'x.svg')
      for _, word in ipairs { 'trained %(mAP 0.833%)', 'series 2 %(mAP 0.833%)', 'lists', 'recall',
         'precision' } do
         assert.equal(1, count(text, '>' .. word .. '<'), word)
      end
   end)

   it('refuses wrong arguments', function()
      for pattern, series in pairs {
         ['series are nil'] = false,
         ['series 1 is the number 3'] = { 3 },
         ['the result of series 1 is the number 3, expected what'] = { { result = 3 } },
         ['precision of series 1 is nil'] = { { result = {} } },
         ['series 1 has 1 recalls and 2 precisions'] = { { precision = { 1, 1 }, recall = { 1 } } },
         ['series 1 has a result and precision'] = { { result = result, precision = { 1 } } },
         ['0 series without a point'] = {},
         ['the name of series 1 is true'] = { { name = true } },
         ['option y is unknown'] = { { y = { 1 } } },
      } do
         assert.fails('precisionRecall: ' .. pattern, plot.precisionRecall,
            { path = 'x.png', series = series or nil })
      end
   end)
end)

describe('plots in the terminal', function()
   drawn('are text of the size asked for', function()
      local y = { 1, 5, 2 }
      for op, options in pairs { lines = { series = { { name = 'loss', y = y } } },
         histogram = { values = y }, scatter = { points = { { 1, 2 }, { 3, 4 } } },
         precisionRecall = { series = { { precision = y, recall = y } } } } do
         options.terminal, options.width, options.height = 'text', 50, 12
         local text = plot[op](options)
         assert.is_nil(text:find '\27', op)
         local lines = 0
         for line in text:gmatch '[^\n]*\n' do
            lines = lines + 1
            assert.is_true(#line <= 51, op .. line)
         end
         assert.is_true(lines >= 9 and lines <= 12, op .. lines)
      end
   end)

   drawn('end with the end of a line where they are printed', function()
      local printed, write = {}, io.write
      io.write = function(...)  -- luacheck: ignore
         for i = 1, select('#', ...) do printed[#printed + 1] = (select(i, ...)) end
      end
      local ok, good = pcall(plot.lines, { terminal = true, series = { { y = { 1, 2 } } } })
      io.write = write  -- luacheck: ignore
      assert.same({ true, true }, { ok, good })
      assert.matches('[^%s]\n$', table.concat(printed))
   end)

   it('want a place, one of two, and a size that fits', function()
      for pattern, options in pairs {
         ['path is nil, expected the name of a file, or terminal = true'] = {},
         ['options have terminal and path'] = { terminal = true, path = 'x.png' },
         ['terminal is the number 1, expected true or "text"'] = { terminal = 1 },
         ['width is the number 5, expected a whole number from 20'] = { terminal = true,
            width = 5 },
         ['height is the number 1000000000, expected'] = { terminal = true, height = 1e9 },
      } do
         options.series = { { y = { 1 } } }
         assert.fails('lines: ' .. pattern, plot.lines, options)
      end
   end)
end)

describe('plots', function()
   drawn('draw digits behind signs as they are', function()
      assert.is_true(plot.lines { path = at 'x.svg', title = '(3) #10 .5e7',
         series = { { y = { 1, 2 } } } })
      assert.equal(1, count(read(at 'x.svg'), '>%(3%) #10 %.5e7<'))
   end)

   drawn('draw any text as it is, and never run it', function()
      local nasty = {
         "'", "''", "'; system('touch FILE') #", '"; system("touch FILE") #', '`touch FILE`',
         "' `touch FILE`", '"`touch FILE`"', '@a', '$data1', '\\', "\\'", '\\"', '%s%n', '#',
         '{/*9 x}', 'a\nplot "FILE"', 'EOD', 'a\0b', "' with lines, '< touch FILE", '|touch FILE',
      }
      local series, labels, points = {}, {}, {}
      for i, text in ipairs(nasty) do
         text = text:gsub('FILE', at 'pwned')
         series[i], labels[i], points[i] = { name = text, y = { i } }, text, { i, i }
         assert.is_true(plot.lines { title = text, xLabel = text, yLabel = text, path = at 'x.png',
            series = { { name = text, y = { 1, 2 } } } }, text)
      end
      assert.is_true(plot.lines { path = at 'x.svg', series = series })
      assert.is_true(plot.scatter { path = at 'y.svg', points = points, labels = labels })
      assert.is_nil(read(at 'pwned'))
      local text = read(at 'x.svg')
      assert.is_truthy(text:find('%%s%%n'))
      assert.is_truthy(text:find('{/*9 x}', 1, true))
   end)

   drawn('take any path as it is', function()
      for _, name in ipairs { "a'b.svg", 'a"b.svg', '$(touch pwned).svg', '`touch pwned`.svg',
         '|a.svg' } do
         assert.is_true(plot.lines { path = at(name), series = { { y = { 1, 2 } } } })
         assert.is_truthy(read(at(name)):find('<svg', 1, true))
      end
      assert.is_nil(read 'pwned')
   end)

   drawn('say why a file cannot be written', function()
      local good, why = plot.lines { path = at 'none/x.png', series = { { y = { 1, 2 } } } }
      assert.is_nil(good)
      assert.is_truthy(why:match('^lines: cannot make .*none/x.png'))
   end)

   it('say that gnuplot is missing', function()
      local before = plot.program
      plot.program = 'no such gnuplot'
      local good, why = plot.lines { path = at 'x.png', series = { { y = { 1, 2 } } } }
      plot.program = before
      assert.is_nil(good)
      assert.equal('lines: no such gnuplot was not found; install gnuplot-nox to draw plots', why)
      assert.is_nil(read(at 'x.png'))
   end)

   it('say what a program said that failed', function()
      local before = plot.program
      plot.program = 'false'
      local good, why = plot.lines { path = at 'x.png', series = { { y = { 1, 2 } } } }
      plot.program = before
      assert.is_nil(good)
      assert.is_truthy(why:match('^lines: false failed: '))
   end)

   -- CIE 1976, from sRGB under D65; 20 is far beyond a just noticeable difference of 2.3
   local function lab(colour)
      local rgb = {}
      for i = 1, 3 do
         local part = tonumber(colour:sub(2 * i, 2 * i + 1), 16) / 255
         rgb[i] = part <= 0.04045 and part / 12.92 or ((part + 0.055) / 1.055) ^ 2.4
      end
      local function curve(t) return t > 0.008856 and t ^ (1 / 3) or 7.787 * t + 16 / 116 end
      local x = curve((0.4124 * rgb[1] + 0.3576 * rgb[2] + 0.1805 * rgb[3]) / 0.9505)
      local y = curve(0.2126 * rgb[1] + 0.7152 * rgb[2] + 0.0722 * rgb[3])
      local z = curve((0.0193 * rgb[1] + 0.1192 * rgb[2] + 0.9505 * rgb[3]) / 1.089)
      return { 116 * y - 16, 500 * (x - y), 200 * (y - z) }
   end

   it('have colours that are told apart, from each other and from paper', function()
      local colours = { '#ffffff', unpack(plot.colours) }
      assert.is_true(#plot.colours >= 12)
      for i = 1, #colours do
         for j = 1, i - 1 do
            local a, b = lab(colours[i]), lab(colours[j])
            local distance = math.sqrt((a[1] - b[1]) ^ 2 + (a[2] - b[2]) ^ 2 + (a[3] - b[3]) ^ 2)
            assert.is_true(distance > 20, ('%s and %s'):format(colours[i], colours[j]))
         end
      end
   end)
end)
