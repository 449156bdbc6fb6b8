-- Runs busted, with the arguments of its command, in whatever Lua runs this file.
--   LACUNA_TEST_JIT=off   nothing is compiled
--   LACUNA_TEST_GC=hard   the collector never rests
if os.getenv('LACUNA_TEST_JIT') == 'off' then jit.off() end
if os.getenv('LACUNA_TEST_GC') == 'hard' then
   collectgarbage('setpause', 0)
   collectgarbage('setstepmul', 1000)
end

-- busted leaves by os.exit, with a status and a closed state, where its caller is not a file.
assert(loadstring("require 'busted.runner'({ standalone = false })", '=busted'))()
