/* emulated.cpp - lacuna_emulated.so: the plugin's bodies run by the processor, for tests
 *
 * LACUNA_CUDA_PLUGIN=.../lacuna_emulated.so makes it the device `cuda`, so the specs
 * exercise the very code of every kernel, its walks, its phases and its shared memory,
 * where no GPU is.  It proves nothing about the driver, the launches and the order
 * between threads inside a phase.
 */
#include "cuda.cuh"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static int host_alloc(lac_device *, void **out, size_t bytes) {
    return posix_memalign(out, 256, bytes ? bytes : 1) == 0 ? LAC_OK : LAC_E_MEMORY;
}

static void host_release(lac_device *, void *block, size_t) { free(block); }

static int host_move(lac_device *, void *to, const void *from, size_t bytes) {
    memmove(to, from, bytes);
    return LAC_OK;
}

static int host_fill(lac_device *, void *to, int byte, size_t bytes) {
    memset(to, byte, bytes);
    return LAC_OK;
}

static int host_sync(lac_device *) { return LAC_OK; }

static int open_device(lac_device *d, int) {
    d->alloc = host_alloc;
    d->release = host_release;
    d->upload = d->download = d->copy = host_move;
    d->fill = host_fill;
    d->sync = host_sync;
    lac_cuda_table(&d->ops);
    return LAC_OK;
}

extern "C" __attribute__((visibility("default"))) const lac_plugin *
lac_plugin_open(int abi, const lac_services *services) {
    static const lac_plugin plugin = {LAC_ABI, 1, NULL, open_device};
    return abi == LAC_ABI && services->abi == LAC_ABI ? &plugin : NULL;
}
