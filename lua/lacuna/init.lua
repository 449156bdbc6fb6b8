--- Lacuna: spatially-sparse convolutional networks.
--
--     local lacuna = require 'lacuna'
--     local nn, optim, ops = lacuna.nn, lacuna.optim, lacuna.ops
--
-- Parts load when they are first used.
-- @module lacuna
local lacuna = {}

local parts = {
   Tensor = 'lacuna.Tensor', SparseTensor = 'lacuna.SparseTensor', Sites = 'lacuna.Sites',
   ops = 'lacuna.ops', autograd = 'lacuna.autograd', nn = 'lacuna.nn', optim = 'lacuna.optim',
   data = 'lacuna.data', io = 'lacuna.io', mesh = 'lacuna.mesh', image = 'lacuna.image',
   checkpoint = 'lacuna.checkpoint',
   retrieval = 'lacuna.retrieval', help = 'lacuna.help', tsne = 'lacuna.tsne', plot = 'lacuna.plot',
   view = 'lacuna.view',
}

setmetatable(lacuna, {
   __names = parts,  -- for completion and help, which list parts without loading them
   __index = function(_, name)
      local part = parts[name]
      if not part then return nil end
      lacuna[name] = require(part)
      return lacuna[name]
   end,
})

local autograd = require 'lacuna.autograd'
local fail = require 'lacuna.fail'
local native = require 'lacuna.native'
local ops = require 'lacuna.ops'
local scope = require 'lacuna.scope'
local Tensor = require 'lacuna.Tensor'

local C = native.C

--- The version.
lacuna.version = native.string(C.lac_version())

--- Makes a tensor from nested tables of numbers; see `Tensor.of`.
-- @function lacuna.tensor
lacuna.tensor = Tensor.of
lacuna.zeros, lacuna.ones, lacuna.full = Tensor.zeros, Tensor.ones, Tensor.full

--- Calls a function without recording gradients.
-- @function lacuna.noGrad
lacuna.noGrad = autograd.noGrad

--- Gives gradients without touching any `grad`; see `autograd.grad`.
-- @function lacuna.grad
lacuna.grad = autograd.grad

--- Calls a function and releases every tensor made in it, but what it returns.
-- @function lacuna.scope
-- @tparam function f
-- @param ... its arguments
-- @return what f returns
lacuna.scope = scope.run

--- Keeps a tensor out of the hands of open scopes.
-- @tparam Tensor t
-- @treturn Tensor t
function lacuna.keep(t)
   if type(t) ~= 'table' or type(t.keep) ~= 'function' then
      fail.raise('keep: %s, expected a tensor', fail.describe(t))
   end
   return t:keep()
end

--- Restarts the common random generator; `lacuna.Generator` makes others.
-- @function lacuna.seed
-- @tparam number seed
lacuna.seed = ops.seed
lacuna.Generator = ops.Generator
lacuna.permutation = ops.permutation

--- Sets, or tells, the device on which tensors are made where none is named.
-- @tparam[opt] string name `cpu`, `cuda`, `cuda:1`, `shadow`
-- @treturn string the device in force
function lacuna.device(name)
   if name ~= nil then
      native.device(name)
      Tensor.defaultDevice = name
   end
   return Tensor.defaultDevice
end

--- Sets, or tells, how many threads kernels use.  Results do not depend on it.
-- @tparam[opt] number n 1 to 256
-- @treturn number
function lacuna.threads(n)
   if n ~= nil then native.check(C.lac_threads_set(fail.number('threads', 'n', n))) end
   return C.lac_threads()
end

--- Tells which kernels are in use: `avx512`, `avx2` or `portable`.
-- @treturn string
function lacuna.isa() return native.string(C.lac_isa()) end

local units = { 'B', 'kB', 'MB', 'GB', 'TB' }

-- A number of bytes in words.
local function inWords(bytes)
   local u = 1
   while bytes >= 1000 and u < #units do
      bytes, u = bytes / 1000, u + 1
   end
   return ((u == 1 and '%d %s' or '%.1f %s'):format(bytes, units[u]))
end

local Account = { __tostring = function(a)
   return ('%s live, %s cached, %s at the peak'):format(inWords(a.live), inWords(a.cached),
      inWords(a.peak))
end }

local Accounts = { __tostring = function(all)
   local lines = {}
   for name, account in pairs(all) do lines[#lines + 1] = name .. ': ' .. tostring(account) end
   table.sort(lines)
   return table.concat(lines, '\n')
end }

local function account(d)
   return setmetatable({
      live = C.lac_memory_live(d), cached = C.lac_memory_cached(d), peak = C.lac_memory_peak(d),
   }, Account)
end

local MOST_DEVICES = 64

--- Tells the bytes of a device: in live tensors and structures, cached for the next ones, and the
-- most that were live at once.  Structures of the host, such as sites, count to `cpu`.
-- @tparam[opt] string device
-- @treturn table `live`, `cached`, `peak`; without a device such a table by name, for each that was
-- used.  Both print in words.
function lacuna.memory(device)
   if device ~= nil then return account(native.device(device)) end
   local all = setmetatable({}, Accounts)
   for d = 0, MOST_DEVICES - 1 do
      local name = native.string(C.lac_device_name(d))
      if name ~= 'no device' then all[name] = account(d) end
   end
   return all
end

--- Lets the peak of a device begin anew, at what is live.
-- @tparam[opt] string device the default one without it
function lacuna.resetPeak(device)
   C.lac_memory_reset_peak(native.device(device == nil and Tensor.defaultDevice or device))
end

--- Gives cached memory back to the system.
-- @tparam[opt] string device the default one without it
function lacuna.trim(device)
   C.lac_memory_trim(native.device(device == nil and Tensor.defaultDevice or device))
end

return lacuna
