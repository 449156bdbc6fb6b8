--- Shows the documentation of whatever a script can name.
--
--     local help = lacuna.help
--     help(lacuna.nn.ReLU)             -- a class; an object of it does as well
--     help(lacuna.ops.matmul)          -- a function
--     help 'matmul'                    -- by name
--     help 'margin'                    -- what mentions a word, where nothing has that name
--     help()                           -- the parts of the library
--
-- The text is that of the reference: the comments in the library's own files, read when they are
-- first asked for.
-- @module lacuna.help
local fail = require 'lacuna.fail'
local index = require 'lacuna.help.index'
local names = require 'lacuna.help.names'
local page = require 'lacuna.help.page'

local help = {}

local MOST_FOUND = 25
local LONGEST = 200   -- of a name, in bytes

local function readOptions(options)
   options = fail.options('help', options, { width = 80, colour = fail.off, all = fail.off })
   options.width = math.max(fail.whole('help', 'width', options.width, 1), 40)
   return options
end

local function show(subject, options)
   local members, above
   if subject.kind == 'class' or subject.kind == 'module' then members = index.members(subject) end
   if subject.kind == 'class' then
      above = index.above(subject)
      for _, parent in ipairs(above) do parent.members = index.members(parent) end
   end
   return page.show(subject, { width = options.width, colour = options.colour,
      members = members, above = above })
end

local function overview(options)
   local style = page.style(options.colour)
   local list = { style.bold 'Lacuna: spatially-sparse convolutional networks', '' }
   local parts, functions = {}, {}
   for _, subject in ipairs(index.all()) do
      if not subject.title:find('.', 1, true) and subject.kind ~= 'field' then
         table.insert(subject.kind == 'function' and functions or parts, subject)
      end
   end
   for _, group in ipairs { parts, functions } do
      table.sort(group, function(a, b) return a.title < b.title end)
   end
   list[#list + 1] = style.bold 'Parts of lacuna'
   page.list(parts, options.width, list)
   list[#list + 1] = ''
   list[#list + 1] = style.bold 'Functions of lacuna'
   page.list(functions, options.width, list, true)
   list[#list + 1] = ''
   page.prose({ "help(x) tells about a function, a class, an object or a part; help 'ReLU' finds "
      .. "it by name, help 'margin' by a word in its text." }, options.width, list)
   return table.concat(list, '\n')
end

local function byName(name, options)
   name = name:sub(1, LONGEST)
   local found = index.ofName(name)
   if #found == 1 then return show(found[1], options) end
   local list = {}
   if #found > 1 then
      list[1] = ('%s is the name of several things:'):format(name)
      page.list(found, options.width, list)
      return table.concat(list, '\n')
   end
   local near = index.near(name)
   found = name:find '%w' and index.search(name) or {}
   if #found == 0 then
      return nil, ('help: there is no %s%s'):format(name:find '%S' and name or "''", #near > 0
         and ', did you mean ' .. table.concat(near, ', ') .. '?'
         or ', expected a name, or a word that the reference has')
   end
   list[1] = ('Nothing is called %s%s. It is mentioned by'):format(name,
      #near > 0 and '; near to it ' .. (#near > 1 and 'are ' or 'is ') .. table.concat(near, ', ')
      or '')
   local most = options.all and #found or math.min(#found, MOST_FOUND)
   page.list({ unpack(found, 1, most) }, options.width, list)
   if #found > most then list[#list + 1] = ('  and %d more'):format(#found - most) end
   return table.concat(list, '\n')
end

local function unreadable()
   return nil, ('help: %slacuna/init.lua cannot be read, expected the files of the library')
      :format(names.root)
end

--- Gives the documentation of a value, or of what has a name.
-- @param x a function, class, module or object of the library; or a string, a name or a word; nil
-- for an overview
-- @tparam[opt] table options `width` in characters, 80; `colour`, whether to mark headings, false;
-- `all`, whether to list all that mention a word and not the first 25 of them, false
-- @treturn ?string
-- @treturn ?string why there is none
function help.text(x, options)
   options = readOptions(options)
   if not index.isReadable() then return unreadable() end
   if x == nil then return overview(options) end
   if type(x) == 'string' then return byName(x, options) end
   local subject = index.ofValue(x) or index.foreign(x)
   if subject then return show(subject, options) end
   return nil, ('help: nothing is written about %s, expected something of the library, or a '
      .. 'name'):format(fail.describe(x))
end

--- Tells in one line what a value is: how it is called, and its first sentence.
-- @param x a function, class or module
-- @treturn ?string such as `nn.ReLU()`; nil if it is not of the library
-- @treturn ?string such as `Keeps the positive part of every plane.`
function help.line(x)
   local subject = index.isReadable() and index.ofValue(x)
   if not subject then return nil end
   return page.signature(subject), subject.doc.summary
end

return setmetatable(help, {
   -- Prints the documentation, or why there is none.
   __call = function(_, ...)
      if select('#', ...) > 0 and (...) == nil then
         fail.raise('help: nil, expected something of the library, or a name in quotes')
      end
      local text, message = help.text(...)
      print(text or message)
   end,
})
