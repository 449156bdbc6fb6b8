local json = require 'lacuna.json'
local lacuna = require 'lacuna'
local files = require 'spec.support.files'

local at, read = files.at, files.read
local view, tensor = lacuna.view, lacuna.tensor

before_each(files.open)
after_each(files.close)

-- ---- reading a page back --------------------------------------------------------------------

local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

-- The bytes of base64, by the definition: six bits a letter.
local function decode64(text)
   local out, bits, held = {}, 0, 0
   for letter in text:gsub('=+$', ''):gmatch '.' do
      bits, held = bits * 64 + letters:find(letter, 1, true) - 1, held + 6
      if held >= 8 then
         held = held - 8
         out[#out + 1] = string.char(math.floor(bits / 2 ^ held) % 256)
         bits = bits % 2 ^ held
      end
   end
   return table.concat(out)
end

local sizes = { uint8 = 1, int16 = 2, uint16 = 2, int32 = 4 }

local function numbers(array)
   local bytes = decode64(array.data)
   if array.type == 'float32' then
      local t = lacuna.Tensor.fromString(bytes, { #bytes / 4 }, { device = 'cpu' })
      local list = t:toFlat()
      t:release()
      return list
   end
   local out, size = {}, sizes[array.type]
   for i = 1, #bytes, size do
      local v = 0
      for b = size, 1, -1 do v = v * 256 + bytes:byte(i + b - 1) end
      if array.type:match '^int' and v >= 2 ^ (8 * size - 1) then v = v - 2 ^ (8 * size) end
      out[#out + 1] = v
   end
   return out
end

-- Writes a page; gives its text and its data.
local function page(x, options)
   options = options or {}
   options.path = options.path or at 'x.html'
   assert.equal(options.path, assert(view(x, options)))
   local html = read(options.path)
   local text = html:match '<script type="application/json" id="data">(.-)</script>'
   return html, assert(json.decode(text))
end

local function only(data) return data.panels[1].layers[1] end
local function array(data, i) return numbers(data.arrays[i + 1]) end

local cube = { { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1.5 } }
local function tetrahedron()
   return lacuna.mesh.new(cube, { { 0, 1, 2 }, { 0, 1, 3 }, { 0, 2, 3 }, { 1, 2, 3 } })
end

local function sparse()
   return lacuna.SparseTensor.new(
      { { 1, 0, 0, 0 }, { 1, 5, 2, 3 }, { 3, -1, 400, 7 } },
      { { 1, 2 }, { 3, -4 }, { 0.5, 0 } })
end

-- ---- what it holds --------------------------------------------------------------------------

describe('view', function()
   it('writes a page that refers to nothing outside', function()
      local html = page({ tetrahedron(), sparse() }, { title = 'two' })
      assert.equal('<!DOCTYPE html>', html:sub(1, 15))
      assert.is_truthy(html:find('<title>two</title>', 1, true))
      for _, pattern in ipairs { 'https?:', '[%s"]src%s*=', 'href', '@import', 'url%(', 'import ',
         'fetch', 'XMLHttp' } do
         assert.is_nil(html:find(pattern), pattern)
      end
      assert.is_truthy(html:find("default-src 'none'", 1, true))
   end)

   it('writes the same bytes for the same object', function()
      local first = page { sparse(), tetrahedron() }
      assert.equal(first, (page { sparse(), tetrahedron() }))
   end)

   it('carries the vertices and triangles of a mesh', function()
      local _, data = page(tetrahedron())
      local layer = only(data)
      assert.equal('mesh', layer.kind)
      assert.near_all(cube, array(data, layer.coords), 0)
      assert.same({ 0, 1, 2, 0, 1, 3, 0, 2, 3, 1, 2, 3 }, array(data, layer.triangles))
   end)

   it('carries points of any type, and nan among them', function()
      local points = { { 0.25, -1, 2 ^ 60 }, { 0 / 0, 0, 0 } }
      local _, data = page(tensor(points))
      assert.equal('points', only(data).kind)
      assert.near_all(points, array(data, only(data).coords), 0)
      _, data = page(tensor({ { 1, 2, 300 } }, { dtype = 'int32' }))
      assert.near_all({ 1, 2, 300 }, array(data, only(data).coords), 0)
   end)

   it('carries the sites of each sample and the bits of their features', function()
      local x = sparse()
      local _, data = page(x)
      local layer = only(data)
      assert.equal('voxels', layer.kind)
      assert.same({ 0, 2, 2, 3 }, layer.samples)
      local coords = {}
      for _, row in ipairs(x:coords():toTable()) do
         for a = 2, 4 do coords[#coords + 1] = row[a] end
      end
      assert.same(coords, array(data, layer.coords))
      assert.same({ 1, 2 }, layer.values.planes)
      assert.near_all(x.features, array(data, layer.values.array), 0)
   end)

   it('carries small coordinates in a byte each, large ones in four', function()
      for high, kind in pairs { [255] = 'uint8', [256] = 'int16', [32768] = 'uint16',
         [65536] = 'int32' } do
         local _, data = page(tensor({ { 1, 0, high, 7 } }, { dtype = 'int32' }))
         assert.equal(kind, data.arrays[1].type)
         assert.same({ 0, high, 7 }, array(data, 0))
      end
      local _, data = page(tensor({ { 1, -32769, 40000, 7 } }, { dtype = 'int32' }))
      assert.same({ -32769, 40000, 7 }, array(data, 0))
   end)

   it('carries the cells of a grid that are not zero', function()
      local _, data = page(tensor { { { 0, 7, 0 }, { 0, 0, 0 } }, { { 0, 0, 0 }, { 0, 0, -2 } } })
      local layer = only(data)
      assert.same({ 0, 0, 1, 1, 1, 2 }, array(data, layer.coords))
      assert.same({ 7, -2 }, array(data, layer.values.array))
      _, data = page(tensor({ { { 1, 0 }, { 0, 1 } } }, { dtype = 'uint8' }))
      assert.same({ 0, 0, 0, 0, 1, 1 }, array(data, only(data).coords))
      assert.is_nil(only(data).values)
   end)

   it('takes a dense batch', function()
      local dense = tensor { { { { { 0, 5 } } }, { { { 0, 6 } } } } } -- 1 x 2 x 1 x 1 x 2
      local _, data = page(dense)
      assert.same({ 0, 0, 1 }, array(data, only(data).coords))
      assert.same({ 5, 6 }, array(data, only(data).values.array))
   end)

   it('lays one and two dimensions flat', function()
      for d = 1, 2 do
         local x = lacuna.SparseTensor.new({ { 1, 3, 4 }, { 1, 2, 9 } }, { { 1 }, { 2 } })
         if d == 1 then x = lacuna.SparseTensor.new({ { 1, 3 }, { 1, 2 } }, { { 1 }, { 2 } }) end
         local _, data = page(x)
         assert.equal(d, only(data).dimension)
         assert.equal(2 * d, #array(data, only(data).coords))
      end
   end)

   it('shows what is empty', function()
      local _, data = page { lacuna.Sites.new({}, { dimension = 3 }), lacuna.zeros(0, 3),
         lacuna.mesh.new({}, {}), lacuna.zeros(2, 2, 2), lacuna.zeros(0, 4, 4) }
      for _, panel in ipairs(data.panels) do
         assert.same({}, array(data, panel.layers[1].coords))
      end
   end)

   it('rounds the values of large objects to steps of the range of their plane', function()
      local n = 70000
      local rows, features = {}, {}
      for i = 1, n do
         rows[i] = { 1, i % 100, math.floor(i / 100) % 100, math.floor(i / 10000) }
         features[i] = { i, -i / 7, i % 2, 5 }
      end
      features[1][2], features[2][2], features[3][2] = 0 / 0, 1 / 0, -1 / 0
      local _, data = page(tensor(rows, { dtype = 'int32' }), { values = tensor(features) })
      local values = only(data).values
      local stored, norm = array(data, values.array), array(data, values.norm)
      assert.equal('uint16', data.arrays[values.array + 1].type)
      local where, special = array(data, only(data).coords), {}
      for row = 0, n - 1 do
         local function value(p)
            local code, low, high = stored[row * 4 + p], values.low[p], values.high[p]
            if code > values.most then return code - values.most end
            return low + (high - low) * code / values.most
         end
         -- the rows stand as the sites are sorted
         local x, y, z = unpack(where, 3 * row + 1, 3 * row + 3)
         local i = x == 0 and y == 0 and z == 7 and n or x + 100 * y + 10000 * z
         if i <= 3 then
            special[i] = value(2)
         elseif i % 997 == 0 then
            assert.is_true(math.abs(value(1) - features[i][1]) < 1)
            assert.is_true(math.abs(value(2) - features[i][2]) < 1)
            assert.equal(features[i][3], value(3))
            assert.equal(5, value(4))
            local f = features[i]
            assert.is_true(math.abs(norm[row + 1]
               - math.sqrt(f[1] ^ 2 + f[2] ^ 2 + f[3] ^ 2 + 25)) < 1e-2)
         end
      end
      assert.same({ 3, 2, 1 }, special)
      assert.is_truthy(only(data).about:find('in steps of 1/65532', 1, true))
   end)

   it('keeps a page of 100,000 sites and 8 planes below 3 MB', function()
      local rows = {}
      for i = 0, 99999 do
         rows[i + 1] = { 1, i % 50, math.floor(i / 50) % 50, math.floor(i / 2500) }
      end
      local html = page(lacuna.SparseTensor.new(tensor(rows, { dtype = 'int32' }),
         lacuna.ones(100000, 8)))
      assert.is_true(#html < 3e6, #html)
   end)

   it('gives sites that were listed their values, labels and colours in order', function()
      local coords = tensor({ { 1, 9, 9, 9 }, { 1, 0, 0, 0 }, { 1, 5, 0, 0 } }, { dtype = 'int32' })
      local _, data = page(coords, { values = { 9, 0, 5 }, labels = { 'far', 'near', 'far' },
         colours = tensor({ { 9, 9, 9 }, { 0, 0, 0 }, { 5, 5, 5 } }, { dtype = 'uint8' }) })
      local layer = only(data)
      local where = array(data, layer.coords)
      local values, labels = array(data, layer.values.array), array(data, layer.labels.array)
      local colours = array(data, layer.colours)
      assert.same({ 'far', 'near' }, layer.labels.names)
      for row = 1, 3 do
         local x = where[3 * row - 2]
         assert.equal(x, values[row])
         assert.equal(x, colours[3 * row])
         assert.equal(x == 0 and 1 or 0, labels[row])
      end
   end)

   it('takes numbers for labels, and colours from 0 to 1', function()
      local _, data = page(lacuna.zeros(3, 3), { labels = { 10, 9, 10 },
         colours = tensor { { 0, 1, 2 }, { 0.5, -1, 0 / 0 }, { 0, 0, 0 } } })
      assert.same({ '9', '10' }, only(data).labels.names)
      assert.same({ 1, 0, 1 }, array(data, only(data).labels.array))
      assert.same({ 0, 255, 255, 128, 0, 128, 0, 0, 0 }, array(data, only(data).colours))
   end)

   it('shows a list side by side, with what is told about each', function()
      local m = tetrahedron()
      local _, data = page({ { m, name = 'solid', values = { 1, 2, 3, 4 } }, m, sparse() },
         { colours = 'magma' })
      assert.equal(3, #data.panels)
      assert.equal('solid', data.panels[1].name)
      assert.same({ 1, 2, 3, 4 }, array(data, data.panels[1].layers[1].values.array))
      assert.equal('magma', data.map)
   end)

   it('gives activations a menu, and layers on the same sites one copy of them', function()
      local nn = lacuna.nn
      local net = nn.Sequential():add(nn.SubmanifoldConvolution(3, 2, 4, 3)):add(nn.ReLU())
         :add(nn.GlobalPooling 'mean')
      local x = lacuna.SparseTensor.new({ { 1, 0, 0, 0 }, { 1, 1, 2, 3 } }, { { 1, 2 }, { 3, 4 } },
         { spatialSize = 8 })
      assert.equal(at 'x.html', view(net:activations(x), { path = at 'x.html' }))
      local _, data = page((net:activations(x)))
      local layers = data.panels[1].layers
      assert.equal('1: nn.SubmanifoldConvolution', layers[1].name)
      assert.equal('2: nn.ReLU', layers[2].name)
      assert.equal(layers[1].coords, layers[2].coords)
      assert.equal(4, #layers[2].values.planes)
      _, data = page { { 'input', x }, { 'scores', lacuna.zeros(2, 3) } }
      assert.equal('input', data.panels[1].layers[1].name)
      assert.equal('none', data.panels[1].layers[2].kind)
   end)

   it('takes the output that net:activations gives along for no options', function()
      local net = lacuna.nn.Sequential():add(lacuna.nn.ReLU())
      local path = assert(view(net:activations(sparse())))
      assert.is_truthy(read(path):find('nn.ReLU', 1, true))
      os.remove(path)
   end)

   it('shows text as it is, and never runs it', function()
      local nasty = '</script><script>alert(1)</script><!-- <b>&amp; "\' $DATA $TITLE %1 \\ \n é'
      local html, data = page({ { tensor(cube), name = nasty, labels = { nasty, 'b', 'c', 'd' } } },
         { title = nasty })
      assert.equal(nasty, data.title)
      assert.equal(nasty, data.panels[1].name)
      assert.same({ nasty, 'b', 'c', 'd' }, only(data).labels.names)
      assert.is_nil(html:find('alert(1)</', 1, true))
      assert.is_nil(html:find('<b>', 1, true))
      local _, scripts = html:gsub('<script', '')
      assert.equal(2, scripts)
   end)

   it('needs no path', function()
      local path = assert(view(tensor(cube)))
      assert.is_truthy(path:find '%.html$')
      assert.is_truthy(read(path):find('</html>', 1, true))
      os.remove(path)
   end)

   it('says why a file cannot be written', function()
      local path, why = view(tensor(cube), { path = at 'none/x.html' })
      assert.is_nil(path)
      assert.is_truthy(why:match '^view: cannot make .*none/x.html')
   end)

   it('refuses what it cannot show', function()
      local m = tetrahedron()
      local released, four = sparse(), lacuna.Sites.new { { 1, 0, 0, 0, 0 } }
      released.features:release()
      local gone = lacuna.zeros(2, 3)
      gone:release()
      for pattern, x in pairs {
         ['the object is the number 3, expected a mesh, points'] = 3,
         ['the object is the string "chair"'] = 'chair',
         ['the object is a tensor 4x2 of float32'] = lacuna.zeros(4, 2),
         ['the object is a tensor 4x4 of float32'] = lacuna.zeros(4, 4),
         ['the object is a tensor a scalar'] = lacuna.zeros {},
         ['the object is a tensor 1x1x1x1 of'] = lacuna.zeros(1, 1, 1, 1),
         ['the object has 4 dimensions, expected 1 to 3'] = four,
         ['features of the object is a tensor that was released'] = released,
         ['the object is a tensor that was released'] = gone,
         ['0 objects, expected 1 to 12'] = {},
         ['object 2 is the number 7'] = { m, 7 },
         ['option mesh is unknown'] = { mesh = m },
         ['the object is nil'] = { name = 'nothing' },
         ['name is the number 3, expected a string'] = { m, name = 3 },
         ['1 layers, none with sites'] = { { 'scores', lacuna.zeros(2, 2) } },
      } do
         assert.fails('view: ' .. pattern, view, x, { path = 'x.html' })
      end
      assert.fails('view: nothing to show', view)
   end)

   it('refuses wrong options', function()
      local x = tensor(cube)
      for pattern, options in pairs {
         ['path is "x.png", expected one that ends in .html'] = { path = 'x.png' },
         ['path is the string "", expected the name of a file'] = { path = '' },
         ['path is the number 3'] = { path = 3 },
         ['title is the number 3, expected a string'] = { title = 3 },
         ['title is the string .* which is not UTF.8'] = { title = 'a\255' },
         ['open is the number 1, expected true or false'] = { open = 1 },
         ['option color is unknown'] = { color = 'red' },
         ['colours are the string "jet", expected a tensor of n x 3 or one of blues'] =
            { colours = 'jet' },
         ['colours is the number 3'] = { colours = 3 },
         ['colours are a tensor 4 of float32, expected n x 3'] = { colours = lacuna.zeros(4) },
         ['colours have 3 rows, expected 4, one for each point'] = { colours = lacuna.zeros(3, 3) },
         ['values have 2 rows, expected 4'] = { values = { 1, 2 } },
         ['values is the string "v"'] = { values = 'v' },
         ['values are 4x1x1, expected n or n x planes'] = { values = lacuna.zeros(4, 1, 1) },
         ['labels have 1 rows, expected 4'] = { labels = { 'a' } },
         ['labels are the string "a", expected a list'] = { labels = 'a' },
         ['label 2 is a table, expected a string or number'] = { labels = { 1, {}, 3, 4 } },
      } do
         options.path = options.path or 'x.html'
         assert.fails('view: ' .. pattern, view, x, options)
      end
      assert.fails('view: options are the number 3', view, x, 3)
      assert.fails('view: options have labels for a list', view, { x, x }, { labels = { 1 } })
      assert.fails('view: colours of object 1 are the string', view,
         { { x, colours = 'magma' }, x })
      assert.fails('view: values are for 2 points on 1 sites, expected no duplicates', view,
         tensor({ { 1, 0, 0, 0 }, { 1, 0, 0, 0 } }, { dtype = 'int32' }), { values = { 1, 2 } })
   end)
end)

-- ---- in a browser ---------------------------------------------------------------------------

local browser
for _, name in ipairs { 'chromium', 'chromium-browser', 'google-chrome' } do
   browser = browser or files.shell('command -v ' .. name):match '^(/[^\n]+)'
end
local function shown(name, f)
   if browser then it(name, f) else pending(name .. ' (no chromium)') end
end

local function browse(options, url)
   return files.shell(("timeout 300 %s --headless --no-sandbox --disable-gpu --user-data-dir='%s' "
      .. "--window-size=700,560 --virtual-time-budget=9000 %s '%s' 2>/dev/null"):format(browser,
         at 'profile', options, url))
end

-- Counts the pixels of the first canvas that are drawn on, and sums them up; then drags, and does
-- so again; then looks for a place that tells something.
local before = [[<body><script>
const broken = [];
window.onerror = text => { broken.push(text); };
// frames come by the clock that the browser is told to use
window.requestAnimationFrame = f => setTimeout(f, 16);
window.cancelAnimationFrame = clearTimeout;
</script>]]
local probe = [[<script>
const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
function look() {
   const g = canvas.getContext('2d'), p = g.getImageData(0, 0, canvas.width, canvas.height).data;
   let count = 0, sum = 0;
   for (let i = 0; i < p.length; i += 4) {
      if (p[i + 3] && p[i] + p[i + 1] + p[i + 2] < 600) count++;
      sum = (sum * 31 + p[i] + 7 * p[i + 1] + 13 * p[i + 2]) % 1000003;
   }
   return count + ' ' + sum;
}
function send(type, x, y, buttons) {
   canvas.dispatchEvent(new PointerEvent(type, { pointerId: 1, bubbles: true, buttons,
      clientX: box.left + x, clientY: box.top + y }));
}
// Calls f once the page has drawn what was asked of it, moving and at rest.
function drawn(f) { setTimeout(f, 600); }
const told = { before: look(), legend: document.querySelector('.legend').textContent };
send('pointerdown', 100, 100, 1);
send('pointermove', 220, 140, 1);
send('pointerup', 220, 140, 0);
drawn(() => {
   told.after = look();
   told.read = '';
   for (let y = 20; y < box.height && !told.read; y += 5) {
      for (let x = 20; x < box.width && !told.read; x += 5) {
         send('pointermove', x, y, 0);
         told.read = document.querySelector('footer').textContent;
      }
   }
   canvas.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
   drawn(() => {
      told.reset = look();
      told.broken = broken.join('; ');
      document.body.dataset.told = JSON.stringify(told);
   });
});
</script></body>]]

-- What the probe finds in a page.
local function probed(x, options)
   local parts = { ['<body>'] = before, ['</body>'] = probe }
   local html = page(x, options):gsub('</?body>', parts)
   local path = files.write('probe.html', html)
   local text = browse('--dump-dom', 'file://' .. path):match 'data%-told="(.-)"'
   local told = assert(json.decode((text:gsub('&quot;', '"'):gsub('&amp;', '&'))))
   assert.equal('', told.broken)
   return told
end

describe('a page of view', function()
   shown('draws each kind of object, turns it and back, and tells what the mouse is on',
      function()
         local rows = {}
         for i = 0, 124 do
            rows[i + 1] = { 1, i % 5, math.floor(i / 5) % 5, 2 * math.floor(i / 25) }
         end
         local solid = tensor(rows, { dtype = 'int32' })
         for pattern, x in pairs {
            ['^triangle %d of 4, corners %(%d'] = tetrahedron(),
            ['^point %d+ %([%d., -]+%)$'] = tensor(cube),
            ['^site %(%d, %d, %d%)   value 1$'] = lacuna.SparseTensor.new(solid,
               lacuna.ones(125, 1)),
            ['^site %(%d, %d, %d%)   L2 norm 5$'] = lacuna.SparseTensor.new(solid,
               tensor { { 3, 4 } }:view(1, 2) * lacuna.ones(125, 1)),
         } do
            local told = probed(x)
            assert.is_true(tonumber(told.before:match '^%d+') > 300, told.before)
            assert.is_true(tonumber(told.after:match '^%d+') > 300, told.after)
            assert.are_not.equal(told.before, told.after)
            assert.equal(told.before, told.reset)
            assert.is_truthy(told.read:match(pattern), told.read)
         end
      end)

   shown('shows empty objects, flat ones and layers without sites', function()
      for _, x in ipairs {
         lacuna.Sites.new({}, { dimension = 3 }), lacuna.zeros(0, 3), lacuna.mesh.new({}, {}),
         { { 'scores', lacuna.zeros(2, 3) }, { 'sites', sparse() } },
      } do
         probed(x)
      end
      local nan = { 0 / 0 }
      for legend, x in pairs { ['all others 11 not finite'] = { { 1 }, nan },
         ['2 not finite'] = { nan, nan } } do
         assert.equal('value' .. legend,
            probed(lacuna.SparseTensor.new({ { 1, 4 }, { 2, 7 } }, x)).legend)
      end
      local sites, same = { { 1, 4 }, { 2, 7 } }, { { 3 }, { 3 } }
      assert.are_not.equal(probed(lacuna.SparseTensor.new(sites, { nan, nan })).before,
         probed(lacuna.SparseTensor.new(sites, same)).before)
      local told = probed(lacuna.SparseTensor.new({ { 1, 4, 2 }, { 1, 7, 2 } }, { { 1 }, { 2 } }))
      assert.is_truthy(told.read:match '^site %(%d, 2%)   value %d$', told.read)
   end)

   shown('draws other pictures from other sides, and the same from the same', function()
      page(sparse())
      local shots = {}
      for i, place in ipairs { 'yaw=10', 'yaw=60', 'yaw=10' } do
         browse(("--screenshot='%s'"):format(at(i .. '.png')), 'file://' .. at 'x.html#' .. place)
         shots[i] = read(at(i .. '.png'))
         assert.equal('\137PNG\r\n\26\n', shots[i]:sub(1, 8))
         assert.is_true(#shots[i] > 8000, #shots[i])
      end
      assert.is_true(shots[1] ~= shots[2], 'two sides look the same')
      assert.is_true(shots[1] == shots[3], 'one side looks different each time')
   end)
end)
