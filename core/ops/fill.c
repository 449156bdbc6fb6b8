/* fill.c - one value, another type, blocks of elements, and the optimisers' steps */
#include "../ops.h"
#include "../threads.h"
#include "columns.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 16384, SHORT = 8 };

/* ---- fill ------------------------------------------------------------------------ */

typedef struct filling {
    void *y;
    union {
        float f32;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
    } value;
} filling;

int lac_check_fill(lac_tensor *y, double value) {
    static const double low[] = {0, INT32_MIN, -9223372036854775808.0, 0};
    static const double end[] = {0, 2147483648.0, 9223372036854775808.0, 256};
    if (y->dtype == LAC_F32 ||
        (value >= low[y->dtype] && value < end[y->dtype] && floor(value) == value))
        return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "fill: value is %.17g, expected one that %s can hold",
                    value, lac_dtype_name(y->dtype));
}

#define FILL(type, field) \
    static void fill_##field(const void *context, int64_t first, int64_t end) { \
        const filling *f = context; \
        type *y = f->y; \
        const type value = f->value.field; \
        for (int64_t i = first; i < end; i++) y[i] = value; \
    }
FILL(float, f32)
FILL(int32_t, i32)
FILL(int64_t, i64)
FILL(uint8_t, u8)

int lac_cpu_fill(lac_tensor *y, double value) {
    static const lac_range_task tasks[] = {fill_f32, fill_i32, fill_i64, fill_u8};
    filling f = {.y = y->data};
    if (y->dtype == LAC_F32) f.value.f32 = (float)value;
    if (y->dtype == LAC_I32) f.value.i32 = (int32_t)value;
    if (y->dtype == LAC_I64) f.value.i64 = (int64_t)value;
    if (y->dtype == LAC_U8) f.value.u8 = (uint8_t)value;
    return lac_parallel_range(y->count, GRAIN, tasks[y->dtype], &f);
}

/* ---- cast ------------------------------------------------------------------------ */

typedef struct casting {
    void *y;
    const void *x;
} casting;

/* Float to integer: the fraction is cut off, what is out of range becomes the nearest
 * bound, nan becomes 0.  The value is brought into range before it is converted. */
static inline int32_t i32_of_f32(float v) {
    const float low = v > -2147483648.0f ? v : -2147483648.0f;
    const float most = 2147483520.0f; /* before 2^31 */
    const int32_t inside = (int32_t)(low < most ? low : most);
    const int32_t bounded = v >= 2147483648.0f ? INT32_MAX : inside;
    return v == v ? bounded : 0;
}
static inline int64_t i64_of_f32(float v) {
    const float low = v > -9223372036854775808.0f ? v : -9223372036854775808.0f;
    const float most = 9223371487098961920.0f; /* before 2^63 */
    const int64_t inside = (int64_t)(low < most ? low : most);
    const int64_t bounded = v >= 9223372036854775808.0f ? INT64_MAX : inside;
    return v == v ? bounded : 0;
}
static inline uint8_t u8_of_f32(float v) {
    const float low = v > 0.0f ? v : 0.0f;
    return (uint8_t)(int32_t)(low < 255.0f ? low : 255.0f);
}

/* Integer to a narrower one: the nearest bound. */
static inline int32_t i32_of_i64(int64_t v) {
    return v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : (int32_t)v;
}
static inline uint8_t u8_of_i64(int64_t v) {
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}
static inline uint8_t u8_of_i32(int32_t v) {
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

#define CAST(to, to_type, from, from_type, value) \
    static void to##_from_##from(const void *context, int64_t first, int64_t end) { \
        const casting *c = context; \
        to_type *y = c->y; \
        const from_type *x = c->x; \
        for (int64_t i = first; i < end; i++) { \
            const from_type v = x[i]; \
            y[i] = value; \
        } \
    }
CAST(f32, float, f32, float, v)
CAST(f32, float, i32, int32_t, (float)v)
CAST(f32, float, i64, int64_t, (float)v)
CAST(f32, float, u8, uint8_t, (float)v)
CAST(i32, int32_t, f32, float, i32_of_f32(v))
CAST(i32, int32_t, i32, int32_t, v)
CAST(i32, int32_t, i64, int64_t, i32_of_i64(v))
CAST(i32, int32_t, u8, uint8_t, v)
CAST(i64, int64_t, f32, float, i64_of_f32(v))
CAST(i64, int64_t, i32, int32_t, v)
CAST(i64, int64_t, i64, int64_t, v)
CAST(i64, int64_t, u8, uint8_t, v)
CAST(u8, uint8_t, f32, float, u8_of_f32(v))
CAST(u8, uint8_t, i32, int32_t, u8_of_i32(v))
CAST(u8, uint8_t, i64, int64_t, u8_of_i64(v))
CAST(u8, uint8_t, u8, uint8_t, v)

int lac_check_cast(lac_tensor *y, const lac_tensor *x) {
    return lac_check_same_shape("cast", "y", y, x);
}

/* y = x in y's type. */
int lac_cpu_cast(lac_tensor *y, const lac_tensor *x) {
    static const lac_range_task tasks[4][4] = {
        {f32_from_f32, f32_from_i32, f32_from_i64, f32_from_u8},
        {i32_from_f32, i32_from_i32, i32_from_i64, i32_from_u8},
        {i64_from_f32, i64_from_i32, i64_from_i64, i64_from_u8},
        {u8_from_f32, u8_from_i32, u8_from_i64, u8_from_u8},
    };
    const casting c = {y->data, x->data};
    return lac_parallel_range(y->count, GRAIN, tasks[y->dtype][x->dtype], &c);
}

/* ---- copy_blocks ----------------------------------------------------------------- */

typedef struct blocks {
    char *y;
    const char *x;
    int64_t width, y_start, y_stride, x_start, x_stride;
    int64_t size; /* of an element */
} blocks;

static int check_blocks(const char *what, const lac_tensor *t, int64_t count,
                        int64_t width, int64_t start, int64_t stride) {
    char text[128];
    int64_t last;
    if (!__builtin_mul_overflow(count - 1, stride, &last) &&
        !__builtin_add_overflow(last, start, &last) && start >= 0 && last >= 0 &&
        width <= t->count && start <= t->count - width && last <= t->count - width)
        return LAC_OK;
    return lac_fail(
        LAC_E_ARGUMENT,
        "copy_blocks: %s is %s, expected room for %lld blocks of %lld elements, the "
        "first at %lld, %lld apart",
        what, lac_shape_text(text, sizeof text, t), (long long)count, (long long)width,
        (long long)start, (long long)stride);
}

int lac_check_copy_blocks(lac_tensor *y, const lac_tensor *x, int64_t count,
                          int64_t width, int64_t y_start, int64_t y_stride,
                          int64_t x_start, int64_t x_stride) {
    if (y->dtype != x->dtype)
        return lac_fail(LAC_E_TYPE, "copy_blocks: x is %s, expected %s as y",
                        lac_dtype_name(x->dtype), lac_dtype_name(y->dtype));
    LAC_TRY(lac_check_range("copy_blocks", "blocks", count, 0, INT64_MAX));
    LAC_TRY(lac_check_range("copy_blocks", "width", width, 0, INT64_MAX));
    if (count == 0 || width == 0) return LAC_OK;
    LAC_TRY(check_blocks("y", y, count, width, y_start, y_stride));
    LAC_TRY(check_blocks("x", x, count, width, x_start, x_stride));
    if (count > 1 && y_stride > -width && y_stride < width)
        return lac_fail(LAC_E_ARGUMENT,
                        "copy_blocks: y_stride is %lld, expected at least width, %lld",
                        (long long)y_stride, (long long)width);
    return LAC_OK;
}

static void copy_words(char *y, const char *x, int64_t count) {
    uint32_t *to = (uint32_t *)(void *)y;
    const uint32_t *from = (const uint32_t *)(const void *)x;
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
}

/* Elements first .. end-1 of all that are to be copied. */
static void copy_elements(const void *context, int64_t first, int64_t end) {
    const blocks *c = context;
    int64_t block = first / c->width, inside = first % c->width;
    for (int64_t i = first; i < end; block++, inside = 0) {
        const int64_t left = c->width - inside, count = left < end - i ? left : end - i;
        char *y = c->y + (c->y_start + block * c->y_stride + inside) * c->size;
        const char *x = c->x + (c->x_start + block * c->x_stride + inside) * c->size;
        if (count < SHORT && c->size == 4)
            copy_words(y, x, count);
        else
            memcpy(y, x, (size_t)(count * c->size));
        i += count;
    }
}

/* For b < blocks: y[y_start + b y_stride + i] = x[x_start + b x_stride + i], i < width,
 * counted in elements; the rest of y stays. */
int lac_cpu_copy_blocks(lac_tensor *y, const lac_tensor *x, int64_t count, int64_t width,
                        int64_t y_start, int64_t y_stride, int64_t x_start,
                        int64_t x_stride) {
    const blocks c = {y->data,  x->data, width,    y_start,
                      y_stride, x_start, x_stride, (int64_t)lac_dtype_size(y->dtype)};
    if (count == 0 || width == 0) return LAC_OK;
    return lac_parallel_range(count * width, GRAIN, copy_elements, &c);
}

/* ---- steps ----------------------------------------------------------------------- */

typedef struct sum {
    float *y;
    const float *x;
    float a, b;
} sum;

static void sum_values(const void *context, int64_t first, int64_t end) {
    const sum *s = context;
    const float a = s->a, b = s->b;
    LAC_INDEPENDENT
    for (int64_t i = first; i < end; i++) s->y[i] = a * s->x[i] + b * s->y[i];
}

static void scale_values(const void *context, int64_t first, int64_t end) {
    const sum *s = context;
    const float a = s->a;
    LAC_INDEPENDENT
    for (int64_t i = first; i < end; i++) s->y[i] = a * s->x[i];
}

int lac_check_axpby(lac_tensor *y, const lac_tensor *x, double a, double b) {
    (void)a, (void)b;
    return lac_check_same_shape("axpby", "x", x, y);
}

/* y = a x + b y; what y held does not matter when b is 0 */
int lac_cpu_axpby(lac_tensor *y, const lac_tensor *x, double a, double b) {
    const sum s = {lac_f32(y), lac_f32(x), (float)a, (float)b};
    return lac_parallel_range(y->count, GRAIN, b == 0 ? scale_values : sum_values, &s);
}

typedef struct moments {
    float *restrict w, *restrict m, *restrict v;
    const float *restrict g;
    float keep_m, keep_v, new_m, new_v, scale_m, scale_v, rate, eps;
} moments;

int lac_check_adam(lac_tensor *w, lac_tensor *m, lac_tensor *v, const lac_tensor *g,
                   double rate, double beta1, double beta2, double eps, int64_t step) {
    (void)rate;
    LAC_TRY(lac_check_same_shape("adam", "m", m, w));
    LAC_TRY(lac_check_same_shape("adam", "v", v, w));
    LAC_TRY(lac_check_same_shape("adam", "g", g, w));
    if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1))
        return lac_fail(LAC_E_ARGUMENT,
                        "adam: betas are %g and %g, expected 0 up to less than 1", beta1,
                        beta2);
    if (!(eps >= 0))
        return lac_fail(LAC_E_ARGUMENT, "adam: eps is %g, expected 0 or more", eps);
    return lac_check_range("adam", "step", step, 1, INT64_MAX);
}

static void adam_values(const void *context, int64_t first, int64_t end) {
    const moments a = *(const moments *)context;
    for (int64_t i = first; i < end; i++) {
        const float g = a.g[i];
        const float m = a.keep_m * a.m[i] + a.new_m * g;
        const float v = a.keep_v * a.v[i] + a.new_v * (g * g);
        a.m[i] = m;
        a.v[i] = v;
        a.w[i] -= a.rate * (m * a.scale_m) / (sqrtf(v * a.scale_v) + a.eps);
    }
}

/* m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, both divided by what is
 * missing from the sum of their weights, then w -= rate m / (sqrt(v) + eps); step counts
 * from 1. */
int lac_cpu_adam(lac_tensor *w, lac_tensor *m, lac_tensor *v, const lac_tensor *g,
                 double rate, double beta1, double beta2, double eps, int64_t step) {
    const moments a = {.w = lac_f32(w),
                       .m = lac_f32(m),
                       .v = lac_f32(v),
                       .g = lac_f32(g),
                       .keep_m = (float)beta1,
                       .keep_v = (float)beta2,
                       .new_m = (float)(1 - beta1),
                       .new_v = (float)(1 - beta2),
                       .scale_m = (float)(1 / (1 - pow(beta1, (double)step))),
                       .scale_v = (float)(1 / (1 - pow(beta2, (double)step))),
                       .rate = (float)rate,
                       .eps = (float)eps};
    return lac_parallel_range(w->count, GRAIN, adam_values, &a);
}
