--- Every public function of the library says what it does, what it takes and what it gives.  Reads
-- the sources as text, so that it needs no LDoc; scripts/docs makes pages of the same comments, and
-- `lacuna.help` shows them.
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local lfs = require 'lfs'
local ops = require 'lacuna.ops'
local source = require 'lacuna.help.source'

-- What a base class documents once for all who define it: method -> folder -> base.
local inherited = {
   forward = { nn = 'nn/Module' }, describe = { nn = 'nn/Module' },
   update = { optim = 'optim/Optimizer' },
}

local split, commentAbove, isInternal = source.split, source.commentAbove, source.isInternal
local definition = source.definition

local function exempt(path, name)
   local method = name:match '([%w_]+)$'
   if method:match '^__' then return method ~= '__init' and method ~= '__call' end
   for folder, base in pairs(inherited[method] or {}) do
      if path:match('/' .. folder .. '/') and not path:match(base .. '%.lua$') then return true end
   end
end

-- What is wrong with the comment of a definition, or nil.
local function fault(name, arguments, comment)
   if not (comment[1] or ''):match '^%-%-%- ' then return name .. ' has no --- comment above it' end
   local text = table.concat(comment, '\n')
   local word = comment[1]:match '^%-%-%- (%S+)'
   if not word:match '^%u%l+s%p*$' then
      return ('the comment of %s starts with "%s", not with a verb'):format(name, word)
   end
   for argument in (arguments or ''):gmatch '[%a.][%w_.]*' do
      local found = false
      for line in text:gmatch '@t?param[^\n]*' do
         found = found or (line .. ' '):find(' ' .. argument .. ' ', 1, true) ~= nil
      end
      if not found then return ('the comment of %s has no @param %s'):format(name, argument) end
   end
end

-- Lists what a source lacks.  `documented`, if given, gets the names that have what they need.
local function faults(path, text, documented)
   local lines, list, private = split(text), {}, {}
   for i, line in ipairs(lines) do
      local receiver = line:match '^local ([%w_]+) = '
      if receiver and isInternal(commentAbove(lines, i)) then private[receiver] = true end
      local name, arguments = definition(line)
      if name and not exempt(path, name) and not private[name:match '^[%w_]+'] then
         local comment = commentAbove(lines, i)
         local problem = not isInternal(comment) and fault(name, arguments, comment)
         if problem then list[#list + 1] = ('%s:%d: %s'):format(path, i, problem) end
      end
      if documented then
         local alias = line:match '^%u%w*%.(%w+) = %w+$'
         if alias and not isInternal(commentAbove(lines, i)) then alias = nil end
         local said = name or alias or line:match '@function ([%w_:.]+)$'
         if said then documented[said:match '([%w_]+)$'] = true end
      end
   end
   return list
end

local function sources(folder, list)
   for entry in lfs.dir(folder) do
      local path = folder .. '/' .. entry
      if entry:sub(1, 1) ~= '.' then
         if lfs.attributes(path, 'mode') == 'directory' then
            sources(path, list)
         elseif entry:match '%.lua$' then
            list[#list + 1] = path
         end
      end
   end
   table.sort(list)
   return list
end

local function read(path) return (assert(files.read(path), path)) end

describe('comments', function()
   local paths = sources('lua/lacuna', {})

   it('say what every public function does, takes and gives', function()
      assert.is_true(#paths > 80)
      local list = {}
      for _, path in ipairs(paths) do
         for _, line in ipairs(faults(path, read(path))) do list[#list + 1] = line end
      end
      assert.equal('', table.concat(list, '\n'))
   end)

   it('name every operation and every method of tensors', function()
      local documented = {}
      for _, path in ipairs(paths) do faults(path, read(path), documented) end
      local missing = {}
      for what, members in pairs { ops = ops, Tensor = lacuna.Tensor } do
         for name, value in pairs(members) do
            if type(value) == 'function' and not name:match '^__' and not documented[name] then
               missing[#missing + 1] = what .. '.' .. name
            end
         end
      end
      table.sort(missing)
      assert.equal('', table.concat(missing, ' '))
   end)

   it('show every class at work', function()
      local missing = {}
      for _, path in ipairs(paths) do
         local text = read(path)
         local head = text:match '^(.-)%-%- @classmod'
         if head and not head:match '\n%-%-     %S' then missing[#missing + 1] = path end
      end
      assert.equal('', table.concat(missing, ' '))
   end)
end)

describe('the check of comments', function()
   local function check(text) return table.concat(faults('lua/lacuna/nn/X.lua', text), '; ') end

   it('names the function that has none', function()
      local good = '--- Counts.\n-- @tparam number n\nfunction X:count(n)\nend\n'
      assert.equal('', check(good))
      assert.equal('lua/lacuna/nn/X.lua:3: X:count has no --- comment above it',
         check((good:gsub('%-%-%- ', '-- '))))
      assert.equal('lua/lacuna/nn/X.lua:4: X:count has no --- comment above it',
         check((good:gsub('function', '\nfunction'))))
      assert.equal('lua/lacuna/nn/X.lua:1: X.count has no --- comment above it',
         check 'X.count = function(n)')
      assert.equal('lua/lacuna/nn/X.lua:1: square has no --- comment above it',
         check "ops.define('square', {")
      for _, path in ipairs { 'lua/lacuna/Tensor.lua', 'lua/lacuna/nn/Module.lua' } do
         local text, n = read(path):gsub('\n%-%-%- Drops all gradients%.', '\n')
         if n == 0 then text, n = text:gsub('\n%-%-%- Drops the gradient%.', '\n') end
         assert.equal(1, n)
         local list = faults(path, text)
         assert.same(1, #list)
         assert.truthy(list[1]:match ':zeroGrad has no %-%-%- comment above it$')
      end
   end)

   it('wants a verb, and every argument', function()
      assert.truthy(check('--- The count.\nfunction X:count()'):match 'starts with "The", not')
      assert.truthy(check('--- Counts.\n-- @param m\nfunction X:count(m, n)'):match 'no @param n')
      assert.truthy(check('--- Counts.\nfunction X:count(...)'):match 'no @param %.%.%.')
   end)

   it('lets pass what is internal and says why, and what a base class says', function()
      assert.equal('', check '-- internal: for loaders.\nfunction X:count(n)')
      assert.equal('', check '-- internal: of this file.\nlocal X = {}\n\nfunction X:count(n)')
      assert.equal('', check 'function X:forward(input)')
      assert.equal('lua/lacuna/X.lua:1: X:forward has no --- comment above it',
         faults('lua/lacuna/X.lua', 'function X:forward()')[1])
   end)
end)
