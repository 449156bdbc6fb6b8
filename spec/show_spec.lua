-- How tensors print.  The first line and small ones are specified in tensor_spec.
local lacuna = require 'lacuna'

-- The lines behind the first, and what stands there after the device.
local function shown(t)
   local head, body = tostring(t):match '^([^\n]*)\n(.*)$'
   return body, head:match(' on ' .. lacuna.device() .. '(.*)$')
end

local function counted(...)
   local t = lacuna.zeros(...)
   local list = {}
   for i = 1, t:nElement() do list[i] = i end
   return t:copy(lacuna.tensor(list))
end

describe('a large tensor', function()
   it('shows its first and last rows and columns', function()
      assert.equal([[
    1    2    3
    4    5    6
    7    8    9
  ...
  112  113  114
  115  116  117
  118  119  120]], (shown(counted(40, 3))))
      assert.equal('    1    2    3    4    5    6    7  ...   94   95   96   97   98   99  100',
         (shown(counted(100))))
      assert.equal([[
     1     2     3     4     5     6  ...   495   496   497   498   499   500
   501   502   503   504   505   506  ...   995   996   997   998   999  1000]],
         (shown(counted(2, 500))))
   end)

   it('of more dimensions shows its first and last matrix', function()
      assert.equal('[1]\n  1  2\n  3  4\n[2]\n  5  6\n  7  8', (shown(counted(2, 2, 2))))
      assert.equal('[1,1]\n   1   2\n...\n[3,2]\n  11  12', (shown(counted(3, 2, 1, 2))))
      assert.equal('  1  2\n  3  4', (shown(counted(1, 1, 2, 2))))
   end)

   it('shows the part of which it is a view', function()
      assert.equal('  4  5  6\n  7  8  9', (shown(counted(40, 3):rows(2, 3))))
   end)

   it('keeps to a width', function()
      local t = lacuna.zeros(30, 60):normal()
      for line in tostring(t):gmatch '[^\n]+' do assert.is_true(#line <= 80) end
   end)
end)

describe('numbers', function()
   it('share a power of ten where all are large or small', function()
      assert.same({ '  0.1000  0.2000 -5.0000', ', times 1e-5' },
         { shown(lacuna.tensor { 1e-6, 2e-6, -5e-5 }) })
      assert.same({ '  1.5000  2.5000', ', times 1e9' }, { shown(lacuna.tensor { 1.5e9, 2.5e9 }) })
      assert.same({ '  1.0000e+20  1.5000e+00', '' }, { shown(lacuna.tensor { 1e20, 1.5 }) })
      assert.same({ '  1000000       -1', '' }, { shown(lacuna.tensor { 1e6, -1 }) })
   end)

   it('stay whole beside what is no number', function()
      assert.equal('  nan    1   20', (shown(lacuna.tensor { 0 / 0, 1, 20 })))
      assert.equal('  -inf     1', (shown(lacuna.tensor { -1 / 0, 1 })))
      assert.equal('  0.5000     nan', (shown(lacuna.tensor { 0.5, 0 / 0 })))
   end)

   it('of int64 are exact', function()
      assert.equal('  1099511627776', (shown(lacuna.full(2 ^ 40, 1, { dtype = 'int64' }))))
   end)
end)

describe('a picture', function()
   it('shows its pixels as rrggbb', function()
      local picture = lacuna.zeros(2, 2, 3, { dtype = 'uint8' })
      picture[2] = lacuna.tensor({ { 255, 0, 16 }, { 1, 2, 3 } }, { dtype = 'uint8' })
      assert.same({ '  000000  000000\n  ff0010  010203', ', as rrggbb' }, { shown(picture) })
      assert.equal('  0  0  0  0', (shown(lacuna.zeros(4, { dtype = 'uint8' }))))
   end)
end)
