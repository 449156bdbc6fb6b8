--- Describes the objects of the library at the prompt: more than `tostring` says.
-- @module lacuna.repl.objects
local fail = require 'lacuna.fail'
local names = require 'lacuna.help.names'
local ops = require 'lacuna.ops'
local scope = require 'lacuna.scope'
local show = require 'lacuna.show'
local Sites = require 'lacuna.Sites'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'
local thousands = show.thousands

local objects = {}

local MOST_ELEMENTS = 2 ^ 22     -- of which statistics are computed
local MOST_SAMPLES = 12          -- of which sites are told

local function plural(n, word) return thousands(n) .. ' ' .. word .. (n == 1 and '' or 's') end

-- ---- tensors ------------------------------------------------------------------------------------

local function number(v)
   if v == math.floor(v) and math.abs(v) < 1e9 then return ('%.0f'):format(v) end
   return ('%.5g'):format(v)
end

-- Least, mean and greatest of what is a number, and how much is none.
local function statistics(t)
   local n = t:nElement()
   local odd = n - ops.sum(ops.eq(t, t)):item()
   if odd == n then return thousands(n) .. ' nan' end
   local real = odd == 0 and t or nil
   local low = ops.min(real or ops.where(ops.eq(t, t), t, math.huge)):item()
   local high = ops.max(real or ops.where(ops.eq(t, t), t, -math.huge)):item()
   local mean = ops.sum(real or ops.where(ops.eq(t, t), t, 0)):item() / (n - odd)
   local text = ('min %s, mean %s, max %s'):format(number(low), number(mean), number(high))
   return odd == 0 and text or text .. ', ' .. thousands(odd) .. ' nan'
end

-- How a tensor came about, and its gradient.
local function history(t)
   local facts = {}
   local node = rawget(t, 'node')
   if type(node) == 'table' and type(node.name) == 'string' then
      facts[1] = 'result of ' .. node.name
   end
   local grad = rawget(t, 'grad')
   if Tensor.is(grad) and rawget(grad, 'handle') ~= nil then
      facts[#facts + 1] = 'gradient of length ' .. number(ops.norm(grad):item())
   end
   return table.concat(facts, ', ')
end

local function describeTensor(t, depth, width)
   if depth > 0 or rawget(t, 'handle') == nil then
      local isNumber = rawget(t, 'handle') ~= nil and t:nElement() == 1
      return show.head(t) .. (isNumber and ': ' .. number(t:item()) or '')
   end
   local lines, n = { show.tensor(t, width) }, t:nElement()
   if t.dtype == 'float32' and n > 8 and n <= MOST_ELEMENTS then
      lines[#lines + 1] = statistics(t)
   end
   local text = history(t)
   if text ~= '' then lines[#lines + 1] = text end
   return table.concat(lines, '\n')
end

-- ---- sites --------------------------------------------------------------------------------------

local function perSample(sites)
   if sites.batchSize == 0 then return nil end
   local first = sites:samples():toFlat()
   local list = {}
   for i = 1, math.min(sites.batchSize, MOST_SAMPLES) do
      list[i] = thousands(first[i + 1] - first[i])
   end
   local more = sites.batchSize - #list
   return 'sites of each sample: ' .. table.concat(list, ', ')
      .. (more > 0 and (', and %d more samples'):format(more) or '')
end

-- A line for each site that is shown: sample and place, and features if there are some.
local function siteLines(sites, features, width, lines)
   if sites.count == 0 then return end
   local left, right = show.lines(sites:coords(), 2000), nil
   local unit = 0
   if features and features.sizes[2] > 0 then
      right, unit = show.lines(features, math.max(width - #left[1] - 3, 20))
   end
   local wide = #left[1]
   lines[#lines + 1] = ('%' .. wide .. 's%s'):format('sample, place', right and ' | features'
      .. (unit ~= 0 and (', times 1e%d'):format(unit) or '') or '')
   for i, line in ipairs(left) do
      local rest = right and line ~= '  ...' and ' |' .. right[i] or ''
      lines[#lines + 1] = (' '):rep(math.max(0, #'sample, place' - wide)) .. line .. rest
   end
end

local function describeSites(sites, depth, width)
   local lines = { tostring(sites) }
   if depth > 0 or sites.handle == nil then return lines[1] end
   lines[2] = perSample(sites)
   siteLines(sites, nil, width, lines)
   return table.concat(lines, '\n')
end

local function describeSparse(x, depth, width)
   local lines = { tostring(x) }
   local live = x.sites.handle ~= nil and rawget(x.features, 'handle') ~= nil
   if depth > 0 then return lines[1] end
   if not live then return lines[1] .. ', released' end
   lines[2] = perSample(x.sites)
   siteLines(x.sites, x.features, width, lines)
   local n = x.features:nElement()
   if n > 8 and n <= MOST_ELEMENTS then
      lines[#lines + 1] = 'features: ' .. statistics(x.features)
   end
   local text = history(x.features)
   if text == '' and x.features.requiresGrad then text = 'a leaf' end
   if text ~= '' then lines[#lines + 1] = 'features require a gradient: ' .. text end
   return table.concat(lines, '\n')
end

-- ---- networks, optimisers, data -----------------------------------------------------------------

local function describeModule(net, depth)
   if depth > 0 then return (tostring(net):match '^[^\n]*') end
   if type(net.summary) == 'function' then
      local ok, text = pcall(net.summary, net)
      if ok and type(text) == 'string' then return text end
   end
   return tostring(net)
end

-- `name value` of the numbers, strings and booleans of a table, in order.
local function settings(options)
   local list = {}
   for name, value in next, options do
      local kind = type(value)
      if kind == 'number' or kind == 'boolean' or kind == 'string' then
         list[#list + 1] = tostring(name) .. ' ' .. (kind == 'number' and ('%.6g'):format(value)
            or tostring(value))
      end
   end
   table.sort(list)
   return table.concat(list, ', ')
end

local function describeOptimizer(optimizer)
   local total = 0
   for _, t in ipairs(optimizer.parameters) do total = total + t:nElement() end
   return ('%s: %s of %s, %s\n  %s'):format(optimizer.__typename,
      plural(#optimizer.parameters, 'tensor'), plural(total, 'number'),
      plural(optimizer.steps, 'step'), settings(optimizer.options))
end

local function describeLoader(loader)
   local facts = {}
   local plain = rawget(loader, 'plain')
   if type(plain) == 'table' then
      facts[1] = 'batches of ' .. tostring(plain.batchSize)
      local samplers = require 'lacuna.data.samplers'
      facts[2] = loader.order == samplers.shuffled and 'shuffled' or 'in order'
      if plain.dropLast then facts[#facts + 1] = 'a smaller last one left out' end
   elseif rawget(loader, 'sampler') then
      facts[1] = 'a sampler'
   end
   facts[#facts + 1] = 'seed ' .. tostring(loader.seed)
   if type(loader.workers) == 'number' then
      facts[#facts + 1] = plural(loader.workers, 'worker')
   end
   local dataset = rawget(loader, 'dataset')
   local size = type(dataset) == 'table' and rawget(dataset, 'count')
   if type(size) == 'number' then facts[#facts + 1] = plural(size, 'sample') end
   return 'data.Loader: ' .. table.concat(facts, ', ')
end

local function describeGenerator(g)
   return ('Generator: seed %.0f, %s drawn'):format(g.seed, plural(g.offset, 'number'))
end

local function describeDataset(dataset)
   return 'data.Dataset: ' .. plural(dataset.count, 'sample')
end

-- ---- classes and parts --------------------------------------------------------------------------

local function describeClass(value, depth)
   local name = 'class ' .. rawget(value, '__typename')
   if depth > 0 then return name end
   local signature, summary = require('lacuna.help').line(value)
   return signature and ('class %s\n  %s'):format(signature, summary) or name
end

-- A part of the library: its names, side by side.
local function describePart(value, short, depth, width)
   local name = short == 'lacuna' and short or 'lacuna.' .. short
   if depth > 0 then return name end
   local _, summary = require('lacuna.help').line(value)
   local set, list = names.later(value) or {}, {}
   for key in next, value do
      if type(key) == 'string' and not key:find '^_' then set[key] = true end
   end
   for key in next, set do list[#list + 1] = key end
   table.sort(list)
   local lines, line = { summary and name .. ': ' .. summary:gsub('^Lacuna: ', '') or name }, ' '
   for _, key in ipairs(list) do
      if #line + #key + 1 > width then
         lines[#lines + 1] = line
         line = ' '
      end
      line = line .. ' ' .. key
   end
   if line ~= ' ' then lines[#lines + 1] = line end
   return table.concat(lines, '\n')
end

-- ---- which --------------------------------------------------------------------------------------

-- The class of that name if it was loaded: who did not load it has no objects of it.
local function loaded(name) return package.loaded['lacuna.' .. name] end

local function inherits(value, class)
   local at = debug.getmetatable(value)
   while type(at) == 'table' do
      if at == class then return true end
      local meta = debug.getmetatable(at)
      at = type(meta) == 'table' and rawget(meta, '__index')
   end
   return false
end

local function choose(value, depth, width)
   if Tensor.is(value) then return describeTensor(value, depth, width) end
   if SparseTensor.is(value) then return describeSparse(value, depth, width) end
   if Sites.is(value) then return describeSites(value, depth, width) end
   if type(rawget(value, '__typename')) == 'string' then return describeClass(value, depth) end
   local short = names.module(value)
   if short then return describePart(value, short, depth, width) end
   if debug.getmetatable(value) == nil then return nil end
   local Module, Optimizer = loaded 'nn.Module', loaded 'optim.Optimizer'
   if Module and inherits(value, Module) then return describeModule(value, depth) end
   if Optimizer and inherits(value, Optimizer) then
      return depth == 0 and describeOptimizer(value) or value.__typename
   end
   if inherits(value, loaded 'data.Loader' or 0) then return describeLoader(value) end
   local datasets = loaded 'data.datasets'
   if datasets and debug.getmetatable(value) == datasets.Dataset then
      return describeDataset(value)
   end
   if inherits(value, ops.Generator) then return describeGenerator(value) end
   return nil
end

--- Describes an object, class or part of the library.
-- @tparam table value
-- @tparam number depth 0 where it stands alone, otherwise a line is given
-- @tparam number width of a line
-- @treturn ?string nil if the value is none of these
function objects.describe(value, depth, width)
   fail.whole('describe', 'width', width, 1)
   return scope.run(function()
      return scope.record(false, choose, value, depth, width)
   end)
end

return objects
