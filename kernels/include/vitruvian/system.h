// Indices of the core, special state, atomics.
#pragma once

#include "vitruvian/synchronisation.h"
#include "vitruvian/tensor.h"

VITRUVIAN_INLINE long get_block_num() { return static_cast<long>(vitruvian::spr::read_constant<vitruvian::spr::BLOCKNUM>()); }
VITRUVIAN_INLINE long get_subblockid() { return static_cast<long>(vitruvian::spr::read_constant<vitruvian::spr::SUBBLOCKID>()); }
VITRUVIAN_INLINE long get_subblockdim() { return static_cast<long>(vitruvian::spr::read_constant<vitruvian::spr::SUBBLOCKDIM>()); }
VITRUVIAN_INLINE long get_block_idx() { return static_cast<long>(vitruvian::spr::read_constant<vitruvian::spr::BLOCKID>()); }
VITRUVIAN_INLINE long get_coreid() { return static_cast<long>(vitruvian::spr::read_constant<vitruvian::spr::COREID>()); }
VITRUVIAN_INLINE std::int64_t get_sys_cnt() { return static_cast<std::int64_t>(vitruvian::spr::read<vitruvian::spr::SYS_CNT>()); }
VITRUVIAN_INLINE std::uint64_t get_ctrl() { return vitruvian::spr::read<vitruvian::spr::CTRL>(); }
VITRUVIAN_INLINE void set_ctrl(std::uint64_t value) { vitruvian::spr::write<vitruvian::spr::CTRL>(value); }

// `block_idx` and `block_num` are variables of the kernel language: objects, so that a local of the same name may hide them.
namespace vitruvian {
struct BlockIndex {
  VITRUVIAN_INLINE operator long() const { return get_block_idx(); }
};
struct BlockNumber {
  VITRUVIAN_INLINE operator long() const { return get_block_num(); }
};
}  // namespace vitruvian
inline constexpr vitruvian::BlockIndex block_idx{};
inline constexpr vitruvian::BlockNumber block_num{};

namespace AscendC {

// AIV: over all vector cores of the launch.
VITRUVIAN_INLINE std::int64_t GetBlockIdx() {
  if constexpr (g_coreType == AIV) return get_block_idx() * get_subblockdim() + get_subblockid();
  return get_block_idx();
}
VITRUVIAN_INLINE std::int64_t GetBlockNum() { return get_block_num(); }
VITRUVIAN_INLINE std::int64_t GetSubBlockIdx() { return g_coreType == AIV ? get_subblockid() : 0; }
VITRUVIAN_INLINE std::int64_t GetSubBlockNum() { return g_coreType == AIV ? get_subblockdim() : 1; }
VITRUVIAN_INLINE std::int64_t GetTaskRation() {
  return g_coreType == AIV ? static_cast<std::int64_t>(vitruvian::spr::read_constant<vitruvian::spr::TASKRATIO>()) : 1;
}
VITRUVIAN_INLINE std::int64_t GetTaskRatio() { return GetTaskRation(); }
VITRUVIAN_INLINE std::int64_t GetSystemCycle() { return get_sys_cnt(); }
VITRUVIAN_INLINE constexpr std::uint32_t GetDataBlockSizeInBytes() { return 32; }
inline constexpr std::uint32_t kUbBytes = 192 * 1024;
VITRUVIAN_INLINE constexpr std::int64_t GetUBSizeInBytes() { return kUbBytes - 256; }

inline constexpr std::uint64_t kMaskCounterBit = 1ull << vitruvian::isa::ctrl::mask_counter.lo;

VITRUVIAN_INLINE void SetMaskCount() { vitruvian::spr::set_bits<vitruvian::spr::CTRL>(kMaskCounterBit); }
VITRUVIAN_INLINE void SetMaskNorm() { vitruvian::spr::clear_bits<vitruvian::spr::CTRL>(kMaskCounterBit); }
VITRUVIAN_INLINE void set_mask(std::uint64_t high, std::uint64_t low) {
  if constexpr (g_coreType != AIV) return;
  vitruvian::spr::write<vitruvian::spr::MASK0>(low);
  vitruvian::spr::write<vitruvian::spr::MASK1>(high);
}
VITRUVIAN_INLINE void ResetMask() { set_mask(~0ull, ~0ull); }
// Normal mode: bits of the lanes 64..127 and 0..63; counter mode: 0 and the number of elements.
template <typename T, MaskMode mode = MaskMode::NORMAL>
VITRUVIAN_INLINE void SetVectorMask(std::uint64_t high, std::uint64_t low) {
  set_mask(high, low);
}
// The first n lanes of each repeat.
VITRUVIAN_INLINE void set_lane_mask(std::int32_t lanes) {
  set_mask(lanes <= 64 ? 0 : lanes >= 128 ? ~0ull : (1ull << (lanes - 64)) - 1, lanes >= 64 ? ~0ull : (1ull << lanes) - 1);
}
template <typename T, MaskMode mode = MaskMode::NORMAL>
VITRUVIAN_INLINE void SetVectorMask(std::int32_t length) {
  if constexpr (mode == MaskMode::COUNTER)
    set_mask(0, static_cast<std::uint64_t>(length));
  else
    set_lane_mask(length);
}

namespace atomic {
inline constexpr std::uint64_t kBits = vitruvian::isa::ctrl::atomic_type.put(7) | vitruvian::isa::ctrl::atomic_op.put(3);
template <typename T>
consteval std::uint64_t type_code() {
  if constexpr (std::is_same_v<T, float>) return 1;
  if constexpr (std::is_same_v<T, half>) return 2;
  if constexpr (std::is_same_v<T, std::int16_t>) return 3;
  if constexpr (std::is_same_v<T, std::int32_t>) return 4;
  if constexpr (std::is_same_v<T, std::int8_t>) return 5;
  if constexpr (std::is_same_v<T, bfloat16_t>) return 6;
  return 0;
}
template <typename T>
VITRUVIAN_INLINE void set(std::uint64_t operation) {
  static_assert(type_code<T>() != 0, "atomic stores take float, half, bfloat16_t, int32_t, int16_t, int8_t");
  vitruvian::spr::clear_bits<vitruvian::spr::CTRL>(kBits);
  vitruvian::spr::set_bits<vitruvian::spr::CTRL>(vitruvian::isa::ctrl::atomic_type.put(type_code<T>()) | vitruvian::isa::ctrl::atomic_op.put(operation));
}
}  // namespace atomic
template <typename T>
VITRUVIAN_INLINE void SetAtomicAdd() { atomic::set<T>(0); }
template <typename T>
VITRUVIAN_INLINE void SetAtomicMax() { atomic::set<T>(1); }
template <typename T>
VITRUVIAN_INLINE void SetAtomicMin() { atomic::set<T>(2); }
template <typename T>
VITRUVIAN_INLINE void SetAtomicType() { atomic::set<T>(0); }
VITRUVIAN_INLINE void SetAtomicNone() { vitruvian::spr::clear_bits<vitruvian::spr::CTRL>(atomic::kBits); }
VITRUVIAN_INLINE void DisableDmaAtomic() { SetAtomicNone(); }

VITRUVIAN_INLINE void SetHF32Mode(bool on) {
  constexpr std::uint64_t bit = 1ull << vitruvian::isa::ctrl::hf32.lo;
  if (on)
    vitruvian::spr::set_bits<vitruvian::spr::CTRL>(bit);
  else
    vitruvian::spr::clear_bits<vitruvian::spr::CTRL>(bit);
}
VITRUVIAN_INLINE void SetHF32TransMode(bool towards_zero) {
  constexpr std::uint64_t bit = 1ull << vitruvian::isa::ctrl::hf32_round.lo;
  if (towards_zero)
    vitruvian::spr::set_bits<vitruvian::spr::CTRL>(bit);
  else
    vitruvian::spr::clear_bits<vitruvian::spr::CTRL>(bit);
}
VITRUVIAN_INLINE void SetMMLayoutTransform(bool, bool = false) {}

VITRUVIAN_INLINE void InitSocState() {
  SetAtomicNone();
  SetMaskNorm();
  ResetMask();
}
// The model fetches instructions on demand: a preload is a hint without effect.
VITRUVIAN_INLINE void ICachePreLoad(const std::int64_t) {}
VITRUVIAN_INLINE std::int64_t GetICachePreloadStatus() { return 0; }
VITRUVIAN_INLINE void SetSyncBaseAddr(std::uint64_t address) { ::set_ffts_base_addr(address); }

template <typename T, CacheLine line, DcciDst destination = DcciDst::CACHELINE_OUT>
VITRUVIAN_INLINE void DataCacheCleanAndInvalid(const GlobalTensor<T>& tensor) {
  ::dcci(tensor.GetPhyAddr(), line == CacheLine::ENTIRE_DATA_CACHE);
}
template <typename T>
VITRUVIAN_INLINE void DataCachePreload(const GlobalTensor<std::uint64_t>& tensor, const T offset) {
  (void)*reinterpret_cast<const volatile std::uint8_t*>(tensor.address() + static_cast<std::uint64_t>(offset));
}
template <typename A, typename B>
struct IsSameType {
  static constexpr bool value = std::is_same_v<A, B>;
};

template <typename T>
VITRUVIAN_INLINE constexpr T AlignUp(T value, T unit) { return (value + unit - 1) / unit * unit; }
template <typename T>
VITRUVIAN_INLINE constexpr T CeilDivision(T value, T unit) { return (value + unit - 1) / unit; }

}  // namespace AscendC
