/* avx2.c - eight floats at a time, sixteen registers, masked edges; needs FMA */
#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ISA    __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline)) ISA
#define WIDTH  8

typedef __m256 vec;
typedef __m256i lanes;

INLINE lanes first_lanes(int64_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}
INLINE vec load(const float *p) { return _mm256_loadu_ps(p); }
INLINE vec load_some(const float *p, lanes some) { return _mm256_maskload_ps(p, some); }
INLINE void store(float *p, vec a) { _mm256_storeu_ps(p, a); }
INLINE void store_some(float *p, lanes some, vec a) { _mm256_maskstore_ps(p, some, a); }
INLINE vec splat(float a) { return _mm256_set1_ps(a); }
INLINE vec madd(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }

#define TO_6(X, V, P)    X(V, 1, P) X(V, 2, P) X(V, 3, P) X(V, 4, P) X(V, 5, P) X(V, 6, P)
#define TO_8(X, V, P)    TO_6(X, V, P) X(V, 7, P) X(V, 8, P)
#define TO_12(X, V, P)   TO_8(X, V, P) X(V, 9, P) X(V, 10, P) X(V, 11, P) X(V, 12, P)
#define GEMM_TILES(X, P) TO_12(X, 1, P) TO_6(X, 2, P)
#define OUTER_TILES      GEMM_TILES
#define GEMM_ROWS \
    { 0, 12, 6 }
#define OUTER_ROWS GEMM_ROWS
#define MOST_VECS  2

#include "kernel.h"

const lac_simd lac_simd_avx2 = {"avx2", gemm, outer};
#endif
