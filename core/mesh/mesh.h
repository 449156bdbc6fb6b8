/* mesh.h - the inside of a mesh */
#ifndef LAC_MESH_H
#define LAC_MESH_H

#include "../error.h"

struct lac_mesh {
    float *vertices;    /* n_vertices x 3, finite                                       */
    int32_t *triangles; /* n_triangles x 3, each below n_vertices                       */
    int64_t n_vertices;
    int64_t n_triangles;
    int64_t n_faces;   /* as the file counts them, before polygons are cut             */
    int64_t n_dropped; /* faces of fewer than three vertices                           */
};

/* Takes a vertex to `to`, three doubles; t is a row-major 3 x 4 matrix. */
static inline void lac_mesh_place(double *to, const double *t, const float *v) {
    for (int k = 0; k < 3; k++, t += 4)
        to[k] = t[0] * (double)v[0] + t[1] * (double)v[1] + t[2] * (double)v[2] + t[3];
}

/* Whether x is a whole number from 0 to most. */
static inline int lac_mesh_whole(double x, double most) {
    return x >= 0 && x <= most && x == (double)(int64_t)x;
}

extern const double lac_mesh_identity[12];

/* Refuses a NULL mesh and numbers that are not finite. */
int lac_mesh_check(const char *op, const lac_mesh *m, const double *transform);
/* Refuses what is not a buffer of `expected` bytes. */
int lac_mesh_check_bytes(const char *op, const void *buffer, double bytes,
                         double expected);

#endif
