// LayerNorm over the last axis of [b, s, h]: (x - mean) / sqrt(variance + epsilon) * gamma + beta, and mean and variance of each
// row. Arithmetic in float.
#pragma once

#include "lib/normalization/rmsnorm.h"

namespace AscendC {

template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void LayerNorm(const LocalTensor<T>& output, const LocalTensor<T>& mean, const LocalTensor<T>& variance, const LocalTensor<T>& input,
                                const LocalTensor<T>& gamma, const LocalTensor<T>& beta, vector_library::Scratch scratch, const T epsilon,
                                const LayerNormTiling& tiling) {
  using namespace vector_library;
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t total = tiling.bLength * tiling.sLength, stride = tiling.hLength;
  const std::uint32_t width = tiling.originalHLength ? tiling.originalHLength : stride;
  const float share = 1.0f / static_cast<float>(width);
  const LocalTensor<float> scale = float_row(scratch, gamma, width), shift = float_row(scratch, beta, width);
  std::uint32_t most = rows_that_fit(scratch, total, 2 * stride);
  // Mean and variance of a group are stored from an aligned place: groups of 16 rows, unless one group is all.
  if (most < total && most < 16) vitruvian_stop();
  if (most < total) most = most / 16 * 16;
  const LocalTensor<float> red = scratch.take<float>(align(most, 64)), blocks = scratch.take<float>(align(most, 8) * kBlock32);
  const LocalTensor<float> folded = scratch.take<float>(most * kLanes32), x = scratch.take<float>(most * stride), square = scratch.take<float>(most * stride);
  for (std::uint32_t row = 0; row < total; row += most) {
    const std::uint32_t rows = smaller(most, total - row), n = rows * stride;
    const auto count = static_cast<std::int32_t>(rows);
    to_float(x, input[row * stride], n);
    reduce_rows<true>(red, x, folded, rows, width, stride);
    Muls(red, red, share, count);
    vector_barrier();
    from_float(mean[row], red, rows);
    spread(blocks, red, rows);
    row_wise<Operand::kRowBlocks>(x, x, blocks, rows, width, stride, SubRows{});
    Mul(square, x, x, static_cast<std::int32_t>(n));
    vector_barrier();
    reduce_rows<true>(red, square, folded, rows, width, stride);
    Muls(red, red, share, count);
    vector_barrier();
    from_float(variance[row], red, rows);
    Adds(red, red, static_cast<float>(epsilon), count);
    vector_barrier();
    Sqrt(red, red, count);
    vector_barrier();
    spread(blocks, red, rows);
    row_wise<Operand::kRowBlocks>(x, x, blocks, rows, width, stride, DivRows{});
    row_wise<Operand::kRow>(x, x, scale, rows, width, stride, MulRows{});
    row_wise<Operand::kRow>(x, x, shift, rows, width, stride, AddRows{});
    from_float(output[row * stride], x, n);
  }
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void LayerNorm(const LocalTensor<T>& output, const LocalTensor<T>& mean, const LocalTensor<T>& variance, const LocalTensor<T>& input,
                                const LocalTensor<T>& gamma, const LocalTensor<T>& beta, const LocalTensor<std::uint8_t>& sharedTmpBuffer, const T epsilon,
                                const LayerNormTiling& tiling) {
  LayerNorm<T, isReuseSource>(output, mean, variance, input, gamma, beta, vector_library::Scratch(sharedTmpBuffer), epsilon, tiling);
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void LayerNorm(const LocalTensor<T>& output, const LocalTensor<T>& mean, const LocalTensor<T>& variance, const LocalTensor<T>& input,
                                const LocalTensor<T>& gamma, const LocalTensor<T>& beta, const T epsilon, const LayerNormTiling& tiling) {
  LayerNorm<T, isReuseSource>(output, mean, variance, input, gamma, beta, vector_library::Scratch(), epsilon, tiling);
}

}  // namespace AscendC
