--- What every module gave in one pass; `Module:activations` makes it.
--
--     local acts, y = net:activations(x)
--     print(acts)                    -- path, layer and output of each
--     print(acts['2'].features)      -- of one, by its path
--
-- @classmod lacuna.nn.activations
local class = require 'lacuna.class'
local report = require 'lacuna.nn.report'

local Activations = class('nn.Activations')

local MAIN = {}
local gathering = setmetatable({}, { __mode = 'k' })  -- coroutine -> who gets what modules give

-- internal: starts an empty list for the modules in a module.
function Activations:__init() end

local function me() return coroutine.running() or MAIN end

-- internal: called after every forward; hands it to who gathers in this coroutine.
function Activations.note(module, output)
   local visit = gathering[me()]
   if visit then visit(module, output) end
end

--- Runs a module and lists what each module inside gave.
-- @tparam Module module
-- @param ... what the module takes
-- @treturn table of `{ path, module, output }`, and each output by its path
-- @return the output
function Activations.gather(module, ...)
   local list, paths, calls = Activations(), {}, {}
   for _, entry in ipairs(module:namedModules()) do
      local path, inner = entry[1], entry[2]
      paths[inner] = paths[inner] or {}
      table.insert(paths[inner], path)
   end
   local co = me()
   local before = gathering[co]
   gathering[co] = function(inner, output)
      local known, call = paths[inner] or { '?' }, (calls[inner] or 0) + 1
      calls[inner] = call
      local turn = math.floor((call - 1) / #known)
      local path = known[(call - 1) % #known + 1] .. (turn > 0 and '#' .. turn + 1 or '')
      list[#list + 1] = { path, inner, output }
      rawset(list, path, output)
      if before then before(inner, output) end
   end
   local function finish(ok, ...)
      gathering[co] = before
      if not ok then error((...), 0) end
      return list, (...)
   end
   return finish(pcall(module, ...))
end

function Activations:__tostring() return report.activations(self) end

return Activations
