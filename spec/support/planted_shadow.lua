-- What a careless program would do to memory of a device, for spec/shadow_spec.lua to see how it is
-- told.  One failure each, and the run goes on.
local lacuna = require 'lacuna'
local native = require 'lacuna.native'

local function tensor() return lacuna.ones(3, { device = 'shadow' }) end
local function touch(t, write) native.check(native.C.lac_debug_touch(t.handle, write)) end

describe('planted', function()
   it('reads', function()
      local t = tensor():sqrt()
      touch(t, 0)
      touch(t, 0)
   end)
   it('behaves', function() assert.near_all({ 1, 1, 1 }, tensor(), 0) end)
   it('writes', function() touch(tensor() + tensor(), 1) end)
   it('mixes', function() return tensor() + lacuna.ones(3, { device = 'cpu' }) end)
   it('points', function() return tensor():pointer()[0] end)
   it('reads, and fails besides', function()
      touch(tensor(), 0)
      error('for another reason')
   end)
   it('behaves again', function() assert.near_all({ 3 }, tensor():sum(), 0) end)
end)
