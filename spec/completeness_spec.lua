local ffi = require 'ffi'
local native = require 'lacuna.native'
local tree = require 'spec.support.tree'

-- Every operation of core/ops.def stands in five places.  The specs under spec/ops say which ones
-- they specify in lines such as
--    -- covers 'gather', 'group'
-- by their names in C.

local function ofCore()
   local list = {}
   for i = 0, native.C.lac_op_count() - 1 do
      local cpuOnly = ffi.new 'int[1]'
      local name = ffi.string(native.C.lac_op_name(i, cpuOnly))
      list[#list + 1] = { name = name, cpuOnly = cpuOnly[0] ~= 0 }
   end
   return list
end

local function camel(name)
   return (name:gsub('_(%l)', function(letter) return letter:upper() end))
end

-- What the files hold.
local lua = tree.readAll('lua/lacuna/ops', 'lua')
local core = tree.readAll('core/ops', 'c')
local cuda = tree.readAll('cuda/ops', 'cu')
local formulas = tree.read 'core/formula.h'

local covered = {}
for _, path in ipairs(tree.files({ 'spec/ops' }, { 'lua' })) do
   for line in tree.read(path):gmatch '%-%- covers ([^\n]+)' do
      for name in line:gmatch "'([%w_]+)'" do covered[name] = path end
   end
end

-- `run.name(`, or 'name' (in Lua's spelling too) handed to a function that calls `run[...]`;
-- gradients of families are called as `run[... .. '_grad']`.
local function isCalled(name)
   if lua:find('run%.' .. name .. '%(') then return true end
   if lua:find("'" .. name .. "'", 1, true) or lua:find("'" .. camel(name) .. "'", 1, true) then
      return lua:find('run[', 1, true) ~= nil
   end
   local family = name:match '^(.*)_grad$'
   return family ~= nil and lua:find("'_grad'", 1, true) ~= nil and isCalled(family)
end

-- `prefix_name(`, or a line of formula.h's lists, from which macros make both.
local function isDefined(text, prefix, name)
   if text:find('%f[%w_]' .. prefix .. name .. '%(') then return true end
   local family = name:match '^(.*)_grad$' or name
   return text:find(prefix .. '##', 1, true) ~= nil
      and formulas:find('%f[%w_]%u+%(' .. family .. ',') ~= nil
end

local function missing(list)
   local out = {}
   local function want(there, ...)
      if not there then out[#out + 1] = table.concat { ... } end
   end
   for _, op in ipairs(list) do
      local name = op.name
      want(isDefined(core, 'lac_check_', name), 'lac_check_', name, ' in core/ops')
      want(isDefined(core, 'lac_cpu_', name), 'lac_cpu_', name, ' in core/ops')
      want(op.cpuOnly or isDefined(cuda, 'lac_cuda_', name), 'lac_cuda_', name, ' in cuda/ops')
      want(isCalled(name), 'run.', name, ' in lua/lacuna/ops')
      want(covered[name], "covers '", name, "' in spec/ops")
   end
   return out
end

describe('every operation', function()
   it('is checked, computed, called and specified', function()
      assert.same({}, missing(ofCore()))
   end)

   it('that a spec covers is there', function()
      local known, unknown = {}, {}
      for _, op in ipairs(ofCore()) do known[op.name] = true end
      for name, path in pairs(covered) do
         if not known[name] then unknown[#unknown + 1] = name .. ' in ' .. path end
      end
      assert.same({}, unknown)
   end)

   it('that is missing is named, place by place', function()
      assert.same({ 'lac_check_no_such_op in core/ops', 'lac_cpu_no_such_op in core/ops',
         'lac_cuda_no_such_op in cuda/ops', 'run.no_such_op in lua/lacuna/ops',
         "covers 'no_such_op' in spec/ops" }, missing { { name = 'no_such_op' } })
      assert.equal(4, #missing { { name = 'no_such_op', cpuOnly = true } })
   end)

   it('has a line in the list that C gives', function()
      local lines = 0
      for _ in tree.read 'core/ops.def':gmatch '\nLAC_OP%(' do lines = lines + 1 end
      assert.equal(lines, #ofCore())
      assert.is_true(native.C.lac_op_name(lines, nil) == nil)
      assert.is_true(native.C.lac_op_name(-1, nil) == nil)
   end)
end)
