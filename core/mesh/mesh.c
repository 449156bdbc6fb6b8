/* mesh.c - a mesh: made, measured, copied out, freed */
#include "mesh.h"

#include "../memory.h"

#include <math.h>
#include <string.h>

const double lac_mesh_identity[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};

int lac_mesh_check(const char *op, const lac_mesh *m, const double *transform) {
    if (!m) return lac_fail(LAC_E_ARGUMENT, "%s: the mesh is NULL, expected a mesh", op);
    for (int i = 0; transform && i < 12; i++)
        if (!isfinite(transform[i]))
            return lac_fail(LAC_E_ARGUMENT,
                            "%s: number %d of the transform is %g, expected a finite one",
                            op, i, transform[i]);
    return LAC_OK;
}

int lac_mesh_check_bytes(const char *op, const void *buffer, double bytes,
                         double expected) {
    if (!buffer) return lac_fail(LAC_E_ARGUMENT, "%s: the buffer is NULL", op);
    if (bytes != expected)
        return lac_fail(LAC_E_ARGUMENT, "%s: the buffer has %.0f bytes, expected %.0f",
                        op, bytes, expected);
    return LAC_OK;
}

static int check_arrays(const float *vertices, double n_vertices, const int32_t *faces,
                        double n_faces) {
    if (!lac_mesh_whole(n_vertices, INT32_MAX) || !lac_mesh_whole(n_faces, INT32_MAX))
        return lac_fail(
            LAC_E_ARGUMENT,
            "mesh_new: the counts are %g vertices and %g faces, expected whole "
            "numbers from 0 to %d",
            n_vertices, n_faces, INT32_MAX);
    if ((!vertices && n_vertices > 0) || (!faces && n_faces > 0))
        return lac_fail(LAC_E_ARGUMENT,
                        "mesh_new: an array is NULL, expected %.0f vertices "
                        "and %.0f faces",
                        n_vertices, n_faces);

    for (int64_t i = 0; i < (int64_t)n_vertices; i++) {
        const float *v = vertices + 3 * i;
        if (!isfinite(v[0]) || !isfinite(v[1]) || !isfinite(v[2]))
            return lac_fail(
                LAC_E_ARGUMENT,
                "mesh_new: vertex %lld is (%g, %g, %g), expected finite numbers",
                (long long)i, (double)v[0], (double)v[1], (double)v[2]);
    }
    for (int64_t i = 0; i < 3 * (int64_t)n_faces; i++)
        if (faces[i] < 0 || faces[i] >= n_vertices)
            return lac_fail(LAC_E_ARGUMENT,
                            "mesh_new: face %lld names vertex %d, expected 0 to %.0f",
                            (long long)(i / 3), faces[i], n_vertices - 1);
    return LAC_OK;
}

int lac_mesh_new(lac_mesh **out, const float *vertices, double n_vertices,
                 const int32_t *faces, double n_faces) {
    if (!out) return lac_fail(LAC_E_ARGUMENT, "mesh_new: the place for the mesh is NULL");
    LAC_TRY(check_arrays(vertices, n_vertices, faces, n_faces));

    void *mesh, *points = NULL, *triangles = NULL;
    const size_t point_bytes = (size_t)n_vertices * 3 * sizeof(float);
    const size_t triangle_bytes = (size_t)n_faces * 3 * sizeof(int32_t);
    LAC_TRY(lac_host_calloc(&mesh, 1, sizeof(lac_mesh)));
    int status = lac_host_alloc(&points, point_bytes);
    if (status == LAC_OK) status = lac_host_alloc(&triangles, triangle_bytes);

    lac_mesh *m = mesh;
    m->vertices = points;
    m->triangles = triangles;
    if (status != LAC_OK) {
        lac_mesh_free(m);
        return status;
    }
    m->n_vertices = (int64_t)n_vertices;
    m->n_triangles = m->n_faces = (int64_t)n_faces;
    if (point_bytes) memcpy(points, vertices, point_bytes);
    if (triangle_bytes) memcpy(triangles, faces, triangle_bytes);
    *out = m;
    return LAC_OK;
}

void lac_mesh_free(lac_mesh *m) {
    if (!m) return;
    lac_host_free(m->vertices);
    lac_host_free(m->triangles);
    lac_host_free(m);
}

double lac_mesh_vertices(const lac_mesh *m) { return m ? (double)m->n_vertices : 0; }
double lac_mesh_triangles(const lac_mesh *m) { return m ? (double)m->n_triangles : 0; }
double lac_mesh_faces(const lac_mesh *m) { return m ? (double)m->n_faces : 0; }
double lac_mesh_dropped(const lac_mesh *m) { return m ? (double)m->n_dropped : 0; }

int lac_mesh_copy_vertices(float *to, double bytes, const lac_mesh *m) {
    LAC_TRY(lac_mesh_check("mesh_copy_vertices", m, NULL));
    LAC_TRY(lac_mesh_check_bytes("mesh_copy_vertices", to, bytes,
                                 (double)m->n_vertices * 3 * sizeof(float)));
    memcpy(to, m->vertices, (size_t)bytes);
    return LAC_OK;
}

int lac_mesh_copy_triangles(int32_t *to, double bytes, const lac_mesh *m) {
    LAC_TRY(lac_mesh_check("mesh_copy_triangles", m, NULL));
    LAC_TRY(lac_mesh_check_bytes("mesh_copy_triangles", to, bytes,
                                 (double)m->n_triangles * 3 * sizeof(int32_t)));
    memcpy(to, m->triangles, (size_t)bytes);
    return LAC_OK;
}

double lac_mesh_area(const lac_mesh *m) {
    double twice = 0;

    for (int64_t i = 0; m && i < m->n_triangles; i++) {
        const int32_t *t = m->triangles + 3 * i;
        const float *a = m->vertices + 3 * (int64_t)t[0];
        double u[3], v[3];
        for (int k = 0; k < 3; k++) {
            u[k] = (double)m->vertices[3 * (int64_t)t[1] + k] - (double)a[k];
            v[k] = (double)m->vertices[3 * (int64_t)t[2] + k] - (double)a[k];
        }
        const double x = u[1] * v[2] - u[2] * v[1], y = u[2] * v[0] - u[0] * v[2],
                     z = u[0] * v[1] - u[1] * v[0];
        twice += sqrt(x * x + y * y + z * z);
    }
    return twice / 2;
}

int lac_mesh_box(double *box, const lac_mesh *m, const double *transform) {
    if (!box) return lac_fail(LAC_E_ARGUMENT, "mesh_box: the place for the box is NULL");
    LAC_TRY(lac_mesh_check("mesh_box", m, transform));
    if (m->n_vertices == 0)
        return lac_fail(LAC_E_ARGUMENT,
                        "mesh_box: the mesh has 0 vertices, expected some");

    const double *t = transform ? transform : lac_mesh_identity;
    double bounds[6];
    for (int64_t i = 0; i < m->n_vertices; i++) {
        double p[3];
        lac_mesh_place(p, t, m->vertices + 3 * i);
        for (int k = 0; k < 3; k++) {
            if (!isfinite(p[k]))
                return lac_fail(LAC_E_ARGUMENT,
                                "mesh_box: the transform takes vertex %lld to "
                                "%g, expected a finite place",
                                (long long)i, p[k]);
            if (i == 0 || p[k] < bounds[k]) bounds[k] = p[k];
            if (i == 0 || p[k] > bounds[3 + k]) bounds[3 + k] = p[k];
        }
    }
    memcpy(box, bounds, sizeof bounds);
    return LAC_OK;
}
