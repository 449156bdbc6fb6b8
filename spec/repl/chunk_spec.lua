local chunk = require 'lacuna.repl.chunk'

-- What a text turns into: its values, or nil and why not.
local function values(text)
   local f, isExpression = chunk.compile(text, 'prompt')
   if not f then return nil, isExpression end
   return { n = select('#', f()), f() }, isExpression
end

describe('a text at the prompt', function()
   it('is an expression, with all its values, or a statement', function()
      for text, expected in pairs {
         ['1 + 1'] = { n = 1, 2 }, ['1, nil, 3'] = { n = 3, 1, nil, 3 }, ['= 7'] = { n = 1, 7 },
         ['return 4, 5'] = { n = 2, 4, 5 }, ['nil'] = { n = 1 }, ['8 -- a comment'] = { n = 1, 8 },
         ['(function() end)()'] = { n = 0 }, ['{ 1,\n2 }, 3'] = { n = 2, { 1, 2 }, 3 },
      } do
         local list, isExpression = values(text)
         assert.same(expected, list, text)
         assert.is_true(isExpression, text)
      end
      for _, text in ipairs { 'local x = 1', 'for i = 1, 2 do end', 'do return end' } do
         local list, isExpression = values(text)
         assert.same({ n = 0 }, list)
         assert.is_false(isExpression)
      end
   end)

   it('does nothing where it is empty or a comment', function()
      for _, text in ipairs { '', '  \n ', '-- said', '--[[ said\n more ]]', ';' } do
         local list, isExpression = values(text)
         assert.same({ n = 0 }, list, text)
         assert.is_false(isExpression, text)
      end
   end)

   it('is incomplete where more lines may help', function()
      for _, text in ipairs { 'x = {', 'for i = 1, 2 do', 'function f()', 'f(', '1 +', 'if x then',
         'x = [[', '[==[ a ]] ', '--[[ a', '--[=[ ]]', 'x =', 'repeat', 'a.b:c', "x = 'a\\",
         'f {\n1,' } do
         assert.same({ nil, 'incomplete' }, { values(text) }, text)
      end
   end)

   it('is wrong where no line helps', function()
      for text, sentence in pairs {
         ["x = 'abc"] = "^prompt:1: unfinished string near '<eof>'$", ['"abc'] = '^prompt:1: unfin',
         ['end'] = "^prompt:1: .*near 'end'$", ['1 1'] = '^prompt:1: ',
         ['x = 1\ny = = 2'] = "^prompt:2: unexpected symbol near '='$",
         ["'a\\\\"] = 'unfinished string', ["'<eof>"] = 'unfinished string',
         ['= x ='] = "^prompt:1: ", ['\27LJ\2'] = '^prompt:1: bytecode, expected Lua$',
      } do
         local list, message = values(text)
         assert.is_nil(list, text)
         assert.matches(sentence, message)
      end
   end)

   it('blames who gives no text', function()
      assert.fails('compile: text is nil, expected a string', chunk.compile)
      assert.fails('compile: name is a table, expected a string', chunk.compile, '1', {})
   end)
end)
