// CumSum of [outter, inner] along either axis. Along the rows the additions of row i need row i - 1. Along the columns the
// matrix is gathered column by column, added up as rows of a transposed matrix, and gathered back.
#pragma once

#include "lib/vector/scratch.h"

namespace AscendC {

struct CumSumInfo {
  std::uint32_t outter = 0, inner = 0;  // inner: a multiple of 32 B
};
struct CumSumConfig {
  bool isLastAxis = true, isReuseSource = false, outputLastRow = false;
};
inline constexpr CumSumConfig defaultCumSumConfig = {true, false, true};

namespace vector_library {

// offsets[i] = i * step bytes: eight by the scalar unit, then doubled.
VITRUVIAN_INLINE void fill_offsets(const LocalTensor<std::int32_t>& offsets, std::uint32_t n, std::uint32_t step) {
  set_flag(PIPE_V, PIPE_S, EVENT_ID7);
  wait_flag(PIPE_V, PIPE_S, EVENT_ID7);
  for (std::uint32_t i = 0; i < 8; ++i) offsets.SetValue(i, i * step);
  set_flag(PIPE_S, PIPE_V, EVENT_ID7);
  wait_flag(PIPE_S, PIPE_V, EVENT_ID7);
  for (std::uint32_t have = 8; have < n; have *= 2) {
    Adds(offsets[have], offsets, static_cast<std::int32_t>(have * step), static_cast<std::int32_t>(smaller(have, n - have)));
    vector_barrier();
  }
}

VITRUVIAN_INLINE void cumulate_columns(const LocalTensor<float>& dst, const LocalTensor<float>& src, std::uint32_t rows, std::uint32_t width, Scratch scratch) {
  const std::uint32_t column = align(rows, kBlock32);
  const std::uint32_t longest = rows > width ? rows : width;
  const LocalTensor<std::int32_t> offsets = scratch.take<std::int32_t>(align(longest, kLanes32));
  const LocalTensor<std::uint32_t> places = offsets.ReinterpretCast<std::uint32_t>();
  const LocalTensor<float> transposed = scratch.take<float>(width * column);
  fill_offsets(offsets, rows, width * sizeof(float));
  for (std::uint32_t i = 0; i < width; ++i) {
    const LocalTensor<float> now = transposed[i * column];
    Gather(now, src, places, i * static_cast<std::uint32_t>(sizeof(float)), rows);
    vector_barrier();
    if (i > 0) Add(now, now, transposed[(i - 1) * column], static_cast<std::int32_t>(rows)), vector_barrier();
  }
  fill_offsets(offsets, width, column * sizeof(float));
  for (std::uint32_t row = 0; row < rows; ++row) Gather(dst[row * width], transposed, places, row * static_cast<std::uint32_t>(sizeof(float)), width);
  vector_barrier();
}

template <typename T, const CumSumConfig& config>
VITRUVIAN_INLINE void cumulate(const LocalTensor<T>& dst, const LocalTensor<T>& last_row, const LocalTensor<T>& src, Scratch scratch, const CumSumInfo& info) {
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t rows = info.outter, width = info.inner, n = rows * width;
  const LocalTensor<float> x = scratch.take<float>(n);
  to_float(x, src, n);
  if constexpr (config.isLastAxis) {
    cumulate_columns(x, x, rows, width, scratch);
  } else {
    for (std::uint32_t row = 1; row < rows; ++row) {
      Add(x[row * width], x[row * width], x[(row - 1) * width], static_cast<std::int32_t>(width));
      vector_barrier();
    }
  }
  from_float(dst, x, n);
  if constexpr (config.outputLastRow) from_float(last_row, x[(rows - 1) * width], width);
}

}  // namespace vector_library

// dst: prefix sums; lastRow: the last row of dst.
template <typename T, const CumSumConfig& config = defaultCumSumConfig>
VITRUVIAN_INLINE void CumSum(LocalTensor<T>& dst, LocalTensor<T>& lastRow, const LocalTensor<T>& src, LocalTensor<std::uint8_t>& sharedTmpBuffer,
                             const CumSumInfo& info) {
  vector_library::cumulate<T, config>(dst, lastRow, src, vector_library::Scratch(sharedTmpBuffer), info);
}
template <typename T, const CumSumConfig& config = defaultCumSumConfig>
VITRUVIAN_INLINE void CumSum(LocalTensor<T>& dst, LocalTensor<T>& lastRow, const LocalTensor<T>& src, const CumSumInfo& info) {
  vector_library::cumulate<T, config>(dst, lastRow, src, vector_library::Scratch(), info);
}

}  // namespace AscendC
