local lacuna = require 'lacuna'
local files = require 'spec.support.files'
local at, write, read = files.at, files.write, files.read
local io_ = lacuna.io

-- A reader of its own, on nothing but the standard library.
local PYTHON = [==[
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', data[:8])[0]
assert n % 8 == 0 and n <= len(data) - 8
def once(pairs):
    keys = [k for k, _ in pairs]
    assert len(set(keys)) == len(keys), keys
    return dict(pairs)
header = json.loads(data[8:8 + n].decode('utf-8'), object_pairs_hook=once)
print('metadata', sorted(header.pop('__metadata__', {}).items()))
assert list(header) == sorted(header)
end = 0
kinds = {'F32': 'f', 'I32': 'i', 'I64': 'q', 'U8': 'B'}
for name, entry in sorted(header.items(), key=lambda e: e[1]['data_offsets']):
    first, last = entry['data_offsets']
    assert first == end, (name, first, end)
    kind = kinds[entry['dtype']]
    assert first % struct.calcsize(kind) == 0
    values = struct.unpack('<%d%s' % ((last - first) // struct.calcsize(kind), kind),
                           data[8 + n + first:8 + n + last])
    print(name, entry['dtype'], entry['shape'], list(values))
    end = last
assert end == len(data) - 8 - n
]==]

local function refuses(...) files.refuses(assert, ...) end

before_each(files.open)
after_each(files.close)

describe('io.saveTensors and io.loadTensors', function()
   local function make()
      return {
         weight = lacuna.tensor { { 1, -2.5 }, { 3, 4 } }, bias = lacuna.zeros(0, 3),
         mask = lacuna.tensor({ 1, 2, 3 }, { dtype = 'uint8' }), scalar = lacuna.full(7, {}),
         labels = lacuna.tensor({ -1, 5 }, { dtype = 'int64' }),
         ['Grö"ße\n'] = lacuna.tensor({ 9 }, { dtype = 'int32' }),
      }
   end

   it('give back tensors and metadata', function()
      local tensors = make()
      local metadata = { epoch = '3', ['a "b"\\'] = 'c\nd\tä' }
      assert.is_true(io_.saveTensors(at 'x.safetensors', tensors, metadata))
      local loaded, about = assert(io_.loadTensors(at 'x.safetensors'))
      assert.same(metadata, about)
      for name, t in pairs(tensors) do
         assert.same(t:shape(), loaded[name]:shape())
         assert.equal(t.dtype, loaded[name].dtype)
         assert.equal(lacuna.device(), loaded[name].device)
         assert.equal(t:toString(), loaded[name]:toString())
         loaded[name] = nil
      end
      assert.same({}, loaded)
   end)

   it('give back nothing', function()
      assert.is_true(io_.saveTensors(at 'x.safetensors', {}))
      assert.equal('\8\0\0\0\0\0\0\0{}      ', read(at 'x.safetensors'))
      local tensors, metadata = io_.loadTensors(at 'x.safetensors')
      assert.same({}, tensors)
      assert.same({}, metadata)
   end)

   it('write the same bytes for the same tensors', function()
      io_.saveTensors(at 'a', { x = lacuna.ones(2), y = lacuna.zeros(1) }, { p = '1', q = '2' })
      io_.saveTensors(at 'b', { y = lacuna.zeros(1), x = lacuna.ones(2) }, { q = '2', p = '1' })
      assert.equal(read(at 'a'), read(at 'b'))
   end)

   it('are understood by a reader on the standard library', function()
      if not files.python() then
         pending 'no python3'
         return
      end
      io_.saveTensors(at 'x.safetensors', make(), { epoch = '3', name = 'Ä' })
      local script = write('read.py', PYTHON)
      local text = files.shell(('python3 %s %s'):format(script, at 'x.safetensors'))
      assert.equal(table.concat({
         "metadata [('epoch', '3'), ('name', 'Ä')]",
         'labels I64 [2] [-1, 5]',
         'Grö"ße\n I32 [1] [9]',
         'bias F32 [0, 3] []',
         'scalar F32 [] [7.0]',
         'weight F32 [2, 2] [1.0, -2.5, 3.0, 4.0]',
         'mask U8 [3] [1, 2, 3]',
      }, '\n') .. '\n', text)
   end)

   local function container(text, data, length)
      length = length or #text
      local bytes = {}
      for i = 1, 8 do
         bytes[i] = string.char(length % 256)
         length = math.floor(length / 256)
      end
      return table.concat(bytes) .. text .. (data or '')
   end

   it('read what others write: numbers of other widths, any order, no metadata', function()
      local text = '{ "b": {"shape":[2],"data_offsets":[16,20],"dtype":"I16"},'
         .. '"a":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]}, "e":{"dtype":"BOOL",'
         .. '"shape":[0],"data_offsets":[20,20]}}'
      local data = '\0\0\0\0\0\0\248\63\0\0\0\0\0\0\0\192\1\0\255\255'
      local x = assert(io_.loadTensors(write('x', container(text, data))))
      assert.near_all({ { 1.5, -2 } }, x.a)
      assert.same({ 1, -1 }, x.b:toTable())
      assert.same({ 0 }, x.e:shape())
   end)

   it('refuse headers that lie, in a sentence', function()
      local function one(entry) return '{"x":{' .. entry .. '}}' end
      local good = '"dtype":"F32","shape":[2],"data_offsets":[0,8]'
      local eight = ('\0'):rep(8)
      assert.near_all({ 0, 0 }, assert(io_.loadTensors(write('x', container(one(good), eight)))).x)
      for _, case in ipairs {
         { 'has 0 bytes, expected at least 8', '' },
         { 'header has 100 bytes in a file of 50', container(one(good), '', 100):sub(1, 50) },
         { 'header has 100000001 bytes', container(one(good), eight, 100000001) },
         { 'header has 18446744073709551616 bytes', ('\255'):rep(8) .. one(good) },
         { 'begin with a brace', container('[]') },
         { 'begin with a brace', container(' {}') },
         { 'not JSON', container('{"x":') },
         { 'not JSON', container('{"x":NaN}') },
         { 'not JSON', container(('{"a":'):rep(2000)) },
         { 'the key "x" comes twice', container('{"x":1,"x":2}') },
         { 'the key "x" comes twice', container('{"x":1,"\\u0078":2}') },
         { 'the key "dtype" comes twice', container(one(good .. ',"dtype":"F32"'), eight) },
         { '"x" is no object', container('{"x":3}') },
         { 'has the key "more"', container(one(good .. ',"more":1'), eight) },
         { 'dtype F8_E4M3',
            container(one '"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]', eight) },
         { 'dtype nil', container(one '"shape":[8],"data_offsets":[0,8]', eight) },
         { 'no shape', container(one '"dtype":"F32","data_offsets":[0,8]', eight) },
         { 'no shape', container(one '"dtype":"F32","shape":[-2],"data_offsets":[0,8]', eight) },
         { 'no shape', container(one '"dtype":"F32","shape":[1.5],"data_offsets":[0,8]', eight) },
         { 'no shape', container(one '"dtype":"F32","shape":{"a":2},"data_offsets":[0,8]', eight) },
         { 'no data_offsets',
            container(one '"dtype":"F32","shape":[2],"data_offsets":[0]', eight) },
         { 'no data_offsets', container(one '"dtype":"F32","shape":[2]', eight) },
         { 'has 8 bytes, expected 12 for 3 of type F32',
            container(one '"dtype":"F32","shape":[3],"data_offsets":[0,8]', eight) },
         { 'has %-8 bytes',
            container(one '"dtype":"F32","shape":[2],"data_offsets":[8,0]', eight) },
         { 'more than 2%^48',
            container(one '"dtype":"U8","shape":[9e15,0],"data_offsets":[0,0]') },
         { 'begins at byte 4, expected 0: tensors leave a gap',
            container(one '"dtype":"F32","shape":[1],"data_offsets":[4,8]', eight) },
         { '"y" begins at byte 0, expected 8: tensors overlap',
            container('{"y":{' .. good .. '},"x":{' .. good .. '}}', eight) },
         { 'have 8 bytes, expected the 9 of', container(one(good), eight .. '\0') },
         { 'have 8 bytes, expected the 7 of', container(one(good), ('\0'):rep(7)) },
         { '__metadata__ is no object', container('{"__metadata__":3}') },
         { 'something else than a string at a', container('{"__metadata__":{"a":3}}') },
      } do
         local pattern = case[1]:gsub('^"y"', '"[xy]"')
         refuses(pattern, io_.loadTensors, write('x', case[2]))
      end
   end)

   it('refuse a file cut at any byte, and survive any byte changed', function()
      io_.saveTensors(at 'x', { a = lacuna.ones(2), b = lacuna.zeros(1) }, { c = 'd' })
      local bytes = read(at 'x')
      for length = 0, #bytes - 1 do
         refuses('^loadTensors: ', io_.loadTensors, write('cut', bytes:sub(1, length)))
      end
      for place = 1, #bytes do
         for _, char in ipairs { '\0', '"', '9', '\255' } do
            local tensors, why = io_.loadTensors(
               write('cut', bytes:sub(1, place - 1) .. char .. bytes:sub(place + 1)))
            assert.is_truthy(tensors or why:match('^loadTensors: '))
         end
      end
   end)

   it('refuse wrong arguments', function()
      local x = lacuna.ones(1)
      assert.fails('saveTensors: tensors are a Tensor', io_.saveTensors, at 'x', x)
      assert.fails('saveTensors: a is the number 3', io_.saveTensors, at 'x', { a = 3 })
      assert.fails('a name is the number 1', io_.saveTensors, at 'x', { x })
      assert.fails('other than __metadata__', io_.saveTensors, at 'x', { __metadata__ = x })
      assert.fails('is not UTF%-8', io_.saveTensors, at 'x', { ['\255'] = x })
      assert.fails('metadata has the number 3 under', io_.saveTensors, at 'x', {}, { a = 3 })
      assert.fails('metadata is the string', io_.saveTensors, at 'x', {}, 'a')
      assert.fails('loadTensors: path is nil', io_.loadTensors)
      refuses('cannot open', io_.loadTensors, at 'none')
      x:release()
      assert.fails('released', io_.saveTensors, at 'x', { x = x })
   end)
end)
