--- Schedules: learning rates as functions of the epoch.
--
--     local rate = optim.schedule.cosine { lr = 0.01, epochs = 30 }
--     for epoch = 1, 30 do opt:rate(rate(epoch)) … end
--
-- Epochs count from one and may be fractions; a schedule has no state.
-- @module lacuna.optim.schedule
local fail = require 'lacuna.fail'

local schedule = {}

local function read(op, options, defaults)
   options = fail.options(op, options, defaults)
   for name in pairs(defaults) do
      fail.number(op, name, options[name])
   end
   return options
end

--- Multiplies by a factor after every `every` epochs: lr decay^floor((epoch - 1) / every).
-- @tparam table options `lr`; `decay`, 0.1; `every`, 10
-- @treturn function of the epoch
function schedule.step(options)
   local o = read('schedule.step', options, { lr = 0.01, decay = 0.1, every = 10 })
   return function(epoch) return o.lr * o.decay ^ math.floor((epoch - 1) / o.every) end
end

--- Falls exponentially, as in SparseConvNet's trainer: lr e^(-decay (epoch - 1)).
-- @tparam table options `lr`; `decay`, 0.04
-- @treturn function of the epoch
function schedule.exponential(options)
   local o = read('schedule.exponential', options, { lr = 0.01, decay = 0.04 })
   return function(epoch) return o.lr * math.exp(-o.decay * (epoch - 1)) end
end

--- Falls along half a cosine (Loshchilov and Hutter 2017), after a linear rise.
-- @tparam table options `lr`; `epochs`, 30; `last`: the rate at the end, 0; `warmup`: epochs of
-- rise, 0
-- @treturn function of the epoch
function schedule.cosine(options)
   local o = read('schedule.cosine', options, { lr = 0.01, epochs = 30, last = 0, warmup = 0 })
   return function(epoch)
      local done = epoch - 1
      if done < o.warmup then return o.lr * (done + 1) / (o.warmup + 1) end
      local part = math.min(1, (done - o.warmup) / math.max(o.epochs - o.warmup, 1e-9))
      return o.last + (o.lr - o.last) * 0.5 * (1 + math.cos(math.pi * part))
   end
end

return schedule
