local lacuna = require 'lacuna'
local fail = require 'lacuna.fail'

local ops, Tensor = lacuna.ops, lacuna.Tensor

-- The line on which a function fails, counted from its first.
local function blamed(f, ...)
   local ok, message = pcall(f, ...)
   assert(not ok, 'no error')
   local file, line = tostring(message):match('^([^:]+):(%d+): ')
   return file and file:match('[^/]+$'), tonumber(line)
end
local function here() return debug.getinfo(2, 'l').currentline end

describe('an error of the library', function()
   local x
   before_each(function() x = lacuna.ones(2, 3) end)

   it('blames the line that called', function()
      local line
      local function direct()
         line = here() + 1
         local _ = x + lacuna.ones(2)
      end
      local file, at = blamed(direct)
      assert.equal('errors_spec.lua', file)
      assert.equal(line, at)

      local function deep()
         local function inner()
            line = here() + 1
            lacuna.scope(function() lacuna.noGrad(function() x:view(7) end) end)
         end
         inner()
      end
      file, at = blamed(deep)
      assert.equal('errors_spec.lua', file)
      assert.equal(line, at)
   end)

   it('blames the nearest line there is after a tail call', function()
      local line
      local function tail() return ops.exp(nil) end
      local function caller()
         line = here() + 1
         local y = tail()
         return y
      end
      local file, at = blamed(caller) -- tail's own frame is gone
      assert.equal('errors_spec.lua', file)
      assert.equal(line, at)
   end)

   it('blames a line inside a coroutine', function()
      local line
      local co = coroutine.create(function()
         line = here() + 1
         x:narrow(5, 1, 1)
      end)
      local ok, message = coroutine.resume(co)
      assert.is_false(ok)
      assert.matches('errors_spec.lua:' .. line .. ': narrow: dimension is the number 5', message)
   end)

   it('blames who resumes a library function that was wrapped', function()
      assert.fails('tensor: values are nil', function() coroutine.wrap(lacuna.tensor)() end)
      assert.fails('tensor: values are nil', function()
         coroutine.wrap(function() lacuna.tensor() end)()
      end)
   end)

   it('goes through pcall and xpcall as a string', function()
      local ok, message = pcall(lacuna.tensor, 'a')
      assert.is_false(ok)
      assert.is_string(message)
      assert.matches('^[^\n]+: tensor: values are the string "a", expected a table of numbers$',
         message)
      local trace
      xpcall(function() return ops.exp(3) end, function(text) trace = debug.traceback(text) end)
      assert.matches('stack traceback', trace)
   end)

   it('blames the custom rule that called wrongly, and passes its own errors on', function()
      local line
      ops.define('faulty', { forward = function(_, t) return t * 1 end,
         backward = function(_, dy)
            line = here() + 1
            local y = dy:view(99)
            return y
         end })
      ops.define('angry', { forward = function() error({ code = 7 }) end })
      local leaf = lacuna.ones(2):requireGrad()
      local file, at = blamed(function() ops.faulty(leaf):sum():backward() end)
      local ok, thrown = pcall(ops.angry, leaf)
      ops.faulty, ops.angry = nil, nil
      assert.equal('errors_spec.lua', file)
      assert.equal(line, at)
      assert.is_false(ok)
      assert.equal(7, thrown.code)
   end)

   it('leaves the library as it was', function()
      local leaf = lacuna.ones(2):requireGrad()
      pcall(ops.add, leaf, lacuna.ones(3))
      pcall(lacuna.noGrad, ops.add, leaf, lacuna.ones(3))
      pcall(lacuna.scope, ops.add, leaf, lacuna.ones(3))
      assert.is_true((leaf + 1).requiresGrad)
      local made = lacuna.ones(1)
      collectgarbage()
      assert.near_all({ 1 }, made, 0)
   end)
end)

describe('lacuna.fail', function()
   it('describes values in words', function()
      assert.equal('nil', fail.describe(nil))
      assert.equal('the number 1.5', fail.describe(1.5))
      assert.equal('the number nan', fail.describe(0 / 0))
      assert.equal('true', fail.describe(true))
      assert.equal('the string "a"', fail.describe('a'))
      assert.equal('the string "' .. ('b'):rep(37) .. '..."', fail.describe(('b'):rep(50)))
      assert.equal('a table', fail.describe({}))
      assert.equal('a table', fail.describe(setmetatable({}, { __metatable = false })))
      assert.equal('a Tensor', fail.describe(lacuna.ones(1)))
      assert.equal('a function', fail.describe(print))
      assert.equal('a userdata', fail.describe(io.stdout))
      assert.equal('2x3', fail.shape { 2, 3 })
      assert.equal('a scalar', fail.shape {})
   end)

   it('passes sentences with per cent signs', function()
      assert.fails('tensor: values are the string "%%d%%s"', lacuna.tensor, '%d%s')
      assert.fails("device: '%%s', expected cpu", lacuna.device, '%s')
      assert.fails('option %%d is unknown', lacuna.tensor, { 1 }, { ['%d'] = 1 })
   end)
end)

-- Every function that a user meets, with arguments drawn at random from values of every kind,
-- answers or fails with a sentence that blames this file.
describe('nonsense', function()
   -- who asks for an operation's name, a pointer, or what only the library calls
   local private = { index = true, slice = true, remember = true, check = true,
      checkWritable = true, checkSource = true, fromPointer = true, is = true, define = true,
      seed = true }

   local function values()
      local released = lacuna.ones(2)
      released:release()
      local sites = lacuna.Sites.new { { 1, 0, 0 }, { 1, 1, 1 } }
      return { lacuna.ones(2, 3), lacuna.tensor({ 1, 2 }, { dtype = 'int32' }), lacuna.ones(),
         lacuna.zeros(0, 3), released, sites, sites:submanifold(3), lacuna.ones(3):requireGrad(),
         lacuna.tensor({ 9 }, { dtype = 'int64' }), 1, 2, 0, -1, 1.5, 0 / 0, 1 / 0, 2 ^ 47, 'a',
         '3', true, false, {}, { 2, 3 }, { 1, 'b' }, { -1 }, { dtype = 'int32' }, io.stdout,
         math.abs }
   end

   local function try(random, name, f)
      local list = values()
      for _ = 1, 60 do
         local arguments, n = {}, random(0, 5)
         for i = 1, n do arguments[i] = list[random(0, #list)] end
         local ok, message = pcall(function()
            local result = f(unpack(arguments, 1, n))
            return result
         end)
         message = tostring(message)
         if not ok and (not message:match('^spec/errors_spec.lua:%d+: %w[%w_]*: ')
            or message:match('attempt to ') or message:match('bad argument')) then
            error(name .. ' says: ' .. message, 2)
         end
      end
   end

   local function each(prefix, class)
      it('is answered by ' .. prefix, function()
         local generator = lacuna.Generator(5)
         local function random(low, high) return generator:integer(low, high) end
         local names = {}
         for name, f in pairs(class) do
            if type(f) == 'function' and not private[name] and not name:match('^__') then
               names[#names + 1] = name
            end
         end
         table.sort(names)
         for _, name in ipairs(names) do try(random, prefix .. '.' .. name, class[name]) end
      end)
   end

   each('lacuna.ops', ops)
   each('lacuna.Tensor', Tensor)
   each('lacuna', { tensor = lacuna.tensor, zeros = lacuna.zeros, full = lacuna.full,
      grad = lacuna.grad, keep = lacuna.keep, permutation = lacuna.permutation,
      memory = lacuna.memory, Generator = lacuna.Generator.__init and function(...)
         return lacuna.Generator(...)
      end })
end)
