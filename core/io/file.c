/* file.c - elements between files and tensors, on any device
 *
 * A tensor on the cpu is read into and written from where it lies; for another device the
 * elements pass through one buffer.  Types are named as numpy names them.
 */
#include "../device.h"
#include "../memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "files are written as memory is");

enum { CHUNK = 1 << 18, WIDEST = 8 }; /* elements at a time, and the bytes of one */

typedef struct source {
    char kind; /* b, i, u or f */
    int size, big_endian, dtype;
} source;

static int cannot(const char *verb, const char *path) {
    return lac_fail(LAC_E_FILE, "file: cannot %s %s: %s", verb, path, strerror(errno));
}

/* ---- types ----------------------------------------------------------------------- */

/* The dtype that a kind and size is read into; -1 if there is none. */
static int holder(char kind, int size) {
    if (kind == 'f') return size == 2 || size == 4 || size == 8 ? LAC_F32 : -1;
    if (kind == 'b') return size == 1 ? LAC_U8 : -1;
    if (kind != 'i' && kind != 'u') return -1;
    switch (size) {
    case 1: return kind == 'u' ? LAC_U8 : LAC_I32;
    case 2: return LAC_I32;
    case 4: return kind == 'u' ? LAC_I64 : LAC_I32;
    case 8: return LAC_I64;
    default: return -1;
    }
}

static int read_type(source *s, const char *type) {
    if (type && strlen(type) == 3 && strchr("<>|=", type[0]) && type[2] > '0' &&
        type[2] <= '9') {
        *s = (source){type[1], type[2] - '0', type[0] == '>', 0};
        s->dtype = holder(s->kind, s->size);
        if (s->dtype >= 0 && (type[0] != '|' || s->size == 1)) return LAC_OK;
    }
    return lac_fail(LAC_E_FILE,
                    "file: the type is %.24s, expected one such as <f4, >i2, |b1",
                    type ? type : "NULL");
}

int lac_file_type(double *bytes, int *dtype, const char *type) {
    source s = {0};
    LAC_TRY(read_type(&s, type));
    *bytes = s.size;
    *dtype = s.dtype;
    return LAC_OK;
}

static float half(uint32_t bits) {
    const int exponent = bits >> 10 & 31;
    const float sign = bits >> 15 ? -1.0f : 1.0f, fraction = (float)(bits & 1023);
    if (exponent == 31) return fraction > 0 ? NAN : sign * INFINITY;
    return sign *
           (exponent ? ldexpf(1024 + fraction, exponent - 25) : ldexpf(fraction, -24));
}

static float real_of(uint64_t bits, int size) {
    if (size == 2) return half((uint32_t)bits);
    if (size == 4) {
        const uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

/* Turns n elements of the file into the holder's; `first` counts those before them. */
static int convert(void *to, const uint8_t *from, int64_t n, const source *s,
                   int64_t first) {
    const int unused = 64 - 8 * s->size;
    for (int64_t i = 0; i < n; i++, from += s->size) {
        uint64_t bits = 0;
        for (int k = 0; k < s->size; k++)
            bits |= (uint64_t)from[s->big_endian ? s->size - 1 - k : k] << (8 * k);
        const int64_t whole =
            s->kind == 'i' ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
        if (s->kind == 'u' && whole < 0)
            return lac_fail(LAC_E_FILE,
                            "file: element %lld is %llu, expected at most 2^63 - 1",
                            (long long)(first + i), (unsigned long long)bits);
        if (s->dtype == LAC_F32)
            ((float *)to)[i] = real_of(bits, s->size);
        else if (s->dtype == LAC_I32)
            ((int32_t *)to)[i] = (int32_t)whole;
        else if (s->dtype == LAC_I64)
            ((int64_t *)to)[i] = whole;
        else
            ((uint8_t *)to)[i] = s->kind == 'b' ? whole != 0 : (uint8_t)whole;
    }
    return LAC_OK;
}

/* ---- reading --------------------------------------------------------------------- */

static int read_bytes(int file, const char *path, void *to, int64_t n, int64_t offset) {
    for (int64_t done = 0; done < n;) {
        const ssize_t got =
            pread(file, (char *)to + done, (size_t)(n - done), offset + done);
        if (got == 0)
            return lac_fail(LAC_E_FILE, "file: %s ends at byte %lld, expected %lld", path,
                            (long long)(offset + done), (long long)(offset + n));
        if (got > 0)
            done += got;
        else if (errno != EINTR)
            return cannot("read", path);
    }
    return LAC_OK;
}

/* Whether the file's elements are the tensor's as they are. */
static int plain(const source *s) {
    if (s->big_endian || s->kind == 'b' || (s->kind == 'u' && s->size > 1)) return 0;
    return (size_t)s->size == lac_dtype_size(s->dtype);
}

/* Reads all elements; `buffer` is two chunks, one converted and one as in the file. */
static int pull(lac_tensor *t, int file, const char *path, int64_t offset,
                const source *s, char *buffer) {
    lac_device *d = lac_device_get(t->device);
    if (!d) return LAC_E_DEVICE;
    const int64_t width = (int64_t)lac_dtype_size(t->dtype);
    for (int64_t first = 0; first < t->count; first += CHUNK) {
        const int64_t n = t->count - first < CHUNK ? t->count - first : CHUNK;
        char *place = (char *)t->data + first * width;
        char *to = t->device == LAC_CPU ? place : buffer;
        char *raw = plain(s) ? to : buffer + CHUNK * WIDEST;
        LAC_TRY(read_bytes(file, path, raw, n * s->size, offset + first * s->size));
        if (raw != to) LAC_TRY(convert(to, (const uint8_t *)raw, n, s, first));
        if (to != place) LAC_TRY(d->upload(d, place, to, (size_t)(n * width)));
    }
    return LAC_OK;
}

static int read_file(lac_tensor *t, int file, const char *path, int64_t offset,
                     const source *s) {
    struct stat about;
    const double end = (double)offset + (double)t->count * s->size;
    if (fstat(file, &about) != 0) return cannot("ask about", path);
    if (!S_ISREG(about.st_mode))
        return lac_fail(LAC_E_FILE, "file: %s is not a regular file", path);
    if ((double)about.st_size < end)
        return lac_fail(LAC_E_FILE, "file: %s has %lld bytes, expected at least %.0f",
                        path, (long long)about.st_size, end);

    void *buffer = NULL;
    if (t->device != LAC_CPU || !plain(s))
        LAC_TRY(lac_host_alloc(&buffer, 2 * CHUNK * WIDEST));
    const int status = pull(t, file, path, offset, s, buffer);
    lac_host_free(buffer);
    lac_storage_touched(t);
    return status;
}

int lac_file_read(lac_tensor *t, const char *path, double offset, const char *type) {
    source s = {0};
    int64_t start;
    if (!path) return lac_fail(LAC_E_ARGUMENT, "file: the path is NULL");
    LAC_TRY(lac_whole(&start, "file", "the offset", offset, 0, (int64_t)1 << 53));
    LAC_TRY(read_type(&s, type));
    if (t->dtype != s.dtype)
        return lac_fail(LAC_E_TYPE, "file: the tensor is %s, expected %s for %s",
                        lac_dtype_name(t->dtype), lac_dtype_name(s.dtype), type);

    /* Not to wait for the other end of a pipe, which is refused then. */
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return cannot("open", path);
    const int status = read_file(t, file, path, start, &s);
    close(file);
    return status;
}

/* ---- writing --------------------------------------------------------------------- */

typedef struct content {
    const char *head;
    int64_t head_bytes;
    const lac_tensor *const *tensors;
    int64_t n;
} content;

static int write_bytes(int file, const char *path, const void *from, int64_t n) {
    for (int64_t done = 0; done < n;) {
        const ssize_t put = write(file, (const char *)from + done, (size_t)(n - done));
        if (put >= 0)
            done += put;
        else if (errno != EINTR)
            return cannot("write", path);
    }
    return LAC_OK;
}

static int write_tensor(int file, const char *path, const lac_tensor *t) {
    const int64_t bytes = (int64_t)lac_bytes(t), most = CHUNK * WIDEST;
    if (t->device == LAC_CPU) return write_bytes(file, path, t->data, bytes);
    lac_device *d = lac_device_get(t->device);
    if (!d) return LAC_E_DEVICE;

    void *buffer;
    LAC_TRY(lac_host_alloc(&buffer, (size_t)most));
    int status = LAC_OK;
    for (int64_t done = 0; done < bytes && status == LAC_OK; done += most) {
        const int64_t n = bytes - done < most ? bytes - done : most;
        status = d->download(d, buffer, (const char *)t->data + done, (size_t)n);
        if (status == LAC_OK) status = write_bytes(file, path, buffer, n);
    }
    lac_host_free(buffer);
    return status;
}

/* Writes everything and closes the file, also after a failure. */
static int write_file(int file, const char *path, const content *c, int lasting) {
    int status = write_bytes(file, path, c->head, c->head_bytes);
    for (int64_t i = 0; i < c->n && status == LAC_OK; i++)
        status = write_tensor(file, path, c->tensors[i]);
    if (status == LAC_OK && lasting && fsync(file) != 0) status = cannot("write", path);
    if (close(file) != 0 && status == LAC_OK) status = cannot("close", path);
    return status;
}

enum { LONGEST = PATH_MAX + 64, TRIES = 1000 };

/* Makes a file that was not there, beside `path`: what is left of a process that died may
 * bear the name of one that lives. */
static int make_beside(char *beside, const char *path, int *file) {
    static int64_t count;
    for (int i = 0; i < TRIES; i++) {
        snprintf(beside, LONGEST, "%s.%lld-%lld.tmp", path, (long long)getpid(),
                 (long long)__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST));
        *file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*file >= 0) return LAC_OK;
        if (errno != EEXIST) break;
    }
    return cannot("make", beside);
}

static int rename_file(const char *from, const char *to) {
    if (rename(from, to) == 0) return LAC_OK;
    return lac_fail(LAC_E_FILE, "file: cannot rename %s to %s: %s", from, to,
                    strerror(errno));
}

/* Gives the file at `path` a second name, in place of what bore it.  Where the file
 * system has no second names the first one goes. */
static int keep(const char *path, const char *previous, const char *spare) {
    unlink(spare);
    if (link(path, spare) != 0) return rename_file(path, previous);
    const int status = rename_file(spare, previous);
    unlink(spare); /* which stays if both were names of one file already */
    return status;
}

/* Makes what happened to the names in a folder last. */
static int flush_folder(const char *path) {
    char folder[LONGEST];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    const int file = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return LAC_OK; /* one may write to it, but not look into it */
    int status = LAC_OK;
    if (fsync(file) != 0 && errno != EINVAL && errno != ENOTSUP)
        status = cannot("flush the folder of", path);
    close(file);
    return status;
}

/* A new file beside `path` takes its name once it is whole. */
static int replace(const char *path, const char *previous, const struct stat *old,
                   const content *c) {
    char beside[LONGEST], spare[LONGEST + 8];
    int file;
    LAC_TRY(make_beside(beside, path, &file));
    if (old) (void)!fchmod(file, old->st_mode & 07777); /* the usual rights would do */
    int status = write_file(file, path, c, 1);
    if (status == LAC_OK && old && previous) {
        snprintf(spare, sizeof spare, "%s.old", beside);
        status = keep(path, previous, spare);
    }
    if (status == LAC_OK) status = rename_file(beside, path);
    if (status != LAC_OK) {
        unlink(beside);
        return status;
    }
    return flush_folder(path);
}

int lac_file_save_keeping(const char *path, const char *previous, const char *head,
                          double head_bytes, const lac_tensor *const *tensors, double n) {
    content c = {.head = head, .tensors = tensors};
    if (!path || !head) return lac_fail(LAC_E_ARGUMENT, "file: the path or head is NULL");
    LAC_TRY(lac_whole(&c.head_bytes, "file", "the size of the head", head_bytes, 0,
                      (int64_t)1 << 53));
    LAC_TRY(lac_whole(&c.n, "file", "the number of tensors", n, 0, INT32_MAX));

    struct stat old;
    if (stat(path, &old) != 0) {
        if (strlen(path) >= PATH_MAX)
            return lac_fail(LAC_E_FILE,
                            "file: a path of %zu bytes, expected fewer than %d",
                            strlen(path), PATH_MAX);
        return replace(path, NULL, NULL, &c);
    }
    if (S_ISREG(old.st_mode)) {
        char target[PATH_MAX]; /* what links lead to */
        if (access(path, W_OK) != 0 || !realpath(path, target))
            return cannot("write", path);
        return replace(target, previous, &old, &c);
    }
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return cannot("write", path);
    return write_file(file, path, &c, 0);
}

int lac_file_save(const char *path, const char *head, double head_bytes,
                  const lac_tensor *const *tensors, double n) {
    return lac_file_save_keeping(path, NULL, head, head_bytes, tensors, n);
}
