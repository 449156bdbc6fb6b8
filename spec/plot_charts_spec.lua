-- Histograms, confusion matrices and pictures.
local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local plot = lacuna.plot

local at, read = files.at, files.read

local function count(text, part) return select(2, text:gsub(part, '')) end

local hasGnuplot = files.shell('gnuplot --version'):match '^gnuplot %d'
local function drawn(name, f)
   if hasGnuplot then it(name, f) else pending(name .. ' (no gnuplot)') end
end

-- What gnuplot is told: a program that keeps its script stands for it.
local function told(op, options)
   options.path = at 'x.png'
   local before = plot.program
   plot.program = files.write('show', '#!/bin/sh\ncat "$2" >"' .. at 'script' .. '"\nexit 1\n')
   files.shell('chmod +x ' .. plot.program)
   local good = plot[op](options)
   plot.program = before
   assert.is_nil(good)
   return read(at 'script')
end

-- The second column of each block of data.
local function columns(script)
   local all = {}
   for block in script:gmatch '<< EOD\n(.-)EOD' do
      local rows = {}
      for number in block:gmatch '[^ \n]+ ([^ \n]+)[^\n]*\n' do
         rows[#rows + 1] = tonumber(number)
      end
      all[#all + 1] = rows
   end
   return unpack(all)
end

before_each(files.open)
after_each(files.close)

describe('plot.histogram', function()
   local function heights(options) return columns(told('histogram', options)) end

   it('counts values between the bounds, those on a bound above it', function()
      assert.same({ 2, 1, 3 }, (heights { values = { 0, 0.5, 1, 2, 2, 3 }, bins = 3 }))
      assert.same({ 1, 2 }, (heights { values = { 1, 2, 3, -9, 9, 0 / 0, 1 / 0 }, bins = 2,
         range = { 1, 3 } }))
      assert.same({ 0, 4 }, (heights { values = lacuna.ones(2, 2), bins = 2 }))
   end)

   it('counts every value once, whatever rounding does to the bounds', function()
      local values = {}
      for i = 0, 1000 do values[i + 1] = i / 10 end
      for _, bins in ipairs { 1, 3, 7, 10, 100, 999 } do
         local sum = 0
         local all = heights { values = values, bins = bins }
         for _, height in ipairs(all) do sum = sum + height end
         assert.equal(1001, sum)
      end
      values = {}
      for i = 0, 100 do values[i + 1] = i / 100 end
      for i, height in ipairs((heights { values = values, bins = 100 })) do
         assert.equal(i == 100 and 2 or 1, height, i)
      end
   end)

   it('takes factors for steps, and areas for counts', function()
      assert.same({ 1, 1, 2 }, (heights { values = { 1, 10, 100, 1000 }, bins = 3, logX = true }))
      local a, b = heights { bins = 2, range = { 0, 4 }, density = true,
         series = { { values = { 1, 1, 1, 3, 9 } }, { values = { 3, 0 / 0 } } } }
      assert.same({ 0.375, 0.125 }, a)
      assert.same({ 0, 0.5 }, b)
   end)

   drawn('says what it leaves out', function()
      assert.is_true(plot.histogram { path = at 'x.svg', range = { 0, 1 }, logY = true, series = {
         { name = 'a', values = { 0.5, 3, 0 / 0, 1 / 0 } }, { name = 'b', values = { 0.1 } },
         { name = 'none', values = {} } } })
      local text = read(at 'x.svg')
      assert.equal(1, count(text, '>a %(1 outside, 2 not finite%)<'))
      assert.equal(1, count(text, '>b<'))
      assert.equal(1, count(text, '>none<'))
   end)

   it('refuses wrong arguments', function()
      for pattern, options in pairs {
         ['options have neither, expected one of values and series'] = {},
         ['options have both'] = { values = {}, series = {} },
         ['0 values, none that can be drawn'] = { values = {} },
         ['2 values, none that can be drawn'] = { values = { 0 / 0, 1 / 0 } },
         ['values has the string "a" at 1'] = { values = { 'a' } },
         ['values is the number 3'] = { values = 3 },
         ['series 1 is the number 3'] = { series = { 3 } },
         ['values of series 1 is nil'] = { series = { {} } },
         ['bins is the number 0, expected a whole number from 1'] = { values = { 1 }, bins = 0 },
         ['range is 2 and 1, expected two finite numbers'] = { values = { 1 }, range = { 2, 1 } },
         ['range is the number 3'] = { values = { 1 }, range = 3 },
         ['range is 0 and 1, expected numbers above 0'] = { values = { 1 }, range = { 0, 1 },
            logX = true },
         ['density is the number 1'] = { values = { 1 }, density = 1 },
      } do
         options.path = 'x.png'
         assert.fails('histogram: ' .. pattern, plot.histogram, options)
      end
   end)
end)

describe('plot.confusion', function()
   drawn('draws counts or rates under the names of classes', function()
      local options = { path = at 'x.svg', matrix = lacuna.tensor { { 3, 1 }, { 0, 7 } },
         names = { 'cup', 'a "jug"' } }
      assert.is_true(plot.confusion(options))
      local text = read(at 'x.svg')
      for _, word in ipairs { 'cup', 'a "jug"' } do
         assert.equal(2, count(text, '>' .. word .. '<'), word)
      end
      for _, word in ipairs { '3', '1', '7', 'predicted', 'true' } do
         assert.is_truthy(text:find('>' .. word .. '<'), word)
      end
      options.show = 'rates'
      assert.is_true(plot.confusion(options))
      assert.is_truthy(read(at 'x.svg'):find '>75<')
   end)

   drawn('draws one class and forty, nan, and rows of zeros', function()
      local rows = {}
      for i = 1, 40 do
         rows[i] = {}
         for j = 1, 40 do rows[i][j] = i == j and 100 or i == 7 and 0 / 0 or 0 end
      end
      assert.is_true(plot.confusion { path = at 'x.png', matrix = rows })
      assert.is_true(plot.confusion { path = at 'x.png', matrix = { { 0 } }, show = 'rates' })
      assert.is_true(plot.confusion { path = at 'x.png', matrix = { { 1 / 0, 1 }, { 0, 0 } },
         show = 'none', map = 'viridis' })
   end)

   it('is a table in the terminal, and shades where a table is too wide', function()
      local matrix, names = { { 3, 1 }, { 0, 12 } }, { 'cup', 'jüg' }
      assert.equal('who\n       1  2\n1 cup  3  1\n2 jüg  . 12\n', plot.confusion {
         terminal = 'text', matrix = matrix, names = names, title = 'who', width = 40 })
      assert.equal('1 cup ▓▓░░\n2 jüg   ██\n', plot.confusion {
         terminal = 'text', matrix = matrix, names = names, show = 'none', width = 40 })
      local many = {}
      for i = 1, 12 do many[i] = { unpack({ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 }, 1, 12) } end
      local text = plot.confusion { terminal = 'text', matrix = many, width = 20 }
      assert.equal(('x'):rep(20) .. '\n', (plot.confusion { terminal = 'text', width = 20,
         matrix = many, title = ('x'):rep(99) }:match '^[^\n]*\n'))
      for line in text:gmatch '[^\n]+' do assert.is_true(#line:gsub('█', '#') <= 20, line) end
   end)

   it('refuses wrong arguments', function()
      for pattern, options in pairs {
         ['matrix is nil, expected n x n numbers'] = {},
         ['matrix has 0 rows, expected 1 to 200'] = { matrix = {} },
         ['row 1 is 2 numbers, expected 1 numbers'] = { matrix = { { 1, 2 } } },
         ['row 2 is the number 3'] = { matrix = { { 1, 2 }, 3 } },
         ['row 1 has the number %-1 at 1, expected a count'] = { matrix = { { -1 } } },
         ['1 names, expected one for each of 2'] = { matrix = { { 1, 2 }, { 3, 4 } },
            names = { 'a' } },
         ['name 1 is the number 3'] = { matrix = { { 1 } }, names = { 3 } },
         ['show is the string "all", expected counts, rates or none'] = { matrix = { { 1 } },
            show = 'all' },
         ['map is the string "jet", expected one of blues'] = { matrix = { { 1 } }, map = 'jet' },
      } do
         options.path = 'x.png'
         assert.fails('confusion: ' .. pattern, plot.confusion, options)
      end
   end)
end)

describe('plot.image', function()
   local grey = { { 0, 0.5 }, { 1, 0 / 0 } }

   drawn('draws pictures of all kinds in a grid, under their titles', function()
      local colours = { { { 1, 0, 0 }, { 0, 1, 0 } } }
      assert.is_true(plot.image { path = at 'x.svg', title = 'all', titles = { 'a (1)', 'b', 'c' },
         images = { lacuna.tensor(grey), lacuna.tensor(colours),
            lacuna.zeros(3, 4, 5, { dtype = 'uint8' }) } })
      local text = read(at 'x.svg')
      for _, word in ipairs { 'all', 'a %(1%)', 'b', 'c' } do
         assert.equal(1, count(text, '>' .. word .. '<'), word)
      end
      assert.is_true(plot.image { path = at 'x.png', image = lacuna.zeros(1, 1) })
      -- which gnuplot draws from 2 x 2 on
      assert.is_truthy(told('image', { image = lacuna.zeros(1, 1) }):find('array=(2,2)', 1, true))
      assert.is_true(plot.image { path = at 'x.png', images = lacuna.zeros(2, 1, 3, 4),
         map = 'grey', range = 'each', columns = 1 })
   end)

   it('is half blocks in the terminal', function()
      assert.equal('t\n' .. ('█████▒▒▒▒▒\n'):rep(5) .. 'from 0 to 1\n', plot.image {
         images = { lacuna.tensor { { 1, 0.5 }, { 1, 0.5 } } }, titles = { 't' },
         range = { 0, 1 }, terminal = 'text', width = 20, height = 5 })
      local white = plot.image { terminal = 'text', width = 20, height = 5,
         image = lacuna.full(255, { 2, 40, 3 }, { dtype = 'uint8' }) }
      assert.equal(('█'):rep(20) .. '\n', white)
      local stripes = {}
      for x = 1, 40 do stripes[x] = x % 2 end
      assert.equal(('▒'):rep(20) .. '\nfrom 0 to 1\n', plot.image { terminal = 'text', width = 20,
         height = 5, image = lacuna.tensor { stripes, stripes } })
   end)

   it('has colours in the terminal, two pixels a character', function()
      local pixels = { { { 255, 0, 0 }, { 0, 255, 0 } }, { { 0, 0, 255 }, { 255, 255, 255 } },
         { { 51, 102, 153 }, { 0, 0, 0 } } }
      local written = table.concat(require('lacuna.plot.terminal').picture({ width = 2, height = 3,
         at = function(x, y) return unpack(pixels[y + 1][x + 1]) end }, 2, 2, true), '\n')
      -- where the terminal has all colours, they are exact
      for exact, near in pairs { ['2;255;0;0'] = '5;196', ['2;0;255;0'] = '5;46',
         ['2;0;0;255'] = '5;21', ['2;255;255;255'] = '5;231', ['2;51;102;153'] = '5;67',
         ['2;0;0;0'] = '5;16' } do
         written = written:gsub('8;' .. exact .. '%f[;m]', '8;' .. near)
      end
      assert.equal('\27[38;5;196;48;5;21m▀\27[38;5;46;48;5;231m▀\27[0m\n'
         .. '\27[38;5;67;49m▀\27[38;5;16;49m▀\27[0m', written)
   end)

   it('refuses wrong arguments', function()
      for pattern, options in pairs {
         ['options have neither, expected one of image and images'] = {},
         ['image is the number 3, expected a tensor'] = { image = 3 },
         ['image is int32, expected uint8 or float32'] =
            { image = lacuna.zeros(2, 2, { dtype = 'int32' }) },
         ['image is 2x2x2, expected h x w, h x w x 3'] = { image = lacuna.zeros(2, 2, 2) },
         ['image is 0x4, expected'] = { image = lacuna.zeros(0, 4) },
         ['images are 2x2, expected n x 3 x h x w'] = { images = lacuna.zeros(2, 2) },
         ['0 pictures, expected 1 to 400'] = { images = {} },
         ['2 titles, expected one for each of 1'] = { image = lacuna.ones(2, 2),
            titles = { 'a', 'b' } },
         ['title 1 is the number 3'] = { image = lacuna.ones(2, 2), titles = { 3 } },
         ['range is the string "any", expected two'] = { image = lacuna.ones(2, 2), range = 'any' },
         ['map is the number 3'] = { image = lacuna.ones(2, 2), map = 3 },
         ['columns is the number 0'] = { image = lacuna.ones(2, 2), columns = 0 },
      } do
         options.path = 'x.png'
         assert.fails('image: ' .. pattern, plot.image, options)
      end
   end)
end)
