/* dense.c - rows of sites to and from batch x planes x volume
 *
 * cells[r] = batch index * volume + row-major cell of row r, as lac_sites_cells gives
 * them; they differ from each other and are trusted.
 */
#include "../ops.h"
#include "../threads.h"

enum { GRAIN = 16384, TILE = 128 };

typedef struct grid {
    float *y;
    const float *x, *background;
    const int64_t *cells;
    int64_t planes, volume;
} grid;

/* 0 where it is beyond 2^63, which only happens in an empty tensor. */
static int64_t volume_of(const lac_tensor *dense) {
    int64_t volume = 1;
    for (int i = 2; i < dense->ndim; i++)
        if (__builtin_mul_overflow(volume, dense->shape[i], &volume)) return 0;
    return volume;
}

static int check_grid(const char *op, const char *dense_name, const lac_tensor *dense,
                      const char *rows_name, const lac_tensor *rows,
                      const lac_tensor *cells) {
    char text[128];
    if (dense->ndim < 3)
        return lac_fail(LAC_E_ARGUMENT,
                        "%s: %s is %s, expected batch x planes x spatial sizes", op,
                        dense_name, lac_shape_text(text, sizeof text, dense));
    LAC_TRY(lac_check_ndim(op, "cells", cells, 1));
    int64_t most;
    if (__builtin_mul_overflow(dense->shape[0], volume_of(dense), &most))
        most = INT64_MAX;
    LAC_TRY(lac_check_range(op, "number of cells", cells->count, 0, most));
    return lac_check_shape(op, rows_name, rows, 2, cells->shape[0], dense->shape[1]);
}

int lac_check_to_dense(lac_tensor *y, const lac_tensor *x, const lac_tensor *cells,
                       const lac_tensor *background) {
    char text[128];
    LAC_TRY(check_grid("to_dense", "y", y, "x", x, cells));
    if (!background || background->count == y->shape[1]) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "to_dense: background is %s, expected %lld planes",
                    lac_shape_text(text, sizeof text, background),
                    (long long)y->shape[1]);
}

int lac_check_from_dense(lac_tensor *y, const lac_tensor *x, const lac_tensor *cells) {
    return check_grid("from_dense", "x", x, "y", y, cells);
}

static void paint(const void *context, int64_t first, int64_t end) {
    const grid *g = context;
    for (int64_t i = first; i < end;) {
        const int64_t plane = i / g->volume;
        const float value = g->background ? g->background[plane % g->planes] : 0;
        const int64_t next = (plane + 1) * g->volume, stop = next < end ? next : end;
        for (; i < stop; i++) g->y[i] = value;
    }
}

/* Where the first plane of each row of a tile stands; the next planes follow `volume`
 * apart. */
static void find_places(int64_t *place, const grid *g, int64_t first, int64_t end) {
    for (int64_t r = first; r < end; r++) {
        const int64_t sample = g->cells[r] / g->volume;
        place[r - first] = g->cells[r] + sample * (g->planes - 1) * g->volume;
    }
}

static void place_rows(const void *context, int64_t first, int64_t end) {
    const grid *g = context;
    int64_t place[TILE];
    find_places(place, g, first, end);
    for (int64_t p = 0; p < g->planes; p++)
        for (int64_t r = first; r < end; r++)
            g->y[place[r - first] + p * g->volume] = g->x[r * g->planes + p];
}

static void fetch_rows(const void *context, int64_t first, int64_t end) {
    const grid *g = context;
    int64_t place[TILE];
    find_places(place, g, first, end);
    for (int64_t p = 0; p < g->planes; p++)
        for (int64_t r = first; r < end; r++)
            g->y[r * g->planes + p] = g->x[place[r - first] + p * g->volume];
}

/* y holds the rows of x at their cells, elsewhere the background, or zero without one. */
int lac_cpu_to_dense(lac_tensor *y, const lac_tensor *x, const lac_tensor *cells,
                     const lac_tensor *background) {
    const grid g = {lac_f32(y),     lac_f32(x),  background ? lac_f32(background) : NULL,
                    lac_i64(cells), y->shape[1], volume_of(y)};
    LAC_TRY(lac_parallel_range(y->count, GRAIN, paint, &g));
    return lac_parallel_range(cells->count, TILE, place_rows, &g);
}

/* y holds the row of x at each cell. */
int lac_cpu_from_dense(lac_tensor *y, const lac_tensor *x, const lac_tensor *cells) {
    const grid g = {lac_f32(y),     lac_f32(x),  NULL,
                    lac_i64(cells), x->shape[1], volume_of(x)};
    return lac_parallel_range(cells->count, TILE, fetch_rows, &g);
}
