-- Long runs of the random drivers; scripts/wild starts it.
--   wild_run.lua DRIVER CALLS SEED DEVICE FOLDER LOG     DRIVER: wild or forge
-- LOG always names the call that runs; a call of more than a minute ends the process.
local ffi = require 'ffi'
local lacuna = require 'lacuna'
local lfs = require 'lfs'
local wild = require 'spec.support.wild'

local driver, calls, seed, device, folder, path = unpack(arg)
local library = lfs.currentdir() .. '/lua/lacuna'
local log = assert(io.open(path, 'w'))
log:setvbuf 'no'
ffi.cdef 'unsigned alarm(unsigned);'

local function before(i, name, arguments, n)
   ffi.C.alarm(60)
   local text = ('%d %s(%s)'):format(i, name, wild.describe(arguments, n))
   log:seek('set', 0)
   log:write(text:sub(1, 500):gsub('[%c]', '?'), (' '):rep(500 - #text), '\n')
end

lacuna.device(device)
local options = { before = before, library = library }
calls, seed = tonumber(calls), tonumber(seed)
if driver == 'forge' then
   local count = require('spec.support.forge').run(calls, seed, folder, device, options)
   print(('%d forgeries; %d calls: %d results, %d errors'):format(count.forgeries,
      count.results + count.errors, count.results, count.errors))
   os.exit(0, true)
end
local complaints, count = wild.run(calls, seed, folder, device, options)
for _, complaint in ipairs(complaints) do print(complaint) end
print(('%d calls: %d results, %d errors; %s'):format(calls, count.results, count.errors,
   wild.shares(count)))
if os.getenv 'LACUNA_WILD_LIST' then
   local inside = {}
   for _, entry in ipairs(count.left) do
      if entry.inner then
         inside[entry.module] = (inside[entry.module] or 0) + 1
      else
         print(('left out: %s: %s'):format(entry.name, entry.why))
      end
   end
   for _, entry in ipairs(count.left) do
      if inside[entry.module] then
         print(('left out: the %d functions of %s, which %s'):format(inside[entry.module],
            entry.module, entry.why))
         inside[entry.module] = nil
      end
   end
   local names = {}
   for name in pairs(count.met) do names[#names + 1] = name end
   local function share(name) return (count.taken[name] or 0) / count.met[name] end
   table.sort(names, function(a, b) return share(a) > share(b) end)
   for i = 1, #names do
      print(('%5.1f %% of %4d accepted: %s'):format(100 * share(names[i]), count.met[names[i]],
         names[i]))
   end
end
os.exit(#complaints == 0 and 0 or 1, true)
