// vconv: conversions among the element types with the rounding modes. Repeat geometry follows the wider type.
#include "vector_unit/arithmetic.h"
#include "vector_unit/lanes.h"
#include "vector_unit/rounding.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

// Conversions saturate by their own CTRL bits where arithmetic uses CTRL 48 alone.
Job with_convert_saturation(const Job& job) {
  Job own = job;
  own.fp_saturate = job.convert_saturate;
  return own;
}

// Value by value where the destination holds every source value, or rounds to nearest by itself.
template <class D, class S>
void widen(const Job& job, const Core& core) {
  map<D, S, None, false>(with_convert_saturation(job), core, [](typename S::Value a) { return static_cast<typename D::Value>(a); });
}

template <class D, class S>
void narrow_integer(const Job& job, const Core& core) {
  map<D, S, None, false>(job, core, [](typename S::Value a) { return clamp_to<typename D::Value>(a); });
}

template <class S, class D, Round kMode>
void to_integer_lanes(const Job& job, const Core& core) {
  map<D, S, None, false>(job, core, [](float a) { return to_integer<typename D::Value, kMode>(a); });
}

// Any exact double to fp16.
template <class S, Round kMode>
void to_half_lanes(const Job& job, const Core& core) {
  const bool saturate = job.convert_saturate;
  map<U16, S, None, false>(job, core, [saturate](typename S::Value a) {
    return static_cast<std::uint16_t>(narrow<kMode>(static_cast<double>(a), kHalf, saturate));
  });
}

template <Round kMode>
void f32_to_bfloat(const Job& job, const Core& core) {
  const bool saturate = job.convert_saturate;
  if constexpr (kMode == Round::nearest) {
    if (!saturate) return map<U16, F32, None, false>(job, core, [](float a) { return to_bfloat(a); });
  }
  map<U16, F32, None, false>(job, core, [saturate](float a) {
    return static_cast<std::uint16_t>(narrow<kMode>(static_cast<double>(a), kBfloat, saturate));
  });
}

template <Round kMode>
void f32_to_whole(const Job& job, const Core& core) {
  map<F32, F32, None, false>(job, core, [](float a) { return round_to_integer<kMode>(a); });
}

template <class S, Round kMode>
void integer_to_f32(const Job& job, const Core& core) {
  map<F32, S, None, false>(job, core, [](typename S::Value a) {
    if constexpr (kMode == Round::nearest) return static_cast<float>(a);
    else return narrow<kMode>(std::int64_t{a});
  });
}

// The product of a 32-bit integer and an fp16 scale is exact in double.
void dequantise(const Job& job, const Core& core) {
  const double scale = from_half(static_cast<std::uint16_t>(job.special->deqscale));
  const bool saturate = job.convert_saturate;
  map<U16, S32, None, false>(job, core, [scale, saturate](std::int32_t a) {
    return static_cast<std::uint16_t>(narrow<Round::nearest>(a * scale, kHalf, saturate));
  });
}

// --- s4: two to a byte, the lower nibble first
void s4_to_f16(const Job& job, const Core& core) {
  std::uint8_t packed[kMaxLanes / 2] = {};
  float values[kMaxLanes];
  std::uint16_t halves[kMaxLanes];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    collect(core, job.src0, i, active_blocks(job.src0, mask, job.lanes), packed);
    for (unsigned lane = 0; lane < job.lanes; ++lane) {
      const unsigned nibble = packed[lane / 2] >> (lane & 1 ? 4 : 0) & 0xfu;
      values[lane] = static_cast<float>(static_cast<int>(nibble ^ 8u) - 8);
    }
    to_half(values, halves, job.lanes);
    scatter(core, job.dst, i, mask, job.lanes, halves);
  }
}

template <Round kMode>
void f16_to_s4(const Job& job, const Core& core) {
  std::uint16_t halves[kMaxLanes] = {};
  std::uint8_t packed[kMaxLanes / 2] = {};
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    collect(core, job.src0, i, active_blocks(job.src0, mask, job.lanes), halves);
    for (unsigned lane = 0; lane < job.lanes; ++lane) {
      const int whole = to_integer<std::int8_t, kMode>(from_half(halves[lane]));
      const unsigned nibble = static_cast<unsigned>(std::clamp(whole, -8, 7)) & 0xfu;
      const unsigned other = packed[lane / 2] & (lane & 1 ? 0x0fu : 0xf0u);
      packed[lane / 2] = static_cast<std::uint8_t>(other | nibble << (lane & 1 ? 4 : 0));
    }
    scatter(core, job.dst, i, mask, job.lanes, packed);
  }
}

Entry conversion(unsigned dst_bits, unsigned src_bits, Kernel kernel) {
  return {Shape::unary, static_cast<std::uint8_t>(dst_bits), static_cast<std::uint8_t>(src_bits), false, kernel};
}

// The five common modes of one pair of types, in the order r f c a z.
void set_modes(Table& table, const Op (&ops)[5], unsigned dst_bits, unsigned src_bits, const Kernel (&kernels)[5]) {
  for (unsigned i = 0; i < 5; ++i) table.set(ops[i], conversion(dst_bits, src_bits, kernels[i]));
}

template <class S, class D>
void set_to_integer(Table& table, const Op (&ops)[5]) {
  set_modes(table, ops, kBits<D>, kBits<S>,
            {to_integer_lanes<S, D, Round::nearest>, to_integer_lanes<S, D, Round::floor>, to_integer_lanes<S, D, Round::ceil>,
             to_integer_lanes<S, D, Round::away>, to_integer_lanes<S, D, Round::truncate>});
}

void add_widening(Table& table) {
  table.set(Op::vconv_f162f32, conversion(32, 16, widen<F32, F16>));
  table.set(Op::vconv_bf162f32, conversion(32, 16, widen<F32, BF16>));
  table.set(Op::vconv_s162f32, conversion(32, 16, widen<F32, S16>));
  table.set(Op::vconv_s82f16, conversion(16, 8, widen<F16, S8>));
  table.set(Op::vconv_u82f16, conversion(16, 8, widen<F16, U8>));
  table.set(Op::vconv_s42f16, conversion(16, 4, s4_to_f16));
  table.set(Op::vconv_s322s64, conversion(64, 32, widen<S64, S32>));
  table.set(Op::vconv_s642s32, conversion(32, 64, narrow_integer<S32, S64>));
  table.set(Op::vconv_s322s16, conversion(16, 32, narrow_integer<S16, S32>));
  table.set(Op::vconv_deq_s322f16, conversion(16, 32, dequantise));
}

void add_to_float(Table& table) {
  set_modes(table, {Op::vconv_s162f16r, Op::vconv_s162f16f, Op::vconv_s162f16c, Op::vconv_s162f16a, Op::vconv_s162f16z}, 16, 16,
            {widen<F16, S16>, to_half_lanes<S16, Round::floor>, to_half_lanes<S16, Round::ceil>, to_half_lanes<S16, Round::away>,
             to_half_lanes<S16, Round::truncate>});
  set_modes(table, {Op::vconv_f322f16r, Op::vconv_f322f16f, Op::vconv_f322f16c, Op::vconv_f322f16a, Op::vconv_f322f16z}, 16, 32,
            {widen<F16, F32>, to_half_lanes<F32, Round::floor>, to_half_lanes<F32, Round::ceil>, to_half_lanes<F32, Round::away>,
             to_half_lanes<F32, Round::truncate>});
  table.set(Op::vconv_f322f16o, conversion(16, 32, to_half_lanes<F32, Round::odd>));
  set_modes(table, {Op::vconv_f322bf16r, Op::vconv_f322bf16f, Op::vconv_f322bf16c, Op::vconv_f322bf16a, Op::vconv_f322bf16z}, 16, 32,
            {f32_to_bfloat<Round::nearest>, f32_to_bfloat<Round::floor>, f32_to_bfloat<Round::ceil>, f32_to_bfloat<Round::away>,
             f32_to_bfloat<Round::truncate>});
  set_modes(table, {Op::vconv_f322f32r, Op::vconv_f322f32f, Op::vconv_f322f32c, Op::vconv_f322f32a, Op::vconv_f322f32z}, 32, 32,
            {f32_to_whole<Round::nearest>, f32_to_whole<Round::floor>, f32_to_whole<Round::ceil>, f32_to_whole<Round::away>,
             f32_to_whole<Round::truncate>});
  set_modes(table, {Op::vconv_s322f32r, Op::vconv_s322f32f, Op::vconv_s322f32c, Op::vconv_s322f32a, Op::vconv_s322f32z}, 32, 32,
            {integer_to_f32<S32, Round::nearest>, integer_to_f32<S32, Round::floor>, integer_to_f32<S32, Round::ceil>,
             integer_to_f32<S32, Round::away>, integer_to_f32<S32, Round::truncate>});
  set_modes(table, {Op::vconv_s642f32r, Op::vconv_s642f32f, Op::vconv_s642f32c, Op::vconv_s642f32a, Op::vconv_s642f32z}, 32, 64,
            {integer_to_f32<S64, Round::nearest>, integer_to_f32<S64, Round::floor>, integer_to_f32<S64, Round::ceil>,
             integer_to_f32<S64, Round::away>, integer_to_f32<S64, Round::truncate>});
}

void add_to_integer(Table& table) {
  set_to_integer<F32, S32>(table, {Op::vconv_f322s32r, Op::vconv_f322s32f, Op::vconv_f322s32c, Op::vconv_f322s32a, Op::vconv_f322s32z});
  set_to_integer<F32, S16>(table, {Op::vconv_f322s16r, Op::vconv_f322s16f, Op::vconv_f322s16c, Op::vconv_f322s16a, Op::vconv_f322s16z});
  set_to_integer<F32, S64>(table, {Op::vconv_f322s64r, Op::vconv_f322s64f, Op::vconv_f322s64c, Op::vconv_f322s64a, Op::vconv_f322s64z});
  set_to_integer<F16, S32>(table, {Op::vconv_f162s32r, Op::vconv_f162s32f, Op::vconv_f162s32c, Op::vconv_f162s32a, Op::vconv_f162s32z});
  set_to_integer<F16, S16>(table, {Op::vconv_f162s16r, Op::vconv_f162s16f, Op::vconv_f162s16c, Op::vconv_f162s16a, Op::vconv_f162s16z});
  set_to_integer<F16, S8>(table, {Op::vconv_f162s8r, Op::vconv_f162s8f, Op::vconv_f162s8c, Op::vconv_f162s8a, Op::vconv_f162s8z});
  set_to_integer<F16, U8>(table, {Op::vconv_f162u8r, Op::vconv_f162u8f, Op::vconv_f162u8c, Op::vconv_f162u8a, Op::vconv_f162u8z});
  set_to_integer<BF16, S32>(table, {Op::vconv_bf162s32r, Op::vconv_bf162s32f, Op::vconv_bf162s32c, Op::vconv_bf162s32a, Op::vconv_bf162s32z});
  set_modes(table, {Op::vconv_f162s4r, Op::vconv_f162s4f, Op::vconv_f162s4c, Op::vconv_f162s4a, Op::vconv_f162s4z}, 4, 16,
            {f16_to_s4<Round::nearest>, f16_to_s4<Round::floor>, f16_to_s4<Round::ceil>, f16_to_s4<Round::away>,
             f16_to_s4<Round::truncate>});
}

}  // namespace

void add_convert(Table& table) {
  add_widening(table);
  add_to_float(table);
  add_to_integer(table);
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
