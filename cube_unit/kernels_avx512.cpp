// AVX-512 F, BW, VL, DQ: f32 by FMA (the caller sets flush-to-zero and denormals-are-zero), s8 by 16-bit products.
#include "cube_unit/kernels_avx512_block.h"

namespace vitruvian::cube_unit {
namespace {

// Four signed bytes: even and odd bytes as 16-bit pairs, two VPMADDWD.
struct ByteDot {
  static __m512i even(__m512i bytes) { return _mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8); }
  static __m512i odd(__m512i bytes) { return _mm512_srai_epi16(bytes, 8); }
  static __m512i add(__m512i sum, __m512i a, __m512i b) {
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(even(a), even(b)));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(odd(a), odd(b)));
  }
  static __m512i finish(__m512i sum, int) { return sum; }
};

// 16 rows of 8 words to 8 vectors of 16 words. Vector r holds rows 2r and 2r+1; three rounds of two-source permutes.
void pack(std::uint8_t* to, const std::uint8_t* fractal) {
  __m512i r[8], s[8];
  for (std::uint32_t i = 0; i < 8; ++i) r[i] = _mm512_loadu_si512(fractal + i * kVector);
  // Round 1: from rows (2i, 2i+1 | 2i+2, 2i+3): words 0..3 and 4..7 of four rows, word-major.
  const __m512i low = _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(4));
  for (int i = 0; i < 4; ++i) {
    s[i] = _mm512_permutex2var_epi32(r[2 * i], low, r[2 * i + 1]);
    s[i + 4] = _mm512_permutex2var_epi32(r[2 * i], high, r[2 * i + 1]);
  }
  // s[i], s[i + 4] hold words 0..3, 4..7 of rows 4i..4i+3, one 128-bit lane for each word: a 4 x 4 transpose of lanes.
  for (std::uint32_t half = 0; half < 2; ++half) {
    const __m512i* q = s + 4 * half;
    const __m512i a = _mm512_shuffle_i32x4(q[0], q[1], 0x44), b = _mm512_shuffle_i32x4(q[0], q[1], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(q[2], q[3], 0x44), d = _mm512_shuffle_i32x4(q[2], q[3], 0xee);
    std::uint8_t* out = to + 4 * half * kVector;
    _mm512_storeu_si512(out, _mm512_shuffle_i32x4(a, c, 0x88));
    _mm512_storeu_si512(out + kVector, _mm512_shuffle_i32x4(a, c, 0xdd));
    _mm512_storeu_si512(out + 2 * kVector, _mm512_shuffle_i32x4(b, d, 0x88));
    _mm512_storeu_si512(out + 3 * kVector, _mm512_shuffle_i32x4(b, d, 0xdd));
  }
}

__m256i load_16(const std::uint16_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

void widen_f16(float* to, const std::uint16_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 16) _mm512_storeu_ps(to + i, _mm512_cvtph_ps(load_16(from + i)));
}

// A word holds (low, high): the high element, already in place, comes first.
void widen_bf16(float* to, const std::uint16_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 16) {
    const __m512i pairs = _mm512_rol_epi32(_mm512_cvtepu16_epi32(load_16(from + i)), 16);
    _mm512_storeu_si512(to + i, _mm512_shuffle_epi32(pairs, _MM_PERM_CDAB));
  }
}

void narrow_f16(std::uint16_t* to, const float* from, std::size_t count) {
  std::size_t i = 0;
  for (; i < count; i += 16) {
    const __mmask16 mask = static_cast<__mmask16>(count - i >= 16 ? 0xffffu : (1u << (count - i)) - 1u);
    const __m256i half = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, from + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_mask_storeu_epi16(to + i, mask, half);
  }
}

void narrow_bf16(std::uint16_t* to, const float* from, std::size_t count) {
  const __m512i one = _mm512_set1_epi32(1), bias = _mm512_set1_epi32(0x7fff), quiet = _mm512_set1_epi32(0x400000);
  for (std::size_t i = 0; i < count; i += 16) {
    const __mmask16 mask = static_cast<__mmask16>(count - i >= 16 ? 0xffffu : (1u << (count - i)) - 1u);
    const __m512 value = _mm512_maskz_loadu_ps(mask, from + i);
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), one);
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(bias, odd));
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    const __m512i result = _mm512_mask_or_epi32(rounded, nan, bits, quiet);
    _mm256_mask_storeu_epi16(to + i, mask, _mm512_cvtepi32_epi16(_mm512_srli_epi32(result, 16)));
  }
}

}  // namespace

const KernelSet& avx512_kernels() {
  static const KernelSet set{"avx512", pack, block<FloatDot>, nullptr, block<ByteDot>, false,
                             widen_f16, widen_bf16, narrow_f16, narrow_bf16, true};
  return set;
}

}  // namespace vitruvian::cube_unit
