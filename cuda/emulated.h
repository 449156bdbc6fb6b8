/* emulated.h - the half of cuda.cuh that a host compiler sees: kernels become loops
 *
 * Every second phase runs its threads backwards, so that a result that leans on the
 * order of threads between two barriers shows.
 */
#ifndef LAC_EMULATED_H
#define LAC_EMULATED_H

#include <stdlib.h>
#include <string.h>

#define __host__
#define __device__

struct lac_team {
    mutable int backwards = 0;
    template <class Phase> void each(Phase phase) const {
        for (int i = 0; i < LAC_THREADS; i++) phase(backwards ? LAC_THREADS - 1 - i : i);
        backwards = !backwards;
    }
};

template <class T> struct lac_own {
    T value[LAC_THREADS];
    T &operator[](int thread) { return value[thread]; }
};

static inline void lac_count_one(int32_t *counter) { ++*counter; }

struct lac_scratch {
    explicit lac_scratch(int) : block(malloc(LAC_SCRATCH)) {
        memset(block, 0xff, LAC_SCRATCH);
    }
    ~lac_scratch() { free(block); }
    lac_scratch(const lac_scratch &) = delete;
    lac_scratch &operator=(const lac_scratch &) = delete;
    void *block;
};

template <class Body>
int lac_cuda_each(const char *, const lac_tensor *, int64_t n, const Body &body) {
    for (int64_t i = n - 1; i >= 0; i--) body(i);
    return LAC_OK;
}

/* Shared memory begins with a pattern that is a NaN in float32, as garbage as on a
 * device. */
template <class Body>
int lac_cuda_blocks(const char *, const lac_tensor *, int64_t jobs, const Body &body) {
    typename Body::shared s;
    memset(&s, 0xff, sizeof s);
    const lac_team team;
    for (int64_t job = jobs - 1; job >= 0; job--) body(team, s, job);
    return LAC_OK;
}

#endif
