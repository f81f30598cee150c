// LoadData, Mmad, Fixpipe, fills: L1 -> L0A, L0B -> L0C -> global memory.
#pragma once

#include "vitruvian/data_copy.h"

namespace AscendC {

// L1 (or GM) -> L0 in fractals of 512 B.
struct LoadData2DParams {
  constexpr LoadData2DParams() = default;
  constexpr LoadData2DParams(std::uint16_t start, std::uint8_t times, std::uint16_t stride, std::uint8_t sid_in, std::uint16_t gap, bool transpose,
                             std::uint8_t mode)
      : startIndex(start), repeatTimes(times), srcStride(stride), sid(sid_in), dstGap(gap), ifTranspose(transpose), addrMode(mode) {}
  std::uint16_t startIndex = 0;
  std::uint8_t repeatTimes = 0;
  std::uint16_t srcStride = 0;
  std::uint8_t sid = 0;
  std::uint16_t dstGap = 0;
  bool ifTranspose = false;
  std::uint8_t addrMode = 0;
};
using LoadData2dParams = LoadData2DParams;

struct LoadData2dTransposeParams {
  constexpr LoadData2dTransposeParams() = default;
  constexpr LoadData2dTransposeParams(std::uint16_t start, std::uint8_t times, std::uint16_t stride, std::uint16_t gap, std::uint16_t fractal_gap,
                                      std::uint8_t mode = 0)
      : startIndex(start), repeatTimes(times), srcStride(stride), dstGap(gap), dstFracGap(fractal_gap), addrMode(mode) {}
  std::uint16_t startIndex = 0;
  std::uint8_t repeatTimes = 0;
  std::uint16_t srcStride = 0, dstGap = 0, dstFracGap = 0;
  std::uint16_t srcFracGap = 0;
  std::uint8_t addrMode = 0;
};

template <typename T>
struct LoadData3DParamsV2 {
  std::uint8_t padList[4] = {0, 0, 0, 0};
  std::uint16_t l1H = 0, l1W = 0, channelSize = 0, kExtension = 0, mExtension = 0, kStartPt = 0, mStartPt = 0;
  std::uint8_t strideW = 1, strideH = 1;
  std::uint8_t filterW = 1, filterH = 1;
  std::uint8_t dilationFilterW = 1, dilationFilterH = 1;
  bool enTranspose = false, enSmallK = false;
  T padValue = T(0);
  bool filterSizeW = false, filterSizeH = false, fMatrixCtrl = false;
};
struct IsResetLoad3dConfig {
  bool isSetFMatrix = true, isSetPadding = true;
};
inline constexpr IsResetLoad3dConfig IS_RESER_LOAD3D_DEFAULT_CONFIG{true, true};

VITRUVIAN_INLINE void SetFmatrix(std::uint16_t height, std::uint16_t width, const std::uint8_t pads[4], FmatrixMode mode = FmatrixMode::FMATRIX_LEFT) {
  using namespace vitruvian::isa::fmatrix;
  const auto word = vitruvian::isa::fmatrix::width.put(width) | vitruvian::isa::fmatrix::height.put(height) | pad_left.put(pads[0]) |
                    pad_right.put(pads[1]) | pad_top.put(pads[2]) | pad_bottom.put(pads[3]);
  if (mode == FmatrixMode::FMATRIX_LEFT)
    vitruvian::spr::write<vitruvian::spr::FMATRIX>(word);
  else
    vitruvian::spr::write<vitruvian::spr::FMATRIX_B>(word);
}
template <typename T>
VITRUVIAN_INLINE void SetLoadDataPaddingValue(T value) { vitruvian::spr::write<vitruvian::spr::PADDING>(scalar_bits(value)); }
VITRUVIAN_INLINE void SetLoadDataRepeat(std::uint16_t stride, std::uint8_t times, std::uint8_t mode) {
  using namespace vitruvian::isa::l3d_repeat;
  vitruvian::spr::write<vitruvian::spr::L3D_RPT>(vitruvian::isa::l3d_repeat::stride.put(stride) | vitruvian::isa::l3d_repeat::times.put(times) |
                                                 vitruvian::isa::l3d_repeat::mode.put(mode));
}

namespace cube {
VITRUVIAN_INLINE constexpr vitruvian::isa::Word load2d_word(const LoadData2DParams& p) {
  using namespace vitruvian::isa::load2d;
  return start.put(p.startIndex) | repeat.put(p.repeatTimes) | src_stride.put(p.srcStride) | vitruvian::isa::load2d::sid.put(p.sid) | dst_gap.put(p.dstGap) |
         decrement.put(p.addrMode);
}
}  // namespace cube

template <typename T>
VITRUVIAN_INLINE void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData2DParams& p) {
  const auto word = cube::load2d_word(p);
  const bool to_a = hardware_of(dst.position()) == Hardware::L0A;
  if (p.ifTranspose) {
    static_assert(sizeof(T) <= 4);
    if (to_a)
      vitruvian::op::load_cbuf_to_ca_t_b16(dst.address(), src.address(), word);
    else
      vitruvian::op::load_cbuf_to_cb_t_b16(dst.address(), src.address(), word);
  } else if (to_a) {
    vitruvian::op::load_cbuf_to_ca(dst.address(), src.address(), word);
  } else {
    vitruvian::op::load_cbuf_to_cb(dst.address(), src.address(), word);
  }
}
// GM -> L0.
template <typename T>
VITRUVIAN_INLINE void LoadData(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const LoadData2DParams& p) {
  if (hardware_of(dst.position()) == Hardware::L0A)
    vitruvian::op::load_gm_to_ca(dst.address(), src.address(), cube::load2d_word(p));
  else
    vitruvian::op::load_gm_to_cb(dst.address(), src.address(), cube::load2d_word(p));
}
// Squares of fractals (16 x 16 16-bit, 32 x 32 8-bit elements), each transposed. startIndex and srcStride count squares;
// dstGap and dstFracGap count 512 B.
template <typename T>
VITRUVIAN_INLINE void LoadDataWithTranspose(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData2dTransposeParams& p) {
  const auto word0 = cube::load2d_word(LoadData2DParams(p.startIndex, p.repeatTimes, p.srcStride, 0, p.dstGap, true, p.addrMode));
  const auto word1 = vitruvian::isa::load2d::dst_fractal_gap.put(p.dstFracGap) | vitruvian::isa::load2d::src_fractal_gap.put(p.srcFracGap);
  const bool to_a = hardware_of(dst.position()) == Hardware::L0A;
  if constexpr (sizeof(T) == 1)
    vitruvian::op::load_cbuf_to_cb_transpose_b8(dst.address(), src.address(), word0, word1);
  else if (to_a)
    vitruvian::op::load_cbuf_to_ca_transpose_b16(dst.address(), src.address(), word0, word1);
  else
    vitruvian::op::load_cbuf_to_cb_transpose_b16(dst.address(), src.address(), word0, word1);
}
template <typename T, const IsResetLoad3dConfig& config = IS_RESER_LOAD3D_DEFAULT_CONFIG>
VITRUVIAN_INLINE void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData3DParamsV2<T>& p) {
  using namespace vitruvian::isa::load3d;
  const bool to_a = hardware_of(dst.position()) == Hardware::L0A;
  if constexpr (config.isSetFMatrix)
    SetFmatrix(p.l1H, p.l1W, p.padList, p.fMatrixCtrl ? FmatrixMode::FMATRIX_RIGHT : FmatrixMode::FMATRIX_LEFT);
  if constexpr (config.isSetPadding) SetLoadDataPaddingValue(p.padValue);
  const auto word0 = k_extent.put(p.kExtension) | m_extent.put(p.mExtension) | k_start.put(p.kStartPt) | m_start.put(p.mStartPt);
  const auto word1 = stride_w.put(p.strideW) | stride_h.put(p.strideH) | filter_w_low.put(p.filterW) | filter_h_low.put(p.filterH) |
                     dilation_w.put(p.dilationFilterW) | dilation_h.put(p.dilationFilterH) | filter_w_high.put(p.filterSizeW) |
                     filter_h_high.put(p.filterSizeH) | transpose.put(p.enTranspose) | fmatrix_b.put(p.fMatrixCtrl) | channels.put(p.channelSize);
#define VITRUVIAN_LOAD3D(bits)                                                                                       \
  do {                                                                                                               \
    if (to_a)                                                                                                        \
      vitruvian::op::img2colv2_cbuf_to_ca_##bits(dst.address(), src.address(), word0, word1);                        \
    else                                                                                                             \
      vitruvian::op::img2colv2_cbuf_to_cb_##bits(dst.address(), src.address(), word0, word1);                        \
  } while (0)
  if constexpr (sizeof(T) == 1)
    VITRUVIAN_LOAD3D(b8);
  else if constexpr (sizeof(T) == 2)
    VITRUVIAN_LOAD3D(b16);
  else
    VITRUVIAN_LOAD3D(b32);
#undef VITRUVIAN_LOAD3D
}

template <typename T>
struct InitConstValueParams {
  constexpr InitConstValueParams() = default;
  constexpr InitConstValueParams(std::uint16_t times, std::uint16_t blocks, std::uint16_t gap, T value)
      : repeatTimes(times), blockNum(blocks), dstGap(gap), initValue(value) {}
  std::uint16_t repeatTimes = 0, blockNum = 0, dstGap = 0;
  T initValue = T(0);
};
// L1 in blocks of 32 B, L0A and L0B in fractals.
template <typename T>
VITRUVIAN_INLINE void Fill(const LocalTensor<T>& dst, const InitConstValueParams<T>& p) {
  using namespace vitruvian::isa::set2d;
  const auto word = repeat.put(p.repeatTimes) | blocks.put(p.blockNum) | gap.put(p.dstGap);
  const auto value = scalar_bits(p.initValue);
  const Hardware hardware = hardware_of(dst.position());
  static_assert(sizeof(T) == 2 || sizeof(T) == 4);
#define VITRUVIAN_FILL(bits)                                                                                         \
  do {                                                                                                               \
    if (hardware == Hardware::L0A)                                                                                   \
      vitruvian::op::create_ca_matrix_##bits(dst.address(), value, word);                                            \
    else if (hardware == Hardware::L0B)                                                                              \
      vitruvian::op::create_cb_matrix_##bits(dst.address(), value, word);                                            \
    else                                                                                                             \
      vitruvian::op::create_cbuf_matrix_##bits(dst.address(), value, word);                                          \
  } while (0)
  if constexpr (sizeof(T) == 2)
    VITRUVIAN_FILL(b16);
  else
    VITRUVIAN_FILL(b32);
#undef VITRUVIAN_FILL
}
template <typename T>
VITRUVIAN_INLINE void InitConstValue(const LocalTensor<T>& dst, const InitConstValueParams<T>& p) { Fill(dst, p); }

struct MmadParams {
  constexpr MmadParams() = default;
  constexpr MmadParams(std::uint16_t m_in, std::uint16_t n_in, std::uint16_t k_in, std::uint8_t unit_flag, bool from_bias, bool init)
      : m(m_in), n(n_in), k(k_in), unitFlag(unit_flag), cmatrixSource(from_bias), cmatrixInitVal(init) {}
  // The older eight-value form.
  constexpr MmadParams(std::uint16_t m_in, std::uint16_t n_in, std::uint16_t k_in, bool bias, std::int32_t, bool, bool, bool, bool = false)
      : m(m_in), n(n_in), k(k_in), isBias(bias), cmatrixInitVal(!bias) {}
  std::uint16_t m = 0, n = 0, k = 0;
  bool isBias = false;
  std::int32_t fmOffset = 0;
  bool enSsparse = false, enWinogradA = false, enWinogradB = false;
  std::uint8_t unitFlag = 0;
  bool kDirectionAlign = false;
  bool cmatrixSource = false;   // true: C starts from the bias table
  bool cmatrixInitVal = true;   // true: C starts from zero
};

namespace cube {
VITRUVIAN_INLINE constexpr vitruvian::isa::Word mmad_word(const MmadParams& p) {
  using namespace vitruvian::isa::mmad;
  return vitruvian::isa::mmad::m.put(p.m) | vitruvian::isa::mmad::k.put(p.k) | vitruvian::isa::mmad::n.put(p.n) | unit_flag.put(p.unitFlag) |
         k_align.put(p.kDirectionAlign) | bias.put(p.cmatrixSource) | zero_init.put(p.cmatrixInitVal && !p.cmatrixSource);
}
template <typename U>
VITRUVIAN_INLINE void mad(std::uint64_t c, std::uint64_t a, std::uint64_t b, vitruvian::isa::Word word) {
  if constexpr (std::is_same_v<U, half>)
    vitruvian::op::mad_f16(c, a, b, word);
  else if constexpr (std::is_same_v<U, bfloat16_t>)
    vitruvian::op::mad_bf16(c, a, b, word);
  else if constexpr (std::is_same_v<U, float>)
    vitruvian::op::mad_f32(c, a, b, word);
  else if constexpr (std::is_same_v<U, int4b_t>)
    vitruvian::op::mad_s4(c, a, b, word);
  else
    vitruvian::op::mad_s8(c, a, b, word);
}
}  // namespace cube

// C (m x n) = A x B (+ C): half, bfloat16_t, float -> float; int8_t, int4b_t -> int32_t.
template <typename T, typename U, typename S>
VITRUVIAN_INLINE void Mmad(const LocalTensor<T>& c, const LocalTensor<U>& a, const LocalTensor<S>& b, const MmadParams& p) {
  static_assert(std::is_same_v<U, S>);
  cube::mad<U>(c.address(), a.address(), b.address(), cube::mmad_word(p));
}
// With bias in the bias table (64 B units).
template <typename T, typename U, typename S, typename V>
VITRUVIAN_INLINE void Mmad(const LocalTensor<T>& c, const LocalTensor<U>& a, const LocalTensor<S>& b, const LocalTensor<V>& bias, const MmadParams& p) {
  MmadParams from_bias = p;
  from_bias.cmatrixSource = true;
  cube::mad<U>(c.address(), a.address(), b.address(),
               cube::mmad_word(from_bias) | vitruvian::isa::mmad::bias_address.put(bias.address() / 64));
}

struct FixpipeConfig {
  bool is_row_major;
};
inline constexpr FixpipeConfig CFG_ROW_MAJOR{true};
inline constexpr FixpipeConfig CFG_NZ{false};

struct FixpipeParamsV220 {
  constexpr FixpipeParamsV220() = default;
  constexpr FixpipeParamsV220(std::uint16_t n, std::uint16_t m, std::uint16_t source, std::uint32_t destination, bool relu)
      : nSize(n), mSize(m), srcStride(source), dstStride(destination), reluEn(relu) {}
  constexpr FixpipeParamsV220(std::uint16_t n, std::uint16_t m, std::uint16_t source, std::uint32_t destination, bool relu, QuantMode_t quant,
                              std::uint64_t scalar, std::uint16_t nd_num, std::uint16_t source_nd, std::uint16_t destination_nd, std::uint8_t flag)
      : nSize(n), mSize(m), srcStride(source), dstStride(destination), reluEn(relu), quantPre(quant), deqScalar(scalar), ndNum(nd_num),
        srcNdStride(source_nd), dstNdStride(destination_nd), unitFlag(flag) {}
  std::uint16_t nSize = 0, mSize = 0, srcStride = 0;
  std::uint32_t dstStride = 0;
  bool reluEn = false;
  QuantMode_t quantPre = NoQuant;
  std::uint64_t deqScalar = 0;
  std::uint16_t ndNum = 1, srcNdStride = 0, dstNdStride = 0;
  std::uint8_t unitFlag = 0;
  bool isChannelSplit = false;
};

VITRUVIAN_INLINE void SetFixpipeNz2ndFlag(std::uint16_t number, std::uint16_t source_stride, std::uint16_t destination_stride) {
  using namespace vitruvian::isa::nd_para;
  vitruvian::spr::write<vitruvian::spr::ND_PARA>(nd_num.put(number) | src_nd_stride.put(source_stride) | dst_nd_stride.put(destination_stride));
}
template <typename T>
VITRUVIAN_INLINE void SetFixPipeConfig(const LocalTensor<T>& quant, bool = false) {
  vitruvian::spr::write<vitruvian::spr::FPC>(vitruvian::isa::fpc::quant_address.put(quant.address() / 128));
}
VITRUVIAN_INLINE void SetFixpipePreQuantFlag(std::uint64_t parameter) { vitruvian::spr::write<vitruvian::spr::QUANT_PRE>(parameter); }

namespace cube {
VITRUVIAN_INLINE constexpr vitruvian::isa::Word fixpipe_xm(const FixpipeParamsV220& p) {
  using namespace vitruvian::isa::fixpipe;
  return n.put(p.nSize) | m.put(p.mSize) | dst_stride.put(p.dstStride);
}
VITRUVIAN_INLINE constexpr vitruvian::isa::Word fixpipe_xt(const FixpipeParamsV220& p, bool row_major) {
  using namespace vitruvian::isa::fixpipe;
  return src_stride.put(p.srcStride) | unit_flag.put(p.unitFlag) | quant_pre.put(p.quantPre) | relu.put(p.reluEn) | channel_split.put(p.isChannelSplit) |
         nz2nd.put(row_major);
}
VITRUVIAN_INLINE constexpr bool scalar_quantisation(QuantMode_t mode) {
  return mode == DEQF16 || mode == REQ8 || mode == QF322B8_PRE || mode == DEQS16;
}
}  // namespace cube

// L0C -> GM. Row-major output: dstStride in elements; Nz: in 32 B.
template <typename T, typename U, const FixpipeConfig& config = CFG_ROW_MAJOR>
VITRUVIAN_INLINE void Fixpipe(const GlobalTensor<T>& dst, const LocalTensor<U>& src, const FixpipeParamsV220& p) {
  if constexpr (config.is_row_major) SetFixpipeNz2ndFlag(p.ndNum, p.srcNdStride, p.dstNdStride);
  if (cube::scalar_quantisation(p.quantPre)) SetFixpipePreQuantFlag(p.deqScalar);
  if constexpr (std::is_same_v<U, std::int32_t>)
    vitruvian::op::copy_matrix_cc_to_gm_s32(dst.address(), src.address(), cube::fixpipe_xm(p), cube::fixpipe_xt(p, config.is_row_major));
  else
    vitruvian::op::copy_matrix_cc_to_gm_f32(dst.address(), src.address(), cube::fixpipe_xm(p), cube::fixpipe_xt(p, config.is_row_major));
}
// Per-channel parameters (one 64-bit word each) from L1 through the fixpipe buffer.
template <typename T, typename U, const FixpipeConfig& config = CFG_ROW_MAJOR, typename V>
VITRUVIAN_INLINE void Fixpipe(const GlobalTensor<T>& dst, const LocalTensor<U>& src, const LocalTensor<V>& quant, const FixpipeParamsV220& p) {
  const std::uint64_t units = (static_cast<std::uint64_t>(p.nSize) * 8 + 127) / 128;
  vitruvian::op::copy_cbuf_to_fbuf(0, quant.address(), transfer::dma_word(1, units, 0, 0));
  vitruvian::spr::write<vitruvian::spr::FPC>(0);
  ::pipe_barrier(PIPE_FIX);
  Fixpipe<T, U, config>(dst, src, p);
}
// L0C -> L1, Nz.
template <typename T, typename U, const FixpipeConfig& config = CFG_NZ>
VITRUVIAN_INLINE void Fixpipe(const LocalTensor<T>& dst, const LocalTensor<U>& src, const FixpipeParamsV220& p) {
  if (cube::scalar_quantisation(p.quantPre)) SetFixpipePreQuantFlag(p.deqScalar);
  if constexpr (std::is_same_v<U, std::int32_t>)
    vitruvian::op::copy_matrix_cc_to_cbuf_s32(dst.address(), src.address(), cube::fixpipe_xm(p), cube::fixpipe_xt(p, false));
  else
    vitruvian::op::copy_matrix_cc_to_cbuf_f32(dst.address(), src.address(), cube::fixpipe_xm(p), cube::fixpipe_xt(p, false));
}

}  // namespace AscendC
