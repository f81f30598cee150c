// Element types of the chip.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vitruvian/qualifiers.h"

#ifdef __clang__
using half = _Float16;
#else
#include "vitruvian/half_class.h"
#endif
using float16_t = half;
using float32_t = float;

// bfloat16 as storage; arithmetic goes through float.
class bfloat16_t {
 public:
  constexpr bfloat16_t() = default;
  constexpr bfloat16_t(float value) : bits_(round(__builtin_bit_cast(std::uint32_t, value))) {}
  constexpr bfloat16_t(double value) : bfloat16_t(static_cast<float>(value)) {}
  constexpr bfloat16_t(int value) : bfloat16_t(static_cast<float>(value)) {}
  constexpr operator float() const { return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits_) << 16); }
  constexpr bfloat16_t& operator+=(float other) { return *this = bfloat16_t(static_cast<float>(*this) + other); }
  constexpr bfloat16_t& operator-=(float other) { return *this = bfloat16_t(static_cast<float>(*this) - other); }
  constexpr bfloat16_t& operator*=(float other) { return *this = bfloat16_t(static_cast<float>(*this) * other); }

 private:
  static constexpr std::uint16_t round(std::uint32_t bits) {
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
  }
  std::uint16_t bits_ = 0;
};

// Two elements a byte: a tag for tensor types.
struct int4b_t {
  std::uint8_t storage;
};

namespace AscendC {
using ::bfloat16_t;
using ::half;
using ::int4b_t;
// Bytes of n elements.
template <typename T>
VITRUVIAN_INLINE constexpr std::uint32_t byte_count(std::uint32_t n) {
  if constexpr (__is_same(T, int4b_t)) return n / 2;
  return n * static_cast<std::uint32_t>(sizeof(T));
}
// The bits of a scalar operand of a vector instruction.
template <typename T>
VITRUVIAN_INLINE std::uint64_t scalar_bits(T value) {
  if constexpr (sizeof(T) == 1) return __builtin_bit_cast(std::uint8_t, value);
  if constexpr (sizeof(T) == 2) return __builtin_bit_cast(std::uint16_t, value);
  if constexpr (sizeof(T) == 4) return __builtin_bit_cast(std::uint32_t, value);
  if constexpr (sizeof(T) == 8) return __builtin_bit_cast(std::uint64_t, value);
}
}  // namespace AscendC
