-- Types the sessions that README and the guide show, entry by entry, and compares what is printed.
local files = require 'spec.support.files'
local lfs = require 'lfs'
local pty = require 'spec.support.pty'
local transcript = require 'spec.support.transcript'

local pages = { 'README.md' }
for name in lfs.dir 'docs/guide' do
   if name:match '%.md$' then pages[#pages + 1] = 'docs/guide/' .. name end
end
table.sort(pages)

describe('a session that a page shows', function()
   before_each(files.open)
   after_each(files.close)

   if not pty.exists() then pending 'is typed again (no pseudo-terminal)' end

   for _, path in ipairs(pty.exists() and pages or {}) do
      for number, session in ipairs(transcript.read(files.read(path))) do
         it(('is what happens: %s, %d'):format(path, number), function()
            transcript.replay(session, function(entry, expected, printed)
               assert.equal(transcript.mask(expected), transcript.mask(printed), entry)
            end)
         end)
      end
   end

   it('is found in README', function()
      local list = transcript.read(files.read 'README.md')
      assert.equal(1, #list)
      assert.is_true(#list[1] >= 15)
   end)
end)
