-- Runs the programs of README.md and of the guide, and compares what they print with what the page
-- says they print.
--
-- A block ```lua whose first line is `-- runs` is run; a block ```text right behind it is its
-- output.  Each block stands alone; `lacuna`, `nn`, `ops` and `optim` are there, as in each page's
-- first lines.  Every other ```lua block must at least be Lua.
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local lfs = require 'lfs'

local function read(path) return (assert(files.read(path), path)) end

-- The blocks of a page: language, text, and the block right behind it, if there is one.
local function blocks(page)
   local list, previous, open, gap = {}, nil, nil, {}
   for line in (page .. '\n'):gmatch '(.-)\n' do
      local language = line:match '^```(%w*)$'
      if open and language == '' then
         list[#list + 1] = { language = open.language, text = table.concat(open, '\n') }
         if previous and table.concat(gap):match '^%s*$' then previous.behind = list[#list] end
         previous, open, gap = list[#list], nil, {}
      elseif open then
         open[#open + 1] = line
      elseif language then
         open = { language = language }
      else
         gap[#gap + 1] = line
      end
   end
   assert(not open, 'a block is not closed')
   return list
end

local function trimmed(text) return (text:gsub('[ \t]+\n', '\n'):gsub('%s+$', '')) end

-- Runs a block on the cpu; gives what it printed.
local function run(text)
   local lines, had = {}, {}
   for op in pairs(lacuna.ops) do had[op] = true end
   local environment = setmetatable({
      lacuna = lacuna, nn = lacuna.nn, ops = lacuna.ops, optim = lacuna.optim,
      print = function(...)
         local words = { ... }
         for i = 1, select('#', ...) do words[i] = tostring(words[i]) end
         lines[#lines + 1] = table.concat(words, '\t')
      end,
   }, { __index = _G })
   lacuna.device 'cpu'
   lacuna.seed(0)
   local good, message = pcall(setfenv(assert(loadstring(text, '=example')), environment))
   for op in pairs(lacuna.ops) do
      if not had[op] then lacuna.ops[op] = nil end
   end
   assert(good, message)
   return table.concat(lines, '\n')
end

local pages = { 'README.md', 'CHANGELOG.md', 'docs/architecture.md', 'docs/decisions.md' }
for name in lfs.dir 'docs/guide' do
   if name:match '%.md$' then pages[#pages + 1] = 'docs/guide/' .. name end
end
table.sort(pages)

for _, path in ipairs(pages) do
   describe(path, function()
      local page = read(path)
      local number, programs = 0, 0
      for _, block in ipairs(blocks(page)) do
         if block.language == 'lua' then
            number = number + 1
            local name = path .. ' block ' .. number
            if block.text:match '^%-%- runs' then
               programs = programs + 1
               it('does in block ' .. number .. ' what it says', function()
                  local printed = run(block.text)
                  local output = block.behind
                  if output and output.language == 'text' then
                     assert.equal(trimmed(output.text), trimmed(printed))
                  end
               end)
            else
               it('is Lua in block ' .. number, function()
                  assert(loadstring(block.text, '=' .. name))
               end)
            end
         end
      end

      if path:match 'guide/' or path == 'README.md' then
         it('has a program', function() assert.is_true(programs > 0) end)
      end

      it('links to files that are there', function()
         local folder = path:match '^(.*/)' or ''
         for target in page:gmatch '%]%(([^)#]+)' do
            -- measurements come from other machines, in their own time
            if not target:match '^%a+:' and not target:match 'results/' then
               assert(lfs.attributes(folder .. target, 'mode'), target .. ' is not there')
            end
         end
      end)
   end)
end

describe('docs/guide/retrieval.md', function()
   it('tells every option of the example', function()
      local page, script = read 'docs/guide/retrieval.md', read 'examples/shape_retrieval.lua'
      for name in script:gmatch "{ '([%w-]+)', [^\n]*, '[^\n]*' },\n" do
         assert(page:find('--' .. name, 1, true), name .. ' is not there')
      end
   end)
end)
