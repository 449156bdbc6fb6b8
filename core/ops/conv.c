/* conv.c - sparse convolution over a rulebook
 *
 * x is n_in x planes_in, w is taps x planes_in x planes_out, y is n_out x planes_out. For
 * each pair (in, out) of tap t:  y[out] += x[in] w[t].  A task owns LAC_TILE output rows
 * and walks all taps over them, so its rows stay in cache and no two tasks write one row;
 * the order of every sum is taps ascending, planes ascending.
 *
 * The gradient towards x is this same operation on the reversed rulebook and transposed
 * weights.
 */
#include "../ops.h"
#include "../simd.h"
#include "../threads.h"

#include <string.h>

enum { BLOCK = 64 }; /* input planes that one task of the weight gradient owns */

typedef struct conv {
    float *y;
    const float *x, *w, *bias;
    const lac_rulebook *book;
    int64_t planes_in, planes_out;
    const lac_simd *simd;
} conv;

int lac_check_conv(lac_tensor *y, const lac_tensor *x, const lac_tensor *w,
                   const lac_tensor *bias, const lac_rulebook *book) {
    LAC_TRY(lac_check_ndim("conv", "input", x, 2));
    LAC_TRY(lac_check_ndim("conv", "weight", w, 3));
    LAC_TRY(lac_check_shape("conv", "input", x, 2, book->n_in, w->shape[1]));
    LAC_TRY(lac_check_shape("conv", "weight", w, 3, (int64_t)book->taps, x->shape[1],
                            w->shape[2]));
    if (bias) LAC_TRY(lac_check_shape("conv", "bias", bias, 1, w->shape[2]));
    return lac_check_shape("conv", "output", y, 2, book->n_out, w->shape[2]);
}

static void conv_tile(const void *context, int64_t tile) {
    const conv *c = context;
    const lac_rulebook *b = c->book;
    const int64_t first = tile * LAC_TILE, k = c->planes_in, n = c->planes_out;
    const int64_t end = first + LAC_TILE < b->n_out ? first + LAC_TILE : b->n_out;

    for (int64_t i = first; i < end; i++) {
        if (c->bias)
            memcpy(c->y + i * n, c->bias, (size_t)n * sizeof *c->y);
        else
            memset(c->y + i * n, 0, (size_t)n * sizeof *c->y);
    }
    for (int32_t t = 0; t < b->taps; t++) {
        const int64_t p = b->first[t] + b->tiles[tile * b->taps + t];
        const int64_t m = b->first[t] + b->tiles[(tile + 1) * b->taps + t] - p;
        if (m > 0)
            c->simd->gemm(c->y, n, b->out + p, c->x, k, b->in + p, m, c->w + t * k * n, n,
                          k, n);
    }
}

int lac_cpu_conv(lac_tensor *y, const lac_tensor *x, const lac_tensor *w,
                 const lac_tensor *bias, const lac_rulebook *book) {
    const conv c = {lac_f32(y), lac_f32(x),  lac_f32(w),  bias ? lac_f32(bias) : NULL,
                    book,       w->shape[1], w->shape[2], lac_simd_get()};
    return lac_parallel(book->n_tiles, conv_tile, &c);
}

/* ---- towards the weights: dw[t] = sum over the pairs of t of x[in] dy[out] ------- */

typedef struct weights {
    float *dw, *work;
    const float *x, *dy;
    const lac_rulebook *book;
    int64_t planes_in, planes_out, chunks, blocks;
    const lac_simd *simd;
} weights;

int lac_check_conv_grad_w(lac_tensor *dw, lac_tensor *work, const lac_tensor *x,
                          const lac_tensor *dy, const lac_rulebook *book) {
    LAC_TRY(lac_check_ndim("conv_grad_w", "input", x, 2));
    LAC_TRY(lac_check_ndim("conv_grad_w", "output gradient", dy, 2));
    LAC_TRY(lac_check_ndim("conv_grad_w", "work", work, 4));
    LAC_TRY(lac_check_range("conv_grad_w", "chunks", work->shape[0], 1, 1 << 20));
    LAC_TRY(lac_check_shape("conv_grad_w", "input", x, 2, book->n_in, x->shape[1]));
    LAC_TRY(lac_check_shape("conv_grad_w", "output gradient", dy, 2, book->n_out,
                            dy->shape[1]));
    LAC_TRY(lac_check_shape("conv_grad_w", "work", work, 4, work->shape[0],
                            (int64_t)book->taps, x->shape[1], dy->shape[1]));
    return lac_check_shape("conv_grad_w", "weight gradient", dw, 3, (int64_t)book->taps,
                           x->shape[1], dy->shape[1]);
}

/* One share of one tap's pairs, for one block of input planes. */
static void weight_share(const void *context, int64_t task) {
    const weights *g = context;
    const lac_rulebook *b = g->book;
    const int64_t k = g->planes_in, n = g->planes_out;
    const int64_t block = task % g->blocks, t = task / g->blocks % b->taps;
    const int64_t q = task / g->blocks / b->taps;
    const int64_t k0 = block * BLOCK, rows = k - k0 < BLOCK ? k - k0 : BLOCK;
    const int64_t pairs = b->first[t + 1] - b->first[t];
    const int64_t p = b->first[t] + pairs * q / g->chunks;
    const int64_t m = b->first[t] + pairs * (q + 1) / g->chunks - p;
    float *w =
        (g->chunks == 1 ? g->dw : g->work + q * b->taps * k * n) + (t * k + k0) * n;

    memset(w, 0, (size_t)(rows * n) * sizeof *w);
    if (m > 0)
        g->simd->outer(w, n, g->x + k0, k, b->in + p, g->dy, n, b->out + p, m, rows, n);
}

static void add_shares(const void *context, int64_t first, int64_t end) {
    const weights *g = context;
    const int64_t size = g->book->taps * g->planes_in * g->planes_out;
    memcpy(g->dw + first, g->work + first, (size_t)(end - first) * sizeof *g->dw);
    for (int64_t q = 1; q < g->chunks; q++)
        for (int64_t i = first; i < end; i++) g->dw[i] += g->work[q * size + i];
}

int lac_cpu_conv_grad_w(lac_tensor *dw, lac_tensor *work, const lac_tensor *x,
                        const lac_tensor *dy, const lac_rulebook *book) {
    const weights g = {lac_f32(dw),   lac_f32(work),  lac_f32(x),
                       lac_f32(dy),   book,           x->shape[1],
                       dy->shape[1],  work->shape[0], (x->shape[1] + BLOCK - 1) / BLOCK,
                       lac_simd_get()};
    LAC_TRY(lac_parallel(g.chunks * book->taps * g.blocks, weight_share, &g));
    return g.chunks == 1 ? LAC_OK : lac_parallel_range(dw->count, 4096, add_shares, &g);
}
