--- Finds what documents a value or a name.
--
-- A subject is a table: `title`, as one writes it; `kind`: `function`, `class`, `module` or
-- `field`; `doc`, as `source.read` gives it; `entry`, the comment it is, if not a file's header;
-- `class`, of a method; `from`, the name under which it is documented if that is another one;
-- `classDoc`, of a method that has no comment but that of a class above: what documents its class.
-- @module lacuna.help.index
local class = require 'lacuna.class'
local names = require 'lacuna.help.names'
local source = require 'lacuna.help.source'

local index = {}

-- ---- comments ---------------------------------------------------------------------------------

local known

-- A class is documented by its file's header, by a section, or by what stands above it.
local function docOfClass(file, made)
   local header = file.header.classmod or ''
   if header:match '[^.]*$' == made.name then return file.header end
   local comment = source.commentAbove(file.lines, made.line)
   local above = (comment[1] or ''):find '^%-%-%- ' and source.read(comment)
   return file.types[made.name] or above or file.header
end

-- All files, and their entries by name and by place.
local function comments()
   if known then return known end
   local files = source.readAll(names.root)
   known = { files = files, byName = {}, byPlace = {}, byType = {} }
   for _, file in pairs(files) do
      for _, entry in ipairs(file.entries) do
         known.byName[entry.name] = known.byName[entry.name] or entry
         if file.lines[entry.line]:find '%f[%w]function%f[%W]' then
            known.byPlace[file.path .. ':' .. entry.line] = entry
         end
      end
      for typename, made in pairs(file.classes) do
         known.byType[typename] = { file = file, line = made.line, doc = docOfClass(file, made) }
      end
   end
   return known
end

--- Tells whether the library's files can be read.
-- @treturn boolean
function index.isReadable() return comments().files.lacuna ~= nil end

local function entryAt(f)
   local path, line = names.origin(f)
   return path and comments().byPlace[path .. ':' .. line]
end

local function parentOf(value)
   local meta = getmetatable(value)
   return type(meta) == 'table' and type(rawget(meta, '__index')) == 'table'
      and rawget(meta, '__index') or nil
end

-- ---- subjects -----------------------------------------------------------------------------------

local records

-- Where a function of a class is documented if not there: in a class above.
local function inherited(record)
   local above = record.class and parentOf(record.class)
   while above do
      local entry = comments().byName[above.__typename .. '.' .. record.last]
      if entry then return entry end
      above = parentOf(above)
   end
end

-- The comment of a function, and whether it stands under another name.
local function documentation(record)
   local own = comments().byName[record.key]
   local tells = own and (#own.doc.params > 0 or #own.doc.returns > 0)
   if tells then return own end
   local made = entryAt(record.value)
   if made then return made, made.name ~= record.key end
   if own then return own end
   for _, other in ipairs(records) do
      if other.value == record.value and other.key ~= record.key then
         local entry = comments().byName[other.key]
         if entry then return entry, true end
      end
   end
   return inherited(record), true
end

local function isClass(value)
   return type(value) == 'table' and type(rawget(value, '__typename')) == 'string'
end

-- Ours, not one of a script that has the name of ours.
local function ofType(value)
   local found = comments().byType[rawget(value, '__typename')]
   if not found then return nil end
   for _, member in next, value do
      if type(member) == 'function' and names.origin(member) == found.file.path then
         return found
      end
   end
   return (names.module(value) or next(value) == nil) and found or nil
end

local function classSubject(title, value)
   local found = ofType(value)
   if not found then return nil end
   local made
   local at = value
   while at and not made do
      made = comments().byName[at.__typename .. '.__init']
      at = parentOf(at)
   end
   return { title = title, kind = 'class', value = value, file = found.file, line = found.line,
      doc = found.doc, constructor = made, name = value.__typename }
end

local function moduleSubject(title, value, short)
   local file = comments().files[short == 'lacuna' and short or 'lacuna.' .. short]
   return file and { title = title, kind = 'module', value = value, file = file, line = 1,
      doc = file.header, name = short }
end

local function subjectOf(record)
   local value = record.value
   if isClass(value) then return classSubject(record.path, value) end
   local short = type(value) == 'table' and names.module(value)
   if short then return moduleSubject(record.path, value, short) end
   local isFunction = type(value) == 'function'
   local entry, elsewhere
   if isFunction then
      entry, elsewhere = documentation(record)
   else
      entry = comments().byName[record.key]
   end
   if not entry then return nil end
   local typed = elsewhere and record.class and ofType(record.class)
   local inherits = typed and comments().byType[entry.owner] and entry.owner ~= 'Tensor'
   return { title = record.path, classDoc = inherits and typed.doc or nil,
      kind = isFunction and 'function' or 'field', value = value,
      entry = entry, doc = entry.doc, file = entry.file, line = entry.line,
      class = record.class, from = elsewhere and entry.name or nil, name = entry.name }
end

local subjects = {}  -- the subject of a public name, and its value when that was found

--- Lists a subject for every public name, loading all parts.
-- @treturn table subjects, each name once
-- @treturn table the public names that nothing documents
function index.all()
   records = names.walk()
   local list, missing = {}, {}
   for _, record in ipairs(records) do
      local had = subjects[record.path]
      if not had or not rawequal(had.value, record.value) then
         had = { value = record.value, subject = subjectOf(record) }
         subjects[record.path] = had
      end
      local subject = had.subject
      if subject then
         subject.isPublic = true
         list[#list + 1] = subject
      else
         missing[#missing + 1] = record.path
      end
   end
   return list, missing
end

-- What the files document beside that: modules that scripts load by `require`, and their functions.
local function others(list)
   local had, more = {}, {}
   for _, subject in ipairs(list) do
      had[subject.name], had[subject.title], had['lacuna.' .. subject.title] = true, true, true
   end
   local function put(name, subject)
      if had[name] or name:find '%.__init$' then return end
      had[name] = true
      subject.title, subject.name = name, name
      more[#more + 1] = subject
   end
   for module, file in pairs(comments().files) do
      local short = module:gsub('^lacuna%.', '')
      put(short, { kind = 'module', doc = file.header, file = file, line = 1,
         value = package.loaded[module] })
      for _, entry in ipairs(file.entries) do
         local isFunction = entry.doc['function'] or entry.arguments or #entry.doc.params > 0
            or #entry.doc.returns > 0
         put(entry.name, { kind = isFunction and 'function' or 'field', doc = entry.doc,
            entry = entry, file = file, line = entry.line })
      end
   end
   table.sort(more, function(a, b) return a.title < b.title end)
   return more
end

--- Lists a subject for everything that the files document.
-- @treturn table
function index.everything()
   local list = index.all()
   for _, subject in ipairs(others(list)) do list[#list + 1] = subject end
   return list
end

-- ---- by value -----------------------------------------------------------------------------------

-- The name that fits best: the one under which it is documented.
local function best(list)
   for _, subject in ipairs(list) do
      if not subject.from then return subject end
   end
   return list[1]
end

--- Finds the subject that a value is.
-- @param value a function, a class, a module, or an object, which stands for its class
-- @treturn ?table
function index.ofValue(value)
   if value == nil then return nil end
   local wanted = value
   if type(value) == 'table' and not isClass(value) and not names.module(value) then
      local meta = debug.getmetatable(value)
      if isClass(meta) then wanted = meta end
   end
   local list, found = index.all(), {}
   for _, subject in ipairs(list) do
      if rawequal(subject.value, wanted) then found[#found + 1] = subject end
   end
   if #found > 0 then return best(found) end
   if isClass(wanted) then return classSubject(wanted.__typename, wanted) end
   local short = names.module(wanted)
   if short then return moduleSubject(short, wanted, short) end
   local entry = type(wanted) == 'function' and entryAt(wanted)
   if not entry and type(wanted) == 'function' then
      -- a method of a class without a public name
      for _, typed in pairs(comments().byType) do
         local path, line = names.origin(wanted)
         if path == typed.file.path then
            entry = comments().byPlace[path .. ':' .. line] or entry
         end
      end
   end
   return entry and { title = entry.name, kind = 'function', value = wanted, entry = entry,
      doc = entry.doc, file = entry.file, line = entry.line, name = entry.name } or nil
end

--- Lists the members of a class or module.
-- @tparam table subject
-- @treturn table subjects, by name
function index.members(subject)
   if subject.members then return subject.members end
   local list, prefix = {}, subject.title .. '.'
   local isPublic = subject.isPublic or subject.title == 'lacuna'
   for _, other in ipairs(isPublic and index.all() or index.everything()) do
      local last = other.title:sub(1, #prefix) == prefix and other.title:sub(#prefix + 1)
      local mine = last and not last:find('.', 1, true) and not last:find '^__'
      if subject.title == 'lacuna' and not other.title:find('.', 1, true) then
         mine = true
      end
      local inherits = subject.kind == 'class' and other.from and other.class
         and other.entry.owner ~= 'ops'
      if mine and not inherits and not other.doc.isInternal then
         list[#list + 1] = other
      end
   end
   table.sort(list, function(a, b) return a.title < b.title end)
   return list
end

--- Gives the classes above a class, the nearest first.
-- @tparam table subject
-- @treturn table subjects
function index.above(subject)
   local list, at = {}, subject.value and parentOf(subject.value)
   while at do
      list[#list + 1] = index.ofValue(at) or index.foreign(at)
      at = parentOf(at)
   end
   return list
end

-- ---- by name ------------------------------------------------------------------------------------

local function plain(name) return (name:gsub(':', '.'):gsub('^lacuna%.', ''):gsub('%(.*$', '')) end

-- Of the subjects that share a comment, the first; those that only inherit theirs come last.
local function distinct(list)
   local had, found = {}, {}
   for pass = 1, 2 do
      for _, subject in ipairs(list) do
         local isOwn = not subject.from
         if isOwn == (pass == 1) and not had[subject.doc] then
            had[subject.doc] = true
            found[#found + 1] = subject
         end
      end
   end
   return found
end

--- Finds the subjects of a name, which may lack its beginning: `nn.ReLU`, `ReLU`, `relu`.
-- @tparam string name
-- @treturn table subjects; those of the very name, or else those whose end it is, or else those
-- that differ in capitals only
function index.ofName(name)
   name = plain(name)
   local list = index.everything()
   local exact, ending, alike = {}, {}, {}
   for _, subject in ipairs(list) do
      local title = subject.title
      local tail = '.' .. name
      if title == name or subject.name == name and not subject.class then
         exact[#exact + 1] = subject
      end
      if ('.' .. title):sub(-#tail) == tail then ending[#ending + 1] = subject end
      if ('.' .. title):lower():sub(-#tail) == tail:lower() then alike[#alike + 1] = subject end
   end
   if #exact == 0 then exact[1] = index.ofValue(names.find(name)) end
   for _, found in ipairs { exact, ending, alike } do
      if #found > 0 then return found == exact and { best(found) } or distinct(found) end
   end
   return {}
end

-- How many letters must be changed, added, dropped or exchanged; counts up to `most`.
local function distance(a, b, most)
   if math.abs(#a - #b) > most then return most + 1 end
   local before, row = {}, {}
   for j = 0, #b do row[j] = j end
   for i = 1, #a do
      local older = before
      before, row = row, { [0] = i }
      for j = 1, #b do
         local same = a:byte(i) == b:byte(j)
         row[j] = math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (same and 0 or 1))
         local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1)
            and a:byte(i - 1) == b:byte(j)
         if swapped then row[j] = math.min(row[j], older[j - 2] + 1) end
      end
   end
   return row[#b]
end

--- Finds public names that are nearly a name.
-- @tparam string name
-- @treturn table names, the nearest first, at most five
function index.near(name)
   name = plain(name):lower()
   local last, list = name:match '[^.]*$', {}
   local most = #last < 2 and 0 or #last <= 6 and 1 or #last <= 10 and 2 or 3
   for _, subject in ipairs(distinct((index.all()))) do
      local title = subject.title:lower()
      local d = math.min(distance(title, name, most), distance(title:match '[^.]*$', last, most))
      if d <= most then list[#list + 1] = { d, subject.title } end
   end
   table.sort(list, function(a, b) return a[1] < b[1] or a[1] == b[1] and a[2] < b[2] end)
   local titles = {}
   for i = 1, math.min(5, #list) do titles[i] = list[i][2] end
   return titles
end

local function textOf(subject)
   local words = { subject.title, unpack(subject.doc.text) }
   local docs = { subject.doc, subject.constructor and subject.constructor.doc }
   for _, doc in ipairs(docs) do
      words[#words + 1] = table.concat(doc.text, ' ')
      for _, param in ipairs(doc.params) do
         words[#words + 1] = param.name .. ' ' .. param.text
      end
      for _, given in ipairs(doc.returns) do words[#words + 1] = given.text or '' end
   end
   return table.concat(words, '\n'):lower()
end

--- Finds what mentions words.
-- @tparam string words all of which must be there, at the beginning of a word each
-- @treturn table subjects; those whose name or first sentence has them first
function index.search(words)
   local wanted = {}
   for word in words:lower():gmatch '[%w_]+' do wanted[#wanted + 1] = '%f[%w_]' .. word end
   local function has(text)
      for _, word in ipairs(wanted) do
         if not text:find(word) then return false end
      end
      return #wanted > 0
   end
   local front, back = {}, {}
   for _, subject in ipairs(distinct(index.everything())) do
      if has((subject.title .. ' ' .. subject.doc.summary):lower()) then
         front[#front + 1] = subject
      elseif has(textOf(subject)) then
         back[#back + 1] = subject
      end
   end
   for _, subject in ipairs(back) do front[#front + 1] = subject end
   return front
end

-- Where a function of somebody else is, the comment above it and its arguments.
local function foreignFunction(f)
   local info = debug.getinfo(class.original(f), 'S')
   if info.what == 'C' then return nil end
   local path = info.source:match '^@(.*)'
   local handle, lines = path and io.open(path), {}
   if handle then
      lines = source.split(handle:read '*a')
      handle:close()
   end
   local doc = source.read(source.commentAbove(lines, info.linedefined))
   local line = lines[info.linedefined] or ''
   return { kind = 'function', value = f, doc = doc, line = info.linedefined,
      file = { path = info.short_src, module = '' },
      entry = { doc = doc, owner = '', isMethod = line:find ':[%w_]+%s*%(' ~= nil,
         arguments = line:match 'function[^(]*%((.-)%)' } }
end

--- Describes a function or class that is not of the library, from the comments in its file.
-- @param value anything
-- @treturn ?table a subject, with `members` if it is a class; nil for a function of C
function index.foreign(value)
   if type(value) == 'function' then
      local subject = foreignFunction(value)
      if subject then subject.title = 'function' end
      return subject
   end
   local meta = type(value) == 'table' and debug.getmetatable(value)
   local made = isClass(value) and value or isClass(meta) and meta
   if not made then return nil end
   local subject = { title = made.__typename, kind = 'class', value = made, members = {},
      doc = source.read {}, file = { path = 'no file' }, line = 0 }
   for name, member in next, made do
      local other = type(member) == 'function' and foreignFunction(member)
      if other and not tostring(name):find '^__' and not names.origin(member) then
         other.title = made.__typename .. '.' .. name
         table.insert(subject.members, other)
      end
      if other and not names.origin(member) then
         if subject.line == 0 or other.line < subject.line then
            subject.file, subject.line = other.file, other.line
         end
         if name == '__init' then subject.constructor = other.entry end
      end
   end
   table.sort(subject.members, function(a, b) return a.title < b.title end)
   return subject
end

return index
