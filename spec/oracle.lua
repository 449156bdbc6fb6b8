--- Defines every operation slowly, in Lua doubles, for the specs to compare with.
--
-- The oracle shares no code with the library, and is written to be seen right rather than to be
-- fast. Its words:
--
-- * coords: an array of sites { batch, c1, ..., cd }, d from 1 to 10; numbers count from zero;
-- * features: an array of rows, a row an array of planes; rows and planes count from one;
-- * pairs: for each tap, first coordinate slowest, an array of { fine row, coarse row };
-- * weight: weight[tap][input plane][output plane].
--
-- Its parts: `oracle_sites` (random sites, order, pairs), `oracle_conv`, `oracle_pool`,
-- `oracle_rows` (normalisation, activations, matrices), `oracle_dense` (grids), `oracle_numeric`
-- (rounding bounds and central differences).
-- @module spec.oracle
local oracle = {}

for _, part in ipairs { 'sites', 'conv', 'pool', 'rows', 'dense', 'numeric' } do
   for name, value in pairs(require('spec.oracle_' .. part)) do
      assert(oracle[name] == nil, 'two parts of the oracle define ' .. name)
      oracle[name] = value
   end
end

return oracle
