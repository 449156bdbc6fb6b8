--- Writes the inputs that the fuzzers begin with, a folder for each target, by the library's own
-- writers.
--     lacuna spec/fuzz/seeds.lua FOLDER
local lacuna = require 'lacuna'
local bytes = require 'lacuna.data.bytes'
local cases = require 'spec.mesh_cases'

local base = assert(..., 'usage: lacuna spec/fuzz/seeds.lua FOLDER')
local counts = {}

-- A fresh name in a target's folder.
local function name(target)
   if not counts[target] then
      assert(os.execute(('mkdir -p %q'):format(base .. '/' .. target)))
      counts[target] = 0
   end
   counts[target] = counts[target] + 1
   return ('%s/%s/%02d'):format(base, target, counts[target])
end

local function put(target, text)
   local file = assert(io.open(name(target), 'wb'))
   file:write(text)
   file:close()
end

local tensors = {
   scalar = lacuna.full(7, {}), vector = lacuna.tensor { 1, -2.5, 1 / 0 },
   matrix = lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = 'int32' }),
   labels = lacuna.tensor({ -1, 5 }, { dtype = 'int64' }), none = lacuna.zeros(0, 3),
   mask = lacuna.tensor({ { { 1 }, { 2 }, { 3 } } }, { dtype = 'uint8' }),
}
local names = {}
for key in pairs(tensors) do names[#names + 1] = key end
table.sort(names)

for _, case in ipairs(cases.loads) do put('off', case[2]) end
for _, case in ipairs(cases.refused) do put('off', case[2]) end

for _, key in ipairs(names) do
   assert(lacuna.io.writeNpy(name 'npy', tensors[key]))
   assert(lacuna.io.saveTensors(name 'safetensors', { [key] = tensors[key] }))
end
-- Other types and versions, which are read but not written.
local function npy(version, dictionary, elements)
   local length = version == 1 and '\60\0' or '\60\0\0\0'
   put('npy', '\147NUMPY' .. string.char(version) .. '\0' .. length
      .. ('%-59s\n'):format(dictionary) .. elements)
end
npy(1, "{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", ('\63\240'):rep(8))
npy(2, '{"descr":"<f2","fortran_order":True,"shape":(1,)}', '\0\60')
npy(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (3L,), }", '\0\1\2')
npy(1, "{'descr': '>u8', 'fortran_order': False, 'shape': (), }", ('\0'):rep(8))
npy(1, "{'shape': (1, 1), 'fortran_order': True, 'descr': '<i2'}", '\1\2')

assert(lacuna.io.saveTensors(name 'safetensors', tensors, { epoch = '3', ['a "b"\\'] = 'ä' }))
assert(lacuna.io.saveTensors(name 'safetensors', {}))
local function safetensors(header, elements)
   put('safetensors', string.char(#header) .. ('\0'):rep(7) .. header .. elements)
end
safetensors('{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', '\0\60\0\1')
safetensors('{"b":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]},'
   .. '"w":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}}', ('\1'):rep(9))

put('list', 'a/one.off cup train\nb/two.off jug test\n')
put('list', '# meshes\r\n  /one.off\tcup   train # here\r\n\r\ntwo.off cup test')
put('list', 'one.off cup validation\n')
put('list', 'one.off cup\n')

local values = { { 1, 2.5, -1e300, { true, false, lacuna.io.null } },
   { a = { b = {} }, ['ä\n'] = '"\\' }, 'text', 17,
   { loss = { 0.1, 0.25 }, epoch = 3, best = { name = 'x', at = lacuna.io.null } } }
for _, value in ipairs(values) do assert(lacuna.io.writeJson(name 'json', value)) end
put('json', '{"a":1,"a":2}')
put('json', ('['):rep(40) .. (']'):rep(40))
put('json', '["\\ud834\\udd1e\\u00e4", 1e5, -0, 1E-9]')

for _, value in ipairs { 1, 'text', true, { 1, nil, 3, k = { 'v' }, [2.5] = false }, 0 / 0,
   { coords = tensors.matrix, label = 3, features = tensors.vector }, tensors.none } do
   put('bytes', bytes.encode(value))
end

local work = name 'checkpoint'
local run = lacuna.checkpoint(work .. '.run', { net = lacuna.nn.Linear(2, 1) })
assert(run:save { epoch = 3, curve = { 0.5, 0.25 } })
assert(os.rename(run:path(), work))
os.remove(work .. '.run')
for _, content in ipairs {
   '{"parts":{},"state":{"epoch":3,"best":{"@number":"nan"}}}',
   '{"parts":{"net":{"weight":{"@tensor":"net.weight"}}},"state":{"on":true,"name":"x"}}',
   '{"parts":{},"state":{"@pairs":[[1,2.5],[{"@bytes":"00ff"},[1,null]]]}}',
   '{"parts":{},"state":{"n":{"@int64":"-9223372036854775808"},"u":{"@uint64":"7"}}}',
} do
   put('checkpoint', content)
end
