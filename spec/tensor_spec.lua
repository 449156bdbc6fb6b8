local ffi = require 'ffi'
local lacuna = require 'lacuna'

local ops, Tensor = lacuna.ops, lacuna.Tensor
local dtypes = { float32 = 4, int32 = 4, int64 = 8, uint8 = 1 }

describe('making a tensor', function()
   it('reads nested tables', function()
      local x = lacuna.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
      assert.same({ 2, 3 }, x:shape())
      assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, x:toTable())
      assert.equal('float32', x.dtype)
      assert.equal(lacuna.device(), x.device)
      assert.is_false(x.requiresGrad)
      assert.equal(3.5, lacuna.tensor(3.5):toTable())
      assert.same({}, lacuna.tensor(3.5):shape())
      assert.same({ { {} }, { {} } }, lacuna.tensor({ { {} }, { {} } }):toTable())
      assert.same({ 2, 1, 0 }, lacuna.tensor({ { {} }, { {} } }):shape())
      assert.same({ { 1, 2 }, { 3, 4 } },
         lacuna.tensor({ 1, 2, 3, 4 }, { shape = { 2, 2 } }):toTable())
   end)

   it('has every dtype, and keeps what it holds', function()
      for dtype, size in pairs(dtypes) do
         local x = lacuna.tensor({ { 0, 1 }, { 200, 255 } }, { dtype = dtype })
         assert.equal(dtype, x.dtype)
         assert.equal(size, x:elementSize())
         assert.same({ { 0, 1 }, { 200, 255 } }, x:toTable())
         assert.same({ 0, 1, 200, 255 }, x:toFlat())
         assert.equal(4 * size, #x:toString())
      end
      assert.same({ 1 / 0, -1 / 0 }, lacuna.tensor({ 1 / 0, -1 / 0 }):toTable())
      local nan = lacuna.tensor({ 0 / 0 }):item()
      assert.is_true(nan ~= nan)
      assert.same({ -2147483648, 2147483647 },
         lacuna.tensor({ -2147483648, 2147483647 }, { dtype = 'int32' }):toTable())
   end)

   it('holds whole numbers of int64 up to 2^53', function()
      local values = { -2 ^ 53, -2 ^ 32 - 1, 2 ^ 31, 2 ^ 53 - 1, 2 ^ 53 }
      assert.same(values, lacuna.tensor(values, { dtype = 'int64' }):toTable())
      for _, v in ipairs { 2 ^ 54, -2 ^ 54, 1 / 0 } do
         assert.fails('tensor: element 1 is .*, expected a whole number for int64', lacuna.tensor,
            { v }, { dtype = 'int64' })
      end
   end)

   it('fills with one value, given sizes as numbers or as a table, and options', function()
      assert.same({ { 0, 0 } }, lacuna.zeros(1, 2):toTable())
      assert.same({ { 0, 0 } }, lacuna.zeros({ 1, 2 }):toTable())
      assert.same({ 1, 1 }, lacuna.ones(2, { dtype = 'int64' }):toTable())
      assert.same({ { 5 } }, lacuna.full(5, { 1, 1 }, { dtype = 'uint8' }):toTable())
      assert.equal(7, lacuna.full(7):toTable())
      assert.equal(0, lacuna.zeros({}):toTable())
      assert.same({}, lacuna.zeros(0):toTable())
      assert.is_true(lacuna.ones(2, { requiresGrad = true }).requiresGrad)
      assert.same({ 2, 3 }, lacuna.ones(2, 3, nil):shape())
      assert.same({ 2 }, lacuna.ones(2, nil):shape())
      assert.same({ 2 }, lacuna.ones({ 2 }, nil):shape())
   end)

   it('has up to twelve dimensions', function()
      local sizes = { 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2 }
      assert.equal(4, lacuna.ones(sizes):sum():item())
      sizes[13] = 1
      assert.fails('tensor: 13 dimensions, expected 0 to 12', lacuna.ones, sizes)
   end)

   it('reads the bytes of strings and of pointers', function()
      local x = Tensor.fromString('\1\0\0\0\2\0\0\0', { 2 }, { dtype = 'int32' })
      assert.same({ 1, 2 }, x:toTable())
      assert.equal('\1\0\0\0\2\0\0\0', x:toString())
      local buffer = ffi.new('float[4]', { 1, 2, 3, 4 })
      assert.same({ { 1, 2 }, { 3, 4 } }, Tensor.fromPointer(buffer, { 2, 2 }):toTable())
      assert.same({}, Tensor.fromString('', { 0 }):toTable())
   end)

   it('says what is wrong with values', function()
      local tensor = lacuna.tensor
      assert.fails('tensor: values are nil, expected a table of numbers', tensor)
      assert.fails('tensor: values are the string "a"', tensor, 'a')
      assert.fails('tensor: values are a Tensor already', tensor, lacuna.ones(1))
      assert.fails('tensor: values hold a Tensor at depth 2', tensor, { lacuna.ones(1) })
      assert.fails('tensor: element 2 is a Tensor, expected a number', tensor,
         { 1, lacuna.ones(1) })
      assert.fails('tensor: element 2 is the string "b"', tensor, { 1, 'b' })
      assert.fails('tensor: a table at depth 2 holds 1, expected 2 elements', tensor,
         { { 1, 2 }, { 3 } })
      assert.fails('tensor: a table at depth 2 holds the number 3', tensor, { { 1, 2 }, 3 })
      assert.fails('tensor: element 1 is 1.5, expected a whole number for uint8', tensor, { 1.5 },
         { dtype = 'uint8' })
      assert.fails('tensor: element 1 is 256', tensor, { 256 }, { dtype = 'uint8' })
      assert.fails('tensor: element 1 is nan', tensor, { 0 / 0 }, { dtype = 'int32' })
      assert.fails('tensor: dtype is the string "half", expected float32, int32, int64 or uint8',
         tensor, { 1 }, { dtype = 'half' })
      assert.fails("device: 'gpu', expected cpu, shadow, cuda or cuda:N", tensor, { 1 },
         { device = 'gpu' })
      assert.fails('tensor: option size is unknown, expected one of device, dtype, requiresGrad, '
         .. 'shape', tensor, { 1 }, { size = 1 })
      assert.fails('view: sizes are 3, expected 2 elements', tensor, { 1, 2 }, { shape = { 3 } })
      assert.fails('requireGrad: the tensor is int32, expected float32', tensor, { 1 },
         { dtype = 'int32', requiresGrad = true })
      local endless = {}
      endless[1] = endless
      assert.fails('tensor: values hold a table at depth 13', tensor, endless)
   end)

   it('says what is wrong with sizes', function()
      assert.fails('zeros: size is nil, expected a whole number of at least 0', lacuna.zeros, nil)
      assert.fails('zeros: size is the number %-1', lacuna.zeros, -1)
      assert.fails('ones: size is the number 1.5', lacuna.ones, 2, 1.5)
      assert.fails('ones: size is the number nan', lacuna.ones, 0 / 0)
      assert.fails('ones: size is the string "2"', lacuna.ones, { '2' })
      assert.fails('zeros: sizes are a table and more', lacuna.zeros, { 1 }, 2)
      assert.fails('zeros: sizes are a Tensor, expected a table', lacuna.zeros, lacuna.ones(2))
      assert.fails('zeros: option gpu is unknown', lacuna.zeros, 2, { gpu = true })
      assert.fails('full: value is nil, expected a number', lacuna.full)
      assert.fails('full: value is the number nan', lacuna.full, 0 / 0, 2)
      assert.fails('fill: value is 0.5, expected one that int32 can hold', lacuna.full, 0.5, 2,
         { dtype = 'int32' })
      assert.fails('tensor: more than 2^48 elements', lacuna.zeros, 2 ^ 30, 2 ^ 30)
      assert.fails('fromString: 3 bytes, expected 8', Tensor.fromString, 'abc', { 2 })
      assert.fails('fromString: bytes are nil', Tensor.fromString)
      assert.fails('fromString: sizes are nil, expected a table', Tensor.fromString, 'abcd')
      assert.fails('fromPointer: pointer is the string "abcd"', Tensor.fromPointer, 'abcd', { 1 })
   end)
end)

describe('a tensor', function()
   it('tells its sizes', function()
      local x = lacuna.zeros(2, 3, 4)
      assert.same({ 2, 3, 4 }, x:size())
      assert.equal(4, x:size(3))
      assert.equal(3, x:dim())
      assert.equal(24, x:nElement())
      assert.equal(0, lacuna.zeros(2, 0):nElement())
      assert.equal(1, lacuna.zeros({}):nElement())
      local sizes = x:shape()
      sizes[1] = 9
      assert.equal(2, x:size(1))
      assert.fails('size: dimension is the number 4, expected a whole number from 1 to 3', x.size,
         x, 4)
      assert.fails('dim: self is nil, expected a tensor; methods are called with a colon', x.dim)
      assert.fails('shape: self is the number 3', x.shape, 3)
   end)

   it('is read as tables, bytes and one number', function()
      local x = lacuna.tensor { { 1, 2 } }
      assert.same({ { 1, 2 } }, x:toTable())
      assert.equal(2, x:narrow(2, 2, 1):item())
      assert.fails('item: the tensor has 2 elements, expected 1', x.item, x)
      local back = Tensor.fromString(x:toString(), { 2 })
      assert.same({ 1, 2 }, back:toTable())
   end)

   it('reads every nan as one, whatever its bits', function()
      for high = 0x80, 0xff do
         for _, sign in ipairs { 0x7f, 0xff } do
            local bytes = string.char(1, 2, high, sign)
            local x = Tensor.fromString(bytes .. bytes, { 2 })
            local v = x:toTable()[2]
            assert.equal('nan', tostring(v))
            assert.equal('nan', tostring(x[1]))
            assert.equal(bytes .. bytes, x:toString())
            assert.matches('nan', tostring(x))
         end
      end
   end)

   it('moves to another device in place', function()
      local other = lacuna.device() == 'cpu' and 'shadow' or 'cpu'
      local x = lacuna.tensor { 1, 2 }
      local view = x:view(2, 1)
      assert.equal(x, x:moveTo(other))
      assert.equal(other, x.device)
      assert.same({ 1, 2 }, x:toTable())
      assert.same({ { 1 }, { 2 } }, view:toTable())
      assert.equal(lacuna.device(), view.device)
      assert.fails('device: nil', x.moveTo, x)
      local result = lacuna.ones(1):requireGrad() * 2
      assert.fails('moveTo: the tensor is the result of affine', result.moveTo, result, other)
   end)

   it('gives a pointer on the cpu, and counts a write that is told to it', function()
      local x = lacuna.tensor({ 1, 2 }, { dtype = 'int32', device = 'cpu' })
      local p = x:pointer()
      p[1] = 5
      local before = x:version()
      assert.equal(x, x:touch())
      assert.equal(before + 1, x:version())
      assert.same({ 1, 5 }, x:toTable())
      local shadow = lacuna.zeros(1, { device = 'shadow' })
      assert.fails('data: the tensor is on shadow, expected cpu', shadow.pointer, shadow)
   end)

   it('indexes rows, which share its storage', function()
      local x = lacuna.tensor { { 1, 2 }, { 3, 4 } }
      assert.same({ 3, 4 }, x[2]:toTable())
      assert.equal(4, x[2][2])
      x[2]:fill(9)
      assert.same({ { 1, 2 }, { 9, 9 } }, x:toTable())
      x[1] = 7
      assert.same({ { 7, 7 }, { 9, 9 } }, x:toTable())
      x[2] = lacuna.tensor { 5, 6 }
      x[1][2] = 8
      assert.same({ { 7, 8 }, { 5, 6 } }, x:toTable())
      local whole = lacuna.tensor({ 1, 2 }, { dtype = 'int64' })
      whole[1] = 2 ^ 40
      assert.equal(2 ^ 40, whole[1])
      assert.fails('index: row is the number 3, expected a whole number from 1 to 2',
         function() return x[3] end)
      assert.fails('index: row is the number 0', function() return x[0] end)
      assert.fails('index: row is the number 1.5', function() return x[1.5] end)
      assert.fails('index: the tensor is a scalar, expected rows',
         function() return lacuna.ones({})[1] end)
      assert.fails('assignment: row is the number 3', function() x[3] = 1 end)
      assert.fails('assignment: value is the string "a", expected a tensor',
         function() x[1] = 'a' end)
      assert.fails('copy: source is 3, expected as many elements as 1x2',
         function() x[1] = lacuna.ones(3) end)
      assert.fails('fill: value is the number nan', function() x[1] = 0 / 0 end)
      assert.fails('^%S+ assignment: row is nil, expected a number$', function() x[nil] = 1 end)
      assert.is_nil(x.nothing)
   end)

   it('prints its head and a corner', function()
      assert.equal('Tensor 2x2 float32 on ' .. lacuna.device() .. '\n  1  2\n  3  4',
         tostring(lacuna.tensor { { 1, 2 }, { 3, 4 } }))
      assert.equal('Tensor scalar float32 on ' .. lacuna.device() .. '\n2.5',
         tostring(lacuna.tensor(2.5)))
      assert.equal('Tensor 0x3 float32 on ' .. lacuna.device(), tostring(lacuna.zeros(0, 3)))
      local text = tostring(lacuna.ones(20, 20))
      assert.matches('%.%.%.', text)
      assert.is_true(#text < 400)
      assert.matches('nan +inf +%-inf', tostring(lacuna.tensor { 0 / 0, 1 / 0, -1 / 0 }))
      assert.matches('0%.5000 +2%.0000', tostring(lacuna.tensor { 0.5, 2 }))
      assert.matches('1%.0000e%+20', tostring(lacuna.tensor { 1e20, 1.5 }))
      assert.matches(', requires a gradient', tostring(lacuna.ones(1):requireGrad()))
      assert.matches('200', tostring(lacuna.tensor({ 200 }, { dtype = 'uint8' })))
      assert.matches('%.%.%.', tostring(lacuna.ones(3, 2, 2)))
      for _, shape in ipairs { { 0 }, { 2, 0 }, { 7 }, { 2, 7, 3 }, { 1, 1, 1, 1 } } do
         assert.is_string(tostring(lacuna.full(1e-9, shape)))
      end
   end)
end)

describe('views', function()
   it('share storage and version, and outlive what they came from', function()
      local x = lacuna.tensor { { 1, 2 }, { 3, 4 } }
      local rows, flat, alias = x:rows(2, 2), x:view(4), x:detach()
      for _, v in ipairs { rows, flat, alias } do
         assert.is_true(v:shares(x))
         assert.equal(x:version(), v:version())
      end
      local before = x:version()
      flat[1] = 9
      assert.is_true(rows:version() > before)
      assert.equal(rows:version(), x:version())
      assert.same({ { 9, 2 }, { 3, 4 } }, alias:toTable())
      x:release()
      assert.same({ { 3, 4 } }, rows:toTable())
      local copy = rows:clone()
      assert.is_false(copy:shares(rows))
      assert.equal(0, copy:view(1, 2):add(-3)[1][1])
      assert.same({ { 3, 4 } }, rows:toTable())
   end)

   it('copy between overlapping stretches as if at once', function()
      local x = lacuna.tensor { 1, 2, 3, 4, 5 }
      x:rows(2, 5):copy(x:rows(1, 4))
      assert.same({ 1, 1, 2, 3, 4 }, x:toTable())
   end)
end)

describe('writing in place', function()
   it('raises the version and gives the tensor back', function()
      local x, y = lacuna.tensor { 1, 2 }, lacuna.tensor { 3, 4 }
      for name, arguments in pairs { add = { y }, sub = { 1 }, mul = { y }, div = { 2 }, exp = {},
         log = {}, sqrt = {}, abs = {}, pow = { 2 }, clamp = { 0, 9 }, fill = { 3 }, zero = {},
         copy = { y }, uniform = {}, normal = {}, axpy = { 2, y } } do
         local before = x:version()
         assert.equal(x, x[name](x, unpack(arguments)), name)
         assert.is_true(x:version() > before, name)
      end
   end)

   it('copies from another device, and another shape of as many elements', function()
      local other = lacuna.device() == 'cpu' and 'shadow' or 'cpu'
      local x = lacuna.zeros(2, 2):copy(lacuna.tensor({ 1, 2, 3, 4 }, { device = other }))
      assert.same({ { 1, 2 }, { 3, 4 } }, x:toTable())
      assert.fails('copy: source is 3, expected as many elements as 2x2', x.copy, x, lacuna.ones(3))
      assert.fails('copy: source is int32, expected float32', x.copy, x,
         lacuna.ones(4, { dtype = 'int32' }))
      assert.fails('copy: source is nil', x.copy, x)
   end)

   it('is refused where a gradient is being recorded', function()
      local leaf = lacuna.ones(2):requireGrad()
      local y = leaf * 2
      for _, name in ipairs { 'add', 'sub', 'mul', 'div', 'exp', 'log', 'sqrt', 'abs', 'pow',
         'clamp', 'fill', 'zero', 'copy', 'uniform', 'normal', 'axpy', 'touch' } do
         assert.fails(name .. ': in place on a tensor that requires a gradient, expected '
            .. 'lacuna.noGrad', leaf[name], leaf, leaf, leaf)
         assert.fails(name .. ': in place on the result of affine, whose gradient is recorded',
            y[name], y, y, y)
      end
      assert.fails('assignment: in place on a tensor', function() leaf[1] = 2 end)
      lacuna.noGrad(function()
         leaf:add(1)
         leaf[2] = 5
      end)
      assert.same({ 2, 5 }, leaf:toTable())
   end)
end)

describe('release', function()
   it('frees at once, does nothing the second time, and leaves a sentence', function()
      local before = lacuna.memory(lacuna.device()).live
      local x = lacuna.zeros(1000, 1000)
      assert.is_true(lacuna.memory(lacuna.device()).live >= before + 4e6)
      x:release()
      assert.is_true(lacuna.memory(lacuna.device()).live < before + 1e6)
      x:release()
      assert.equal('Tensor (released)', tostring(x))
      assert.same({ 1000, 1000 }, x:shape())
      for _, f in ipairs { x.toTable, x.clone, x.detach, x.sum, x.zero, x.version, x.view, x.touch,
         x.requireGrad, ops.exp, function(t) return t + 1 end, function(t) return t:rows(1, 1) end,
         function(t) return t[1] end, function(t) t[1] = 2 end } do
         assert.fails('is a tensor that was released, expected a live one', f, x)
      end
   end)

   it('leaves views and the tape what they hold', function()
      local x = lacuna.tensor({ 2, 3 }, { requiresGrad = true })
      local square = ops.square(x)
      local y = ops.square(square):sum()
      square:release()
      y:backward()
      assert.near_all({ 32, 108 }, x.grad, 0)
   end)
end)
