--- Layers, containers and losses; each loads when it is first used.
--
--     local nn = require 'lacuna.nn'
--     local net = nn.Sequential()
--        :add(nn.SubmanifoldConvolution(3, 1, 16, 3))
--        :add(nn.BatchNormReLU(16))
--        :add(nn.MaxPooling(3, 3, 2))
--
-- A layer is one file, `lacuna/nn/<Name>.lua`; nothing lists them.
-- @module lacuna.nn
local fail = require 'lacuna.fail'

return setmetatable({}, {
   __index = function(nn, name)
      local path = 'lacuna.nn.' .. tostring(name)
      if type(name) ~= 'string' or not package.searchpath(path, package.path) then
         fail.raise('nn: there is no %s, expected the name of a layer', tostring(name))
      end
      local layer = require(path)
      rawset(nn, name, layer)
      return layer
   end,
})
