/* sites.c - sets of active coordinates: from points, and as the windows of a strided
 * layer */
#include "device.h"
#include "geometry.h"
#include "memory.h"
#include "window.h"

#include <string.h>

static const int64_t MOST_ROWS = INT32_MAX;

int lac_sites_blank(lac_sites **out, int dimension, int64_t n, int bits) {
    static uint64_t last_id;
    void *p;
    LAC_TRY(lac_host_calloc(&p, 1, sizeof(lac_sites)));
    lac_sites *s = p;
    s->dimension = dimension;
    s->bits = bits;
    s->n = n;
    s->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_SEQ_CST);
    const int wide = bits > lac_key_bits(dimension, 0);
    int status = lac_host_alloc((void **)&s->coords, (size_t)(n * (1 + dimension)) * 4);
    if (status == LAC_OK) status = lac_host_alloc((void **)&s->low, (size_t)n * 8);
    if (status == LAC_OK && wide)
        status = lac_host_alloc((void **)&s->high, (size_t)n * 8);
    if (status != LAC_OK) {
        lac_sites_destroy(s);
        return status;
    }
    *out = s;
    return LAC_OK;
}

void lac_sites_destroy(lac_sites *s) {
    lac_host_free(s->coords);
    lac_host_free(s->low);
    lac_host_free(s->high);
    lac_host_free(s->slots);
    lac_host_free(s->rows);
    lac_host_free(s->order);
    lac_host_free(s->first);
    lac_host_free(s);
}

int lac_sites_index(lac_sites *s) {
    if (s->slots) return LAC_OK;
    uint64_t room = 16;
    while (room < 2 * (uint64_t)s->n) room *= 2;
    lac_slot *slots;
    LAC_TRY(lac_host_alloc((void **)&slots, room * sizeof *slots));
    for (uint64_t i = 0; i < room; i++) slots[i].row = -1;
    for (int64_t i = 0; i < s->n; i++) {
        const uint64_t low = s->low[i], high = s->high ? s->high[i] : 0;
        uint64_t h = lac_key_slot(low, high, room - 1);
        while (slots[h].row >= 0) h = (h + 1) & (room - 1);
        slots[h] = (lac_slot){low, (int32_t)i};
    }
    s->mask = room - 1;
    s->slots = slots;
    return LAC_OK;
}

static void set_key(lac_sites *s, int64_t row, lac_key key) {
    s->low[row] = (uint64_t)key;
    if (s->high) s->high[row] = (uint64_t)(key >> 64);
    lac_key_decode(s->coords + row * (1 + s->dimension), key, s->dimension, s->bits);
}

/* Fewest bits an axis needs for low .. high, of the two widths; 0 when neither does. */
static int choose_bits(int dimension, int64_t low, int64_t high) {
    for (int wide = 0; wide < 2; wide++) {
        const int bits = lac_key_bits(dimension, wide);
        if (lac_key_fits(bits, low, high)) return bits;
    }
    return 0;
}

/* ---- from points ----------------------------------------------------------------- */

typedef struct points {
    int64_t n, width; /* width = 1 + dimension */
    int64_t *values;
    int64_t low, high, last; /* extremes of the coordinates, and the last batch index */
} points;

static int check_point(points *p, int64_t i, const double *size, int64_t base) {
    int64_t *v = p->values + i * p->width;
    v[0] -= base;
    i += base;
    if (v[0] < 0 || v[0] >> LAC_BATCH_BITS)
        return lac_fail(LAC_E_ARGUMENT,
                        "sites: batch index of point %lld is %lld, "
                        "expected %lld to %lld",
                        (long long)i, (long long)(v[0] + base), (long long)base,
                        (long long)(65535 + base));
    if (v[0] > p->last) p->last = v[0];
    for (int64_t a = 1; a < p->width; a++) {
        if (size && (v[a] < 0 || (double)v[a] >= size[a - 1]))
            return lac_fail(LAC_E_ARGUMENT,
                            "sites: coordinate %lld of point %lld is %lld, "
                            "expected 0 to %.0f",
                            (long long)a, (long long)i, (long long)v[a], size[a - 1] - 1);
        if (v[a] < p->low) p->low = v[a];
        if (v[a] > p->high) p->high = v[a];
    }
    return LAC_OK;
}

static int read_points(points *p, const lac_tensor *coords) {
    const int64_t count = coords->count;
    void *raw;
    LAC_TRY(lac_host_alloc((void **)&p->values, (size_t)count * 8));
    if (coords->dtype == LAC_I64)
        return lac_tensor_read(p->values, (double)lac_bytes(coords), coords);
    LAC_TRY(lac_host_alloc(&raw, lac_bytes(coords)));
    const int status = lac_tensor_read(raw, (double)lac_bytes(coords), coords);
    for (int64_t i = 0; status == LAC_OK && i < count; i++)
        p->values[i] = ((int32_t *)raw)[i];
    lac_host_free(raw);
    return status;
}

/* Sorts the points by key and numbers the different ones. */
static int number_points(lac_sites **out, const points *p, int bits) {
    const int d = (int)p->width - 1;
    uint64_t *low = NULL, *high = NULL;
    int32_t *order = NULL, *spare = NULL, *rows = NULL, *first = NULL;
    lac_sites *s = NULL;
    int64_t n = 0;
    const size_t count = (size_t)p->n;

    int status = lac_host_alloc((void **)&low, count * 8);
    if (status == LAC_OK && bits > lac_key_bits(d, 0))
        status = lac_host_alloc((void **)&high, count * 8);
    if (status == LAC_OK) status = lac_host_alloc((void **)&order, count * 4);
    if (status == LAC_OK) status = lac_host_alloc((void **)&spare, count * 4);
    if (status == LAC_OK) status = lac_host_alloc((void **)&rows, count * 4);
    if (status == LAC_OK) {
        for (int64_t i = 0; i < p->n; i++) {
            const int64_t *v = p->values + i * p->width;
            const lac_key key = lac_key_of(d, bits, v[0], v + 1);
            low[i] = (uint64_t)key;
            if (high) high[i] = (uint64_t)(key >> 64);
            order[i] = (int32_t)i;
        }
        lac_key_sort(order, spare, low, high, p->n);
        for (int64_t i = 0; i < p->n; i++) {
            const int32_t a = order[i], b = i ? order[i - 1] : 0;
            if (i == 0 || low[a] != low[b] || (high && high[a] != high[b]))
                spare[n++] = (int32_t)i;
            rows[a] = (int32_t)(n - 1);
        }
        status = lac_sites_blank(&s, d, n, bits);
    }
    if (status == LAC_OK) status = lac_host_alloc((void **)&first, (size_t)(n + 1) * 4);
    if (status == LAC_OK) {
        for (int64_t r = 0; r < n; r++) {
            const int32_t point = order[spare[r]];
            first[r] = spare[r];
            set_key(s, r, (lac_key)(high ? high[point] : 0) << 64 | low[point]);
        }
        first[n] = (int32_t)p->n;
        s->points = p->n;
        s->rows = rows;
        s->order = order;
        s->first = first;
        s->batch = p->last + 1;
        *out = s;
    } else {
        if (s) lac_sites_destroy(s);
        lac_host_free(order);
        lac_host_free(rows);
    }
    lac_host_free(low);
    lac_host_free(high);
    lac_host_free(spare);
    return status;
}

int lac_sites_from_points(lac_sites **out, const lac_tensor *coords, const double *size,
                          int64_t base) {
    points p = {.last = -1, .n = coords->shape[0], .width = coords->shape[1]};
    int status = read_points(&p, coords);
    for (int64_t i = 0; status == LAC_OK && i < p.n; i++)
        status = check_point(&p, i, size, base);
    const int bits = choose_bits((int)p.width - 1, p.low, p.high);
    if (status == LAC_OK && !bits)
        status = lac_fail(LAC_E_ARGUMENT,
                          "sites: coordinates from %lld to %lld, expected %d bits "
                          "with the sign in dimension %d",
                          (long long)p.low, (long long)p.high,
                          lac_key_bits((int)p.width - 1, 1), (int)p.width - 1);
    if (status == LAC_OK) status = number_points(out, &p, bits);
    lac_host_free(p.values);
    return status;
}

/* ---- the windows of a strided layer ---------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int derived_size(int64_t *out, const lac_relation *r, int axis, int64_t size) {
    const int64_t k = r->kernel[axis], s = r->stride[axis];
    const int64_t span =
        size + 2 * (int64_t)r->pad[axis] - (int64_t)r->dilation[axis] * (k - 1) - 1;
    if (size == 0) {
        *out = 0;
        return LAC_OK;
    }
    if (span < 0)
        return lac_fail(LAC_E_ARGUMENT,
                        "convolution: spatial size is %lld along axis %d, "
                        "expected at least %lld for kernel %lld",
                        (long long)size, axis + 1, (long long)(size - span),
                        (long long)k);
    if (span % s != 0)
        return lac_fail(
            LAC_E_ARGUMENT,
            "convolution: spatial size is %lld along axis %d, expected "
            "%lld or %lld, so that kernel %lld and stride %lld come out whole",
            (long long)size, axis + 1, (long long)(size - span % s),
            (long long)(size - span % s + s), (long long)k, (long long)s);
    *out = span / s + 1;
    return LAC_OK;
}

/* Different windows, in the order in which they were met. */
typedef struct windows {
    uint64_t *low, *high;
    int32_t *coords, *slots; /* slots: hash to row, -1 free */
    int64_t n, room;
    uint64_t mask;
    int width, wide;
} windows;

static void drop_windows(windows *w) {
    lac_host_free(w->low);
    lac_host_free(w->high);
    lac_host_free(w->coords);
    lac_host_free(w->slots);
}

static int more_windows(windows *w) {
    const int64_t room = w->room ? 2 * w->room : 4096;
    if (room > MOST_ROWS)
        return lac_fail(LAC_E_ARGUMENT, "convolution: more than 2^30 output sites");
    LAC_TRY(lac_host_realloc((void **)&w->low, (size_t)room * 8));
    if (w->wide) LAC_TRY(lac_host_realloc((void **)&w->high, (size_t)room * 8));
    LAC_TRY(lac_host_realloc((void **)&w->coords, (size_t)(room * w->width) * 4));
    lac_host_free(w->slots);
    w->slots = NULL;
    LAC_TRY(lac_host_alloc((void **)&w->slots, (size_t)(2 * room) * 4));
    memset(w->slots, 0xff, (size_t)(2 * room) * 4);
    w->room = room;
    w->mask = 2 * (uint64_t)room - 1;
    for (int64_t i = 0; i < w->n; i++) {
        uint64_t h = lac_key_slot(w->low[i], w->wide ? w->high[i] : 0, w->mask);
        while (w->slots[h] >= 0) h = (h + 1) & w->mask;
        w->slots[h] = (int32_t)i;
    }
    return LAC_OK;
}

/* Adds the window at which the walk is, unless it is there. */
static int add_window(windows *w, const lac_windows *walk, int32_t batch) {
    const lac_key key = walk->key[walk->dimension];
    const uint64_t low = (uint64_t)key, high = (uint64_t)(key >> 64);
    if (w->n == w->room) LAC_TRY(more_windows(w));
    uint64_t h = lac_key_slot(low, high, w->mask);
    for (; w->slots[h] >= 0; h = (h + 1) & w->mask) {
        const int64_t i = w->slots[h];
        if (w->low[i] == low && (!w->wide || w->high[i] == high)) return LAC_OK;
    }
    int32_t *c = w->coords + w->n * w->width;
    w->slots[h] = (int32_t)w->n;
    w->low[w->n] = low;
    if (w->wide) w->high[w->n] = high;
    c[0] = batch;
    for (int a = 0; a < walk->dimension; a++)
        c[1 + a] = walk->axes[a].coarse[walk->at[a] - 1];
    w->n++;
    return LAC_OK;
}

/* The set of the windows, sorted. */
static int settle(lac_sites **out, const windows *w, int bits) {
    int32_t *order = NULL, *spare = NULL;
    const size_t width = (size_t)w->width * 4;
    int status = lac_host_alloc((void **)&order, (size_t)w->n * 4);
    if (status == LAC_OK) status = lac_host_alloc((void **)&spare, (size_t)w->n * 4);
    if (status == LAC_OK) status = lac_sites_blank(out, w->width - 1, w->n, bits);
    if (status == LAC_OK) {
        lac_sites *s = *out;
        for (int64_t i = 0; i < w->n; i++) order[i] = (int32_t)i;
        lac_key_sort(order, spare, w->low, w->high, w->n);
        for (int64_t i = 0; i < w->n; i++) {
            const int64_t from = order[i];
            s->low[i] = w->low[from];
            if (w->wide) s->high[i] = w->high[from];
            memcpy(s->coords + i * w->width, w->coords + from * w->width, width);
        }
    }
    lac_host_free(order);
    lac_host_free(spare);
    return status;
}

/* Least and greatest output coordinate, grid or none. */
static void reach(int64_t *low, int64_t *high, const lac_sites *in,
                  const lac_relation *r) {
    const int d = in->dimension;
    *low = *high = 0;
    for (int a = 0; a < d; a++) {
        int64_t least = INT64_MAX, most = INT64_MIN;
        for (int64_t i = 0; i < in->n; i++) {
            const int64_t c = in->coords[i * (1 + d) + 1 + a];
            least = c < least ? c : least;
            most = c > most ? c : most;
        }
        if (in->n == 0) continue;
        least += r->pad[a] - (int64_t)r->dilation[a] * (r->kernel[a] - 1);
        least = floor_div(least, r->stride[a]);
        most = floor_div(most + r->pad[a], r->stride[a]);
        *low = least < *low ? least : *low;
        *high = most > *high ? most : *high;
    }
}

int lac_sites_derive(lac_sites **out, lac_sites *in, const lac_relation *r) {
    const int d = in->dimension;
    int64_t size[LAC_MAX_DIMENSION], low, high;
    for (int a = 0; a < d; a++) LAC_TRY(derived_size(&size[a], r, a, in->size[a]));
    reach(&low, &high, in, r);
    const int bits = choose_bits(d, low, high);
    if (!bits)
        return lac_fail(LAC_E_ARGUMENT,
                        "convolution: output coordinates from %lld to %lld, "
                        "expected %d bits with the sign in dimension %d",
                        (long long)low, (long long)high, lac_key_bits(d, 1), d);

    windows w = {.width = 1 + d, .wide = bits > lac_key_bits(d, 0)};
    lac_windows *walk;
    LAC_TRY(lac_host_alloc((void **)&walk, sizeof *walk));
    *walk = (lac_windows){.relation = r, .size = size, .dimension = d, .bits = bits};
    int status = LAC_OK;
    for (int64_t i = 0; status == LAC_OK && i < in->n; i++) {
        const int32_t *fine = in->coords + i * (1 + d);
        lac_windows_begin(walk, fine);
        while (status == LAC_OK && lac_windows_next(walk))
            status = add_window(&w, walk, fine[0]);
    }
    if (status == LAC_OK) status = settle(out, &w, bits);
    if (status == LAC_OK) {
        (*out)->batch = in->batch;
        memcpy((*out)->size, size, (size_t)d * sizeof *size);
    }
    lac_host_free(walk);
    drop_windows(&w);
    return status;
}
