local complete = require 'lacuna.repl.complete'
local files = require 'spec.support.files'
local lacuna = require 'lacuna'

local nn = lacuna.nn

-- The candidates at the end of a line, as one text, and where they go.
local function at(line, env)
   local list, start = complete.candidates(line, #line + 1, env or {})
   return table.concat(list, ' '), line:sub(start)
end

describe('completion', function()
   local env = setmetatable({
      lacuna = lacuna, net = nn.Sequential():add(nn.ReLU()), text = 'abc', _hidden = 1,
      file = io.stdout,
      t = { { left = 1, right = 2 }, a = { bcd = 1, ['b c'] = 2, _e = 3 }, [-2] = { deep = 1 } },
   }, { __index = { inherited = 1, print = print } })

   it('knows globals, those behind their metatable, and keywords', function()
      assert.equal('lacuna', (at('lac', env)))
      assert.equal('inherited', (at('x = inh', env)))
      assert.equal('function', (at('local f = func', env)))
      assert.equal('file inherited lacuna net print t text', (at('', env)))
      assert.equal('_hidden', (at('_', env)))
      assert.equal('net nil not', (at('n', env)))
      assert.equal('lacuna', (at('a..la', env)))
   end)

   it('replaces the last name only', function()
      assert.same({ 'SubmanifoldConvolution', 'Sub' }, { at('y = lacuna.nn.Sub', env) })
      assert.same({ { 'ReLU' }, 4 }, { complete.candidates('nn.Re(x)', 6, { nn = nn }) })
   end)

   it('knows fields, methods, and elements at literal keys', function()
      assert.equal('left right', (at('t[1].', env)))
      assert.equal('deep', (at('t [ -2 ] . ', env)))
      assert.equal('bcd', (at("t['a'].b", env)))
      assert.equal('bcd', (at('t["a"].', env)))
      assert.equal('_e', (at('t.a._', env)))
      assert.equal('upper', (at('text:up', env)))
      assert.equal('seek setvbuf', (at('file:se', env)))
      assert.equal('get', (at('net:ge', env)))
      assert.equal('', (at('net:childNames', env)))
      assert.equal('childNames', (at('net.childN', env)))
      assert.equal('b c bcd', (at("t.a['b", env)))
      assert.equal('ends', (at('k.e', { k = { ['end'] = 1, ends = 2 } })))
   end)

   it('gives nothing where nothing is known, in comments and in numbers', function()
      for _, line in ipairs { 'f(x).', 'f(x):', 'nosuch.', 't.nosuch.', 'net:get(1).', '-- lac',
         '1.', '1e', 't[i].', '("x"):', 'net:t.', '--[[ lac' } do
         assert.equal('', (at(line, env)))
      end
      assert.equal('lacuna', (at('--[[ x ]] lac', env)))
      assert.equal('lacuna', (at([['it\'s' .. "--" .. lac]], env)))
   end)

   it('knows the methods of tensors and what the library would load', function()
      env.w = lacuna.ones(2)
      assert.equal('sub sum', (at('w:su', env)))
      local fields = at('w.d', env)
      assert.matches('device .*dim div dtype', fields)
      env.w = nil
      fields = at('lacuna.optim.', env)
      assert.matches('Adam AdamW ClassicSGD Optimizer SGD clip schedule', fields)
      assert.matches('^Generator Sites .*data.*nn .*zeros$', (at('lacuna.', env)))
      assert.is_nil((at('lacuna.nn.', env)):find 'pointwise')
   end)

   it('lists without loading', function()
      local later, layer = rawget(nn, 'Tanh'), nn.Tanh
      assert.equal(layer, later or layer)
      rawset(nn, 'Tanh', nil)
      assert.equal('Tanh', (at('lacuna.nn.Tan', env)))
      assert.is_nil(rawget(nn, 'Tanh'))
      assert.matches('forward', (at('lacuna.nn.Tanh.', env)))
      assert.equal(layer, rawget(nn, 'Tanh'))
   end)

   it('never calls what a script wrote', function()
      local calls = 0
      local function called() calls = calls + 1 return {} end
      local meta = {}
      for name in ([[__index __pairs __ipairs __tostring __len __eq __call __newindex __names
         __concat __metatable]]):gmatch '%S+' do meta[name] = called end
      local evil = setmetatable({ own = setmetatable({ inner = 1 }, meta) }, meta)
      local above = setmetatable({}, { __index = evil })
      local typed = setmetatable({}, { __index = called, __typename = 'Tensor', secret = called })
      for _, line in ipairs { 'evil.', 'evil:', 'evil.x.', 'evil.own.', 'above.o', 'typed.',
         'typed.x.', 'evil[1].', "evil['", '' } do
         at(line, { evil = evil, above = above, typed = typed })
         at(line, setmetatable({ evil = evil }, meta))
      end
      assert.equal(0, calls)
      assert.equal('inner', (at('evil.own.', { evil = evil })))
      assert.equal('own', (at('above.o', { above = above })))
      assert.equal('', (at('typed.', { typed = typed })))
      local posing = setmetatable({}, { __index = called, __names = { fake = true } })
      assert.equal('', (at('posing.', { posing = posing })))
      assert.equal('', (at('posing.fake.', { posing = posing })))
      assert.equal(0, calls)
   end)

   it('ends with rings of metatables and with large tables', function()
      local ring = {}
      setmetatable(ring, { __index = ring })
      assert.equal('', (at('ring.x.y', { ring = ring })))
      local large = {}
      for i = 1, 1e6 do large[i] = i end
      large.field = 1
      assert.equal('field', (at('large.', { large = large })))
      local wide = {}
      for i = 1, 1e5 do wide['k' .. i] = i end
      assert.is_true(#complete.candidates('wide.', 6, { wide = wide }) <= 20000)
   end)

   describe('inside a string', function()
      before_each(files.open)
      after_each(files.close)

      it('knows files', function()
         for _, name in ipairs { 'shape one.off', 'shape2.off', '.hidden', "it's", 'd/x' } do
            require('lfs').mkdir(files.at 'd')
            files.write(name, '')
         end
         local list, typed = at("mesh.read('" .. files.at 'sha')
         assert.same({ 'shape one.off shape2.off', 'sha' }, { list, typed })
         assert.equal("d/ it's shape one.off shape2.off", (at('"' .. files.at '')))
         assert.equal('d/ shape one.off shape2.off', (at("'" .. files.at '')))
         assert.equal('x', (at('[[' .. files.at 'd/')))
         assert.equal('.hidden', (at("'" .. files.at '.')))
         assert.equal('', (at("'" .. files.at 'none/')))
      end)

      it('knows whose home ~ is', function()
         files.write('shape.off', '')
         local real = os.getenv
         rawset(os, 'getenv', function(name) return name == 'HOME' and files.at() or real(name) end)
         local shown = at "'~/sha"
         rawset(os, 'getenv', real)
         assert.equal('shape.off', shown)
      end)

      it('looks at some ten thousand names of a folder, not at all', function()
         local lfs, made = require 'lfs', 0
         local dir, attributes = lfs.dir, lfs.attributes
         lfs.attributes = function() end
         lfs.dir = function()
            return function()
               made = made + 1
               return made <= 20000 and 'f' .. made or nil
            end
         end
         local list = complete.candidates("'f", 3, {})
         lfs.dir, lfs.attributes = dir, attributes
         assert.is_true(made <= 10001)
         assert.equal(10000, #list)
      end)
   end)

   it('blames wrong arguments', function()
      assert.fails('candidates: line is nil', complete.candidates)
      assert.fails('candidates: position is the number 9', complete.candidates, 'ab', 9, {})
      assert.fails('candidates: env is nil', complete.candidates, 'ab', 1)
   end)
end)
