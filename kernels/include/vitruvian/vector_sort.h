// Sort32, MrgSort, Concat, Sort, Extract: (score, index) pairs of 8 B, descending.
#pragma once

#include "vitruvian/vector_gather.h"

namespace AscendC {

template <typename T>
struct MrgSortSrcList {
  MrgSortSrcList() = default;
  VITRUVIAN_INLINE MrgSortSrcList(const LocalTensor<T>& a, const LocalTensor<T>& b, const LocalTensor<T>& c, const LocalTensor<T>& d)
      : src1(a), src2(b), src3(c), src4(d) {}
  LocalTensor<T> src1, src2, src3, src4;
};
struct MrgSort4Info {
  constexpr MrgSort4Info() = default;
  constexpr MrgSort4Info(const std::uint16_t lengths[4], bool suspend, std::uint16_t valid, std::uint16_t repeats)
      : elementLengths{lengths[0], lengths[1], lengths[2], lengths[3]}, ifExhaustedSuspension(suspend), validBit(valid), repeatTimes(repeats) {}
  std::uint16_t elementLengths[4] = {};
  bool ifExhaustedSuspension = false;
  std::uint16_t validBit = 0, repeatTimes = 1;
};

namespace vec {
inline constexpr std::uint32_t kPairBytes = 8, kSortGroup = 32;
template <typename T>
VITRUVIAN_INLINE void sort_groups(std::uint64_t d, std::uint64_t scores, std::uint64_t indices, std::uint32_t repeats) {
  VITRUVIAN_FLOATS(T, vbitsort, d, scores, indices, vitruvian::isa::vector_binary::repeat.put(repeats))
}
template <typename T>
VITRUVIAN_INLINE void merge(std::uint64_t d, std::uint64_t addresses, std::uint64_t lengths, Word word) {
  VITRUVIAN_FLOATS(T, vmrgsort4, d, addresses, lengths, word)
}
VITRUVIAN_INLINE std::uint64_t four(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  return (a & 0xffff) | (b & 0xffff) << 16 | (c & 0xffff) << 32 | (d & 0xffff) << 48;
}
}  // namespace vec

// T elements that n pairs take.
template <typename T>
VITRUVIAN_INLINE constexpr std::uint32_t GetSortLen(const std::uint32_t elements) { return elements * vec::kPairBytes / sizeof(T); }
template <typename T>
VITRUVIAN_INLINE constexpr std::uint32_t GetSortOffset(const std::uint32_t elements) { return GetSortLen<T>(elements); }

// Each repeat sorts 32 scores with their 32 indices.
template <typename T>
VITRUVIAN_INLINE void Sort32(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<std::uint32_t>& src1, const std::int32_t repeats) {
  vec::sort_groups<T>(dst.address(), src0.address(), src1.address(), static_cast<std::uint32_t>(repeats));
}

// Merges up to four sorted lists; lengths in pairs.
template <typename T>
VITRUVIAN_INLINE void MrgSort(const LocalTensor<T>& dst, const MrgSortSrcList<T>& src, const MrgSort4Info& info) {
  using namespace vitruvian::isa::vmrgsort;
  const auto at = [](const LocalTensor<T>& list) VITRUVIAN_LAMBDA { return list.address() / vec::kPairBytes; };
  const std::uint16_t* n = info.elementLengths;
  vec::merge<T>(dst.address(), vec::four(at(src.src1), at(src.src2), at(src.src3), at(src.src4)), vec::four(n[0], n[1], n[2], n[3]),
                repeat.put(info.repeatTimes) | valid.put(info.validBit) | exhausted_stop.put(info.ifExhaustedSuspension));
}
// Pairs taken from each list by the last MrgSort; waits for the vector unit.
VITRUVIAN_INLINE void GetMrgSortResult(std::uint16_t& list1, std::uint16_t& list2, std::uint16_t& list3, std::uint16_t& list4) {
  if constexpr (g_coreType == AIV) {
    const auto taken = vitruvian::spr::read<vitruvian::spr::VMS4_SR>();
    list1 = static_cast<std::uint16_t>(taken), list2 = static_cast<std::uint16_t>(taken >> 16);
    list3 = static_cast<std::uint16_t>(taken >> 32), list4 = static_cast<std::uint16_t>(taken >> 48);
  }
}

// On this chip scores and indices stay apart until Sort32: Concat hands the scores on.
template <typename T>
VITRUVIAN_INLINE void Concat(LocalTensor<T>& concat, const LocalTensor<T>& src, const LocalTensor<T>&, const std::int32_t) { concat = src; }

namespace vec {
// Merges sorted runs of `run` pairs, four at a time, until one is left. Pairs travel between dst and tmp.
template <typename T>
inline __attribute__((noinline)) void merge_runs(LocalTensor<T> dst, LocalTensor<T> tmp, std::uint32_t pairs) {
  LocalTensor<T> from = dst, to = tmp;
  for (std::uint32_t run = kSortGroup; run < pairs; run *= 4) {
    for (std::uint32_t at = 0; at < pairs; at += 4 * run) {
      std::uint64_t place[4] = {}, length[4] = {};
      Word lists = 0;
      for (std::uint32_t i = 0; i < 4 && at + i * run < pairs; ++i, ++lists) {
        const std::uint32_t left = pairs - at - i * run;
        place[i] = from.address() / kPairBytes + at + i * run;
        length[i] = left < run ? left : run;
      }
      const std::uint64_t d = to.address() + std::uint64_t{at} * kPairBytes;
      if (lists == 1)
        op::copy_ubuf_to_ubuf(d, place[0] * kPairBytes, transfer::dma_word(1, length[0] * kPairBytes / 32, 0, 0));
      else
        merge<T>(d, four(place[0], place[1], place[2], place[3]), four(length[0], length[1], length[2], length[3]),
                 vitruvian::isa::vmrgsort::repeat.put(1) | vitruvian::isa::vmrgsort::valid.put((1u << lists) - 1));
    }
    ::pipe_barrier(PIPE_V);
    const LocalTensor<T> old = from;
    from = to, to = old;
  }
  if (from.address() != dst.address()) op::copy_ubuf_to_ubuf(dst.address(), from.address(), transfer::dma_word(1, pairs * kPairBytes / 32, 0, 0));
}
}  // namespace vec
// Groups of 32 sorted, or (isFullSort) all of them; tmp holds as many pairs as dst.
template <typename T, bool isFullSort>
VITRUVIAN_INLINE void Sort(const LocalTensor<T>& dst, const LocalTensor<T>& concat, const LocalTensor<std::uint32_t>& index, LocalTensor<T>& tmp,
                           const std::int32_t repeats) {
  Sort32(dst, concat, index, repeats);
  if constexpr (isFullSort && g_coreType == AIV) {
    ::pipe_barrier(PIPE_V);
    vec::merge_runs<T>(dst, tmp, static_cast<std::uint32_t>(repeats) * vec::kSortGroup);
  }
}

// Takes the pairs apart: 32 scores and indices a repeat.
template <typename T>
VITRUVIAN_INLINE void Extract(const LocalTensor<T>& dstValue, const LocalTensor<std::uint32_t>& dstIndex, const LocalTensor<T>& sorted,
                              const std::int32_t repeats) {
  using vec::keep;
  // 32 pairs are 256 B: one repeat of vreducev2. Scores lie in every second word, or in every fourth half word.
  const GatherMaskParams whole(1, static_cast<std::uint16_t>(repeats), 8, 0);
  keep(dstValue, sorted, 0, sizeof(T) == 2 ? 3 : 1, false, 0, whole);
  keep(dstIndex, sorted.template ReinterpretCast<std::uint32_t>(), 0, 2, false, 0, whole);
}

}  // namespace AscendC
