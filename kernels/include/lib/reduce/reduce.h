// Sum and Mean of rows, and the high-level ReduceSum, ReduceMax, ReduceMin, ReduceMean over the last (AR) or the first (RA) axis.
#pragma once

#include "lib/vector/scratch.h"

namespace AscendC {

struct SumParams {
  std::uint32_t outter = 1, inner = 0, n = 0;  // rows, elements of a stored row (a multiple of 32 B), elements that count
};
struct MeanParams {
  std::uint32_t outter = 1, inner = 0, n = 0;
};
namespace Pattern {
namespace Reduce {
struct AR {};
struct RA {};
struct R {};
}  // namespace Reduce
}  // namespace Pattern

namespace vector_library {

enum class Reduction { kSum, kMax, kMin, kMean };

// dst[row] = reduction of the first n elements of each row. A minimum is the negated maximum of the negated row.
template <Reduction reduction, typename T>
VITRUVIAN_INLINE void reduce_last_axis(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t total, std::uint32_t stride, std::uint32_t n,
                                       Scratch scratch) {
  if constexpr (g_coreType != AIV) return;
  // Results are stored from aligned places: groups of 16 rows, unless one group is all.
  std::uint32_t most = rows_that_fit(scratch, total, stride);
  if (most < total && most < 16) vitruvian_stop();
  if (most < total) most = most / 16 * 16;
  const LocalTensor<float> red = scratch.take<float>(align(most, 64)), folded = scratch.take<float>(most * kLanes32), x = scratch.take<float>(most * stride);
  for (std::uint32_t row = 0; row < total; row += most) {
    const std::uint32_t rows = smaller(most, total - row);
    const auto count = static_cast<std::int32_t>(rows);
    to_float(x, src[row * stride], rows * stride);
    if constexpr (reduction == Reduction::kMin) Muls(x, x, -1.0f, static_cast<std::int32_t>(rows * stride)), vector_barrier();
    reduce_rows<reduction == Reduction::kSum || reduction == Reduction::kMean>(red, x, folded, rows, n, stride);
    if constexpr (reduction == Reduction::kMin) Muls(red, red, -1.0f, count), vector_barrier();
    if constexpr (reduction == Reduction::kMean) Muls(red, red, 1.0f / static_cast<float>(n), count), vector_barrier();
    from_float(dst[row], red, rows);
  }
}

// dst[column] = reduction over rows, in chunks of columns.
template <Reduction reduction, typename T>
VITRUVIAN_INLINE void reduce_first_axis(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows, std::uint32_t width, Scratch scratch) {
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t chunk = chunk_of(scratch, 2, 0, width);
  const LocalTensor<float> sum = scratch.take<float>(chunk), x = scratch.take<float>(chunk);
  for (std::uint32_t at = 0; at < width; at += chunk) {
    const std::uint32_t n = smaller(chunk, width - at);
    const auto count = static_cast<std::int32_t>(n);
    to_float(sum, src[at], n);
    for (std::uint32_t row = 1; row < rows; ++row) {
      to_float(x, src[row * width + at], n);
      if constexpr (reduction == Reduction::kMax) Max(sum, sum, x, count);
      else if constexpr (reduction == Reduction::kMin) Min(sum, sum, x, count);
      else Add(sum, sum, x, count);
      vector_barrier();
    }
    if constexpr (reduction == Reduction::kMean) Muls(sum, sum, 1.0f / static_cast<float>(rows), count), vector_barrier();
    from_float(dst[at], sum, n);
  }
}

template <Reduction reduction, class pattern, typename T>
VITRUVIAN_INLINE void reduce(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t shape[], Scratch scratch) {
  if constexpr (std::is_same_v<pattern, Pattern::Reduce::RA>)
    reduce_first_axis<reduction>(dst, src, shape[0], align(shape[1], 32 / sizeof(T)), scratch);
  else if constexpr (std::is_same_v<pattern, Pattern::Reduce::AR>)
    reduce_last_axis<reduction>(dst, src, shape[0], align(shape[1], 32 / sizeof(T)), shape[1], scratch);
  else
    reduce_last_axis<reduction>(dst, src, 1, align(shape[0], 32 / sizeof(T)), shape[0], scratch);
}

}  // namespace vector_library

template <typename T, std::int32_t reduceDim = -1, bool isReuseSource = false, bool isBasicBlock = false>
VITRUVIAN_INLINE void Sum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SumParams& p) {
  vector_library::reduce_last_axis<vector_library::Reduction::kSum>(dst, src, p.outter, p.inner, p.n, vector_library::Scratch(sharedTmpBuffer));
}
template <typename T, std::int32_t reduceDim = -1, bool isReuseSource = false, bool isBasicBlock = false>
VITRUVIAN_INLINE void Sum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const SumParams& p) {
  vector_library::reduce_last_axis<vector_library::Reduction::kSum>(dst, src, p.outter, p.inner, p.n, vector_library::Scratch());
}
template <typename T, typename accType = T, bool isReuseSource = false, bool isBasicBlock = false, std::int32_t reduceDim = -1>
VITRUVIAN_INLINE void Mean(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer, const MeanParams& p) {
  vector_library::reduce_last_axis<vector_library::Reduction::kMean>(dst, src, p.outter, p.inner, p.n, vector_library::Scratch(sharedTmpBuffer));
}
template <typename T, typename accType = T, bool isReuseSource = false, bool isBasicBlock = false, std::int32_t reduceDim = -1>
VITRUVIAN_INLINE void Mean(const LocalTensor<T>& dst, const LocalTensor<T>& src, const MeanParams& p) {
  vector_library::reduce_last_axis<vector_library::Reduction::kMean>(dst, src, p.outter, p.inner, p.n, vector_library::Scratch());
}

// Rows are stored on 32 B (srcInnerPad); shape: {rows, elements of a row}.
#define VITRUVIAN_PATTERN_REDUCE(Name, reduction)                                                                                                     \
  template <typename T, class pattern, bool isReuseSource = false>                                                                                    \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer,                  \
                             const std::uint32_t srcShape[], bool srcInnerPad) {                                                                      \
    (void)srcInnerPad;                                                                                                                                \
    vector_library::reduce<vector_library::Reduction::reduction, pattern>(dst, src, srcShape, vector_library::Scratch(sharedTmpBuffer));              \
  }                                                                                                                                                   \
  template <typename T, class pattern, bool isReuseSource = false>                                                                                    \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t srcShape[], bool srcInnerPad) {                \
    (void)srcInnerPad;                                                                                                                                \
    vector_library::reduce<vector_library::Reduction::reduction, pattern>(dst, src, srcShape, vector_library::Scratch());                             \
  }
VITRUVIAN_PATTERN_REDUCE(ReduceSum, kSum)
VITRUVIAN_PATTERN_REDUCE(ReduceMax, kMax)
VITRUVIAN_PATTERN_REDUCE(ReduceMin, kMin)
VITRUVIAN_PATTERN_REDUCE(ReduceMean, kMean)
#undef VITRUVIAN_PATTERN_REDUCE

}  // namespace AscendC
