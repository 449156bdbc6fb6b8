-- That scripts/test-all's modes are in force: its stages would pass without them.
describe('a mode of the specs', function()
   it('without the compiler has it off', function()
      assert.equal(os.getenv 'LACUNA_TEST_JIT' ~= 'off', (jit.status()))
   end)

   it('with a hard collector never lets it rest', function()
      local pause = collectgarbage('setpause', 0)
      collectgarbage('setpause', pause)
      assert.equal(os.getenv 'LACUNA_TEST_GC' == 'hard', pause == 0)
   end)
end)
