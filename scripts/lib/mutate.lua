--- Finds the places where one line of Lua or C can be broken, and breaks one.
--
-- Works on tokens, so that strings, comments and the arguments of calls that make messages stay as
-- they are.
-- @module scripts.lib.mutate
local mutate = {}

local function set(words)
   local result = {}
   for word in words:gmatch '%S+' do result[word] = true end
   return result
end

local keywords = {
   lua = set [[and break do else elseif end false for function if in local nil not or repeat
      return then true until while]],
   c = set [[auto break case char const continue default do double else enum extern float for goto
      if inline int long register return short signed sizeof static struct switch typedef union
      unsigned void volatile while _Static_assert]],
}

-- Longest first.
local operators = {
   lua = { '...', '==', '~=', '<=', '>=', '..' },
   c = { '<<=', '>>=', '...', '->', '++', '--', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||',
      '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=' },
}

-- What an operator becomes: `any` wherever it stands, `binary` between two values.
local swaps = {
   lua = {
      any = { ['<'] = '<=', ['<='] = '<', ['>'] = '>=', ['>='] = '>', ['=='] = '~=', ['~='] = '==',
         ['and'] = 'or', ['or'] = 'and', ['true'] = 'false', ['false'] = 'true', ['not'] = '',
         min = 'max', max = 'min' },
      binary = { ['+'] = '-', ['-'] = '+', ['*'] = '/', ['/'] = '*', ['%'] = '*' },
   },
   c = {
      any = { ['<'] = '<=', ['<='] = '<', ['>'] = '>=', ['>='] = '>', ['=='] = '!=', ['!='] = '==',
         ['&&'] = '||', ['||'] = '&&', ['+='] = '-=', ['-='] = '+=', ['*='] = '/=', ['/='] = '*=',
         ['++'] = '--', ['--'] = '++', ['<<'] = '>>', ['>>'] = '<<', ['!'] = '', fmin = 'fmax',
         fmax = 'fmin', fminf = 'fmaxf', fmaxf = 'fminf' },
      binary = { ['+'] = '-', ['-'] = '+', ['*'] = '/', ['/'] = '*', ['%'] = '*', ['&'] = '|',
         ['|'] = '&' },
   },
}

local names = { ['<'] = 'compare', ['<='] = 'compare', ['>'] = 'compare', ['>='] = 'compare',
   ['=='] = 'compare', ['~='] = 'compare', ['!='] = 'compare', ['and'] = 'logic', ['or'] = 'logic',
   ['&&'] = 'logic', ['||'] = 'logic', ['not'] = 'logic', ['!'] = 'logic', ['true'] = 'constant',
   ['false'] = 'constant' }

-- Calls whose arguments make a message, or that only say what cannot happen.
local messages = set [[lac_fail raise error assert describe format require snprintf fprintf
   LAC_ASSERT _Static_assert]]

-- ---- tokens -----------------------------------------------------------------------------------

-- The place after a comment or string that begins at `at`; nil if none does.
local function skip(text, at, language)
   local char = text:sub(at, at)
   if char == '"' or char == "'" then
      local i = at + 1
      while text:sub(i, i) ~= char and i <= #text do
         i = i + (text:sub(i, i) == '\\' and 2 or 1)
      end
      return 'string', i + 1
   end
   if language == 'c' then
      if text:find('^//', at) then return 'comment', text:find('\n', at, true) or #text + 1 end
      if text:find('^/%*', at) then
         return 'comment', (select(2, text:find('*/', at + 2, true)) or #text) + 1
      end
      return nil
   end
   local dashes = text:match('^%-%-', at) or ''
   local level = text:match('^%[(=*)%[', at + #dashes)
   if level then
      local _, last = text:find(']' .. level .. ']', at, true)
      return dashes == '' and 'string' or 'comment', (last or #text) + 1
   end
   if dashes ~= '' then return 'comment', text:find('\n', at, true) or #text + 1 end
end

local function operatorAt(text, at, language)
   for _, word in ipairs(operators[language]) do
      if text:sub(at, at + #word - 1) == word then return word end
   end
   return text:sub(at, at)
end

--- Splits a program into tokens, without blanks, comments and the preprocessor's lines.
-- @tparam string text
-- @tparam string language `lua` or `c`
-- @treturn table of `kind` (name, number, string, operator), `text`, `first`, `last`, `line`
function mutate.tokens(text, language)
   local tokens, at, line, counted = {}, 1, 1, 1
   local function add(kind, last)
      line = line + select(2, text:sub(counted, at - 1):gsub('\n', ''))
      counted = at
      tokens[#tokens + 1] = { kind = kind, text = text:sub(at, last), first = at, last = last,
         line = line }
      at = last + 1
   end
   while true do
      at = text:match('^%s*()', at)
      if at > #text then return tokens end
      local kind, after = skip(text, at, language)
      local name = text:match('^[%a_][%w_]*', at)
      local number = text:match('^%.?%d[%w_.]*', at)
      if number and number:find '[eEpP]$' and not number:find '^0[xX]' then
         number = text:match('^%.?%d[%w_.]*[+-]%d+[%w]*', at) or number
      end
      if number and language == 'lua' then number = number:gsub('%.%..*', '') end
      if language == 'c' and text:find('^#', at) then
         at = text:find('\n', at, true) or #text + 1
      elseif kind == 'comment' then
         at = after
      elseif kind then
         add('string', after - 1)
      elseif name then
         add('name', at + #name - 1)
      elseif number then
         add('number', at + #number - 1)
      else
         add('operator', at + #operatorAt(text, at, language) - 1)
      end
   end
end

local closing = { ['('] = ')', ['['] = ']', ['{'] = '}' }
local isClosing = set ') ] }'

-- Notes the partner of each bracket, and which tokens are part of a message.
local function pair(tokens)
   local open = {}
   for i, t in ipairs(tokens) do
      if t.kind == 'operator' and closing[t.text] then
         open[#open + 1] = i
      elseif t.kind == 'operator' and isClosing[t.text] and #open > 0 then
         local first = table.remove(open)
         tokens[first].partner, t.partner = i, first
         local before = tokens[first - 1]
         if before and messages[before.text] then
            for k = first, i do tokens[k].message = true end
         end
      end
   end
end

-- ---- one line's mutants ---------------------------------------------------------------------

-- Whether a value ends with the token.
local function isValue(token, language)
   if not token then return false end
   if token.kind == 'name' then return not keywords[language][token.text] end
   return token.kind ~= 'operator' or token.text == ')' or token.text == ']'
end

-- Whether `*` or `&` belongs to a type or takes an address: it hangs on what follows.
local function isPointer(text, t)
   return (t.text == '*' or t.text == '&') and not text:find('^%s', t.last + 1)
      or t.text == '*' and text:find('^ ?[),]', t.last + 1)
end

local function changedNumber(word)
   local digits, suffix = word:match '^(%d+)([uUlL]*)$'
   if not digits then return not word:find '^0[xX]' and { ('(%s + 1)'):format(word) } or {} end
   local value = tonumber(digits)
   local list = { ('%.0f%s'):format(value + 1, suffix) }
   if value > 0 then list[2] = ('%.0f%s'):format(value - 1, suffix) end
   return list
end

local function ofTokens(text, line, language, put)
   local found = swaps[language]
   for i, t in ipairs(line) do
      local before, after = line[i - 1] or t.before, line[i + 1]
      -- a loop that would not end takes long to notice
      local isLoop = language == 'c' and line[1].text == 'for' and t.text:find '^[+-][+-]$'
      local stays = t.message or t.kind == 'string' or isLoop
      if t.kind == 'number' and not stays then
         for _, other in ipairs(changedNumber(t.text)) do put(t, t, other, 'constant') end
      elseif found.any[t.text] and not stays then
         local isCall = not t.text:find '^f?m[ai][nx]f?$' or after and after.text == '('
         if isCall then put(t, t, found.any[t.text], names[t.text] or 'arithmetic') end
      elseif t.kind == 'operator' and found.binary[t.text] and not stays
         and isValue(before, language) and not (language == 'c' and isPointer(text, t)) then
         put(t, t, found.binary[t.text], 'arithmetic')
      end
   end
end

-- `if` and `while`: always and never.
local function ofConditions(tokens, line, language, put)
   local never, always = language == 'c' and '0' or 'false', language == 'c' and '1' or 'true'
   for i, t in ipairs(line) do
      local isIf = t.text == 'if' or t.text == 'elseif'
      if t.kind == 'name' and (isIf or t.text == 'while') then
         local first, last = line[i + 1]
         if language == 'c' then
            local close = first and first.partner and tokens[first.partner]
            first, last = line[i + 2], close and close.line == t.line and tokens[first.partner - 1]
         else
            for k = i + 1, #line do
               if line[k].text == 'then' or line[k].text == 'do' then
                  last = line[k - 1]
                  break
               end
            end
         end
         if first and last and last.first >= first.first then
            put(first, last, never, 'condition')
            if isIf then put(first, last, always, 'condition') end
         end
      end
   end
end

-- The tokens from `at` on that make an expression in this line; nil if it goes on.
local function expressionEnd(line, at)
   local last
   for k = at, #line do
      local t, partner = line[k], line[k].partner
      if partner and isClosing[t.text] and partner < line[at].index then return last end
      if t.text == 'function' or t.text == '{' and not partner then return nil end
      if t.text == ';' or t.text == 'end' or t.text == 'else' then return last end
      last = t
   end
   return last
end

local function isBalanced(first, last)
   local depth = 0
   for k = first.index, last.index do
      local word = first.all[k]
      if word.kind == 'operator' and closing[word.text] then depth = depth + 1 end
      if word.kind == 'operator' and isClosing[word.text] then depth = depth - 1 end
      if depth < 0 then return false end
   end
   return depth == 0
end

-- What a statement cannot begin or end with.
local joins = set '+ - * / % .. and or not = == ~= < > <= >= , ( { [ . : ? && || & | ! ~ ^ << >>'

local function goesOn(token) return token and joins[token.text] and token.text ~= '(' end

local function ofReturns(line, language, put)
   for i, t in ipairs(line) do
      if t.text == 'return' and t.kind == 'name' and line[i + 1] then
         local first, last = line[i + 1], expressionEnd(line, i + 1)
         local ended = last and isBalanced(first, last) and not joins[last.text]
            and (language == 'lua' or line[last.index - line[1].index + 2])
         if language == 'lua' and last == line[#line] and goesOn(line.next) then ended = false end
         if ended then
            local one = first == last and first.text
            local other = language == 'lua' and 'nil' or (one == '0' or one == 'LAC_OK') and '1'
               or '0'
            if one ~= other then put(first, last, other, 'return') end
         end
      end
   end
end

-- Whether the line is one statement that can go.
local function isStatement(line, language)
   local first, last, second = line[1], line[#line], line[2]
   if not isBalanced(first, last) then return false end
   local before = first.before
   if first.text == 'break' or first.text == 'continue' then return true end
   if first.kind ~= 'name' or keywords[language][first.text] or not second then return false end
   if language == 'c' then
      local declares = second.kind == 'name' or second.text == '*' and line[3]
         and line[3].first == second.last + 1
      return last.text == ';' and not declares and second.text ~= ':'
         and (not before or before.text:find '^[;{})]$' or before.text == 'else')
   end
   return not goesOn(before) and not joins[last.text] and not keywords.lua[last.text]
      and not goesOn(line.next) and last.text ~= ';' and (not before or before.text ~= '(')
end

-- The first two arguments of a call, if both are plain.
local function ofCalls(line, language, put)
   for i, t in ipairs(line) do
      local name, close = line[i - 1], t.partner
      local isCall = t.text == '(' and close and name and isValue(name, language)
         and name.kind == 'name' and not t.message and not name.message
         and (not line[i - 2] or line[i - 2].text ~= 'function')
      local inside = isCall and t.all[close].line == t.line
      if inside then
         local one, comma, other, stop = line[i + 1], line[i + 2], line[i + 3], line[i + 4]
         local plain = stop and comma.text == ',' and (stop.text == ',' or stop.text == ')')
            and one.kind ~= 'operator' and other.kind ~= 'operator' and one.text ~= other.text
         if plain then put(one, other, other.text .. ', ' .. one.text, 'arguments') end
      end
   end
end

local function lines(tokens)
   local list, current = {}, nil
   for i, t in ipairs(tokens) do
      t.index, t.all, t.before = i, tokens, tokens[i - 1]
      if not current or current.number ~= t.line then
         current = { number = t.line }
         list[#list + 1] = current
      end
      current[#current + 1] = t
   end
   for i, line in ipairs(list) do line.next = list[i + 1] and list[i + 1][1] end
   return list
end

--- Lists all mutants of a program.
-- @tparam string text
-- @tparam string language `lua` or `c`
-- @treturn table of `line`, `first` and `last` byte, `with` and `operator`
function mutate.all(text, language)
   local tokens, list = mutate.tokens(text, language), {}
   pair(tokens)
   for _, line in ipairs(lines(tokens)) do
      local function put(first, last, with, operator)
         list[#list + 1] = { line = line.number, first = first.first, last = last.last, with = with,
            operator = operator }
      end
      ofTokens(text, line, language, put)
      ofConditions(tokens, line, language, put)
      ofReturns(line, language, put)
      ofCalls(line, language, put)
      if isStatement(line, language) then
         put(line[1], line[#line], language == 'c' and ';' or '', 'statement')
      end
   end
   return list
end

--- Breaks a program.
-- @tparam string text
-- @tparam table mutant one of `all`
-- @treturn string
function mutate.apply(text, mutant)
   return text:sub(1, mutant.first - 1) .. mutant.with .. text:sub(mutant.last + 1)
end

-- ---- which ------------------------------------------------------------------------------------

--- Makes a random number generator.
-- @tparam number seed
-- @treturn function gives a whole number from 1 to its argument
function mutate.random(seed)
   local state = (seed * 2654435761 + 12345) % 2147483647
   if state == 0 then state = 1 end
   return function(n)
      state = (state * 48271) % 2147483647
      return state % n + 1
   end
end

--- Puts mutants in a random order in which no line comes twice before each has come once.
-- @tparam table list of `all`
-- @tparam function random
-- @treturn table
function mutate.shuffle(list, random)
   local lines_, order, result = {}, {}, {}
   for _, mutant in ipairs(list) do
      if not lines_[mutant.line] then
         lines_[mutant.line] = {}
         order[#order + 1] = mutant.line
      end
      table.insert(lines_[mutant.line], mutant)
   end
   for i = #order, 2, -1 do
      local k = random(i)
      order[i], order[k] = order[k], order[i]
   end
   while #result < #list do
      for _, number in ipairs(order) do
         local left = lines_[number]
         if #left > 0 then result[#result + 1] = table.remove(left, random(#left)) end
      end
   end
   return result
end

--- Shares a number of mutants among files by their sizes; each gets one if there are enough.
-- @tparam table sizes lists of numbers, largest remainder first
-- @tparam number count
-- @treturn table as many whole numbers
function mutate.shares(sizes, count)
   local total, shares, rest, given = 0, {}, {}, 0
   for _, size in ipairs(sizes) do total = total + size end
   local least = count >= #sizes and 1 or 0
   local spare = count - least * #sizes
   for i, size in ipairs(sizes) do
      local exact = total > 0 and spare * size / total or 0
      shares[i] = least + math.floor(exact)
      given = given + shares[i]
      rest[i] = { i = i, part = exact - math.floor(exact) }
   end
   table.sort(rest, function(a, b)
      if a.part ~= b.part then return a.part > b.part end
      return a.i < b.i
   end)
   for k = 1, math.min(count - given, #rest) do
      shares[rest[k].i] = shares[rest[k].i] + 1
   end
   return shares
end

return mutate
