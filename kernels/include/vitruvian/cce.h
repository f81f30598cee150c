// The raw intrinsics of the chip's C language by their public names: pointers to buffers, one instruction each, no masks set.
#pragma once

#include "vitruvian/cube.h"
#include "vitruvian/vector_convert.h"
#include "vitruvian/vector_transpose.h"

#define VITRUVIAN_CCE                     \
  namespace op = ::vitruvian::op;         \
  namespace vec = ::AscendC::vec;         \
  (void)sizeof(vec::kUnsupported<void>)
#define VITRUVIAN_ADDRESS(pointer) reinterpret_cast<std::uint64_t>(pointer)

// --- state
VITRUVIAN_INLINE void set_vector_mask(std::uint64_t high, std::uint64_t low) { AscendC::set_mask(high, low); }
VITRUVIAN_INLINE void set_mask_norm() { AscendC::SetMaskNorm(); }
VITRUVIAN_INLINE void set_mask_count() { AscendC::SetMaskCount(); }
VITRUVIAN_INLINE void set_atomic_none() { AscendC::SetAtomicNone(); }
VITRUVIAN_INLINE void set_atomic_add() { vitruvian::spr::clear_bits<vitruvian::spr::CTRL>(vitruvian::isa::ctrl::atomic_op.put(3)); }
VITRUVIAN_INLINE void set_atomic_f32() { AscendC::SetAtomicType<float>(); }
VITRUVIAN_INLINE void set_atomic_f16() { AscendC::SetAtomicType<half>(); }
VITRUVIAN_INLINE void set_atomic_bf16() { AscendC::SetAtomicType<bfloat16_t>(); }
VITRUVIAN_INLINE void set_atomic_s32() { AscendC::SetAtomicType<std::int32_t>(); }
VITRUVIAN_INLINE void set_atomic_s16() { AscendC::SetAtomicType<std::int16_t>(); }
VITRUVIAN_INLINE void set_atomic_s8() { AscendC::SetAtomicType<std::int8_t>(); }
VITRUVIAN_INLINE void set_deqscale(half scale) { AscendC::SetDeqScale(scale); }
VITRUVIAN_INLINE void set_nd_para(std::uint64_t word) { vitruvian::spr::write<vitruvian::spr::ND_PARA>(word); }
VITRUVIAN_INLINE void set_quant_pre(std::uint64_t word) { vitruvian::spr::write<vitruvian::spr::QUANT_PRE>(word); }
VITRUVIAN_INLINE void set_fpc(std::uint64_t word) { vitruvian::spr::write<vitruvian::spr::FPC>(word); }
VITRUVIAN_INLINE void set_mov_pad_val(std::uint64_t value) { vitruvian::spr::write<vitruvian::spr::MOV_PAD_VALUE>(value); }
VITRUVIAN_INLINE void set_padding(std::uint64_t value) { vitruvian::spr::write<vitruvian::spr::PADDING>(value); }
VITRUVIAN_INLINE std::int64_t get_rsvd_cnt() { return AscendC::GetGatherMaskRemainCount(); }
VITRUVIAN_INLINE std::uint64_t get_vms4_sr() { return g_coreType == AIV ? vitruvian::spr::read<vitruvian::spr::VMS4_SR>() : 0; }
VITRUVIAN_INLINE std::uint64_t get_max_min_cnt() { return g_coreType == AIV ? vitruvian::spr::read<vitruvian::spr::MAX_MIN_CNT>() : 0; }
VITRUVIAN_INLINE std::uint64_t get_acc_val() { return g_coreType == AIV ? vitruvian::spr::read<vitruvian::spr::ACC_VAL>() : 0; }
VITRUVIAN_INLINE constexpr std::uint64_t sbitset0(std::uint64_t value, int bit) { return value & ~(1ull << bit); }
VITRUVIAN_INLINE constexpr std::uint64_t sbitset1(std::uint64_t value, int bit) { return value | 1ull << bit; }

// --- V: (dst, src0, src1, repeat, block strides, repeat strides)
#define VITRUVIAN_CCE_BINARY(row, types)                                                                             \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(__ubuf__ T* dst, __ubuf__ T* src0, __ubuf__ T* src1, std::uint8_t repeat,                \
                            std::uint8_t dst_block, std::uint8_t src0_block, std::uint8_t src1_block,                \
                            std::uint8_t dst_repeat, std::uint8_t src0_repeat, std::uint8_t src1_repeat) {           \
    VITRUVIAN_CCE;                                                                                                   \
    types(T, row, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src0), VITRUVIAN_ADDRESS(src1),                          \
          vec::binary_word(repeat, {dst_block, src0_block, src1_block, dst_repeat, src0_repeat, src1_repeat}))       \
  }
VITRUVIAN_CCE_BINARY(vadd, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_BINARY(vsub, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_BINARY(vmul, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_BINARY(vmax, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_BINARY(vmin, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_BINARY(vdiv, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_BINARY(vmla, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_BINARY(vmadd, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_BINARY(vand, VITRUVIAN_BITS16)
VITRUVIAN_CCE_BINARY(vor, VITRUVIAN_BITS16)
#undef VITRUVIAN_CCE_BINARY

// (dst, src, repeat, block strides, repeat strides)
#define VITRUVIAN_CCE_UNARY(row, types)                                                                              \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(__ubuf__ T* dst, __ubuf__ T* src, std::uint8_t repeat, std::uint16_t dst_block,          \
                            std::uint16_t src_block, std::uint16_t dst_repeat, std::uint16_t src_repeat) {           \
    VITRUVIAN_CCE;                                                                                                   \
    types(T, row, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), vec::unary_word(repeat, {dst_block, src_block, dst_repeat, src_repeat})) \
  }
VITRUVIAN_CCE_UNARY(vexp, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vln, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vsqrt, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vrsqrt, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vrec, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vabs, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vrelu, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_UNARY(vnot, VITRUVIAN_BITS16)
#undef VITRUVIAN_CCE_UNARY

// (dst, src, scalar, repeat, block strides, repeat strides)
#define VITRUVIAN_CCE_SCALAR(row, types)                                                                             \
  template <typename T, typename S>                                                                                  \
  VITRUVIAN_INLINE void row(__ubuf__ T* dst, __ubuf__ T* src, S scalar, std::uint8_t repeat, std::uint16_t dst_block, \
                            std::uint16_t src_block, std::uint16_t dst_repeat, std::uint16_t src_repeat) {           \
    VITRUVIAN_CCE;                                                                                                   \
    types(T, row, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), AscendC::scalar_bits(static_cast<T>(scalar)),      \
          vec::unary_word(repeat, {dst_block, src_block, dst_repeat, src_repeat}))                                   \
  }
VITRUVIAN_CCE_SCALAR(vadds, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_SCALAR(vmuls, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_SCALAR(vmaxs, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_SCALAR(vmins, VITRUVIAN_NUMBERS)
VITRUVIAN_CCE_SCALAR(vaxpy, VITRUVIAN_FLOATS)
VITRUVIAN_CCE_SCALAR(vlrelu, VITRUVIAN_FLOATS)
#undef VITRUVIAN_CCE_SCALAR
template <typename T, typename S>
VITRUVIAN_INLINE void vector_dup(__ubuf__ T* dst, S value, std::uint8_t repeat, std::uint16_t dst_block, std::uint16_t, std::uint16_t dst_repeat, std::uint16_t) {
  VITRUVIAN_CCE;
  using namespace AscendC::vec;
  VITRUVIAN_BY_SIZE(T, vector_dup, VITRUVIAN_ADDRESS(dst), AscendC::scalar_bits(static_cast<T>(value)), vec::unary_word(repeat, {dst_block, 0, dst_repeat, 0}))
}

// Conversions by their row names: vconv_f162f32(dst, src, repeat, ...).
#define VITRUVIAN_CCE_CONVERT(row, To, From)                                                                         \
  VITRUVIAN_INLINE void row(__ubuf__ To* dst, __ubuf__ From* src, std::uint8_t repeat, std::uint16_t dst_block,      \
                            std::uint16_t src_block, std::uint16_t dst_repeat, std::uint16_t src_repeat) {           \
    ::vitruvian::op::row(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src),                                             \
                         AscendC::vec::unary_word(repeat, {dst_block, src_block, dst_repeat, src_repeat}));          \
  }
VITRUVIAN_CCE_CONVERT(vconv_f162f32, float, half)
VITRUVIAN_CCE_CONVERT(vconv_f322f16r, half, float)
VITRUVIAN_CCE_CONVERT(vconv_f322s32r, std::int32_t, float)
VITRUVIAN_CCE_CONVERT(vconv_f322s32z, std::int32_t, float)
VITRUVIAN_CCE_CONVERT(vconv_s322f32r, float, std::int32_t)
VITRUVIAN_CCE_CONVERT(vconv_bf162f32, float, bfloat16_t)
VITRUVIAN_CCE_CONVERT(vconv_f322bf16r, bfloat16_t, float)
VITRUVIAN_CCE_CONVERT(vconv_f162s8r, std::int8_t, half)
VITRUVIAN_CCE_CONVERT(vconv_s82f16, half, std::int8_t)
#undef VITRUVIAN_CCE_CONVERT

// Reductions: (dst, src, repeat, dst repeat stride, src block stride, src repeat stride).
#define VITRUVIAN_CCE_REDUCE(row)                                                                                    \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(__ubuf__ T* dst, __ubuf__ T* src, std::uint8_t repeat, std::uint16_t dst_repeat,         \
                            std::uint16_t src_block, std::uint16_t src_repeat, int order = 0) {                      \
    VITRUVIAN_CCE;                                                                                                   \
    VITRUVIAN_FLOATS(T, row, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src),                                         \
                     vec::reduce_word(repeat, dst_repeat, src_block, src_repeat, static_cast<AscendC::ReduceOrder>(order))) \
  }
VITRUVIAN_CCE_REDUCE(vcadd)
VITRUVIAN_CCE_REDUCE(vcmax)
VITRUVIAN_CCE_REDUCE(vcmin)
VITRUVIAN_CCE_REDUCE(vcgadd)
VITRUVIAN_CCE_REDUCE(vcgmax)
VITRUVIAN_CCE_REDUCE(vcgmin)
VITRUVIAN_CCE_REDUCE(vcpadd)
#undef VITRUVIAN_CCE_REDUCE

template <typename T>
VITRUVIAN_INLINE void vbrcb(__ubuf__ T* dst, __ubuf__ T* src, std::uint16_t dst_block, std::uint16_t dst_repeat, std::uint8_t repeat) {
  VITRUVIAN_CCE;
  using namespace AscendC::vec;
  VITRUVIAN_BY_SIZE(T, vbrcb, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), vec::unary_word(repeat, {dst_block, 0, dst_repeat, 0}))
}
// base: byte address in UB that the offsets add to.
template <typename T>
VITRUVIAN_INLINE void vgather(__ubuf__ T* dst, __ubuf__ std::uint32_t* offsets, std::uint32_t base, std::uint16_t dst_repeat, std::uint8_t repeat) {
  VITRUVIAN_CCE;
  using namespace AscendC::vec;
  namespace word = vitruvian::isa::vgather;
  VITRUVIAN_BY_SIZE(T, vgather, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(offsets),
                    word::base.put(base) | word::dst_repeat.put(dst_repeat) | word::repeat.put(repeat))
}
template <typename T>
VITRUVIAN_INLINE void vgatherb(__ubuf__ T* dst, __ubuf__ std::uint32_t* offsets, std::uint32_t base, std::uint16_t dst_repeat, std::uint8_t dst_block,
                               std::uint8_t repeat) {
  namespace word = vitruvian::isa::vgather;
  vitruvian::op::vgatherb(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(offsets),
                          word::base.put(base) | word::dst_repeat.put(dst_repeat) | word::dst_block.put(dst_block) | word::repeat.put(repeat));
}
// Counter form: set_mask_count() and the number of elements of a repeat in the mask.
template <typename T>
VITRUVIAN_INLINE void vreducev2(__ubuf__ T* dst, __ubuf__ T* src0, __ubuf__ T* src1, std::uint16_t repeat, std::uint8_t src0_block, std::uint8_t pattern,
                                std::uint16_t src0_repeat, std::uint8_t src1_repeat) {
  VITRUVIAN_CCE;
  using namespace AscendC::vec;
  namespace word = vitruvian::isa::vreducev2;
  VITRUVIAN_BY_SIZE(T, vreducev2, VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src0), VITRUVIAN_ADDRESS(src1),
                    word::repeat.put(repeat) | word::src0_block.put(src0_block) | word::pattern.put(pattern) | word::src0_repeat.put(src0_repeat) |
                        word::src1_repeat.put(src1_repeat))
}
template <typename T>
VITRUVIAN_INLINE void vtranspose(__ubuf__ T* dst, __ubuf__ T* src) {
  static_assert(sizeof(T) == 2);
  vitruvian::op::vtranspose_b16(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), 0);
}

// --- MTE2, MTE3: rows of bytes
#define VITRUVIAN_CCE_ALIGN(bits)                                                                                    \
  VITRUVIAN_INLINE void copy_gm_to_ubuf_align_##bits(void* dst, const void* src, int sid, int count, int length, int left, int right, \
                                                     std::uint32_t source_gap, std::uint32_t destination_gap) {      \
    namespace word = vitruvian::isa::dma_align;                                                                      \
    vitruvian::op::copy_gm_to_ubuf_align_##bits(                                                                     \
        VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src),                                                              \
        word::sid.put(static_cast<unsigned>(sid)) | word::burst_count.put(static_cast<unsigned>(count)) |            \
            word::burst_length.put(static_cast<unsigned>(length)) | word::left_pad.put(static_cast<unsigned>(left)) | \
            word::right_pad.put(static_cast<unsigned>(right)) | word::fill.put(left + right > 0),                    \
        word::src_gap.put(source_gap) | word::dst_gap.put(destination_gap));                                         \
  }                                                                                                                  \
  VITRUVIAN_INLINE void copy_ubuf_to_gm_align_##bits(void* dst, const void* src, int sid, int count, int length, int, int, \
                                                     std::uint32_t source_gap, std::uint32_t destination_gap) {      \
    namespace word = vitruvian::isa::dma_align;                                                                      \
    vitruvian::op::copy_ubuf_to_gm_align_##bits(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src),                      \
                                                word::sid.put(static_cast<unsigned>(sid)) |                          \
                                                    word::burst_count.put(static_cast<unsigned>(count)) |            \
                                                    word::burst_length.put(static_cast<unsigned>(length)),           \
                                                word::src_gap.put(source_gap) | word::dst_gap.put(destination_gap)); \
  }
VITRUVIAN_CCE_ALIGN(b8)
VITRUVIAN_CCE_ALIGN(b16)
VITRUVIAN_CCE_ALIGN(b32)
#undef VITRUVIAN_CCE_ALIGN

// --- cube core
template <typename T>
VITRUVIAN_INLINE void copy_gm_to_cbuf_multi_nd2nz_b16(__cbuf__ T* dst, __gm__ T* src, std::uint8_t, std::uint16_t nd_num, std::uint16_t n, std::uint16_t d,
                                                      std::uint16_t nd_stride, std::uint16_t pitch, std::uint16_t c0_stride, std::uint16_t n_stride,
                                                      std::uint16_t matrix_stride) {
  static_assert(sizeof(T) == 2);
  namespace word = vitruvian::isa::nd2nz;
  vitruvian::op::copy_gm_to_cbuf_multi_nd2nz_b16(
      VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src),
      word::nd_num.put(nd_num) | word::n_value.put(n) | word::d_value.put(d) | word::src_nd_stride.put(nd_stride),
      word::src_d_value.put(pitch) | word::dst_c0_stride.put(c0_stride) | word::dst_n_stride.put(n_stride) | word::dst_nd_stride.put(matrix_stride));
}
enum addr_cal_mode_t { inc = 0, dec = 1 };
#define VITRUVIAN_CCE_LOAD2D(buffer)                                                                                 \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void load_cbuf_to_##buffer(T* dst, __cbuf__ T* src, std::uint16_t start, std::uint8_t repeat,     \
                                              std::uint16_t source_stride, std::uint16_t destination_gap, std::uint8_t sid, \
                                              bool transpose, addr_cal_mode_t mode) {                                \
    const auto word = AscendC::cube::load2d_word({start, repeat, source_stride, sid, destination_gap, transpose, static_cast<std::uint8_t>(mode)}); \
    if (transpose)                                                                                                   \
      vitruvian::op::load_cbuf_to_##buffer##_t_b16(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), word);            \
    else                                                                                                             \
      vitruvian::op::load_cbuf_to_##buffer(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), word);                    \
  }
VITRUVIAN_CCE_LOAD2D(ca)
VITRUVIAN_CCE_LOAD2D(cb)
#undef VITRUVIAN_CCE_LOAD2D
template <typename C, typename A, typename B>
VITRUVIAN_INLINE void mad(__cc__ C* c, __ca__ A* a, __cb__ B* b, std::uint16_t m, std::uint16_t k, std::uint16_t n, std::uint8_t unit_flag,
                          bool k_align, bool from_bias, bool init) {
  AscendC::MmadParams p(m, n, k, unit_flag, from_bias, init);
  p.kDirectionAlign = k_align;
  AscendC::cube::mad<A>(VITRUVIAN_ADDRESS(c), VITRUVIAN_ADDRESS(a), VITRUVIAN_ADDRESS(b), AscendC::cube::mmad_word(p));
}
template <typename T, typename C>
VITRUVIAN_INLINE void copy_matrix_cc_to_gm(__gm__ T* dst, __cc__ C* src, std::uint8_t, std::uint16_t n, std::uint16_t m, std::uint32_t dst_stride,
                                           std::uint16_t src_stride, std::uint8_t unit_flag, AscendC::QuantMode_t quant, std::uint8_t relu,
                                           bool channel_split, bool nz2nd) {
  AscendC::FixpipeParamsV220 p(n, m, src_stride, dst_stride, relu != 0);
  p.quantPre = quant, p.unitFlag = unit_flag, p.isChannelSplit = channel_split;
  const auto xm = AscendC::cube::fixpipe_xm(p), xt = AscendC::cube::fixpipe_xt(p, nz2nd);
  if constexpr (std::is_same_v<C, std::int32_t>)
    vitruvian::op::copy_matrix_cc_to_gm_s32(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), xm, xt);
  else
    vitruvian::op::copy_matrix_cc_to_gm_f32(VITRUVIAN_ADDRESS(dst), VITRUVIAN_ADDRESS(src), xm, xt);
}

#undef VITRUVIAN_CCE
#undef VITRUVIAN_ADDRESS
