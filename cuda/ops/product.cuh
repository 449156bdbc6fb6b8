/* product.cuh - a square of threads that multiplies matrices in shared memory
 *
 * Thread (i, j) of LAC_SIDE x LAC_SIDE holds the sums of rows i, i + LAC_SIDE, ... and
 * columns j, j + LAC_SIDE, ... of its block's product in registers.  Terms are added in
 * their order, each by one fused multiply-add, so with FMA on the CPU both give the same
 * bits.
 */
#ifndef LAC_CUDA_PRODUCT_CUH
#define LAC_CUDA_PRODUCT_CUH

#include "../cuda.cuh"

#include <math.h>

/* LAC_TERMS: rows of the operands in shared memory at a time. */
enum { LAC_SIDE = 16, LAC_TERMS = 16 };
static_assert(LAC_SIDE * LAC_SIDE == LAC_THREADS,
              "a thread for each place of the square");

/* Sums of one thread: R rows by C columns. */
template <int R, int C> struct lac_sums { float at[R][C]; };

template <int R, int C> __device__ inline void lac_clear(lac_sums<R, C> &s) {
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) s.at[r][c] = 0.0f;
}

/* Adds the products of `terms` rows of a (LDA apart) and b (LDB apart). */
template <int LDA, int LDB, int R, int C>
__device__ inline void lac_multiply(lac_sums<R, C> &s, const float *a, const float *b,
                                    int terms, int thread) {
    a += thread / LAC_SIDE;
    b += thread % LAC_SIDE;
#pragma unroll 4
    for (int k = 0; k < terms; k++) {
        float left[R], right[C];
        for (int r = 0; r < R; r++) left[r] = a[k * LDA + r * LAC_SIDE];
        for (int c = 0; c < C; c++) right[c] = b[k * LDB + c * LAC_SIDE];
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) s.at[r][c] = fmaf(left[r], right[c], s.at[r][c]);
    }
}

/* Writes the sums that lie in `rows` x `columns` to y, whose rows are `stride` apart. */
template <int R, int C>
__device__ inline void lac_write_sums(float *y, int64_t stride, const lac_sums<R, C> &s,
                                      int rows, int columns, int thread) {
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) {
            const int i = thread / LAC_SIDE + r * LAC_SIDE,
                      j = thread % LAC_SIDE + c * LAC_SIDE;
            if (i < rows && j < columns) y[i * stride + j] = s.at[r][c];
        }
}

#endif
