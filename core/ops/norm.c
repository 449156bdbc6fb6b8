/* norm.c - batch normalisation over rows, with a leaky ReLU behind it
 *
 * Columns go in strips whose numbers stand on the caller's stack.  Sums over rows are
 * cut into pieces that the sizes fix and joined in their order.  Narrow rows are taken
 * several at a time: a strip then holds its columns `fold` times over.
 */
#include "../ops.h"
#include "../threads.h"
#include "columns.h"

#include <math.h>

enum { STRIP = 512, BLOCK = 64, PIECES = 64, GRAIN = 16384, NARROW = 16 };

typedef struct strip {
    int64_t column, columns; /* of x            */
    int64_t fold, width;     /* rows at a time, and the numbers in them */
    float mean[STRIP], scale[STRIP], bias[STRIP];
    float offset[STRIP], slope[STRIP]; /* of the gradient through the statistics */
} strip;

/* Of g, and of g times x - mean. */
typedef struct sums {
    double g[BLOCK], product[BLOCK];
} sums;

typedef struct pass {
    const strip *s;
    const float *x, *dy;
    float *y;
    int64_t rows, planes, pieces;
    float leak;
    sums *parts;
    void (*add)(sums *, const struct pass *, int64_t block, int64_t row, int64_t rows,
                int64_t width);
} pass;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static void cut_strip(strip *s, int64_t column, int64_t planes) {
    s->column = column;
    s->columns = smaller(STRIP, planes - column);
    s->fold = planes < NARROW ? (NARROW + planes - 1) / planes : 1;
    s->width = s->fold * s->columns;
}

static void fold_strip(const strip *s, float *numbers) {
    for (int64_t j = s->columns; j < s->width; j++) numbers[j] = numbers[j - s->columns];
}

/* ---- sums over rows -------------------------------------------------------------- */

/* g = x - mean, in double. */
static void add_deviations(sums *to, const pass *p, int64_t block, int64_t row,
                           int64_t rows, int64_t width) {
    const int64_t stride = p->planes * p->s->fold;
    const float *mean = p->s->mean + block;
    const float *x = p->x + row * p->planes + p->s->column + block;
    double *restrict sum = to->g, *restrict square = to->product;
    int64_t i = 0;
    for (; i + 2 <= rows; i += 2, x += 2 * stride)
        for (int64_t j = 0; j < width; j++) {
            const double a = (double)x[j] - (double)mean[j];
            const double b = (double)x[stride + j] - (double)mean[j];
            sum[j] += a + b;
            square[j] += a * a + b * b;
        }
    for (int64_t j = 0; i < rows && j < width; j++) {
        const double a = (double)x[j] - (double)mean[j];
        sum[j] += a;
        square[j] += a * a;
    }
}

/* What comes back through the activation, whose input is computed as `norm` does. */
static inline float behind(float dy, float deviation, float scale, float bias,
                           float leak) {
    return deviation * scale + bias > 0 ? dy : leak * dy;
}

static void add_products(sums *to, const pass *p, int64_t block, int64_t row,
                         int64_t rows, int64_t width) {
    const int64_t stride = p->planes * p->s->fold;
    const float *mean = p->s->mean + block, *scale = p->s->scale + block;
    const float *bias = p->s->bias + block;
    const float leak = p->leak;
    double *restrict sum = to->g, *restrict product = to->product;
    for (int64_t i = 0; i < rows; i++) {
        const float *x = p->x + row * p->planes + p->s->column + block + i * stride;
        const float *dy = p->dy + (x - p->x);
        for (int64_t j = 0; j < width; j++) {
            const float d = x[j] - mean[j];
            const double g = (double)behind(dy[j], d, scale[j], bias[j], leak);
            sum[j] += g;
            product[j] += g * (double)d;
        }
    }
}

static void add_piece(const void *context, int64_t chunk) {
    const pass *p = context;
    const strip *s = p->s;
    const int64_t block = chunk / p->pieces * BLOCK, piece = chunk % p->pieces;
    const int64_t first = p->rows * piece / p->pieces;
    const int64_t rows = p->rows * (piece + 1) / p->pieces - first;
    const int64_t width = smaller(BLOCK, s->width - block);
    const int64_t whole = rows / s->fold, rest = rows % s->fold;
    sums *to = &p->parts[chunk];
    for (int64_t j = 0; j < width; j++) to->g[j] = to->product[j] = 0;
    p->add(to, p, block, first, whole, width);
    if (rest) p->add(to, p, block, first + whole * s->fold, 1, rest * s->columns);
    if (s->fold > 1)
        for (int64_t j = s->columns; j < width; j++) {
            to->g[j % s->columns] += to->g[j];
            to->product[j % s->columns] += to->product[j];
        }
}

/* Sums of the strip's column j stand at parts[j / BLOCK]'s j % BLOCK. */
static int add_all(pass *p) {
    const int64_t blocks = (p->s->width + BLOCK - 1) / BLOCK;
    const int64_t work = p->rows * smaller(p->s->columns, BLOCK);
    p->pieces = larger(1, smaller(PIECES / blocks, work / GRAIN));
    LAC_TRY(lac_parallel(blocks * p->pieces, add_piece, p));
    for (int64_t b = 0; b < blocks; b++) {
        sums all = p->parts[b * p->pieces];
        for (int64_t k = 1; k < p->pieces; k++)
            for (int64_t j = 0; j < smaller(BLOCK, p->s->columns - b * BLOCK); j++) {
                all.g[j] += p->parts[b * p->pieces + k].g[j];
                all.product[j] += p->parts[b * p->pieces + k].product[j];
            }
        p->parts[b] = all;
    }
    return LAC_OK;
}

/* ---- statistics ------------------------------------------------------------------ */

static int check_plane(const char *op, const char *what, const lac_tensor *t,
                       const lac_tensor *x) {
    return t ? lac_check_shape(op, what, t, 1, x->shape[1]) : LAC_OK;
}

int lac_check_norm_statistics(lac_tensor *mean, lac_tensor *variance,
                              const lac_tensor *x) {
    LAC_TRY(lac_check_ndim("norm_statistics", "x", x, 2));
    LAC_TRY(check_plane("norm_statistics", "mean", mean, x));
    return check_plane("norm_statistics", "variance", variance, x);
}

/* Mean and biased variance of each column; 0 without rows.  Deviations are taken from
 * the first row in double: as that row is one of the sample, what cancels is at most n
 * times the variance, so the variance is good to n 2^-53. */
int lac_cpu_norm_statistics(lac_tensor *mean, lac_tensor *variance, const lac_tensor *x) {
    const int64_t n = x->shape[0], c = x->shape[1];
    strip s;
    sums parts[PIECES];
    for (int64_t column = 0; column < c; column += STRIP) {
        pass p = {.s = &s, .x = lac_f32(x), .rows = n, .planes = c, .parts = parts};
        p.add = add_deviations;
        cut_strip(&s, column, c);
        for (int64_t j = 0; j < s.columns; j++) s.mean[j] = n > 0 ? p.x[column + j] : 0;
        fold_strip(&s, s.mean);
        LAC_TRY(add_all(&p));
        for (int64_t j = 0; j < s.columns; j++) {
            const double count = n > 0 ? (double)n : 1;
            const double shift = parts[j / BLOCK].g[j % BLOCK] / count;
            const double mean_square = parts[j / BLOCK].product[j % BLOCK] / count;
            const double square = mean_square - shift * shift;
            lac_f32(mean)[column + j] = (float)((double)s.mean[j] + shift);
            lac_f32(variance)[column + j] = square < 0 ? 0 : (float)square;
        }
    }
    return LAC_OK;
}

/* ---- norm ------------------------------------------------------------------------ */

/* weight / sqrt(variance + eps), and the bias, of each column. */
static void fill_strip(strip *s, const lac_tensor *mean, const lac_tensor *variance,
                       const lac_tensor *weight, const lac_tensor *bias, double eps) {
    for (int64_t j = 0; j < s->columns; j++) {
        const int64_t k = s->column + j;
        const double deviation = sqrt((double)lac_f32(variance)[k] + eps);
        s->mean[j] = lac_f32(mean)[k];
        s->scale[j] = (float)((weight ? (double)lac_f32(weight)[k] : 1) / deviation);
        s->bias[j] = bias ? lac_f32(bias)[k] : 0;
    }
    fold_strip(s, s->mean);
    fold_strip(s, s->scale);
    fold_strip(s, s->bias);
}

static int check_norm(const char *op, const lac_tensor *x, const lac_tensor *mean,
                      const lac_tensor *variance, const lac_tensor *weight,
                      const lac_tensor *bias, double eps) {
    LAC_TRY(lac_check_ndim(op, "x", x, 2));
    LAC_TRY(check_plane(op, "mean", mean, x));
    LAC_TRY(check_plane(op, "variance", variance, x));
    LAC_TRY(check_plane(op, "weight", weight, x));
    LAC_TRY(check_plane(op, "bias", bias, x));
    if (eps >= 0) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: eps is %g, expected 0 or more", op, eps);
}

typedef void (*line)(const pass *p, int64_t row, int64_t width);

/* Calls `each` on rows first .. end-1, as many at a time as the strip is folded. */
static void by_lines(const pass *p, int64_t first, int64_t end, line each) {
    int64_t i = first;
    for (; i + p->s->fold <= end; i += p->s->fold) each(p, i, p->s->width);
    if (i < end) each(p, i, (end - i) * p->s->columns);
}

static void norm_line(const pass *p, int64_t row, int64_t width) {
    const strip *s = p->s;
    const int64_t at = row * p->planes + s->column;
    const float *x = p->x + at, leak = p->leak;
    float *y = p->y + at;
    LAC_INDEPENDENT
    for (int64_t j = 0; j < width; j++) {
        const float z = (x[j] - s->mean[j]) * s->scale[j] + s->bias[j];
        y[j] = z > 0 ? z : leak * z;
    }
}

static void norm_rows(const void *context, int64_t first, int64_t end) {
    by_lines(context, first, end, norm_line);
}

static int64_t grain_of(const strip *s) { return larger(s->fold, GRAIN / s->columns); }

int lac_check_norm(lac_tensor *y, const lac_tensor *x, const lac_tensor *mean,
                   const lac_tensor *variance, const lac_tensor *weight,
                   const lac_tensor *bias, double eps, double slope) {
    (void)slope;
    LAC_TRY(check_norm("norm", x, mean, variance, weight, bias, eps));
    return lac_check_same_shape("norm", "y", y, x);
}

/* z = (x - mean) / sqrt(variance + eps) * weight + bias; y = z where positive, else
 * slope z */
int lac_cpu_norm(lac_tensor *y, const lac_tensor *x, const lac_tensor *mean,
                 const lac_tensor *variance, const lac_tensor *weight,
                 const lac_tensor *bias, double eps, double slope) {
    strip s;
    const pass p = {.s = &s,
                    .x = lac_f32(x),
                    .y = lac_f32(y),
                    .planes = x->shape[1],
                    .leak = (float)slope};
    for (int64_t column = 0; column < p.planes; column += STRIP) {
        cut_strip(&s, column, p.planes);
        fill_strip(&s, mean, variance, weight, bias, eps);
        LAC_TRY(lac_parallel_range(x->shape[0], grain_of(&s), norm_rows, &p));
    }
    return LAC_OK;
}

/* ---- gradient -------------------------------------------------------------------- */

static void grad_line(const pass *p, int64_t row, int64_t width) {
    const strip *s = p->s;
    const int64_t at = row * p->planes + s->column;
    const float *x = p->x + at, *dy = p->dy + at, leak = p->leak;
    float *dx = p->y + at;
    LAC_INDEPENDENT
    for (int64_t j = 0; j < width; j++) {
        const float d = x[j] - s->mean[j];
        const float g = behind(dy[j], d, s->scale[j], s->bias[j], leak);
        dx[j] = g * s->scale[j] - (s->offset[j] + d * s->slope[j]);
    }
}

static void grad_rows(const void *context, int64_t first, int64_t end) {
    by_lines(context, first, end, grad_line);
}

int lac_check_norm_grad(lac_tensor *dx, lac_tensor *dweight, lac_tensor *dbias,
                        const lac_tensor *dy, const lac_tensor *x, const lac_tensor *mean,
                        const lac_tensor *variance, const lac_tensor *weight,
                        const lac_tensor *bias, double eps, double slope,
                        int64_t training) {
    (void)slope;
    LAC_TRY(check_norm("norm_grad", x, mean, variance, weight, bias, eps));
    LAC_TRY(lac_check_same_shape("norm_grad", "dx", dx, x));
    LAC_TRY(lac_check_same_shape("norm_grad", "dy", dy, x));
    LAC_TRY(check_plane("norm_grad", "dweight", dweight, x));
    LAC_TRY(check_plane("norm_grad", "dbias", dbias, x));
    return lac_check_range("norm_grad", "training", training, 0, 1);
}

/* Gradients of the parameters from the strip's sums; while training also what flows back
 * through mean and variance: the mean of g, and unit times the mean of g unit, both
 * scaled, with unit = (x - mean) / deviation. */
static void fill_gradients(strip *s, const sums *parts, float *dweight, float *dbias,
                           const float *variance, double eps, double rows) {
    for (int64_t j = 0; j < s->columns; j++) {
        const int64_t k = s->column + j;
        const double deviation = sqrt((double)variance[k] + eps);
        const double scale = (double)s->scale[j], g = parts[j / BLOCK].g[j % BLOCK];
        const double product = parts[j / BLOCK].product[j % BLOCK] / deviation;
        dbias[k] = (float)g;
        dweight[k] = (float)product;
        s->offset[j] = rows > 0 ? (float)(scale * g / rows) : 0;
        s->slope[j] = rows > 0 ? (float)(scale * product / deviation / rows) : 0;
    }
    fold_strip(s, s->offset);
    fold_strip(s, s->slope);
}

/* g is dy behind the activation; dbias = sum of g, dweight = sum of g unit; dx = scale
 * (g - mean of g - unit (mean of g unit)), or scale g where the statistics were
 * constants. */
int lac_cpu_norm_grad(lac_tensor *dx, lac_tensor *dweight, lac_tensor *dbias,
                      const lac_tensor *dy, const lac_tensor *x, const lac_tensor *mean,
                      const lac_tensor *variance, const lac_tensor *weight,
                      const lac_tensor *bias, double eps, double slope,
                      int64_t training) {
    strip s;
    sums parts[PIECES];
    pass p = {.s = &s,
              .x = lac_f32(x),
              .dy = lac_f32(dy),
              .y = lac_f32(dx),
              .rows = x->shape[0],
              .planes = x->shape[1],
              .leak = (float)slope,
              .parts = parts,
              .add = add_products};
    for (int64_t column = 0; column < p.planes; column += STRIP) {
        cut_strip(&s, column, p.planes);
        fill_strip(&s, mean, variance, weight, bias, eps);
        LAC_TRY(add_all(&p));
        fill_gradients(&s, parts, lac_f32(dweight), lac_f32(dbias), lac_f32(variance),
                       eps, training ? (double)p.rows : 0);
        LAC_TRY(lac_parallel_range(p.rows, grain_of(&s), grad_rows, &p));
    }
    return LAC_OK;
}
