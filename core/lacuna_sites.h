/* lacuna_sites.h - the part of lacuna.h about sites and rulebooks; include lacuna.h
 * instead
 *
 * A set of sites holds each active coordinate once, sorted by (batch, Morton code of the
 * coordinates, first axis most significant), so samples are contiguous and the order is
 * the same on every device and run.  All sets derived from one input, and their
 * rulebooks, belong to one geometry, which lives as long as any handle on one of them.
 *
 * Range of a coordinate, by dimension: 1 to 3: that of int32; 4: 28 bits; 5: 22; 6: 18;
 * 7: 16; 8: 14; 9: 12; 10: 11 bits, sign included.  Batch: 0 to 65535.  Outside it is an
 * error.
 */

/* Builds sites from points.  `coords` is n x (1 + dimension), int32 or int64, on any
 * device, in any order, with repeats; the device of the result is `device`.  `batch` is a
 * lower bound of the number of samples (0: as many as the points show).  `spatial_size`
 * has `dimension` numbers, or is NULL for an unbounded grid; coordinates outside it are
 * an error.  `base` is the number of the first sample in coords, and of the first point
 * in messages: 0 or 1. */
int lac_sites_new(lac_sites **out, int device, const lac_tensor *coords, double batch,
                  const double *spatial_size, double base);
void lac_sites_free(lac_sites *s);
/* One more reference on the same object, for another `free`. */
void lac_sites_hold(lac_sites *s);

int lac_sites_dimension(const lac_sites *s);
double lac_sites_count(const lac_sites *s);
double lac_sites_batch(const lac_sites *s);
/* 0 when the grid is unbounded along that axis. */
double lac_sites_spatial_size(const lac_sites *s, int axis);
/* The same for every handle on one set, never used again for another. */
double lac_sites_id(const lac_sites *s);
int lac_sites_device(const lac_sites *s);
/* The number of points that the set was built from; 0 for a derived one. */
double lac_sites_points(const lac_sites *s);

/* What a set knows, copied into tensors of the right shape and dtype on any device:
 *   coords   n x (1 + dimension) int32
 *   samples  (batch + 1) int32: the first row of each sample, then n
 *   rows     points int32: the row of each point, in the user's order
 *   order    points int32: the points sorted by row, each row's in the user's order
 *   first    (n + 1) int32: where in `order` each row's points begin
 *   cells    n int64: batch index * volume + row-major cell; needs a spatial size */
int lac_sites_coords(lac_tensor *coords, const lac_sites *s, double base);
int lac_sites_samples(lac_tensor *samples, const lac_sites *s);
int lac_sites_point_rows(lac_tensor *rows, const lac_sites *s);
int lac_sites_point_order(lac_tensor *order, lac_tensor *first, const lac_sites *s);
int lac_sites_cells(lac_tensor *cells, const lac_sites *s);

/* The cells of a dense tensor (batch x planes x spatial...) where a plane's absolute
 * value is above `threshold`, as points for sites_new with base 1: counts them into
 * *count, or, when `coords` is not NULL, writes them there (count x (1 + dimension)
 * int32, in row-major order). */
int lac_dense_points(double *count, lac_tensor *coords, const lac_tensor *dense,
                     double threshold);

/* The pairs (input row j, output row i) with in[j] = stride * out[i] + tap * dilation -
 * pad, for the taps 0 .. kernel-1 along each axis; the four arrays hold `dimension`
 * numbers.  Asked again, both functions give the same objects.
 *
 * sites_strided: the output sites are those whose window holds an input site.  With a
 * spatial size the output's is (size + 2 pad - dilation (kernel-1) - 1) / stride + 1,
 * which must come out whole.  sites_submanifold: output sites = input sites, stride 1,
 * pad = dilation * (kernel div 2). */
int lac_sites_strided(lac_sites **out, lac_rulebook **book, const lac_sites *in,
                      const double *kernel, const double *stride, const double *dilation,
                      const double *pad);
int lac_sites_submanifold(lac_rulebook **book, const lac_sites *s, const double *kernel,
                          const double *dilation);

void lac_rulebook_free(lac_rulebook *b);
void lac_rulebook_hold(lac_rulebook *b);
int lac_rulebook_taps(const lac_rulebook *b);
double lac_rulebook_inputs(const lac_rulebook *b);
double lac_rulebook_outputs(const lac_rulebook *b);
/* Pairs of one tap, or of all for tap -1. */
double lac_rulebook_pairs(const lac_rulebook *b, int tap);
int lac_rulebook_device(const lac_rulebook *b);
/* The same pairs read backwards, for gradients towards the input.  *flip is 1 when the
 * book is its own mirror image: then it is `b` itself with taps counted from the end. */
int lac_rulebook_reverse(lac_rulebook **out, int *flip, const lac_rulebook *b);
/* The number of inputs of each output row: outputs x 1 float32. */
int lac_rulebook_degrees(lac_tensor *degrees, const lac_rulebook *b);
/* The pairs of one tap, for inspection: two int32 tensors of lac_rulebook_pairs
 * elements. */
int lac_rulebook_read(lac_tensor *in, lac_tensor *out, const lac_rulebook *b, int tap);
