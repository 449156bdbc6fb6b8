--- How tensors print: a head line, and the first and last rows and columns in one common format.
--
--     Tensor 100x3 float32 on cpu
--       0.1000  -2.0000   4.5000
--       …
--
-- @module lacuna.show
local show = {}

local ALL_ROWS, EDGE = 8, 3      -- how many rows are shown in full; otherwise from each end
local ALL_COLUMNS = 16
local WIDTH = 80

-- ---- numbers ------------------------------------------------------------------------------------

-- What the numbers are like, those that are not finite apart.
local function survey(numbers)
   local whole, largest, least, odd = true, 0, math.huge, 0
   for i = 1, #numbers do
      local v = numbers[i]
      local size = math.abs(v)
      if v ~= v or size == math.huge then
         odd = math.max(odd, v == -math.huge and 4 or 3)
      else
         if v ~= math.floor(v) then whole = false end
         largest = math.max(largest, size)
         if size > 0 then least = math.min(least, size) end
      end
   end
   return whole, largest, least, odd
end

--- Writes a count with a comma before every three digits.
-- @tparam number n whole, 0 or more
-- @treturn string such as `12,345`
function show.thousands(n)
   local text = ('%.0f'):format(n)
   return (text:reverse():gsub('(%d%d%d)', '%1,'):reverse():gsub('^,', ''))
end

-- The format of all numbers, its width, and the power of ten that they are divided by.
local function format(numbers, dtype)
   local whole, largest, least, odd = survey(numbers)
   if whole and (largest < 1e9 or dtype ~= 'float32') then
      local width = math.max(#('%d'):format(largest), odd > 0 and odd or 0) + 2
      return '%' .. width .. 'd', width, 0
   end
   local exponent = 0
   if largest >= 1e5 or largest < 1e-3 and largest > 0 then
      if least < largest * 1e-4 then return '%12.4e', 12, 0 end
      exponent = math.floor(math.log10(largest))
   end
   local width = #('%d'):format(largest / 10 ^ exponent) + 7
   return '%' .. width .. '.4f', width, exponent
end

local function word(pattern, width, v)
   if v ~= v then return ('%' .. width .. 's'):format('nan') end
   if v == math.huge then return ('%' .. width .. 's'):format('inf') end
   if v == -math.huge then return ('%' .. width .. 's'):format('-inf') end
   return pattern:format(v)
end

-- ---- what is read -------------------------------------------------------------------------------

-- The positions to show of n, from zero: all, or those at both ends.
local function ends(n, most, edge)
   local list = {}
   if n <= most then
      for i = 1, n do list[i] = i - 1 end
      return list, n
   end
   for i = 1, edge do list[i], list[edge + i] = i - 1, n - edge + i - 1 end
   return list, edge
end

-- The elements of a row at the columns wanted, each of `depth` numbers; the rest is not touched.
local function readRow(t, first, columns, before, depth)
   local list = {}
   local function read(from, count)
      local flat = t:slice(first + from * depth, { count * depth }, true)
      for _, v in ipairs(flat:toFlat()) do list[#list + 1] = v end
      flat:release()
   end
   if before > 0 then read(columns[1], before) end
   if #columns > before then read(columns[before + 1], #columns - before) end
   return list
end

local function product(sizes, first, last)
   local n = 1
   for i = first, last do n = n * sizes[i] end
   return n
end

-- The innermost matrices to show: the rows read of each, and its place as `[1,2]`.
local function readMatrices(t, sizes, depth)
   local columns, rows = sizes[#sizes], #sizes > 1 and sizes[#sizes - 1] or 1
   local count = product(sizes, 1, #sizes - 2)
   local c = { ends(columns, ALL_COLUMNS, ALL_COLUMNS / 2) }
   local r = { ends(rows, ALL_ROWS, EDGE) }
   local m = { ends(count, 2, 1) }
   local matrices = { columns = columns, rows = r, skipped = count > 2 }
   for _, at in ipairs(m[1]) do
      local matrix, place, rest = {}, {}, at
      for d = #sizes - 2, 1, -1 do
         place[d] = rest % sizes[d] + 1
         rest = math.floor(rest / sizes[d])
      end
      for i, row in ipairs(r[1]) do
         matrix[i] = readRow(t, (at * rows + row) * columns * depth, c[1], c[2], depth)
      end
      matrix.place = count > 1 and '[' .. table.concat(place, ',') .. ']'
      matrices[#matrices + 1] = matrix
   end
   return matrices
end

-- ---- lines --------------------------------------------------------------------------------------

-- Of the words read, those that fit; of a row that was read in part, never all.
local function fit(words, columns, width)
   local cell = #words[1]
   local room = math.floor(width / cell)
   if #words == columns and columns <= room then return table.concat(words) end
   local most = #words == columns and math.floor((columns - 1) / 2) or ALL_COLUMNS / 2
   local edge = math.max(1, math.min(most, math.floor((width - 5) / cell / 2)))
   if #words < 2 * edge then edge = math.max(1, math.floor(#words / 2)) end
   return table.concat(words, '', 1, edge) .. '  ...'
      .. table.concat(words, '', #words - edge + 1, #words)
end

local function layOut(matrices, write, width, lines)
   local _, before = unpack(matrices.rows)
   for k, matrix in ipairs(matrices) do
      if k == 2 and matrices.skipped then lines[#lines + 1] = '...' end
      if matrix.place then lines[#lines + 1] = matrix.place end
      for i, row in ipairs(matrix) do
         if i == before + 1 then lines[#lines + 1] = '  ...' end
         lines[#lines + 1] = fit(write(row), matrices.columns, width)
      end
   end
end

local function writeNumbers(matrices, dtype)
   local all = {}
   for _, matrix in ipairs(matrices) do
      for _, row in ipairs(matrix) do
         for _, v in ipairs(row) do all[#all + 1] = v end
      end
   end
   local pattern, width, exponent = format(all, dtype)
   local unit = 10 ^ exponent
   return function(row)
      local words = {}
      for c, v in ipairs(row) do words[c] = word(pattern, width, v / unit) end
      return words
   end, exponent
end

local function writePixels(row)
   local words = {}
   for c = 1, #row / 3 do
      words[c] = ('  %02x%02x%02x'):format(row[3 * c - 2], row[3 * c - 1], row[3 * c])
   end
   return words
end

--- Writes the first line: shape, dtype, device, and whether a gradient is wanted.
-- @tparam Tensor t
-- @treturn string
function show.head(t)
   if rawget(t, 'handle') == nil then return 'Tensor (released)' end
   return ('Tensor %s %s on %s%s'):format(#t.sizes == 0 and 'scalar' or table.concat(t.sizes, 'x'),
      t.dtype, t.device, t.requiresGrad and ', requires a gradient' or '')
end

--- Lays out the elements of a tensor that has some, and at least one dimension.
-- @tparam Tensor t
-- @tparam[opt=80] number width of a line, in characters
-- @treturn table lines; of a matrix one for each row that is shown, and `...` for
-- those left out, which depend on the number of rows alone
-- @treturn number the power of ten by which the numbers are divided
function show.lines(t, width)
   local lines, sizes, exponent = {}, t.sizes, 0
   width = width or WIDTH
   if t.dtype == 'uint8' and #sizes == 3 and sizes[3] == 3 then
      layOut(readMatrices(t, { sizes[1], sizes[2] }, 3), writePixels, width, lines)
   else
      local matrices = readMatrices(t, sizes, 1)
      local write
      write, exponent = writeNumbers(matrices, t.dtype)
      layOut(matrices, write, width, lines)
   end
   return lines, exponent
end

--- Describes a tensor.  Of a large one the first and last rows and columns are read and shown;
-- numbers that are all large or small share a power of ten, which stands in the first line; bytes
-- of height x width x 3 are a picture, a pixel being written as `rrggbb`.
-- @tparam Tensor t
-- @tparam[opt=80] number width of a line, in characters
-- @treturn string
function show.tensor(t, width)
   local head = show.head(t)
   if rawget(t, 'handle') == nil or t:nElement() == 0 then return head end
   local sizes = t.sizes
   if #sizes == 0 then return head .. '\n' .. word('%.6g', 0, t:item()) end
   local lines, exponent = show.lines(t, width)
   if exponent ~= 0 then head = ('%s, times 1e%d'):format(head, exponent) end
   if t.dtype == 'uint8' and #sizes == 3 and sizes[3] == 3 then head = head .. ', as rrggbb' end
   return head .. '\n' .. table.concat(lines, '\n')
end

return show
