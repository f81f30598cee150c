// Broadcast of [1] or one axis of a matrix, for elements of 16 and 32 bits.
#pragma once

#include "lib/vector/scratch.h"

namespace AscendC {

namespace vector_library {

// One row for all rows, or one element for each row, element by element where rows are no multiple of 32 B.
template <typename T>
VITRUVIAN_INLINE void broadcast_scalar(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows, std::uint32_t width, bool along_rows) {
  set_flag(PIPE_V, PIPE_S, EVENT_ID7);
  wait_flag(PIPE_V, PIPE_S, EVENT_ID7);
  for (std::uint32_t row = 0; row < rows; ++row)
    for (std::uint32_t column = 0; column < width; ++column) dst.SetValue(row * width + column, src.GetValue(along_rows ? column : row));
  set_flag(PIPE_S, PIPE_V, EVENT_ID7);
  wait_flag(PIPE_S, PIPE_V, EVENT_ID7);
}

// Calls each(first row, rows) where `rows` rows of `blocks` 32 B blocks are one instruction's repeats.
template <typename Each>
VITRUVIAN_INLINE void over_blocks(std::uint32_t rows, std::uint32_t blocks, Each each) {
  const std::uint32_t most = blocks <= kMaxRepeat ? kMaxRepeat : 1;
  for (std::uint32_t row = 0; row < rows; row += most) each(row, static_cast<std::uint8_t>(smaller(most, rows - row)));
}

template <typename T>
VITRUVIAN_INLINE void broadcast_rows(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows, std::uint32_t width) {
  constexpr std::uint32_t lanes = 256 / sizeof(T), block = 32 / sizeof(T);
  if (width % block != 0) return broadcast_scalar(dst, src, rows, width, true);
  over_blocks(rows, width / block, [&](std::uint32_t row, std::uint8_t count) VITRUVIAN_LAMBDA {
    for (std::uint32_t column = 0; column < width; column += lanes)
      Copy(dst[row * width + column], src[column], static_cast<std::uint64_t>(smaller(lanes, width - column)), count,
           CopyRepeatParams(1, 1, static_cast<std::uint16_t>(width / block), 0));
  });
  ResetMask();
  vector_barrier();
}

// Each row filled with its element: blocks of one value first, then the blocks along the row.
template <typename T>
VITRUVIAN_INLINE void broadcast_columns(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows, std::uint32_t width, Scratch scratch) {
  constexpr std::uint32_t lanes = 256 / sizeof(T), block = 32 / sizeof(T);
  if (width % block != 0) return broadcast_scalar(dst, src, rows, width, false);
  const std::uint32_t group = smaller(align(rows, 16), smaller(kRepeats * 8, scratch.left() / 512 * 16));
  if (group == 0) vitruvian_stop();
  const LocalTensor<T> blocks = scratch.take<T>(group * block);
  for (std::uint32_t first = 0; first < rows; first += group) {
    const std::uint32_t now = smaller(group, rows - first);
    Brcb(blocks, src[first], static_cast<std::uint8_t>(align(now, 8) / 8), BrcbRepeatParams(1, 8));
    vector_barrier();
    over_blocks(now, width / block, [&](std::uint32_t row, std::uint8_t count) VITRUVIAN_LAMBDA {
      for (std::uint32_t column = 0; column < width; column += lanes)
        Copy(dst[(first + row) * width + column], blocks[row * block], static_cast<std::uint64_t>(smaller(lanes, width - column)), count,
             CopyRepeatParams(1, 0, static_cast<std::uint16_t>(width / block), 1));
    });
    ResetMask();
    vector_barrier();
  }
}

template <typename T, std::int32_t dim, std::int32_t axis>
VITRUVIAN_INLINE void broadcast(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t dst_shape[dim], const std::uint32_t[dim],
                                Scratch scratch) {
  static_assert(dim == 1 || dim == 2, "Broadcast has one or two dimensions");
  static_assert(sizeof(T) == 2 || sizeof(T) == 4, "Broadcast takes elements of 16 or 32 bits");
  if constexpr (g_coreType != AIV) return;
  if constexpr (dim == 1) {
    // Every block of dst is a copy of one block.
    const LocalTensor<T> block = scratch.take<T>(256 / sizeof(T));
    Brcb(block, src, 1, BrcbRepeatParams(1, 8));
    vector_barrier();
    vec::counted(static_cast<std::int32_t>(dst_shape[0]), [&]() VITRUVIAN_LAMBDA { vec::copy(dst, block, vec::unary_word(1, {1, 0, 8, 0})); });
    vector_barrier();
  } else if constexpr (axis == 0) {
    broadcast_rows(dst, src, dst_shape[0], dst_shape[1]);
  } else {
    broadcast_columns(dst, src, dst_shape[0], dst_shape[1], scratch);
  }
}

}  // namespace vector_library

template <typename T, std::int32_t dim, std::int32_t axis, bool isReuseSource = false>
VITRUVIAN_INLINE void Broadcast(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t dstShape[dim], const std::uint32_t srcShape[dim],
                                const LocalTensor<std::uint8_t>& sharedTmpBuffer) {
  vector_library::broadcast<T, dim, axis>(dst, src, dstShape, srcShape, vector_library::Scratch(sharedTmpBuffer));
}
template <typename T, std::int32_t dim, std::int32_t axis, bool isReuseSource = false>
VITRUVIAN_INLINE void Broadcast(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t dstShape[dim], const std::uint32_t srcShape[dim]) {
  vector_library::broadcast<T, dim, axis>(dst, src, dstShape, srcShape, vector_library::Scratch());
}
template <typename T, std::int32_t dim, std::int32_t axis, bool isReuseSource = false>
VITRUVIAN_INLINE void BroadCast(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t dstShape[dim], const std::uint32_t srcShape[dim],
                                const LocalTensor<std::uint8_t>& sharedTmpBuffer) {
  Broadcast<T, dim, axis, isReuseSource>(dst, src, dstShape, srcShape, sharedTmpBuffer);
}
template <typename T, std::int32_t dim, std::int32_t axis, bool isReuseSource = false>
VITRUVIAN_INLINE void BroadCast(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t dstShape[dim], const std::uint32_t srcShape[dim]) {
  Broadcast<T, dim, axis, isReuseSource>(dst, src, dstShape, srcShape);
}

}  // namespace AscendC
