/* pointwise.c - y[i] = f(x[i]), the formulas being in formula.h */
#include "../formula.h"
#include "../ops.h"
#include "../threads.h"

enum { GRAIN = 16384 };

typedef struct span {
    float *y;
    const float *x, *dy, *f; /* f is what the forward formula gave */
    float a, b;
} span;

static int check_forward(const char *op, const lac_tensor *y, const lac_tensor *x) {
    return lac_check_same_shape(op, "y", y, x);
}

static int check_backward(const char *op, const lac_tensor *dx, const lac_tensor *dy,
                          const lac_tensor *x, const lac_tensor *y) {
    LAC_TRY(lac_check_same_shape(op, "dx", dx, x));
    LAC_TRY(lac_check_same_shape(op, "dy", dy, x));
    return lac_check_same_shape(op, "y", y, x);
}

#define LOOPS(op, value, slope) \
    static void op##_values(const void *context, int64_t first, int64_t end) { \
        const span *s = context; \
        const float a = s->a, b = s->b; \
        (void)a, (void)b; \
        for (int64_t i = first; i < end; i++) { \
            const float x = s->x[i]; \
            s->y[i] = value; \
        } \
    } \
    static void op##_slopes(const void *context, int64_t first, int64_t end) { \
        const span *s = context; \
        const float a = s->a, b = s->b; \
        (void)a, (void)b; \
        for (int64_t i = first; i < end; i++) { \
            const float x = s->x[i], y = s->f[i]; \
            (void)x, (void)y; \
            s->y[i] = s->dy[i] * (slope); \
        } \
    }

#define FORWARD(op, ...) \
    const span s = {.y = lac_f32(y), .x = lac_f32(x), __VA_ARGS__}; \
    return lac_parallel_range(y->count, GRAIN, op##_values, &s)
#define BACKWARD(op, ...) \
    const span s = {.y = lac_f32(dx), \
                    .x = lac_f32(x), \
                    .dy = lac_f32(dy), \
                    .f = lac_f32(y), \
                    __VA_ARGS__}; \
    return lac_parallel_range(dx->count, GRAIN, op##_slopes, &s)

#define ZERO(op, value, slope) \
    LOOPS(op, value, slope) \
    int lac_check_##op(lac_tensor *y, const lac_tensor *x) { \
        return check_forward(#op, y, x); \
    } \
    int lac_check_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                              const lac_tensor *y) { \
        return check_backward(#op "_grad", dx, dy, x, y); \
    } \
    int lac_cpu_##op(lac_tensor *y, const lac_tensor *x) { FORWARD(op, .a = 0); } \
    int lac_cpu_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                            const lac_tensor *y) { \
        BACKWARD(op, .a = 0); \
    }

#define ONE(op, value, slope) \
    LOOPS(op, value, slope) \
    int lac_check_##op(lac_tensor *y, const lac_tensor *x, double p) { \
        (void)p; \
        return check_forward(#op, y, x); \
    } \
    int lac_check_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                              const lac_tensor *y, double p) { \
        (void)p; \
        return check_backward(#op "_grad", dx, dy, x, y); \
    } \
    int lac_cpu_##op(lac_tensor *y, const lac_tensor *x, double p) { \
        FORWARD(op, .a = (float)p); \
    } \
    int lac_cpu_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                            const lac_tensor *y, double p) { \
        BACKWARD(op, .a = (float)p); \
    }

#define TWO(op, value, slope) \
    LOOPS(op, value, slope) \
    int lac_check_##op(lac_tensor *y, const lac_tensor *x, double p, double q) { \
        if (p > q) \
            return lac_fail(LAC_E_ARGUMENT, \
                            #op ": low is %g, expected at most high, %g", p, q); \
        return check_forward(#op, y, x); \
    } \
    int lac_check_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                              const lac_tensor *y, double p, double q) { \
        (void)p, (void)q; \
        return check_backward(#op "_grad", dx, dy, x, y); \
    } \
    int lac_cpu_##op(lac_tensor *y, const lac_tensor *x, double p, double q) { \
        FORWARD(op, .a = (float)p, .b = (float)q); \
    } \
    int lac_cpu_##op##_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *x, \
                            const lac_tensor *y, double p, double q) { \
        BACKWARD(op, .a = (float)p, .b = (float)q); \
    }

LAC_UNARY_LIST(ZERO, ONE, TWO)

static void affine_values(const void *context, int64_t first, int64_t end) {
    const span *s = context;
    for (int64_t i = first; i < end; i++) s->y[i] = s->x[i] * s->a + s->b;
}

/* y[i] = scale * x[i] + shift */
int lac_check_affine(lac_tensor *y, const lac_tensor *x, double scale, double shift) {
    (void)scale, (void)shift;
    return check_forward("affine", y, x);
}
int lac_cpu_affine(lac_tensor *y, const lac_tensor *x, double scale, double shift) {
    FORWARD(affine, .a = (float)scale, .b = (float)shift);
}

static void sign_values(const void *context, int64_t first, int64_t end) {
    const span *s = context;
    for (int64_t i = first; i < end; i++)
        s->y[i] = (float)((s->x[i] > 0) - (s->x[i] < 0));
}

int lac_check_sign(lac_tensor *y, const lac_tensor *x) {
    return check_forward("sign", y, x);
}
int lac_cpu_sign(lac_tensor *y, const lac_tensor *x) { FORWARD(sign, .a = 0); }
