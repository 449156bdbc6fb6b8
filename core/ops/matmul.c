/* matmul.c - dense products, transposes and distances between rows */
#include "../ops.h"
#include "../simd.h"
#include "../threads.h"

#include <string.h>

enum { ROWS = 128, PANEL = 64 };

typedef struct product {
    float *y;
    const float *a, *b;
    int64_t m, n, k;
    const lac_simd *simd;
} product;

int lac_check_matmul(lac_tensor *y, const lac_tensor *a, const lac_tensor *b, int64_t ta,
                     int64_t tb) {
    LAC_TRY(lac_check_ndim("matmul", "a", a, 2));
    LAC_TRY(lac_check_ndim("matmul", "b", b, 2));
    LAC_TRY(lac_check_range("matmul", "transpose_a", ta, 0, 1));
    LAC_TRY(lac_check_range("matmul", "transpose_b", tb, 0, 1));
    if (ta && tb)
        return lac_fail(LAC_E_ARGUMENT,
                        "matmul: both operands are transposed, expected one at most");
    const int64_t m = a->shape[ta], k = a->shape[1 - ta], n = b->shape[1 - tb];
    if (b->shape[tb] != k) {
        char left[128], right[128];
        return lac_fail(LAC_E_ARGUMENT,
                        "matmul: inner sizes of %s%s and %s%s are %lld and %lld, "
                        "expected equal",
                        lac_shape_text(left, sizeof left, a), ta ? " (transposed)" : "",
                        lac_shape_text(right, sizeof right, b), tb ? " (transposed)" : "",
                        (long long)k, (long long)b->shape[tb]);
    }
    return lac_check_shape("matmul", "output", y, 2, m, n);
}

static void rows_by_matrix(const void *context, int64_t first, int64_t end) {
    const product *p = context;
    float *y = p->y + first * p->n;
    memset(y, 0, (size_t)((end - first) * p->n) * sizeof *y);
    p->simd->gemm(y, p->n, NULL, p->a + first * p->k, p->k, NULL, end - first, p->b, p->n,
                  p->k, p->n);
}

/* b is n x k: panels of it are turned on the stack; the order of each sum stays k
 * ascending. */
static void rows_by_transposed(const void *context, int64_t first, int64_t end) {
    const product *p = context;
    float *y = p->y + first * p->n, panel[PANEL * PANEL];
    memset(y, 0, (size_t)((end - first) * p->n) * sizeof *y);
    for (int64_t j = 0; j < p->n; j += PANEL) {
        const int64_t columns = p->n - j < PANEL ? p->n - j : PANEL;
        for (int64_t l = 0; l < p->k; l += PANEL) {
            const int64_t depth = p->k - l < PANEL ? p->k - l : PANEL;
            for (int64_t c = 0; c < columns; c++)
                for (int64_t d = 0; d < depth; d++)
                    panel[d * PANEL + c] = p->b[(j + c) * p->k + l + d];
            p->simd->gemm(y + j, p->n, NULL, p->a + first * p->k + l, p->k, NULL,
                          end - first, panel, PANEL, depth, columns);
        }
    }
}

/* a is k x m: the product is a sum of outer products; a task owns some rows of y. */
static void transposed_by_matrix(const void *context, int64_t first, int64_t end) {
    const product *p = context;
    float *y = p->y + first * p->n;
    memset(y, 0, (size_t)((end - first) * p->n) * sizeof *y);
    p->simd->outer(y, p->n, p->a + first, p->m, NULL, p->b, p->n, NULL, p->k, end - first,
                   p->n);
}

int lac_cpu_matmul(lac_tensor *y, const lac_tensor *a, const lac_tensor *b, int64_t ta,
                   int64_t tb) {
    const product p = {lac_f32(y),  lac_f32(a),       lac_f32(b),    y->shape[0],
                       y->shape[1], a->shape[1 - ta], lac_simd_get()};
    if (ta) return lac_parallel_range(p.m, 16, transposed_by_matrix, &p);
    return lac_parallel_range(p.m, ROWS, tb ? rows_by_transposed : rows_by_matrix, &p);
}

/* ---- transposes ------------------------------------------------------------------ */

typedef struct turn {
    float *y;
    const float *x;
    int64_t taps, k, n, flip;
} turn;

int lac_check_transpose_taps(lac_tensor *y, const lac_tensor *x, int64_t flip) {
    LAC_TRY(lac_check_ndim("transpose", "input", x, 3));
    LAC_TRY(lac_check_range("transpose", "flip", flip, 0, 1));
    return lac_check_shape("transpose", "output", y, 3, x->shape[0], x->shape[2],
                           x->shape[1]);
}

/* y[t] is the transpose of x[t], or of x[taps-1-t] when flipped. */
static void turn_tap(const void *context, int64_t t) {
    const turn *c = context;
    const float *x = c->x + (c->flip ? c->taps - 1 - t : t) * c->k * c->n;
    float *y = c->y + t * c->k * c->n;
    enum { B = 16 };
    for (int64_t i0 = 0; i0 < c->k; i0 += B)
        for (int64_t j0 = 0; j0 < c->n; j0 += B)
            for (int64_t i = i0; i < i0 + B && i < c->k; i++)
                for (int64_t j = j0; j < j0 + B && j < c->n; j++)
                    y[j * c->k + i] = x[i * c->n + j];
}

int lac_cpu_transpose_taps(lac_tensor *y, const lac_tensor *x, int64_t flip) {
    const turn c = {lac_f32(y), lac_f32(x), x->shape[0], x->shape[1], x->shape[2], flip};
    return lac_parallel(c.taps, turn_tap, &c);
}

/* ---- distances ------------------------------------------------------------------- */

int lac_check_squared_distances(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {
    LAC_TRY(lac_check_ndim("distances", "a", a, 2));
    LAC_TRY(lac_check_ndim("distances", "b", b, 2));
    LAC_TRY(lac_check_shape("distances", "b", b, 2, b->shape[0], a->shape[1]));
    return lac_check_shape("distances", "output", y, 2, a->shape[0], b->shape[0]);
}

static float squared_distance(const float *a, const float *b, int64_t n) {
    enum { LANES = 16 };
    float lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const float d = a[i + l] - b[i + l];
            lane[l] += d * d;
        }
    for (int l = 0; i < n; i++, l++) lane[l] += (a[i] - b[i]) * (a[i] - b[i]);
    for (int step = LANES / 2; step > 0; step /= 2)
        for (int l = 0; l < step; l++) lane[l] += lane[l + step];
    return lane[0];
}

static void distance_rows(const void *context, int64_t first, int64_t end) {
    const product *p = context;
    for (int64_t i = first; i < end; i++)
        for (int64_t j = 0; j < p->n; j++)
            p->y[i * p->n + j] = squared_distance(p->a + i * p->k, p->b + j * p->k, p->k);
}

int lac_cpu_squared_distances(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {
    const product p = {lac_f32(y),  lac_f32(a),  lac_f32(b), y->shape[0],
                       y->shape[1], a->shape[1], NULL};
    return lac_parallel_range(p.m, 16, distance_rows, &p);
}
