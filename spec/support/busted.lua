-- Runs busted, with the arguments of its command, in whatever Lua runs this file.
-- LACUNA_TEST_JIT=off switches the compiler off; LACUNA_TEST_GC=hard lets the collector never rest:
-- a cycle follows the one before at once.
if os.getenv 'LACUNA_TEST_JIT' == 'off' then
   jit.off()
   jit.flush()
end
if os.getenv 'LACUNA_TEST_GC' == 'hard' then
   collectgarbage('setpause', 0)
   collectgarbage('setstepmul', 1000)
end
-- busted leaves by os.exit, with a status and a closed state, where its caller is not a file.
assert(loadstring("require 'busted.runner'({ standalone = false })", '=busted'))()
