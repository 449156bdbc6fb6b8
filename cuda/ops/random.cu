/* random.cu - numbers that depend on (seed, offset + i) alone; the arithmetic is in
 * random.h, so they are those of the CPU to the bit
 */
#include "../../core/random.h"
#include "../cuda.cuh"

#include <math.h>

namespace {

struct drawing {
    float *y;
    uint64_t seed, offset;
    float a, b, most; /* low, width and the largest; or mean and deviation */
};

/* A thread handles an element. */
struct uniform_body {
    drawing d;
    __device__ void operator()(int64_t i) const {
        const uint64_t at = d.offset + (uint64_t)i;
        const lac_words w =
            lac_philox(lac_philox_counter(at / 4, LAC_STREAM_UNIFORM, 0), d.seed);
        const int k = (int)(at % 4);
        d.y[i] = lac_uniform(k == 0   ? w.a
                             : k == 1 ? w.b
                             : k == 2 ? w.c
                                      : w.d,
                             d.a, d.b, d.most);
    }
};

struct normal_body {
    drawing d;
    __device__ void operator()(int64_t i) const {
        const uint64_t at = d.offset + (uint64_t)i;
        const lac_words w =
            lac_philox(lac_philox_counter(at / 4, LAC_STREAM_NORMAL, 0), d.seed);
        const int k = (int)(at % 4);
        float even, odd;
        lac_normal_pair(k < 2 ? w.a : w.c, k < 2 ? w.b : w.d, &even, &odd);
        d.y[i] = d.a + d.b * (k % 2 ? odd : even);
    }
};

/* The order is that of Fisher and Yates, one exchange after the other, so there is one
 * block: its threads draw the partners of LAC_THREADS places, then one thread exchanges
 * them. */
struct permutation_body {
    struct shared {
        int32_t partner[LAC_THREADS];
    };

    int32_t *y;
    int64_t count;
    uint64_t seed, offset;

    __device__ void operator()(const lac_team &team, shared &s, int64_t) const {
        team.each([&](int thread) {
            for (int64_t i = thread; i < count; i += LAC_THREADS) y[i] = (int32_t)i;
        });
        for (int64_t last = count - 1; last > 0; last -= LAC_THREADS) {
            team.each([&](int thread) {
                if (last - thread > 0) s.partner[thread] = (int32_t)pick(last - thread);
            });
            team.each([&](int thread) {
                if (thread == 0) exchange(s.partner, last);
            });
        }
    }

    __device__ void exchange(const int32_t *partner, int64_t last) const {
        for (int j = 0; j < LAC_THREADS && last - j > 0; j++) {
            const int32_t kept = y[last - j];
            y[last - j] = y[partner[j]];
            y[partner[j]] = kept;
        }
    }

    /* A place in 0 .. i, from half a block of the stream. */
    __device__ int64_t pick(int64_t i) const {
        const uint64_t e = offset + (uint64_t)i, range = (uint64_t)i + 1;
        for (uint32_t attempt = 0;; attempt++) {
            const lac_words counter =
                lac_philox_counter(e / 2, LAC_STREAM_PERMUTATION, attempt);
            const lac_words w = lac_philox(counter, seed);
            const int64_t k =
                e % 2 ? lac_below(w.c, w.d, range) : lac_below(w.a, w.b, range);
            if (k >= 0) return k;
        }
    }
};

} // namespace

/* y[i] in [low, high) */
int lac_cuda_random_uniform(lac_tensor *y, double low, double high, int64_t seed,
                            int64_t offset) {
    const float from = (float)low, to = (float)high;
    const uniform_body body = {{lac_f32(y), (uint64_t)seed, (uint64_t)offset, from,
                                to - from, to > from ? nextafterf(to, from) : from}};
    return lac_cuda_each("random_uniform", y, y->count, body);
}

int lac_cuda_random_normal(lac_tensor *y, double mean, double deviation, int64_t seed,
                           int64_t offset) {
    const normal_body body = {{lac_f32(y), (uint64_t)seed, (uint64_t)offset, (float)mean,
                               (float)deviation, 0.0f}};
    return lac_cuda_each("random_normal", y, y->count, body);
}

/* y holds 0 .. n-1, each order as likely as any other. */
int lac_cuda_random_permutation(lac_tensor *y, int64_t seed, int64_t offset) {
    const permutation_body body = {lac_i32(y), y->count, (uint64_t)seed,
                                   (uint64_t)offset};
    return lac_cuda_blocks("random_permutation", y, 1, body);
}
