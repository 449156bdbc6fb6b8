--- Schedules: learning rates as functions of the epoch.
--
--     local rate = optim.schedule.cosine { lr = 0.01, epochs = 30 }
--     for epoch = 1, 30 do opt:rate(rate(epoch)) … end
--
-- Epochs count from one and may be fractions; the rate follows from epoch and options alone.
-- @module lacuna.optim.schedule
local class = require 'lacuna.class'
local fail = require 'lacuna.fail'

local schedule = {}

-- internal: what each kind computes from its options and the epoch.
local rules = {}

function rules.step(o, epoch) return o.lr * o.decay ^ math.floor((epoch - 1) / o.every) end

function rules.exponential(o, epoch) return o.lr * math.exp(-o.decay * (epoch - 1)) end

function rules.cosine(o, epoch)
   local done = epoch - 1
   if done < o.warmup then return o.lr * (done + 1) / (o.warmup + 1) end
   local part = math.min(1, (done - o.warmup) / math.max(o.epochs - o.warmup, 1e-9))
   return o.last + (o.lr - o.last) * 0.5 * (1 + math.cos(math.pi * part))
end

local defaults = {
   step = { lr = 0.01, decay = 0.1, every = 10 },
   exponential = { lr = 0.01, decay = 0.04 },
   cosine = { lr = 0.01, epochs = 30, last = 0, warmup = 0 },
}

local function read(kind, options)
   local op = 'schedule.' .. kind
   options = fail.options(op, options, defaults[kind])
   for name in pairs(defaults[kind]) do
      -- a rate may rise exponentially, as where a good one is looked for
      fail.range(op, name, options[name], kind == 'exponential' and name == 'decay' and -1e3 or 0)
   end
   if options.every and options.every <= 0 then
      fail.raise('%s: every is %.14g, expected more than 0', op, options.every)
   end
   return options
end

--- What a schedule is: called with an epoch, it gives the rate.
--
--     local rate = optim.schedule.step { lr = 0.1 }
--     print(rate(1), rate(11))
--
-- @type Schedule
local Schedule = class('optim.Schedule')

local function make(kind, options)
   return setmetatable({ kind = kind, options = read(kind, options) }, Schedule)
end

--- Tells the rate.
-- @tparam number epoch from one; may be a fraction
-- @treturn number
function Schedule:__call(epoch)
   if fail.number('schedule', 'epoch', epoch) < 1 then
      fail.raise('schedule: epoch is %.14g, expected 1 or more', epoch)
   end
   return rules[self.kind](self.options, epoch)
end

--- Tells what a checkpoint needs.
-- @treturn table `kind` and `options`
function Schedule:stateDict() return { kind = self.kind, options = self.options } end

--- Checks that a state is this schedule's: it has none but its options, and these must be the same
-- for a run to go on as it would have.
-- @tparam table dict as `stateDict` gives it
-- @treturn Schedule self
function Schedule:loadStateDict(dict)
   if type(dict) ~= 'table' or dict.kind ~= self.kind then
      fail.raise('schedule: state is %s, expected that of the schedule %s',
         type(dict) == 'table' and 'of the schedule ' .. tostring(dict.kind) or fail.describe(dict),
         self.kind)
   end
   local there = read(self.kind, dict.options)
   for name, value in pairs(self.options) do
      if there[name] ~= value then
         fail.raise('schedule: %s is %.14g in the state, expected %.14g as here', name, there[name],
            value)
      end
   end
   return self
end

function Schedule:__tostring() return 'optim.schedule.' .. self.kind end

--- @section end

--- Multiplies by a factor after every `every` epochs: lr decay^floor((epoch - 1) / every).
-- @tparam table options `lr`; `decay`, 0.1; `every`, 10
-- @treturn Schedule a function of the epoch
function schedule.step(options) return make('step', options) end

--- Falls exponentially, as in SparseConvNet's trainer: lr e^(-decay (epoch - 1)).
-- @tparam table options `lr`; `decay`, 0.04
-- @treturn Schedule a function of the epoch
function schedule.exponential(options) return make('exponential', options) end

--- Falls along half a cosine (Loshchilov and Hutter 2017), after a linear rise.
-- @tparam table options `lr`; `epochs`, 30; `last`: the rate at the end, 0; `warmup`: epochs of
-- rise, 0
-- @treturn Schedule a function of the epoch
function schedule.cosine(options) return make('cosine', options) end

return schedule
