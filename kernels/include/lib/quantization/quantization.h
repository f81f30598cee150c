// AscendQuant and AscendDequant: int8 from real numbers, real numbers from int32 sums.
#pragma once

#include "lib/vector/scratch.h"

namespace AscendC {

struct DequantParams {
  std::uint32_t m = 0, n = 0, calCount = 0;  // rows, elements of a row, elements that count (0: all)
};

namespace vector_library {

// dst = saturate(rint(half(src * scale + offset))): the chip reaches int8 from half only.
template <typename T>
VITRUVIAN_INLINE void quantise(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src, float scale, float offset, std::uint32_t n, Scratch scratch) {
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t size = chunk_of(scratch, 2, 0, n);
  const LocalTensor<float> x = scratch.take<float>(size);
  const LocalTensor<half> narrow = scratch.take<half>(size);
  for (std::uint32_t at = 0; at < n; at += size) {
    const std::uint32_t count = smaller(size, n - at);
    to_float(x, src[at], count);
    Muls(x, x, scale, static_cast<std::int32_t>(count));
    vector_barrier();
    Adds(x, x, offset, static_cast<std::int32_t>(count));
    vector_barrier();
    Cast(narrow, x, RoundMode::CAST_RINT, count);
    vector_barrier();
    Cast(dst[at], narrow, RoundMode::CAST_RINT, count);
    vector_barrier();
  }
}

// dst[r][c] = src[r][c] * scale[c].
template <typename T>
VITRUVIAN_INLINE void dequantise(const LocalTensor<T>& dst, const LocalTensor<std::int32_t>& src, const LocalTensor<float>& scale, const DequantParams& p,
                                 Scratch scratch) {
  if constexpr (g_coreType != AIV) return;
  const std::uint32_t width = p.calCount ? p.calCount : p.n, most = rows_that_fit(scratch, p.m, p.n);
  const LocalTensor<float> x = scratch.take<float>(most * p.n);
  for (std::uint32_t row = 0; row < p.m; row += most) {
    const std::uint32_t rows = smaller(most, p.m - row);
    Cast(x, src[row * p.n], RoundMode::CAST_RINT, rows * p.n);
    vector_barrier();
    row_wise<Operand::kRow>(x, x, scale, rows, width, p.n, MulRows{});
    from_float(dst[row * p.n], x, rows * p.n);
  }
}

}  // namespace vector_library

template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void AscendQuant(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                                  const float scale, const float offset, const std::uint32_t calCount) {
  vector_library::quantise(dst, src, scale, offset, calCount, vector_library::Scratch(sharedTmpBuffer));
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void AscendQuant(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src, const float scale, const float offset,
                                  const std::uint32_t calCount) {
  vector_library::quantise(dst, src, scale, offset, calCount, vector_library::Scratch());
}
// n is a multiple of 8: rows start on 32 B.
template <typename T>
VITRUVIAN_INLINE void AscendDequant(const LocalTensor<T>& dst, const LocalTensor<std::int32_t>& src, const LocalTensor<float>& deqScale,
                                    const LocalTensor<std::uint8_t>& sharedTmpBuffer, DequantParams params) {
  vector_library::dequantise(dst, src, deqScale, params, vector_library::Scratch(sharedTmpBuffer));
}
template <typename T>
VITRUVIAN_INLINE void AscendDequant(const LocalTensor<T>& dst, const LocalTensor<std::int32_t>& src, const LocalTensor<float>& deqScale, DequantParams params) {
  vector_library::dequantise(dst, src, deqScale, params, vector_library::Scratch());
}

}  // namespace AscendC
