// Cast: all pairs of the chip with their rounding modes. CAST_NONE rounds to nearest even where the conversion loses bits.
#pragma once

#include "vitruvian/vector_arithmetic.h"

namespace AscendC {
namespace vec {

#define VITRUVIAN_ROUND(row, ...)                                                                                    \
  switch (mode) {                                                                                                    \
    case RoundMode::CAST_FLOOR: op::row##f(__VA_ARGS__); return;                                                     \
    case RoundMode::CAST_CEIL: op::row##c(__VA_ARGS__); return;                                                      \
    case RoundMode::CAST_ROUND: op::row##a(__VA_ARGS__); return;                                                     \
    case RoundMode::CAST_TRUNC: op::row##z(__VA_ARGS__); return;                                                     \
    default: op::row##r(__VA_ARGS__); return;                                                                        \
  }
#define VITRUVIAN_PAIR(To, From) if constexpr (std::is_same_v<T, To> && std::is_same_v<U, From>)

template <typename T, typename U>
VITRUVIAN_INLINE void convert(RoundMode mode, Word d, Word s, Word word) {
  using std::int16_t, std::int32_t, std::int64_t, std::int8_t, std::uint8_t;
  VITRUVIAN_PAIR(float, half) return op::vconv_f162f32(d, s, word);
  else VITRUVIAN_PAIR(float, bfloat16_t) return op::vconv_bf162f32(d, s, word);
  else VITRUVIAN_PAIR(float, int16_t) return op::vconv_s162f32(d, s, word);
  else VITRUVIAN_PAIR(half, int8_t) return op::vconv_s82f16(d, s, word);
  else VITRUVIAN_PAIR(half, uint8_t) return op::vconv_u82f16(d, s, word);
  else VITRUVIAN_PAIR(half, int4b_t) return op::vconv_s42f16(d, s, word);
  else VITRUVIAN_PAIR(int64_t, int32_t) return op::vconv_s322s64(d, s, word);
  else VITRUVIAN_PAIR(int32_t, int64_t) return op::vconv_s642s32(d, s, word);
  else VITRUVIAN_PAIR(int16_t, int32_t) return op::vconv_s322s16(d, s, word);
  else VITRUVIAN_PAIR(half, int32_t) return op::vconv_deq_s322f16(d, s, word);
  else VITRUVIAN_PAIR(half, int16_t) { VITRUVIAN_ROUND(vconv_s162f16, d, s, word) }
  else VITRUVIAN_PAIR(half, float) {
    if (mode == RoundMode::CAST_ODD) return op::vconv_f322f16o(d, s, word);
    VITRUVIAN_ROUND(vconv_f322f16, d, s, word)
  }
  else VITRUVIAN_PAIR(bfloat16_t, float) { VITRUVIAN_ROUND(vconv_f322bf16, d, s, word) }
  else VITRUVIAN_PAIR(int32_t, float) { VITRUVIAN_ROUND(vconv_f322s32, d, s, word) }
  else VITRUVIAN_PAIR(int16_t, float) { VITRUVIAN_ROUND(vconv_f322s16, d, s, word) }
  else VITRUVIAN_PAIR(int64_t, float) { VITRUVIAN_ROUND(vconv_f322s64, d, s, word) }
  else VITRUVIAN_PAIR(float, float) { VITRUVIAN_ROUND(vconv_f322f32, d, s, word) }
  else VITRUVIAN_PAIR(float, int32_t) { VITRUVIAN_ROUND(vconv_s322f32, d, s, word) }
  else VITRUVIAN_PAIR(float, int64_t) { VITRUVIAN_ROUND(vconv_s642f32, d, s, word) }
  else VITRUVIAN_PAIR(int32_t, half) { VITRUVIAN_ROUND(vconv_f162s32, d, s, word) }
  else VITRUVIAN_PAIR(int16_t, half) { VITRUVIAN_ROUND(vconv_f162s16, d, s, word) }
  else VITRUVIAN_PAIR(int8_t, half) { VITRUVIAN_ROUND(vconv_f162s8, d, s, word) }
  else VITRUVIAN_PAIR(uint8_t, half) { VITRUVIAN_ROUND(vconv_f162u8, d, s, word) }
  else VITRUVIAN_PAIR(int4b_t, half) { VITRUVIAN_ROUND(vconv_f162s4, d, s, word) }
  else VITRUVIAN_PAIR(int32_t, bfloat16_t) { VITRUVIAN_ROUND(vconv_bf162s32, d, s, word) }
  else static_assert(kUnsupported<T>, "this chip has no such conversion");
}
#undef VITRUVIAN_PAIR
#undef VITRUVIAN_ROUND

// Contiguous operands: the wider type fills the 256 B of a repeat; int4 counts half a byte.
template <typename T>
inline constexpr unsigned kBits = std::is_same_v<T, int4b_t> ? 4 : 8 * sizeof(T);
template <typename T, typename U>
inline constexpr UnaryRepeatParams kConvertStrides{1, 1, static_cast<std::uint16_t>(8 * kBits<T> / (kBits<T> > kBits<U> ? kBits<T> : kBits<U>)),
                                                   static_cast<std::uint16_t>(8 * kBits<U> / (kBits<T> > kBits<U> ? kBits<T> : kBits<U>))};
}  // namespace vec

template <typename T, typename U>
VITRUVIAN_INLINE void Cast(const LocalTensor<T>& dst, const LocalTensor<U>& src, const RoundMode& mode, const std::uint32_t count) {
  vec::counted(static_cast<std::int32_t>(count),
               [&]() VITRUVIAN_LAMBDA { vec::convert<T, U>(mode, dst.address(), src.address(), vec::unary_word(1, vec::kConvertStrides<T, U>)); });
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void Cast(const LocalTensor<T>& dst, const LocalTensor<U>& src, const RoundMode& mode, const std::uint64_t mask,
                           const std::uint8_t repeat, const UnaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::convert<T, U>(mode, dst.address(), src.address(), vec::unary_word(repeat, params));
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void Cast(const LocalTensor<T>& dst, const LocalTensor<U>& src, const RoundMode& mode, const std::uint64_t mask[],
                           const std::uint8_t repeat, const UnaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::convert<T, U>(mode, dst.address(), src.address(), vec::unary_word(repeat, params));
}
VITRUVIAN_INLINE void SetDeqScale(half scale) { vitruvian::spr::write<vitruvian::spr::DEQSCALE>(scalar_bits(scale)); }

VITRUVIAN_INLINE float ToFloat(const bfloat16_t& value) { return static_cast<float>(value); }
VITRUVIAN_INLINE bfloat16_t ToBfloat16(const float& value) { return bfloat16_t(value); }

}  // namespace AscendC
