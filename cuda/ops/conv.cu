/* conv.cu - sparse convolution over a rulebook, and its gradient towards the weights
 *
 * The simple kernels: float32, no atomics, every sum in the order of core/ops/conv.c
 * (taps, then input planes, ascending; for the weights pairs ascending).
 */
#include "product.cuh"
#include "tiles.cuh"

namespace {

enum { PAIRS = 64 }; /* of a tap at a time */

/* ---- forward ----------------------------------------------------------------------- */

/* A block owns a tile of LAC_TILE output rows and LAC_SIDE * C output planes.  Its part
 * of y stays in shared memory.  For each tap it takes up to PAIRS pairs at a time: their
 * rows of y go to registers, rows of x and w come through shared memory LAC_TERMS input
 * planes at a time.  Within a tap no output row occurs twice, so no two threads touch
 * one sum. */
template <int C> struct conv_body {
    enum { PLANES = LAC_SIDE * C, ROWS = PAIRS / LAC_SIDE, LDX = PAIRS + 1 };
    struct shared {
        float y[LAC_TILE][PLANES];
        float x[LAC_TERMS * LDX]; /* [term][pair], of odd length to spread the banks */
        float w[LAC_TERMS * PLANES];
        int32_t in[PAIRS], row[PAIRS];
    };
    typedef lac_sums<ROWS, C> own;

    float *y;
    const float *x, *w, *bias;
    lac_tiles book;
    int64_t planes_in, planes_out, blocks; /* of output planes */

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t block;
        const int64_t tile = lac_divide(job, blocks, &block), plane = block * PLANES;
        const int planes = lac_at_most(planes_out - plane, PLANES);

        team.each([&](int thread) { begin(s, plane, planes, thread); });
        lac_tile_walk(book, tile, [&](int32_t tap, int64_t first, int count) {
            for (int done = 0; done < count; done += PAIRS) {
                const int pairs = lac_at_most(count - done, PAIRS);
                add(team, s, tile, tap, first + done, pairs, plane, planes);
            }
        });
        team.each([&](int thread) { end(s, tile, plane, planes, thread); });
    }

    __device__ void begin(shared &s, int64_t plane, int planes, int thread) const {
        for (int e = thread; e < LAC_TILE * PLANES; e += LAC_THREADS) {
            const int p = e % PLANES;
            s.y[e / PLANES][p] = bias && p < planes ? bias[plane + p] : 0.0f;
        }
    }

    __device__ void end(const shared &s, int64_t tile, int64_t plane, int planes,
                        int thread) const {
        const int rows = lac_tile_rows(book, tile);
        for (int e = thread; e < rows * PLANES; e += LAC_THREADS) {
            const int r = e / PLANES, p = e % PLANES;
            if (p < planes) y[(tile * LAC_TILE + r) * planes_out + plane + p] = s.y[r][p];
        }
    }

    /* Adds `pairs` pairs of one tap to the block's part of y. */
    __device__ void add(const lac_team &team, shared &s, int64_t tile, int32_t tap,
                        int64_t first, int pairs, int64_t plane, int planes) const {
        lac_own<own> mine;
        team.each([&](int thread) {
            if (thread >= pairs) return;
            s.in[thread] = book.in[first + thread];
            s.row[thread] = (int32_t)(book.out[first + thread] - tile * LAC_TILE);
        });
        for (int64_t k = 0; k < planes_in; k += LAC_TERMS) {
            const int terms = lac_at_most(planes_in - k, LAC_TERMS);
            const float *weight = w + (tap * planes_in + k) * planes_out + plane;
            team.each([&](int thread) {
                if (k == 0) take(mine[thread], s, pairs, thread);
                load(s, k, terms, weight, pairs, planes, thread);
            });
            team.each([&](int thread) {
                lac_multiply<LDX, PLANES>(mine[thread], s.x, s.w, terms, thread);
                if (k + LAC_TERMS >= planes_in) put(s, mine[thread], pairs, thread);
            });
        }
    }

    __device__ void take(own &mine, const shared &s, int pairs, int thread) const {
        for (int r = 0; r < ROWS; r++) {
            const int pair = thread / LAC_SIDE + r * LAC_SIDE;
            for (int c = 0; c < C; c++)
                mine.at[r][c] = pair < pairs
                                    ? s.y[s.row[pair]][thread % LAC_SIDE + c * LAC_SIDE]
                                    : 0.0f;
        }
    }

    __device__ void put(shared &s, const own &mine, int pairs, int thread) const {
        for (int r = 0; r < ROWS; r++) {
            const int pair = thread / LAC_SIDE + r * LAC_SIDE;
            if (pair >= pairs) break;
            for (int c = 0; c < C; c++)
                s.y[s.row[pair]][thread % LAC_SIDE + c * LAC_SIDE] = mine.at[r][c];
        }
    }

    /* Terms past the end are never read; pairs and planes past it become zeros. */
    __device__ void load(shared &s, int64_t k, int terms, const float *weight, int pairs,
                         int planes, int thread) const {
        for (int e = thread; e < PAIRS * LAC_TERMS; e += LAC_THREADS) {
            const int pair = e / LAC_TERMS, term = e % LAC_TERMS;
            s.x[term * LDX + pair] = pair < pairs && term < terms
                                         ? x[s.in[pair] * planes_in + k + term]
                                         : 0.0f;
        }
        for (int e = thread; e < LAC_TERMS * PLANES; e += LAC_THREADS) {
            const int term = e / PLANES, p = e % PLANES;
            s.w[e] = term < terms && p < planes ? weight[term * planes_out + p] : 0.0f;
        }
    }
};

template <int C>
int conv(lac_tensor *y, const lac_tensor *x, const lac_tensor *w, const lac_tensor *bias,
         const lac_rulebook *book) {
    const int64_t planes_out = w->shape[2];
    const int64_t blocks = (planes_out + LAC_SIDE * C - 1) / (LAC_SIDE * C);
    const conv_body<C> body = {
        lac_f32(y),         lac_f32(x),  lac_f32(w), bias ? lac_f32(bias) : NULL,
        lac_tiles_of(book), w->shape[1], planes_out, blocks};
    return lac_cuda_blocks("conv", y, book->n_tiles * blocks, body);
}

/* ---- towards the weights ----------------------------------------------------------- */

/* A block owns one share of one tap's pairs and LAC_SIDE * R input by LAC_SIDE * C output
 * planes; it writes the sum of the pairs' outer products.  Shares are cut as in
 * core/ops/conv.c. */
template <int R, int C> struct share_body {
    enum { ROWS = LAC_SIDE * R, COLUMNS = LAC_SIDE * C };
    struct shared {
        float x[LAC_TERMS * ROWS], dy[LAC_TERMS * COLUMNS];
        int64_t before[LAC_THREADS];
    };

    float *to; /* shares x taps x planes_in x planes_out */
    const float *x, *dy;
    lac_tiles book;
    int64_t planes_in, planes_out, shares, blocks_in, blocks_out;

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t i, j, t;
        const int64_t q = lac_divide(
            lac_divide(lac_divide(job, blocks_out, &j), blocks_in, &i), book.taps, &t);
        const int64_t row = i * ROWS, column = j * COLUMNS;
        const int rows = lac_at_most(planes_in - row, ROWS);
        const int columns = lac_at_most(planes_out - column, COLUMNS);
        const int64_t pairs = lac_tap_pairs(book, (int32_t)t), from = pairs * q / shares;
        const int64_t first = start(team, s, t) + from;
        const int64_t count = pairs * (q + 1) / shares - from;

        lac_own<lac_sums<R, C>> mine;
        team.each([&](int thread) { lac_clear(mine[thread]); });
        for (int64_t done = 0; done < count; done += LAC_TERMS) {
            const int terms = lac_at_most(count - done, LAC_TERMS);
            team.each([&](int thread) {
                gather<ROWS>(s.x, x + row, planes_in, book.in + first + done, terms, rows,
                             thread);
                gather<COLUMNS>(s.dy, dy + column, planes_out, book.out + first + done,
                                terms, columns, thread);
            });
            team.each([&](int thread) {
                lac_multiply<ROWS, COLUMNS>(mine[thread], s.x, s.dy, terms, thread);
            });
        }
        float *block = to + ((q * book.taps + t) * planes_in + row) * planes_out + column;
        team.each([&](int thread) {
            lac_write_sums(block, planes_out, mine[thread], rows, columns, thread);
        });
    }

    /* The first pair of tap t. */
    __device__ int64_t start(const lac_team &team, shared &s, int64_t t) const {
        team.each([&](int thread) {
            int64_t sum = 0;
            for (int64_t u = thread; u < t; u += LAC_THREADS)
                sum += lac_tap_pairs(book, (int32_t)u);
            s.before[thread] = sum;
        });
        for (int half = LAC_THREADS / 2; half > 0; half /= 2)
            team.each([&](int thread) {
                if (thread < half) s.before[thread] += s.before[thread + half];
            });
        return s.before[0];
    }

    /* Rows by index into shared memory; what is past the end becomes zeros. */
    template <int WIDTH>
    __device__ void gather(float *rows_to, const float *from, int64_t planes,
                           const int32_t *index, int terms, int wanted,
                           int thread) const {
        for (int e = thread; e < LAC_TERMS * WIDTH; e += LAC_THREADS) {
            const int term = e / WIDTH, p = e % WIDTH;
            rows_to[e] =
                term < terms && p < wanted ? from[index[term] * planes + p] : 0.0f;
        }
    }
};

/* dw[i] = the sum of the shares, a thread an element */
struct add_shares {
    float *dw;
    const float *work;
    int64_t size, shares;
    __device__ void operator()(int64_t i) const {
        float sum = work[i];
        for (int64_t q = 1; q < shares; q++) sum += work[q * size + i];
        dw[i] = sum;
    }
};

template <int R, int C>
int shares(lac_tensor *dw, lac_tensor *work, const lac_tensor *x, const lac_tensor *dy,
           const lac_rulebook *book) {
    const int64_t in = x->shape[1], out = dy->shape[1], count = work->shape[0];
    const int64_t blocks_in = (in + LAC_SIDE * R - 1) / (LAC_SIDE * R);
    const int64_t blocks_out = (out + LAC_SIDE * C - 1) / (LAC_SIDE * C);
    const share_body<R, C> body = {lac_f32(count == 1 ? dw : work),
                                   lac_f32(x),
                                   lac_f32(dy),
                                   lac_tiles_of(book),
                                   in,
                                   out,
                                   count,
                                   blocks_in,
                                   blocks_out};
    return lac_cuda_blocks("conv_grad_w", dw, count * book->taps * blocks_in * blocks_out,
                           body);
}

template <int R>
int shares_by(lac_tensor *dw, lac_tensor *work, const lac_tensor *x, const lac_tensor *dy,
              const lac_rulebook *book) {
    if (dy->shape[1] <= LAC_SIDE) return shares<R, 1>(dw, work, x, dy, book);
    if (dy->shape[1] <= 2 * LAC_SIDE) return shares<R, 2>(dw, work, x, dy, book);
    return shares<R, 4>(dw, work, x, dy, book);
}

} // namespace

/* For each pair (in, out) of tap t, y[out] += x[in] w[t]; y begins as the bias, or 0. */
int lac_cuda_conv(lac_tensor *y, const lac_tensor *x, const lac_tensor *w,
                  const lac_tensor *bias, const lac_rulebook *book) {
    if (w->shape[2] <= LAC_SIDE) return conv<1>(y, x, w, bias, book);
    if (w->shape[2] <= 2 * LAC_SIDE) return conv<2>(y, x, w, bias, book);
    return conv<4>(y, x, w, bias, book);
}

/* dw[t] = the sum over the pairs of t of the outer products of x[in] and dy[out] */
int lac_cuda_conv_grad_w(lac_tensor *dw, lac_tensor *work, const lac_tensor *x,
                         const lac_tensor *dy, const lac_rulebook *book) {
    const int64_t in = x->shape[1];
    if (in <= LAC_SIDE)
        LAC_TRY(shares_by<1>(dw, work, x, dy, book));
    else if (in <= 2 * LAC_SIDE)
        LAC_TRY(shares_by<2>(dw, work, x, dy, book));
    else
        LAC_TRY(shares_by<4>(dw, work, x, dy, book));
    if (work->shape[0] == 1) return LAC_OK;
    const add_shares body = {lac_f32(dw), lac_f32(work), dw->count, work->shape[0]};
    return lac_cuda_each("conv_grad_w", dw, dw->count, body);
}
