local tree = require 'spec.support.tree'

-- Who may look at whom (docs/architecture.md): a module of Lua looks at modules of lower layers and
-- at those of its own group.  The longest name that begins a module's decides.
local layers = {
   ['lacuna.fail'] = 0, ['lacuna.notes'] = 0, ['lacuna.jit_guard'] = 0,
   ['lacuna.interrupt'] = 0.5,
   ['lacuna.class'] = 1, ['lacuna.native'] = 1, ['lacuna.scope'] = 1, ['lacuna.show'] = 1,
   ['lacuna.json'] = 1, ['lacuna.options'] = 1,
   ['lacuna.clock'] = 2, ['lacuna.elements'] = 2, ['lacuna.hooks'] = 2,
   ['lacuna.Tensor'] = 3, ['lacuna.progress'] = 3,
   ['lacuna.autograd'] = 4, ['lacuna.ops.trust'] = 4,
   ['lacuna.Sites'] = 5, ['lacuna.io'] = 5,
   ['lacuna.ops'] = 6, ['lacuna.image'] = 6,
   ['lacuna.SparseTensor'] = 7, ['lacuna.mesh'] = 7, ['lacuna.plot'] = 7,
   ['lacuna.nn'] = 8, ['lacuna.optim'] = 8, ['lacuna.retrieval'] = 8, ['lacuna.tsne'] = 8,
   ['lacuna.view'] = 8,
   ['lacuna.data'] = 9, ['lacuna.checkpoint'] = 9,
   ['lacuna.retrieval_report'] = 10, ['lacuna.train'] = 10,
   ['lacuna'] = 11,
   ['lacuna.help'] = 12,
   ['lacuna.repl'] = 13,
}
-- The thin modules over C.
local seesNative = { 'lacuna.Tensor', 'lacuna.Sites', 'lacuna.autograd', 'lacuna.ops', 'lacuna.io',
   'lacuna.mesh', 'lacuna.image', 'lacuna.clock', 'lacuna.progress', 'lacuna.elements',
   'lacuna.data.Workers', 'lacuna' }
local seesFfi = { ['lacuna.native'] = true, ['lacuna.Tensor'] = true }
-- Modules of others; lacuna.worker is C, in the host.
local foreign = { bit = true, lfs = true, cjson = true, ['lacuna.worker'] = true }

-- The longest key of a table that is the module, or a folder above it.
local function group(module, groups)
   while module do
      if groups[module] then return module end
      module = module:match '^(.*)%.[^.]*$'
   end
end

local function set(list)
   local s = {}
   for _, name in ipairs(list) do s[name] = true end
   return s
end
local nativeUsers = set(seesNative)

local function complaintsOf(module, text)
   local out = {}
   local mine = group(module, layers)
   if mine == 'lacuna' and module ~= 'lacuna' then
      return { module .. ' has no layer, give it one in spec/layers_spec.lua' }
   end
   text = text:gsub('%-%-[^\n]*', '')
   for name in text:gmatch 'require *%(?[\'"]([^\'"]+)[\'"]' do
      name = name:gsub('%.$', '') -- of a name that is put together
      local theirs = name:match '^lacuna' and group(name, layers)
      if name == 'ffi' then
         if not seesFfi[module] then out[#out + 1] = module .. ' looks at ffi' end
      elseif name == 'lacuna.native' and not nativeUsers[group(module, nativeUsers)] then
         out[#out + 1] = module .. ' looks at lacuna.native'
      elseif name == 'lacuna.native' and group(module, nativeUsers) == 'lacuna'
         and module ~= 'lacuna' then
         out[#out + 1] = module .. ' looks at lacuna.native'
      elseif not foreign[name] and not theirs then
         out[#out + 1] = module .. ' looks at the unknown ' .. name
      elseif theirs and not foreign[name] and theirs ~= mine
         and layers[theirs] >= layers[mine] then
         out[#out + 1] = module .. ' looks up at ' .. name
      end
   end
   return out
end

local function extend(list, more)
   for _, value in ipairs(more) do list[#list + 1] = value end
end

local function moduleOf(path)
   return (path:gsub('^lua/', ''):gsub('%.lua$', ''):gsub('/init$', ''):gsub('/', '.'))
end

-- A quoted include, from the root of the tree.
local function resolve(path, name)
   local parts = {}
   for part in (path:match '^(.*)/' .. '/' .. name):gmatch '[^/]+' do
      if part == '..' then parts[#parts] = nil else parts[#parts + 1] = part end
   end
   return table.concat(parts, '/')
end

local function includesOf(path, text)
   local out = {}
   for name in text:gmatch '#%s*include%s+"([^"\\]+)"' do
      local target = resolve(path, name)
      local from, to = path:match '^%a+', target:match '^%a+'
      if to ~= from and not (from == 'cuda' and to == 'core' and not target:match '%.c$') then
         out[#out + 1] = path .. ' looks at ' .. target
      end
   end
   for name in text:gmatch '#%s*include%s+<([^>]+)>' do
      if not path:match '^lua/' and name:match '^lua' or name:match '^lauxlib'
         and not path:match '^lua/' then
         out[#out + 1] = path .. ' looks at Lua, ' .. name
      end
      if not path:match '^cuda/' and (name:match '^cu' or name:match '^nccl') then
         out[#out + 1] = path .. ' looks at CUDA, ' .. name
      end
   end
   return out
end

describe('the layers of Lua', function()
   local paths = tree.files({ 'lua/lacuna' }, { 'lua' })

   it('look down only', function()
      local out = {}
      for _, path in ipairs(paths) do extend(out, complaintsOf(moduleOf(path), tree.read(path))) end
      assert.same({}, out)
      assert.is_true(#paths > 60)
   end)

   it('name who looks up', function()
      assert.same({ 'lacuna.nn.New looks at ffi', 'lacuna.nn.New looks up at lacuna.optim',
         'lacuna.nn.New looks at lacuna.native', 'lacuna.nn.New looks up at lacuna.data',
         'lacuna.nn.New looks up at lacuna', 'lacuna.nn.New looks at the unknown torch' },
         complaintsOf('lacuna.nn.New', [[
            -- require 'lacuna.train' is a comment
            local ffi, optim = require 'ffi', require('lacuna.optim')
            local native = require "lacuna.native"
            local ops, nn = require 'lacuna.ops', require 'lacuna.nn.Module'
            return require('lacuna.data.' .. 'Loader'), require 'lacuna', require 'torch'
         ]]))
      assert.same({ 'lacuna.novel has no layer, give it one in spec/layers_spec.lua' },
         complaintsOf('lacuna.novel', ''))
   end)

   it('have a head for the documentation', function()
      local out = {}
      for _, path in ipairs(paths) do
         local text, name = tree.read(path), moduleOf(path)
         local head = text:match '^%-%-%- [^\n]+\n'
            and (text:match '\n%-%- @module ([%w._]+)' or text:match '\n%-%- @classmod ([%w._]+)')
         if head ~= name then
            out[#out + 1] = path .. ' begins with ' .. (head and '@module ' .. head or 'no head')
         end
      end
      assert.same({}, out)
   end)
end)

describe('the layers of C', function()
   it('look down only: core at itself, cuda at core\'s headers, the host at Lua', function()
      local out = {}
      local paths = tree.files({ 'core', 'cuda', 'lua' }, { 'c', 'h', 'cu', 'cuh', 'cpp', 'def' })
      for _, path in ipairs(paths) do extend(out, includesOf(path, tree.read(path))) end
      assert.same({}, out)
      assert.is_true(#paths > 50)
   end)

   it('name who looks up', function()
      assert.same({ 'core/ops/new.c looks at cuda/cuda.cuh', 'core/ops/new.c looks at Lua, lua.h',
         'core/ops/new.c looks at CUDA, cuda_runtime.h' }, includesOf('core/ops/new.c', [[
            #include "../tensor.h"
            #include "../../cuda/cuda.cuh"
            #include <math.h>
            #include <lua.h>
            # include <cuda_runtime.h>
         ]]))
      assert.same({ 'cuda/ops/new.cu looks at core/tensor.c' },
         includesOf('cuda/ops/new.cu', '#include "../../core/tensor.c"\n#include "../cuda.cuh"\n'))
   end)
end)

describe('the tree', function()
   it('has no file over 500 lines', function()
      local out = {}
      for _, path in ipairs(tree.files({ 'core', 'cuda', 'lua', 'spec', 'examples', 'scripts' },
         { 'c', 'h', 'cu', 'cuh', 'cpp', 'def', 'lua', 'sh' })) do
         local _, lines = tree.read(path):gsub('\n', '')
         if lines > 500 then out[#out + 1] = ('%s has %d lines'):format(path, lines) end
      end
      assert.same({}, out)
   end)

   it('has examples that know what is public', function()
      local out = {}
      for _, path in ipairs(tree.files({ 'examples' }, { 'lua' })) do
         for name in tree.read(path):gmatch 'require *%(?[\'"]([^\'"]+)[\'"]' do
            if name == 'ffi' or name == 'lacuna.native' or name == 'lacuna.scope' then
               out[#out + 1] = path .. ' looks at ' .. name
            end
         end
      end
      assert.same({}, out)
   end)

   it('has an oracle that shares no code with the library', function()
      local out = {}
      for _, path in ipairs(tree.files({ 'spec' }, { 'lua' })) do
         if path:match '^spec/oracle' and not path:match '_spec%.lua$'
            and tree.read(path):match 'require *%(?[\'"]lacuna' then
            out[#out + 1] = path
         end
      end
      assert.same({}, out)
   end)
end)
