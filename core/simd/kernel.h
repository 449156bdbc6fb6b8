/* kernel.h - gemm and outer over one vector type; each table includes this once, last
 *
 * The table defines before:
 *   ISA             function attribute that allows the instructions
 *   INLINE          how its small functions begin: static, always inlined, ISA
 *   WIDTH           floats in a vector
 *   vec, lanes      a vector; which lanes of a partial vector count
 *   first_lanes load load_some store store_some splat madd
 *   GEMM_TILES(X, P), OUTER_TILES(X, P)
 *                   X(V, R, P) for every tile of V vectors by R rows, R from 1
 *   GEMM_ROWS, OUTER_ROWS
 *                   the greatest R for each V, from V = 0
 *   MOST_VECS       the greatest V
 *
 * A tile of the result stays in registers while its sum runs; its last vector is partial
 * if P is 1.  Sums cut into blocks go through memory in between, which changes no bit.
 */
enum {
    BLOCK_ROWS = 168,  /* rows of a gemm block: its parts of x and y fit L2 */
    BLOCK_TERMS = 128, /* its terms: the part of w that a column of tiles needs fits L1 */
    BLOCK_PAIRS = 128, /* pairs of an outer block: the same for dy */
    TILE_ROWS = 16,
    TILE_VECS = 4,
    LINE = 16,     /* floats in a cache line */
    HINT_WORK = 96 /* terms times vectors from which a row pays for fetching another */
};

/* Rows and vectors are spelled out: compilers keep an array in registers only when they
 * see constant indices early. */
#define EACH_ROW(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

INLINE void get(vec *a, const float *from, lanes some, int vecs, int part) {
    const int full = vecs - part;
    const float *last = from + full * WIDTH;

    if (full > 0) a[0] = load(from);
    if (full > 1) a[1] = load(from + WIDTH);
    if (full > 2) a[2] = load(from + 2 * WIDTH);
    if (full > 3) a[3] = load(from + 3 * WIDTH);
    if (part) a[full] = load_some(last, some);
}

INLINE void put(float *to, const vec *a, lanes some, int vecs, int part) {
    const int full = vecs - part;
    float *last = to + full * WIDTH;

    if (full > 0) store(to, a[0]);
    if (full > 1) store(to + WIDTH, a[1]);
    if (full > 2) store(to + 2 * WIDTH, a[2]);
    if (full > 3) store(to + 3 * WIDTH, a[3]);
    if (part) store_some(last, some, a[full]);
}

INLINE void add(vec *sum, float x, const vec *b, int vecs) {
    const vec a = splat(x);

    sum[0] = madd(a, b[0], sum[0]);
    if (vecs > 1) sum[1] = madd(a, b[1], sum[1]);
    if (vecs > 2) sum[2] = madd(a, b[2], sum[2]);
    if (vecs > 3) sum[3] = madd(a, b[3], sum[3]);
}

/* Rows are gathered, so the processor does not foresee them. */
INLINE void hint(const float *row, int64_t count) {
    for (int64_t p = 0; p < count; p += LINE) __builtin_prefetch(row + p);
}

/* The arguments are those of gemm, for m = rows * tiles and n within vecs vectors. */
INLINE void gemm_tiles(float *y, int64_t ldy, const int32_t *out, const float *x,
                       int64_t ldx, const int32_t *in, int64_t tiles, const float *w,
                       int64_t ldw, int64_t k, lanes some, int rows, int vecs, int part) {
    vec sum[TILE_ROWS][TILE_VECS], b[TILE_VECS];
    const float *from[TILE_ROWS];

#define BEGIN(r) \
    if (r < rows) { \
        from[r] = x + in[r] * ldx; \
        get(sum[r], y + out[r] * ldy, some, vecs, part); \
    }
#define ADD(r) \
    if (r < rows) add(sum[r], from[r][s], b, vecs);
#define HINT(r) \
    if (r < rows) { \
        hint(x + in[rows + r] * ldx, k); \
        hint(y + out[rows + r] * ldy, (vecs - part) * WIDTH + part); \
    }
#define END(r) \
    if (r < rows) put(y + out[r] * ldy, sum[r], some, vecs, part);

    for (; tiles > 0; tiles--, in += rows, out += rows) {
        const float *term = w;

        EACH_ROW(BEGIN)
        if (tiles > 1 && k * vecs >= HINT_WORK) {
            EACH_ROW(HINT)
        }
        for (int64_t s = 0; s < k; s++, term += ldw) {
            get(b, term, some, vecs, part);
            EACH_ROW(ADD)
        }
        EACH_ROW(END)
    }
#undef BEGIN
#undef ADD
#undef HINT
#undef END
}

/* A cache line of each row that comes after, to fetch one by one while the sums run. */
typedef struct hints {
    const float *line;
    int64_t ld;
    const int32_t *ids;
    int64_t count;
} hints;

/* The arguments are those of outer, for k = rows and n within vecs vectors. */
INLINE void outer_tile(float *w, int64_t ldw, const float *x, int64_t ldx,
                       const int32_t *in, const float *dy, int64_t ldy,
                       const int32_t *out, int64_t m, lanes some, const hints *soon,
                       int rows, int vecs, int part) {
    vec sum[TILE_ROWS][TILE_VECS], b[TILE_VECS];

#define BEGIN(r) \
    if (r < rows) get(sum[r], w + r * ldw, some, vecs, part);
#define ADD(r) \
    if (r < rows) add(sum[r], from[r], b, vecs);
#define END(r) \
    if (r < rows) put(w + r * ldw, sum[r], some, vecs, part);

    EACH_ROW(BEGIN)
    for (int64_t p = 0; p < m; p++) {
        const float *from = x + in[p] * ldx;
        if (p < soon->count) hint(soon->line + soon->ids[p] * soon->ld, 1);
        get(b, dy + out[p] * ldy, some, vecs, part);
        EACH_ROW(ADD)
    }
    EACH_ROW(END)
#undef BEGIN
#undef ADD
#undef END
}

#define GEMM_TILE(V, R, P) \
    static ISA void gemm_##V##_##R##_##P(float *y, int64_t ldy, const int32_t *out, \
                                         const float *x, int64_t ldx, const int32_t *in, \
                                         int64_t tiles, const float *w, int64_t ldw, \
                                         int64_t k, lanes some) { \
        gemm_tiles(y, ldy, out, x, ldx, in, tiles, w, ldw, k, some, R, V, P); \
    }
#define OUTER_TILE(V, R, P) \
    static ISA void outer_##V##_##R##_##P( \
        float *w, int64_t ldw, const float *x, int64_t ldx, const int32_t *in, \
        const float *dy, int64_t ldy, const int32_t *out, int64_t m, lanes some, \
        const hints *soon) { \
        outer_tile(w, ldw, x, ldx, in, dy, ldy, out, m, some, soon, R, V, P); \
    }
#define GEMM_ENTRY(V, R, P)  [V][R] = gemm_##V##_##R##_##P,
#define OUTER_ENTRY(V, R, P) [V][R] = outer_##V##_##R##_##P,

GEMM_TILES(GEMM_TILE, 0)
GEMM_TILES(GEMM_TILE, 1)
OUTER_TILES(OUTER_TILE, 0)
OUTER_TILES(OUTER_TILE, 1)

typedef void gemm_kind(float *, int64_t, const int32_t *, const float *, int64_t,
                       const int32_t *, int64_t, const float *, int64_t, int64_t, lanes);
typedef void outer_kind(float *, int64_t, const float *, int64_t, const int32_t *,
                        const float *, int64_t, const int32_t *, int64_t, lanes,
                        const hints *);

static gemm_kind *const gemm_kinds[2][TILE_VECS + 1][TILE_ROWS + 1] = {
    {GEMM_TILES(GEMM_ENTRY, 0)}, {GEMM_TILES(GEMM_ENTRY, 1)}};
static outer_kind *const outer_kinds[2][TILE_VECS + 1][TILE_ROWS + 1] = {
    {OUTER_TILES(OUTER_ENTRY, 0)}, {OUTER_TILES(OUTER_ENTRY, 1)}};
static const int gemm_rows[] = GEMM_ROWS, outer_rows[] = OUTER_ROWS;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t parts(int64_t of, int64_t most) { return (of + most - 1) / most; }

/* The next piece when left is cut into as few and as even pieces as may be. */
static int64_t piece(int64_t left, int64_t most) {
    return parts(left, parts(left, most));
}

static void count_up(int32_t *id, int64_t count) {
    for (int32_t p = 0; p < count; p++) id[p] = p;
}

/* m <= BLOCK_ROWS; in and out are not NULL, here and below. */
static ISA void gemm_block(float *y, int64_t ldy, const int32_t *out, const float *x,
                           int64_t ldx, const int32_t *in, int64_t m, const float *w,
                           int64_t ldw, int64_t k, int64_t n) {
    for (int64_t j = 0; j < n;) {
        const int64_t vecs = piece(parts(n - j, WIDTH), MOST_VECS);
        const int64_t columns = least(vecs * WIDTH, n - j), odd = columns % WIDTH;
        gemm_kind *const *kinds = gemm_kinds[odd > 0][vecs];
        const int tiles = (int)parts(m, gemm_rows[vecs]);
        const int rows = (int)m / tiles, higher = (int)m % tiles;
        const int64_t rest = (int64_t)higher * (rows + 1);

        for (int64_t i = 0; i < k;) {
            const int64_t terms = piece(k - i, BLOCK_TERMS);
            const float *from = x + i, *panel = w + i * ldw + j;
            if (higher > 0)
                kinds[rows + 1](y + j, ldy, out, from, ldx, in, higher, panel, ldw, terms,
                                first_lanes(odd));
            kinds[rows](y + j, ldy, out + rest, from, ldx, in + rest, tiles - higher,
                        panel, ldw, terms, first_lanes(odd));
            i += terms;
        }
        j += columns;
    }
}

static ISA void gemm(float *y, int64_t ldy, const int32_t *out, const float *x,
                     int64_t ldx, const int32_t *in, int64_t m, const float *w,
                     int64_t ldw, int64_t k, int64_t n) {
    int32_t id[BLOCK_ROWS];

    if (k == 0 || n == 0) return;
    if (!in || !out) count_up(id, least(m, BLOCK_ROWS));
    for (int64_t p = 0; p < m; p += BLOCK_ROWS)
        gemm_block(out ? y : y + p * ldy, ldy, out ? out + p : id, in ? x : x + p * ldx,
                   ldx, in ? in + p : id, least(m - p, BLOCK_ROWS), w, ldw, k, n);
}

/* m <= BLOCK_PAIRS; in and out go on for next pairs. */
static ISA void outer_block(float *w, int64_t ldw, const float *x, int64_t ldx,
                            const int32_t *in, const float *dy, int64_t ldy,
                            const int32_t *out, int64_t m, int64_t next, int64_t k,
                            int64_t n) {
    int64_t to_x = 0, to_dy = 0; /* columns that are hinted */

    for (int64_t j = 0; j < n;) {
        const int64_t vecs = piece(parts(n - j, WIDTH), MOST_VECS);
        const int64_t columns = least(vecs * WIDTH, n - j), odd = columns % WIDTH;

        for (int64_t i = 0; i < k;) {
            const int64_t rows = piece(k - i, outer_rows[vecs]);
            hints soon = {x, ldx, in, 0};

            if (to_x < k) {
                soon = (hints){x + to_x, ldx, in + m, next};
                to_x += LINE;
            } else if (to_dy < n) {
                soon = (hints){dy + to_dy, ldy, out + m, next};
                to_dy += LINE;
            }
            outer_kinds[odd > 0][vecs][rows](w + i * ldw + j, ldw, x + i, ldx, in, dy + j,
                                             ldy, out, m, first_lanes(odd), &soon);
            i += rows;
        }
        j += columns;
    }
}

static ISA void outer(float *w, int64_t ldw, const float *x, int64_t ldx,
                      const int32_t *in, const float *dy, int64_t ldy, const int32_t *out,
                      int64_t m, int64_t k, int64_t n) {
    int32_t id[BLOCK_PAIRS];

    if (k == 0 || n == 0) return;
    if (!in || !out) count_up(id, least(m, BLOCK_PAIRS));
    for (int64_t p = 0; p < m; p += BLOCK_PAIRS) {
        const int64_t pairs = least(m - p, BLOCK_PAIRS);
        const int64_t next = in && out ? least(m - p - pairs, BLOCK_PAIRS) : 0;
        outer_block(w, ldw, in ? x : x + p * ldx, ldx, in ? in + p : id,
                    out ? dy : dy + p * ldy, ldy, out ? out + p : id, pairs, next, k, n);
    }
}
