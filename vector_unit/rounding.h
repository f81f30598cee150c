// The six rounding modes of vconv, to integers and to narrower floating-point formats.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

enum class Round : std::uint8_t { nearest, floor, ceil, away, truncate, odd };  // suffixes r f c a z o

template <Round kMode>
inline float round_to_integer(float x) {
  if constexpr (kMode == Round::nearest) return std::nearbyint(x);
  else if constexpr (kMode == Round::floor) return std::floor(x);
  else if constexpr (kMode == Round::ceil) return std::ceil(x);
  else if constexpr (kMode == Round::truncate) return std::trunc(x);
  else {  // ties away from zero; x - trunc(x) is exact
    const float whole = std::trunc(x);
    const float step = std::fabs(x - whole) >= 0.5f ? 1.0f : 0.0f;
    return whole + std::copysign(step, x);
  }
}

// Saturates; NaN gives 0.
template <class I, Round kMode>
inline I to_integer(float x) {
  constexpr float high = std::is_signed_v<I> ? -static_cast<float>(std::numeric_limits<I>::min())
                                             : 2.0f * (static_cast<float>(std::numeric_limits<I>::max() / 2) + 1.0f);
  constexpr float low = std::is_signed_v<I> ? -high : 0.0f;
  using Wide = std::conditional_t<(sizeof(I) < 4), std::int32_t, I>;
  const float whole = round_to_integer<kMode>(x);
  const float inside = whole >= low && whole < high ? whole : 0.0f;  // NaN too
  Wide value = static_cast<Wide>(inside);
  value = whole >= high ? static_cast<Wide>(std::numeric_limits<I>::max()) : value;
  value = whole < low ? static_cast<Wide>(std::numeric_limits<I>::min()) : value;
  return static_cast<I>(value);
}

// A binary floating-point format narrower than double.
struct Narrow {
  int precision;     // bits of the significand with the hidden one
  int bias;
  int exponent_bits;
};
inline constexpr Narrow kHalf{11, 15, 5}, kBfloat{8, 127, 8}, kSingle{24, 127, 8};

// (-1)^negative * m * 2^e in the format, one rounding; overflow goes to infinity or the largest number as the mode says.
template <Round kMode>
inline std::uint32_t round_to_format(bool negative, std::uint64_t m, int e, const Narrow& format, bool saturate) {
  const int stored = format.precision - 1;
  const std::uint32_t sign = negative ? 1u << (stored + format.exponent_bits) : 0u;
  if (m == 0) return sign;
  const std::uint32_t infinity = ((1u << format.exponent_bits) - 1) << stored;
  const int top = 63 - std::countl_zero(m) + e;  // the value lies in [2^top, 2^(top+1))
  int quantum = std::max(top, 1 - format.bias) - stored;
  const int shift = quantum - e;
  std::uint64_t kept = 0;
  bool guard = false, sticky = false;
  if (shift <= 0) {
    kept = m << -shift;
  } else if (shift > 64) {
    sticky = true;
  } else {
    kept = shift == 64 ? 0 : m >> shift;
    guard = m >> (shift - 1) & 1;
    sticky = (m & ((std::uint64_t{1} << (shift - 1)) - 1)) != 0;
  }
  const bool inexact = guard || sticky;
  if constexpr (kMode == Round::nearest) kept += guard && (sticky || (kept & 1)) ? 1 : 0;
  if constexpr (kMode == Round::away) kept += guard ? 1 : 0;
  if constexpr (kMode == Round::floor) kept += inexact && negative ? 1 : 0;
  if constexpr (kMode == Round::ceil) kept += inexact && !negative ? 1 : 0;
  if constexpr (kMode == Round::odd) kept |= inexact ? 1 : 0;
  // A carry out of the significand lands in the exponent field by itself.
  const bool normal = kept >> stored != 0;
  const std::uint64_t field = normal ? static_cast<std::uint64_t>(quantum + stored + format.bias - 1) : 0;
  const std::uint64_t bits = (field << stored) + kept;
  if (bits < infinity) return sign | static_cast<std::uint32_t>(bits);
  const bool to_infinity = kMode == Round::nearest || kMode == Round::away || (kMode == Round::floor && negative) ||
                           (kMode == Round::ceil && !negative);
  return sign | (saturate || !to_infinity ? infinity - 1 : infinity);
}

template <Round kMode>
inline std::uint32_t narrow(double x, const Narrow& format, bool saturate) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  const bool negative = bits >> 63;
  const int stored = format.precision - 1;
  const std::uint32_t infinity = ((1u << format.exponent_bits) - 1) << stored;
  if (x != x) return saturate ? 0 : infinity | 1u << (stored - 1);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  if (exponent == 0x7ff) return (negative ? 1u << (stored + format.exponent_bits) : 0u) | (saturate ? infinity - 1 : infinity);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const std::uint64_t m = exponent == 0 ? fraction : fraction | std::uint64_t{1} << 52;
  return round_to_format<kMode>(negative, m, (exponent == 0 ? 1 : exponent) - 1075, format, saturate);
}

template <Round kMode>
inline float narrow(std::int64_t x) {
  const bool negative = x < 0;
  const std::uint64_t m = negative ? std::uint64_t{0} - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
  return std::bit_cast<float>(round_to_format<kMode>(negative, m, 0, kSingle, false));
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
