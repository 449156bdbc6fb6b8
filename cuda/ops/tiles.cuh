/* tiles.cuh - how a block walks the pairs of its own output rows; core/rulebook.h says
 * what lies where
 */
#ifndef LAC_CUDA_TILES_CUH
#define LAC_CUDA_TILES_CUH

#include "../cuda.cuh"

/* What a rulebook keeps in device memory, and its sizes. */
struct lac_tiles {
    const int32_t *in, *out, *counts;
    int64_t n_out, n_tiles;
    int32_t taps;
};

static inline lac_tiles lac_tiles_of(const lac_rulebook *b) {
    return {b->in, b->out, b->tiles, b->n_out, b->n_tiles, b->taps};
}

/* Pairs of tap t.  The row behind the last tile counts them all, so that nobody needs
 * rulebook.first, which is on the host. */
static __device__ inline int64_t lac_tap_pairs(const lac_tiles &b, int32_t t) {
    return b.counts[b.n_tiles * b.taps + t];
}

static __device__ inline int lac_tile_rows(const lac_tiles &b, int64_t tile) {
    return lac_at_most(b.n_out - tile * LAC_TILE, LAC_TILE);
}

/* Calls visit(tap, first pair, pairs) for the taps that have pairs in the tile,
 * ascending; all threads of a block go the same way, so visit may hold barriers. */
template <class Visit>
static __device__ inline void lac_tile_walk(const lac_tiles &b, int64_t tile,
                                            Visit visit) {
    const int32_t *from = b.counts + tile * b.taps, *to = from + b.taps;
    int64_t start = 0; /* the tap's first pair */
    for (int32_t t = 0; t < b.taps; t++) {
        if (to[t] > from[t]) visit(t, start + from[t], to[t] - from[t]);
        start += lac_tap_pairs(b, t);
    }
}

#endif
