--- JSON: read strictly, and written so that the same value always gives the same text.
--
-- Reading is lua-cjson's, with two things refused that it lets pass: infinite numbers and an
-- object that has a key twice. Writing sorts keys and keeps every bit of a number.
-- @module lacuna.json
local cjson = require 'cjson'
local fail = require 'lacuna.fail'

local json = {}

local parser = cjson.new()
parser.decode_invalid_numbers(false)

--- What stands for JSON's null.
json.null = cjson.null

-- ---- reading --------------------------------------------------------------------------------

-- The place after the string that begins at a quote.
local function skipString(text, at)
   while true do
      at = text:find('["\\]', at + 1)
      if text:byte(at) == 34 then return at + 1 end
      at = at + 1
   end
end

-- The first key that an object has twice; the text is valid JSON.
local function findTwice(text)
   local seen, depth, at = {}, 0, 1
   while true do
      at = text:find('["{}]', at)
      if not at then return nil end
      local char = text:sub(at, at)
      if char == '"' then
         local next = skipString(text, at)
         if text:find('^%s*:', next) then
            local key = text:sub(at + 1, next - 2)
            if key:find('\\', 1, true) then key = parser.decode('["' .. key .. '"]')[1] end
            if seen[depth][key] then return key end
            seen[depth][key] = true
         end
         at = next
      else
         depth = depth + (char == '{' and 1 or -1)
         if char == '{' then seen[depth] = {} end
         at = at + 1
      end
   end
end

--- Reads a value.
-- @tparam string text
-- @return the value, with `json.null` for null; nil if the text is not JSON
-- @treturn ?string why it is not
function json.decode(text)
   if type(text) ~= 'string' then
      fail.raise('json: text is %s, expected a string', fail.describe(text))
   end
   local zero = text:find '%z'  -- where the parser would stop, content
   if zero then return nil, ('not JSON: a byte of zero at character %d'):format(zero) end
   local good, value = pcall(parser.decode, text)
   if not good then return nil, 'not JSON: ' .. value end
   local twice = findTwice(text)
   if twice then return nil, ('the key %q comes twice'):format(twice) end
   return value
end

-- ---- writing --------------------------------------------------------------------------------

local DEEPEST = 100
local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f',
   ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }

local function escape(char) return escapes[char] or ('\\u%04x'):format(char:byte()) end

-- Whether every byte belongs to a character of UTF-8, written as short as it can be.
local function isUtf8(text)
   local at = text:find('[\128-\255]')
   while at do
      local first = text:byte(at)
      local more = first >= 0xf0 and 3 or first >= 0xe0 and 2 or 1
      local tail = text:match('^[\128-\191]+', at + 1) or ''
      local second = tail:byte(1) or 0
      if first < 0xc2 or first > 0xf4 or #tail ~= more or first == 0xe0 and second < 0xa0
         or first == 0xed and second > 0x9f or first == 0xf0 and second < 0x90
         or first == 0xf4 and second > 0x8f then
         return false
      end
      at = text:find('[\128-\255]', at + more + 1)
   end
   return true
end

local function encodeString(text)
   if not isUtf8(text) then
      fail.raise('json: the string %q is not UTF-8', text:sub(1, 40))
   end
   return '"' .. text:gsub('[%c"\\]', escape) .. '"'
end

local function encodeNumber(value)
   if value ~= value or math.abs(value) == math.huge then
      fail.raise('json: a number is %g, expected a finite one', value)
   end
   if value == math.floor(value) and math.abs(value) < 1e15 then return ('%.0f'):format(value) end
   local text
   for digits = 15, 17 do
      text = ('%.' .. digits .. 'g'):format(value)
      if tonumber(text) == value then break end
   end
   return text
end

local encode

local function encodeArray(value, indent, depth)
   local inner, words, plain = indent and indent .. '  ', {}, true
   for i = 1, #value do
      if type(value[i]) == 'table' then plain = false end
      words[i] = encode(value[i], inner, depth + 1)
   end
   if plain or not indent then
      return '[' .. table.concat(words, indent and ', ' or ',') .. ']'
   end
   return '[\n' .. inner .. table.concat(words, ',\n' .. inner) .. '\n' .. indent .. ']'
end

local function encodeObject(value, indent, depth)
   local inner, keys, words = indent and indent .. '  ', {}, {}
   for key in pairs(value) do
      if type(key) ~= 'string' then
         fail.raise('json: a key is %s, expected strings, or an array from 1 without gaps',
            fail.describe(key))
      end
      keys[#keys + 1] = key
   end
   table.sort(keys)
   for i, key in ipairs(keys) do
      words[i] = encodeString(key) .. (indent and ': ' or ':')
         .. encode(value[key], inner, depth + 1)
   end
   if #words == 0 or not indent then return '{' .. table.concat(words, ',') .. '}' end
   return '{\n' .. inner .. table.concat(words, ',\n' .. inner) .. '\n' .. indent .. '}'
end

function encode(value, indent, depth)
   local kind = type(value)
   if value == json.null then return 'null' end
   if kind == 'string' then return encodeString(value) end
   if kind == 'number' then return encodeNumber(value) end
   if kind == 'boolean' then return tostring(value) end
   if kind ~= 'table' or getmetatable(value) then
      fail.raise('json: a value is %s, expected a table, string, number or boolean',
         fail.describe(value))
   end
   if depth > DEEPEST then fail.raise('json: tables deeper than %d, or in a circle', DEEPEST) end
   local count = 0
   for _ in pairs(value) do count = count + 1 end
   if count > 0 and count == #value then return encodeArray(value, indent, depth) end
   return encodeObject(value, indent, depth)
end

--- Writes a value. Tables are arrays where their keys are 1 to n, else objects; an empty one is
-- an object.
-- @param value a table, string, number, boolean or `json.null`
-- @tparam[opt=false] boolean readable in lines, with two blanks a level
-- @treturn string
function json.encode(value, readable) return encode(value, readable and '' or nil, 1) end

return json
