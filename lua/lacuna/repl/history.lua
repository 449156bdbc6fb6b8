--- What was typed at the prompt, in a file that sessions share: a line for each entry.
-- @module lacuna.repl.history
local history = {}

local MOST = 1000
local escapes = { ['\n'] = '\\n', ['\\'] = '\\\\' }
local plain = { ['\\n'] = '\n', ['\\\\'] = '\\' }

local function variable(name)
   local value = os.getenv(name)
   return value ~= '' and value or nil
end

--- Names the file: `LACUNA_HISTORY`, or `lacuna/history` in `XDG_STATE_HOME`, which is
-- `~/.local/state` where it is not set.
-- @treturn ?string nothing when LACUNA_HISTORY is empty, or there is no home
function history.path()
   local named = os.getenv 'LACUNA_HISTORY'
   if named then return named ~= '' and named or nil end
   local state, home = variable 'XDG_STATE_HOME', variable 'HOME'
   if not state and not home then return nil end
   return (state or home .. '/.local/state') .. '/lacuna/history'
end

-- The folders above a file, made where they are missing; that they cannot be is found out later.
local function makeFolders(path)
   local ok, lfs = pcall(require, 'lfs')
   if not ok then return end
   for folder in path:gmatch '()/' do
      if folder > 1 then lfs.mkdir(path:sub(1, folder - 1)) end
   end
end

--- Reads the entries, the oldest first, and shortens a file that grew too long.
-- @tparam ?string path
-- @treturn table of strings
function history.load(path)
   local file = path and io.open(path)
   local entries = {}
   if not file then return entries end
   local text = file:read '*a' or ''  -- nothing of a folder
   file:close()
   for line in text:gmatch '[^\n]+' do entries[#entries + 1] = line end
   local count = #entries
   if count > MOST then
      entries = { unpack(entries, count - MOST + 1) }
      if count > 2 * MOST then history.replace(path, entries) end
   end
   for i, line in ipairs(entries) do entries[i] = line:gsub('\\[n\\]', plain) end
   return entries
end

--- Writes a new file and puts it in the place of the old one.
-- @tparam string path
-- @tparam table lines as they stand in the file
-- @treturn boolean whether that could be done
function history.replace(path, lines)
   local name = path .. '.new'
   local file = io.open(name, 'w')
   local done = file and file:write(table.concat(lines, '\n'), '\n') and file:close()
   if done then return os.rename(name, path) == true end
   os.remove(name)
   return false
end

--- Appends an entry at once, so that a session that is killed loses none.
-- @tparam ?string path
-- @tparam string entry of one line or more
function history.append(path, entry)
   if not path then return end
   local file = io.open(path, 'a')
   if not file then
      makeFolders(path)
      file = io.open(path, 'a')
   end
   if not file then return end
   file:write((entry:gsub('[\n\\]', escapes)), '\n')
   file:close()
end

return history
