--- Breaks a copy of the tree one line at a time and looks whether a spec notices.
--
-- Runs in the copy, where it may write; scripts/mutants makes it and says where the log is. Each
-- line of the log is a mutant: outcome, file, line, operator, the line before and after, seconds,
-- what noticed.
-- @script scripts.lib.mutants
local mutate = dofile 'scripts/lib/mutate.lua'

local options = {}
for i = 1, #arg, 2 do options[arg[i]:match '^%-%-(.*)'] = arg[i + 1] end
local job, jobs = tonumber(options.job), tonumber(options.jobs)
local count, seed = tonumber(options.count), tonumber(options.seed)
local LIMIT_FACTOR, LIMIT_LEAST, LONGEST, MEMORY = 5, 10, 180, 12e6  -- seconds, and kilobytes

local function read(path)
   local file = io.open(path, 'rb')
   if not file then return nil end
   local text = file:read '*a'
   file:close()
   return text
end

local function write(path, text)
   local file = assert(io.open(path, 'wb'))
   file:write(text)
   file:close()
end

-- Runs a command; gives its exit status.  What interrupts the command ends this program too.
local function run(command)
   local status = os.execute(command)
   if status == true then return 0 end
   if type(status) ~= 'number' then return 1 end
   local code = status / 256
   if status % 128 ~= 0 or code == 130 or code == 143 then os.exit(130) end
   return code
end

local function say(...)
   io.stderr:write(('mutants %d: '):format(job), table.concat { ... }, '\n')
end

local function now()
   local pipe = io.popen 'date +%s.%N'
   local seconds = tonumber(pipe:read '*l')
   pipe:close()
   return seconds
end

-- ---- the files --------------------------------------------------------------------------------

local function list(pattern)
   local names = {}
   local pipe = io.popen("find core lua spec -type f -name '" .. pattern .. "' | sort")
   for name in pipe:lines() do names[#names + 1] = name end
   pipe:close()
   return names
end

local function languageOf(path) return path:match '%.lua$' and 'lua' or 'c' end

-- The declarations and the list of operations hold no formulas.
local function isMutated(path)
   return not path:find '^spec/' and not path:find 'core/lacuna[%w_]*%.h$'
      and not path:find 'fuzz_' and (not options.only or path:sub(1, #options.only) == options.only)
end

local function countLines(text) return select(2, text:gsub('\n', '')) end

local function sources()
   local found = {}
   for _, pattern in ipairs { '*.c', '*.h', '*.lua' } do
      for _, path in ipairs(list(pattern)) do
         if isMutated(path) then
            local text = read(path)
            local mutants = mutate.all(text, languageOf(path))
            if #mutants > 0 then
               found[#found + 1] = { path = path, text = text, mutants = mutants,
                  size = countLines(text) }
            end
         end
      end
   end
   table.sort(found, function(a, b) return a.path < b.path end)
   return found
end

-- ---- the specs --------------------------------------------------------------------------------

local output = '.mutants-output'

-- Runs specs on a device until one fails; gives the exit status.
local function busted(device, files, limit)
   return run(('{ ulimit -d %d; export LACUNA_TEST_DEVICE=%s; timeout --foreground -k 5 %d luajit '
      .. 'spec/support/busted.lua --ignore-lua --no-keep-going %s; exit $?; } >%s 2>&1 </dev/null')
      :format(MEMORY, device, limit, table.concat(files, ' '), output))
end

-- What the specs said when one failed.
local function complaint(status)
   if status == 124 or status == 137 then return 'out of time' end
   local text = read(output) or ''
   return (text:match '\nFAILED ([^\n]*)' or text:match '([^\n]*)\n*$' or 'status ' .. status)
      :gsub('[%c]', ' '):sub(1, 120)
end

-- The spec files with how long they take; those that fail as the tree is are left out.
local function clean()
   local specs = {}
   for _, path in ipairs(list '*_spec.lua') do
      local status = busted('shadow', { path }, LONGEST)
      local began = now()
      if status == 0 then status = busted('cpu', { path }, LONGEST) end
      if status == 0 then
         local seconds = now() - began
         local word = '\t' .. path:gsub('%p', '%%%0')
         local kills = select(2, (read(options.log) or ''):gsub(word, ''))
         specs[#specs + 1] = { path = path, text = read(path), seconds = seconds, kills = kills }
      else
         say(path, ' fails on the clean tree and is left out: ', complaint(status))
      end
   end
   return specs
end

-- ---- which specs are near a file ---------------------------------------------------------------

local function isWord(text, word) return text:find('%f[%w_]' .. word .. '%f[^%w_]') ~= nil end

-- Scores how near each spec is to a file by its name.
local function score(specs, path, weight, scores)
   local folder, base = path:match '([^/]*)/([%w_]+)%.%w+$'
   for _, spec in ipairs(specs) do
      local points = 0
      if spec.path:match '([%w_]+)_spec%.lua$' == base then points = 100 end
      if isWord(spec.text, base) then points = points + 20 end
      if folder ~= 'lacuna' and spec.path:find('/' .. folder .. '/', 1, true) then
         points = points + 15
      end
      scores[spec] = math.max(scores[spec] or 0, points * weight)
   end
   return scores
end

-- Specs that say they cover one of the operations in a text.
local function covering(specs, text, scores)
   for _, spec in ipairs(specs) do
      for names in spec.text:gmatch "%-%- covers ([^\n]*)" do
         for op in names:gmatch "'([%w_]+)'" do
            local isHere = text:find('lac_cpu_' .. op .. '%f[^%w_]')
               or text:find('ops%.' .. op .. '%f[^%w_]')
            if isHere then scores[spec] = math.max(scores[spec], 90) end
         end
      end
   end
end

local lua

-- All specs: the nearest first, then those that found most so far for the time that they take.
local function ordered(specs, file)
   local scores = score(specs, file.path, 1, {})
   covering(specs, file.text, scores)
   if languageOf(file.path) == 'c' then  -- near are also those of what calls it
      lua = lua or list '*.lua'
      for name in file.text:gmatch '\n[%w_ ]+[ *](lac_[%w_]+)%(' do
         for _, path in ipairs(lua) do
            if path:find '^lua/' and isWord(read(path), name) then
               score(specs, path, 0.6, scores)
            end
         end
      end
   end
   local order = {}
   for i, spec in ipairs(specs) do order[i] = spec end
   table.sort(order, function(a, b)
      if scores[a] ~= scores[b] then return scores[a] > scores[b] end
      local left, right = (a.kills + 0.1) / a.seconds, (b.kills + 0.1) / b.seconds
      if left ~= right then return left > right end
      return a.path < b.path
   end)
   return order, scores
end

local NEAREST, NEAR_SECONDS, TOGETHER = 5, 8, 6

-- The nearest specs that do not take long, then all others, in parts that each have a process: the
-- collections between specs take longer the more has been loaded. Each has the seconds it takes.
local function split(specs, file)
   local order, scores = ordered(specs, file)
   local parts = { { seconds = 0 } }
   local near, far = parts[1], nil
   for _, spec in ipairs(order) do
      local isNear = #near < NEAREST and scores[spec] > 10
         and (#near == 0 or near.seconds + spec.seconds < NEAR_SECONDS)
      if not isNear and (not far or #far == TOGETHER) then
         far = { seconds = 0 }
         parts[#parts + 1] = far
      end
      local part = isNear and near or far
      part[#part + 1] = spec.path
      part.seconds = part.seconds + spec.seconds
   end
   return parts
end

-- ---- building ---------------------------------------------------------------------------------

local function compile()
   return run(('cmake --build build >%s 2>&1 </dev/null'):format(output)) == 0
end

-- All bytes that were compiled.
local function built()
   local texts = {}
   local pipe = io.popen 'find build/bin build/lib -type f | sort'
   for path in pipe:lines() do texts[#texts + 1] = read(path) end
   pipe:close()
   return table.concat(texts)
end

-- ---- the log ----------------------------------------------------------------------------------

local function identity(...) return table.concat({ ... }, '\t') end

-- What became of each mutant; the last word counts.
local function readLog()
   local known = {}
   for line in (read(options.log) or ''):gmatch '[^\n]+' do
      local outcome, path, number, operator, before, after = line:match(
         '^([^\t]*)' .. ('\t([^\t]*)'):rep(5))
      if outcome then known[identity(path, number, operator, before, after)] = outcome end
   end
   return known
end

local function note(...)
   local file = assert(io.open(options.log, 'a'))
   file:write(table.concat({ ... }, '\t') .. '\n')
   file:close()
end

-- ---- one mutant -------------------------------------------------------------------------------

local function lineOf(text, number)
   local at = 1
   for _ = 2, number do at = text:find('\n', at, true) + 1 end
   return (text:match('^[^\n]*', at):gsub('^%s+', ''))
end

local function describe(file, mutant)
   local broken = mutate.apply(file.text, mutant)
   return broken, lineOf(file.text, mutant.line), lineOf(broken, mutant.line)
end

local DIRTY = '.mutants-dirty'

-- Whether the broken program is the same one; nil if it is none.
local function isEquivalent(file, broken, original)
   if languageOf(file.path) == 'lua' then
      local chunk = loadstring(broken)
      if not chunk then return nil end
      return string.dump(chunk, true) == string.dump(loadstring(file.text), true)
   end
   if not compile() then return nil end
   return built() == original
end

local function judge(file, broken, original)
   local same = isEquivalent(file, broken, original)
   if same == nil then return 'not compiled', '' end
   if same then return 'equivalent', '' end
   for _, device in ipairs { 'cpu', 'shadow' } do
      for _, part in ipairs(file.parts) do
         local limit = math.ceil(LIMIT_FACTOR * part.seconds + LIMIT_LEAST)
         local status = #part > 0 and busted(device, part, limit) or 0
         if status ~= 0 then return 'killed', complaint(status) end
      end
   end
   return 'survived', ''
end

-- Tries a mutant and puts the file back as it was.
local function try(file, mutant, state)
   local broken, before, after = describe(file, mutant)
   local began = now()
   if languageOf(file.path) == 'lua' and state.dirty then
      assert(compile(), 'the clean tree does not build')
      state.dirty = false
   end
   write(DIRTY, file.path)
   write(file.path, broken)
   local good, outcome, by = pcall(judge, file, broken, state.original)
   write(file.path, file.text)
   if languageOf(file.path) == 'c' then state.dirty = true else os.remove(DIRTY) end
   if not good then error(outcome, 0) end
   note(outcome, file.path, mutant.line, mutant.operator, before, after,
      ('%.1f'):format(now() - began), by)
   io.write(('%-12s %s:%d  %s\n'):format(outcome, file.path, mutant.line,
      after ~= '' and after or '(deleted) ' .. before))
   io.flush()
   return outcome
end

-- ---- all of them --------------------------------------------------------------------------------

local counts = { killed = true, survived = true }

-- Each file with the mutants still to be made, in their order, and how many are due.
local function plan(files, known)
   local sizes = {}
   for i, file in ipairs(files) do sizes[i] = file.size end
   local shares = mutate.shares(sizes, count)
   for i, file in ipairs(files) do
      file.due, file.stream = shares[i], {}
      local random = mutate.random(seed * 1000003 + i)
      for _, mutant in ipairs(mutate.shuffle(file.mutants, random)) do
         local _, before, after = describe(file, mutant)
         local outcome = known[identity(file.path, mutant.line, mutant.operator, before, after)]
         if options.again then
            if outcome == 'survived' then table.insert(file.stream, mutant) end
         elseif outcome then
            if counts[outcome] then file.due = file.due - 1 end
         else
            table.insert(file.stream, mutant)
         end
      end
      if options.again then file.due = #file.stream end
   end
end

local files = sources()
plan(files, readLog())
local mine, due = {}, 0
for i, file in ipairs(files) do
   if i % jobs == job - 1 and file.due > 0 and #file.stream > 0 then
      mine[#mine + 1] = file
      due = due + math.min(file.due, #file.stream)
   end
end
say(due, ' mutants in ', #mine, ' files to make')
if due == 0 then os.exit(0) end

assert(compile(), 'the clean tree does not build')
local state = { original = built(), dirty = false }
os.remove(DIRTY)
local specs = clean()
assert(#specs > 0, 'no spec passes on the clean tree')
local seconds = 0
for _, spec in ipairs(specs) do seconds = seconds + spec.seconds end
say(#specs, (' files of specs take %.0f seconds'):format(seconds))
for _, file in ipairs(mine) do file.parts = split(specs, file) end

-- A round takes one of each file, so that a run that is stopped has seen all.
local left = true
while left do
   left = false
   for _, file in ipairs(mine) do
      local mutant = file.due > 0 and table.remove(file.stream, 1)
      if mutant then
         left = true
         if counts[try(file, mutant, state)] then file.due = file.due - 1 end
      end
   end
end
if state.dirty then compile() end
os.remove(DIRTY)
