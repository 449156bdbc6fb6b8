/* portable.c - four floats at a time, by the compiler; multiplies, then adds */
#include "tables.h"

#include <string.h>

#define ISA
#define INLINE static inline __attribute__((always_inline))
#define WIDTH  4

typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int64_t lanes; /* the count itself */

INLINE lanes first_lanes(int64_t count) { return count; }
INLINE vec load(const float *p) {
    vec a;
    memcpy(&a, p, sizeof a);
    return a;
}
INLINE vec load_some(const float *p, lanes some) {
    return (vec){p[0], some > 1 ? p[1] : 0, some > 2 ? p[2] : 0, some > 3 ? p[3] : 0};
}
INLINE void store(float *p, vec a) { memcpy(p, &a, sizeof a); }
INLINE void store_some(float *p, lanes some, vec a) {
    p[0] = a[0];
    if (some > 1) p[1] = a[1];
    if (some > 2) p[2] = a[2];
    if (some > 3) p[3] = a[3];
}
INLINE vec splat(float a) { return (vec){a, a, a, a}; }
INLINE vec madd(vec a, vec b, vec c) { return a * b + c; }

#define TO_6(X, V, P)    X(V, 1, P) X(V, 2, P) X(V, 3, P) X(V, 4, P) X(V, 5, P) X(V, 6, P)
#define TO_8(X, V, P)    TO_6(X, V, P) X(V, 7, P) X(V, 8, P)
#define GEMM_TILES(X, P) TO_8(X, 1, P) TO_6(X, 2, P)
#define OUTER_TILES      GEMM_TILES
#define GEMM_ROWS \
    { 0, 8, 6 }
#define OUTER_ROWS GEMM_ROWS
#define MOST_VECS  2

#include "kernel.h"

const lac_simd lac_simd_portable = {"portable", gemm, outer};
