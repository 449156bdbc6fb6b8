-- What keeps a run from being lost in rare cases: each spec fails when its line is taken out.
local lacuna = require 'lacuna'
local child = require 'spec.support.child'
local files = require 'spec.support.files'
local at, read, shell, write = files.at, files.read, files.shell, files.write

before_each(files.open)
after_each(files.close)

local function quiet() end

describe('a checkpoint', function()
   it('that cannot be opened, but is there, is no run that begins', function()
      local run = lacuna.checkpoint(at 'run')
      shell(('mkdir %s && cd %s && ln -s latest.lacuna latest.lacuna'):format(at 'run', at 'run'))
      files.refuses(assert, '^resume: cannot open .*latest%.lacuna', function()
         return run:resume { epoch = 1 }
      end)
   end)

   it('leaves a network alone where another part does not take its state', function()
      local net = lacuna.nn.Linear(1, 1)
      local object = { stateDict = function() return {} end, loadStateDict = quiet }
      local run = lacuna.checkpoint(at 'run', { a = net, z = object }, { say = quiet })
      assert(run:save())
      lacuna.noGrad(function() net.weight:fill(7) end)
      function object.loadStateDict() error 'not this one' end
      files.refuses(assert, 'does not fit z: not this one', function() return run:resume() end)
      assert.equal(7, net.weight:item())
   end)

   it('tells which options of an optimiser are not those of the script any more', function()
      local function made(options)
         local told, net = {}, lacuna.nn.Linear(1, 1)
         local optimiser = lacuna.optim.SGD(net:parameters(), options)
         return lacuna.checkpoint(at 'run', { net = net, optimiser = optimiser },
            { say = function(line) told[#told + 1] = line end }), told, optimiser
      end
      assert(made({ lr = 0.1, momentum = 0.9 }):save())
      local run, told, optimiser = made { lr = 0.5, weightDecay = 0.25 }
      assert(run:resume())
      assert.same({ 'resume: going on with momentum = 0.9 of optimiser as saved, not 0',
         'resume: going on with weightDecay = 0 of optimiser as saved, not 0.25' }, told)
      assert.same({ 0.1, 0.9, 0 }, { optimiser.options.lr, optimiser.options.momentum,
         optimiser.options.weightDecay })
      run, told = made { momentum = 0.9 }
      assert(run:resume())
      assert.same({}, told)  -- a rate changes with every schedule
   end)

   it('puts back an object that gives the table it works with, and fails half-way', function()
      local live = { inner = { step = 1 } }
      local object = { stateDict = function() return live end }
      function object:loadStateDict(dict)
         live.inner.step = dict.inner.step
         if dict.inner.step == 1 then error 'too old' end
      end
      local run = lacuna.checkpoint(at 'run', { own = object }, { say = quiet })
      assert(run:save())
      live.inner.step = 5
      files.refuses(assert, 'does not fit own: too old', function() return run:resume() end)
      assert.equal(5, live.inner.step)
   end)

   it('is read again where another took its place meanwhile', function()
      local lfs = require 'lfs'
      local run = lacuna.checkpoint(at 'run')
      assert(run:save { step = 3 })
      local good, path = read(run:path()), write('half.lacuna', 'half')
      local attributes, asked = lfs.attributes, 0
      local function readWhile(inode)
         asked = 0
         lfs.attributes = function(name, what)
            if name ~= path or what ~= 'ino' then return attributes(name, what) end
            asked = asked + 1
            return inode()
         end
         local ok, content, why = pcall(lacuna.checkpoint.read, path)
         lfs.attributes = attributes
         assert(ok, content)
         return content, why
      end
      local content, why = readWhile(function() return 1 end)
      assert.is_nil(content)
      assert.matches('half%.lacuna: is no checkpoint', why)
      content = assert(readWhile(function()
         if asked == 2 then write('half.lacuna', good) end
         return asked
      end))
      assert.equal(3, content.state.step)
      -- but not for ever
      write('half.lacuna', 'half')
      assert.is_nil((readWhile(function() return asked end)))
   end)

   it('takes tables 32 deep, and refuses deeper ones', function()
      local function nested(depth) return depth == 1 and {} or { nested(depth - 1) } end
      local run = lacuna.checkpoint(at 'run')
      assert(run:save(nested(32)))
      assert.same(nested(32), run:resume())
      assert.fails('is deeper than 32 tables', run.save, run, nested(33))
   end)
end)

-- Stands before the system's functions and notes their calls.
local NOTES = [[
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void note(const char *what, const char *from, const char *to) {
    FILE *log = fopen(getenv("CALLS"), "a");
    if (!log) return;
    fprintf(log, "%s %s %s\n", what, strrchr(from, '/') + 1, strrchr(to, '/') + 1);
    fclose(log);
}
int fsync(int file) {
    struct stat about;
    fstat(file, &about);
    note("fsync", S_ISDIR(about.st_mode) ? "/folder" : "/file", "/");
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}
int rename(const char *from, const char *to) {
    note("rename", from, to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
int link(const char *from, const char *to) {
    note("link", from, to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link"))(from, to);
}
]]

describe('the files of a checkpoint', function()
   it('are flushed before they get their name, which is never missing, and the folder after it',
      function()
         local source, notes = write('notes.c', NOTES), at 'notes.so'
         local said = shell(('cc -shared -fPIC -o %s %s -ldl'):format(notes, source))
         if not read(notes) then
            pending('no compiler: ' .. said)
            return
         end
         local run = child.script(([[
            local run = require('lacuna').checkpoint(%q)
            assert(run:save { step = 1 })
            os.remove(%q)
            assert(run:save { step = 2 })
            print 'saved' ]]):format(at 'run', at 'calls'))
         said = run(('CALLS=%s ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 '
            .. 'LD_PRELOAD="$LD_PRELOAD %s" LUA '):format(at 'calls', notes))
         local calls = read(at 'calls')
         if not calls or not calls:find 'rename' then
            pending('nothing can be put before the functions of the system: ' .. said)
            return
         end
         assert.equal(table.concat({ 'fsync file ',
            'link latest.lacuna latest.lacuna.tmp.old',
            'rename latest.lacuna.tmp.old previous.lacuna',
            'rename latest.lacuna.tmp latest.lacuna',
            'fsync folder ', '' }, '\n'), (calls:gsub('%.%d+%-%d+%.tmp', '.tmp')))
      end)
end)
