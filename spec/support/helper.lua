-- What every spec runs under: the library loaded once, outputs poisoned, bytes counted, shadow
-- watched.  LACUNA_TEST_DEVICE chooses the device on which tensors are made where none is named.
local busted = require 'busted'
local ffi = require 'ffi'
local lacuna = require 'lacuna'
local native = require 'lacuna.native'

-- Everything is loaded here, once: busted gives each spec file a package.loaded of its own, and two
-- copies of a class are two classes.
local lfs = require 'lfs'
local function loadAll(folder, prefix)
   for name in lfs.dir(folder) do
      local path = folder .. '/' .. name
      if name:match '%.lua$' and name ~= 'init.lua' then
         require(prefix .. name:sub(1, -5))
      elseif name:sub(1, 1) ~= '.' and lfs.attributes(path, 'mode') == 'directory' then
         if package.searchpath(prefix .. name, package.path) then require(prefix .. name) end
         loadAll(path, prefix .. name .. '.')
      end
   end
end
loadAll('lua/lacuna', 'lacuna.')
for _, part in ipairs { 'Tensor', 'SparseTensor', 'Sites', 'nn', 'optim', 'data', 'io', 'mesh' } do
   local _ = lacuna[part]
end

local C = native.C
local device = os.getenv 'LACUNA_TEST_DEVICE' or 'cpu'
lacuna.device(device)
local devices = { 0, device ~= 'cpu' and native.device(device) or nil }
C.lac_debug_poison(1)
local function liveBytes()
   local bytes = 0
   for _, d in ipairs(devices) do bytes = bytes + C.lac_memory_live(d) end
   return bytes
end

-- The bytes that stay when all is collected.  A collection takes as long as a small spec, so none
-- is made once they are what was `expected`.
local function settledBytes(expected)
   for try = 1, 4 do
      if liveBytes() == expected then break end
      if try == 3 then jit.flush() end  -- compiled traces keep the upvalues they were made for
      collectgarbage()
   end
   return liveBytes()
end

local report = ffi.new('char[256]')
local held

local function fail(element, parent, message)
   busted.publish({ 'failure', 'it' }, element, parent, message, {})
end

busted.subscribe({ 'test', 'start' }, function(element)
   lacuna.seed(1)
   C.lac_shadow_context(element.name)
   held = settledBytes(held)
end)

busted.subscribe({ 'test', 'end' }, function(element, parent, status)
   C.lac_debug_fail_after(0)
   if C.lac_shadow_violations(report, 256) > 0 then
      fail(element, parent, ffi.string(report))
   end
   lacuna.device(device)
   local left = settledBytes(held) - held
   if left ~= 0 and status == 'success' then
      fail(element, parent, ('left %d bytes behind'):format(left))
   end
end)

-- near(expected, actual, bound): tensors or nested tables, element by element.
local assert = require 'luassert'
local say = require 'say'
local Tensor = lacuna.Tensor

local function flat(value, list)
   if Tensor.is(value) then return value:toFlat() end
   list = list or {}
   if type(value) ~= 'table' then
      list[#list + 1] = value
   else
      for i = 1, #value do flat(value[i], list) end
   end
   return list
end

local function near(state, arguments)
   local expected, actual = flat(arguments[1]), flat(arguments[2])
   local bound = arguments[3] or 1e-6
   local bounds = type(bound) == 'table' and flat(bound)
   if #expected ~= #actual then
      state.failure_message = ('%d elements, expected %d'):format(#actual, #expected)
      return false
   end
   for i = 1, #expected do
      local limit = bounds and bounds[i] or bound
      local same = expected[i] == actual[i] or expected[i] ~= expected[i] and actual[i] ~= actual[i]
      if not same and not (math.abs(expected[i] - actual[i]) <= limit) then
         state.failure_message = ('element %d is %.9g, expected %.9g within %.3g'):format(i,
            actual[i], expected[i], limit)
         return false
      end
   end
   return true
end

-- fails(pattern, f, ...): f raises a sentence that matches, and that blames this spec.
local function fails(state, arguments)
   local ok, message = pcall(unpack(arguments, 2, arguments.n))
   if ok then
      state.failure_message = 'no error, expected one that matches ' .. arguments[1]
      return false
   end
   message = tostring(message)
   if not message:match(arguments[1]) then
      state.failure_message = ('the error is %q, expected it to match %q'):format(message,
         arguments[1])
      return false
   end
   if not message:match('^[^:]*spec[^:]*:%d+: ') then
      state.failure_message = ('the error %q does not blame the spec'):format(message)
      return false
   end
   return true
end

say:set('assertion.near_all.positive', 'not near')
assert:register('assertion', 'near_all', near, 'assertion.near_all.positive')
say:set('assertion.fails.positive', 'did not fail as expected')
assert:register('assertion', 'fails', fails, 'assertion.fails.positive')
