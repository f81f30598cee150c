// Private to cube_unit: the inner loops of the cube, one set for each kind of host.
//
// All types reduce to one shape. A fractal of any type is 16 rows of 8 words of 32 bits; a word holds 1 (f32), 2 (16-bit) or
// 4 (s8) elements of k. A step takes one word of k: C[row][0..15] += dot(A word of the row, 16 words of B).
//
//   a: word s of a row at a + (s / 8) * a_fractal + (s % 8) * 4; rows 32 B apart
//   b: packed, 16 words (one for each n) of step s at b + s * 64
//   c: row of 16 results at c + row * 64
//
// This header is included by sources that are compiled for newer instruction sets: it must hold no inline function.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vitruvian::cube_unit {

// Up to 16 rows of one or more columns of fractals.
inline constexpr std::uint32_t kBlockColumns = 2;
struct Block {
  const std::uint8_t* a;
  const std::uint8_t* b[kBlockColumns];
  std::uint8_t* c[kBlockColumns];
  // What the sums start from: 16 words, the same in each row (bias, zeros); null: c itself.
  const std::uint8_t* start[kBlockColumns];
  std::uint32_t lanes[kBlockColumns];  // valid n of each column, 1..16
  std::uint32_t columns;               // 1..kBlockColumns
  std::uint32_t rows;                  // 1..16
  std::uint32_t steps;                 // words of k
  std::uint32_t a_fractal;             // bytes from one fractal of A to the next in k
  const std::int32_t* row_offset;      // s8_excess: added to each row
};

using BlockKernel = void (*)(const Block& block);
// Packs one fractal of B, 16 rows of 8 words, to 8 vectors of 16 words.
using PackKernel = void (*)(std::uint8_t* to, const std::uint8_t* fractal);
// One row of f32: to f16 (saturating or not) or bf16.
using NarrowKernel = void (*)(std::uint16_t* to, const float* from, std::size_t count);
// 16-bit rows to f32: `count` elements, a multiple of 16. bf16 swaps the elements of each pair: the order of accumulation.
using WidenKernel = void (*)(float* to, const std::uint16_t* from, std::size_t count);

struct KernelSet {
  const char* name;
  PackKernel pack;
  BlockKernel f32;          // word: one f32
  BlockKernel bf16;         // word: two bf16; null: widen to f32 and use f32
  BlockKernel s8;           // word: four s8
  bool s8_excess;           // s8 takes B + 128 as unsigned bytes, and the rows' -128 * sum(A) as row_offset
  WidenKernel widen_f16, widen_bf16;
  NarrowKernel narrow_f16, narrow_bf16;
  bool needs_flush_mode;    // f32 relies on the host's flush-to-zero and denormals-are-zero modes
};

const KernelSet& portable_kernels();
#if defined(__x86_64__)
const KernelSet& avx2_kernels();        // AVX2, FMA, F16C
const KernelSet& avx512_kernels();      // AVX512 F, BW, VL, DQ
const KernelSet& avx512_vnni_kernels(); // and VNNI, BF16
#endif
// The best set that this host can run, chosen once.
const KernelSet& host_kernels();
// Every set that this host can run, the portable one first; for tests and benchmarks.
struct KernelList {
  const KernelSet* items[4];
  std::size_t size;
};
KernelList runnable_kernels();

}  // namespace vitruvian::cube_unit
