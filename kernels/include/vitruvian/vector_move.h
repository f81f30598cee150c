// Fill, broadcast, copy, gather, compare, select.
#pragma once

#include "vitruvian/vector_reduce.h"

namespace AscendC {

struct BrcbRepeatParams {
  constexpr BrcbRepeatParams() = default;
  constexpr BrcbRepeatParams(std::uint16_t block, std::uint16_t repeat) : dstBlkStride(block), dstRepStride(repeat) {}
  std::uint16_t dstBlkStride = 1, dstRepStride = 8;
};
struct CopyRepeatParams {
  constexpr CopyRepeatParams() = default;
  constexpr CopyRepeatParams(std::uint16_t dst_block, std::uint16_t src_block, std::uint16_t dst_repeat, std::uint16_t src_repeat)
      : dstStride(dst_block), srcStride(src_block), dstRepeatSize(dst_repeat), srcRepeatSize(src_repeat) {}
  std::uint16_t dstStride = 1, srcStride = 1, dstRepeatSize = 8, srcRepeatSize = 8;
};

namespace vec {
#define VITRUVIAN_BY_SIZE(T, row, ...)                                                                               \
  if constexpr (sizeof(T) == 2)                                                                                      \
    op::row##_b16(__VA_ARGS__);                                                                                      \
  else if constexpr (sizeof(T) == 4)                                                                                 \
    op::row##_b32(__VA_ARGS__);                                                                                      \
  else static_assert(kUnsupported<T>, #row " takes elements of 16 or 32 bits");
template <typename T>
VITRUVIAN_INLINE void duplicate(const LocalTensor<T>& d, T value, Word word) {
  VITRUVIAN_BY_SIZE(T, vector_dup, d.address(), scalar_bits(value), word)
}
template <typename T>
VITRUVIAN_INLINE void copy(const LocalTensor<T>& d, const LocalTensor<T>& s, Word word) {
  VITRUVIAN_BY_SIZE(T, vcopy, d.address(), s.address(), word)
}
template <typename T>
VITRUVIAN_INLINE void broadcast_blocks(const LocalTensor<T>& d, const LocalTensor<T>& s, Word word) {
  VITRUVIAN_BY_SIZE(T, vbrcb, d.address(), s.address(), word)
}
template <typename T>
VITRUVIAN_INLINE void gather(const LocalTensor<T>& d, const LocalTensor<std::uint32_t>& offsets, Word word) {
  VITRUVIAN_BY_SIZE(T, vgather, d.address(), offsets.address(), word)
}
}  // namespace vec

template <typename T, typename U>
VITRUVIAN_INLINE void Duplicate(const LocalTensor<T>& dst, const U& value, const std::int32_t& count) {
  vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::duplicate(dst, static_cast<T>(value), vec::unary_word(1, {})); });
}
template <typename T, bool isSetMask = true, typename U>
VITRUVIAN_INLINE void Duplicate(const LocalTensor<T>& dst, const U& value, std::uint64_t mask, const std::uint8_t repeat, const std::uint16_t dstBlockStride,
                                const std::uint8_t dstRepeatStride) {
  vec::use_mask<isSetMask>(mask);
  vec::duplicate(dst, static_cast<T>(value), vec::unary_word(repeat, {dstBlockStride, 0, dstRepeatStride, 0}));
}
template <typename T, bool isSetMask = true, typename U>
VITRUVIAN_INLINE void Duplicate(const LocalTensor<T>& dst, const U& value, std::uint64_t mask[], const std::uint8_t repeat, const std::uint16_t dstBlockStride,
                                const std::uint8_t dstRepeatStride) {
  vec::use_mask<isSetMask>(mask);
  vec::duplicate(dst, static_cast<T>(value), vec::unary_word(repeat, {dstBlockStride, 0, dstRepeatStride, 0}));
}

template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Copy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask, const std::uint8_t repeat, const CopyRepeatParams& p) {
  vec::use_mask<isSetMask>(mask);
  vec::copy(dst, src, vec::unary_word(repeat, {p.dstStride, p.srcStride, p.dstRepeatSize, p.srcRepeatSize}));
}
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Copy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask[], const std::uint8_t repeat, const CopyRepeatParams& p) {
  vec::use_mask<isSetMask>(mask);
  vec::copy(dst, src, vec::unary_word(repeat, {p.dstStride, p.srcStride, p.dstRepeatSize, p.srcRepeatSize}));
}

// Each repeat: 8 elements fill 8 blocks of 32 B.
template <typename T>
VITRUVIAN_INLINE void Brcb(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint8_t repeat, const BrcbRepeatParams& p) {
  vec::broadcast_blocks(dst, src, vec::unary_word(repeat, {p.dstBlkStride, 0, p.dstRepStride, 0}));
}

// dst[i] = the element at byte src + base + offset[i].
template <typename T>
VITRUVIAN_INLINE void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& offsets, const std::uint32_t base,
                             const std::uint32_t count) {
  using namespace vitruvian::isa::vgather;
  vec::counted(static_cast<std::int32_t>(count), [&]() VITRUVIAN_LAMBDA {
    vec::gather(dst, offsets, vitruvian::isa::vgather::base.put(src.address() + base) | dst_repeat.put(8) | repeat.put(1));
  });
}
template <typename T>
VITRUVIAN_INLINE void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& offsets, const std::uint32_t base,
                             const std::uint64_t mask, const std::uint8_t repeats, const std::uint16_t dstRepStride) {
  using namespace vitruvian::isa::vgather;
  vec::use_mask<true>(mask);
  vec::gather(dst, offsets, vitruvian::isa::vgather::base.put(src.address() + base) | dst_repeat.put(dstRepStride) | repeat.put(repeats));
}

// --- compare to packed bits, select
namespace vec {
#define VITRUVIAN_COMPARE(row, T, ...)                                                                               \
  switch (mode) {                                                                                                    \
    case CMPMODE::LT: { VITRUVIAN_FLOATS(T, row##_lt, __VA_ARGS__) return; }                                         \
    case CMPMODE::GT: { VITRUVIAN_FLOATS(T, row##_gt, __VA_ARGS__) return; }                                         \
    case CMPMODE::EQ: { VITRUVIAN_FLOATS(T, row##_eq, __VA_ARGS__) return; }                                         \
    case CMPMODE::LE: { VITRUVIAN_FLOATS(T, row##_le, __VA_ARGS__) return; }                                         \
    case CMPMODE::GE: { VITRUVIAN_FLOATS(T, row##_ge, __VA_ARGS__) return; }                                         \
    case CMPMODE::NE: { VITRUVIAN_FLOATS(T, row##_ne, __VA_ARGS__) return; }                                         \
  }
template <typename T>
VITRUVIAN_INLINE void compare(CMPMODE mode, Word d, Word a, Word b) {
  if constexpr (std::is_same_v<T, std::int32_t>)
    op::vcmpv_eq_s32(d, a, b);
  else
    VITRUVIAN_COMPARE(vcmpv, T, d, a, b)
}
template <typename T>
VITRUVIAN_INLINE void compare_scalar(CMPMODE mode, Word d, Word a, Word scalar) {
  if constexpr (std::is_same_v<T, std::int32_t>)
    op::vcmpvs_eq_s32(d, a, scalar);
  else
    VITRUVIAN_COMPARE(vcmpvs, T, d, a, scalar)
}
template <typename T>
VITRUVIAN_INLINE void compare_to_mask(CMPMODE mode, Word a, Word b, Word word) {
  VITRUVIAN_COMPARE(vcmp, T, a, b, word)
}
#undef VITRUVIAN_COMPARE
template <typename T>
VITRUVIAN_INLINE void select(Word d, Word a, Word b, Word word) {
  VITRUVIAN_FLOATS(T, vsel, d, a, b, word)
}
// The compare rows know no mask: whole repeats, at most 255 an instruction.
inline constexpr std::int32_t kMostRepeats = 255;
}  // namespace vec

// count * sizeof(T) is a multiple of 256 B; the rest is not compared.
template <typename T, typename U>
VITRUVIAN_INLINE void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, std::uint32_t count) {
  std::int32_t repeats = static_cast<std::int32_t>(byte_count<T>(count) / 256);
  std::uint64_t d = dst.address(), a = src0.address(), b = src1.address();
  while (repeats > 0) {
    const std::int32_t now = repeats < vec::kMostRepeats ? repeats : 240;
    vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::binary_word(static_cast<vec::Word>(now), {}));
    vec::compare<T>(mode, d, a, b);
    repeats -= now, a += now * 256u, b += now * 256u, d += static_cast<std::uint32_t>(now * vec::kLanes<T> / 8);
  }
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, std::uint64_t,
                              std::uint8_t repeat, const BinaryRepeatParams& params) {
  vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::binary_word(repeat, params));
  vec::compare<T>(mode, dst.address(), src0.address(), src1.address());
}
// One repeat into CMPMASK.
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Compare(const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, std::uint64_t mask, const BinaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::compare_to_mask<T>(mode, src0.address(), src1.address(), vec::binary_word(1, params));
}
template <typename T, typename U>
VITRUVIAN_INLINE void CompareScalar(const LocalTensor<U>& dst, const LocalTensor<T>& src, const T scalar, CMPMODE mode, std::uint32_t count) {
  std::int32_t repeats = static_cast<std::int32_t>(byte_count<T>(count) / 256);
  std::uint64_t d = dst.address(), a = src.address();
  while (repeats > 0) {
    const std::int32_t now = repeats < vec::kMostRepeats ? repeats : 240;
    vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::unary_word(static_cast<vec::Word>(now), {}));
    vec::compare_scalar<T>(mode, d, a, scalar_bits(scalar));
    repeats -= now, a += now * 256u, d += static_cast<std::uint32_t>(now * vec::kLanes<T> / 8);
  }
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void CompareScalar(const LocalTensor<U>& dst, const LocalTensor<T>& src, const T scalar, CMPMODE mode, std::uint64_t, std::uint8_t repeat,
                                    const UnaryRepeatParams& params) {
  vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::unary_word(repeat, params));
  vec::compare_scalar<T>(mode, dst.address(), src.address(), scalar_bits(scalar));
}
template <typename T>
VITRUVIAN_INLINE void SetCmpMask(const LocalTensor<T>& src) { vitruvian::op::set_cmpmask(0, src.address(), 0); }
template <typename T>
VITRUVIAN_INLINE void GetCmpMask(const LocalTensor<T>& dst) { vitruvian::op::get_cmpmask(dst.address(), 0, 0); }

// dst = mask bit ? src0 : src1. Mode 0 takes the bits from CMPMASK for each repeat (loaded from the mask tensor here),
// mode 2 streams them from the mask tensor.
template <typename T, typename U>
VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0, const LocalTensor<T>& src1, SELMODE mode,
                             std::uint32_t count) {
  const auto word = vec::binary_word(1, {}) | vitruvian::isa::vector_binary::select_mode.put(static_cast<std::uint64_t>(mode));
  if (mode == SELMODE::VSEL_CMPMASK_SPR) {
    SetCmpMask(mask);
    ::pipe_barrier(PIPE_V);
  } else {
    vitruvian::spr::write<vitruvian::spr::SEL_MASK>(mask.address());
  }
  vec::counted(static_cast<std::int32_t>(count), [&]() VITRUVIAN_LAMBDA { vec::select<T>(dst.address(), src0.address(), src1.address(), word); });
}
// dst = mask bit ? src0 : scalar. The scalar is a value in UB: its block is the last one of UB, as the public API reserves it.
template <typename T, typename U>
VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0, T scalar, SELMODE, std::uint32_t count) {
  constexpr std::uint32_t kReserved = 192 * 1024 - 8192;
  const LocalTensor<T> value(TPosition::VECCALC, kReserved, 32 / sizeof(T));
  ::pipe_barrier(PIPE_V);
  Duplicate(value, scalar, static_cast<std::int32_t>(32 / sizeof(T)));
  ::pipe_barrier(PIPE_V);
  vitruvian::spr::write<vitruvian::spr::SEL_MASK>(mask.address());
  const auto word = vec::binary_word(1, {}) | vitruvian::isa::vector_binary::select_mode.put(1);
  vec::counted(static_cast<std::int32_t>(count), [&]() VITRUVIAN_LAMBDA { vec::select<T>(dst.address(), src0.address(), value.address(), word); });
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& selection, const LocalTensor<T>& src0, const LocalTensor<T>& src1, SELMODE mode,
                             std::uint64_t mask, std::uint8_t repeat, const BinaryRepeatParams& params) {
  if (mode == SELMODE::VSEL_CMPMASK_SPR) {
    SetCmpMask(selection);
    ::pipe_barrier(PIPE_V);
  } else {
    vitruvian::spr::write<vitruvian::spr::SEL_MASK>(selection.address());
  }
  vec::use_mask<isSetMask>(mask);
  vec::select<T>(dst.address(), src0.address(), src1.address(),
                 vec::binary_word(repeat, params) | vitruvian::isa::vector_binary::select_mode.put(static_cast<std::uint64_t>(mode)));
}

}  // namespace AscendC
