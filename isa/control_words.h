// Packing of the hardware's control words and control registers as data: one place for host and device code.
// Source of the layouts: ../docs/model.md names it for each; fields marked "ours" use bits that the public layout leaves free.
// Freestanding: device headers include this file too.
#pragma once

namespace vitruvian::isa {

using Word = unsigned long long;

struct Field {
  unsigned lo, width;
  constexpr Word mask() const { return width >= 64 ? ~0ull : (1ull << width) - 1; }
  constexpr Word get(Word word) const { return (word >> lo) & mask(); }
  constexpr Word put(Word value) const { return (value & mask()) << lo; }
  constexpr bool fits(Word value) const { return value <= mask(); }
};

// A field in two pieces: low part and high part.
struct SplitField {
  Field low, high;
  constexpr Word get(Word word) const { return low.get(word) | high.get(word) << low.width; }
  constexpr Word put(Word value) const { return low.put(value) | high.put(value >> low.width); }
};

// Element-wise with two tensors; also vcmp, vsel. Strides in 32 B blocks.
namespace vector_binary {
inline constexpr Field dst_block{0, 8}, src0_block{8, 8}, src1_block{16, 8}, dst_repeat{24, 8}, src0_repeat{32, 8}, src1_repeat{40, 8},
    select_mode{48, 2} /* ours */, repeat{56, 8};
}
// Unary, vconv, tensor with scalar, vbrcb, vcopy; vector_dup uses the destination fields.
namespace vector_unary {
inline constexpr Field dst_block{0, 16}, src_block{16, 16}, src_repeat{40, 12}, repeat{56, 8};
inline constexpr SplitField dst_repeat{{32, 8}, {52, 4}};
}
// vcadd, vcmax, vcmin, vcg*, vcpadd. The unit of dst_repeat is one result group of the operation (see vector_unit/reduce).
namespace vector_reduce {
inline constexpr Field dst_repeat{0, 16}, src_block{16, 16}, src_repeat{32, 16}, order{48, 2} /* ours */, repeat{56, 8};
}
namespace vreducev2 {
inline constexpr SplitField repeat{{0, 8}, {56, 8}};
inline constexpr Field src0_block{8, 8}, pattern{16, 8} /* 0: mask tensor src1; 1..7 fixed patterns */, src0_repeat{24, 15}, use_mask_count{39, 1} /* ours: counter form */,
    src1_repeat{40, 16};
}
namespace vgather {
inline constexpr Field base{0, 32}, dst_block{40, 8} /* vgatherb */, repeat{56, 8};
inline constexpr SplitField dst_repeat{{32, 8}, {52, 4}};
}
namespace vmrgsort {
inline constexpr Field repeat{0, 8}, valid{8, 4}, exhausted_stop{12, 1};
}
namespace vnchwconv {
inline constexpr Field dst_stride{0, 16}, src_stride{16, 16}, repeat{56, 8}, dst_high{48, 1} /* ours: b8 */, src_high{49, 1} /* ours: b8 */;
}
// GM/UB/L1 copies and L1 -> BT, L1 -> FB: burst lengths and gaps in 32 B (BT 64 B, FB 128 B).
namespace dma {
inline constexpr Field sid{0, 4}, burst_count{4, 12}, burst_length{16, 16}, src_gap{32, 16}, dst_gap{48, 16}, convert{3, 1} /* BT: f16 -> f32 */;
}
// Byte-aligned copies: length in bytes; second word: gaps, GM side in bytes, UB side in 32 B.
namespace dma_align {
inline constexpr Field sid{0, 4}, burst_count{4, 12}, burst_length{16, 21}, left_pad{48, 6} /* elements */, right_pad{54, 6} /* elements */,
    fill{60, 1} /* ours: pads take MOV_PAD_VALUE, otherwise their content is not defined and the emulator writes zero */;
inline constexpr Field src_gap{0, 32}, dst_gap{32, 32};
}
namespace nd2nz {
inline constexpr Field sid{0, 4}, nd_num{4, 12}, n_value{16, 16}, d_value{32, 16}, src_nd_stride{48, 16} /* elements */;
inline constexpr Field src_d_value{0, 16} /* row pitch, elements */, dst_c0_stride{16, 16} /* 32 B */, dst_n_stride{32, 16} /* 32 B */,
    dst_nd_stride{48, 16} /* elements */;
}
// L1 or GM -> L0 in 512 B fractals: source fractal of repeat i is start + i * src_stride; destination fractals lie dst_gap apart.
namespace load2d {
inline constexpr Field start{0, 16}, repeat{16, 8}, src_stride{24, 16}, sid{40, 4}, dst_gap{44, 16}, decrement{63, 1};
inline constexpr Field dst_fractal_gap{0, 16}, src_fractal_gap{16, 16} /* ours */;  // second word of the transposing form
}
// Repeat and strides of load3D come from FMATRIX and L3D_RPT.
namespace load3d {
inline constexpr Field k_extent{0, 16}, m_extent{16, 16}, k_start{32, 16}, m_start{48, 16};
inline constexpr Field stride_w{0, 6}, stride_h{6, 6}, filter_w_low{12, 8}, filter_h_low{20, 8}, dilation_w{28, 8}, dilation_h{36, 8},
    filter_w_high{44, 1}, filter_h_high{45, 1}, transpose{46, 1}, fmatrix_b{47, 1}, channels{48, 16};
}
namespace fmatrix {
inline constexpr Field width{0, 16}, height{16, 16}, pad_left{32, 8}, pad_right{40, 8}, pad_top{48, 8}, pad_bottom{56, 8};
}
namespace l3d_repeat {
inline constexpr Field stride{0, 16}, times{16, 8}, mode{24, 1};
}
// Fills of L1 (32 B blocks) and L0 (512 B fractals).
namespace set2d {
inline constexpr Field repeat{0, 15}, blocks{16, 15}, gap{32, 15};
}
namespace mmad {
inline constexpr Field m{0, 12}, k{12, 12}, n{24, 12}, unit_flag{55, 2}, k_align{58, 1}, bias{62, 1} /* C starts from BT */, zero_init{63, 1};
inline constexpr Field bias_address{36, 10} /* ours: BT address in 64 B, with bias = 1 */;
}
namespace fixpipe {
inline constexpr Field n{4, 12}, m{16, 16}, dst_stride{32, 32} /* NZ2ND to GM: elements; otherwise 32 B */;
inline constexpr Field src_stride{0, 16} /* rows of a column of fractals in L0C, in 16-element rows: unit 64 B */, unit_flag{32, 2}, quant_pre{34, 5}, relu{39, 3} /* 0 none 1 relu 2 scalar leaky 3 per-channel leaky */,
    channel_split{42, 1}, nz2nd{43, 1};
}
namespace nd_para {
inline constexpr Field nd_num{0, 16}, src_nd_stride{16, 16} /* 1024 B */, dst_nd_stride{32, 16} /* elements */;
}
namespace fpc {
inline constexpr Field relu_address{0, 8} /* 64 B */, quant_address{8, 8} /* 128 B */, unit_flag{63, 1};
}
// Scalar and per-channel (one 64-bit word each in FB) quantisation parameters: fp32 scale; int8 results add an offset.
namespace quant_parameter {
inline constexpr Field scale{0, 32}, offset{37, 9} /* signed */, is_signed{46, 1};
}
// Codes of quant_pre. Destination widths follow the public table; the meaning of a code within a width is ours where not named there.
namespace quant {
inline constexpr Word none = 0, f32_to_f16 = 1, s32_to_s8_vector = 8, s32_to_s8_scalar = 9, s32_to_f16_vector = 10, s32_to_f16_scalar = 11,
                      s32_to_s16_vector = 12, s32_to_s16_scalar = 13, f32_to_bf16 = 16, f32_to_s8_vector = 23, f32_to_s8_scalar = 24;
}
namespace ffts {
inline constexpr Field one{0, 1}, mode{4, 2}, flag_id{8, 4};
}
namespace sync_imm {
inline constexpr Field src_pipe{0, 4}, dst_pipe{4, 4}, id{8, 4};
}
namespace ctrl {
inline constexpr Field atomic_type{6, 3} /* 0 none 1 f32 2 f16 3 s16 4 s32 5 s8 6 bf16 */, atomic_op{9, 2} /* ours: 0 add 1 max 2 min */, hf32{46, 1}, hf32_round{47, 1},
    fp_saturate{48, 1}, int_saturate{53, 1}, mask_counter{56, 1}, convert_saturate{59, 2};
}

}  // namespace vitruvian::isa
