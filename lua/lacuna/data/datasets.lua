--- Data sets: anything that has `size()` and `get(i, generator)`.
-- @module lacuna.data.datasets
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local seeds = require 'lacuna.data.seeds'
local Tensor = require 'lacuna.Tensor'

local datasets = {}

--- Samples by number.
--
--     local squares = data.Dataset(10, function(i, generator)
--        return { value = i * i + generator:uniform() }
--     end)
--
-- A class of yours serves as well: a loader asks for `size()` and `get(i, generator)`, where `i`
-- counts from one and the generator is seeded from (seed, epoch, i).
-- @type Dataset
local Dataset = class('data.Dataset')
datasets.Dataset = Dataset

--- Makes a data set.
-- @tparam number size
-- @tparam function get takes `i` and a generator, gives a sample
function Dataset:__init(size, get)
   self.count = fail.whole('Dataset', 'size', size, 0)
   fail.callable('Dataset', get)
   self.make = get
end

--- Counts the samples.
-- @treturn number
function Dataset:size() return self.count end

--- Makes a sample.
-- @tparam number i from one
-- @tparam Generator generator
-- @treturn table
function Dataset:get(i, generator)
   return self.make(fail.whole('Dataset', 'i', i, 1, self.count), generator)
end

--- @section end

--- Checks that a value is a data set.
-- @tparam string op who asks
-- @param value
-- @return the value
function datasets.check(op, value)
   local fits = type(value) == 'table' and type(value.size) == 'function'
      and type(value.get) == 'function'
   if not fits then
      fail.raise('%s: %s, expected a data set: an object with size() and get(i, generator)', op,
         fail.describe(value))
   end
   return value
end

--- Makes a data set of the elements of a list.
-- @tparam table list samples
-- @tparam[opt] function transform takes a sample and a generator, gives a sample
-- @treturn Dataset
function datasets.fromTable(list, transform)
   if type(list) ~= 'table' or Tensor.is(list) then
      fail.raise('fromTable: %s, expected a table of samples', fail.describe(list))
   end
   if transform ~= nil then fail.callable('fromTable', transform) end
   return Dataset(#list, function(i, generator)
      if transform then return transform(list[i], generator) end
      return list[i]
   end)
end

--- Makes a data set of some of another's samples.
-- @tparam Dataset dataset
-- @tparam table indices from one; one may occur twice
-- @treturn Dataset
function datasets.subset(dataset, indices)
   datasets.check('subset', dataset)
   if Tensor.is(indices) then indices = indices:toTable() end
   if type(indices) ~= 'table' then
      fail.raise('subset: indices are %s, expected a list', fail.describe(indices))
   end
   local chosen, size = {}, dataset:size()
   for k = 1, #indices do chosen[k] = fail.whole('subset', 'index', indices[k], 1, size) end
   return Dataset(#chosen, function(k, generator) return dataset:get(chosen[k], generator) end)
end

--- Makes a data set whose samples went through a function.
-- @tparam Dataset dataset
-- @tparam function f takes a sample and a generator, gives a sample
-- @treturn Dataset
function datasets.map(dataset, f)
   datasets.check('map', dataset)
   fail.callable('map', f)
   return Dataset(dataset:size(), function(i, generator)
      return f(dataset:get(i, generator), generator)
   end)
end

--- Sorts sample numbers by label.
-- @tparam string op who asks
-- @tparam table labels one for each sample, of any type; or a tensor of one dimension
-- @treturn table a list of sample numbers for each class, the class met first coming first
-- @treturn table the classes' labels
function datasets.byLabel(op, labels)
   if type(labels) == 'table' and type(labels.toFlat) == 'function' then
      labels = labels:toFlat()
   end
   if type(labels) ~= 'table' then
      fail.raise('%s: labels are %s, expected a list', op, fail.describe(labels))
   end
   local groups, names, numbers = {}, {}, {}
   for i = 1, #labels do
      local label = labels[i]
      if label == nil or label ~= label then
         fail.raise('%s: label %d is %s, expected a string or a number', op, i,
            fail.describe(label))
      end
      local k = numbers[label]
      if not k then
         k = #groups + 1
         groups[k], names[k], numbers[label] = {}, label, k
      end
      table.insert(groups[k], i)
   end
   return groups, names
end

--- Splits sample numbers in two, each class in the same proportion.
-- @tparam table labels one for each sample
-- @tparam number fraction what the first part gets of each class, rounded; 0 to 1
-- @tparam[opt=0] number seed
-- @treturn table sample numbers of the first part, ascending
-- @treturn table the others, ascending
function datasets.split(labels, fraction, seed)
   fail.number('split', 'fraction', fraction)
   if fraction < 0 or fraction > 1 then
      fail.raise('split: fraction is %g, expected 0 to 1', fraction)
   end
   fail.whole('split', 'seed', seed or 0, 0)
   local first, second = {}, {}
   for k, group in ipairs(datasets.byLabel('split', labels)) do
      local shuffled = seeds.shuffle(group, seeds.generator(seed or 0, k))
      local count = math.floor(fraction * #group + 0.5)
      for j, i in ipairs(shuffled) do table.insert(j <= count and first or second, i) end
   end
   table.sort(first)
   table.sort(second)
   return first, second
end

return datasets
