// Compare to packed bits or to CMPMASK, and select by bits.
#pragma once

#include "vitruvian/vector_move.h"

namespace AscendC {

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
  if constexpr (std::is_same_v<T, std::int32_t>) {
    if (mode != CMPMODE::EQ) vitruvian_stop();  // the chip compares integers for equality only
    op::vcmpv_eq_s32(d, a, b);
  } else
    VITRUVIAN_COMPARE(vcmpv, T, d, a, b)
}
template <typename T>
VITRUVIAN_INLINE void compare_scalar(CMPMODE mode, Word d, Word a, Word scalar) {
  if constexpr (std::is_same_v<T, std::int32_t>) {
    if (mode != CMPMODE::EQ) vitruvian_stop();
    op::vcmpvs_eq_s32(d, a, scalar);
  } else
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
    const std::int32_t now = repeats < vec::kMostRepeats ? repeats : vec::kMostRepeats;
    vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::binary_word(static_cast<vec::Word>(now), {}));
    vec::compare<T>(mode, d, a, b);
    repeats -= now, a += now * 256u, b += now * 256u, d += static_cast<std::uint32_t>(now * vec::kLanes<T> / 8);
  }
}
// The chip compares whole repeats: the mask has no effect.
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, const std::uint64_t,
                              std::uint8_t repeat, const BinaryRepeatParams& params) {
  vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::binary_word(repeat, params));
  vec::compare<T>(mode, dst.address(), src0.address(), src1.address());
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, const std::uint64_t[],
                              std::uint8_t repeat, const BinaryRepeatParams& params) {
  Compare<T, U, isSetMask>(dst, src0, src1, mode, std::uint64_t{0}, repeat, params);
}
// One repeat into CMPMASK.
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Compare(const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, std::uint64_t mask, const BinaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::compare_to_mask<T>(mode, src0.address(), src1.address(), vec::binary_word(1, params));
}
template <typename T, bool isSetMask = true>
VITRUVIAN_INLINE void Compare(const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, const std::uint64_t mask[],
                              const BinaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::compare_to_mask<T>(mode, src0.address(), src1.address(), vec::binary_word(1, params));
}

// With a scalar: CompareScalar, and Compares by its newer name.
#define VITRUVIAN_COMPARE_SCALAR(Name)                                                                               \
  template <typename T, typename U, bool isSetMask = true, typename S>                                               \
  VITRUVIAN_INLINE void Name(const LocalTensor<U>& dst, const LocalTensor<T>& src, const S scalar, CMPMODE mode, std::uint32_t count) { \
    vec::compare_with_scalar<T>(dst.address(), src.address(), static_cast<T>(scalar), mode, count);                  \
  }                                                                                                                  \
  template <typename T, typename U, bool isSetMask = true, typename S>                                               \
  VITRUVIAN_INLINE void Name(const LocalTensor<U>& dst, const LocalTensor<T>& src, const S scalar, CMPMODE mode,     \
                             const std::uint64_t, std::uint8_t repeat, const UnaryRepeatParams& params) {            \
    vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::unary_word(repeat, params));                             \
    vec::compare_scalar<T>(mode, dst.address(), src.address(), scalar_bits(static_cast<T>(scalar)));                 \
  }                                                                                                                  \
  template <typename T, typename U, bool isSetMask = true, typename S>                                               \
  VITRUVIAN_INLINE void Name(const LocalTensor<U>& dst, const LocalTensor<T>& src, const S scalar, CMPMODE mode,     \
                             const std::uint64_t[], std::uint8_t repeat, const UnaryRepeatParams& params) {          \
    vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(vec::unary_word(repeat, params));                             \
    vec::compare_scalar<T>(mode, dst.address(), src.address(), scalar_bits(static_cast<T>(scalar)));                 \
  }
namespace vec {
template <typename T>
VITRUVIAN_INLINE void compare_with_scalar(std::uint64_t d, std::uint64_t a, T scalar, CMPMODE mode, std::uint32_t count) {
  std::int32_t repeats = static_cast<std::int32_t>(byte_count<T>(count) / 256);
  while (repeats > 0) {
    const std::int32_t now = repeats < kMostRepeats ? repeats : kMostRepeats;
    vitruvian::spr::write<vitruvian::spr::CMP_CONTROL>(unary_word(static_cast<Word>(now), {}));
    compare_scalar<T>(mode, d, a, scalar_bits(scalar));
    repeats -= now, a += now * 256u, d += static_cast<std::uint32_t>(now * kLanes<T> / 8);
  }
}
}  // namespace vec
VITRUVIAN_COMPARE_SCALAR(CompareScalar)
VITRUVIAN_COMPARE_SCALAR(Compares)
#undef VITRUVIAN_COMPARE_SCALAR

template <typename T>
VITRUVIAN_INLINE void SetCmpMask(const LocalTensor<T>& src) { vitruvian::op::set_cmpmask(0, src.address(), 0); }
template <typename T>
VITRUVIAN_INLINE void GetCmpMask(const LocalTensor<T>& dst) { vitruvian::op::get_cmpmask(dst.address(), 0, 0); }

// --- select: dst = mask bit ? src0 : src1
//   mode 0  the bits of CMPMASK for each repeat, loaded here from the mask tensor
//   mode 1  src1 is one value; the bits stream from the mask tensor
//   mode 2  two tensors; the bits stream from the mask tensor
namespace vec {
// The public API reserves the end of UB for the scalar of mode 1.
inline constexpr std::uint32_t kSelectReserved = 8192;
template <typename U>
VITRUVIAN_INLINE void use_selection(const LocalTensor<U>& bits, SELMODE mode) {
  if (mode == SELMODE::VSEL_CMPMASK_SPR) {
    SetCmpMask(bits);
    ::pipe_barrier(PIPE_V);
  } else {
    vitruvian::spr::write<vitruvian::spr::SEL_MASK>(bits.address());
  }
}
VITRUVIAN_INLINE constexpr Word select_word(Word repeats, const BinaryRepeatParams& params, SELMODE mode) {
  return binary_word(repeats, params) | vitruvian::isa::vector_binary::select_mode.put(static_cast<std::uint64_t>(mode));
}
template <typename T>
VITRUVIAN_INLINE LocalTensor<T> select_scalar(T scalar) {
  const LocalTensor<T> value(TPosition::VECCALC, kUbBytes - kSelectReserved, 32 / sizeof(T));
  ::pipe_barrier(PIPE_V);
  Duplicate(value, scalar, static_cast<std::int32_t>(32 / sizeof(T)));
  ::pipe_barrier(PIPE_V);
  return value;
}
}  // namespace vec
template <typename T, typename U>
VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0, const LocalTensor<T>& src1, SELMODE mode,
                             std::uint32_t count) {
  vec::use_selection(mask, mode);
  vec::counted(static_cast<std::int32_t>(count),
               [&]() VITRUVIAN_LAMBDA { vec::select<T>(dst.address(), src0.address(), src1.address(), vec::select_word(1, {}, mode)); });
}
template <typename T, typename U>
VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0, T scalar, SELMODE mode, std::uint32_t count) {
  Select(dst, mask, src0, vec::select_scalar(scalar), mode, count);
}
#define VITRUVIAN_SELECT(MaskType)                                                                                   \
  template <typename T, typename U, bool isSetMask = true>                                                           \
  VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& selection, const LocalTensor<T>& src0, \
                               const LocalTensor<T>& src1, SELMODE mode, MaskType, std::uint8_t repeat,              \
                               const BinaryRepeatParams& params) {                                                   \
    vec::use_selection(selection, mode);                                                                             \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::select<T>(dst.address(), src0.address(), src1.address(), vec::select_word(repeat, params, mode));           \
  }                                                                                                                  \
  template <typename T, typename U, bool isSetMask = true>                                                           \
  VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<U>& selection, const LocalTensor<T>& src0, T scalar, \
                               SELMODE mode, MaskType, std::uint8_t repeat, const BinaryRepeatParams& params) {      \
    Select<T, U, isSetMask>(dst, selection, src0, vec::select_scalar(scalar), mode, mask, repeat, params);           \
  }
VITRUVIAN_SELECT(const std::uint64_t mask)
VITRUVIAN_SELECT(const std::uint64_t mask[])
#undef VITRUVIAN_SELECT
// The bits that an earlier Compare or SetCmpMask left in CMPMASK.
template <typename T, SELMODE selMode>
VITRUVIAN_INLINE void Select(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, std::uint8_t repeat,
                             const BinaryRepeatParams& params) {
  static_assert(selMode == SELMODE::VSEL_CMPMASK_SPR, "without a mask tensor the bits come from CMPMASK");
  vec::select<T>(dst.address(), src0.address(), src1.address(), vec::select_word(repeat, params, selMode));
}

}  // namespace AscendC
