// RmsNorm over the last axis of [b, s, h]: dst = src / sqrt(mean(src^2) + epsilon) * gamma. Arithmetic in float.
#pragma once

#include "lib/vector/scratch.h"

namespace AscendC {

namespace vector_library {
// Multiplies rows by gamma and adds beta (row of the element type) through a float copy of each.
template <typename T>
VITRUVIAN_INLINE LocalTensor<float> float_row(Scratch& scratch, const LocalTensor<T>& row, std::uint32_t width) {
  const LocalTensor<float> copy = scratch.take<float>(align(width, kLanes32));
  to_float(copy, row, width);
  return copy;
}
}  // namespace vector_library

template <typename T, bool isBasicBlock = false>
VITRUVIAN_INLINE void RmsNorm(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& gamma, vector_library::Scratch scratch,
                              const T epsilon, const RmsNormTiling& tiling) {
  using namespace vector_library;
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t total = tiling.bLength * tiling.sLength, stride = tiling.hLength;
  const std::uint32_t width = tiling.originalHLength ? tiling.originalHLength : stride;
  const LocalTensor<float> scale = float_row(scratch, gamma, width);
  const std::uint32_t most = rows_that_fit(scratch, total, 2 * stride);
  const LocalTensor<float> red = scratch.take<float>(align(most, 64)), blocks = scratch.take<float>(align(most, 8) * kBlock32);
  const LocalTensor<float> folded = scratch.take<float>(most * kLanes32), x = scratch.take<float>(most * stride), square = scratch.take<float>(most * stride);
  for (std::uint32_t row = 0; row < total; row += most) {
    const std::uint32_t rows = smaller(most, total - row), n = rows * stride;
    to_float(x, src[row * stride], n);
    Mul(square, x, x, static_cast<std::int32_t>(n));
    vector_barrier();
    reduce_rows<true>(red, square, folded, rows, width, stride);
    Muls(red, red, 1.0f / static_cast<float>(width), static_cast<std::int32_t>(rows));
    vector_barrier();
    Adds(red, red, static_cast<float>(epsilon), static_cast<std::int32_t>(rows));
    vector_barrier();
    Sqrt(red, red, static_cast<std::int32_t>(rows));
    vector_barrier();
    spread(blocks, red, rows);
    row_wise<Operand::kRowBlocks>(x, x, blocks, rows, width, stride, DivRows{});
    row_wise<Operand::kRow>(x, x, scale, rows, width, stride, MulRows{});
    from_float(dst[row * stride], x, n);
  }
}
template <typename T, bool isBasicBlock = false>
VITRUVIAN_INLINE void RmsNorm(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& gamma,
                              const LocalTensor<std::uint8_t>& sharedTmpBuffer, const T epsilon, const RmsNormTiling& tiling) {
  RmsNorm<T, isBasicBlock>(dst, src, gamma, vector_library::Scratch(sharedTmpBuffer), epsilon, tiling);
}
template <typename T, bool isBasicBlock = false>
VITRUVIAN_INLINE void RmsNorm(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& gamma, const T epsilon, const RmsNormTiling& tiling) {
  RmsNorm<T, isBasicBlock>(dst, src, gamma, vector_library::Scratch(), epsilon, tiling);
}

}  // namespace AscendC
