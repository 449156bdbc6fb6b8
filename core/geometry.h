/* geometry.h - sites, rulebooks and the object that owns them
 *
 * Every set derived from one input, and their rulebooks, belong to one geometry.  A
 * handle counts the geometry, nothing inside it counts anything, so there is no cycle.
 * Derived sets are found again by (id of the set, kernel, stride, dilation, pad, kind).
 */
#ifndef LAC_GEOMETRY_H
#define LAC_GEOMETRY_H

#include "key.h"
#include "rulebook.h"
#include "tensor.h"

#include <pthread.h>

typedef struct lac_slot {
    uint64_t low;
    int32_t row; /* -1: free */
} lac_slot;

struct lac_sites {
    lac_geometry *owner;
    uint64_t id;
    int32_t dimension, bits;
    int64_t n, batch;
    int64_t size[LAC_MAX_DIMENSION]; /* 0: unbounded                                 */
    int32_t *coords;                 /* n x (1 + dimension)                          */
    uint64_t *low, *high;            /* keys, high NULL when narrow                  */
    lac_slot *slots;                 /* hash from key to row; NULL until asked for   */
    uint64_t mask;
    int64_t points; /* of the input set; the next three NULL elsewhere */
    int32_t *rows, *order, *first;
};

typedef struct lac_relation {
    int32_t kernel[LAC_MAX_DIMENSION], stride[LAC_MAX_DIMENSION];
    int32_t dilation[LAC_MAX_DIMENSION], pad[LAC_MAX_DIMENSION];
    int32_t submanifold;
} lac_relation;

typedef struct lac_derived {
    uint64_t from;
    lac_relation relation;
    lac_sites *sites;
    lac_rulebook *book;
} lac_derived;

struct lac_geometry {
    int64_t references;
    int32_t device;
    pthread_mutex_t lock; /* around growth of the lists below */
    lac_sites **sites;
    lac_derived *derived;
    int64_t site_count, site_room, derived_count, derived_room;
};

/* Builds the hash if it is not there. */
int lac_sites_index(lac_sites *s);

/* Where a key's search begins.  Keeping neighbouring keys together in the table was tried
 * and is slower: runs of them collide as a whole (docs/decisions.md). */
static inline uint64_t lac_key_slot(uint64_t low, uint64_t high, uint64_t mask) {
    return ((low ^ high * 0xd6e8feb86659fd93u) * 0x9e3779b97f4a7c15u) >> 20 & mask;
}

/* The row of a key of the set's own width, or -1. */
static inline int64_t lac_sites_find(const lac_sites *s, lac_key key) {
    const uint64_t low = (uint64_t)key, high = (uint64_t)(key >> 64);
    for (uint64_t h = lac_key_slot(low, high, s->mask);; h = (h + 1) & s->mask) {
        const lac_slot *slot = &s->slots[h];
        if (slot->row < 0) return -1;
        if (slot->low == low && (!s->high || s->high[slot->row] == high))
            return slot->row;
    }
}

/* The input set, from n x (1 + dimension) points of any dtype but float32 and uint8. */
int lac_sites_from_points(lac_sites **out, const lac_tensor *coords, const double *size,
                          int64_t base);
/* The output sites of a strided relation, without rulebook, owned by nobody yet. */
int lac_sites_derive(lac_sites **out, lac_sites *in, const lac_relation *r);
void lac_sites_destroy(lac_sites *s);
int lac_sites_blank(lac_sites **out, int dimension, int64_t n, int bits);

/* All pairs of a relation, in the memory of `device`. */
int lac_rulebook_build(lac_rulebook **out, int device, lac_sites *in, lac_sites *outs,
                       const lac_relation *r);
/* The pairs of `b` with input and output exchanged. */
int lac_rulebook_turn(lac_rulebook **out, const lac_rulebook *b);
void lac_rulebook_destroy(lac_rulebook *b);

#endif
