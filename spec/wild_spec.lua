local files = require 'spec.support.files'
local find = require 'spec.support.wild_targets'
local lacuna = require 'lacuna'
local public = require 'spec.support.public'
local wild = require 'spec.support.wild'

describe('whatever is called with whatever', function()
   before_each(files.open)
   after_each(files.close)

   it('gives a result, or a sentence that blames the caller', function()
      local complaints, count = wild.run(9000, 20, files.at(), lacuna.device())
      assert.are.equal('', table.concat(complaints, '\n'))
      assert.equal(count.targets, count.covered)
      assert.is_true(count.results > 1500)
      print(('\n%d calls, %d results, %d errors; %s'):format(9000, count.results, count.errors,
         wild.shares(count)))
   end)

   it('begins with arguments that are right, of which one thing is changed', function()
      local refused, tried = wild.refused(files.at())
      assert.equal('', table.concat(refused, '\n'))
      assert.is_true(tried > 60)
   end)

   it('leaves out few functions that a script can reach, and says why', function()
      local targets, left = wild.targets(files.at())
      local reached = 0
      for _, entry in ipairs(left) do
         assert.matches('^%l[%w :\'`._,-]+$', entry.why)
         if not entry.inner then reached = reached + 1 end
      end
      assert.is_true(reached * 10 < #targets)
      for _, list in ipairs { find.exempt, find.inner } do
         for _, entry in ipairs(list) do
            assert.is_true(entry.used, entry[1] .. ' leaves out nothing')
         end
      end
   end)

   it('is every function that help documents under a name of `lacuna`', function()
      local targets, left = wild.targets(files.at())
      local known, missing = {}, {}
      for _, target in ipairs(targets) do known[target.raw] = true end
      for _, entry in ipairs(left) do known[entry.raw] = not entry.inner end
      for _, entry in ipairs(public.names()) do
         local path, value = unpack(entry)
         if type(value) == 'function' and not known[value] then missing[#missing + 1] = path end
      end
      assert.equal('', table.concat(missing, ' '))
   end)

   it('is every module that the guides and examples load, but C itself', function()
      local count = 0
      local pages = files.shell 'cat README.md docs/guide/*.md examples/*.lua'
      for module in pages:gmatch 'require *%(?[\'"]lacuna%.([%w_.]+)' do
         count = count + 1
         if module ~= 'native' then assert.is_nil(find.innerOf(module), module) end
      end
      for module in pages:gmatch 'lacuna%.(data%.%l[%w_]+)' do
         assert.is_nil(find.innerOf(module), module)
      end
      assert.is_true(count > 10)
   end)

   it('is the operators of a class on its objects', function()
      local met = {}
      for _, target in ipairs((wild.targets(files.at()))) do met[target.name] = target end
      for _, name in ipairs { 'Tensor.__add', 'Tensor.__unm', 'Tensor.__index',
         'Tensor.__newindex', 'Tensor.__tostring', 'nn.Module.__call', 'optim.Schedule.__call',
         'Hook.remove', 'RetrievalScorer.before', 'data.MeshDataset.get',
         'data.TripletSampler.epoch', 'help()', 'nn.__index' } do
         assert.is_truthy(met[name], name)
      end
      local x = lacuna.tensor { 1, 2 }
      met['Tensor.__newindex'].f(x, 1, 5)
      assert.equal(5, met['Tensor.__index'].f(x, 1))
      assert.equal(6, met['Tensor.__add'].f(1, x)[1])
      assert.equal(2, met['nn.Module.__call'].f(lacuna.nn.ReLU(), x)[2])
   end)
end)
