/* rulebook.c - joining two sets of sites, tap by tap
 *
 * For a tap each input row j has at most one output row i with in[j] = stride * out[i] +
 * tap * dilation - pad, and the other way round, so a tap is a partial map from i to j:
 * an array of output rows, filled in any order by any thread and then read from front to
 * back. As many taps as fit a bounded buffer are done at a time.
 */
#include "device.h"
#include "geometry.h"
#include "memory.h"
#include "threads.h"
#include "window.h"

#include <string.h>

enum { GRAIN = 1024 };
static const int64_t MAP_LIMIT = (int64_t)64 << 20; /* elements */

typedef struct builder {
    const lac_sites *in, *out;
    const lac_relation *r;
    int64_t taps, tap0, tap_count; /* the batch of taps in `map`                  */
    int64_t chunks;                /* of input rows                               */
    int32_t *map;                  /* tap_count x n_out, -1 where no pair         */
    int64_t *first;                /* taps + 1: counts, then where taps begin     */
    int32_t *tiles, *ins, *outs;
    int mirrored;
} builder;

static int64_t tile_count(int64_t rows) { return (rows + LAC_TILE - 1) / LAC_TILE; }

/* Fills the map for a stretch of input rows. */
static void map_chunk(const void *context, int64_t chunk) {
    const builder *b = context;
    const int64_t width = 1 + b->in->dimension, first = chunk * GRAIN, n_out = b->out->n;
    const int64_t end = first + GRAIN < b->in->n ? first + GRAIN : b->in->n;
    const int64_t last = b->mirrored ? b->taps / 2 : b->tap0 + b->tap_count - 1;
    lac_windows walk; /* its lists are filled as far as they are read */

    walk.relation = b->r;
    walk.size = b->out->size;
    walk.dimension = b->in->dimension;
    walk.bits = b->out->bits;
    for (int64_t j = first; j < end; j++) {
        lac_windows_begin(&walk, b->in->coords + j * width);
        while (lac_windows_next(&walk)) {
            const int64_t tap = walk.tap[walk.dimension];
            if (tap < b->tap0) continue;
            if (tap > last)
                break; /* taps ascend; past the middle a mirror image fills them */
            const int64_t i = lac_sites_find(b->out, walk.key[walk.dimension]);
            if (i < 0) continue;
            b->map[(tap - b->tap0) * n_out + i] = (int32_t)j;
            if (b->mirrored) b->map[(b->taps - 1 - tap) * n_out + j] = (int32_t)i;
        }
    }
}

static void count_tap(const void *context, int64_t t) {
    const builder *b = context;
    const int32_t *map = b->map + t * b->out->n;
    const int64_t tap = b->tap0 + t, n = b->out->n;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % LAC_TILE == 0) b->tiles[i / LAC_TILE * b->taps + tap] = (int32_t)count;
        count += map[i] >= 0;
    }
    b->tiles[tile_count(n) * b->taps + tap] = (int32_t)count;
    b->first[tap] = count;
}

static void list_tap(const void *context, int64_t t) {
    const builder *b = context;
    const int32_t *map = b->map + t * b->out->n;
    int64_t at = b->first[b->tap0 + t];
    for (int64_t i = 0; i < b->out->n; i++)
        if (map[i] >= 0) {
            b->ins[at] = map[i];
            b->outs[at++] = (int32_t)i;
        }
}

static int map_taps(builder *b, int64_t tap0, int64_t count) {
    b->tap0 = tap0;
    b->tap_count = count;
    memset(b->map, 0xff, (size_t)(count * b->out->n) * 4);
    return lac_parallel(b->chunks, map_chunk, b);
}

/* Runs `step` over all taps, a batch at a time; one batch is mapped only once. */
static int over_batches(builder *b, int64_t batch, int mapped, lac_task step) {
    for (int64_t t = 0; t < b->taps; t += batch) {
        const int64_t count = t + batch < b->taps ? batch : b->taps - t;
        if (!mapped) LAC_TRY(map_taps(b, t, count));
        LAC_TRY(lac_parallel(count, step, b));
    }
    return LAC_OK;
}

static int fill(lac_rulebook *book, builder *b, int64_t batch) {
    LAC_TRY(over_batches(b, batch, 0, count_tap));
    int64_t total = 0;
    for (int64_t t = 0; t <= b->taps; t++) {
        const int64_t here = t < b->taps ? b->first[t] : 0;
        b->first[t] = total;
        total += here;
    }
    book->n_pairs = total;
    LAC_TRY(lac_host_alloc((void **)&b->ins, (size_t)total * 4));
    LAC_TRY(lac_host_alloc((void **)&b->outs, (size_t)total * 4));
    return over_batches(b, batch, batch >= b->taps, list_tap);
}

/* ---- the object ------------------------------------------------------------------ */

static size_t tile_bytes(const lac_rulebook *b) {
    return (size_t)((b->n_tiles + 1) * b->taps) * 4;
}

static int to_device(int32_t **out, lac_device *d, const int32_t *from, size_t bytes) {
    void *block;
    LAC_TRY(lac_block_new(&block, d, bytes));
    const int status = d->upload(d, block, from, bytes);
    if (status == LAC_OK)
        *out = block;
    else
        lac_block_free(d, block, bytes);
    return status;
}

/* Moves the finished lists to the device. */
static int place(lac_rulebook *book, const int32_t *ins, const int32_t *outs,
                 const int32_t *tiles) {
    lac_device *d = lac_device_get(book->device);
    LAC_TRY(to_device(&book->in, d, ins, (size_t)book->n_pairs * 4));
    LAC_TRY(to_device(&book->out, d, outs, (size_t)book->n_pairs * 4));
    return to_device(&book->tiles, d, tiles, tile_bytes(book));
}

void lac_rulebook_destroy(lac_rulebook *b) {
    lac_device *d = lac_device_get(b->device);
    if (b->in) lac_block_free(d, b->in, (size_t)b->n_pairs * 4);
    if (b->out) lac_block_free(d, b->out, (size_t)b->n_pairs * 4);
    if (b->tiles) lac_block_free(d, b->tiles, tile_bytes(b));
    lac_host_free(b->first);
    lac_host_free(b);
}

static int blank(lac_rulebook **out, int device, int64_t taps, int64_t n_in,
                 int64_t n_out) {
    lac_rulebook *b;
    LAC_TRY(lac_host_calloc((void **)&b, 1, sizeof *b));
    b->device = device;
    b->taps = (int32_t)taps;
    b->n_in = n_in;
    b->n_out = n_out;
    b->n_tiles = tile_count(n_out);
    const int status = lac_host_calloc((void **)&b->first, (size_t)taps + 1, 8);
    if (status == LAC_OK)
        *out = b;
    else
        lac_host_free(b);
    return status;
}

int lac_rulebook_build(lac_rulebook **out, int device, lac_sites *in, lac_sites *outs,
                       const lac_relation *r) {
    builder b = {.in = in, .out = outs, .r = r, .taps = 1};
    lac_rulebook *book;
    int odd = r->submanifold;
    for (int a = 0; a < in->dimension; a++) {
        b.taps *= r->kernel[a];
        odd = odd && r->kernel[a] % 2 == 1;
    }
    int64_t batch = outs->n ? MAP_LIMIT / outs->n : b.taps;
    batch = batch < 1 ? 1 : batch > b.taps ? b.taps : batch;
    b.mirrored = odd && batch == b.taps;
    b.chunks = in->n ? (in->n + GRAIN - 1) / GRAIN : 1;

    LAC_TRY(lac_sites_index(outs));
    LAC_TRY(blank(&book, device, b.taps, in->n, outs->n));
    book->mirrored = odd;
    b.first = book->first;
    int status = lac_host_alloc((void **)&b.map, (size_t)(batch * outs->n) * 4);
    if (status == LAC_OK) status = lac_host_alloc((void **)&b.tiles, tile_bytes(book));
    if (status == LAC_OK) status = fill(book, &b, batch);
    if (status == LAC_OK) status = place(book, b.ins, b.outs, b.tiles);
    lac_host_free(b.map);
    lac_host_free(b.tiles);
    lac_host_free(b.ins);
    lac_host_free(b.outs);
    if (status == LAC_OK)
        *out = book;
    else
        lac_rulebook_destroy(book);
    return status;
}

/* ---- reading it backwards -------------------------------------------------------- */

typedef struct turner {
    const lac_rulebook *from;
    const int32_t *ins, *outs;
    int32_t *map, *new_in, *new_out, *tiles; /* map: taps in flight x n_in */
} turner;

static void turn_tap(turner *t, int64_t tap) {
    const lac_rulebook *f = t->from;
    int64_t at = f->first[tap], row = 0;
    memset(t->map, 0xff, (size_t)f->n_in * 4);
    for (int64_t p = f->first[tap]; p < f->first[tap + 1]; p++)
        t->map[t->ins[p]] = t->outs[p];
    for (; row < f->n_in; row++) {
        if (row % LAC_TILE == 0)
            t->tiles[row / LAC_TILE * f->taps + tap] = (int32_t)(at - f->first[tap]);
        if (t->map[row] < 0) continue;
        t->new_in[at] = t->map[row];
        t->new_out[at++] = (int32_t)row;
    }
    t->tiles[tile_count(f->n_in) * f->taps + tap] = (int32_t)(at - f->first[tap]);
}

int lac_rulebook_turn(lac_rulebook **out, const lac_rulebook *b) {
    lac_device *d = lac_device_get(b->device);
    const size_t bytes = (size_t)b->n_pairs * 4;
    int32_t *ins = NULL, *outs = NULL;
    turner t = {.from = b};
    lac_rulebook *book;
    LAC_TRY(blank(&book, b->device, b->taps, b->n_out, b->n_in));
    memcpy(book->first, b->first, (size_t)(b->taps + 1) * 8);
    book->n_pairs = b->n_pairs;
    int status = lac_host_alloc((void **)&ins, bytes);
    if (status == LAC_OK) status = lac_host_alloc((void **)&outs, bytes);
    if (status == LAC_OK) status = lac_host_alloc((void **)&t.new_in, bytes);
    if (status == LAC_OK) status = lac_host_alloc((void **)&t.new_out, bytes);
    if (status == LAC_OK) status = lac_host_alloc((void **)&t.tiles, tile_bytes(book));
    if (status == LAC_OK) status = lac_host_alloc((void **)&t.map, (size_t)b->n_in * 4);
    if (status == LAC_OK) status = d->download(d, ins, b->in, bytes);
    if (status == LAC_OK) status = d->download(d, outs, b->out, bytes);
    if (status == LAC_OK) {
        t.ins = ins;
        t.outs = outs;
        for (int64_t tap = 0; tap < b->taps; tap++) turn_tap(&t, tap);
        status = place(book, t.new_in, t.new_out, t.tiles);
    }
    lac_host_free(ins);
    lac_host_free(outs);
    lac_host_free(t.new_in);
    lac_host_free(t.new_out);
    lac_host_free(t.tiles);
    lac_host_free(t.map);
    if (status == LAC_OK)
        *out = book;
    else
        lac_rulebook_destroy(book);
    return status;
}

/* ---- asking ---------------------------------------------------------------------- */

int lac_rulebook_taps(const lac_rulebook *b) { return b->taps; }
double lac_rulebook_inputs(const lac_rulebook *b) { return (double)b->n_in; }
double lac_rulebook_outputs(const lac_rulebook *b) { return (double)b->n_out; }
int lac_rulebook_device(const lac_rulebook *b) { return b->device; }
double lac_rulebook_pairs(const lac_rulebook *b, int tap) {
    if (tap < 0 || tap >= b->taps) return (double)b->n_pairs;
    return (double)(b->first[tap + 1] - b->first[tap]);
}

int lac_rulebook_read(lac_tensor *in, lac_tensor *out, const lac_rulebook *b, int tap) {
    lac_device *d = lac_device_get(b->device);
    if (tap < 0 || tap >= b->taps)
        return lac_fail(LAC_E_ARGUMENT, "rulebook: tap %d, expected 0 to %d", tap,
                        b->taps - 1);
    const int64_t n = b->first[tap + 1] - b->first[tap];
    int32_t *pairs;
    if (in->dtype != LAC_I32 || out->dtype != LAC_I32 || in->count != n ||
        out->count != n)
        return lac_fail(LAC_E_ARGUMENT,
                        "rulebook: expected two int32 tensors of %lld elements",
                        (long long)n);
    LAC_TRY(lac_host_alloc((void **)&pairs, (size_t)n * 4));
    int status = d->download(d, pairs, b->in + b->first[tap], (size_t)n * 4);
    if (status == LAC_OK) status = lac_tensor_write(in, pairs, (double)n * 4);
    if (status == LAC_OK)
        status = d->download(d, pairs, b->out + b->first[tap], (size_t)n * 4);
    if (status == LAC_OK) status = lac_tensor_write(out, pairs, (double)n * 4);
    lac_host_free(pairs);
    return status;
}

int lac_rulebook_degrees(lac_tensor *degrees, const lac_rulebook *b) {
    lac_device *d = lac_device_get(b->device);
    LAC_TRY(lac_check_shape("rulebook", "degrees", degrees, 2, b->n_out, (int64_t)1));
    if (degrees->dtype != LAC_F32)
        return lac_fail(LAC_E_TYPE, "rulebook: degrees is %s, expected float32",
                        lac_dtype_name(degrees->dtype));
    int32_t *outs = NULL;
    float *count = NULL;
    int status = lac_host_alloc((void **)&outs, (size_t)b->n_pairs * 4);
    if (status == LAC_OK) status = lac_host_calloc((void **)&count, (size_t)b->n_out, 4);
    if (status == LAC_OK) status = d->download(d, outs, b->out, (size_t)b->n_pairs * 4);
    if (status == LAC_OK) {
        for (int64_t p = 0; p < b->n_pairs; p++) count[outs[p]] += 1;
        status = lac_tensor_write(degrees, count, (double)b->n_out * 4);
    }
    lac_host_free(outs);
    lac_host_free(count);
    return status;
}
