local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local wild = require 'spec.support.wild'

describe('whatever is called with whatever', function()
   before_each(files.open)
   after_each(files.close)

   it('gives a result, or a sentence that blames the caller', function()
      local complaints, count = wild.run(9000, 20, files.at(), lacuna.device())
      assert.are.equal('', table.concat(complaints, '\n'))
      assert.is_true(count.results > 1500)
      print(('\n%d calls, %d results, %d errors; %d of %d functions'):format(9000, count.results,
         count.errors, count.covered, count.targets))
   end)

   it('leaves out few functions, and says why', function()
      local targets, left = wild.targets(files.at())
      for _, entry in ipairs(left) do assert.matches('^%l[%w :\'-]+', entry.why) end
      assert.is_true(#left * 10 < #targets)
   end)
end)
