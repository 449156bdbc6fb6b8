-- Checkpoints where the disk is full, nobody may write, memory is short, or the process is killed.
local failing = require 'spec.support.failing'
local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local script = require('spec.support.child').script
local at, read, shell, write = files.at, files.read, files.shell, files.write

before_each(files.open)
after_each(files.close)

-- Saves two steps that fit into 400 kB, and one that does not.
local SAVES = [[
   local lacuna = require 'lacuna'
   for step, size in ipairs { 20000, 20000, 200000 } do
      local run = lacuna.checkpoint(%q, { t = lacuna.zeros(size) }, { say = print })
      print(run:save { step = step })
   end ]]

describe('a checkpoint on a disk', function()
   -- The third step is a sentence, which is said and given.
   local function expect(text, why)
      assert.matches('^true\tnil\ntrue\tnil\nsave: cannot write (%S*latest%.lacuna: ' .. why
         .. ')\nnil\tsave: cannot write %1\n$', text)
   end

   local function checkFiles(folder)
      assert.equal(2, assert(lacuna.checkpoint.read(folder .. '/latest.lacuna')).state.step)
      assert.equal(1, assert(lacuna.checkpoint.read(folder .. '/previous.lacuna')).state.step)
      assert.equal('latest.lacuna\nprevious.lacuna\n', shell('ls ' .. folder))
   end

   it('that is full is said, and the older ones stay', function()
      local folder = at 'run'
      shell('mkdir ' .. folder)
      if not shell(('unshare -m mount -t tmpfs -o size=400k none %s && echo yes'):format(folder))
         :match 'yes' then
         pending 'no right to mount a small disk'
         return
      end
      local run = script(SAVES:format(folder))
      local text = run(([[unshare -m sh -c '
         mount -t tmpfs -o size=400k none %s
         "$0" "$@"
         cp -r %s %s' LUA ]]):format(folder, folder, at 'copy'))
      expect(text, 'No space left on device')
      checkFiles(at 'copy')
   end)

   it('whose files may not grow is said, and the older ones stay', function()
      local run = script(SAVES:format(at 'run'))
      expect(run "trap '' XFSZ; ulimit -f 256; LUA ", 'File too large')
      checkFiles(at 'run')
   end)

   it('that may not be written to is said', function()
      local said
      local function save(folder)
         return lacuna.checkpoint(folder, {}, { say = function(s) said = s end }):save()
      end
      for folder, pattern in pairs {
         ['/proc/lacuna/run'] = '^save: cannot make /proc/lacuna: ',
         ['/dev/null'] = '^save: cannot make /dev/null: ',
         [write('file', '') .. '/run'] = '^save: cannot make .*/file: ',
      } do
         local good, why = save(folder)
         assert.is_nil(good)
         assert.matches(pattern, why)
         assert.equal(why, said)
      end
      -- nor for root, who may write to everything but a disk that is read only
      shell(('mkdir %s; chmod 555 %s'):format(at 'run', at 'run'))
      local run = script(SAVES:format(at 'run'))
      local isRoot = shell 'id -u' == '0\n'
      if isRoot and not shell(('unshare -m mount -t tmpfs none %s && echo yes'):format(at 'run'))
         :match 'yes' then
         pending 'root, without the right to mount a disk'
         return
      end
      local text = run(isRoot and ([[unshare -m sh -c '
         mount -t tmpfs -o ro none %s
         "$0" "$@"' LUA ]]):format(at 'run') or 'LUA ')
      assert.matches('nil\tsave: cannot make .*latest%.lacuna%S*: ', text)
      assert.equal('', shell('ls ' .. at 'run'))
   end)

   it('is written although a killed process of the same number left half a file', function()
      local run = script(([[
         local lacuna = require 'lacuna'
         local run = lacuna.checkpoint(%q)
         assert(run:save { step = 1 })
         local number = io.open('/proc/self/stat'):read '*n'
         for i = 1, 50 do
            io.open(('%%s.%%d-%%d.tmp'):format(run:path(), number, i), 'w'):close()
         end
         print(run:save { step = 2 }, run:load('latest').step)
      ]]):format(at 'run'))
      assert.equal('true\t2\n', run 'LUA ')
   end)

   it('is cleared of what killed processes left', function()
      local gone, here = 4194305, io.open('/proc/self/stat'):read '*n'  -- more than there can be
      shell('mkdir ' .. at 'run')
      for _, name in ipairs { 'latest.lacuna.%d-1.tmp', 'best.lacuna.%d-77.tmp',
         'latest.lacuna.%d-3.tmp.old', 'mine.lacuna.%d-1.tmp' } do
         write('run/' .. name:format(gone), 'half')
      end
      write(('run/latest.lacuna.%d-900000.tmp'):format(here), 'half')
      assert(lacuna.checkpoint(at 'run'):save())
      assert.equal(('latest.lacuna\nlatest.lacuna.%d-900000.tmp\nmine.lacuna.%d-1.tmp\n'):format(
         here, gone), shell('ls ' .. at 'run'))
   end)

   it('keeps both names where they are of one file', function()
      local run = lacuna.checkpoint(at 'run')
      assert(run:save { step = 1 })
      shell(('ln %s/latest.lacuna %s/previous.lacuna'):format(at 'run', at 'run'))
      assert(run:save { step = 2 })
      assert.equal(2, assert(run:load 'latest').step)
      assert.equal(1, assert(run:load 'previous').step)
      assert.equal('latest.lacuna\nprevious.lacuna\n', shell('ls ' .. at 'run'))
   end)

   -- A run with parts of every kind, and what they are made of, as text.
   local function makeRun(said)
      local net, rate = lacuna.nn.Linear(2, 2), lacuna.optim.schedule.step()
      local optimiser = lacuna.optim.Adam(net:parameters())
      net(lacuna.ones(1, 2)):sum():backward()
      optimiser:step()
      local own = { value = 1, stateDict = function(self) return { value = self.value } end,
         loadStateDict = function(self, dict) self.value = dict.value end }
      local given = { t = lacuna.ones(3), net = net, optimiser = optimiser, rate = rate, own = own,
         g = lacuna.Generator(1) }
      local self = lacuna.checkpoint(at 'run', given, { say = function(s) said[#said + 1] = s end })
      local function change(value)
         lacuna.noGrad(function()
            given.t:fill(value)
            net.weight:fill(value)
            optimiser.state['mean.1']:fill(value)
         end)
         optimiser:rate(value)
         own.value = value
         given.g:restore { seed = value, offset = value }
         lacuna.seed(value)
      end
      local function words()
         local list = { optimiser:rate(), own.value, given.g:state().seed,
            lacuna.ops.generator():state().seed }
         for _, t in ipairs { given.t, net.weight, optimiser.state['mean.1'] } do
            list[#list + 1] = table.concat(t:toFlat(), ' ')
         end
         return table.concat(list, ', ')
      end
      return self, change, words
   end

   it('is resumed whole or not at all, whichever allocation fails', function()
      local said = {}
      local self, change, words = makeRun(said)
      change(5)
      assert(self:save { step = 5 })
      change(6)
      assert(self:save { step = 6 })
      local saved, changed = words(), nil
      local count = failing.exhaust(function()
         local state = assert(self:resume())
         changed = nil
         return words() .. state.step
      end, function()
         if changed then assert.equal(changed, words()) end  -- it failed
         change(7)
         changed = words()
      end)
      assert.is_true(count >= 36)
      assert.same({ saved, {} }, { words(), said })
   end)

   it('is saved whole or not at all, whichever allocation fails', function()
      local said = {}
      local self, change = makeRun(said)
      local step, latest, previous = 1, 1, 0
      for i = 0, 1 do
         change(i)
         assert(self:save { step = i })
      end
      local function check(name, expected)
         local found = assert(lacuna.checkpoint.read(self:path(name)))
         assert.same({ expected, expected }, { found.state.step, found.parts.own.value })
         assert.near_all({ expected, expected, expected }, found.parts.t.value, 0)
      end
      local count = failing.exhaust(function()
         assert(self:save { step = step })
         latest, previous = step, latest
         return 'saved'
      end, function()
         check('latest', latest)
         check('previous', previous)
         step = step + 1
         change(step)
      end)
      check('latest', step)
      assert.is_true(count >= 5)
      assert.same({}, said)
      assert.equal('latest.lacuna\nprevious.lacuna\n', shell('ls ' .. at 'run'))
   end)
end)

describe('a run that is killed', function()
   local EPOCHS, PLANES = 6, 4

   it('goes on to the same bits, whether it trained or saved', function()
      local run = script 'arg = { ... } dofile "spec/support/killed_run.lua"'
      -- A shell waits for the run, and notes its number and how it ended.
      local function start(folder)
         os.remove(folder .. '.status')
         run(([[(LUA %s %s %d %d >%s.out 2>&1 & echo $! >%s.pid; wait $!
            echo $? >%s.status) </dev/null >/dev/null 2>&1 & true]]):format(at 'script.lua', folder,
            EPOCHS, PLANES, folder, folder, folder))
      end
      local function ended(folder) return (read(folder .. '.status') or ''):match '%d+\n' end
      local function await(condition)
         while not condition() do shell 'sleep 0.002' end
      end
      local function finish(folder)
         start(folder)
         await(function() return ended(folder) end)
         assert.equal('0\n', ended(folder), read(folder .. '.out'))
      end
      local whole, killed, kills = at 'whole', at 'killed', 0
      finish(whole)
      for _, word in ipairs { 'resumed', 'save', 'saved', 'save' } do
         local from = #(read(killed .. '.log') or '') + 1
         start(killed)
         await(function()
            return ended(killed)
               or ('\n' .. (read(killed .. '.log') or ''):sub(from)):match('\n' .. word .. ' ')
         end)
         await(function() return (read(killed .. '.pid') or ''):match '\n' end)
         shell('kill -9 ' .. read(killed .. '.pid'))
         await(function() return ended(killed) end)
         if ended(killed) == '137\n' then kills = kills + 1 end
      end
      assert.is_true(kills > 0)
      finish(killed)
      for _, name in ipairs { '/latest.lacuna', '/previous.lacuna', '/best.lacuna', '/result.json',
         '.out' } do
         assert.is_truthy(read(whole .. name))
         assert.is_true(read(whole .. name) == read(killed .. name), name .. ' differs')
      end
   end)
end)
