// exp and ln by our own polynomials in double, then one rounding to fp32. IEEE double operations only and no contraction:
// the same bits on every host. Plain straight-line code, so that the compiler vectorises loops of it.
// Error before the final rounding is below 2^-32 relative (exp) and 2^-34 (ln): results are within 0.51 ulp of fp32.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

// Adding it rounds a small double to an integer, which then stands in the low bits.
inline constexpr double kRounder = 0x1.8p52;

inline float exponential(float x) {
  double clamped = x;  // beyond these e^x is infinity or zero in fp32, and 2^k stays a normal double
  clamped = clamped > 90.0 ? 90.0 : clamped;
  clamped = clamped < -110.0 ? -110.0 : clamped;
  const double shifted = clamped * 1.4426950408889634 + kRounder;
  const double k = shifted - kRounder;
  // ln 2 in two parts: k times the first is exact.
  const double r = (clamped - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
  double p = 1.0 / 362880;  // Taylor to r^9, |r| <= ln 2 / 2
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const std::uint64_t exponent = std::bit_cast<std::uint64_t>(shifted) << 52;  // k in the exponent field; higher bits fall out
  const double result = std::bit_cast<double>(std::bit_cast<std::uint64_t>(p) + exponent);
  const auto narrow = static_cast<float>(result);
  return x != x ? x : narrow;
}

inline float natural_logarithm(float x) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(static_cast<double>(x));  // every fp32 is a normal double or 0
  constexpr std::uint64_t mantissa = (std::uint64_t{1} << 52) - 1;
  double m = std::bit_cast<double>((bits & mantissa) | 0x3ff0000000000000u);
  // exponent + 2^52 + 2^51 as a double, without an integer conversion
  double e = std::bit_cast<double>((bits >> 52 & 0x7ffu) + std::bit_cast<std::uint64_t>(kRounder)) - (kRounder + 1023.0);
  const bool upper = m > 1.4142135623730951;
  m = upper ? m * 0.5 : m;
  e = upper ? e + 1.0 : e;
  const double s = (m - 1.0) / (m + 1.0), z = s * s;  // ln m = 2 atanh s, |s| < 0.172
  double p = 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  const double tail = p * z * s;
  const auto result = static_cast<float>(e * 0.6931471805599453 + 2.0 * (s + tail));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float negative = std::bit_cast<float>(0x7fc00000u);
  float value = x == infinity ? x : result;
  value = x == 0.0f ? -infinity : value;
  value = x < 0.0f ? negative : value;
  return x != x ? x : value;
}

// 1/x in fp32 and 1/sqrt(x) in double with one rounding: the hardware approximates, the emulator does not.
inline float reciprocal(float x) { return 1.0f / x; }
inline float reciprocal_root(float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); }

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
