// Element-wise vector operations, in three forms:
//   (dst, src..., count)                           counter mode: one instruction, nothing outside [0, count) is written
//   (dst, src..., mask, repeat, strides)           the first `mask` lanes of each repeat
//   (dst, src..., mask[2], repeat, strides)        mask bits: [0] lanes 0..63, [1] lanes 64..127
// With isSetMask = false the mask argument is ignored and the mask registers hold.
#pragma once

#include "vitruvian/data_copy.h"

namespace AscendC {

struct BinaryRepeatParams {
  constexpr BinaryRepeatParams() = default;
  constexpr BinaryRepeatParams(std::uint8_t dst_block, std::uint8_t src0_block, std::uint8_t src1_block, std::uint8_t dst_repeat, std::uint8_t src0_repeat,
                               std::uint8_t src1_repeat)
      : dstBlkStride(dst_block), src0BlkStride(src0_block), src1BlkStride(src1_block), dstRepStride(dst_repeat), src0RepStride(src0_repeat),
        src1RepStride(src1_repeat) {}
  std::uint32_t blockNumber = 8;
  std::uint8_t dstBlkStride = 1, src0BlkStride = 1, src1BlkStride = 1, dstRepStride = 8, src0RepStride = 8, src1RepStride = 8;
};
struct UnaryRepeatParams {
  constexpr UnaryRepeatParams() = default;
  constexpr UnaryRepeatParams(std::uint16_t dst_block, std::uint16_t src_block, std::uint16_t dst_repeat, std::uint16_t src_repeat)
      : dstBlkStride(dst_block), srcBlkStride(src_block), dstRepStride(dst_repeat), srcRepStride(src_repeat) {}
  std::uint32_t blockNumber = 8;
  std::uint16_t dstBlkStride = 1, srcBlkStride = 1;
  std::uint16_t dstRepStride = 8, srcRepStride = 8;
};

// The mask argument of calls with isSetMask = false.
inline constexpr std::uint64_t MASK_PLACEHOLDER = 0;
inline constexpr std::uint64_t MASK_PLACEHOLDER_LIST[2] = {0, 0};

namespace vec {
namespace op = vitruvian::op;
using vitruvian::isa::Word;

VITRUVIAN_INLINE constexpr Word binary_word(Word repeats, const BinaryRepeatParams& p) {
  using namespace vitruvian::isa::vector_binary;
  return dst_block.put(p.dstBlkStride) | src0_block.put(p.src0BlkStride) | src1_block.put(p.src1BlkStride) | dst_repeat.put(p.dstRepStride) |
         src0_repeat.put(p.src0RepStride) | src1_repeat.put(p.src1RepStride) | repeat.put(repeats);
}
VITRUVIAN_INLINE constexpr Word unary_word(Word repeats, const UnaryRepeatParams& p) {
  using namespace vitruvian::isa::vector_unary;
  return dst_block.put(p.dstBlkStride) | src_block.put(p.srcBlkStride) | dst_repeat.put(p.dstRepStride) | src_repeat.put(p.srcRepStride) |
         repeat.put(repeats);
}

// Runs one instruction over `count` contiguous elements, then puts normal mode and the full mask back.
template <typename Instruction>
VITRUVIAN_INLINE void counted(std::int32_t count, Instruction instruction) {
  if constexpr (g_coreType == AIV) {
    SetMaskCount();
    vitruvian::spr::write<vitruvian::spr::MASK0>(static_cast<std::uint32_t>(count));
    instruction();
    SetMaskNorm();
    vitruvian::spr::write<vitruvian::spr::MASK0>(~0ull);
  }
}
template <bool set>
VITRUVIAN_INLINE void use_mask(std::uint64_t lanes) {
  if constexpr (set && g_coreType == AIV) set_lane_mask(static_cast<std::int32_t>(lanes));
}
template <bool set>
VITRUVIAN_INLINE void use_mask(const std::uint64_t mask[]) {
  if constexpr (set && g_coreType == AIV) set_mask(mask[1], mask[0]);
}
template <typename T>
inline constexpr bool kUnsupported = false;
}  // namespace vec

#define VITRUVIAN_F16_F32(T, row, ...)                                                                               \
  if constexpr (std::is_same_v<T, half>)                                                                             \
    op::row##_f16(__VA_ARGS__);                                                                                      \
  else if constexpr (std::is_same_v<T, float>)                                                                       \
    op::row##_f32(__VA_ARGS__);
#define VITRUVIAN_FLOATS(T, row, ...)                                                                                \
  VITRUVIAN_F16_F32(T, row, __VA_ARGS__)                                                                             \
  else static_assert(vec::kUnsupported<T>, #row " has no such element type on this chip");
#define VITRUVIAN_NUMBERS(T, row, ...)                                                                               \
  VITRUVIAN_F16_F32(T, row, __VA_ARGS__)                                                                             \
  else if constexpr (std::is_same_v<T, std::int16_t>) op::row##_s16(__VA_ARGS__);                                    \
  else if constexpr (std::is_same_v<T, std::int32_t>) op::row##_s32(__VA_ARGS__);                                    \
  else static_assert(vec::kUnsupported<T>, #row " has no such element type on this chip");
#define VITRUVIAN_BITS16(T, row, ...)                                                                                \
  if constexpr (std::is_same_v<T, std::int16_t> || std::is_same_v<T, std::uint16_t>)                                 \
    op::row##_b16(__VA_ARGS__);                                                                                      \
  else static_assert(vec::kUnsupported<T>, #row " takes 16-bit integers");

// dst = src0 o src1.
#define VITRUVIAN_BINARY(Name, row, types)                                                                           \
  namespace vec {                                                                                                    \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(const LocalTensor<T>& d, const LocalTensor<T>& a, const LocalTensor<T>& b, Word word) {  \
    types(T, row, d.address(), a.address(), b.address(), word)                                                       \
  }                                                                                                                  \
  }                                                                                                                  \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,      \
                             const std::int32_t& count) {                                                            \
    vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::row(dst, src0, src1, vec::binary_word(1, {})); });                                \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,      \
                             std::uint64_t mask, const std::uint8_t repeat, const BinaryRepeatParams& params) {      \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src0, src1, vec::binary_word(repeat, params));                                                     \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,      \
                             const std::uint64_t mask[], const std::uint8_t repeat, const BinaryRepeatParams& params) {    \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src0, src1, vec::binary_word(repeat, params));                                                     \
  }

// dst = f(src).
#define VITRUVIAN_UNARY(Name, row, types)                                                                            \
  namespace vec {                                                                                                    \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(const LocalTensor<T>& d, const LocalTensor<T>& a, Word word) {                           \
    types(T, row, d.address(), a.address(), word)                                                                    \
  }                                                                                                                  \
  }                                                                                                                  \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::int32_t& count) {      \
    vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::row(dst, src, vec::unary_word(1, {})); });                                        \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint64_t mask,               \
                             const std::uint8_t repeat, const UnaryRepeatParams& params) {                           \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src, vec::unary_word(repeat, params));                                                             \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true>                                                                       \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint64_t mask[],             \
                             const std::uint8_t repeat, const UnaryRepeatParams& params) {                           \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src, vec::unary_word(repeat, params));                                                             \
  }

// dst = src o scalar. Scalars of kernels are often int or float literals: they are converted to T.
#define VITRUVIAN_SCALAR_OPERATION(Name, row, types)                                                                 \
  namespace vec {                                                                                                    \
  template <typename T>                                                                                              \
  VITRUVIAN_INLINE void row(const LocalTensor<T>& d, const LocalTensor<T>& a, T scalar, Word word) {                 \
    types(T, row, d.address(), a.address(), scalar_bits(scalar), word)                                               \
  }                                                                                                                  \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true, typename U>                                                           \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const U& scalar,                  \
                             const std::int32_t& count) {                                                            \
    vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::row(dst, src, static_cast<T>(scalar), vec::unary_word(1, {})); });                \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true, typename U>                                                           \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const U& scalar,                  \
                             std::uint64_t mask, const std::uint8_t repeat, const UnaryRepeatParams& params) {       \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src, static_cast<T>(scalar), vec::unary_word(repeat, params));                                     \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true, typename U>                                                           \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const U& scalar,                  \
                             const std::uint64_t mask[], const std::uint8_t repeat, const UnaryRepeatParams& params) {     \
    vec::use_mask<isSetMask>(mask);                                                                                  \
    vec::row(dst, src, static_cast<T>(scalar), vec::unary_word(repeat, params));                                     \
  }

VITRUVIAN_BINARY(Add, vadd, VITRUVIAN_NUMBERS)
VITRUVIAN_BINARY(Sub, vsub, VITRUVIAN_NUMBERS)
VITRUVIAN_BINARY(Mul, vmul, VITRUVIAN_NUMBERS)
VITRUVIAN_BINARY(Max, vmax, VITRUVIAN_NUMBERS)
VITRUVIAN_BINARY(Min, vmin, VITRUVIAN_NUMBERS)
VITRUVIAN_BINARY(Div, vdiv, VITRUVIAN_FLOATS)
VITRUVIAN_BINARY(FusedMulAdd, vmadd, VITRUVIAN_FLOATS)
VITRUVIAN_BINARY(FusedMulAddRelu, vmaddrelu, VITRUVIAN_FLOATS)
#define VITRUVIAN_FUSED_RELU_TYPES(T, row, ...)                                                                      \
  VITRUVIAN_F16_F32(T, row, __VA_ARGS__)                                                                             \
  else if constexpr (std::is_same_v<T, std::int16_t>) op::row##_s16(__VA_ARGS__);                                    \
  else static_assert(vec::kUnsupported<T>, #row " has no such element type on this chip");
VITRUVIAN_BINARY(AddRelu, vaddrelu, VITRUVIAN_FUSED_RELU_TYPES)
VITRUVIAN_BINARY(SubRelu, vsubrelu, VITRUVIAN_FUSED_RELU_TYPES)
#undef VITRUVIAN_FUSED_RELU_TYPES
VITRUVIAN_BINARY(And, vand, VITRUVIAN_BITS16)
VITRUVIAN_BINARY(Or, vor, VITRUVIAN_BITS16)

VITRUVIAN_UNARY(Exp, vexp, VITRUVIAN_FLOATS)
VITRUVIAN_UNARY(Ln, vln, VITRUVIAN_FLOATS)
VITRUVIAN_UNARY(Sqrt, vsqrt, VITRUVIAN_FLOATS)
VITRUVIAN_UNARY(Rsqrt, vrsqrt, VITRUVIAN_FLOATS)
VITRUVIAN_UNARY(Reciprocal, vrec, VITRUVIAN_FLOATS)
VITRUVIAN_UNARY(Abs, vabs, VITRUVIAN_FLOATS)
#define VITRUVIAN_RELU_TYPES(T, row, ...)                                                                            \
  VITRUVIAN_F16_F32(T, row, __VA_ARGS__)                                                                             \
  else if constexpr (std::is_same_v<T, std::int32_t>) op::row##_s32(__VA_ARGS__);                                    \
  else static_assert(vec::kUnsupported<T>, #row " has no such element type on this chip");
VITRUVIAN_UNARY(Relu, vrelu, VITRUVIAN_RELU_TYPES)
#undef VITRUVIAN_RELU_TYPES
VITRUVIAN_UNARY(Not, vnot, VITRUVIAN_BITS16)

VITRUVIAN_SCALAR_OPERATION(Adds, vadds, VITRUVIAN_NUMBERS)
VITRUVIAN_SCALAR_OPERATION(Muls, vmuls, VITRUVIAN_NUMBERS)
VITRUVIAN_SCALAR_OPERATION(Maxs, vmaxs, VITRUVIAN_NUMBERS)
VITRUVIAN_SCALAR_OPERATION(Mins, vmins, VITRUVIAN_NUMBERS)
VITRUVIAN_SCALAR_OPERATION(LeakyRelu, vlrelu, VITRUVIAN_FLOATS)

// Shifts: the distance goes through SHIFT_DISTANCE; bit 8 rounds.
#define VITRUVIAN_SHIFT_LEFT_TYPES(T, row, ...)                                                                      \
  if constexpr (sizeof(T) == 2) op::vshl_u16(__VA_ARGS__); else op::vshl_u32(__VA_ARGS__);
#define VITRUVIAN_SHIFT_RIGHT_TYPES(T, row, ...)                                                                     \
  if constexpr (std::is_same_v<T, std::int16_t>) op::vshr_s16(__VA_ARGS__);                                          \
  else if constexpr (std::is_same_v<T, std::int32_t>) op::vshr_s32(__VA_ARGS__);                                     \
  else if constexpr (sizeof(T) == 2) op::vshr_u16(__VA_ARGS__);                                                      \
  else op::vshr_u32(__VA_ARGS__);
VITRUVIAN_UNARY(shift_left, vshl, VITRUVIAN_SHIFT_LEFT_TYPES)
VITRUVIAN_UNARY(shift_right, vshr, VITRUVIAN_SHIFT_RIGHT_TYPES)
#undef VITRUVIAN_SHIFT_LEFT_TYPES
#undef VITRUVIAN_SHIFT_RIGHT_TYPES
namespace vec {
VITRUVIAN_INLINE void set_shift(std::uint64_t distance, bool round) {
  vitruvian::spr::write<vitruvian::spr::SHIFT_DISTANCE>(static_cast<std::uint8_t>(distance) | (round ? 256u : 0u));
}
}  // namespace vec
#define VITRUVIAN_SHIFT(Name, row)                                                                                   \
  template <typename T, bool isSetMask = true, typename U>                                                           \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const U& distance,                \
                             const std::int32_t& count, bool round = false) {                                        \
    vec::set_shift(static_cast<std::uint64_t>(distance), round);                                                     \
    row(dst, src, count);                                                                                            \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true, typename U>                                                           \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const U& distance,                \
                             std::uint64_t mask, const std::uint8_t repeat, const UnaryRepeatParams& params,         \
                             bool round = false) {                                                                   \
    vec::set_shift(static_cast<std::uint64_t>(distance), round);                                                     \
    row<T, isSetMask>(dst, src, mask, repeat, params);                                                               \
  }                                                                                                                  \
  template <typename T, bool isSetMask = true, typename U>                                                           \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const U& distance,                \
                             const std::uint64_t mask[], const std::uint8_t repeat, const UnaryRepeatParams& params, \
                             bool round = false) {                                                                   \
    vec::set_shift(static_cast<std::uint64_t>(distance), round);                                                     \
    row<T, isSetMask>(dst, src, mask, repeat, params);                                                               \
  }
VITRUVIAN_SHIFT(ShiftLeft, shift_left)
VITRUVIAN_SHIFT(ShiftRight, shift_right)
#undef VITRUVIAN_SHIFT

// dst += src0 * src1, and dst += src * scalar; a float dst takes half sources.
namespace vec {
template <typename T, typename U>
VITRUVIAN_INLINE void vmla(const LocalTensor<T>& d, const LocalTensor<U>& a, const LocalTensor<U>& b, Word word) {
  if constexpr (std::is_same_v<T, float> && std::is_same_v<U, half>)
    op::vmla_f32f16(d.address(), a.address(), b.address(), word);
  else
    VITRUVIAN_FLOATS(T, vmla, d.address(), a.address(), b.address(), word)
}
template <typename T, typename U>
VITRUVIAN_INLINE void vaxpy(const LocalTensor<T>& d, const LocalTensor<U>& a, U scalar, Word word) {
  if constexpr (std::is_same_v<T, float> && std::is_same_v<U, half>)
    op::vaxpy_f32f16(d.address(), a.address(), scalar_bits(scalar), word);
  else
    VITRUVIAN_FLOATS(T, vaxpy, d.address(), a.address(), scalar_bits(scalar), word)
}
// Repeat strides of contiguous operands; the wider type fills the repeat.
template <typename T, typename U>
inline constexpr std::uint16_t kDstRepeat = 8 * sizeof(T) / (sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
template <typename T, typename U>
inline constexpr std::uint16_t kSrcRepeat = 8 * sizeof(U) / (sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
}  // namespace vec
template <typename T, typename U>
VITRUVIAN_INLINE void MulAddDst(const LocalTensor<T>& dst, const LocalTensor<U>& src0, const LocalTensor<U>& src1, const std::int32_t& count) {
  constexpr std::uint8_t d = vec::kDstRepeat<T, U>, s = vec::kSrcRepeat<T, U>;
  vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::vmla(dst, src0, src1, vec::binary_word(1, {1, 1, 1, d, s, s})); });
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void MulAddDst(const LocalTensor<T>& dst, const LocalTensor<U>& src0, const LocalTensor<U>& src1, std::uint64_t mask,
                                const std::uint8_t repeat, const BinaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::vmla(dst, src0, src1, vec::binary_word(repeat, params));
}
template <typename T, typename U, bool isSetMask = true>
VITRUVIAN_INLINE void MulAddDst(const LocalTensor<T>& dst, const LocalTensor<U>& src0, const LocalTensor<U>& src1, const std::uint64_t mask[],
                                const std::uint8_t repeat, const BinaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::vmla(dst, src0, src1, vec::binary_word(repeat, params));
}
template <typename T, typename U, typename S>
VITRUVIAN_INLINE void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const S& scalar, const std::int32_t& count) {
  vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::vaxpy(dst, src, static_cast<U>(scalar), vec::unary_word(1, {1, 1, vec::kDstRepeat<T, U>, vec::kSrcRepeat<T, U>})); });
}
template <typename T, typename U, bool isSetMask = true, typename S>
VITRUVIAN_INLINE void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const S& scalar, std::uint64_t mask, const std::uint8_t repeat,
                           const UnaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::vaxpy(dst, src, static_cast<U>(scalar), vec::unary_word(repeat, params));
}
template <typename T, typename U, bool isSetMask = true, typename S>
VITRUVIAN_INLINE void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const S& scalar, const std::uint64_t mask[], const std::uint8_t repeat,
                           const UnaryRepeatParams& params) {
  vec::use_mask<isSetMask>(mask);
  vec::vaxpy(dst, src, static_cast<U>(scalar), vec::unary_word(repeat, params));
}

// dst = src0 ^ src1 = (src0 | src1) & ~(src0 & src1); tmp holds `count` elements of the sources' type.
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void Xor(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, const LocalTensor<std::uint8_t>& tmp,
                          const std::uint32_t count) {
  const LocalTensor<T> both = tmp.template ReinterpretCast<T>();
  const auto n = static_cast<std::int32_t>(count);
  And(both, src0, src1, n);
  ::pipe_barrier(PIPE_V);
  Not(both, both, n);
  Or(dst, src0, src1, n);
  ::pipe_barrier(PIPE_V);
  And(dst, dst, both, n);
}

}  // namespace AscendC
