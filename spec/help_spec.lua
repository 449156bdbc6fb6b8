-- `help` knows everything that a script can name, and says of each thing something of its own.
local class = require 'lacuna.class'
local index = require 'lacuna.help.index'
local lacuna = require 'lacuna'
local names = require 'lacuna.help.names'
local public = require 'spec.support.public'
local source = require 'lacuna.help.source'

local help, nn, ops = lacuna.help, lacuna.nn, lacuna.ops

-- What help prints.
local function shown(...)
   local lines = {}
   local real = _G.print
   _G.print = function(text) lines[#lines + 1] = text end
   local ok, message = pcall(help, ...)
   _G.print = real
   assert(ok, message)
   return table.concat(lines, '\n')
end

describe('help', function()
   local list = public.names()

   it('documents every public name by its value and by its name', function()
      assert.is_true(#list > 400)
      local bare, wrong = {}, {}
      for _, entry in ipairs(list) do
         local path, value = unpack(entry)
         local byName = #index.ofName(path) == 1 and help.text(path)
         -- data: a table of numbers and the like has no page, but its name has
         local isData = type(value) == 'table' and not rawget(value, '__typename')
         local byValue = isData or index.ofValue(value)
         if not byName or not byValue then bare[#bare + 1] = path end
         -- how it is called, then a sentence
         local call, text = (byName or ''):match '^([^\n]*)\n\n(.*)$'
         local called = call and call:find('%f[%w_]' .. path:match '[^.]*$' .. '%(')
         local says = type(value) ~= 'function' or called and text:find '^%S+ %S+'
         if not says then wrong[#wrong + 1] = path end
      end
      assert.equal('', table.concat(bare, ' '))
      assert.equal('', table.concat(wrong, ' '))
   end)

   it('never gives the text of a whole part for one of its functions', function()
      local headers, wrong = {}, {}
      for _, file in pairs(source.readAll(names.root)) do
         if not file.header.classmod then headers[file.header.summary] = file.module end
      end
      for _, entry in ipairs(list) do
         local path, value = unpack(entry)
         if type(value) == 'function' then
            local subject = index.ofName(path)[1]
            if headers[subject.doc.summary] then wrong[#wrong + 1] = path end
         end
      end
      assert.equal('', table.concat(wrong, ' '))
   end)

   it('reaches every comment that LDoc makes a page of', function()
      local lost, count = {}, 0
      for module, file in pairs(source.readAll(names.root)) do
         local wanted = { [module:gsub('^lacuna%.', '')] = true }
         for _, entry in ipairs(file.entries) do
            wanted[entry.last == '__init' and entry.owner or entry.name] = true
         end
         for name in pairs(wanted) do
            count = count + 1
            if #index.ofName(name) ~= 1 then lost[#lost + 1] = name end
         end
      end
      assert.is_true(count > 400)
      table.sort(lost)
      assert.equal('', table.concat(lost, ' '))
   end)

   it('takes a function, a class, an object, a part, and a name with or without its beginning',
      function()
      for _, x in ipairs { nn.ReLU, nn.ReLU(), nn.Sequential():add(nn.ReLU()):get(1), 'ReLU',
         'nn.ReLU', 'lacuna.nn.ReLU' } do
         assert.matches('^nn%.ReLU%(%)\n\nKeeps the positive part', help.text(x))
      end
      for _, x in ipairs { ops.matmul, 'matmul', 'ops.matmul' } do
         assert.matches('^ops%.matmul%(', help.text(x))
      end
      assert.matches('^lacuna%.nn\n', help.text(nn))
      assert.matches('^lacuna%.nn\n', help.text 'nn')
      assert.matches('^Tensor\n', help.text(lacuna.ones(1)))
      assert.matches('^Tensor:add%(other%)\n\nAdds a tensor or a number, in place',
         help.text(lacuna.Tensor.add))
      assert.matches('^lacuna%.Generator%(%[seed%]%)\n', help.text(lacuna.Generator(1)))
   end)

   it('shows what a function takes and gives, and where it is', function()
      assert.equal([=[
ops.sum(x [, dim [, keep]])

Adds up.

Takes
  x     Tensor
  dim   number, may be left out
  keep  boolean, by default false

Gives
  Tensor

lacuna/ops/reduce.lua]=], (help.text(ops.sum):gsub(', line %d+$', '')))
      assert.matches('^Tensor:sum%(%[dim %[, keep%]%]%)', help.text 'Tensor.sum')
   end)

   it('shows how a class is made and its methods, own and inherited', function()
      local text = help.text(nn.Sequential)
      assert.matches('^nn%.Sequential%(%.%.%.%)\n', text)
      assert.matches('\n  local net = nn%.Sequential', text)
      local own, inherited = text:match '\nMethods\n(.-)\n\nMethods of every nn%.Module\n(.*)'
      assert.matches('  add%(module%) +Appends a module', own)
      assert.matches('  zeroGrad%(%) +Drops all gradients', inherited)
      assert.is_nil(inherited:match '\n  add%(')
      text = help.text(lacuna.Tensor)
      assert.matches('\nMethods\n.*\n  add%(other%).*\nWith a dot\n.*\n  zeros%(%.%.%.%)', text)
      -- a method that has no comment has that of the class above, with what its own class does
      assert.matches('Keeps the positive part.*Computes the output', help.text(nn.ReLU.forward))
   end)

   it('finds names under which a function is known as well', function()
      for name, about in pairs { ['lacuna.noGrad'] = 'without recording',
         ['lacuna.tensor'] = 'from nested tables', ['lacuna.seed'] = 'Restarts the common',
         ['mesh.rotation'] = 'Makes a rotation', ['data.fromTable'] = 'elements of a list',
         ['Tensor.uniform'] = 'spread evenly' } do
         assert.matches(about, help.text(name))
      end
      assert.matches('^lacuna%.device%(%[name%]%)', help.text(lacuna.device))
   end)

   it('lists several things of one name, and what mentions a word', function()
      local text = help.text 'add'
      assert.matches('^add is the name of several things', text)
      for _, name in ipairs { 'ops.add', 'Tensor.add', 'nn.Sequential.add' } do
         assert.truthy(text:find('\n  ' .. name .. ' ', 1, true), name)
      end
      text = help.text 'margin'
      assert.matches('^Nothing is called margin', text)
      assert.matches('\n  nn%.TripletLoss ', text)
      assert.matches('\n  nn%.ContrastiveLoss ', text)
      local function count(words) return select(2, words:gsub('\n  %S', '')) end
      text = help.text 'tensor of'
      local more = tonumber(text:match '\n  and (%d+) more$')
      assert.equal(25 + more, count(help.text('tensor of', { all = true })))
      assert.is_nil(help.text('tensor of', { all = true }):match 'and %d+ more')
   end)

   it('suggests what is near to a name that is not there', function()
      local text, message = help.text 'Linaer'
      assert.is_nil(text)
      assert.equal('help: there is no Linaer, did you mean nn.Linear?', message)
      assert.matches('did you mean nn%.Convolution', select(2, help.text 'nn.Convlution'))
      assert.matches('^help: there is no xyzzyx, expected', select(2, help.text 'xyzzyx'))
      assert.matches('near to it is ops%.matmul', help.text 'Tensor.matmul')
      assert.matches("^help: there is no '', expected", select(2, help.text ''))
      assert.matches('^help: there is no %%, expected', select(2, help.text '%'))
   end)

   it('gives an overview of the parts without an argument', function()
      local text = shown()
      for _, name in ipairs { 'nn', 'ops', 'optim', 'data', 'Tensor', 'SparseTensor' } do
         assert.matches('\n  ' .. name .. ' +%u', text)
      end
      assert.matches('\n  seed%(seed%) +Restarts', text)
   end)

   it('keeps to the width of the terminal', function()
      for _, width in ipairs { 50, 80, 120 } do
         for _, x in ipairs { nn, nn.SubmanifoldConvolution, ops.define, lacuna.Tensor.of } do
            for line in help.text(x, { width = width }):gmatch '\n([^\n]+)' do
               local length = #line:gsub('[\128-\191]', '')
               -- code is not broken
               assert(length <= width or line:find '^  ', line)
            end
         end
      end
      assert.is_nil(help.text(nn):find '\27')
      assert.truthy(help.text(nn, { colour = true }):find '\27%[1m')
   end)

   it('tells of functions and classes of a script what their comments say', function()
      --- Doubles.
      -- @tparam number k what to double
      local function double(k) return 2 * k end
      local text = help.text(double)
      assert.matches('^function%(k%)\n\nDoubles%.\n\nTakes\n  k  number: what to double\n', text)
      assert.matches('spec/help_spec%.lua, line %d+$', text)
      local Scale = class('my.Scale', nn.Module)
      --- Scales every plane.
      function Scale:forward(input) return input end
      text = help.text(Scale)
      assert.matches('^my%.Scale', text)
      assert.matches('\n  forward%(input%) +Scales every plane', text)
      assert.matches('Methods of every nn%.Module\n', text)
      -- a class that only has the name of ours is not ours
      local ReLU = class('nn.ReLU')
      function ReLU:twice() return self end
      assert.matches('twice%(%)', help.text(ReLU))
      assert.is_nil(help.text(ReLU):find 'positive part')
   end)

   it('says that nothing is written about the rest', function()
      for _, x in ipairs { 5, true, print, io.stdout } do
         local text, message = help.text(x)
         assert.is_nil(text)
         assert.matches('^help: nothing is written about ', message)
      end
      assert.matches('^help: nothing is written', shown(5))
      assert.fails('help: nil, expected', help, nil)
      assert.fails('help: option colours is unknown', help.text, nn, { colours = true })
      assert.fails('help: width is the string', help.text, nn, { width = 'wide' })
   end)
end)

describe('the reader of comments', function()
   local function parse(text) return source.parse('lacuna/x.lua', text) end

   it('reads sentences, parameters, results and usage', function()
      local file = parse [[
--- Adds. And more,
-- in two lines.
--
-- @module lacuna.x
local x = {}

--- Counts things. See @{add}.
-- @tparam ?table what to count,
-- further down
-- @tparam[opt=3] number most
-- @treturn number how many
-- @return anything
-- @usage x.count {}
function x.count(what, most) end

--- Hides.
local function hidden() end

-- internal: of this file.
function x.inner() end

return x
]]
      assert.equal('Adds.', file.header.summary)
      assert.equal(2, #file.entries)
      local entry = file.entries[1]
      assert.equal('x.count', entry.name)
      assert.equal('Counts things.', entry.doc.summary)
      assert.same({ { name = 'what', type = '?table', text = 'to count, further down',
         optional = false }, { name = 'most', type = 'number', text = '', optional = true,
         default = '3' } }, entry.doc.params)
      assert.same({ { type = 'number', text = 'how many' }, { text = 'anything' } },
         entry.doc.returns)
      assert.same({ 'x.count {}' }, entry.doc.usage)
      assert.is_true(file.entries[2].doc.isInternal)
      assert.equal('Of this file.', file.entries[2].doc.summary)
   end)

   it('finds names that are given by @function, by define, and by assignment', function()
      local list = {}
      for _, entry in ipairs(parse([[
--- X.
-- @module lacuna.x
local Tensor = require 'lacuna.Tensor'
local x = {}
--- Multiplies.
-- @function Tensor:mul
arithmetic('mul')

--- Squares.
define('square', function() end)

--- Stands for another.
x.alias = other

--- Is named below.
local function later(a) end
x.later = later

return x
]]).entries) do list[#list + 1] = entry.name end
      assert.same({ 'Tensor.mul', 'x.square', 'x.alias', 'x.later' }, list)
   end)
end)
