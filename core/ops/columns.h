/* columns.h - reductions over the middle axis of outer x middle x inner, for several
 * kernels
 *
 * How a reduction is cut into pieces follows from the three sizes alone, and pieces join
 * in their order, so no result depends on threads.
 */
#ifndef LAC_COLUMNS_H
#define LAC_COLUMNS_H

#include "../error.h"

/* Before a loop whose iterations are independent, though an output may be one of its
 * inputs. (clang's like takes a loop that it cannot vectorise for an error.) */
#if defined(__GNUC__) && !defined(__clang__)
#define LAC_INDEPENDENT _Pragma("GCC ivdep")
#else
#define LAC_INDEPENDENT
#endif

typedef enum lac_reduction { LAC_SUM, LAC_MAX, LAC_MIN } lac_reduction;

typedef struct lac_columns {
    lac_reduction kind;
    float *y;          /* outer x inner                                          */
    int32_t *argument; /* like y: base + the extreme's middle index; not for sums */
    const float *x;    /* outer x middle x inner                                 */
    int64_t outer, middle, inner, base;
} lac_columns;

/* The first of equal extremes counts, and a nan beats all.  An empty middle gives 0, and
 * argument -1. */
int lac_reduce_columns(const lac_columns *job);
/* The same on the calling thread in one piece, for many small jobs. */
void lac_reduce_columns_here(const lac_columns *job);

/* sum[j] += x[i * stride + j] for i < rows, j < width, in double. */
void lac_add_rows(double *sum, const float *x, int64_t rows, int64_t stride,
                  int64_t width);

#endif
