/* simd.h - the dense inner loops, one table for each instruction set
 *
 * Every sum is taken in one fixed order (k ascending, pairs ascending), whatever the
 * blocking, so a row's result does not depend on its neighbours, on the call's length or
 * on threads.
 */
#ifndef LAC_SIMD_H
#define LAC_SIMD_H

#include <stdint.h>

typedef struct lac_simd {
    const char *name;

    /* For p < m:  y[out[p]] += x[in[p]] * w.  Rows of x (k floats) are ldx apart, rows of
     * y (n floats) ldy apart; w is k x n, rows ldw apart.  in or out NULL means row p
     * itself.  Within one call no output row occurs twice.  Nothing is aligned beyond 4
     * bytes; x, w do not overlap y.  m, k, n >= 0. */
    void (*gemm)(float *y, int64_t ldy, const int32_t *out, const float *x, int64_t ldx,
                 const int32_t *in, int64_t m, const float *w, int64_t ldw, int64_t k,
                 int64_t n);

    /* w (k x n, rows ldw apart) += sum over p < m of the outer products x[in[p]]
     * dy[out[p]], p ascending.  in or out NULL as above; rows may repeat. */
    void (*outer)(float *w, int64_t ldw, const float *x, int64_t ldx, const int32_t *in,
                  const float *dy, int64_t ldy, const int32_t *out, int64_t m, int64_t k,
                  int64_t n);
} lac_simd;

/* The best table for this processor, or the one that LACUNA_ISA names (an unknown or
 * unsupported name falls to the best one that is supported). Chosen once. */
const lac_simd *lac_simd_get(void);

#endif
