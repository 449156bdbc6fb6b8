/* shadow.c - a second device for tests: CPU kernels over memory that the host cannot
 * touch
 *
 * One memory file is mapped twice.  Tensors hold addresses of the front, which is mapped
 * without access; each operation runs its CPU kernel on copies of the operands'
 * descriptions that point to the back.  So code that forgets a copy, as it would for a
 * GPU, faults here: the handler records it, opens the page so that the program goes on,
 * and lac_shadow_violations tells and closes it again.
 */
#include "device.h"
#include "memory.h"
#include "ops.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static const size_t SPAN = (size_t)16 << 30, PAGE = 4096;

extern const char *lac_running_op;

/* ---- the arena: page ranges, first fit ------------------------------------------- */

typedef struct hole {
    size_t first, pages;
} hole;

static char *front, *back;
static hole *holes;
static size_t hole_count, hole_room;
static pthread_mutex_t arena = PTHREAD_MUTEX_INITIALIZER;

static int add_hole(size_t at, hole h) {
    if (hole_count == hole_room) {
        const size_t room = hole_room ? 2 * hole_room : 64;
        hole *grown =
            lac_planned_failure(0) ? NULL : realloc(holes, room * sizeof *grown);
        if (!grown) return 0;
        holes = grown;
        hole_room = room;
    }
    memmove(holes + at + 1, holes + at, (hole_count - at) * sizeof *holes);
    holes[at] = h;
    hole_count++;
    return 1;
}

static void drop_hole(size_t at) {
    hole_count--;
    memmove(holes + at, holes + at + 1, (hole_count - at) * sizeof *holes);
}

static size_t pages_of(size_t bytes) { return (bytes + PAGE - 1) / PAGE + (bytes == 0); }

static int shadow_alloc(lac_device *d, void **out, size_t bytes) {
    const size_t pages = pages_of(bytes);
    int status = LAC_E_MEMORY;
    (void)d;
    pthread_mutex_lock(&arena);
    for (size_t i = 0; i < hole_count; i++) {
        hole *h = &holes[i];
        if (h->pages < pages) continue;
        *out = front + h->first * PAGE;
        h->first += pages;
        h->pages -= pages;
        if (h->pages == 0) drop_hole(i);
        status = LAC_OK;
        break;
    }
    pthread_mutex_unlock(&arena);
    return status;
}

static void shadow_release(lac_device *d, void *block, size_t bytes) {
    const hole freed = {(size_t)((char *)block - front) / PAGE, pages_of(bytes)};
    size_t i = 0;
    (void)d;
    madvise(back + freed.first * PAGE, freed.pages * PAGE, MADV_REMOVE);
    pthread_mutex_lock(&arena);
    while (i < hole_count && holes[i].first < freed.first) i++;
    if (i > 0 && holes[i - 1].first + holes[i - 1].pages == freed.first) {
        holes[i - 1].pages += freed.pages;
        if (i < hole_count && holes[i].first == freed.first + freed.pages) {
            holes[i - 1].pages += holes[i].pages;
            drop_hole(i);
        }
    } else if (i < hole_count && holes[i].first == freed.first + freed.pages) {
        holes[i].first = freed.first;
        holes[i].pages += freed.pages;
    } else
        add_hole(i, freed); /* without room for the note the pages are lost, no more */
    pthread_mutex_unlock(&arena);
}

static char *behind(const void *p) { return back + ((const char *)p - front); }

static int shadow_upload(lac_device *d, void *to, const void *host, size_t bytes) {
    (void)d;
    memcpy(behind(to), host, bytes);
    return LAC_OK;
}
static int shadow_download(lac_device *d, void *host, const void *from, size_t bytes) {
    (void)d;
    memcpy(host, behind(from), bytes);
    return LAC_OK;
}
static int shadow_copy(lac_device *d, void *to, const void *from, size_t bytes) {
    (void)d;
    memmove(behind(to), behind(from), bytes);
    return LAC_OK;
}
static int shadow_fill(lac_device *d, void *to, int byte, size_t bytes) {
    (void)d;
    memset(behind(to), byte, bytes);
    return LAC_OK;
}
static int shadow_sync(lac_device *d) {
    (void)d;
    return LAC_OK;
}

/* ---- violations ------------------------------------------------------------------ */

static struct sigaction previous;
static char first_report[256];
static char context_name[128];
static int violations;

static void on_fault(int number, siginfo_t *info, void *context) {
    char *address = info->si_addr;
    if (!front || address < front || address >= front + SPAN) {
        sigaction(SIGSEGV, &previous,
                  NULL); /* not ours: the fault repeats and goes there */
        return;
    }
    const char *verb = "touched";
#if defined(__x86_64__)
    verb = ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2 ? "wrote" : "read";
#else
    (void)context;
#endif
    (void)number;
    char *page = front + (size_t)(address - front) / PAGE * PAGE;
    const char *op = __atomic_load_n(&lac_running_op, __ATOMIC_RELAXED);
    if (violations++ == 0)
        snprintf(first_report, sizeof first_report,
                 "shadow: the host %s device memory, last operation %s, in %s", verb,
                 op ? op : "none", context_name[0] ? context_name : "no spec");
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

void lac_shadow_context(const char *name) {
    snprintf(context_name, sizeof context_name, "%s", name ? name : "");
}

int lac_shadow_violations(char *report, double size) {
    const int count = violations;
    if (report && size >= 1) snprintf(report, (size_t)size, "%s", first_report);
    if (count > 0) mprotect(front, SPAN, PROT_NONE);
    violations = 0;
    first_report[0] = 0;
    return count;
}

int lac_debug_touch(lac_tensor *t, int write) {
    volatile char *byte = t->data;
    if (t->count == 0) return LAC_OK;
    if (write)
        *byte = 0;
    else
        (void)*byte;
    return LAC_OK;
}

/* ---- operations: the CPU kernel on the operands seen from behind ----------------- */

static int shade(lac_tensor *seen, const lac_tensor *t, const char *op,
                 const char *name) {
    *seen = *t;
    const char *p = t->data;
    if (p < front || p + lac_bytes(t) > front + SPAN)
        return lac_fail(LAC_E_DEVICE,
                        "%s: %s is not in shadow memory; a copy was left out", op, name);
    seen->data = behind(p);
    return LAC_OK;
}

static lac_rulebook shade_book(const lac_rulebook *b) {
    lac_rulebook seen = *b;
    seen.in = (int32_t *)(void *)behind(b->in);
    seen.out = (int32_t *)(void *)behind(b->out);
    seen.tiles = (int32_t *)(void *)behind(b->tiles);
    return seen;
}

#define SHADE(kind, name) SHADE_##kind(name)
#define SHADE_TENSOR(x) \
    lac_tensor x##_seen; \
    LAC_TRY(shade(&x##_seen, x, op_name, #x));
#define SHADE_OUT(x)   SHADE_TENSOR(x)
#define SHADE_INOUT(x) SHADE_TENSOR(x)
#define SHADE_IN(x)    SHADE_TENSOR(x)
#define SHADE_OPT(x) \
    lac_tensor x##_seen; \
    if (x) LAC_TRY(shade(&x##_seen, x, op_name, #x));
#define SHADE_IDX_OUT(x)   SHADE_TENSOR(x)
#define SHADE_IDX(x)       SHADE_TENSOR(x)
#define SHADE_LONG(x)      SHADE_TENSOR(x)
#define SHADE_ANY_OUT(x)   SHADE_TENSOR(x)
#define SHADE_ANY_INOUT(x) SHADE_TENSOR(x)
#define SHADE_ANY(x)       SHADE_TENSOR(x)
#define SHADE_BOOK(x)      const lac_rulebook x##_seen = shade_book(x);
#define SHADE_NUM(x)
#define SHADE_INT(x)

#define SEEN(kind, name)  SEEN_##kind(name)
#define SEEN_OUT(x)       &x##_seen
#define SEEN_INOUT(x)     &x##_seen
#define SEEN_IN(x)        &x##_seen
#define SEEN_OPT(x)       x ? &x##_seen : NULL
#define SEEN_IDX_OUT(x)   &x##_seen
#define SEEN_IDX(x)       &x##_seen
#define SEEN_LONG(x)      &x##_seen
#define SEEN_ANY_OUT(x)   &x##_seen
#define SEEN_ANY_INOUT(x) &x##_seen
#define SEEN_ANY(x)       &x##_seen
#define SEEN_BOOK(x)      &x##_seen
#define SEEN_NUM(x)       x
#define SEEN_INT(x)       x

#define LAC_OP(where, alias, op, ...) \
    static int behind_##op(LAC_MAP(LAC_KERNEL, __VA_ARGS__)) { \
        static const char op_name[] = #op; \
        (void)op_name; \
        LAC_EACH(SHADE, __VA_ARGS__) \
        return lac_cpu_##op(LAC_MAP(SEEN, __VA_ARGS__)); \
    }
#include "ops.def"
#undef LAC_OP

int lac_shadow_open(lac_device *d) {
    const int file = memfd_create("lacuna-shadow", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)SPAN) != 0)
        return lac_fail(LAC_E_DEVICE, "device: shadow needs a memory file of %zu bytes",
                        SPAN);
    void *b =
        mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    void *f = mmap(NULL, SPAN, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
    close(file);
    if (b == MAP_FAILED || f == MAP_FAILED || !add_hole(0, (hole){0, SPAN / PAGE}))
        return lac_fail(LAC_E_DEVICE, "device: shadow cannot map %zu bytes twice", SPAN);
    back = b;
    front = f;

    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER};
    action.sa_sigaction = on_fault;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous);

    snprintf(d->name, sizeof d->name, "shadow");
    d->alloc = shadow_alloc;
    d->release = shadow_release;
    d->upload = shadow_upload;
    d->download = shadow_download;
    d->copy = shadow_copy;
    d->fill = shadow_fill;
    d->sync = shadow_sync;
#define LAC_OP(where, alias, op, ...) d->ops.op = behind_##op;
#include "ops.def"
#undef LAC_OP
    return LAC_OK;
}
