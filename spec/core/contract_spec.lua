-- That every operation of C refuses what does not fit, by itself, and leaves its operands alone.
-- The library calls them with what fits; here each argument of such a call is changed in turn.
local lacuna = require 'lacuna'
local native = require 'lacuna.native'
local programs = require 'spec.support.programs'
local Tensor = lacuna.Tensor

-- What fits all the same, by the argument's place. Where one tensor says how large another is, each
-- size of it is right; what an index holds is not looked at.
local fits = {
   adam = '5 -1, 5 0.5, 5 1e15, 6 0.5, 7 0.5, 8 0.5, 8 1e15, 9 1e15',
   add = '3 deeper',
   affine = '3 -1, 3 0.5, 3 1e15, 4 -1, 4 0.5, 4 1e15',
   axpby = '3 -1, 3 0.5, 3 1e15, 4 -1, 4 0.5, 4 1e15',
   cast = '1 float32, 1 int64, 1 uint8, 2 int32, 2 int64, 2 uint8',
   clamp = '3 -1, 3 0.5, 4 0.5, 4 1e15',
   clamp_grad = '5 -1, 5 0.5, 5 1e15, 6 -1, 6 0.5, 6 1e15',
   conv = '4 none',
   conv_grad_w = '2 longer1',
   copy_blocks = '1 deeper, 1 longer1, 1 longer2, 2 deeper, 2 longer1, 2 longer2',
   elu = '3 -1, 3 0.5, 3 1e15',
   elu_grad = '5 -1, 5 0.5, 5 1e15',
   expand = '1 deeper, 1 longer1, 1 longer2, 1 shorter1, 1 shorter2, 2 deeper',
   fill = '1 deeper, 1 elsewhere, 1 longer1, 1 longer2, 1 shorter1, 1 shorter2, 2 -1, '
      .. '2 0.5, 2 1e15',
   from_dense = '2 deeper, 2 longer1, 2 longer3, 2 longer4, 2 shorter1, 2 shorter3, 2 shorter4',
   gather = '2 longer1, 2 shorter1',
   group = '2 longer1, 2 shorter1',
   gt = '3 deeper',
   index_range = '2 deeper, 2 longer1, 2 longer2, 2 shorter2',
   index_shift = '3 -1',
   leaky_relu = '3 -1, 3 0.5, 3 1e15',
   leaky_relu_grad = '5 -1, 5 0.5, 5 1e15',
   max = '3 deeper',
   maximum = '3 deeper',
   min = '3 deeper',
   minimum = '3 deeper',
   norm = '5 none, 6 none, 7 0.5, 7 1e15, 8 -1, 8 0.5, 8 1e15',
   norm_grad = '10 0.5, 10 1e15, 11 -1, 11 0.5, 11 1e15, 8 none, 9 none',
   norm_statistics = '3 longer1, 3 shorter1',
   pow = '3 -1, 3 0.5, 3 1e15',
   pow_grad = '5 -1, 5 0.5, 5 1e15',
   random_normal = '1 deeper, 1 elsewhere, 1 longer1, 1 shorter1, 2 -1, 2 0.5, 2 1e15, '
      .. '3 0.5, 3 1e15, 4 1e15, 5 1e15',
   random_permutation = '1 elsewhere, 1 longer1, 1 shorter1, 2 1e15, 3 1e15',
   random_uniform = '1 deeper, 1 elsewhere, 1 longer1, 1 shorter1, 2 -1, 2 0.5, 3 0.5, '
      .. '3 1e15, 4 1e15, 5 1e15',
   segment_expand = '1 longer1, 1 shorter1',
   segment_max = '3 longer1, 3 shorter1',
   segment_min = '3 longer1, 3 shorter1',
   segment_sum = '2 longer1, 2 shorter1',
   spread = '1 deeper, 2 deeper, 3 deeper',
   spread_columns = '1 longer1, 1 shorter1',
   sum = '1 deeper, 2 deeper',
   sum_to = '1 deeper, 2 deeper, 2 longer1, 2 longer2, 2 shorter1, 2 shorter2',
   take = '1 deeper, 2 deeper, 3 deeper',
   take_columns = '2 longer1, 2 shorter1',
   to_dense = '1 deeper, 1 longer1, 1 longer3, 1 longer4, 1 shorter1, 1 shorter3, '
      .. '1 shorter4, 4 deeper, 4 none',
}

-- Other values for an argument, each with a word for it.
local function others(argument)
   local list = {}
   if type(argument) == 'number' then
      for _, word in ipairs { 'nan', '0.5', '-1', '1e15' } do list[word] = tonumber(word) end
   elseif Tensor.is(argument) then
      local function add(what, sizes, dtype, device)
         list[what] = Tensor.raw(sizes, dtype or argument.dtype, device or argument.device):zero()
      end
      for _, dtype in ipairs { 'float32', 'int32', 'int64', 'uint8' } do
         if dtype ~= argument.dtype then add(dtype, argument.sizes, dtype) end
      end
      add('elsewhere', argument.sizes, nil, argument.device == 'cpu' and 'shadow' or 'cpu')
      for axis, size in ipairs(argument.sizes) do
         for what, other in pairs { longer = size + 1, shorter = size - 1 } do
            local sizes = { unpack(argument.sizes) }
            sizes[axis] = other
            if other > 0 then add(what .. axis, sizes) end
         end
      end
      local deeper = { unpack(argument.sizes) }
      deeper[#deeper + 1] = 1
      add('deeper', deeper)
   end
   list.none = false  -- in place of nil
   return list
end

local function bytes(list)
   local words = {}
   for i, t in ipairs(list) do words[i] = Tensor.is(t) and t:toString() or '' end
   return table.concat(words, '|')
end

-- Calls an operation with one argument after another changed; adds what fits to a list.
local function try(op, f, list, ...)
   local n, given = debug.getinfo(f, 'u').nparams, { ... }
   for i = 1, n do
      for what, other in pairs(others(given[i])) do
         local arguments = {}
         for k = 1, n do
            arguments[k] = Tensor.is(given[k]) and given[k]:detach():clone() or given[k]
            -- an index points to the first row, which is there in what is shorter, too
            if Tensor.is(given[k]) and given[k].dtype ~= 'float32' then arguments[k]:zero() end
         end
         arguments[i] = other or nil
         local before = bytes(arguments)
         local ok, why = pcall(f, unpack(arguments, 1, n))
         if ok then
            list[#list + 1] = i .. ' ' .. what
         else
            assert.matches('^[^:]+:%d+: [%w_]+: .+, expected ', why, op)
            assert.equal(before, bytes(arguments), op)
         end
      end
   end
end

describe('an operation of C', function()
   local kept, found = {}, {}

   setup(function()
      local busy = false
      for op, f in pairs(native.ops) do
         kept[op] = f
         native.ops[op] = function(...)
            if not busy and not found[op] then
               busy, found[op] = true, {}
               lacuna.noGrad(try, op, f, found[op], ...)
               busy = false
            end
            return f(...)
         end
      end
   end)
   teardown(function()
      for op, f in pairs(kept) do native.ops[op] = f end
   end)

   it('refuses operands that do not fit, and leaves them as they are', function()
      local names = {}
      for name in pairs(programs.cases) do names[#names + 1] = name end
      table.sort(names)
      programs.make()
      for _, name in ipairs(names) do programs.cases[name]() end
      programs.drop()
      for op in pairs(kept) do
         assert.is_table(found[op], op .. ' was not called')
         table.sort(found[op])
         assert.equal(fits[op] or '', table.concat(found[op], ', '), op)
      end
   end)
end)
