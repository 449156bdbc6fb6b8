/* binary.cu - y = f(a, b) with broadcasting, and what belongs to it: expand, sum_to,
 * where; a thread handles an element of y
 */
#include "../../core/formula.h"
#include "broadcast.cuh"
#include "reduce.cuh"

namespace {

#define BODY(op, value) \
    struct op##_body { \
        float *y; \
        const float *from[2]; \
        lac_broadcast<2> shape; \
        __device__ void operator()(int64_t i) const { \
            int64_t at[2]; \
            lac_broadcast_find(at, shape, i); \
            const float a = from[0][at[0]], b = from[1][at[1]]; \
            y[i] = value; \
        } \
    };

LAC_BINARY_LIST(BODY)

struct expand_body {
    float *y;
    const float *x;
    lac_broadcast<1> shape;
    __device__ void operator()(int64_t i) const {
        int64_t at[1];
        lac_broadcast_find(at, shape, i);
        y[i] = x[at[0]];
    }
};

struct where_body {
    float *y;
    const float *mask, *a, *b;
    __device__ void operator()(int64_t i) const { y[i] = mask[i] != 0.0f ? a[i] : b[i]; }
};

template <class Body>
int binary(const char *op, lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {
    const lac_tensor *const operands[] = {a, b};
    const Body body = {
        lac_f32(y), {lac_f32(a), lac_f32(b)}, lac_broadcast_to<2>(y, operands)};
    return lac_cuda_each(op, y, y->count, body);
}

} // namespace

#define OP(op, value) \
    int lac_cuda_##op(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) { \
        return binary<op##_body>(#op, y, a, b); \
    }

LAC_BINARY_LIST(OP)

/* y[i] = the element of x that broadcasting puts there */
int lac_cuda_expand(lac_tensor *y, const lac_tensor *x) {
    const expand_body body = {lac_f32(y), lac_f32(x), lac_broadcast_to<1>(y, &x)};
    return lac_cuda_each("expand", y, y->count, body);
}

/* y[i] = a[i] where the mask is not 0, else b[i] */
int lac_cuda_where(lac_tensor *y, const lac_tensor *mask, const lac_tensor *a,
                   const lac_tensor *b) {
    const where_body body = {lac_f32(y), lac_f32(mask), lac_f32(a), lac_f32(b)};
    return lac_cuda_each("where", y, y->count, body);
}

/* ---- sum_to ------------------------------------------------------------------------ */

namespace {

/* For stretches of summed axes with kept ones between them, which are rare. */
struct sum_body {
    float *y;
    const float *x;
    lac_broadcast<1> kept, summed; /* axes of x */
    int64_t terms;

    __device__ void operator()(int64_t i) const {
        double sum = 0;
        int64_t first, next;
        lac_broadcast_find(&first, kept, i);
        for (int64_t t = 0; t < terms; t++) {
            lac_broadcast_find(&next, summed, t);
            sum += (double)x[first + next];
        }
        y[i] = (float)sum;
    }
};

/* The axes of x in which y steps, or those in which it stands. */
lac_broadcast<1> axes_where(const lac_broadcast<1> &all, bool steps) {
    lac_broadcast<1> some;
    int64_t step = 1;
    some.axes = 0;
    for (int d = 0; d < all.axes; d++)
        if ((all.step[0][d] != 0) == steps) some.size[some.axes++] = all.size[d];
    for (int d = all.axes - 1, k = some.axes; d >= 0; step *= all.size[d--])
        if ((all.step[0][d] != 0) == steps) some.step[0][--k] = step;
    return some;
}

} // namespace

/* y is x summed over the axes in which y has 1 or nothing; one such stretch of axes, the
 * usual case, is a reduction over a middle. */
int lac_cuda_sum_to(lac_tensor *y, const lac_tensor *x) {
    const lac_tensor *const part = y;
    const lac_broadcast<1> all = lac_broadcast_to<1>(x, &part);
    const lac_sum_reader reader = {lac_f32(y), lac_f32(x)};
    const lac_broadcast<1> kept = axes_where(all, true), summed = axes_where(all, false);
    int64_t outer = 1, terms = 1;
    if (x->count == 0) return lac_cuda_fill(y, 0);
    for (int k = 0; k < summed.axes; k++) terms *= summed.size[k];
    if (summed.axes > 1) {
        const sum_body body = {lac_f32(y), lac_f32(x), kept, summed, terms};
        return lac_cuda_each("sum_to", y, y->count, body);
    }
    for (int d = 0; d < all.axes && all.step[0][d] != 0; d++) outer *= all.size[d];
    return lac_reduce("sum_to", y, reader, {NULL, outer, terms, y->count / outer});
}
