-- The prompt's line editor, libedit, typed to through a pseudo-terminal.
local files = require 'spec.support.files'
local pty = require 'spec.support.pty'

local hasEditor = files.shell(pty.lacuna
   .. [[ -e "io.write(tostring(package.loaded['lacuna.host'].editor))"]]) == 'true'

describe('the editor of lines', function()
   if not pty.exists() then return pending 'is typed to (no pseudo-terminal)' end
   if not hasEditor then return pending 'is typed to (this program was built without libedit)' end
   local start, entry, session = pty.each()

   it('completes names, and lists them where there are several', function()
      start()
      session:type 'lacuna.ver\t'
      session:expect 'lacuna%.version$'
      session:type '\n'
      session:expect "'%d[%d.]*'\n> $"
      session:type 'lacuna.no\t'
      session:expect 'lacuna%.noGrad%(?$'
      session:type '\3'
      session:expect '\n> $'
      session:type 'lacuna.n\t'
      session:expect '\nnn%s+noGrad%s+> lacuna%.n$'
      session:type '\3'
      session:expect '\n> $'
      -- nothing fits; nothing happens
      session:type 'nope.nope\t'
      session:type '\3'
      session:expect '\n> $'
      assert.equal('2', entry '1 + 1')
   end)

   it('takes Tab at the start of a line for a blank', function()
      start()
      assert.equal('2', entry '\t1 + 1')
   end)

   it('remembers entries of this session and of others', function()
      start()
      entry 'first = 1'
      entry 'first = 1'
      session:type 'for i = 1, 2 do\n'
      session:expect '%.%. $'
      session:type 'first = first + i end\n'
      session:expect '\n> $'
      session:kill(9) -- what was typed is in the file already
      session:wait()
      session:close()
      assert.equal('first = 1\nfor i = 1, 2 do\\nfirst = first + i end\n',
         files.read(files.at '.local/state/lacuna/history'))
      start()
      session:type '\27[A\27[A'
      session:expect 'first = 1\n$' -- a line up again, which is not seen here
      session:type '\n'
      session:expect '\n> $'
      session:type '\27[A\27[A' -- the loop, whole
      session:expect 'for i = 1, 2 do\nfirst = first %+ i end$'
      session:type '\n'
      session:expect '\n> $'
      assert.equal('4', entry 'first')
   end)

   it('puts its history where it is told, or nowhere', function()
         start('', { LACUNA_HISTORY = files.at 'mine' })
      entry 'x = 1'
      session:close()
      assert.equal('x = 1\n', files.read(files.at 'mine'))
      for _, path in ipairs { '', '/proc/no/such/folder/history' } do
         start('', { LACUNA_HISTORY = path })
         assert.equal('2', entry '1 + 1')
         session:close()
      end
      assert.equal('x = 1\n', files.read(files.at 'mine'))
      assert.is_nil(files.read(files.at '.local/state/lacuna/history'))
   end)

   it('edits text of more than one byte a character', function()
      start()
      session:type "'gr\195\188n'\27[D\27[D\127\195\182\n" -- one left of the quote; ü becomes ö
      session:expect "\n'gr\195\182n'\n> $"
   end)

   it('goes back over entries that differ, even where the file holds one twice', function()
      start('', { LACUNA_HISTORY = files.write('history', 'x = 1\nx = 2\nx = 2\n') })
      session:type '\27[A'
      session:expect '> x = 2$'
      session:type '\27[A\n'
      session:expect '\n> $'
      assert.equal('1', entry 'x')
   end)

   it('goes to the end of a line that Ctrl-C leaves in its middle', function()
      start():type 'abcdef\27[D\27[D\27[D'
      session:expect 'abcdef\8\8\8$'
      session:type '\3'
      session:expect 'abcdef%^C\n> $'
      session:type '123'
      session:expect '123$'
      session:type '\3'
      session:expect '%^C\n> $'
      local _, raw = session:text()
      assert.is_truthy(raw:find('\r> abcdef^C\r\n> 123^C\r\n> ', 1, true), raw)
   end)

   it('breaks lines where the terminal ends, also after its size was changed', function()
      local long = ('0123456789'):rep(5) .. 'end'
      start():resize(24, 20)
      session:type(long)
      session:expect 'end$'
      assert.is_nil(session:text():find(long, 1, true))
      session:resize(24, 100)
      session:type('\21' .. long)  -- Ctrl-U empties the line
      session:expect(long .. '$')
   end)

   it('draws its line again, and takes the terminal back, when it is continued', function()
      start():type 'x = 4'
      session:expect 'x = 4$'
      os.execute('stty sane <' .. session.terminal)  -- as a shell does in between
      session:kill(18)
      session:expect '> x = 4$'
      session:type ' + 1'
      session:expect ' %+ 1$'
      session:type '\n'
      assert.equal('\n> ', session:expect '\n> $')  -- which the terminal itself did not repeat
      assert.equal('5', entry 'x')
   end)

   it('is in nobody\'s way while an entry reads and the terminal changes', function()
      start():type 'print "begun" x = io.read()\n'
      session:expect '\nbegun\n$'
      for i = 1, 10 do
         session:resize(24, 60 + i)
         session:kill(18)
         os.execute 'sleep 0.01'
      end
      session:type 'text\n'
      assert.equal('text\n> ', session:expect '\n> $')
      assert.equal("'text'", entry 'x')
   end)

   it('ends where its terminal goes away, or is not its own any more', function()
      pty.open(("sh -c \"trap '' HUP; exec %s -n\""):format(pty.lacuna))
      session:expect '> $'
      session:hangUp()
      assert.equal(1, session:wait())  -- what it wrote last was lost
      session:close()
      -- a job in the background, which no shell stops
      pty.open(([[sh -c "trap '' TTIN TTOU; set -m; %s -n & wait; echo status \$?"]])
         :format(pty.lacuna))
      session:expect '> $'
      session:type '\n'
      session:expect '\nstatus 0\n'
   end)
end)
