// AVX2, FMA, F16C: two vectors are the 16 n of a row. The caller sets flush-to-zero and denormals-are-zero.
#include <immintrin.h>

#include "cube_unit/kernels.h"

namespace vitruvian::cube_unit {
namespace {

constexpr std::uint32_t kWords = 8, kRow = 32, kRowOfC = 64, kVector = 64, kHalf = 32, kLanes = 8;

__m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
void store(void* to, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(to), value); }

struct FloatDot {
  static __m256i add(__m256i sum, __m256i a, __m256i b) {
    return _mm256_castps_si256(_mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _mm256_castsi256_ps(sum)));
  }
  static __m256i finish(__m256i sum) {
    const __m256 value = _mm256_castsi256_ps(sum);
    const __m256 nan = _mm256_cmp_ps(value, value, _CMP_UNORD_Q);
    return _mm256_castps_si256(_mm256_blendv_ps(value, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)), nan));
  }
};

// Four signed bytes: even and odd bytes as 16-bit pairs, two VPMADDWD.
struct ByteDot {
  static __m256i even(__m256i bytes) { return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8); }
  static __m256i odd(__m256i bytes) { return _mm256_srai_epi16(bytes, 8); }
  static __m256i add(__m256i sum, __m256i a, __m256i b) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(even(a), even(b)));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(odd(a), odd(b)));
  }
  static __m256i finish(__m256i sum) { return sum; }
};

__m256i lane_mask(int lanes) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

template <typename Dot, std::uint32_t Rows>
void rows_of_column(const Block& work, std::uint32_t column, std::uint32_t first) {
  const int lanes = static_cast<int>(work.lanes[column]);
  const __m256i mask[2] = {lane_mask(lanes), lane_mask(lanes - static_cast<int>(kLanes))};
  __m256i sum[Rows][2];
  for (std::uint32_t i = 0; i < Rows; ++i)
    for (std::uint32_t j = 0; j < 2; ++j) {
      const std::uint8_t* from = work.start[column] ? work.start[column] : work.c[column] + (first + i) * kRowOfC;
      sum[i][j] = _mm256_maskload_epi32(reinterpret_cast<const int*>(from + j * kHalf), mask[j]);
    }
  const std::uint8_t* a = work.a + first * kRow;
  const std::uint8_t* b = work.b[column];
  for (std::uint32_t step = 0; step < work.steps; ++step, b += kVector) {
    const std::uint8_t* word = a + step / kWords * work.a_fractal + step % kWords * sizeof(int);
    const __m256i b0 = load(b), b1 = load(b + kHalf);
    for (std::uint32_t i = 0; i < Rows; ++i) {
      int word_of_a;
      __builtin_memcpy(&word_of_a, word + i * kRow, sizeof word_of_a);
      const __m256i broadcast = _mm256_set1_epi32(word_of_a);
      sum[i][0] = Dot::add(sum[i][0], broadcast, b0);
      sum[i][1] = Dot::add(sum[i][1], broadcast, b1);
    }
  }
  for (std::uint32_t i = 0; i < Rows; ++i)
    for (std::uint32_t j = 0; j < 2; ++j)
      _mm256_maskstore_epi32(reinterpret_cast<int*>(work.c[column] + (first + i) * kRowOfC + j * kHalf), mask[j],
                             Dot::finish(sum[i][j]));
}

template <typename Dot>
void block(const Block& work) {
  for (std::uint32_t column = 0; column < work.columns; ++column) {
    std::uint32_t row = 0;
    for (; row + 4 <= work.rows; row += 4) rows_of_column<Dot, 4>(work, column, row);
    if (row + 2 <= work.rows) rows_of_column<Dot, 2>(work, column, row), row += 2;
    if (row < work.rows) rows_of_column<Dot, 1>(work, column, row);
  }
}

// 8 x 8 words.
void transpose(std::uint8_t* to, const std::uint8_t* from) {
  __m256i r[8], s[8];
  for (std::uint32_t i = 0; i < 8; ++i) r[i] = load(from + i * kRow);
  for (int i = 0; i < 4; ++i) {
    s[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    s[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    r[4 * i] = _mm256_unpacklo_epi64(s[4 * i], s[4 * i + 2]);
    r[4 * i + 1] = _mm256_unpackhi_epi64(s[4 * i], s[4 * i + 2]);
    r[4 * i + 2] = _mm256_unpacklo_epi64(s[4 * i + 1], s[4 * i + 3]);
    r[4 * i + 3] = _mm256_unpackhi_epi64(s[4 * i + 1], s[4 * i + 3]);
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    store(to + i * kVector, _mm256_permute2x128_si256(r[i], r[i + 4], 0x20));
    store(to + (i + 4) * kVector, _mm256_permute2x128_si256(r[i], r[i + 4], 0x31));
  }
}

void pack(std::uint8_t* to, const std::uint8_t* fractal) {
  transpose(to, fractal);
  transpose(to + kHalf, fractal + 8 * kRow);
}

__m128i load_8(const std::uint16_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

void widen_f16(float* to, const std::uint16_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) _mm256_storeu_ps(to + i, _mm256_cvtph_ps(load_8(from + i)));
}

void widen_bf16(float* to, const std::uint16_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_8(from + i)), 16);
    store(to + i, _mm256_shuffle_epi32(wide, 0xb1));
  }
}

void narrow_f16(std::uint16_t* to, const float* from, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  for (; i < count; ++i)
    to[i] = static_cast<std::uint16_t>(_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(from[i]), _MM_FROUND_TO_NEAREST_INT), 0));
}

}  // namespace

const KernelSet& avx2_kernels() {
  static const KernelSet set{"avx2", pack, block<FloatDot>, nullptr, block<ByteDot>, false,
                             widen_f16, widen_bf16, narrow_f16, portable_kernels().narrow_bf16, true};
  return set;
}

}  // namespace vitruvian::cube_unit
