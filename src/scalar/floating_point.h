// IEEE 754 arithmetic of the scalar unit on bit patterns, for any binary format up to 64 bits: every rounding mode, exact
// flags, RISC-V's canonical NaN. In software, so that the result depends neither on the host nor on its rounding mode.
// Values travel as the low bits of a 64-bit word; NaN-boxing is the caller's.
#pragma once

#include <cstdint>

namespace vitruvian::scalar {

enum class Rounding : std::uint8_t { nearest_even, toward_zero, down, up, nearest_away };  // codes of frm
inline constexpr unsigned kRoundingModes = 5;

// Accrued exceptions, bits of fflags.
inline constexpr std::uint8_t kInexact = 1, kUnderflow = 2, kOverflow = 4, kDivideByZero = 8, kInvalid = 16;

template <int ExponentBits, int FractionBits>
struct FloatFormat {
  static constexpr int exponent_bits = ExponentBits, fraction_bits = FractionBits, bits = 1 + ExponentBits + FractionBits;
  static constexpr int bias = (1 << (ExponentBits - 1)) - 1;
  static constexpr std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  static constexpr std::uint64_t infinity = ((std::uint64_t{1} << ExponentBits) - 1) << FractionBits;
  static constexpr std::uint64_t quiet = std::uint64_t{1} << (FractionBits - 1);
  static constexpr std::uint64_t nan = infinity | quiet;
  static constexpr std::uint64_t mask = sign | (sign - 1);

  static constexpr bool is_nan(std::uint64_t x) { return (x & ~sign) > infinity; }
  static constexpr bool is_signaling(std::uint64_t x) { return is_nan(x) && !(x & quiet); }
};
using Half = FloatFormat<5, 10>;
using Bfloat16 = FloatFormat<8, 7>;
using Single = FloatFormat<8, 23>;
using Double = FloatFormat<11, 52>;

// What arithmetic needs besides its operands, and what it leaves.
struct FloatContext {
  Rounding rounding = Rounding::nearest_even;
  std::uint8_t flags = 0;
};

template <class F> std::uint64_t add(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> std::uint64_t multiply(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> std::uint64_t divide(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> std::uint64_t square_root(std::uint64_t a, FloatContext& context);
template <class F> std::uint64_t multiply_add(std::uint64_t a, std::uint64_t b, std::uint64_t c, FloatContext& context);  // a * b + c, one rounding
template <class From, class To> std::uint64_t convert(std::uint64_t a, FloatContext& context);

// To an integer of `bits` (32 or 64), saturating, NaN to the largest; the result is sign-extended from `bits`.
template <class F> std::uint64_t to_integer(std::uint64_t a, bool is_signed, int bits, FloatContext& context);
template <class F> std::uint64_t from_integer(std::uint64_t value, bool is_signed, FloatContext& context);

// minimumNumber and maximumNumber of IEEE 754-2019.
template <class F> std::uint64_t minimum(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> std::uint64_t maximum(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> bool equal(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> bool less(std::uint64_t a, std::uint64_t b, FloatContext& context);
template <class F> bool less_equal(std::uint64_t a, std::uint64_t b, FloatContext& context);
// The ten-bit mask of fclass.
template <class F> std::uint64_t classify(std::uint64_t a);

}  // namespace vitruvian::scalar
