/* device.c - the devices of this process; cpu always, shadow and plugins when first asked
 * for */
#include "device.h"
#include "memory.h"
#include "simd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lac_device devices[LAC_MAX_DEVICES];
static int is_open[LAC_MAX_DEVICES];
static const lac_plugin *plugin;
static char plugin_trouble[256];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int lac_abi(void) { return LAC_ABI; }
const char *lac_version(void) { return LAC_VERSION; }
const char *lac_isa(void) { return lac_simd_get()->name; }

/* The plugin lies beside this library; LACUNA_CUDA_PLUGIN names another. */
static void load_plugin(void) {
    static const lac_services services = {LAC_ABI, lac_fail};
    char path[4096];
    const char *given = getenv("LACUNA_CUDA_PLUGIN");
    Dl_info self;

    if (plugin || plugin_trouble[0]) return;
    if (given)
        snprintf(path, sizeof path, "%s", given);
    else {
        const int found = dladdr((void *)(intptr_t)lac_abi, &self) && self.dli_fname;
        const char *slash = found ? strrchr(self.dli_fname, '/') : NULL;
        snprintf(path, sizeof path, "%.*slacuna_cuda.so",
                 slash ? (int)(slash - self.dli_fname + 1) : 0,
                 slash ? self.dli_fname : "");
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(plugin_trouble, sizeof plugin_trouble, "no plugin: %.200s", dlerror());
        return;
    }
    lac_plugin_open_fn open;
    *(void **)&open = dlsym(library, "lac_plugin_open");
    const lac_plugin *p = open ? open(LAC_ABI, &services) : NULL;
    if (!p || p->abi != LAC_ABI) {
        snprintf(plugin_trouble, sizeof plugin_trouble, "the plugin is of another build");
        dlclose(library);
        return;
    }
    plugin = p;
}

static int open_device(int id) {
    lac_device *d = &devices[id];
    d->id = id;
    if (id == LAC_CPU) {
        lac_cpu_open(d);
        return LAC_OK;
    }
    if (id == LAC_SHADOW) return lac_shadow_open(d);
    load_plugin();
    if (!plugin)
        return lac_fail(LAC_E_DEVICE, "device: no cuda here, %s", plugin_trouble);
    if (id - LAC_CUDA >= plugin->count)
        return lac_fail(LAC_E_DEVICE,
                        "device: cuda:%d is not there, expected one of %d%s%s",
                        id - LAC_CUDA, plugin->count, plugin->why ? ": " : "",
                        plugin->why ? plugin->why : "");
    snprintf(d->name, sizeof d->name, id == LAC_CUDA ? "cuda" : "cuda:%d", id - LAC_CUDA);
    return plugin->open(d, id - LAC_CUDA);
}

lac_device *lac_device_loaded(int id) {
    if (id < 0 || id >= LAC_MAX_DEVICES) return NULL;
    return __atomic_load_n(&is_open[id], __ATOMIC_ACQUIRE) ? &devices[id] : NULL;
}

lac_device *lac_device_get(int id) {
    lac_device *d = lac_device_loaded(id);
    if (d) return d;
    if (id < 0 || id >= LAC_MAX_DEVICES) {
        lac_fail(LAC_E_DEVICE, "device: number %d, expected 0 to %d", id,
                 LAC_MAX_DEVICES - 1);
        return NULL;
    }
    pthread_mutex_lock(&lock);
    if (!is_open[id] && open_device(id) == LAC_OK)
        __atomic_store_n(&is_open[id], 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    return lac_device_loaded(id);
}

int lac_device_find(int *device, const char *name) {
    int id = -1, index = 0;
    char rest;
    if (!name)
        return lac_fail(LAC_E_DEVICE, "device: nil, expected a name such as 'cpu'");
    if (strcmp(name, "cpu") == 0) id = LAC_CPU;
    if (strcmp(name, "shadow") == 0) id = LAC_SHADOW;
    if (strcmp(name, "cuda") == 0) id = LAC_CUDA;
    if (sscanf(name, "cuda:%2d%c", &index, &rest) == 1 && index >= 0 &&
        index < LAC_MAX_DEVICES - LAC_CUDA)
        id = LAC_CUDA + index;
    if (id < 0)
        return lac_fail(LAC_E_DEVICE,
                        "device: '%.40s', expected cpu, shadow, cuda or cuda:N", name);
    if (!lac_device_get(id)) return LAC_E_DEVICE;
    *device = id;
    return LAC_OK;
}

const char *lac_device_name(int id) {
    lac_device *d = lac_device_loaded(id);
    return d ? d->name : "no device";
}

int lac_device_sync(int id) {
    lac_device *d = lac_device_get(id);
    return d ? d->sync(d) : LAC_E_DEVICE;
}
