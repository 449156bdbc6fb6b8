/* off.c - OFF files
 *
 * A header, the counts, one vertex a line, one face a line.  What stands behind the
 * three coordinates of a vertex or the indices of a face, up to the end of the line, is
 * colour, normal or texture, and skipped.  A record that goes on in the next line is
 * read too, but then its last line must end with it: otherwise a vertex short of a
 * number would take the next one's.
 */
#include "mesh.h"

#include "../memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct cursor {
    const char *start, *at, *end;
} cursor;

/* ---- characters and lines -------------------------------------------------------- */

static int blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
static int newline(char c) { return c == '\n' || c == '\r'; }
static int digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* Whether a word ends at p. */
static int word_end(const cursor *c, const char *p) {
    return p == c->end || blank(*p) || newline(*p) || *p == '#';
}

static void skip_line(cursor *c) {
    while (c->at < c->end && !newline(*c->at)) c->at++;
}

/* Goes to the next word of this line; 0 if there is none. */
static int word_here(cursor *c) {
    while (c->at < c->end && blank(*c->at)) c->at++;
    return c->at < c->end && !newline(*c->at) && *c->at != '#';
}

/* Goes to the next word of this or a later line; 0 at the end of the file. */
static int word_ahead(cursor *c) {
    while (!word_here(c)) {
        skip_line(c);
        if (c->at == c->end) return 0;
        c->at++;
    }
    return 1;
}

/* Lines end with \n, \r or \r\n; only failures ask for the number. */
static long long line_number(const cursor *c) {
    long long line = 1;
    for (const char *p = c->start; p < c->at; p++)
        line += *p == '\r' || (*p == '\n' && (p == c->start || p[-1] != '\r'));
    return line;
}

static int refuse(const cursor *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int refuse(const cursor *c, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return lac_fail(LAC_E_FILE, "mesh_read_off: line %lld: %s", line_number(c), text);
}

enum { QUOTE = 24 };

/* The next word, fit to be printed. */
static const char *quote(char text[QUOTE], const cursor *c) {
    int n = 0;
    for (const char *p = c->at; p < c->end && !blank(*p) && !newline(*p) && n < QUOTE - 1;
         p++)
        text[n++] = *p < ' ' || *p > '~' ? '?' : *p;
    text[n] = 0;
    return text;
}

/* ---- numbers --------------------------------------------------------------------- */

/* Reads a whole number; large ones stop at 10^18.  0 if the word is anything else. */
static int whole(cursor *c, int64_t *value) {
    const char *p = c->at;
    int64_t n = 0;
    for (; p < c->end && digit(*p); p++)
        n = n < INT64_C(100000000000000000) ? 10 * n + (*p - '0')
                                            : INT64_C(1000000000000000000);
    if (p == c->at || !word_end(c, p)) return 0;
    c->at = p;
    *value = n;
    return 1;
}

/* digits * 10^exponent, with a few roundings of a double at most. */
static double scaled(uint64_t digits, int64_t exponent) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double value = (double)digits;

    if (digits == 0 || exponent < -100) return 0;
    if (exponent > 100) return HUGE_VAL;
    for (; exponent > 22; exponent -= 22) value *= 1e22;
    for (; exponent < -22; exponent += 22) value /= 1e22;
    return exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
}

/* The decimal exponent at p, cut at a million; 0 and *next = p if there is none. */
static int64_t read_exponent(const char **next, const char *p, const char *end) {
    *next = p;
    if (p == end || lower(*p) != 'e') return 0;
    const int negative = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end || !digit(*p)) return 0;

    int64_t n = 0;
    for (; p < end && digit(*p); p++)
        if (n < 1000000) n = 10 * n + (*p - '0');
    *next = p;
    return negative ? -n : n;
}

/* Reads a float, rounded to nearest but for less than one unit in the last place,
 * whatever the locale.  0 if the word is anything else, nan, infinite or too large. */
static int real(cursor *c, float *value) {
    const char *p = c->at;
    const int negative = *p == '-';
    uint64_t digits = 0;
    int64_t exponent = 0;
    int kept = 0, seen = 0;

    if (*p == '-' || *p == '+') p++;
    for (int point = 0; p < c->end; p++) {
        if (*p == '.' && !point) {
            point = 1;
            continue;
        }
        if (!digit(*p)) break;
        seen = 1;
        if (kept < 19) {
            digits = 10 * digits + (uint64_t)(*p - '0');
            kept += digits != 0;
            exponent -= point;
        } else {
            exponent += !point;
        }
    }
    if (!seen) return 0;
    exponent += read_exponent(&p, p, c->end);
    if (!word_end(c, p)) return 0;
    /* Microsoft's 1.#INF and 1.#IND are no comments. */
    if (c->end - p > 2 && *p == '#' && (p[1] == 'I' || p[1] == 'Q' || p[1] == 'S') &&
        p[2] == 'N')
        return 0;

    const double result = scaled(digits, exponent);
    if (result >= 0x1.ffffffp127) return 0;
    c->at = p;
    *value = (float)(negative ? -result : result);
    return 1;
}

/* ---- the header ------------------------------------------------------------------ */

static int has(const char **p, const char *end, const char *word) {
    const size_t n = strlen(word);
    if ((size_t)(end - *p) < n) return 0;
    for (size_t i = 0; i < n; i++)
        if (lower((*p)[i]) != lower(word[i])) return 0;
    *p += n;
    return 1;
}

static int not_off(const cursor *c) {
    char word[QUOTE];
    return refuse(c, "the file begins with \"%s\", expected OFF", quote(word, c));
}

/* Passes [ST][C][N][4][n]OFF, to which the counts may be glued. */
static int read_keyword(cursor *c) {
    const char *p = c->at;
    char word[QUOTE];

    has(&p, c->end, "ST");
    has(&p, c->end, "C");
    const int spelt_n = c->end - p > 1 && p[0] == 'n' && p[1] == 'O';
    if (!spelt_n) has(&p, c->end, "N");
    const int four = has(&p, c->end, "4");
    const int many = has(&p, c->end, "n");
    if (!has(&p, c->end, "OFF") || !(word_end(c, p) || digit(*p) || *p == '-'))
        return not_off(c);
    if (four || many)
        return refuse(c, "\"%s\" has %s coordinates a vertex, expected 3", quote(word, c),
                      many ? "any number of" : "4");
    c->at = p;
    if (word_here(c) && (p = c->at, has(&p, c->end, "BINARY")))
        return refuse(c, "the file is binary OFF, expected text");
    return LAC_OK;
}

static int read_count(int64_t *count, cursor *c, const char *what) {
    char word[QUOTE];
    if (!word_ahead(c)) return refuse(c, "the file ends before the number of %s", what);
    if (!whole(c, count))
        return refuse(c, "the number of %s is \"%s\", expected a whole number from 0",
                      what, quote(word, c));
    return LAC_OK;
}

/* Passes the number of edges, if there is one in this line or alone in the next. */
static void skip_edges(cursor *c) {
    cursor next = *c;
    int64_t edges;
    if (!word_here(c) && word_ahead(&next) && whole(&next, &edges) && !word_here(&next))
        *c = next;
    skip_line(c);
}

/* Reads up to the end of the line with the counts. */
static int read_header(int64_t *n_vertices, int64_t *n_faces, cursor *c) {
    const char *mark = c->at;
    if (has(&mark, c->end, "\xef\xbb\xbf")) c->at = mark;
    if (!word_ahead(c))
        return refuse(c, "the file has %lld bytes and no word in them, expected OFF",
                      (long long)(c->end - c->start));

    /* Without a keyword only three counts alone in their line are believed. */
    cursor bare = *c;
    int64_t n;
    const int headless = whole(&bare, &n) && word_here(&bare) && whole(&bare, &n) &&
                         word_here(&bare) && whole(&bare, &n) && !word_here(&bare);
    if (!headless) LAC_TRY(read_keyword(c));
    LAC_TRY(read_count(n_vertices, c, "vertices"));
    LAC_TRY(read_count(n_faces, c, "faces"));
    skip_edges(c);

    /* "\n0 0 0" is the shortest vertex and "\n0" the shortest face. */
    const int64_t left = c->end - c->at;
    if (*n_vertices > left / 6 || *n_faces > (left - 6 * *n_vertices) / 2)
        return refuse(
            c,
            "the counts are %lld vertices and %lld faces, too many for the %lld "
            "bytes that follow",
            (long long)*n_vertices, (long long)*n_faces, (long long)left);
    if (*n_vertices > INT32_MAX)
        return refuse(c, "the file has %lld vertices, expected at most %d",
                      (long long)*n_vertices, INT32_MAX);
    return LAC_OK;
}

/* ---- the body -------------------------------------------------------------------- */

/* Goes to word i of a record; *line is how many stood in its first line if that was not
 * all of them, else -1. */
static int next_word(int64_t *line, int64_t i, cursor *c) {
    if (word_here(c)) return 1;
    if (*line < 0) *line = i;
    return word_ahead(c);
}

static int read_vertices(lac_mesh *m, cursor *c, int64_t n) {
    static const char *const axes[] = {"x", "y", "z"};
    char word[QUOTE];

    for (int64_t i = 0; i < n; i++) {
        if (!word_ahead(c))
            return refuse(c, "the file ends after %lld vertices, expected %lld",
                          (long long)i, (long long)n);
        const cursor begin = *c;
        int64_t line = -1;
        for (int k = 0; k < 3; k++) {
            if (!next_word(&line, k, c))
                return refuse(c, "the file ends inside vertex %lld of %lld", (long long)i,
                              (long long)n);
            if (!real(c, m->vertices + 3 * i + k))
                return refuse(c, "vertex %lld has %s = \"%s\", expected a finite number",
                              (long long)i, axes[k], quote(word, c));
        }
        if (line >= 0 && word_here(c))
            return refuse(&begin, "vertex %lld has %lld numbers in its line, expected 3",
                          (long long)i, (long long)line);
        skip_line(c);
    }
    m->n_vertices = n;
    return LAC_OK;
}

/* Appends a triangle; *room is the capacity of m->triangles. */
static int add_triangle(lac_mesh *m, int64_t *room, int32_t a, int32_t b, int32_t d) {
    if (m->n_triangles == *room) {
        void *grown = m->triangles;
        const int64_t more = *room + *room / 2 + 16;
        LAC_TRY(lac_host_realloc(&grown, (size_t)more * 3 * sizeof(int32_t)));
        m->triangles = grown;
        *room = more;
    }
    int32_t *t = m->triangles + 3 * m->n_triangles++;
    t[0] = a;
    t[1] = b;
    t[2] = d;
    return LAC_OK;
}

static int read_face(lac_mesh *m, int64_t *room, cursor *c, int64_t face) {
    const cursor begin = *c;
    char word[QUOTE];
    int64_t corners, index, line = -1;
    int32_t first = 0, last = 0;

    if (!whole(c, &corners))
        return refuse(c, "face %lld begins with \"%s\", expected its number of vertices",
                      (long long)face, quote(word, c));
    for (int64_t i = 0; i < corners; i++) {
        if (!next_word(&line, i, c))
            return refuse(
                c, "the file ends inside face %lld after %lld vertices, expected %lld",
                (long long)face, (long long)i, (long long)corners);
        const cursor here = *c;
        const int fits = whole(c, &index) && index < m->n_vertices;
        if (!fits && line < 0)
            return refuse(&here,
                          "face %lld names vertex \"%s\", expected a whole number "
                          "below %lld",
                          (long long)face, quote(word, &here), (long long)m->n_vertices);
        if (!fits || (line >= 0 && i == corners - 1 && word_here(c)))
            return refuse(&begin,
                          "face %lld has %lld vertices in its line, expected %lld",
                          (long long)face, (long long)line, (long long)corners);
        if (i >= 2) LAC_TRY(add_triangle(m, room, first, last, (int32_t)index));
        if (i == 0) first = (int32_t)index;
        last = (int32_t)index;
    }
    m->n_dropped += corners < 3;
    skip_line(c);
    return LAC_OK;
}

static int read_body(lac_mesh *m, cursor *c, int64_t n_vertices, int64_t n_faces) {
    void *block;
    LAC_TRY(lac_host_alloc(&block, (size_t)n_vertices * 3 * sizeof(float)));
    m->vertices = block;
    LAC_TRY(read_vertices(m, c, n_vertices));

    int64_t room = n_faces;
    LAC_TRY(lac_host_alloc(&block, (size_t)room * 3 * sizeof(int32_t)));
    m->triangles = block;
    for (int64_t i = 0; i < n_faces; i++) {
        if (!word_ahead(c))
            return refuse(c, "the file ends after %lld faces, expected %lld",
                          (long long)i, (long long)n_faces);
        LAC_TRY(read_face(m, &room, c, i));
    }
    m->n_faces = n_faces;
    if (m->n_triangles == room || m->n_triangles == 0) return LAC_OK;

    block = m->triangles;
    LAC_TRY(lac_host_realloc(&block, (size_t)m->n_triangles * 3 * sizeof(int32_t)));
    m->triangles = block;
    return LAC_OK;
}

int lac_mesh_read_off(lac_mesh **out, const char *bytes, double size) {
    if (!out)
        return lac_fail(LAC_E_ARGUMENT, "mesh_read_off: the place for the mesh is NULL");
    if (!bytes || !lac_mesh_whole(size, 0x1p52))
        return lac_fail(LAC_E_ARGUMENT,
                        "mesh_read_off: the input is %g bytes at %s, expected a "
                        "whole number of them",
                        size, bytes ? "a place" : "NULL");

    cursor c = {bytes, bytes, bytes + (size_t)size};
    int64_t n_vertices, n_faces;
    void *block;
    LAC_TRY(read_header(&n_vertices, &n_faces, &c));
    LAC_TRY(lac_host_calloc(&block, 1, sizeof(lac_mesh)));
    const int status = read_body(block, &c, n_vertices, n_faces);
    if (status == LAC_OK)
        *out = block;
    else
        lac_mesh_free(block);
    return status;
}
