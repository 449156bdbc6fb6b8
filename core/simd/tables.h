/* tables.h - the tables that select.c chooses from */
#ifndef LAC_SIMD_TABLES_H
#define LAC_SIMD_TABLES_H

#include "../simd.h"

#if defined(__x86_64__)
extern const lac_simd lac_simd_avx512;
extern const lac_simd lac_simd_avx2;
#endif
extern const lac_simd lac_simd_portable;

#endif
