/* error.h - one status, one sentence */
#ifndef LAC_ERROR_H
#define LAC_ERROR_H

#include "lacuna.h"

/* Leaves a sentence for the calling thread and returns `status`. */
int lac_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Passes a failure on. */
#define LAC_TRY(call) \
    do { \
        const int lac_try_ = (call); \
        if (lac_try_ != LAC_OK) return lac_try_; \
    } while (0)

/* For faults of our own, never for arguments; compiled out of release builds. */
#ifdef LACUNA_DEBUG
#define LAC_ASSERT(what) \
    do { \
        if (!(what)) __builtin_trap(); \
    } while (0)
#else
#define LAC_ASSERT(what) ((void)0)
#endif

#endif
