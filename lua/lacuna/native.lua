--- The C core: declared from its own header, called through one check.
--
-- A C function never raises: it returns a status and leaves a sentence, which @{check} turns into
-- a Lua error here, on the Lua side of the call, where unwinding is safe.  Only the tensors, the
-- operations and the thin modules over C look at this module.
-- @module lacuna.native
local ffi = require 'ffi'
local fail = require 'lacuna.fail'
local interrupt = require 'lacuna.interrupt'
require 'lacuna.jit_guard'

local native = {}

local here = debug.getinfo(1, 'S').source:match('^@(.*)native%.lua$')

local function exists(path)
   local file = io.open(path)
   return file and file:close() and path
end

-- The library and the declarations lie in the build folder of a source tree, or where the
-- installation put them; LACUNA_LIB (environment or global) names another library, and so does the
-- program of a source tree.
local function locate()
   local host = package.loaded['lacuna.host']
   local named = os.getenv('LACUNA_LIB') or rawget(_G, 'LACUNA_LIB') or host and host.core
   local build = named and named:match('^(.*)/lib/liblacuna%.so$') or here .. '../../build'
   local library = named or exists(build .. '/lib/liblacuna.so')
      or exists(here .. '../../../../lib/liblacuna.so') or 'lacuna'
   local header = exists(here .. 'cdef.h') or build .. '/share/lua/lacuna/cdef.h'
   return library, header
end

local libraryPath, headerPath = locate()

local function readHeader()
   local file = io.open(headerPath)
   if not file then
      error('lacuna: ' .. headerPath .. ' is missing; build first, with scripts/build', 0)
   end
   local text = file:read('*a')
   file:close()
   return text
end

local header = readHeader()
ffi.cdef(header)

--- The loaded library.  Kept here so that the collector cannot unload it.
native.C = ffi.load(libraryPath)
local C = native.C
if C.lac_abi() ~= C.LAC_ABI then
   error('lacuna: ' .. libraryPath .. ' and ' .. headerPath .. ' are of different builds', 0)
end
--- Where the library was found; worker threads load the same file.
native.library = libraryPath
interrupt.library(libraryPath, '@' .. here)
-- Ctrl-C is for the thread of the prompt: what a worker of data computes goes on.
if rawget(_G, 'LACUNA_WORKER') then C.lac_heed_interrupts(0) end

-- ---- failures -----------------------------------------------------------------------------

--- Raises the core's sentence, at the user's line.
function native.raise()
   local sentence = ffi.string(C.lac_error())
   if sentence == 'interrupted' then
      interrupt.taken()
      C.lac_interrupted()  -- forgets it, so that what comes next runs
   end
   fail.raise('%s', sentence)
end

--- Raises if a status says that a call failed.
-- @tparam number status what a `lac_*` function returned
function native.check(status)
   if status ~= 0 then native.raise() end
end

-- ---- memory -------------------------------------------------------------------------------

local MEGABYTE = 2 ^ 20
local STEP = 64 * MEGABYTE
local limit = {}

--- Makes room before an allocation.  The collector does not see what C holds, so past a limit
-- that follows the bytes held it is run by hand.
-- @tparam number device a device's number
-- @tparam number bytes what is about to be allocated
function native.relieve(device, bytes)
   local live = C.lac_memory_live(device) + bytes
   if live <= (limit[device] or STEP) then return end
   collectgarbage()
   collectgarbage()
   live = C.lac_memory_live(device) + bytes
   limit[device] = live + math.max(STEP, math.min(live / 2, 2048 * MEGABYTE))
end

--- Calls a function again after a full collection, if it ran out of memory.
-- @tparam function f returns a status
-- @param ... its arguments
function native.try(f, ...)
   local status = f(...)
   if status == C.LAC_E_MEMORY then
      collectgarbage()
      collectgarbage()
      limit = {}  -- a request that cannot be met must not raise it
      status = f(...)
   end
   if status ~= 0 then native.raise() end
end

-- ---- operations -----------------------------------------------------------------------------

-- The handles that were made here and not freed yet, with their kind.  A script can put anything
-- into the `handle` of an object, or one handle into two, so C sees none that is not in here.
local owned = setmetatable({}, { __mode = 'k' })

--- Tells whether a value is a handle that C may see.
-- @tparam string kind as for @{out}
-- @param handle anything
-- @treturn boolean
function native.live(kind, handle) return owned[handle] == kind end

-- The handle of an object of a kind; nil for nil, which C judges.
local function handleOf(op, what, kind, value)
   if value == nil then return nil end
   local isTable = type(value) == 'table'
   local handle
   if isTable then handle = value.handle end
   if owned[handle] == kind then return handle end
   local gone = handle == nil or type(handle) == 'cdata'
   if isTable and gone and fail.describe(value):lower() == 'a ' .. kind then
      fail.raise('%s: %s was released, expected a live %s', op, what, kind)
   end
   fail.raise('%s: %s is %s, expected a %s', op, what, fail.describe(value), kind)
end

local function numberOf(op, what, value)
   if type(value) == 'number' then return value end
   fail.raise('%s: %s is %s, expected a number', op, what, fail.describe(value))
end

--- Every operation of ops.def by its C name, taking tensors, rulebooks and numbers.
native.ops = {}

-- A Lua function with the parameters of the C one, each tested by its declared type: the FFI by
-- itself would turn nonsense into something.
local function wrap(op)
   local names, values = {}, {}
   for declaration in header:match('int lac_' .. op .. '%((.-)%)'):gmatch('[^,]+') do
      local what, kind = declaration:match('([%w_]+)%s*$'), declaration:match('lac_(%a+) %*')
      local name = '_' .. what
      names[#names + 1] = name
      values[#values + 1] = kind and ('handleOf(%q, %q, %q, %s)'):format(op, what, kind, name)
         or ('numberOf(%q, %q, %s)'):format(op, what, name)
   end
   local code = ([[
      local f, try, handleOf, numberOf = ...
      return function(%s) return try(f, %s) end]]):format(table.concat(names, ', '),
      table.concat(values, ', '))
   return loadstring(code, '@' .. here .. 'native.lua')(C['lac_' .. op], native.try, handleOf,
      numberOf)
end

for i = 0, C.lac_op_count() - 1 do
   local name = ffi.string(C.lac_op_name(i, nil))
   native.ops[name] = wrap(name)
end

-- ---- devices --------------------------------------------------------------------------------

local found = ffi.new('int[1]')
local numbers, names = {}, {}

--- Finds a device by name.
-- @tparam string name `cpu`, `shadow`, `cuda`, `cuda:1`
-- @treturn number its number in C
function native.device(name)
   local number = numbers[name]
   if number then return number end
   if type(name) ~= 'string' then
      fail.raise('device: %s, expected a name such as cpu', fail.describe(name))
   end
   native.check(C.lac_device_find(found, name))
   numbers[name] = found[0]
   return found[0]
end

--- Names a device, by one name where it has two, such as `cuda` and `cuda:0`.
-- @tparam number number its number in C
-- @treturn string its name
function native.deviceName(number)
   if not names[number] then names[number] = ffi.string(C.lac_device_name(number)) end
   return names[number]
end

-- ---- handles ----------------------------------------------------------------------------------

local outs = {}
local finalisers = {
   tensor = C.lac_tensor_free, sites = C.lac_sites_free, rulebook = C.lac_rulebook_free,
}

--- Lends a place for a `lac_<kind> **out` argument.
-- @tparam string kind `tensor`, `sites`, `rulebook` or another for which C has a `free`
-- @treturn cdata the place
function native.out(kind)
   if not outs[kind] then outs[kind] = ffi.new('lac_' .. kind .. ' *[1]') end
   return outs[kind]
end

--- Takes what a call left there, for the collector to free.  The finaliser is the C function
-- itself: a closure could capture its owner, and LuaJIT would then never collect either.
-- @tparam string kind as for @{out}
-- @treturn cdata an owned handle
function native.own(kind)
   local free = finalisers[kind]
   if not free then
      free = C['lac_' .. kind .. '_free']
      finalisers[kind] = free
   end
   local handle = ffi.gc(outs[kind][0], free)
   owned[handle] = kind
   return handle
end

--- Frees a handle now instead of at a collection; does nothing if it was freed already.
-- @tparam string kind as for @{out}
-- @tparam cdata handle
function native.free(kind, handle)
   if owned[handle] ~= kind then return end
   owned[handle] = nil
   finalisers[kind](ffi.gc(handle, nil))
end

--- Copies Lua numbers into a C array of doubles.
-- @tparam table list numbers
-- @treturn cdata `double[#list]`
function native.doubles(list)
   return ffi.new('double[?]', math.max(#list, 1), list)
end

native.string = ffi.string
native.new = ffi.new
native.cast = ffi.cast
native.copy = ffi.copy
native.istype = ffi.istype

return native
