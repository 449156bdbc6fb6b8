/* formula.h - pointwise formulas and their slopes, once for host and device
 *
 * LAC_UNARY0(name, value, slope): value in terms of x, slope in terms of x and y;
 * LAC_UNARY1 has a parameter a, LAC_UNARY2 a and b.  The parameters arrive as floats.
 */
#ifndef LAC_FORMULA_H
#define LAC_FORMULA_H

#include <math.h>

#define LAC_UNARY_LIST(ZERO, ONE, TWO) \
    ZERO(exp, expf(x), y) \
    ZERO(log, logf(x), 1.0f / x) \
    ZERO(sqrt, sqrtf(x), 0.5f / y) \
    ZERO(abs, fabsf(x), (float)((x > 0.0f) - (x < 0.0f))) \
    ZERO(square, x *x, 2.0f * x) \
    ZERO(sigmoid, lac_value_sigmoid(x), y *(1.0f - y)) \
    ZERO(tanh, tanhf(x), 1.0f - y * y) \
    ZERO(softplus, lac_value_softplus(x), lac_value_sigmoid(x)) \
    ZERO(relu, lac_value_relu(x), (float)(x > 0.0f)) \
    ONE(leaky_relu, x > 0.0f ? x : a * x, x > 0.0f ? 1.0f : a) \
    ONE(elu, x > 0.0f ? x : a * expm1f(x), x > 0.0f ? 1.0f : y + a) \
    ONE(pow, powf(x, a), a == 0.0f ? 0.0f : a * powf(x, a - 1.0f)) \
    TWO(clamp, x<a ? a : x> b ? b : x, (float)(x >= a && x <= b))

#define LAC_BINARY_LIST(OP) \
    OP(add, a + b) \
    OP(sub, a - b) \
    OP(mul, a *b) \
    OP(div, a / b) \
    OP(maximum, a >= b || a != a ? a : b) \
    OP(minimum, a <= b || a != a ? a : b) \
    OP(lt, (float)(a < b)) \
    OP(le, (float)(a <= b)) \
    OP(gt, (float)(a > b)) \
    OP(ge, (float)(a >= b)) \
    OP(eq, (float)(a == b)) \
    OP(ne, (float)(a != b))

#ifdef __CUDACC__
#define LAC_BOTH static __host__ __device__ inline
#else
#define LAC_BOTH static inline
#endif

/* A nan stays one, as everywhere. */
LAC_BOTH float lac_value_relu(float x) { return x > 0.0f || x != x ? x : 0.0f; }
LAC_BOTH float lac_value_sigmoid(float x) {
    const float e = expf(-fabsf(x));
    return x >= 0.0f ? 1.0f / (1.0f + e) : e / (1.0f + e);
}
LAC_BOTH float lac_value_softplus(float x) {
    return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)));
}

#endif
