/* reduce.cu - over the middle axis of outer x middle x inner, and over the rows'
 * elements */
#include "reduce.cuh"

#include <math.h>

/* y[o][i] = sum over m of x[o][m][i] */
int lac_cuda_sum(lac_tensor *y, const lac_tensor *x, int64_t outer, int64_t middle,
                 int64_t inner) {
    const lac_sum_reader reader = {lac_f32(y), lac_f32(x)};
    return lac_reduce("sum", y, reader, {NULL, outer, middle, inner});
}

/* y[o][i] = x[o][argument[o][i]][i], the first of the largest; a nan is largest. */
int lac_cuda_max(lac_tensor *y, lac_tensor *argument, const lac_tensor *x, int64_t outer,
                 int64_t middle, int64_t inner) {
    const lac_extreme_reader<0> reader = {lac_f32(y), lac_i32(argument), lac_f32(x)};
    return lac_reduce("max", y, reader, {NULL, outer, middle, inner});
}

/* The same with the smallest; a nan is smallest. */
int lac_cuda_min(lac_tensor *y, lac_tensor *argument, const lac_tensor *x, int64_t outer,
                 int64_t middle, int64_t inner) {
    const lac_extreme_reader<1> reader = {lac_f32(y), lac_i32(argument), lac_f32(x)};
    return lac_reduce("min", y, reader, {NULL, outer, middle, inner});
}

/* ---- take, spread: a thread an element of outer x inner ---------------------------- */

namespace {

struct picks {
    float *y;
    const float *x;
    const int32_t *index;
    int64_t middle, inner;

    __device__ int64_t place(int64_t i) const {
        int64_t column;
        const int64_t o = lac_divide(i, inner, &column);
        return (o * middle + index[i]) * inner + column;
    }
};

struct take_body {
    picks p;
    __device__ void operator()(int64_t i) const {
        p.y[i] = p.index[i] < 0 ? 0.0f : p.x[p.place(i)];
    }
};

struct spread_body {
    picks p;
    __device__ void operator()(int64_t i) const {
        if (p.index[i] >= 0) p.y[p.place(i)] = p.x[i];
    }
};

} // namespace

/* y[o][i] = x[o][index[o][i]][i], 0 where the index is negative */
int lac_cuda_take(lac_tensor *y, const lac_tensor *x, const lac_tensor *index,
                  int64_t outer, int64_t middle, int64_t inner) {
    const take_body body = {{lac_f32(y), lac_f32(x), lac_i32(index), middle, inner}};
    return lac_cuda_each("take", y, outer * inner, body);
}

/* y is outer x middle x inner, zero but for y[o][index[o][i]][i] = x[o][i]. */
int lac_cuda_spread(lac_tensor *y, const lac_tensor *x, const lac_tensor *index,
                    int64_t outer, int64_t middle, int64_t inner) {
    const spread_body body = {{lac_f32(y), lac_f32(x), lac_i32(index), middle, inner}};
    LAC_TRY(lac_cuda_fill(y, 0));
    return lac_cuda_each("spread", y, outer * inner, body);
}

/* ---- softmax over the elements of a row -------------------------------------------- */

namespace {

enum { LANES = 32, ROWS = LAC_THREADS / LANES };
enum softmax_kind { SOFTMAX, LOG_SOFTMAX, SOFTMAX_GRAD, LOG_SOFTMAX_GRAD };

/* Elements equal to the largest lie 0 from it, also where both are infinite. */
__device__ inline float below(float x, float top) { return x == top ? 0.0f : x - top; }

/* A block handles ROWS rows, LANES threads each of them; a thread takes every LANES-th
 * element.  a is x, or dy; b is y in the gradients. */
template <softmax_kind KIND> struct softmax_body {
    struct shared {
        float top[LAC_THREADS];
        double sum[LAC_THREADS];
    };

    float *to;
    const float *a, *b;
    int64_t rows, size;

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        team.each([&](int thread) {
            float top = -INFINITY;
            if (KIND == SOFTMAX || KIND == LOG_SOFTMAX)
                scan(job, thread, [&](int64_t i) { top = a[i] > top ? a[i] : top; });
            s.top[thread] = top;
        });
        for (int half = LANES / 2; half > 0; half /= 2)
            team.each([&](int thread) {
                if (thread % LANES < half && s.top[thread + half] > s.top[thread])
                    s.top[thread] = s.top[thread + half];
            });
        team.each([&](int thread) {
            const float top = s.top[thread / LANES * LANES];
            double sum = 0;
            scan(job, thread, [&](int64_t i) { sum += term(i, top); });
            s.sum[thread] = sum;
        });
        for (int half = LANES / 2; half > 0; half /= 2)
            team.each([&](int thread) {
                if (thread % LANES < half) s.sum[thread] += s.sum[thread + half];
            });
        team.each([&](int thread) {
            const int lead = thread / LANES * LANES;
            const float top = s.top[lead], scale = (float)(1 / s.sum[lead]);
            const double sum = s.sum[lead], shift = KIND == LOG_SOFTMAX ? log(sum) : 0;
            scan(job, thread, [&](int64_t i) {
                if (KIND == SOFTMAX) to[i] = expf(below(a[i], top)) * scale;
                if (KIND == LOG_SOFTMAX)
                    to[i] = (float)((double)below(a[i], top) - shift);
                if (KIND == SOFTMAX_GRAD)
                    to[i] = (float)(((double)a[i] - sum) * (double)b[i]);
                if (KIND == LOG_SOFTMAX_GRAD)
                    to[i] = (float)((double)a[i] - (double)expf(b[i]) * sum);
            });
        });
    }

    __device__ double term(int64_t i, float top) const {
        if (KIND == SOFTMAX_GRAD) return (double)a[i] * (double)b[i];
        if (KIND == LOG_SOFTMAX_GRAD) return (double)a[i];
        return (double)expf(below(a[i], top));
    }

    template <class Visit>
    __device__ void scan(int64_t job, int thread, Visit visit) const {
        const int64_t row = job * ROWS + thread / LANES;
        if (row >= rows) return;
        for (int64_t j = thread % LANES; j < size; j += LANES) visit(row * size + j);
    }
};

template <softmax_kind KIND>
int softmax(const char *op, lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {
    const int64_t rows = a->shape[0], size = a->shape[1];
    const softmax_body<KIND> body = {lac_f32(y), lac_f32(a), b ? lac_f32(b) : NULL, rows,
                                     size};
    return lac_cuda_blocks(op, y, (rows + ROWS - 1) / ROWS, body);
}

} // namespace

/* y[i] = exp(x[i]) / sum over the row, its largest element subtracted first */
int lac_cuda_softmax(lac_tensor *y, const lac_tensor *x) {
    return softmax<SOFTMAX>("softmax", y, x, NULL);
}
int lac_cuda_log_softmax(lac_tensor *y, const lac_tensor *x) {
    return softmax<LOG_SOFTMAX>("log_softmax", y, x, NULL);
}
/* dx = y (dy - sum of dy y) */
int lac_cuda_softmax_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *y) {
    return softmax<SOFTMAX_GRAD>("softmax_grad", dx, dy, y);
}
/* dx = dy - exp(y) (sum of dy) */
int lac_cuda_log_softmax_grad(lac_tensor *dx, const lac_tensor *dy, const lac_tensor *y) {
    return softmax<LOG_SOFTMAX_GRAD>("log_softmax_grad", dx, dy, y);
}
