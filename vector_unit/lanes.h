// Mask, stride and repeat iteration for element-wise kernels: map() applies a function to each active lane.
// Included by the kernels only; everything lives in the namespace of the host level it is compiled for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "vector_unit/half.h"
#include "vector_unit/job.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

// --- element types: how they lie in UB (Storage) and what is computed on (Value)
template <class T>
struct Direct {
  using Storage = T;
  using Value = T;
  static constexpr bool kDirect = true;
  static Value finish(Value value) { return value; }
};
using S8 = Direct<std::int8_t>;
using U8 = Direct<std::uint8_t>;
using S16 = Direct<std::int16_t>;
using U16 = Direct<std::uint16_t>;
using S32 = Direct<std::int32_t>;
using U32 = Direct<std::uint32_t>;
using S64 = Direct<std::int64_t>;
struct F32 : Direct<float> {
  static float finish(float value) { return canonical(value); }
};
struct F16 {
  using Storage = std::uint16_t;
  using Value = float;
  static constexpr bool kDirect = false;
  static float finish(float value) { return value; }  // to_half makes NaN canonical
  static void load(const Storage* from, float* to, unsigned n) { from_half(from, to, n); }
  static void store(float* from, Storage* to, unsigned n, bool saturate) {
    if (saturate)  // CTRL 48: infinity becomes the largest number, NaN becomes zero
      for (unsigned i = 0; i < n; ++i) {
        const float clamped = from[i] > kHalfMax ? kHalfMax : from[i] < -kHalfMax ? -kHalfMax : from[i];
        from[i] = from[i] != from[i] ? 0.0f : clamped;
      }
    to_half(from, to, n);
  }
};
struct BF16 {
  using Storage = std::uint16_t;
  using Value = float;
  static constexpr bool kDirect = false;
  static void load(const Storage* from, float* to, unsigned n) {
    for (unsigned i = 0; i < n; ++i) to[i] = from_bfloat(from[i]);
  }
};
// An absent second source.
struct None {
  using Storage = std::uint8_t;
  using Value = std::uint8_t;
  static constexpr bool kDirect = true;
};

template <class T>
inline constexpr unsigned kBits = sizeof(typename T::Storage) * 8;

// The values of n elements at `raw`: in place where the storage is the value, otherwise converted into `room`.
template <class T>
const typename T::Value* view(const void* raw, typename T::Value* room, unsigned n) {
  const auto* storage = static_cast<const typename T::Storage*>(raw);
  if constexpr (T::kDirect)
    return storage;
  else {
    T::load(storage, room, n);
    return room;
  }
}

// --- blocks of a repeat
// Bit b: block b of the operand has an active lane.
inline unsigned active_blocks(const Operand& operand, const Mask& mask, unsigned lanes) {
  const unsigned width = operand.lanes_per_block();
  unsigned active = 0;
  for (unsigned lane = 0, block = 0; lane < lanes; lane += width, ++block)
    active |= (mask.slice(lane, std::min(width, lanes)) != 0 ? 1u : 0u) << block;
  return active;
}

// Copies the active blocks of a repeat into consecutive room; the rest of the room keeps what it had.
inline void collect(const Core& core, const Operand& operand, std::uint32_t repeat, unsigned active, void* room) {
  const std::uint8_t* from = core.ub + operand.base + std::uint64_t{repeat} * operand.repeat_stride;
  auto* to = static_cast<std::uint8_t*>(room);
  if (active == 0xff && operand.block_stride == isa::kBlockBytes) {
    std::memcpy(to, from, isa::kRepeatBytes);
    return;
  }
  for (unsigned block = 0; active >> block; ++block)
    if (active >> block & 1)
      std::memcpy(to + block * isa::kBlockBytes, from + std::uint64_t{block} * operand.block_stride, isa::kBlockBytes);
}

// The active ones of the elements of a block.
template <class E>
inline void scatter_block(std::uint8_t* to, const std::uint8_t* from, std::uint64_t active) {
  for (; active; active &= active - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(active));
    std::memcpy(to + i * sizeof(E), from + i * sizeof(E), sizeof(E));
  }
}
inline void scatter_nibbles(std::uint8_t* to, const std::uint8_t* from, std::uint64_t active) {
  for (; active; active &= active - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(active));
    const unsigned keep = i & 1 ? 0x0fu : 0xf0u;
    to[i / 2] = static_cast<std::uint8_t>((to[i / 2] & keep) | (from[i / 2] & ~keep));
  }
}

// Writes the active lanes of a repeat from consecutive room. A block is always whole: lanes fill blocks of 32 B.
inline void scatter(const Core& core, const Operand& operand, std::uint32_t repeat, const Mask& mask, unsigned lanes, const void* room) {
  std::uint8_t* to = core.ub + operand.base + std::uint64_t{repeat} * operand.repeat_stride;
  const auto* from = static_cast<const std::uint8_t*>(room);
  const unsigned width = operand.lanes_per_block();
  const std::uint64_t full = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  for (unsigned lane = 0; lane < lanes; lane += width, from += isa::kBlockBytes, to += operand.block_stride) {
    const std::uint64_t active = mask.slice(lane, width);
    if (active == full) {
      std::memcpy(to, from, isa::kBlockBytes);
      continue;
    }
    switch (operand.bits) {
      case 4: scatter_nibbles(to, from, active); break;
      case 8: scatter_block<std::uint8_t>(to, from, active); break;
      case 16: scatter_block<std::uint16_t>(to, from, active); break;
      case 32: scatter_block<std::uint32_t>(to, from, active); break;
      default: scatter_block<std::uint64_t>(to, from, active); break;
    }
  }
}

// --- map
// f(src0, src1, dst) for n lanes from and to plain arrays; `out` may be one of the sources.
template <class D, class A, class B, bool kReadsDst, class F>
inline void apply(const void* a_raw, const void* b_raw, void* d_raw, unsigned n, bool saturate, const F& f) {
  typename A::Value a_room[kMaxLanes];
  typename B::Value b_room[kMaxLanes];
  typename D::Value d_room[kMaxLanes];
  const auto* a = view<A>(a_raw, a_room, n);
  const auto* b = a_raw == b_raw && std::is_same_v<A, B> ? reinterpret_cast<const typename B::Value*>(a) : view<B>(b_raw, b_room, n);
  const typename D::Value* d = nullptr;
  if constexpr (kReadsDst) d = view<D>(d_raw, d_room, n);
  typename D::Value* out = d_room;
  if constexpr (D::kDirect) out = static_cast<typename D::Value*>(d_raw);
#pragma GCC ivdep
  for (unsigned i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<B, None>) {
      if constexpr (kReadsDst) out[i] = D::finish(f(a[i], d[i]));
      else out[i] = D::finish(f(a[i]));
    } else {
      if constexpr (kReadsDst) out[i] = D::finish(f(a[i], b[i], d[i]));
      else out[i] = D::finish(f(a[i], b[i]));
    }
  }
  if constexpr (!D::kDirect) D::store(d_room, static_cast<typename D::Storage*>(d_raw), n, saturate);
}

// True if reading the source after parts of dst were written makes no difference: apart, or the same elements.
inline bool order_is_free(const Operand& dst, const Operand& src, unsigned lanes) {
  if (src.bits == 0 || (src.base == dst.base && src.bits == dst.bits)) return true;
  return src.base + src.bytes(lanes) <= dst.base || dst.base + dst.bytes(lanes) <= src.base;
}

inline bool runs_dense(const Job& job) {
  return job.dense_lanes != 0 && job.dst.dense(job.lanes, job.repeats) && job.src0.dense(job.lanes, job.repeats) &&
         (job.src1.bits == 0 || job.src1.dense(job.lanes, job.repeats)) && order_is_free(job.dst, job.src0, job.dense_lanes) &&
         order_is_free(job.dst, job.src1, job.dense_lanes);
}

// One repeat after the other: all sources of a repeat are read before it is written.
template <class D, class A, class B, bool kReadsDst, class F>
void map_repeats(const Job& job, const Core& core, const F& f) {
  alignas(64) std::uint8_t a_raw[kMaxLanes * sizeof(typename A::Storage)] = {};
  alignas(64) std::uint8_t b_raw[kMaxLanes * sizeof(typename B::Storage)] = {};
  alignas(64) std::uint8_t d_raw[kMaxLanes * sizeof(typename D::Storage)] = {};
  unsigned a_active = active_blocks(job.src0, job.mask, job.lanes), d_active = active_blocks(job.dst, job.mask, job.lanes), b_active = 0;
  if constexpr (!std::is_same_v<B, None>) b_active = active_blocks(job.src1, job.mask, job.lanes);
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    if (i + 1 == job.repeats) {
      a_active = active_blocks(job.src0, mask, job.lanes);
      d_active = active_blocks(job.dst, mask, job.lanes);
      if constexpr (!std::is_same_v<B, None>) b_active = active_blocks(job.src1, mask, job.lanes);
    }
    collect(core, job.src0, i, a_active, a_raw);
    if constexpr (!std::is_same_v<B, None>) collect(core, job.src1, i, b_active, b_raw);
    if constexpr (kReadsDst) collect(core, job.dst, i, d_active, d_raw);
    constexpr unsigned lanes = isa::kRepeatBytes / std::max(sizeof(typename A::Storage), sizeof(typename D::Storage));
    apply<D, A, B, kReadsDst>(a_raw, b_raw, d_raw, lanes, job.fp_saturate, f);
    scatter(core, job.dst, i, mask, job.lanes, d_raw);
  }
}

template <class D, class A, class B, bool kReadsDst, class F>
void map(const Job& job, const Core& core, const F& f) {
  if (!runs_dense(job)) return map_repeats<D, A, B, kReadsDst>(job, core, f);
  const std::uint8_t* a = core.ub + job.src0.base;
  const std::uint8_t* b = core.ub + job.src1.base;
  std::uint8_t* d = core.ub + job.dst.base;
  for (unsigned done = 0; done < job.dense_lanes; done += kMaxLanes) {
    const unsigned n = std::min(kMaxLanes, job.dense_lanes - done);
    const std::uint8_t* a_at = a + done * sizeof(typename A::Storage);
    const std::uint8_t* b_at = std::is_same_v<B, None> ? nullptr : b + done * sizeof(typename B::Storage);
    std::uint8_t* d_at = d + done * sizeof(typename D::Storage);
    if (n == kMaxLanes) [[likely]]
      apply<D, A, B, kReadsDst>(a_at, b_at, d_at, kMaxLanes, job.fp_saturate, f);
    else
      apply<D, A, B, kReadsDst>(a_at, b_at, d_at, n, job.fp_saturate, f);
  }
}

// The scalar operand's bits as a value of the type.
template <class T>
typename T::Value scalar_value(std::uint64_t bits) {
  if constexpr (std::is_same_v<T, F16>) return from_half(static_cast<std::uint16_t>(bits));
  else if constexpr (std::is_same_v<T, F32>) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  else return static_cast<typename T::Value>(bits);
}

// A key that orders like the value by signed comparison: both zeros alike, every NaN largest.
inline std::int32_t ascending_key(float value) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(value + 0.0f);  // -0 becomes +0
  const std::int32_t key = bits ^ (bits >> 31 & 0x7fffffff);
  return value != value ? std::numeric_limits<std::int32_t>::max() : key;
}

// Families: each adds its operations to the table.
void add_binary(Table& table);
void add_scalar(Table& table);
void add_unary(Table& table);
void add_convert(Table& table);
void add_compare_select(Table& table);
void add_reduce(Table& table);
void add_move(Table& table);
void add_sort(Table& table);

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
