/* lacuna.h - the public C interface of Lacuna, and the only header that Lua sees
 *
 * The build preprocesses this file with LAC_CDEF defined and hands the text to ffi.cdef,
 * so what Lua calls is what the C compiler checked; nothing is declared twice.
 *
 * Conventions
 *   status   A function that can fail returns LAC_OK or a negative lac_status and leaves
 *            one sentence, `op: what is A, expected B`, in lac_error(), per thread.
 *            Outputs are untouched on failure.
 *   owned    A function with `new` in its name, and every function that fills a `**out`,
 *            hands the caller a reference to be dropped with the matching `free`; every
 *            other one borrows.
 *   order    Outputs, inputs, plain parameters.
 *   numbers  Sizes, counts and indices cross as doubles, because LuaJIT boxes 64-bit
 *            integers; a value that is not whole or out of range is refused.  Indices
 *            count from zero.
 *   contents Operations test dtypes, devices, shapes and numbers, and not what an index
 *            tensor holds, which a device would have to be waited for: one that points
 *            outside makes them read or write there.  lac_index_range tells the bounds.
 *
 * Glossary
 *   site      an active grid coordinate of one sample; it owns one feature row
 *   coords    n x (1 + dimension) int32: batch index, then the coordinates
 *   features  n x planes float32; a plane is a channel
 *   stride    of a layer: the factor between two grids
 *   tap       one offset of a kernel; taps count with the first coordinate slowest
 *   rulebook  for each tap the pairs (input row, output row) that it joins
 *   scale     a set of sites on one grid
 */
#ifndef LACUNA_H
#define LACUNA_H

#ifndef LAC_CDEF
#include <stdint.h>
#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif
#endif

enum {
    LAC_ABI = 1,           /* raised when anything in this file changes its meaning */
    LAC_MAX_NDIM = 12,     /* of a tensor: batch, planes and ten dimensions */
    LAC_MAX_DIMENSION = 10 /* of sites */
};

typedef enum lac_status {
    LAC_OK = 0,
    LAC_E_ARGUMENT = -1,    /* a value or a size does not fit */
    LAC_E_TYPE = -2,        /* wrong element type, or an object of another kind */
    LAC_E_MEMORY = -3,      /* an allocation failed */
    LAC_E_DEVICE = -4,      /* operands on two devices, or a driver's failure */
    LAC_E_UNSUPPORTED = -5, /* this device has no kernel for it */
    LAC_E_FILE = -6,        /* a file or byte range cannot be read or written */
    LAC_E_INTERRUPTED = -7  /* lac_interrupt was called */
} lac_status;

typedef enum lac_dtype { LAC_F32 = 0, LAC_I32 = 1, LAC_I64 = 2, LAC_U8 = 3 } lac_dtype;

typedef struct lac_tensor lac_tensor;
typedef struct lac_sites lac_sites;
typedef struct lac_rulebook lac_rulebook;

/* ---- the runtime ----------------------------------------------------------------- */

int lac_abi(void);
const char *lac_version(void);
/* The sentence of this thread's last failure. */
const char *lac_error(void);

/* Threads that kernels may use, 1 to 256; at first one for each core, or LACUNA_THREADS.
 * Results do not depend on it. */
int lac_threads_set(double n);
int lac_threads(void);
/* The kernels in use: "avx512", "avx2" or "portable"; LACUNA_ISA chooses at start. */
const char *lac_isa(void);

/* Makes running kernels stop soon with LAC_E_INTERRUPTED; safe in a signal handler.
 * Those that run for a thread that does not heed it go on; a thread does until it says
 * no. */
void lac_interrupt(void);
void lac_heed_interrupts(int yes);
/* Whether lac_interrupt was called since the last time this was asked. */
int lac_interrupted(void);

/* Seconds since some moment, never going back; whether a file descriptor is a
 * terminal. */
double lac_seconds(void);
int lac_is_terminal(int descriptor);

/* ---- devices --------------------------------------------------------------------- */

/* Finds a device by name: "cpu", "shadow" (a second device for tests, in host memory that
 * the host cannot touch), "cuda", "cuda:1".  Says why when there is none. */
int lac_device_find(int *device, const char *name);
const char *lac_device_name(int device);
int lac_device_sync(int device);

/* Bytes in live tensors, sites and rulebooks of a device; `host` structures count to
 * cpu. */
double lac_memory_live(int device);
double lac_memory_cached(int device);
double lac_memory_peak(int device);
/* Makes the peak what is live now. */
void lac_memory_reset_peak(int device);
/* Gives cached blocks back to the system; live ones stay. */
void lac_memory_trim(int device);

/* For tests.  fail_after: the n-th allocation from now fails, once, or, where n is
 * negative, the -n-th and all after it; 0 switches it off.  failures: how many failed so,
 * ever.  limit: what is larger fails too; 0 switches it off.  poison: new blocks are
 * filled with a pattern that is a NaN in float32. */
void lac_debug_fail_after(double n);
double lac_debug_failures(void);
void lac_debug_limit(double bytes);
void lac_debug_poison(int on);
/* Accesses of the host to shadow memory since the last call; `report` (may be NULL) gets
 * the first one's description, cut to `size` bytes. */
int lac_shadow_violations(char *report, double size);
/* Names what is running, so that a violation can say so; NULL clears it. */
void lac_shadow_context(const char *name);
/* Touches the first byte of t's memory from the host, as a careless program would: reads
 * it (write = 0) or writes it.  Only for showing that shadow notices. */
int lac_debug_touch(lac_tensor *t, int write);
/* Oversteps a block by one float (kind 0) or reads one after release (kind 1): what the
 * address sanitizer must catch.  LAC_E_UNSUPPORTED in a build without it. */
int lac_debug_fault(double kind);

/* ---- tensors: dense, row-major, contiguous --------------------------------------- */

/* Allocates; contents are unspecified. */
int lac_tensor_new(lac_tensor **out, int device, int dtype, int ndim,
                   const double *shape);
/* Another handle on the same storage, `shape` holding as many elements from `first` on
 * (counted in elements).  Views share data and version. */
int lac_tensor_view(lac_tensor **out, const lac_tensor *t, double first, int ndim,
                    const double *shape);
void lac_tensor_free(lac_tensor *t);

int lac_tensor_ndim(const lac_tensor *t);
double lac_tensor_size(const lac_tensor *t, int axis);
double lac_tensor_count(const lac_tensor *t);
int lac_tensor_dtype(const lac_tensor *t);
int lac_tensor_device(const lac_tensor *t);
/* Raised by every write to the storage. */
double lac_tensor_version(const lac_tensor *t);
/* Whether two tensors share storage. */
int lac_tensor_shares(const lac_tensor *a, const lac_tensor *b);
/* The elements, for a tensor on the cpu; NULL elsewhere, with a sentence. */
void *lac_tensor_data(lac_tensor *t);

/* Copies all elements, across devices too; shapes may differ, counts and dtypes may
 * not. */
int lac_tensor_copy(lac_tensor *to, const lac_tensor *from);
/* Between a tensor and host bytes; `bytes` must be the size of the whole tensor. */
int lac_tensor_write(lac_tensor *t, const void *host, double bytes);
int lac_tensor_read(void *host, double bytes, const lac_tensor *t);

#include "lacuna_sites.h"
#include "lacuna_io.h"

/* ---- operations: one prototype for each line of ops.def -------------------------- */

int lac_op_count(void);
/* The name of operation i, NULL past the end; `where` (may be NULL) gets 1 if CUDA lacks
 * it. */
const char *lac_op_name(int i, int *cpu_only);

#include "op_params.h"
#define LAC_OP(where, alias, op, ...) int lac_##op(LAC_MAP(LAC_PUBLIC, __VA_ARGS__));
#include "ops.def"
#undef LAC_OP

#ifndef LAC_CDEF
#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
#endif
