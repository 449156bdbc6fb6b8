-- The data set of computed.lua, as data.remote wants it.
return function(arguments) return require('spec.support.computed').dataset(arguments.count) end
