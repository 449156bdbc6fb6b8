/* ops.h - from ops.def: what each operation's file in core/ops must define */
#ifndef LAC_OPS_H
#define LAC_OPS_H

#include "error.h"
#include "rulebook.h"
#include "tensor.h"

#define LAC_OP(where, alias, op, ...) \
    int lac_check_##op(LAC_MAP(LAC_KERNEL, __VA_ARGS__)); \
    int lac_cpu_##op(LAC_MAP(LAC_KERNEL, __VA_ARGS__));
#include "ops.def"
#undef LAC_OP

#endif
