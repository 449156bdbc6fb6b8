/* op.c - the public entry of every operation: check the operands, pick their device, run
 *
 * Each line of ops.def becomes a function that tests, in this order: that every handle is
 * there and of the right dtype, that all are on one device, that no output overlaps
 * another operand, that whole numbers are whole; then lac_check_<op>; then that the
 * device has a kernel.  Only then does anything run.
 */
#include "device.h"
#include "memory.h"
#include "ops.h"

#include <math.h>

enum { CPU_ONLY = 1, ANYWHERE = 0, INPLACE = 1, DISTINCT = 0, MOST = 12 };
enum { READS = 0, WRITES = 1, ANY_DTYPE = -1 };

typedef struct operand {
    const char *name;
    const lac_tensor *tensor;
    int writes;
} operand;

typedef struct call {
    const char *op;
    operand operands[MOST];
    int count;
    int device; /* -1 until the first operand */
} call;

const char *lac_running_op;

static int same_device(call *c, const char *name, int device) {
    if (c->device < 0) c->device = device;
    if (c->device == device) return LAC_OK;
    return lac_fail(LAC_E_DEVICE, "%s: %s is on %s, expected %s", c->op, name,
                    lac_device_name(device), lac_device_name(c->device));
}

static int take(call *c, const char *name, const lac_tensor *t, int dtype, int writes) {
    if (!t) return lac_fail(LAC_E_TYPE, "%s: %s is nil, expected a tensor", c->op, name);
    if (dtype != ANY_DTYPE && t->dtype != dtype)
        return lac_fail(LAC_E_TYPE, "%s: %s is %s, expected %s", c->op, name,
                        lac_dtype_name(t->dtype), lac_dtype_name(dtype));
    c->operands[c->count++] = (operand){name, t, writes};
    return same_device(c, name, t->device);
}

static int take_book(call *c, const char *name, const lac_rulebook *b) {
    if (!b)
        return lac_fail(LAC_E_TYPE, "%s: %s is nil, expected a rulebook", c->op, name);
    return same_device(c, name, b->device);
}

static int take_number(const call *c, const char *name, double value) {
    if (!isnan(value)) return LAC_OK;
    return lac_fail(LAC_E_ARGUMENT, "%s: %s is nan, expected a number", c->op, name);
}

/* An output may share memory with an operand only in an INPLACE operation, element for
 * element. */
static int check_overlap(const call *c, int inplace) {
    for (int i = 0; i < c->count; i++) {
        const operand *y = &c->operands[i];
        for (int j = 0; y->writes && j < c->count; j++) {
            const operand *x = &c->operands[j];
            if (j == i || y->tensor->storage != x->tensor->storage) continue;
            const char *a = y->tensor->data, *b = x->tensor->data;
            if (a + lac_bytes(y->tensor) <= b || b + lac_bytes(x->tensor) <= a) continue;
            if (!x->writes && inplace && a == b && y->tensor->count == x->tensor->count)
                continue;
            return lac_fail(LAC_E_ARGUMENT, "%s: %s shares memory with %s", c->op,
                            y->name, x->name);
        }
    }
    return LAC_OK;
}

static lac_device *ready(const call *c, int inplace) {
    return check_overlap(c, inplace) == LAC_OK ? lac_device_get(c->device) : NULL;
}

static int finish(const call *c, int status) {
    for (int i = 0; i < c->count; i++)
        if (c->operands[i].writes)
            lac_storage_touched((lac_tensor *)c->operands[i].tensor);
    return status;
}

#define TAKE(kind, name) TAKE_##kind(name)
#define TAKE_OUT(x)      LAC_TRY(take(&c, #x, x, LAC_F32, WRITES));
#define TAKE_INOUT(x)    LAC_TRY(take(&c, #x, x, LAC_F32, WRITES));
#define TAKE_IN(x)       LAC_TRY(take(&c, #x, x, LAC_F32, READS));
#define TAKE_OPT(x) \
    if (x) LAC_TRY(take(&c, #x, x, LAC_F32, READS));
#define TAKE_IDX_OUT(x)   LAC_TRY(take(&c, #x, x, LAC_I32, WRITES));
#define TAKE_IDX(x)       LAC_TRY(take(&c, #x, x, LAC_I32, READS));
#define TAKE_LONG(x)      LAC_TRY(take(&c, #x, x, LAC_I64, READS));
#define TAKE_ANY_OUT(x)   LAC_TRY(take(&c, #x, x, ANY_DTYPE, WRITES));
#define TAKE_ANY_INOUT(x) LAC_TRY(take(&c, #x, x, ANY_DTYPE, WRITES));
#define TAKE_ANY(x)       LAC_TRY(take(&c, #x, x, ANY_DTYPE, READS));
#define TAKE_BOOK(x)      LAC_TRY(take_book(&c, #x, x));
#define TAKE_NUM(x)       LAC_TRY(take_number(&c, #x, x));
#define TAKE_INT(x) \
    int64_t x##_whole; \
    LAC_TRY(lac_whole(&x##_whole, c.op, #x, x, INT64_MIN, INT64_MAX));

/* What the kernel gets. */
#define PASS(kind, name)  PASS_##kind(name)
#define PASS_OUT(x)       x
#define PASS_INOUT(x)     x
#define PASS_IN(x)        x
#define PASS_OPT(x)       x
#define PASS_IDX_OUT(x)   x
#define PASS_IDX(x)       x
#define PASS_LONG(x)      x
#define PASS_ANY_OUT(x)   x
#define PASS_ANY_INOUT(x) x
#define PASS_ANY(x)       x
#define PASS_BOOK(x)      x
#define PASS_NUM(x)       x
#define PASS_INT(x)       x##_whole

#define LAC_OP(where, alias, op_, ...) \
    int lac_##op_(LAC_MAP(LAC_PUBLIC, __VA_ARGS__)) { \
        call c = {.op = #op_, .device = -1}; \
        LAC_EACH(TAKE, __VA_ARGS__) \
        lac_device *d = ready(&c, alias); \
        if (!d) return LAC_E_DEVICE; \
        LAC_TRY(lac_check_##op_(LAC_MAP(PASS, __VA_ARGS__))); \
        if (!d->ops.op_) \
            return lac_fail(LAC_E_UNSUPPORTED, \
                            #op_ ": no kernel for %s yet, " \
                                 "expected its operands on cpu", \
                            d->name); \
        __atomic_store_n(&lac_running_op, #op_, __ATOMIC_RELAXED); \
        return finish(&c, d->ops.op_(LAC_MAP(PASS, __VA_ARGS__))); \
    }
#include "ops.def"
#undef LAC_OP

static const struct {
    const char *name;
    int cpu_only;
} list[] = {
#define LAC_OP(where, alias, op, ...) {#op, where},
#include "ops.def"
#undef LAC_OP
};

int lac_op_count(void) { return (int)(sizeof list / sizeof *list); }

const char *lac_op_name(int i, int *cpu_only) {
    if (i < 0 || i >= lac_op_count()) return NULL;
    if (cpu_only) *cpu_only = list[i].cpu_only;
    return list[i].name;
}
