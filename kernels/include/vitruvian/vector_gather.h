// Gather by offsets (Gather, Gatherb), gather by mask (GatherMask), and index vectors (ArithProgression, CreateVecIndex).
#pragma once

#include "vitruvian/vector_move.h"

namespace AscendC {

struct GatherRepeatParams {
  constexpr GatherRepeatParams() = default;
  constexpr GatherRepeatParams(std::uint8_t block, std::uint8_t repeat) : dstBlkStride(block), dstRepStride(repeat) {}
  std::uint32_t blockNumber = 8;
  std::uint16_t dstRepStride = 8;
  std::uint8_t dstBlkStride = 1;
};
struct GatherMaskParams {
  constexpr GatherMaskParams() = default;
  constexpr GatherMaskParams(std::uint16_t src0_block, std::uint16_t repeats, std::uint16_t src0_repeat, std::uint16_t src1_repeat)
      : src0BlockStride(src0_block), repeatTimes(repeats), src0RepeatStride(src0_repeat), src1RepeatStride(src1_repeat) {}
  std::uint16_t src0BlockStride = 1, repeatTimes = 1, src0RepeatStride = 8, src1RepeatStride = 8;
};
enum class GatherMaskMode : std::uint8_t { VERSION_V1, VERSION_V2 };

namespace vec {
template <typename T>
VITRUVIAN_INLINE void gather(const LocalTensor<T>& d, const LocalTensor<std::uint32_t>& offsets, Word word) {
  VITRUVIAN_BY_SIZE(T, vgather, d.address(), offsets.address(), word)
}
template <typename T>
VITRUVIAN_INLINE Word gather_word(const LocalTensor<T>& src, std::uint32_t base, Word repeats, Word dst_stride) {
  using namespace vitruvian::isa::vgather;
  return vitruvian::isa::vgather::base.put(src.address() + base) | dst_repeat.put(dst_stride) | repeat.put(repeats);
}
}  // namespace vec

// dst[i] = the element at byte src + base + offset[i].
template <typename T>
VITRUVIAN_INLINE void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& offsets, const std::uint32_t base,
                             const std::uint32_t count) {
  vec::counted(static_cast<std::int32_t>(count), [&]() VITRUVIAN_LAMBDA { vec::gather(dst, offsets, vec::gather_word(src, base, 1, 8)); });
}
template <typename T>
VITRUVIAN_INLINE void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& offsets, const std::uint32_t base,
                             const std::uint64_t mask, const std::uint8_t repeats, const std::uint16_t dstRepStride) {
  vec::use_mask<true>(mask);
  vec::gather(dst, offsets, vec::gather_word(src, base, repeats, dstRepStride));
}
template <typename T>
VITRUVIAN_INLINE void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& offsets, const std::uint32_t base,
                             const std::uint64_t mask[], const std::uint8_t repeats, const std::uint16_t dstRepStride) {
  vec::use_mask<true>(mask);
  vec::gather(dst, offsets, vec::gather_word(src, base, repeats, dstRepStride));
}
// Each repeat: eight blocks of 32 B at src + offset[0..7].
template <typename T>
VITRUVIAN_INLINE void Gatherb(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& offsets, const std::uint8_t repeats,
                              const GatherRepeatParams& p) {
  vitruvian::op::vgatherb(dst.address(), offsets.address(),
                          vec::gather_word(src, 0, repeats, p.dstRepStride) | vitruvian::isa::vgather::dst_block.put(p.dstBlkStride));
}

namespace vec {
template <typename T>
VITRUVIAN_INLINE void keep(const LocalTensor<T>& d, const LocalTensor<T>& s, std::uint64_t bits, Word pattern_code, bool by_count, std::uint32_t n,
                           const GatherMaskParams& p) {
  using namespace vitruvian::isa::vreducev2;
  const Word word = repeat.put(p.repeatTimes) | src0_block.put(p.src0BlockStride) | pattern.put(pattern_code) | src0_repeat.put(p.src0RepeatStride) |
                    src1_repeat.put(p.src1RepeatStride) | use_mask_count.put(by_count);
  if (by_count) vitruvian::spr::write<vitruvian::spr::MASK0>(n);
  VITRUVIAN_BY_SIZE(T, vreducev2, d.address(), s.address(), bits, word)
  if (by_count) vitruvian::spr::write<vitruvian::spr::MASK0>(~0ull);
}
}  // namespace vec
// Elements that the last GatherMask kept; waits for the vector unit.
VITRUVIAN_INLINE std::int64_t GetGatherMaskRemainCount() {
  if constexpr (g_coreType == AIV) return static_cast<std::int64_t>(vitruvian::spr::read<vitruvian::spr::RSVD_CNT>());
  return 0;
}
// Packs the kept elements of src0 to dst. Pattern 1: even places, 2: odd, 3..6: one of four, 7: all; or the bits of a tensor.
// reduceMode: `mask` elements of each repeat, otherwise whole repeats.
template <typename T, GatherMaskMode mode = GatherMaskMode::VERSION_V1>
VITRUVIAN_INLINE void GatherMask(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const std::uint8_t src1Pattern, const bool reduceMode,
                                 const std::uint32_t mask, const GatherMaskParams& p, std::uint64_t& rsvdCnt) {
  vec::keep(dst, src0, 0, src1Pattern, reduceMode, mask, p);
  rsvdCnt = static_cast<std::uint64_t>(GetGatherMaskRemainCount());
}
template <typename T, typename U, GatherMaskMode mode = GatherMaskMode::VERSION_V1>
VITRUVIAN_INLINE void GatherMask(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<U>& src1Pattern, const bool reduceMode,
                                 const std::uint32_t mask, const GatherMaskParams& p, std::uint64_t& rsvdCnt) {
  static_assert(sizeof(U) == sizeof(T), "the mask tensor of GatherMask has the width of the elements");
  vec::keep(dst, src0, src1Pattern.address(), 0, reduceMode, mask, p);
  rsvdCnt = static_cast<std::uint64_t>(GetGatherMaskRemainCount());
}

namespace vec {
// The scalar unit waits for V before it writes UB, and V for those writes.
VITRUVIAN_INLINE void scalar_after_vector() { ::set_flag(PIPE_V, PIPE_S, EVENT_ID7), ::wait_flag(PIPE_V, PIPE_S, EVENT_ID7); }
VITRUVIAN_INLINE void vector_after_scalar() { ::set_flag(PIPE_S, PIPE_V, EVENT_ID7), ::wait_flag(PIPE_S, PIPE_V, EVENT_ID7); }
template <typename T>
VITRUVIAN_INLINE T nth(T first, T step, std::int32_t i) {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(first + step * static_cast<T>(i));
  else return static_cast<T>(static_cast<float>(first) + static_cast<float>(step) * static_cast<float>(i));
}
}  // namespace vec
// dst[i] = first + i * step: the scalar unit writes one block, the vector unit doubles it.
template <typename T>
inline __attribute__((noinline)) void vec_progression(LocalTensor<T> dst, T first, T step, std::int32_t count) {
  constexpr std::int32_t block = 32 / sizeof(T);
  vec::scalar_after_vector();
  for (std::int32_t i = 0; i < block && i < count; ++i) dst.SetValue(static_cast<std::uint32_t>(i), vec::nth(first, step, i));
  vec::vector_after_scalar();
  for (std::int32_t done = block; done < count; done *= 2) {
    const std::int32_t now = count - done < done ? count - done : done;
    Adds(dst[static_cast<std::uint32_t>(done)], dst, vec::nth(T(0), step, done), now);
    ::pipe_barrier(PIPE_V);
  }
}
template <typename T>
VITRUVIAN_INLINE void ArithProgression(const LocalTensor<T>& dst, const T firstValue, const T diffValue, const std::int32_t count) {
  if constexpr (g_coreType == AIV) vec_progression<T>(dst, firstValue, diffValue, count);
}
template <typename T>
VITRUVIAN_INLINE void Arange(const LocalTensor<T>& dst, const T firstValue, const T diffValue, const std::int32_t count) {
  ArithProgression<T>(dst, firstValue, diffValue, count);
}
template <typename T, typename U>
VITRUVIAN_INLINE void CreateVecIndex(const LocalTensor<T>& dst, const U& firstValue, std::uint32_t count) {
  ArithProgression<T>(dst, static_cast<T>(firstValue), T(1), static_cast<std::int32_t>(count));
}
namespace vec {
VITRUVIAN_INLINE bool lane_is_on(const std::uint64_t mask[2], std::uint32_t lane) { return mask[lane / 64] >> (lane % 64) & 1; }
// Lane l of repeat r gets first + r * lanes + l, where the mask is on: repeat 0 by the scalar unit, the others from the one before.
template <typename T>
inline __attribute__((noinline)) void index_repeats(LocalTensor<T> dst, T first, const std::uint64_t mask[2], std::uint32_t repeats, std::uint32_t block_stride,
                                                    std::uint32_t repeat_stride) {
  if constexpr (g_coreType != AIV) return;
  constexpr std::uint32_t block = 32 / sizeof(T), lanes = 8 * block;
  if (repeats == 0) return;
  scalar_after_vector();
  for (std::uint32_t lane = 0; lane < lanes; ++lane)
    if (lane_is_on(mask, lane)) dst.SetValue(lane / block * block_stride * block + lane % block, nth(first, T(1), static_cast<std::int32_t>(lane)));
  vector_after_scalar();
  const auto stride = static_cast<std::uint16_t>(block_stride);
  for (std::uint32_t r = 1; r < repeats; ++r) {
    const std::uint32_t at = r * repeat_stride * block;
    Adds(dst[at], dst[at - repeat_stride * block], static_cast<T>(lanes), mask, 1, UnaryRepeatParams(stride, stride, 8, 8));
    ::pipe_barrier(PIPE_V);
  }
}
}  // namespace vec
template <typename T, typename U>
VITRUVIAN_INLINE void CreateVecIndex(const LocalTensor<T>& dst, const U& firstValue, const std::uint64_t mask[], std::uint8_t repeats,
                                     std::uint16_t dstBlkStride, std::uint8_t dstRepStride) {
  vec::index_repeats<T>(dst, static_cast<T>(firstValue), mask, repeats, dstBlkStride, dstRepStride);
}
template <typename T, typename U>
VITRUVIAN_INLINE void CreateVecIndex(const LocalTensor<T>& dst, const U& firstValue, std::uint64_t mask, std::uint8_t repeats, std::uint16_t dstBlkStride,
                                     std::uint8_t dstRepStride) {
  const std::uint64_t bits[2] = {mask >= 64 ? ~0ull : (1ull << mask) - 1, mask >= 128 ? ~0ull : mask <= 64 ? 0 : (1ull << (mask - 64)) - 1};
  vec::index_repeats<T>(dst, static_cast<T>(firstValue), bits, repeats, dstBlkStride, dstRepStride);
}

}  // namespace AscendC
