/* cpu.c - the processor as a device */
#include "device.h"
#include "ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cpu_alloc(lac_device *d, void **out, size_t bytes) {
    (void)d;
    return posix_memalign(out, 64, bytes ? bytes : 1) == 0 ? LAC_OK : LAC_E_MEMORY;
}

static void cpu_release(lac_device *d, void *block, size_t bytes) {
    (void)d;
    (void)bytes;
    free(block);
}

static int cpu_move(lac_device *d, void *to, const void *from, size_t bytes) {
    (void)d;
    memmove(to, from, bytes);
    return LAC_OK;
}

static int cpu_fill(lac_device *d, void *to, int byte, size_t bytes) {
    (void)d;
    memset(to, byte, bytes);
    return LAC_OK;
}

static int cpu_sync(lac_device *d) {
    (void)d;
    return LAC_OK;
}

void lac_cpu_open(lac_device *d) {
    snprintf(d->name, sizeof d->name, "cpu");
    d->alloc = cpu_alloc;
    d->release = cpu_release;
    d->upload = d->download = d->copy = cpu_move;
    d->fill = cpu_fill;
    d->sync = cpu_sync;
#define LAC_OP(where, alias, op, ...) d->ops.op = lac_cpu_##op;
#include "ops.def"
#undef LAC_OP
}
