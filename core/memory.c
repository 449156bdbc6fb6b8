/* memory.c - counted allocation: host structures, and device blocks behind a cache
 *
 * Freed device blocks go to a list for their size class and are handed out again.  Under
 * the address sanitizer blocks have their exact size and go straight back, so that it
 * sees faults.
 */
#include "memory.h"
#include "device.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 64, STEPS = 8, CLASSES = 64 * STEPS, SLACK = 64 << 20 };

#if defined(__SANITIZE_ADDRESS__)
enum { CACHING = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { CACHING = 0 };
#else
enum { CACHING = 1 };
#endif
#else
enum { CACHING = 1 };
#endif

typedef struct shelf {
    void **blocks;
    int64_t count, room;
    int64_t used; /* when a block was last wanted, in requests */
} shelf;

typedef struct account {
    pthread_mutex_t lock;
    shelf shelves[CLASSES];
    int64_t live, cached, peak;
    int64_t requests, most_live; /* under the lock; the latter is never reset */
} account;

static account accounts[LAC_MAX_DEVICES];
static int64_t fail_countdown, failures;
static int fail_on; /* after the countdown too */
static int64_t most = INT64_MAX;
static int poison;

__attribute__((constructor)) static void open_accounts(void) {
    for (int i = 0; i < LAC_MAX_DEVICES; i++) pthread_mutex_init(&accounts[i].lock, NULL);
}

void lac_debug_fail_after(double n) {
    __atomic_store_n(&fail_on, n < 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&fail_countdown, (int64_t)(n < 0 ? -n : n), __ATOMIC_SEQ_CST);
}

double lac_debug_failures(void) {
    return (double)__atomic_load_n(&failures, __ATOMIC_SEQ_CST);
}

void lac_debug_limit(double bytes) {
    const int64_t limit = bytes > 0 ? (int64_t)bytes : INT64_MAX;
    __atomic_store_n(&most, limit, __ATOMIC_SEQ_CST);
}

void lac_debug_poison(int on) { __atomic_store_n(&poison, on, __ATOMIC_SEQ_CST); }

int lac_planned_failure(size_t bytes) {
    if (bytes > (size_t)__atomic_load_n(&most, __ATOMIC_RELAXED)) return 1;
    if (__atomic_load_n(&fail_countdown, __ATOMIC_RELAXED) == 0) return 0;
    const int64_t left = __atomic_fetch_sub(&fail_countdown, 1, __ATOMIC_SEQ_CST);
    if (left != 1 && !(left < 1 && __atomic_load_n(&fail_on, __ATOMIC_RELAXED))) return 0;
    if (left == 1 && __atomic_load_n(&fail_on, __ATOMIC_RELAXED))
        __atomic_fetch_sub(&fail_countdown, 1,
                           __ATOMIC_SEQ_CST); /* past 0, which is off */
    __atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST);
    return 1;
}

static void count(int device, int64_t bytes) {
    account *a = &accounts[device];
    const int64_t live = __atomic_add_fetch(&a->live, bytes, __ATOMIC_SEQ_CST);
    int64_t peak = __atomic_load_n(&a->peak, __ATOMIC_RELAXED);
    while (live > peak &&
           !__atomic_compare_exchange_n(&a->peak, &peak, live, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED)) {
    }
}

/* ---- the host's own structures --------------------------------------------------- */

int lac_host_alloc(void **out, size_t bytes) {
    void *raw = NULL;
    if (lac_planned_failure(bytes) || bytes > (size_t)1 << 62 ||
        posix_memalign(&raw, HEADER, HEADER + bytes) != 0)
        return lac_fail(LAC_E_MEMORY, "memory: no room for %zu bytes on the host", bytes);
    *(size_t *)raw = bytes;
    count(LAC_CPU, (int64_t)bytes);
    *out = (char *)raw + HEADER;
    return LAC_OK;
}

int lac_host_calloc(void **out, size_t n, size_t size) {
    if (size && n > ((size_t)1 << 62) / size)
        return lac_fail(LAC_E_MEMORY, "memory: no room for %zu x %zu bytes", n, size);
    LAC_TRY(lac_host_alloc(out, n * size));
    memset(*out, 0, n * size);
    return LAC_OK;
}

int lac_host_realloc(void **block, size_t bytes) {
    void *grown = NULL;
    LAC_TRY(lac_host_alloc(&grown, bytes));
    if (*block) {
        const size_t had = *(size_t *)((char *)*block - HEADER);
        memcpy(grown, *block, had < bytes ? had : bytes);
        lac_host_free(*block);
    }
    *block = grown;
    return LAC_OK;
}

void lac_host_free(void *block) {
    if (!block) return;
    char *raw = (char *)block - HEADER;
    count(LAC_CPU, -(int64_t) * (size_t *)raw);
    free(raw);
}

/* ---- blocks on a device ---------------------------------------------------------- */

/* Rounds up to one of eight sizes between two powers of two: at most an eighth is
 * lost. */
static size_t size_class(size_t bytes, int *shelf_index) {
    if (bytes < 512) bytes = 512;
    const int power = 63 - __builtin_clzll((unsigned long long)bytes);
    const size_t step = (size_t)1 << (power - 3);
    const size_t rounded = (bytes + step - 1) / step * step;
    const int top = 63 - __builtin_clzll((unsigned long long)rounded);
    *shelf_index = top * STEPS + (int)((rounded >> (top - 3)) & (STEPS - 1));
    return rounded;
}

static size_t shelf_size(int index) {
    return ((size_t)(STEPS + index % STEPS) << (index / STEPS)) / STEPS;
}

/* Gives cached blocks back, those of the size that was not wanted for longest first,
 * until all that is held, with `more` bytes, is at most a quarter above the most that was
 * ever live.  Batches differ in size, so without a limit each size would come to keep its
 * own. */
static void make_room(account *a, lac_device *device, int64_t more) {
    const int64_t live = __atomic_load_n(&a->live, __ATOMIC_RELAXED);
    const int64_t top = live + more > a->most_live ? live + more : a->most_live;
    const int64_t limit = top + top / 4 + SLACK;
    while (a->cached > 0 && live + a->cached + more > limit) {
        int oldest = -1;
        for (int c = 0; c < CLASSES; c++)
            if (a->shelves[c].count > 0 &&
                (oldest < 0 || a->shelves[c].used < a->shelves[oldest].used))
                oldest = c;
        shelf *s = &a->shelves[oldest];
        const size_t size = shelf_size(oldest);
        while (s->count > 0 && live + a->cached + more > limit) {
            device->release(device, s->blocks[--s->count], size);
            a->cached -= (int64_t)size;
        }
    }
}

/* Only of blocks that there are: one that was too large for the device is no measure. */
static void note_live(account *a) {
    pthread_mutex_lock(&a->lock);
    const int64_t live = __atomic_load_n(&a->live, __ATOMIC_RELAXED);
    if (live > a->most_live) a->most_live = live;
    pthread_mutex_unlock(&a->lock);
}

int lac_block_new(void **out, lac_device *device, size_t bytes) {
    account *a = &accounts[device->id];
    int index = 0;
    const size_t size = CACHING ? size_class(bytes, &index) : bytes;
    void *block = NULL;
    int fresh = 0;

    if (lac_planned_failure(bytes))
        return lac_fail(LAC_E_MEMORY, "memory: no room for %zu bytes on %s", bytes,
                        device->name);
    if (CACHING) {
        pthread_mutex_lock(&a->lock);
        a->shelves[index].used = ++a->requests;
        if (a->shelves[index].count > 0) {
            block = a->shelves[index].blocks[--a->shelves[index].count];
            a->cached -= (int64_t)size;
        } else {
            make_room(a, device, (int64_t)size);
            fresh = 1;
        }
        pthread_mutex_unlock(&a->lock);
    }
    if (!block && device->alloc(device, &block, size) != LAC_OK) {
        lac_memory_trim(device->id);
        if (device->alloc(device, &block, size) != LAC_OK)
            return lac_fail(LAC_E_MEMORY, "memory: no room for %zu bytes on %s", bytes,
                            device->name);
    }
    if (__atomic_load_n(&poison, __ATOMIC_RELAXED)) {
        const int status = device->fill(device, block, 0xff, bytes);
        if (status != LAC_OK) {
            device->release(device, block, size);
            return status;
        }
    }
    count(device->id, (int64_t)bytes);
    if (fresh) note_live(a);
    *out = block;
    return LAC_OK;
}

void lac_block_free(lac_device *device, void *block, size_t bytes) {
    account *a = &accounts[device->id];
    int index = 0;
    const size_t size = CACHING ? size_class(bytes, &index) : bytes;
    int kept = 0;

    count(device->id, -(int64_t)bytes);
    if (CACHING) {
        pthread_mutex_lock(&a->lock);
        shelf *s = &a->shelves[index];
        if (s->count == s->room) {
            const int64_t room = s->room ? 2 * s->room : 16;
            void **grown = lac_planned_failure(0)
                               ? NULL
                               : realloc(s->blocks, (size_t)room * sizeof *grown);
            if (grown) {
                s->blocks = grown;
                s->room = room;
            }
        }
        if (s->count < s->room) {
            s->blocks[s->count++] = block;
            a->cached += (int64_t)size;
            kept = 1;
        }
        pthread_mutex_unlock(&a->lock);
    }
    if (!kept) device->release(device, block, size);
}

void lac_memory_trim(int id) {
    lac_device *device = lac_device_loaded(id);
    if (!device) return;
    account *a = &accounts[id];
    pthread_mutex_lock(&a->lock);
    for (int c = 0; c < CLASSES; c++) {
        shelf *s = &a->shelves[c];
        const size_t size = shelf_size(c);
        while (s->count > 0) device->release(device, s->blocks[--s->count], size);
        free(s->blocks);
        s->blocks = NULL;
        s->room = 0;
    }
    a->cached = 0;
    pthread_mutex_unlock(&a->lock);
}

static account *account_of(int id) {
    return id >= 0 && id < LAC_MAX_DEVICES ? &accounts[id] : NULL;
}

double lac_memory_live(int id) {
    account *a = account_of(id);
    return a ? (double)__atomic_load_n(&a->live, __ATOMIC_SEQ_CST) : 0;
}

double lac_memory_peak(int id) {
    account *a = account_of(id);
    return a ? (double)__atomic_load_n(&a->peak, __ATOMIC_SEQ_CST) : 0;
}

void lac_memory_reset_peak(int id) {
    account *a = account_of(id);
    if (a)
        __atomic_store_n(&a->peak, __atomic_load_n(&a->live, __ATOMIC_SEQ_CST),
                         __ATOMIC_SEQ_CST);
}

double lac_memory_cached(int id) {
    account *a = account_of(id);
    if (!a) return 0;
    pthread_mutex_lock(&a->lock);
    const double bytes = (double)a->cached;
    pthread_mutex_unlock(&a->lock);
    return bytes;
}
