// Gather by mask (vreducev2), sort of 32 (vbitsort) and four-way merge (vmrgsort4).
#include "vector_unit/sort.h"

#include <string>

#include "vector_unit/lanes.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

// The job's mask fields do not apply: what is kept comes from the word and src1 (Keep, packed by make_job).
template <class U>
void keep(const Job& job, const Core& core) {
  using V = typename U::Value;
  const unsigned per_block = isa::kBlockBytes / sizeof(V);
  const auto pattern = static_cast<unsigned>(isa::vreducev2::pattern.get(job.word));
  std::uint64_t to = job.dst.base, kept = 0;
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const std::uint8_t* from = core.ub + job.src0.base + std::uint64_t{i} * job.src0.repeat_stride;
    const std::uint8_t* bits = core.ub + job.src1.base + std::uint64_t{i} * job.src1.repeat_stride;
    for (std::uint32_t e = 0; e < job.lanes; ++e) {
      const bool keeps = pattern ? pattern_keeps(pattern, e) : bits[e / 8] >> (e % 8) & 1;
      if (!keeps) continue;
      if (to + sizeof(V) > core.ub_bytes) {
        *core.fault = {FaultKind::out_of_bounds, "vreducev2 writes outside UB of " + std::to_string(core.ub_bytes) + " bytes"};
        return;
      }
      V value;  // not memmove of a range: in place, writes never pass the reads
      std::memcpy(&value, from + std::uint64_t{e / per_block} * job.src0.block_stride + e % per_block * sizeof(V), sizeof(V));
      std::memcpy(core.ub + to, &value, sizeof(V));
      to += sizeof(V);
      ++kept;
    }
  }
  core.result->rsvd_cnt = kept;
}

template <class T>
std::int32_t score_key(const std::uint8_t* element) {
  typename T::Storage raw;
  std::memcpy(&raw, element, sizeof raw);
  if constexpr (std::is_same_v<T, F16>) return ascending_key(from_half(raw));
  else return ascending_key(raw);
}

template <class T>
void sort_groups(const Job& job, const Core& core) {
  constexpr unsigned size = sizeof(typename T::Storage);
  struct Place {
    std::int32_t key;
    std::uint32_t at;
  };
  Place places[kSortGroup];
  std::uint8_t out[kSortGroup][kSortElementBytes];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const std::uint8_t* scores = core.ub + job.src0.base + std::uint64_t{i} * job.src0.repeat_stride;
    const std::uint8_t* indices = core.ub + job.src1.base + std::uint64_t{i} * job.src1.repeat_stride;
    for (std::uint32_t e = 0; e < kSortGroup; ++e) places[e] = {score_key<T>(scores + e * size), e};
    std::sort(std::begin(places), std::end(places),  // equal scores keep their order
              [](const Place& a, const Place& b) { return a.key != b.key ? a.key > b.key : a.at < b.at; });
    for (std::uint32_t e = 0; e < kSortGroup; ++e) {
      std::memset(out[e], 0, 4);
      std::memcpy(out[e], scores + places[e].at * size, size);
      std::memcpy(out[e] + 4, indices + places[e].at * 4, 4);
    }
    std::memcpy(core.ub + job.dst.base + std::uint64_t{i} * job.dst.repeat_stride, out, sizeof out);
  }
}

// Merges the lists once; of equal scores the lower list goes first. Returns the elements written.
template <class T>
std::uint32_t merge_once(const Merge& merge, const std::array<std::uint64_t, 4>& address, std::uint64_t to, const Core& core,
                         std::array<std::uint32_t, 4>& used) {
  std::array<std::int32_t, 4> key{};
  used = {};
  const auto head = [&](unsigned list) { return core.ub + address[list] + std::uint64_t{used[list]} * kSortElementBytes; };
  for (unsigned list = 0; list < 4; ++list)
    if (merge.length[list]) key[list] = score_key<T>(head(list));
  for (std::uint32_t written = 0; written < merge.total(); ++written) {
    unsigned best = 4;
    for (unsigned list = 0; list < 4; ++list)
      if (used[list] < merge.length[list] && (best == 4 || key[list] > key[best])) best = list;
    std::memcpy(core.ub + to + std::uint64_t{written} * kSortElementBytes, head(best), kSortElementBytes);
    if (++used[best] < merge.length[best]) key[best] = score_key<T>(head(best));
    else if (merge.stop_when_exhausted) return written + 1;
  }
  return merge.total();
}

template <class T>
void merge_lists(const Job& job, const Core& core) {
  const Merge merge = merge_of(*job.operand);
  std::array<std::uint64_t, 4> address = merge.address;
  std::array<std::uint32_t, 4> used{};
  std::uint64_t to = job.dst.base;
  for (std::uint32_t i = 0; i < merge.repeats; ++i) {
    to += std::uint64_t{merge_once<T>(merge, address, to, core, used)} * kSortElementBytes;
    for (std::uint64_t& list : address) list += std::uint64_t{merge.total()} * kSortElementBytes;
  }
  if (merge.repeats == 0) return;
  core.result->vms4_sr = 0;
  for (unsigned list = 0; list < 4; ++list) core.result->vms4_sr |= std::uint64_t{used[list] & 0xffff} << (16 * list);
}

}  // namespace

void add_sort(Table& table) {
  table.set(Op::vreducev2_b16, {Shape::keep, 16, 16, false, keep<U16>});
  table.set(Op::vreducev2_b32, {Shape::keep, 32, 32, false, keep<U32>});
  table.set(Op::vbitsort_f16, {Shape::sort, 64, 16, false, sort_groups<F16>});
  table.set(Op::vbitsort_f32, {Shape::sort, 64, 32, false, sort_groups<F32>});
  table.set(Op::vmrgsort4_f16, {Shape::merge, 64, 16, false, merge_lists<F16>});
  table.set(Op::vmrgsort4_f32, {Shape::merge, 64, 32, false, merge_lists<F32>});
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
