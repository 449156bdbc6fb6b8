--- Saves the whole state of a run, and resumes it to the bit.
--
--     local run = lacuna.checkpoint('runs/mine', {
--        net = net, optimiser = optimiser, loader = loader })
--     local at = assert(run:resume { epoch = 1, curve = {} })   -- this table, if nothing is there
--     for epoch = at.epoch, 30 do
--        for batch in loader:epoch(epoch) do                    -- goes on behind the last batch
--           …
--           run:save { epoch = epoch, curve = at.curve }
--        end
--     end
--
-- A checkpoint holds the parts (networks, optimisers, schedules, loaders, generators, tensors, any
-- object with `stateDict` and `loadStateDict`), the common random generator, and the table given
-- to `save`: numbers, to the bit and also of 64 bits, strings, booleans, tensors and tables of
-- them.
--
-- `folder` holds `latest.lacuna`, `previous.lacuna`, the one before it, and `best.lacuna`. Each is
-- written beside, flushed and renamed, so that a whole one is there at every moment, whatever
-- happens to the process or the machine. They are `.safetensors` files with a checksum; nothing
-- in them is ever executed.
-- @classmod lacuna.checkpoint
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'
local file = require 'lacuna.io.file'
local format = require 'lacuna.checkpoint.format'
local ops = require 'lacuna.ops'
local parts = require 'lacuna.checkpoint.parts'

local Checkpoint = class('Checkpoint')

local NOWHERE = 2  -- what the system calls a file that is not there
local known = { latest = true, previous = true, best = true }

local function tell(sentence) io.stderr:write(sentence, '\n') end

--- Names a run's folder and parts. Nothing is read or written yet.
-- @tparam string folder made when it is needed
-- @tparam[opt] table given parts by name
-- @tparam[opt] table options `say`: a function that gets what the user ought to know, such as that
-- a file was damaged and the one before it serves; by default it goes to standard error
function Checkpoint:__init(folder, given, options)
   self.folder = file.path('checkpoint', folder):gsub('(.)/+$', '%1')
   self.parts = parts.check(given or {})
   self.say = fail.options('checkpoint', options, { say = tell }).say
   fail.callable('checkpoint', self.say)
end

--- Tells where a checkpoint of the run is.
-- @tparam[opt='latest'] string name `latest`, `previous` or `best`
-- @treturn string
function Checkpoint:path(name)
   name = name or 'latest'
   if not known[name] then
      fail.raise('checkpoint: the name is %s, expected latest, previous or best',
         fail.describe(name))
   end
   return ('%s/%s.lacuna'):format(self.folder, name)
end

-- The parts, and the generator that is used where none is named.
local function allParts(self)
   local all = { random = ops.generator() }
   for name, part in pairs(self.parts) do all[name] = part end
   return all
end

-- ---- saving -----------------------------------------------------------------------------------

-- Removes what processes left that were killed while they wrote.
local function tidy(self)
   local lfs = require 'lfs'
   local good, next, folder = pcall(lfs.dir, self.folder)
   if not good then return end  -- one may write to it, but not look into it
   for name in next, folder do
      local kind, process = name:match '^(%a+)%.lacuna%.(%d+)%-%d+%.tmp'
      if known[kind] and not lfs.attributes('/proc/' .. process) then
         os.remove(self.folder .. '/' .. name)
      end
   end
end

local function write(self, packed, best)
   local made, why = file.makeFolder('save', self.folder)
   if not made then return nil, why end
   if self.sound == nil then
      tidy(self)
      self.sound = format.read('save', self:path()) ~= nil
   end
   if best then  -- first: after a kill in between, the run comes by here again
      made, why = format.write('save', self:path 'best', packed)
      if not made then return nil, why end
   end
   -- a damaged file must not take the place of a whole one
   local previous = self.sound and self:path 'previous' or nil
   made, why = format.write('save', self:path(), packed, previous)
   if made then self.sound = true end
   return made, why
end

--- Saves everything as `latest`; what this was becomes `previous`. When that fails, it is said, and
-- both are what they were.
-- @tparam[opt] table state what else to save: the epoch, metrics, the curve, whatever you like
-- @tparam[opt] table options `best`: whether to save it as `best` too, false
-- @treturn ?boolean true
-- @treturn ?string why not
function Checkpoint:save(state, options)
   state = state == nil and {} or state
   if type(state) ~= 'table' or getmetatable(state) then
      fail.raise('save: state is %s, expected a plain table', fail.describe(state))
   end
   options = fail.options('save', options, { best = fail.off })
   local dicts = parts.collect(allParts(self))
   for name in pairs(self.parts) do
      if type(dicts[name]) ~= 'table' then
         fail.raise('save: stateDict of %s gave %s, expected a table', name,
            fail.describe(dicts[name]))
      end
   end
   local packed = format.pack({ parts = dicts, state = state }, file.origin(parts.device(dicts)))
   local good, why = write(self, packed, options.best)
   packed.tensors[#packed.tensors]:release()
   if not good then self.say(why) end
   return good, why
end

-- ---- resuming ---------------------------------------------------------------------------------

-- Says so if later steps may differ from those of who wrote the file.
local function compareOrigins(self, op, path, there)
   local here = file.origin(parts.device(parts.collect(self.parts)))
   local function words(o)
      return ('Lacuna %s on %s%s'):format(tostring(o.version), tostring(o.backend),
         o.isa and ' with ' .. o.isa or '')
   end
   if words(here) ~= words(there) then
      self.say(('%s: %s: written by %s, here is %s: the state is the same to the bit, later steps '
         .. 'may differ in the last places'):format(op, path, words(there), words(here)))
   end
end

local function restore(self, op, name, given, all)
   local path = self:path(name)
   local content, why = format.read(op, path)
   if not content then return nil, why end
   local good
   good, why = parts.restore(given, content.parts, all)
   if not good then return nil, ('%s: %s: %s'):format(op, path, why) end
   compareOrigins(self, op, path, content.origin)
   return content.state
end

local function isThere(path)
   local handle, _, code = io.open(path, 'rb')
   if handle then handle:close() end
   return handle ~= nil or code ~= NOWHERE
end

-- The options of parts that take them back from a file: optimisers.
local function optionsOf(list)
   local all = {}
   for name, part in pairs(list) do
      local options = type(part) == 'table' and rawget(part, 'options')
      if type(options) == 'table' and rawget(part, 'defaults') then
         all[name] = {}
         for option in pairs(part.defaults) do all[name][option] = options[option] end
      end
   end
   return all
end

-- Tells which options are other ones than the script set; a rate changes with every schedule.
local function tellOptions(self, before)
   local now, told = optionsOf(self.parts), {}
   for name, options in pairs(before) do
      for option, value in pairs(options) do
         local saved = now[name][option]
         if option ~= 'lr' and saved ~= value then
            told[#told + 1] = ('resume: going on with %s = %s of %s as saved, not %s'):format(
               option, tostring(saved), name, tostring(value))
         end
      end
   end
   table.sort(told)
   for _, line in ipairs(told) do self.say(line) end
end

--- Puts the run back to where `latest` left it: parts, the common random generator, and the state,
-- which is given. Where `latest` cannot be used, `previous` serves, and that is said.
-- @tparam[opt] table start the state of a run that has no checkpoint yet
-- @treturn ?table what `save` got, or `start`
-- @treturn ?string why not, if there are files and none can be used; then nothing has changed
function Checkpoint:resume(start)
   if start ~= nil and type(start) ~= 'table' then
      fail.raise('resume: start is %s, expected a table', fail.describe(start))
   end
   local reasons, before = {}, optionsOf(self.parts)
   for _, name in ipairs { 'latest', 'previous' } do
      local path = self:path(name)
      if isThere(path) then
         local state, why = restore(self, 'resume', name, allParts(self), true)
         if state then
            self.sound = name == 'latest'
            if not self.sound then
               self.say(('%s; going on from %s'):format(reasons[1]
                  or ('resume: %s is not there'):format(self:path()), path))
            end
            tellOptions(self, before)
            return state
         end
         reasons[#reasons + 1] = why
      end
   end
   if #reasons > 0 then return nil, table.concat(reasons, '; ') end
   if start then return start end
   return nil, ('resume: %s holds no checkpoint'):format(self.folder)
end

--- Puts the parts of the run back to where a checkpoint left them, but not the common random
-- generator: to look at the best network, say. Parts of the file that are not given are left out.
-- @tparam[opt='best'] string name `latest`, `previous` or `best`
-- @treturn ?table what `save` got
-- @treturn ?string why not; then nothing has changed
function Checkpoint:load(name) return restore(self, 'load', name or 'best', self.parts, false) end

--- Reads a checkpoint without a run.
-- @tparam string path
-- @tparam[opt] table options `device` of the tensors
-- @treturn ?table `state`, what `save` got; `parts`: by name, tables of tensors and plain values, a
-- network's as `loadStateDict` takes it; `origin`: `version`, `backend` and `isa` that wrote it;
-- `version` of the format
-- @treturn ?string why not
function Checkpoint.read(path, options) return format.read('checkpoint', path, options) end

function Checkpoint:__tostring() return ('Checkpoint(%s)'):format(self.folder) end

return Checkpoint
