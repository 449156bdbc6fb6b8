--- The page itself: a frame, a style, the data, and the program of the four other files.
-- @module lacuna.view.page
local axes = require 'lacuna.view.axes'
local panel = require 'lacuna.view.panel'
local raster = require 'lacuna.view.raster'
local scene = require 'lacuna.view.scene'

local frame = [=[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
   content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>$TITLE</title>
<style>
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: #f3f5f8; color: #2b333b;
   font: 14px/1.4 system-ui, sans-serif; }
h1 { font-size: 17px; font-weight: 600; margin: 12px 16px 0; overflow-wrap: anywhere; }
#panels { flex: 1; min-height: 0; display: grid; gap: 12px; padding: 12px 16px;
   grid-template-columns: repeat(var(--columns, 1), minmax(0, 1fr));
   grid-auto-rows: minmax(260px, 1fr); }
.panel { display: flex; flex-direction: column; min-height: 0; background: #fff;
   border: 1px solid #dde2e8; border-radius: 8px; overflow: hidden; }
.panel header { padding: 8px 12px 0; }
.panel h2 { display: inline; font-size: 14px; font-weight: 600; margin: 0 10px 0 0;
   overflow-wrap: anywhere; }
.about { color: #67717c; font-size: 12px; }
.menus { display: flex; flex-wrap: wrap; gap: 4px 12px; padding: 4px 12px; font-size: 12px;
   align-items: center; }
.menus:empty { display: none; }
.menus select, .menus input { font: inherit; max-width: 24em; }
.menus input[type=number] { width: 6.5em; }
.menus input[type=range] { width: 9em; }
.stage { position: relative; flex: 1; min-height: 0; overflow: hidden; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; cursor: grab;
   touch-action: none; }
canvas:active { cursor: grabbing; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: flex-start;
   padding: 4px 12px; font-size: 12px; max-height: 25%; overflow: auto; flex-shrink: 0; }
.legend:empty, .panel h2:empty { display: none; }
.legend b { font-weight: 600; }
.bar { width: 240px; height: 12px; border-radius: 3px; margin: 3px 0 1px; }
.scale { display: flex; justify-content: space-between; width: 240px; color: #4a535d; }
.class { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.class i { display: inline-block; width: 10px; height: 10px; border-radius: 5px;
   margin-right: 6px; }
.panel footer { min-height: 27px; padding: 4px 12px; border-top: 1px solid #eceff3;
   font-size: 12px; color: #3c454e; white-space: pre; overflow: hidden; text-overflow: ellipsis; }
body > p { margin: 0 16px 10px; color: #67717c; font-size: 12px; }
</style>
</head>
<body>
<h1>$TITLE</h1>
<main id="panels"></main>
<p>Drag to turn, with shift or the right button to move; wheel to zoom; double click to reset.</p>
<script type="application/json" id="data">$DATA</script>
<script>
'use strict';
$PROGRAM</script>
</body>
</html>
]=]

local escapes = {
   ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;', ["'"] = '&#39;',
}

-- Puts together a page of a title and of data as JSON. Neither can end the element that it stands
-- in: what means something to HTML is written otherwise.
return function(title, data)
   local parts = {
      TITLE = title:gsub('[&<>"\']', escapes):gsub('%c', ' '),
      DATA = data:gsub('[<>&]', { ['<'] = '\\u003c', ['>'] = '\\u003e', ['&'] = '\\u0026' }),
      PROGRAM = table.concat({ raster, scene, axes, panel }, '\n'),
   }
   return (frame:gsub('%$(%u+)', parts))
end
