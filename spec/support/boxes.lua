--- A mesh for the specs.
-- @module spec.support.boxes
local mesh = require 'lacuna.mesh'

local boxes = {}

--- A closed box with a corner at the origin.
function boxes.box(x, y, z)
   return mesh.new(
      { { 0, 0, 0 }, { x, 0, 0 }, { x, y, 0 }, { 0, y, 0 },
         { 0, 0, z }, { x, 0, z }, { x, y, z }, { 0, y, z } },
      { { 0, 2, 1 }, { 0, 3, 2 }, { 4, 5, 6 }, { 4, 6, 7 }, { 0, 1, 5 }, { 0, 5, 4 },
         { 1, 2, 6 }, { 1, 6, 5 }, { 2, 3, 7 }, { 2, 7, 6 }, { 3, 0, 4 }, { 3, 4, 7 } })
end

return boxes
