--- Describes any value for whoever typed its name: what `print` says is not enough there.
--
--     print(inspect.text({ 1, 2, { name = 'x' } }, { width = 60 }))     -- { 1, 2, { name = 'x' } }
--
-- It never fails, and ends soon whatever the value's size.  Functions of a script are not called,
-- but for a `__tostring` that its author meant for this.
-- @module lacuna.repl.inspect
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local lastElement = require('lacuna.repl.array').last
local names = require 'lacuna.help.names'
local objects = require 'lacuna.repl.objects'

local inspect = {}

local MOST_KEYS = 1000           -- of a table are looked at
local MOST_ITEMS = 2000          -- are written in all
local LONGEST = 100000           -- bytes

local format

-- ---- plain values -------------------------------------------------------------------------------

local function paint(context, code, text)
   return context.colour and '\27[' .. code .. 'm' .. text .. '\27[0m' or text
end

local function dim(context, text) return paint(context, '2', text) end

-- Characters, without colours.
local function length(text)
   return #text:gsub('\27%[[%d;]*m', ''):gsub('[\128-\191]', '')
end

local function formatNumber(value)
   if value ~= value then return 'nan' end
   if value == math.huge then return 'inf' end
   if value == -math.huge then return '-inf' end
   if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ('%.0f'):format(value) end
   return ('%.14g'):format(value)
end

local escapes = { ['\n'] = '\\n', ['\t'] = '\\t', ['\r'] = '\\r', ["'"] = "\\'", ['\\'] = '\\\\' }

-- Whether all bytes from 128 on make characters of UTF-8.
local function isText(value)
   local rest = value:gsub('[\194-\223][\128-\191]', '')
      :gsub('[\224-\239][\128-\191][\128-\191]', '')
      :gsub('[\240-\244][\128-\191][\128-\191][\128-\191]', '')
   return not rest:find '[\128-\255]'
end

local function formatString(value, context, depth)
   local most = depth == 0 and 2000 or 200
   local cut = #value > most
   local shown = cut and value:sub(1, most):gsub('[\192-\255][\128-\191]*$', '') or value
   shown = shown:gsub("[%c'\\]", function(c)
      return escapes[c] or ('\\%03d'):format(c:byte())
   end)
   if not isText(shown) then
      shown = shown:gsub('[\128-\255]', function(c) return ('\\%03d'):format(c:byte()) end)
   end
   local text = paint(context, '32', "'" .. shown .. (cut and '…' or '') .. "'")
   return cut and text .. dim(context, (' (%d bytes)'):format(#value)) or text
end

local libraries = { '_G', 'string', 'table', 'math', 'io', 'os', 'debug', 'coroutine', 'package',
   'bit', 'jit', 'ffi' }

-- The names of the functions of Lua's own libraries, before a script gives them others.
local own = {}
for _, library in ipairs(libraries) do
   local fields = package.loaded[library]
   for name, value in next, type(fields) == 'table' and fields or {} do
      if type(value) == 'function' and not own[value] then
         own[value] = library == '_G' and tostring(name) or library .. '.' .. tostring(name)
      end
   end
end

-- What the prompt calls one of ours that the reference does not have, such as `more`.
local function global(f)
   local found
   for name, value in next, _G do
      local fits = rawequal(value, f) and type(name) == 'string' and name ~= '_'
      if fits and (not found or name < found) then found = name end
   end
   return found
end

local function formatFunction(f, context, depth)
   if names.origin(f) and depth == 0 then
      local signature, summary = require('lacuna.help').line(f)
      if signature then
         return paint(context, '36', 'function ' .. signature) .. '\n  ' .. summary
      end
   end
   local known = own[f] or names.origin(f) and global(f)
   if known then return paint(context, '36', 'function ' .. known) end
   local info = debug.getinfo(class.original(f), 'S')
   if info.what == 'C' then return paint(context, '36', 'function of C') end
   return paint(context, '36', ('function %s:%d'):format(info.short_src, info.linedefined))
end

local function oneLine(text)
   local first = text:match '^[^\n]*'
   if #first > 200 then return first:sub(1, 200) .. '…' end
   return first == text and text or first .. ' …'
end

-- What a metatable's `__tostring` says; nil if it has none.
local function fromTostring(value, meta, context, depth)
   local f = type(meta) == 'table' and rawget(meta, '__tostring') or nil
   if f == nil then return nil end
   local ok, text = pcall(f, value)
   if not ok then
      local reason = type(text) == 'string' and text or 'an error that is a ' .. type(text)
      return dim(context, '<its __tostring fails: ' .. oneLine(reason) .. '>')
   end
   if type(text) ~= 'string' then
      return dim(context, '<its __tostring gives a ' .. type(text) .. '>')
   end
   if #text > LONGEST then text = text:sub(1, LONGEST) .. '…' end
   return depth == 0 and text or oneLine(text)
end

-- Of values that are neither tables nor plain: what they say of themselves, or their address.
local function formatOther(value, context)
   local kind = type(value)
   local ok, text = pcall(tostring, value)
   text = ok and type(text) == 'string' and oneLine(text) or kind
   if kind == 'thread' then text = text .. ', ' .. coroutine.status(value) end
   return paint(context, '36', text)
end

-- ---- tables -------------------------------------------------------------------------------------

local ranks = { boolean = 1, number = 2, string = 3 }

local function before(a, b)
   local x, y = ranks[type(a)] or 4, ranks[type(b)] or 4
   if x ~= y then return x < y end
   if x == 2 or x == 3 then return a < b end
   return tostring(type(a)) < tostring(type(b))
end

-- The keys behind the array part, in order, and whether there may be more.
local function keysOf(value, array)
   local list, seen = {}, 0
   for key in next, value, array > 0 and array or nil do
      seen = seen + 1
      local isElement = type(key) == 'number' and key >= 1 and key <= array
         and key == math.floor(key)
      if not isElement then list[#list + 1] = key end
      if seen > MOST_KEYS then return list, true end
   end
   table.sort(list, before)
   return list, false
end

local words = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
   return then true until while]]):gmatch '%a+' do words[word] = true end

local function formatKey(key, context)
   if type(key) == 'string' and key:find '^[%a_][%w_]*$' and not words[key] then return key end
   return '[' .. oneLine(format(key, context, 3, '')) .. ']'
end

-- Puts parts side by side as far as the width allows, with a comma after each but the last.
local function fill(parts, width, indent)
   local lines, line = {}, indent
   for i, part in ipairs(parts) do
      local text = part .. (i < #parts and ',' or '')
      local fits = length(line) + 1 + length(text) <= width or line == indent
      if line ~= indent and (not fits or part:find '\n') then
         lines[#lines + 1] = line
         line = indent
      end
      line = line == indent and line .. text or line .. ' ' .. text
   end
   if line ~= indent then lines[#lines + 1] = line end
   return lines
end

-- Whether parts may stand several in a line: elements that are short.
local function areShort(parts)
   for _, part in ipairs(parts) do
      if length(part) > 24 or part:find '\n' then return false end
   end
   return #parts > 0
end

local function take(context)
   context.items = context.items - 1
   return context.items >= 0
end

local function formatTable(value, context, depth, indent)
   if context.path[value] then return dim(context, '<cycle>') end
   local meta = debug.getmetatable(value)
   local name = type(meta) == 'table' and rawget(meta, '__typename')
   local head = type(name) == 'string' and paint(context, '36', name) .. ' ' or ''
   if next(value) == nil then return head .. '{}' end
   if depth > 3 then return head .. '{ … }' end
   context.path[value] = true
   local most, inner = depth == 0 and 200 or depth == 1 and 40 or 12, indent .. '   '
   local array = lastElement(value) or 0
   local elements, fields, more = {}, {}, {}
   for i = 1, math.min(array, most) do
      if not take(context) then break end
      elements[i] = format(rawget(value, i), context, depth + 1, inner)
   end
   if #elements < array then more[1] = ('%d more'):format(array - #elements) end
   local keys, unknown = keysOf(value, array)
   for i = 1, math.min(#keys, most) do
      if not take(context) then break end
      fields[i] = formatKey(keys[i], context) .. ' = '
         .. format(rawget(value, keys[i]), context, depth + 1, inner)
   end
   if unknown then
      more[2] = 'and many fields'
   elseif #fields < #keys then
      more[2] = ('%d more fields'):format(#keys - #fields)
   end
   context.path[value] = nil
   local parts, rest = {}, {}
   for _, part in ipairs(elements) do parts[#parts + 1] = part end
   if more[1] then parts[#parts + 1] = dim(context, '… ' .. more[1]) end
   local cut = #parts
   for _, part in ipairs(fields) do parts[#parts + 1] = part end
   if more[2] then parts[#parts + 1] = dim(context, '… ' .. more[2]) end
   local line = head .. '{ ' .. table.concat(parts, ', ') .. ' }'
   if not line:find '\n' and length(indent .. line) <= context.width then return line end
   -- too long for a line: elements are filled, fields stand one in a line
   local short = areShort { unpack(parts, 1, cut) }
   if short then
      rest = fill({ unpack(parts, 1, cut) }, context.width, inner)
      if cut < #parts then rest[#rest] = rest[#rest] .. ',' end
   end
   for i = short and cut + 1 or 1, #parts do
      rest[#rest + 1] = inner .. parts[i] .. (i < #parts and ',' or '')
   end
   return head .. '{\n' .. table.concat(rest, '\n') .. '\n' .. indent .. '}'
end

-- ---- dispatch -----------------------------------------------------------------------------------

-- Objects of the library, then what says something of itself, then tables as they are.
local function formatObject(value, context, depth, indent)
   local ok, text = pcall(objects.describe, value, depth, context.width)
   if ok and text then return text end
   local meta = debug.getmetatable(value)
   text = fromTostring(value, meta, context, depth)
   if text then return text end
   return formatTable(value, context, depth, indent)
end

function format(value, context, depth, indent)
   local kind = type(value)
   if value == nil and kind == 'nil' or kind == 'boolean' then
      return paint(context, '33', tostring(value))
   end
   if kind == 'number' then return formatNumber(value) end
   if kind == 'string' then return formatString(value, context, depth) end
   if kind == 'function' then return formatFunction(value, context, depth) end
   if kind == 'table' then return formatObject(value, context, depth, indent) end
   if kind == 'userdata' then
      local text = fromTostring(value, debug.getmetatable(value), context, depth)
      if text then return text end
   end
   return formatOther(value, context)
end

-- The first lines of a text, and how many there are beside.
local function limit(text, most)
   local at, lines = 0, 0
   while lines < most do
      at = text:find('\n', at + 1, true)
      if not at then return text end
      lines = lines + 1
   end
   local _, more = text:sub(at + 1):gsub('\n', '')
   return text:sub(1, at) .. ('… and %d more lines'):format(more + 1)
end

--- Describes a value, in one line or several.
-- @param value anything
-- @tparam[opt] table options `width`, 80, in characters; `height`, the most lines, 1000; `colour`,
-- whether to use the colours of a terminal, false
-- @treturn string
function inspect.text(value, options)
   options = fail.options('inspect', options, { width = 80, height = 1000, colour = false })
   local context = {
      width = math.max(fail.whole('inspect', 'width', options.width, 1), 20),
      colour = options.colour, items = MOST_ITEMS, path = {},
   }
   local height = fail.whole('inspect', 'height', options.height, 1)
   local ok, text = pcall(format, value, context, 0, '')
   if not ok then return '<a ' .. type(value) .. '>' end
   if #text > 2 * LONGEST then text = text:sub(1, 2 * LONGEST) .. '…' end
   return limit(text, height)
end

return inspect
