/* broadcast.cuh - where the operands of an element lie when shapes are broadcast as
 * NumPy does */
#ifndef LAC_CUDA_BROADCAST_CUH
#define LAC_CUDA_BROADCAST_CUH

#include "../cuda.cuh"

/* The result's axes, outermost first, and for each operand the elements from one index
 * of an axis to the next, 0 where it is repeated.  Axes that every operand walks as one
 * are one. */
template <int OPERANDS> struct lac_broadcast {
    int axes; /* at least 1 */
    int64_t size[LAC_MAX_NDIM];
    int64_t step[OPERANDS][LAC_MAX_NDIM];
};

template <int OPERANDS>
lac_broadcast<OPERANDS> lac_broadcast_to(const lac_tensor *y,
                                         const lac_tensor *const *operands) {
    int64_t size[LAC_MAX_NDIM], step[OPERANDS][LAC_MAX_NDIM], run[OPERANDS];
    int found = 0; /* innermost first, until the end */

    for (int k = 0; k < OPERANDS; k++) run[k] = 1;
    for (int d = 1; d <= y->ndim; d++) {
        const int64_t n = y->shape[y->ndim - d];
        int joins = found > 0;
        if (n == 1) continue;
        for (int k = 0; k < OPERANDS; k++) {
            const lac_tensor *x = operands[k];
            const int64_t own = d <= x->ndim ? x->shape[x->ndim - d] : 1;
            step[k][found] = own == 1 ? 0 : run[k];
            run[k] *= own;
            joins = joins && step[k][found] == step[k][found - 1] * size[found - 1];
        }
        if (joins)
            size[found - 1] *= n;
        else
            size[found++] = n;
    }
    if (found == 0) {
        size[found] = 1;
        for (int k = 0; k < OPERANDS; k++) step[k][found] = 0;
        found = 1;
    }

    lac_broadcast<OPERANDS> b;
    b.axes = found;
    for (int d = 0; d < found; d++) {
        b.size[d] = size[found - 1 - d];
        for (int k = 0; k < OPERANDS; k++) b.step[k][d] = step[k][found - 1 - d];
    }
    return b;
}

/* Finds the operands' elements for element i of the result. */
template <int OPERANDS>
static __device__ inline void
lac_broadcast_find(int64_t *at, const lac_broadcast<OPERANDS> &b, int64_t i) {
    for (int k = 0; k < OPERANDS; k++) at[k] = 0;
    for (int d = b.axes - 1; d > 0; d--) {
        int64_t index;
        i = lac_divide(i, b.size[d], &index);
        for (int k = 0; k < OPERANDS; k++) at[k] += index * b.step[k][d];
    }
    for (int k = 0; k < OPERANDS; k++) at[k] += i * b.step[k][0];
}

#endif
