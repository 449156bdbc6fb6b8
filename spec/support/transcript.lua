--- Sessions at the prompt that a page shows: read, typed again in a terminal, and compared.
--
-- A session is a ```text block whose first line is `$ lacuna` with arguments.  Lines that begin
-- with `> ` or `.. ` are typed; what follows up to the next prompt is what the entry must print.
-- Times may differ, and what depends on the machine in the first line.
-- @module spec.support.transcript
local pty = require 'spec.support.pty'

local transcript = {}

--- The sessions of a page.
-- @tparam string page
-- @treturn table of tables `arguments`, `greeting` and entries `{ lines =, printed = }`
function transcript.read(page)
   local list = {}
   for text in page:gmatch '\n```text\n(%$ lacuna.-\n)```' do
      local session = { arguments = text:match '^%$ lacuna([^\n]*)' }
      local entry
      for line in text:match '^[^\n]*\n(.*)$':gmatch '(.-)\n' do
         local first, more = line:match '^> (.*)$', line:match '^%.%. (.*)$'
         if first then
            entry = { lines = { first }, printed = {} }
            session[#session + 1] = entry
         elseif more and #entry.printed == 0 then
            table.insert(entry.lines, more)
         elseif entry then
            table.insert(entry.printed, line)
         else
            session.greeting = line
         end
      end
      list[#list + 1] = session
   end
   return list
end

--- A text without what may differ from run to run.
-- @tparam string text
-- @treturn string
function transcript.mask(text)
   return (text:gsub('Lacuna [%d.]+, %w+, %d+ threads?', 'Lacuna')
      :gsub('%f[%d][%d.]+ m?s%f[%W]', 'T'):gsub(' +T', ' T'):gsub(' +time%f[\n%z]', ' time')
      :gsub('[ \t]+%f[\n%z]', ''))
end

--- Types a session; calls a function with what each entry should and did print.
-- @tparam table session of `transcript.read`
-- @tparam function compare
function transcript.replay(session, compare)
   local terminal = pty.prompt(session.arguments, nil, { columns = 108, rows = 50 })
   local good, message = pcall(function()
      compare('the greeting', session.greeting, (terminal:text():match '^[^\n]*'))
      for _, entry in ipairs(session) do
         compare(entry.lines[1], table.concat(entry.printed, '\n'),
            terminal:entry(unpack(entry.lines)))
      end
   end)
   terminal:close()
   if not good then error(message, 0) end
end

return transcript
