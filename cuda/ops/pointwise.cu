/* pointwise.cu - y[i] = f(x[i]), a thread an element; the formulas are in formula.h */
#include "../../core/formula.h"
#include "../cuda.cuh"

namespace {

struct span {
    float *y;
    const float *x, *dy, *f; /* f is what the forward formula gave */
    float a, b;
};

#define BODIES(op, value, slope) \
    struct op##_value { \
        span s; \
        __device__ void operator()(int64_t i) const { \
            const float x = s.x[i], a = s.a, b = s.b; \
            (void)a, (void)b; \
            s.y[i] = value; \
        } \
    }; \
    struct op##_slope { \
        span s; \
        __device__ void operator()(int64_t i) const { \
            const float x = s.x[i], y = s.f[i], a = s.a, b = s.b; \
            (void)x, (void)y, (void)a, (void)b; \
            s.y[i] = s.dy[i] * (slope); \
        } \
    };

LAC_UNARY_LIST(BODIES, BODIES, BODIES)

struct affine_value {
    span s;
    __device__ void operator()(int64_t i) const { s.y[i] = s.x[i] * s.a + s.b; }
};

struct sign_value {
    span s;
    __device__ void operator()(int64_t i) const {
        s.y[i] = (float)((s.x[i] > 0) - (s.x[i] < 0));
    }
};

template <class Body>
int forward(const char *op, lac_tensor *y, const lac_tensor *x, double a, double b) {
    const Body body = {{lac_f32(y), lac_f32(x), NULL, NULL, (float)a, (float)b}};
    return lac_cuda_each(op, y, y->count, body);
}

template <class Body>
int backward(const char *op, lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x,
             const lac_tensor *y, double a, double b) {
    const Body body = {
        {lac_f32(dx), lac_f32(x), lac_f32(dy), lac_f32(y), (float)a, (float)b}};
    return lac_cuda_each(op, dx, dx->count, body);
}

} // namespace

#define ZERO(op, value, slope) \
    int lac_cuda_##op(lac_tensor *y, const lac_tensor *x) { \
        return forward<op##_value>(#op, y, x, 0, 0); \
    } \
    int lac_cuda_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                             const lac_tensor *y) { \
        return backward<op##_slope>(#op "_grad", dx, dy, x, y, 0, 0); \
    }

#define ONE(op, value, slope) \
    int lac_cuda_##op(lac_tensor *y, const lac_tensor *x, double p) { \
        return forward<op##_value>(#op, y, x, p, 0); \
    } \
    int lac_cuda_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                             const lac_tensor *y, double p) { \
        return backward<op##_slope>(#op "_grad", dx, dy, x, y, p, 0); \
    }

#define TWO(op, value, slope) \
    int lac_cuda_##op(lac_tensor *y, const lac_tensor *x, double p, double q) { \
        return forward<op##_value>(#op, y, x, p, q); \
    } \
    int lac_cuda_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                             const lac_tensor *y, double p, double q) { \
        return backward<op##_slope>(#op "_grad", dx, dy, x, y, p, q); \
    }

LAC_UNARY_LIST(ZERO, ONE, TWO)

/* y[i] = scale * x[i] + shift */
int lac_cuda_affine(lac_tensor *y, const lac_tensor *x, double scale, double shift) {
    return forward<affine_value>("affine", y, x, scale, shift);
}

int lac_cuda_sign(lac_tensor *y, const lac_tensor *x) {
    return forward<sign_value>("sign", y, x, 0, 0);
}
