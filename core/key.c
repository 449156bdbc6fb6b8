/* key.c - tables, decoding and sorting of keys */
#include "key.h"

#include <string.h>

lac_key lac_key_spread[LAC_MAX_DIMENSION + 1][256];

__attribute__((constructor)) static void fill_tables(void) {
    for (int d = 1; d <= LAC_MAX_DIMENSION; d++)
        for (int v = 0; v < 256; v++)
            for (int l = 0; l < 8; l++)
                lac_key_spread[d][v] |= (lac_key)(v >> l & 1) << (l * d);
}

void lac_key_decode(int32_t *coords, lac_key key, int dimension, int bits) {
    coords[0] = (int32_t)(key >> (bits * dimension));
    for (int a = 0; a < dimension; a++) {
        lac_key rest = key >> (dimension - 1 - a);
        uint32_t biased = 0;
        for (int l = 0; l < bits; l++, rest >>= dimension)
            biased |= (uint32_t)(rest & 1) << l;
        coords[1 + a] = (int32_t)((int64_t)biased - ((int64_t)1 << (bits - 1)));
    }
}

/* One word, least significant digit first; a digit that all keys share is skipped. */
static void sort_word(int32_t *order, int32_t *spare, const uint64_t *keys, int64_t n) {
    enum { DIGIT = 11, BUCKETS = 1 << DIGIT };
    int64_t count[BUCKETS];
    uint64_t differing = 0;
    for (int64_t i = 1; i < n; i++) differing |= keys[i] ^ keys[0];

    for (int shift = 0; shift < 64; shift += DIGIT) {
        if ((differing >> shift & (BUCKETS - 1)) == 0) continue;
        memset(count, 0, sizeof count);
        for (int64_t i = 0; i < n; i++) count[keys[i] >> shift & (BUCKETS - 1)]++;
        int64_t start = 0;
        for (int b = 0; b < BUCKETS; b++) {
            const int64_t here = count[b];
            count[b] = start;
            start += here;
        }
        for (int64_t i = 0; i < n; i++)
            spare[count[keys[order[i]] >> shift & (BUCKETS - 1)]++] = order[i];
        memcpy(order, spare, (size_t)n * sizeof *order);
    }
}

void lac_key_sort(int32_t *order, int32_t *spare, const uint64_t *low,
                  const uint64_t *high, int64_t n) {
    int sorted = 1;
    for (int64_t i = 1; i < n && sorted; i++) {
        const int32_t a = order[i - 1], b = order[i];
        sorted = high && high[a] != high[b] ? high[a] < high[b] : low[a] <= low[b];
    }
    if (sorted) return;
    sort_word(order, spare, low, n);
    if (high) sort_word(order, spare, high, n);
}
