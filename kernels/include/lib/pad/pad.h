// Pad and UnPad along the width of [height, width], elements of 16 and 32 bits.
#pragma once

#include "lib/math/cumsum.h"

namespace AscendC {

struct PadParams {
  std::uint16_t leftPad = 0, rightPad = 0;
  std::int32_t padValue = 0;
};
struct UnPadParams {
  std::uint16_t leftPad = 0, rightPad = 0;
};

namespace vector_library {

template <typename T>
VITRUVIAN_INLINE void gather_lanes(const LocalTensor<T>& dst, const LocalTensor<std::uint32_t>& offsets, std::uint64_t base) {
  using namespace vitruvian::isa::vgather;
  vec::gather(dst, offsets, vitruvian::isa::vgather::base.put(base) | dst_repeat.put(8) | repeat.put(1));
}
// Mask of the lanes [first, last) of a repeat.
VITRUVIAN_INLINE void set_lanes(std::uint32_t first, std::uint32_t last) {
  const auto below = [](std::uint32_t lane, std::uint32_t word) VITRUVIAN_LAMBDA {
    return lane <= word ? 0ull : lane >= word + 64 ? ~0ull : (1ull << (lane - word)) - 1;
  };
  set_mask(below(last, 64) & ~below(first, 64), below(last, 0) & ~below(first, 0));
}

// Rows of `width` valid elements, `from` elements apart, into rows of `to` elements (a multiple of 32 B) with pads around.
// A row is gathered repeat by repeat: lanes of the pads are masked out and keep the pad value.
template <typename T>
VITRUVIAN_INLINE void pad_rows(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows, std::uint32_t width, std::uint32_t from, std::uint32_t to,
                               std::uint32_t left, T value, Scratch scratch) {
  constexpr std::uint32_t lanes = 256 / sizeof(T);
  const LocalTensor<std::int32_t> offsets = scratch.take<std::int32_t>(align(to, lanes));
  const LocalTensor<std::uint32_t> places = offsets.ReinterpretCast<std::uint32_t>();
  fill_offsets(offsets, align(to, lanes), sizeof(T));
  // Lane c takes element c - left; lanes before `left` are masked.
  Adds(offsets, offsets, -static_cast<std::int32_t>(left * sizeof(T)), static_cast<std::int32_t>(align(to, lanes)));
  vector_barrier();
  Duplicate(dst, value, static_cast<std::int32_t>(rows * to));
  vector_barrier();
  for (std::uint32_t column = 0; column < to; column += lanes) {
    const std::uint32_t first = left > column ? smaller(left - column, lanes) : 0;
    const std::uint32_t last = left + width > column ? smaller(left + width - column, lanes) : 0;
    if (first >= last) continue;
    set_lanes(first, last);
    for (std::uint32_t row = 0; row < rows; ++row) gather_lanes(dst[row * to + column], places[column], src.address() + row * from * sizeof(T));
  }
  ResetMask();
  vector_barrier();
}

template <typename T>
VITRUVIAN_INLINE void pad(const LocalTensor<T>& dst, const LocalTensor<T>& src, const PadParams& p, const PadTiling& tiling, Scratch scratch) {
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t valid = tiling.srcOriWidth ? tiling.srcOriWidth : tiling.srcWidth;
  // An aligned source keeps its width and gets the pad value in its tail; another one grows to left + width + right.
  const bool aligned = tiling.srcWidth * sizeof(T) % 32 == 0;
  const std::uint32_t to = aligned ? tiling.srcWidth : p.leftPad + tiling.srcWidth + p.rightPad;
  if (to * sizeof(T) % 32 != 0) vitruvian_stop();
  T value;
  if constexpr (std::is_integral_v<T>) value = static_cast<T>(p.padValue);
  else value = static_cast<T>(static_cast<float>(p.padValue));
  pad_rows(dst, src, tiling.srcHeight, valid, tiling.srcWidth, to, p.leftPad, value, scratch);
}

template <typename T>
VITRUVIAN_INLINE void vec_keep(const LocalTensor<T>& dst, const LocalTensor<T>& src, vitruvian::isa::Word word) {
  if constexpr (sizeof(T) == 2)
    vitruvian::op::vreducev2_b16(dst.address(), src.address(), 0, word);
  else
    vitruvian::op::vreducev2_b32(dst.address(), src.address(), 0, word);
}

// The first width - rightPad elements of each row, packed: vreducev2 keeps a prefix of each repeat, a repeat a row.
template <typename T>
VITRUVIAN_INLINE void unpad(const LocalTensor<T>& dst, const LocalTensor<T>& src, const UnPadParams& p, const UnPadTiling& tiling) {
  if constexpr (g_coreType != AIV) return;
  namespace w = vitruvian::isa::vreducev2;
  const std::uint32_t keep = tiling.srcWidth - p.rightPad;
  constexpr unsigned kAll = 7;
  // One instruction for 255 rows; the next group starts where the packed rows end only if that is aligned: groups of 240 rows are.
  constexpr std::uint32_t kGroup = 240;
  for (std::uint32_t row = 0; row < tiling.srcHeight; row += kGroup) {
    const std::uint32_t rows = smaller(kGroup, tiling.srcHeight - row);
    const auto word = w::repeat.put(rows) | w::src0_block.put(1) | w::pattern.put(kAll) | w::src0_repeat.put(tiling.srcWidth * sizeof(T) / 32) |
                      w::use_mask_count.put(1);
    vitruvian::spr::write<vitruvian::spr::MASK0>(keep);
    vec_keep(dst[row * keep], src[row * tiling.srcWidth], word);
  }
  ResetMask();
  vector_barrier();
}

}  // namespace vector_library

template <typename T>
VITRUVIAN_INLINE void Pad(LocalTensor<T>& dst, LocalTensor<T>& src, PadParams& padParams, LocalTensor<std::uint8_t>& sharedTmpBuffer, PadTiling& tiling) {
  vector_library::pad(dst, src, padParams, tiling, vector_library::Scratch(sharedTmpBuffer));
}
template <typename T>
VITRUVIAN_INLINE void Pad(LocalTensor<T>& dst, LocalTensor<T>& src, PadParams& padParams, PadTiling& tiling) {
  vector_library::pad(dst, src, padParams, tiling, vector_library::Scratch());
}
template <typename T>
VITRUVIAN_INLINE void UnPad(LocalTensor<T>& dst, LocalTensor<T>& src, UnPadParams& unPadParams, LocalTensor<std::uint8_t>&, UnPadTiling& tiling) {
  vector_library::unpad(dst, src, unPadParams, tiling);
}
template <typename T>
VITRUVIAN_INLINE void UnPad(LocalTensor<T>& dst, LocalTensor<T>& src, UnPadParams& unPadParams, UnPadTiling& tiling) {
  vector_library::unpad(dst, src, unPadParams, tiling);
}

}  // namespace AscendC
