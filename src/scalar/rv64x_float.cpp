// Floating-point instructions: F, D, Zfh and the conversions of Zfbfmin.
#include <fmt/format.h>

#include "src/scalar/rv64x.h"

namespace vitruvian::scalar {

namespace {

constexpr std::uint8_t kDynamicRounding = 7;

template <class F>
std::uint64_t box(std::uint64_t bits) {
  return bits | ~F::mask;
}

std::uint64_t sext32(std::uint64_t x) { return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(x)}); }
std::uint64_t zext32(std::uint64_t x) { return static_cast<std::uint32_t>(x); }

}  // namespace

// A narrower value that is not NaN-boxed reads as the canonical NaN.
template <class F>
std::uint64_t Rv64x::unbox(std::uint8_t source) const {
  const std::uint64_t x = registers_[source];
  return (x | F::mask) == ~std::uint64_t{0} ? x & F::mask : F::nan;
}

template <class F>
std::uint64_t Rv64x::float_result(const Decoded& d, FloatContext& context) const {
  const auto a = [&] { return unbox<F>(d.rs1); };
  const auto b = [&] { return unbox<F>(d.rs2); };
  const auto c = [&] { return unbox<F>(d.rs3); };
  const std::uint64_t x = registers_[d.rs1];
  switch (static_cast<FloatOp>(d.detail)) {
    case FloatOp::add: return box<F>(add<F>(a(), b(), context));
    case FloatOp::subtract: return box<F>(add<F>(a(), b() ^ F::sign, context));
    case FloatOp::multiply: return box<F>(multiply<F>(a(), b(), context));
    case FloatOp::divide: return box<F>(divide<F>(a(), b(), context));
    case FloatOp::square_root: return box<F>(square_root<F>(a(), context));
    case FloatOp::madd: return box<F>(multiply_add<F>(a(), b(), c(), context));
    case FloatOp::msub: return box<F>(multiply_add<F>(a(), b(), c() ^ F::sign, context));
    case FloatOp::nmsub: return box<F>(multiply_add<F>(a() ^ F::sign, b(), c(), context));
    case FloatOp::nmadd: return box<F>(multiply_add<F>(a() ^ F::sign, b(), c() ^ F::sign, context));
    case FloatOp::sign: return box<F>((a() & ~F::sign) | (b() & F::sign));
    case FloatOp::sign_not: return box<F>((a() & ~F::sign) | (~b() & F::sign));
    case FloatOp::sign_xor: return box<F>(a() ^ (b() & F::sign));
    case FloatOp::minimum: return box<F>(minimum<F>(a(), b(), context));
    case FloatOp::maximum: return box<F>(maximum<F>(a(), b(), context));
    case FloatOp::equal: return equal<F>(a(), b(), context);
    case FloatOp::less: return less<F>(a(), b(), context);
    case FloatOp::less_equal: return less_equal<F>(a(), b(), context);
    case FloatOp::classify: return classify<F>(a());
    case FloatOp::move_to_x: return static_cast<std::uint64_t>(static_cast<std::int64_t>(x << (64 - F::bits)) >> (64 - F::bits));
    case FloatOp::move_from_x: return box<F>(x & F::mask);
    case FloatOp::to_w: return to_integer<F>(a(), true, 32, context);
    case FloatOp::to_wu: return to_integer<F>(a(), false, 32, context);
    case FloatOp::to_l: return to_integer<F>(a(), true, 64, context);
    case FloatOp::to_lu: return to_integer<F>(a(), false, 64, context);
    case FloatOp::from_w: return box<F>(from_integer<F>(sext32(x), true, context));
    case FloatOp::from_wu: return box<F>(from_integer<F>(zext32(x), false, context));
    case FloatOp::from_l: return box<F>(from_integer<F>(x, true, context));
    case FloatOp::from_lu: return box<F>(from_integer<F>(x, false, context));
    case FloatOp::from_half:
      if constexpr (F::bits > 16) return box<F>(convert<Half, F>(unbox<Half>(d.rs1), context));
      break;
    case FloatOp::from_single:
      if constexpr (F::bits != 32) return box<F>(convert<Single, F>(unbox<Single>(d.rs1), context));
      break;
    case FloatOp::from_double:
      if constexpr (F::bits != 64) return box<F>(convert<Double, F>(unbox<Double>(d.rs1), context));
      break;
    case FloatOp::from_bfloat16:
      if constexpr (F::bits == 32) return box<F>(convert<Bfloat16, F>(unbox<Bfloat16>(d.rs1), context));
      break;
    case FloatOp::to_bfloat16:
      if constexpr (F::bits == 32) return box<Bfloat16>(convert<F, Bfloat16>(a(), context));
      break;
  }
  ensure(false, "the decoder pairs each conversion with a destination format");
  return 0;
}

Rv64x::Outcome Rv64x::execute_float(const Decoded& d, Stop& stop) {
  const std::uint8_t mode = d.rounding == kDynamicRounding ? special_.dynamic_rounding() : d.rounding;
  if (mode >= kRoundingModes) [[unlikely]]
    return refuse(FaultKind::illegal_instruction, fmt::format("reserved rounding mode {}", mode), stop);
  wait_for(d.rs3);
  FloatContext context{static_cast<Rounding>(mode), 0};
  std::uint64_t value = 0;
  switch (static_cast<FloatWidth>(d.width)) {
    case FloatWidth::half: value = float_result<Half>(d, context); break;
    case FloatWidth::single: value = float_result<Single>(d, context); break;
    case FloatWidth::full: value = float_result<Double>(d, context); break;
  }
  special_.accrue(context.flags);
  write(d.rd, value, time_ + latency_[static_cast<std::size_t>(d.latency)]);
  time_ += timing_.alu;
  at_ += d.slots;
  return Outcome::retired;
}

}  // namespace vitruvian::scalar
