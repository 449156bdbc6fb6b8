local lacuna = require 'lacuna'
local bit = require 'bit'
local data = require 'lacuna.data'
local files = require 'spec.support.files'
local at, write, read = files.at, files.write, files.read
local nn, ops, optim = lacuna.nn, lacuna.ops, lacuna.optim

local function refuses(...) files.refuses(assert, ...) end

-- What a run tells its user, and the run.
local function open(parts, folder)
   local said = {}
   return lacuna.checkpoint(folder or at(), parts, { say = function(s) said[#said + 1] = s end }),
      said
end

local function network(planes)
   return nn.Sequential():add(nn.Linear(2, planes or 3)):add(nn.BatchNormalization(planes or 3))
end

local function weightsOf(net)
   local lists = {}
   for name, t in pairs(net:stateDict()) do lists[name] = t:toFlat() end
   return lists
end

before_each(files.open)
after_each(files.close)
-- ---- forged files -----------------------------------------------------------------------------

-- The checksum, bit by bit.
local function crc32(bytes)
   local crc = -1
   for i = 1, #bytes do
      crc = bit.bxor(crc, bytes:byte(i))
      for _ = 1, 8 do
         local low = bit.band(crc, 1)
         crc = bit.rshift(crc, 1)
         if low == 1 then crc = bit.bxor(crc, 0xEDB88320) end
      end
   end
   return bit.bnot(crc)
end

local function little(value, count)
   local list = {}
   for i = 1, count do
      list[i] = string.char(value % 256)
      value = math.floor(value / 256)
   end
   return table.concat(list)
end

-- A checkpoint with another header, its checksum right again.
local function forge(bytes, change)
   local length = bytes:byte(1) + 256 * bytes:byte(2) + 65536 * bytes:byte(3)
   local text = assert(change(bytes:sub(9, 8 + length)))
   local body = little(#text, 8) .. text .. bytes:sub(9 + length, -5)
   return body .. little(crc32(body) % 2 ^ 32, 4)
end

-- A checkpoint with another content, in JSON.
local function withContent(bytes, content)
   return forge(bytes, function(text)
      local quoted = content:gsub('["\\]', '\\%0'):gsub('%%', '%%%%')
      return (text:gsub('"content":".-[^\\]",', '"content":"' .. quoted .. '",', 1))
   end)
end
local isCpu = lacuna.device() == 'cpu' or lacuna.device() == 'shadow'

describe('a checkpoint', function()
   it('gives back every value to the bit', function()
      local run = open()
      local state = {
         third = 1 / 3, tiny = 5e-324, huge = 1.7976931348623157e308, odd = 2 ^ 53 + 2,
         zero = -0.0, nan = 0 / 0, inf = math.huge, less = -math.huge,
         big = 9007199254740993LL, least = -9223372036854775807LL - 1LL,
         most = 18446744073709551615ULL, yes = true, no = false, none = lacuna.io.null,
         text = 'a "b" \\ \n ä', bytes = 'a\0\255\200', empty = {}, list = { 1, { 2 }, 'x' },
         ['@number'] = 'nan', mixed = { 1, 2, [5] = 'five', [0.5] = 'half', [-1] = { [true] = 1 },
            a = 'b', ['\255'] = 3 },
      }
      assert.is_true(run:save(state))
      local found = assert(run:resume())
      assert.equal('-inf', tostring(1 / found.zero))
      assert.is_true(found.nan ~= found.nan)
      for _, name in ipairs { 'big', 'least', 'most' } do
         assert.equal(tostring(state[name]), tostring(found[name]))
         state[name], found[name] = nil, nil
      end
      state.nan, found.nan = nil, nil
      assert.same(state, found)
      assert.is_true(found.third == state.third and found.tiny == state.tiny)
   end)

   it('gives back tensors of every type, named by where they stood', function()
      local run = open()
      local state = { { lacuna.tensor { 1, -2.5 }, a = lacuna.zeros(0, 3) }, n = lacuna.full(7, {}),
         u = lacuna.tensor({ 200 }, { dtype = 'uint8' }),
         i = lacuna.tensor({ -5 }, { dtype = 'int64' }),
         ['a.b'] = lacuna.ones(1), a = { b = lacuna.zeros(1) } }
      assert.is_true(run:save(state))
      local found = assert(run:resume())
      assert.near_all({ 1, -2.5 }, found[1][1], 0)
      assert.same({ 0, 3 }, found[1].a:shape())
      assert.equal(lacuna.device(), found[1].a.device)
      assert.equal(7, found.n:item())
      assert.equal('uint8', found.u.dtype)
      assert.same({ -5 }, found.i:toFlat())
      assert.near_all({ 1 }, found['a.b'], 0)
      assert.near_all({ 0 }, found.a.b, 0)
      local tensors = assert(lacuna.io.loadTensors(run:path()))
      assert.near_all({ 1, -2.5 }, tensors['state.1.1'], 0)
   end)

   it('puts back networks, optimisers, schedules, generators, tensors, loaders', function()
      local function make()
         local loader = data.Loader(data.fromTable { 1, 2, 3, 4, 5 }, { batchSize = 2, seed = 4 })
         local net = network()
         return {
            net = net, optimiser = optim.Adam(net:parameters(), { lr = 0.1 }), loader = loader,
            rate = optim.schedule.cosine { lr = 1, epochs = 7 }, generator = lacuna.Generator(9),
            tensor = lacuna.zeros(2), own = { value = 0,
               stateDict = function(self) return { value = self.value } end,
               loadStateDict = function(self, dict) self.value = dict.value end },
         }
      end
      local a, b = make(), make()
      a.net(lacuna.ones(3, 2)):sum():backward()
      a.optimiser:step()
      a.optimiser:rate(0.05)
      a.generator:uniform()
      a.tensor:fill(3)
      a.own.value = { 1, 2 }
      local taken = {}
      for batch in a.loader:epoch(3) do
         taken[#taken + 1] = table.concat(batch, ' ')
         if #taken == 2 then break end
      end
      assert.is_true(open(a):save { epoch = 3 })
      local expected = ops.fillUniform(lacuna.zeros(3)):toFlat()
      lacuna.seed(77)

      assert.equal(3, assert(open(b):resume()).epoch)
      assert.same(weightsOf(a.net), weightsOf(b.net))
      assert.equal(0.05, b.optimiser:rate())
      assert.equal(1, b.optimiser.steps)
      assert.near_all(a.optimiser.state['mean.1'], b.optimiser.state['mean.1'], 0)
      assert.equal(a.generator:uniform(), b.generator:uniform())
      assert.near_all({ 3, 3 }, b.tensor, 0)
      assert.same({ 1, 2 }, b.own.value)
      assert.same(expected, ops.fillUniform(lacuna.zeros(3)):toFlat())
      for batch, i in b.loader:epoch(3) do taken[i] = table.concat(batch, ' ') end
      assert.same({ '1 2', '3 4', '5' }, taken)
      for _, i in b.loader:epoch(3) do taken[#taken + 1] = i end
      assert.same({ 1, 2, 3 }, { unpack(taken, 4) })
   end)

   it('begins another epoch than the one it was taken in at its first batch', function()
      local function loader()
         return data.Loader(data.fromTable { 1, 2, 3 }, { batchSize = 1 })
      end
      local a, b = loader(), loader()
      a:epoch(1)()
      b:loadStateDict(a:stateDict())
      local _, i = b:epoch(2)()
      assert.equal(1, i)
   end)

   it('keeps the one before it, and the best', function()
      local run = open()
      run:save({ step = 1 }, { best = true })
      assert.is_nil(read(run:path 'previous'))
      run:save { step = 2 }
      run:save { step = 3 }
      local steps = {}
      for i, name in ipairs { 'latest', 'previous', 'best' } do
         steps[i] = assert(run:load(name)).step
      end
      assert.same({ 3, 2, 1 }, steps)
      assert.equal('best.lacuna\nlatest.lacuna\nprevious.lacuna\n', files.shell('ls ' .. at()))
   end)

   it('gives parts without the rest where they are loaded, not resumed', function()
      local a, b = network(), network()
      open({ net = a, generator = lacuna.Generator(1) }):save({}, { best = true })
      local before = ops.generator():state()
      lacuna.seed(5)
      assert.same({}, open({ net = b }):load())
      assert.equal(5, ops.generator():state().seed)
      assert.same(weightsOf(a), weightsOf(b))
      ops.generator():restore(before)
      refuses('has the part generator, which is not given', function()
         return open({ net = b }):resume()
      end)
      refuses('has no part other, only generator, net, random', function()
         return open({ net = b, other = lacuna.Generator(1) }):load()
      end)
   end)

   it('has the same bytes where it holds the same', function()
      local net = network()
      lacuna.seed(3)
      open({ net = net }, at 'a'):save { b = 1, a = { 2, [7] = 3, c = 4 } }
      open({ net = net }, at 'b/c'):save { a = { c = 4, [7] = 3, 2 }, b = 1 }
      assert.equal(read(at 'a/latest.lacuna'), read(at 'b/c/latest.lacuna'))
   end)

   it('is read with or without a run', function()
      local run = open({ net = network() })
      assert.same({ epoch = 1 }, run:resume { epoch = 1 })
      refuses('^resume: .* holds no checkpoint$', function() return run:resume() end)
      run:save { epoch = 2 }
      local content = assert(lacuna.checkpoint.read(run:path()))
      assert.equal(2, content.state.epoch)
      assert.equal(1, content.version)
      assert.equal(lacuna.version, content.origin.version)
      assert.equal(isCpu and lacuna.isa() or nil, content.origin.isa)
      network():loadStateDict(content.parts.net)
      assert.equal('cpu', assert(lacuna.checkpoint.read(run:path(),
         { device = 'cpu' })).parts.net['1.weight'].device)
   end)

   it('is a file whose checksum zlib confirms and whose tensors others read', function()
      local run = open({ t = lacuna.tensor { 1, 2 } })
      run:save()
      local bytes = read(run:path())
      assert.equal(little(crc32(bytes:sub(1, -5)) % 2 ^ 32, 4), bytes:sub(-4))
      if not files.python() then
         pending 'no python3'
         return
      end
      assert.equal("True ['__metadata__', 'checksum', 't.value']\n", files.shell(([[python3 -c "
import json, struct, sys, zlib
d = open('%s', 'rb').read()
n = struct.unpack('<Q', d[:8])[0]
print(zlib.crc32(d[:-4]) == struct.unpack('<I', d[-4:])[0], sorted(json.loads(d[8:8 + n])))"]])
         :format(run:path())))
   end)

   it('refuses what it cannot keep, and names it', function()
      local run, circle = open(), {}
      circle.a = { circle }
      for pattern, state in pairs {
         ['save: state%.f is a function, expected'] = { f = print },
         ['state%.a%.2 is a Generator'] = { a = { 1, lacuna.Generator(1) } },
         ['state%.a%.1%..* is deeper than 32 tables, or in a circle'] = circle,
         ['a key of state is a table'] = { [{}] = 1 },
         ['state is the number 3'] = 3, ['state is a Tensor'] = lacuna.ones(1),
      } do
         assert.fails(pattern, run.save, run, state)
      end
      local gone = lacuna.ones(1)
      gone:release()
      assert.fails('state%.t .*released', run.save, run, { t = gone })
      assert.is_nil(read(run:path()))
      assert.fails('option bset is unknown', run.save, run, {}, { bset = true })
      assert.fails('checkpoint: path is nil', lacuna.checkpoint)
      assert.fails('parts are the number 3', lacuna.checkpoint, at(), 3)
      assert.fails('a part is called the number 1', lacuna.checkpoint, at(), { network() })
      assert.fails('called the string "state"', lacuna.checkpoint, at(), { state = network() })
      assert.fails('rate is a function', lacuna.checkpoint, at(), { rate = print })
      assert.fails('option says is unknown', lacuna.checkpoint, at(), {}, { says = print })
      assert.fails('resume: start is the number 1', run.resume, run, 1)
      assert.fails('the name is the string "last"', run.load, run, 'last')
      assert.fails('path is the number 3', lacuna.checkpoint.read, 3)
   end)
end)

describe('a checkpoint that cannot be used', function()
   -- A file as small as they come: its bytes, and the run.
   local function small()
      local run, said = open({ t = lacuna.tensor { 1, 2 } })
      assert(run:save { epoch = 1 })
      return read(run:path()), run, said
   end
   local reader = lacuna.checkpoint.read

   it('is refused with any bit flipped', function()
      local bytes = small()
      for place = 1, #bytes do
         for k = 0, 7 do
            local flipped = string.char(bit.bxor(bytes:byte(place), bit.lshift(1, k)))
            local content, why = reader(write('x', bytes:sub(1, place - 1) .. flipped
               .. bytes:sub(place + 1)))
            if content or not why:match '^checkpoint: .*/x: ' then
               error(('bit %d of byte %d: %s'):format(k, place, tostring(why)))
            end
         end
      end
   end)

   it('is refused at any length but its own', function()
      local bytes = small()
      for length = 0, #bytes - 1 do
         refuses('^checkpoint: .*/x: is ', reader, write('x', bytes:sub(1, length)))
      end
      refuses('^checkpoint: .*/x: is ', reader, write('x', bytes .. '\0'))
   end)

   it('says what it is instead', function()
      local bytes = small()
      local function changed(pattern, replacement)
         return forge(bytes, function(text)
            local new, n = text:gsub(pattern, replacement)
            return n == 1 and new
         end)
      end
      lacuna.io.saveTensors(at 'weights', { a = lacuna.ones(1) })
      refuses('is no checkpoint$', reader, at 'weights')
      refuses('cannot open .*No such file', reader, at 'none')
      refuses('^checkpoint: .*directory', reader, at())
      for _, case in ipairs {
         { 'is no checkpoint, or damaged: ', 'Once upon a time there was a text' },
         { 'is no checkpoint, or damaged: ', '' },
         { 'is a checkpoint of version 2, expected 1', changed('"version":"1"', '"version":"2"') },
         { 'is no checkpoint', changed('lacuna checkpoint', 'another program') },
         { 'ends without a checksum', changed('"checksum":', '"chuckles":') },
         { 'has another type', changed('"F32"', '"U32"') },
         { 'is damaged: its checksum is %x+, expected %x+$', bytes:sub(1, -2) .. '\0' },
         { 'header has 72057594037927936 bytes in a file of',
            '\0\0\0\0\0\0\0\1' .. bytes:sub(9) },
      } do
         refuses(case[1], reader, write('x', case[2]))
      end
   end)

   it('is never run, whatever it says, and makes nothing larger than itself', function()
      local bytes = small()
      local mark = at 'executed'
      local code = ("io.open('%s','w'):close()"):format(mark)
      assert.same({}, assert(reader(write('x', withContent(bytes,
         '{"parts":{},"state":{}}')))).state)
      for _, case in ipairs {
         { 'its content is not JSON', code },
         { 'its content is not JSON', 'return ' .. code },
         { 'its content is not JSON', '\27LJ\2' },
         { 'its content is not JSON', ('['):rep(100000) },
         { 'content lacks parts or state', '{}' },
         { 'content lacks parts or state', '[]' },
         { 'content lacks parts or state', '3' },
         { 'content lacks parts or state', '{"parts":3,"state":{}}' },
         { '"@code" is unknown', '{"parts":{},"state":{"@code":"' .. code .. '"}}' },
         { '"@int64" is unknown', '{"parts":{},"state":{"@int64":3}}' },
         { 'is no whole number', '{"parts":{},"state":{"@int64":"' .. code .. '"}}' },
         { 'is no number of 64 bits', '{"parts":{},"state":{"@int64":"9223372036854775808"}}' },
         { 'is no number of 64 bits', '{"parts":{},"state":{"@uint64":"-1"}}' },
         { 'are no bytes', '{"parts":{},"state":{"@bytes":"0g"}}' },
         { '"many" is no number', '{"parts":{},"state":{"@number":"many"}}' },
         { 'there is no tensor "t"', '{"parts":{},"state":{"@tensor":"t"}}' },
         { 'a pair is none', '{"parts":{},"state":{"@pairs":[[1]]}}' },
         { 'a key is a table', '{"parts":{},"state":{"@pairs":[[[],1]]}}' },
         { 'a key is the number nan', '{"parts":{},"state":{"@pairs":[[{"@number":"nan"},1]]}}' },
         { '"@x" is unknown', '{"parts":{},"state":{"a":1,"@x":"y"}}' },
      } do
         refuses(case[1], reader, write('x', withContent(bytes, case[2])))
      end
      lacuna.trim()
      local live = lacuna.memory(lacuna.device()).live
      refuses('expected 1099511627776', reader, write('x', forge(bytes, function(text)
         return (text:gsub('%[2%]', '[274877906944]', 1))
      end)))
      assert.equal(live, lacuna.memory(lacuna.device()).live)
      assert.is_nil(read(mark))
   end)

   it('leaves the run as it was, if it is of another network or other parts', function()
      local net, other = network(3), network(4)
      open({ net = net }):save()
      local before = weightsOf(other)
      refuses('is of another network: net%.1%.bias is 3 there, 4 here; .*; and 3 more$', function()
         return open({ net = other }):resume()
      end)
      assert.same(before, weightsOf(other))
      refuses('net%.1%.bias is only there; net%.1%.weight is only there; .* more$', function()
         return open({ net = nn.Linear(2, 3) }):resume()
      end)
      refuses('another network: net%.3%.bias is only here; net%.3%.weight is only here$',
         function() return open({ net = network(3):add(nn.Linear(3, 1)) }):resume() end)
      refuses('another network: t%.value is 2 there, 2 of int32 here$', function()
         open({ t = lacuna.ones(2) }, at 't'):save()
         return open({ t = lacuna.ones(2, { dtype = 'int32' }) }, at 't'):resume()
      end)

      local function run(make, options, g)
         return open({ g = g, net = net, optimiser = make(net:parameters(), options) }, at 'o')
      end
      run(optim.Adam, {}, lacuna.Generator(1)):save()
      local generator = lacuna.Generator(2)
      generator:uniform()
      refuses('does not fit optimiser: optim%.SGD: the state is of optim%.Adam', function()
         return run(optim.SGD, {}, generator):resume()
      end)
      assert.same({ seed = 2, offset = 1 }, generator:state())

      local function loader(seed, size, options)
         local list = {}
         for i = 1, size do list[i] = i end
         options = options or {}
         options.seed = seed
         return { loader = data.Loader(data.fromTable(list), options) }
      end
      open(loader(1, 4), at 'l'):save()
      for pattern, parts in pairs { ['state is of seed 1, expected 2'] = loader(2, 4),
         ['state is of batches 4, expected 5'] = loader(1, 5),
         ['state is of shuffle false, expected true'] = loader(1, 4, { shuffle = true }) } do
         refuses(pattern, function() return open(parts, at 'l'):resume() end)
      end
      open({ r = optim.schedule.step() }, at 's'):save()
      for pattern, rate in pairs {
         ['of the schedule step, expected that of the schedule cosine'] = optim.schedule.cosine(),
         ['schedule: decay is 0%.1 in the state, expected 0%.5'] =
            optim.schedule.step { decay = 0.5 },
      } do
         refuses(pattern, function() return open({ r = rate }, at 's'):resume() end)
      end
   end)

   it('makes way for the one before it, and says so', function()
      local net = network()
      local run = open({ net = net })
      run:save { step = 1 }
      local first = weightsOf(net)
      lacuna.noGrad(function() net:get(1).weight:fill(5) end)
      run:save { step = 2 }
      local good = read(run:path())
      for _, bad in ipairs { good:sub(1, -2), 'x', good:sub(1, 99) .. '\1' .. good:sub(101),
         forge(good, function(text) return (text:gsub('"version":"1"', '"version":"7"')) end) } do
         write('latest.lacuna', bad)
         local again, said = open({ net = net })
         assert.equal(1, assert(again:resume { step = 0 }).step)
         assert.same(first, weightsOf(net))
         assert.equal(1, #said)
         assert.matches('^resume: .*latest.lacuna: is .*; going on from .*previous.lacuna$',
            said[1])
         -- and the damaged one does not take its place
         assert.is_true(again:save { step = 3 })
         assert.equal(3, assert(again:load 'latest').step)
         assert.equal(1, assert(again:load 'previous').step)
      end
      os.remove(run:path())
      local again, said = open({ net = net })
      assert.equal(1, assert(again:resume()).step)
      assert.matches('latest.lacuna is not there; going on from', said[1])

      write('latest.lacuna', 'x')
      write('previous.lacuna', 'y')
      lacuna.noGrad(function() net:get(1).weight:fill(6) end)
      local before = weightsOf(net)
      refuses('latest.lacuna: is no .*; resume: .*previous.lacuna: is no ', function()
         return again:resume { step = 0 }
      end)
      assert.same(before, weightsOf(net))
   end)

   it('is not blamed for what came from elsewhere', function()
      local generator, why = lacuna.Generator(1), nil
      local own = { stateDict = function() return {} end,
         loadStateDict = function() error(why, 0) end }
      local run, said = open { a = generator, own = own }
      run:save { step = 1 }
      run:save { step = 2 }
      generator:uniform()
      for _, text in ipairs { 'interrupted', 'x.lua:3: memory: no room for 8 bytes on the host' } do
         why = text
         local good, message = pcall(run.resume, run)
         assert.is_false(good)
         assert.equal(why, message)
         assert.same({ seed = 1, offset = 1 }, generator:state())
         assert.same({}, said)
      end
      why = 'x.lua:3: own: no such thing'
      refuses('does not fit own: own: no such thing; .*previous', function()
         return run:resume()
      end)
   end)

   it('is not kept by a run that starts anew', function()
      local bytes, run = small()
      run:save { epoch = 2 }
      write('latest.lacuna', bytes:sub(1, -2))
      open({ t = lacuna.zeros(2) }):save { epoch = 9 }
      assert.equal(9, assert(run:load 'latest').epoch)
      assert.equal(1, assert(run:load 'previous').epoch)
   end)

   it('from elsewhere is used, and said', function()
      local bytes, run, said = small()
      local other = lacuna.isa() == 'portable' and 'avx2' or 'portable'
      write('latest.lacuna', forge(bytes, function(text)
         text = text:gsub('"backend":"%w+"', '"backend":"cpu"')
         return (text:gsub('"isa":"%w+"', '"isa":"' .. other .. '"'))
      end))
      assert.equal(1, assert(run:resume()).epoch)
      local here = isCpu and 'cpu with ' .. lacuna.isa() or lacuna.device()
      assert.matches('written by Lacuna %S+ on cpu[%w ]*, here is Lacuna %S+ on ' .. here
         .. ': the state is the same to the bit', said[1])
      assert.equal(isCpu, said[1]:find('on cpu with ' .. other, 1, true) ~= nil)
   end)
end)
