/* fill.cu - one value, another type, blocks of elements, and the optimisers' steps; a
 * thread handles an element
 */
#include "../cuda.cuh"

#include <math.h>

namespace {

template <class Y> struct fill_body {
    Y *y, value;
    __device__ void operator()(int64_t i) const { y[i] = value; }
};

template <class Y> int fill(lac_tensor *y, double value) {
    const fill_body<Y> body = {(Y *)y->data, (Y)value};
    return lac_cuda_each("fill", y, y->count, body);
}

/* ---- cast -------------------------------------------------------------------------- */

/* Floats lose their fraction, what is out of range becomes the nearest bound, nan 0. */
__device__ inline void convert(float *y, float x) { *y = x; }
__device__ inline void convert(float *y, int32_t x) { *y = (float)x; }
__device__ inline void convert(float *y, int64_t x) { *y = (float)x; }
__device__ inline void convert(float *y, uint8_t x) { *y = (float)x; }

__device__ inline void convert(int64_t *y, float x) {
    if (x != x)
        *y = 0;
    else if (x >= 9223372036854775808.0f)
        *y = INT64_MAX;
    else
        *y = x <= -9223372036854775808.0f ? INT64_MIN : (int64_t)x;
}
template <class X> __device__ inline void convert(int64_t *y, X x) { *y = x; }

__device__ inline int64_t between(int64_t low, int64_t x, int64_t high) {
    return x < low ? low : x > high ? high : x;
}
template <class X> __device__ inline int64_t widen(X x) {
    int64_t wide;
    convert(&wide, x);
    return wide;
}
template <class X> __device__ inline void convert(int32_t *y, X x) {
    *y = (int32_t)between(INT32_MIN, widen(x), INT32_MAX);
}
template <class X> __device__ inline void convert(uint8_t *y, X x) {
    *y = (uint8_t)between(0, widen(x), 255);
}

template <class Y, class X> struct cast_body {
    Y *y;
    const X *x;
    __device__ void operator()(int64_t i) const { convert(&y[i], x[i]); }
};

template <class Y, class X> int cast(lac_tensor *y, const lac_tensor *x) {
    const cast_body<Y, X> body = {(Y *)y->data, (const X *)x->data};
    return lac_cuda_each("cast", y, y->count, body);
}

template <class Y> int cast_to(lac_tensor *y, const lac_tensor *x) {
    if (x->dtype == LAC_I32) return cast<Y, int32_t>(y, x);
    if (x->dtype == LAC_I64) return cast<Y, int64_t>(y, x);
    if (x->dtype == LAC_U8) return cast<Y, uint8_t>(y, x);
    return cast<Y, float>(y, x);
}

/* ---- blocks and steps -------------------------------------------------------------- */

template <class Y> struct blocks_body {
    Y *y;
    const Y *x;
    int64_t width, y_stride, x_stride;
    __device__ void operator()(int64_t i) const {
        int64_t inside;
        const int64_t block = lac_divide(i, width, &inside);
        y[block * y_stride + inside] = x[block * x_stride + inside];
    }
};

struct axpby_body {
    float *y;
    const float *x;
    float a, b;
    __device__ void operator()(int64_t i) const { y[i] = a * x[i] + b * y[i]; }
};

struct scale_body {
    float *y;
    const float *x;
    float a;
    __device__ void operator()(int64_t i) const { y[i] = a * x[i]; }
};

struct adam_body {
    float *w, *m, *v;
    const float *g;
    float keep_m, keep_v, new_m, new_v, scale_m, scale_v, rate, eps;
    __device__ void operator()(int64_t i) const {
        m[i] = keep_m * m[i] + new_m * g[i];
        v[i] = keep_v * v[i] + new_v * (g[i] * g[i]);
        w[i] -= rate * (m[i] * scale_m) / (sqrtf(v[i] * scale_v) + eps);
    }
};

} // namespace

int lac_cuda_fill(lac_tensor *y, double value) {
    if (y->dtype == LAC_I32) return fill<int32_t>(y, value);
    if (y->dtype == LAC_I64) return fill<int64_t>(y, value);
    if (y->dtype == LAC_U8) return fill<uint8_t>(y, value);
    return fill<float>(y, value);
}

/* y = x in y's type */
int lac_cuda_cast(lac_tensor *y, const lac_tensor *x) {
    if (y->dtype == LAC_I32) return cast_to<int32_t>(y, x);
    if (y->dtype == LAC_I64) return cast_to<int64_t>(y, x);
    if (y->dtype == LAC_U8) return cast_to<uint8_t>(y, x);
    return cast_to<float>(y, x);
}

template <class Y>
static int copy_blocks(lac_tensor *y, const lac_tensor *x, int64_t count, int64_t width,
                       int64_t y_start, int64_t y_stride, int64_t x_start,
                       int64_t x_stride) {
    const blocks_body<Y> body = {(Y *)y->data + y_start, (const Y *)x->data + x_start,
                                 width, y_stride, x_stride};
    return lac_cuda_each("copy_blocks", y, count * width, body);
}

/* For b < count: y[y_start + b y_stride + i] = x[x_start + b x_stride + i], i < width */
int lac_cuda_copy_blocks(lac_tensor *y, const lac_tensor *x, int64_t count, int64_t width,
                         int64_t y_start, int64_t y_stride, int64_t x_start,
                         int64_t x_stride) {
    const size_t size = lac_dtype_size(y->dtype);
    if (count == 0 || width == 0) return LAC_OK;
    return (size == 1   ? copy_blocks<uint8_t>
            : size == 4 ? copy_blocks<uint32_t>
                        : copy_blocks<uint64_t>)(y, x, count, width, y_start, y_stride,
                                                 x_start, x_stride);
}

/* y = a x + b y; what y held does not matter when b is 0 */
int lac_cuda_axpby(lac_tensor *y, const lac_tensor *x, double a, double b) {
    const axpby_body both = {lac_f32(y), lac_f32(x), (float)a, (float)b};
    const scale_body one = {lac_f32(y), lac_f32(x), (float)a};
    return b == 0 ? lac_cuda_each("axpby", y, y->count, one)
                  : lac_cuda_each("axpby", y, y->count, both);
}

/* The step of core/ops/fill.c. */
int lac_cuda_adam(lac_tensor *w, lac_tensor *m, lac_tensor *v, const lac_tensor *g,
                  double rate, double beta1, double beta2, double eps, int64_t step) {
    const double weights_m = 1 - pow(beta1, (double)step),
                 weights_v = 1 - pow(beta2, (double)step);
    const adam_body body = {lac_f32(w),
                            lac_f32(m),
                            lac_f32(v),
                            lac_f32(g),
                            (float)beta1,
                            (float)beta2,
                            (float)(1 - beta1),
                            (float)(1 - beta2),
                            (float)(1 / weights_m),
                            (float)(1 / weights_v),
                            (float)rate,
                            (float)eps};
    return lac_cuda_each("adam", w, w->count, body);
}
