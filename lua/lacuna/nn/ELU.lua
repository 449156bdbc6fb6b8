--- Keeps what is positive and maps the rest to alpha (e^x - 1) (Clevert et al. 2016).
--
--     local y = nn.ELU(1)(x)
--
-- @classmod lacuna.nn.ELU
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local ops = require 'lacuna.ops'
local pointwise = require 'lacuna.nn.pointwise'

local ELU = class('nn.ELU', Module)

--- Makes the layer.
-- @tparam[opt=1] number alpha
function ELU:__init(alpha)
   Module.__init(self)
   self.alpha = fail.number('ELU', 'alpha', alpha or 1)
end

function ELU:forward(input) return pointwise.apply('ELU', input, ops.elu, self.alpha) end

return ELU
