/* image.c - pictures in memory: drawn into and written as PNG */
#include "../memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The PNG writer asks for memory piece by piece, gives no way to pass a context and
 * does not look at what it got, so it draws from one block that is large enough for
 * sure. */
typedef struct arena {
    char *at, *end;
} arena;

static _Thread_local arena scratch;

static void *take(size_t bytes) {
    bytes = (bytes + 15) & ~(size_t)15;
    if ((size_t)(scratch.end - scratch.at) < bytes) return NULL;
    char *block = scratch.at;
    scratch.at += bytes;
    return block;
}

static void *retake(const void *old, size_t old_bytes, size_t bytes) {
    void *block = take(bytes);
    if (block && old) memcpy(block, old, old_bytes);
    return block;
}

#define STBIW_MALLOC(bytes)                        take(bytes)
#define STBIW_REALLOC_SIZED(old, old_bytes, bytes) retake(old, old_bytes, bytes)
#define STBIW_FREE(block)                          ((void)(block))
#define STBIW_ASSERT(what)                         ((void)0)
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_easy_font.h>
#include <stb_image_write.h>

enum { MOST_SIDE = 32767, MOST_BYTES = 1 << 28, LINE = 12 };

typedef struct picture {
    uint8_t *rgb;
    int width, height;
} picture;

/* Pixels from x0 to x1 - 1 and y0 to y1 - 1. */
typedef struct area {
    int x0, y0, x1, y1;
} area;

/* ---- checks ---------------------------------------------------------------------- */

static int check_picture(picture *p, const char *op, const uint8_t *rgb, double bytes,
                         double width, double height) {
    if (!rgb) return lac_fail(LAC_E_ARGUMENT, "%s: the picture is NULL", op);
    if (!(width >= 1 && width <= MOST_SIDE && height >= 1 && height <= MOST_SIDE) ||
        width != floor(width) || height != floor(height) ||
        width * height * 3 > MOST_BYTES)
        return lac_fail(LAC_E_ARGUMENT,
                        "%s: the picture is %g x %g, expected whole numbers "
                        "from 1 to %d and at most %d bytes",
                        op, width, height, MOST_SIDE, MOST_BYTES);
    if (bytes != width * height * 3)
        return lac_fail(LAC_E_ARGUMENT,
                        "%s: the picture has %g bytes, expected %.0f for %.0f x "
                        "%.0f",
                        op, bytes, width * height * 3, width, height);
    p->rgb = (uint8_t *)rgb;
    p->width = (int)width;
    p->height = (int)height;
    return LAC_OK;
}

static int check_place(const char *op, double x, double y) {
    if (isfinite(x) && isfinite(y)) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: the place is (%g, %g), expected finite numbers",
                    op, x, y);
}

static int check_colour(uint8_t *to, const char *op, const double *colour) {
    if (!colour) return lac_fail(LAC_E_ARGUMENT, "%s: the colour is NULL", op);
    for (int k = 0; k < 3; k++) {
        if (!(colour[k] >= 0 && colour[k] <= 255))
            return lac_fail(LAC_E_ARGUMENT,
                            "%s: the colour is (%g, %g, %g), expected numbers "
                            "from 0 to 255",
                            op, colour[0], colour[1], colour[2]);
        to[k] = (uint8_t)(colour[k] + 0.5);
    }
    return LAC_OK;
}

static int check_text(const char *op, double scale, const char *text) {
    if (!text) return lac_fail(LAC_E_ARGUMENT, "%s: the text is NULL", op);
    if (!(scale > 0 && scale <= 1000))
        return lac_fail(LAC_E_ARGUMENT,
                        "%s: the scale is %g, expected a number above 0, at "
                        "most 1000",
                        op, scale);
    return LAC_OK;
}

/* ---- drawing --------------------------------------------------------------------- */

/* The nearest whole number, cut to what any picture can tell apart. */
static int nearest(double x) {
    const double far = 1 << 24;
    return x < -far ? -(1 << 24) : x > far ? 1 << 24 : (int)floor(x + 0.5);
}

static area visible(const picture *p, double x0, double y0, double x1, double y1) {
    area a = {nearest(x0), nearest(y0), nearest(x1), nearest(y1)};
    if (a.x0 < 0) a.x0 = 0;
    if (a.y0 < 0) a.y0 = 0;
    if (a.x1 > p->width) a.x1 = p->width;
    if (a.y1 > p->height) a.y1 = p->height;
    return a;
}

static uint8_t *pixel(const picture *p, int x, int y) {
    return p->rgb + 3 * ((int64_t)y * p->width + x);
}

static void fill(const picture *p, area a, const uint8_t *colour) {
    for (int y = a.y0; y < a.y1; y++)
        for (int x = a.x0; x < a.x1; x++) memcpy(pixel(p, x, y), colour, 3);
}

int lac_image_rect(uint8_t *rgb, double bytes, double width, double height, double x,
                   double y, double rect_width, double rect_height,
                   const double *colour) {
    picture p = {0};
    uint8_t paint[3];
    LAC_TRY(check_picture(&p, "image_rect", rgb, bytes, width, height));
    LAC_TRY(check_place("image_rect", x, y));
    if (!(rect_width >= 0 && rect_height >= 0))
        return lac_fail(LAC_E_ARGUMENT,
                        "image_rect: the rectangle is %g x %g, expected numbers "
                        "from 0",
                        rect_width, rect_height);
    LAC_TRY(check_colour(paint, "image_rect", colour));
    fill(&p, visible(&p, x, y, x + rect_width, y + rect_height), paint);
    return LAC_OK;
}

int lac_image_blit(uint8_t *rgb, double bytes, double width, double height, double x,
                   double y, const uint8_t *from, double from_bytes, double from_width,
                   double from_height) {
    picture p = {0}, q = {0};
    LAC_TRY(check_picture(&p, "image_blit", rgb, bytes, width, height));
    LAC_TRY(check_picture(&q, "image_blit", from, from_bytes, from_width, from_height));
    LAC_TRY(check_place("image_blit", x, y));
    const int left = nearest(x), top = nearest(y);
    const area a = visible(&p, left, top, left + q.width, top + q.height);
    for (int row = a.y0; row < a.y1 && a.x0 < a.x1; row++)
        memmove(pixel(&p, a.x0, row), pixel(&q, a.x0 - left, row - top),
                3 * (size_t)(a.x1 - a.x0));
    return LAC_OK;
}

/* ---- text ------------------------------------------------------------------------ */

/* The next character that the font has; 0 at the end.  One question mark stands for each
 * character of UTF-8 that it lacks. */
static char next_letter(const char **text) {
    const unsigned char c = (unsigned char)*(*text)++;
    if (c == 0 || c == '\n' || (c >= ' ' && c <= '~')) return (char)c;
    while ((**text & 0xc0) == 0x80) (*text)++;
    return '?';
}

static int advance(char letter) {
    return stb_easy_font_charinfo[letter - 32].advance & 15;
}

int lac_image_text(uint8_t *rgb, double bytes, double width, double height, double x,
                   double y, double scale, const double *colour, const char *text) {
    picture p = {0};
    uint8_t paint[3];
    LAC_TRY(check_picture(&p, "image_text", rgb, bytes, width, height));
    LAC_TRY(check_place("image_text", x, y));
    LAC_TRY(check_text("image_text", scale, text));
    LAC_TRY(check_colour(paint, "image_text", colour));

    /* A letter is a few quads of four vertices: x, y, z and a colour. */
    float quads[64][4][4];
    double column = 0, line = 0;
    for (char c = next_letter(&text); c; c = next_letter(&text)) {
        if (c == '\n') {
            column = 0;
            line += LINE;
            continue;
        }
        char letter[2] = {c, 0};
        const int n = stb_easy_font_print(0, 0, letter, NULL, quads, sizeof quads);
        for (int i = 0; i < n; i++) {
            const float *least = quads[i][0], *most = quads[i][2];
            fill(&p,
                 visible(&p, x + scale * (column + (double)least[0]),
                         y + scale * (line + (double)least[1]),
                         x + scale * (column + (double)most[0]),
                         y + scale * (line + (double)most[1])),
                 paint);
        }
        column += advance(c);
    }
    return LAC_OK;
}

int lac_image_text_size(double *size, double scale, const char *text) {
    if (!size) return lac_fail(LAC_E_ARGUMENT, "image_text_size: the place is NULL");
    LAC_TRY(check_text("image_text_size", scale, text));
    double widest = 0, column = 0, lines = 1;
    for (char c = next_letter(&text); c; c = next_letter(&text)) {
        column = c == '\n' ? 0 : column + advance(c);
        lines += c == '\n';
        widest = fmax(widest, column);
    }
    size[0] = ceil(widest * scale);
    size[1] = ceil(lines * LINE * scale);
    return LAC_OK;
}

/* ---- PNG ------------------------------------------------------------------------- */

/* What the writer takes for a picture, rounded up: filtered rows and one row more; its
 * table of 2^14 lists, each grown to 23 pointers by doubling; and the result, at most 9
 * bits for a byte, grown by doubling (so four times its size in all), then copied. */
static size_t png_scratch(const picture *p) {
    const size_t rows = ((size_t)p->width * 3 + 1) * (size_t)p->height;
    const size_t packed = rows + rows / 8 + 256;
    return rows + (size_t)p->width * 3 + (1 << 14) * (sizeof(void *) + 384) + 5 * packed +
           4096;
}

static int save(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    if (!file)
        return lac_fail(LAC_E_FILE, "image_write_png: cannot open %s: %s", path,
                        strerror(errno));
    const int written = fwrite(bytes, 1, n, file) == n;
    const int why = errno;
    if (fclose(file) == 0 && written) return LAC_OK;
    return lac_fail(LAC_E_FILE, "image_write_png: cannot write %zu bytes to %s: %s", n,
                    path, strerror(written ? errno : why));
}

int lac_image_write_png(const char *path, const uint8_t *rgb, double bytes, double width,
                        double height) {
    picture p = {0};
    void *block;
    int n = 0;
    if (!path) return lac_fail(LAC_E_ARGUMENT, "image_write_png: the path is NULL");
    LAC_TRY(check_picture(&p, "image_write_png", rgb, bytes, width, height));

    const size_t room = png_scratch(&p);
    LAC_TRY(lac_host_alloc(&block, room));
    scratch = (arena){block, (char *)block + room};
    const void *png = stbi_write_png_to_mem(rgb, 3 * p.width, p.width, p.height, 3, &n);
    const int status = png ? save(path, png, (size_t)n)
                           : lac_fail(LAC_E_MEMORY,
                                      "image_write_png: no room for %.0f x %.0f "
                                      "pixels",
                                      width, height);
    scratch = (arena){NULL, NULL};
    lac_host_free(block);
    return status;
}
