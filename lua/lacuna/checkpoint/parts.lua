--- The parts of a run that a checkpoint carries: what they are made of, and putting it back.
--
-- A part is a tensor, a generator, or any object with `stateDict()`, which gives a table of plain
-- values and tensors, and `loadStateDict(table)`, which takes one or raises a sentence: networks,
-- optimisers, schedules, loaders, and what you write.
-- @module lacuna.checkpoint.parts
local autograd = require 'lacuna.autograd'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'
local Tensor = require 'lacuna.Tensor'

local parts = {}

local reserved = { checksum = true, random = true, state = true }
local MOST = 3  -- differences that a sentence names
local DEEPEST = 32

local function has(part, method) return type(part[method]) == 'function' end

local function kindOf(part)
   if Tensor.is(part) then return 'tensor' end
   if Module.is(part) then return 'network' end
   if type(part) ~= 'table' then return nil end
   if has(part, 'stateDict') and has(part, 'loadStateDict') then return 'object' end
   return has(part, 'state') and has(part, 'restore') and 'generator' or nil
end

--- Checks what a user gives.
-- @param given a table of parts by name
-- @treturn table a copy
function parts.check(given)
   if type(given) ~= 'table' or getmetatable(given) then
      fail.raise('checkpoint: parts are %s, expected a table of them by name', fail.describe(given))
   end
   local copy = {}
   for name, part in pairs(given) do
      if type(name) ~= 'string' or not name:match '^[%a_][%w_]*$' or reserved[name] then
         fail.raise('checkpoint: a part is called %s, expected letters and digits, and neither '
            .. 'checksum nor random nor state', fail.describe(name))
      end
      if not kindOf(part) then
         fail.raise('checkpoint: %s is %s, expected a tensor, a generator, or an object with '
            .. 'stateDict and loadStateDict', name, fail.describe(part))
      end
      copy[name] = part
   end
   return copy
end

local gather = {
   tensor = function(part) return { value = part } end,
   network = function(part) return part:stateDict() end,
   object = function(part) return part:stateDict() end,
   generator = function(part) return part:state() end,
}

--- Tells what parts are made of.
-- @tparam table given parts by name
-- @treturn table by name, tables of plain values and tensors, which are not copied
function parts.collect(given)
   local dicts = {}
   for name, part in pairs(given) do dicts[name] = gather[kindOf(part)](part) end
   return dicts
end

-- The device of a tensor in a tree of tables.
local function deviceIn(value, depth)
   if Tensor.is(value) then return value.device end
   if type(value) ~= 'table' or depth > DEEPEST then return nil end
   for _, inner in pairs(value) do
      local device = deviceIn(inner, depth + 1)
      if device then return device end
   end
end

--- Tells where the parts compute.
-- @tparam table dicts as `collect` gives them
-- @treturn string a device
function parts.device(dicts)
   local names = {}
   for name in pairs(dicts) do names[#names + 1] = name end
   table.sort(names)
   for _, name in ipairs(names) do
      local device = deviceIn(dicts[name], 1)
      if device then return device end
   end
   return Tensor.defaultDevice
end

-- ---- putting back -----------------------------------------------------------------------------

local function describe(value)
   if not Tensor.is(value) then return fail.describe(value) end
   local shape = fail.shape(value.sizes)
   return value.dtype == 'float32' and shape or shape .. ' of ' .. value.dtype
end

-- Where two tables of tensors differ, in words.
local function differences(name, here, there)
   local list, names = {}, {}
   for key in pairs(here) do names[#names + 1] = tostring(key) end
   for key in pairs(there) do
      if here[key] == nil then names[#names + 1] = tostring(key) end
   end
   table.sort(names)
   for _, key in ipairs(names) do
      local mine, theirs = here[key], there[key]
      local full = name .. '.' .. key
      if theirs == nil then
         list[#list + 1] = full .. ' is only here'
      elseif mine == nil then
         list[#list + 1] = full .. ' is only there'
      elseif describe(mine) ~= describe(theirs) then
         list[#list + 1] = ('%s is %s there, %s here'):format(full, describe(theirs),
            describe(mine))
      end
   end
   if #list > MOST then
      local more = #list - MOST
      list = { list[1], list[2], list[3], ('and %d more'):format(more) }
   end
   return #list > 0 and 'is of another network: ' .. table.concat(list, '; ') or nil
end

-- Why a part cannot be made of this, as far as can be told beforehand.
local function fault(name, part, dict)
   if type(dict) ~= 'table' then
      return ('is damaged: %s is %s'):format(name, fail.describe(dict))
   end
   local kind = kindOf(part)
   if kind == 'tensor' or kind == 'network' then
      return differences(name, gather[kind](part), dict)
   end
end

local put = {
   tensor = function(part, dict) autograd.noGrad(part.copy, part, dict.value) end,
   network = function(part, dict) part:loadStateDict(dict) end,
   object = function(part, dict) part:loadStateDict(dict) end,
   generator = function(part, dict) part:restore(dict) end,
}

-- Tables copied, tensors and other values not.
local function copyTables(value, depth)
   if type(value) ~= 'table' or getmetatable(value) or depth > DEEPEST then return value end
   local copy = {}
   for key, inner in pairs(value) do copy[key] = copyTables(inner, depth + 1) end
   return copy
end

local function sortedNames(given)
   local names = {}
   for name in pairs(given) do names[#names + 1] = name end
   -- networks and tensors last: they were compared, so nothing goes wrong with them any more
   local function late(name)
      local kind = kindOf(given[name])
      return (kind == 'tensor' or kind == 'network') and 1 or 0
   end
   table.sort(names, function(a, b)
      if late(a) ~= late(b) then return late(a) < late(b) end
      return a < b
   end)
   return names
end

-- Whether an error says nothing about the file.
local function isElsewhere(message)
   return message:match 'interrupted$' or message:match 'no room for'
      or message:match 'not enough memory'
end

local function missing(given, dicts, all)
   for name in pairs(given) do
      if dicts[name] == nil then
         local there = {}
         for key in pairs(dicts) do there[#there + 1] = tostring(key) end
         table.sort(there)
         return ('has no part %s, only %s'):format(name, table.concat(there, ', '))
      end
   end
   for name in pairs(all and dicts or {}) do
      if given[name] == nil then
         return ('has the part %s, which is not given here'):format(tostring(name))
      end
   end
end

--- Puts back what parts were made of, all or none.
-- @tparam table given parts by name
-- @tparam table dicts what a file holds
-- @tparam boolean all whether each part of the file must be given
-- @treturn ?boolean true
-- @treturn ?string why not; then nothing has changed
function parts.restore(given, dicts, all)
   local why = missing(given, dicts, all)
   if why then return nil, why end
   local names = sortedNames(given)
   for _, name in ipairs(names) do
      why = fault(name, given[name], dicts[name])
      if why then return nil, why end
   end
   local done = {}
   for _, name in ipairs(names) do
      local part = given[name]
      local kind = kindOf(part)
      local before = (kind == 'object' or kind == 'generator') and copyTables(gather[kind](part), 1)
      -- this one too: it may fail half-way
      if before then done[#done + 1] = { kind, part, before } end
      local good, message = pcall(put[kind], part, dicts[name])
      if not good then
         for i = #done, 1, -1 do pcall(put[done[i][1]], done[i][2], done[i][3]) end
         if isElsewhere(tostring(message)) then error(message, 0) end
         return nil, ('does not fit %s: %s'):format(name,
            (tostring(message):gsub('^[^:\n]+:%d+: ', '')))
      end
   end
   return true
end

return parts
