// The cube unit and the fixpipe of an AIC.
//
//    L0A (Zz) ══256 B══╗
//                      ╠══> [ 16 x 16 x k0 ] ══> L0C (Nz, fp32 or int32) ══> [ FIX: quantise, relu, layout ] ══> GM, L1
//    L0B (Zn) ══128 B══╝        ^ BT (bias)                                       ^ FB (per-channel parameters)
//
// Layouts. A fractal has 16 rows of 32 B (c0 = 32 B of elements: f32 8, f16/bf16 16, s8 32, s4 64).
//
//    L0A, Zz:  A[m][k]   fractal (m1, k1) at (m1*K1 + k1) * 512:   row = m % 16, in the row k % c0
//    L0B, Zn:  B[k][n]   fractal (k1, n1) at (k1*N1 + n1) * 512:   row = n % 16, in the row k % c0
//    L0C, Nz:  C[m][n]   fractal (n1, m1) at (n1*M1 + m1) * 1024:  row = m % 16, in the row n % 16 (4 B each)
//    m == 1:   A is a plain vector, element k at k * size (GEMV); C as above.
//    M1 = ceil(m/16), N1 = ceil(n/16), K1 = ceil(k/c0); f32 with k_align: K1 = 2*ceil(k/16).
//
// mad: C = A x B, added to C, to zero (zero_init) or to the bias of each n from BT. Only the first m, n, k count: elements of A
// and B beyond k are ignored, rows of C beyond m and columns beyond n are not written. m, n or k = 0 does nothing.
//
// Arithmetic (every host path gives these bits):
//  - f16, bf16, f32, hf32: fp32 accumulation by fused multiply-add, rounding to nearest even, in the order k = 0, 1, 2...;
//    bf16 in pairs, the odd element of each pair first: k = 1, 0, 3, 2, 5, 4... With an odd k the missing element of the
//    last pair enters as +0 x +0. (That is what VDPBF16PS does.)
//  - Denormals: fp32 and bf16 operands, C and bias that are denormal count as zeros of their sign; a sum that is denormal after
//    rounding to 24 bits becomes a zero of its sign. f16 denormals are exact: they are normal in fp32.
//  - A result that is NaN is written as 0x7fc00000.
//  - hf32 (CTRL 46): fp32 operands are first rounded to 10 mantissa bits: nearest even, or toward zero with CTRL 47.
//  - s8, s4: exact int32, modulo 2^32.
//
// fixpipe: for each element of L0C: scale and convert (quant_pre), relu on the converted value, then narrow and write.
//  - f32 -> f16, bf16: nearest even; with CTRL 48 f16 saturates to +-65504, otherwise it overflows to infinity.
//  - scaled forms: fp32(x) * scale in fp32, then f16; to s8, s16: rounded to nearest even, + offset, saturated (s8: unsigned
//    0..255 if the parameter is not signed); NaN becomes 0 + offset.
//  - relu: x > 0 ? x : 0 (NaN stays); leaky: x < 0 ? x * alpha : x, before narrowing. For s8, s16 relu follows the offset.
//  - layouts: NZ2ND: rows of exactly n elements, dst_stride elements apart, nd_num matrices by ND_PARA; otherwise Nz: columns of
//    32 B (f32, s32: 64 B, or 32 B with channel_split), dst_stride * 32 B apart; the last column only as far as n.
//  - GM writes are atomic with CTRL.atomic_type, whose element must have the size of the destination type.
//
// Approximations: the cost has no start-up of single fractals and no L0 bank conflicts; the L0 ports bound a mad as a whole;
// int4 destinations, per-channel leaky relu and NZ2ND to L1 are unsupported.
#pragma once

#include <memory>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::cube_unit {

struct CubeTiming;
std::shared_ptr<const CubeTiming> make_timing(const chip::ChipSpec& spec);

// Operations of pipes M and FIX (mad_*, copy_matrix_cc_to_*). copy_cbuf_to_fbuf belongs to src/mte.
bool implements(isa::Op op);
pipe::OperandFault check(const pipe::Issued& issued);
memory::Footprint footprint(const pipe::Issued& issued);
// mad: head + tiles. fixpipe: the core-side part (L0C read, conversion); requests to GM are timed by src/mte's DMA engine.
// A tile is 16 x 16 x (16 f16/bf16, 32 s8, 64 s4, 4 f32, 8 hf32), k rounded up to c0 first (f32, hf32: to 8).
pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint, const CubeTiming& timing);
pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory);

// Unit-flag mode of a mad or fixpipe operation: 0 off, 2 keep, 3 set (mad) or release (fixpipe).
unsigned unit_flag(const pipe::Issued& issued);
// True if two mads on the same C need a PIPE_M barrier: fewer than 10 fractals in C.
bool needs_barrier_between(const pipe::Issued& earlier, const pipe::Issued& later);

}  // namespace vitruvian::cube_unit
