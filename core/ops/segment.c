/* segment.c - segment s is rows first[s] .. first[s+1]-1; first is trusted to ascend */
#include "../ops.h"
#include "../threads.h"
#include "columns.h"

enum { GRAIN = 16384, LONG = 4 * GRAIN, PARTS = 64, LINE = 16 };

typedef struct segments {
    lac_reduction kind;
    float *y;
    int32_t *argument;
    const float *x;
    const int32_t *first;
    int64_t count, planes;
} segments;

static int64_t grain_of(int64_t size) {
    return size < GRAIN ? GRAIN / (size > 0 ? size : 1) : 1;
}

/* `rows` has a row for each element of a segment, `sums` one for each segment. */
static int check_segments(const char *op, const char *rows_name, const lac_tensor *rows,
                          const char *sums_name, const lac_tensor *sums,
                          const lac_tensor *first) {
    char text[128];
    LAC_TRY(lac_check_ndim(op, rows_name, rows, 2));
    if (first->ndim != 1 || first->shape[0] < 1)
        return lac_fail(LAC_E_ARGUMENT,
                        "%s: first is %s, expected one more than segments", op,
                        lac_shape_text(text, sizeof text, first));
    return lac_check_shape(op, sums_name, sums, 2, first->shape[0] - 1, rows->shape[1]);
}

/* ---- sum, max, min --------------------------------------------------------------- */

static lac_columns job_of(const segments *g, int64_t s) {
    const int64_t from = g->first[s], at = s * g->planes;
    return (lac_columns){g->kind,
                         g->y + at,
                         g->argument ? g->argument + at : NULL,
                         g->x + from * g->planes,
                         1,
                         g->first[s + 1] - from,
                         g->planes,
                         from};
}

static int is_long(const segments *g, int64_t s) {
    return ((int64_t)g->first[s + 1] - g->first[s]) * g->planes >= LONG;
}

static void reduce_short(const void *context, int64_t first, int64_t end) {
    const segments *g = context;
    for (int64_t s = first; s < end; s++) {
        if (is_long(g, s)) continue;
        const lac_columns job = job_of(g, s);
        lac_reduce_columns_here(&job);
    }
}

/* Short segments go to threads as they are, long ones are cut, one after the other. */
static int reduce(lac_reduction kind, lac_tensor *y, lac_tensor *argument,
                  const lac_tensor *x, const lac_tensor *first) {
    const segments g = {kind,       lac_f32(y),     argument ? lac_i32(argument) : NULL,
                        lac_f32(x), lac_i32(first), y->shape[0],
                        x->shape[1]};
    const int64_t mean_size = x->count / (g.count > 0 ? g.count : 1);
    LAC_TRY(
        lac_parallel_range(g.count, grain_of(mean_size + g.planes), reduce_short, &g));
    for (int64_t s = 0; x->count >= LONG && s < g.count; s++) {
        if (!is_long(&g, s)) continue;
        const lac_columns job = job_of(&g, s);
        LAC_TRY(lac_reduce_columns(&job));
    }
    return LAC_OK;
}

int lac_check_segment_sum(lac_tensor *y, const lac_tensor *x, const lac_tensor *first) {
    return check_segments("segment_sum", "x", x, "y", y, first);
}
int lac_check_segment_max(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                          const lac_tensor *first) {
    LAC_TRY(check_segments("segment_max", "x", x, "y", y, first));
    return lac_check_same_shape("segment_max", "argument", argument, y);
}
int lac_check_segment_min(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                          const lac_tensor *first) {
    LAC_TRY(check_segments("segment_min", "x", x, "y", y, first));
    return lac_check_same_shape("segment_min", "argument", argument, y);
}

int lac_cpu_segment_sum(lac_tensor *y, const lac_tensor *x, const lac_tensor *first) {
    return reduce(LAC_SUM, y, NULL, x, first);
}
/* argument is the row of x, the first of equals; a nan counts as the extreme */
int lac_cpu_segment_max(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                        const lac_tensor *first) {
    return reduce(LAC_MAX, y, argument, x, first);
}
int lac_cpu_segment_min(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                        const lac_tensor *first) {
    return reduce(LAC_MIN, y, argument, x, first);
}

/* ---- expand ---------------------------------------------------------------------- */

/* The first s with first[s] > row, less one: -1 before all segments, count after them. */
static int64_t segment_of(const segments *g, int64_t row) {
    int64_t low = 0, high = g->count + 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (g->first[middle] > row)
            high = middle;
        else
            low = middle + 1;
    }
    return low - 1;
}

static void expand_rows(const void *context, int64_t first, int64_t end) {
    const segments *g = context;
    const int64_t c = g->planes;
    int64_t s = segment_of(g, first);
    for (int64_t i = first; i < end; i++) {
        while (s < g->count && g->first[s + 1] <= i) s++;
        float *y = g->y + i * c;
        if (s < 0 || s >= g->count)
            for (int64_t j = 0; j < c; j++) y[j] = 0;
        else
            for (int64_t j = 0; j < c; j++) y[j] = g->x[s * c + j];
    }
}

int lac_check_segment_expand(lac_tensor *y, const lac_tensor *x,
                             const lac_tensor *first) {
    return check_segments("segment_expand", "y", y, "x", x, first);
}

/* y[i] = x[the segment of row i]; rows in no segment are zero. */
int lac_cpu_segment_expand(lac_tensor *y, const lac_tensor *x, const lac_tensor *first) {
    const segments g = {.y = lac_f32(y),
                        .x = lac_f32(x),
                        .first = lac_i32(first),
                        .count = x->shape[0],
                        .planes = y->shape[1]};
    if (y->count == 0) return LAC_OK;
    return lac_parallel_range(y->shape[0], grain_of(g.planes), expand_rows, &g);
}

/* ---- columns by argument --------------------------------------------------------- */

typedef struct columns {
    float *y;
    const float *x;
    const int32_t *argument;
    int64_t rows, planes; /* of argument */
    int64_t parts;
    int32_t *low, *high; /* rows that each part's arguments name */
} columns;

static int check_columns(const char *op, const lac_tensor *whole, const char *picked_name,
                         const lac_tensor *picked, const lac_tensor *argument,
                         const char *whole_name) {
    LAC_TRY(lac_check_ndim(op, whole_name, whole, 2));
    LAC_TRY(lac_check_ndim(op, "argument", argument, 2));
    LAC_TRY(lac_check_shape(op, "argument", argument, 2, argument->shape[0],
                            whole->shape[1]));
    return lac_check_same_shape(op, picked_name, picked, argument);
}

int lac_check_take_columns(lac_tensor *y, const lac_tensor *x,
                           const lac_tensor *argument) {
    return check_columns("take_columns", x, "y", y, argument, "x");
}
int lac_check_spread_columns(lac_tensor *y, const lac_tensor *x,
                             const lac_tensor *argument) {
    return check_columns("spread_columns", y, "x", x, argument, "y");
}

static void take_rows(const void *context, int64_t first, int64_t end) {
    const columns *k = context;
    for (int64_t i = first; i < end; i++)
        for (int64_t j = 0; j < k->planes; j++) {
            const int64_t row = k->argument[i * k->planes + j];
            k->y[i * k->planes + j] = row < 0 ? 0 : k->x[row * k->planes + j];
        }
}

/* y[s][c] = x[argument[s][c]][c], 0 where the argument is negative */
int lac_cpu_take_columns(lac_tensor *y, const lac_tensor *x, const lac_tensor *argument) {
    const columns k = {.y = lac_f32(y),
                       .x = lac_f32(x),
                       .argument = lac_i32(argument),
                       .planes = x->shape[1]};
    if (y->count == 0) return LAC_OK;
    return lac_parallel_range(y->shape[0], grain_of(k.planes), take_rows, &k);
}

static void spread_block(const columns *k, int64_t first, int64_t end, int64_t column,
                         int64_t width) {
    for (int64_t i = first; i < end; i++)
        for (int64_t j = column; j < column + width; j++) {
            const int64_t row = k->argument[i * k->planes + j];
            if (row >= 0) k->y[row * k->planes + j] += k->x[i * k->planes + j];
        }
}

static int64_t part_start(const columns *k, int64_t part) {
    return k->rows * part / k->parts;
}

static void find_range(const void *context, int64_t part) {
    const columns *k = context;
    const int64_t end = part_start(k, part + 1) * k->planes;
    int32_t low = INT32_MAX, high = -1;
    for (int64_t i = part_start(k, part) * k->planes; i < end; i++) {
        const int32_t row = k->argument[i];
        low = row >= 0 && row < low ? row : low;
        high = row > high ? row : high;
    }
    k->low[part] = low;
    k->high[part] = high;
}

static void spread_part(const void *context, int64_t part) {
    const columns *k = context;
    spread_block(k, part_start(k, part), part_start(k, part + 1), 0, k->planes);
}

static void spread_line(const void *context, int64_t line) {
    const columns *k = context;
    const int64_t column = line * LINE, left = k->planes - column;
    spread_block(k, 0, k->rows, column, left < LINE ? left : LINE);
}

static int parts_apart(const columns *k) {
    int32_t highest = -1;
    for (int64_t part = 0; part < k->parts; part++) {
        if (k->high[part] < 0) continue;
        if (k->low[part] <= highest) return 0;
        highest = k->high[part];
    }
    return 1;
}

/* y is zero but for y[argument[s][c]][c] += x[s][c], s ascending, which no cut changes:
 * arguments that ascend from part to part, as those of segments do, are spread part by
 * part, others column by column. */
int lac_cpu_spread_columns(lac_tensor *y, const lac_tensor *x,
                           const lac_tensor *argument) {
    int32_t low[PARTS], high[PARTS];
    columns k = {.y = lac_f32(y),
                 .x = lac_f32(x),
                 .argument = lac_i32(argument),
                 .rows = x->shape[0],
                 .planes = x->shape[1],
                 .parts = x->count / GRAIN + 1,
                 .low = low,
                 .high = high};
    if (k.parts > PARTS) k.parts = PARTS;
    LAC_TRY(lac_cpu_fill(y, 0));
    if (x->count == 0) return LAC_OK;
    LAC_TRY(lac_parallel(k.parts, find_range, &k));
    if (parts_apart(&k)) return lac_parallel(k.parts, spread_part, &k);
    return lac_parallel((k.planes + LINE - 1) / LINE, spread_line, &k);
}
