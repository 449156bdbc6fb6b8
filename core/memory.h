/* memory.h - host memory for the runtime's own structures: counted, and able to fail on
 * demand
 *
 * Tensor payloads come from their device (device.h); whatever else core keeps comes from
 * here, so that a spec sees every byte left behind and every allocation can be made to
 * fail.
 */
#ifndef LAC_MEMORY_H
#define LAC_MEMORY_H

#include "error.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gives `bytes` of uninitialised memory, 64-byte aligned; zero bytes give a pointer that
 * may be freed.  LAC_E_MEMORY leaves *out as it was. */
int lac_host_alloc(void **out, size_t bytes);
int lac_host_calloc(void **out, size_t count, size_t size);
/* Grows or shrinks; on failure the old block stays valid and *block unchanged. */
int lac_host_realloc(void **block, size_t bytes);
void lac_host_free(void *block);

/* Whether a spec wants this allocation to fail; for memory that comes from elsewhere. */
int lac_planned_failure(size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
