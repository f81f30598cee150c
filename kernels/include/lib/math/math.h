// Element-wise functions beyond the vector unit's own: Ceil, Floor, Trunc, Round, Frac, Sign, Log, Log2, Log10, Power. In float, chunk
// by chunk through the temporary UB, as the activations.
#pragma once

#include "lib/activation/activations.h"
#include "lib/vector/element_wise_forms.h"

namespace AscendC {

namespace vector_library {

inline constexpr float kLog2E = 1.4426950408889634f, kLog10E = 0.4342944819032518f, kHuge = 0x1p126f;

template <RoundMode mode>
struct RoundFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    Cast(c.t, c.x, mode, n);
    vector_barrier();
  }
};
struct FracFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    Cast(c.t, c.x, RoundMode::CAST_TRUNC, n);
    vector_barrier();
    Sub(c.t, c.x, c.t, static_cast<std::int32_t>(n));
    vector_barrier();
  }
};
// to = the sign of from: blown up until it passes one, then cut.
VITRUVIAN_INLINE void sign_of(const LocalTensor<float>& to, const LocalTensor<float>& from, std::uint32_t n) {
  const auto count = static_cast<std::int32_t>(n);
  Muls(to, from, kHuge, count);
  vector_barrier();
  Muls(to, to, kHuge, count);
  vector_barrier();
  Maxs(to, to, -1.0f, count);
  vector_barrier();
  Mins(to, to, 1.0f, count);
  vector_barrier();
}
struct SignFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const { sign_of(c.t, c.x, n); }
};
struct LogFunction {
  float scale = 1.0f;
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    Ln(c.t, c.x, static_cast<std::int32_t>(n));
    vector_barrier();
    Muls(c.t, c.t, scale, static_cast<std::int32_t>(n));
    vector_barrier();
  }
};

// t = base ^ exponent: exp(exponent ln|base|), negated for a negative base under an odd exponent, NaN under a broken one.
// Approximation: 0 ^ 0 is NaN. base and exponent are overwritten; u is working space.
VITRUVIAN_INLINE void power(const LocalTensor<float>& t, const LocalTensor<float>& base, const LocalTensor<float>& exponent, const LocalTensor<float>& u,
                            std::uint32_t n) {
  const auto count = static_cast<std::int32_t>(n);
  // u = 1 where the base is negative, else 0.
  sign_of(u, base, n);
  Muls(u, u, -1.0f, count);
  vector_barrier();
  Maxs(u, u, 0.0f, count);
  vector_barrier();
  Abs(t, base, count);
  vector_barrier();
  Ln(t, t, count);
  vector_barrier();
  Mul(t, t, exponent, count);
  vector_barrier();
  Exp(t, t, count);
  vector_barrier();
  // base = exponent mod 2, times u: 1 negates, anything but 0 and 1 is no integer.
  Muls(base, exponent, 0.5f, count);
  vector_barrier();
  Cast(base, base, RoundMode::CAST_FLOOR, n);
  vector_barrier();
  Muls(base, base, -2.0f, count);
  vector_barrier();
  Add(base, base, exponent, count);
  vector_barrier();
  Mul(base, base, u, count);
  vector_barrier();
  // The distance to an integer, as the root of its negative: zero, or NaN.
  Cast(u, base, RoundMode::CAST_RINT, n);
  vector_barrier();
  Sub(u, u, base, count);
  vector_barrier();
  Abs(u, u, count);
  vector_barrier();
  Muls(u, u, -1.0f, count);
  vector_barrier();
  Sqrt(u, u, count);
  vector_barrier();
  Muls(base, base, -2.0f, count);
  vector_barrier();
  Adds(base, base, 1.0f, count);
  vector_barrier();
  Add(base, base, u, count);
  vector_barrier();
  Mul(t, t, base, count);
  vector_barrier();
}
// fill_base and fill_exponent put a chunk of each operand into a float tensor.
template <typename T, typename FillBase, typename FillExponent>
VITRUVIAN_INLINE void power_of(const LocalTensor<T>& dst, std::uint32_t n, Scratch scratch, FillBase fill_base, FillExponent fill_exponent) {
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t size = chunk_of(scratch, 4, 0, n);
  const LocalTensor<float> t = scratch.take<float>(size), u = scratch.take<float>(size), base = scratch.take<float>(size), exponent = scratch.take<float>(size);
  for (std::uint32_t at = 0; at < n; at += size) {
    const std::uint32_t count = smaller(size, n - at);
    fill_base(base, at, count);
    fill_exponent(exponent, at, count);
    power(t, base, exponent, u, count);
    from_float(dst[at], t, count);
  }
}
template <typename T>
struct FillTensor {
  const LocalTensor<T>& from;
  VITRUVIAN_INLINE void operator()(const LocalTensor<float>& to, std::uint32_t at, std::uint32_t n) const { to_float(to, from[at], n); }
};
struct FillScalar {
  float value;
  VITRUVIAN_INLINE void operator()(const LocalTensor<float>& to, std::uint32_t, std::uint32_t n) const {
    Duplicate(to, value, static_cast<std::int32_t>(n));
    vector_barrier();
  }
};

}  // namespace vector_library

VITRUVIAN_ELEMENT_WISE(Ceil, vector_library::RoundFunction<RoundMode::CAST_CEIL>{})
VITRUVIAN_ELEMENT_WISE(Floor, vector_library::RoundFunction<RoundMode::CAST_FLOOR>{})
VITRUVIAN_ELEMENT_WISE(Trunc, vector_library::RoundFunction<RoundMode::CAST_TRUNC>{})
VITRUVIAN_ELEMENT_WISE(Round, vector_library::RoundFunction<RoundMode::CAST_RINT>{})
VITRUVIAN_ELEMENT_WISE(Frac, vector_library::FracFunction{})
VITRUVIAN_ELEMENT_WISE(Sign, vector_library::SignFunction{})
VITRUVIAN_ELEMENT_WISE(Log, vector_library::LogFunction{})
VITRUVIAN_ELEMENT_WISE(Log2, vector_library::LogFunction{vector_library::kLog2E})
VITRUVIAN_ELEMENT_WISE(Log10, vector_library::LogFunction{vector_library::kLog10E})

// dst = src0 ^ src1; one of the two may be a scalar.
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void Power(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                            std::uint32_t calCount) {
  vector_library::power_of(dst, calCount, vector_library::Scratch(sharedTmpBuffer), vector_library::FillTensor<T>{src0}, vector_library::FillTensor<T>{src1});
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void Power(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, std::uint32_t calCount) {
  vector_library::power_of(dst, calCount, vector_library::Scratch(), vector_library::FillTensor<T>{src0}, vector_library::FillTensor<T>{src1});
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void Power(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const T& src1, std::uint32_t calCount) {
  vector_library::power_of(dst, calCount, vector_library::Scratch(), vector_library::FillTensor<T>{src0},
                           vector_library::FillScalar{static_cast<float>(src1)});
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void Power(const LocalTensor<T>& dst, const T& src0, const LocalTensor<T>& src1, std::uint32_t calCount) {
  vector_library::power_of(dst, calCount, vector_library::Scratch(), vector_library::FillScalar{static_cast<float>(src0)},
                           vector_library::FillTensor<T>{src1});
}

}  // namespace AscendC
