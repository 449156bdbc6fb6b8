--- Writes what became of the mutants: a table, and each survivor with why it is one.
--
--     luajit scripts/lib/mutants_report.lua LOG REPORT
--
-- What stands below a survivor in the report as it was is kept while the survivor lives.
-- @script scripts.lib.mutants_report
local logPath, reportPath = ...

local function read(path)
   local file = io.open(path, 'rb')
   if not file then return '' end
   local text = file:read '*a'
   file:close()
   return text
end

-- The last word on each mutant, in the order of the first.
local function mutants()
   local list, known = {}, {}
   for line in read(logPath):gmatch '[^\n]+' do
      local m = {}
      m.outcome, m.path, m.line, m.operator, m.before, m.after, m.seconds, m.by =
         line:match('^([^\t]*)' .. ('\t([^\t]*)'):rep(7))
      if m.outcome then
         local key = table.concat({ m.path, m.line, m.operator, m.before, m.after }, '\t')
         if known[key] then
            for name, value in pairs(m) do known[key][name] = value end
         else
            known[key] = m
            list[#list + 1] = m
         end
      end
   end
   return list
end

local function heading(m) return ('### %s:%s, %s'):format(m.path, m.line, m.operator) end

-- What identifies a survivor even when its line has moved.
local function key(path, before, after) return table.concat({ path, before, after }, '\n') end

local function explanations()
   local found, current, lines = {}, nil, {}
   local function close()
      local text = table.concat(lines, '\n'):gsub('^%s+', ''):gsub('%s+$', '')
      if current and #current == 3 then found[key(unpack(current))] = text end
      current, lines = nil, {}
   end
   for line in (read(reportPath) .. '\n'):gmatch '(.-)\n' do
      local path = line:match '^### (.-):%d+, '
      if path or line:match '^#+ ' then
         close()
         current = path and { path } or nil
      elseif current and #current < 3 and line:match '^    ' then
         table.insert(current, line:sub(5))
      else
         table.insert(lines, line)
      end
   end
   close()
   return found
end

local outcomes = { 'killed', 'survived', 'equivalent', 'not compiled' }

local function row(name, counts)
   local judged = counts.killed + counts.survived
   return ('| %s | %d | %d | %d | %d | %d | %s |'):format(name, counts.made, counts['not compiled'],
      counts.equivalent, counts.killed, counts.survived,
      judged > 0 and ('%.1f %%'):format(100 * counts.survived / judged) or '-')
end

-- Lines of a table with a row for each value of a field, and one for all.
local function tabulate(list, title, field)
   local groups, names = { all = {} }, {}
   for _, m in ipairs(list) do
      local name = field(m)
      if not groups[name] then
         groups[name] = {}
         names[#names + 1] = name
      end
      for _, group in ipairs { groups[name], groups.all } do table.insert(group, m) end
   end
   table.sort(names)
   names[#names + 1] = 'all'
   local lines = { ('| %s | made | not compiled | equivalent | killed | survived | share |'):format(
      title), '|---|---:|---:|---:|---:|---:|---:|' }
   for _, name in ipairs(names) do
      local counts = { made = #groups[name] }
      for _, outcome in ipairs(outcomes) do counts[outcome] = 0 end
      for _, m in ipairs(groups[name]) do counts[m.outcome] = counts[m.outcome] + 1 end
      lines[#lines + 1] = row(name, counts)
   end
   return lines
end

local list, why, lines = mutants(), explanations(), {}
local function add(...)
   for _, line in ipairs { ... } do lines[#lines + 1] = line end
end

local seconds, files, seen = 0, 0, {}
for _, m in ipairs(list) do
   seconds = seconds + tonumber(m.seconds)
   if not seen[m.path] then
      seen[m.path] = true
      files = files + 1
   end
end
add('# Mutants', '', ('%d mutants in %d files, %.1f seconds each. The share is that of survivors '
   .. 'among those that'):format(#list, files, seconds / math.max(#list, 1)),
   'run and differ: `survived / (killed + survived)`. `scripts/mutants` writes this page, except',
   'what stands below a survivor.', '')
add(unpack(tabulate(list, 'where', function(m)
   return m.path:match '^lua/lacuna/%l+/' or m.path:match '^[^/]+/%l+/' or m.path:match '^[^/]+/'
end)))
add ''
add(unpack(tabulate(list, 'what was changed', function(m) return m.operator end)))
add('', '## Survivors')

local survivors = {}
for _, m in ipairs(list) do
   if m.outcome == 'survived' then survivors[#survivors + 1] = m end
end
table.sort(survivors, function(a, b)
   if a.path ~= b.path then return a.path < b.path end
   if a.line ~= b.line then return tonumber(a.line) < tonumber(b.line) end
   return a.after < b.after
end)
local unexplained = 0
for _, m in ipairs(survivors) do
   local after = m.after ~= '' and m.after or '(deleted)'
   local text = why[key(m.path, m.before, after)] or ''
   if text == '' then unexplained = unexplained + 1 end
   add('', heading(m), '', '    ' .. m.before, '    ' .. after)
   if text ~= '' then add('', text) end
end

local file = assert(io.open(reportPath, 'wb'))
file:write(table.concat(lines, '\n'), '\n')
file:close()
print(row('all', (function()
   local counts = { made = #list, killed = 0, survived = 0, equivalent = 0, ['not compiled'] = 0 }
   for _, m in ipairs(list) do counts[m.outcome] = counts[m.outcome] + 1 end
   print(('%d made, %d not compiled, %d equivalent, %d killed, %d survived'):format(counts.made,
      counts['not compiled'], counts.equivalent, counts.killed, counts.survived))
   return counts
end)()))
print(('%d survivors without a word of why, in %s'):format(unexplained, reportPath))
