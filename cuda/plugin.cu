/* plugin.cu - lacuna_cuda.so: the devices that the driver sees, their memory and their
 * streams
 *
 * All work of a device goes to one stream, so an operation, a copy and the release of a
 * block happen in the order of the calls, whatever thread makes them.
 */
#include "cuda.cuh"
#include "table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEVICES = LAC_MAX_DEVICES - LAC_CUDA };
/* What core's cache gives back stays with the driver up to here, until the next wait. */
static const uint64_t KEPT = (uint64_t)256 << 20;

typedef struct cuda_device {
    cudaStream_t stream;
    cudaMemPool_t pool; /* NULL where the driver has none */
    void *scratch;
} cuda_device;

const lac_services *lac_cuda_services;
static cuda_device devices[MOST_DEVICES];
static pthread_mutex_t scratch_lock = PTHREAD_MUTEX_INITIALIZER;
static int synchronise; /* LACUNA_SYNC=1: every operation waits for its end */

/* ---- errors ------------------------------------------------------------------------ */

int lac_cuda_failed(const char *call, cudaError_t error) {
    const int status = error == cudaErrorMemoryAllocation ? LAC_E_MEMORY : LAC_E_DEVICE;
    /* A fault inside a kernel shows at whatever call comes next. */
    const int late = error >= cudaErrorIllegalAddress && error <= cudaErrorLaunchFailure;
    cudaGetLastError(); /* else the next launch is blamed */
    lac_cuda_services->fail(
        status, "cuda: %.*s says '%s'%s", (int)strcspn(call, "("), call,
        cudaGetErrorString(error),
        late && !synchronise
            ? "; an earlier operation may be the cause, LACUNA_SYNC=1 finds it"
            : "");
    return status;
}

int lac_cuda_launched(const char *op, cudaStream_t stream) {
    cudaError_t error = cudaGetLastError();
    if (error == cudaSuccess && synchronise) error = cudaStreamSynchronize(stream);
    if (error == cudaSuccess) return LAC_OK;
    return lac_cuda_failed(op, error);
}

/* ---- memory ------------------------------------------------------------------------ */

int lac_cuda_enter(cudaStream_t *stream, int device) {
    LAC_CUDA(cudaSetDevice(device - LAC_CUDA));
    *stream = devices[device - LAC_CUDA].stream;
    return LAC_OK;
}

lac_scratch::lac_scratch(int id) : block(devices[id - LAC_CUDA].scratch), device(id) {
    pthread_mutex_lock(&scratch_lock);
}

lac_scratch::~lac_scratch() { pthread_mutex_unlock(&scratch_lock); }

static cudaError_t take(cuda_device *c, void **out, size_t bytes) {
    return c->pool ? cudaMallocFromPoolAsync(out, bytes, c->pool, c->stream)
                   : cudaMalloc(out, bytes);
}

/* A failure leaves no sentence: core trims its cache, asks again and says what it
 * wanted. */
static int cuda_alloc(lac_device *d, void **out, size_t bytes) {
    cuda_device *c = (cuda_device *)d->state;
    cudaStream_t stream;
    LAC_TRY(lac_cuda_enter(&stream, d->id));
    if (bytes == 0) bytes = 1;
    cudaError_t error = take(c, out, bytes);
    if (error == cudaErrorMemoryAllocation && c->pool) {
        cudaGetLastError();
        LAC_CUDA(cudaStreamSynchronize(stream));
        LAC_CUDA(cudaMemPoolTrimTo(c->pool, 0));
        error = take(c, out, bytes);
    }
    if (error == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        return LAC_E_MEMORY;
    }
    return error == cudaSuccess ? LAC_OK : lac_cuda_failed("cudaMalloc", error);
}

/* Nobody could be told of a failure; the runtime may be gone when a process ends. */
static void cuda_release(lac_device *d, void *block, size_t bytes) {
    cuda_device *c = (cuda_device *)d->state;
    (void)bytes;
    cudaSetDevice(d->id - LAC_CUDA);
    if (c->pool)
        cudaFreeAsync(block, c->stream);
    else
        cudaFree(block); /* waits for the device, as it must */
    cudaGetLastError();
}

/* Waits, because the caller may reuse `host` at once, and not every driver has read
 * pageable memory by the time that cudaMemcpyAsync returns. */
static int cuda_upload(lac_device *d, void *to, const void *host, size_t bytes) {
    cudaStream_t stream;
    LAC_TRY(lac_cuda_enter(&stream, d->id));
    LAC_CUDA(cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, stream));
    LAC_CUDA(cudaStreamSynchronize(stream));
    return LAC_OK;
}

static int cuda_download(lac_device *d, void *host, const void *from, size_t bytes) {
    cudaStream_t stream;
    LAC_TRY(lac_cuda_enter(&stream, d->id));
    LAC_CUDA(cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, stream));
    LAC_CUDA(cudaStreamSynchronize(stream));
    return LAC_OK;
}

/* Views may overlap, which the runtime leaves undefined; then the copy goes by way of a
 * third block. */
static int cuda_copy(lac_device *d, void *to, const void *from, size_t bytes) {
    const char *a = (const char *)to, *b = (const char *)from;
    const void *source = from;
    void *between = NULL;
    cudaStream_t stream;
    LAC_TRY(lac_cuda_enter(&stream, d->id));
    if (a == b) return LAC_OK;
    if (a < b + bytes && b < a + bytes) {
        if (cuda_alloc(d, &between, bytes) != LAC_OK)
            return lac_cuda_services->fail(
                LAC_E_MEMORY, "copy: no room for %zu bytes on %s", bytes, d->name);
        source = between;
    }
    cudaError_t error = cudaSuccess;
    if (between)
        error = cudaMemcpyAsync(between, from, bytes, cudaMemcpyDeviceToDevice, stream);
    if (error == cudaSuccess)
        error = cudaMemcpyAsync(to, source, bytes, cudaMemcpyDeviceToDevice, stream);
    if (between) cuda_release(d, between, bytes);
    return error == cudaSuccess ? LAC_OK : lac_cuda_failed("cudaMemcpyAsync", error);
}

static int cuda_fill(lac_device *d, void *to, int byte, size_t bytes) {
    cudaStream_t stream;
    LAC_TRY(lac_cuda_enter(&stream, d->id));
    LAC_CUDA(cudaMemsetAsync(to, byte, bytes, stream));
    return LAC_OK;
}

static int cuda_sync(lac_device *d) {
    cudaStream_t stream;
    LAC_TRY(lac_cuda_enter(&stream, d->id));
    LAC_CUDA(cudaStreamSynchronize(stream));
    return LAC_OK;
}

/* ---- opening ----------------------------------------------------------------------- */

/* One thread, nothing to do: tells whether this build has code for the device. */
static __global__ void probe(void) {}

static int check_code(int index) {
    cudaFuncAttributes attributes;
    const cudaError_t error = cudaFuncGetAttributes(&attributes, probe);
    if (error == cudaSuccess) return LAC_OK;
    if (error != cudaErrorNoKernelImageForDevice &&
        error != cudaErrorInvalidDeviceFunction &&
        error != cudaErrorUnsupportedPtxVersion)
        return lac_cuda_failed("cudaFuncGetAttributes", error);
    int major = 0, minor = 0;
    cudaGetLastError();
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index);
    cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index);
    return lac_cuda_services->fail(LAC_E_DEVICE,
                                   "device: cuda:%d is of architecture %d.%d, expected "
                                   "one that this build has kernels for; "
                                   "LACUNA_CUDA_ARCHITECTURES chooses them",
                                   index, major, minor);
}

static int open_pool(cuda_device *c, int index) {
    int has_pools = 0;
    LAC_CUDA(cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, index));
    if (!has_pools) return LAC_OK;
    cudaMemPoolProps props;
    memset(&props, 0, sizeof props);
    props.allocType = cudaMemAllocationTypePinned;
    props.handleTypes = cudaMemHandleTypeNone;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = index;
    uint64_t kept = KEPT;
    LAC_CUDA(cudaMemPoolCreate(&c->pool, &props));
    LAC_CUDA(cudaMemPoolSetAttribute(c->pool, cudaMemPoolAttrReleaseThreshold, &kept));
    return LAC_OK;
}

/* May run again after it failed; what was made before is used then. */
static int open_device(lac_device *d, int index) {
    cuda_device *c = &devices[index];
    LAC_CUDA(cudaSetDevice(index));
    LAC_TRY(check_code(index));
    if (!c->stream)
        LAC_CUDA(cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking));
    if (!c->pool) LAC_TRY(open_pool(c, index));
    if (!c->scratch) LAC_CUDA(cudaMalloc(&c->scratch, LAC_SCRATCH));
    d->state = c;
    d->alloc = cuda_alloc;
    d->release = cuda_release;
    d->upload = cuda_upload;
    d->download = cuda_download;
    d->copy = cuda_copy;
    d->fill = cuda_fill;
    d->sync = cuda_sync;
    lac_cuda_table(&d->ops);
    return LAC_OK;
}

static void explain(char *why, size_t size, cudaError_t error) {
    int driver = 0;
    const int needed = CUDART_VERSION;
    cudaDriverGetVersion(&driver);
    if (error == cudaSuccess || error == cudaErrorNoDevice)
        snprintf(why, size, "the driver sees no device");
    else if (error == cudaErrorInsufficientDriver && driver == 0)
        snprintf(why, size, "no NVIDIA driver is installed");
    else if (error == cudaErrorInsufficientDriver)
        snprintf(why, size, "the driver is for CUDA %d.%d, expected %d.%d or newer",
                 driver / 1000, driver % 1000 / 10, needed / 1000, needed % 1000 / 10);
    else
        snprintf(why, size, "the driver says '%s'", cudaGetErrorString(error));
    cudaGetLastError();
}

extern "C" __attribute__((visibility("default"))) const lac_plugin *
lac_plugin_open(int abi, const lac_services *services) {
    static lac_plugin plugin = {LAC_ABI, 0, NULL, open_device};
    static char why[160];
    if (abi != LAC_ABI || services->abi != LAC_ABI) return NULL;
    lac_cuda_services = services;
    const char *asked = getenv("LACUNA_SYNC");
    synchronise = asked && strcmp(asked, "1") == 0;

    const cudaError_t error = cudaGetDeviceCount(&plugin.count);
    if (error != cudaSuccess) plugin.count = 0;
    if (plugin.count > MOST_DEVICES) plugin.count = MOST_DEVICES;
    if (plugin.count == 0) {
        explain(why, sizeof why, error);
        plugin.why = why;
    }
    return &plugin;
}
