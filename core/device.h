/* device.h - a device is a struct of function pointers; cpu, shadow and plugins fill one
 * in
 *
 * The operations' table has a slot for each line of ops.def.  A plugin is a library with
 * one entry, lac_plugin_open; it links to nothing of core and gets what it needs as
 * services.
 */
#ifndef LAC_DEVICE_H
#define LAC_DEVICE_H

#include "error.h"
#include "rulebook.h"
#include "tensor.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LAC_CPU = 0, LAC_SHADOW = 1, LAC_CUDA = 2, LAC_MAX_DEVICES = 18 };

typedef struct lac_op_table {
#define LAC_OP(where, alias, op, ...) int (*op)(LAC_MAP(LAC_KERNEL, __VA_ARGS__));
#include "ops.def"
#undef LAC_OP
} lac_op_table;

typedef struct lac_device lac_device;
struct lac_device {
    int id;
    char name[16];
    void *state; /* the owner's */

    int (*alloc)(lac_device *d, void **out, size_t bytes);
    void (*release)(lac_device *d, void *block, size_t bytes);
    int (*upload)(lac_device *d, void *to, const void *host, size_t bytes);
    int (*download)(lac_device *d, void *host, const void *from, size_t bytes);
    int (*copy)(lac_device *d, void *to, const void *from, size_t bytes);
    int (*fill)(lac_device *d, void *to, int byte, size_t bytes);
    int (*sync)(lac_device *d);

    lac_op_table ops; /* NULL where the device has no kernel */
};

/* What core lends to a plugin. */
typedef struct lac_services {
    int abi;
    int (*fail)(int status, const char *format, ...);
} lac_services;

/* What a plugin gives back: how many devices it sees, and each one's table. */
typedef struct lac_plugin {
    int abi;
    int count;
    const char *why; /* the reason when count is 0 */
    int (*open)(lac_device *d, int index);
} lac_plugin;

typedef const lac_plugin *(*lac_plugin_open_fn)(int abi, const lac_services *services);

/* The open device, or NULL with a sentence. */
lac_device *lac_device_get(int id);
/* The same, but NULL without a sentence and without opening anything. */
lac_device *lac_device_loaded(int id);

void lac_cpu_open(lac_device *d);
int lac_shadow_open(lac_device *d);

/* Memory of a device, counted and cached; contents unspecified. */
int lac_block_new(void **out, lac_device *device, size_t bytes);
void lac_block_free(lac_device *device, void *block, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
