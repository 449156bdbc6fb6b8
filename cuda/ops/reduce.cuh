/* reduce.cuh - reductions over the middle axis of outer x middle x inner, or over
 * segments
 *
 * A reader says what is gathered:
 *   value                     what a thread holds
 *   constants prepare(c)      whatever depends on the column alone
 *   value begin()             of nothing
 *   add(v, at, index, k)      takes the element at `at`, number `index` of its column
 *   join(v, next)             takes what another thread gathered, maybe from before
 *   end(v, at, c)             stores the result of column c at outer * inner + column
 *
 * How the work is cut follows from the sizes alone, and pieces join in their order, so
 * the result is the same on every run and GPU.
 */
#ifndef LAC_CUDA_REDUCE_CUH
#define LAC_CUDA_REDUCE_CUH

#include "../cuda.cuh"

/* Columns of x that are reduced.  With `first`, outer index s has rows first[s] ..
 * first[s+1]-1, counted over all of x; else it has `middle` rows of its own, counted
 * from 0. */
struct lac_columns {
    const int32_t *first;
    int64_t outer, middle, inner;
};

static __device__ inline int64_t lac_first_row(const lac_columns &r, int64_t o) {
    return r.first ? r.first[o] : o * r.middle;
}

/* A thread handles a column: for short ones. */
template <class Reader> struct lac_short_body {
    Reader reader;
    lac_columns rows;
    __device__ void operator()(int64_t i) const {
        int64_t column;
        const int64_t o = lac_divide(i, rows.inner, &column);
        const int64_t from = lac_first_row(rows, o), end = lac_first_row(rows, o + 1);
        const typename Reader::constants k = reader.prepare(column);
        typename Reader::value v = reader.begin();
        for (int64_t row = from; row < end; row++)
            reader.add(v, row * rows.inner + column, rows.first ? row : row - from, k);
        reader.end(v, i, column);
    }
};

/* A block handles a piece of the rows of WIDE columns; the threads of a column take its
 * rows in turn and join their values in pairs. */
template <class Reader, int WIDE> struct lac_long_body {
    typedef typename Reader::value value;
    enum { LANES = LAC_THREADS / WIDE };
    struct shared {
        value lane[LAC_THREADS];
    };

    Reader reader;
    lac_columns rows;
    int64_t blocks, pieces; /* blocks of columns */
    value *parts;           /* outer x blocks x pieces x WIDE, when there are pieces */

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t block, piece;
        const int64_t o = lac_divide(lac_divide(job, pieces, &piece), blocks, &block);
        const int64_t begin = lac_first_row(rows, o),
                      count = lac_first_row(rows, o + 1) - begin;
        const int64_t from = count * piece / pieces, end = count * (piece + 1) / pieces;
        team.each([&](int thread) {
            const int64_t column = block * WIDE + thread % WIDE;
            value v = reader.begin();
            if (column < rows.inner) {
                const typename Reader::constants k = reader.prepare(column);
                for (int64_t i = from + thread / WIDE; i < end; i += LANES)
                    reader.add(v, (begin + i) * rows.inner + column,
                               rows.first ? begin + i : i, k);
            }
            s.lane[thread] = v;
        });
        for (int half = LANES / 2; half > 0; half /= 2)
            team.each([&](int thread) {
                if (thread < half * WIDE)
                    reader.join(s.lane[thread], s.lane[thread + half * WIDE]);
            });
        team.each([&](int thread) {
            const int64_t column = block * WIDE + thread;
            if (thread >= WIDE || column >= rows.inner) return;
            if (pieces > 1)
                parts[job * WIDE + thread] = s.lane[thread];
            else
                reader.end(s.lane[thread], o * rows.inner + column, column);
        });
    }
};

/* A thread joins the pieces of a column. */
template <class Reader, int WIDE> struct lac_join_body {
    lac_long_body<Reader, WIDE> cut;
    __device__ void operator()(int64_t i) const {
        int64_t column;
        const int64_t o = lac_divide(i, cut.rows.inner, &column);
        const int64_t job = (o * cut.blocks + column / WIDE) * cut.pieces;
        const typename Reader::value *part = cut.parts + job * WIDE + column % WIDE;
        typename Reader::value v = part[0];
        for (int64_t q = 1; q < cut.pieces; q++) cut.reader.join(v, part[q * WIDE]);
        cut.reader.end(v, i, column);
    }
};

template <class Reader, int WIDE>
int lac_reduce_long(const char *op, const lac_tensor *on, const Reader &reader,
                    const lac_columns &rows) {
    typedef lac_long_body<Reader, WIDE> body;
    const int64_t enough = 1024, least = body::LANES * 16; /* blocks; rows of a piece */
    body cut = {reader, rows, (rows.inner + WIDE - 1) / WIDE, 1, NULL};
    const int64_t jobs = rows.outer * cut.blocks;
    static_assert(sizeof(typename Reader::value) * enough * WIDE <= LAC_SCRATCH,
                  "parts fit");

    if (jobs > 0 && jobs < enough) {
        cut.pieces =
            enough / jobs < rows.middle / least ? enough / jobs : rows.middle / least;
        if (cut.pieces < 1) cut.pieces = 1;
    }
    if (cut.pieces == 1) return lac_cuda_blocks(op, on, jobs, cut);
    const lac_scratch scratch(on->device);
    cut.parts = (typename Reader::value *)scratch.block;
    LAC_TRY(lac_cuda_blocks(op, on, jobs * cut.pieces, cut));
    const lac_join_body<Reader, WIDE> join = {cut};
    return lac_cuda_each(op, on, rows.outer * rows.inner, join);
}

/* Reduces on the device of `on`; of segments `middle` is the mean number of rows. */
template <class Reader>
int lac_reduce(const char *op, const lac_tensor *on, const Reader &reader,
               const lac_columns &rows) {
    const int64_t few = 32;
    if (rows.middle < few) {
        const lac_short_body<Reader> body = {reader, rows};
        return lac_cuda_each(op, on, rows.outer * rows.inner, body);
    }
    if (rows.inner <= 1) return lac_reduce_long<Reader, 1>(op, on, reader, rows);
    if (rows.inner <= 8) return lac_reduce_long<Reader, 8>(op, on, reader, rows);
    return lac_reduce_long<Reader, 32>(op, on, reader, rows);
}

/* ---- readers ----------------------------------------------------------------------- */

struct lac_nothing {};

struct lac_sum_reader {
    typedef double value;
    typedef lac_nothing constants;
    float *y;
    const float *x;
    __device__ constants prepare(int64_t) const { return {}; }
    __device__ double begin() const { return 0; }
    __device__ void add(double &v, int64_t at, int64_t, constants) const {
        v += (double)x[at];
    }
    __device__ void join(double &v, const double &next) const { v += next; }
    __device__ void end(const double &v, int64_t at, int64_t) const { y[at] = (float)v; }
};

/* The extreme and its index, the first of equals; a nan beats numbers.  Of nothing: 0
 * and -1. */
template <int LEAST> struct lac_extreme_reader {
    typedef struct {
        float best;
        int32_t index;
    } value;
    typedef lac_nothing constants;
    float *y;
    int32_t *argument;
    const float *x;

    static __device__ bool beats(float a, float b) {
        return (LEAST ? a < b : a > b) || (a != a && b == b);
    }
    __device__ constants prepare(int64_t) const { return {}; }
    __device__ value begin() const { return {0.0f, -1}; }
    __device__ void add(value &v, int64_t at, int64_t index, constants) const {
        join(v, {x[at], (int32_t)index});
    }
    __device__ void join(value &v, const value &next) const {
        if (next.index < 0) return;
        const bool earlier = next.index < v.index && !beats(v.best, next.best);
        if (v.index < 0 || beats(next.best, v.best) || earlier) v = next;
    }
    __device__ void end(const value &v, int64_t at, int64_t) const {
        y[at] = v.best;
        argument[at] = v.index;
    }
};

#endif
