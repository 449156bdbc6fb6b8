/* voxels.c - the set that a voxeliser fills and the sorted list that it gives */
#include "voxels.h"

#include "../memory.h"
#include "mesh.h"

#include <string.h>

struct lac_voxels {
    uint64_t *keys; /* sorted */
    int64_t count, dropped;
};

static const int64_t most_voxels = INT64_C(1) << 25;

static const uint64_t unused = UINT64_MAX;

/* ---- the set --------------------------------------------------------------------- */

static int new_slots(uint64_t **slots, int bits) {
    const size_t bytes = sizeof(uint64_t) << bits;
    void *block;
    LAC_TRY(lac_host_alloc(&block, bytes));
    memset(block, 0xff, bytes);
    *slots = block;
    return LAC_OK;
}

int lac_voxel_set_new(lac_voxel_set *set) {
    const int bits = 12;
    uint64_t *slots;
    LAC_TRY(new_slots(&slots, bits));
    *set = (lac_voxel_set){.slots = slots, .last = unused, .bits = bits};
    return LAC_OK;
}

void lac_voxel_set_free(lac_voxel_set *set) { lac_host_free(set->slots); }

/* The slot that holds key or where it belongs. */
static uint64_t *find(uint64_t *slots, int bits, uint64_t key) {
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t i = (key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - bits);
    while (slots[i] != key && slots[i] != unused) i = (i + 1) & mask;
    return slots + i;
}

int lac_voxel_set_check(int64_t least) {
    if (least <= most_voxels) return LAC_OK;
    return lac_fail(
        LAC_E_ARGUMENT,
        "mesh_voxelize: the surface touches at least %lld voxels, expected at "
        "most %lld; the transform enlarges too much",
        (long long)least, (long long)most_voxels);
}

static int grow(lac_voxel_set *set) {
    uint64_t *slots;
    LAC_TRY(lac_voxel_set_check(set->count + 1));
    LAC_TRY(new_slots(&slots, set->bits + 1));
    for (int64_t i = 0; i < INT64_C(1) << set->bits; i++)
        if (set->slots[i] != unused)
            *find(slots, set->bits + 1, set->slots[i]) = set->slots[i];
    lac_host_free(set->slots);
    set->slots = slots;
    set->bits++;
    return LAC_OK;
}

int lac_voxel_set_insert(lac_voxel_set *set, uint64_t key) {
    uint64_t *slot = find(set->slots, set->bits, key);
    if (*slot == unused) {
        if (set->count == INT64_C(1) << (set->bits - 1)) {
            LAC_TRY(grow(set));
            slot = find(set->slots, set->bits, key);
        }
        *slot = key;
        set->count++;
    }
    set->last = key;
    return LAC_OK;
}

/* ---- the list -------------------------------------------------------------------- */

/* Sorts by 7 bits at a time from the lowest, skipping digits that all keys share; gives
 * the array that holds the result, `keys` or `spare`. */
static uint64_t *sort(uint64_t *keys, uint64_t *spare, int64_t n) {
    uint64_t varies = 0;
    for (int64_t i = 1; i < n; i++) varies |= keys[i] ^ keys[0];

    for (int shift = 0; shift < 63; shift += 7) {
        if (!(varies >> shift & 127)) continue;
        int64_t begin[129] = {0};
        for (int64_t i = 0; i < n; i++) begin[(keys[i] >> shift & 127) + 1]++;
        for (int d = 0; d < 128; d++) begin[d + 1] += begin[d];
        for (int64_t i = 0; i < n; i++) spare[begin[keys[i] >> shift & 127]++] = keys[i];
        uint64_t *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}

static int inside(uint64_t key, const double *field) {
    for (int k = 0; k < 3; k++) {
        const int32_t x = lac_voxel_coord(key, k);
        if (x < 0 || x >= field[k]) return 0;
    }
    return 1;
}

static int make_list(lac_voxels *v, const lac_voxel_set *set, const double *field) {
    const int64_t slots = INT64_C(1) << set->bits;
    for (int64_t i = 0; i < slots; i++)
        v->count += set->slots[i] != unused && inside(set->slots[i], field);
    v->dropped = set->count - v->count;

    void *keys, *spare;
    const size_t bytes = (size_t)v->count * sizeof(uint64_t);
    LAC_TRY(lac_host_alloc(&keys, bytes));
    v->keys = keys;
    LAC_TRY(lac_host_alloc(&spare, bytes));

    int64_t n = 0;
    for (int64_t i = 0; i < slots; i++)
        if (set->slots[i] != unused && inside(set->slots[i], field))
            v->keys[n++] = set->slots[i];
    v->keys = sort(keys, spare, n);
    lac_host_free(v->keys == keys ? spare : keys);
    return LAC_OK;
}

int lac_voxel_set_finish(lac_voxels **out, const lac_voxel_set *set,
                         const double *field) {
    void *list;
    LAC_TRY(lac_host_calloc(&list, 1, sizeof(lac_voxels)));
    const int status = make_list(list, set, field);
    if (status == LAC_OK)
        *out = list;
    else
        lac_voxels_free(list);
    return status;
}

void lac_voxels_free(lac_voxels *v) {
    if (!v) return;
    lac_host_free(v->keys);
    lac_host_free(v);
}

double lac_voxels_count(const lac_voxels *v) { return v ? (double)v->count : 0; }
double lac_voxels_dropped(const lac_voxels *v) { return v ? (double)v->dropped : 0; }

int lac_voxels_copy(int32_t *coords, double bytes, const lac_voxels *v, double batch) {
    if (!v) return lac_fail(LAC_E_ARGUMENT, "voxels_copy: the voxels are NULL");
    if (!lac_mesh_whole(batch, 65535))
        return lac_fail(
            LAC_E_ARGUMENT,
            "voxels_copy: the batch index is %g, expected a whole number from 0 to "
            "65535",
            batch);
    LAC_TRY(lac_mesh_check_bytes("voxels_copy", coords, bytes,
                                 (double)v->count * 4 * sizeof(int32_t)));
    for (int64_t i = 0; i < v->count; i++, coords += 4) {
        coords[0] = (int32_t)batch;
        for (int k = 0; k < 3; k++) coords[1 + k] = lac_voxel_coord(v->keys[i], k);
    }
    return LAC_OK;
}
