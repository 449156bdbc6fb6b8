/* geometry.c - the owner: handles, and finding again what was derived before */
#include "geometry.h"
#include "device.h"
#include "memory.h"
#include "window.h"

#include <math.h>
#include <string.h>

static void drop(lac_geometry *g) {
    if (__atomic_sub_fetch(&g->references, 1, __ATOMIC_SEQ_CST) > 0) return;
    for (int64_t i = 0; i < g->derived_count; i++) {
        lac_rulebook *b = g->derived[i].book;
        if (b && b->reverse) lac_rulebook_destroy(b->reverse);
        if (b) lac_rulebook_destroy(b);
    }
    for (int64_t i = 0; i < g->site_count; i++) lac_sites_destroy(g->sites[i]);
    lac_host_free(g->derived);
    lac_host_free(g->sites);
    pthread_mutex_destroy(&g->lock);
    lac_host_free(g);
}

static void hold(lac_geometry *g) {
    __atomic_add_fetch(&g->references, 1, __ATOMIC_SEQ_CST);
}

static int make_room(void **list, int64_t *room, int64_t count, size_t size) {
    if (count < *room) return LAC_OK;
    const int64_t more = *room ? 2 * *room : 8;
    LAC_TRY(lac_host_realloc(list, (size_t)more * size));
    *room = more;
    return LAC_OK;
}

/* ---- input sites ----------------------------------------------------------------- */

static int check_input(const lac_tensor *coords, const double *spatial_size,
                       int64_t *size) {
    if (!coords) return lac_fail(LAC_E_TYPE, "sites: coords is nil, expected a tensor");
    if (coords->dtype != LAC_I32 && coords->dtype != LAC_I64)
        return lac_fail(LAC_E_TYPE, "sites: coords is %s, expected int32 or int64",
                        lac_dtype_name(coords->dtype));
    LAC_TRY(lac_check_ndim("sites", "coords", coords, 2));
    if (coords->shape[1] < 2 || coords->shape[1] > 1 + LAC_MAX_DIMENSION)
        return lac_fail(LAC_E_ARGUMENT,
                        "sites: coords has %lld columns, expected a batch index "
                        "and 1 to %d coordinates",
                        (long long)coords->shape[1], LAC_MAX_DIMENSION);
    if (coords->shape[0] > INT32_MAX)
        return lac_fail(LAC_E_ARGUMENT, "sites: %lld points, expected at most 2^31 - 1",
                        (long long)coords->shape[0]);
    for (int a = 0; spatial_size && a < coords->shape[1] - 1; a++)
        LAC_TRY(lac_whole(&size[a], "sites", "spatial size", spatial_size[a], 1,
                          (int64_t)1 << 31));
    return LAC_OK;
}

static int wrap(lac_sites *s, int device) {
    lac_geometry *g;
    LAC_TRY(lac_host_calloc((void **)&g, 1, sizeof *g));
    g->references = 1;
    g->device = device;
    const int status = make_room((void **)&g->sites, &g->site_room, 0, sizeof *g->sites);
    if (status != LAC_OK) {
        lac_host_free(g);
        return status;
    }
    pthread_mutex_init(&g->lock, NULL);
    g->sites[g->site_count++] = s;
    s->owner = g;
    return LAC_OK;
}

int lac_sites_new(lac_sites **out, int device, const lac_tensor *coords, double batch,
                  const double *spatial_size, double base) {
    int64_t size[LAC_MAX_DIMENSION] = {0}, least = 0, from = 0;
    lac_sites *s;
    if (!lac_device_get(device)) return LAC_E_DEVICE;
    LAC_TRY(check_input(coords, spatial_size, size));
    LAC_TRY(lac_whole(&least, "sites", "batch", batch, 0, 1 << LAC_BATCH_BITS));
    LAC_TRY(lac_whole(&from, "sites", "base", base, 0, 1));
    LAC_TRY(lac_sites_from_points(&s, coords, spatial_size, from));
    if (s->batch < least) s->batch = least;
    memcpy(s->size, size, sizeof size);
    const int status = wrap(s, device);
    if (status == LAC_OK)
        *out = s;
    else
        lac_sites_destroy(s);
    return status;
}

void lac_sites_free(lac_sites *s) {
    if (s) drop(s->owner);
}

void lac_rulebook_free(lac_rulebook *b) {
    if (b) drop(b->owner);
}

void lac_sites_hold(lac_sites *s) { hold(s->owner); }
void lac_rulebook_hold(lac_rulebook *b) { hold(b->owner); }

/* ---- derived sites and rulebooks ------------------------------------------------- */

static int read_relation(lac_relation *r, const lac_sites *in, const double *kernel,
                         const double *stride, const double *dilation,
                         const double *pad) {
    int64_t taps = 1;
    memset(r, 0, sizeof *r);
    for (int a = 0; a < in->dimension; a++) {
        int64_t k = 0, s = 1, d = 0, p = 0;
        LAC_TRY(lac_whole(&k, "convolution", "kernel size", kernel[a], 1, 1 << 20));
        if (stride)
            LAC_TRY(lac_whole(&s, "convolution", "stride", stride[a], 1, 1 << 20));
        LAC_TRY(lac_whole(&d, "convolution", "dilation", dilation[a], 1, 1 << 20));
        p = d * (k / 2);
        if (pad) LAC_TRY(lac_whole(&p, "convolution", "pad", pad[a], 0, 1 << 20));
        if ((taps *= k) > 1 << 24)
            return lac_fail(LAC_E_ARGUMENT,
                            "convolution: more than 2^24 taps in a kernel");
        if ((k + s - 1) / s > LAC_MOST_PER_AXIS)
            return lac_fail(LAC_E_ARGUMENT,
                            "convolution: kernel size is %lld with stride %lld, "
                            "expected at most %d times the stride",
                            (long long)k, (long long)s, LAC_MOST_PER_AXIS);
        r->kernel[a] = (int32_t)k;
        r->stride[a] = (int32_t)s;
        r->dilation[a] = (int32_t)d;
        r->pad[a] = (int32_t)p;
    }
    r->submanifold = stride == NULL;
    return LAC_OK;
}

static lac_derived *look_up(const lac_geometry *g, uint64_t from, const lac_relation *r) {
    for (int64_t i = 0; i < g->derived_count; i++)
        if (g->derived[i].from == from && !memcmp(&g->derived[i].relation, r, sizeof *r))
            return &g->derived[i];
    return NULL;
}

/* Finds or makes; the geometry's lock is held. */
static int derive(lac_derived **found, lac_geometry *g, lac_sites *in,
                  const lac_relation *r) {
    lac_derived made = {.from = in->id, .relation = *r, .sites = in};
    if ((*found = look_up(g, in->id, r)) != NULL) return LAC_OK;
    LAC_TRY(
        make_room((void **)&g->derived, &g->derived_room, g->derived_count, sizeof made));
    if (!r->submanifold) {
        LAC_TRY(make_room((void **)&g->sites, &g->site_room, g->site_count,
                          sizeof *g->sites));
        LAC_TRY(lac_sites_derive(&made.sites, in, r));
        made.sites->owner = g;
    }
    const int status = lac_rulebook_build(&made.book, g->device, in, made.sites, r);
    if (status != LAC_OK) {
        if (made.sites != in) lac_sites_destroy(made.sites);
        return status;
    }
    made.book->owner = g;
    if (made.sites != in) g->sites[g->site_count++] = made.sites;
    *found = &g->derived[g->derived_count++];
    **found = made;
    return LAC_OK;
}

static int find(lac_sites **sites, lac_rulebook **book, lac_sites *in,
                const lac_relation *r) {
    lac_geometry *g = in->owner;
    lac_derived *found;
    pthread_mutex_lock(&g->lock);
    const int status = derive(&found, g, in, r);
    if (status == LAC_OK) {
        if (sites) {
            *sites = found->sites;
            hold(g);
        }
        *book = found->book;
        hold(g);
    }
    pthread_mutex_unlock(&g->lock);
    return status;
}

int lac_sites_strided(lac_sites **out, lac_rulebook **book, const lac_sites *in,
                      const double *kernel, const double *stride, const double *dilation,
                      const double *pad) {
    lac_relation r;
    LAC_TRY(read_relation(&r, in, kernel, stride, dilation, pad));
    return find(out, book, (lac_sites *)in, &r);
}

int lac_sites_submanifold(lac_rulebook **book, const lac_sites *s, const double *kernel,
                          const double *dilation) {
    lac_relation r;
    LAC_TRY(read_relation(&r, s, kernel, NULL, dilation, NULL));
    return find(NULL, book, (lac_sites *)s, &r);
}

int lac_rulebook_reverse(lac_rulebook **out, int *flip, const lac_rulebook *b) {
    lac_geometry *g = b->owner;
    lac_rulebook *found = (lac_rulebook *)b;
    int status = LAC_OK;
    if (!b->mirrored) {
        pthread_mutex_lock(&g->lock);
        if (!b->reverse) {
            status = lac_rulebook_turn(&found->reverse, b);
            if (status == LAC_OK) {
                found->reverse->owner = g;
                found->reverse->reverse = found;
            }
        }
        found = found->reverse;
        pthread_mutex_unlock(&g->lock);
    }
    LAC_TRY(status);
    *flip = b->mirrored;
    *out = found;
    hold(g);
    return LAC_OK;
}

/* ---- what a set knows ------------------------------------------------------------ */

int lac_sites_dimension(const lac_sites *s) { return s->dimension; }
double lac_sites_count(const lac_sites *s) { return (double)s->n; }
double lac_sites_batch(const lac_sites *s) { return (double)s->batch; }
double lac_sites_id(const lac_sites *s) { return (double)s->id; }
int lac_sites_device(const lac_sites *s) { return s->owner->device; }
double lac_sites_points(const lac_sites *s) { return (double)s->points; }
double lac_sites_spatial_size(const lac_sites *s, int axis) {
    return axis >= 0 && axis < s->dimension ? (double)s->size[axis] : 0;
}

static int fill(const char *what, lac_tensor *to, int dtype, const void *from,
                int64_t count) {
    if (to->dtype != dtype)
        return lac_fail(LAC_E_TYPE, "sites: %s is %s, expected %s", what,
                        lac_dtype_name(to->dtype), lac_dtype_name(dtype));
    if (to->count != count)
        return lac_fail(LAC_E_ARGUMENT, "sites: %s has %lld elements, expected %lld",
                        what, (long long)to->count, (long long)count);
    return lac_tensor_write(to, from, (double)lac_bytes(to));
}

int lac_sites_coords(lac_tensor *coords, const lac_sites *s, double base) {
    const int64_t width = 1 + s->dimension;
    int64_t from = 0;
    int32_t *copy;
    LAC_TRY(lac_whole(&from, "sites", "base", base, 0, 1));
    LAC_TRY(lac_host_alloc((void **)&copy, (size_t)(s->n * width) * 4));
    memcpy(copy, s->coords, (size_t)(s->n * width) * 4);
    for (int64_t i = 0; i < s->n; i++) copy[i * width] += (int32_t)from;
    const int status = fill("coords", coords, LAC_I32, copy, s->n * width);
    lac_host_free(copy);
    return status;
}

int lac_sites_samples(lac_tensor *samples, const lac_sites *s) {
    int32_t *first;
    LAC_TRY(lac_host_alloc((void **)&first, (size_t)(s->batch + 1) * 4));
    int64_t row = 0;
    for (int64_t b = 0; b <= s->batch; b++) {
        while (row < s->n && s->coords[row * (1 + s->dimension)] < b) row++;
        first[b] = (int32_t)row;
    }
    const int status = fill("samples", samples, LAC_I32, first, s->batch + 1);
    lac_host_free(first);
    return status;
}

static int check_points(const lac_sites *s) {
    if (s->rows) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "sites: no points, these sites come from a layer");
}

int lac_sites_point_rows(lac_tensor *rows, const lac_sites *s) {
    LAC_TRY(check_points(s));
    return fill("rows", rows, LAC_I32, s->rows, s->points);
}

int lac_sites_point_order(lac_tensor *order, lac_tensor *first, const lac_sites *s) {
    LAC_TRY(check_points(s));
    LAC_TRY(fill("order", order, LAC_I32, s->order, s->points));
    return fill("first", first, LAC_I32, s->first, s->n + 1);
}

int lac_sites_cells(lac_tensor *cells, const lac_sites *s) {
    const int d = s->dimension;
    int64_t *cell, volume = 1;
    for (int a = 0; a < d; a++) {
        if (s->size[a] == 0)
            return lac_fail(LAC_E_ARGUMENT,
                            "dense: the grid is unbounded along axis %d, expected "
                            "a spatial size",
                            a + 1);
        if ((volume *= s->size[a]) >= (int64_t)1 << 40)
            return lac_fail(LAC_E_ARGUMENT, "dense: more than 2^40 cells");
    }
    LAC_TRY(lac_host_alloc((void **)&cell, (size_t)s->n * 8));
    int status = LAC_OK;
    for (int64_t i = 0; i < s->n; i++) {
        const int32_t *c = s->coords + i * (1 + d);
        int64_t at = c[0];
        for (int a = 0; a < d; a++) at = at * s->size[a] + c[1 + a];
        cell[i] = at;
    }
    if (status == LAC_OK) status = fill("cells", cells, LAC_I64, cell, s->n);
    lac_host_free(cell);
    return status;
}

static int is_active(const float *x, int64_t planes, int64_t volume, double threshold) {
    for (int64_t p = 0; p < planes; p++)
        if (!(fabs((double)x[p * volume]) <= threshold)) return 1;
    return 0;
}

int lac_dense_points(double *count, lac_tensor *coords, const lac_tensor *dense,
                     double threshold) {
    if (!dense || dense->dtype != LAC_F32 || dense->ndim < 3)
        return lac_fail(LAC_E_TYPE,
                        "dense: expected a float32 tensor, batch x planes x spatial");
    const int d = dense->ndim - 2;
    const int64_t planes = dense->shape[1],
                  volume = lac_row_size(dense) / (planes ? planes : 1);
    int32_t *points = NULL;
    float *values;
    int64_t found = 0;
    LAC_TRY(lac_host_alloc((void **)&values, lac_bytes(dense)));
    int status = lac_tensor_read(values, (double)lac_bytes(dense), dense);
    if (status == LAC_OK && coords)
        status = lac_host_alloc((void **)&points, lac_bytes(coords));
    const int64_t room = coords ? coords->count / (1 + d) : INT64_MAX;
    for (int64_t i = 0; status == LAC_OK && planes > 0 && i < dense->shape[0] * volume;
         i++) {
        const int64_t sample = i / volume, cell = i % volume;
        if (!is_active(values + sample * planes * volume + cell, planes, volume,
                       threshold))
            continue;
        if (found >= room) break;
        if (points) {
            int32_t *c = points + found * (1 + d);
            int64_t rest = cell;
            c[0] = (int32_t)sample + 1; /* as sites_new takes it with base 1 */
            for (int a = d; a > 0; a--) {
                c[a] = (int32_t)(rest % dense->shape[1 + a]);
                rest /= dense->shape[1 + a];
            }
        }
        found++;
    }
    if (status == LAC_OK && coords)
        status = fill("points", coords, LAC_I32, points, found * (1 + d));
    if (status == LAC_OK) *count = (double)found;
    lac_host_free(values);
    lac_host_free(points);
    return status;
}
