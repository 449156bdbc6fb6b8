/* gather.c - rows by index, an index grouped by value; -1 names no row */
#include "../ops.h"
#include "../threads.h"
#include "columns.h"

#include <string.h>

enum { GRAIN = 16384, PARTS = 64, AHEAD = 8 };

/* ---- gather ---------------------------------------------------------------------- */

typedef struct copies {
    char *y;
    const char *x;
    const int32_t *index;
    int64_t rows; /* of y */
    size_t bytes; /* in a row */
} copies;

int lac_check_gather(lac_tensor *y, const lac_tensor *x, const lac_tensor *index) {
    lac_tensor expected = *x;
    char text[128];
    LAC_TRY(lac_check_ndim("gather", "index", index, 1));
    if (x->ndim < 1)
        return lac_fail(LAC_E_ARGUMENT, "gather: x is %s, expected rows",
                        lac_shape_text(text, sizeof text, x));
    if (y->dtype != x->dtype)
        return lac_fail(LAC_E_TYPE, "gather: y is %s, expected %s as x",
                        lac_dtype_name(y->dtype), lac_dtype_name(x->dtype));
    expected.shape[0] = index->shape[0];
    return lac_check_same_shape("gather", "y", y, &expected);
}

static void gather_words(const void *context, int64_t first, int64_t end) {
    const copies *g = context;
    const uint32_t *x = (const uint32_t *)(const void *)g->x;
    uint32_t *y = (uint32_t *)(void *)g->y;
    for (int64_t i = first; i < end; i++) y[i] = g->index[i] < 0 ? 0 : x[g->index[i]];
}

static void gather_rows(const void *context, int64_t first, int64_t end) {
    const copies *g = context;
    for (int64_t i = first; i < end; i++) {
        const int64_t row = g->index[i];
        const int64_t soon = i + AHEAD < g->rows ? g->index[i + AHEAD] : -1;
        char *to = g->y + (size_t)i * g->bytes;
        if (soon >= 0) __builtin_prefetch(g->x + (size_t)soon * g->bytes);
        if (row < 0)
            memset(to, 0, g->bytes);
        else
            memcpy(to, g->x + (size_t)row * g->bytes, g->bytes);
    }
}

/* y[i] = x[index[i]], rows of any shape and dtype; zeros where the index is negative */
int lac_cpu_gather(lac_tensor *y, const lac_tensor *x, const lac_tensor *index) {
    const copies g = {y->data, x->data, lac_i32(index), index->count,
                      (size_t)lac_row_size(x) * lac_dtype_size(x->dtype)};
    const int64_t size = g.bytes < 4 ? 1 : (int64_t)g.bytes / 4;
    if (g.bytes == 0) return LAC_OK;
    return lac_parallel_range(g.rows, size < GRAIN ? GRAIN / size : 1,
                              g.bytes == 4 ? gather_words : gather_rows, &g);
}

/* ---- group ----------------------------------------------------------------------- */

typedef struct grouping {
    int32_t *order, *first;
    const int32_t *index;
    int64_t count, groups;
} grouping;

int lac_check_group(lac_tensor *order, lac_tensor *first, const lac_tensor *index) {
    char text[128];
    LAC_TRY(lac_check_ndim("group", "index", index, 1));
    LAC_TRY(lac_check_range("group", "size of index", index->count, 0, INT32_MAX));
    LAC_TRY(lac_check_same_shape("group", "order", order, index));
    if (first->ndim == 1 && first->shape[0] >= 1) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "group: first is %s, expected one more than groups",
                    lac_shape_text(text, sizeof text, first));
}

/* A counting sort whose counters are `first` itself: placing moves each group's start to
 * the next one's, and the last loop moves them back. */
static void group_all(const void *context, int64_t chunk) {
    const grouping *g = context;
    int32_t *first = g->first, total = 0;
    (void)chunk;
    for (int64_t k = 0; k <= g->groups; k++) first[k] = 0;
    for (int64_t i = 0; i < g->count; i++)
        if (g->index[i] >= 0) first[g->index[i]]++;
    for (int64_t k = 0; k <= g->groups; k++) {
        const int32_t size = first[k];
        first[k] = total;
        total += size;
    }
    for (int64_t i = 0; i < g->count; i++) {
        int32_t *next = g->index[i] >= 0 ? &first[g->index[i]] : &total;
        g->order[(*next)++] = (int32_t)i;
    }
    for (int64_t k = g->groups; k > 0; k--) first[k] = first[k - 1];
    first[0] = 0;
}

/* order: the places of index sorted by value, equal ones in their order, negative ones
 * last; group k of 0 .. n-1 is order[first[k]] .. order[first[k+1] - 1]. */
int lac_cpu_group(lac_tensor *order, lac_tensor *first, const lac_tensor *index) {
    const grouping g = {lac_i32(order), lac_i32(first), lac_i32(index), index->count,
                        first->count - 1};
    return lac_parallel(1, group_all, &g);
}

/* ---- the index's values ---------------------------------------------------------- */

typedef struct extent {
    const int32_t *index;
    int64_t count, parts;
    int32_t *low, *high;
} extent;

int lac_check_index_range(lac_tensor *range, const lac_tensor *index) {
    (void)index;
    return lac_check_shape("index_range", "range", range, 1, (int64_t)2);
}

static void find_extent(const void *context, int64_t part) {
    const extent *e = context;
    const int64_t end = e->count * (part + 1) / e->parts;
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (int64_t i = e->count * part / e->parts; i < end; i++) {
        low = e->index[i] < low ? e->index[i] : low;
        high = e->index[i] > high ? e->index[i] : high;
    }
    e->low[part] = low;
    e->high[part] = high;
}

/* range = {smallest, largest}, {0, -1} of none */
int lac_cpu_index_range(lac_tensor *range, const lac_tensor *index) {
    int32_t low[PARTS], high[PARTS], *to = lac_i32(range);
    extent e = {lac_i32(index), index->count, index->count / GRAIN + 1, low, high};
    if (e.parts > PARTS) e.parts = PARTS;
    LAC_TRY(lac_parallel(e.parts, find_extent, &e));
    for (int64_t part = 1; part < e.parts; part++) {
        if (low[part] < low[0]) low[0] = low[part];
        if (high[part] > high[0]) high[0] = high[part];
    }
    to[0] = e.count > 0 ? low[0] : 0;
    to[1] = e.count > 0 ? high[0] : -1;
    return LAC_OK;
}

typedef struct shift {
    int32_t *y;
    const int32_t *x;
    uint32_t by;
} shift;

int lac_check_index_shift(lac_tensor *y, const lac_tensor *x, int64_t by) {
    LAC_TRY(lac_check_range("index_shift", "by", by, INT32_MIN, INT32_MAX));
    return lac_check_same_shape("index_shift", "y", y, x);
}

static void shift_values(const void *context, int64_t first, int64_t end) {
    const shift *s = context;
    LAC_INDEPENDENT
    for (int64_t i = first; i < end; i++) s->y[i] = (int32_t)((uint32_t)s->x[i] + s->by);
}

/* y = x + by; what leaves int32 wraps. */
int lac_cpu_index_shift(lac_tensor *y, const lac_tensor *x, int64_t by) {
    const shift s = {lac_i32(y), lac_i32(x), (uint32_t)by};
    return lac_parallel_range(y->count, GRAIN, shift_values, &s);
}
