--- Raises an error that blames the user's line: the first frame outside this library.
-- @module lacuna.fail

local here = debug.getinfo(1, 'S').source:match('^(@.*)fail%.lua$')

local fail = {}

--- Says where the innermost line outside the library is.
-- @treturn string `file:line: `, or nothing when the whole stack is the library's
function fail.position()
   local level = 2
   while true do
      local info = debug.getinfo(level, 'Sl')
      if not info then return '' end
      if info.what ~= 'C' and info.source:sub(1, #here) ~= here then
         return ('%s:%d: '):format(info.short_src, info.currentline)
      end
      level = level + 1
   end
end

local places = {}

--- Has a function asked where a failure is, beside the line: `lacuna.nn` names the layer.
-- @tparam function f gives a text for the end of the sentence, or an empty one
function fail.tellPlace(f) places[#places + 1] = f end

--- Raises a sentence with the user's position before it.
-- @tparam string sentence a format, `what: A is B, expected C`
-- @param ... its values
function fail.raise(sentence, ...)
   if select('#', ...) > 0 then sentence = sentence:format(...) end
   for _, place in ipairs(places) do sentence = sentence .. place(sentence) end
   error(fail.position() .. sentence, 0)
end

--- Describes a value for a sentence: its type, and the value when it is short.
-- @param value anything
-- @treturn string such as `nil`, `the number 1.5`, `the string 'cpu'`, `a table`
function fail.describe(value)
   local kind = type(value)
   if kind == 'nil' then return 'nil' end
   if kind == 'number' then return ('the number %.14g'):format(value) end
   if kind == 'boolean' then return tostring(value) end
   if kind == 'string' then
      return ('the string %q'):format(#value > 40 and value:sub(1, 37) .. '...' or value)
   end
   if kind == 'table' then
      local class = getmetatable(value)
      local name = type(class) == 'table' and rawget(class, '__typename')
      return name and 'a ' .. tostring(name) or 'a table'
   end
   return 'a ' .. kind
end

--- Writes a shape for a sentence.
-- @tparam table sizes
-- @treturn string such as `2x3` or `a scalar`
function fail.shape(sizes) return #sizes == 0 and 'a scalar' or table.concat(sizes, 'x') end

--- Checks that a value is a table of whole numbers that are not negative.
-- @tparam string op who asks
-- @param value what came
-- @treturn table a copy
function fail.sizes(op, value)
   if type(value) ~= 'table' or getmetatable(value) then
      fail.raise('%s: sizes are %s, expected a table', op, fail.describe(value))
   end
   local copy = {}
   for i = 1, #value do copy[i] = fail.whole(op, 'size', value[i], 0) end
   return copy
end

--- Checks that a number is whole and in a range.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @tparam number low the least that is right
-- @tparam[opt] number high the most that is right
-- @treturn number the value
function fail.whole(op, what, value, low, high)
   if type(value) ~= 'number' or value ~= math.floor(value) or value < low
      or value > (high or 9007199254740992) then
      fail.raise('%s: %s is %s, expected a whole number %s', op, what, fail.describe(value),
         high and ('from %d to %d'):format(low, high) or 'of at least ' .. low)
   end
   return value
end

--- Checks that a value is a number, and not nan.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @treturn number the value
function fail.number(op, what, value)
   if type(value) ~= 'number' or value ~= value then
      fail.raise('%s: %s is %s, expected a number', op, what, fail.describe(value))
   end
   return value
end

--- Checks that a value is true or false, if it was given.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @tparam boolean default what nil stands for
-- @treturn boolean
function fail.flag(op, what, value, default)
   if value == nil then return default end
   if type(value) ~= 'boolean' then
      fail.raise('%s: %s is %s, expected true or false', op, what, fail.describe(value))
   end
   return value
end

--- Checks that a value can be called.
-- @tparam string op who asks
-- @param value what came
function fail.callable(op, value)
   local class = getmetatable(value)
   if type(value) ~= 'function' and not (type(class) == 'table' and class.__call) then
      fail.raise('%s: %s, expected a function', op, fail.describe(value))
   end
end

--- Checks that a number is finite and in a range.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @tparam number low the least that is right
-- @tparam[opt] number high the most that is right
-- @treturn number the value
function fail.range(op, what, value, low, high)
   if type(value) ~= 'number' or value ~= value or value < low or value > (high or 2 ^ 1023) then
      fail.raise('%s: %s is %s, expected a number %s', op, what, fail.describe(value),
         high and ('from %.14g to %.14g'):format(low, high) or ('of at least %.14g'):format(low))
   end
   return value
end

--- Checks that a value is a plain table of the keys 1, 2, 3 …, with nothing beside them.
-- @tparam string op who asks
-- @tparam string what the argument's name
-- @param value what came
-- @tparam string expected in words
-- @treturn table the value
function fail.list(op, what, value, expected)
   if type(value) ~= 'table' or getmetatable(value) then
      fail.raise('%s: %s are %s, expected %s', op, what, fail.describe(value), expected)
   end
   local count = #value
   for key in pairs(value) do
      if type(key) ~= 'number' or key < 1 or key > count or key ~= math.floor(key) then
         fail.raise('%s: %s are a table with the key %s, expected %s', op, what, tostring(key),
            expected)
      end
   end
   return value
end

--- The default of a flag that is off unless the user sets it; see @{options}.
fail.off = {}

--- Checks the names in a table of options, and fills in defaults.
-- @tparam string op who asks
-- @tparam ?table given the user's options
-- @tparam table defaults every option that exists; `false` stands for "no default", `true` and
-- `fail.off` are those of flags, which must be true or false
-- @treturn table a new table
function fail.options(op, given, defaults)
   if given ~= nil and type(given) ~= 'table' then
      fail.raise('%s: options are %s, expected a table', op, fail.describe(given))
   end
   if type(defaults) ~= 'table' then
      fail.raise('%s: defaults are %s, expected a table', op, fail.describe(defaults))
   end
   local result = {}
   for name, default in pairs(defaults) do
      if default ~= false then result[name] = default ~= fail.off and default end
   end
   for name, value in pairs(given or {}) do
      if defaults[name] == nil then
         local known = {}
         for key in pairs(defaults) do known[#known + 1] = tostring(key) end
         table.sort(known)
         fail.raise('%s: option %s is unknown, expected one of %s', op, tostring(name),
            table.concat(known, ', '))
      end
      if defaults[name] == true or defaults[name] == fail.off then fail.flag(op, name, value) end
      result[name] = value
   end
   return result
end

return fail
