// Element-wise operations of a tensor and a scalar.
#include "vector_unit/arithmetic.h"
#include "vector_unit/lanes.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

template <class T, class F>
void with_scalar(const Job& job, const Core& core) {
  using V = typename T::Value;
  const V scalar = scalar_value<T>(job.scalar);
  if constexpr (!kIsFloat<V> && requires { F::saturated(V{}, V{}); }) {
    if (job.int_saturate) return map<T, T, None, false>(job, core, [scalar](V a) { return F::saturated(a, scalar); });
  }
  map<T, T, None, false>(job, core, [scalar](V a) { return F::of(a, scalar); });
}

template <class D, class S>
void scale_add(const Job& job, const Core& core) {
  const float scalar = scalar_value<S>(job.scalar);
  map<D, S, None, true>(job, core, [scalar](float a, float d) { return a * scalar + d; });
}

template <class T>
void leaky_relu(const Job& job, const Core& core) {
  const float slope = scalar_value<T>(job.scalar);
  map<T, T, None, false>(job, core, [slope](float a) {
    const float scaled = a * slope;
    return a > 0 ? a : scaled;
  });
}

template <class T>
Entry one(Kernel kernel, bool reads_dst = false) {
  return {Shape::scalar, kBits<T>, kBits<T>, reads_dst, kernel};
}

}  // namespace

void add_scalar(Table& table) {
  table.set(Op::vadds_f16, one<F16>(with_scalar<F16, Add>));
  table.set(Op::vadds_f32, one<F32>(with_scalar<F32, Add>));
  table.set(Op::vadds_s16, one<S16>(with_scalar<S16, Add>));
  table.set(Op::vadds_s32, one<S32>(with_scalar<S32, Add>));
  table.set(Op::vmuls_f16, one<F16>(with_scalar<F16, Mul>));
  table.set(Op::vmuls_f32, one<F32>(with_scalar<F32, Mul>));
  table.set(Op::vmuls_s16, one<S16>(with_scalar<S16, Mul>));
  table.set(Op::vmuls_s32, one<S32>(with_scalar<S32, Mul>));
  table.set(Op::vmaxs_f16, one<F16>(with_scalar<F16, Max>));
  table.set(Op::vmaxs_f32, one<F32>(with_scalar<F32, Max>));
  table.set(Op::vmaxs_s16, one<S16>(with_scalar<S16, Max>));
  table.set(Op::vmaxs_s32, one<S32>(with_scalar<S32, Max>));
  table.set(Op::vmins_f16, one<F16>(with_scalar<F16, Min>));
  table.set(Op::vmins_f32, one<F32>(with_scalar<F32, Min>));
  table.set(Op::vmins_s16, one<S16>(with_scalar<S16, Min>));
  table.set(Op::vmins_s32, one<S32>(with_scalar<S32, Min>));
  table.set(Op::vaxpy_f16, one<F16>(scale_add<F16, F16>, true));
  table.set(Op::vaxpy_f32, one<F32>(scale_add<F32, F32>, true));
  table.set(Op::vaxpy_f32f16, {Shape::scalar, kBits<F32>, kBits<F16>, true, scale_add<F32, F16>});
  table.set(Op::vlrelu_f16, one<F16>(leaky_relu<F16>));
  table.set(Op::vlrelu_f32, one<F32>(leaky_relu<F32>));
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
