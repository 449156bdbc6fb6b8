/* checksum.c - the CRC-32 of zlib and gzip, over bytes and over tensors on any device
 *
 * It sees every change within 32 bits in a row, so also each single bit; of all others
 * it misses one in 2^32.
 */
#include "../device.h"
#include "../memory.h"

#include <string.h>

enum { PIECE = 1 << 20 }; /* bytes of a tensor of another device at a time */

static const uint32_t POLYNOMIAL =
    0xEDB88320u; /* reflected: the lowest bit comes first */

/* table[k][b] is the checksum of byte b with k zero bytes behind it. */
typedef uint32_t table[8][256];

static void fill(table t) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int i = 0; i < 8; i++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        t[0][byte] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++) {
            const uint32_t before = t[k - 1][byte];
            t[k][byte] = before >> 8 ^ t[0][before & 255];
        }
}

/* Eight bytes a step, so that the eight looks into the table need not wait for each
 * other. */
static uint32_t extend(uint32_t crc, const uint8_t *p, int64_t n, table t) {
    crc = ~crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + 4, 4);
        low ^= crc;
        crc = t[7][low & 255] ^ t[6][low >> 8 & 255] ^ t[5][low >> 16 & 255] ^
              t[4][low >> 24] ^ t[3][high & 255] ^ t[2][high >> 8 & 255] ^
              t[1][high >> 16 & 255] ^ t[0][high >> 24];
    }
    for (; n > 0; n--, p++) crc = crc >> 8 ^ t[0][(crc ^ *p) & 255];
    return ~crc;
}

static int start(int64_t *crc, const double *given) {
    if (!given) return lac_fail(LAC_E_ARGUMENT, "checksum: the place is NULL");
    return lac_whole(crc, "checksum", "the checksum so far", *given, 0, UINT32_MAX);
}

int lac_checksum(double *crc, const char *bytes, double n) {
    int64_t before, count;
    LAC_TRY(start(&before, crc));
    if (!bytes) return lac_fail(LAC_E_ARGUMENT, "checksum: the bytes are NULL");
    LAC_TRY(lac_whole(&count, "checksum", "the number of bytes", n, 0, (int64_t)1 << 53));
    table t;
    fill(t);
    *crc = extend((uint32_t)before, (const uint8_t *)bytes, count, t);
    return LAC_OK;
}

/* Over the elements as a file holds them; they pass through `piece` if the host cannot
 * touch them. */
static int over(uint32_t *crc, const lac_tensor *t, char *piece) {
    const int64_t bytes = (int64_t)lac_bytes(t);
    lac_device *d = lac_device_get(t->device);
    table rows;
    if (!d) return LAC_E_DEVICE;
    fill(rows);
    if (!piece) {
        *crc = extend(*crc, t->data, bytes, rows);
        return LAC_OK;
    }
    for (int64_t done = 0; done < bytes; done += PIECE) {
        const int64_t n = bytes - done < PIECE ? bytes - done : PIECE;
        LAC_TRY(d->download(d, piece, (const char *)t->data + done, (size_t)n));
        *crc = extend(*crc, (const uint8_t *)piece, n, rows);
    }
    return LAC_OK;
}

int lac_checksum_tensor(double *crc, const lac_tensor *t) {
    int64_t before;
    LAC_TRY(start(&before, crc));
    if (!t) return lac_fail(LAC_E_ARGUMENT, "checksum: the tensor is NULL");
    uint32_t sum = (uint32_t)before;
    void *piece = NULL;
    if (t->device != LAC_CPU) LAC_TRY(lac_host_alloc(&piece, PIECE));
    const int status = over(&sum, t, piece);
    lac_host_free(piece);
    if (status == LAC_OK) *crc = sum;
    return status;
}
