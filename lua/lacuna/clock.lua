--- Wall-clock time.
-- @module lacuna.clock
local native = require 'lacuna.native'

--- Tells the seconds since some moment, with fractions, never going back.
-- @treturn number
return function() return native.C.lac_seconds() end
