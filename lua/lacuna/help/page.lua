--- Lays out what `help` shows, as plain text.
-- @module lacuna.help.page
local page = {}

-- ---- lines ------------------------------------------------------------------------------------

-- Characters, not bytes; colours take no room.
local function length(text)
   return #text:gsub('\27%[[%d;]*m', ''):gsub('[\128-\191]', '')
end

-- Text as lines no longer than a width; words that are longer stand alone.
local function wrap(text, width, indent, list)
   local line = ''
   for word in text:gmatch '%S+' do
      if line ~= '' and length(line) + 1 + length(word) > width - #indent then
         list[#list + 1] = indent .. line
         line = word
      else
         line = line == '' and word or line .. ' ' .. word
      end
   end
   if line ~= '' then list[#list + 1] = indent .. line end
end

-- Two columns: a name, and text that is broken beside it.
local function row(left, text, column, width, list)
   local lines = {}
   wrap(text, math.max(width - column - 2, 24), '', lines)
   for i = 1, math.max(#lines, 1) do
      local head = i == 1 and left or ''
      local gap = (' '):rep(math.max(column - length(head), 0))
      list[#list + 1] = ('  ' .. head .. gap .. (lines[i] or '')):gsub('%s+$', '')
   end
end

local function columnOf(rows)
   local widest = 0
   for _, r in ipairs(rows) do widest = math.max(widest, length(r[1])) end
   return math.min(widest, 30) + 2
end

local function table2(rows, width, list)
   local column = columnOf(rows)
   for _, r in ipairs(rows) do row(r[1], r[2], column, width, list) end
end

-- Names and one line each.
local function oneLiners(rows, width, list)
   local column = columnOf(rows)
   for _, r in ipairs(rows) do
      local room = width - math.max(column, length(r[1]) + 1) - 2
      local text = r[2]
      if length(text) > room then
         while #text > 0 and length(text) > room - 2 do
            text = text:gsub('%s*%S+%s*$', '')
            if not text:find '%s' then break end
         end
         text = text:gsub('[%s,;:(]+$', '') .. ' …'
      end
      local gap = (' '):rep(math.max(column - length(r[1]), 1))
      list[#list + 1] = ('  ' .. r[1] .. gap .. text):gsub('%s+$', '')
   end
end

--- Lays out the lines of a comment: paragraphs are filled, code and lists stay as they are.
-- @tparam table text lines
-- @tparam number width
-- @tparam table list gets the lines
function page.prose(text, width, list)
   local paragraph = {}
   local function flush(indent)
      if #paragraph > 0 then wrap(table.concat(paragraph, ' '), width, indent or '', list) end
      paragraph = {}
   end
   local last = ''
   for _, line in ipairs(text) do
      local isCode, item = line:find '^    ', line:match '^%s*%*%s'
      if isCode and (last == '' or last:find '^    ') then
         flush()
         list[#list + 1] = line:gsub('^  ', '')
      elseif line == '' then
         flush()
         if #list > 0 and list[#list] ~= '' then list[#list + 1] = '' end
      else
         if item then flush() end
         paragraph[#paragraph + 1] = line
      end
      last = line
   end
   flush()
end

-- ---- functions ----------------------------------------------------------------------------------

local function argumentsOf(subject)
   local entry, list = subject.entry or subject.constructor, {}
   if not entry then return list end
   for _, param in ipairs(entry.doc.params) do
      list[#list + 1] = { name = param.name,
         optional = param.optional or (param.type or ''):find '^%?' ~= nil }
   end
   if #list == 0 then
      for name in (entry.arguments or ''):gmatch '[%w_.]+' do list[#list + 1] = { name = name } end
   end
   return list
end

-- An operation that is a method takes its first argument before the colon.
local function isMethod(subject)
   local entry = subject.entry
   if not entry then return false, 0 end
   if entry.isMethod then return true, 0 end
   local first = argumentsOf(subject)[1]
   local taken = subject.class and entry.owner == 'ops' and first ~= nil
   return taken, taken and 1 or 0
end

--- Writes a subject as one calls it: `nn.ReLU()`, `Tensor:sum([dim [, keep]])`.
-- @tparam table subject
-- @tparam[opt=false] boolean short whether to leave out what stands before the last name
-- @treturn string
function page.signature(subject, short)
   local name = subject.title
   local colon, skip = isMethod(subject)
   if colon then name = name:gsub('%.([^.]*)$', ':%1') end
   if short then name = name:match '[^.:]*$' end
   if subject.kind == 'class' and not subject.constructor or subject.kind == 'module'
      or subject.kind == 'field' then
      return name
   end
   local arguments, text, open = argumentsOf(subject), '', 0
   -- brackets only around those at the end that may be left out
   local required = #arguments
   while required > 0 and arguments[required].optional do required = required - 1 end
   for i = 1 + skip, #arguments do
      local separator = i > 1 + skip and ', ' or ''
      if i > required then
         text = text .. (separator == '' and '[' or ' [' .. separator)
         open = open + 1
      else
         text = text .. separator
      end
      text = text .. arguments[i].name
   end
   name = name:gsub('[.:]__call$', '')
   if not short and not name:find '[.:]' and name ~= 'function' then name = 'lacuna.' .. name end
   return name .. '(' .. text .. (']'):rep(open) .. ')'
end

local function typeText(kind)
   if not kind then return '' end
   local optional = kind:match '^%?(.+)'
   return (optional and optional .. ' or nil' or kind):gsub('|', ' or ')
end

local function describeParam(param)
   local words = {}
   if param.type then words[#words + 1] = typeText(param.type) end
   if param.default then
      words[#words + 1] = 'by default ' .. param.default
   elseif param.optional then
      words[#words + 1] = 'may be left out'
   end
   local head = table.concat(words, ', ')
   if param.text == '' or head == '' then return head .. param.text end
   return head .. (param.text:find '^of ' and ' ' or ': ') .. param.text
end

local function describeReturn(given)
   local kind = typeText(given.type)
   if kind == '' or given.text == '' then return kind .. given.text end
   if given.text:find '^of ' then return kind .. ' ' .. given.text end
   return kind .. ': ' .. given.text
end

local function heading(list, text, style)
   if #list > 0 and list[#list] ~= '' then list[#list + 1] = '' end
   list[#list + 1] = style.bold(text)
end

local function arguments(doc, skip, width, list, style)
   if #doc.params > skip then
      heading(list, 'Takes', style)
      local rows = {}
      for i = 1 + skip, #doc.params do
         rows[#rows + 1] = { doc.params[i].name, describeParam(doc.params[i]) }
      end
      table2(rows, width, list)
   end
   if #doc.returns > 0 then
      heading(list, 'Gives', style)
      for _, given in ipairs(doc.returns) do
         wrap(describeReturn(given), width, '  ', list)
      end
   end
end

local function usage(doc, list, style)
   if not doc.usage or #doc.usage == 0 then return end
   heading(list, 'Example', style)
   for _, line in ipairs(doc.usage) do
      if line ~= '' then list[#list + 1] = '  ' .. line end
   end
end

local function place(subject, list, style)
   if #list > 0 and list[#list] ~= '' then list[#list + 1] = '' end
   list[#list + 1] = style.dim(('%s, line %d'):format(subject.file.path, subject.line))
end

-- ---- pages --------------------------------------------------------------------------------------

local function plain(text) return text end
local plainStyle = { bold = plain, dim = plain, code = plain }
local colours = {
   bold = function(text) return '\27[1m' .. text .. '\27[0m' end,
   dim = function(text) return '\27[2m' .. text .. '\27[0m' end,
}

--- Gives the functions that mark text.
-- @tparam ?boolean colour whether to use colours
-- @treturn table `bold`, `dim`
function page.style(colour) return colour and colours or plainStyle end

--- Lays out a list of subjects, a line each.
-- @tparam table subjects
-- @tparam number width
-- @tparam table list gets the lines
-- @tparam[opt=false] boolean short whether to leave out what stands before the last name
function page.list(subjects, width, list, short)
   local rows = {}
   for i, subject in ipairs(subjects) do
      local name = short and page.signature(subject, true) or subject.title
      if length(name) > 26 then name = name:gsub('%(.*', '(…)') end
      rows[i] = { name, subject.doc.summary }
   end
   oneLiners(rows, width, list)
end

local function functionPage(subject, width, style)
   local list = { style.bold(page.signature(subject)), '' }
   if subject.doc.isInternal then
      list[#list + 1] = 'For the library itself; it may change.'
      list[#list + 1] = ''
   end
   if subject.classDoc then
      page.prose({ subject.classDoc.summary }, width, list)
      list[#list + 1] = ''
   end
   page.prose(subject.doc.text, width, list)
   local _, skip = isMethod(subject)
   if subject.kind == 'function' then arguments(subject.doc, skip, width, list, style) end
   usage(subject.doc, list, style)
   return list
end

local function classPage(subject, members, above, width, style)
   local list = { style.bold(page.signature(subject)), '' }
   page.prose(subject.doc.text, width, list)
   local made = subject.constructor
   if made then arguments({ params = made.doc.params, returns = {} }, 0, width, list, style) end
   usage(subject.doc, list, style)
   local function show(title, subjects)
      if #subjects == 0 then return end
      heading(list, title, style)
      page.list(subjects, width, list, true)
   end
   local methods, others = {}, {}
   for _, member in ipairs(members) do
      table.insert(isMethod(member) and methods or others, member)
   end
   show('Methods', methods)
   show('With a dot', others)
   local had = {}
   for _, member in ipairs(members) do had[member.title:match '[^.]*$'] = true end
   for _, parent in ipairs(above) do
      local more = {}
      for _, member in ipairs(parent.members) do
         local last = member.title:match '[^.]*$'
         if not had[last] then more[#more + 1] = member end
         had[last] = true
      end
      show('Methods of every ' .. parent.title, more)
   end
   return list
end

local function modulePage(subject, members, width, style)
   local list = { style.bold(subject.title == 'lacuna' and 'lacuna'
      or (subject.file.module:find '^lacuna' and subject.file.module or subject.title)), '' }
   page.prose(subject.doc.text, width, list)
   usage(subject.doc, list, style)
   local groups = { module = {}, class = {}, ['function'] = {}, field = {} }
   for _, member in ipairs(members) do
      table.insert(groups[member.kind], member)
   end
   for _, group in ipairs { { 'module', 'Parts' }, { 'class', 'Classes' },
      { 'function', 'Functions' }, { 'field', 'Values' } } do
      if #groups[group[1]] > 0 then
         heading(list, group[2], style)
         page.list(groups[group[1]], width, list, true)
      end
   end
   return list
end

--- Lays out a subject.
-- @tparam table subject
-- @tparam table options `width`, `colour`; `members`, of a class or module; `above`: the classes
-- above a class, each with its `members`
-- @treturn string
function page.show(subject, options)
   local style = page.style(options.colour)
   local list
   if subject.kind == 'class' then
      list = classPage(subject, options.members, options.above, options.width, style)
   elseif subject.kind == 'module' then
      list = modulePage(subject, options.members, options.width, style)
   else
      list = functionPage(subject, options.width, style)
   end
   if subject.from and subject.kind == 'function' and subject.from ~= subject.title then
      if list[#list] ~= '' then list[#list + 1] = '' end
      list[#list + 1] = 'See also ' .. subject.from .. '.'
   end
   place(subject, list, style)
   return table.concat(list, '\n')
end

return page
