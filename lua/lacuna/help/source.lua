--- Reads the comments of the library's own files: what LDoc makes pages of, at run time.
--
--     local file = source.parse('lacuna/nn/ReLU.lua', text)
--     print(file.module, file.header.summary)     -- lacuna.nn.ReLU  Keeps the positive part …
--
-- A file gives its header, and an entry for each function, class and field that has a comment.
-- @module lacuna.help.source
local source = {}

-- ---- lines ------------------------------------------------------------------------------------

--- Splits a text into lines.
-- @tparam string text
-- @treturn table
function source.split(text)
   local lines = {}
   for line in (text .. '\n'):gmatch '(.-)\n' do lines[#lines + 1] = line end
   return lines
end

--- Gives the lines of the comment directly above a line, in order.
-- @tparam table lines of the file
-- @tparam number at the line
-- @treturn table
-- @treturn number where the comment begins
function source.commentAbove(lines, at)
   local first = at
   while first > 1 and lines[first - 1]:match '^%s*%-%-' do
      first = first - 1
      if lines[first]:match '^%s*%-%-%-' then break end
   end
   return { unpack(lines, first, at - 1) }, first
end

--- Tells whether a comment says that what it stands above is not for users.
-- @tparam table comment its lines
-- @treturn boolean
function source.isInternal(comment)
   local text = table.concat(comment, '\n')
   return text:find '^%s*%-%- internal: %S' ~= nil or text:find '\n%-%- @local%f[%W]' ~= nil
end

--- Finds what a line defines: a function with a receiver, or an operation.
-- @tparam string line
-- @treturn ?string the name, with its receiver; nil if the line defines nothing public
-- @treturn ?string the arguments, where the line tells them
function source.definition(line)
   local name, arguments = line:match '^function ([%w_]+[.:][%w_.:]+)%((.-)%)'
   if name then return name, arguments end
   name, arguments = line:match '^([%w_]+%.[%w_.]+) = function%s*%((.-)%)'
   if name then return name, arguments end
   return line:match "^define%('(%w+)'" or line:match "^ops%.define%('(%w+)'"
      or line:match "^local %w+ = ops%.define%('(%w+)'"
end

-- ---- comments -----------------------------------------------------------------------------------

local function strip(line)
   return (line:gsub('^%s*%-%-%-? ?', '', 1):gsub('@{([^}]*)}', '%1'))
end

local function trim(text) return text:match '^%s*(.-)%s*$' end

-- `[opt=1]` of a tag: whether the argument may be left out, and for what it stands then.
local function modifier(text)
   local inside = text and text:match '^%[(.*)%]$'
   if not inside then return false, nil end
   return inside:find '^opt' ~= nil, inside:match '^opt%w*=(.+)$'
end

-- A line that a tag begins: what it adds to the document, and where its further lines go.
local function readTag(doc, tag, brackets, rest)
   local optional, default = modifier(brackets)
   if tag == 'tparam' or tag == 'param' then
      local kind, name, text
      if tag == 'tparam' then
         kind, name, text = rest:match '^(%S+)%s+(%S+)%s*(.*)$'
      else
         name, text = rest:match '^(%S+)%s*(.*)$'
      end
      if not name then return nil end
      local param = { name = name, type = kind, text = text, optional = optional,
         default = default }
      doc.params[#doc.params + 1] = param
      return param
   elseif tag == 'treturn' or tag == 'return' then
      local kind, text = rest:match '^(%S+)%s*(.*)$'
      if tag == 'return' then kind, text = nil, rest end
      doc.returns[#doc.returns + 1] = { type = kind, text = text }
      return doc.returns[#doc.returns]
   elseif tag == 'usage' then
      doc.usage = rest ~= '' and { rest } or {}
      return doc.usage
   end
   doc[tag] = trim(rest)
   return nil
end

--- Reads a comment.
-- @tparam table comment its lines, as in the file
-- @treturn table `summary`: the first sentence; `text`: a list of lines; `params`: `name`, `type`,
-- `text`, `optional`, `default` of each; `returns`: `type` and `text` of each; `usage`: lines; and
-- by its name what stands behind any other tag
function source.read(comment)
   local doc = { text = {}, params = {}, returns = {} }
   local place = doc.text
   for _, line in ipairs(comment) do
      local words = strip(line)
      local tag, brackets, rest = words:match '^@(%a+)(%b[])%s*(.*)$'
      if not tag then tag, rest = words:match '^@(%a+)%s*(.*)$' end
      if tag then
         place = readTag(doc, tag, brackets, rest)
      elseif place and place.text then
         place.text = trim(place.text .. ' ' .. trim(words))
      elseif place then
         place[#place + 1] = words
      end
   end
   while doc.text[#doc.text] == '' do doc.text[#doc.text] = nil end
   local first = {}
   for _, line in ipairs(doc.text) do
      if line == '' then break end
      first[#first + 1] = trim(line)
   end
   local paragraph = table.concat(first, ' ')
   -- a full stop ends it where a capital, or nothing, follows
   doc.summary = paragraph:match '^(.-%l%l[%)`]*%.)%s+[%u`]' or paragraph:match '^(.-%.)%s%s'
      or paragraph
   return doc
end

-- ---- files --------------------------------------------------------------------------------------

-- What the names in a file stand for: the classes that it makes, the modules that it loads, what it
-- returns, and tables that serve as classes.
local function receiversOf(lines, module)
   local receivers, classes, returned = {}, {}, nil
   for i = #lines, 1, -1 do
      returned = returned or lines[i]:match '^return ([%a_][%w_]*)$'
   end
   for i, line in ipairs(lines) do
      local name, required = line:match '^local ([%w_]+) = require .(lacuna[%w_.]*).'
      if name then receivers[name] = required:gsub('^lacuna%.', '') end
      local made, typename = line:match "^local ([%w_]+) = class%('([%w_.]+)'"
      if made then
         receivers[made] = typename
         classes[typename] = { name = made, line = i }
      end
      local own = line:match '^local ([%w_]+) = {' or line:match '^local ([%w_]+) = setmetatable'
      if own and not receivers[own] then
         receivers[own] = own == returned and module or module .. '.' .. own
      end
   end
   return receivers, classes, receivers[returned]
end

local function short(module) return (module:gsub('^lacuna%.?', '')) end

-- Of whom a name is: operations are functions of `ops`, wherever they are made.
local function ownerOf(file, receiver)
   if receiver then return file.receivers[receiver] or receiver end
   local module = short(file.module)
   return module:find '^ops%.' and 'ops' or module
end

local function entry(file, doc, name, line, arguments)
   local receiver, mark, last = name:match '^(.*)([.:])([^.:]+)$'
   local made = {
      doc = doc, last = last or name, owner = ownerOf(file, receiver), line = line,
      isMethod = mark == ':', arguments = arguments, file = file,
   }
   made.name = (made.owner == '' and 'lacuna' or made.owner) .. '.' .. made.last
   file.entries[#file.entries + 1] = made
   return made
end

-- An entry for the comment that ends above line i, if there is one and it is of something public.
local function readAbove(file, lines, i, seen)
   local line = lines[i]
   local comment, first = source.commentAbove(lines, i)
   local isInternal = comment[1] and comment[1]:find '^%-%- internal: %S' ~= nil
   local documented = isInternal or comment[1] and comment[1]:find '^%s*%-%-%- '
      and not source.isInternal(comment)
   if not documented or seen[first] then return end
   local name, arguments = source.definition(line)
   if isInternal then
      comment[1] = comment[1]:gsub('internal: (.)', string.upper, 1)
      if not name and not line:find '^[%w_]+%.[%w_.]+ = ' then return end
   end
   local doc = source.read(comment)
   doc.isInternal = isInternal
   if doc.classmod or doc.module then return end
   seen[first] = true
   if doc.type then
      file.types[doc.type] = doc
      return
   end
   local private = line:match '^local function ([%w_]+)' or line:match '^function ([%w_]+)%('
   if private and not doc['function'] then
      -- unless it is given a public name further down
      for k = i + 1, #lines do
         name = name or lines[k]:match('^([%w_]+%.[%w_]+) = ' .. private .. '$')
      end
      if not name then return end
      arguments = line:match '%((.-)%)'
   end
   local alias = line:match '^([%w_]+%.[%w_.]+) = '
   local field = line:match '^%s+([%a_][%w_]*) = '
   name = doc['function'] or name or alias
      or line:find '^return function' and file.module:match '[^.]*$' or field
   if name and #doc.text > 0 then
      entry(file, doc, name, i, arguments or line:match '^return function%s*%((.-)%)')
   end
end

--- Reads a file.
-- @tparam string path it ends with the module's path, `lacuna/nn/ReLU.lua`
-- @tparam string text
-- @treturn table `module`, `path`, `header`: a document; `entries`: `name` (such as `ops.relu`,
-- `nn.Module.forward`), `owner`, `last`, `line`, `doc`, `arguments`, `isMethod`; `classes`, with
-- the line that makes each, by the name of the type; `types`: documents by the name of a section;
-- `returns`: the module or class that it gives
function source.parse(path, text)
   local lines = source.split(text)
   local module = path:match '(lacuna[%w_/]*)%.lua$' or path
   local file = {
      path = path, lines = lines, entries = {}, types = {},
      module = (module:gsub('/init$', ''):gsub('/', '.')),
   }
   local head = 1
   while lines[head + 1] and lines[head + 1]:find '^%-%-' do head = head + 1 end
   file.header = source.read { unpack(lines, 1, head) }
   file.receivers, file.classes, file.returns = receiversOf(lines, short(file.module))
   local seen = {}
   for i = head + 1, #lines do
      if not lines[i]:find '^%s*%-%-' then readAbove(file, lines, i, seen) end
   end
   return file
end

-- Where several files give one table, the shortest of their names stands for all.
local function unify(files)
   local shortest = {}
   for _, file in pairs(files) do
      local owner, name = file.returns, short(file.module)
      if owner and #name < #(shortest[owner] or owner) then shortest[owner] = name end
   end
   for _, file in pairs(files) do
      for _, made in ipairs(file.entries) do
         if shortest[made.owner] then
            made.owner = shortest[made.owner]
            made.name = made.owner .. '.' .. made.last
         end
      end
   end
end

--- Reads all files of the library.
-- @tparam string folder where `lacuna/` lies, ending in a slash
-- @treturn table files, as @{parse} gives them, by module
function source.readAll(folder)
   local lfs = require 'lfs'
   local files = {}
   local function walk(path)
      for name in lfs.dir(folder .. path) do
         local inner = path .. '/' .. name
         if name:sub(1, 1) ~= '.' and lfs.attributes(folder .. inner, 'mode') == 'directory' then
            walk(inner)
         elseif name:sub(1, 1) ~= '.' and name:find '%.lua$' then
            local handle = io.open(folder .. inner)
            if handle then
               local file = source.parse(inner, handle:read '*a')
               handle:close()
               files[file.module] = file
            end
         end
      end
   end
   walk 'lacuna'
   unify(files)
   return files
end

return source
