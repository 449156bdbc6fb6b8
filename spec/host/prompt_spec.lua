-- The prompt, typed to through a pseudo-terminal.
local files = require 'spec.support.files'
local pty = require 'spec.support.pty'

-- A sanitizer maps terabytes, so it does not start where addresses are few.
local isSanitized = files.shell(('sh -c "ulimit -v 1500000; exec %s -e \\"print(7)\\""'):format(
   pty.lacuna)) ~= '7\n'

describe('the prompt', function()
   if not pty.exists() then return pending 'is typed to (no pseudo-terminal)' end
   local start, entry, session = pty.each()

   it('greets, prints what expressions give, and keeps the last value', function()
      start()
      assert.matches('^Lacuna %d[%d.]*, %w+, %d+ threads?, cpu; help', (session:text()))
      assert.equal('3', entry '1 + 2')
      assert.equal('30', entry '_ * 10')
      assert.equal('', entry 'x = 5')
      assert.equal('30', entry '_')
      assert.equal("1\t'a'\tnil", entry '=1, "a", nil')
      assert.equal('1', entry '_')
      assert.matches('^Tensor 2x2 float32', entry 'lacuna.ones(2, 2)')
      assert.equal('', entry '  -- nothing')
   end)

   it('holds the last value only', function()
      start()
      entry 'function live() collectgarbage() collectgarbage() return lacuna.memory("cpu").live end'
      local before = entry 'live()'
      entry 'lacuna.ones(1000, 1000)'
      entry '_:sum():item()'
      assert.equal(before, entry 'live()')
   end)

   it('reads on until a statement is whole', function()
      start()
      session:type 'for i = 1, 2 do\n'
      session:expect '\n%.%. $'
      session:type 'io.write(i, ";")\n'
      session:expect '\n%.%. $'
      session:type 'end\n'
      session:expect 'end\n1;2;> $'
      session:type 's = [[\n'
      session:expect '\n%.%. $'
      session:type 'line]]\n'
      session:expect '\n> $'
      assert.equal("'line'", entry 's')
   end)

   it('keeps what is local as a global, and says so once', function()
      start()
      assert.equal('-- x: kept as a global, since a local ends with its entry', entry 'local x = 3')
      assert.equal('', entry 'local function twice(n) return 2 * n end')
      assert.equal('', entry 'local a, b = 1, x')
      assert.equal('', entry 'local c')
      assert.equal('6\t1\t3\tnil', entry 'twice(x), a, b, c')
      assert.equal('', entry 'local x -- none yet')
      assert.equal('', entry 'local gr\195\182sse, y = 4, 5')
      assert.equal('nil\t4\t5', entry 'x, gr\195\182sse, y')
   end)

   it("leaves the library Lua's own names, whatever an entry does with them", function()
      start()
      entry 'local type = 3'
      entry 'table, select = {}, false'
      assert.equal('3\t{}\tfalse', entry 'type, table, select')
      assert.matches('^Tensor 1x2 float32', entry 'lacuna.ones(1, 2)')
      assert.equal("stdin:1: attempt to call global 'select' (a boolean value)", entry 'select()')
      assert.equal('function type', entry '_G.type')
      entry 'type = nil'
      assert.equal("'number'", entry 'type(1)')
      entry 'mine = 4'
      assert.equal('4', entry '_G.mine')
   end)

   it('ends an entry that is not whole with Ctrl-D', function()
      start()
      session:type 'for i = 1, 2 do\n'
      session:expect '\n%.%. $'
      session:type '\4'
      session:expect '\nthe input ends within an entry\n> $'
      assert.equal('2', entry '1 + 1')
   end)

   it('shows errors and goes on', function()
      start()
      assert.equal("stdin:1: attempt to index global 'nope' (a nil value)", entry 'nope.x')
      assert.matches("^stdin:1: unexpected symbol near '%?'", entry 'x = ?2')
      assert.matches('^matmul: inner sizes of 1x2 [^\n]*$', entry
         'lacuna.ops.matmul(lacuna.ones(1, 2), lacuna.ones(1, 2))')
      assert.equal('(error object is nil)', entry 'error()')
      assert.equal('(error object is a table)', entry 'error({})')
      assert.equal('mine', entry
         'error(setmetatable({}, { __tostring = function() return "mine" end }))')
      assert.matches('attempt to yield', entry 'coroutine.yield(1)')
      entry 'function deep() return 1 + deep() end'
      assert.matches('^[^\n]*stack overflow', entry 'deep()')
      assert.not_matches('\27', select(2, session:text()):gsub('\27%[%d*[GK]', ''))
      assert.matches('.', entry 'setmetatable({}, { __tostring = function() error "no" end })')
      assert.equal('2', entry '1 + 1')
   end)

   it('survives that memory runs out', function()
      if isSanitized then return pending 'a sanitizer takes the addresses that are left' end
      pty.open(('sh -c "ulimit -v 1500000; exec %s"'):format(pty.lacuna),
         { env = { HOME = files.at(), LACUNA_INIT = '', NO_COLOR = '1' } })
      session:expect '> $'
      assert.equal('not enough memory', entry
         '(function() local t = {} while true do t[#t + 1] = ("x"):rep(1e7) .. #t end end)()')
      assert.equal('2', entry '1 + 1')
   end)

   it('lets user code read what is typed', function()
      start()
      session:type 'io.write "who? " name = io.read()\n'
      session:expect '\nwho%? $'
      session:type 'Ada\n'
      session:expect '\n> $'
      assert.equal("'Ada'", entry 'name')
   end)

   it('tells about what is asked with a question mark', function()
      start()
      local text = entry 'lacuna.nn.ReLU?'
      assert.matches('Keeps the positive part of every plane', text)
      assert.equal(text, entry 'help(lacuna.nn.ReLU)')
      assert.matches('^help: there is no nosuch', entry 'nosuch?')
      assert.matches('^version\n', entry 'lacuna.version?')
      assert.matches("attempt to index global 'nope'", entry 'nope.x?')
      assert.equal(text, entry "'nn.ReLU'?")
      assert.equal('help: nil, expected something of the library, or a name in quotes',
         entry 'help(lacuna.nope)')
      assert.matches('^lacuna.help\n', entry 'help?')
      assert.equal('function more', entry 'more')
   end)

   it('cuts what is longer than the terminal', function()
      start()
      local text = entry 'help()'
      assert.matches('… %d+ more lines, type more%(%)$', text)
      local _, lines = text:gsub('\n', '')
      assert.is_true(lines < 24)
      assert.not_equal('', entry 'more()')
   end)

   it('ends on Ctrl-D, exit and quit, and with the status of os.exit', function()
      for text, status in pairs {
         ['\4'] = 0, ['exit()\n'] = 0, ['quit()\n'] = 0, ['exit\n'] = 0, ['os.exit(3)\n'] = 3,
         ['pcall(exit) os.exit(4)\n'] = 4, ['function f() exit() end f()\n'] = 0,
      } do
         start():type(text)
         assert.equal(status, session:wait())
         session:close()
      end
   end)

   it('follows a script or code with -i, even one that fails', function()
      local path = files.write('script.lua', 'answer = ... error "bad day"')
      start('-i ' .. path .. ' 42')
      assert.matches('script.lua:1: bad day\n', (session:text()))
      assert.equal("'42'", entry 'answer')
      session:close()
      path = files.write('strict.lua', 'answer = 5 local function no(_, name) error(name, 2) end '
         .. 'setmetatable(_G, { __index = no, __newindex = no })')
      start('-i ' .. path)
      assert.equal('5', entry 'answer')
      assert.equal('6', entry '_ + 1')
      assert.matches('^stdin:1: mine\n', entry 'mine = 1')
      assert.matches('nn.ReLU', entry 'nn.ReLU()')
      session:close()
      start [[-i -e 'answer = 43']]
      assert.equal('43', entry 'answer')
   end)

   it("has the script's own names, where it shares some with the prompt", function()
      start('-i ' .. files.write('script.lua', 'nn, help, lacuna = 5, 6, 7'))
      assert.equal("5\t6", entry 'nn, help')
      assert.equal("'table'", entry 'type(lacuna)')
   end)

   it('runs the user\'s init.lua, unless told not to', function()
      files.write('init.lua', 'mine = 12 error "broken"')
      start('', { LACUNA_INIT = files.at 'init.lua' })
      assert.matches('init.lua:1: broken', (session:text()))
      assert.equal('12', entry 'mine')
      session:close()
      start('-n', { LACUNA_INIT = files.at 'init.lua' })
      assert.equal('nil', entry 'mine')
      session:close()
      start('', { LACUNA_INIT = files.at 'none.lua' })
      assert.matches('none.lua: No such file or directory\n> $', (session:text()))
      session:close()
      os.execute('mkdir -p ' .. files.at 'config/lacuna')
      files.write('config/lacuna/init.lua', 'mine = 13')
      pty.open(pty.lacuna, { env = { XDG_CONFIG_HOME = files.at 'config' } })
      session:expect '> $'
      assert.equal('13', entry 'mine')
   end)

   it('uses colours only where they are wanted', function()
      local function raw(env)
         start('', env)
         entry 'nope.x'
         local _, text = session:text()
         session:close()
         return text:match '\27%[31m' ~= nil
      end
      assert.is_true(raw { NO_COLOR = '' })
      assert.is_false(raw { NO_COLOR = '1' })
      assert.is_false(raw { NO_COLOR = '', TERM = 'dumb' })
      start('2>' .. files.at 'errors', { NO_COLOR = '' })
      entry 'nope.x'
      assert.matches('^stdin:1: attempt to index[^\27]*$', files.read(files.at 'errors'))
      assert.not_matches('\27', files.shell('echo nope.x | ' .. pty.lacuna .. ' -i -n'))
   end)

   it('reads plain lines on a terminal that cannot do more', function()
      start('', { TERM = 'dumb' })
      assert.equal('2', entry '1 + 1')
      session:type '\3'
      session:expect '> $'
      assert.equal('3', entry '1 + 2')
      session:type 'print "begun" x = io.read()\n'
      session:expect '\nbegun\n'
      session:type '\4'  -- which is for what reads now
      session:expect '^> $'
      assert.equal('nil', entry 'x')
      session:type '\4'
      assert.equal(0, session:wait())
   end)

   it('reads what is piped into it', function()
      local typed = files.write('typed', '1 + 1\nio.read()\nline\nfor i = 1, 2 do\nprint(i) end')
      local text = files.shell(('LACUNA_INIT= %s -i < %s'):format(pty.lacuna, typed))
      assert.equal("> 2\n> 'line'\n> .. 1\n2\n> \n", text:match '\n(.*)')
   end)
end)

describe('the history', function()
   local history = require 'lacuna.repl.history'

   before_each(files.open)
   after_each(files.close)

   it('keeps the last entries of a file that grew long', function()
      local path = files.at 'deep/history'
      for i = 1, 2100 do history.append(path, 'x = ' .. i) end
      history.append(path, 'a\nb \\n')
      local entries = history.load(path)
      assert.equal(1000, #entries)
      assert.equal('a\nb \\n', entries[1000])
      assert.equal('x = 1102', entries[1])
      assert.same(entries, history.load(path))
      local _, lines = files.read(path):gsub('\n', '')
      assert.equal(1000, lines)
   end)

   it('is empty where there is none', function()
      assert.same({}, history.load(files.at 'none'))
      assert.same({}, history.load(nil))
      assert.same({}, history.load(files.at '.'))
   end)
end)
