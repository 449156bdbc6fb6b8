-- What a script's options become.
local files = require 'spec.support.files'
local options = require 'lacuna.options'

local wanted = {
   'Trains a network.',
   { 'epochs', 30, 'passes over the data' },
   { 'data', '', 'a folder of meshes' },
   { 'test-name', 'some', 'what it is called' },
   { 'quick', false, 'less of everything' },
   { 'safe', true, 'slower' },
}

describe('options', function()
   it('are those of the command line, of the types of their defaults', function()
      assert.same({ epochs = 30, data = '', ['test-name'] = 'some', quick = false, safe = true },
         options.read({}, wanted))
      assert.same({ epochs = 2.5, data = 'a b', ['test-name'] = '', quick = true, safe = false },
         options.read({ '--epochs', '2.5', '--data=a b', '--test-name=', '--quick', '--safe',
            'no' }, wanted))
      assert.same({ epochs = 7, data = '--x', ['test-name'] = 'a=b', quick = false, safe = true },
         options.read({ '--epochs=1', '--epochs=7', '--data', '--x', '--test-name=a=b',
            '--quick=false', '--safe=yes' }, wanted))
      assert.is_true(options.read({ '--quick=true' }, wanted).quick)
   end)

   it('that are wrong are told', function()
      for sentence, arguments in pairs {
         ['options: %-%-epoch is unknown\nTrains a network%.\n'] = { '--epoch', '3' },
         ['options: mesh.off is unknown\n'] = { 'mesh.off' },
         ['options: %-%-epochs is "many", expected a number$'] = { '--epochs', 'many' },
         ['options: %-%-quick is "perhaps", expected yes or no$'] = { '--quick=perhaps' },
         ['options: %-%-data lacks its value$'] = { '--quick', '--data' },
         ['options: %-%-safe lacks its value$'] = { '--safe' },
      } do
         assert.fails(sentence, options.read, arguments, wanted)
      end
   end)

   it('are read from a list of strings by a list of entries', function()
      assert.fails('^%S+ options: arguments are nil and the list is nil, expected two tables$',
         options.read)
      assert.fails('options: the list begins with nil, expected a sentence', options.read, {}, {})
      assert.fails('options: entry 2 of the list is a table, expected { name, default, text }',
         options.read, {}, { 'X.', { 'a', {}, 'text' } })
      assert.fails('options: argument 1 is the number 5, expected a string', options.read, { 5 },
         wanted)
   end)

   it('are listed on request, and the script ends', function()
      files.open()
      local script = files.write('x.lua', [[
require('lacuna.options').read(arg, { 'Trains.', { 'epochs', 30, 'passes' },
   { 'data', '', 'a folder' }, { 'quick', false, 'less' } })
print 'not reached']])
      assert.equal(table.concat({ 'Trains.', '', '  --epochs NUMBER            passes (30)',
         '  --data STRING              a folder', '  --quick                    less', '=0',
         '' }, '\n'),
         files.shell(("luajit '%s' --quick --help; echo =$?"):format(script)))
      files.close()
   end)
end)
