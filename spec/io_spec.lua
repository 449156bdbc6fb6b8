local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local at, write, read = files.at, files.write, files.read
local io_ = lacuna.io
local Tensor = lacuna.Tensor
local shell = files.shell

-- The bytes of a .npy file of version 1.
local function npy(header, data, version)
   local length = string.char(#header % 256, math.floor(#header / 256))
   if version and version > 1 then length = length .. '\0\0' end
   return '\147NUMPY' .. string.char(version or 1) .. '\0' .. length .. header .. data
end

local function header(descr, shape, order)
   return ("{'descr': '%s', 'fortran_order': %s, 'shape': %s}"):format(descr, order or 'False',
      shape)
end

local function refuses(...) files.refuses(assert, ...) end

before_each(files.open)
after_each(files.close)

describe('io.writeNpy and io.readNpy', function()
   it('give back every dtype and shape', function()
      for dtype, values in pairs {
         float32 = { { 1.5, -2, 1e30 }, { 0, 0.1, 3 } }, uint8 = { { 0, 255, 7 }, { 1, 2, 3 } },
         int32 = { { -2147483648, 0, 2147483647 }, { 1, 2, 3 } },
         int64 = { { -9007199254740992, 0, 1 }, { 2, 3, 9007199254740992 } },
      } do
         local x = Tensor.of(values, { dtype = dtype })
         assert.is_true(io_.writeNpy(at 'x.npy', x))
         local y = assert(io_.readNpy(at 'x.npy'))
         assert.equal(dtype, y.dtype)
         assert.equal(lacuna.device(), y.device)
         assert.same({ 2, 3 }, y:shape())
         assert.equal(x:toString(), y:toString())
      end
   end)

   it('give back scalars, vectors and tensors without elements', function()
      for _, sizes in ipairs { {}, { 5 }, { 0 }, { 3, 0, 2 }, { 1, 2, 3, 1, 1, 2 } } do
         assert.is_true(io_.writeNpy(at 'x.npy', lacuna.full(3, sizes)))
         local y = assert(io_.readNpy(at 'x.npy'))
         assert.same(sizes, y:shape())
         for _, value in ipairs(y:toFlat()) do assert.equal(3, value) end
      end
   end)

   it('move more than a chunk', function()
      local x = Tensor.raw({ 300001, 2 }):uniform(-1, 1)
      local i = Tensor.raw({ 524290 }, 'int32')
      i:fill(7)
      assert.is_true(io_.writeNpy(at 'x.npy', x))
      assert.is_true(io_.writeNpy(at 'i.npy', i))
      assert.equal(x:toString(), assert(io_.readNpy(at 'x.npy')):toString())
      assert.equal(i:toString(), assert(io_.readNpy(at 'i.npy')):toString())
   end)

   it('reach past four gigabytes', function()
      local handle = io.open(at 'x', 'wb')
      handle:seek('set', 5e9)
      handle:write('\0\1\2\3\4\5\6\7')
      handle:close()
      local t = assert(require('lacuna.io.file').load('spec', at 'x', 5e9, '|u1', { 8 }))
      assert.same({ 0, 1, 2, 3, 4, 5, 6, 7 }, t:toTable())
   end)

   it('write a view from its own first row on', function()
      local x = lacuna.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }
      assert.is_true(io_.writeNpy(at 'x.npy', x:rows(2, 3)))
      assert.near_all({ { 3, 4 }, { 5, 6 } }, assert(io_.readNpy(at 'x.npy')))
   end)

   it('read to the device that is named', function()
      assert.is_true(io_.writeNpy(at 'x.npy', lacuna.ones(2)))
      assert.equal('cpu', io_.readNpy(at 'x.npy', { device = 'cpu' }).device)
   end)

   it('write headers of 64 bytes, or a multiple', function()
      io_.writeNpy(at 'x.npy', lacuna.ones(2, 3))
      local bytes = read(at 'x.npy')
      assert.equal("\147NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
         bytes:sub(1, 69))
      assert.equal(128 + 24, #bytes)
      assert.equal('\n', bytes:sub(128, 128))
   end)

   it('read versions 2 and 3, either quote, any order, and trailing blanks', function()
      local text = '{"shape":(2L , ),"fortran_order":True,"descr":"<i4",}  \n'
      for version = 1, 3 do
         local data = '\1\0\0\0\255\255\255\255'
         local y = assert(io_.readNpy(write('x.npy', npy(text, data, version))))
         assert.same({ 1, -1 }, y:toTable())
      end
   end)

   it('convert what tensors cannot hold as it is', function()
      for _, case in ipairs {
         { '>f4', '\63\192\0\0\192\0\0\0', 'float32', { 1.5, -2 } },
         { '<f8', '\0\0\0\0\0\0\248\63\154\153\153\153\153\153\185\63', 'float32', { 1.5, 0.1 } },
         { '>f8', '\63\248\0\0\0\0\0\0\192\0\0\0\0\0\0\0', 'float32', { 1.5, -2 } },
         { '<f2', '\0\62\1\0\0\252\255\123\0\128', 'float32',
            { 1.5, 2 ^ -24, -math.huge, 65504, 0 } },
         { '|i1', '\1\255\128', 'int32', { 1, -1, -128 } },
         { '<i2', '\1\0\255\255\0\128', 'int32', { 1, -1, -32768 } },
         { '>i2', '\0\1\255\254', 'int32', { 1, -2 } },
         { '<u2', '\255\255\1\0', 'int32', { 65535, 1 } },
         { '>i4', '\0\0\1\0\255\255\255\255', 'int32', { 256, -1 } },
         { '<u4', '\255\255\255\255\1\0\0\0', 'int64', { 4294967295, 1 } },
         { '>i8', '\0\0\0\0\0\0\0\5\255\255\255\255\255\255\255\255', 'int64', { 5, -1 } },
         { '<u8', '\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0', 'int64', { 5, 0 } },
         { '|b1', '\0\1\1', 'uint8', { 0, 1, 1 } },
         { '|u1', '\0\200', 'uint8', { 0, 200 } },
      } do
         local descr, data, dtype, values = unpack(case)
         local shape = '(' .. #values .. ',)'
         local y = assert(io_.readNpy(write('x.npy', npy(header(descr, shape), data))))
         assert.equal(dtype, y.dtype)
         assert.near_all(values, y, 1e-8)
      end
   end)

   it('refuse headers that lie, in a sentence', function()
      local eight = ('\0'):rep(8)
      for _, case in ipairs {
         { 'does not begin', '' },
         { 'does not begin', 'PK\3\4 and so on' },
         { 'version 4', npy(header('<f4', '(2,)'), eight, 4) },
         { '8 bytes follow the header, expected 12', npy(header('<f4', '(3,)'), eight) },
         { '8 bytes follow the header, expected 4 for a number', npy(header('<f4', '()'), eight) },
         { 'expected 0 for 0x5', npy(header('<f4', '(0, 5)'), eight) },
         { 'columns come first', npy(header('<f4', '(2, 1)', 'True'), eight) },
         { 'type <c8', npy(header('<c8', '(1,)'), eight) },
         { 'type |O', npy(header('|O', '(1,)'), eight) },
         { 'type <U2', npy(header('<U2', '(1,)'), eight) },
         { 'type <f3', npy(header('<f3', '(1,)'), eight) },
         { 'type <M8', npy(header('<M8', '(1,)'), eight) },
         { 'descr is "%[',
            npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", eight) },
         { 'more than 2%^48', npy(header('<f4', '(0, 999999999999999)'), '') },
         { 'more than 2%^48', npy(header('<f4', '(281474976710656, 281474976710656, 0)'), '') },
         { 'has 13 sizes', npy(header('|u1', '(1,1,1,1,1,1,1,1,1,1,1,1,8)'), eight) },
         { 'shape is', npy(header('<f4', '(-2,)'), eight) },
         { 'shape is', npy(header('<f4', '(2.0,)'), eight) },
         { 'shape is', npy(header('<f4', '(2, , 1)'), eight) },
         { 'shape is', npy(header('<f4', '(,)'), eight) },
         { 'expected a tuple', npy(header('<f4', '(2)'), eight) },
         { 'shape is', npy(header('<f4', '[2]'), eight) },
         { 'shape is', npy(header('<f4', '(os.exit(),)'), eight) },
         { 'fortran_order is', npy(header('<f4', '(2,)', 'os.exit()'), eight) },
         { 'no shape', npy("{'descr': '<f4', 'fortran_order': False}", eight) },
         { 'is due', npy("{'descr': '<f4', 'descr': '<f4'}", eight) },
         { 'is due', npy("{'descr': '<f4', 'more': 1}", eight) },
         { 'no comma', npy("{'descr': '<f4' 'shape': (2,)}", eight) },
         { 'not a dictionary', npy('os.exit(3)', eight) },
         { 'header has 65535 bytes', '\147NUMPY\1\0\255\255{}' },
         { 'header has 4294967295 bytes', '\147NUMPY\2\0\255\255\255\255{}' },
      } do
         refuses(case[1], io_.readNpy, write('x.npy', case[2]))
      end
      refuses('element 0 is 18446744073709551615', io_.readNpy,
         write('x.npy', npy(header('<u8', '(1,)'), ('\255'):rep(8))))
   end)

   it('refuse a file cut at any byte', function()
      io_.writeNpy(at 'x.npy', lacuna.ones(2))
      local bytes = read(at 'x.npy')
      for length = 0, #bytes - 1 do
         refuses('^readNpy: ', io_.readNpy, write('cut.npy', bytes:sub(1, length)))
      end
   end)

   it('say which file is missing, or is no file', function()
      refuses('^readNpy: cannot open .*none.npy: No such file', io_.readNpy, at 'none.npy')
      refuses('^readNpy: .*directory', io_.readNpy, at())
      refuses('^writeNpy: cannot make .*No such file',
         function(path) return io_.writeNpy(path, lacuna.ones(1)) end, at 'none/x.npy')
      refuses('^writeNpy: ', function(path) return io_.writeNpy(path, lacuna.ones(1)) end, at())
   end)

   it('refuse wrong arguments', function()
      local x = lacuna.ones(1)
      assert.fails('readNpy: path is nil', io_.readNpy)
      assert.fails('readNpy: path is the string ""', io_.readNpy, '')
      assert.fails('path is', io_.readNpy, 'a\0b')
      assert.fails('option dvice is unknown', io_.readNpy, 'x', { dvice = 'cpu' })
      assert.fails('writeNpy: tensor is a table', io_.writeNpy, at 'x.npy', { 1 })
      assert.fails('writeNpy: path is a Tensor', io_.writeNpy, x, x)
      x:release()
      assert.fails('released', io_.writeNpy, at 'x.npy', x)
   end)

   it('agree with numpy', function()
      if not files.python 'numpy' then
         pending 'no numpy'
         return
      end
      io_.writeNpy(at 'x.npy', lacuna.tensor { { 1, 2.5, 3 }, { 4, 5, 6 } })
      shell(([[python3 -c "
import numpy
x = numpy.load('%s', allow_pickle=False)
assert x.dtype == numpy.float32 and x.shape == (2, 3), x
numpy.save('%s', (x * 2).astype('>f8'))
numpy.save('%s', numpy.asfortranarray(x))
numpy.save('%s', numpy.int16(-3))"]]):format(at 'x.npy', at 'y.npy', at 'f.npy', at 's.npy'))
      assert.near_all({ { 2, 5, 6 }, { 8, 10, 12 } }, assert(io_.readNpy(at 'y.npy')))
      assert.equal(-3, assert(io_.readNpy(at 's.npy')):item())
      refuses('columns come first', io_.readNpy, at 'f.npy')
   end)
end)

describe('a file that is written', function()
   it('keeps what it held when the disk is full', function()
      io_.writeNpy(at 'x.npy', lacuna.ones(2))
      local before = read(at 'x.npy')
      local script = write('big.lua', ([[
         package.path, LACUNA_LIB = %q, %q
         local lacuna = require 'lacuna'
         print(lacuna.io.writeNpy(%q, lacuna.zeros(100000)))
      ]]):format(package.path, require('lacuna.native').library, at 'x.npy'))
      -- files end at 64 blocks, and the signal that says so is ignored
      local text = shell(
         "lua=$(readlink /proc/$PPID/exe); trap '' XFSZ; ulimit -f 64; $lua " .. script)
      assert.is_truthy(text:match('^nil\twriteNpy: cannot write .*x.npy: File too large'), text)
      assert.equal(before, read(at 'x.npy'))
      os.remove(script)
      assert.equal('x.npy\n', shell('ls ' .. at()))
   end)

   it('may be a device, which is not replaced', function()
      local good, why = io_.writeNpy('/dev/full', lacuna.ones(2))
      assert.is_nil(good)
      assert.equal('writeNpy: cannot write /dev/full: No space left on device', why)
      assert.is_true(io_.writeNpy('/dev/null', lacuna.ones(2)))
      assert.is_truthy(shell('ls -l /dev/full'):match('^c'))
   end)

   it('stays what a link points to, with its rights', function()
      write('real.npy', '')
      shell(('ln -s real.npy %s; chmod 640 %s'):format(at 'link.npy', at 'real.npy'))
      assert.is_true(io_.writeNpy(at 'link.npy', lacuna.ones(2)))
      assert.equal('real.npy\n', shell('readlink ' .. at 'link.npy'))
      assert.is_truthy(shell('ls -l ' .. at 'real.npy'):match('^%-rw%-r%-%-%-%-%-'))
      assert.near_all({ 1, 1 }, assert(io_.readNpy(at 'real.npy')))
   end)

   it('gives up in a sentence where memory is short', function()
      local C = require('lacuna.native').C
      local x = lacuna.ones(3)
      assert.is_true(io_.writeNpy(at 'x.npy', x))
      for n = 1, 6 do
         C.lac_debug_fail_after(n)
         pcall(io_.writeNpy, at 'y.npy', x)
         C.lac_debug_fail_after(n)
         pcall(io_.readNpy, at 'x.npy')
      end
      C.lac_debug_fail_after(0)
      assert.near_all({ 1, 1, 1 }, assert(io_.readNpy(at 'y.npy')))
   end)
end)

describe('a folder', function()
   local lfs = require 'lfs'
   local file = require 'lacuna.io.file'

   it('is made with those above it, by a path from here or from the root', function()
      local before = lfs.currentdir()
      finally(function() lfs.chdir(before) end)
      lfs.chdir(at())
      assert.is_true(file.makeFolder('save', 'a/b/c'))
      assert.is_true(file.makeFolder('save', 'a/b/c/'))
      assert.is_true(file.makeFolder('save', at 'd/e'))
      for _, path in ipairs { 'a/b/c', 'd/e' } do
         assert.equal('directory', lfs.attributes(at(path), 'mode'))
      end
   end)

   it('that cannot be made is a sentence', function()
      write('taken', '')
      local made, why = file.makeFolder('save', at 'taken/x')
      assert.is_nil(made)
      assert.matches('^save: cannot make %S+taken: ', why)
   end)
end)

describe('a checksum', function()
   local file = require 'lacuna.io.file'

   it('is that of zlib', function()
      assert.equal(0, file.checksum(0, ''))
      assert.equal(0xcbf43926, file.checksum(0, '123456789'))
      assert.equal(0x414fa339, file.checksum(0, 'The quick brown fox jumps over the lazy dog'))
   end)

   it('goes on from that of what came before', function()
      local text = ('The quick brown fox jumps over the lazy dog'):rep(3)
      for length = 0, #text do
         local first = file.checksum(0, text:sub(1, length))
         assert.equal(file.checksum(0, text), file.checksum(first, text:sub(length + 1)))
      end
   end)

   it('of a tensor is that of its bytes, wherever it is', function()
      local list, chars = {}, {}
      for i = 1, 1001 do list[i], chars[i] = i % 251, string.char(i % 251) end
      local t = lacuna.tensor(list, { dtype = 'uint8' })
      assert.equal(file.checksum(7, table.concat(chars)), file.checksum(7, t))
      local large = lacuna.zeros(600000)  -- more than passes through a buffer at once
      assert.equal(file.checksum(0, ('\0'):rep(2400000)), file.checksum(0, large))
   end)

   it('refuses what is none', function()
      assert.fails('crc is the number %-1', file.checksum, -1, '')
      assert.fails('more is nil', file.checksum, 0)
   end)
end)

describe('io.writeJson and io.readJson', function()
   it('give back what was written', function()
      local value = {
         name = 'a "b" \\ \1 ä', list = { 1, 2.5, { deep = true } }, empty = {}, no = false,
         none = io_.null, numbers = { 0.1, 1 / 3, -1e-300, 1.7976931348623157e308, 2 ^ 53, -7 },
      }
      assert.is_true(io_.writeJson(at 'x.json', value))
      assert.same(value, io_.readJson(at 'x.json'))
   end)

   it('write lines, in the order of keys', function()
      io_.writeJson(at 'x.json', { b = { 1, 2 }, a = { { x = 1 } }, c = 'd' })
      assert.equal('{\n  "a": [\n    {\n      "x": 1\n    }\n  ],\n  "b": [1, 2],\n  "c": "d"\n}\n',
         read(at 'x.json'))
   end)

   it('refuse what is not JSON', function()
      refuses('^readJson: .*x.json: not JSON: ', io_.readJson, write('x.json', '{"a":1'))
      refuses('not JSON', io_.readJson, write('x.json', ''))
      refuses('a byte of zero at character 3', io_.readJson, write('x.json', '{}\0{'))
      refuses('the key "a" comes twice', io_.readJson, write('x.json', '[{"a":"\\"","a":2}]'))
      refuses('cannot open', io_.readJson, at 'none.json')
      assert.same({ { a = 1 }, { a = 2 } }, io_.readJson(write('x.json', '[{"a":1},{"a":2}]')))
   end)

   it('refuse values that JSON lacks', function()
      local circle = {}
      circle.a = circle
      for pattern, value in pairs {
         ['a number is nan'] = { 0 / 0 }, ['a number is inf'] = { a = math.huge },
         ['a key is the number 1'] = { 1, a = 2 }, ['in a circle'] = circle,
         ['a value is a function'] = { print }, ['a value is a Tensor'] = { lacuna.ones(1) },
         ['not UTF%-8'] = 'a\200b',
      } do
         assert.fails(pattern, io_.writeJson, at 'x.json', value)
      end
   end)
end)
