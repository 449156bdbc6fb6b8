--- Says how a shape of each class is drawn: one function of a random generator for each class,
-- which returns a solid of any size, proportions and placement of parts being random.
-- @module lacuna.data.shape_recipes
local solids = require 'lacuna.data.solids'

-- internal: a function for each class, which shapes calls with a generator; gives a solid.
local recipes = {}

local pi, sin, cos = math.pi, math.sin, math.cos

-- A rod of constant radius from one point to another, cut into a few pieces.
local function rod(a, b, radius, segments)
   local points = {}
   for i = 0, 5 do
      local w = i / 5
      points[i + 1] = { a[1] + w * (b[1] - a[1]), a[2] + w * (b[2] - a[2]),
         a[3] + w * (b[3] - a[3]) }
   end
   return solids.tube(points, function() return radius end, segments or 8)
end

-- Four legs below z = 0, at the corners of a plate of that width and depth.
local function addLegs(parts, random, width, depth, height)
   local thick = random:uniform(0.1, 0.17) * width
   local inset = random:uniform(0, 0.12)
   local splay = random:uniform(-0.1, 0.2)
   local x, y = (0.5 - inset) * width - thick / 2, (0.5 - inset) * depth - thick / 2
   local round = random:uniform() < 0.5
   for _, corner in ipairs { { -x, -y }, { x, -y }, { x, y }, { -x, y } } do
      local leg = round and solids.prism(solids.circle(9), height, 5)
         or solids.box(2, 2, height, 2, 5)
      parts[#parts + 1] = solids.map(leg, function(px, py, pz)
         local out = 1 + splay * (height - pz) / height
         return px * thick / 2 + out * corner[1], py * thick / 2 + out * corner[2], pz - height
      end)
   end
end

-- A flat wing along z from 0 to `span`, swept back along x and tapered.
local function wing(span, chord, thickness, taper, sweep)
   local function section(w)
      local scale = 1 + w * (taper - 1)
      return { w * span, scale * chord / 2, sweep * w, 0, scale * thickness / 2 }
   end
   local sections = { { 0, 0 } }
   for k = 0, 5 do sections[#sections + 1] = section(k / 5) end
   sections[#sections + 1] = { span, 0, sweep }
   return solids.loft(solids.circle(12), sections)
end

function recipes.airplane(random)
   local width = random:uniform(0.24, 0.38)
   local body = solids.turn(solids.ellipsoid(width, width * random:uniform(0.8, 1.2), 1, 20),
      'y', pi / 2)
   local span, chord = random:uniform(0.6, 0.85), random:uniform(0.7, 1)
   local thick, taper = random:uniform(0.16, 0.24), random:uniform(0.5, 1)
   local sweep, place = -random:uniform(0, 0.4), random:uniform(0, 0.3)
   local tail = random:uniform(0.35, 0.5)
   local parts = { body }
   for side = -1, 1, 2 do
      local turned = -side * pi / 2
      parts[#parts + 1] = solids.shift(
         solids.turn(wing(span, chord, thick, taper, sweep), 'x', turned), place, 0, 0)
      parts[#parts + 1] = solids.shift(
         solids.turn(wing(tail, 0.55 * chord, thick, taper, sweep / 2), 'x', turned), -0.8, 0, 0)
   end
   parts[#parts + 1] = solids.shift(
      wing(random:uniform(0.3, 0.5), 0.6 * chord, thick, taper, sweep / 2), -0.8, 0, 0)
   return solids.join(parts)
end

function recipes.blob(random)
   local body = solids.ellipsoid(1, 1, 1, 28)
   local bumps = {}
   for k = 1, random:integer(1, 2) do
      local x, y, z = random:direction()
      bumps[k] = { x, y, z, random:uniform(0.4, 0.9), random:uniform(0.08, 0.2) }
   end
   local ax, ay, az = random:uniform(0.6, 1), random:uniform(0.6, 1), random:uniform(0.8, 1.2)
   return solids.map(body, function(x, y, z)
      local r = 1
      for _, b in ipairs(bumps) do
         r = r + b[4] * math.exp((x * b[1] + y * b[2] + z * b[3] - 1) / b[5])
      end
      return ax * r * x, ay * r * y, az * r * z
   end)
end

function recipes.bowl(random)
   local opening, thick = random:uniform(0.4, 0.62) * pi, random:uniform(0.12, 0.25)
   local depth, steps = random:uniform(0.7, 1.2), 9
   local sections = {}
   local function surface(radius, k)
      local angle = opening * k / steps
      sections[#sections + 1] = { -radius * depth * cos(angle), k > 0 and radius * sin(angle) or 0 }
   end
   for k = 0, steps do surface(1, k) end
   for k = steps, 0, -1 do surface(1 - thick, k) end
   return solids.loft(solids.circle(28), sections)
end

function recipes.chair(random)
   local width, depth = 1, random:uniform(0.8, 1.15)
   local thick, legs = random:uniform(0.1, 0.2), random:uniform(0.6, 1.1)
   local parts = { solids.box(width, depth, thick, 3, 2) }
   addLegs(parts, random, width, depth, legs)
   local high, lean = random:uniform(0.7, 1.2), random:uniform(0, 0.3)
   local back = solids.box(width * random:uniform(0.8, 1), thick, high, 3, 4)
   parts[#parts + 1] = solids.map(back, function(x, y, z)
      return x, y + depth / 2 - thick / 2 + lean * z, z + thick / 2
   end)
   if random:uniform() < 0.4 then
      for side = -1, 1, 2 do
         local arm = solids.box(0.12, 0.85 * depth, 0.12)
         parts[#parts + 1] = solids.shift(arm, side * (width / 2 - 0.06), 0, 0.3 + thick)
         local post = solids.box(0.1, 0.1, 0.3 + thick)
         parts[#parts + 1] = solids.shift(post, side * (width / 2 - 0.06), -0.35 * depth, 0.05)
      end
   end
   return solids.join(parts)
end

function recipes.cross(random)
   local parts = {}
   for _, axis in ipairs { 'x', 'y', 'z' } do
      local long, thick = random:uniform(0.85, 1.15), random:uniform(0.35, 0.65)
      local bar = solids.box(thick, thick * random:uniform(0.75, 1.3), 2 * long, 3, 8)
      local off = random:uniform(-0.25, 0.25)
      solids.shift(bar, 0, 0, off - long)
      if axis == 'x' then solids.turn(bar, 'y', pi / 2) end
      if axis == 'y' then solids.turn(bar, 'x', pi / 2) end
      parts[#parts + 1] = bar
   end
   return solids.join(parts)
end

function recipes.dumbbell(random)
   local reach, parts = random:uniform(0.5, 0.75), {}
   for side = -1, 1, 2 do
      local r = random:uniform(0.32, 0.5)
      local head = random:uniform() < 0.5 and solids.ellipsoid(r, r, r * random:uniform(0.6, 1), 20)
         or solids.shift(solids.prism(solids.circle(20), 0.9 * r, 4), 0, 0, -0.45 * r)
      parts[#parts + 1] = solids.shift(head, 0, 0, side * reach)
   end
   parts[#parts + 1] = rod({ 0, 0, -reach }, { 0, 0, reach }, random:uniform(0.1, 0.2), 14)
   return solids.join(parts)
end

function recipes.gear(random)
   local teeth, depth = random:integer(8, 13), random:uniform(0.68, 0.8)
   local lean = random:uniform(0.1, 0.3)
   local outline = {}
   for k = 0, teeth - 1 do
      local tooth = { { 0, depth }, { lean / 2, 1 }, { 0.5 - lean / 2, 1 }, { 0.5, depth } }
      for _, corner in ipairs(tooth) do
         local angle = 2 * pi * (k + corner[1]) / teeth
         outline[#outline + 1] = { corner[2] * cos(angle), corner[2] * sin(angle) }
      end
   end
   local thick, long = random:uniform(0.3, 0.6), random:uniform(0.5, 1.1)
   local parts = { solids.shift(solids.prism(outline, thick, 5), 0, 0, -thick / 2) }
   local off = random:uniform(0.2, 0.8)
   local axle = solids.tube({ { 0, 0, -off * (long + thick) }, { 0, 0, 0 },
      { 0, 0, (1 - off) * (long + thick) } }, function() return 0.24 end, 14)
   parts[2] = axle
   return solids.join(parts)
end

function recipes.knot(random)
   local points, n = {}, 72
   local open, high = random:uniform(1.7, 2.3), random:uniform(0.9, 1.5)
   for i = 1, n do
      local t = 2 * pi * i / n
      points[i] = { sin(t) + open * sin(2 * t), cos(t) - open * cos(2 * t), -high * sin(3 * t) }
   end
   local thick, wave = random:uniform(0.42, 0.62), random:uniform(0, 0.2)
   local phase = random:uniform(0, 2 * pi)
   return solids.tube(points, function(w)
      return thick * (1 + wave * sin(2 * pi * w + phase))
   end, 12, true)
end

function recipes.ladder(random)
   local rungs, length = random:integer(3, 6), 1
   local bottom, top = random:uniform(0.35, 0.55), random:uniform(0.3, 0.5)
   local rail, rung = random:uniform(0.1, 0.15), random:uniform(0.04, 0.06)
   local parts = {}
   for side = -1, 1, 2 do
      local post = solids.box(rail, rail * random:uniform(0.7, 1.2), length, 2, 9)
      parts[#parts + 1] = solids.map(post, function(x, y, z)
         return x + side * (bottom + (top - bottom) * z) / 2, y, z
      end)
   end
   local first = random:uniform(0.4, 0.7) / rungs
   for k = 0, rungs - 1 do
      local z = first + k * (1 - 2 * first) / (rungs - 1)
      local half = (bottom + (top - bottom) * z) / 2
      parts[#parts + 1] = rod({ -half, 0, z }, { half, 0, z }, rung)
   end
   return solids.join(parts)
end

function recipes.mug(random)
   local high, flare = random:uniform(1, 2), random:uniform(0.85, 1.15)
   local wall, floor = random:uniform(0.14, 0.25), random:uniform(0.12, 0.3)
   local sections = { { 0, 0 }, { 0, 0.5 } }
   local function side(w, inner) return { w * high, 1 + (flare - 1) * w - inner } end
   for k = 0, 6 do sections[#sections + 1] = side(k / 6, 0) end
   for k = 6, 0, -1 do
      local section = side(math.max(k / 6, floor / high), wall)
      if k > 0 or section[1] > sections[#sections][1] then sections[#sections + 1] = section end
   end
   sections[#sections + 1] = { floor, 0.4 }
   sections[#sections + 1] = { floor, 0 }
   local cup = solids.loft(solids.circle(24), sections)
   local points, reach = {}, random:uniform(0.6, 0.95)
   local middle, tall = random:uniform(0.45, 0.6) * high, random:uniform(0.25, 0.38) * high
   for i = 0, 14 do
      local t = -pi / 2 + pi * i / 14
      points[i + 1] = { 0.92 + reach * cos(t), 0, middle + tall * sin(t) }
   end
   local thick = random:uniform(0.11, 0.18)
   return solids.join { cup, solids.tube(points, function() return thick end, 9) }
end

function recipes.octopus(random)
   local limbs, head = random:integer(5, 8), random:uniform(0.55, 0.8)
   local parts = { solids.ellipsoid(head, head, head * random:uniform(0.8, 1.5), 22) }
   local long, thick = random:uniform(0.55, 0.8), random:uniform(0.18, 0.24)
   local turn = random:uniform(0, 2 * pi)
   for k = 1, limbs do
      local angle = turn + 2 * pi * (k + random:uniform(-0.2, 0.2)) / limbs
      local droop, curl = random:uniform(-0.1, 0.8), random:uniform(-0.6, 0.6)
      local points = {}
      for i = 0, 9 do
         local w = i / 9
         local r, a = 0.5 * head + (long + 0.1) * w, angle + curl * w * w
         points[i + 1] = { r * cos(a), r * sin(a), -0.3 * head - droop * w * w }
      end
      parts[#parts + 1] = solids.tube(points, function(w) return thick * (1 - 0.6 * w) end, 9)
   end
   return solids.join(parts)
end

function recipes.pyramid(random)
   local corners, sides = {}, random:integer(4, 6)
   for j = 1, sides do
      local angle = 2 * pi * (j + random:uniform(-0.12, 0.12)) / sides
      corners[j] = { cos(angle), sin(angle) }
   end
   local high, blunt = random:uniform(0.9, 1.45), random:uniform(0.05, 0.4)
   local dx, dy = random:uniform(-0.3, 0.3), random:uniform(-0.3, 0.3)
   local sections = { { 0, 0 }, { 0, 0.35 }, { 0, 0.7 } }
   for k = 0, 9 do
      local w = k / 9
      sections[#sections + 1] = { high * w, 1 - (1 - blunt) * w, dx * w, dy * w }
   end
   sections[#sections + 1] = { high, 0, dx, dy }
   return solids.loft(solids.split(corners, 9), sections)
end

function recipes.spring(random)
   local turns, thick = random:uniform(2.2, 4), random:uniform(0.24, 0.36)
   local pitch, flare = thick * random:uniform(2.5, 3.6), random:uniform(-0.3, 0.3)
   local points, n = {}, math.floor(18 * turns)
   for i = 0, n do
      local w = i / n
      local t, r = 2 * pi * turns * w, 1 + flare * (w - 0.5)
      points[i + 1] = { r * cos(t), r * sin(t), pitch * turns * w }
   end
   return solids.tube(points, function() return thick end, 10)
end

function recipes.star(random)
   local corners, points = {}, random:integer(4, 7)
   local inner = random:uniform(0.42, 0.58)
   for j = 0, 2 * points - 1 do
      local r = j % 2 == 0 and random:uniform(0.9, 1.1) or inner
      local angle = pi * j / points
      corners[j + 1] = { r * cos(angle), r * sin(angle) }
   end
   local thick, bulge = random:uniform(0.35, 0.7), random:uniform(0, 0.35)
   local sections = {}
   for ring = 0, 2 do sections[ring + 1] = { -thick / 2 - bulge * (1 - ring / 3), ring / 3 } end
   for k = -2, 2 do sections[#sections + 1] = { k * thick / 4, 1 } end
   for ring = 2, 0, -1 do
      sections[#sections + 1] = { thick / 2 + bulge * (1 - ring / 3), ring / 3 }
   end
   return solids.loft(solids.split(corners, 6), sections)
end

function recipes.table(random)
   local width, depth = 1, random:uniform(0.6, 1.1)
   local thick, high = random:uniform(0.08, 0.2), random:uniform(0.45, 1)
   local top
   if random:uniform() < 0.35 then
      local disc = solids.circle(24)
      top = solids.map(solids.prism(disc, thick), function(x, y, z)
         return 0.6 * x * width, 0.6 * y * depth, z
      end)
   else
      top = solids.box(width, depth, thick, 5, 2)
   end
   local parts = { top }
   addLegs(parts, random, width, depth, high)
   return solids.join(parts)
end

function recipes.torus(random)
   local thick, oval, points = random:uniform(0.26, 0.5), random:uniform(0.75, 1), {}
   for i = 1, 36 do
      local t = 2 * pi * i / 36
      points[i] = { cos(t), oval * sin(t), 0 }
   end
   local wave, phase = random:uniform(0, 0.25), random:uniform(0, 2 * pi)
   return solids.tube(points, function(w)
      return thick * (1 + wave * sin(2 * pi * w + phase))
   end, 14, true)
end

return recipes
