local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local wild = require 'spec.support.wild'

describe('whatever is called with whatever', function()
   before_each(files.open)
   after_each(files.close)

   it('gives a result, or a sentence that blames the caller', function()
      local complaints, good = wild.run(8000, 20, files.at(), lacuna.device())
      assert.are.equal('', table.concat(complaints, '\n'))
      assert.is_true(good > 1000)
   end)
end)
