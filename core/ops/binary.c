/* binary.c - y = f(a, b) with broadcasting, and expand, sum_to, where
 *
 * A walk (broadcast.h) is cut into lines along its innermost axis; long lines are cut
 * into blocks.  Each formula has three loops: both operands advance, or one of them
 * stands.
 */
#include "../formula.h"
#include "../ops.h"
#include "../threads.h"
#include "broadcast.h"
#include "columns.h"

#include <string.h>

enum { GRAIN = 16384, COLUMNS = 128 };

/* `rows` lines of y, contiguous, of `width` elements; a and b step so much from line to
 * line. */
typedef void (*loop)(float *y, const float *a, const float *b, int64_t rows,
                     int64_t width, int64_t a_step, int64_t b_step);

typedef struct job {
    lac_walk walk;
    float *y;
    const float *a, *b;
    loop run;
    int64_t block, blocks; /* elements in one, and how many to a line */
} job;

static void run_lines(const void *context, int64_t first, int64_t end) {
    const job *t = context;
    const lac_walk *w = &t->walk;
    for (int64_t i = first; i < end;) {
        const int64_t row = i / t->blocks, column = i % t->blocks * t->block;
        const int64_t inside = row % w->size[1], left = w->size[1] - inside;
        const int64_t rows = t->blocks > 1 ? 1 : left < end - i ? left : end - i;
        const int64_t beyond = w->size[0] - column;
        const int64_t width = t->block < beyond ? t->block : beyond;
        int64_t rest = row / w->size[1];
        int64_t a = column * w->a[0] + inside * w->a[1];
        int64_t b = column * w->b[0] + inside * w->b[1];
        for (int k = 2; k < w->ndim; k++) {
            a += rest % w->size[k] * w->a[k];
            b += rest % w->size[k] * w->b[k];
            rest /= w->size[k];
        }
        t->run(t->y + row * w->size[0] + column, t->a + a, t->b + b, rows, width, w->a[1],
               w->b[1]);
        i += rows;
    }
}

/* loops: both advance along a line, a alone, b alone, neither */
static int run(lac_tensor *y, const lac_tensor *a, const lac_tensor *b,
               const loop loops[4]) {
    if (y->count == 0) return LAC_OK;
    job t = {lac_walk_over(y, a, b), lac_f32(y), lac_f32(a), lac_f32(b), NULL, 0, 1};
    const int64_t line = t.walk.size[0];
    t.run = loops[(t.walk.a[0] == 0) * 2 + (t.walk.b[0] == 0)];
    t.block = line < GRAIN ? line : GRAIN;
    t.blocks = (line + t.block - 1) / t.block;
    return lac_parallel_range(y->count / line * t.blocks, GRAIN / t.block, run_lines, &t);
}

/* ---- formulas -------------------------------------------------------------------- */

static int check_broadcast(const char *op, const lac_tensor *y, const lac_tensor *a,
                           const lac_tensor *b) {
    lac_tensor expected = {.ndim = a->ndim > b->ndim ? a->ndim : b->ndim};
    for (int axis = 0; axis < expected.ndim; axis++) {
        const int64_t m = lac_aligned_size(a, axis, expected.ndim);
        const int64_t n = lac_aligned_size(b, axis, expected.ndim);
        char text_a[128], text_b[128];
        if (m != n && m != 1 && n != 1)
            return lac_fail(LAC_E_ARGUMENT,
                            "%s: b is %s, expected one that broadcasts with a, %s", op,
                            lac_shape_text(text_b, sizeof text_b, b),
                            lac_shape_text(text_a, sizeof text_a, a));
        expected.shape[axis] = m == 1 ? n : m;
    }
    return lac_check_same_shape(op, "y", y, &expected);
}

#define LOOP(name, value, a_value, b_value) \
    static void name(float *y, const float *p, const float *q, int64_t rows, \
                     int64_t width, int64_t p_step, int64_t q_step) { \
        for (int64_t i = 0; i < rows; i++, y += width, p += p_step, q += q_step) { \
            const float a_first = *p, b_first = *q; \
            (void)a_first, (void)b_first; \
            LAC_INDEPENDENT \
            for (int64_t j = 0; j < width; j++) { \
                const float a = a_value, b = b_value; \
                y[j] = value; \
            } \
        } \
    }

#define OP(op, value) \
    LOOP(op##_both, value, p[j], q[j]) \
    LOOP(op##_a, value, p[j], b_first) \
    LOOP(op##_b, value, a_first, q[j]) \
    int lac_check_##op(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) { \
        return check_broadcast(#op, y, a, b); \
    } \
    int lac_cpu_##op(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) { \
        static const loop loops[] = {op##_both, op##_a, op##_b, op##_both}; \
        return run(y, a, b, loops); \
    }

LAC_BINARY_LIST(OP)

/* ---- expand ---------------------------------------------------------------------- */

static void copy_lines(float *y, const float *x, const float *unused, int64_t rows,
                       int64_t width, int64_t step, int64_t unused_step) {
    (void)unused, (void)unused_step;
    for (int64_t i = 0; i < rows; i++, y += width, x += step)
        memcpy(y, x, (size_t)width * sizeof *y);
}

static void repeat_lines(float *y, const float *x, const float *unused, int64_t rows,
                         int64_t width, int64_t step, int64_t unused_step) {
    (void)unused, (void)unused_step;
    for (int64_t i = 0; i < rows; i++, y += width, x += step)
        for (int64_t j = 0; j < width; j++) y[j] = *x;
}

int lac_check_expand(lac_tensor *y, const lac_tensor *x) {
    return lac_check_stretches("expand", "x", x, "y", y);
}

/* y is x repeated along the axes in which it has 1 or nothing. */
int lac_cpu_expand(lac_tensor *y, const lac_tensor *x) {
    static const loop loops[] = {copy_lines, NULL, NULL, repeat_lines};
    return run(y, x, x, loops);
}

/* ---- sum_to ---------------------------------------------------------------------- */

/* Of x's walk, a steps through x and b through y: an axis with b 0 is summed over. */
typedef struct summing {
    lac_walk walk;
    float *y;
    const float *x;
    int64_t width; /* kept elements to a line: 1 where the innermost axis is summed */
    int64_t blocks;
} summing;

/* Adds x's lines over all summed axes, the innermost two of which go in one call. */
static void add_lines(double *sum, const summing *s, int64_t at, int64_t width) {
    const lac_walk *w = &s->walk;
    int axes[LAC_MAX_NDIM + 2], n = 0;
    int64_t place[LAC_MAX_NDIM + 2] = {0};
    for (int k = 0; k < w->ndim; k++)
        if (w->b[k] == 0 && w->size[k] > 1) axes[n++] = k;
    for (;;) {
        lac_add_rows(sum, s->x + at, w->size[axes[0]], w->a[axes[0]], width);
        int k = 1;
        for (; k < n; k++) {
            at += w->a[axes[k]];
            if (++place[k] < w->size[axes[k]]) break;
            at -= w->a[axes[k]] * w->size[axes[k]];
            place[k] = 0;
        }
        if (k >= n) return;
    }
}

static void sum_items(const void *context, int64_t first, int64_t end) {
    const summing *s = context;
    const lac_walk *w = &s->walk;
    for (int64_t i = first; i < end; i++) {
        const int64_t column = i % s->blocks * COLUMNS;
        const int64_t width = COLUMNS < s->width - column ? COLUMNS : s->width - column;
        double sum[COLUMNS] = {0};
        int64_t rest = i / s->blocks, from = column, to = column;
        for (int k = s->width > 1; k < w->ndim; k++) {
            if (w->b[k] == 0) continue;
            from += rest % w->size[k] * w->a[k];
            to += rest % w->size[k] * w->b[k];
            rest /= w->size[k];
        }
        add_lines(sum, s, from, width);
        for (int64_t j = 0; j < width; j++) s->y[to + j] = (float)sum[j];
    }
}

int lac_check_sum_to(lac_tensor *y, const lac_tensor *x) {
    return lac_check_stretches("sum_to", "y", y, "x", x);
}

/* y is x summed over the axes in which y has 1 or nothing; one such stretch of axes, the
 * usual case, is a reduction over a middle. */
int lac_cpu_sum_to(lac_tensor *y, const lac_tensor *x) {
    if (x->count == 0) return lac_cpu_fill(y, 0);
    summing s = {lac_walk_over(x, x, y), lac_f32(y), lac_f32(x), 1, 1};
    const lac_walk *w = &s.walk;
    int64_t inner = 1, middle = 1, outer = 1;
    int k = 0;
    for (; k < w->ndim && (w->b[k] != 0 || w->size[k] == 1); k++) inner *= w->size[k];
    for (; k < w->ndim && (w->b[k] == 0 || w->size[k] == 1); k++) middle *= w->size[k];
    for (; k < w->ndim && (w->b[k] != 0 || w->size[k] == 1); k++) outer *= w->size[k];
    if (k == w->ndim) {
        const lac_columns c = {LAC_SUM, s.y, NULL, s.x, outer, middle, inner, 0};
        return lac_reduce_columns(&c);
    }
    if (w->b[0] != 0) s.width = w->size[0];
    s.blocks = (s.width + COLUMNS - 1) / COLUMNS;
    const int64_t items = y->count / s.width * s.blocks, work = x->count / items;
    return lac_parallel_range(items, work < GRAIN ? GRAIN / work : 1, sum_items, &s);
}

/* ---- where ----------------------------------------------------------------------- */

typedef struct choice {
    float *y;
    const float *mask, *a, *b;
} choice;

int lac_check_where(lac_tensor *y, const lac_tensor *mask, const lac_tensor *a,
                    const lac_tensor *b) {
    LAC_TRY(lac_check_same_shape("where", "mask", mask, y));
    LAC_TRY(lac_check_same_shape("where", "a", a, y));
    return lac_check_same_shape("where", "b", b, y);
}

static void choose_values(const void *context, int64_t first, int64_t end) {
    const choice *c = context;
    LAC_INDEPENDENT
    for (int64_t i = first; i < end; i++) {
        const float a = c->a[i], b = c->b[i];
        c->y[i] = c->mask[i] != 0 ? a : b;
    }
}

/* y = a where mask is not 0, else b */
int lac_cpu_where(lac_tensor *y, const lac_tensor *mask, const lac_tensor *a,
                  const lac_tensor *b) {
    const choice c = {lac_f32(y), lac_f32(mask), lac_f32(a), lac_f32(b)};
    return lac_parallel_range(y->count, GRAIN, choose_values, &c);
}
