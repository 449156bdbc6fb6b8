-- The retrieval example on a few boxes and needles: killed, it goes on to what it would have given.
local files = require 'spec.support.files'
local lacuna = require 'lacuna'
local lfs = require 'lfs'
local native = require 'lacuna.native'
local at, read, shell, write = files.at, files.read, files.shell, files.write

before_each(files.open)
after_each(files.close)

-- A box of three sizes, as an OFF file.
local function box(name, a, b, c)
   local lines = { 'OFF', '8 6 0' }
   for i = 0, 7 do
      lines[#lines + 1] = ('%d %d %d'):format(i % 2 * a, math.floor(i / 2) % 2 * b,
         math.floor(i / 4) * c)
   end
   for _, face in ipairs { '0 1 3 2', '4 5 7 6', '0 1 5 4', '2 3 7 6', '0 2 6 4', '1 3 7 5' } do
      lines[#lines + 1] = '4 ' .. face
   end
   write(name, table.concat(lines, '\n') .. '\n')
end

-- Paths that hold from another folder too.
local function absolute(paths)
   local here = ';' .. lfs.currentdir() .. '/'
   return ((';' .. paths):gsub(';%./', function() return here end):sub(2))
end

describe('the retrieval example', function()
   it('gives with --resume what it gives without an interruption', function()
      local list = {}
      for i = 1, 4 do
         box(('box%d.off'):format(i), 8, 7 + i, 8)
         box(('needle%d.off'):format(i), 9 + i, 2, 2)
         local split = i < 4 and 'train' or 'test'
         list[#list + 1] = ('box%d.off box %s\nneedle%d.off needle %s\n'):format(i, split, i, split)
      end
      write('list', table.concat(list))
      local script = write('script.lua', ([[
         package.path, package.cpath, LACUNA_LIB = %q, %q, %q
         arg = { ... }
         dofile '%s/examples/shape_retrieval.lua']]):format(absolute(package.path),
         absolute(package.cpath), absolute(native.library), lfs.currentdir()))
      local COMMAND = ([[$LUA %s --data list --mix 0 --levels 2 --planes 2 --render 9 --classes 2 \
         --each 2 --views 1 --workers 0 --epochs 20 --resume --name]]):format(script)
      local function run(text)
         return shell(('LUA=$(readlink /proc/$PPID/exe); cd %s\n'):format(at())
            .. text:gsub('RUN', function() return COMMAND end))
      end
      local printed = run '(RUN whole 2>told)'
      assert.matches('mAP after training', printed .. read(at 'told'))
      -- the other one dies as soon as it saved twice
      run [[
         (export LUA; sh -c 'echo $$ >number; exec RUN cut' >died 2>&1; echo >ended) &
         while [ ! -e runs/cut/previous.lacuna ] && [ ! -e ended ]; do sleep 0.002; done
         kill -9 $(cat number)
         while [ ! -e ended ]; do sleep 0.002; done]]
      assert.is_truthy(read(at 'runs/cut/latest.lacuna'), read(at 'died'))
      local again = run '(RUN cut 2>told)'
      assert.is_nil(read(at 'told'):match '/40 ', 'it began anew')
      local function scores(name)
         local m = assert(lacuna.io.readJson(at('runs/' .. name .. '/metrics.json')))
         m.seconds, m.options.name = nil, nil
         return m
      end
      assert.same(scores 'whole', scores 'cut')
      local function lines(text) return (text:gsub('[%d.]+ seconds.*', '')) end
      assert.equal(lines(printed), lines(again), read(at 'told'))
   end)
end)
