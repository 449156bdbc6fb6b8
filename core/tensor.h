/* tensor.h - what is inside a tensor, for kernels and for the files that make tensors */
#ifndef LAC_TENSOR_H
#define LAC_TENSOR_H

#include "error.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lac_storage lac_storage;

struct lac_tensor {
    lac_storage *storage; /* counted, shared by views                       */
    void *data;           /* first element, in the device's memory          */
    int64_t shape[LAC_MAX_NDIM];
    int64_t count; /* elements                                       */
    int32_t ndim, dtype, device;
};

static inline float *lac_f32(const lac_tensor *t) { return (float *)t->data; }
static inline int32_t *lac_i32(const lac_tensor *t) { return (int32_t *)t->data; }
static inline int64_t *lac_i64(const lac_tensor *t) { return (int64_t *)t->data; }
static inline uint8_t *lac_u8(const lac_tensor *t) { return (uint8_t *)t->data; }

static inline size_t lac_dtype_size(int dtype) {
    return dtype == LAC_U8 ? 1 : dtype == LAC_I64 ? 8 : 4;
}
static inline size_t lac_bytes(const lac_tensor *t) {
    return (size_t)t->count * lac_dtype_size(t->dtype);
}
/* Rows of a tensor, and the elements in one. */
static inline int64_t lac_rows(const lac_tensor *t) { return t->ndim ? t->shape[0] : 1; }
static inline int64_t lac_row_size(const lac_tensor *t) {
    int64_t size = 1;
    for (int i = 1; i < t->ndim; i++) size *= t->shape[i];
    return size;
}

const char *lac_dtype_name(int dtype);
/* Writes "3x4" into `text`, which it returns; a scalar is "scalar". */
const char *lac_shape_text(char *text, size_t size, const lac_tensor *t);
void lac_storage_touched(lac_tensor *t);

/* Checks for lac_check_<op>; each leaves `op: what is A, expected B`. */
int lac_check_shape(const char *op, const char *what, const lac_tensor *t, int ndim, ...);
int lac_check_ndim(const char *op, const char *what, const lac_tensor *t, int ndim);
int lac_check_same_shape(const char *op, const char *what, const lac_tensor *t,
                         const lac_tensor *as);
int lac_check_range(const char *op, const char *what, int64_t value, int64_t low,
                    int64_t high);

/* Turns a double from the caller into an integer, or says what came. */
int lac_whole(int64_t *out, const char *op, const char *what, double value, int64_t low,
              int64_t high);

#ifdef __cplusplus
}
#endif
#endif
