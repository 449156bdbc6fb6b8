--- The drawing of a page, in JavaScript: polygons, cubes and discs.
-- @module lacuna.view.raster
return [=[
// Polygons, cubes and discs into arrays of colours, depths and numbers: fast enough for 100,000
// voxels, the same picture on every machine, and what the mouse points at is known to the pixel.
const X = new Float64Array(4), Y = new Float64Array(4), Z = new Float64Array(4);

function makeRaster() {
   const canvas = document.createElement('canvas');
   return { canvas, context: canvas.getContext('2d'), width: 0, height: 0 };
}

function clearRaster(r, width, height) {
   if (r.width !== width || r.height !== height) {
      r.width = r.canvas.width = width;
      r.height = r.canvas.height = height;
      r.image = r.context.createImageData(width, height);
      r.colour = new Uint32Array(r.image.data.buffer);
      r.depth = new Float32Array(width * height);
      r.id = new Int32Array(width * height);
   }
   r.colour.fill(0);
   r.depth.fill(0);
   r.id.fill(0);
}

// The colour of a pixel: alpha, blue, green, red from the highest byte down.
function pack(red, green, blue, light) {
   return (255 << 24 | Math.min(255, blue * light) << 16 | Math.min(255, green * light) << 8
      | Math.min(255, red * light)) >>> 0;
}

// Fills the convex polygon of the first n corners in X, Y, Z, where it is not behind another. Z is
// one over the distance, which is linear over the screen.
function fillPolygon(r, n, colour, id) {
   const ux = X[1] - X[0], uy = Y[1] - Y[0], uz = Z[1] - Z[0];
   const vx = X[2] - X[0], vy = Y[2] - Y[0], vz = Z[2] - Z[0];
   const det = ux * vy - uy * vx;
   if (!(Math.abs(det) > 1e-9)) return;
   const zx = (uz * vy - uy * vz) / det, zy = (ux * vz - uz * vx) / det;
   let top = Y[0], bottom = Y[0];
   for (let k = 1; k < n; k++) {
      if (Y[k] < top) top = Y[k];
      if (Y[k] > bottom) bottom = Y[k];
   }
   const first = Math.max(0, Math.ceil(top - 0.5));
   const last = Math.min(r.height - 1, Math.floor(bottom - 0.5));
   for (let y = first; y <= last; y++) {
      const py = y + 0.5;
      let left = Infinity, right = -Infinity;
      for (let k = 0; k < n; k++) {
         const m = k + 1 === n ? 0 : k + 1;
         if (Y[k] <= py !== Y[m] <= py) {
            const x = X[k] + (py - Y[k]) * (X[m] - X[k]) / (Y[m] - Y[k]);
            if (x < left) left = x;
            if (x > right) right = x;
         }
      }
      const from = Math.max(0, Math.ceil(left - 0.5));
      const to = Math.min(r.width - 1, Math.floor(right - 0.5));
      let at = y * r.width + from;
      let z = Z[0] + (from + 0.5 - X[0]) * zx + (py - Y[0]) * zy;
      for (let x = from; x <= to; x++, at++, z += zx) {
         if (z >= r.depth[at]) {
            r.depth[at] = z;
            r.colour[at] = colour;
            r.id[at] = id;
         }
      }
   }
}

// Fills a disc that faces the viewer, its rim darker.
function fillDisc(r, cx, cy, z, radius, colour, rim, id) {
   const outer = radius * radius, inner = Math.max(0, radius - 1) ** 2;
   const y0 = Math.max(0, Math.ceil(cy - radius - 0.5));
   const y1 = Math.min(r.height - 1, Math.floor(cy + radius - 0.5));
   const x0 = Math.max(0, Math.ceil(cx - radius - 0.5));
   const x1 = Math.min(r.width - 1, Math.floor(cx + radius - 0.5));
   for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
         const d = (x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2;
         const at = y * r.width + x;
         if (d <= outer && z >= r.depth[at]) {
            r.depth[at] = z;
            r.colour[at] = d > inner && radius > 2 ? rim : colour;
            r.id[at] = id;
         }
      }
   }
}

// ---- the camera ------------------------------------------------------------------------------

// What turns points into places on a screen of width x height. `wide` and `high` are those of the
// panel in the same unit, by which panning is measured.
function makeLens(camera, bounds, flat, width, height) {
   const cy = Math.cos(camera.yaw), sy = Math.sin(camera.yaw);
   const cp = Math.cos(camera.pitch), sp = Math.sin(camera.pitch);
   const centre = [0, 1, 2].map(a => (bounds.low[a] + bounds.high[a]) / 2);
   const size = [0, 1, 2].map(a => bounds.high[a] - bounds.low[a]);
   const radius = Math.hypot(...size) / 2 || 1;
   const fit = flat ? 0.8 * Math.min(width / (size[0] || 1), height / (size[1] || size[0] || 1))
      : 0.41 * Math.min(width, height * 1.1) / radius;
   const least = Math.min(width, height), distance = radius * (flat ? 4000 : 4);
   const toward = [cp * sy, -cp * cy, sp];
   return {
      right: [cy, sy, 0], up: [-sp * sy, sp * cy, cp], toward, centre, distance,
      eye: centre.map((c, a) => c + distance * toward[a]),
      k: fit * camera.zoom * distance,
      x: width / 2 + camera.panX * least, y: height / 2 + camera.panY * least,
   };
}

// The place of a point: x, y, and one over its distance.
function project(lens, p) {
   const x = p[0] - lens.centre[0], y = p[1] - lens.centre[1], z = p[2] - lens.centre[2];
   const { right, up, toward } = lens;
   const f = 1 / (lens.distance - (x * toward[0] + y * toward[1] + z * toward[2]));
   return [
      lens.x + lens.k * f * (x * right[0] + y * right[1] + z * right[2]),
      lens.y - lens.k * f * (x * up[0] + y * up[1] + z * up[2]), f,
   ];
}

// Light from above, left and behind the viewer, by the cosine of a surface.
const LIGHT = [-0.35, 0.55, 0.76];
function lightOf(lens, nx, ny, nz) {
   const { right, up, toward } = lens;
   const c = LIGHT[0] * (nx * right[0] + ny * right[1] + nz * right[2])
      + LIGHT[1] * (nx * up[0] + ny * up[1] + nz * up[2])
      + LIGHT[2] * (nx * toward[0] + ny * toward[1] + nz * toward[2]);
   return 0.6 + 0.46 * Math.max(0, c);
}

// ---- what is drawn ---------------------------------------------------------------------------

// The corners of the six faces of a cube, a corner's bits being x, y, z; and the axis and side.
const FACES = [
   [0, 2, 6, 4, 0, 0], [1, 3, 7, 5, 0, 1], [0, 1, 5, 4, 1, 0], [2, 3, 7, 6, 1, 1],
   [0, 1, 3, 2, 2, 0], [4, 5, 7, 6, 2, 1],
];

function drawVoxels(r, lens, layer, shown) {
   const at = layer.at, rgb = shown.rgb, flat = layer.dimension < 3;
   const { right, up, toward, centre, eye, distance, k } = lens;
   const cx = new Float64Array(8), cy = new Float64Array(8), cz = new Float64Array(8);
   const ox = [], oy = [], oz = [];
   for (let c = 0; c < 8; c++) {
      const p = [c & 1, c >> 1 & 1, flat ? 0 : c >> 2];
      ox[c] = p[0] * right[0] + p[1] * right[1] + p[2] * right[2];
      oy[c] = p[0] * up[0] + p[1] * up[1] + p[2] * up[2];
      oz[c] = p[0] * toward[0] + p[1] * toward[1] + p[2] * toward[2];
   }
   const light = FACES.map(f => flat ? 1
      : lightOf(lens, ...[0, 1, 2].map(a => a === f[4] ? 2 * f[5] - 1 : 0)));
   // cubes have darker rims where they are large enough, all of them alike
   const typical = k / distance, rim = 1 - 0.22 * Math.min(1, (typical - 6) / 12);
   for (let j = 0; j < shown.count; j++) {
      const i = shown.rows[j], mask = shown.mask[j];
      const px = at[3 * i], py = at[3 * i + 1], pz = at[3 * i + 2];
      const red = rgb[3 * i], green = rgb[3 * i + 1], blue = rgb[3 * i + 2];
      const x = px - centre[0], y = py - centre[1], z = pz - centre[2];
      const bx = x * right[0] + y * right[1] + z * right[2];
      const by = x * up[0] + y * up[1] + z * up[2];
      const bz = distance - (x * toward[0] + y * toward[1] + z * toward[2]);
      const size = k / bz;
      if (size < 1.6) {
         X[0] = X[3] = Math.round(lens.x + size * bx);
         Y[0] = Y[1] = Math.round(lens.y - size * by);
         X[1] = X[2] = X[0] + Math.max(1, Math.ceil(size));
         Y[2] = Y[3] = Y[0] + Math.max(1, Math.ceil(size));
         Z[0] = Z[1] = Z[2] = Z[3] = 1 / bz;
         fillPolygon(r, 4, pack(red, green, blue, 0.9), i + 1);
         continue;
      }
      for (let c = 0; c < 8; c++) {
         const f = 1 / (bz - oz[c]);
         cx[c] = lens.x + k * f * (bx + ox[c]);
         cy[c] = lens.y - k * f * (by + oy[c]);
         cz[c] = f;
      }
      for (let n = flat ? 5 : 0; n < 6; n++) {
         const face = FACES[n], a = face[4], low = a === 0 ? px : a === 1 ? py : pz;
         if (!(mask >> n & 1) || (!flat && (face[5] ? eye[a] <= low + 1 : eye[a] >= low))) continue;
         let mx = 0, my = 0, mz = 0;
         for (let c = 0; c < 4; c++) {
            const corner = face[c];
            X[c] = cx[corner];
            Y[c] = cy[corner];
            Z[c] = cz[corner];
            mx += X[c] / 4;
            my += Y[c] / 4;
            mz += Z[c] / 4;
         }
         if (rim < 1) {
            // the face once in the colour of its rim, then a smaller one just before it
            fillPolygon(r, 4, pack(red, green, blue, light[n] * rim), i + 1);
            const t = 1 - Math.min(0.2, 1.4 / size);
            for (let c = 0; c < 4; c++) {
               X[c] = mx + t * (X[c] - mx);
               Y[c] = my + t * (Y[c] - my);
               Z[c] = (mz + t * (Z[c] - mz)) * 1.00002;
            }
         }
         fillPolygon(r, 4, pack(red, green, blue, light[n]), i + 1);
      }
   }
}

function drawPoints(r, lens, layer, shown, radius) {
   const at = layer.at, rgb = shown.rgb, p = [0, 0, 0];
   for (let j = 0; j < shown.count; j++) {
      const i = shown.rows[j];
      p[0] = at[3 * i];
      p[1] = at[3 * i + 1];
      p[2] = at[3 * i + 2];
      const s = project(lens, p);
      // farther ones a little smaller and paler
      const near = s[2] * lens.distance;
      const red = rgb[3 * i], green = rgb[3 * i + 1], blue = rgb[3 * i + 2];
      fillDisc(r, s[0], s[1], s[2], radius * near, pack(red, green, blue, 1),
         pack(red, green, blue, 0.72), i + 1);
   }
}

function drawMesh(r, lens, layer, shown) {
   const { at, faces, normals } = layer, rgb = shown.rgb, n = at.length / 3;
   const sx = new Float32Array(n), sy = new Float32Array(n), sz = new Float32Array(n);
   const p = [0, 0, 0];
   for (let i = 0; i < n; i++) {
      p[0] = at[3 * i];
      p[1] = at[3 * i + 1];
      p[2] = at[3 * i + 2];
      const s = project(lens, p);
      sx[i] = s[0];
      sy[i] = s[1];
      sz[i] = s[2];
   }
   for (let t = 0; t < faces.length / 3; t++) {
      let red = 0, green = 0, blue = 0;
      for (let c = 0; c < 3; c++) {
         const v = faces[3 * t + c];
         X[c] = sx[v];
         Y[c] = sy[v];
         Z[c] = sz[v];
         red += rgb[3 * v] / 3;
         green += rgb[3 * v + 1] / 3;
         blue += rgb[3 * v + 2] / 3;
      }
      // a surface has two sides: the normal is turned to the viewer
      const turn = (X[1] - X[0]) * (Y[2] - Y[0]) - (X[2] - X[0]) * (Y[1] - Y[0]) < 0 ? 1 : -1;
      const light = lightOf(lens, turn * normals[3 * t], turn * normals[3 * t + 1],
         turn * normals[3 * t + 2]);
      fillPolygon(r, 3, pack(red, green, blue, light), t + 1);
   }
}
]=]
