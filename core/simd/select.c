/* select.c - the table for this processor, or the one that LACUNA_ISA names */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

static const lac_simd *choose(void) {
#if defined(__x86_64__)
    const char *name = getenv("LACUNA_ISA");

    __builtin_cpu_init();
    const int fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int wide =
        fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");

    if (name && strcmp(name, "portable") == 0) return &lac_simd_portable;
    if (fma && name && strcmp(name, "avx2") == 0) return &lac_simd_avx2;
    if (wide) return &lac_simd_avx512;
    if (fma) return &lac_simd_avx2;
#endif
    return &lac_simd_portable;
}

/* Threads that arrive together choose the same. */
const lac_simd *lac_simd_get(void) {
    static _Atomic(const lac_simd *) chosen;
    const lac_simd *table = atomic_load(&chosen);

    if (!table) {
        table = choose();
        atomic_store(&chosen, table);
    }
    return table;
}
