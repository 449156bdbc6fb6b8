-- Commits what the address sanitizer must catch: 0 oversteps a block, 1 reads one after release.
local native = require 'lacuna.native'

native.check(native.C.lac_debug_fault(tonumber(arg[1])))
