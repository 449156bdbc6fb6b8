--- Describes any value for whoever typed its name: what `print` says is not enough there.
--
--     print(inspect.text({ 1, 2, { name = 'x' } }, { width = 60 }))     -- { 1, 2, { name = 'x' } }
--
-- It never fails, and ends soon whatever the value's size: what is long is cut, and comes in
-- further pieces.  Functions of a script are not called, but for a `__tostring` that its author
-- meant for this.
-- @module lacuna.repl.inspect
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local keywords = require 'lacuna.repl.keywords'
local lastElement = require('lacuna.repl.array').last
local names = require 'lacuna.help.names'
local objects = require 'lacuna.repl.objects'

local inspect = {}

local MOST_KEYS = 1000           -- of a table are looked at
local MOST_ITEMS = 2000          -- are written in all
local MOST_SIDE = 200            -- elements, and fields, of the outermost table
local MOST_BYTES = 2000          -- of a string that stands alone; of others a tenth
local LONGEST = 100000           -- bytes

local format

-- ---- what is cut --------------------------------------------------------------------------------

-- How one would type the way to the value at a depth: `_.a[3]`.
local function wayTo(context, depth)
   local parts = { context.name }
   for i = 1, depth do parts[i + 1] = context.steps[i] end
   return table.concat(parts)
end

-- Notes what was left out at a depth, for a piece of its own.
local function note(context, depth, cut)
   cut.depth, cut.order = depth, #context.cuts
   local inKey = context.keyOf
   cut.name = inKey and 'a key of ' .. wayTo(context, inKey) or wayTo(context, depth)
   context.cuts[#context.cuts + 1] = cut
end

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

-- A string, from a byte on.
local function formatString(value, context, depth, first)
   local most = depth == 0 and MOST_BYTES or MOST_BYTES / 10
   local shown = value:sub(first or 1, (first or 1) + most - 1)
   local last = (first or 1) + #shown - 1
   local cut = last < #value
   if cut then
      -- a character is not taken apart
      local start = shown:match '()[\192-\255][\128-\191]?[\128-\191]?[\128-\191]?$'
      if start and start > 1 then
         shown, last = shown:sub(1, start - 1), last - (#shown - start + 1)
      end
      note(context, depth, { text = value, first = last + 1 })
   end
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
   if depth > 0 then
      local line = oneLine(text)
      if line ~= text then note(context, depth, { value = value }) end
      return line
   end
   return text
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

-- Keys that are not of the array part, in order, and the last that was looked at, if there may be
-- more; `after` is where an earlier look ended.
local function keysOf(value, array, after)
   local list, key = {}, after
   if key == nil and array > 0 then key = array end
   for _ = 1, MOST_KEYS do
      key = next(value, key)
      if key == nil then break end
      local isElement = type(key) == 'number' and key >= 1 and key <= array
         and key == math.floor(key)
      if not isElement then list[#list + 1] = key end
   end
   table.sort(list, before)
   return list, key ~= nil and next(value, key) ~= nil and key or nil
end

local function isName(key)
   return type(key) == 'string' and #key <= 200 and key:find '^[%a_][%w_]*$' and not keywords[key]
end

local function formatKey(key, context, depth)
   if isName(key) then return key end
   context.keyOf = depth
   local text = oneLine(format(key, context, 3, ''))
   context.keyOf = nil
   return '[' .. text .. ']'
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

-- Elements from one on, as far as there is room, and how many are left.
local function elementsOf(value, first, context, depth, most, indent)
   local parts, array = {}, lastElement(value) or 0
   for i = first, math.min(array, first + most - 1) do
      if not take(context) then break end
      context.steps[depth + 1] = '[' .. i .. ']'
      parts[#parts + 1] = format(rawget(value, i), context, depth + 1, indent)
   end
   local left = array - first + 1 - #parts
   if left > 0 then
      note(context, depth, { value = value, element = first + #parts })
      return parts, ('… %d more'):format(left)
   end
   return parts
end

-- The same of fields.
local function fieldsOf(value, keys, first, after, context, depth, most, indent)
   local parts = {}
   for i = first, math.min(#keys, first + most - 1) do
      if not take(context) then break end
      local name = formatKey(keys[i], context, depth)
      context.steps[depth + 1] = isName(keys[i]) and '.' .. name or name
      local text = format(rawget(value, keys[i]), context, depth + 1, indent)
      parts[#parts + 1] = name .. ' = ' .. text
   end
   local left = #keys - first + 1 - #parts
   if left > 0 or after ~= nil then
      note(context, depth, { value = value, keys = keys, field = first + #parts, after = after })
      return parts, after ~= nil and '… and many fields' or ('… %d more fields'):format(left)
   end
   return parts
end

-- Parts in lines: elements are filled where they are short, fields stand one in a line.
local function layOut(elements, fields, width, indent)
   local parts = {}
   for _, part in ipairs(elements) do parts[#parts + 1] = part end
   local count, lines = #parts, {}
   for _, part in ipairs(fields) do parts[#parts + 1] = part end
   local short = areShort(elements)
   if short then
      lines = fill(elements, width, indent)
      if count < #parts then lines[#lines] = lines[#lines] .. ',' end
   end
   for i = short and count + 1 or 1, #parts do
      lines[#lines + 1] = indent .. parts[i] .. (i < #parts and ',' or '')
   end
   return table.concat(lines, '\n'), parts
end

local function append(context, parts, more)
   if more then parts[#parts + 1] = dim(context, more) end
   return parts
end

local function formatTable(value, context, depth, indent)
   if context.path[value] then return dim(context, '<cycle>') end
   local meta = debug.getmetatable(value)
   local name = type(meta) == 'table' and rawget(meta, '__typename')
   local head = type(name) == 'string' and paint(context, '36', name) .. ' ' or ''
   if next(value) == nil then return head .. '{}' end
   if depth > 3 then
      note(context, depth, { value = value })
      return head .. '{ … }'
   end
   context.path[value] = true
   local most, inner = depth == 0 and MOST_SIDE or depth == 1 and 40 or 12, indent .. '   '
   local elements = append(context, elementsOf(value, 1, context, depth, most, inner))
   local keys, after = keysOf(value, lastElement(value) or 0)
   local fields = append(context,
      fieldsOf(value, keys, 1, after, context, depth, most, inner))
   context.path[value] = nil
   local lines, parts = layOut(elements, fields, context.width, inner)
   local line = head .. '{ ' .. table.concat(parts, ', ') .. ' }'
   if not line:find '\n' and length(indent .. line) <= context.width then return line end
   return head .. '{\n' .. lines .. '\n' .. indent .. '}'
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

-- ---- pieces -------------------------------------------------------------------------------------

-- The first lines of a text, and how many there are beside.
local function limit(text, most, context)
   local at, lines = 0, 0
   while lines < most and at do
      at = text:find('\n', at + 1, true)
      lines = lines + 1
   end
   if at and at <= LONGEST then
      local _, more = text:sub(at + 1):gsub('\n', '')
      note(context, 0, { lines = text, first = at + 1 })
      return text:sub(1, at) .. ('… and %d more line%s'):format(more + 1, more == 0 and '' or 's')
   end
   if #text <= LONGEST then return text end
   local last = LONGEST
   while last > LONGEST - 4 and text:find('^[\128-\191]', last + 1) do last = last - 1 end
   note(context, 0, { lines = text, first = last + 1 })
   return text:sub(1, last) .. (context.colour and '\27[0m' or '') .. '…'
end

local function titled(cut, from, text)
   return ('%s%s:\n%s'):format(cut.name, from, text)
end

-- What a cut left out, or the beginning of it; nil if it turns out to be nothing.
local function pieceOf(cut, context)
   local value, indent = cut.value, '   '
   if cut.lines then return limit(cut.lines:sub(cut.first), context.height, context) end
   if cut.text then
      return titled(cut, ', from byte ' .. cut.first, formatString(cut.text, context, 0, cut.first))
   elseif cut.element then
      local list = append(context, elementsOf(value, cut.element, context, 0, MOST_SIDE, indent))
      return titled(cut, ', from ' .. cut.element, (layOut(list, {}, context.width, indent)))
   elseif not cut.keys then
      return titled(cut, '', format(value, context, 0, ''))
   end
   local keys, first, after = cut.keys, cut.field, cut.after
   while first > #keys and after ~= nil do
      keys, after = keysOf(value, lastElement(value) or 0, after)
      first = 1
   end
   if first > #keys then return nil end
   local list = append(context, fieldsOf(value, keys, first, after, context, 0, MOST_SIDE, indent))
   return titled(cut, ', more fields', (layOut({}, list, context.width, indent)))
end

local function failing(value) return '<a ' .. type(value) .. '>' end

-- Calls f with a fresh context.  What it cut of the text or of the outermost value is to come next,
-- what it cut further in when all else of `queue` was shown, the outer before the inner.
local function within(settings, name, queue, f)
   local context = { width = settings.width, height = settings.height, colour = settings.colour,
      items = MOST_ITEMS, name = name, path = {}, steps = {}, cuts = {} }
   local ok, text = pcall(f, context)
   if not ok and tostring(text):match 'interrupted$' then error(text, 0) end
   table.sort(context.cuts, function(a, b)
      if a.depth ~= b.depth then return a.depth < b.depth end
      return a.order < b.order
   end)
   local front = 0
   for _, cut in ipairs(context.cuts) do
      if cut.depth == 0 then
         front = front + 1
         table.insert(queue, cut.lines and 1 or front, cut)
      else
         queue[#queue + 1] = cut
      end
   end
   return ok, ok and text or tostring(text)
end

--- Describes a value, in one line or several, and what of it was cut.
-- @param value anything
-- @tparam[opt] table options `width`, 80, in characters; `height`, the most lines, 1000; `colour`,
-- whether to use the colours of a terminal, false; `name`, what the value is called, `_`
-- @treturn string
-- @treturn ?function gives the next piece of what was cut, until nil, and whether there may be more
function inspect.pieces(value, options)
   options = fail.options('inspect', options,
      { width = 80, height = 1000, colour = fail.off, name = '_' })
   local settings = {
      width = math.max(fail.whole('inspect', 'width', options.width, 1), 20),
      height = fail.whole('inspect', 'height', options.height, 1), colour = options.colour,
   }
   if type(options.name) ~= 'string' then
      fail.raise('inspect: name is %s, expected a string', fail.describe(options.name))
   end
   local queue = {}
   local ok, text = within(settings, options.name, queue, function(context)
      return limit(format(value, context, 0, ''), settings.height, context)
   end)
   if not ok then return failing(value) end
   if #queue == 0 then return text end
   return text, function()
      while #queue > 0 do
         local cut = table.remove(queue, 1)
         local fine, piece = within(settings, cut.name, queue, function(context)
            local shown = pieceOf(cut, context)
            return shown and not cut.lines and limit(shown, settings.height, context) or shown
         end)
         if not fine then  -- a table that changed has no key behind one that is gone
            piece = ('%s cannot be shown any more: %s'):format(cut.name, oneLine(piece))
         end
         if piece then return piece, #queue > 0 end
      end
   end
end

--- Describes a value, in one line or several.
-- @param value anything
-- @tparam[opt] table options as for @{pieces}
-- @treturn string
function inspect.text(value, options) return (inspect.pieces(value, options)) end

return inspect
