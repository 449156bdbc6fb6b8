--- Parts of a user in checkpoints: objects that give or take what they should not.
local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local at = files.at

before_each(files.open)
after_each(files.close)

describe('a part of a checkpoint', function()
   it('that gives no table is refused when it is saved, not when it is missed', function()
      local part = { stateDict = function() end, loadStateDict = function() end }
      local run = lacuna.checkpoint(at 'run', { own = part })
      for words, value in pairs { ['nil'] = false, ['the number 3'] = 3 } do
         function part.stateDict() return value or nil end
         assert.fails('save: stateDict of own gave ' .. words .. ', expected a table', run.save,
            run, {})
      end
      assert.is_nil((run:resume()))
   end)

   it('that fails half-way is put back with the others', function()
      local weak = { kept = { 1 }, stateDict = function(self) return { kept = self.kept } end }
      local strong = { kept = 1, stateDict = function(self) return { kept = self.kept } end,
         loadStateDict = function(self, dict) self.kept = dict.kept end }
      function weak:loadStateDict(dict)
         self.kept = dict.kept
         if dict.kept[1] == 1 then error 'a one' end
      end
      local run = lacuna.checkpoint(at 'run', { a = strong, b = weak }, { say = function() end })
      run:save {}
      weak.kept, strong.kept = { 2 }, 2
      assert.matches('does not fit b: a one', select(2, run:resume()))
      assert.same({ { 2 }, 2 }, { weak.kept, strong.kept })
   end)
end)
