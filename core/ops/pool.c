/* pool.c - maxima and sums over the inputs of each output row; x is n_in x planes */
#include "../ops.h"
#include "../threads.h"

#include <string.h>

typedef struct pool {
    float *y;
    int32_t *argument;
    const float *x;
    const lac_rulebook *book;
    int64_t planes;
} pool;

static int check_planes(const char *op, const lac_tensor *y, const lac_tensor *x,
                        const lac_rulebook *book) {
    LAC_TRY(lac_check_ndim(op, "input", x, 2));
    LAC_TRY(lac_check_shape(op, "input", x, 2, book->n_in, x->shape[1]));
    return lac_check_shape(op, "output", y, 2, book->n_out, x->shape[1]);
}

static int64_t tile_end(const lac_rulebook *b, int64_t tile) {
    const int64_t end = (tile + 1) * LAC_TILE;
    return end < b->n_out ? end : b->n_out;
}

/* ---- true maximum ---------------------------------------------------------------- */

int lac_check_max_pool(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                       const lac_rulebook *book) {
    LAC_TRY(check_planes("max_pool", y, x, book));
    return lac_check_same_shape("max_pool", "argument", argument, y);
}

/* The first input in tap order wins a tie; a nan wins over numbers. */
static void max_tile(const void *context, int64_t tile) {
    const pool *c = context;
    const lac_rulebook *b = c->book;
    const int64_t first = tile * LAC_TILE, n = c->planes;
    const int64_t size = (tile_end(b, tile) - first) * n;

    memset(c->y + first * n, 0, (size_t)size * sizeof *c->y);
    memset(c->argument + first * n, 0xff, (size_t)size * sizeof *c->argument);
    for (int32_t t = 0; t < b->taps; t++) {
        const int64_t end = b->first[t] + b->tiles[(tile + 1) * b->taps + t];
        for (int64_t p = b->first[t] + b->tiles[tile * b->taps + t]; p < end; p++) {
            const float *x = c->x + b->in[p] * n;
            float *y = c->y + b->out[p] * n;
            int32_t *argument = c->argument + b->out[p] * n;
            for (int64_t i = 0; i < n; i++) {
                const int wins =
                    argument[i] < 0 || x[i] > y[i] || (x[i] != x[i] && y[i] == y[i]);
                y[i] = wins ? x[i] : y[i];
                argument[i] = wins ? b->in[p] : argument[i];
            }
        }
    }
}

int lac_cpu_max_pool(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                     const lac_rulebook *book) {
    const pool c = {lac_f32(y), lac_i32(argument), lac_f32(x), book, x->shape[1]};
    return lac_parallel(book->n_tiles, max_tile, &c);
}

int lac_check_max_pool_grad(lac_tensor *dx, const lac_tensor *dy,
                            const lac_tensor *argument, const lac_rulebook *reverse) {
    LAC_TRY(check_planes("max_pool_grad", dx, dy, reverse));
    return lac_check_same_shape("max_pool_grad", "argument", argument, dy);
}

/* A row of the input collects from the outputs that chose it. */
static void max_grad_tile(const void *context, int64_t tile) {
    const pool *c = context;
    const lac_rulebook *b = c->book;
    const int64_t first = tile * LAC_TILE, n = c->planes;

    memset(c->y + first * n, 0, (size_t)((tile_end(b, tile) - first) * n) * sizeof *c->y);
    for (int32_t t = 0; t < b->taps; t++) {
        const int64_t end = b->first[t] + b->tiles[(tile + 1) * b->taps + t];
        for (int64_t p = b->first[t] + b->tiles[tile * b->taps + t]; p < end; p++) {
            const float *dy = c->x + b->in[p] * n;
            const int32_t *argument = c->argument + b->in[p] * n;
            float *dx = c->y + b->out[p] * n;
            for (int64_t i = 0; i < n; i++)
                dx[i] += argument[i] == b->out[p] ? dy[i] : 0.0f;
        }
    }
}

int lac_cpu_max_pool_grad(lac_tensor *dx, const lac_tensor *dy,
                          const lac_tensor *argument, const lac_rulebook *reverse) {
    const pool c = {lac_f32(dx), lac_i32(argument), lac_f32(dy), reverse, dy->shape[1]};
    return lac_parallel(reverse->n_tiles, max_grad_tile, &c);
}

/* ---- sums: average pooling, and unpooling by the reversed rulebook --------------- */

int lac_check_sum_pool(lac_tensor *y, const lac_tensor *x, const lac_rulebook *book) {
    return check_planes("sum_pool", y, x, book);
}

static void sum_tile(const void *context, int64_t tile) {
    const pool *c = context;
    const lac_rulebook *b = c->book;
    const int64_t first = tile * LAC_TILE, n = c->planes;

    memset(c->y + first * n, 0, (size_t)((tile_end(b, tile) - first) * n) * sizeof *c->y);
    for (int32_t t = 0; t < b->taps; t++) {
        const int64_t end = b->first[t] + b->tiles[(tile + 1) * b->taps + t];
        for (int64_t p = b->first[t] + b->tiles[tile * b->taps + t]; p < end; p++) {
            const float *x = c->x + b->in[p] * n;
            float *y = c->y + b->out[p] * n;
            for (int64_t i = 0; i < n; i++) y[i] += x[i];
        }
    }
}

int lac_cpu_sum_pool(lac_tensor *y, const lac_tensor *x, const lac_rulebook *book) {
    const pool c = {lac_f32(y), NULL, lac_f32(x), book, x->shape[1]};
    return lac_parallel(book->n_tiles, sum_tile, &c);
}
