/* lacuna_io.h - the part of lacuna.h about meshes and pictures; include lacuna.h instead
 *
 * Nothing here touches a tensor or a device: bytes come from and go to host memory of
 * the caller, and each buffer comes with its size in bytes, which must be exact.
 *
 * A transform is twelve doubles, a row-major 3 x 4 matrix that takes (x, y, z, 1) to a
 * point; where it may be NULL the entry says what stands in.  A colour is three doubles
 * from 0 to 255: red, green, blue.  A picture is height x width x 3 uint8, the top row
 * first.
 */

/* ---- meshes: float32 vertices and triangles; never changed once made ------------- */

typedef struct lac_mesh lac_mesh;
typedef struct lac_voxels lac_voxels;

/* Copies n_vertices x 3 finite coordinates and n_faces x 3 indices. */
int lac_mesh_new(lac_mesh **out, const float *vertices, double n_vertices,
                 const int32_t *faces, double n_faces);
/* Reads an OFF file from memory, zero bytes inside or missing at the end included.
 * Polygons are cut into fans around their first vertex, concave ones too; faces of
 * fewer than three vertices are dropped; colours, normals and texture coordinates are
 * skipped. */
int lac_mesh_read_off(lac_mesh **out, const char *bytes, double size);
void lac_mesh_free(lac_mesh *m);

double lac_mesh_vertices(const lac_mesh *m);
double lac_mesh_triangles(const lac_mesh *m);
/* Faces as the file counts them: polygons uncut, dropped ones included. */
double lac_mesh_faces(const lac_mesh *m);
double lac_mesh_dropped(const lac_mesh *m);
/* vertices x 3 float32 and triangles x 3 int32. */
int lac_mesh_copy_vertices(float *to, double bytes, const lac_mesh *m);
int lac_mesh_copy_triangles(int32_t *to, double bytes, const lac_mesh *m);

double lac_mesh_area(const lac_mesh *m);
/* The bounds of all vertices after `transform` (NULL: as they are): three least, then
 * three greatest coordinates.  A mesh without vertices has none. */
int lac_mesh_box(double *box, const lac_mesh *m, const double *transform);

/* Finds the voxels that the surface touches.  `transform` (NULL: as it is) takes the
 * mesh to voxel coordinates, at most 2^20 - 1 in size; `field` is the size of the grid
 * along each axis.  A voxel is the half-open cube [i, i+1)^3, so each point lies in one:
 * a face at exactly x = 5 makes voxels at 5, none at 4, and one at the upper end of the
 * field is outside.  Apart from the rounding of vertices to 2^-40 of the range of
 * coordinates (2^-33 voxel up to 127), the result is exact: no voxel is missing and
 * none is extra.  Points and segments count too.  Voxels outside the field are dropped,
 * and counted; more than 2^25 in all are refused. */
int lac_mesh_voxelize(lac_voxels **out, const lac_mesh *m, const double *transform,
                      const double *field);
void lac_voxels_free(lac_voxels *v);
double lac_voxels_count(const lac_voxels *v);
double lac_voxels_dropped(const lac_voxels *v);
/* count x 4 int32: `batch`, then the coordinates, sorted, first axis most significant. */
int lac_voxels_copy(int32_t *coords, double bytes, const lac_voxels *v, double batch);

/* Paints the mesh on white, as large as the picture allows, lit from the upper left.
 * After `transform` (NULL: a view from above and aside, with z up) x points right, y up
 * and z at the viewer. */
int lac_mesh_render(uint8_t *rgb, double bytes, double width, double height,
                    const lac_mesh *m, const double *transform, const double *colour);

/* ---- pictures -------------------------------------------------------------------- */

int lac_image_write_png(const char *path, const uint8_t *rgb, double bytes, double width,
                        double height);
/* The rest draws into a picture and skips what falls outside; x counts from the left, y
 * from the top, rounded to whole pixels. */
int lac_image_rect(uint8_t *rgb, double bytes, double width, double height, double x,
                   double y, double rect_width, double rect_height, const double *colour);
int lac_image_blit(uint8_t *rgb, double bytes, double width, double height, double x,
                   double y, const uint8_t *from, double from_bytes, double from_width,
                   double from_height);
/* Writes printable ASCII, about 6 x 8 pixels a letter times `scale`, lines 12 apart;
 * anything else shows as a question mark. */
int lac_image_text(uint8_t *rgb, double bytes, double width, double height, double x,
                   double y, double scale, const double *colour, const char *text);
/* Width and height in pixels of what lac_image_text would write. */
int lac_image_text_size(double *size, double scale, const char *text);

/* ---- files: elements to and from tensors on any device --------------------------- */

/* What a type of a file is, named as numpy names it: `<f4`, `>i8`, `|u1`: byte order,
 * kind (b, i, u, f), bytes.  `dtype` gets the tensor's that holds it: float32 for reals,
 * and for whole numbers the smallest of uint8, int32 and int64. */
int lac_file_type(double *bytes, int *dtype, const char *type);
/* Fills a tensor of that dtype from byte `offset` of a regular file on.  If the file
 * fails after it was opened, what the tensor holds is unspecified. */
int lac_file_read(lac_tensor *t, const char *path, double offset, const char *type);
/* Writes `head`, then the elements of each tensor, little-endian and without gaps.  A
 * file beside `path` takes its name once it is whole, so `path` never holds half of it;
 * devices and pipes are written to as they are. */
int lac_file_save(const char *path, const char *head, double head_bytes,
                  const lac_tensor *const *tensors, double n);
/* The same, and what `path` held before takes the name `previous`: at every moment one of
 * the two names a whole file, also if power fails.  `previous` stays as it is where
 * `path` names nothing yet, or no file. */
int lac_file_save_keeping(const char *path, const char *previous, const char *head,
                          double head_bytes, const lac_tensor *const *tensors, double n);

/* Extends a checksum by bytes, or by a tensor's elements as a file holds them: the CRC-32
 * of zlib.  `crc` holds that of what came before, 0 at first. */
int lac_checksum(double *crc, const char *bytes, double n);
int lac_checksum_tensor(double *crc, const lac_tensor *t);
