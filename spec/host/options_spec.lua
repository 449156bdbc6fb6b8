-- The `lacuna` program with arguments, seen from outside: what it prints and how it ends.
local files = require 'spec.support.files'
local pty = require 'spec.support.pty'

-- Output with the errors in it, and the status.
local function run(arguments, before)
   local text = files.shell(('(%s%s %s; echo "=$?")'):format(before or '', pty.lacuna, arguments))
   local output, status = text:match '^(.*)=(%d+)\n$'
   return output, tonumber(status)
end

local function script(text) return files.write('script.lua', text) end

describe('lacuna', function()
   before_each(files.open)
   after_each(files.close)

   it('runs a script with its arguments', function()
      local path = script 'print(arg[0], arg[1], ...) print(type(lacuna))'
      assert.same({ path .. "\ta b\ta b\t-i\nnil\n", 0 }, { run(path .. " 'a b' -i") })
      assert.same({ path .. '\tx\tx\nnil\n', 0 }, { run('-- ' .. path .. ' x') })
   end)

   it('leaves a script the words before its name, as luajit does', function()
      local path = script 'print(arg[-3], arg[-2], arg[-1], arg[0])'
      assert.same({ ('%s\t--seed\t1\t%s\n'):format(pty.lacuna, path), 0 },
         { run('--seed 1 ' .. path) })
   end)

   it('gives a script the globals that luajit gives, and no other', function()
      local path = script [[
local names = {}
for name in pairs(_G) do names[#names + 1] = name end
table.sort(names)
print(unpack(names))
]]
      assert.equal(files.shell('luajit ' .. path), (run(path, 'unset LACUNA_LIB; ')))
   end)

   it('computes with the core of its own build, in the threads of data workers too', function()
      local build = pty.lacuna:gsub('/bin/lacuna$', '')
      if not files.read(build .. '/../lua/lacuna/init.lua') then
         return pending 'the build folder is not in the tree'
      end
      files.write('where.lua', [[
return function()
   local Where = require 'lacuna.class' 'Where'
   function Where:__init() end
   function Where:size() return #require('lacuna.native').library end
   function Where:get() end
   return Where()
end
]])
      local path = script(([[
package.path = package.path .. ';%s/?.lua'
local library = require('lacuna.native').library
print(library)
local description = require('lacuna.data').remote('where').description
print(require('lacuna.data.Workers')(1, description):size() == #library)
]]):format(files.at()))
      local own = files.shell(('realpath %s/lib/liblacuna.so'):format(build))
      assert.equal(own .. 'true\n', (run(path, 'unset LACUNA_LIB; ')))
   end)

   it('runs a script from standard input', function()
      local path = script 'print(arg[0], ...)'
      assert.same({ 'nil\n', 0 }, { run('< ' .. path) })
      assert.same({ '-\t1\t2\n', 0 }, { run('- 1 2 < ' .. path) })
      assert.same({ 'lacuna: stdin:1: unexpected symbol near \'?\'\n', 1 },
         { run('', 'echo "?" | ') })
   end)

   it('runs code and modules in their order', function()
      assert.same({ '1\nfunction\n', 0 },
         { run [[-e 'print(1)' -l lacuna.clock -e 'print(type(clock))']] })
      assert.same({ 'number\n', 0 }, { run [[-e 'print(type(lacuna.threads()))']] })
      local path = script 'print "script"'
      assert.same({ 'code\nscript\n', 0 }, { run([[-e 'print "code"' ]] .. path) })
      local output, status = run '-l no.such.module'
      assert.matches("^lacuna: module 'no.such.module' not found:\n.-no.such.module.lua", output)
      assert.equal(1, status)
   end)

   it('names modules even where new globals are refused', function()
      files.write('strict.lua', "setmetatable(_G, { __newindex = function() error 'strict' end })")
      assert.same({ 'boolean\tfunction\ttable\n', 0 }, { run(([[-e 'package.path = "%s/?.lua;" .. ]]
         .. [[package.path' -l strict -l lacuna.clock -e 'print(type(strict), type(clock), ]]
         .. [[type(lacuna))']]):format(files.at())) })
      assert.same({ 'table\n', 0 }, { run(([[-l strict -e 'print(type(lacuna))']]),
         ("LUA_PATH='%s/?.lua;'\"$LUA_PATH\" "):format(files.at())) })
   end)

   it('has options for what scripts set', function()
      assert.same({ 'shadow\t3\n', 0 },
         { run "--device shadow --threads=3 -e 'print(lacuna.device(), lacuna.threads())'" })
   end)

   it('seeds as lacuna.seed does', function()
      local show = 'print(unpack(lacuna.permutation(20):toFlat()))'
      local output, status = run(("--seed 7 -e '%s'"):format(show))
      assert.equal(0, status)
      assert.equal(output, (run(("-e 'lacuna.seed(7) %s'"):format(show))))
      assert.not_equal(output, (run(("--seed 8 -e '%s'"):format(show))))
   end)

   it('tells its version and its options', function()
      local lacuna = require 'lacuna'
      assert.same({ ('Lacuna %s, %s\n'):format(lacuna.version, jit.version), 0 },
         { run '--version' })
      local output, status = run '--help'
      assert.matches('^usage: lacuna ', output)
      assert.equal(0, status)
   end)

   it('refuses wrong options in a sentence', function()
      for arguments, sentence in pairs {
         ['-q'] = 'option %-q is unknown', ['--version=1'] = 'option %-%-version=1 is unknown',
         ['-e'] = 'option %-e lacks its value', ['--seed'] = 'option %-%-seed lacks its value',
         ['--threads many'] = '%-%-threads is "many", expected a number',
         ['--threads 0'] = 'threads: 0, expected a whole number, 1 to 256',
         ['--device moon'] = "device: 'moon', expected cpu",
         ['--seed 1.5 -e "print(1)"'] = 'seed',
      } do
         local output, status = run(arguments)
         assert.matches('^lacuna: [^\n]*' .. sentence .. '[^\n]*\n$', output)
         assert.equal(2, status)
      end
   end)

   it('ends with the status of what it ran', function()
      assert.equal(0, select(2, run(script 'return 3')))
      assert.equal(7, select(2, run(script 'os.exit(7)')))
      assert.equal(1, select(2, run(script 'error "x"')))
      assert.equal(1, select(2, run(script 'x =')))
      assert.equal(1, select(2, run '/no/such/script.lua'))
      assert.equal(1, select(2, run [[-e 'error "x"' -e 'print "not this"']]))
      -- what it wrote comes before what ended it, in a pipe too
      assert.matches('^before lacuna: x\n', (run [[-e 'io.write "before " error("x", 0)']]))
   end)

   it('does not hide that its output was lost', function()
      for _, arguments in ipairs { "-e 'print(1)'", '--version', "-e 'print(1) os.exit(0)'" } do
         assert.same({ 'lacuna: standard output could not be written\n', 1 },
            { run(arguments .. ' > /dev/full') })
      end
      assert.same({ '', 0 }, { run "-e 'local a = 1' > /dev/full" })
   end)

   it('tells where the script went wrong, without the frames of the library', function()
      local path = script [[
local lacuna = require 'lacuna'
local Square = require 'lacuna.class' ('Square', lacuna.nn.Module)
function Square:forward(a)
   local c = lacuna.ops.matmul(a, a)
   return c
end
local function apply(net, x)
   local y = net(x)
   return y
end
local r = apply(Square(), lacuna.zeros(2, 3))
]]
      local output, status = run(path)
      assert.equal(1, status)
      local lines = {}
      for line in output:gmatch '[^\n]+' do lines[#lines + 1] = line:gsub('^.-script', 'script') end
      assert.equal('script.lua:4: matmul: inner sizes of 2x3 and 2x3 are 3 and 2, expected equal'
         .. ' (in Square)',
         lines[1])
      assert.equal('stack traceback:', lines[2])
      assert.matches('^\t%[lacuna: %d+ frames%]$', lines[3])
      assert.matches("^script.lua:4: in function 'forward'", lines[4])
      assert.matches('^\t%[lacuna: %d+ frames?%]$', lines[5])
      assert.same({ "script.lua:8: in function 'apply'", 'script.lua:11: in main chunk' },
         { lines[6], lines[7] })
      assert.equal(7, #lines)
      assert.matches('Module.lua:%d+: in function', (run(path, 'LACUNA_TRACEBACK=full ')))
   end)

   it('names the line that does not compile', function()
      local path = script 'local x = 1\nlocal y = = 2\n'
      local output = run(path)
      assert.equal(('lacuna: %s:2: unexpected symbol near \'=\'\n'):format(path), output)
      assert.equal("lacuna: (command line):1: '=' expected near '<eof>'\n", (run '-e x'))
   end)

   it('shows whatever is raised', function()
      for code, expected in pairs {
         ['error("text", 0)'] = 'text', ['error(nil)'] = '%(error object is nil%)',
         ['error({})'] = '%(error object is a table%)', ['error(12, 0)'] = '12',
         ['error(setmetatable({}, { __tostring = function() return "mine" end }))'] = 'mine',
         ['error(setmetatable({}, { __tostring = function() error "no" end }))'] =
            '%(error object is a table whose __tostring fails%)',
         ['local function f() return 1 + f() end f()'] = '[^\n]*stack overflow',
         ['coroutine.yield()'] = '[^\n]*attempt to yield[^\n]*',
      } do
         local output, status = run(("-e '%s'"):format(code))
         assert.matches('^lacuna: ' .. expected .. '\n', output)
         assert.equal(1, status)
         assert.is_true(#output < 4000)
      end
   end)

   it('gives what plain luajit gives', function()
      local path = script [[
local lacuna = require 'lacuna'
lacuna.seed(5)
local nn = lacuna.nn
local x = lacuna.SparseTensor.new({ { 1, 0, 0 }, { 1, 1, 0 }, { 2, 3, 3 } }, lacuna.ones(3, 1),
   { spatialSize = 8 })
local net = nn.Sequential():add(nn.SubmanifoldConvolution(2, 1, 4, 3)):add(nn.GlobalPooling 'mean')
local y = net(x)
y:sum():backward()
for _, v in ipairs(y:toFlat()) do print(('%a'):format(v)) end
for _, v in ipairs(net:parameters()[1].grad:toFlat()) do print(('%a'):format(v)) end
]]
      local native = require 'lacuna.native'
      local root = debug.getinfo(require('lacuna').device, 'S').source
         :match '^@(.*)lacuna/init.lua$'
      local plain = files.shell(('LACUNA_LIB=%s LUA_PATH="%s?.lua;%s?/init.lua;;" luajit %s')
         :format(native.library, root, root, path))
      if plain:match '^[^\n]*ASan runtime' then
         return pending 'plain luajit loads no sanitized library'
      end
      local output, status = run(path)
      assert.equal(0, status)
      assert.is_true(#output > 100)
      assert.equal(plain, output)
   end)
end)
