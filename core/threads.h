/* threads.h - one small pool; work is cut into chunks that the problem fixes, not the
 * threads */
#ifndef LAC_THREADS_H
#define LAC_THREADS_H

#include "error.h"

/* Runs task(context, 0 .. chunks-1), each once, in any order on any thread;
 * LAC_E_INTERRUPTED when lac_interrupt cut it short.  Called from inside a task, or while
 * another thread uses the pool, it runs on the calling thread. */
typedef void (*lac_task)(const void *context, int64_t chunk);
int lac_parallel(int64_t chunks, lac_task task, const void *context);

/* The same over ranges of at most `grain` items: task(context, first, last + 1). */
typedef void (*lac_range_task)(const void *context, int64_t first, int64_t end);
int lac_parallel_range(int64_t items, int64_t grain, lac_range_task task,
                       const void *context);

#endif
