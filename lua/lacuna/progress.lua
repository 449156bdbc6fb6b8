--- A progress bar: how far, what it says, how long it will take.
--
--     local bar = require('lacuna.progress').new('training', 200)
--     for step = 1, 200 do … bar:step(('loss %.4f'):format(loss)) end
--     bar:finish()
--
-- On a terminal the bar stays on one line; elsewhere a line is written now and then.
-- @module lacuna.progress
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local now = require 'lacuna.clock'

local Progress = class('Progress')
local progress = {}

local WIDTH, EVERY = 24, 15

local function clock(seconds)
   seconds = math.max(0, math.floor(seconds + 0.5))
   return ('%d:%02d'):format(math.floor(seconds / 60), seconds % 60)
end

local function isTerminal() return require('lacuna.native').C.lac_is_terminal(2) ~= 0 end

--- Starts a bar.
-- @tparam string title
-- @tparam number total steps
-- @tparam[opt] table options `out`: a file, standard error by default; `live`: redraw one line,
-- by default where that file is a terminal
-- @treturn Progress
function progress.new(title, total, options)
   options = fail.options('progress', options, { out = io.stderr, live = isTerminal() })
   if type(title) ~= 'string' then
      fail.raise('progress: title is %s, expected a string', fail.describe(title))
   end
   if io.type(options.out) ~= 'file' then
      fail.raise('progress: out is %s, expected an open file', fail.describe(options.out))
   end
   local self = setmetatable({}, Progress)
   self.title, self.total = title, fail.whole('progress', 'total', total, 0)
   self.out, self.live, self.done = options.out, options.live, 0
   self.began, self.told = now(), 0
   return self
end

--- Writes the line that is shown: title, bar, steps, seconds passed and left.
-- @tparam[opt] string text to end it with
-- @treturn string
function Progress:line(text)
   if text ~= nil and type(text) ~= 'string' then
      fail.raise('progress: text is %s, expected a string', fail.describe(text))
   end
   local part = self.total == 0 and 1 or self.done / self.total
   local filled = math.floor(part * WIDTH)
   local passed = now() - self.began
   local left = self.done > 0 and passed / self.done * (self.total - self.done) or 0
   return ('%s [%s%s] %d/%d %s %s left%s'):format(self.title, ('#'):rep(filled),
      ('.'):rep(WIDTH - filled), self.done, self.total, clock(passed), clock(left),
      text and '  ' .. text or '')
end

--- Counts a step.
-- @tparam[opt] string text what else to say
function Progress:step(text)
   self.done = self.done + 1
   local t = now()
   local last = self.done >= self.total
   if self.live then
      if t - self.told < 0.1 and not last then return end
      self.out:write('\r', self:line(text), '\27[K')
   else
      if t - self.told < EVERY and not last then return end
      self.out:write(self:line(text), '\n')
   end
   self.out:flush()
   self.told = t
end

--- Ends the bar's line.
-- @treturn number the seconds it took
function Progress:finish()
   if self.live then self.out:write('\n') end
   return now() - self.began
end

return progress
