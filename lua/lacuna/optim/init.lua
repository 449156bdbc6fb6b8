--- Optimisers, schedules and clipping.
--
--     local opt = optim.SGD(net:parameters(), { lr = 0.01, momentum = 0.9 })
--     loss:backward()
--     opt:step()
--     opt:zeroGrad()
--
-- Each loads when it is first used.
-- @module lacuna.optim
local fail = require 'lacuna.fail'

return setmetatable({}, {
   __index = function(optim, name)
      local path = 'lacuna.optim.' .. tostring(name)
      if type(name) ~= 'string' or not package.searchpath(path, package.path) then
         fail.raise('optim: there is no %s, expected the name of an optimiser or schedule',
            tostring(name))
      end
      local part = require(path)
      rawset(optim, name, part)
      return part
   end,
})
