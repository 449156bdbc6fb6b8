/* render.c - pictures of meshes: depth buffer, two lights, four samples a pixel
 *
 * The view is orthographic.  A corner is lit by the mean normal of the faces around its
 * vertex where the surface is smooth there, and by the normal of its own face at a
 * crease.  Faces are lit on both sides, since many files do not orient them.
 */
#include "../memory.h"
#include "mesh.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 2, MOST_PIXELS = 8192 }; /* samples a pixel along each axis */

typedef struct sample {
    float depth;        /* greater is nearer; below 0 is background                     */
    float light, shine; /* of the colour, and of white                                  */
} sample;

typedef struct scene {
    float *points;  /* n_vertices x 3: right, down, near; in samples                */
    float *normals; /* n_vertices x 3: right, up, near; sums over faces             */
    sample *samples;
    int width, height; /* in samples */
} scene;

/* From above, ahead and the side, z up. */
/* clang-format off */
static const double default_view[12] = {0.8192, 0.5736, 0, 0,
                                        -0.2424, 0.3462, 0.9063, 0,
                                        0.5198, -0.7424, 0.4226, 0};
/* clang-format on */

/* ---- placing --------------------------------------------------------------------- */

/* Puts the vertices into the frame: what `box` bounds fills it but for a margin. */
static void place(scene *s, const lac_mesh *m, const double *view, const double *box) {
    const double across = box[3] - box[0], up = box[4] - box[1];
    const double least = s->width < s->height ? s->width : s->height;
    const double room_x = s->width - 0.12 * least, room_y = s->height - 0.12 * least;
    double scale = 1;
    if (across > 1e-150) scale = room_x / across;
    if (up > 1e-150 && (across <= 1e-150 || room_y / up < scale)) scale = room_y / up;
    /* Something this thin shows nothing but keeps its depths finite. */
    if ((box[5] - box[2]) * scale > 1e7) scale = 1e7 / (box[5] - box[2]);

    for (int64_t i = 0; i < m->n_vertices; i++) {
        double p[3];
        lac_mesh_place(p, view, m->vertices + 3 * i);
        float *to = s->points + 3 * i;
        to[0] = (float)(s->width / 2.0 + (p[0] - (box[0] + box[3]) / 2) * scale);
        to[1] = (float)(s->height / 2.0 - (p[1] - (box[1] + box[4]) / 2) * scale);
        to[2] = (float)((p[2] - box[2]) * scale);
    }
}

/* The normal of a face on the screen, as long as twice its area. */
static void face_normal(float *n, const float *a, const float *b, const float *c) {
    const float ux = b[0] - a[0], uy = a[1] - b[1], uz = b[2] - a[2];
    const float vx = c[0] - a[0], vy = a[1] - c[1], vz = c[2] - a[2];
    n[0] = uy * vz - uz * vy;
    n[1] = uz * vx - ux * vz;
    n[2] = ux * vy - uy * vx;
}

static void normalize(float *n) {
    const float size = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (int k = 0; size > 0 && k < 3; k++) n[k] /= size;
}

static void add_normals(scene *s, const lac_mesh *m) {
    memset(s->normals, 0, (size_t)m->n_vertices * 3 * sizeof(float));
    for (int64_t i = 0; i < m->n_triangles; i++) {
        const int32_t *t = m->triangles + 3 * i;
        float n[3];
        face_normal(n, s->points + 3 * (int64_t)t[0], s->points + 3 * (int64_t)t[1],
                    s->points + 3 * (int64_t)t[2]);
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 3; k++) s->normals[3 * (int64_t)t[c] + k] += n[k];
    }
    for (int64_t i = 0; i < m->n_vertices; i++) normalize(s->normals + 3 * i);
}

/* ---- painting -------------------------------------------------------------------- */

static float dot(const float *a, const float *b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void shade(sample *to, float *n) {
    static const float key[3] = {-0.45f, 0.55f, 0.70f}, fill[3] = {0.80f, 0.10f, 0.59f},
                       gleam[3] = {-0.24f, 0.30f, 0.92f};
    normalize(n);
    if (n[2] < 0)
        for (int k = 0; k < 3; k++) n[k] = -n[k];
    const float direct = fmaxf(dot(n, key), 0), side = fmaxf(dot(n, fill), 0);
    const float edge = fmaxf(dot(n, gleam), 0);
    const float p4 = edge * edge * edge * edge, p16 = p4 * p4 * p4 * p4;
    to->light = 0.22f + 1.05f * direct + 0.20f * side;
    to->shine = 0.12f * p16 * p4;
}

/* The normal at each corner of a triangle: the vertex's where the surface is smooth. */
static void corner_normals(float n[3][3], const scene *s, const int32_t *t,
                           const float *const p[3]) {
    float face[3];
    face_normal(face, p[0], p[1], p[2]);
    normalize(face);
    for (int c = 0; c < 3; c++) {
        const float *vertex = s->normals + 3 * (int64_t)t[c];
        const float cosine = dot(face, vertex);
        for (int k = 0; k < 3; k++)
            n[c][k] = cosine > 0.85f ? vertex[k] : cosine < -0.85f ? -vertex[k] : face[k];
    }
}

static int clamp(double x, int most) { return x < 0 ? 0 : x > most ? most : (int)x; }

static void paint(scene *s, const int32_t *t) {
    const float *const p[3] = {s->points + 3 * (int64_t)t[0],
                               s->points + 3 * (int64_t)t[1],
                               s->points + 3 * (int64_t)t[2]};
    const double ax = p[0][0], ay = p[0][1], bx = p[1][0], by = p[1][1], cx = p[2][0],
                 cy = p[2][1];
    const double area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
    if (area == 0) return;

    float n[3][3];
    corner_normals(n, s, t, p);
    const int left = clamp(fmin(fmin(ax, bx), cx) - 1, s->width - 1);
    const int right = clamp(fmax(fmax(ax, bx), cx) + 1, s->width - 1);
    const int top = clamp(fmin(fmin(ay, by), cy) - 1, s->height - 1);
    const int bottom = clamp(fmax(fmax(ay, by), cy) + 1, s->height - 1);
    for (int row = top; row <= bottom; row++) {
        const double y = row + 0.5;
        for (int column = left; column <= right; column++) {
            const double x = column + 0.5;
            const double u = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area;
            const double v = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area;
            const double w = 1 - u - v;
            if (u < 0 || v < 0 || w < 0) continue;

            const float depth = (float)(u * p[0][2] + v * p[1][2] + w * p[2][2]);
            sample *to = s->samples + (int64_t)row * s->width + column;
            if (depth <= to->depth) continue;
            float normal[3];
            for (int k = 0; k < 3; k++)
                normal[k] = (float)u * n[0][k] + (float)v * n[1][k] + (float)w * n[2][k];
            to->depth = depth;
            shade(to, normal);
        }
    }
}

/* Darkens the near side of steps in depth, so that parts stand out. */
static void outline(scene *s) {
    const float step = 0.03f * (float)(s->width < s->height ? s->width : s->height);
    for (int row = 1; row + 1 < s->height; row++)
        for (int column = 1; column + 1 < s->width; column++) {
            sample *at = s->samples + (int64_t)row * s->width + column;
            const float limit = at->depth - step;
            if (at->depth >= 0 &&
                (at[-1].depth < limit || at[1].depth < limit ||
                 at[-s->width].depth < limit || at[s->width].depth < limit))
                at->light *= 0.45f;
        }
}

/* Averages the samples of a pixel in linear light; squares stand for the sRGB curve. */
static void resolve(uint8_t *rgb, const scene *s, const double *colour) {
    const int width = s->width / SAMPLES, height = s->height / SAMPLES;
    for (int row = 0; row < height; row++)
        for (int column = 0; column < width; column++)
            for (int k = 0; k < 3; k++) {
                const float tint = (float)(colour[k] / 255 * (colour[k] / 255));
                float sum = 0;
                for (int i = 0; i < SAMPLES * SAMPLES; i++) {
                    const sample *from =
                        s->samples + (int64_t)(row * SAMPLES + i / SAMPLES) * s->width +
                        column * SAMPLES + i % SAMPLES;
                    sum +=
                        from->depth < 0 ? 1 : fminf(tint * from->light + from->shine, 1);
                }
                *rgb++ = (uint8_t)(255 * sqrtf(sum / (SAMPLES * SAMPLES)) + 0.5f);
            }
}

/* ---- the picture ----------------------------------------------------------------- */

static int check(const uint8_t *rgb, double bytes, double width, double height,
                 const lac_mesh *m, const double *transform, const double *colour) {
    LAC_TRY(lac_mesh_check("mesh_render", m, transform));
    if (!lac_mesh_whole(width, MOST_PIXELS) || !lac_mesh_whole(height, MOST_PIXELS) ||
        width < 1 || height < 1)
        return lac_fail(LAC_E_ARGUMENT,
                        "mesh_render: the picture is %g x %g, expected whole "
                        "numbers from 1 to %d",
                        width, height, MOST_PIXELS);
    LAC_TRY(lac_mesh_check_bytes("mesh_render", rgb, bytes, width * height * 3));
    if (!colour) return lac_fail(LAC_E_ARGUMENT, "mesh_render: the colour is NULL");
    for (int k = 0; k < 3; k++)
        if (!(colour[k] >= 0 && colour[k] <= 255))
            return lac_fail(LAC_E_ARGUMENT,
                            "mesh_render: the colour is (%g, %g, %g), expected "
                            "numbers from 0 to 255",
                            colour[0], colour[1], colour[2]);
    return LAC_OK;
}

static void paint_all(scene *s, const lac_mesh *m, const double *view,
                      const double *box) {
    const int64_t n = (int64_t)s->width * s->height;
    for (int64_t i = 0; i < n; i++) s->samples[i] = (sample){.depth = -1};
    if (m->n_triangles == 0) return;
    place(s, m, view, box);
    add_normals(s, m);
    for (int64_t i = 0; i < m->n_triangles; i++) paint(s, m->triangles + 3 * i);
    outline(s);
}

int lac_mesh_render(uint8_t *rgb, double bytes, double width, double height,
                    const lac_mesh *m, const double *transform, const double *colour) {
    LAC_TRY(check(rgb, bytes, width, height, m, transform, colour));
    const double *view = transform ? transform : default_view;
    double box[6] = {0};
    if (m->n_vertices > 0) LAC_TRY(lac_mesh_box(box, m, view));
    for (int k = 0; k < 6; k++)
        if (fabs(box[k]) > 1e30)
            return lac_fail(LAC_E_ARGUMENT,
                            "mesh_render: the transform takes vertices to %g, "
                            "expected at most 1e30 in size",
                            box[k]);

    void *samples, *points;
    scene s = {.width = SAMPLES * (int)width, .height = SAMPLES * (int)height};
    LAC_TRY(
        lac_host_alloc(&samples, (size_t)s.width * (size_t)s.height * sizeof(sample)));
    const int status = lac_host_alloc(&points, (size_t)m->n_vertices * 6 * sizeof(float));
    if (status == LAC_OK) {
        s.samples = samples;
        s.points = points;
        s.normals = s.points + 3 * m->n_vertices;
        paint_all(&s, m, view, box);
        resolve(rgb, &s, colour);
        lac_host_free(points);
    }
    lac_host_free(samples);
    return status;
}
