/* rulebook.h - the pairs that each tap of a kernel joins, as kernels see them
 *
 * Tap t owns pairs first[t] .. first[t+1]-1, ascending in `out`; within a tap no output
 * row and no input row occurs twice.  Output rows are cut into tiles of LAC_TILE rows,
 * and tiles[tile * taps + t] counts the tap's pairs before that tile, so one task can
 * walk all taps of its own rows.  in, out and tiles are in device memory, the rest is on
 * the host.
 */
#ifndef LAC_RULEBOOK_H
#define LAC_RULEBOOK_H

#include "error.h"

enum { LAC_TILE = 128 };

typedef struct lac_geometry lac_geometry;

struct lac_rulebook {
    int32_t device;
    int32_t taps;
    int64_t n_in, n_out, n_pairs, n_tiles;
    int64_t *first;   /* taps + 1, on the host         */
    int32_t *in;      /* n_pairs                       */
    int32_t *out;     /* n_pairs                       */
    int32_t *tiles;   /* (n_tiles + 1) x taps          */
    int32_t mirrored; /* its own reverse, with taps counted from the end */
    lac_geometry *owner;
    lac_rulebook *reverse; /* of each other, once asked for; the owner frees both */
};

#endif
