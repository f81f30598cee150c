// Fill, copy, broadcast of elements to blocks.
#pragma once

#include "vitruvian/vector_reduce.h"

namespace AscendC {

struct BrcbRepeatParams {
  constexpr BrcbRepeatParams() = default;
  constexpr BrcbRepeatParams(std::uint16_t block, std::uint16_t repeat) : dstBlkStride(block), dstRepStride(repeat) {}
  std::uint16_t dstBlkStride = 1, dstRepStride = 8;
};
struct CopyRepeatParams {
  constexpr CopyRepeatParams() = default;
  constexpr CopyRepeatParams(std::uint16_t dst_block, std::uint16_t src_block, std::uint16_t dst_repeat, std::uint16_t src_repeat)
      : dstStride(dst_block), srcStride(src_block), dstRepeatSize(dst_repeat), srcRepeatSize(src_repeat) {}
  std::uint16_t dstStride = 1, srcStride = 1, dstRepeatSize = 8, srcRepeatSize = 8;
};

namespace vec {
#define VITRUVIAN_BY_SIZE(T, row, ...)                                                                               \
  if constexpr (sizeof(T) == 2)                                                                                      \
    op::row##_b16(__VA_ARGS__);                                                                                      \
  else if constexpr (sizeof(T) == 4)                                                                                 \
    op::row##_b32(__VA_ARGS__);                                                                                      \
  else static_assert(kUnsupported<T>, #row " takes elements of 16 or 32 bits");
template <typename T>
VITRUVIAN_INLINE void duplicate(const LocalTensor<T>& d, T value, Word word) {
  VITRUVIAN_BY_SIZE(T, vector_dup, d.address(), scalar_bits(value), word)
}
template <typename T>
VITRUVIAN_INLINE void copy(const LocalTensor<T>& d, const LocalTensor<T>& s, Word word) {
  VITRUVIAN_BY_SIZE(T, vcopy, d.address(), s.address(), word)
}
template <typename T>
VITRUVIAN_INLINE void broadcast_blocks(const LocalTensor<T>& d, const LocalTensor<T>& s, Word word) {
  VITRUVIAN_BY_SIZE(T, vbrcb, d.address(), s.address(), word)
}
}  // namespace vec

template <typename T, bool isSetMask = true, typename U>
VITRUVIAN_INLINE void Duplicate(const LocalTensor<T>& dst, const U& value, const std::int32_t& count) {
  vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::duplicate(dst, static_cast<T>(value), vec::unary_word(1, {})); });
}
template <typename T, bool isSetMask = true, typename U>
VITRUVIAN_INLINE void Duplicate(const LocalTensor<T>& dst, const U& value, std::uint64_t mask, const std::uint8_t repeat, const std::uint16_t dstBlockStride,
                                const std::uint8_t dstRepeatStride) {
  vec::use_mask<isSetMask>(mask);
  vec::duplicate(dst, static_cast<T>(value), vec::unary_word(repeat, {dstBlockStride, 0, dstRepeatStride, 0}));
}
template <typename T, bool isSetMask = true, typename U>
VITRUVIAN_INLINE void Duplicate(const LocalTensor<T>& dst, const U& value, const std::uint64_t mask[], const std::uint8_t repeat, const std::uint16_t dstBlockStride,
                                const std::uint8_t dstRepeatStride) {
  vec::use_mask<isSetMask>(mask);
  vec::duplicate(dst, static_cast<T>(value), vec::unary_word(repeat, {dstBlockStride, 0, dstRepeatStride, 0}));
}

template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Copy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask, const std::uint8_t repeat, const CopyRepeatParams& p) {
  vec::use_mask<isSetMask>(mask);
  vec::copy(dst, src, vec::unary_word(repeat, {p.dstStride, p.srcStride, p.dstRepeatSize, p.srcRepeatSize}));
}
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Copy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask[], const std::uint8_t repeat, const CopyRepeatParams& p) {
  vec::use_mask<isSetMask>(mask);
  vec::copy(dst, src, vec::unary_word(repeat, {p.dstStride, p.srcStride, p.dstRepeatSize, p.srcRepeatSize}));
}

// Each repeat: 8 elements fill 8 blocks of 32 B.
template <typename T>
VITRUVIAN_INLINE void Brcb(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint8_t repeat, const BrcbRepeatParams& p) {
  vec::broadcast_blocks(dst, src, vec::unary_word(repeat, {p.dstBlkStride, 0, p.dstRepStride, 0}));
}

}  // namespace AscendC
