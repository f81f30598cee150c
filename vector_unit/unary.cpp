// Element-wise operations on one tensor: transcendental, sign, logic, shifts, copies.
#include "vector_unit/arithmetic.h"
#include "vector_unit/lanes.h"
#include "vector_unit/transcendental.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

template <class T, float (*kFunction)(float)>
void function(const Job& job, const Core& core) {
  map<T, T, None, false>(job, core, [](float a) { return kFunction(a); });
}

float root(float x) { return std::sqrt(x); }

// |x| and copies move bits: a NaN keeps its payload.
template <class U, auto kSign>
void absolute(const Job& job, const Core& core) {
  using V = typename U::Value;
  map<U, U, None, false>(job, core, [](V a) { return static_cast<V>(a & static_cast<V>(~kSign)); });
}
template <class U>
void copy(const Job& job, const Core& core) {
  map<U, U, None, false>(job, core, [](typename U::Value a) { return a; });
}
template <class T>
void rectify(const Job& job, const Core& core) {
  map<T, T, None, false>(job, core, [](typename T::Value a) { return relu(a); });
}
void logic_not(const Job& job, const Core& core) {
  map<U16, U16, None, false>(job, core, [](std::uint16_t a) { return static_cast<std::uint16_t>(~a); });
}

// Distances of the type's width and more shift everything out; rounding adds half of the last place that is lost.
template <class U>
void shift_left(const Job& job, const Core& core) {
  using V = typename U::Value;
  const auto distance = static_cast<unsigned>(std::min<std::uint64_t>(job.special->shift_distance & 0xff, kBits<U>));
  map<U, U, None, false>(job, core, [distance](V a) { return static_cast<V>(std::uint64_t{a} << distance); });
}
template <class T>
void shift_right(const Job& job, const Core& core) {
  using V = typename T::Value;
  const auto distance = static_cast<unsigned>(std::min<std::uint64_t>(job.special->shift_distance & 0xff, kBits<T>));
  const bool rounds = job.special->shift_distance >> 8 & 1 && distance > 0;
  const std::int64_t half = rounds ? std::int64_t{1} << (distance - 1) : 0;
  map<T, T, None, false>(job, core, [distance, half](V a) { return static_cast<V>((std::int64_t{a} + half) >> distance); });
}

template <class T>
Entry one(Kernel kernel) {
  return {Shape::unary, kBits<T>, kBits<T>, false, kernel};
}

}  // namespace

void add_unary(Table& table) {
  table.set(Op::vexp_f16, one<F16>(function<F16, exponential>));
  table.set(Op::vexp_f32, one<F32>(function<F32, exponential>));
  table.set(Op::vln_f16, one<F16>(function<F16, natural_logarithm>));
  table.set(Op::vln_f32, one<F32>(function<F32, natural_logarithm>));
  table.set(Op::vsqrt_f16, one<F16>(function<F16, root>));
  table.set(Op::vsqrt_f32, one<F32>(function<F32, root>));
  table.set(Op::vrsqrt_f16, one<F16>(function<F16, reciprocal_root>));
  table.set(Op::vrsqrt_f32, one<F32>(function<F32, reciprocal_root>));
  table.set(Op::vrec_f16, one<F16>(function<F16, reciprocal>));
  table.set(Op::vrec_f32, one<F32>(function<F32, reciprocal>));
  table.set(Op::vabs_f16, one<U16>(absolute<U16, 0x8000u>));
  table.set(Op::vabs_f32, one<U32>(absolute<U32, 0x80000000u>));
  table.set(Op::vrelu_f16, one<F16>(rectify<F16>));
  table.set(Op::vrelu_f32, one<F32>(rectify<F32>));
  table.set(Op::vrelu_s32, one<S32>(rectify<S32>));
  table.set(Op::vnot_b16, one<U16>(logic_not));
  table.set(Op::vcopy_b16, one<U16>(copy<U16>));
  table.set(Op::vcopy_b32, one<U32>(copy<U32>));
  table.set(Op::vshl_u16, one<U16>(shift_left<U16>));
  table.set(Op::vshl_u32, one<U32>(shift_left<U32>));
  table.set(Op::vshr_u16, one<U16>(shift_right<U16>));
  table.set(Op::vshr_s16, one<S16>(shift_right<S16>));
  table.set(Op::vshr_u32, one<U32>(shift_right<U32>));
  table.set(Op::vshr_s32, one<S32>(shift_right<S32>));
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
