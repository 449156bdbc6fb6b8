/* pool.cu - maxima and sums over the inputs of each output row; x is n_in x planes
 *
 * A block owns a tile of LAC_TILE output rows and WIDE planes, keeps its part of y in
 * shared memory and walks the taps in order.  Within a tap no output row occurs twice,
 * so a thread that handles one pair and plane is alone with its element.
 */
#include "tiles.cuh"

namespace {

enum { WIDE = 32 };

/* What each pooling does with x at row `in` and the element of y. */
struct maximum {
    typedef struct {
        float best;
        int32_t row;
    } element;

    float *y;
    int32_t *argument;
    const float *x;

    __device__ element begin() const { return {0.0f, -1}; }
    /* The first input in tap order wins a tie; a nan wins over numbers. */
    __device__ void add(element &e, int64_t at, int32_t in, int32_t) const {
        const float v = x[at];
        if (e.row >= 0 && !(v > e.best) && !(v != v && e.best == e.best)) return;
        e.best = v;
        e.row = in;
    }
    __device__ void end(const element &e, int64_t at) const {
        y[at] = e.best;
        argument[at] = e.row;
    }
};

struct sum {
    typedef float element;
    float *y;
    const float *x;
    __device__ float begin() const { return 0.0f; }
    __device__ void add(float &e, int64_t at, int32_t, int32_t) const { e += x[at]; }
    __device__ void end(const float &e, int64_t at) const { y[at] = e; }
};

/* A row of the input collects from the outputs that chose it. */
struct chosen {
    typedef float element;
    float *dx;
    const float *dy;
    const int32_t *argument;
    __device__ float begin() const { return 0.0f; }
    __device__ void add(float &e, int64_t at, int32_t, int32_t out) const {
        e += argument[at] == out ? dy[at] : 0.0f;
    }
    __device__ void end(const float &e, int64_t at) const { dx[at] = e; }
};

template <class Pool> struct pool_body {
    struct shared {
        typename Pool::element y[LAC_TILE * WIDE];
    };

    Pool pool;
    lac_tiles book;
    int64_t planes, blocks;

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t block;
        const int64_t tile = lac_divide(job, blocks, &block), plane = block * WIDE;
        const int64_t row = tile * LAC_TILE;
        const int wide = lac_at_most(planes - plane, WIDE),
                  rows = lac_tile_rows(book, tile);
        team.each([&](int thread) {
            for (int e = thread; e < LAC_TILE * WIDE; e += LAC_THREADS)
                s.y[e] = pool.begin();
        });
        lac_tile_walk(book, tile, [&](int32_t, int64_t first, int count) {
            team.each([&](int thread) {
                const int p = thread % WIDE;
                if (p >= wide) return;
                for (int i = thread / WIDE; i < count; i += LAC_THREADS / WIDE) {
                    const int32_t in = book.in[first + i], out = book.out[first + i];
                    pool.add(s.y[(int)(out - row) * WIDE + p], in * planes + plane + p,
                             in, out);
                }
            });
        });
        team.each([&](int thread) {
            const int p = thread % WIDE;
            if (p >= wide) return;
            for (int r = thread / WIDE; r < rows; r += LAC_THREADS / WIDE)
                pool.end(s.y[r * WIDE + p], (row + r) * planes + plane + p);
        });
    }
};

template <class Pool>
int run(const char *op, const lac_tensor *y, const Pool &pool, const lac_rulebook *book) {
    const int64_t planes = y->shape[1], blocks = (planes + WIDE - 1) / WIDE;
    const pool_body<Pool> body = {pool, lac_tiles_of(book), planes, blocks};
    return lac_cuda_blocks(op, y, book->n_tiles * blocks, body);
}

} // namespace

int lac_cuda_max_pool(lac_tensor *y, lac_tensor *argument, const lac_tensor *x,
                      const lac_rulebook *book) {
    return run("max_pool", y, maximum{lac_f32(y), lac_i32(argument), lac_f32(x)}, book);
}

int lac_cuda_max_pool_grad(lac_tensor *dx, const lac_tensor *dy,
                           const lac_tensor *argument, const lac_rulebook *reverse) {
    return run("max_pool_grad", dx, chosen{lac_f32(dx), lac_f32(dy), lac_i32(argument)},
               reverse);
}

int lac_cuda_sum_pool(lac_tensor *y, const lac_tensor *x, const lac_rulebook *book) {
    return run("sum_pool", y, sum{lac_f32(y), lac_f32(x)}, book);
}
