/* avx512.c - sixteen floats at a time, thirty-two registers, masked edges */
#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ISA    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma")))
#define INLINE static inline __attribute__((always_inline)) ISA
#define WIDTH  16

typedef __m512 vec;
typedef __mmask16 lanes;

INLINE lanes first_lanes(int64_t count) { return (lanes)((1u << count) - 1); }
INLINE vec load(const float *p) { return _mm512_loadu_ps(p); }
INLINE vec load_some(const float *p, lanes some) {
    return _mm512_maskz_loadu_ps(some, p);
}
INLINE void store(float *p, vec a) { _mm512_storeu_ps(p, a); }
INLINE void store_some(float *p, lanes some, vec a) {
    _mm512_mask_storeu_ps(p, some, a);
}
INLINE vec splat(float a) { return _mm512_set1_ps(a); }
INLINE vec madd(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }

#define TO_6(X, V, P)     X(V, 1, P) X(V, 2, P) X(V, 3, P) X(V, 4, P) X(V, 5, P) \
                          X(V, 6, P)
#define TO_8(X, V, P)     TO_6(X, V, P) X(V, 7, P) X(V, 8, P)
#define TO_12(X, V, P)    TO_8(X, V, P) X(V, 9, P) X(V, 10, P) X(V, 11, P) X(V, 12, P)
#define TO_16(X, V, P)    TO_12(X, V, P) X(V, 13, P) X(V, 14, P) X(V, 15, P) X(V, 16, P)
#define GEMM_TILES(X, P)  TO_12(X, 1, P) TO_12(X, 2, P) TO_8(X, 3, P) TO_6(X, 4, P)
#define OUTER_TILES(X, P) TO_16(X, 1, P) TO_12(X, 2, P) TO_8(X, 3, P) TO_6(X, 4, P)
#define GEMM_ROWS \
    { 0, 12, 12, 8, 6 }
#define OUTER_ROWS \
    { 0, 16, 12, 8, 6 }
#define MOST_VECS 4

#include "kernel.h"

const lac_simd lac_simd_avx512 = {"avx512", gemm, outer};
#endif
