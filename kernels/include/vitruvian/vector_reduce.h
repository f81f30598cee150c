// Reductions: of a repeat (WholeReduce*), of a block (BlockReduce*), of pairs, and of a whole tensor (Reduce*).
#pragma once

#include "vitruvian/vector_arithmetic.h"

namespace AscendC {
namespace vec {

VITRUVIAN_INLINE constexpr Word reduce_word(Word repeats, Word dst_stride, Word src_block_stride, Word src_stride, ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX) {
  using namespace vitruvian::isa::vector_reduce;
  return dst_repeat.put(dst_stride) | src_block.put(src_block_stride) | src_repeat.put(src_stride) |
         vitruvian::isa::vector_reduce::order.put(static_cast<Word>(order)) | repeat.put(repeats);
}
template <typename T>
inline constexpr std::int32_t kLanes = 256 / sizeof(T);

#define VITRUVIAN_REDUCE_ROW(row)                                                                                    \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(const LocalTensor<T>& d, const LocalTensor<T>& s, Word word) {                           \
    VITRUVIAN_FLOATS(T, row, d.address(), s.address(), word)                                                         \
  }
VITRUVIAN_REDUCE_ROW(vcadd)
VITRUVIAN_REDUCE_ROW(vcmax)
VITRUVIAN_REDUCE_ROW(vcmin)
VITRUVIAN_REDUCE_ROW(vcgadd)
VITRUVIAN_REDUCE_ROW(vcgmax)
VITRUVIAN_REDUCE_ROW(vcgmin)
VITRUVIAN_REDUCE_ROW(vcpadd)
#undef VITRUVIAN_REDUCE_ROW
}  // namespace vec

// One result for each block (8 a repeat), or one for each pair.
#define VITRUVIAN_GROUP_REDUCE(Name, row)                                                                            \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::int32_t repeat,        \
                             const std::int32_t mask, const std::int32_t dstRepStride, const std::int32_t srcBlkStride, \
                             const std::int32_t srcRepStride) {                                                      \
    vec::use_mask<isSetMask>(static_cast<std::uint64_t>(mask));                                                      \
    vec::row(dst, src, vec::reduce_word(static_cast<vec::Word>(repeat), static_cast<vec::Word>(dstRepStride),        \
                                        static_cast<vec::Word>(srcBlkStride), static_cast<vec::Word>(srcRepStride))); \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::int32_t repeat,        \
                             const std::uint64_t mask[], const std::int32_t dstRepStride,                            \
                             const std::int32_t srcBlkStride, const std::int32_t srcRepStride) {                     \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src, vec::reduce_word(static_cast<vec::Word>(repeat), static_cast<vec::Word>(dstRepStride),        \
                                        static_cast<vec::Word>(srcBlkStride), static_cast<vec::Word>(srcRepStride))); \
  }
VITRUVIAN_GROUP_REDUCE(BlockReduceSum, vcgadd)
VITRUVIAN_GROUP_REDUCE(BlockReduceMax, vcgmax)
VITRUVIAN_GROUP_REDUCE(BlockReduceMin, vcgmin)
VITRUVIAN_GROUP_REDUCE(PairReduceSum, vcpadd)
#undef VITRUVIAN_GROUP_REDUCE

// One result for each repeat; maxima and minima come with their lane number.
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void WholeReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::int32_t mask, const std::int32_t repeat,
                                     const std::int32_t dstRepStride, const std::int32_t srcBlkStride, const std::int32_t srcRepStride) {
  vec::use_mask<isSetMask>(static_cast<std::uint64_t>(mask));
  vec::vcadd(dst, src, vec::reduce_word(static_cast<vec::Word>(repeat), static_cast<vec::Word>(dstRepStride), static_cast<vec::Word>(srcBlkStride),
                                        static_cast<vec::Word>(srcRepStride)));
}
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void WholeReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask[], const std::int32_t repeat,
                                     const std::int32_t dstRepStride, const std::int32_t srcBlkStride, const std::int32_t srcRepStride) {
  vec::use_mask<isSetMask>(mask);
  vec::vcadd(dst, src, vec::reduce_word(static_cast<vec::Word>(repeat), static_cast<vec::Word>(dstRepStride), static_cast<vec::Word>(srcBlkStride),
                                        static_cast<vec::Word>(srcRepStride)));
}
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void RepeatReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::int32_t repeat, const std::int32_t mask,
                                      const std::int32_t, const std::int32_t srcBlkStride, const std::int32_t dstRepStride, const std::int32_t srcRepStride) {
  WholeReduceSum<T, isSetMask>(dst, src, mask, repeat, dstRepStride, srcBlkStride, srcRepStride);
}
#define VITRUVIAN_WHOLE_REDUCE(Name, row)                                                                            \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::int32_t mask,          \
                             const std::int32_t repeat, const std::int32_t dstRepStride,                             \
                             const std::int32_t srcBlkStride, const std::int32_t srcRepStride,                       \
                             ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX) {                                   \
    vec::use_mask<isSetMask>(static_cast<std::uint64_t>(mask));                                                      \
    vec::row(dst, src, vec::reduce_word(static_cast<vec::Word>(repeat), static_cast<vec::Word>(dstRepStride),        \
                                        static_cast<vec::Word>(srcBlkStride), static_cast<vec::Word>(srcRepStride), order)); \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask[],       \
                             const std::int32_t repeat, const std::int32_t dstRepStride,                             \
                             const std::int32_t srcBlkStride, const std::int32_t srcRepStride,                       \
                             ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX) {                                   \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src, vec::reduce_word(static_cast<vec::Word>(repeat), static_cast<vec::Word>(dstRepStride),        \
                                        static_cast<vec::Word>(srcBlkStride), static_cast<vec::Word>(srcRepStride), order)); \
  }
VITRUVIAN_WHOLE_REDUCE(WholeReduceMax, vcmax)
VITRUVIAN_WHOLE_REDUCE(WholeReduceMin, vcmin)
#undef VITRUVIAN_WHOLE_REDUCE

namespace vec {
// Sum of n contiguous elements to dst[0]: one result a repeat into tmp, and again until one is left. A repeat's result lies
// at or before the repeat, so src, tmp and dst may be the same tensor.
template <typename T>
VITRUVIAN_INLINE void reduce_sum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp, std::int32_t n) {
  if constexpr (g_coreType != AIV) return;
  const Word word = reduce_word(1, 1, 1, 8);
  SetMaskCount();
  LocalTensor<T> from = src;
  while (n > kLanes<T>) {
    vitruvian::spr::write<vitruvian::spr::MASK0>(static_cast<std::uint32_t>(n));
    vcadd(tmp, from, word);
    ::pipe_barrier(PIPE_V);
    from = tmp;
    n = (n + kLanes<T> - 1) / kLanes<T>;
  }
  vitruvian::spr::write<vitruvian::spr::MASK0>(static_cast<std::uint32_t>(n));
  vcadd(dst, from, word);
  SetMaskNorm();
  vitruvian::spr::write<vitruvian::spr::MASK0>(~0ull);
}

// Extreme of n contiguous elements to dst[0]; with calIndex its position, as integer bits, to dst[1].
// Level i of the tree holds (value, lane) pairs of level i - 1; the position is followed down by scalar reads.
template <bool maximum, typename T>
VITRUVIAN_INLINE void extreme_row(const LocalTensor<T>& d, const LocalTensor<T>& s, Word word) {
  if constexpr (maximum)
    vcmax(d, s, word);
  else
    vcmin(d, s, word);
}
template <bool maximum, typename T>
inline __attribute__((noinline)) void reduce_extreme(LocalTensor<T> dst, LocalTensor<T> src, LocalTensor<T> tmp, std::int32_t n, bool index) {
  if constexpr (g_coreType != AIV) return;
  constexpr std::int32_t lanes = kLanes<T>;
  if (!index || n <= lanes) {
    const Word values = reduce_word(1, 1, 1, 8, ReduceOrder::ORDER_ONLY_VALUE);
    SetMaskCount();
    LocalTensor<T> from = src;
    while (n > lanes) {
      vitruvian::spr::write<vitruvian::spr::MASK0>(static_cast<std::uint32_t>(n));
      extreme_row<maximum>(tmp, from, values);
      ::pipe_barrier(PIPE_V);
      from = tmp;
      n = (n + lanes - 1) / lanes;
    }
    vitruvian::spr::write<vitruvian::spr::MASK0>(static_cast<std::uint32_t>(n));
    extreme_row<maximum>(dst, from, index ? reduce_word(1, 1, 1, 8, ReduceOrder::ORDER_VALUE_INDEX) : values);
    SetMaskNorm();
    vitruvian::spr::write<vitruvian::spr::MASK0>(~0ull);
    return;
  }
  using Index = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
  constexpr std::int32_t pairs = lanes / 2, block = 32 / static_cast<std::int32_t>(sizeof(T));
  LocalTensor<T> level[6];
  int top = 0;
  LocalTensor<T> from = src, space = tmp;
  std::int32_t elements = n;
  // Level 0 reads all lanes; higher levels only the values of the pairs, the even lanes.
  for (bool first = true;; first = false) {
    const std::int32_t per_repeat = first ? lanes : pairs, results = (elements + per_repeat - 1) / per_repeat;
    const std::uint64_t even = first ? ~0ull : 0x5555555555555555ull;
    for (std::int32_t done = 0; done < results;) {
      const std::int32_t left = elements - done * per_repeat;
      std::int32_t repeats = left / per_repeat;
      if (repeats > 255) repeats = 255;
      std::int32_t active = lanes;
      if (repeats == 0) repeats = 1, active = first ? left : 2 * left;
      const std::uint64_t low = active >= 64 ? ~0ull : (1ull << active) - 1;
      const std::uint64_t high = active >= 128 ? ~0ull : active <= 64 ? 0 : (1ull << (active - 64)) - 1;
      set_mask(high & even, low & even);
      extreme_row<maximum>(space[static_cast<std::uint32_t>(2 * done)], from[static_cast<std::uint32_t>(done * lanes)],
                           reduce_word(static_cast<Word>(repeats), 1, 1, 8));
      done += repeats;
    }
    ::pipe_barrier(PIPE_V);
    level[top++] = space;
    if (results == 1) break;
    from = space;
    space = space[static_cast<std::uint32_t>((2 * results + block - 1) / block * block)];
    elements = results;
  }
  ResetMask();
  set_flag(PIPE_V, PIPE_S, EVENT_ID7);
  wait_flag(PIPE_V, PIPE_S, EVENT_ID7);
  std::uint32_t position = level[top - 1].template ReinterpretCast<Index>().GetValue(1);
  const T value = level[top - 1].GetValue(0);
  for (int i = top - 2; i >= 0; --i) {
    // `position` counts elements of level i, two for each pair; a pair of level i stands for one repeat below it.
    const std::uint32_t pair = position / 2;
    position = pair * lanes + level[i].template ReinterpretCast<Index>().GetValue(2 * pair + 1);
  }
  dst.SetValue(0, value);
  dst.template ReinterpretCast<Index>().SetValue(1, position);
  set_flag(PIPE_S, PIPE_V, EVENT_ID7);
  wait_flag(PIPE_S, PIPE_V, EVENT_ID7);
}
}  // namespace vec

template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp, const std::int32_t count) {
  vec::reduce_sum(dst, src, tmp, count);
}
// mask lanes of each repeat: one sum a repeat, then their sum.
template <typename T>
VITRUVIAN_INLINE void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp, const std::int32_t mask,
                                const std::int32_t repeat, const std::int32_t srcRepStride) {
  WholeReduceSum(tmp, src, mask, repeat, 1, 1, srcRepStride);
  ::pipe_barrier(PIPE_V);
  vec::reduce_sum(dst, tmp, tmp, repeat);
}
template <typename T>
VITRUVIAN_INLINE void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp, const std::uint64_t mask[],
                                const std::int32_t repeat, const std::int32_t srcRepStride) {
  WholeReduceSum(tmp, src, mask, repeat, 1, 1, srcRepStride);
  ::pipe_barrier(PIPE_V);
  vec::reduce_sum(dst, tmp, tmp, repeat);
}
namespace vec {
// The extreme of the active lanes of all repeats. Its index counts elements of src from its start.
template <bool maximum, typename T, typename Mask>
inline __attribute__((noinline)) void reduce_extreme_repeats(LocalTensor<T> dst, LocalTensor<T> src, LocalTensor<T> tmp, Mask mask, std::int32_t repeat,
                                                             std::int32_t stride, bool index) {
  if constexpr (g_coreType != AIV) return;
  if (repeat == 0) return;
  use_mask<true>(mask);
  const auto repeats = static_cast<Word>(repeat);
  if (!index) {
    extreme_row<maximum>(tmp, src, reduce_word(repeats, 1, 1, static_cast<Word>(stride), ReduceOrder::ORDER_ONLY_VALUE));
    ::pipe_barrier(PIPE_V);
    ResetMask();
    return reduce_extreme<maximum>(dst, tmp, tmp, repeat, false);
  }
  using Index = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
  extreme_row<maximum>(tmp, src, reduce_word(repeats, 1, 1, static_cast<Word>(stride)));
  ResetMask();
  set_flag(PIPE_V, PIPE_S, EVENT_ID7);
  wait_flag(PIPE_V, PIPE_S, EVENT_ID7);
  // The first extreme wins, as in the instruction; a NaN before all.
  std::uint32_t best = 0;
  for (std::uint32_t r = 1; r < static_cast<std::uint32_t>(repeat); ++r) {
    const float value = static_cast<float>(tmp.GetValue(2 * r)), old = static_cast<float>(tmp.GetValue(2 * best));
    if (old == old && (value != value || (maximum ? value > old : value < old))) best = r;
  }
  const auto position = static_cast<std::uint32_t>(tmp.template ReinterpretCast<Index>().GetValue(2 * best + 1)) +
                        best * static_cast<std::uint32_t>(stride) * static_cast<std::uint32_t>(32 / sizeof(T));
  dst.SetValue(0, tmp.GetValue(2 * best));
  dst.template ReinterpretCast<Index>().SetValue(1, position);
  set_flag(PIPE_S, PIPE_V, EVENT_ID7);
  wait_flag(PIPE_S, PIPE_V, EVENT_ID7);
}
}  // namespace vec
#define VITRUVIAN_REDUCE_EXTREME(Name, maximum)                                                                      \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp,        \
                             const std::int32_t count, bool calIndex = false) {                                      \
    vec::reduce_extreme<maximum>(dst, src, tmp, count, calIndex);                                                    \
  }                                                                                                                  \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp,        \
                             const std::int32_t mask, const std::int32_t repeat, const std::int32_t srcRepStride,    \
                             bool calIndex = false) {                                                                \
    vec::reduce_extreme_repeats<maximum>(dst, src, tmp, static_cast<std::uint64_t>(mask), repeat, srcRepStride, calIndex); \
  }                                                                                                                  \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp,        \
                             const std::uint64_t mask[], const std::int32_t repeat, const std::int32_t srcRepStride, \
                             bool calIndex = false) {                                                                \
    vec::reduce_extreme_repeats<maximum>(dst, src, tmp, mask, repeat, srcRepStride, calIndex);                       \
  }
VITRUVIAN_REDUCE_EXTREME(ReduceMax, true)
VITRUVIAN_REDUCE_EXTREME(ReduceMin, false)
#undef VITRUVIAN_REDUCE_EXTREME
template <typename T>
VITRUVIAN_INLINE T GetAccVal() {
  const auto bits = static_cast<std::uint32_t>(vitruvian::spr::read<vitruvian::spr::ACC_VAL>());
  if constexpr (sizeof(T) == 2) return __builtin_bit_cast(T, static_cast<std::uint16_t>(bits));
  else return __builtin_bit_cast(T, bits);
}
template <typename T>
VITRUVIAN_INLINE void GetReduceMaxMinCount(T& value, T& index) {
  const auto bits = vitruvian::spr::read<vitruvian::spr::MAX_MIN_CNT>();
  if constexpr (sizeof(T) == 2) {
    value = __builtin_bit_cast(T, static_cast<std::uint16_t>(bits));
    index = __builtin_bit_cast(T, static_cast<std::uint16_t>(bits >> 32));
  } else {
    value = __builtin_bit_cast(T, static_cast<std::uint32_t>(bits));
    index = __builtin_bit_cast(T, static_cast<std::uint32_t>(bits >> 32));
  }
}

template <typename T>
VITRUVIAN_INLINE void GetReduceMaxMinCount(T& value) {
  T index;
  GetReduceMaxMinCount(value, index);
}
// The newer names.
template <typename T>
VITRUVIAN_INLINE T GetReduceRepeatSumSpr() { return GetAccVal<T>(); }
template <typename T>
VITRUVIAN_INLINE void GetReduceRepeatMaxMinSpr(T& value, T& index) { GetReduceMaxMinCount(value, index); }
template <typename T>
VITRUVIAN_INLINE void GetReduceRepeatMaxMinSpr(T& value) { GetReduceMaxMinCount(value); }

}  // namespace AscendC
