/* key.h - an exact, order-preserving key for a coordinate
 *
 * key = batch, then the coordinates' bits interleaved, the highest bit of each first and,
 * within a bit level, the first axis first (Morton order).  A coordinate is biased by
 * half its range, so negative ones sort below zero, and the order does not depend on how
 * many bits an axis gets: further levels only repeat the sign.  64 bits where a set's
 * range allows, else 128.
 */
#ifndef LAC_KEY_H
#define LAC_KEY_H

#include "error.h"

__extension__ typedef unsigned __int128 lac_key;

enum { LAC_BATCH_BITS = 16 };

/* Bits that an axis gets in a narrow (64-bit) and in a wide (128-bit) key. */
static inline int lac_key_bits(int dimension, int wide) {
    const int bits = ((wide ? 128 : 64) - LAC_BATCH_BITS) / dimension;
    return bits < 32 ? bits : 32;
}

/* spread[dimension][v] has bit l of v at bit l * dimension. */
extern lac_key lac_key_spread[LAC_MAX_DIMENSION + 1][256];

static inline lac_key lac_key_axis(int dimension, uint32_t biased) {
    const lac_key *s = lac_key_spread[dimension];
    lac_key key = s[biased & 255];
    for (int at = 8; (biased >>= 8) != 0; at += 8)
        key |= s[biased & 255] << (at * dimension);
    return key;
}

/* The coordinates must be within bits. */
static inline lac_key lac_key_of(int dimension, int bits, int64_t batch,
                                 const int64_t *c) {
    lac_key key = (lac_key)batch << (bits * dimension);
    for (int a = 0; a < dimension; a++)
        key |= lac_key_axis(dimension, (uint32_t)(c[a] + ((int64_t)1 << (bits - 1))))
               << (dimension - 1 - a);
    return key;
}

static inline int lac_key_fits(int bits, int64_t low, int64_t high) {
    const int64_t half = (int64_t)1 << (bits - 1);
    return low >= -half && high < half;
}

/* Writes batch and coordinates, 1 + dimension numbers. */
void lac_key_decode(int32_t *coords, lac_key key, int dimension, int bits);

/* Sorts `order` (n row numbers) so that keys[order[i]] ascend, equal ones staying as they
 * were. `high` holds the upper halves of the keys, or is NULL; `spare` has room for n
 * numbers. */
void lac_key_sort(int32_t *order, int32_t *spare, const uint64_t *low,
                  const uint64_t *high, int64_t n);

#endif
