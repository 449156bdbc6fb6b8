/* segment.cu - segment s is rows first[s] .. first[s+1]-1 of x; `first` ascends */
#include "reduce.cuh"

namespace {

lac_columns segments(const lac_tensor *y, const lac_tensor *x, const lac_tensor *first) {
    const int64_t count = y->shape[0];
    return {lac_i32(first), count, x->shape[0] / (count > 0 ? count : 1), x->shape[1]};
}

} // namespace

int lac_cuda_segment_sum(lac_tensor *y, const lac_tensor *x, const lac_tensor *first) {
    const lac_sum_reader reader = {lac_f32(y), lac_f32(x)};
    return lac_reduce("segment_sum", y, reader, segments(y, x, first));
}

/* argument is the row of x, the first of equals; a nan counts as the extreme */
int lac_cuda_segment_max(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                         const lac_tensor *first) {
    const lac_extreme_reader<0> reader = {lac_f32(y), lac_i32(argument), lac_f32(x)};
    return lac_reduce("segment_max", y, reader, segments(y, x, first));
}
int lac_cuda_segment_min(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                         const lac_tensor *first) {
    const lac_extreme_reader<1> reader = {lac_f32(y), lac_i32(argument), lac_f32(x)};
    return lac_reduce("segment_min", y, reader, segments(y, x, first));
}

/* ---- expand: a thread an element of y ---------------------------------------------- */

namespace {

struct expand_body {
    float *y;
    const float *x;
    const int32_t *first;
    int64_t count, planes;

    __device__ void operator()(int64_t i) const {
        int64_t plane;
        const int64_t s = segment_of(lac_divide(i, planes, &plane));
        y[i] = s < 0 || s >= count ? 0.0f : x[s * planes + plane];
    }

    /* The first s with first[s] > row, less one: -1 before all segments, count after
     * them. */
    __device__ int64_t segment_of(int64_t row) const {
        int64_t low = 0, high = count + 1;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (first[middle] > row)
                high = middle;
            else
                low = middle + 1;
        }
        return low - 1;
    }
};

} // namespace

/* y[i] = x[the segment of row i]; rows in no segment are zero. */
int lac_cuda_segment_expand(lac_tensor *y, const lac_tensor *x, const lac_tensor *first) {
    const expand_body body = {lac_f32(y), lac_f32(x), lac_i32(first), x->shape[0],
                              y->shape[1]};
    return lac_cuda_each("segment_expand", y, y->count, body);
}

/* ---- columns by argument ----------------------------------------------------------- */

namespace {

/* A thread handles an element of y. */
struct take_body {
    float *y;
    const float *x;
    const int32_t *argument;
    int64_t planes;
    __device__ void operator()(int64_t i) const {
        int64_t plane;
        lac_divide(i, planes, &plane);
        y[i] = argument[i] < 0 ? 0.0f : x[argument[i] * planes + plane];
    }
};

/* A block handles a column, LAC_THREADS rows at a time; of the rows that name one
 * element the first adds them all, in their order, so no two threads touch it. */
struct spread_body {
    struct shared {
        int32_t row[LAC_THREADS];
        float x[LAC_THREADS];
    };

    float *y;
    const float *x;
    const int32_t *argument;
    int64_t rows, planes;

    __device__ void operator()(const lac_team &team, shared &s, int64_t plane) const {
        for (int64_t begin = 0; begin < rows; begin += LAC_THREADS) {
            const int count = lac_at_most(rows - begin, LAC_THREADS);
            team.each([&](int thread) {
                if (thread >= count) return;
                s.row[thread] = argument[(begin + thread) * planes + plane];
                s.x[thread] = x[(begin + thread) * planes + plane];
            });
            team.each([&](int thread) {
                if (thread < count && s.row[thread] >= 0) add(s, thread, count, plane);
            });
        }
    }

    __device__ void add(const shared &s, int thread, int count, int64_t plane) const {
        const int32_t row = s.row[thread];
        float *to = &y[row * planes + plane];
        for (int i = 0; i < thread; i++)
            if (s.row[i] == row) return;
        float sum = *to;
        for (int i = thread; i < count; i++)
            if (s.row[i] == row) sum += s.x[i];
        *to = sum;
    }
};

} // namespace

/* y[s][c] = x[argument[s][c]][c], 0 where the argument is negative */
int lac_cuda_take_columns(lac_tensor *y, const lac_tensor *x,
                          const lac_tensor *argument) {
    const take_body body = {lac_f32(y), lac_f32(x), lac_i32(argument), x->shape[1]};
    return lac_cuda_each("take_columns", y, y->count, body);
}

/* y is zero but for y[argument[s][c]][c] += x[s][c], s ascending */
int lac_cuda_spread_columns(lac_tensor *y, const lac_tensor *x,
                            const lac_tensor *argument) {
    const spread_body body = {lac_f32(y), lac_f32(x), lac_i32(argument), x->shape[0],
                              x->shape[1]};
    LAC_TRY(lac_cuda_fill(y, 0));
    return lac_cuda_blocks("spread_columns", y, x->shape[1], body);
}
