--- Samples as bytes: how they travel between Lua states, which share nothing.
--
-- A value is a number, a string, a boolean, a tensor of the cpu, or a table of such values without
-- cycles.  What comes back is equal: numbers to the last bit, tensors with their dtype and shape.
--
--     local bytes = require 'lacuna.data.bytes'
--     local copy = bytes.decode(bytes.encode { label = 3, coords = coords })
--
-- A letter begins each value: T, F, Z (nil in an array); n number; s length:bytes;
-- x dtype:sizes;elements; t count; elements, then keys and values, then e.
-- @module lacuna.data.bytes
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local Tensor = require 'lacuna.Tensor'

local bytes = {}

local types = { float32 = '<f4', int32 = '<i4', int64 = '<i8', uint8 = '|u1' }
local KINDS = 'numbers, strings, booleans, cpu tensors or tables of them'

local function name(path)
   local words = { 'the value' }
   for i, key in ipairs(path) do
      words[i + 1] = type(key) == 'string' and '.' .. key or '[' .. tostring(key) .. ']'
   end
   return table.concat(words)
end

local append

local function appendTensor(parts, t, path)
   if t.handle == nil then
      fail.raise('bytes: %s is a tensor that was released, expected a live one', name(path))
   end
   if t.device ~= 'cpu' then
      fail.raise('bytes: %s is a tensor on %s, expected one on cpu', name(path), t.device)
   end
   parts[#parts + 1] = ('x%s:%s;'):format(t.dtype, table.concat(t.sizes, ','))
   parts[#parts + 1] = t:toString()
end

local function appendTable(parts, value, path, open)
   if getmetatable(value) ~= nil then
      fail.raise('bytes: %s is %s with a metatable, expected %s', name(path),
         fail.describe(value), KINDS)
   end
   if open[value] then
      fail.raise('bytes: %s lies within itself, expected no cycles', name(path))
   end
   open[value] = true
   local depth, n = #path + 1, #value
   parts[#parts + 1] = 't' .. n .. ';'
   for i = 1, n do
      path[depth] = i
      append(parts, value[i], path, open)
   end
   for key, inner in next, value do
      local inArray = type(key) == 'number' and key >= 1 and key <= n and key == math.floor(key)
      if not inArray then
         path[depth] = key
         if type(key) == 'table' then
            fail.raise('bytes: a key of %s is %s, expected a number, string or boolean',
               name(path), fail.describe(key))
         end
         append(parts, key, path, open)
         append(parts, inner, path, open)
      end
   end
   path[depth] = nil
   parts[#parts + 1] = 'e'
   open[value] = nil
end

append = function(parts, value, path, open)
   local kind = type(value)
   if kind == 'number' then
      parts[#parts + 1] = ('n%.17g;'):format(value)
   elseif kind == 'string' then
      parts[#parts + 1] = 's' .. #value .. ':'
      parts[#parts + 1] = value
   elseif kind == 'boolean' then
      parts[#parts + 1] = value and 'T' or 'F'
   elseif Tensor.is(value) then
      appendTensor(parts, value, path)
   elseif kind == 'table' then
      appendTable(parts, value, path, open)
   elseif kind == 'nil' then
      parts[#parts + 1] = 'Z'
   else
      fail.raise('bytes: %s is %s, expected %s', name(path), fail.describe(value), KINDS)
   end
end

--- Adds the bytes of a value to a list of strings; `table.concat` joins them.
-- @tparam table parts
-- @param value
function bytes.append(parts, value) append(parts, value, {}, {}) end

--- Turns a value into bytes.
-- @param value
-- @treturn string
function bytes.encode(value)
   local parts = {}
   append(parts, value, {}, {})
   return table.concat(parts)
end

local read

local function broken(at) fail.raise('bytes: byte %d fits no value, expected encoded ones', at) end

local function stretch(text, first, length)
   if length > #text - first + 1 then broken(#text + 1) end
   return text:sub(first, first + length - 1), first + length
end

local special = { inf = math.huge, ['-inf'] = -math.huge, nan = 0 / 0, ['-nan'] = 0 / 0 }

local readers = {
   T = function(_, at) return true, at end,
   F = function(_, at) return false, at end,
   Z = function(_, at) return nil, at end,
   n = function(text, at)
      local digits, after = text:match('^([^;]+);()', at)
      local value = digits and (special[digits] or tonumber(digits))
      if not value then broken(at) end
      return value, after
   end,
   s = function(text, at)
      local length, after = text:match('^(%d+):()', at)
      if not length then broken(at) end
      return stretch(text, after, tonumber(length))
   end,
   x = function(text, at)
      local dtype, list, after = text:match('^(%w+):([%d,]*);()', at)
      local sizes = {}
      for digits in (list or ''):gmatch '%d+' do sizes[#sizes + 1] = tonumber(digits) end
      local size = types[dtype] and file.bytes(types[dtype], sizes)
      if not size then broken(at) end
      local elements
      elements, after = stretch(text, after, size)
      return Tensor.fromString(elements, sizes, { dtype = dtype, device = 'cpu' }), after
   end,
   t = function(text, at)
      local n, after = text:match('^(%d+);()', at)
      if not n then broken(at) end
      local value = {}
      for i = 1, tonumber(n) do value[i], after = read(text, after) end
      while text:byte(after) ~= 101 do  -- e
         local key
         key, after = read(text, after)
         if key == nil or key ~= key or type(key) == 'table' then broken(after) end
         value[key], after = read(text, after)
      end
      return value, after + 1
   end,
}

read = function(text, at)
   local reader = readers[text:sub(at, at)]
   if not reader then broken(at) end
   return reader(text, at + 1)
end

--- Reads one of several values that follow each other.
-- @tparam string text
-- @tparam number at its first byte, from one
-- @return the value
-- @treturn number the byte after it
bytes.read = read

--- Turns bytes back into a value; tensors come to the cpu.
-- @tparam string text what @{encode} gave
-- @return the value
function bytes.decode(text)
   if type(text) ~= 'string' then
      fail.raise('bytes: %s, expected a string', fail.describe(text))
   end
   local value, after = read(text, 1)
   if after ~= #text + 1 then broken(after) end
   return value
end

return bytes
