--- Tables of plain values as tables that JSON can hold, and back, losing nothing.
--
-- What JSON has goes in as it is: booleans, finite numbers, strings in UTF-8, lists, and tables
-- under such strings. Anything else becomes a table with one key that begins with `@`: `@number`
-- (nan, inf, -inf), `@int64`, `@uint64`, `@bytes` (hexadecimal), `@tensor` (the name under which it
-- is stored) and `@pairs` (a list of keys and values).
-- @module lacuna.checkpoint.plain
local fail = require 'lacuna.fail'
local json = require 'lacuna.json'
local Tensor = require 'lacuna.Tensor'

local plain = {}

local DEEPEST = 32  -- of the tables of a user; JSON's are up to three times as deep
local numbers = { nan = 0 / 0, inf = math.huge, ['-inf'] = -math.huge }

-- ---- writing --------------------------------------------------------------------------------

local function isText(value) return (pcall(json.encode, value)) end

local function encodeNumber(value)
   if value ~= value then return { ['@number'] = 'nan' } end
   if math.abs(value) == math.huge then return { ['@number'] = value > 0 and 'inf' or '-inf' } end
   return value
end

local function encodeString(value)
   if isText(value) then return value end
   return { ['@bytes'] = (value:gsub('.', function(c) return ('%02x'):format(c:byte()) end)) }
end

-- Whether the keys are 1 to n, the number of them.
local function isList(value)
   local count = 0
   for _ in pairs(value) do count = count + 1 end
   for i = 1, count do
      if value[i] == nil then return false end
   end
   return count > 0
end

local function isObject(value)
   for key in pairs(value) do
      if type(key) ~= 'string' or key:sub(1, 1) == '@' or not isText(key) then return false end
   end
   return true
end

local function keyName(key)
   if type(key) == 'number' then return ('%.14g'):format(key) end
   return type(key) == 'string' and isText(key) and key or '?'
end

local rank = { number = 1, string = 2, boolean = 3 }

local function sortedKeys(value, path)
   local keys = {}
   for key in pairs(value) do
      if not rank[type(key)] then
         fail.raise('save: a key of %s is %s, expected a number, string or boolean', path,
            fail.describe(key))
      end
      keys[#keys + 1] = key
   end
   table.sort(keys, function(a, b)
      if type(a) ~= type(b) then return rank[type(a)] < rank[type(b)] end
      if type(a) == 'boolean' then return a and not b end
      return a < b
   end)
   return keys
end

local encode

local function encodeTable(value, path, tensors, depth)
   if depth > DEEPEST then
      fail.raise('save: %s is deeper than %d tables, or in a circle', path, DEEPEST)
   end
   local result = {}
   if isList(value) then
      for i = 1, #value do
         result[i] = encode(value[i], path .. '.' .. i, tensors, depth + 1)
      end
      return result
   end
   local asObject = isObject(value)
   for _, key in ipairs(sortedKeys(value, path)) do
      local inner = encode(value[key], path .. '.' .. keyName(key), tensors, depth + 1)
      if asObject then
         result[key] = inner
      else
         local k = type(key) == 'string' and encodeString(key)
            or type(key) == 'number' and encodeNumber(key) or key
         result[#result + 1] = { k, inner }
      end
   end
   return asObject and result or { ['@pairs'] = result }
end

local function store(tensor, path, tensors)
   Tensor.check('save', path, tensor)
   local name, number = path, 1
   while tensors[name] do
      number = number + 1
      name = path .. '#' .. number
   end
   tensors[name] = tensor
   return { ['@tensor'] = name }
end

function encode(value, path, tensors, depth)
   local kind = type(value)
   if kind == 'boolean' or value == json.null then return value end
   if kind == 'number' then return encodeNumber(value) end
   if kind == 'string' then return encodeString(value) end
   if Tensor.is(value) then return store(value, path, tensors) end
   if kind == 'table' and not getmetatable(value) then
      return encodeTable(value, path, tensors, depth)
   end
   local whole, unsigned
   if kind == 'cdata' then whole, unsigned = tostring(value):match '^(%-?%d+)(U?)LL$' end
   if not whole then
      fail.raise('save: %s is %s, expected numbers, strings, booleans, tensors and tables of them',
         path, fail.describe(value))
   end
   return { [unsigned == 'U' and '@uint64' or '@int64'] = whole }
end

--- Turns a value into one that JSON can hold.
-- @param value numbers, also of 64 bits, strings, booleans, `lacuna.io.null`, tensors, and tables
-- of them
-- @tparam string path what the value is called: begins the names of tensors
-- @tparam table tensors gets each tensor by its name
-- @return what `lacuna.json` takes
function plain.encode(value, path, tensors) return encode(value, path, tensors, 1) end

-- ---- reading --------------------------------------------------------------------------------

local function bad(sentence, ...) error({ sentence = sentence:format(...) }, 0) end

local function decodeWhole(text, zero, suffix)
   if not text:match '^%-?%d+$' or #text > 20 then bad('%q is no whole number', text) end
   local value = zero
   for digit in text:gmatch '%d' do value = value * 10 + tonumber(digit) end
   if text:sub(1, 1) == '-' then value = -value end
   if tostring(value) ~= text .. suffix then bad('%q is no number of 64 bits', text) end
   return value
end

local decode

local decoders = {
   ['@number'] = function(text) return numbers[text] or bad('%q is no number', text) end,
   ['@int64'] = function(text) return decodeWhole(text, 0LL, 'LL') end,
   ['@uint64'] = function(text) return decodeWhole(text, 0ULL, 'ULL') end,
   ['@bytes'] = function(text)
      if #text % 2 ~= 0 or text:find '%X' then bad('%q are no bytes', text) end
      return (text:gsub('..', function(digits) return string.char(tonumber(digits, 16)) end))
   end,
   ['@tensor'] = function(name, tensors)
      return tensors[name] or bad('there is no tensor %q', name)
   end,
   ['@pairs'] = function(list, tensors)
      local result = {}
      for _, pair in ipairs(list) do
         if type(pair) ~= 'table' or #pair ~= 2 then bad('a pair is none') end
         local key = decode(pair[1], tensors)
         if not rank[type(key)] or key ~= key then bad('a key is %s', fail.describe(key)) end
         result[key] = decode(pair[2], tensors)
      end
      return result
   end,
}

function decode(value, tensors)
   if type(value) ~= 'table' then return value end
   local tag = next(value)
   if type(tag) == 'string' and tag:sub(1, 1) == '@' then
      local decoder, content = decoders[tag], value[tag]
      if not decoder or next(value, tag) ~= nil
         or type(content) ~= (tag == '@pairs' and 'table' or 'string') then
         bad('%q is unknown here', tag)
      end
      return decoder(content, tensors)
   end
   local result = {}
   for key, inner in pairs(value) do
      if type(key) == 'string' and key:sub(1, 1) == '@' then bad('%q is unknown here', key) end
      result[key] = decode(inner, tensors)
   end
   return result
end

--- Turns back what `encode` gave.
-- @param value as JSON gave it
-- @tparam table tensors by name
-- @return the value; nil if it is none that `encode` gives
-- @treturn ?string why it is not
function plain.decode(value, tensors)
   local good, result = pcall(decode, value, tensors)
   if good then return result end
   if type(result) ~= 'table' or not result.sentence then error(result, 0) end
   return nil, result.sentence
end

return plain
