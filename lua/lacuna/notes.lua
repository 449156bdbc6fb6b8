--- What the library knows of tensors and sites, kept beside them.
--
-- A script can write any field of an object, but not what stands here.  Keys are handles, so an
-- entry goes when its handle does.
-- @module lacuna.notes
local notes = {}

--- Makes a table from handles to entries.  No entry may hold its own handle.
-- @treturn table
function notes.table() return setmetatable({}, { __mode = 'k' }) end

--- What is known of the values in a tensor; see `lacuna.ops.trust`.
notes.values = notes.table()

return notes
