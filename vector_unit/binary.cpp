// Element-wise operations on two tensors, plain, multiply-accumulate, and fused with relu.
#include "vector_unit/arithmetic.h"
#include "vector_unit/lanes.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

template <class T, class F>
void binary(const Job& job, const Core& core) {
  using V = typename T::Value;
  if constexpr (!kIsFloat<V> && requires { F::saturated(V{}, V{}); }) {
    if (job.int_saturate) return map<T, T, T, false>(job, core, [](V a, V b) { return F::saturated(a, b); });
  }
  map<T, T, T, false>(job, core, [](V a, V b) { return F::of(a, b); });
}

template <class T, class F>
void binary_relu(const Job& job, const Core& core) {
  using V = typename T::Value;
  if constexpr (!kIsFloat<V>) {
    if (job.int_saturate) return map<T, T, T, false>(job, core, [](V a, V b) { return relu(F::saturated(a, b)); });
  }
  map<T, T, T, false>(job, core, [](V a, V b) { return relu(F::of(a, b)); });
}

void logic_and(const Job& job, const Core& core) {
  map<U16, U16, U16, false>(job, core, [](std::uint16_t a, std::uint16_t b) { return static_cast<std::uint16_t>(a & b); });
}
void logic_or(const Job& job, const Core& core) {
  map<U16, U16, U16, false>(job, core, [](std::uint16_t a, std::uint16_t b) { return static_cast<std::uint16_t>(a | b); });
}

// The product is rounded to fp32 before the sum (exact for fp16 factors); fp16 results are rounded once more at the end.
template <class D, class S>
void multiply_add_to(const Job& job, const Core& core) {
  map<D, S, S, true>(job, core, [](float a, float b, float d) { return a * b + d; });
}
template <class T>
void multiply_dst_add(const Job& job, const Core& core) {
  map<T, T, T, true>(job, core, [](float a, float b, float d) { return a * d + b; });
}
template <class T>
void multiply_dst_add_relu(const Job& job, const Core& core) {
  map<T, T, T, true>(job, core, [](float a, float b, float d) { return relu(a * d + b); });
}

template <class T>
Entry two(Kernel kernel, bool reads_dst = false) {
  return {Shape::binary, kBits<T>, kBits<T>, reads_dst, kernel};
}

}  // namespace

void add_binary(Table& table) {
  table.set(Op::vadd_f16, two<F16>(binary<F16, Add>));
  table.set(Op::vadd_f32, two<F32>(binary<F32, Add>));
  table.set(Op::vadd_s16, two<S16>(binary<S16, Add>));
  table.set(Op::vadd_s32, two<S32>(binary<S32, Add>));
  table.set(Op::vsub_f16, two<F16>(binary<F16, Sub>));
  table.set(Op::vsub_f32, two<F32>(binary<F32, Sub>));
  table.set(Op::vsub_s16, two<S16>(binary<S16, Sub>));
  table.set(Op::vsub_s32, two<S32>(binary<S32, Sub>));
  table.set(Op::vmul_f16, two<F16>(binary<F16, Mul>));
  table.set(Op::vmul_f32, two<F32>(binary<F32, Mul>));
  table.set(Op::vmul_s16, two<S16>(binary<S16, Mul>));
  table.set(Op::vmul_s32, two<S32>(binary<S32, Mul>));
  table.set(Op::vmax_f16, two<F16>(binary<F16, Max>));
  table.set(Op::vmax_f32, two<F32>(binary<F32, Max>));
  table.set(Op::vmax_s16, two<S16>(binary<S16, Max>));
  table.set(Op::vmax_s32, two<S32>(binary<S32, Max>));
  table.set(Op::vmin_f16, two<F16>(binary<F16, Min>));
  table.set(Op::vmin_f32, two<F32>(binary<F32, Min>));
  table.set(Op::vmin_s16, two<S16>(binary<S16, Min>));
  table.set(Op::vmin_s32, two<S32>(binary<S32, Min>));
  table.set(Op::vdiv_f16, two<F16>(binary<F16, Div>));
  table.set(Op::vdiv_f32, two<F32>(binary<F32, Div>));
  table.set(Op::vand_b16, two<U16>(logic_and));
  table.set(Op::vor_b16, two<U16>(logic_or));

  table.set(Op::vmla_f16, two<F16>(multiply_add_to<F16, F16>, true));
  table.set(Op::vmla_f32, two<F32>(multiply_add_to<F32, F32>, true));
  table.set(Op::vmla_f32f16, {Shape::binary, kBits<F32>, kBits<F16>, true, multiply_add_to<F32, F16>});
  table.set(Op::vmadd_f16, two<F16>(multiply_dst_add<F16>, true));
  table.set(Op::vmadd_f32, two<F32>(multiply_dst_add<F32>, true));
  table.set(Op::vmaddrelu_f16, two<F16>(multiply_dst_add_relu<F16>, true));
  table.set(Op::vmaddrelu_f32, two<F32>(multiply_dst_add_relu<F32>, true));

  table.set(Op::vaddrelu_f16, two<F16>(binary_relu<F16, Add>));
  table.set(Op::vaddrelu_f32, two<F32>(binary_relu<F32, Add>));
  table.set(Op::vaddrelu_s16, two<S16>(binary_relu<S16, Add>));
  table.set(Op::vsubrelu_f16, two<F16>(binary_relu<F16, Sub>));
  table.set(Op::vsubrelu_f32, two<F32>(binary_relu<F32, Sub>));
  table.set(Op::vsubrelu_s16, two<S16>(binary_relu<S16, Sub>));
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
