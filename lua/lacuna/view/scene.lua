--- What a page carries, in JavaScript: its numbers, values and colours.
-- @module lacuna.view.scene
return [=[
// ---- reading what the page carries -----------------------------------------------------------

const data = JSON.parse(document.getElementById('data').textContent);
const TYPES = {
   uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array,
   float32: Float32Array,
};

function decode(array) {
   if (!array.made) {
      const text = atob(array.data), bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      array.made = new TYPES[array.type](bytes.buffer);
   }
   return array.made;
}

// Coordinates of 1 to 3 axes as three, those that lack being zero.
function inSpace(list, dimension) {
   if (dimension === 3) return list;
   const n = list.length / dimension, out = new Float32Array(3 * n);
   for (let i = 0; i < n; i++) {
      for (let a = 0; a < dimension; a++) out[3 * i + a] = list[dimension * i + a];
   }
   return out;
}

function boundsOf(layer) {
   const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
   const at = layer.at, n = at.length / 3, grow = layer.kind === 'voxels' ? 1 : 0;
   for (let i = 0; i < n; i++) {
      const x = at[3 * i], y = at[3 * i + 1], z = at[3 * i + 2];
      if (!isFinite(x + y + z)) continue;
      if (x < low[0]) low[0] = x;
      if (y < low[1]) low[1] = y;
      if (z < low[2]) low[2] = z;
      if (x > high[0]) high[0] = x;
      if (y > high[1]) high[1] = y;
      if (z > high[2]) high[2] = z;
   }
   for (let a = 0; a < 3; a++) {
      if (low[a] > high[a]) low[a] = high[a] = 0;
      if (grow && (layer.dimension > a || (a === 1 && layer.dimension < 2))) high[a] += 1;
   }
   return { low, high };
}

function normalsOf(layer) {
   const { at, faces } = layer, out = new Float32Array(faces.length);
   for (let t = 0; t < faces.length; t += 3) {
      const a = 3 * faces[t], b = 3 * faces[t + 1], c = 3 * faces[t + 2];
      const ux = at[b] - at[a], uy = at[b + 1] - at[a + 1], uz = at[b + 2] - at[a + 2];
      const vx = at[c] - at[a], vy = at[c + 1] - at[a + 1], vz = at[c + 2] - at[a + 2];
      const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
      const length = Math.hypot(nx, ny, nz) || 1;
      out[t] = nx / length;
      out[t + 1] = ny / length;
      out[t + 2] = nz / length;
   }
   return out;
}

// Decodes a layer when it is first shown.
function open(layer) {
   if (layer.opened) return layer;
   layer.opened = true;
   layer.at = inSpace(decode(data.arrays[layer.coords]), layer.dimension);
   layer.flat = layer.kind === 'voxels' && layer.dimension < 3;
   layer.rows = layer.at.length / 3;
   layer.bounds = boundsOf(layer);
   if (layer.kind === 'mesh') {
      layer.faces = decode(data.arrays[layer.triangles]);
      layer.normals = normalsOf(layer);
   }
   return layer;
}

// ---- values and colours ----------------------------------------------------------------------

// One plane of a layer, from zero, or with -1 the length of the vector of all planes.
function valuesOf(layer, plane) {
   const v = layer.values, n = layer.rows, out = new Float32Array(n);
   if (plane < 0 && v.norm !== undefined) return decode(data.arrays[v.norm]);
   const raw = decode(data.arrays[v.array]), width = v.planes.length, most = v.most;
   for (let i = 0; i < n; i++) {
      if (plane < 0) {
         let sum = 0;
         for (let p = 0; p < width; p++) sum += raw[width * i + p] ** 2;
         out[i] = Math.sqrt(sum);
      } else {
         const c = raw[width * i + plane];
         if (!most) out[i] = c;
         // rounded values: the three highest codes stand for what is not finite
         else if (c > most) out[i] = [-Infinity, Infinity, NaN][c - most - 1];
         else out[i] = v.low[plane] + (v.high[plane] - v.low[plane]) * c / most;
      }
   }
   return out;
}

function rangeOf(values) {
   let low = Infinity, high = -Infinity;
   for (let i = 0; i < values.length; i++) {
      if (!isFinite(values[i])) continue;
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
   }
   return low > high ? [0, 0] : [low, high];
}

function hex(text) { return [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16)); }

// 256 steps of a colour map.
function stepsOf(name) {
   const stops = data.maps[name].map(hex), out = new Uint8Array(768);
   for (let i = 0; i < 256; i++) {
      const place = i / 255 * (stops.length - 1), k = Math.min(Math.floor(place), stops.length - 2);
      for (let c = 0; c < 3; c++) {
         out[3 * i + c] = stops[k][c] + (place - k) * (stops[k + 1][c] - stops[k][c]);
      }
   }
   return out;
}

const PLAIN = hex('#7d9fcb'), MISSING = hex('#b8b8b8');

// The colour of each row: its own, its class's, that of its value, or plain.
function coloursOf(layer, values, range, map) {
   const n = layer.rows;
   if (layer.colours !== undefined) return decode(data.arrays[layer.colours]);
   const rgb = new Uint8Array(3 * n);
   if (layer.labels) {
      const label = decode(data.arrays[layer.labels.array]), known = data.colours.map(hex);
      for (let i = 0; i < n; i++) rgb.set(known[label[i] % known.length], 3 * i);
   } else if (values && range[0] < range[1]) {
      const steps = stepsOf(map), scale = 255 / (range[1] - range[0]);
      for (let i = 0; i < n; i++) {
         const v = values[i];
         if (v !== v) {
            rgb.set(MISSING, 3 * i);
         } else {
            const s = 3 * Math.round(Math.max(0, Math.min(255, (v - range[0]) * scale)));
            rgb[3 * i] = steps[s];
            rgb[3 * i + 1] = steps[s + 1];
            rgb[3 * i + 2] = steps[s + 2];
         }
      }
   } else {
      for (let i = 0; i < n; i++) {
         rgb.set(values && values[i] !== values[i] ? MISSING : PLAIN, 3 * i);
      }
   }
   return rgb;
}

// The rows that are shown, and for each voxel which faces no neighbour covers.
function select(layer, sample, values, least) {
   const from = layer.samples ? layer.samples[sample] : 0;
   const to = layer.samples ? layer.samples[sample + 1] : layer.rows;
   const rows = new Int32Array(to - from), at = layer.at;
   let count = 0;
   for (let i = from; i < to; i++) {
      if (least !== null && !(values[i] >= least)) continue;
      if (isFinite(at[3 * i] + at[3 * i + 1] + at[3 * i + 2])) rows[count++] = i;
   }
   const mask = new Uint8Array(count).fill(63);
   if (layer.kind === 'voxels' && !layer.flat) {
      const { low, high } = layer.bounds, size = [0, 1, 2].map(a => high[a] - low[a] + 2);
      const cells = size[0] * size[1] * size[2], step = [1, size[0], size[0] * size[1]];
      if (cells < 2 ** 27) {
         const taken = new Uint8Array(cells), cell = new Int32Array(count);
         for (let j = 0; j < count; j++) {
            for (let a = 0; a < 3; a++) cell[j] += (at[3 * rows[j] + a] - low[a] + 1) * step[a];
            taken[cell[j]] = 1;
         }
         for (let j = 0; j < count; j++) {
            let m = 0;
            for (let a = 0; a < 3; a++) {
               if (!taken[cell[j] - step[a]]) m |= 1 << 2 * a;
               if (!taken[cell[j] + step[a]]) m |= 2 << 2 * a;
            }
            mask[j] = m;
         }
      }
   }
   return { rows, count, mask };
}
]=]
