local ffi = require 'ffi'
local lacuna = require 'lacuna'
local native = require 'lacuna.native'

local C = native.C
local report = ffi.new 'char[256]'

-- How often the host touched device memory, and how the first time is told.
local function violations() return C.lac_shadow_violations(report, 256), ffi.string(report) end

local function make(values) return lacuna.tensor(values, { device = 'shadow' }) end
local function touch(t, write) native.check(C.lac_debug_touch(t.handle, write)) end

describe('the shadow device', function()
   it('catches the host reading, and names the operation and the spec', function()
      local t = make { 1, 2 } * 3
      touch(t, 0)
      local count, text = violations()
      assert.equal(1, count)
      assert.equal('shadow: the host read device memory, last operation affine, in catches the '
         .. 'host reading, and names the operation and the spec', text)
      assert.same({ 0, '' }, { violations() })
   end)

   it('catches the host writing', function()
      local t = make { 5, 6 }
      touch(t, 1)
      local count, text = violations()
      assert.equal(1, count)
      assert.matches('^shadow: the host wrote device memory', text)
   end)

   it('closes again what a violation opened', function()
      local t = make { 1 }
      for _ = 1, 3 do
         touch(t, 0)
         assert.equal(1, (violations()))
      end
      local list = {}
      for i = 1, 300 do
         list[i] = lacuna.zeros(1024, { device = 'shadow' })
         touch(list[i], 0)
      end
      assert.equal(300, (violations()))
      for i = 1, 300 do touch(list[i], 0) end
      assert.equal(300, (violations()))
   end)

   it('keeps quiet about what is right', function()
      local a, b = make { { 1, 2 }, { 3, 4 } }:requireGrad(), make { { 5, 6 }, { 7, 8 } }
      local y = (a:mm(b) + 1):sum()
      y:backward()
      assert.near_all({ 11, 15, 11, 15 }, a.grad, 0)
      assert.near_all({ 1, 2, 3, 4 }, a:to('cpu'), 0)
      local sites = lacuna.Sites.new({ { 1, 0, 0 }, { 1, 0, 1 } }, { device = 'shadow' })
      local sums = lacuna.ops.sumPool(lacuna.ones(2, 1, { device = 'shadow' }),
         sites:submanifold(3))
      assert.near_all({ 2, 2 }, sums, 0)
      assert.equal(0, (violations()))
   end)

   it('refuses a pointer, and operands on two devices', function()
      local t, here = make { 1 }, lacuna.ones(1, { device = 'cpu' })
      assert.fails('data: the tensor is on shadow, expected cpu', t.pointer, t)
      assert.fails('add: b is on cpu, expected shadow', function() return t + here end)
      assert.fails('mul: b is on shadow, expected cpu', function() return here * t end)
      assert.fails('matmul: b is on cpu, expected shadow', lacuna.ops.matmul, t:view(1, 1),
         here:view(1, 1))
   end)

   it('hands no page out twice, whatever is freed and given back in between', function()
      local generator, held, filled = lacuna.Generator(3), {}, {}
      for round = 1, 300 do
         local place = generator:integer(1, 40)
         if held[place] then held[place]:release() end
         local n = generator:integer(0, 12000)
         held[place], filled[place] = lacuna.full(round, n, { device = 'shadow' }), round
         if round % 40 == 0 then lacuna.trim('shadow') end
      end
      lacuna.trim('shadow')
      for place, t in pairs(held) do
         assert.equal(t:nElement(), t:eq(filled[place]):sum():item())
      end
   end)

   it('counts its bytes apart', function()
      local cpu, shadow = lacuna.memory('cpu').live, lacuna.memory('shadow').live
      local t = lacuna.zeros(100000, { device = 'shadow' })
      assert.equal(shadow + 400000, lacuna.memory('shadow').live)
      assert.is_true(lacuna.memory('cpu').live < cpu + 10000)
      t:release()
      assert.equal(shadow, lacuna.memory('shadow').live)
   end)
end)

describe('a spec that touches device memory', function()
   -- The output of busted in a process of its own, which is run by the same program as this one.
   local function runPlanted()
      local first = 0
      while arg[first - 1] do first = first - 1 end
      local pipe = assert(io.popen(('env -u LACUNA_TEST_LOG LACUNA_TEST_DEVICE=cpu %q '
         .. 'spec/support/busted.lua --ignore-lua spec/support/planted_shadow.lua 2>&1')
         :format(arg[first])))
      local text = pipe:read '*a'
      pipe:close()
      return text
   end

   it('fails once, told with its name, and the run goes on', function()
      local text = runPlanted()
      local function told(name, message)
         local from, to = text:find(('FAILED [^\n]*planted %s\n   %s\n'):format(name, message))
         assert.is_truthy(from, 'not told: ' .. name .. '\n' .. text)
         assert.is_nil(text:find('planted ' .. name .. '\n   shadow', to, true))
      end
      told('reads', 'shadow: the host read device memory, last operation sqrt, in reads')
      told('writes', 'shadow: the host wrote device memory, last operation add, in writes')
      told('mixes', '[^\n]*add: b is on cpu, expected shadow')
      told('points', '[^\n]*data: the tensor is on shadow, expected cpu')
      assert.matches('for another reason', text)
      assert.is_nil(text:find('planted behaves', 1, true))
      assert.matches('2 passed, 5 failed, 0 skipped\n$', text)
   end)
end)
