/* binary.cu - y = f(a, b) with broadcasting, a thread an element of y */
#include "../../core/formula.h"
#include "broadcast.cuh"

namespace {

#define BODY(op, value)                                                                  \
    struct op##_body {                                                                   \
        float *y;                                                                        \
        const float *from[2];                                                            \
        lac_broadcast<2> shape;                                                          \
        __device__ void operator()(int64_t i) const {                                    \
            int64_t at[2];                                                               \
            lac_broadcast_find(at, shape, i);                                            \
            const float a = from[0][at[0]], b = from[1][at[1]];                          \
            y[i] = value;                                                                \
        }                                                                                \
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
    lac_broadcast<3> shape;
    __device__ void operator()(int64_t i) const {
        int64_t at[3];
        lac_broadcast_find(at, shape, i);
        y[i] = mask[at[0]] != 0.0f ? a[at[1]] : b[at[2]];
    }
};

template <class Body>
int binary(const char *op, lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {
    const lac_tensor *const operands[] = {a, b};
    const Body body = {lac_f32(y), {lac_f32(a), lac_f32(b)}, lac_broadcast_to<2>(y, operands)};
    return lac_cuda_each(op, y, y->count, body);
}

} // namespace

#define OP(op, value)                                                                    \
    int lac_cuda_##op(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {         \
        return binary<op##_body>(#op, y, a, b);                                          \
    }

LAC_BINARY_LIST(OP)

/* y[i] = the element of x that broadcasting puts there */
int lac_cuda_expand(lac_tensor *y, const lac_tensor *x) {
    const expand_body body = {lac_f32(y), lac_f32(x), lac_broadcast_to<1>(y, &x)};
    return lac_cuda_each("expand", y, y->count, body);
}

/* y[i] = a[i] where the mask is not 0, else b[i]; all three are broadcast */
int lac_cuda_where(lac_tensor *y, const lac_tensor *mask, const lac_tensor *a,
                   const lac_tensor *b) {
    const lac_tensor *const operands[] = {mask, a, b};
    const where_body body = {lac_f32(y), lac_f32(mask), lac_f32(a), lac_f32(b),
                             lac_broadcast_to<3>(y, operands)};
    return lac_cuda_each("where", y, y->count, body);
}
