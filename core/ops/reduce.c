/* reduce.c - over the middle axis of outer x middle x inner, and over a row's elements */
#include "../ops.h"
#include "../threads.h"
#include "columns.h"

#include <math.h>

enum { GRAIN = 16384 };

static int64_t grain_of(int64_t size) {
    return size < GRAIN ? GRAIN / (size > 0 ? size : 1) : 1;
}

/* ---- sum, max, min --------------------------------------------------------------- */

static int check_count(const char *op, const char *what, const lac_tensor *t, int64_t a,
                       int64_t b, int64_t c) {
    char text[128];
    int64_t count;
    if (!__builtin_mul_overflow(a, b, &count) &&
        !__builtin_mul_overflow(count, c, &count) && count == t->count)
        return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: %s is %s, expected %lld x %lld x %lld elements",
                    op, what, lac_shape_text(text, sizeof text, t), (long long)a,
                    (long long)b, (long long)c);
}

/* whole is outer x middle x inner, part outer x inner. */
static int check_axes(const char *op, const char *whole_name, const lac_tensor *whole,
                      const char *part_name, const lac_tensor *part, int64_t outer,
                      int64_t middle, int64_t inner) {
    LAC_TRY(lac_check_range(op, "outer", outer, 0, INT64_MAX));
    LAC_TRY(lac_check_range(op, "middle", middle, 0, INT64_MAX));
    LAC_TRY(lac_check_range(op, "inner", inner, 0, INT64_MAX));
    LAC_TRY(check_count(op, whole_name, whole, outer, middle, inner));
    return check_count(op, part_name, part, outer, 1, inner);
}

static int check_extreme(const char *op, const lac_tensor *y, const lac_tensor *argument,
                         const lac_tensor *x, int64_t outer, int64_t middle,
                         int64_t inner) {
    LAC_TRY(lac_check_range(op, "middle", middle, 1, INT32_MAX));
    LAC_TRY(check_axes(op, "x", x, "y", y, outer, middle, inner));
    return lac_check_same_shape(op, "argument", argument, y);
}

int lac_check_sum(lac_tensor *y, const lac_tensor *x, int64_t outer, int64_t middle,
                  int64_t inner) {
    return check_axes("sum", "x", x, "y", y, outer, middle, inner);
}
int lac_check_max(lac_tensor *y, lac_tensor *argument, const lac_tensor *x, int64_t outer,
                  int64_t middle, int64_t inner) {
    return check_extreme("max", y, argument, x, outer, middle, inner);
}
int lac_check_min(lac_tensor *y, lac_tensor *argument, const lac_tensor *x, int64_t outer,
                  int64_t middle, int64_t inner) {
    return check_extreme("min", y, argument, x, outer, middle, inner);
}

static int reduce(lac_reduction kind, lac_tensor *y, lac_tensor *argument,
                  const lac_tensor *x, int64_t outer, int64_t middle, int64_t inner) {
    const lac_columns job = {kind,       lac_f32(y), argument ? lac_i32(argument) : NULL,
                             lac_f32(x), outer,      middle,
                             inner,      0};
    return lac_reduce_columns(&job);
}

/* y[o][i] = sum over m of x[o][m][i] */
int lac_cpu_sum(lac_tensor *y, const lac_tensor *x, int64_t outer, int64_t middle,
                int64_t inner) {
    return reduce(LAC_SUM, y, NULL, x, outer, middle, inner);
}

/* y[o][i] = x[o][argument[o][i]][i], the first largest; a nan counts as largest. */
int lac_cpu_max(lac_tensor *y, lac_tensor *argument, const lac_tensor *x, int64_t outer,
                int64_t middle, int64_t inner) {
    return reduce(LAC_MAX, y, argument, x, outer, middle, inner);
}

/* The same with the smallest; a nan counts as smallest. */
int lac_cpu_min(lac_tensor *y, lac_tensor *argument, const lac_tensor *x, int64_t outer,
                int64_t middle, int64_t inner) {
    return reduce(LAC_MIN, y, argument, x, outer, middle, inner);
}

/* ---- take, spread ---------------------------------------------------------------- */

typedef struct picks {
    float *y;
    const float *x;
    const int32_t *index;
    int64_t middle, inner;
} picks;

int lac_check_take(lac_tensor *y, const lac_tensor *x, const lac_tensor *index,
                   int64_t outer, int64_t middle, int64_t inner) {
    LAC_TRY(check_axes("take", "x", x, "y", y, outer, middle, inner));
    return check_count("take", "index", index, outer, 1, inner);
}

int lac_check_spread(lac_tensor *y, const lac_tensor *x, const lac_tensor *index,
                     int64_t outer, int64_t middle, int64_t inner) {
    LAC_TRY(check_axes("spread", "y", y, "x", x, outer, middle, inner));
    return check_count("spread", "index", index, outer, 1, inner);
}

/* Elements of the outer x inner array. */
static void take_elements(const void *context, int64_t first, int64_t end) {
    const picks *p = context;
    int64_t outer = p->inner > 0 ? first / p->inner : 0, i = first - outer * p->inner;
    for (int64_t at = first; at < end; at++) {
        const int64_t m = p->index[at];
        p->y[at] = m < 0 ? 0 : p->x[(outer * p->middle + m) * p->inner + i];
        if (++i == p->inner) {
            i = 0;
            outer++;
        }
    }
}

static void spread_elements(const void *context, int64_t first, int64_t end) {
    const picks *p = context;
    int64_t outer = p->inner > 0 ? first / p->inner : 0, i = first - outer * p->inner;
    for (int64_t at = first; at < end; at++) {
        const int64_t m = p->index[at];
        if (m >= 0) p->y[(outer * p->middle + m) * p->inner + i] = p->x[at];
        if (++i == p->inner) {
            i = 0;
            outer++;
        }
    }
}

/* y[o][i] = x[o][index[o][i]][i], 0 where the index is negative */
int lac_cpu_take(lac_tensor *y, const lac_tensor *x, const lac_tensor *index,
                 int64_t outer, int64_t middle, int64_t inner) {
    const picks p = {lac_f32(y), lac_f32(x), lac_i32(index), middle, inner};
    return lac_parallel_range(outer * inner, GRAIN, take_elements, &p);
}

/* y is outer x middle x inner, zero but for y[o][index[o][i]][i] = x[o][i]. */
int lac_cpu_spread(lac_tensor *y, const lac_tensor *x, const lac_tensor *index,
                   int64_t outer, int64_t middle, int64_t inner) {
    const picks p = {lac_f32(y), lac_f32(x), lac_i32(index), middle, inner};
    LAC_TRY(lac_cpu_fill(y, 0));
    return lac_parallel_range(outer * inner, GRAIN, spread_elements, &p);
}

/* ---- softmax over the elements of a row ------------------------------------------ */

typedef struct rows {
    float *y;
    const float *a, *b;
    int64_t size;
} rows;

static int check_rows(const char *op, const char *name, const lac_tensor *y,
                      const lac_tensor *x) {
    LAC_TRY(lac_check_ndim(op, "x", x, 2));
    return lac_check_same_shape(op, name, y, x);
}

static int check_rows_grad(const char *op, const lac_tensor *dx, const lac_tensor *dy,
                           const lac_tensor *y) {
    LAC_TRY(lac_check_ndim(op, "y", y, 2));
    LAC_TRY(lac_check_same_shape(op, "dy", dy, y));
    return lac_check_same_shape(op, "dx", dx, y);
}

static float largest(const float *x, int64_t size) {
    float best = -INFINITY;
    for (int64_t j = 0; j < size; j++) best = x[j] > best ? x[j] : best;
    return best;
}

/* Elements equal to the largest lie 0 from it, also where both are infinite: a row of
 * equals is uniform, whatever they are. */
static inline float below(float x, float top) { return x == top ? 0.0f : x - top; }

static void softmax_rows(const void *context, int64_t first, int64_t end) {
    const rows *r = context;
    for (int64_t i = first; i < end; i++) {
        const float *x = r->a + i * r->size;
        float *y = r->y + i * r->size;
        const float top = largest(x, r->size);
        double sum = 0;
        for (int64_t j = 0; j < r->size; j++) {
            y[j] = expf(below(x[j], top));
            sum += (double)y[j];
        }
        const float scale = (float)(1 / sum);
        for (int64_t j = 0; j < r->size; j++) y[j] *= scale;
    }
}

static void log_softmax_rows(const void *context, int64_t first, int64_t end) {
    const rows *r = context;
    for (int64_t i = first; i < end; i++) {
        const float *x = r->a + i * r->size;
        float *y = r->y + i * r->size;
        const float top = largest(x, r->size);
        double sum = 0;
        for (int64_t j = 0; j < r->size; j++) sum += (double)expf(below(x[j], top));
        const double shift = log(sum);
        for (int64_t j = 0; j < r->size; j++)
            y[j] = (float)((double)below(x[j], top) - shift);
    }
}

static void softmax_grad_rows(const void *context, int64_t first, int64_t end) {
    const rows *r = context;
    for (int64_t i = first; i < end; i++) {
        const float *dy = r->a + i * r->size, *y = r->b + i * r->size;
        float *dx = r->y + i * r->size;
        double sum = 0;
        for (int64_t j = 0; j < r->size; j++) sum += (double)dy[j] * (double)y[j];
        for (int64_t j = 0; j < r->size; j++)
            dx[j] = (float)(((double)dy[j] - sum) * (double)y[j]);
    }
}

static void log_softmax_grad_rows(const void *context, int64_t first, int64_t end) {
    const rows *r = context;
    for (int64_t i = first; i < end; i++) {
        const float *dy = r->a + i * r->size, *y = r->b + i * r->size;
        float *dx = r->y + i * r->size;
        double sum = 0;
        for (int64_t j = 0; j < r->size; j++) sum += (double)dy[j];
        for (int64_t j = 0; j < r->size; j++)
            dx[j] = (float)((double)dy[j] - (double)expf(y[j]) * sum);
    }
}

static int by_rows(lac_range_task task, lac_tensor *y, const lac_tensor *a,
                   const lac_tensor *b) {
    const rows r = {lac_f32(y), lac_f32(a), b ? lac_f32(b) : NULL, a->shape[1]};
    if (y->count == 0) return LAC_OK;
    return lac_parallel_range(a->shape[0], grain_of(4 * r.size), task, &r);
}

int lac_check_softmax(lac_tensor *y, const lac_tensor *x) {
    return check_rows("softmax", "y", y, x);
}
int lac_check_log_softmax(lac_tensor *y, const lac_tensor *x) {
    return check_rows("log_softmax", "y", y, x);
}
int lac_check_softmax_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *y) {
    return check_rows_grad("softmax_grad", dx, dy, y);
}
int lac_check_log_softmax_grad(lac_tensor *dx, const lac_tensor *dy,
                               const lac_tensor *y) {
    return check_rows_grad("log_softmax_grad", dx, dy, y);
}

/* y[i] = exp(x[i]) / sum over the row, its largest element subtracted first */
int lac_cpu_softmax(lac_tensor *y, const lac_tensor *x) {
    return by_rows(softmax_rows, y, x, NULL);
}
int lac_cpu_log_softmax(lac_tensor *y, const lac_tensor *x) {
    return by_rows(log_softmax_rows, y, x, NULL);
}
/* dx = y (dy - sum of dy y) */
int lac_cpu_softmax_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *y) {
    return by_rows(softmax_grad_rows, dx, dy, y);
}
/* dx = dy - exp(y) (sum of dy) */
int lac_cpu_log_softmax_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *y) {
    return by_rows(log_softmax_grad_rows, dx, dy, y);
}
