local Workers = require 'lacuna.data.Workers'
local data = require 'lacuna.data'
local pools = require 'spec.support.pools'
local worker = require 'lacuna.worker'

local get = pools.get
local ECHO = 'local init = ... return function(text) return init .. text end'
local BUSY = [[return function(text, unwanted)
   local finish = os.clock() + tonumber(text)
   while os.clock() < finish and not unwanted() do end
   return 'done' end]]

describe('worker #threads', function()
   it('turns bytes into bytes, zeros and nothing included', function()
      local pool = worker.start(1, ECHO, 'a\0')
      pool:put(1, 'b\0c')
      pool:put(2, '')
      assert.are.same({ 1, true, 'a\0b\0c' }, { get(pool) })
      assert.are.same({ 2, true, 'a\0' }, { get(pool) })
      assert.are.equal(0, select('#', pool:get(0)))
      pool:close()
   end)

   it('does every task once, with several threads', function()
      local pool, sum = worker.start(3, ECHO), 0
      for i = 1, 300 do pool:put(i, tostring(i)) end
      for _ = 1, 300 do
         local id, ok, bytes = get(pool)
         assert(ok and bytes == tostring(id))
         sum = sum + id
      end
      assert.are.equal(300 * 301 / 2, sum)
      pool:close()
   end)

   it('gives an error as its message, with a traceback, and goes on', function()
      local pool = worker.start(1, [[return function(text)
         if text == 'table' then error({}) end
         if text == 'nothing' then return end
         error('no ' .. text, 0) end]])
      pool:put(1, 'milk')
      pool:put(2, 'table')
      pool:put(3, 'nothing')
      local id, ok, message = get(pool)
      assert.are.same({ 1, false }, { id, ok })
      assert.matches('^no milk\nstack traceback:', message)
      assert.are.same({ 2, false, '(error object is a table)' }, { get(pool) })
      assert.are.same({ 3, false, 'worker: the handler gave a nil, expected a string' },
         { get(pool) })
      pool:close()
   end)

   it('tells why a worker did not start', function()
      for code, expected in pairs {
         ['return ='] = 'unexpected symbol', ['error("bad day", 0)'] = 'bad day\nstack traceback',
         ['return 3'] = 'the code gave a number, expected a function',
      } do
         local pool = worker.start(1, code)
         pool:put(1, 'x')
         pool:clear()
         local id, ok, message = get(pool)
         assert.are.same({ 0, false }, { id, ok })
         assert.is_truthy(message:find(expected, 1, true))
         assert.are.same({ 0, false, 'no worker is left' }, { get(pool) })
         pool:close()
      end
   end)

   it('forgets what was put before it was cleared', function()
      local pool = worker.start(1, BUSY)
      pool:put(1, '60')
      pool:put(2, '0')
      pool:clear()
      pool:put(3, '0')
      assert.are.same({ 3, true, 'done' }, { get(pool) })
      pool:close()
   end)

   it('closes while tasks run and wait, twice, and by the collector', function()
      for _ = 1, 5 do
         local pool = worker.start(2, BUSY)
         for i = 1, 20 do pool:put(i, '60') end
         pool:close()
         pool:close()
         assert.has_error(function() pool:put(1, '') end,
            'worker: the pool was closed, expected an open one')
         worker.start(2, BUSY):put(1, '60')
         collectgarbage()
         collectgarbage()
      end
   end)

   it('keeps two pools apart', function()
      local a, b = worker.start(2, ECHO, 'a'), worker.start(2, ECHO, 'b')
      for i = 1, 20 do
         a:put(i, '')
         b:put(i, '')
      end
      for _ = 1, 20 do
         assert.are.equal('a', (select(3, get(a))))
         assert.are.equal('b', (select(3, get(b))))
      end
      a:close()
      b:close()
   end)

   it('shares nothing between states', function()
      _G.planted = 1
      local pool = worker.start(1, 'return function() return type(planted) end')
      _G.planted = nil
      pool:put(1, '')
      assert.are.equal('nil', (select(3, get(pool))))
      pool:close()
   end)

   it('refuses wrong arguments', function()
      for _, n in ipairs { 0, 65, 1.5 } do
         assert.has_error(function() worker.start(n, ECHO) end)
      end
      local pool = worker.start(1, ECHO)
      assert.has_error(function() pool:put(0, '') end)
      assert.has_error(function() pool:put(1) end)
      assert.has_error(function() worker.start(1) end)
      pool:close()
   end)
end)

describe('data.Workers #threads', function()
   it('says what is wrong, and does not wait for what nobody asked', function()
      local workers = Workers(1, data.remote('spec.support.numbered', { count = 3 }).description)
      assert.equal(3, workers:size())
      local id = workers:put { indices = { 1 }, seeds = { 7 } }
      assert.is_string(workers:take(id))
      assert.fails('^%S+ take: id is the number %d, expected one that put gave and nobody took$',
         workers.take, workers, id)
      assert.fails('take: id is nil', workers.take, workers)
      assert.fails('^%S+ put: task is nil, expected { size = true } or lists', workers.put, workers)
      assert.fails('put: task is a table', workers.put, workers, { indices = { 1 }, seeds = {} })
      assert.fails('put: one of indices is the number 0', workers.put, workers,
         { indices = { 0 }, seeds = { 1 } })
      local dropped = workers:put { size = true }
      workers:cancel()
      assert.fails('take: id is', workers.take, workers, dropped)
      workers:close()
      workers:close()
      for _, method in ipairs { 'put', 'take', 'cancel' } do
         assert.fails('^%S+ ' .. method .. ': the workers were closed$', workers[method], workers,
            1)
      end
   end)
end)
