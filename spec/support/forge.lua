--- Writes nonsense into the fields of objects, then uses them.
--
-- A script can write any field, swap metatables, and call a method of one class with an object of
-- another.  Any error will do, and so will a wrong result; a crash will not, nor a read or a write
-- outside of what the library owns, which the address sanitizer sees.
-- @module spec.support.forge
local lacuna = require 'lacuna'
local native = require 'lacuna.native'
local pools = require 'spec.support.wild_pool'
local wild = require 'spec.support.wild'

local forge = {}

-- Fields that some object has, or had once.
local fields = {}
for name in ([[ handle sizes dtype device requiresGrad node slot grad origin known kept accumulates
   dimension count batchSize id spatialSize sampleRows rowsOfPoints cellsOfRows versions turned
   flipped taps inputs outputs features background sites weight bias state parameters steps options
   seed offset index train name children layers items size batchSize sampler dataset pool crew
   release remember check version shape nElement toFlat cells samples pairs denseSizes forward
   backward update get ]]):gmatch '%S+' do fields[#fields + 1] = name end

local function keysOf(object)
   local list = {}
   for key in next, object do list[#list + 1] = key end
   table.sort(list, function(a, b) return tostring(a) < tostring(b) end)
   return list
end

-- A field's value in another object: what is most like the truth is most dangerous.
local function stolen(pool, live, key, random)
   for _ = 1, 8 do
      local other = pool[random(live)]
      if type(other) == 'table' then
         local value = rawget(other, key)
         if value ~= nil then return value end
      end
   end
   return pool[random(#pool)]
end

local function numbered(random)
   local list = {}
   for i = 1, random(4) do list[i] = random(60) - 1 end
   return list
end

local shapes = { { __index = function() return 1000 end },
   { __index = function(t, k) return rawget(t, k - 1) end }, { __len = function() return 9 end } }

-- One forgery on an object; tells what it was.
local function forgeOne(object, pool, live, random)
   local own = keysOf(object)
   local key = #own > 0 and random(3) > 1 and own[random(#own)] or fields[random(#fields)]
   local kind = random(8)
   if kind <= 3 then
      object[key] = stolen(pool, live, key, random)
   elseif kind == 4 then
      object[key] = pools.table(pool, random)
   elseif kind == 5 then
      rawset(object, 'sizes', numbered(random))
   elseif kind == 6 then
      local inner = rawget(object, key)
      if type(inner) == 'table' and not getmetatable(inner) then
         if random(3) == 1 then
            setmetatable(inner, shapes[random(#shapes)])
         else
            inner[random(4)] = random(2) == 1 and random(100) or pool[random(#pool)]
         end
      else
         object[key] = random(100) - 1
      end
   elseif kind == 7 then
      local other = pool[random(live)]
      setmetatable(object, type(other) == 'table' and getmetatable(other) or nil)
   else
      object[key] = pool[random(#pool)]
   end
   return tostring(key) .. ' ' .. kind
end

local PATIENCE = 3e6  -- instructions of a call: a forged count may keep a loop of Lua's going

-- Calls with an end; hooks do not reach compiled loops.
local function call(method, arguments, n)
   debug.sethook(function() error(pools.MINE, 0) end, '', PATIENCE)
   local ok = pcall(function() return method(unpack(arguments, 1, n)) end)
   debug.sethook()
   return ok
end

-- What a forged object meets: mostly methods, its own or another's.
local function use(object, targets, pool, random)
   local target = targets[random(#targets)]
   local method, name = target.f, target.name
   local class = getmetatable(object)
   if random(3) > 1 and type(class) == 'table' then
      local keys = keysOf(class)
      local key = keys[random(math.max(#keys, 1))]
      local value = rawget(class, key)
      if type(value) == 'function' then method, name = value, tostring(key) end
   end
   local arguments, n = { object }, 1 + random(3)
   for k = 2, n do arguments[k] = pool[random(#pool)] end
   if random(3) == 1 then arguments[1], arguments[2] = arguments[2], arguments[1] end
   return name, method, arguments, n
end

local run

--- Forges and calls.
-- @tparam number calls how many
-- @tparam number seed
-- @tparam string folder for files
-- @tparam string device besides the cpu
-- @tparam[opt] table options as for `wild.run`
-- @treturn table `forgeries`, `results`, `errors`
function forge.run(calls, seed, folder, device, options)
   options = options or {}
   local targets = {}
   for _, target in ipairs((wild.targets(folder, options.library))) do
      if not (target.slow or target.patient) then targets[#targets + 1] = target end
   end
   return wild.quietly(folder, run, calls, wild.random(seed), targets, folder, device, options)
end

function run(calls, random, targets, folder, device, options)
   local count = { forgeries = 0, results = 0, errors = 0 }
   local pool, live
   local compiles = jit.status()
   jit.off()
   jit.flush()
   native.C.lac_debug_limit(2 ^ 24)
   for i = 1, calls do
      if i % 40 == 1 then
         pool, live = pools.new(folder, device)
         for k = 1, #pool do
            local v = pool[k]
            if type(v) == 'number' and math.abs(v) > 1e6 and v < 1 / 0 then pool[k] = 1000 end
         end
      end
      local object = pool[random(live)]
      if type(object) == 'table' then
         local what = ''
         for _ = 1, random(2) do
            local ok, key = pcall(forgeOne, object, pool, live, random)
            if ok then count.forgeries, what = count.forgeries + 1, what .. key .. ' ' end
         end
         for _ = 1, 3 do
            local name, method, arguments, n = use(object, targets, pool, random)
            if options.before then options.before(i, what .. name, arguments, n) end
            local ok = call(method, arguments, n)
            count[ok and 'results' or 'errors'] = count[ok and 'results' or 'errors'] + 1
         end
      end
      lacuna.device(device)
   end
   native.C.lac_debug_limit(0)
   if compiles then jit.on() end
   return count
end

return forge
