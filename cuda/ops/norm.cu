/* norm.cu - batch normalisation over rows, with a leaky ReLU behind it */
#include "reduce.cuh"

#include <math.h>

namespace {

/* ---- statistics -------------------------------------------------------------------- */

struct pair {
    double first, second;
};

/* Deviations are taken from the first row, in double, so little cancels; see
 * core/ops/norm.c. */
struct statistics_reader {
    typedef pair value;
    typedef double constants; /* the first row's element */
    float *mean, *variance;
    const float *x;
    int64_t rows;

    __device__ double prepare(int64_t column) const {
        return rows > 0 ? (double)x[column] : 0;
    }
    __device__ pair begin() const { return {0, 0}; }
    __device__ void add(pair &v, int64_t at, int64_t, double from) const {
        const double d = (double)x[at] - from;
        v.first += d;
        v.second += d * d;
    }
    __device__ void join(pair &v, const pair &next) const {
        v.first += next.first;
        v.second += next.second;
    }
    __device__ void end(const pair &v, int64_t, int64_t column) const {
        const double count = rows > 0 ? (double)rows : 1, shift = v.first / count;
        const double square = v.second / count - shift * shift;
        mean[column] = (float)(prepare(column) + shift);
        variance[column] = square < 0 ? 0.0f : (float)square;
    }
};

/* ---- what both directions share ---------------------------------------------------- */

struct plane {
    float mean, scale, bias;
};

struct normaliser {
    const float *mean, *variance, *weight, *bias; /* the last two may be NULL */
    double eps;
    float leak;

    __device__ double deviation(int64_t c) const {
        return sqrt((double)variance[c] + eps);
    }
    __device__ plane prepare(int64_t c) const {
        const double w = weight ? (double)weight[c] : 1;
        return {mean[c], (float)(w / deviation(c)), bias ? bias[c] : 0.0f};
    }
    /* What comes back through the activation, d being x - mean. */
    __device__ float behind(float dy, float d, const plane &p) const {
        return d * p.scale + p.bias > 0 ? dy : leak * dy;
    }
};

normaliser norm_of(const lac_tensor *mean, const lac_tensor *variance,
                   const lac_tensor *weight, const lac_tensor *bias, double eps,
                   double slope) {
    return {lac_f32(mean),
            lac_f32(variance),
            weight ? lac_f32(weight) : NULL,
            bias ? lac_f32(bias) : NULL,
            eps,
            (float)slope};
}

/* A block handles ROWS rows of WIDE planes: first a thread prepares each plane, then a
 * thread handles an element.  Layer has plane_type, prepare(column)
 * and run(element, plane). */
template <class Layer> struct strip_body {
    enum { WIDE = 64, ROWS = 256 };
    struct shared {
        typename Layer::plane_type plane[WIDE];
    };

    Layer layer;
    int64_t rows, planes, blocks;

    __device__ void operator()(const lac_team &team, shared &s, int64_t job) const {
        int64_t block;
        const int64_t row = lac_divide(job, blocks, &block) * ROWS, column = block * WIDE;
        const int count = lac_at_most(rows - row, ROWS),
                  wide = lac_at_most(planes - column, WIDE);
        team.each([&](int thread) {
            if (thread < wide) s.plane[thread] = layer.prepare(column + thread);
        });
        team.each([&](int thread) {
            for (int e = thread; e < count * wide; e += LAC_THREADS)
                layer.run((row + e / wide) * planes + column + e % wide,
                          s.plane[e % wide]);
        });
    }
};

template <class Layer>
int by_strips(const char *op, const lac_tensor *x, const Layer &layer) {
    typedef strip_body<Layer> strip;
    const int64_t rows = x->shape[0], planes = x->shape[1];
    const int64_t blocks = (planes + strip::WIDE - 1) / strip::WIDE;
    const strip body = {layer, rows, planes, blocks};
    return lac_cuda_blocks(op, x, (rows + strip::ROWS - 1) / strip::ROWS * blocks, body);
}

/* ---- forward ----------------------------------------------------------------------- */

struct forward {
    typedef plane plane_type;
    normaliser n;
    float *y;
    const float *x;
    __device__ plane prepare(int64_t c) const { return n.prepare(c); }
    __device__ void run(int64_t i, const plane &p) const {
        const float z = (x[i] - p.mean) * p.scale + p.bias;
        y[i] = z > 0 ? z : n.leak * z;
    }
};

/* ---- backward ---------------------------------------------------------------------- */

/* Sums of g, which is dy behind the activation, and of g (x - mean). */
struct gradient_reader {
    typedef pair value;
    typedef plane constants;
    normaliser n;
    float *dweight, *dbias;
    const float *x, *dy;

    __device__ plane prepare(int64_t column) const { return n.prepare(column); }
    __device__ pair begin() const { return {0, 0}; }
    __device__ void add(pair &v, int64_t at, int64_t, const plane &p) const {
        const float d = x[at] - p.mean;
        const double g = (double)n.behind(dy[at], d, p);
        v.first += g;
        v.second += g * (double)d;
    }
    __device__ void join(pair &v, const pair &next) const {
        v.first += next.first;
        v.second += next.second;
    }
    __device__ void end(const pair &v, int64_t, int64_t column) const {
        dbias[column] = (float)v.first;
        dweight[column] = (float)(v.second / n.deviation(column));
    }
};

struct slope_plane {
    plane p;
    float offset, slope; /* of what flows back through mean and variance */
};

struct backward {
    typedef slope_plane plane_type;
    normaliser n;
    float *dx;
    const float *x, *dy, *dweight, *dbias;
    double rows; /* 0 where the statistics were constants */

    __device__ slope_plane prepare(int64_t c) const {
        const plane p = n.prepare(c);
        if (!(rows > 0)) return {p, 0.0f, 0.0f};
        const double scale = (double)p.scale / rows;
        return {p, (float)(scale * (double)dbias[c]),
                (float)(scale * (double)dweight[c] / n.deviation(c))};
    }
    __device__ void run(int64_t i, const slope_plane &s) const {
        const float d = x[i] - s.p.mean, g = n.behind(dy[i], d, s.p);
        dx[i] = g * s.p.scale - (s.offset + d * s.slope);
    }
};

} // namespace

/* Mean and biased variance of each column; 0 without rows. */
int lac_cuda_norm_statistics(lac_tensor *mean, lac_tensor *variance,
                             const lac_tensor *x) {
    const int64_t rows = x->shape[0];
    const statistics_reader reader = {lac_f32(mean), lac_f32(variance), lac_f32(x), rows};
    return lac_reduce("norm_statistics", mean, reader, {NULL, 1, rows, x->shape[1]});
}

/* z = (x - mean) / sqrt(variance + eps) * weight + bias; y = z where positive, else
 * slope z */
int lac_cuda_norm(lac_tensor *y, const lac_tensor *x, const lac_tensor *mean,
                  const lac_tensor *variance, const lac_tensor *weight,
                  const lac_tensor *bias, double eps, double slope) {
    const normaliser n = norm_of(mean, variance, weight, bias, eps, slope);
    return by_strips("norm", x, forward{n, lac_f32(y), lac_f32(x)});
}

/* dbias = sum of g, dweight = sum of g unit; dx = scale (g - mean of g - unit (mean of g
 * unit)), or scale g where the statistics were constants. */
int lac_cuda_norm_grad(lac_tensor *dx, lac_tensor *dweight, lac_tensor *dbias,
                       const lac_tensor *dy, const lac_tensor *x, const lac_tensor *mean,
                       const lac_tensor *variance, const lac_tensor *weight,
                       const lac_tensor *bias, double eps, double slope,
                       int64_t training) {
    const int64_t rows = x->shape[0];
    const normaliser n = norm_of(mean, variance, weight, bias, eps, slope);
    const gradient_reader reader = {n, lac_f32(dweight), lac_f32(dbias), lac_f32(x),
                                    lac_f32(dy)};
    const backward layer = {n,
                            lac_f32(dx),
                            lac_f32(x),
                            lac_f32(dy),
                            lac_f32(dweight),
                            lac_f32(dbias),
                            training ? (double)rows : 0};
    LAC_TRY(lac_reduce("norm_grad", dx, reader, {NULL, 1, rows, x->shape[1]}));
    return by_strips("norm_grad", x, layer);
}
