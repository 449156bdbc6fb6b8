local page = require 'lacuna.repl.page'

local function collector()
   local written = {}
   return function(text) written[#written + 1] = text end, function()
      local text = table.concat(written)
      written = {}
      return text
   end
end

describe('a long text', function()
   local write, read = collector()

   it('is cut, and says how much is left and how to see it', function()
      page.show('1\n2\n3\n4\n5\n6', write, { height = 3 })
      assert.equal('1\n2\n… 4 more lines, type more()\n', read())
      page.more(write)
      assert.equal('3\n4\n… 2 more lines, type more()\n', read())
      page.more(write)
      assert.equal('5\n6\n', read())
      page.more(write)
      assert.equal('there is nothing more to show\n', read())
   end)

   it('is whole where it fits, or no height is given', function()
      page.show('1\n2\n3', write, { height = 3 })
      assert.equal('1\n2\n3\n', read())
      page.show('1\n2\n3\n', write)
      assert.equal('1\n2\n3\n', read())
      page.show('', write, { height = 1 })
      assert.equal('\n', read())
   end)

   it('counts the lines that the terminal breaks, colours and long characters apart', function()
      page.show(('x'):rep(25) .. '\ny\nz', write, { height = 4, width = 10 })
      assert.equal(('x'):rep(25) .. '\n… 2 more lines, type more()\n', read())
      page.show('\27[1m' .. ('ü'):rep(10) .. '\27[0m\ny\nz', write, { height = 3, width = 10 })
      assert.equal('\27[1m' .. ('ü'):rep(10) .. '\27[0m\ny\nz\n', read())
   end)

   it('goes on, a line at least, however small the terminal', function()
      page.show('1\n2', write, { height = 1 })
      assert.equal('1\n… 1 more line, type more()\n', read())
      page.more(write, { height = 9 })
      assert.equal('2\n', read())
      page.show(('x'):rep(100) .. '\ny\nz', write, { height = 2, width = 10 })
      assert.equal(('x'):rep(100) .. '\n… 2 more lines, type more()\n', read())
   end)

   it('may have further pieces, which are made when they are asked for', function()
      local made = 0
      local function rest()
         made = made + 1
         if made == 1 then return 'a\nb\nc', true end
         if made == 2 then return 'd', false end
      end
      page.show('1\n2', write, { height = 3 }, rest)
      assert.equal('1\n2\n… more of it, type more()\n', read())
      page.show('1\n2\n3', write, { height = 3 }, rest)
      assert.equal('1\n2\n… 1 more line, type more()\n', read())
      page.more(write)
      assert.same({ '3\n… more of it, type more()\n', 0 }, { read(), made })
      page.more(write)
      assert.same({ 'a\nb\n… 1 more line, type more()\n', 1 }, { read(), made })
      page.more(write)
      page.more(write)
      assert.equal('c\n… more of it, type more()\nd\n', read())
      page.more(write)
      assert.same({ 'there is nothing more to show\n', 2 }, { read(), made })
      page.show('1', write, nil, function() end)
      page.more(write)
      assert.equal('1\n… more of it, type more()\nthere is nothing more to show\n', read())
      page.show('1', write, nil, function() error 'mine' end)
      assert.has_error(function() page.more(write) end)
      page.more(write)
      assert.matches('there is nothing more to show\n$', read())
   end)

   it('gives way to the next', function()
      page.show('1\n2\n3', write, { height = 2 })
      page.show('a', write, { height = 2 })
      read()
      page.more(write)
      assert.equal('there is nothing more to show\n', read())
   end)

   it('blames wrong arguments', function()
      assert.fails('page: text is nil, expected a string', page.show, nil, write)
      assert.fails('page: nil, expected a function', page.show, 'a')
      assert.fails('page: height is the number 0', page.show, 'a', write, { height = 0 })
      assert.fails('more: the number 1, expected a function', page.more, 1)
      assert.fails('page: the number 1, expected a function', page.show, 'a', write, nil, 1)
   end)
end)
