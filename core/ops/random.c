/* random.c - numbers from (seed, offset + i) alone; random.h has the arithmetic */
#include "../random.h"
#include "../ops.h"
#include "../threads.h"

#include <math.h>

enum { GRAIN = 16384, BLOCKS = 16, GROUP = 4 * BLOCKS };

static const int64_t LARGEST = (int64_t)1 << 53;

typedef struct drawing {
    float *y;
    uint64_t seed, offset;
    float a, b, most; /* low, width and the largest; or mean and deviation */
} drawing;

static int check_state(const char *op, int64_t seed, int64_t offset) {
    LAC_TRY(lac_check_range(op, "seed", seed, 0, LARGEST));
    return lac_check_range(op, "offset", offset, 0, LARGEST);
}

int lac_check_random_uniform(lac_tensor *y, double low, double high, int64_t seed,
                             int64_t offset) {
    (void)y;
    if (!(low <= high) || !isfinite((float)low) || !isfinite((float)high - (float)low))
        return lac_fail(
            LAC_E_ARGUMENT,
            "random_uniform: low is %g and high %g, expected finite ones in order", low,
            high);
    return check_state("random_uniform", seed, offset);
}

int lac_check_random_normal(lac_tensor *y, double mean, double deviation, int64_t seed,
                            int64_t offset) {
    (void)y;
    if (!isfinite((float)mean))
        return lac_fail(LAC_E_ARGUMENT,
                        "random_normal: mean is %g, expected a finite one", mean);
    if (!(deviation >= 0 && isfinite((float)deviation)))
        return lac_fail(LAC_E_ARGUMENT,
                        "random_normal: deviation is %g, expected 0 or more", deviation);
    return check_state("random_normal", seed, offset);
}

int lac_check_random_permutation(lac_tensor *y, int64_t seed, int64_t offset) {
    LAC_TRY(lac_check_ndim("random_permutation", "y", y, 1));
    LAC_TRY(lac_check_range("random_permutation", "size of y", y->count, 0, INT32_MAX));
    return check_state("random_permutation", seed, offset);
}

/* The four words of the blocks first .. first + BLOCKS-1. */
static void draw_words(uint32_t words[4][BLOCKS], uint64_t seed, uint64_t first,
                       uint32_t stream) {
    for (int l = 0; l < BLOCKS; l++) {
        const lac_words w = lac_philox_counter(first + (uint64_t)l, stream, 0);
        words[0][l] = w.a, words[1][l] = w.b, words[2][l] = w.c, words[3][l] = w.d;
    }
    for (uint32_t r = 0; r < 10; r++)
        for (int l = 0; l < BLOCKS; l++) {
            lac_words w = {words[0][l], words[1][l], words[2][l], words[3][l]};
            w = lac_philox_round(w, seed, r);
            words[0][l] = w.a, words[1][l] = w.b, words[2][l] = w.c, words[3][l] = w.d;
        }
}

typedef void (*group_maker)(float out[GROUP], const drawing *d, uint64_t first);

/* Groups begin at multiples of GROUP of the whole stream; of the first and the last one
 * only a part may be asked for. */
static void draw(const drawing *d, int64_t first, int64_t end, group_maker make) {
    float part[GROUP];
    for (int64_t i = first; i < end;) {
        const uint64_t at = d->offset + (uint64_t)i, skip = at % GROUP;
        const uint64_t left = (uint64_t)(end - i), rest = GROUP - skip;
        const uint64_t count = rest < left ? rest : left;
        if (count == GROUP)
            make(d->y + i, d, at / 4);
        else {
            make(part, d, (at - skip) / 4);
            memcpy(d->y + i, part + skip, count * sizeof *part);
        }
        i += (int64_t)count;
    }
}

static void make_uniform(float out[GROUP], const drawing *d, uint64_t first) {
    uint32_t words[4][BLOCKS];
    const float low = d->a, width = d->b, most = d->most;
    draw_words(words, d->seed, first, LAC_STREAM_UNIFORM);
    for (int l = 0; l < BLOCKS; l++) {
        out[4 * l] = lac_uniform(words[0][l], low, width, most);
        out[4 * l + 1] = lac_uniform(words[1][l], low, width, most);
        out[4 * l + 2] = lac_uniform(words[2][l], low, width, most);
        out[4 * l + 3] = lac_uniform(words[3][l], low, width, most);
    }
}

static void make_normal(float out[GROUP], const drawing *d, uint64_t first) {
    uint32_t words[4][BLOCKS];
    const float mean = d->a, deviation = d->b;
    draw_words(words, d->seed, first, LAC_STREAM_NORMAL);
    for (int l = 0; l < BLOCKS; l++) {
        float z[4];
        lac_normal_pair(words[0][l], words[1][l], &z[0], &z[1]);
        lac_normal_pair(words[2][l], words[3][l], &z[2], &z[3]);
        for (int k = 0; k < 4; k++) out[4 * l + k] = mean + deviation * z[k];
    }
}

static void uniform_values(const void *context, int64_t first, int64_t end) {
    draw(context, first, end, make_uniform);
}

static void normal_values(const void *context, int64_t first, int64_t end) {
    draw(context, first, end, make_normal);
}

/* y[i] in [low, high), the bounds rounded to float32; low alone where both are equal */
int lac_cpu_random_uniform(lac_tensor *y, double low, double high, int64_t seed,
                           int64_t offset) {
    const float from = (float)low, to = (float)high;
    const float most = to > from ? nextafterf(to, from) : from;
    const drawing d = {lac_f32(y), (uint64_t)seed, (uint64_t)offset,
                       from,       to - from,      most};
    return lac_parallel_range(y->count, GRAIN, uniform_values, &d);
}

int lac_cpu_random_normal(lac_tensor *y, double mean, double deviation, int64_t seed,
                          int64_t offset) {
    const drawing d = {lac_f32(y),  (uint64_t)seed,   (uint64_t)offset,
                       (float)mean, (float)deviation, 0};
    return lac_parallel_range(y->count, GRAIN, normal_values, &d);
}

typedef struct shuffle {
    int32_t *y;
    int64_t count;
    uint64_t seed, offset;
} shuffle;

/* A whole number in [0, range) from number `e` of the stream, which is half a block. */
static int64_t pick(uint64_t seed, uint64_t e, uint64_t range) {
    for (uint32_t attempt = 0;; attempt++) {
        const lac_words counter =
            lac_philox_counter(e / 2, LAC_STREAM_PERMUTATION, attempt);
        const lac_words w = lac_philox(counter, seed);
        const int64_t k = e % 2 ? lac_below(w.c, w.d, range) : lac_below(w.a, w.b, range);
        if (k >= 0) return k;
    }
}

/* Fisher and Yates: each place changes with one before it or with itself. */
static void shuffle_all(const void *context, int64_t chunk) {
    const shuffle *s = context;
    (void)chunk;
    for (int64_t i = 0; i < s->count; i++) s->y[i] = (int32_t)i;
    for (int64_t i = s->count - 1; i > 0; i--) {
        const int64_t k = pick(s->seed, s->offset + (uint64_t)i, (uint64_t)i + 1);
        const int32_t kept = s->y[i];
        s->y[i] = s->y[k];
        s->y[k] = kept;
    }
}

/* Each order of 0 .. n-1 is as likely as any other. */
int lac_cpu_random_permutation(lac_tensor *y, int64_t seed, int64_t offset) {
    const shuffle s = {lac_i32(y), y->count, (uint64_t)seed, (uint64_t)offset};
    return lac_parallel(1, shuffle_all, &s);
}
