-- Ctrl-C, typed into a pseudo-terminal while the program is at work.
local clock = require 'lacuna.clock'
local files = require 'spec.support.files'
local pty = require 'spec.support.pty'

-- A network whose steps build sites and rulebooks, run kernels and go back, alike in every run.
local WORK = [[
function step()
   lacuna.seed(3)
   local rows, n = {}, 400
   for i = 1, n do rows[i] = { 1 + i % 2, i % 13, math.floor(i / 13) % 11, (i * 7) % 9 } end
   local net = nn.Sequential():add(nn.SubmanifoldConvolution(3, 1, 8, 3)):add(nn.ReLU())
      :add(nn.Convolution(3, 8, 16, 2, 2)):add(nn.BatchNormReLU(16)):add(nn.GlobalPooling 'mean')
   local x = lacuna.SparseTensor.new(rows, lacuna.ones(n, 1),
      { spatialSize = 16, duplicates = 'first' })
   local y = net(x)
   local loss = (y * y):mean()
   loss:backward()
   return ('%a %a'):format(loss:item(), net:parameters()[1].grad:sum():item())
end
function forever() print 'begun' while true do step() end end
function bytes()
   jit.flush()
   collectgarbage()
   collectgarbage()
   return lacuna.memory("cpu").live
end
]]

describe('an interrupt of the core', function()
   local lacuna = require 'lacuna'
   local C = require('lacuna.native').C

   it('ends one call of a kernel, and is forgotten then', function()
      local a = lacuna.ones(64, 64, { device = 'cpu' })
      C.lac_interrupt()
      assert.fails('interrupted$', lacuna.ops.matmul, a, a)
      assert.equal(64, lacuna.ops.matmul(a, a):toFlat()[1])
   end)

   it('is not for threads that do not heed it', function()
      local a = lacuna.ones(64, 64, { device = 'cpu' })
      C.lac_heed_interrupts(0)
      C.lac_interrupt()
      local ok, b = pcall(lacuna.ops.matmul, a, a)
      C.lac_heed_interrupts(1)
      assert.is_true(ok)
      assert.equal(64, b:toFlat()[1])
      assert.fails('interrupted$', lacuna.ops.matmul, a, a)
   end)

   it('is not for the workers of data', function()
      files.open()
      local path = package.path
      finally(function()
         package.path = path
         C.lac_interrupted()
         files.close()
      end)
      files.write('product.lua', [[
return function()
   local lacuna = require 'lacuna'
   local Product = require 'lacuna.class' 'Product'
   function Product:__init() end
   function Product:size() return 1 end
   function Product:get()
      local a = lacuna.ones(64, 64, { device = 'cpu' })
      return { lacuna.ops.matmul(a, a):toFlat()[1] }
   end
   return Product()
end
]])
      package.path = files.at '?.lua;' .. path
      local workers = require 'lacuna.data.Workers'(1, lacuna.data.remote('product').description)
      C.lac_interrupt()
      local answer = workers:take(workers:put { indices = { 1 }, seeds = { 1 } })
      workers:close()
      assert.equal('K', answer:sub(1, 1), answer)
   end)
end)

describe('Ctrl-C', function()
   if not pty.exists() then return pending 'is typed to (no pseudo-terminal)' end
   local start, entry, session = pty.each()

   -- Begins what does not end by itself, and types Ctrl-C when it said that it runs. A pause lets
   -- it come to what it does for ever.
   local function stopped(text, pause)
      session:type(text .. '\n')
      session:expect '\nbegun\n'
      if pause then os.execute('sleep ' .. pause) end
      session:type '\3'
      return session:expect 'interrupted.-\n> $'
   end

   -- An entry that calls a function, and says so, from a line as if it were the library's: there
   -- the error waits.
   local function inLibrary(call)
      entry 'library = debug.getinfo(lacuna.device, "S").source:match "^@.*/lacuna/"'
      entry 'text = [[print "begun" local f = ... f(select(2, ...))]]'
      return ('loadstring(text, library .. "call.lua")(%s) x = 1'):format(call)
   end

   -- Waits until a file is there.
   local function waitFor(path)
      for _ = 1, 6000 do
         if files.read(path) then return end
         os.execute 'sleep 0.01'
      end
      error('there is no ' .. path)
   end

   -- Types Ctrl-C until the program ends, slowly enough for two to be two; its status.
   local function ended()
      for _ = 1, 100 do
         session:type '\3'
         local done, status = pcall(session.wait, session, 0.3)
         if done then return status end
      end
      error 'it does not end'
   end

   it('stops a kernel', function()
      start()
      entry 'a = lacuna.ones(2000, 2000)'
      local text = stopped 'print "begun" while true do local b = lacuna.ops.matmul(a, a) end'
      assert.matches('stdin:1: interrupted', text)
      assert.equal('8', entry 'ops.matmul(lacuna.ones(2, 4), lacuna.ones(4, 1)):sum():item()')
   end)

   it('stops compiled loops, again and again', function()
      start()
      entry 'function spin() local i = 0 print "begun" while true do i = i + 1 end end'
      entry [[function nested() print "begun" for i = 1, 1e15 do for j = 1, 100 do end end end]]
      for _ = 1, 3 do
         for _, text in ipairs { 'spin()', 'nested()', 'print "begun" while true do end' } do
            assert.matches('stdin:%d+: interrupted', stopped(text))
         end
      end
      assert.equal('2', entry '1 + 1')
      entry 'jit.off() jit.flush()'
      assert.matches('stdin:1: interrupted', stopped 'spin()')
   end)

   it('leaves everything as it was', function()
      local names = "lacuna = require 'lacuna' nn = lacuna.nn\n"
      start('-i ' .. files.write('work.lua', names .. WORK))
      local result = entry 'step()'
      entry 'x = 0'
      entry '_ = nil'
      local held = entry 'bytes()'
      assert.matches('^\'%-?0x', result)
      for _ = 1, 5 do
         assert.matches('interrupted', stopped 'forever()')
         assert.equal(held, entry 'bytes()')
         assert.equal(result, entry 'step()')
         entry '_ = nil'
      end
   end)

   it('stops a loader that waits for its workers', function()
      files.write('slow.lua', [[
return function(path)
   local Slow = require 'lacuna.class' 'Slow'
   function Slow:__init() end
   function Slow:size() return 100 end
   function Slow:get(i)
      io.open(path .. '/begun', 'w'):close()
      repeat local file = io.open(path .. '/enough') until file
      return { i }
   end
   return Slow()
end
]])
      start(("-e 'path = %q package.path = package.path .. \";\" .. path .. \"/?.lua\"' -i"):format(
         files.at()), { LACUNA_TRACEBACK = 'full' })
      entry('loader = lacuna.data.Loader(lacuna.data.remote("slow", path), '
         .. '{ batchSize = 50, workers = 2 })')
      session:type 'for batch in loader:epoch(0) do print(batch) end\n'
      waitFor(files.at 'begun')
      session:type '\3'
      session:expect '%^C$'
      files.write('enough', '')  -- the samples that workers are at end first
      assert.matches('stdin:1: interrupted\n', session:expect 'interrupted.-\n> $')
      -- before they do, the error is there: it does not wait until patience ends
      os.remove(files.at 'enough')
      entry 'slow = lacuna.data.remote("slow", path).description'
      entry 'workers = require "lacuna.data.Workers"(1, slow)'
      entry 'id = workers:put { indices = { 1 }, seeds = { 1 } }'
      assert.matches("stdin:1: interrupted\n.-interrupt.lua:%d+: in function 'check'\n",
         stopped(inLibrary 'workers.take, workers, id'))
      files.write('enough', '')
      assert.equal('2', entry '1 + 1')
   end)

   it('stops what waits for input or for another program', function()
      start()
      session:type 'print "begun" x = io.read()\n'
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect 'interrupted\n> $'
      session:type '(io.write "begun\\n" and io.read)()\n'  -- nothing of the entry is left to stop
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect 'interrupted\n> $'
      session:type 'print "begun" for line in io.lines() do print(line) end\n'
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect 'stdin:1: interrupted\n> $'
      -- the programs say so themselves: they are to hear Ctrl-C, too
      stopped 'f = io.popen("echo begun >&2; exec sleep 60") x = f:read("*a")'
      stopped 'while true do os.execute("echo begun; exec sleep 60") end'
      assert.equal('2', entry '1 + 1')
   end)

   it('stops long loops of the library, which look for it', function()
      start('', { LACUNA_TRACEBACK = 'full' })
      entry 'elements, points, row = require "lacuna.elements", {}, {}'
      entry 'for i = 1, 100 do points[i] = { i % 7, i % 5 } end'
      entry 'for i = 1, 1000 do row[i] = i end block = {} for i = 1, 1000 do block[i] = row end'
      entry 'huge = {} for i = 1, 1000 do huge[i] = block end'
      entry 'nowhere = setmetatable({}, { __newindex = type })'
      for _, text in ipairs {
         'lacuna.tsne.embed, points, { iterations = 1e9 }',
         'elements.pour, nowhere, huge, { 1000, 1000, 1000 }, "float32"',
         'elements.nest, {}, { 1e12 }',
      } do
         assert.matches("stdin:1: interrupted\n.-interrupt.lua:%d+: in function 'check'\n",
            stopped(inLibrary(text), 0.1))
      end
   end)

   it('waits a second for a loop of the library that does not, and blames the entry', function()
      start()
      session:type(inLibrary 'loadstring("while true do end", library .. "spin.lua")' .. '\n')
      session:expect '\nbegun\n'
      local began = clock()
      session:type '\3'
      session:expect '%^Cstdin:1: interrupted\n'
      assert.is_true(clock() - began >= 0.99)
   end)

   it('stops a plot, and leaves none of its files', function()
      local program = files.write('slow-gnuplot', ([[#!/bin/sh
echo $$ > %s
trap '' INT
exec sleep 600
]]):format(files.at 'pid'))
      os.execute('chmod +x ' .. program)
      start()
      entry(('lacuna.plot.program = %q'):format(program))
      entry 'made, newName = {}, os.tmpname'
      entry 'function os.tmpname() made[#made + 1] = newName() return made[#made] end'
      for _, how in ipairs { 'by the terminal', 'alone' } do
         os.remove(files.at 'pid')
         session:type(('x = lacuna.plot.scatter { points = { { 1, 2 } }, path = %q }\n'):format(
            files.at 'x.png'))
         waitFor(files.at 'pid')
         if how == 'alone' then session:kill(2) else session:type '\3' end
         session:expect '\n?%^?C?stdin:1: interrupted\n> $'
         assert.equal('2', entry '#made')
         entry 'left = {} for i, name in ipairs(made) do left[i] = io.open(name) end'
         assert.equal('{}', entry 'left')
         entry 'made = {}'
         local pid = files.read(files.at 'pid'):match '%d+'
         assert.not_equal(0, os.execute('kill -0 ' .. pid .. ' 2>/dev/null'), how)
      end
   end)

   it('clears the line that is typed, and the entry that is not whole', function()
      start()
      session:type 'x = 1 +'
      session:expect '1 %+$'
      session:type '\3'
      session:expect '%^C\n> $'
      session:type 'for i = 1, 2 do\n'
      session:expect '%.%. $'
      session:type '\3'
      session:expect '\n> $'
      assert.equal('nil', entry 'x')
   end)

   it('leaves nothing behind that stops what comes next', function()
      start()
      for _ = 1, 3 do
         session:type '\3'
         session:expect '\n> $'
         assert.equal('3', entry 'lacuna.ones(3):sum():item()')
      end
   end)

   it('can be caught once, but twice it ends the program', function()
      start()
      entry 'function spin() print "begun" while true do end end'
      session:type 'ok, message = pcall(spin) print(ok, message)\n'
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect 'false\tstdin:1: interrupted\n> $'
      session:type 'while true do pcall(spin) end\n'
      session:expect '\nbegun\n'
      assert.equal(130, ended())
      assert.matches('interrupted twice', (session:text()))
   end)

   it('ends the program the second time where the first could not take effect', function()
      -- one call of C, which prints when it found the first b and then looks for another one
      start():type 'string.gsub("b" .. ("a"):rep(1e5), (".-"):rep(20) .. "b", print)\n'
      session:expect '\nb\n$'
      session:type '\3'
      session:expect '%^C$'
      os.execute 'sleep 1.1'  -- no more the second time within a second
      session:type '\3'
      assert.equal(130, session:wait())
   end)

   it('is over when it was caught: a kernel, a hook and a read go on as before', function()
      start()
      entry 'function spin() print "begun" while true do end end'
      session:type 'ok = pcall(spin) line = io.read() print(ok, line)\n'
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect '%^C$'
      os.execute 'sleep 0.05'  -- for a tick of the timer, if it still ran
      session:type 'text\n'
      session:expect 'text\nfalse\ttext\n> $'
      entry 'a, elements = lacuna.ones(2000, 2000), require "lacuna.elements"'
      entry 'function kernels() print "begun" while true do local b = ops.matmul(a, a) end end'
      session:type 'ok, why = pcall(kernels) for i = 1, 100 do x = i end print(ok, why, x)\n'
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect '%^Cfalse\tstdin:1: interrupted\t100\n> $'
      session:type('ok, why = pcall(function() ' .. inLibrary 'elements.nest, {}, { 1e12 }'
         .. ' end) for i = 1, 100 do x = i end print(ok, why, x)\n')
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect '%^Cfalse\tstdin:1: interrupted\t100\n> $'
      entry 'function mine() end'
      session:type('debug.sethook(mine, "", 1000) ok = pcall(spin) '
         .. 'print(debug.gethook() == mine, select(2, debug.gethook())) debug.sethook()\n')
      session:expect '\nbegun\n'
      session:type '\3'
      session:expect '%^Ctrue\t\t1000\n> $'
   end)

   it('stops loops after a profiler of the script has run', function()
      start()
      entry 'profile = require "jit.profile" profile.start("l", function() end) profile.stop()'
      assert.matches('stdin:1: interrupted', stopped 'print "begun" while true do end')
   end)

   it('is nothing to a program that was started to ignore it', function()
      local path = files.write('deaf.lua', 'print "begun" print(io.read())')
      pty.open(("sh -c \"trap '' INT; exec %s %s\""):format(pty.lacuna, path))
      session:expect 'begun\n'
      session:kill(2)
      session:type 'text\n'
      assert.equal(0, session:wait())
      assert.matches('text\n$', (session:text()))
   end)

   it('ends a script with a sentence, its line and 130', function()
      local path = files.write('loop.lua',
         'local i = 0\nprint "begun"\nwhile true do\n   i = i + 1\nend\n')
      pty.open(pty.lacuna .. ' ' .. path)
      session:expect 'begun\n'
      session:type '\3'
      assert.equal(130, session:wait())
      assert.matches('lacuna: [^\n]*loop.lua:%d: interrupted\nstack traceback:\n'
         .. '\t[^\n]*loop.lua:%d: in main chunk\n$', (session:text()))
   end)

   it('ends a script of another kind, too', function()
      for _, text in ipairs {
         "local l = require 'lacuna' local a = l.ones(1500, 1500) print 'begun'"
            .. ' while true do local b = l.ops.matmul(a, a) end',
         "print 'begun' local co = coroutine.wrap(function() while true do end end) co()",
      } do
         pty.open(pty.lacuna .. ' ' .. files.write('script.lua', text))
         session:expect 'begun\n'
         session:type '\3'
         assert.equal(130, session:wait())
         assert.matches('interrupted\n', (session:text()))
         session:close()
      end
      pty.open(pty.lacuna .. ' -', {})
      session:type "print 'begun' while true do end\n\4"
      session:expect '\nbegun\n'
      session:type '\3'
      assert.equal(130, session:wait())
   end)

   it('does what the script wants where it asks for that', function()
      local path = files.write('own.lua', [[
local interrupt = require 'lacuna.interrupt'
print(interrupt.loops(), interrupt.loops(false))
print(pcall(interrupt.loops, 1))
print(interrupt.loops(true))
require('jit.profile').start('l', function() end)
require('jit.profile').stop()
local function spin() print 'begun' while true do end end
while true do pcall(spin) end
]])
      pty.open(pty.lacuna .. ' ' .. path)
      session:expect '^true\tfalse\n'
      session:expect '^false\t[^\n]*loops: on is the number 1, expected a boolean\ntrue\n'
      session:expect 'begun\n'
      -- the profiler of the script took ours away, so the loop may go on, but twice ends it
      assert.equal(130, ended())
   end)
end)
