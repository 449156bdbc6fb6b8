/* matmul.cu - dense products, transposes and distances between rows */
#include "product.cuh"

namespace {

/* ---- products ---------------------------------------------------------------------- */

/* A block owns a square of BLOCK x BLOCK elements of y and takes LAC_TERMS terms at a
 * time through shared memory; each sum is in the order of k. */
struct product_body {
    enum { PLACES = 4, BLOCK = LAC_SIDE * PLACES, LD = BLOCK + 1 };
    struct shared {
        float a[LAC_TERMS * LD], b[LAC_TERMS * LD];
    };

    float *y;
    const float *a, *b;
    int64_t m, n, k, blocks;                 /* of columns */
    int64_t a_row, a_term, b_column, b_term; /* elements from one to the next */

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t block;
        const int64_t row = lac_divide(job, blocks, &block) * BLOCK,
                      column = block * BLOCK;
        const int rows = lac_at_most(m - row, BLOCK),
                  columns = lac_at_most(n - column, BLOCK);
        lac_own<lac_sums<PLACES, PLACES>> mine;
        team.each([&](int thread) { lac_clear(mine[thread]); });
        for (int64_t first = 0; first < k; first += LAC_TERMS) {
            const int terms = lac_at_most(k - first, LAC_TERMS);
            team.each([&](int thread) {
                load(s.a, a + row * a_row + first * a_term, a_row, a_term, rows, terms,
                     thread);
                load(s.b, b + column * b_column + first * b_term, b_column, b_term,
                     columns, terms, thread);
            });
            team.each([&](int thread) {
                lac_multiply<LD, LD>(mine[thread], s.a, s.b, terms, thread);
            });
        }
        float *to = y + row * n + column;
        team.each([&](int thread) {
            lac_write_sums(to, n, mine[thread], rows, columns, thread);
        });
    }

    /* to[term][i] for i < count, neighbouring threads on neighbouring elements; the rest
     * is 0 */
    __device__ void load(float *to, const float *from, int64_t step, int64_t term_step,
                         int count, int terms, int thread) const {
        for (int e = thread; e < LAC_TERMS * BLOCK; e += LAC_THREADS) {
            const int i = term_step == 1 ? e / LAC_TERMS : e % BLOCK;
            const int term = term_step == 1 ? e % LAC_TERMS : e / BLOCK;
            to[term * LD + i] =
                i < count && term < terms ? from[i * step + term * term_step] : 0.0f;
        }
    }
};

/* ---- transposes -------------------------------------------------------------------- */

/* A block turns a square of BLOCK x BLOCK elements of one tap by way of shared memory,
 * so that it reads and writes whole lines. */
struct turn_body {
    enum { BLOCK = 32 };
    struct shared {
        float square[BLOCK][BLOCK + 1];
    };

    float *y;
    const float *x;
    int64_t taps, k, n, flip, rows, columns; /* rows and columns of squares */

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t i, j;
        const int64_t t = lac_divide(lac_divide(job, columns, &j), rows, &i);
        const int64_t row = i * BLOCK, column = j * BLOCK;
        const float *from = x + (flip ? taps - 1 - t : t) * k * n;
        float *to = y + t * k * n;
        team.each([&](int thread) {
            for (int e = thread; e < BLOCK * BLOCK; e += LAC_THREADS) {
                const int a = e / BLOCK, b = e % BLOCK;
                if (row + a < k && column + b < n)
                    s.square[a][b] = from[(row + a) * n + column + b];
            }
        });
        team.each([&](int thread) {
            for (int e = thread; e < BLOCK * BLOCK; e += LAC_THREADS) {
                const int a = e % BLOCK, b = e / BLOCK;
                if (row + a < k && column + b < n)
                    to[(column + b) * k + row + a] = s.square[a][b];
            }
        });
    }
};

/* ---- distances --------------------------------------------------------------------- */

/* A thread handles an element of y, in the order of core/ops/matmul.c. */
struct distance_body {
    enum { LANES = 16 };
    float *y;
    const float *a, *b;
    int64_t n, k;

    __device__ void operator()(int64_t e) const {
        int64_t j;
        const int64_t i = lac_divide(e, n, &j);
        const float *p = a + i * k, *q = b + j * k;
        float lane[LANES];
        for (int l = 0; l < LANES; l++) lane[l] = 0.0f;
        for (int64_t first = 0; first < k; first += LANES) {
#pragma unroll
            for (int l = 0; l < LANES; l++) {
                if (first + l >= k) continue;
                const float d = p[first + l] - q[first + l];
                lane[l] += d * d;
            }
        }
#pragma unroll
        for (int step = LANES / 2; step > 0; step /= 2)
            for (int l = 0; l < step; l++) lane[l] += lane[l + step];
        y[e] = lane[0];
    }
};

} // namespace

/* y = a b, either transposed on request */
int lac_cuda_matmul(lac_tensor *y, const lac_tensor *a, const lac_tensor *b, int64_t ta,
                    int64_t tb) {
    const int64_t m = y->shape[0], n = y->shape[1], k = a->shape[ta ? 0 : 1];
    const int64_t rows = (m + product_body::BLOCK - 1) / product_body::BLOCK;
    const int64_t blocks = (n + product_body::BLOCK - 1) / product_body::BLOCK;
    const product_body body = {lac_f32(y), lac_f32(a), lac_f32(b), m,
                               n,          k,          blocks,     ta ? 1 : k,
                               ta ? m : 1, tb ? k : 1, tb ? 1 : n};
    return lac_cuda_blocks("matmul", y, rows * blocks, body);
}

/* y[t] is the transpose of x[t], or of x[taps-1-t] when flipped */
int lac_cuda_transpose_taps(lac_tensor *y, const lac_tensor *x, int64_t flip) {
    const int64_t k = x->shape[1], n = x->shape[2];
    const int64_t rows = (k + turn_body::BLOCK - 1) / turn_body::BLOCK;
    const int64_t columns = (n + turn_body::BLOCK - 1) / turn_body::BLOCK;
    const turn_body body = {lac_f32(y), lac_f32(x), x->shape[0], k,
                            n,          flip,       rows,        columns};
    return lac_cuda_blocks("transpose_taps", y, x->shape[0] * rows * columns, body);
}

/* y[i][j] = the squared distance between row i of a and row j of b */
int lac_cuda_squared_distances(lac_tensor *y, const lac_tensor *a, const lac_tensor *b) {
    const distance_body body = {lac_f32(y), lac_f32(a), lac_f32(b), y->shape[1],
                                a->shape[1]};
    return lac_cuda_each("squared_distances", y, y->count, body);
}
