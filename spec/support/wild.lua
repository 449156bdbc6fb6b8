--- Calls every public function and method with arguments drawn at random, most of them wrong.
--
-- Each call must give a result or a sentence of ours: one that blames the caller's line and is none
-- of Lua's own.  What such a call leaves behind in a class, among the globals or in the library's
-- own state is a complaint too, and so is a tensor whose sizes are not those that C knows.
-- @module spec.support.wild
local interrupt = require 'lacuna.interrupt'
local lacuna = require 'lacuna'
local lfs = require 'lfs'
local native = require 'lacuna.native'
local scope = require 'lacuna.scope'
local operators = require 'spec.support.wild_operators'
local pools = require 'spec.support.wild_pool'
local samples = require 'spec.support.wild_samples'
local find = require 'spec.support.wild_targets'

local C = native.C
local wild = {}

local LARGEST = 2 ^ 24  -- bytes of an allocation; more is refused, as by a small machine

-- What Lua says, or what blames a line of ours.
local internal = { 'attempt to', 'bad argument', 'stack overflow', 'table index is', 'invalid ',
   'cannot convert', "'for' ", 'lua/lacuna/', 'too many results' }

-- What a function does for as long as it is told: it gets small numbers only.
local patient = { 'tsne%.', 'samplers', 'Sampler', 'Loader', 'datasets', 'data%.',
   'lacuna%.threads', 'worker', '[rR]etrieval', 'image%.', 'mesh%.', 'Mesh', 'Generator' }

-- What starts a program or a thread, or embeds a set of shapes: called seldom.
local slow = { '^plot%.', '^view', 'Workers', '^lacuna%.threads', '^RetrievalScorer',
   '^data%.meshes%.open', '^data%.meshes_remote', '^data%.shapes%.dataset' }

-- What is done for seconds by those who are told nothing else.
local spare = {
   ['data.meshes.open'] = { train = 1, test = 1 }, ['data.shapes.dataset'] = { perClass = 1 },
   ['data.meshes_remote'] = { data = 'list' },
}

local function any(name, patterns)
   for _, pattern in ipairs(patterns) do
      if name:find(pattern) then return true end
   end
   return false
end

-- What is wrong with an error message; nil if nothing is.
function wild.complaint(message)
   local thrown = type(message) == 'table' and tostring(message) == pools.MINE
   if thrown or message == nil then return end
   if type(message) ~= 'string' then return 'the error is a ' .. type(message) end
   if message:find('mine: what came', 1, true) then return end
   local line = message:match '^[^\n]*'
   for _, word in ipairs(internal) do
      if line:find(word, 1, true) then return message end
   end
   if not message:find '^[^\n]-wild[%w_]*%.lua:%d+: ' then return 'blames nobody: ' .. message end
end

-- Functions of a class that take no object of it.
local statics = {}
for name in ('new over fromDense is densePoints of zeros ones full raw'):gmatch '%a+' do
   for _, class in ipairs { 'Tensor', 'SparseTensor', 'Sites', 'Rulebook' } do
      statics[class .. '.' .. name] = true
   end
end

local function snapshot(targets)
   local all = { [_G] = {} }
   for _, target in ipairs(targets) do
      if target.class then all[target.class] = all[target.class] or {} end
   end
   for fields, had in pairs(all) do
      for key, value in next, fields do had[key] = value end
   end
   return all
end

-- What was written to classes and globals since; undone.
local function written(original)
   for fields, had in pairs(original) do
      for key, value in next, fields do
         if had[key] ~= value then
            rawset(fields, key, had[key])
            return ('wrote %s to %s'):format(tostring(key),
               fields == _G and 'the globals' or 'a class')
         end
      end
   end
end

local function isOf(object, class)
   local c = getmetatable(object)
   while type(c) == 'table' and c ~= class do
      local above = getmetatable(c)
      c = type(above) == 'table' and above.__index
   end
   return c == class
end

-- A method's first argument; nil where the pool has none that fits.
local function fitting(pool, live, class, random)
   local list = {}
   for k = 1, live do
      if type(pool[k]) == 'table' and isOf(pool[k], class) then list[#list + 1] = pool[k] end
   end
   return #list > 0 and list[random(#list)] or nil
end

-- Large numbers become small ones, also those in plain tables.
local function tame(value, depth)
   if type(value) == 'number' then
      return math.abs(value) > 300 and value < 1 / 0 and 7 or value
   end
   if type(value) == 'table' and not getmetatable(value) and depth < 4 then
      for key, inner in pairs(value) do value[key] = tame(inner, depth + 1) end
   end
   return value
end

local function withSpare(options, few)
   if getmetatable(options) then return options end
   for name, value in pairs(few) do
      if options[name] == nil then options[name] = value end
   end
   return options
end

local function draw(target, pool, live, random)
   local sample = random(2) == 1 and samples.draw(target.name, pool, random)
   local arguments, n = sample or {}, sample and sample.n or random(5) - 1
   for k = 1, sample and 0 or n do
      local choice = random(10)
      if choice <= 6 then
         arguments[k] = pool[random(#pool)]
      elseif choice <= 9 then
         arguments[k] = pools.table(pool, random)
      end
   end
   if target.patient then
      for k = 1, n do arguments[k] = tame(arguments[k], 0) end
   end
   local few = spare[target.name]
   if few and (arguments[1] == nil or type(arguments[1]) == 'table') then
      arguments[1], n = withSpare(arguments[1] or {}, few), math.max(n, 1)
   end
   -- one in ten on something of another kind, but what Lua itself calls
   local own = target.class and (random(10) > 1 or target.operator)
   if own and sample then
      for k = n, 1, -1 do arguments[k + 1] = arguments[k] end
      n = n + 1
   end
   if own and (not statics[target.name] or random(10) <= 4) then
      arguments[1], n = fitting(pool, live, target.class, random), math.max(n, 1)
   end
   if operators.binary[target.operator] then
      n = 2
      if type(arguments[2]) == 'cdata' then arguments[2] = 7 end  -- LuaJIT's own operators
      if random(3) == 1 then arguments[1], arguments[2] = arguments[2], arguments[1] end
   end
   return arguments, n
end

-- What is wrong with a result.
local function judge(value)
   if not lacuna.Tensor.is(value) or not native.live('tensor', value.handle) then return end
   local h = value.handle
   local right = C.lac_tensor_ndim(h) == #value.sizes
   for d = 1, #value.sizes do right = right and C.lac_tensor_size(h, d - 1) == value.sizes[d] end
   if not right then return 'gave a tensor whose sizes are wrong' end
   if native.deviceName(C.lac_tensor_device(h)) ~= value.device then
      return 'gave a tensor whose device is wrong'
   end
end

local function call(f, arguments, n)
   return pcall(function()
      local first, second = f(unpack(arguments, 1, n))
      return first, second
   end)
end

-- The same in a coroutine, which may be left where it yields.
local function inCoroutine(f, arguments, n, random)
   local co = coroutine.create(call)
   local results, ok
   repeat
      results = { coroutine.resume(co, f, arguments, n) }
      ok = results[1] and coroutine.status(co) == 'dead'
   until coroutine.status(co) == 'dead' or random(3) == 1
   if ok then return unpack(results, 2, 4) end
   return true
end

local function state()
   return scope.recording() and lacuna.Tensor.defaultDevice
end

-- A generator of whole numbers from 1 to n.
function wild.random(seed)
   local at = seed % 2147483646 + 1
   return function(n)
      at = (at * 16807) % 2147483647
      return math.floor(at / 2147483647 * n) + 1
   end
end

--- Describes the arguments of a call, for a log.
function wild.describe(arguments, n)
   local words = {}
   for k = 1, n do
      local ok, text = pcall(require('lacuna.fail').describe, arguments[k])
      words[k] = ok and text or type(arguments[k])
   end
   return table.concat(words, ', ')
end

--- Calls f in a folder: a string drawn for a path must not become a file of the tree.
function wild.inside(folder, f, ...)
   local home = lfs.currentdir()
   lfs.chdir(folder)
   local function back(ok, ...)
      lfs.chdir(home)
      if not ok then error((...), 0) end
      return ...
   end
   return back(xpcall(f, debug.traceback, ...))
end

-- The same, and `print` does nothing.
function wild.quietly(folder, f, ...)
   local say = print
   rawset(_G, 'print', function() end)
   local function back(...)
      rawset(_G, 'print', say)
      return ...
   end
   return back(wild.inside(folder, f, ...))
end

--- Finds what is driven.
function wild.targets(folder, library)
   pcall(lacuna.help.line, lacuna.Tensor)  -- it reads the sources once, where they are
   library = library or lfs.currentdir() .. '/lua/lacuna'
   local list, left = wild.inside(folder, function()
      return find.find(library, (pools.new(folder, 'cpu')), pools.nameless())
   end)
   for _, target in ipairs(list) do
      target.patient, target.slow = any(target.name, patient), any(target.name, slow)
   end
   return list, left
end

--- Lists the samples that their function refuses, which should be none.
-- @tparam string folder for files
-- @treturn table sentences
-- @treturn number how many were tried: those that need no `self`
function wild.refused(folder)
   local by, list, tried = {}, {}, 0
   for _, target in ipairs((wild.targets(folder))) do by[target.name] = target end
   for name, make in pairs(samples.of) do
      local target = by[name]
      if not target then list[#list + 1] = name .. ' is no function' end
      if target and (target.operator or not target.class) and not target.slow then
         tried = tried + 1
         local ok, message = wild.quietly(folder, pcall, function() target.f(make()) end)
         if not ok then list[#list + 1] = name .. ': ' .. tostring(message) end
      end
   end
   return list, tried
end

--- Tells which share of the functions was driven.
-- @tparam table count as `run` gives it
-- @treturn string
function wild.shares(count)
   local inner, modules, had = 0, 0, {}
   for _, entry in ipairs(count.left) do
      if entry.inner then
         inner = inner + 1
         if not had[entry.module] then modules, had[entry.module] = modules + 1, true end
      end
   end
   return ('%d of %d functions; left out: %d with a reason each, %d of %d internal modules'):format(
      count.covered, count.targets, #count.left - inner, inner, modules)
end

local run

--- Makes calls.
-- @tparam number calls how many
-- @tparam number seed
-- @tparam string folder for files
-- @tparam string device where tensors are made, besides the cpu
-- @tparam[opt] table options `before(i, name, arguments, n)`, told of each call; `library`: its
-- folder, where that is not `lua/lacuna`
-- @treturn table what is wrong, a line for each
-- @treturn table `results`, `errors`, `covered`: functions that were called; `targets`; `left`;
-- `met` and `taken`: by name, how often a function was called and gave a result
function wild.run(calls, seed, folder, device, options)
   options = options or {}
   local targets, left = wild.targets(folder, options.library)
   return wild.quietly(folder, run, calls, wild.random(seed), targets, left, folder, device,
      options)
end

function run(calls, random, targets, left, folder, device, options)
   local complaints, count = {}, { results = 0, errors = 0, covered = 0, targets = #targets,
      left = left, taken = {}, met = {} }
   local pool, live, workers
   local threads, loops = lacuna.threads(), interrupt.loops()
   local original = snapshot(targets)
   C.lac_debug_limit(LARGEST)
   for i = 1, calls do
      if i % 2000 == 1 then
         if workers then pcall(workers.close, workers) end
         workers = pools.workers(folder)
      end
      if i % 50 == 1 then pool, live = pools.new(folder, device, workers) end
      local target = targets[i]  -- all of them once
      if not target then
         repeat target = targets[random(#targets)] until not target.slow or random(20) == 1
      end
      local arguments, n = draw(target, pool, live, random)
      if options.before then options.before(i, target.name, arguments, n) end
      local ok, message
      if random(8) == 1 then
         ok, message = inCoroutine(target.f, arguments, n, random)
      else
         ok, message = call(target.f, arguments, n)
      end
      count[ok and 'results' or 'errors'] = count[ok and 'results' or 'errors'] + 1
      if not count.met[target.name] then count.covered = count.covered + 1 end
      count.met[target.name] = (count.met[target.name] or 0) + 1
      if ok then count.taken[target.name] = (count.taken[target.name] or 0) + 1 end
      local wrong = not ok and wild.complaint(message) or ok and judge(message) or written(original)
      lacuna.device(device)
      if lacuna.threads() ~= threads then lacuna.threads(threads) end
      if interrupt.loops() ~= loops then interrupt.loops(loops) end
      if state() ~= device then wrong = 'recording stayed off' end
      local told = complaints[target.name] or 0
      if wrong and told < 2 and #complaints < 40 then
         complaints[target.name] = told + 1
         complaints[#complaints + 1] = ('call %d, %s(%s): %s'):format(i, target.name,
            wild.describe(arguments, n), wrong)
      end
   end
   C.lac_debug_limit(0)
   pcall(workers.close, workers)
   return complaints, count
end

return wild
