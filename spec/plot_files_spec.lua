-- The files in which a plot and gnuplot meet, and a gnuplot that fails.
local files = require 'spec.support.files'
local plot = require 'lacuna'.plot

describe('a plot', function()
   local program, newName, made

   before_each(function()
      files.open()
      program, newName, made = plot.program, os.tmpname, {}
      os.tmpname = function()  -- luacheck: ignore 122
         made[#made + 1] = newName()
         return made[#made]
      end
   end)
   after_each(function()
      plot.program, os.tmpname = program, newName  -- luacheck: ignore 122
      files.close()
   end)

   -- Makes a program of a shell's lines what draws; its second argument is the script's name.
   local function drawnBy(lines)
      plot.program = files.write('gnuplot', '#!/bin/sh\n' .. lines .. '\n')
      os.execute('chmod +x ' .. plot.program)
   end

   local function draw() return plot.scatter { points = { { 1, 2 } }, path = files.at 'x.svg' } end

   local function left()
      local count = 0
      for _, name in ipairs(made) do count = count + (files.read(name) and 1 or 0) end
      return ('%d of %d'):format(count, #made)
   end

   it('leaves no temporary file when it was drawn', function()
      -- the name of the output stands in octal numbers in the script
      drawnBy [[output=$(sed -n 's/^set output "\(.*\)"$/\1/p' "$2")
printf picture >"$(printf "$output")"]]
      assert.is_true(draw())
      assert.equal('picture', files.read(files.at 'x.svg'))
      assert.equal('0 of 2', left())
   end)

   it('leaves none, and says what went wrong, when it was not', function()
      drawnBy "echo 'line 3: undefined'; echo 'variable' >&2; exit 3"
      local expected = ('scatter: %s failed: line 3: undefined variable'):format(plot.program)
      assert.same({ nil, expected }, { draw() })
      plot.program = files.at 'none'
      assert.matches('none was not found; install gnuplot', select(2, draw()))
      drawnBy 'exit 0'
      assert.matches('failed: $', select(2, draw()))
      drawnBy 'kill -9 $$'
      assert.matches('failed: ', select(2, draw()))
      assert.equal('0 of 8', left())
   end)

   it('leaves none where no other can be made or written', function()
      local name = os.tmpname
      os.tmpname = function()  -- luacheck: ignore 122
         if #made % 2 == 1 then error 'no name' end
         return name()
      end
      local drawn, why = draw()
      assert.is_nil(drawn)
      assert.equal('scatter: there can be no temporary file', why)
      assert.equal('0 of 1', left())
      os.tmpname = function() return '/dev/full' end  -- luacheck: ignore 122
      local remove = os.remove
      finally(function() os.remove = remove end)  -- luacheck: ignore 122
      os.remove = function() end  -- luacheck: ignore 122
      drawn, why = draw()
      assert.is_nil(drawn)
      assert.matches('^scatter: cannot write a temporary file: .*No space left', why)
   end)
end)
