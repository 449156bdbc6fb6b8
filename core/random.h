/* random.h - random numbers from a counter, the same bits on host and device
 *
 * Philox 4x32-10 (Salmon et al. 2011) turns a key and a 128-bit counter into four words.
 * Number e of a stream, e counting over everything ever drawn from the seed, belongs to
 * block e / 4 and depends on nothing else:
 *
 *   counter = { block: low, high half; stream; attempt }, key = { seed: low, high half }
 *
 * Everything below uses integers, + - * / and sqrtf in a fixed order, without fused
 * operations, so build with -ffp-contract=off and -fmad=false.
 */
#ifndef LAC_RANDOM_H
#define LAC_RANDOM_H

#include "formula.h"

#include <stdint.h>
#include <string.h>

enum { LAC_STREAM_UNIFORM = 0, LAC_STREAM_NORMAL = 1, LAC_STREAM_PERMUTATION = 2 };

typedef struct lac_words {
    uint32_t a, b, c, d;
} lac_words;

LAC_BOTH lac_words lac_philox_counter(uint64_t block, uint32_t stream, uint32_t attempt) {
    lac_words w;
    w.a = (uint32_t)block;
    w.b = (uint32_t)(block >> 32);
    w.c = stream;
    w.d = attempt;
    return w;
}

/* Round r of 0 .. 9. */
LAC_BOTH lac_words lac_philox_round(lac_words w, uint64_t key, uint32_t r) {
    const uint64_t p = (uint64_t)0xD2511F53u * w.a, q = (uint64_t)0xCD9E8D57u * w.c;
    lac_words next;
    next.a = (uint32_t)(q >> 32) ^ w.b ^ ((uint32_t)key + r * 0x9E3779B9u);
    next.b = (uint32_t)q;
    next.c = (uint32_t)(p >> 32) ^ w.d ^ ((uint32_t)(key >> 32) + r * 0xBB67AE85u);
    next.d = (uint32_t)p;
    return next;
}

LAC_BOTH lac_words lac_philox(lac_words counter, uint64_t key) {
    for (uint32_t r = 0; r < 10; r++) counter = lac_philox_round(counter, key, r);
    return counter;
}

/* A multiple of 2^-24 in [0, 1). */
LAC_BOTH float lac_unit(uint32_t word) {
    return (float)(int32_t)(word >> 8) * 5.9604644775390625e-8f;
}

/* low + unit * (high - low), kept below high by `most`, the float before it. */
LAC_BOTH float lac_uniform(uint32_t word, float low, float width, float most) {
    const float x = low + lac_unit(word) * width;
    return x < most ? x : most;
}

/* The natural logarithm of a normal x > 0, to 3 units in the last place: x = 2^e m with
 * m in [0.70, 1.40), log(m) = 2 atanh(s), s = (m - 1) / (m + 1), by its series, whose
 * rest is below 1e-10 of it. */
LAC_BOTH float lac_logarithm(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int32_t from_root = bits - 0x3F330000;
    const int32_t e = from_root >> 23;
    bits -= (int32_t)((uint32_t)from_root & 0xFF800000u);
    float m;
    memcpy(&m, &bits, sizeof m);
    const float s = (m - 1.0f) / (m + 1.0f), z = s * s;
    float tail = 0.222222222f + z * 0.181818182f;
    tail = 0.285714286f + z * tail;
    tail = 0.4f + z * tail;
    tail = z * (0.666666667f + z * tail);
    const float f = (float)e;
    return f * 0.693359375f + (2.0f * s + (s * tail + f * -2.12194440e-4f));
}

/* Cosine and sine of word / 2^32 of a turn, to 1.2e-7: the nearest quarter of the circle
 * and an angle of at most pi / 4 from it, by their series, whose rest is below 3e-9. */
LAC_BOTH void lac_circle(uint32_t word, float *cosine, float *sine) {
    const uint32_t quarter = (word + 0x20000000u) >> 30;
    const float t = (float)(int32_t)(word - (quarter << 30)) * 1.46291807926715968e-9f;
    const float z = t * t;
    float s = -1.98412698e-4f + z * 2.75573192e-6f;
    s = -1.66666667e-1f + z * (8.33333333e-3f + z * s);
    s = t + t * z * s;
    float c = 2.48015873e-5f + z * -2.75573192e-7f;
    c = 4.16666667e-2f + z * (-1.38888889e-3f + z * c);
    c = 1.0f + z * (-0.5f + z * c);
    const float x = quarter & 1 ? s : c, y = quarter & 1 ? c : s;
    *cosine = (quarter + 1) & 2 ? -x : x;
    *sine = quarter & 2 ? -y : y;
}

/* Two independent standard normal numbers (Box and Muller: radius from the first word,
 * as a float32 in (0, 1], direction from the second), each within 2.5e-7 of the radius,
 * which is at most 6.67, of what exact arithmetic would give. */
LAC_BOTH void lac_normal_pair(uint32_t first, uint32_t second, float *even, float *odd) {
    const float below = (float)(int32_t)(first >> 1) * 4.656612873077392578125e-10f;
    const float unit = below + 2.3283064365386962890625e-10f;
    const float radius = sqrtf(-2.0f * lac_logarithm(unit));
    float cosine, sine;
    lac_circle(second, &cosine, &sine);
    *even = radius * cosine;
    *odd = radius * sine;
}

/* A whole number in [0, range), range < 2^32, from 64 random bits without bias (Lemire
 * 2019); -1 when they have to be drawn again. */
LAC_BOTH int64_t lac_below(uint32_t high, uint32_t low, uint64_t range) {
    const uint64_t bits = (uint64_t)high << 32 | low, rest = bits * range;
    if (rest < range && rest < (0 - range) % range) return -1;
    return (int64_t)((high * range + (low * range >> 32)) >> 32);
}

#endif
