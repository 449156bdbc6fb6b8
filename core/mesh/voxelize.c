/* voxelize.c - the voxels that a surface touches, exactly
 *
 * Vertices are rounded to a fixed-point grid of 2^-f voxel.  A triangle and a box of
 * voxels are apart if and only if they are so along one of thirteen axes: the three of
 * the box, the normal of the triangle, and each edge crossed with each axis of the box,
 * which are the edges of the triangle's shadows in the three coordinate planes.  On the
 * grid all of that is whole numbers, so there is no tolerance anywhere.  With
 * coordinates below 2^r in size and f = 40 - r, differences have 41 bits, and what must
 * fit does:
 *   edge times corner    41 + r bits, twice: 62 at most, in 64
 *   normal times vertex  3 * 41 + 3 bits: 126, in 128
 *
 * A voxel is half-open, [i, i+1)^3, so to touch one of its upper sides is not enough.
 * Where the corner of the box that reaches farthest along an axis lies on an upper
 * side, it must go past the bound instead of reaching it: in whole numbers, reach a
 * bound greater by one.
 *
 * Boxes are halved until they are small, so the work grows with the voxels touched, not
 * with those of the bounding box.
 */
#include "../memory.h"
#include "mesh.h"
#include "voxels.h"

#include <math.h>

__extension__ typedef __int128 wide;

enum { GRID_BITS = 40 };

/* Vertices on the grid. */
typedef struct grid {
    int64_t *points; /* n x 3 */
    int f;           /* bits behind the point */
} grid;

/* Half a plane: the box has a part in it if weight[0] * corner[at[0]] + ... >= bound,
 * where a box is { least x y z, greatest x y z + 1 }. */
typedef struct shadow_side {
    int64_t weight[2], bound;
    int at[2];
} shadow_side;

typedef struct space_side {
    wide weight[3], bound;
    int at[3];
} space_side;

/* What a box must pass to touch the triangle, once it meets the triangle's own box. */
typedef struct shape {
    shadow_side shadows[9];
    space_side faces[2];
    int n_shadows, n_faces;
    int64_t least; /* voxels that it touches for sure: the area of a shadow */
} shape;

typedef struct box {
    int64_t corner[6];
} box;

/* ---- tests ----------------------------------------------------------------------- */

static int touches(const shape *s, const int64_t *corner) {
    for (int i = 0; i < s->n_shadows; i++) {
        const shadow_side *t = s->shadows + i;
        if (t->weight[0] * corner[t->at[0]] + t->weight[1] * corner[t->at[1]] < t->bound)
            return 0;
    }
    for (int i = 0; i < s->n_faces; i++) {
        const space_side *t = s->faces + i;
        if (t->weight[0] * corner[t->at[0]] + t->weight[1] * corner[t->at[1]] +
                t->weight[2] * corner[t->at[2]] <
            t->bound)
            return 0;
    }
    return 1;
}

/* bound / 2^f rounded up, of a bound that must be exceeded if `open`. */
static wide bound_of(wide bound, int open, int f) {
    return (bound + open + (((wide)1 << f) - 1)) >> f;
}

/* The three sides of the triangle's shadow along the axis that is neither a nor b. */
static void add_shadow(shape *s, const int64_t *const p[3], int a, int b, int f) {
    const wide area = (wide)(p[1][a] - p[0][a]) * (p[2][b] - p[0][b]) -
                      (wide)(p[1][b] - p[0][b]) * (p[2][a] - p[0][a]);
    const int64_t turn = area < 0 ? -1 : 1;
    const int64_t cells = (int64_t)((turn * area) >> (2 * f + 1));
    if (cells > s->least) s->least = cells;

    for (int i = 0; i < 3; i++) {
        const int64_t *from = p[i], *to = p[(i + 1) % 3];
        shadow_side *t = s->shadows + s->n_shadows++;
        const int64_t u = turn * (from[b] - to[b]), v = turn * (to[a] - from[a]);
        const wide bound = (wide)u * from[a] + (wide)v * from[b];
        t->weight[0] = u;
        t->weight[1] = v;
        t->at[0] = u > 0 ? 3 + a : a;
        t->at[1] = v > 0 ? 3 + b : b;
        t->bound = (int64_t)bound_of(bound, u > 0 || v > 0, f);
    }
}

/* The two sides of the triangle's plane; none if it has no normal. */
static void add_faces(shape *s, const int64_t *const p[3], int f) {
    wide normal[3], bound = 0;
    for (int k = 0; k < 3; k++) {
        const int a = (k + 1) % 3, b = (k + 2) % 3;
        normal[k] = (wide)(p[1][a] - p[0][a]) * (p[2][b] - p[0][b]) -
                    (wide)(p[1][b] - p[0][b]) * (p[2][a] - p[0][a]);
        bound += normal[k] * p[0][k];
    }
    for (int turn = 1; turn >= -1; turn -= 2) {
        space_side *t = s->faces + s->n_faces++;
        int open = 0;
        for (int k = 0; k < 3; k++) {
            t->weight[k] = turn * normal[k];
            t->at[k] = t->weight[k] > 0 ? 3 + k : k;
            open |= t->weight[k] > 0;
        }
        t->bound = bound_of(turn * bound, open, f);
    }
}

/* ---- boxes ----------------------------------------------------------------------- */

static int add_small(lac_voxel_set *set, const shape *s, const box *b) {
    box v;
    for (int64_t x = b->corner[0]; x < b->corner[3]; x++) {
        v.corner[0] = x;
        v.corner[3] = x + 1;
        for (int64_t y = b->corner[1]; y < b->corner[4]; y++) {
            v.corner[1] = y;
            v.corner[4] = y + 1;
            for (int64_t z = b->corner[2]; z < b->corner[5]; z++) {
                v.corner[2] = z;
                v.corner[5] = z + 1;
                if (touches(s, v.corner)) LAC_TRY(lac_voxel_set_add(set, x, y, z));
            }
        }
    }
    return LAC_OK;
}

/* Adds the voxels of a box that touches the triangle; 63 levels deep at most. */
static int add_box(lac_voxel_set *set, const shape *s, const box *b) {
    int64_t size[3];
    for (int k = 0; k < 3; k++) size[k] = b->corner[3 + k] - b->corner[k];
    if (size[0] <= 2 && size[1] <= 2 && size[2] <= 2) return add_small(set, s, b);

    int axis = size[1] > size[0] ? 1 : 0;
    if (size[2] > size[axis]) axis = 2;
    const int64_t middle = b->corner[axis] + size[axis] / 2;
    box half = *b;
    half.corner[3 + axis] = middle;
    if (touches(s, half.corner)) LAC_TRY(add_box(set, s, &half));
    half.corner[3 + axis] = b->corner[3 + axis];
    half.corner[axis] = middle;
    if (touches(s, half.corner)) LAC_TRY(add_box(set, s, &half));
    return LAC_OK;
}

static int add_triangle(lac_voxel_set *set, const grid *g, const int32_t *t) {
    const int64_t *const p[3] = {g->points + 3 * (int64_t)t[0],
                                 g->points + 3 * (int64_t)t[1],
                                 g->points + 3 * (int64_t)t[2]};
    box b;
    int thick[3];
    for (int k = 0; k < 3; k++) {
        int64_t least = p[0][k], most = p[0][k];
        for (int i = 1; i < 3; i++) {
            if (p[i][k] < least) least = p[i][k];
            if (p[i][k] > most) most = p[i][k];
        }
        b.corner[k] = least >> g->f;
        b.corner[3 + k] = (most >> g->f) + 1;
        thick[k] = b.corner[3 + k] - b.corner[k] > 1;
    }
    if (!thick[0] && !thick[1] && !thick[2])
        return lac_voxel_set_add(set, b.corner[0], b.corner[1], b.corner[2]);

    /* Along a thin axis the triangle stays inside one layer, and so does every box.
     * There it meets a box where their shadows meet, and a shadow thin in one direction
     * meets a box wherever the bounds do: only pairs of thick axes, and the plane of
     * three, decide. */
    shape s;
    s.n_shadows = s.n_faces = 0;
    s.least = 0;
    for (int k = 0; k < 3; k++) {
        const int next = (k + 1) % 3, after = (k + 2) % 3;
        if (thick[next] && thick[after]) add_shadow(&s, p, next, after, g->f);
    }
    LAC_TRY(lac_voxel_set_check(s.least));
    if (thick[0] && thick[1] && thick[2]) add_faces(&s, p, g->f);
    return add_box(set, &s, &b);
}

/* ---- the mesh -------------------------------------------------------------------- */

/* Rounds the transformed vertices to the finest grid that their range allows. */
static int place(grid *g, const lac_mesh *m, const double *transform) {
    const double most = (1 << LAC_VOXEL_BITS) - 1;
    double p[3], peak = 0;

    for (int64_t i = 0; i < m->n_vertices; i++) {
        lac_mesh_place(p, transform, m->vertices + 3 * i);
        for (int k = 0; k < 3; k++) {
            const double size = fabs(p[k]);
            if (!(size <= most))
                return lac_fail(LAC_E_ARGUMENT,
                                "mesh_voxelize: the transform takes vertex %lld "
                                "to (%g, %g, %g), expected at most %.0f in size",
                                (long long)i, p[0], p[1], p[2], most);
            if (size > peak) peak = size;
        }
    }

    int r;
    void *points;
    (void)frexp(peak + 1, &r);
    LAC_TRY(lac_host_alloc(&points, (size_t)m->n_vertices * 3 * sizeof(int64_t)));
    g->points = points;
    g->f = GRID_BITS - r;
    const double scale = ldexp(1, g->f), bias = ldexp(1, GRID_BITS + 1);
    for (int64_t i = 0; i < m->n_vertices; i++) {
        lac_mesh_place(p, transform, m->vertices + 3 * i);
        for (int k = 0; k < 3; k++)
            g->points[3 * i + k] = (int64_t)(p[k] * scale + (bias + 0.5)) - (int64_t)bias;
    }
    return LAC_OK;
}

static int check_field(const double *field) {
    const double most = 1 << LAC_VOXEL_BITS;
    if (!field) return lac_fail(LAC_E_ARGUMENT, "mesh_voxelize: the field size is NULL");
    for (int k = 0; k < 3; k++)
        if (!lac_mesh_whole(field[k], most) || field[k] < 1)
            return lac_fail(LAC_E_ARGUMENT,
                            "mesh_voxelize: the field is %g x %g x %g, expected "
                            "whole numbers from 1 to %.0f",
                            field[0], field[1], field[2], most);
    return LAC_OK;
}

static int add_all(lac_voxel_set *set, const grid *g, const lac_mesh *m) {
    for (int64_t i = 0; i < m->n_triangles; i++)
        LAC_TRY(add_triangle(set, g, m->triangles + 3 * i));
    return LAC_OK;
}

int lac_mesh_voxelize(lac_voxels **out, const lac_mesh *m, const double *transform,
                      const double *field) {
    if (!out)
        return lac_fail(LAC_E_ARGUMENT, "mesh_voxelize: the place for voxels is NULL");
    LAC_TRY(lac_mesh_check("mesh_voxelize", m, transform));
    LAC_TRY(check_field(field));

    grid g;
    lac_voxel_set set;
    LAC_TRY(place(&g, m, transform ? transform : lac_mesh_identity));
    int status = lac_voxel_set_new(&set);
    if (status == LAC_OK) {
        status = add_all(&set, &g, m);
        if (status == LAC_OK) status = lac_voxel_set_finish(out, &set, field);
        lac_voxel_set_free(&set);
    }
    lac_host_free(g.points);
    return status;
}
