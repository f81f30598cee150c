#include "src/mte/transpose.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace vitruvian::mte {
namespace {

constexpr std::size_t kRow = 32;

#if defined(__SSE2__)

__m128i load(const std::uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }
void store(std::uint8_t* to, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value); }

void transpose_8x8_b16(std::uint8_t* dst, const std::uint8_t* src) {
  __m128i r[8], s[8];
  for (std::size_t i = 0; i < 8; ++i) r[i] = load(src + i * kRow);
  for (std::size_t i = 0; i < 4; ++i) {
    s[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
    s[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    r[2 * i] = _mm_unpacklo_epi16(s[i], s[i + 4]);
    r[2 * i + 1] = _mm_unpackhi_epi16(s[i], s[i + 4]);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    store(dst + 2 * i * kRow, _mm_unpacklo_epi16(r[i], r[i + 4]));
    store(dst + (2 * i + 1) * kRow, _mm_unpackhi_epi16(r[i], r[i + 4]));
  }
}

void transpose_4x4_b32(std::uint8_t* dst, const std::uint8_t* src) {
  const __m128i a = load(src), b = load(src + kRow), c = load(src + 2 * kRow), d = load(src + 3 * kRow);
  const __m128i ac0 = _mm_unpacklo_epi32(a, c), ac1 = _mm_unpackhi_epi32(a, c);
  const __m128i bd0 = _mm_unpacklo_epi32(b, d), bd1 = _mm_unpackhi_epi32(b, d);
  store(dst, _mm_unpacklo_epi32(ac0, bd0));
  store(dst + kRow, _mm_unpackhi_epi32(ac0, bd0));
  store(dst + 2 * kRow, _mm_unpacklo_epi32(ac1, bd1));
  store(dst + 3 * kRow, _mm_unpackhi_epi32(ac1, bd1));
}

#else

template <typename Element>
void transpose_square(std::uint8_t* dst, std::size_t dst_pitch, const std::uint8_t* src, std::size_t src_pitch, std::size_t side) {
  for (std::size_t i = 0; i < side; ++i)
    for (std::size_t j = 0; j < side; ++j)
      std::memcpy(dst + j * dst_pitch + i * sizeof(Element), src + i * src_pitch + j * sizeof(Element), sizeof(Element));
}

#endif

}  // namespace

#if defined(__SSE2__)

void transpose_16x16_b16(std::uint8_t* dst, const std::uint8_t* src) {
  constexpr std::size_t kHalfRow = 16;
  transpose_8x8_b16(dst, src);
  transpose_8x8_b16(dst + kHalfRow, src + 8 * kRow);
  transpose_8x8_b16(dst + 8 * kRow, src + kHalfRow);
  transpose_8x8_b16(dst + 8 * kRow + kHalfRow, src + 8 * kRow + kHalfRow);
}

// Four rounds of interleaving row i with row i + 8 transpose 16 x 16.
void transpose_16x16_b8(std::uint8_t* dst, std::size_t dst_pitch, const std::uint8_t* src, std::size_t src_pitch) {
  __m128i r[16], s[16];
  for (std::size_t i = 0; i < 16; ++i) r[i] = load(src + i * src_pitch);
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < 8; ++i) {
      s[2 * i] = _mm_unpacklo_epi8(r[i], r[i + 8]);
      s[2 * i + 1] = _mm_unpackhi_epi8(r[i], r[i + 8]);
    }
    std::memcpy(r, s, sizeof r);
  }
  for (std::size_t i = 0; i < 16; ++i) store(dst + i * dst_pitch, r[i]);
}

void transpose_8x8_b32(std::uint8_t* dst, const std::uint8_t* src) {
  constexpr std::size_t kHalfRow = 16;
  transpose_4x4_b32(dst, src);
  transpose_4x4_b32(dst + kHalfRow, src + 4 * kRow);
  transpose_4x4_b32(dst + 4 * kRow, src + kHalfRow);
  transpose_4x4_b32(dst + 4 * kRow + kHalfRow, src + 4 * kRow + kHalfRow);
}

#else

void transpose_16x16_b16(std::uint8_t* dst, const std::uint8_t* src) { transpose_square<std::uint16_t>(dst, kRow, src, kRow, 16); }
void transpose_16x16_b8(std::uint8_t* dst, std::size_t dst_pitch, const std::uint8_t* src, std::size_t src_pitch) {
  transpose_square<std::uint8_t>(dst, dst_pitch, src, src_pitch, 16);
}
void transpose_8x8_b32(std::uint8_t* dst, const std::uint8_t* src) { transpose_square<std::uint32_t>(dst, kRow, src, kRow, 8); }

#endif

}  // namespace vitruvian::mte
