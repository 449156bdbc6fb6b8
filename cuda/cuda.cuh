/* cuda.cuh - what the operations stand on: launches, streams, errors
 *
 * An operation is a body: one that a thread runs for each element (lac_cuda_each), or
 * one that a block of LAC_THREADS threads runs for each job, in phases with a barrier
 * behind each (lac_cuda_blocks).  nvcc makes kernels of bodies.  A host compiler makes
 * loops of them, so that emulated.cpp can run every operation where there is no GPU.
 *
 *   lac_team     the threads of a block; each(phase) runs phase(thread) for all of them
 *   lac_own<T>   a T for each thread of the block, in registers on the device
 */
#ifndef LAC_CUDA_CUH
#define LAC_CUDA_CUH

#include "../core/device.h"

enum { LAC_THREADS = 256, LAC_SCRATCH = 1 << 20 };

extern "C" {
#define LAC_OP(where, alias, op, ...) int lac_cuda_##op(LAC_MAP(LAC_KERNEL, __VA_ARGS__));
#include "../core/ops.def"
#undef LAC_OP
}

#ifdef __CUDACC__

/* What core lent to lac_plugin_open. */
extern const lac_services *lac_cuda_services;

/* Leaves the sentence for a failed call, "cudaFoo(x)" losing its arguments. */
int lac_cuda_failed(const char *call, cudaError_t error);

/* Passes a failure of the CUDA runtime on. */
#define LAC_CUDA(call) \
    do { \
        const cudaError_t lac_error_ = (call); \
        if (lac_error_ != cudaSuccess) return lac_cuda_failed(#call, lac_error_); \
    } while (0)

/* Makes an operand's device the current one and gives its stream. */
int lac_cuda_enter(cudaStream_t *stream, int device);
/* Says whether the launch before it was accepted; with LACUNA_SYNC=1, whether it ended
 * well. */
int lac_cuda_launched(const char *op, cudaStream_t stream);

/* LAC_SCRATCH bytes on a device, for what an operation leaves to its own next launch; no
 * other thread gets them until it goes. */
struct lac_scratch {
    explicit lac_scratch(int device);
    ~lac_scratch();
    lac_scratch(const lac_scratch &) = delete;
    lac_scratch &operator=(const lac_scratch &) = delete;
    void *block;
    int device;
};

/* Blocks of a grid that strides over `jobs`, at least 1. */
static inline unsigned lac_cuda_grid(int64_t jobs) {
    return (unsigned)(jobs < INT32_MAX ? jobs : INT32_MAX);
}

struct lac_team {
    template <class Phase> __device__ void each(Phase phase) const {
        phase((int)threadIdx.x);
        __syncthreads();
    }
};

template <class T> struct lac_own {
    T value;
    __device__ T &operator[](int) { return value; }
};

/* Counts one more, whatever thread does so; the order of integers does not show in their
 * sum. */
static __device__ inline void lac_count_one(int32_t *counter) { atomicAdd(counter, 1); }

/* A thread handles elements i, i + threads in the grid, ... */
template <class Body>
__global__ void __launch_bounds__(LAC_THREADS)
    lac_each_kernel(const __grid_constant__ Body body, int64_t n) {
    const int64_t step = (int64_t)gridDim.x * LAC_THREADS;
    for (int64_t i = (int64_t)blockIdx.x * LAC_THREADS + threadIdx.x; i < n; i += step)
        body(i);
}

/* A block handles jobs j, j + blocks in the grid, ... */
template <class Body>
__global__ void __launch_bounds__(LAC_THREADS)
    lac_blocks_kernel(const __grid_constant__ Body body, int64_t jobs) {
    __shared__ typename Body::shared s;
    for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) body(lac_team(), s, job);
}

/* Runs body(i) for i < n, in any order, on the device of `on`. */
template <class Body>
int lac_cuda_each(const char *op, const lac_tensor *on, int64_t n, const Body &body) {
    cudaStream_t stream;
    if (n <= 0) return LAC_OK;
    LAC_TRY(lac_cuda_enter(&stream, on->device));
    const unsigned grid = lac_cuda_grid((n + LAC_THREADS - 1) / LAC_THREADS);
    lac_each_kernel<<<grid, LAC_THREADS, 0, stream>>>(body, n);
    return lac_cuda_launched(op, stream);
}

/* Runs body(team, shared, job) for job < jobs, in any order, on the device of `on`. */
template <class Body>
int lac_cuda_blocks(const char *op, const lac_tensor *on, int64_t jobs,
                    const Body &body) {
    cudaStream_t stream;
    if (jobs <= 0) return LAC_OK;
    LAC_TRY(lac_cuda_enter(&stream, on->device));
    lac_blocks_kernel<<<lac_cuda_grid(jobs), LAC_THREADS, 0, stream>>>(body, jobs);
    return lac_cuda_launched(op, stream);
}

#else
#include "emulated.h"
#endif

/* The smaller of what is left and what a block takes at once. */
static __host__ __device__ inline int lac_at_most(int64_t left, int most) {
    return left < most ? (int)left : most;
}

/* a / b and a % b for a >= 0, b > 0; 64-bit division is slow, so it is done only where
 * it must. */
static __device__ inline int64_t lac_divide(int64_t a, int64_t b, int64_t *rest) {
    const int64_t q = (a | b) >> 32 ? a / b : (int64_t)((uint32_t)a / (uint32_t)b);
    *rest = a - q * b;
    return q;
}

#endif
