-- busted's output: failures as they happen, skipped specs by reason, and CI's closing line.
--
-- LACUNA_TEST_LOG names a file that tells another process how far the specs came, even if this
-- one dies: `> name` before a spec, then `+`, `- name` or `.`, and `end` when all have run;
-- `! name` takes the last `+` back.
return function(options)
   local busted = require 'busted'
   local handler = require 'busted.outputHandlers.base'()
   local isTerminal = require 'term'.isatty(io.stdout)
   local count = { passed = 0, failed = 0, skipped = 0 }
   local reasons, skippedFor = {}, {}
   local lastPassed

   local path = os.getenv('LACUNA_TEST_LOG')
   local log = path and assert(io.open(path, 'a'))
   local function note(...)
      if log then
         log:write(table.concat({ ... }), '\n')
         log:flush()
      end
   end

   local function fullName(element)
      local file = element
      while file and file.descriptor ~= 'file' do file = busted.parent(file) end
      local name = handler.getFullName(element)
      if file and file ~= element then name = file.name .. ': ' .. name end
      return (name:gsub('%s+', ' '))
   end

   local function tell(element, message, trace)
      local text = type(message) == 'string' and message or require 'pl.pretty'.write(message)
      io.write('\nFAILED ', fullName(element), '\n   ', (text:gsub('\n', '\n   ')), '\n')
      if options.verbose and trace and trace.traceback then io.write(trace.traceback, '\n') end
      io.flush()
   end

   local function listen(events, what, priority)
      busted.subscribe(events, function(...)
         what(...)
         return nil, true
      end, { priority = priority })
   end

   listen({ 'test', 'start' }, function(element) note('> ', fullName(element)) end, 1)

   listen({ 'test', 'end' }, function(element, _, status)
      local mark = '+'
      if status == 'success' then
         count.passed = count.passed + 1
         lastPassed = element
         note('+')
      elseif status == 'pending' then
         mark = '.'
         count.skipped = count.skipped + 1
         local reason = (element.message or element.name):gsub('^[^:\n]+:%d+: ', '')
         if not skippedFor[reason] then table.insert(reasons, reason) end
         skippedFor[reason] = (skippedFor[reason] or 0) + 1
         note('.')
      else
         mark = '-'
         count.failed = count.failed + 1
         note('- ', fullName(element))
      end
      if isTerminal then
         io.write(mark)
         io.flush()
      end
   end)

   -- A spec's own failure is counted at its end.  Counted here is what went wrong around the specs,
   -- or what the helper found when a spec had passed.
   local function failure(element, _, message, trace)
      tell(element, message, trace)
      local late = element == lastPassed
      if element.descriptor == 'it' and not late then return end
      if late then
         count.passed = count.passed - 1
         lastPassed = nil
      end
      count.failed = count.failed + 1
      note(late and '! ' or '- ', fullName(element))
   end
   listen({ 'failure' }, failure)
   listen({ 'error' }, failure)
   listen({ 'pending' }, function(element, _, message) element.message = message end)

   listen({ 'exit' }, function()
      note('end')
      if isTerminal then io.write('\n') end
      for _, reason in ipairs(reasons) do
         io.write(('skipped %d: %s\n'):format(skippedFor[reason], reason))
      end
      if not log then
         io.write(('%d passed, %d failed, %d skipped\n'):format(
            count.passed, count.failed, count.skipped))
      end
      io.flush()
   end, 100)

   return handler
end
