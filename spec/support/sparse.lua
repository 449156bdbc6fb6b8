--- Between the oracle's arrays (samples from zero, any order) and the library's tensors.
-- @module spec.support.sparse
local lacuna = require 'lacuna'
local oracle = require 'spec.oracle'

local sparse = {}

--- Turns the oracle's coordinates into the library's: samples count from one.
function sparse.coords(coords)
   local list = {}
   for i, c in ipairs(coords) do
      list[i] = { unpack(c) }
      list[i][1] = c[1] + 1
   end
   return list
end

--- Turns the library's coordinates into the oracle's.
function sparse.back(tensor)
   local list = tensor:toTable()
   for _, c in ipairs(list) do c[1] = c[1] - 1 end
   return list
end

--- A tensor of rows that may be none.
function sparse.rows(rows, planes, options)
   if #rows == 0 then return lacuna.zeros({ 0, planes }, options) end
   return lacuna.tensor(rows, options)
end

--- Makes sorted oracle sites, and the library's sites over them.
-- @treturn table coords, sorted
-- @treturn Sites
function sparse.sites(random, n, dimension, options)
   options = options or {}
   local coords = oracle.sort(n > 0 and oracle.sites(random, n, dimension, options) or {})
   return coords, lacuna.Sites.new(sparse.coords(coords), {
      dimension = dimension, spatialSize = options.spatialSize, batchSize = options.batches,
      device = lacuna.device(),
   })
end

--- Checks that a rulebook holds the oracle's pairs, tap by tap, in its order.
function sparse.samePairs(assert, found, book)
   for tap = 1, book.taps do
      local inputs, outputs = book:read(tap)
      local list = found[tap] or {}
      table.sort(list, function(a, b) return a[2] < b[2] end)
      assert.equal(#list, #inputs)
      for i, pair in ipairs(list) do
         assert.same(pair, { inputs[i], outputs[i] })
      end
   end
end

--- The largest absolute value that small integers reach stays exact in float32.
function sparse.integers(random, n, planes) return oracle.features(random, n, planes, 4) end

return sparse
