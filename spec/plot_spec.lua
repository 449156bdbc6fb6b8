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

describe('plots', function()
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
