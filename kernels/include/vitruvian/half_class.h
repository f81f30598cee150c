// half for compilers without _Float16 on this target (riscv64 g++ 12): storage that computes in float and rounds at each step.
#pragma once

#include <cstdint>
#include <limits>

class half {
 public:
  constexpr half() = default;
  constexpr half(float value) : bits_(round(static_cast<double>(value))) {}
  constexpr half(double value) : bits_(round(value)) {}
  template <typename T>
    requires(__is_same(T, int) || __is_same(T, unsigned) || __is_same(T, long) || __is_same(T, unsigned long) || __is_same(T, short) ||
             __is_same(T, unsigned short) || __is_same(T, signed char) || __is_same(T, unsigned char) || __is_same(T, bool) ||
             __is_same(T, long long) || __is_same(T, unsigned long long) || __is_same(T, char))
  constexpr half(T value) : half(static_cast<double>(value)) {}
  constexpr operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits_ >> 15) << 31, exponent = bits_ >> 10 & 31, fraction = bits_ & 1023;
    if (exponent == 31) return __builtin_bit_cast(float, sign | 0x7f800000u | fraction << 13);
    if (exponent != 0) return __builtin_bit_cast(float, sign | (exponent + 112) << 23 | fraction << 13);
    const float small = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -small : small;
  }
  constexpr half& operator+=(half other) { return *this = half(static_cast<float>(*this) + static_cast<float>(other)); }
  constexpr half& operator-=(half other) { return *this = half(static_cast<float>(*this) - static_cast<float>(other)); }
  constexpr half& operator*=(half other) { return *this = half(static_cast<float>(*this) * static_cast<float>(other)); }
  constexpr half& operator/=(half other) { return *this = half(static_cast<float>(*this) / static_cast<float>(other)); }

 private:
  // To nearest even, straight from double.
  static constexpr std::uint16_t round(double value) {
    const auto bits = __builtin_bit_cast(std::uint64_t, value);
    const auto sign = static_cast<std::uint16_t>(bits >> 48 & 0x8000);
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    if (exponent == 0x7ff) return static_cast<std::uint16_t>(sign | (fraction ? 0x7e00 : 0x7c00));
    const int unbiased = exponent - 1023;
    if (unbiased < -25) return sign;
    const std::uint64_t significand = fraction | std::uint64_t{1} << 52;
    const int drop = unbiased < -14 ? 42 + (-14 - unbiased) : 42;
    const std::uint64_t kept = significand >> drop, rest = significand & ((std::uint64_t{1} << drop) - 1), middle = std::uint64_t{1} << (drop - 1);
    std::uint64_t rounded = kept + (rest > middle || (rest == middle && (kept & 1)) ? 1 : 0);
    if (unbiased >= -14) rounded += static_cast<std::uint64_t>(unbiased + 14) << 10;  // a carry lands in the exponent
    return static_cast<std::uint16_t>(sign | (rounded >= 0x7c00 ? 0x7c00 : rounded));
  }
  std::uint16_t bits_ = 0;
};

namespace std {
template <>
struct numeric_limits<half> {
  static constexpr bool is_specialized = true, is_integer = false, is_signed = true, has_infinity = true;
  static constexpr half max() { return half(65504.0f); }
  static constexpr half min() { return half(6.103515625e-05f); }
  static constexpr half lowest() { return half(-65504.0f); }
  static constexpr half epsilon() { return half(0.0009765625f); }
  static constexpr half infinity() { return half(__builtin_huge_valf()); }
  static constexpr half quiet_NaN() { return half(__builtin_nanf("")); }
};
}  // namespace std
