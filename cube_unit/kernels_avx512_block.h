// Private to cube_unit: the block of the AVX-512 kernels, for sources that are compiled for it. One vector is the 16 n of a
// row; a row's word of A is broadcast. Everything is in an unnamed namespace: each source has its own instance.
#pragma once

#include <immintrin.h>

#include "cube_unit/kernels.h"

namespace vitruvian::cube_unit {
namespace {

constexpr std::uint32_t kWords = 8, kRow = 32, kRowOfC = 64, kVector = 64;

// Dot: add(sum, broadcast a, b), finish(sum, row offset).
template <typename Dot, std::uint32_t Rows, std::uint32_t Columns>
void rows_of_block(const Block& work, std::uint32_t first) {
  __m512i sum[Rows][Columns];
  __mmask16 mask[Columns];
  for (std::uint32_t j = 0; j < Columns; ++j) {
    mask[j] = static_cast<__mmask16>((1u << work.lanes[j]) - 1u);
    for (std::uint32_t i = 0; i < Rows; ++i)
      sum[i][j] = _mm512_maskz_loadu_epi32(mask[j], work.start[j] ? work.start[j] : work.c[j] + (first + i) * kRowOfC);
  }
  const std::uint8_t* a = work.a + first * kRow;
  const std::uint8_t* b[Columns];
  for (std::uint32_t j = 0; j < Columns; ++j) b[j] = work.b[j];
  const auto step = [&](std::uint32_t word) __attribute__((always_inline)) {
    __m512i values[Columns];
    for (std::uint32_t j = 0; j < Columns; ++j, b[j - 1] += kVector) values[j] = _mm512_loadu_si512(b[j]);
    for (std::uint32_t i = 0; i < Rows; ++i) {
      int word_of_a;
      __builtin_memcpy(&word_of_a, a + i * kRow + word * sizeof(int), sizeof word_of_a);
      const __m512i broadcast = _mm512_set1_epi32(word_of_a);
      for (std::uint32_t j = 0; j < Columns; ++j) sum[i][j] = Dot::add(sum[i][j], broadcast, values[j]);
    }
  };
  std::uint32_t left = work.steps;
  for (; left >= kWords; left -= kWords, a += work.a_fractal)
    for (std::uint32_t word = 0; word < kWords; ++word) step(word);
  for (std::uint32_t word = 0; word < left; ++word) step(word);
  for (std::uint32_t j = 0; j < Columns; ++j)
    for (std::uint32_t i = 0; i < Rows; ++i)
      _mm512_mask_storeu_epi32(work.c[j] + (first + i) * kRowOfC, mask[j],
                               Dot::finish(sum[i][j], work.row_offset ? work.row_offset[first + i] : 0));
}

template <typename Dot, std::uint32_t Columns>
void columns_of_block(const Block& work) {
  std::uint32_t row = 0;
  for (; row + 8 <= work.rows; row += 8) rows_of_block<Dot, 8, Columns>(work, row);
  if (row + 4 <= work.rows) rows_of_block<Dot, 4, Columns>(work, row), row += 4;
  if (row + 2 <= work.rows) rows_of_block<Dot, 2, Columns>(work, row), row += 2;
  if (row < work.rows) rows_of_block<Dot, 1, Columns>(work, row);
}

template <typename Dot>
void block(const Block& work) {
  if (work.columns == 2) return columns_of_block<Dot, 2>(work);
  columns_of_block<Dot, 1>(work);
}

struct FloatDot {
  static __m512i add(__m512i sum, __m512i a, __m512i b) {
    return _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), _mm512_castsi512_ps(sum)));
  }
  static __m512i finish(__m512i sum, int) {
    const __m512 value = _mm512_castsi512_ps(sum);
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    return _mm512_mask_set1_epi32(sum, nan, 0x7fc00000);
  }
};

}  // namespace
}  // namespace vitruvian::cube_unit
