// Older and other spellings of the way out of L0C: FixpipeParams<T>, DataCopyCO12DstParams, tables filled from L1.
#pragma once

#include "vitruvian/cube.h"

namespace AscendC {

struct QuantParams {
  constexpr QuantParams() = default;
  constexpr QuantParams(QuantMode_t mode) : quantPre(mode) {}
  constexpr QuantParams(QuantMode_t mode, std::uint64_t scalar) : quantPre(mode), deqScalar(scalar) {}
  QuantMode_t quantPre = NoQuant;
  std::uint64_t deqScalar = 0;
};
struct Nz2NdParams {
  bool nz2ndEn = false;
  std::uint16_t ndNum = 1, srcNdStride = 0, dstNdStride = 0, originalNSize = 0;
};
// Bursts are columns of fractals; their length and gaps count 32 B. With nz2ndEn dstStride is a row's pitch in elements.
template <typename T>
struct FixpipeParams {
  constexpr FixpipeParams() = default;
  constexpr FixpipeParams(std::uint16_t count, std::uint16_t length, std::uint16_t source_gap, std::uint32_t destination)
      : cburstNum(count), burstLen(length), srcStride(source_gap), dstStride(destination) {}
  std::uint16_t cburstNum = 0, burstLen = 1;
  std::uint16_t srcStride = 0;
  std::uint32_t dstStride = 0;
  QuantParams quantParams;
  bool reluEn = false;
  Nz2NdParams nz2ndParams;
  std::uint8_t unitFlag = 0;
};
namespace cube {
template <typename T, typename U>
VITRUVIAN_INLINE constexpr FixpipeParamsV220 modern(const FixpipeParams<U>& p) {
  constexpr unsigned row_blocks = 16 * sizeof(U) / 32;
  const auto m = static_cast<std::uint16_t>(p.burstLen / row_blocks);
  FixpipeParamsV220 q;
  q.mSize = m;
  q.nSize = p.nz2ndParams.nz2ndEn ? p.nz2ndParams.originalNSize : static_cast<std::uint16_t>(p.cburstNum * 16);
  q.srcStride = static_cast<std::uint16_t>(m + p.srcStride / row_blocks);
  q.dstStride = p.nz2ndParams.nz2ndEn ? p.dstStride : static_cast<std::uint32_t>(m * 16 * sizeof(T) / 32) + p.dstStride;
  q.reluEn = p.reluEn, q.quantPre = p.quantParams.quantPre, q.deqScalar = p.quantParams.deqScalar;
  q.ndNum = p.nz2ndParams.ndNum, q.srcNdStride = p.nz2ndParams.srcNdStride, q.dstNdStride = p.nz2ndParams.dstNdStride;
  q.unitFlag = p.unitFlag;
  return q;
}
}  // namespace cube
template <typename T, typename U>
VITRUVIAN_INLINE void Fixpipe(const GlobalTensor<T>& dst, const LocalTensor<U>& src, const FixpipeParams<U>& p) {
  if (p.nz2ndParams.nz2ndEn)
    Fixpipe<T, U, CFG_ROW_MAJOR>(dst, src, cube::modern<T>(p));
  else
    Fixpipe<T, U, CFG_NZ>(dst, src, cube::modern<T>(p));
}
template <typename T, typename U, typename V>
VITRUVIAN_INLINE void Fixpipe(const GlobalTensor<T>& dst, const LocalTensor<U>& src, const LocalTensor<V>& quant, const FixpipeParams<U>& p) {
  if (p.nz2ndParams.nz2ndEn)
    Fixpipe<T, U, CFG_ROW_MAJOR>(dst, src, quant, cube::modern<T>(p));
  else
    Fixpipe<T, U, CFG_NZ>(dst, src, quant, cube::modern<T>(p));
}

// DataCopy out of L0C. SetFixpipeNz2ndFlag gives the matrices of nz2ndEn.
struct DataCopyCO12DstParams {
  constexpr DataCopyCO12DstParams() = default;
  constexpr DataCopyCO12DstParams(std::uint16_t n, std::uint16_t m, std::uint32_t destination, std::uint16_t source, QuantMode_t quant, std::uint8_t relu,
                                  bool split, bool row_major)
      : nSize(n), mSize(m), dstStride(destination), srcStride(source), quantPre(quant), reluPre(relu), channelSplit(split), nz2ndEn(row_major) {}
  std::uint8_t sid = 0;
  std::uint16_t nSize = 0, mSize = 0;
  std::uint32_t dstStride = 0;
  std::uint16_t srcStride = 0;
  std::uint8_t unitFlag = 0;
  QuantMode_t quantPre = NoQuant;
  std::uint8_t reluPre = 0;
  bool channelSplit = false, nz2ndEn = false;
};
namespace cube {
VITRUVIAN_INLINE constexpr FixpipeParamsV220 modern(const DataCopyCO12DstParams& p) {
  FixpipeParamsV220 q(p.nSize, p.mSize, p.srcStride, p.dstStride, p.reluPre != 0);
  q.quantPre = p.quantPre, q.unitFlag = p.unitFlag, q.isChannelSplit = p.channelSplit;
  return q;
}
}  // namespace cube
template <typename T, typename U>
VITRUVIAN_INLINE void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<U>& src, const DataCopyCO12DstParams& p) {
  const auto xm = cube::fixpipe_xm(cube::modern(p)), xt = cube::fixpipe_xt(cube::modern(p), p.nz2ndEn);
  if constexpr (std::is_same_v<U, std::int32_t>)
    vitruvian::op::copy_matrix_cc_to_gm_s32(dst.address(), src.address(), xm, xt);
  else
    vitruvian::op::copy_matrix_cc_to_gm_f32(dst.address(), src.address(), xm, xt);
}
template <typename T, typename U>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const DataCopyCO12DstParams& p) {
  const auto xm = cube::fixpipe_xm(cube::modern(p)), xt = cube::fixpipe_xt(cube::modern(p), false);
  if constexpr (std::is_same_v<U, std::int32_t>)
    vitruvian::op::copy_matrix_cc_to_cbuf_s32(dst.address(), src.address(), xm, xt);
  else
    vitruvian::op::copy_matrix_cc_to_cbuf_f32(dst.address(), src.address(), xm, xt);
}

// L1 -> bias table (64 B units) or fixpipe buffer (128 B units); half becomes float on the way into the bias table.
template <typename T, typename U>
VITRUVIAN_INLINE void copy_table(const LocalTensor<T>& dst, const LocalTensor<U>& src, const DataCopyParams& p) {
  const auto word = transfer::dma_word(p.blockCount, p.blockLen, p.srcStride, p.dstStride);
  if (hardware_of(dst.position()) == Hardware::BIAS)
    vitruvian::op::copy_cbuf_to_bt(dst.address(), src.address(), word | vitruvian::isa::dma::convert.put(sizeof(T) == 4 && sizeof(U) == 2));
  else
    vitruvian::op::copy_cbuf_to_fbuf(dst.address(), src.address(), word);
}
template <typename T, typename U>
  requires(!std::is_same_v<T, U>)
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const DataCopyParams& p) {
  copy_table(dst, src, p);
}

// A path of older chips: this one has none from UB to L0C.
template <typename T, typename U>
VITRUVIAN_INLINE void BroadCastVecToMM(const LocalTensor<T>&, const LocalTensor<U>&, std::int32_t, std::uint8_t, std::uint8_t, std::uint8_t) {
  vitruvian_stop();
}

}  // namespace AscendC
