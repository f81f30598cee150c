// Transposes: one 16 x 16 square, and TransDataTo5HD, which moves sixteen rows through address registers.
#pragma once

#include "vitruvian/vector_sort.h"

namespace AscendC {

struct TransDataTo5HDParams {
  constexpr TransDataTo5HDParams() = default;
  constexpr TransDataTo5HDParams(bool dst_high, bool src_high, std::uint8_t repeats, std::uint16_t dst_repeat, std::uint16_t src_repeat)
      : dstHighHalf(dst_high), srcHighHalf(src_high), repeatTimes(repeats), dstRepStride(dst_repeat), srcRepStride(src_repeat) {}
  bool dstHighHalf = false, srcHighHalf = false;
  std::uint8_t repeatTimes = 1;
  std::uint16_t dstRepStride = 0, srcRepStride = 0;
};
inline constexpr int NCHW_CONV_ADDR_LIST_SIZE = 16;

// dst[j][i] = src[i][j] of sixteen rows of sixteen 16-bit elements.
template <typename T>
VITRUVIAN_INLINE void Transpose(const LocalTensor<T>& dst, const LocalTensor<T>& src) {
  static_assert(sizeof(T) == 2, "Transpose takes 16-bit elements");
  vitruvian::op::vtranspose_b16(dst.address(), src.address(), 0);
}

namespace vec {
// Four 16-bit addresses in units of 32 B for each VA register.
VITRUVIAN_INLINE std::uint64_t va_word(const std::uint64_t list[], int first) {
  return four(list[first] / 32, list[first + 1] / 32, list[first + 2] / 32, list[first + 3] / 32);
}
template <typename T>
VITRUVIAN_INLINE void transpose_lists(const std::uint64_t dst[], const std::uint64_t src[], const TransDataTo5HDParams& p) {
  if constexpr (g_coreType != AIV) return;
  using namespace vitruvian::spr;
  write<VA0>(va_word(dst, 0)), write<VA1>(va_word(dst, 4)), write<VA2>(va_word(dst, 8)), write<VA3>(va_word(dst, 12));
  write<VA4>(va_word(src, 0)), write<VA5>(va_word(src, 4)), write<VA6>(va_word(src, 8)), write<VA7>(va_word(src, 12));
  using namespace vitruvian::isa::vnchwconv;
  const Word word = repeat.put(p.repeatTimes) | dst_stride.put(p.dstRepStride) | src_stride.put(p.srcRepStride) | dst_high.put(p.dstHighHalf) |
                    src_high.put(p.srcHighHalf);
  if constexpr (sizeof(T) == 1) op::scatter_vnchwconv_b8(0, 4, word);
  else if constexpr (sizeof(T) == 2) op::scatter_vnchwconv_b16(0, 4, word);
  else op::scatter_vnchwconv_b32(0, 4, word);
}
}  // namespace vec
template <typename T>
VITRUVIAN_INLINE void TransDataTo5HD(std::uint64_t dstList[16], std::uint64_t srcList[16], const TransDataTo5HDParams& p) {
  vec::transpose_lists<T>(dstList, srcList, p);
}
template <typename T>
VITRUVIAN_INLINE void TransDataTo5HD(const LocalTensor<T> (&dstList)[16], const LocalTensor<T> (&srcList)[16], const TransDataTo5HDParams& p) {
  std::uint64_t d[16], s[16];
  for (int i = 0; i < 16; ++i) d[i] = dstList[i].address(), s[i] = srcList[i].address();
  vec::transpose_lists<T>(d, s, p);
}
// The lists lie in UB, sixteen addresses each.
template <typename T>
VITRUVIAN_INLINE void TransDataTo5HD(const LocalTensor<std::uint64_t>& dst, const LocalTensor<std::uint64_t>& src, const TransDataTo5HDParams& p) {
  std::uint64_t d[16], s[16];
  for (std::uint32_t i = 0; i < 16; ++i) d[i] = dst.GetValue(i), s[i] = src.GetValue(i);
  vec::transpose_lists<T>(d, s, p);
}

}  // namespace AscendC
