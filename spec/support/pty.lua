--- Programs in a pseudo-terminal of their own, typed to and watched by specs.
--
--     local session = pty.open('build/bin/lacuna', { env = { NO_COLOR = '1' } })
--     session:expect '> $'
--     session:type '1 + 1\n'
--     session:expect '\n2\n> $'
--     session:close()
--
-- @module spec.support.pty
local ffi = require 'ffi'
local files = require 'spec.support.files'
local native = require 'lacuna.native'

pcall(ffi.cdef, [[
   int pty_openpt(int) __asm__("posix_openpt");
   int pty_grant(int) __asm__("grantpt");
   int pty_unlock(int) __asm__("unlockpt");
   char *pty_name(int) __asm__("ptsname");
   int pty_ioctl(int, unsigned long, void *) __asm__("ioctl");
   int pty_poll(void *, unsigned long, int) __asm__("poll");
   ptrdiff_t pty_read(int, void *, size_t) __asm__("read");
   ptrdiff_t pty_write(int, const void *, size_t) __asm__("write");
   int pty_close(int) __asm__("close");
   int pty_kill(int, int) __asm__("kill");
   int pty_wait(int, int *, int) __asm__("waitpid");
   int pty_actions(void *) __asm__("posix_spawn_file_actions_init");
   int pty_actions_end(void *) __asm__("posix_spawn_file_actions_destroy");
   int pty_open_later(void *, int, const char *, int, unsigned)
      __asm__("posix_spawn_file_actions_addopen");
   int pty_copy_later(void *, int, int) __asm__("posix_spawn_file_actions_adddup2");
   int pty_attributes(void *) __asm__("posix_spawnattr_init");
   int pty_attributes_end(void *) __asm__("posix_spawnattr_destroy");
   int pty_flags(void *, short) __asm__("posix_spawnattr_setflags");
   int pty_defaults(void *, const void *) __asm__("posix_spawnattr_setsigdefault");
   int pty_mask(void *, const void *) __asm__("posix_spawnattr_setsigmask");
   int pty_spawn(int *, const char *, void *, void *, char *const *, char **)
      __asm__("posix_spawn");
   extern char **environ;
   typedef struct { int fd; short events, revents; } pty_pollfd;
]])
local C = ffi.C

-- of Linux and glibc
local O_RDWR, O_NOCTTY, O_CLOEXEC = 2, 0x100, 0x80000
local TIOCSWINSZ, POLLIN, WNOHANG = 0x5414, 1, 1
local SETSIGDEF, SETSIGMASK, SETSID = 4, 8, 0x80
local SIZE = 1024 -- more than the opaque types take

local pty = {}
local sessions = {}  -- those that hold a terminal, as keys
local latest  -- the one that was opened last
local current = setmetatable({}, {
   __index = function(_, key) return latest[key] end,
   __newindex = function(_, key, value) latest[key] = value end,
})
local Session = {}
Session.__index = Session

local clock = require 'lacuna.clock'

--- The program of the build that is tested.
pty.lacuna = native.library:gsub('/lib/[^/]*$', '/bin/lacuna')

-- The near end of a new terminal, or nil where there is none to be had.
local function newTerminal()
   local master = C.pty_openpt(O_RDWR + O_NOCTTY + O_CLOEXEC)
   if master < 0 then return nil end
   if C.pty_grant(master) == 0 and C.pty_unlock(master) == 0 then return master end
   C.pty_close(master)
   return nil
end

--- Whether there are pseudo-terminals: /dev/pts may not be mounted.
-- @treturn boolean
function pty.exists()
   local master = newTerminal()
   if master then C.pty_close(master) end
   return master ~= nil
end

-- Every signal as it is by default, none blocked: the child must hear Ctrl-C wherever specs run.
local function attributes()
   local set, all = ffi.new('char[?]', SIZE), ffi.new('char[?]', SIZE)
   local none = ffi.new('char[?]', SIZE)
   ffi.fill(all, SIZE, 0xff)
   assert(C.pty_attributes(set) == 0)
   C.pty_flags(set, SETSIGDEF + SETSIGMASK + SETSID)
   C.pty_defaults(set, all)
   C.pty_mask(set, none)
   return set
end

local function spawn(command, terminal)
   local actions, set = ffi.new('char[?]', SIZE), attributes()
   assert(C.pty_actions(actions) == 0)
   -- the first terminal that the leader of a new session opens is the one that it obeys
   C.pty_open_later(actions, 0, terminal, O_RDWR, 0)
   C.pty_copy_later(actions, 0, 1)
   C.pty_copy_later(actions, 0, 2)
   local words = { 'sh', '-c', 'exec ' .. command }
   local arguments = ffi.new('const char *[4]', words)
   local pid = ffi.new 'int[1]'
   local status = C.pty_spawn(pid, '/bin/sh', actions, set, ffi.cast('char *const *', arguments),
      C.environ)
   C.pty_actions_end(actions)
   C.pty_attributes_end(set)
   assert(status == 0, 'pty: the command did not start')
   return pid[0]
end

--- Starts a command.
-- @tparam string command for the shell; what runs is its last program, so that signals reach it
-- @tparam[opt] table options `env`: variables; `rows`, 24; `columns`, 80
-- @treturn Session, whose `terminal` is the path of the terminal
function pty.open(command, options)
   options = options or {}
   local words = { 'env', 'TERM=xterm' }
   for name, value in pairs(options.env or {}) do
      words[#words + 1] = ("%s='%s'"):format(name, value)
   end
   words[#words + 1] = command
   local master = assert(newTerminal(), 'pty: none is free')
   local self = setmetatable({ master = master, seen = '', unread = '' }, Session)
   sessions[self], latest = true, self
   self:resize(options.rows or 24, options.columns or 80)
   self.terminal = ffi.string(C.pty_name(master))
   self.pid = spawn(table.concat(words, ' '), self.terminal)
   return self
end

-- Text without what moves the cursor or colours; a line break is one character.
local function plain(text)
   return (text:gsub('\27%[[%d;?]*[%a@]', ''):gsub('\27[=>]', ''):gsub('[\r\7]', ''))
end

-- Takes in what the program writes within some seconds; false at the end.
local function take(self, seconds)
   local watched = ffi.new('pty_pollfd[1]', { { self.master, POLLIN, 0 } })
   if C.pty_poll(watched, 1, math.max(0, math.ceil(seconds * 1000))) <= 0 then return true end
   local buffer = ffi.new 'char[4096]'
   local n = tonumber(C.pty_read(self.master, buffer, 4096))
   if n <= 0 then return false end
   local text = ffi.string(buffer, n)
   self.seen, self.unread = self.seen .. text, self.unread .. text
   return true
end

--- Waits until what was written since the last match matches a pattern, and forgets it to its end.
-- @tparam string pattern of Lua, for text without colours and moves of the cursor
-- @tparam[opt=60] number seconds
-- @treturn string what was written up to the end of the match
function Session:expect(pattern, seconds)
   local deadline, open = clock() + (seconds or 60), true
   while true do
      local text = plain(self.unread)
      local _, last = text:find(pattern)
      if last then
         self.unread = text:sub(last + 1)
         return text:sub(1, last)
      end
      local left = deadline - clock()
      if left <= 0 or not open then
         error(('pty: %s, expected %q to match %q'):format(
            open and 'nothing more came' or 'the program ended', text, pattern), 2)
      end
      open = take(self, left)
   end
end

--- Types.
-- @tparam string text `\n` is Enter, `\t` Tab, `\3` Ctrl-C, `\4` Ctrl-D
function Session:type(text)
   text = text:gsub('\n', '\r')  -- what the key sends
   assert(tonumber(C.pty_write(self.master, text, #text)) == #text, 'pty: it takes no more')
end

--- Gives the terminal another size, as a window gets it, and tells the program.
-- @tparam number rows
-- @tparam number columns
function Session:resize(rows, columns)
   C.pty_ioctl(self.master, TIOCSWINSZ, ffi.new('unsigned short[4]', rows, columns))
end

--- Takes the terminal away from the program.
function Session:hangUp()
   C.pty_close(self.master)
   self.master = nil
end

--- Sends the program a signal.
-- @tparam number signal 2 is what Ctrl-C sends
function Session:kill(signal) C.pty_kill(self.pid, signal) end

-- The status that waitpid gave, as a shell would tell it.
local function shellStatus(status)
   local signal = status % 128
   return signal == 0 and math.floor(status / 256) % 256 or 128 + signal
end

--- Waits for the program's end.
-- @tparam[opt=60] number seconds
-- @treturn number its status, 128 more than the signal where one ended it
function Session:wait(seconds)
   local deadline, status = clock() + (seconds or 60), ffi.new 'int[1]'
   local open = self.master ~= nil
   while C.pty_wait(self.pid, status, WNOHANG) == 0 do
      if clock() > deadline then
         error(('pty: the program goes on, after %q'):format(plain(self.seen)), 2)
      end
      if open then open = take(self, 0.02) else C.pty_poll(nil, 0, 5) end
   end
   while open and C.pty_poll(ffi.new('pty_pollfd[1]', { { self.master, POLLIN, 0 } }), 1, 0) > 0 do
      open = take(self, 0)
   end
   self.pid = nil
   return shellStatus(status[0])
end

--- All that the program wrote.
-- @treturn string without colours and moves of the cursor
-- @treturn string as it was
function Session:text() return plain(self.seen), self.seen end

--- Ends the program, if it still runs, and frees the terminal.
function Session:close()
   if self.pid then
      C.pty_kill(self.pid, 9)
      C.pty_wait(self.pid, ffi.new 'int[1]', 0)
      self.pid = nil
   end
   if self.master then C.pty_close(self.master) end
   self.master, sessions[self] = nil, nil
end

--- The program at its prompt, without the files of whoever runs the specs.
-- @tparam[opt] string arguments
-- @tparam[opt] table env more variables
-- @tparam[opt] table size `rows` and `columns`
-- @treturn Session
function pty.prompt(arguments, env, size)
   local variables = { HOME = files.at(), XDG_STATE_HOME = '', XDG_CONFIG_HOME = '', NO_COLOR = '1',
      LACUNA_INIT = '' }
   for name, value in pairs(env or {}) do variables[name] = value end
   local session = pty.open(pty.lacuna .. ' ' .. (arguments or ''),
      { env = variables, rows = size and size.rows, columns = size and size.columns })
   session:expect '> $'
   return session
end

--- Types an entry at the prompt.
-- @tparam string ... its lines
-- @treturn string what it prints before the next prompt
function Session:entry(...)
   for i = 1, select('#', ...) do
      if i > 1 then self:expect '\n%.%. $' end
      self:type(select(i, ...) .. '\n')
   end
   return self:expect('\n> $'):match '^[^\n]*\n(.-)\n?> $'
end

--- Gives each spec of a block a folder; closes behind it what it opened.
-- @treturn function `start`, which is `pty.prompt` and keeps the session
-- @treturn function `entry`, of the session that was opened last
-- @treturn table stands for that session
function pty.each()
   local busted = require 'busted'
   busted.before_each(files.open)
   busted.after_each(function()
      pty.close()
      files.close()
   end)
   return pty.prompt, function(...) return latest:entry(...) end, current
end

--- Ends all programs that still run.
function pty.close()
   for session in pairs(sessions) do session:close() end
end

return pty
