-- What a scorer is made of, and what its pictures take.
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local report = require 'lacuna.retrieval_report'
local wild = require 'spec.support.wild'

local data, nn = lacuna.data, lacuna.nn
local meshes = require 'lacuna.data.meshes'

-- A scorer of `count` training shapes and as many queries; nothing is printed.
local function make(count, changes)
   local set = { classes = { 'cup' }, train = {}, test = {} }
   for i = 1, count do
      for _, list in ipairs { set.train, set.test } do
         list[i] = { class = 'cup', label = 1,
            mesh = lacuna.mesh.new({ { 0, 0, 0 }, { i, 0, 0 }, { 0, 1, 1 } }, { { 0, 1, 2 } }) }
      end
   end
   local parts = {
      options = { name = 'small', seed = 0, views = 1, workers = 0 }, set = set,
      net = nn.Linear(1, 2),
      loader = function(split, options)
         local shown = meshes.dataset(set[split], { renderSize = 4, size = 8 })
         return data.Loader(shown, options.loader)
      end,
      embed = function(batch) return lacuna.ones(#batch.ids, 2) end,
   }
   for name, value in pairs(changes or {}) do parts[name] = value end
   return report.new(parts)
end

describe('a scorer', function()
   before_each(files.open)
   after_each(files.close)

   local function quietly(f) return wild.quietly(files.at(), f) end

   it('says which of its parts is wrong', function()
      for _, case in ipairs {
         { 'report: views is the number 0', options = { name = 'x', seed = 0, views = 0 } },
         { 'report: seed is nil', options = { name = 'x', views = 1 } },
         { 'report: set is the number 1, expected a table with classes, train and test', set = 1 },
         { 'report: loader: the number 1, expected a function', loader = 1 },
         { 'report: embed: the number 1, expected a function', embed = 1 },
         { 'report: net is a table, expected a module', net = {} },
      } do
         local sentence = table.remove(case, 1)
         assert.fails('^%S+ ' .. sentence, quietly, function() make(1, case) end)
      end
      assert.fails('report: embed: its result is the number 1', quietly, function()
         make(1, { embed = function() return 1 end }):before()
      end)
   end)

   it('shows neighbours where there are fewer than a row has room for', function()
      quietly(function()
         make(2):showNeighbours { distances = { { 1, 2 }, { 2, 1 } } }
      end)
      assert.is_truthy(files.read(files.at 'runs/small/queries.png'))
   end)

   it('says what is wrong with what it is to show', function()
      quietly(function()
         local scorer = make(2)
         assert.fails('^%S+ showNeighbours: distances of the result is nil, expected 2 rows$',
            scorer.showNeighbours, scorer, nil)
         assert.fails('showNeighbours: row 2 of the distances is a list of 1, expected 2 numbers',
            scorer.showNeighbours, scorer, { distances = { { 1, 2 }, { 1 } } })
         assert.fails('showEmbedding: number 2 of row 1 of the targets is false',
            scorer.showEmbedding, scorer, { targets = { { 1, false }, { 1, 2 } }, queries = {} })
         assert.fails('after: curve is nil, expected the mean loss', scorer.after, scorer)
         assert.fails('after: loss 1 is false', scorer.after, scorer, { false })
         assert.fails('after: there is no score, expected before%(%) first', scorer.after, scorer,
            { 1 })
      end)
   end)

   it('is told a net, a path and a size for its table of layers', function()
      local net = nn.DeepC2(3, 0, 2)
      assert.fails('^%S+ describe: render is nil, expected a number of at least 1$',
         report.describe, net, 'x.off', {})
      assert.fails('describe: seed is the number %-1', report.describe, net, 'x', { render = 2,
         seed = -1 })
   end)
end)
