--- The box around what a page shows, in JavaScript: edges, grids and scales.
-- @module lacuna.view.axes
return [=[
// ---- the box and its scales ------------------------------------------------------------------

function ticksOf(layer, axis) {
   const low = layer.bounds.low[axis], high = layer.bounds.high[axis], span = high - low;
   if (!(span > 0)) return [];
   let step = 10 ** Math.floor(Math.log10(span / 4));
   for (const f of [2, 2.5, 2]) if (span / step > 6) step *= f;
   if (layer.kind === 'voxels') step = Math.max(1, Math.round(step));
   const out = [];
   for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k++) {
      out.push(Math.abs(k * step) < 1e-12 * span ? 0 : k * step);
   }
   return out;
}

function say(v) {
   if (!isFinite(v)) return String(v);
   return String(+v.toPrecision(5));
}

const corner = (bounds, a, s, b, t, c, u) => {
   const p = [0, 0, 0];
   p[a] = s ? bounds.high[a] : bounds.low[a];
   p[b] = t ? bounds.high[b] : bounds.low[b];
   p[c] = u;
   return p;
};

// Which of the six faces of the box look away from the viewer.
function backs(lens, bounds) {
   return [0, 1, 2].map(a => [lens.eye[a] >= bounds.low[a], lens.eye[a] <= bounds.high[a]]);
}

function line(g, lens, p, q) {
   const a = project(lens, p), b = project(lens, q);
   g.moveTo(a[0], a[1]);
   g.lineTo(b[0], b[1]);
}

function drawBack(g, lens, layer, axes) {
   const bounds = layer.bounds, away = backs(lens, bounds);
   for (let a = 0; a < 3; a++) {
      for (let s = 0; s < 2; s++) {
         if (!away[a][s] || (away[a][0] && away[a][1] && a < 2 && axes < 3)) continue;
         const b = (a + 1) % 3, c = (a + 2) % 3;
         g.beginPath();
         [[0, 0], [1, 0], [1, 1], [0, 1]].forEach(([t, u]) => {
            const end = u ? bounds.high[c] : bounds.low[c];
            const p = project(lens, corner(bounds, a, s, b, t, c, end));
            g.lineTo(p[0], p[1]);
         });
         g.closePath();
         g.fillStyle = '#fafbfd';
         g.fill();
         g.strokeStyle = '#e2e6ec';
         g.lineWidth = 1;
         g.beginPath();
         for (const [d, e] of [[b, c], [c, b]]) {
            for (const v of ticksOf(layer, d)) {
               line(g, lens, corner(bounds, a, s, e, 0, d, v), corner(bounds, a, s, e, 1, d, v));
            }
         }
         g.stroke();
      }
   }
   drawEdges(g, lens, bounds, away, true);
}

function drawEdges(g, lens, bounds, away, behind) {
   g.strokeStyle = behind ? '#aeb7c2' : 'rgba(110, 120, 132, 0.55)';
   g.lineWidth = 1;
   g.beginPath();
   for (let a = 0; a < 3; a++) {
      const b = (a + 1) % 3, c = (a + 2) % 3;
      for (let s = 0; s < 2; s++) {
         for (let t = 0; t < 2; t++) {
            if ((away[b][s] && away[c][t]) !== behind) continue;
            line(g, lens, corner(bounds, b, s, c, t, a, bounds.low[a]),
               corner(bounds, b, s, c, t, a, bounds.high[a]));
         }
      }
   }
   g.stroke();
}

function drawScales(g, lens, layer, axes) {
   const bounds = layer.bounds, away = backs(lens, bounds), middle = project(lens, lens.centre);
   drawEdges(g, lens, bounds, away, false);
   g.font = '11px system-ui, sans-serif';
   g.textAlign = 'center';
   g.textBaseline = 'middle';
   for (let a = 0; a < Math.min(axes, 3); a++) {
      const b = (a + 1) % 3, c = (a + 2) % 3;
      let best = null;
      for (let s = 0; s < 2; s++) {
         for (let t = 0; t < 2; t++) {
            // an edge of the outline: one of its faces is seen
            if (away[b][s] === away[c][t] && axes === 3) continue;
            const p = project(lens, corner(bounds, b, s, c, t, a,
               (bounds.low[a] + bounds.high[a]) / 2));
            const score = a === 2 || (axes < 3 && a === 1) ? -p[0] : p[1];
            if (!best || score > best.score) best = { s, t, p, score };
         }
      }
      if (!best) continue;
      const from = project(lens, corner(bounds, b, best.s, c, best.t, a, bounds.low[a]));
      const to = project(lens, corner(bounds, b, best.s, c, best.t, a, bounds.high[a]));
      const along = Math.hypot(to[0] - from[0], to[1] - from[1]);
      // away from the middle, at a right angle to the edge
      let nx = -(to[1] - from[1]) / (along || 1), ny = (to[0] - from[0]) / (along || 1);
      if (nx * (best.p[0] - middle[0]) + ny * (best.p[1] - middle[1]) < 0) [nx, ny] = [-nx, -ny];
      const ticks = ticksOf(layer, a);
      g.fillStyle = '#5b6570';
      for (const v of ticks) {
         if (along < 22 * ticks.length && v !== ticks[0] && v !== ticks[ticks.length - 1]) continue;
         const p = project(lens, corner(bounds, b, best.s, c, best.t, a, v));
         g.fillText(say(v), p[0] + 14 * nx, p[1] + 13 * ny);
      }
      g.fillStyle = '#2b333b';
      g.fillText('xyz'[a], best.p[0] + 34 * nx, best.p[1] + 30 * ny);
   }
}
]=]
