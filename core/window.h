/* window.h - the windows of a relation that see one site
 *
 * For each axis the taps whose output coordinate is whole, within the grid and within the
 * keys' range are listed once; every combination of them is then a window and a tap.
 */
#ifndef LAC_WINDOW_H
#define LAC_WINDOW_H

#include "geometry.h"

enum { LAC_MOST_PER_AXIS = 256 }; /* windows that may see one site along an axis */

typedef struct lac_axis {
    int32_t count;
    int32_t tap[LAC_MOST_PER_AXIS];
    int32_t coarse[LAC_MOST_PER_AXIS];
    lac_key part[LAC_MOST_PER_AXIS];
} lac_axis;

typedef struct lac_windows {
    const lac_relation *relation;
    const int64_t *size; /* of the output grid, 0: unbounded */
    int32_t dimension, bits;
    lac_axis axes[LAC_MAX_DIMENSION];

    /* where the walk is: positions in the axes' lists, and what they add up to */
    int32_t at[LAC_MAX_DIMENSION];
    lac_key key[LAC_MAX_DIMENSION + 1];
    int64_t tap[LAC_MAX_DIMENSION + 1];
    int32_t depth;
} lac_windows;

/* Begins the walk over the windows that see `fine` (batch, then coordinates). */
static inline void lac_windows_begin(lac_windows *w, const int32_t *fine) {
    const lac_relation *r = w->relation;
    const int64_t half = (int64_t)1 << (w->bits - 1);
    for (int a = 0; a < w->dimension; a++) {
        lac_axis *axis = &w->axes[a];
        const int64_t stride = r->stride[a], high = w->size[a] ? w->size[a] : half;
        const int64_t low = w->size[a] ? 0 : -half;
        int64_t v = (int64_t)fine[1 + a] + r->pad[a];
        axis->count = 0;
        for (int32_t t = 0; t < r->kernel[a]; t++, v -= r->dilation[a]) {
            if (stride > 1 && v % stride) continue;
            const int64_t c = stride > 1 ? v / stride : v;
            if (c < low || c >= high || c < -half || c >= half) continue;
            axis->tap[axis->count] = t;
            axis->coarse[axis->count] = (int32_t)c;
            axis->part[axis->count++] = lac_key_axis(w->dimension, (uint32_t)(c + half))
                                        << (w->dimension - 1 - a);
        }
    }
    w->key[0] = (lac_key)fine[0] << (w->bits * w->dimension);
    w->tap[0] = 0;
    w->depth = 0;
    w->at[0] = 0;
}

/* Steps to the next window, taps ascending; its key and tap are then key[dimension] and
 * tap[dimension].  0 at the end. */
static inline int lac_windows_next(lac_windows *w) {
    int a = w->depth;
    for (;;) {
        const lac_axis *axis = &w->axes[a];
        const int32_t i = w->at[a]++;
        if (i >= axis->count) {
            if (a-- == 0) return 0;
            continue;
        }
        w->key[a + 1] = w->key[a] | axis->part[i];
        w->tap[a + 1] = w->tap[a] * w->relation->kernel[a] + axis->tap[i];
        if (++a == w->dimension) {
            w->depth = a - 1;
            return 1;
        }
        w->at[a] = 0;
    }
}

#endif
