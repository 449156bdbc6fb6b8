/* debug.c - faults on purpose, to show that the address sanitizer looks */
#include "memory.h"
#include "tensor.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

int lac_debug_fault(double kind) {
#ifdef SANITIZED
    const double four = 4;
    lac_tensor *t;
    LAC_TRY(lac_tensor_new(&t, 0, LAC_F32, 1, &four));
    volatile float *data = lac_f32(t);
    if (kind == 0) data[4] = 1;
    lac_tensor_free(t);
    return data[0] == 0 ? LAC_OK : LAC_E_ARGUMENT;
#else
    return lac_fail(LAC_E_UNSUPPORTED, "fault %g: this build has no address sanitizer",
                    kind);
#endif
}
