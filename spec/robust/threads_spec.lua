local computed = require 'spec.support.computed'
local lacuna = require 'lacuna'
local pools = require 'spec.support.pools'
local worker = require 'lacuna.worker'

-- A state for each thread; what they share is C: devices, memory, the threads behind kernels.
describe('Lua states in several threads #threads', function()
   local prelude = ('package.path, package.cpath, LACUNA_LIB = %q, %q, %s\n'):format(package.path,
      package.cpath, os.getenv 'LACUNA_LIB' and ('%q'):format(os.getenv 'LACUNA_LIB') or 'nil')

   it('compute at the same time, each what it would alone', function()
      local pool = worker.start(2, prelude .. [[
         local computed = require 'spec.support.computed'
         return function(text) return computed.step(tonumber(text)) end]])
      local expected = {}
      for i = 1, 8 do pool:put(i, tostring(i)) end
      for i = 1, 8 do expected[i] = computed.step(i) end
      for _ = 1, 8 do
         local id, ok, bytes = pools.get(pool)
         assert.is_true(ok, bytes)
         assert.is_true(bytes == expected[id], 'state differs in ' .. id)
      end
      pool:close()
      -- what the main state did in the meantime is right, too
      for i = 1, 8 do assert.is_true(computed.step(i) == expected[i]) end
   end)

   it('make samples with operations', function()
      local loader = lacuna.data.Loader(lacuna.data.remote('spec.support.computed_set',
         { count = 6 }), { batchSize = 2, workers = 2 })
      local i = 0
      for batch in loader:epoch(1) do
         for _, sample in ipairs(batch) do
            i = i + 1
            assert.is_true(sample.id == computed.step(i))
         end
      end
      assert.equal(6, i)
      loader:close()
   end)

   it('change the number of threads, trim and fail allocations under each other', function()
      local pool = worker.start(2, prelude .. [[
         local lacuna = require 'lacuna'
         return function(text)
            for i = 1, 30 do
               lacuna.threads(i % 3 + 1)
               lacuna.trim()
               local t = lacuna.ones(300, 300) + i
               if t:sum():item() ~= 90000 * (1 + i) then error('wrong sum') end
               if pcall(lacuna.zeros, 1e7, 1e7) then error('no failure') end
               if not lacuna.memory('cpu').live then error('no memory') end
            end
            return 'done'
         end]])
      for i = 1, 4 do pool:put(i, '') end
      for _ = 1, 4 do assert.are.same({ true, 'done' }, { select(2, pools.get(pool)) }) end
      pool:close()
   end)
end)
