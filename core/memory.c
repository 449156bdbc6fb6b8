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

enum { HEADER = 64, STEPS = 8, CLASSES = 64 * STEPS };

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
} shelf;

typedef struct account {
    pthread_mutex_t lock;
    shelf shelves[CLASSES];
    int64_t live, cached, peak;
} account;

static account accounts[LAC_MAX_DEVICES];
static int64_t fail_countdown;
static int poison;

__attribute__((constructor)) static void open_accounts(void) {
    for (int i = 0; i < LAC_MAX_DEVICES; i++) pthread_mutex_init(&accounts[i].lock, NULL);
}

void lac_debug_fail_after(double n) {
    __atomic_store_n(&fail_countdown, (int64_t)n, __ATOMIC_SEQ_CST);
}

void lac_debug_poison(int on) { __atomic_store_n(&poison, on, __ATOMIC_SEQ_CST); }

static int planned_failure(void) {
    if (__atomic_load_n(&fail_countdown, __ATOMIC_RELAXED) == 0) return 0;
    return __atomic_fetch_sub(&fail_countdown, 1, __ATOMIC_SEQ_CST) == 1;
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
    if (planned_failure() || bytes > (size_t)1 << 62 ||
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

int lac_block_new(void **out, lac_device *device, size_t bytes) {
    account *a = &accounts[device->id];
    int index = 0;
    const size_t size = CACHING ? size_class(bytes, &index) : bytes;
    void *block = NULL;

    if (planned_failure())
        return lac_fail(LAC_E_MEMORY, "memory: no room for %zu bytes on %s", bytes,
                        device->name);
    if (CACHING) {
        pthread_mutex_lock(&a->lock);
        if (a->shelves[index].count > 0) {
            block = a->shelves[index].blocks[--a->shelves[index].count];
            a->cached -= (int64_t)size;
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
            void **grown = realloc(s->blocks, (size_t)room * sizeof *grown);
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
        const size_t size = ((size_t)(STEPS + c % STEPS) << (c / STEPS)) / STEPS;
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

double lac_memory_cached(int id) {
    account *a = account_of(id);
    if (!a) return 0;
    pthread_mutex_lock(&a->lock);
    const double bytes = (double)a->cached;
    pthread_mutex_unlock(&a->lock);
    return bytes;
}
