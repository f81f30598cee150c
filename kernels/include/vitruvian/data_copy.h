// DataCopy, DataCopyPad: transfers between global memory, UB and L1.
#pragma once

#include "vitruvian/system.h"

namespace AscendC {

struct DataCopyParams {
  constexpr DataCopyParams() = default;
  constexpr DataCopyParams(std::uint16_t count, std::uint16_t length, std::uint16_t source_gap, std::uint16_t destination_gap)
      : blockCount(count), blockLen(length), srcStride(source_gap), dstStride(destination_gap) {}
  std::uint16_t blockCount = 1, blockLen = 0;  // 32 B units; gaps from end to start
  union { std::uint16_t srcStride = 0, srcGap; };
  union { std::uint16_t dstStride = 0, dstGap; };
};
struct DataCopyEnhancedParams {
  BlockMode blockMode = BlockMode::BLOCK_MODE_NORMAL;
};
struct DataCopyExtParams {
  constexpr DataCopyExtParams() = default;
  constexpr DataCopyExtParams(std::int64_t count, std::int64_t length, std::int64_t source_gap, std::int64_t destination_gap, std::int64_t reserved = 0)
      : blockCount(static_cast<std::uint16_t>(count)), blockLen(static_cast<std::uint32_t>(length)), srcStride(source_gap),
        dstStride(destination_gap), rsv(static_cast<std::uint32_t>(reserved)) {}
  std::uint16_t blockCount = 1;
  std::uint32_t blockLen = 0;  // bytes; GM gaps in bytes, UB gaps in 32 B
  std::int64_t srcStride = 0, dstStride = 0;
  std::uint32_t rsv = 0;
};
template <typename T>
struct DataCopyPadExtParams {
  constexpr DataCopyPadExtParams() = default;
  template <typename U>
  constexpr DataCopyPadExtParams(bool pad, std::int64_t left, std::int64_t right, U value)
      : isPad(pad), leftPadding(static_cast<std::uint8_t>(left)), rightPadding(static_cast<std::uint8_t>(right)), paddingValue(static_cast<T>(value)) {}
  bool isPad = false;
  std::uint8_t leftPadding = 0, rightPadding = 0;
  T paddingValue = T(0);
};
struct DataCopyPadParams {
  constexpr DataCopyPadParams() = default;
  constexpr DataCopyPadParams(bool pad, std::int64_t left, std::int64_t right, std::uint64_t value)
      : isPad(pad), leftPadding(static_cast<std::uint8_t>(left)), rightPadding(static_cast<std::uint8_t>(right)), paddingValue(value) {}
  bool isPad = false;
  std::uint8_t leftPadding = 0, rightPadding = 0;
  std::uint64_t paddingValue = 0;
};
struct Nd2NzParams {
  constexpr Nd2NzParams() = default;
  constexpr Nd2NzParams(std::uint16_t nd_num, std::uint16_t n, std::uint16_t d, std::uint16_t nd_stride, std::uint16_t d_pitch,
                        std::uint16_t c0_stride, std::uint16_t n_stride, std::uint16_t matrix_stride)
      : ndNum(nd_num), nValue(n), dValue(d), srcNdMatrixStride(nd_stride), srcDValue(d_pitch), dstNzC0Stride(c0_stride),
        dstNzNStride(n_stride), dstNzMatrixStride(matrix_stride) {}
  std::uint16_t ndNum = 1, nValue = 0, dValue = 0, srcNdMatrixStride = 0, srcDValue = 0, dstNzC0Stride = 0, dstNzNStride = 1,
                dstNzMatrixStride = 0;
};

namespace transfer {
using vitruvian::isa::Word;
VITRUVIAN_INLINE constexpr Word dma_word(Word count, Word length, Word source_gap, Word destination_gap) {
  using namespace vitruvian::isa::dma;
  return burst_count.put(count) | burst_length.put(length) | src_gap.put(source_gap) | dst_gap.put(destination_gap);
}
VITRUVIAN_INLINE constexpr bool is_l1(TPosition position) { return hardware_of(position) == Hardware::L1; }
}  // namespace transfer

}  // namespace AscendC

// Raw forms, lengths and gaps in 32 B.
VITRUVIAN_INLINE void copy_gm_to_ubuf(void* dst, const void* src, int sid, int count, int length, int source_gap, int destination_gap) {
  vitruvian::op::copy_gm_to_ubuf(reinterpret_cast<std::uint64_t>(dst), reinterpret_cast<std::uint64_t>(src),
                                 AscendC::transfer::dma_word(count, length, source_gap, destination_gap) | static_cast<unsigned>(sid & 15));
}
VITRUVIAN_INLINE void copy_ubuf_to_gm(void* dst, const void* src, int sid, int count, int length, int source_gap, int destination_gap) {
  vitruvian::op::copy_ubuf_to_gm(reinterpret_cast<std::uint64_t>(dst), reinterpret_cast<std::uint64_t>(src),
                                 AscendC::transfer::dma_word(count, length, source_gap, destination_gap) | static_cast<unsigned>(sid & 15));
}
VITRUVIAN_INLINE void copy_ubuf_to_ubuf(void* dst, const void* src, int sid, int count, int length, int source_gap, int destination_gap) {
  vitruvian::op::copy_ubuf_to_ubuf(reinterpret_cast<std::uint64_t>(dst), reinterpret_cast<std::uint64_t>(src),
                                   AscendC::transfer::dma_word(count, length, source_gap, destination_gap) | static_cast<unsigned>(sid & 15));
}
VITRUVIAN_INLINE void copy_gm_to_cbuf(void* dst, const void* src, int sid, int count, int length, int source_gap, int destination_gap, int = 0) {
  vitruvian::op::copy_gm_to_cbuf(reinterpret_cast<std::uint64_t>(dst), reinterpret_cast<std::uint64_t>(src),
                                 AscendC::transfer::dma_word(count, length, source_gap, destination_gap) | static_cast<unsigned>(sid & 15));
}

namespace AscendC {

// GM -> UB or L1. Lengths that are no multiple of 32 B are rounded down; zero does nothing.
template <typename T>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyParams& p) {
  const auto word = transfer::dma_word(p.blockCount, p.blockLen, p.srcStride, p.dstStride);
  if constexpr (g_coreType == AIV)
    vitruvian::op::copy_gm_to_ubuf(dst.address(), src.address(), word);
  else if (transfer::is_l1(dst.position()))
    vitruvian::op::copy_gm_to_cbuf(dst.address(), src.address(), word);
}
// UB or L1 -> GM.
template <typename T>
VITRUVIAN_INLINE void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p) {
  const auto word = transfer::dma_word(p.blockCount, p.blockLen, p.srcStride, p.dstStride);
  if constexpr (g_coreType == AIV)
    vitruvian::op::copy_ubuf_to_gm(dst.address(), src.address(), word);
  else if (transfer::is_l1(src.position()))
    vitruvian::op::copy_cbuf_to_gm(dst.address(), src.address(), word);
}
// UB -> UB.
template <typename T>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p) {
  const auto word = transfer::dma_word(p.blockCount, p.blockLen, p.srcStride, p.dstStride);
  if constexpr (g_coreType == AIV)
    vitruvian::op::copy_ubuf_to_ubuf(dst.address(), src.address(), word);
  else if (hardware_of(dst.position()) == Hardware::BIAS)  // L1 -> tables of the cube core
    vitruvian::op::copy_cbuf_to_bt(dst.address(), src.address(), word);
  else if (hardware_of(dst.position()) == Hardware::FIXBUF)
    vitruvian::op::copy_cbuf_to_fbuf(dst.address(), src.address(), word);
}
template <typename To, typename From>
VITRUVIAN_INLINE void copy_count(const To& dst, const From& src, std::uint32_t bytes) {
  DataCopy(dst, src, DataCopyParams(1, static_cast<std::uint16_t>(bytes / 32), 0, 0));
}
template <typename T>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, std::uint32_t count) { copy_count(dst, src, byte_count<T>(count)); }
template <typename T>
VITRUVIAN_INLINE void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t count) { copy_count(dst, src, byte_count<T>(count)); }
template <typename T>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t count) { copy_count(dst, src, byte_count<T>(count)); }
template <typename T>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyParams& p, const DataCopyEnhancedParams&) { DataCopy(dst, src, p); }
template <typename T>
VITRUVIAN_INLINE void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p, const DataCopyEnhancedParams&) { DataCopy(dst, src, p); }

// GM row-major -> L1 Nz: n rows of d elements; the last 32 B of a row are filled with zeros.
template <typename T>
VITRUVIAN_INLINE void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const Nd2NzParams& p) {
  using namespace vitruvian::isa::nd2nz;
  const auto word0 = nd_num.put(p.ndNum) | n_value.put(p.nValue) | d_value.put(p.dValue) | src_nd_stride.put(p.srcNdMatrixStride);
  const auto word1 = src_d_value.put(p.srcDValue) | dst_c0_stride.put(p.dstNzC0Stride) | dst_n_stride.put(p.dstNzNStride) |
                     dst_nd_stride.put(p.dstNzMatrixStride);
  if constexpr (sizeof(T) == 1)
    vitruvian::op::copy_gm_to_cbuf_multi_nd2nz_b8(dst.address(), src.address(), word0, word1);
  else if constexpr (sizeof(T) == 2)
    vitruvian::op::copy_gm_to_cbuf_multi_nd2nz_b16(dst.address(), src.address(), word0, word1);
  else
    vitruvian::op::copy_gm_to_cbuf_multi_nd2nz_b32s(dst.address(), src.address(), word0, word1);
}

// Byte-exact rows; 64-bit elements travel as pairs of 32-bit ones.
template <typename T>
VITRUVIAN_INLINE void DataCopyPad(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyExtParams& p, const DataCopyPadExtParams<T>& pad) {
  using namespace vitruvian::isa::dma_align;
  constexpr unsigned scale = sizeof(T) == 8 ? 2 : 1;
  if (pad.isPad) vitruvian::spr::write<vitruvian::spr::MOV_PAD_VALUE>(scalar_bits(pad.paddingValue));
  auto word0 = burst_count.put(p.blockCount) | burst_length.put(p.blockLen);
  if (pad.isPad) word0 |= left_pad.put(pad.leftPadding * scale) | right_pad.put(pad.rightPadding * scale) | fill.put(1);
  const auto word1 = src_gap.put(static_cast<std::uint64_t>(p.srcStride)) | dst_gap.put(static_cast<std::uint64_t>(p.dstStride));
  if constexpr (sizeof(T) == 1)
    vitruvian::op::copy_gm_to_ubuf_align_b8(dst.address(), src.address(), word0, word1);
  else if constexpr (sizeof(T) == 2)
    vitruvian::op::copy_gm_to_ubuf_align_b16(dst.address(), src.address(), word0, word1);
  else
    vitruvian::op::copy_gm_to_ubuf_align_b32(dst.address(), src.address(), word0, word1);
}
template <typename T>
VITRUVIAN_INLINE void DataCopyPad(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyExtParams& p) {
  using namespace vitruvian::isa::dma_align;
  const auto word0 = burst_count.put(p.blockCount) | burst_length.put(p.blockLen);
  const auto word1 = src_gap.put(static_cast<std::uint64_t>(p.srcStride)) | dst_gap.put(static_cast<std::uint64_t>(p.dstStride));
  if constexpr (sizeof(T) == 1)
    vitruvian::op::copy_ubuf_to_gm_align_b8(dst.address(), src.address(), word0, word1);
  else if constexpr (sizeof(T) == 2)
    vitruvian::op::copy_ubuf_to_gm_align_b16(dst.address(), src.address(), word0, word1);
  else
    vitruvian::op::copy_ubuf_to_gm_align_b32(dst.address(), src.address(), word0, word1);
}
// The older forms: blockLen in bytes, GM gaps in bytes.
template <typename T>
VITRUVIAN_INLINE void DataCopyPad(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyParams& p, const DataCopyPadParams& pad) {
  T value{};
  __builtin_memcpy(&value, &pad.paddingValue, sizeof(T));
  DataCopyPad(dst, src, DataCopyExtParams(p.blockCount, p.blockLen, p.srcStride, p.dstStride, 0),
              DataCopyPadExtParams<T>(pad.isPad, pad.leftPadding, pad.rightPadding, value));
}
template <typename T>
VITRUVIAN_INLINE void DataCopyPad(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p) {
  DataCopyPad(dst, src, DataCopyExtParams(p.blockCount, p.blockLen, p.srcStride, p.dstStride, 0));
}
template <typename T, TPosition position = TPosition::MAX>
VITRUVIAN_INLINE void SetPadValue(T value) { vitruvian::spr::write<vitruvian::spr::MOV_PAD_VALUE>(scalar_bits(value)); }

}  // namespace AscendC
