--- Labelled meshes: generated ones, or those of a folder or list, as sparse voxel samples.
--
--     local meshes = require 'lacuna.data.meshes'
--     local set = meshes.open { data = '/data/ModelNet40' }      -- class/train|test/*.off
--     local train = meshes.dataset(set.train, { renderSize = 40, size = 126, augment = true })
--     local sample = train:get(1, generator)                     -- coords, features, label
--
-- `data` is a folder `class/train|test/*.off` (ModelNet), a folder `train|test/class/*.off`, a
-- list file with a line `path class split` for each mesh, or nothing: then `lacuna.data.shapes`
-- makes them.
-- @module lacuna.data.meshes
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local mesh = require 'lacuna.mesh'
local ops = require 'lacuna.ops'
local shapes = require 'lacuna.data.shapes'
local Tensor = require 'lacuna.Tensor'

local meshes = {}

local SEEDS, MOST = 2 ^ 30, 100000  -- what shapes.dataset takes

-- ---- finding them ------------------------------------------------------------------------------

local function list(folder)
   local lfs = require 'lfs'
   local names = {}
   if lfs.attributes(folder, 'mode') ~= 'directory' then return names end
   for name in lfs.dir(folder) do
      if name:sub(1, 1) ~= '.' then names[#names + 1] = name end
   end
   table.sort(names)
   return names
end

local function fromFolder(folder)
   local found = {}
   local function take(path, label, split)
      for _, name in ipairs(list(path)) do
         if name:lower():match '%.off$' then
            found[#found + 1] = { path = path .. '/' .. name, class = label, split = split }
         end
      end
   end
   for _, split in ipairs { 'train', 'test' } do
      for _, name in ipairs(list(folder)) do
         take(folder .. '/' .. name .. '/' .. split, name, split)
      end
      for _, name in ipairs(list(folder .. '/' .. split)) do
         take(folder .. '/' .. split .. '/' .. name, name, split)
      end
   end
   return found
end

local function fromList(path)
   local text, message = file.read('meshes', path)
   if not text then fail.raise('%s', message) end
   local base, found, number = path:match '^(.*/)' or '', {}, 0
   for line in (text .. '\n'):gmatch '(.-)\n' do  -- file:lines() joins lines at a byte of zero
      number = number + 1
      if line:find '%z' then
         fail.raise('meshes: line %d of %s has a byte of zero, expected text', number, path)
      end
      line = line:gsub('\r$', ''):gsub('#.*', '')
      local name, label, split = line:match '^%s*(%S+)%s+(%S+)%s+(%S+)%s*$'
      if name then
         if split ~= 'train' and split ~= 'test' then
            fail.raise('meshes: line %d of %s has the split %q, expected train or test', number,
               path, split)
         end
         found[#found + 1] = {
            path = name:sub(1, 1) == '/' and name or base .. name, class = label, split = split,
         }
      elseif line:match '%S' then
         fail.raise('meshes: line %d of %s is %q, expected path class split', number, path, line)
      end
   end
   return found
end

local function generated(seed, train, test)
   local found = {}
   for _, part in ipairs { { 'train', train, 2 * seed + 1 }, { 'test', test, 2 * seed + 2 } } do
      for i, shape in ipairs(shapes.dataset { seed = part[3], perClass = part[2] }) do
         found[#found + 1] = { shape = shape, class = shape.class, split = part[1],
            path = ('%s %d'):format(shape.class, i) }
      end
   end
   return found
end

-- Moves every k-th training mesh of each class to the place of the test meshes.
local function holdOut(set, k)
   local train, count = {}, {}
   set.test = {}
   for _, item in ipairs(set.train) do
      count[item.label] = (count[item.label] or 0) + 1
      table.insert(count[item.label] % k == 0 and set.test or train, item)
   end
   set.train = train
end

-- Generated shapes of the i-th class, with a label after those of the set.
local function addCompanions(set, i, options)
   local made = shapes.dataset {
      seed = 2 * options.seed + 3, perClass = options.companions, classes = { shapes.classes[i] },
   }
   for _, shape in ipairs(made) do
      table.insert(set.companions, { shape = shape, class = shape.class, label = #set.classes + i,
         normalize = true })
   end
end

--- Opens a set of labelled meshes.
-- @tparam[opt] table options `data`, nil or empty for generated shapes; of those: `seed`, 0;
-- `train`, 24 and `test`, 8 for each class; `holdout`, 0: where it is k, every k-th training mesh
-- of a class takes the place of the test meshes, which stay unseen while settings are chosen;
-- `companions`, 0: generated shapes of each class to learn beside real meshes
-- @treturn table `classes`: names; `train`, `test`, `companions`: arrays of items with `label`
-- (from one; those of companions follow the others), `class`, and `path` or `shape`
function meshes.open(options)
   options = fail.options('meshes', options,
      { data = false, seed = 0, train = 24, test = 8, holdout = 0, companions = 0 })
   local data = options.data
   if data ~= nil and type(data) ~= 'string' then
      fail.raise('meshes: data is %s, expected the path of a folder or list', fail.describe(data))
   end
   fail.whole('meshes', 'seed', options.seed, 1 - SEEDS, SEEDS - 1)
   for _, name in ipairs { 'train', 'test', 'companions' } do
      fail.whole('meshes', name, options[name], 0, MOST)
   end
   fail.whole('meshes', 'holdout', options.holdout, 0)
   local found
   if data == nil or data == '' then
      found = generated(options.seed, options.train, options.test)
   elseif require('lfs').attributes(data, 'mode') == 'directory' then
      found = fromFolder(data)
   else
      found = fromList(data)
   end
   local set, known = { classes = {}, train = {}, test = {}, companions = {} }, {}
   for _, item in ipairs(found) do
      if not known[item.class] then
         known[item.class] = true
         table.insert(set.classes, item.class)
      end
   end
   table.sort(set.classes)
   for label, name in ipairs(set.classes) do known[name] = label end
   for _, item in ipairs(found) do
      item.label = known[item.class]
      table.insert(set[item.split], item)
   end
   if options.holdout > 0 then holdOut(set, options.holdout) end
   for i = 1, options.companions > 0 and #shapes.classes or 0 do
      addCompanions(set, i, options)
   end
   for _, split in ipairs { 'train', 'test' } do
      if #set[split] == 0 then
         fail.raise('meshes: %s holds no %s meshes, expected class/%s/*.off', tostring(data), split,
            split)
      end
   end
   return set
end

local function checkItem(op, item)
   local shape, path = type(item) == 'table' and item.shape, type(item) == 'table' and item.path
   local right = shape and type(shape) == 'table' or not shape and type(path) == 'string'
   if not right and not (type(item) == 'table' and item.mesh) then
      fail.raise('%s: item is %s, expected a table with a path or a shape', op,
         fail.describe(item))
   end
   if item.mesh and not mesh.is(item.mesh) then
      fail.raise('%s: mesh of an item is %s, expected a mesh', op, fail.describe(item.mesh))
   end
end

--- Loads the mesh of an item; it stays loaded with it.
-- @tparam table item
-- @treturn Mesh
function meshes.load(item)
   checkItem('meshes.load', item)
   if item.mesh then return item.mesh end
   if item.shape then
      item.mesh = mesh.new(item.shape.vertices, item.shape.faces)
   else
      local loaded, message = mesh.read(item.path)
      if not loaded then fail.raise('meshes: %s', message) end
      item.mesh = loaded
   end
   item.mesh:keep()
   return item.mesh
end

-- ---- samples -----------------------------------------------------------------------------------

local Dataset = class('data.MeshDataset')

--- Counts the samples.
-- @treturn number
function Dataset:size() return #self.items end

--- Makes a sample: a mesh in a random pose, as voxels.
-- @tparam number i from one
-- @tparam[opt] Generator generator without it nothing is random
-- @treturn table `coords` n x 4 int32 (sample 1), `features` n x 1 ones, `label`, `id`, `dropped`
function Dataset:get(i, generator)
   fail.whole('MeshDataset', 'i', i, 1, #self.items)
   if generator ~= nil and (type(generator) ~= 'table'
      or getmetatable(generator) ~= ops.Generator) then
      fail.raise('MeshDataset: generator is %s, expected a Generator', fail.describe(generator))
   end
   local item, o = self.items[i], self.options
   local m = meshes.load(item)
   local augment = o.augment and generator or nil
   local scale = augment and math.exp(generator:uniform(-o.jitter, o.jitter)) or 1
   local coords, dropped = mesh.voxelize(m, {
      renderSize = o.renderSize, size = o.size, rotation = o.rotate and generator or nil,
      affine = augment, shift = augment, scale = scale, device = 'cpu',
      normalize = item.normalize or not item.shape,
   })
   return {
      coords = coords, features = Tensor.ones(coords.sizes[1], 1, { device = 'cpu' }),
      label = item.label, id = i, dropped = dropped,
   }
end

--- Makes a data set of items.
-- @tparam table items as `open` lists them
-- @tparam[opt] table options `renderSize`, voxels along the longest side, 40; generated shapes have
-- their own size; `size` of the field, 126; `rotate`, a random rotation, true; `augment`: random
-- affine maps and shifts as `mesh.pose` draws them, false; `jitter`, 0.2: what the logarithm of a
-- random scale goes up to then
-- @treturn Dataset
function meshes.dataset(items, options)
   if type(items) ~= 'table' then
      fail.raise('meshes.dataset: items are %s, expected a list', fail.describe(items))
   end
   for i = 1, #items do checkItem('meshes.dataset', items[i]) end
   options = fail.options('meshes.dataset', options, {
      renderSize = 40, size = 126, rotate = true, augment = fail.off, jitter = 0.2,
   })
   fail.range('meshes.dataset', 'renderSize', options.renderSize, 1e-6)
   fail.whole('meshes.dataset', 'size', options.size, 1, 65535)
   fail.range('meshes.dataset', 'jitter', options.jitter, 0, 10)
   return setmetatable({ items = items, options = options }, Dataset)
end

return meshes
