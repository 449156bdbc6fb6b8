/* tensor.c - handles on counted storage; the only file where reference counts change */
#include "tensor.h"
#include "device.h"
#include "memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct lac_storage {
    int64_t references;
    int64_t version;
    lac_device *device;
    void *data;
    size_t bytes;
};

static const int64_t LARGEST = (int64_t)1 << 48; /* elements of one tensor */

const char *lac_dtype_name(int dtype) {
    static const char *const names[] = {"float32", "int32", "int64", "uint8"};
    return dtype >= 0 && dtype < 4 ? names[dtype] : "unknown";
}

const char *lac_shape_text(char *text, size_t size, const lac_tensor *t) {
    size_t used = 0;
    snprintf(text, size, "scalar");
    for (int i = 0; i < t->ndim && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i ? "x%lld" : "%lld",
                                 (long long)t->shape[i]);
    return text;
}

/* ---- making and dropping --------------------------------------------------------- */

static int read_shape(lac_tensor *t, const char *op, int ndim, const double *shape) {
    if (ndim < 0 || ndim > LAC_MAX_NDIM)
        return lac_fail(LAC_E_ARGUMENT, "%s: %d dimensions, expected 0 to %d", op, ndim,
                        LAC_MAX_NDIM);
    t->ndim = ndim;
    t->count = 1;
    for (int i = 0; i < LAC_MAX_NDIM; i++) t->shape[i] = 1;
    for (int i = 0; i < ndim; i++) {
        LAC_TRY(lac_whole(&t->shape[i], op, "size", shape[i], 0, LARGEST));
        if (t->shape[i] && t->count > LARGEST / t->shape[i])
            return lac_fail(LAC_E_MEMORY, "%s: more than 2^48 elements", op);
        t->count *= t->shape[i];
    }
    return LAC_OK;
}

static int wrap(lac_tensor **out, const lac_tensor *t) {
    void *handle;
    LAC_TRY(lac_host_alloc(&handle, sizeof *t));
    *(lac_tensor *)handle = *t;
    *out = handle;
    return LAC_OK;
}

int lac_tensor_new(lac_tensor **out, int device, int dtype, int ndim,
                   const double *shape) {
    lac_tensor t = {.dtype = dtype, .device = device};
    lac_device *d = lac_device_get(device);
    if (!d) return LAC_E_DEVICE;
    if (dtype < LAC_F32 || dtype > LAC_U8)
        return lac_fail(LAC_E_TYPE, "tensor: dtype %d, expected 0 to 3", dtype);
    LAC_TRY(read_shape(&t, "tensor", ndim, shape));

    void *storage;
    LAC_TRY(lac_host_alloc(&storage, sizeof *t.storage));
    t.storage = storage;
    *t.storage = (lac_storage){.references = 1, .device = d, .bytes = lac_bytes(&t)};
    int status = lac_block_new(&t.storage->data, d, t.storage->bytes);
    if (status == LAC_OK) {
        t.data = t.storage->data;
        status = wrap(out, &t);
        if (status != LAC_OK) lac_block_free(d, t.data, t.storage->bytes);
    }
    if (status != LAC_OK) lac_host_free(storage);
    return status;
}

int lac_tensor_view(lac_tensor **out, const lac_tensor *t, double first, int ndim,
                    const double *shape) {
    lac_tensor v = *t;
    int64_t start = 0;
    LAC_TRY(read_shape(&v, "view", ndim, shape));
    LAC_TRY(lac_whole(&start, "view", "first element", first, 0, t->count));
    if (v.count > t->count - start)
        return lac_fail(LAC_E_ARGUMENT,
                        "view: %lld elements from %lld on, of %lld there are",
                        (long long)v.count, (long long)start, (long long)t->count);
    v.data = (char *)t->data + (size_t)start * lac_dtype_size(t->dtype);
    LAC_TRY(wrap(out, &v));
    __atomic_add_fetch(&t->storage->references, 1, __ATOMIC_SEQ_CST);
    return LAC_OK;
}

void lac_tensor_free(lac_tensor *t) {
    if (!t) return;
    lac_storage *s = t->storage;
    if (__atomic_sub_fetch(&s->references, 1, __ATOMIC_SEQ_CST) == 0) {
        lac_block_free(s->device, s->data, s->bytes);
        lac_host_free(s);
    }
    lac_host_free(t);
}

/* ---- asking ---------------------------------------------------------------------- */

int lac_tensor_ndim(const lac_tensor *t) { return t->ndim; }
double lac_tensor_size(const lac_tensor *t, int axis) {
    return axis >= 0 && axis < t->ndim ? (double)t->shape[axis] : -1;
}
double lac_tensor_count(const lac_tensor *t) { return (double)t->count; }
int lac_tensor_dtype(const lac_tensor *t) { return t->dtype; }
int lac_tensor_device(const lac_tensor *t) { return t->device; }
double lac_tensor_version(const lac_tensor *t) {
    return (double)__atomic_load_n(&t->storage->version, __ATOMIC_SEQ_CST);
}
int lac_tensor_shares(const lac_tensor *a, const lac_tensor *b) {
    return a->storage == b->storage;
}

void *lac_tensor_data(lac_tensor *t) {
    if (t->device == LAC_CPU) return t->data;
    lac_fail(LAC_E_DEVICE, "data: the tensor is on %s, expected cpu",
             lac_device_name(t->device));
    return NULL;
}

void lac_storage_touched(lac_tensor *t) {
    __atomic_add_fetch(&t->storage->version, 1, __ATOMIC_SEQ_CST);
}

/* ---- moving bytes ---------------------------------------------------------------- */

int lac_tensor_copy(lac_tensor *to, const lac_tensor *from) {
    const size_t bytes = lac_bytes(from);
    if (to->dtype != from->dtype)
        return lac_fail(LAC_E_TYPE, "copy: source is %s, expected %s",
                        lac_dtype_name(from->dtype), lac_dtype_name(to->dtype));
    if (to->count != from->count) {
        char a[128], b[128];
        return lac_fail(
            LAC_E_ARGUMENT, "copy: source is %s, expected as many elements as %s",
            lac_shape_text(a, sizeof a, from), lac_shape_text(b, sizeof b, to));
    }
    lac_device *d = to->storage->device, *s = from->storage->device;
    if (bytes) {
        if (d == s)
            LAC_TRY(d->copy(d, to->data, from->data, bytes));
        else if (s->id == LAC_CPU)
            LAC_TRY(d->upload(d, to->data, from->data, bytes));
        else if (d->id == LAC_CPU)
            LAC_TRY(s->download(s, to->data, from->data, bytes));
        else {
            void *host;
            LAC_TRY(lac_host_alloc(&host, bytes));
            int status = s->download(s, host, from->data, bytes);
            if (status == LAC_OK) status = d->upload(d, to->data, host, bytes);
            lac_host_free(host);
            LAC_TRY(status);
        }
    }
    lac_storage_touched(to);
    return LAC_OK;
}

static int check_bytes(const char *op, const lac_tensor *t, double bytes) {
    if (bytes == (double)lac_bytes(t)) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: %.17g bytes, expected %zu", op, bytes,
                    lac_bytes(t));
}

int lac_tensor_write(lac_tensor *t, const void *host, double bytes) {
    LAC_TRY(check_bytes("write", t, bytes));
    lac_device *d = t->storage->device;
    if (t->count) LAC_TRY(d->upload(d, t->data, host, lac_bytes(t)));
    lac_storage_touched(t);
    return LAC_OK;
}

int lac_tensor_read(void *host, double bytes, const lac_tensor *t) {
    LAC_TRY(check_bytes("read", t, bytes));
    lac_device *d = t->storage->device;
    return t->count ? d->download(d, host, t->data, lac_bytes(t)) : LAC_OK;
}

/* ---- checks ---------------------------------------------------------------------- */

int lac_whole(int64_t *out, const char *op, const char *what, double value, int64_t low,
              int64_t high) {
    if (!(value >= -9007199254740992.0 && value <= 9007199254740992.0) ||
        floor(value) != value)
        return lac_fail(LAC_E_ARGUMENT, "%s: %s is %.17g, expected a whole number", op,
                        what, value);
    return lac_check_range(op, what, *out = (int64_t)value, low, high);
}

int lac_check_range(const char *op, const char *what, int64_t value, int64_t low,
                    int64_t high) {
    if (value >= low && value <= high) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: %s is %lld, expected %lld to %lld", op, what,
                    (long long)value, (long long)low, (long long)high);
}

int lac_check_ndim(const char *op, const char *what, const lac_tensor *t, int ndim) {
    char text[128];
    if (t->ndim == ndim) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: %s is %s, expected %d dimensions", op, what,
                    lac_shape_text(text, sizeof text, t), ndim);
}

int lac_check_shape(const char *op, const char *what, const lac_tensor *t, int ndim,
                    ...) {
    lac_tensor expected = {.ndim = ndim};
    int fits = t->ndim == ndim;
    va_list sizes;
    va_start(sizes, ndim);
    for (int i = 0; i < ndim; i++) {
        expected.shape[i] = va_arg(sizes, int64_t);
        fits = fits && t->shape[i] == expected.shape[i];
    }
    va_end(sizes);
    if (fits) return LAC_OK;
    return lac_check_same_shape(op, what, t, &expected);
}

int lac_check_same_shape(const char *op, const char *what, const lac_tensor *t,
                         const lac_tensor *as) {
    char a[128], b[128];
    int fits = t->ndim == as->ndim;
    for (int i = 0; fits && i < t->ndim; i++) fits = t->shape[i] == as->shape[i];
    if (fits) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: %s is %s, expected %s", op, what,
                    lac_shape_text(a, sizeof a, t), lac_shape_text(b, sizeof b, as));
}
