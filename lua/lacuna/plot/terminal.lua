--- Text for terminals: how large one is, whether it shows colours, and pictures in half blocks.
-- @module lacuna.plot.terminal
local terminal = {}

--- Tells whether standard output is a terminal that may be sent colours.
-- @treturn boolean
function terminal.colours()
   local no, kind = os.getenv 'NO_COLOR', os.getenv 'TERM'
   if no and no ~= '' or kind == 'dumb' then return false end
   local status = os.execute 'test -t 1'
   return status == 0 or status == true
end

--- Tells the size of the terminal: what it says itself, else the environment, else 80 x 24.
-- @treturn number columns
-- @treturn number lines
function terminal.size()
   local pipe = io.popen 'stty size 2>/dev/null </dev/tty'
   local said = pipe:read '*a'
   pipe:close()
   local lines, columns = said:match '^(%d+) (%d+)'
   columns = tonumber(columns) or 0
   lines = tonumber(lines) or 0
   if columns < 20 then columns = tonumber(os.getenv 'COLUMNS' or '') or 80 end
   if lines < 5 then lines = tonumber(os.getenv 'LINES' or '') or 24 end
   return math.max(20, math.min(columns, 400)), math.max(8, math.min(lines, 200))
end

--- Counts the characters of a text in UTF-8.
-- @tparam string text
-- @treturn number
function terminal.length(text) return select(2, text:gsub('[^\128-\191]', '')) end

--- Cuts or fills a text to a number of characters.
-- @tparam string text in UTF-8
-- @tparam number width
-- @treturn string
function terminal.fit(text, width)
   text = text:gsub('%c', ' ')
   local length = terminal.length(text)
   if length <= width then return text .. (' '):rep(width - length) end
   local out, n = {}, 0
   for char in text:gmatch '[^\128-\191][\128-\191]*' do
      if n == width then break end
      n = n + 1
      out[n] = char
   end
   return table.concat(out)
end

-- ---- colours --------------------------------------------------------------------------------

local trueColour = (os.getenv 'COLORTERM' or ''):find 'truecolor' ~= nil
   or (os.getenv 'COLORTERM' or ''):find '24bit' ~= nil

-- The end of an escape sequence that sets a colour: 24 bits, or one of the cube of 216.
local function code(r, g, b)
   if trueColour then return ('2;%d;%d;%d'):format(r, g, b) end
   local function step(v) return math.floor(v / 255 * 5 + 0.5) end
   return '5;' .. 16 + 36 * step(r) + 6 * step(g) + step(b)
end

local SHADES = { ' ', '░', '▒', '▓', '█' }

--- Gives a character for a share: the more, the fuller.
-- @tparam number share from 0 to 1
-- @treturn string one character
function terminal.shade(share)
   if share ~= share then return '?' end
   return SHADES[1 + math.floor(math.max(0, math.min(1, share)) * 4 + 0.5)]
end

--- Writes a picture as lines of half blocks: two pixels a character, one over the other. Without
-- colours it is shades of one colour.
-- @tparam table picture `width`, `height`, and `at(x, y)`, which gives red, green and blue from 0
-- to 255, x and y from 0
-- @tparam number columns the most characters in a line
-- @tparam number rows the most lines
-- @tparam boolean coloured
-- @treturn table lines
function terminal.picture(picture, columns, rows, coloured)
   local scale = math.min(columns / picture.width, 2 * rows / picture.height)
   local whole = scale >= 1 and math.floor(scale) or scale
   local width = math.max(1, math.floor(picture.width * whole + 1e-9))
   local height = math.max(1, math.floor(picture.height * whole + 1e-9))
   -- the mean of the pixels that lie under one of ours
   local function pixel(x, y)
      local x0, x1 = math.floor(x / whole), math.ceil((x + 1) / whole) - 1
      local y0, y1 = math.floor(y / whole), math.ceil((y + 1) / whole) - 1
      local r, g, b, n = 0, 0, 0, 0
      for v = y0, math.min(math.max(y0, y1), picture.height - 1) do
         for u = x0, math.min(math.max(x0, x1), picture.width - 1) do
            local r1, g1, b1 = picture.at(u, v)
            r, g, b, n = r + r1, g + g1, b + b1, n + 1
         end
      end
      return r / n, g / n, b / n
   end
   local function shade(x, y)
      local r, g, b = pixel(x, y)
      return 0.299 * r + 0.587 * g + 0.114 * b
   end
   local lines = {}
   for y = 0, height - 1, 2 do
      local line = {}
      for x = 0, width - 1 do
         local under = y + 1 < height
         if coloured then
            line[x + 1] = '\27[38;' .. code(pixel(x, y)) .. (under
               and ';48;' .. code(pixel(x, y + 1)) or ';49') .. 'm▀'
         else
            line[x + 1] = terminal.shade((shade(x, y) + shade(x, under and y + 1 or y)) / 510)
         end
      end
      lines[#lines + 1] = table.concat(line) .. (coloured and '\27[0m' or '')
   end
   return lines
end

return terminal
