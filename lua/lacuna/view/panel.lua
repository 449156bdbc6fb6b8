--- The panels of a page, in JavaScript: menus, legend, mouse.
-- @module lacuna.view.panel
return [=[
// ---- a panel: its menus, its canvas, its legend ----------------------------------------------

function element(parent, tag, name, text) {
   const e = document.createElement(tag);
   if (name) e.className = name;
   if (text !== undefined) e.textContent = text;
   parent.appendChild(e);
   return e;
}

const wanted = new URLSearchParams(location.hash.slice(1));
function asked(name, otherwise) {
   const v = parseFloat(wanted.get(name));
   return isFinite(v) ? v : otherwise;
}
const home = {
   yaw: asked('yaw', 35) * Math.PI / 180, pitch: asked('pitch', 24) * Math.PI / 180,
   zoom: asked('zoom', 1), panX: 0, panY: 0,
};
const overhead = { yaw: 0, pitch: Math.PI / 2, zoom: asked('zoom', 1), panX: 0, panY: 0 };
const shared = { ...home };
const panels = [];

function redraw(moving) { for (const p of panels) p.request(moving); }

function addPanel(source, root) {
   const box = element(root, 'section', 'panel');
   const head = element(box, 'header');
   element(head, 'h2', '', source.name);
   const about = element(head, 'span', 'about');
   const menus = element(box, 'div', 'menus');
   const legend = element(box, 'div', 'legend');
   const stage = element(box, 'div', 'stage');
   const canvas = element(stage, 'canvas');
   const told = element(box, 'footer', '', '');
   const g = canvas.getContext('2d'), raster = makeRaster(), own = { ...overhead };
   const state = { layer: 0, plane: -1, sample: 0, hide: false, size: 1 };
   let layer, values, range, map, shown, camera = shared, quick = 1, timer = 0, frame = 0;

   // -- what is shown

   function choose() {
      layer = source.layers[state.layer];
      if (layer.kind === 'none') {
         about.textContent = layer.about;
         legend.textContent = '';
         return;
      }
      open(layer);
      camera = layer.flat ? own : shared;
      const planes = layer.values ? layer.values.planes.length : 0;
      state.plane = planes === 1 ? 0 : Math.min(state.plane, planes - 1);
      if (layer.samples) state.sample = Math.min(state.sample, layer.samples.length - 2);
      values = planes ? valuesOf(layer, state.plane) : null;
      range = values ? rangeOf(values) : [0, 0];
      const signed = range[0] < 0 && range[1] > 0 && state.plane >= 0;
      map = data.map || (signed ? 'coolwarm' : 'viridis');
      if (!data.map && signed) {
         const most = Math.max(-range[0], range[1]);
         range = [-most, most];
      }
      paint();
   }

   function paint() {
      shown = select(layer, layer.samples ? state.sample : 0, values,
         state.hide && values ? range[0] : null);
      shown.rgb = coloursOf(layer, values, range, map);
      about.textContent = (layer.kind === 'mesh' || shown.count === layer.rows ? ''
         : shown.count.toLocaleString('en') + ' shown of ') + layer.about;
      fillLegend();
   }

   function recolour() {
      paint();
      draw(false);
   }

   // The menus come before the drawing: the canvas has what they leave.
   function refresh() {
      choose();
      fillMenus();
      draw(false);
   }

   function fillLegend() {
      legend.textContent = '';
      if (layer.labels) {
         layer.labels.names.forEach((name, i) => {
            const row = element(legend, 'div', 'class');
            element(row, 'i').style.background = data.colours[i % data.colours.length];
            element(row, 'span', '', name);
         });
      } else if (values && layer.colours === undefined && layer.rows > 0) {
         const many = layer.values.planes.length > 1;
         const odd = values.reduce((count, v) => count + !isFinite(v), 0);
         element(legend, 'b', '', state.plane < 0 ? 'L2 norm of the planes'
            : many ? 'plane ' + layer.values.planes[state.plane] : 'value');
         if (range[0] < range[1]) {
            const both = element(legend, 'div');
            element(both, 'div', 'bar').style.background =
               'linear-gradient(to right, ' + data.maps[map].join(', ') + ')';
            const scale = element(both, 'div', 'scale');
            for (const v of [range[0], (range[0] + range[1]) / 2, range[1]]) {
               element(scale, 'span', '', say(v));
            }
         } else if (odd < values.length) {
            element(legend, 'div', '', (odd ? 'all others ' : 'all ') + say(range[0]));
         }
         if (odd) element(legend, 'div', '', odd + ' not finite');
      }
   }

   // -- menus

   function menu(label, names, chosen, change) {
      const e = element(element(menus, 'label', '', label + ' '), 'select');
      names.forEach((name, i) => { element(e, 'option', '', name).value = i; });
      e.value = chosen;
      e.addEventListener('change', () => change(+e.value));
      return e;
   }

   function numberBox(label, value, change) {
      const e = element(element(menus, 'label', '', label + ' '), 'input');
      e.type = 'number';
      e.step = 'any';
      e.value = say(value);
      e.addEventListener('change', () => {
         if (isFinite(e.valueAsNumber)) change(e.valueAsNumber);
      });
      return e;
   }

   function fillMenus() {
      menus.textContent = '';
      if (source.layers.length > 1) {
         menu('layer', source.layers.map(l => l.name), state.layer, i => {
            state.layer = i;
            state.plane = -1;
            refresh();
         });
      }
      if (layer.kind === 'none') return;
      const planes = layer.values ? layer.values.planes : [];
      if (planes.length > 1) {
         const pick = i => {
            state.plane = i - 1;
            refresh();
         };
         menu('plane', ['L2 norm'].concat(planes.map(String)), state.plane + 1, pick);
         const slide = element(menus, 'input');
         slide.type = 'range';
         slide.min = 0;
         slide.max = planes.length;
         slide.value = state.plane + 1;
         slide.addEventListener('change', () => pick(+slide.value));
      }
      if (layer.samples && layer.samples.length > 2) {
         const names = [];
         for (let i = 1; i < layer.samples.length; i++) names.push(String(i));
         menu('sample', names, state.sample, i => { state.sample = i; recolour(); });
      }
      if (values && layer.colours === undefined && !layer.labels && range[0] < range[1]) {
         numberBox('from', range[0], v => { range = [v, range[1]]; recolour(); });
         numberBox('to', range[1], v => { range = [range[0], v]; recolour(); });
         if (layer.kind !== 'mesh') {
            const label = element(menus, 'label'), tick = element(label, 'input');
            tick.type = 'checkbox';
            tick.checked = state.hide;
            element(label, 'span', '', ' hide what is below');
            tick.addEventListener('change', () => { state.hide = tick.checked; recolour(); });
         }
      }
      if (layer.kind === 'points') {
         const slide = element(element(menus, 'label', '', 'size '), 'input');
         slide.type = 'range';
         slide.min = 0.3;
         slide.max = 4;
         slide.step = 0.1;
         slide.value = state.size;
         slide.addEventListener('input', () => { state.size = +slide.value; draw(false); });
      }
   }

   // -- drawing

   function draw(moving) {
      const width = stage.clientWidth, height = stage.clientHeight;
      if (!width || !height) return;
      const dpr = window.devicePixelRatio || 1, fine = Math.max(2, dpr);
      if (canvas.width !== Math.round(width * dpr) || canvas.height !== Math.round(height * dpr)) {
         canvas.width = Math.round(width * dpr);
         canvas.height = Math.round(height * dpr);
      }
      g.setTransform(dpr, 0, 0, dpr, 0, 0);
      g.clearRect(0, 0, width, height);
      if (layer.kind === 'none') return;
      // coarser while it turns if the machine is slow, twice as fine as the screen when it rests
      const most = Math.sqrt(8e6 / (width * height));
      const scale = Math.min(most, moving ? quick : fine), began = performance.now();
      const w = Math.max(1, Math.round(width * scale)), h = Math.max(1, Math.round(height * scale));
      clearRaster(raster, w, h);
      raster.scale = scale;
      const lens = makeLens(camera, layer.bounds, layer.flat, w, h);
      if (layer.kind === 'voxels') drawVoxels(raster, lens, layer, shown);
      else if (layer.kind === 'mesh') drawMesh(raster, lens, layer, shown);
      else {
         const radius = Math.max(1.4, 11 / Math.max(1, shown.count) ** 0.2);
         drawPoints(raster, lens, layer, shown, radius * state.size * scale * camera.zoom ** 0.5);
      }
      raster.context.putImageData(raster.image, 0, 0);
      const screen = makeLens(camera, layer.bounds, layer.flat, width, height);
      const axes = layer.flat ? layer.dimension : 3;
      drawBack(g, screen, layer, axes);
      g.imageSmoothingQuality = 'high';
      g.drawImage(raster.canvas, 0, 0, width, height);
      drawScales(g, screen, layer, axes);
      const spent = performance.now() - began;
      if (moving && spent > 45) quick = Math.max(0.4, quick * 0.8);
      else if (moving && spent < 16) quick = Math.min(fine, quick * 1.1);
      canvas.dataset.milliseconds = spent.toFixed(1);
   }

   function request(moving) {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => draw(moving));
      clearTimeout(timer);
      if (moving) timer = setTimeout(() => draw(false), 180);
   }

   // -- the mouse and fingers

   const held = new Map();
   let last = null;

   function tell(event) {
      const r = canvas.getBoundingClientRect();
      const x = Math.floor((event.clientX - r.left) * raster.scale);
      const y = Math.floor((event.clientY - r.top) * raster.scale);
      const inside = x >= 0 && y >= 0 && x < raster.width && y < raster.height;
      const id = inside && layer.kind !== 'none' ? raster.id[y * raster.width + x] : 0;
      if (!id) {
         told.textContent = '';
         return;
      }
      let row = id - 1, text;
      if (layer.kind === 'mesh') {
         const corners = [0, 1, 2].map(c => layer.faces[3 * row + c]);
         text = 'triangle ' + id + ' of ' + layer.faces.length / 3 + ', corners ' + corners.map(v =>
            '(' + [0, 1, 2].map(a => say(layer.at[3 * v + a])).join(', ') + ')').join(' ');
         row = corners[0];
      } else {
         text = (layer.kind === 'voxels' ? 'site (' : 'point ' + id + ' (')
            + [...layer.at.slice(3 * row, 3 * row + layer.dimension)].map(say).join(', ') + ')';
      }
      if (values) text += (state.plane < 0 ? '   L2 norm ' : layer.values.planes.length > 1
         ? '   plane ' + layer.values.planes[state.plane] + ': ' : '   value ') + say(values[row]);
      if (layer.labels) {
         text += '   ' + layer.labels.names[decode(data.arrays[layer.labels.array])[row]];
      }
      told.textContent = text;
   }

   function span() {
      const [a, b] = [...held.values()];
      return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, size: Math.hypot(a.x - b.x, a.y - b.y) };
   }

   function zoom(factor, x, y) {
      const r = canvas.getBoundingClientRect(), least = Math.min(r.width, r.height);
      const mx = (x - r.left - r.width / 2) / least, my = (y - r.top - r.height / 2) / least;
      const to = Math.max(0.1, Math.min(200, camera.zoom * factor)), by = to / camera.zoom;
      camera.zoom = to;
      camera.panX = mx - (mx - camera.panX) * by;
      camera.panY = my - (my - camera.panY) * by;
   }

   function pan(dx, dy) {
      const least = Math.min(stage.clientWidth, stage.clientHeight);
      camera.panX += dx / least;
      camera.panY += dy / least;
   }

   canvas.addEventListener('pointerdown', e => {
      try { canvas.setPointerCapture(e.pointerId); } catch (lost) { /* a pointer that is gone */ }
      held.set(e.pointerId, { x: e.clientX, y: e.clientY });
      last = held.size === 2 ? span() : null;
   });
   canvas.addEventListener('pointermove', e => {
      const was = held.get(e.pointerId);
      if (!was) return tell(e);
      held.set(e.pointerId, { x: e.clientX, y: e.clientY });
      if (held.size === 2) {
         const now = span();
         if (last) {
            zoom(now.size / (last.size || 1), now.x, now.y);
            pan(now.x - last.x, now.y - last.y);
         }
         last = now;
      } else if (e.shiftKey || e.buttons & 6 || layer.flat) {
         pan(e.clientX - was.x, e.clientY - was.y);
      } else {
         camera.yaw -= (e.clientX - was.x) * 0.008;
         camera.pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2,
            camera.pitch + (e.clientY - was.y) * 0.008));
      }
      redraw(true);
   });
   for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, e => { held.delete(e.pointerId); last = null; });
   }
   canvas.addEventListener('pointerleave', () => { told.textContent = ''; });
   canvas.addEventListener('contextmenu', e => e.preventDefault());
   canvas.addEventListener('dblclick', () => {
      Object.assign(camera, layer.flat ? overhead : home);
      redraw(false);
   });
   canvas.addEventListener('wheel', e => {
      e.preventDefault();
      zoom(Math.exp(-e.deltaY * (e.deltaMode === 1 ? 0.03 : 0.0012)), e.clientX, e.clientY);
      redraw(true);
   }, { passive: false });

   state.layer = Math.max(0, Math.min(source.layers.length, asked('layer', source.first)) - 1);
   state.sample = Math.max(0, asked('sample', 1) - 1);
   state.plane = Math.max(-1, asked('plane', 0) - 1);
   refresh();
   panels.push({ request });
   new ResizeObserver(() => draw(false)).observe(stage);
}

const root = document.getElementById('panels');
root.style.setProperty('--columns', Math.min(data.panels.length, 3));
for (const source of data.panels) addPanel(source, root);
]=]
