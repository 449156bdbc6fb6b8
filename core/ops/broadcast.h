/* broadcast.h - two shapes walked as one, NumPy's way: aligned at the last axis, 1
 * stretches */
#ifndef LAC_BROADCAST_H
#define LAC_BROADCAST_H

#include "../tensor.h"

/* Axes from the innermost on, at least two; those of size 1 are left out and neighbours
 * that both operands walk alike are one.  A step of 0 repeats. */
typedef struct lac_walk {
    int ndim;
    int64_t size[LAC_MAX_NDIM + 2], a[LAC_MAX_NDIM + 2], b[LAC_MAX_NDIM + 2];
} lac_walk;

/* The size of t's axis when it is seen with `ndim` of them. */
static inline int64_t lac_aligned_size(const lac_tensor *t, int axis, int ndim) {
    const int own = axis - (ndim - t->ndim);
    return own < 0 ? 1 : t->shape[own];
}

/* Over the elements of y, to whose shape a and b broadcast. */
static inline lac_walk lac_walk_over(const lac_tensor *y, const lac_tensor *a,
                                     const lac_tensor *b) {
    lac_walk w = {0, {0}, {0}, {0}};
    int64_t a_step = 1, b_step = 1;
    for (int axis = y->ndim - 1; axis >= 0; axis--) {
        const int64_t size = y->shape[axis];
        const int64_t a_size = lac_aligned_size(a, axis, y->ndim);
        const int64_t b_size = lac_aligned_size(b, axis, y->ndim);
        const int64_t at_a = a_size == 1 ? 0 : a_step, at_b = b_size == 1 ? 0 : b_step;
        const int last = w.ndim - 1;
        a_step *= a_size;
        b_step *= b_size;
        if (size == 1) continue;
        if (last >= 0 && at_a == w.a[last] * w.size[last] &&
            at_b == w.b[last] * w.size[last]) {
            w.size[last] *= size;
            continue;
        }
        w.size[w.ndim] = size;
        w.a[w.ndim] = at_a;
        w.b[w.ndim] = at_b;
        w.ndim++;
    }
    for (; w.ndim < 2; w.ndim++) w.size[w.ndim] = 1;
    return w;
}

/* That `part` stretches to the shape of `whole`. */
static inline int lac_check_stretches(const char *op, const char *part_name,
                                      const lac_tensor *part, const char *whole_name,
                                      const lac_tensor *whole) {
    char a[128], b[128];
    int fits = part->ndim <= whole->ndim;
    for (int axis = 0; fits && axis < whole->ndim; axis++) {
        const int64_t size = lac_aligned_size(part, axis, whole->ndim);
        fits = size == 1 || size == whole->shape[axis];
    }
    if (fits) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT,
                    "%s: %s is %s, expected one that broadcasts to %s, %s", op, part_name,
                    lac_shape_text(a, sizeof a, part), whole_name,
                    lac_shape_text(b, sizeof b, whole));
}

#endif
