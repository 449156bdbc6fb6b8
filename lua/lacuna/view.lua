--- Pages that show meshes, points, voxels and activations, to be turned with the mouse.
--
--     local path = assert(lacuna.view(chair, { title = 'a chair' }))
--     lacuna.view { chair, x }                              -- side by side, turning together
--     lacuna.view(net:activations(x), { path = 'net.html' }) -- a menu of layers
--
-- A page is one file without any reference to another: it needs no network, and no more than a
-- browser of today. Dragging turns, dragging with shift or the right button moves, the wheel
-- zooms, a double click resets; pointing tells the site and its value. `#yaw=40&pitch=20&zoom=2`
-- behind its address gives a fixed view; `layer`, `plane` and `sample` choose what is shown.
-- @module lacuna.view
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local json = require 'lacuna.json'
local pack = require 'lacuna.view.pack'
local page = require 'lacuna.view.page'
local read = require 'lacuna.view.read'
local settings = require 'lacuna.plot.settings'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'

-- Values of all objects together: up to so many as they are, then in steps of 1/65532 of the range
-- of their plane, then of 1/252. More than the last are not shown.
local EXACT, FINE, MOST = 2 ^ 18, 2 ^ 19, 2 ^ 23
local MOST_PANELS = 12

local function text(what, value)
   if type(value) ~= 'string' then
      fail.raise('view: %s is %s, expected a string', what, fail.describe(value))
   end
   if not pcall(json.encode, value) then
      fail.raise('view: %s is %s, which is not UTF-8', what, fail.describe(value))
   end
   return value
end

local function isPlain(value) return type(value) == 'table' and not getmetatable(value) end

-- ---- what is shown where --------------------------------------------------------------------

local told = { name = false, values = false, labels = false, colours = false }

-- The options that belong to an object: `colours` is a tensor here, and a map's name for the page.
local function ownOf(options)
   return {
      values = options.values, labels = options.labels,
      colours = type(options.colours) ~= 'string' and options.colours or nil,
   }
end

-- An object, or a table of one and what is told about it.
local function readLayer(what, value, options)
   local own = options
   if isPlain(value) then
      local known = {}
      for name, given in pairs(value) do
         if name ~= 1 then known[name] = given end
      end
      fail.options('view', known, told)
      if known.name ~= nil then text('name', known.name) end
      value, own = value[1], known
      if type(own.colours) == 'string' then
         fail.raise('view: colours of %s are %s, expected a tensor of n x 3', what,
            fail.describe(own.colours))
      end
   end
   local item = read.object(what, value)
   item.name = own.name or ''
   return read.attach(item, own, text)
end

-- An entry of net:activations(): the path of a layer, the layer, what it gave.
local function isActivation(value)
   return isPlain(value) and type(value[1]) == 'string' and value[2] ~= nil
end

local function readActivation(entry)
   local module, output = entry[2], entry[3]
   if output == nil then module, output = nil, entry[2] end
   local name = text('the name of a layer', entry[1])
   local class = type(module) == 'table' and module.__typename
   if class then name = (name == '' and '' or name .. ': ') .. class end
   local item
   if SparseTensor.is(output) and output.sites.dimension <= 3 then
      item = read.object('the output of ' .. name, output)
   else
      -- a matrix of scores, say; the menu keeps its place
      item = { kind = 'none', about = Tensor.is(output)
         and 'a tensor ' .. fail.shape(output.sizes) .. ', not in space'
         or fail.describe(output) .. ', not in space' }
   end
   item.name = name
   return item
end

local function readMenu(entries)
   local layers, first = {}, nil
   for i = 1, #entries do
      layers[i] = readActivation(entries[i])
      if not first and layers[i].kind ~= 'none' then first = i end
   end
   if not first then
      fail.raise('view: %d layers, none with sites of 1 to 3 dimensions, expected some', #entries)
   end
   return { name = '', layers = layers, first = first }
end

local function areActivations(value)
   if not isPlain(value) or #value == 0 then return false end
   for i = 1, #value do
      if not isActivation(value[i]) then return false end
   end
   return true
end

local function hasNames(value)
   for name in pairs(value) do
      if type(name) == 'string' then return true end
   end
   return false
end

-- What net:activations gives, as a plain list of its entries; anything else as it is.
local function plainList(value)
   local class = type(value) == 'table' and getmetatable(value)
   if type(class) ~= 'table' or rawget(class, '__typename') ~= 'nn.Activations' then
      return value, false
   end
   local list = {}
   for i, entry in ipairs(value) do list[i] = entry end
   return list, true
end

local function readPanels(x, options)
   local one = ownOf(options)
   x = plainList(x)
   if not isPlain(x) or hasNames(x) then
      return { { layers = { readLayer('the object', x, one) }, first = 1 } }
   end
   for _, name in ipairs { 'values', 'labels', 'colours' } do
      if one[name] ~= nil then
         fail.raise('view: options have %s for a list, expected { object, %s = ... } in it', name,
            name)
      end
   end
   if isActivation(x) then return { readMenu { x } } end
   if areActivations(x) then return { readMenu(x) } end
   if #x == 0 or #x > MOST_PANELS then
      fail.raise('view: %d objects, expected 1 to %d', #x, MOST_PANELS)
   end
   local panels = {}
   for i = 1, #x do
      local value = plainList(x[i])
      panels[i] = areActivations(value) and readMenu(value)
         or { layers = { readLayer('object ' .. i, value, {}) }, first = 1 }
   end
   return panels
end

-- ---- the page's data ------------------------------------------------------------------------

-- How many planes of how many values go into the page, and how they are written.
local function plan(panels)
   local total = 0
   for _, panel in ipairs(panels) do
      for _, layer in ipairs(panel.layers) do
         if layer.features then total = total + layer.features:nElement() end
      end
   end
   local kind = total <= EXACT and 'float32' or total <= FINE and 'uint16' or 'uint8'
   return kind, math.min(1, MOST / math.max(total, 1))
end

local function normsOf(list, width)
   local out = {}
   for i = 1, #list / width do
      local sum = 0
      for p = 1, width do sum = sum + list[(i - 1) * width + p] ^ 2 end
      out[i] = math.sqrt(sum)
   end
   return out
end

-- The first columns of rows.
local function narrow(list, width, kept)
   if kept == width then return list end
   local out = {}
   for i = 0, #list / width - 1 do
      for p = 1, kept do out[i * kept + p] = list[i * width + p] end
   end
   return out
end

local function writeValues(layer, add, kind, share)
   local features = layer.features
   local width = features.sizes[2]
   if layer.count == 0 or width == 0 then return nil end
   local planes = {}
   if kind == 'float32' then
      for p = 1, width do planes[p] = p end
      return { array = add(pack.floats(features)), planes = planes }
   end
   local kept = math.max(1, math.floor(width * share))
   for p = 1, kept do planes[p] = p end
   local list = features:toFlat()
   local array, low, high, most = pack.rounded(narrow(list, width, kept), kept, kind)
   local norm = width > 1 and add(pack.numbers(normsOf(list, width), 'float32')) or nil
   layer.about = ('%s, values in steps of 1/%d of their range'):format(layer.about, most)
   if kept < width then
      layer.about = ('%s, planes 1 to %d of %d'):format(layer.about, kept, width)
   end
   return { array = add(array), planes = planes, low = low, high = high, most = most, norm = norm }
end

local function writeLayer(layer, add, seen, kind, share)
   local out = { name = layer.name, kind = layer.kind }
   if layer.kind ~= 'none' then
      out.dimension, out.samples = layer.dimension, layer.samples
      if layer.floats then
         out.coords = add(pack.floats(layer.floats))
      else
         out.coords = layer.shared and seen[layer.shared] or add(pack.whole(layer.coords))
         if layer.shared then seen[layer.shared] = out.coords end
      end
      if layer.triangles then out.triangles = add(pack.whole(layer.triangles)) end
      if layer.features then out.values = writeValues(layer, add, kind, share) end
      if layer.rgb then out.colours = add(pack.numbers(layer.rgb, 'uint8')) end
      if layer.labels then
         out.labels = { names = layer.labels.names, array = add(pack.whole(layer.labels.list)) }
      end
   end
   out.about = layer.about
   return out
end

local function describe(panels, options)
   local kind, share = plan(panels)
   local data = { title = options.title, panels = {}, maps = settings.maps,
      colours = settings.colours, map = options.map }
   local arrays, seen = {}, {}
   local function add(array)
      arrays[#arrays + 1] = array
      return #arrays - 1
   end
   for i, panel in ipairs(panels) do
      local layers = {}
      for k, layer in ipairs(panel.layers) do
         layers[k] = writeLayer(layer, add, seen, kind, share)
      end
      data.panels[i] = { name = #layers == 1 and layers[1].name or '', layers = layers,
         first = panel.first }
   end
   data.arrays = arrays
   return data
end

-- ---- writing --------------------------------------------------------------------------------

local function readOptions(options)
   options = fail.options('view', options, {
      path = false, title = 'lacuna.view', colours = false, values = false, labels = false,
      open = fail.off,
   })
   text('title', options.title)
   if options.path ~= nil then
      file.path('view', options.path)
      if not options.path:lower():match '%.html?$' then
         fail.raise('view: path is %q, expected one that ends in .html', options.path)
      end
   end
   if type(options.colours) == 'string' then
      if not settings.maps[options.colours] then
         local names = {}
         for name in pairs(settings.maps) do names[#names + 1] = name end
         table.sort(names)
         fail.raise('view: colours are %s, expected a tensor of n x 3 or one of %s',
            fail.describe(options.colours), table.concat(names, ', '))
      end
      options.map = options.colours
   end
   return options
end

-- Hands a page to whatever the desktop opens pages with.
local function show(path)
   local status = os.execute("command -v xdg-open >/dev/null 2>&1 && xdg-open '"
      .. path:gsub("'", "'\\''") .. "' >/dev/null 2>&1")
   if status == 0 or status == true then return path end
   return path, 'view: xdg-open could not show the page, open it in a browser'
end

--- Writes a page that shows an object, several side by side, or the activations of a network.
--
-- Points and grids are tensors; a grid shows its cells that are not zero. Of a sparse tensor one
-- plane is shown, or the L2 norm of all. Sites of one or two dimensions lie flat. In a list, an
-- object may be a table of the object, `name`, `values`, `labels` and `colours`.
-- @function view
-- @param x a mesh; points, n x 3; sites, n x 4 of int32, as `mesh.voxelize` gives them; a grid of
-- three sizes, or batch x planes x three sizes; Sites or a SparseTensor of 1 to 3 dimensions; a
-- list of these; what `net:activations` gives, whose second result is passed over
-- @tparam[opt] table options `path`, ending in .html, by default a new file in the temporary
-- folder; `title`; `values`: n, or n x planes, numbers for the points, vertices or sites; `labels`:
-- a string or number for each; `colours`: n x 3, uint8 from 0 to 255 or float32 from 0 to 1, or the
-- name of a map in `lacuna.plot.maps`; `open = false`: whether to open it in the browser
-- @treturn ?string the path
-- @treturn ?string why the page could not be written, or not be opened
-- @usage lacuna.view(points, { labels = classes, path = 'points.html' })
local function view(x, options)
   local _, activations = plainList(x)
   -- net:activations(x) in the place of x has a second result, the output
   if activations and not isPlain(options) then options = nil end
   options = readOptions(options)
   if x == nil then fail.raise('view: nothing to show, expected an object or a list') end
   local panels = readPanels(x, options)
   local html = page(options.title, json.encode(describe(panels, options)))
   for _, panel in ipairs(panels) do
      for _, layer in ipairs(panel.layers) do read.release(layer) end
   end
   local path = options.path
   if not path then
      local name = os.tmpname()
      os.remove(name)
      path = name .. '.html'
   end
   local good, why = file.save('view', path, html)
   if not good then return nil, why end
   if options.open then return show(path) end
   return path
end

return view
