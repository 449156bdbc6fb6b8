/* columns.c - sums and first extremes over the middle axis of outer x middle x inner
 *
 * An item is one block of columns of one outer index.  Few long items are cut into
 * pieces of rows, whose partial results stand on the caller's stack and are joined in
 * order.
 */
#include "columns.h"
#include "../threads.h"

#include <stddef.h>

enum { COLUMNS = 128, PIECES = 64, GRAIN = 16384, LANES = 16 };

typedef struct partial {
    union {
        double sum[COLUMNS];
        struct {
            float best[COLUMNS];
            int32_t at[COLUMNS];
        };
    };
} partial;

typedef struct cut {
    const lac_columns *job;
    int64_t blocks, pieces;
    partial *parts;
} cut;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* ---- sums ------------------------------------------------------------------------ */

static void add_rows(double *restrict sum, const float *x, int64_t rows, int64_t stride,
                     int64_t width) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const float *a = x + i * stride, *b = a + stride, *c = b + stride;
        const float *d = c + stride;
        for (int64_t j = 0; j < width; j++)
            sum[j] += ((double)a[j] + (double)b[j]) + ((double)c[j] + (double)d[j]);
    }
    for (; i < rows; i++) {
        const float *a = x + i * stride;
        for (int64_t j = 0; j < width; j++) sum[j] += (double)a[j];
    }
}

/* Rows shorter than a few vectors are taken several at a time, each with sums of its
 * own. */
static void add_narrow(double *sum, const float *x, int64_t rows, int64_t width) {
    double lanes[2 * LANES] = {0};
    const int64_t fold = (LANES + width - 1) / width, period = fold * width;
    add_rows(lanes, x, rows / fold, period, period);
    add_rows(lanes, x + rows / fold * period, 1, 0, rows % fold * width);
    for (int64_t k = 0; k < period; k += width)
        for (int64_t j = 0; j < width; j++) sum[j] += lanes[k + j];
}

static double sum_of(const float *x, int64_t count) {
    double lanes[8] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int l = 0; l < 8; l++) lanes[l] += (double)x[i + l];
    if (i > 0)
        sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
              ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < count; i++) sum += (double)x[i];
    return sum;
}

void lac_add_rows(double *sum, const float *x, int64_t rows, int64_t stride,
                  int64_t width) {
    if (width == 1 && stride == 1)
        sum[0] += sum_of(x, rows);
    else if (width < LANES && stride == width && width > 0 && rows * width >= 4 * LANES)
        add_narrow(sum, x, rows, width);
    else
        add_rows(sum, x, rows, stride, width);
}

/* ---- extremes -------------------------------------------------------------------- */

/* The first nan stays; so does the first of equals. */
static inline int beats(float v, float best, int least) {
    return (least ? v < best : v > best) | ((v != v) & (best == best));
}

/* The first extreme of contiguous numbers: what it is, without branches; then where. */
static inline int64_t place_of(const float *x, int64_t count, int least) {
    float lanes[8], best = x[0];
    int64_t i = 1;
    int nan = 0;
    for (int l = 0; l < 8; l++) lanes[l] = best;
    for (; i + 8 <= count; i += 8)
        for (int l = 0; l < 8; l++) {
            const float v = x[i + l];
            nan |= v != v;
            lanes[l] = (least ? v < lanes[l] : v > lanes[l]) ? v : lanes[l];
        }
    for (int l = 0; i > 1 && l < 8; l++)
        best = (least ? lanes[l] < best : lanes[l] > best) ? lanes[l] : best;
    for (; i < count; i++) {
        nan |= x[i] != x[i];
        best = (least ? x[i] < best : x[i] > best) ? x[i] : best;
    }
    int64_t at = 0;
    if (nan || best != best)
        while (x[at] == x[at]) at++;
    else
        while (x[at] != best) at++;
    return at;
}

static int64_t extreme_of(const float *x, int64_t count, int least) {
    return least ? place_of(x, count, 1) : place_of(x, count, 0);
}

static inline void scan_row(float *restrict best, int32_t *restrict at, const float *x,
                            int64_t width, int32_t index, int least) {
    for (int64_t j = 0; j < width; j++) {
        const float v = x[j];
        const int wins = beats(v, best[j], least);
        best[j] = wins ? v : best[j];
        at[j] = wins ? index : at[j];
    }
}

static void scan_rows(partial *p, const float *x, int64_t rows, int64_t stride,
                      int64_t width, int64_t first, int least) {
    for (int64_t i = 0; i < rows; i++) {
        const int32_t index = (int32_t)(first + i);
        if (least)
            scan_row(p->best, p->at, x + i * stride, width, index, 1);
        else
            scan_row(p->best, p->at, x + i * stride, width, index, 0);
    }
}

static void find_extremes(partial *p, const float *x, int64_t rows, int64_t stride,
                          int64_t width, int64_t first, int least) {
    for (int64_t j = 0; j < width; j++) {
        p->best[j] = rows > 0 ? x[j] : 0;
        p->at[j] = rows > 0 ? (int32_t)first : -1;
    }
    if (rows < 2) return;
    if (width == 1 && stride == 1) {
        const int64_t at = extreme_of(x, rows, least);
        p->best[0] = x[at];
        p->at[0] = (int32_t)(first + at);
    } else
        scan_rows(p, x + stride, rows - 1, stride, width, first + 1, least);
}

/* ---- both ------------------------------------------------------------------------ */

static int64_t width_of(const lac_columns *job, int64_t column) {
    return smaller(COLUMNS, job->inner - column);
}

static void reduce(partial *p, const lac_columns *job, int64_t outer, int64_t column,
                   int64_t first, int64_t end) {
    const int64_t width = width_of(job, column);
    const float *x = job->x + (outer * job->middle + first) * job->inner + column;
    if (job->kind == LAC_SUM) {
        for (int64_t j = 0; j < width; j++) p->sum[j] = 0;
        lac_add_rows(p->sum, x, end - first, job->inner, width);
    } else
        find_extremes(p, x, end - first, job->inner, width, job->base + first,
                      job->kind == LAC_MIN);
}

static void join(partial *p, const partial *next, const lac_columns *job, int64_t width) {
    if (job->kind == LAC_SUM)
        for (int64_t j = 0; j < width; j++) p->sum[j] += next->sum[j];
    else
        for (int64_t j = 0; j < width; j++)
            if (beats(next->best[j], p->best[j], job->kind == LAC_MIN)) {
                p->best[j] = next->best[j];
                p->at[j] = next->at[j];
            }
}

static void store(const partial *p, const lac_columns *job, int64_t outer,
                  int64_t column) {
    const int64_t width = width_of(job, column), at = outer * job->inner + column;
    for (int64_t j = 0; j < width; j++) {
        job->y[at + j] = job->kind == LAC_SUM ? (float)p->sum[j] : p->best[j];
        if (job->kind != LAC_SUM) job->argument[at + j] = p->at[j];
    }
}

static void reduce_items(const void *context, int64_t first, int64_t end) {
    const cut *c = context;
    for (int64_t i = first; i < end; i++) {
        const int64_t outer = i / c->blocks, column = i % c->blocks * COLUMNS;
        partial p;
        reduce(&p, c->job, outer, column, 0, c->job->middle);
        store(&p, c->job, outer, column);
    }
}

/* One column each, and nothing to join. */
static void reduce_runs(const void *context, int64_t first, int64_t end) {
    const lac_columns *job = context;
    for (int64_t i = first; i < end; i++) {
        const float *x = job->x + i * job->middle;
        if (job->kind == LAC_SUM) {
            job->y[i] = (float)sum_of(x, job->middle);
            continue;
        }
        const int least = job->kind == LAC_MIN;
        const int64_t at = job->middle > 0 ? extreme_of(x, job->middle, least) : -1;
        job->y[i] = at < 0 ? 0 : x[at];
        job->argument[i] = at < 0 ? -1 : (int32_t)(job->base + at);
    }
}

static void reduce_piece(const void *context, int64_t chunk) {
    const cut *c = context;
    const int64_t item = chunk / c->pieces, piece = chunk % c->pieces;
    reduce(&c->parts[chunk], c->job, item / c->blocks, item % c->blocks * COLUMNS,
           c->job->middle * piece / c->pieces, c->job->middle * (piece + 1) / c->pieces);
}

static int reduce_in_pieces(cut *c, int64_t items) {
    partial parts[PIECES];
    c->parts = parts;
    LAC_TRY(lac_parallel(items * c->pieces, reduce_piece, c));
    for (int64_t i = 0; i < items; i++) {
        const int64_t column = i % c->blocks * COLUMNS;
        partial *all = parts + i * c->pieces;
        for (int64_t k = 1; k < c->pieces; k++)
            join(all, all + k, c->job, width_of(c->job, column));
        store(all, c->job, i / c->blocks, column);
    }
    return LAC_OK;
}

int lac_reduce_columns(const lac_columns *job) {
    cut c = {job, (job->inner + COLUMNS - 1) / COLUMNS, 1, NULL};
    const int64_t items = job->outer * c.blocks;
    const int64_t work = job->middle * smaller(job->inner, COLUMNS); /* of an item */
    if (items > 0) c.pieces = smaller(PIECES / items, work / GRAIN);
    if (c.pieces > 1) return reduce_in_pieces(&c, items);
    const int64_t grain = larger(1, GRAIN / larger(1, work));
    if (job->inner == 1) return lac_parallel_range(items, grain, reduce_runs, job);
    return lac_parallel_range(items, grain, reduce_items, &c);
}

void lac_reduce_columns_here(const lac_columns *job) {
    const cut c = {job, (job->inner + COLUMNS - 1) / COLUMNS, 1, NULL};
    reduce_items(&c, 0, job->outer * c.blocks);
}
