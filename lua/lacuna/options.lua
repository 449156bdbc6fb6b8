--- Reads a script's command line by a table of defaults.
--
--     local options = require('lacuna.options').read(arg, {
--        'Trains a network.',
--        { 'epochs', 30, 'passes over the data' },
--        { 'data', '', 'a folder of meshes' },
--        { 'quick', false, 'less of everything' },
--     })
--
-- An option's type is that of its default; `--quick` alone switches a boolean on.  `--help`
-- prints the list and ends the script.
-- @module lacuna.options
local fail = require 'lacuna.fail'

local options = {}

local function usage(spec)
   local lines = { spec[1], '' }
   for i = 2, #spec do
      local name, default, text = unpack(spec[i])
      local value = type(default) == 'boolean' and '' or ' ' .. type(default):upper()
      local shown = default ~= '' and type(default) ~= 'boolean'
         and (' (%s)'):format(tostring(default)) or ''
      lines[#lines + 1] = ('  --%-24s %s%s'):format(name .. value, text, shown)
   end
   return table.concat(lines, '\n')
end

local function convert(name, default, text)
   if type(default) == 'number' then
      return tonumber(text)
         or fail.raise('options: --%s is %q, expected a number', name, text)
   end
   if type(default) == 'boolean' then
      if text == 'true' or text == 'yes' then return true end
      if text == 'false' or text == 'no' then return false end
      fail.raise('options: --%s is %q, expected yes or no', name, text)
   end
   return text
end

local function check(arguments, spec)
   if type(arguments) ~= 'table' or type(spec) ~= 'table' then
      fail.raise('options: arguments are %s and the list is %s, expected two tables',
         fail.describe(arguments), fail.describe(spec))
   end
   if type(spec[1]) ~= 'string' then
      fail.raise('options: the list begins with %s, expected a sentence about the script',
         fail.describe(spec[1]))
   end
   for i = 2, #spec do
      local entry = spec[i]
      local right = type(entry) == 'table' and type(entry[1]) == 'string'
         and type(entry[3]) == 'string'
      local default = type(right and entry[2])
      if not right or default ~= 'number' and default ~= 'string' and default ~= 'boolean' then
         fail.raise('options: entry %d of the list is %s, expected { name, default, text }, the '
            .. 'default a number, string or boolean', i, fail.describe(entry))
      end
   end
end

--- Reads the command line.
-- @tparam table arguments such as the global `arg`
-- @tparam table spec a sentence about the script, then `{ name, default, text }` for each option
-- @treturn table value by name
function options.read(arguments, spec)
   check(arguments, spec)
   local values, defaults = {}, {}
   for i = 2, #spec do values[spec[i][1]], defaults[spec[i][1]] = spec[i][2], spec[i][2] end
   local i = 1
   while arguments[i] ~= nil do
      if type(arguments[i]) ~= 'string' then
         fail.raise('options: argument %d is %s, expected a string', i, fail.describe(arguments[i]))
      end
      if arguments[i] == '--help' then
         print(usage(spec))
         os.exit(0)
      end
      local name, text = arguments[i]:match '^%-%-([%w-]+)=(.*)$'
      name = name or arguments[i]:match '^%-%-([%w-]+)$'
      local default = name and defaults[name]
      if default == nil then
         fail.raise('options: %s is unknown\n%s', arguments[i], usage(spec))
      end
      if not text and default == false then
         text = 'true'
      elseif not text then
         i = i + 1
         text = arguments[i]
         if type(text) ~= 'string' then fail.raise('options: --%s lacks its value', name) end
      end
      values[name] = convert(name, default, text)
      i = i + 1
   end
   return values
end

return options
