/* table.h - the operations' table of a device: what ops.def says ANYWHERE must link */
#ifndef LAC_CUDA_TABLE_H
#define LAC_CUDA_TABLE_H

#include "cuda.cuh"

#define LAC_SLOT_ANYWHERE(op) lac_cuda_##op
#define LAC_SLOT_CPU_ONLY(op) NULL

static inline void lac_cuda_table(lac_op_table *table) {
#define LAC_OP(where, alias, op_, ...) table->op_ = LAC_SLOT_##where(op_);
#include "../core/ops.def"
#undef LAC_OP
}

#endif
