/* voxels.h - a set of voxels that grows, then is sorted */
#ifndef LAC_VOXELS_H
#define LAC_VOXELS_H

#include "../error.h"

enum { LAC_VOXEL_BITS = 20 }; /* coordinates lie in [-2^20, 2^20) */

/* Coordinates as one number whose order is theirs, first axis most significant. */
static inline uint64_t lac_voxel_key(int64_t x, int64_t y, int64_t z) {
    const int64_t bias = INT64_C(1) << LAC_VOXEL_BITS;
    return (uint64_t)(x + bias) << 42 | (uint64_t)(y + bias) << 21 | (uint64_t)(z + bias);
}

static inline int32_t lac_voxel_coord(uint64_t key, int axis) {
    return (int32_t)(key >> (42 - 21 * axis) & 0x1fffff) - (1 << LAC_VOXEL_BITS);
}

/* Open addressing; all bits set means free.  `last` spares most repeats a look. */
typedef struct lac_voxel_set {
    uint64_t *slots;
    int64_t count;
    uint64_t last;
    int bits; /* 2^bits slots, never more than half of them in use */
} lac_voxel_set;

/* Refuses more voxels than a set may hold: where a scale gone wrong ends, before half a
 * GiB.  A voxeliser that knows beforehand that it needs `least` need not try. */
int lac_voxel_set_check(int64_t least);

int lac_voxel_set_new(lac_voxel_set *set);
void lac_voxel_set_free(lac_voxel_set *set);
int lac_voxel_set_insert(lac_voxel_set *set, uint64_t key);

static inline int lac_voxel_set_add(lac_voxel_set *set, int64_t x, int64_t y, int64_t z) {
    const uint64_t key = lac_voxel_key(x, y, z);
    return key == set->last ? LAC_OK : lac_voxel_set_insert(set, key);
}

/* Makes the sorted list of the voxels inside [0, field). */
int lac_voxel_set_finish(lac_voxels **out, const lac_voxel_set *set, const double *field);

#endif
