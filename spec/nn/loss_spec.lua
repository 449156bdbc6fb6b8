local lacuna = require 'lacuna'
local nn = lacuna.nn

local function t(values) return lacuna.tensor(values, { requiresGrad = true }) end

describe('losses', function()
   it('MSELoss averages or adds squared differences', function()
      local a = t { { 1, 2 }, { 3, 4 } }
      local loss = nn.MSELoss()(a, lacuna.tensor { { 1, 0 }, { 0, 4 } })
      assert.near_all({ 13 / 4 }, loss, 1e-6)
      loss:backward()
      assert.near_all({ { 0, 1 }, { 1.5, 0 } }, a.grad, 1e-6)
      assert.near_all({ 13 },
         nn.MSELoss { reduction = 'sum' }(a, lacuna.tensor { { 1, 0 }, { 0, 4 } }))
   end)

   it('CrossEntropyLoss is minus the logarithm of the right class\'s probability', function()
      local scores = t { { 0, 0 }, { math.log(3), 0 } }
      local loss = nn.CrossEntropyLoss()(scores, { 1, 2 })
      assert.near_all({ (math.log(2) + math.log(4)) / 2 }, loss, 1e-6)
      loss:backward()
      assert.near_all({ { -0.25, 0.25 }, { 0.375, -0.375 } }, scores.grad, 1e-6)
      assert.fails('index holds 1 to 3, expected 1 to 2', nn.CrossEntropyLoss(), scores, { 1, 3 })
   end)

   it('TripletLoss in each metric', function()
      local a, p, n = t { { 1, 0 } }, t { { 0, 1 } }, t { { -1, 0 } }
      -- cosine distances 1 and 2; squared 2 and 4
      assert.near_all({ 0 }, nn.TripletLoss { margin = 0.5, metric = 'cosine' }(a, p, n), 1e-6)
      assert.near_all({ 0.5 }, nn.TripletLoss { margin = 1.5, metric = 'cosine' }(a, p, n), 1e-6)
      assert.near_all({ 1 }, nn.TripletLoss { margin = 3, metric = 'squared' }(a, p, n), 1e-6)
      local loss = nn.TripletLoss { margin = 1 }(a, p, n)
      assert.near_all({ 1 + math.sqrt(2) - 2 }, loss, 1e-6)
      loss:backward()
      local r = 1 / math.sqrt(2)
      assert.near_all({ { r - 1, -r } }, a.grad, 1e-6)
      assert.near_all({ { -r, r } }, p.grad, 1e-6)
      assert.near_all({ { 1, 0 } }, n.grad, 1e-6)
   end)

   it('TripletLoss does not look at length when it normalises', function()
      local loss = nn.TripletLoss { margin = 3, metric = 'squared', normalize = true }
      assert.near_all({ 1 }, loss(t { { 5, 0 } }, t { { 0, 2 } }, t { { -7, 0 } }), 1e-6)
   end)

   it('have finite gradients where vectors coincide or vanish', function()
      for _, metric in ipairs { 'cosine', 'euclidean', 'squared' } do
         local a, p, n = t { { 0, 0 } }, t { { 0, 0 } }, t { { 0, 0 } }
         nn.TripletLoss { metric = metric }(a, p, n):backward()
         for _, x in ipairs { a, p, n } do assert.near_all({ 0, 0 }, x.grad, 2) end
      end
   end)

   it('ContrastiveLoss pulls alike pairs and pushes others to the margin', function()
      local a, b = t { { 0 }, { 0 }, { 0 } }, t { { 2 }, { 0.5 }, { 3 } }
      local loss = nn.ContrastiveLoss { margin = 1, reduction = 'sum' }(a, b,
         lacuna.tensor { 1, 0, 0 })
      assert.near_all({ 2 + 0.125 }, loss, 1e-6)
      loss:backward()
      assert.near_all({ { 2 }, { -0.5 }, { 0 } }, b.grad, 1e-6)
      assert.near_all({ 2.125 }, nn.ContrastiveLoss { reduction = 'sum' }(a, b, { 1, 0, 0 }), 1e-6)
   end)

   it('refuse shapes that differ and options they do not know', function()
      assert.fails('MSELoss: target is 2, expected 3', nn.MSELoss(), lacuna.zeros(3),
         lacuna.zeros(2))
      assert.fails('TripletLoss: negative is 1x3, expected 1x2', nn.TripletLoss(),
         lacuna.zeros(1, 2), lacuna.zeros(1, 2), lacuna.zeros(1, 3))
      assert.fails('metric is the string "manhattan"', nn.TripletLoss, { metric = 'manhattan' })
      assert.fails('reduction is the string "none"', nn.MSELoss, { reduction = 'none' })
      assert.fails('option margn is unknown', nn.TripletLoss, { margn = 1 })
   end)

   it('give 0 for an empty batch', function()
      assert.near_all({ 0 }, nn.MSELoss()(lacuna.zeros(0, 2), lacuna.zeros(0, 2)), 0)
   end)
end)
