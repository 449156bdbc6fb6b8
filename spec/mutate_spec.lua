-- What scripts/mutants can break in a line, and what it leaves alone.
local mutate = dofile 'scripts/lib/mutate.lua'

-- The lines that a program of one line can become, sorted, one operator's or all.
local function broken(text, language, operator)
   local list = {}
   for _, mutant in ipairs(mutate.all(text, language)) do
      if not operator or mutant.operator == operator then
         list[#list + 1] = mutate.apply(text, mutant)
      end
   end
   table.sort(list)
   return list
end

describe('a mutant of Lua', function()
   it('changes an operator or a constant', function()
      assert.same({ 'local a = x * y + 2', 'local a = x * y + 4', 'local a = x * y - 3',
         'local a = x / y + 3' }, broken('local a = x * y + 3', 'lua'))
      assert.same({ 'while a <= b and c do', 'while a < b or c do', 'while false do' },
         { broken('while a < b and c do', 'lua', 'compare')[1],
            broken('while a < b and c do', 'lua', 'logic')[1],
            broken('while a < b and c do', 'lua', 'condition')[1] })
      assert.same({ 'f(math.max(a.b, c))' }, broken('f(math.min(a.b, c))', 'lua', 'arithmetic'))
   end)

   it('decides a condition', function()
      assert.same({ 'if false then return end', 'if true then return end' },
         broken('if not a or #b == c then return end', 'lua', 'condition'))
   end)

   it('returns nothing, drops a statement, swaps arguments', function()
      assert.same({ 'if a then return nil end' },
         broken('if a then return f(b) end', 'lua', 'return'))
      assert.same({ 'local b = a\n\nreturn b' }, broken('local b = a\nb = f(b)\nreturn b', 'lua',
         'statement'))
      assert.same({ 'f(b, a, c)' }, broken('f(a, b, c)', 'lua', 'arguments'))
   end)

   it('leaves strings, comments, messages, signs and half statements alone', function()
      assert.same({}, broken("local a = 'x < 1' .. [[ 2 ]]  -- a + 1 == b", 'lua'))
      assert.same({}, broken("local a = b --[==[ 1 + 2\n ]==] .. c", 'lua'))
      assert.same({}, broken("error('at ' .. 1 + 2)", 'lua', 'arithmetic'))
      assert.same({}, broken('local a = -b', 'lua'))
      assert.same({}, broken('local a = f(b,\n   c)', 'lua', 'statement'))
      assert.same({}, broken('local a = b +\n   f(c)', 'lua', 'statement'))
      assert.same({}, broken('f(a)\n   .g = b', 'lua', 'statement'))
      assert.same({}, broken('local function f(a, b) end', 'lua'))
   end)
end)

describe('a mutant of C', function()
   it('changes what Lua spells otherwise', function()
      assert.same({ 'x = a != b || c;', 'x = a == b && c;' },
         { broken('x = a == b || c;', 'c', 'compare')[1],
            broken('x = a == b || c;', 'c', 'logic')[1] })
      assert.same({ 'x -= 2;' }, broken('x += 2;', 'c', 'arithmetic'))
      assert.same({ 'n = 511u;', 'n = 513u;' }, broken('n = 512u;', 'c', 'constant'))
      assert.same({ 'x = (0.5f + 1);' }, broken('x = 0.5f;', 'c', 'constant'))
      assert.same({ 'if (0) return f(a);', 'if (1) return f(a);' },
         broken('if (f(a) < b) return f(a);', 'c', 'condition'))
      assert.same({ '{ return 0; }' }, broken('{ return a * b; }', 'c', 'return'))
      assert.same({ '{ return 1; }' }, broken('{ return LAC_OK; }', 'c', 'return'))
      assert.same({ 'int a;\n;' }, broken('int a;\nLAC_TRY(f(a));', 'c', 'statement'))
   end)

   it('leaves pointers, the preprocessor, messages and declarations alone', function()
      assert.same({}, broken('#define SIZE (1 + 2)\n#include <math.h>', 'c'))
      assert.same({}, broken('const float *in = (float *)data;', 'c'))
      assert.same({}, broken('return lac_fail(LAC_E, "%d", a + 1);', 'c', 'arithmetic'))
      assert.same({}, broken('lac_tensor *t = p->next;', 'c'))
      assert.same({}, broken('x = 0xff51u;', 'c', 'constant'))
   end)
end)

describe('the choice of mutants', function()
   local text = ('a = b + 1\n'):rep(10)

   it('is the same for the same seed, and goes through all lines before it comes back', function()
      local function order(seed)
         return mutate.shuffle(mutate.all(text, 'lua'), mutate.random(seed))
      end
      assert.same(order(1), order(1))
      assert.not_same(order(1), order(2))
      assert.equal(#mutate.all(text, 'lua'), #order(1))
      local seen = {}
      for i = 1, 10 do seen[order(1)[i].line] = true end
      assert.equal(10, #seen)
   end)

   it('gives each file its share', function()
      assert.same({ 7, 2, 1 }, mutate.shares({ 700, 100, 5 }, 10))
      assert.same({ 2, 0, 0 }, mutate.shares({ 700, 100, 5 }, 2))
      assert.same({ 3, 3, 3 }, mutate.shares({ 10, 10, 10 }, 9))
   end)
end)
