/* sites.c - sets of active coordinates: from points, and as the windows of a strided
 * layer */
#include "device.h"
#include "geometry.h"
#include "memory.h"
#include "threads.h"
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

/* Input rows of some samples, and the windows that see them.  Samples come one after the
 * other in every set, so the parts' windows, each sorted, follow one another too. */
typedef struct part {
    int64_t first, end, row; /* input rows; the first output row */
    windows w;
    int32_t *order;
    int status;
} part;

typedef struct derivation {
    const lac_sites *in;
    const lac_relation *relation;
    const int64_t *size;
    int bits;
    part *parts;
    lac_sites *out;
} derivation;

static int find_windows(part *p, const derivation *d, lac_windows *walk) {
    const int64_t width = 1 + d->in->dimension;
    int32_t *spare;
    *walk = (lac_windows){.relation = d->relation,
                          .size = d->size,
                          .dimension = d->in->dimension,
                          .bits = d->bits};
    for (int64_t i = p->first; i < p->end; i++) {
        const int32_t *fine = d->in->coords + i * width;
        lac_windows_begin(walk, fine);
        while (lac_windows_next(walk)) LAC_TRY(add_window(&p->w, walk, fine[0]));
    }
    LAC_TRY(lac_host_alloc((void **)&p->order, (size_t)p->w.n * 4));
    LAC_TRY(lac_host_alloc((void **)&spare, (size_t)p->w.n * 4));
    for (int64_t i = 0; i < p->w.n; i++) p->order[i] = (int32_t)i;
    lac_key_sort(p->order, spare, p->w.low, p->w.high, p->w.n);
    lac_host_free(spare);
    return LAC_OK;
}

static void find_part(const void *context, int64_t chunk) {
    const derivation *d = context;
    part *p = &d->parts[chunk];
    lac_windows *walk;
    p->status = lac_host_alloc((void **)&walk, sizeof *walk);
    if (p->status != LAC_OK) return;
    p->status = find_windows(p, d, walk);
    lac_host_free(walk);
}

static void place_part(const void *context, int64_t chunk) {
    const derivation *d = context;
    const part *p = &d->parts[chunk];
    const windows *w = &p->w;
    lac_sites *s = d->out;
    for (int64_t i = 0; i < w->n; i++) {
        const int64_t from = p->order[i], to = p->row + i;
        s->low[to] = w->low[from];
        if (w->wide) s->high[to] = w->high[from];
        memcpy(s->coords + to * w->width, w->coords + from * w->width,
               (size_t)w->width * 4);
    }
}

/* Cuts the rows between samples, into parts of some size; gives their number. */
static int64_t cut(part *parts, int64_t room, const lac_sites *in) {
    const int64_t width = 1 + in->dimension, least = in->n / room + 1;
    int64_t n = 0, first = 0;
    for (int64_t i = 1; i <= in->n; i++) {
        const int ends =
            i == in->n || in->coords[i * width] != in->coords[(i - 1) * width];
        if (!ends || (i - first < least && i < in->n)) continue;
        parts[n++] = (part){.first = first, .end = i};
        first = i;
    }
    return n;
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

    enum { MOST_PARTS = 64 };
    part parts[MOST_PARTS];
    derivation work = {
        .in = in, .relation = r, .size = size, .bits = bits, .parts = parts};
    const int64_t count = cut(parts, MOST_PARTS, in);
    for (int64_t i = 0; i < count; i++) {
        parts[i].w.width = 1 + d;
        parts[i].w.wide = bits > lac_key_bits(d, 0);
    }
    int status = lac_parallel(count, find_part, &work);
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        if (status == LAC_OK && parts[i].status != LAC_OK)
            status =
                lac_fail(parts[i].status, "convolution: no room for its output sites");
        parts[i].row = n;
        n += parts[i].w.n;
    }
    if (status == LAC_OK && n > MOST_ROWS)
        status = lac_fail(LAC_E_ARGUMENT,
                          "convolution: %lld output sites, expected at most "
                          "2^31 - 1",
                          (long long)n);
    if (status == LAC_OK) status = lac_sites_blank(&work.out, d, n, bits);
    if (status == LAC_OK) {
        status = lac_parallel(count, place_part, &work);
        if (status != LAC_OK) lac_sites_destroy(work.out);
    }
    if (status == LAC_OK) {
        work.out->batch = in->batch;
        memcpy(work.out->size, size, (size_t)d * sizeof *size);
        *out = work.out;
    }
    for (int64_t i = 0; i < count; i++) {
        lac_host_free(parts[i].order);
        drop_windows(&parts[i].w);
    }
    return status;
}
