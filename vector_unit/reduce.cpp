// Reductions of a repeat, of its blocks, and of pairs. A group without an active lane writes no result.
#include "isa/control_words.h"
#include "vector_unit/lanes.h"
#include "vector_unit/reduce.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

// One level of the tree: neighbours are added.
template <unsigned kN>
inline void add_neighbours(const float* __restrict from, float* __restrict to) {
  for (unsigned i = 0; i < kN / 2; ++i) to[i] = from[2 * i] + from[2 * i + 1];
}

// Sum of kN values by a tree of neighbours: ((v0 + v1) + (v2 + v3)) + ...
template <unsigned kN>
inline float tree_sum(const float* values) {
  if constexpr (kN == 1) return values[0];
  else {
    float level[kN / 2];
    add_neighbours<kN>(values, level);
    return tree_sum<kN / 2>(level);
  }
}

template <class T>
void store_value(const Core& core, std::uint64_t address, float value) {
  if constexpr (std::is_same_v<T, F16>) {
    const std::uint16_t bits = to_half(value);
    std::memcpy(core.ub + address, &bits, sizeof bits);
  } else {
    const float clean = canonical(value);
    std::memcpy(core.ub + address, &clean, sizeof clean);
  }
}

// The values of a repeat as fp32, masked-off lanes zero.
template <class T>
struct Repeat {
  static constexpr unsigned kLanes = isa::kRepeatBytes / sizeof(typename T::Storage);
  alignas(64) float value[kLanes];
  alignas(64) typename T::Storage raw[kLanes] = {};

  void load(const Job& job, const Core& core, std::uint32_t i, const Mask& mask) {
    collect(core, job.src0, i, active_blocks(job.src0, mask, kLanes), raw);
    if constexpr (T::kDirect) std::memcpy(value, raw, sizeof value);
    else T::load(raw, value, kLanes);
  }
  void zero_masked(const Mask& mask) {
    if (mask == Mask::first(kLanes)) return;
    for (unsigned lane = 0; lane < kLanes; ++lane) value[lane] = mask.test(lane) ? value[lane] : 0.0f;
  }
};

template <class T>
void sum_repeat(const Job& job, const Core& core) {
  Repeat<T> repeat;
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    if (!mask.any()) continue;
    repeat.load(job, core, i, mask);
    repeat.zero_masked(mask);
    const float sum = tree_sum<Repeat<T>::kLanes>(repeat.value);
    store_value<T>(core, job.dst.base + std::uint64_t{i} * job.dst.repeat_stride, sum);
    core.result->acc_val = std::is_same_v<T, F16> ? to_half(sum) : std::bit_cast<std::uint32_t>(canonical(sum));
  }
}

template <class T>
void sum_blocks(const Job& job, const Core& core) {
  constexpr unsigned width = isa::kBlockBytes / sizeof(typename T::Storage);
  Repeat<T> repeat;
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    repeat.load(job, core, i, mask);
    repeat.zero_masked(mask);
    const std::uint64_t to = job.dst.base + std::uint64_t{i} * job.dst.repeat_stride;
    for (unsigned block = 0; block < kBlocks; ++block)
      if (mask.slice(block * width, width))
        store_value<T>(core, to + block * sizeof(typename T::Storage), tree_sum<width>(repeat.value + block * width));
  }
}

template <class T>
void sum_pairs(const Job& job, const Core& core) {
  constexpr unsigned lanes = Repeat<T>::kLanes;
  Repeat<T> repeat;
  float sums[lanes / 2];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    repeat.load(job, core, i, mask);
    repeat.zero_masked(mask);
    add_neighbours<lanes>(repeat.value, sums);
    const std::uint64_t to = job.dst.base + std::uint64_t{i} * job.dst.repeat_stride;
    for (unsigned pair = 0; pair < lanes / 2; ++pair)
      if (mask.slice(2 * pair, 2)) store_value<T>(core, to + pair * sizeof(typename T::Storage), sums[pair]);
  }
}

// Orders as wanted by signed comparison: NaN first in both directions, masked-off lanes last.
template <bool kMaximum>
inline std::int32_t order_key(float value, bool active) {
  const std::int32_t ascending = ascending_key(value);
  const std::int32_t key = kMaximum || value != value ? ascending : ~ascending;
  return active ? key : std::numeric_limits<std::int32_t>::min();
}

inline unsigned first_largest(const std::int32_t* keys, unsigned n) {
  std::int32_t best = keys[0];
  for (unsigned i = 1; i < n; ++i) best = std::max(best, keys[i]);
  unsigned index = 0;
  while (keys[index] != best) ++index;
  return index;
}

template <class T, bool kMaximum>
void rank(const Repeat<T>& repeat, const Mask& mask, std::int32_t* keys) {
  if (mask == Mask::first(Repeat<T>::kLanes))
    for (unsigned lane = 0; lane < Repeat<T>::kLanes; ++lane) keys[lane] = order_key<kMaximum>(repeat.value[lane], true);
  else
    for (unsigned lane = 0; lane < Repeat<T>::kLanes; ++lane) keys[lane] = order_key<kMaximum>(repeat.value[lane], mask.test(lane));
}

// Value and index of a repeat as the order field wants them.
template <class T>
void store_extreme(const Job& job, const Core& core, std::uint64_t to, float value, std::uint32_t index) {
  constexpr unsigned size = sizeof(typename T::Storage);
  switch (static_cast<ExtremeOrder>(isa::vector_reduce::order.get(job.word))) {
    case ExtremeOrder::value_index:
      store_value<T>(core, to, value);
      std::memcpy(core.ub + to + size, &index, size);
      break;
    case ExtremeOrder::index_value:
      std::memcpy(core.ub + to, &index, size);
      store_value<T>(core, to + size, value);
      break;
    case ExtremeOrder::value: store_value<T>(core, to, value); break;
    case ExtremeOrder::index: std::memcpy(core.ub + to, &index, sizeof index); break;
  }
}

template <class T, bool kMaximum>
void extreme_repeat(const Job& job, const Core& core) {
  constexpr unsigned lanes = Repeat<T>::kLanes;
  Repeat<T> repeat;
  alignas(64) std::int32_t keys[lanes];
  std::int32_t best_key = std::numeric_limits<std::int32_t>::min();
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    if (!mask.any()) continue;
    repeat.load(job, core, i, mask);
    rank<T, kMaximum>(repeat, mask, keys);
    const unsigned index = first_largest(keys, lanes);
    const float value = repeat.value[index];
    store_extreme<T>(job, core, job.dst.base + std::uint64_t{i} * job.dst.repeat_stride, value, index);
    if (keys[index] <= best_key) continue;
    best_key = keys[index];
    const std::uint64_t bits = std::is_same_v<T, F16> ? to_half(value) : std::bit_cast<std::uint32_t>(canonical(value));
    core.result->max_min_cnt = bits | (std::uint64_t{i} * lanes + index) << 32;
  }
}

template <class T, bool kMaximum>
void extreme_blocks(const Job& job, const Core& core) {
  constexpr unsigned width = isa::kBlockBytes / sizeof(typename T::Storage);
  Repeat<T> repeat;
  alignas(64) std::int32_t keys[Repeat<T>::kLanes];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    repeat.load(job, core, i, mask);
    rank<T, kMaximum>(repeat, mask, keys);
    const std::uint64_t to = job.dst.base + std::uint64_t{i} * job.dst.repeat_stride;
    for (unsigned block = 0; block < kBlocks; ++block)
      if (mask.slice(block * width, width)) {
        const unsigned index = block * width + first_largest(keys + block * width, width);
        store_value<T>(core, to + block * sizeof(typename T::Storage), repeat.value[index]);
      }
  }
}

template <class T>
Entry reduction(Shape shape, Kernel kernel) {
  return {shape, kBits<T>, kBits<T>, false, kernel};
}

}  // namespace

void add_reduce(Table& table) {
  table.set(Op::vcadd_f16, reduction<F16>(Shape::reduce_sum, sum_repeat<F16>));
  table.set(Op::vcadd_f32, reduction<F32>(Shape::reduce_sum, sum_repeat<F32>));
  table.set(Op::vcmax_f16, reduction<F16>(Shape::reduce_extreme, extreme_repeat<F16, true>));
  table.set(Op::vcmax_f32, reduction<F32>(Shape::reduce_extreme, extreme_repeat<F32, true>));
  table.set(Op::vcmin_f16, reduction<F16>(Shape::reduce_extreme, extreme_repeat<F16, false>));
  table.set(Op::vcmin_f32, reduction<F32>(Shape::reduce_extreme, extreme_repeat<F32, false>));
  table.set(Op::vcgadd_f16, reduction<F16>(Shape::reduce_block, sum_blocks<F16>));
  table.set(Op::vcgadd_f32, reduction<F32>(Shape::reduce_block, sum_blocks<F32>));
  table.set(Op::vcgmax_f16, reduction<F16>(Shape::reduce_block, extreme_blocks<F16, true>));
  table.set(Op::vcgmax_f32, reduction<F32>(Shape::reduce_block, extreme_blocks<F32, true>));
  table.set(Op::vcgmin_f16, reduction<F16>(Shape::reduce_block, extreme_blocks<F16, false>));
  table.set(Op::vcgmin_f32, reduction<F32>(Shape::reduce_block, extreme_blocks<F32, false>));
  table.set(Op::vcpadd_f16, reduction<F16>(Shape::reduce_pair, sum_pairs<F16>));
  table.set(Op::vcpadd_f32, reduction<F32>(Shape::reduce_pair, sum_pairs<F32>));
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
