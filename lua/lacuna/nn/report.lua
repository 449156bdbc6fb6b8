--- Networks as text: the tree that `print(net)` gives, the table of `net:summary()`, and the list
-- of activations.
-- @module lacuna.nn.report
local fail = require 'lacuna.fail'
local SparseTensor = require 'lacuna.SparseTensor'
local Tensor = require 'lacuna.Tensor'
local thousands = require('lacuna.show').thousands

local report = {}

local function title(module)
   local detail = tostring(module:describe() or '')
   return module.__typename .. (detail ~= '' and '(' .. detail .. ')' or '')
end

-- The numbers that learn of the module itself, without what is inside.
local function own(module)
   local count = 0
   for _, name in ipairs(module.parameterNames) do count = count + module[name]:nElement() end
   return count
end

local function lines(module, indent, name, list)
   local facts = {}
   if own(module) > 0 then facts[1] = thousands(own(module)) .. ' parameters' end
   local last = module.last
   if last and last.sites and #module.childNames == 0 then
      facts[#facts + 1] = thousands(last.sites) .. ' sites'
      if last.multiplyAdds then
         facts[#facts + 1] = thousands(last.multiplyAdds) .. ' multiply-adds'
      end
   end
   list[#list + 1] = indent .. name .. title(module)
      .. (#facts > 0 and ': ' .. table.concat(facts, ', ') or '')
   for child, inner in module:children() do
      lines(inner, indent .. '  ', '(' .. child .. ') ', list)
   end
end

--- Writes a module as a tree, without what differs from run to run.
-- @tparam Module module
-- @treturn string
function report.tree(module)
   local list = {}
   lines(module, '', '', list)
   if #module.childNames > 0 then
      list[#list + 1] = thousands(module:parameterCount()) .. ' parameters in all'
   end
   return table.concat(list, '\n')
end

--- Writes what a module gave, in a few words.
-- @param output a sparse or dense tensor, a table of such, or anything
-- @treturn string such as `8 sites x 16` or `2x10`
function report.output(output)
   if SparseTensor.is(output) then
      return ('%s sites x %d'):format(thousands(output.sites.count), output:planes())
   elseif Tensor.is(output) then
      return fail.shape(output.sizes)
   elseif type(output) == 'table' and not getmetatable(output) then
      return ('a table of %d'):format(#output)
   end
   return fail.describe(output)
end

local function percent(density) return density and ('%.3g %%'):format(100 * density) or '' end
local function count(n) return n and n > 0 and thousands(n) or '' end
local function milliseconds(seconds) return seconds and ('%.2f ms'):format(1e3 * seconds) or '' end

-- Rows of cells, the first `left` columns to the left and the others to the right; a column in
-- which only the heading says something is left out.
local function layout(rows, left)
   local width, said, text = {}, {}, {}
   for i, row in ipairs(rows) do
      for c, cell in ipairs(row) do
         width[c] = math.max(width[c] or 0, #cell)
         said[c] = said[c] or c == 1 or i > 1 and cell ~= ''
      end
   end
   for i, row in ipairs(rows) do
      local cells = {}
      for c, cell in ipairs(row) do
         local gap = (' '):rep(width[c] - #cell)
         if said[c] then cells[#cells + 1] = c <= left and cell .. gap or gap .. cell end
      end
      text[i] = (table.concat(cells, '  '):gsub(' +$', ''))
   end
   return table.concat(text, '\n')
end

--- Writes a module as a table: what each layer gave last, and what it cost.
-- @tparam Module module
-- @tparam table options `time`, whether to tell times; `depth`, how far down to go
-- @treturn string
function report.summary(module, options)
   local rows = { { 'layer', 'output', 'density', 'parameters', 'multiply-adds',
      options.time and 'time' or '' } }
   local function visit(inner, depth, name)
      local last = inner.last or {}
      rows[#rows + 1] = {
         ('  '):rep(depth) .. name .. title(inner), last.output or '', percent(last.density),
         count(own(inner)), count(last.multiplyAdds),
         options.time and milliseconds(last.seconds) or '',
      }
      if depth >= (options.depth or math.huge) then return end
      for child, below in inner:children() do visit(below, depth + 1, '(' .. child .. ') ') end
   end
   visit(module, 0, '')
   rows[#rows + 1] = { 'in all', '', '', thousands(module:parameterCount()),
      count(module:multiplyAddCount()),
      options.time and milliseconds((module.last or {}).seconds) or '' }
   return layout(rows, 2)
end

--- Writes activations as a table: path, layer and what it gave.
-- @tparam table list of `{ path, module, output }`
-- @treturn string
function report.activations(list)
   local rows = { { 'path', 'layer', 'output' } }
   for i, entry in ipairs(list) do
      rows[i + 1] = { entry[1] == '' and '(whole)' or entry[1], entry[2].__typename,
         report.output(entry[3]) }
   end
   return layout(rows, 3)
end

return report
