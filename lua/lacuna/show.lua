--- How tensors print: a head line and at most a 6 x 6 corner, with one common format.
-- @module lacuna.show
local show = {}

local EDGE = 6

local function format(numbers)
   local whole, largest = true, 0
   for i = 1, #numbers do
      local v = numbers[i]
      if v ~= math.floor(v) then whole = false end
      if v == v and math.abs(v) ~= math.huge then largest = math.max(largest, math.abs(v)) end
   end
   if whole and largest < 1e9 then return '%' .. (#('%d'):format(largest) + 2) .. 'd' end
   if largest >= 1e5 or largest < 1e-3 and largest > 0 then return '%12.4e' end
   return '%' .. (#('%d'):format(largest) + 7) .. '.4f'
end

local function number(pattern, v)
   if v ~= v then return (pattern:gsub('%%(%d+).*', '%%%1s')):format('nan') end
   if v == math.huge then return (pattern:gsub('%%(%d+).*', '%%%1s')):format('inf') end
   if v == -math.huge then return (pattern:gsub('%%(%d+).*', '%%%1s')):format('-inf') end
   return pattern:format(v)
end

--- Describes a tensor.
-- @tparam Tensor t
-- @treturn string
function show.tensor(t)
   if rawget(t, 'handle') == nil then return 'Tensor (released)' end
   local sizes = t.sizes
   local head = ('Tensor %s %s on %s%s'):format(
      #sizes == 0 and 'scalar' or table.concat(sizes, 'x'), t.dtype, t.device,
      t.requiresGrad and ', requires a gradient' or '')
   local count = t:nElement()
   if count == 0 then return head end
   if #sizes == 0 then return head .. '\n' .. number('%.6g', t:item()) end

   -- the first rows of the innermost matrix, read without touching the rest
   local columns = sizes[#sizes]
   local rows = #sizes > 1 and sizes[#sizes - 1] or 1
   local shownRows, shownColumns = math.min(rows, EDGE), math.min(columns, EDGE)
   local flat = t:slice(0, { (shownRows - 1) * columns + shownColumns }, true)
   local values = flat:toFlat()
   flat:release()
   local corner = {}
   for r = 1, shownRows do
      for c = 1, shownColumns do corner[#corner + 1] = values[(r - 1) * columns + c] end
   end
   local pattern, lines = format(corner), { head }
   for r = 1, shownRows do
      local words = {}
      for c = 1, shownColumns do
         words[c] = number(pattern, corner[(r - 1) * shownColumns + c])
      end
      lines[#lines + 1] = table.concat(words) .. (columns > EDGE and '  ...' or '')
   end
   if rows > EDGE or count > rows * columns then lines[#lines + 1] = '  ...' end
   return table.concat(lines, '\n')
end

return show
