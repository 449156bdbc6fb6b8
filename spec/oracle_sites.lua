--- The part of the oracle about sites: random ones, their order, and the pairs of a kernel.
-- @module spec.oracle_sites
local bit = require 'bit'

local sites = {}

-- random numbers -----------------------------------------------------------------------------

local Random = {}
Random.__index = Random

--- Makes a generator of random numbers (xorshift32), the same on every machine.
-- @tparam number seed  any whole number
-- @return an object with `uniform`, `integer`, `normal`, `shuffle`
function sites.random(seed)
   local state = bit.bxor(bit.tobit(seed), 0x2545f491)
   local random = setmetatable({ state = state == 0 and 1 or state }, Random)
   for _ = 1, 8 do random:uniform() end
   return random
end

--- Draws a number from [0, 1), a multiple of 2^-32.
function Random:uniform()
   local x = self.state
   x = bit.bxor(x, bit.lshift(x, 13))
   x = bit.bxor(x, bit.rshift(x, 17))
   x = bit.bxor(x, bit.lshift(x, 5))
   self.state = x
   return (x % 2 ^ 32) / 2 ^ 32
end

--- Draws a whole number from low to high, both included.
function Random:integer(low, high)
   return low + math.floor(self:uniform() * (high - low + 1))
end

--- Draws from the standard normal distribution.
function Random:normal()
   local radius = math.sqrt(-2 * math.log(1 - self:uniform()))
   return radius * math.cos(2 * math.pi * self:uniform())
end

--- Puts an array in random order, in place, and returns it.
function Random:shuffle(array)
   for i = #array, 2, -1 do
      local j = self:integer(1, i)
      array[i], array[j] = array[j], array[i]
   end
   return array
end

--- Draws n x planes features: normal, or whole numbers from -limit to limit for `limit`.
function sites.features(random, n, planes, limit)
   local rows = {}
   for i = 1, n do
      rows[i] = {}
      for p = 1, planes do
         rows[i][p] = limit and random:integer(-limit, limit) or random:normal()
      end
   end
   return rows
end

--- Draws a weight[tap][input plane][output plane], as `features` does.
function sites.weight(random, taps, inputs, outputs, limit)
   local weight = {}
   for tap = 1, taps do weight[tap] = sites.features(random, inputs, outputs, limit) end
   return weight
end

-- boxes --------------------------------------------------------------------------------------

--- Spreads a number over all axes; an array is left as it is.
function sites.perAxis(value, dimension)
   if type(value) == 'table' then return value end
   local values = {}
   for axis = 1, dimension do values[axis] = value end
   return values
end

--- Lists the positions 0 .. size-1 of a box, first axis slowest.
function sites.box(size)
   local positions = { {} }
   for axis = 1, #size do
      local longer = {}
      for _, position in ipairs(positions) do
         for c = 0, size[axis] - 1 do
            local new = { unpack(position) }
            new[axis] = c
            longer[#longer + 1] = new
         end
      end
      positions = longer
   end
   return positions
end

local function key(coords)
   return table.concat(coords, ',')
end

--- Maps the text of each site to its row; `sites.rowOf(map, coords)` asks it.
function sites.rows(coords)
   local rows = {}
   for i, c in ipairs(coords) do rows[key(c)] = i end
   return rows
end

--- Finds the row of a site in a map made by `rows`; nil when it is not active.
function sites.rowOf(rows, coords)
   return rows[key(coords)]
end

-- random sites -------------------------------------------------------------------------------

local function everySite(batches, low, high, dimension)
   local size = { batches, unpack(sites.perAxis(high - low + 1, dimension)) }
   local all = sites.box(size)
   for _, c in ipairs(all) do
      for axis = 2, dimension + 1 do c[axis] = c[axis] + low end
   end
   return all
end

--- Draws n distinct sites in no order, most of them beside another.
-- @param random  from `random`
-- @tparam number n  how many sites
-- @tparam number dimension  1 to 10
-- @tparam[opt] table options  `batches = 1`, `low = 0`, `high = 9` (may be negative)
-- @treturn table coords
function sites.sites(random, n, dimension, options)
   options = options or {}
   local batches, low, high = options.batches or 1, options.low or 0, options.high or 9
   local capacity = batches * (high - low + 1) ^ dimension
   assert(n <= capacity, 'oracle.sites: more sites than cells')

   local coords, known = {}, {}
   if capacity < 4 * n then
      local all = random:shuffle(everySite(batches, low, high, dimension))
      for i = 1, n do coords[i] = all[i] end
      return coords
   end
   while #coords < n do
      local new
      if #coords == 0 or random:uniform() < 0.1 then
         new = { random:integer(0, batches - 1) }
         for axis = 1, dimension do new[axis + 1] = random:integer(low, high) end
      else
         new = { unpack(coords[random:integer(1, #coords)]) }
         if random:uniform() < 0.2 then new[1] = random:integer(0, batches - 1) end
         for _ = 1, random:integer(1, 2) do
            local axis = random:integer(2, dimension + 1)
            new[axis] = math.max(low, math.min(high, new[axis] + random:integer(-1, 1)))
         end
      end
      if not known[key(new)] then
         known[key(new)] = true
         coords[#coords + 1] = new
      end
   end
   return coords
end

-- order --------------------------------------------------------------------------------------

-- The 32 bits of a number, as text, highest first.
local function bits(value)
   local text = {}
   for place = 31, 0, -1 do text[#text + 1] = math.floor(value / 2 ^ place) % 2 end
   return table.concat(text)
end

-- Batch, then the highest bit of each axis, then the next bit of each axis, ...
local function mortonText(coords)
   local words = {}
   for axis = 2, #coords do words[axis - 1] = bits(coords[axis] + 2 ^ 31) end
   local text = { bits(coords[1]) }
   for place = 1, 32 do
      for _, word in ipairs(words) do text[#text + 1] = word:sub(place, place) end
   end
   return table.concat(text)
end

--- Sorts sites into the library's order: by batch, then Morton code of the sign-biased
-- coordinates, the first axis most significant.
-- @treturn table  the sorted coords
-- @treturn table  for each sorted row its row in `coords`
function sites.sort(coords)
   local texts, order, sorted = {}, {}, {}
   for i, c in ipairs(coords) do texts[i], order[i] = mortonText(c), i end
   table.sort(order, function(a, b)
      if texts[a] ~= texts[b] then return texts[a] < texts[b] end
      return a < b
   end)
   for i, from in ipairs(order) do sorted[i] = coords[from] end
   return sorted, order
end

--- Picks rows by number: result[i] = rows[order[i]].
function sites.permute(rows, order)
   local picked = {}
   for i, from in ipairs(order) do picked[i] = rows[from] end
   return picked
end

-- pairs --------------------------------------------------------------------------------------

-- stride * coarse + tap * dilation - pad, along one axis
local function fineOf(coarse, tap, stride, dilation, pad)
   return stride * coarse + tap * dilation - pad
end

--- Finds the pairs between two given sets of sites, fine = stride * coarse + tap * dilation - pad.
-- Pairs of a tap come in the order of the coarse rows.
function sites.pairs(fine, coarse, kernel, stride, dilation, pad)
   local some = fine[1] or coarse[1]
   if not some then return {} end
   local dimension = #some - 1
   kernel, stride = sites.perAxis(kernel, dimension), sites.perAxis(stride, dimension)
   dilation, pad = sites.perAxis(dilation, dimension), sites.perAxis(pad, dimension)

   local found, rows = {}, sites.rows(fine)
   for t, tap in ipairs(sites.box(kernel)) do
      found[t] = {}
      for row, c in ipairs(coarse) do
         local wanted = { c[1] }
         for axis = 1, dimension do
            wanted[axis + 1] =
               fineOf(c[axis + 1], tap[axis], stride[axis], dilation[axis], pad[axis])
         end
         local from = rows[key(wanted)]
         if from then table.insert(found[t], { from, row }) end
      end
   end
   return found
end

--- Gives the size of the grid after a strided layer, per axis.
function sites.outputSize(size, kernel, stride, dilation, pad)
   local dimension, out = #size, {}
   kernel, stride = sites.perAxis(kernel, dimension), sites.perAxis(stride, dimension)
   dilation, pad = sites.perAxis(dilation, dimension), sites.perAxis(pad, dimension)
   for a = 1, dimension do
      local reach = dilation[a] * (kernel[a] - 1) + 1
      out[a] = math.floor((size[a] + 2 * pad[a] - reach) / stride[a]) + 1
   end
   return out
end

-- The coarse site whose tap is this fine site, or nil.
local function coarseOf(c, tap, stride, dilation, pad, size)
   local coarse = { c[1] }
   for axis = 1, #tap do
      local scaled = c[axis + 1] + pad[axis] - tap[axis] * dilation[axis]
      local place = scaled / stride[axis]
      if place ~= math.floor(place) then return nil end
      if size and (place < 0 or place >= size[axis]) then return nil end
      coarse[axis + 1] = place
   end
   return coarse
end

--- Finds the output sites and the pairs of a strided layer: an output site is active when its
-- window holds an active input site.
-- @tparam table coords  input sites
-- @tparam number|table kernel  size, per axis or one for all, as all that follow
-- @tparam number|table stride
-- @tparam number|table dilation
-- @tparam number|table pad
-- @tparam[opt] number|table spatialSize  of the input grid; without it the grid is unbounded
-- @treturn table  output coords, sorted
-- @treturn table  pairs, for each tap
function sites.strided(coords, kernel, stride, dilation, pad, spatialSize)
   if #coords == 0 then return {}, {} end
   local dimension = #coords[1] - 1
   kernel, stride = sites.perAxis(kernel, dimension), sites.perAxis(stride, dimension)
   dilation, pad = sites.perAxis(dilation, dimension), sites.perAxis(pad, dimension)
   local size
   if spatialSize then
      size = sites.outputSize(sites.perAxis(spatialSize, dimension), kernel, stride, dilation, pad)
   end

   local outputs, known = {}, {}
   for _, tap in ipairs(sites.box(kernel)) do
      for _, c in ipairs(coords) do
         local coarse = coarseOf(c, tap, stride, dilation, pad, size)
         if coarse and not known[key(coarse)] then
            known[key(coarse)] = true
            outputs[#outputs + 1] = coarse
         end
      end
   end
   outputs = sites.sort(outputs)
   return outputs, sites.pairs(coords, outputs, kernel, stride, dilation, pad)
end

--- Finds the pairs of a submanifold layer: output sites = input sites, pad = dilation * (kernel
-- div 2).
function sites.submanifold(coords, kernel, dilation)
   if #coords == 0 then return {} end
   local dimension, pad = #coords[1] - 1, {}
   kernel, dilation = sites.perAxis(kernel, dimension), sites.perAxis(dilation or 1, dimension)
   for a = 1, dimension do pad[a] = dilation[a] * math.floor(kernel[a] / 2) end
   return sites.pairs(coords, coords, kernel, 1, dilation, pad)
end

--- Reads pairs backwards: of fine to coarse rows makes coarse to fine ones.
function sites.reverse(tapPairs)
   local reversed = {}
   for t, list in ipairs(tapPairs) do
      reversed[t] = {}
      for i, pair in ipairs(list) do reversed[t][i] = { pair[2], pair[1] } end
   end
   return reversed
end

--- Lists the rows of each sample: segments[batch + 1] = { row, ... }.
function sites.segments(coords, batches)
   local segments = {}
   for b = 1, batches do segments[b] = {} end
   for row, c in ipairs(coords) do table.insert(segments[c[1] + 1], row) end
   return segments
end

return sites
