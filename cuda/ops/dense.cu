/* dense.cu - rows of sites to and from batch x planes x volume; a thread handles an
 * element
 *
 * cells[r] = batch index * volume + row-major cell of row r.
 */
#include "../cuda.cuh"

namespace {

struct grid {
    float *dense, *rows;
    const float *background;
    const int64_t *cells;
    int64_t planes, volume;

    /* The place in `dense` of element i of `rows`. */
    __device__ int64_t place(int64_t i) const {
        int64_t plane, cell;
        const int64_t row = lac_divide(i, planes, &plane);
        const int64_t sample = lac_divide(cells[row], volume, &cell);
        return (sample * planes + plane) * volume + cell;
    }
};

struct paint_body {
    grid g;
    __device__ void operator()(int64_t i) const {
        int64_t cell, plane;
        lac_divide(lac_divide(i, g.volume, &cell), g.planes, &plane);
        g.dense[i] = g.background ? g.background[plane] : 0.0f;
    }
};

struct place_body {
    grid g;
    __device__ void operator()(int64_t i) const { g.dense[g.place(i)] = g.rows[i]; }
};

struct fetch_body {
    grid g;
    __device__ void operator()(int64_t i) const { g.rows[i] = g.dense[g.place(i)]; }
};

grid grid_of(const lac_tensor *dense, const lac_tensor *rows, const lac_tensor *cells,
             const lac_tensor *background) {
    int64_t volume = 1;
    for (int i = 2; i < dense->ndim; i++) volume *= dense->shape[i];
    return {lac_f32(dense), lac_f32(rows),   background ? lac_f32(background) : NULL,
            lac_i64(cells), dense->shape[1], volume};
}

} // namespace

/* y holds the rows of x at their cells, elsewhere the background, or zero without one. */
int lac_cuda_to_dense(lac_tensor *y, const lac_tensor *x, const lac_tensor *cells,
                      const lac_tensor *background) {
    const grid g = grid_of(y, x, cells, background);
    LAC_TRY(lac_cuda_each("to_dense", y, y->count, paint_body{g}));
    return lac_cuda_each("to_dense", y, x->count, place_body{g});
}

/* y holds the row of x at each cell. */
int lac_cuda_from_dense(lac_tensor *y, const lac_tensor *x, const lac_tensor *cells) {
    return lac_cuda_each("from_dense", y, y->count,
                         fetch_body{grid_of(x, y, cells, NULL)});
}
