std = 'luajit'
self = false
max_line_length = 100
ignore = { '581' }  -- not (x <= y) is not x > y where x may be a nan
files['spec'] = { std = '+busted' }
exclude_files = { 'build*', '.bundle' }
