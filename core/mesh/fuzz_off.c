/* fuzz_off.c - a libFuzzer target: reads OFF and puts it through everything else
 *
 * Not part of the library.  Whatever loads must keep its promises: indices in range,
 * finite coordinates, voxels sorted, unique and inside the field.
 */
#include "mesh.h"
#include "voxels.h"

#include "../memory.h"

#include <math.h>
#include <string.h>

enum { FIELD = 32, SIDE = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int what) {
    if (!what) __builtin_trap();
}

static void check_mesh(const lac_mesh *m) {
    for (int64_t i = 0; i < 3 * m->n_vertices; i++) require(isfinite(m->vertices[i]));
    for (int64_t i = 0; i < 3 * m->n_triangles; i++)
        require(m->triangles[i] >= 0 && m->triangles[i] < m->n_vertices);
    require(m->n_dropped <= m->n_faces && lac_mesh_area(m) >= 0);
}

static void check_voxels(const lac_voxels *v) {
    const double n = lac_voxels_count(v), bytes = n * 4 * sizeof(int32_t);
    void *block;
    require(lac_host_alloc(&block, (size_t)bytes) == LAC_OK);
    int32_t *coords = block;
    require(lac_voxels_copy(coords, bytes, v, 1) == LAC_OK);
    for (int64_t i = 0; i < (int64_t)n; i++) {
        const int32_t *c = coords + 4 * i;
        for (int k = 1; k < 4; k++) require(c[k] >= 0 && c[k] < FIELD);
        if (i > 0)
            require(lac_voxel_key(c[-3], c[-2], c[-1]) < lac_voxel_key(c[1], c[2], c[3]));
    }
    lac_host_free(block);
}

/* Scales the longest side of the box to most of the field and centres it there. */
static void fit(double *t, const double *box) {
    double longest = 1e-30;
    for (int k = 0; k < 3; k++) longest = fmax(longest, box[3 + k] - box[k]);
    memset(t, 0, 12 * sizeof *t);
    for (int k = 0; k < 3; k++) {
        t[5 * k] = (FIELD + 2) / longest;
        t[4 * k + 3] = FIELD / 2.0 - (box[k] + box[3 + k]) / 2 * t[5 * k];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const double field[3] = {FIELD, FIELD, FIELD}, colour[3] = {90, 140, 200};
    static uint8_t rgb[SIDE * SIDE * 3];
    double box[6], t[12];
    lac_mesh *m = NULL;
    lac_voxels *v = NULL;

    if (lac_mesh_read_off(&m, (const char *)data, (double)size) != LAC_OK) {
        require(m == NULL && strlen(lac_error()) > 20);
        return 0;
    }
    check_mesh(m);
    if (lac_mesh_box(box, m, NULL) == LAC_OK) {
        fit(t, box);
        if (lac_mesh_voxelize(&v, m, t, field) == LAC_OK) check_voxels(v);
        lac_voxels_free(v);
    }
    require(lac_mesh_render(rgb, sizeof rgb, SIDE, SIDE, m, NULL, colour) == LAC_OK ||
            strlen(lac_error()) > 20);
    lac_mesh_free(m);
    return 0;
}
