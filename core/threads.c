/* threads.c - the pool
 *
 * A region is open while `joined` is not negative.  A worker that finds it open joins,
 * takes chunks until none is left, and leaves; the owner closes it when nobody is inside.
 * A worker that sleeps too long simply misses the region, so a short one never waits for
 * a wake-up.
 */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 256, SPINS = 2000 };

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int wanted, started, sleepers;
static uint64_t generation;
static int joined = -1;
static lac_task task_now;
static const void *context_now;
static int64_t chunks_now, next_chunk;
static int interrupt_flag, heeded_now;
static _Thread_local int deaf;

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

void lac_interrupt(void) { __atomic_store_n(&interrupt_flag, 1, __ATOMIC_SEQ_CST); }
int lac_interrupted(void) {
    return __atomic_exchange_n(&interrupt_flag, 0, __ATOMIC_SEQ_CST);
}
void lac_heed_interrupts(int yes) { deaf = !yes; }
static int stopped(int heeded) {
    return heeded && __atomic_load_n(&interrupt_flag, __ATOMIC_RELAXED);
}

static void take_chunks(void) {
    int64_t c;
    while ((c = __atomic_fetch_add(&next_chunk, 1, __ATOMIC_ACQ_REL)) < chunks_now)
        if (!stopped(heeded_now)) task_now(context_now, c);
}

static int join(void) {
    int inside = __atomic_load_n(&joined, __ATOMIC_ACQUIRE);
    while (inside >= 0)
        if (__atomic_compare_exchange_n(&joined, &inside, inside + 1, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return 1;
    return 0;
}

static uint64_t await(uint64_t seen) {
    uint64_t now;
    for (int i = 0; i < SPINS; i++) {
        now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
        if (now != seen) return now;
        relax();
    }
    pthread_mutex_lock(&lock);
    __atomic_add_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
    while ((now = __atomic_load_n(&generation, __ATOMIC_SEQ_CST)) == seen)
        pthread_cond_wait(&wake, &lock);
    __atomic_sub_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&lock);
    return now;
}

static void *work(void *index) {
    uint64_t seen = 0;
    for (;;) {
        seen = await(seen);
        if ((intptr_t)index >= __atomic_load_n(&wanted, __ATOMIC_ACQUIRE) - 1) continue;
        if (!join()) continue;
        take_chunks();
        __atomic_sub_fetch(&joined, 1, __ATOMIC_ACQ_REL);
    }
    return NULL;
}

/* A forked child has none of the workers; it starts its own when it needs them. */
static void forget_workers(void) {
    started = 0;
    sleepers = 0;
    joined = -1;
    pthread_mutex_init(&owner, NULL);
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&wake, NULL);
}

__attribute__((constructor)) static void choose(void) {
    const char *text = getenv("LACUNA_THREADS");
    const long n = text ? strtol(text, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    wanted = n < 1 ? 1 : n > MOST ? MOST : (int)n;
    pthread_atfork(NULL, NULL, forget_workers);
}

int lac_threads(void) { return __atomic_load_n(&wanted, __ATOMIC_ACQUIRE); }

int lac_threads_set(double n) {
    if (!(n >= 1 && n <= MOST) || n != (double)(int)n)
        return lac_fail(LAC_E_ARGUMENT,
                        "threads: %.17g, expected a whole number, 1 to %d", n, MOST);
    __atomic_store_n(&wanted, (int)n, __ATOMIC_RELEASE);
    return LAC_OK;
}

static void start_workers(void) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (started < lac_threads() - 1) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, (void *)(intptr_t)started) != 0) break;
        pthread_detach(thread);
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

int lac_parallel(int64_t chunks, lac_task task, const void *context) {
    if (chunks < 2 || lac_threads() < 2 || pthread_mutex_trylock(&owner) != 0) {
        for (int64_t c = 0; c < chunks && !stopped(!deaf); c++) task(context, c);
    } else {
        start_workers();
        task_now = task;
        context_now = context;
        chunks_now = chunks;
        heeded_now = !deaf;
        __atomic_store_n(&next_chunk, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&joined, 0, __ATOMIC_RELEASE);
        __atomic_add_fetch(&generation, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&sleepers, __ATOMIC_SEQ_CST) > 0) {
            pthread_mutex_lock(&lock);
            pthread_cond_broadcast(&wake);
            pthread_mutex_unlock(&lock);
        }
        take_chunks();
        for (int i = 0, none = 0; !__atomic_compare_exchange_n(
                 &joined, &none, -1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
             none = 0) {
            if (++i < SPINS)
                relax();
            else
                sched_yield();
        }
        pthread_mutex_unlock(&owner);
    }
    return stopped(!deaf) ? lac_fail(LAC_E_INTERRUPTED, "interrupted") : LAC_OK;
}

typedef struct ranges {
    lac_range_task task;
    const void *context;
    int64_t items, grain;
} ranges;

static void run_range(const void *context, int64_t chunk) {
    const ranges *r = context;
    const int64_t first = chunk * r->grain;
    const int64_t end = first + r->grain;
    r->task(r->context, first, end < r->items ? end : r->items);
}

int lac_parallel_range(int64_t items, int64_t grain, lac_range_task task,
                       const void *context) {
    const ranges r = {task, context, items, grain};
    return lac_parallel((items + grain - 1) / grain, run_range, &r);
}
