// Private to src/mte: square transposes of fractals, src and dst rows 32 B apart unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vitruvian::mte {

// 16 x 16 elements of 2 bytes: one fractal.
void transpose_16x16_b16(std::uint8_t* dst, const std::uint8_t* src);
// 16 x 16 bytes out of rows `src_pitch` apart into rows `dst_pitch` apart.
void transpose_16x16_b8(std::uint8_t* dst, std::size_t dst_pitch, const std::uint8_t* src, std::size_t src_pitch);
// 8 x 8 elements of 4 bytes, rows 32 B apart.
void transpose_8x8_b32(std::uint8_t* dst, const std::uint8_t* src);

}  // namespace vitruvian::mte
