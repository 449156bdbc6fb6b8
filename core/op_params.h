/* op_params.h - how the typed parameters of ops.def turn into declarations
 *
 * A parameter is a pair (kind, name):
 *   OUT      lac_tensor *          float32, written whole
 *   INOUT    lac_tensor *          float32, read and written
 *   IN       const lac_tensor *    float32
 *   OPT      const lac_tensor *    float32, or NULL
 *   IDX_OUT  lac_tensor *          int32, written whole
 *   IDX      const lac_tensor *    int32
 *   LONG     const lac_tensor *    int64
 *   ANY_OUT  lac_tensor *          any dtype, written whole
 *   ANY_INOUT lac_tensor *         any dtype, read and written
 *   ANY      const lac_tensor *    any dtype
 *   BOOK     const lac_rulebook *
 *   NUM      double, anything but nan
 *   INT      double that must be whole; kernels get an int64_t
 */
#ifndef LAC_OP_PARAMS_H
#define LAC_OP_PARAMS_H

/* clang-format off */

/* LAC_MAP(f, (a, b), (c, d)) is f(a, b), f(c, d); LAC_EACH puts nothing between.  Up to
 * twelve. */
#define LAC_CAT(a, b) LAC_CAT_(a, b)
#define LAC_CAT_(a, b) a##b
#define LAC_COUNT(...) LAC_COUNT_(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define LAC_COUNT_(a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n
#define LAC_MAP(f, ...) LAC_CAT(LAC_MAP_, LAC_COUNT(__VA_ARGS__))(f, __VA_ARGS__)
#define LAC_MAP_1(f, p) f p
#define LAC_MAP_2(f, p, ...) f p, LAC_MAP_1(f, __VA_ARGS__)
#define LAC_MAP_3(f, p, ...) f p, LAC_MAP_2(f, __VA_ARGS__)
#define LAC_MAP_4(f, p, ...) f p, LAC_MAP_3(f, __VA_ARGS__)
#define LAC_MAP_5(f, p, ...) f p, LAC_MAP_4(f, __VA_ARGS__)
#define LAC_MAP_6(f, p, ...) f p, LAC_MAP_5(f, __VA_ARGS__)
#define LAC_MAP_7(f, p, ...) f p, LAC_MAP_6(f, __VA_ARGS__)
#define LAC_MAP_8(f, p, ...) f p, LAC_MAP_7(f, __VA_ARGS__)
#define LAC_MAP_9(f, p, ...) f p, LAC_MAP_8(f, __VA_ARGS__)
#define LAC_MAP_10(f, p, ...) f p, LAC_MAP_9(f, __VA_ARGS__)
#define LAC_MAP_11(f, p, ...) f p, LAC_MAP_10(f, __VA_ARGS__)
#define LAC_MAP_12(f, p, ...) f p, LAC_MAP_11(f, __VA_ARGS__)
#define LAC_EACH(f, ...) LAC_CAT(LAC_EACH_, LAC_COUNT(__VA_ARGS__))(f, __VA_ARGS__)
#define LAC_EACH_1(f, p) f p
#define LAC_EACH_2(f, p, ...) f p LAC_EACH_1(f, __VA_ARGS__)
#define LAC_EACH_3(f, p, ...) f p LAC_EACH_2(f, __VA_ARGS__)
#define LAC_EACH_4(f, p, ...) f p LAC_EACH_3(f, __VA_ARGS__)
#define LAC_EACH_5(f, p, ...) f p LAC_EACH_4(f, __VA_ARGS__)
#define LAC_EACH_6(f, p, ...) f p LAC_EACH_5(f, __VA_ARGS__)
#define LAC_EACH_7(f, p, ...) f p LAC_EACH_6(f, __VA_ARGS__)
#define LAC_EACH_8(f, p, ...) f p LAC_EACH_7(f, __VA_ARGS__)
#define LAC_EACH_9(f, p, ...) f p LAC_EACH_8(f, __VA_ARGS__)
#define LAC_EACH_10(f, p, ...) f p LAC_EACH_9(f, __VA_ARGS__)
#define LAC_EACH_11(f, p, ...) f p LAC_EACH_10(f, __VA_ARGS__)
#define LAC_EACH_12(f, p, ...) f p LAC_EACH_11(f, __VA_ARGS__)

/* The declaration of a parameter to the caller, and to a kernel. */
#define LAC_PUBLIC(kind, name) LAC_PUBLIC_##kind name
#define LAC_PUBLIC_OUT lac_tensor *
#define LAC_PUBLIC_INOUT lac_tensor *
#define LAC_PUBLIC_IN const lac_tensor *
#define LAC_PUBLIC_OPT const lac_tensor *
#define LAC_PUBLIC_IDX_OUT lac_tensor *
#define LAC_PUBLIC_IDX const lac_tensor *
#define LAC_PUBLIC_LONG const lac_tensor *
#define LAC_PUBLIC_ANY_OUT lac_tensor *
#define LAC_PUBLIC_ANY_INOUT lac_tensor *
#define LAC_PUBLIC_ANY const lac_tensor *
#define LAC_PUBLIC_BOOK const lac_rulebook *
#define LAC_PUBLIC_NUM double
#define LAC_PUBLIC_INT double

#define LAC_KERNEL(kind, name) LAC_KERNEL_##kind(name)
#define LAC_KERNEL_OUT(name) lac_tensor *name
#define LAC_KERNEL_INOUT(name) lac_tensor *name
#define LAC_KERNEL_IN(name) const lac_tensor *name
#define LAC_KERNEL_OPT(name) const lac_tensor *name
#define LAC_KERNEL_IDX_OUT(name) lac_tensor *name
#define LAC_KERNEL_IDX(name) const lac_tensor *name
#define LAC_KERNEL_LONG(name) const lac_tensor *name
#define LAC_KERNEL_ANY_OUT(name) lac_tensor *name
#define LAC_KERNEL_ANY_INOUT(name) lac_tensor *name
#define LAC_KERNEL_ANY(name) const lac_tensor *name
#define LAC_KERNEL_BOOK(name) const lac_rulebook *name
#define LAC_KERNEL_NUM(name) double name
#define LAC_KERNEL_INT(name) int64_t name

#define LAC_NAME(kind, name) name

#endif
