--- Numbers as text for a page: arrays of small types in base64.
-- @module lacuna.view.pack
local bit = require 'bit'
local Tensor = require 'lacuna.Tensor'

local pack = {}

local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
local pairsOf = {}
for i = 0, 4095 do
   local high, low = math.floor(i / 64) + 1, i % 64 + 1
   pairsOf[i] = letters:sub(high, high) .. letters:sub(low, low)
end

--- Writes bytes in base64.
-- @tparam string bytes
-- @treturn string
function pack.base64(bytes)
   local out, whole = {}, #bytes - #bytes % 3
   for i = 1, whole, 3 do
      local a, b, c = bytes:byte(i, i + 2)
      local word = a * 65536 + b * 256 + c
      out[#out + 1] = pairsOf[bit.rshift(word, 12)]
      out[#out + 1] = pairsOf[bit.band(word, 4095)]
   end
   local a, b = bytes:byte(whole + 1, whole + 2)
   if b then
      local word = a * 65536 + b * 256
      out[#out + 1] = pairsOf[bit.rshift(word, 12)] .. pairsOf[bit.band(word, 4095)]:sub(1, 1)
         .. '='
   elseif a then
      out[#out + 1] = pairsOf[a * 16] .. '=='
   end
   return table.concat(out)
end

local function bytesOf(list, dtype)
   local t = Tensor.of(list, { dtype = dtype, device = 'cpu' })
   local bytes = t:toString()
   t:release()
   return bytes
end

-- Whole numbers as two bytes each, the lower first.
local function words(list)
   local halves = {}
   for i = 1, #list do
      local v = list[i] % 65536
      halves[2 * i - 1], halves[2 * i] = v % 256, math.floor(v / 256)
   end
   return bytesOf(halves, 'uint8')
end

local encoders = {
   uint8 = function(list) return bytesOf(list, 'uint8') end,
   int16 = words, uint16 = words,
   int32 = function(list) return bytesOf(list, 'int32') end,
   float32 = function(list) return bytesOf(list, 'float32') end,
}

--- Writes a list of numbers as an array of a type.
-- @tparam table list
-- @tparam string kind `uint8`, `int16`, `uint16`, `int32` or `float32`
-- @treturn table `type`, and `data`, base64
function pack.numbers(list, kind)
   return { type = kind, data = pack.base64(encoders[kind](list)) }
end

--- Writes whole numbers as an array of the smallest type that holds them.
-- @tparam table list
-- @treturn table `type` and `data`
function pack.whole(list)
   local low, high = 0, 0
   for i = 1, #list do low, high = math.min(low, list[i]), math.max(high, list[i]) end
   local kind = 'int32'
   if low >= 0 and high <= 255 then
      kind = 'uint8'
   elseif low >= -32768 and high <= 32767 then
      kind = 'int16'
   elseif low >= 0 and high <= 65535 then
      kind = 'uint16'
   end
   return pack.numbers(list, kind)
end

--- Writes the elements of a float32 tensor, bit for bit.
-- @tparam Tensor t
-- @treturn table `type` and `data`
function pack.floats(t) return { type = 'float32', data = pack.base64(t:toString()) } end

--- Writes rows of numbers rounded to steps of each column's range. The three highest codes stand
-- for minus infinity, infinity and nan.
-- @tparam table list row-major
-- @tparam number width of a row
-- @tparam string kind `uint8` or `uint16`
-- @treturn table `type` and `data`
-- @treturn table the least of each column
-- @treturn table the greatest of each column
-- @treturn number the code of the greatest
function pack.rounded(list, width, kind)
   local most = (kind == 'uint8' and 255 or 65535) - 3
   local low, high, codes = {}, {}, {}
   for p = 1, width do
      local least, greatest = math.huge, -math.huge
      for i = p, #list, width do
         local v = list[i]
         if v - v == 0 then least, greatest = math.min(least, v), math.max(greatest, v) end
      end
      if least > greatest then least, greatest = 0, 0 end
      low[p], high[p] = least, greatest
      local scale = greatest > least and most / (greatest - least) or 0
      for i = p, #list, width do
         local v = list[i]
         if v ~= v then
            codes[i] = most + 3
         elseif v - v ~= 0 then
            codes[i] = v > 0 and most + 2 or most + 1
         else
            codes[i] = math.floor((v - least) * scale + 0.5)
         end
      end
   end
   return pack.numbers(codes, kind), low, high, most
end

return pack
