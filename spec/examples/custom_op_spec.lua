-- Runs the example as it is and reads what it prints.
local lacuna = require 'lacuna'

describe('examples/custom_op.lua', function()
   after_each(function() lacuna.ops.smoothHinge = nil end)

   it('checks its rule and learns to tell the lines apart', function()
      local lines = {}
      local program = assert(loadfile 'examples/custom_op.lua')
      setfenv(program, setmetatable({
         print = function(line) lines[#lines + 1] = line end,
      }, { __index = _G }))
      program()
      assert.equal('rule against differences: 6 places, all within 0.001', lines[1])
      assert.matches('^step 30 .* right 8 of 8$', lines[#lines])
      local first, last = lines[2]:match 'loss ([%d.]+)', lines[#lines]:match 'loss ([%d.]+)'
      assert.is_true(tonumber(last) < 0.2 * tonumber(first))
   end)

   it('gives gradients of gradients', function()
      local program = assert(loadfile 'examples/custom_op.lua')
      setfenv(program, setmetatable({ print = function() end }, { __index = _G }))
      program()
      local z = lacuna.tensor({ -1, 0.25, 0.5, 2 }, { requiresGrad = true })
      local slope = lacuna.grad(lacuna.ops.smoothHinge(z):sum(), { z }, { createGraph = true })[1]
      assert.near_all({ -1, -0.75, -0.5, 0 }, slope)
      slope:sum():backward()
      assert.near_all({ 0, 1, 1, 0 }, z.grad)
   end)
end)
