--- Shows long texts a piece at a time.
--
--     page.show(text, io.write, { height = 24 })     -- ends with: … 120 more lines, type more()
--     page.more(io.write)
--
-- A text may have further pieces, which are made when somebody wants to see them.
-- @module lacuna.repl.page
local fail = require 'lacuna.fail'

local page = {}

local waiting = { lines = {}, first = 1, options = {} }

-- How many lines of a terminal a line takes; bytes that continue a character and colours take none.
local function rows(line, width)
   if not width then return 1 end
   local shown = line:gsub('\27%[[%d;]*m', ''):gsub('[\128-\191]', '')
   return math.max(1, math.ceil(#shown / width))
end

local function take(text, rest)
   waiting.lines, waiting.first, waiting.rest = {}, 1, rest
   for line in (text:gsub('\n$', '') .. '\n'):gmatch '(.-)\n' do
      waiting.lines[#waiting.lines + 1] = line
   end
end

-- Writes what fits, and says what is left.
local function writeSome(write)
   local lines, height, width = waiting.lines, waiting.options.height, waiting.options.width
   local room, last = height and math.max(height - 1, 1) or math.huge, waiting.first - 1
   local left = 0
   for i = waiting.first, #lines do left = left + rows(lines[i], width) end
   if height and left <= height - (waiting.rest and 1 or 0) then room = left end
   while last < #lines and (room >= rows(lines[last + 1], width) or last < waiting.first) do
      last = last + 1
      room = room - rows(lines[last], width)
   end
   for i = waiting.first, last do write(lines[i] .. '\n') end
   waiting.first = last + 1
   local more = #lines - last
   if more > 0 then
      write(('… %d more %s, type more()\n'):format(more, more == 1 and 'line' or 'lines'))
   else
      waiting.lines, waiting.first = {}, 1
      if waiting.rest then write '… more of it, type more()\n' end
   end
end

local function check(op, write, options)
   fail.callable(op, write)
   options = fail.options(op, options, { height = false, width = false })
   for name, value in pairs(options) do fail.whole(op, name, value, 1) end
   return options
end

--- Shows a text, or its beginning if it is higher than allowed.
-- @tparam string text
-- @tparam function write takes a string
-- @tparam[opt] table options `height`, in lines, the last one saying what is left; without it all
-- is shown; `width`, in characters, to count lines that the terminal breaks
-- @tparam[opt] function rest gives the next piece, until nil, and whether there may be another
function page.show(text, write, options, rest)
   if type(text) ~= 'string' then
      fail.raise('page: text is %s, expected a string', fail.describe(text))
   end
   waiting.options = check('page', write, options)
   if rest ~= nil then fail.callable('page', rest) end
   take(text, rest)
   writeSome(write)
end

--- Shows the next piece of the text that was cut last.
-- @tparam function write takes a string
-- @tparam[opt] table options as for @{show}; without it as before
function page.more(write, options)
   local given = check('more', write, options)
   if options then waiting.options = given end
   if waiting.first > #waiting.lines then
      local rest = waiting.rest
      waiting.rest = nil  -- an error in it would come again
      local text, goesOn
      if rest then text, goesOn = rest() end
      if not text then
         write('there is nothing more to show\n')
         return
      end
      take(text, goesOn and rest or nil)
   end
   writeSome(write)
end

return page
