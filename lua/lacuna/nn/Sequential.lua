--- Runs modules one after the other.
--
--     local net = nn.Sequential():add(nn.Linear(4, 8)):add(nn.ReLU()):add(nn.Linear(8, 2))
--     net:set(2, nn.Tanh())                      -- swap a layer
--     local features = net:slice(1, 2)(x)        -- run a part
--
-- @classmod lacuna.nn.Sequential
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local Module = require 'lacuna.nn.Module'

local Sequential = class('nn.Sequential', Module)

--- Makes the container.
-- @param ... modules to start with
function Sequential:__init(...)
   Module.__init(self)
   for i = 1, select('#', ...) do self:add((select(i, ...))) end
end

-- The place that an index means among n: from one, or from the end if it is negative.
local function place(op, what, i, n)
   local whole = type(i) == 'number' and i == math.floor(i) and i ~= 0 and math.abs(i) <= n
   if not whole then
      fail.raise('%s: %s is %s, expected %s', op, what, fail.describe(i), n == 0
         and 'a container with modules in it'
         or ('a whole number from 1 to %d, or from -%d to -1'):format(n, n))
   end
   return i < 0 and n + 1 + i or i
end

local function list(self)
   local entries = {}
   for name, module in self:children() do entries[#entries + 1] = { name, module } end
   return entries
end

-- Takes over a list of { name, module }.  Numbered names follow the order, others stay.
local function settle(self, entries)
   for _, name in ipairs(self.childNames) do self[name] = nil end
   local names = {}
   for i, entry in ipairs(entries) do
      names[i] = tonumber(entry[1]) and tostring(i) or entry[1]
      self[names[i]] = entry[2]
   end
   self.childNames = names
   return self
end

--- Appends a module.
-- @tparam Module module
-- @treturn Sequential self
function Sequential:add(module)
   self:child(tostring(#self.childNames + 1), module)
   return self
end

--- Puts a module before the i-th; those behind move up.
-- @tparam number i from one to one more than there are; negative counts from the end, -1 appends
-- @tparam Module module
-- @treturn Sequential self
function Sequential:insert(i, module)
   local entries = list(self)
   i = place('insert', 'index', i, #entries + 1)
   table.insert(entries, i, { tostring(i), self:admit(i, module) })
   return settle(self, entries)
end

--- Takes the i-th module out; those behind move down.
-- @tparam number i from one; negative counts from the end
-- @treturn Module the module
function Sequential:remove(i)
   local entries = list(self)
   local entry = table.remove(entries, place('remove', 'index', i, #entries))
   settle(self, entries)
   return entry[2]
end

--- Gives the i-th module, or one further inside by its path.
-- @tparam number|string i from one, negative counts from the end; or a path such as `2.1`
-- @treturn Module
function Sequential:get(i)
   if type(i) == 'string' then return Module.get(self, i) end
   return self[self.childNames[place('get', 'index', i, #self.childNames)]]
end

--- Puts another module in the place of the i-th, or of one further inside.
-- @tparam number|string i as for @{get}
-- @tparam Module module
-- @treturn Sequential self
function Sequential:set(i, module)
   if type(i) == 'string' then return self:replace(i, module) end
   local name = self.childNames[place('set', 'index', i, #self.childNames)]
   self[name] = self:admit(name, module)
   return self
end

--- Makes a container of a part: the same modules, not copies.
-- @tparam[opt=1] number first from one, to one more than there are; negative counts from the end
-- @tparam[opt] number last included, from 0; the last module by default
-- @treturn Sequential empty where last is before first
function Sequential:slice(first, last)
   local entries, part = list(self), Sequential()
   local n = #entries
   first, last = first == nil and 1 or first, last == nil and n or last
   if first ~= n + 1 then first = place('slice', 'first', first, n) end
   if last ~= 0 then last = place('slice', 'last', last, n) end
   for i = first, last do part:add(entries[i][2]) end
   part.training_, part.frozen_ = self.training_, self.frozen_
   return part
end

--- Counts the modules.
-- @treturn number
function Sequential:size() return #self.childNames end

function Sequential:forward(input)
   for _, module in self:children() do input = module(input) end
   return input
end

return Sequential
