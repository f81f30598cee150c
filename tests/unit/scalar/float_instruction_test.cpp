#include <bit>
#include <cmath>

#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

namespace {

constexpr std::uint64_t kBox32 = 0xffff'ffff'0000'0000, kBox16 = 0xffff'ffff'ffff'0000;
std::uint64_t single(float x) { return kBox32 | std::bit_cast<std::uint32_t>(x); }
std::uint64_t full(double x) { return std::bit_cast<std::uint64_t>(x); }
constexpr std::uint8_t kRne = 0, kRtz = 1, kDynamic = 7;

// rd = op(fa0, fa1, fa2) with the raw bits of the result.
std::uint64_t result(Op op, std::vector<std::uint64_t> floating, std::uint8_t rm = kRne) {
  Core core({make(op, f1, fa0, fa1, 0, rm, fa2), make(Op::fmv_x_d, t0, f1), show(t0)});
  return core.shown({}, std::move(floating))[0];
}
std::uint64_t to_x(Op op, std::vector<std::uint64_t> floating, std::uint8_t rm = kRne) {
  Core core({make(op, t0, fa0, fa1, 0, rm), show(t0)});
  return core.shown({}, std::move(floating))[0];
}
std::uint64_t from_x(Op op, std::uint64_t x, std::uint8_t rm = kRne) {
  Core core({make(op, f1, a0, 0, 0, rm), make(Op::fmv_x_d, t0, f1), show(t0)});
  return core.shown({x})[0];
}

}  // namespace

TEST_CASE("arithmetic instructions compute what their name says, in each format") {
  CHECK(result(Op::fadd_s, {single(1.5f), single(2.25f)}) == single(3.75f));
  CHECK(result(Op::fsub_s, {single(1.5f), single(2.25f)}) == single(-0.75f));
  CHECK(result(Op::fmul_s, {single(1.5f), single(2.25f)}) == single(3.375f));
  CHECK(result(Op::fdiv_s, {single(1), single(3)}) == single(1.0f / 3.0f));
  CHECK(result(Op::fsqrt_s, {single(2)}) == single(1.41421354f));
  CHECK(result(Op::fadd_d, {full(0.1), full(0.2)}) == full(0.1 + 0.2));
  CHECK(result(Op::fsub_d, {full(0.1), full(0.2)}) == full(0.1 - 0.2));
  CHECK(result(Op::fmul_d, {full(0.1), full(0.2)}) == full(0.1 * 0.2));
  CHECK(result(Op::fdiv_d, {full(1), full(0)}) == full(1 / 0.0));
  CHECK(result(Op::fsqrt_d, {full(9)}) == full(3));
  // 0x3c00 is 1, 0x1000 is 2^-11: half a unit of 1 in the last place.
  CHECK(result(Op::fadd_h, {kBox16 | 0x3c00, kBox16 | 0x1000}) == (kBox16 | 0x3c00));
  CHECK(result(Op::fadd_h, {kBox16 | 0x3c01, kBox16 | 0x1000}) == (kBox16 | 0x3c02));
  CHECK(result(Op::fmul_h, {kBox16 | 0x4000, kBox16 | 0x7bff}) == (kBox16 | 0x7c00));
  CHECK(result(Op::fmul_h, {kBox16 | 0x4000, kBox16 | 0x7bff}, kRtz) == (kBox16 | 0x7bff));
  CHECK(result(Op::fdiv_h, {kBox16 | 0x3c00, kBox16 | 0x4200}) == (kBox16 | 0x3555));
  CHECK(result(Op::fsqrt_h, {kBox16 | 0x4400}) == (kBox16 | 0x4000));
}

TEST_CASE("the four fused forms have the manual's signs and one rounding") {
  const std::vector<std::uint64_t> abc = {single(2), single(3), single(10)};
  CHECK(result(Op::fmadd_s, abc) == single(16));
  CHECK(result(Op::fmsub_s, abc) == single(-4));
  CHECK(result(Op::fnmsub_s, abc) == single(4));
  CHECK(result(Op::fnmadd_s, abc) == single(-16));
  // (1 + 2^-27)(1 - 2^-27) - 1 = -2^-54: two roundings would give zero.
  const double e = std::ldexp(1.0, -27);
  CHECK(result(Op::fmadd_d, {full(1 + e), full(1 - e), full(-1)}) == full(-std::ldexp(1.0, -54)));
  // Half: (1 + 2^-10)^2 - (1 + 2^-9) = 2^-20.
  CHECK(result(Op::fmsub_h, {kBox16 | 0x3c01, kBox16 | 0x3c01, kBox16 | 0x3c02}) == (kBox16 | 0x0010));
}

TEST_CASE("a value that is not NaN-boxed reads as the canonical NaN") {
  CHECK(result(Op::fadd_s, {0x3f80'0000, single(1)}) == (kBox32 | 0x7fc0'0000));
  CHECK(result(Op::fadd_h, {kBox32 | 0x3c00, kBox16 | 0x3c00}) == (kBox16 | 0x7e00));
  CHECK(result(Op::fsgnj_s, {0x3f80'0000, single(-1)}) == (kBox32 | 0xffc0'0000));
  // The raw moves and stores do not look at the box.
  CHECK(to_x(Op::fmv_x_w, {0x0000'0000'8000'0001}) == 0xffff'ffff'8000'0001);
  CHECK(to_x(Op::fmv_x_h, {0x8001}) == 0xffff'ffff'ffff'8001);
  CHECK(from_x(Op::fmv_w_x, 0x1234'5678'3f80'0000) == (kBox32 | 0x3f80'0000));
  CHECK(from_x(Op::fmv_h_x, 0x1234'5678'3f80'3c00) == (kBox16 | 0x3c00));
}

TEST_CASE("signs, minima, comparisons and classes") {
  CHECK(result(Op::fsgnj_d, {full(3), full(-0.0)}) == full(-3));
  CHECK(result(Op::fsgnjn_d, {full(3), full(-0.0)}) == full(3));
  CHECK(result(Op::fsgnjx_d, {full(-3), full(-0.0)}) == full(3));
  CHECK(result(Op::fsgnjn_h, {kBox16 | 0x3c00, kBox16 | 0x3c00}) == (kBox16 | 0xbc00));
  CHECK(result(Op::fmin_s, {single(-0.0f), single(0)}) == single(-0.0f));
  CHECK(result(Op::fmax_s, {kBox32 | 0x7fc0'0000, single(2)}) == single(2));
  CHECK(to_x(Op::feq_d, {full(1), full(1)}) == 1);
  CHECK(to_x(Op::flt_d, {full(1), full(1)}) == 0);
  CHECK(to_x(Op::fle_h, {kBox16 | 0x8000, kBox16}) == 1);
  CHECK(to_x(Op::fclass_s, {single(-1)}) == 2);
  CHECK(to_x(Op::fclass_d, {full(NAN)}) == 1u << 9);
}

TEST_CASE("conversions between integers and formats") {
  CHECK(to_x(Op::fcvt_w_s, {single(-1.5f)}, kRtz) == ~0ull);
  CHECK(to_x(Op::fcvt_w_s, {single(-1.5f)}) == ~0ull - 1);
  CHECK(to_x(Op::fcvt_wu_d, {full(4294967295.0)}) == ~0ull);  // 32 bits, sign-extended
  CHECK(to_x(Op::fcvt_l_h, {kBox16 | 0xfbff}) == static_cast<std::uint64_t>(-65504));
  CHECK(to_x(Op::fcvt_lu_d, {full(1e19)}) == 10'000'000'000'000'000'000ull);
  CHECK(from_x(Op::fcvt_s_w, 0xffff'ffff) == single(-1));  // only the low word counts
  CHECK(from_x(Op::fcvt_s_wu, ~0ull) == single(4294967296.0f));
  CHECK(from_x(Op::fcvt_d_l, ~0ull) == full(-1));
  CHECK(from_x(Op::fcvt_d_lu, ~0ull) == full(18446744073709551616.0));
  CHECK(from_x(Op::fcvt_h_w, 70000) == (kBox16 | 0x7c00));
  CHECK(result(Op::fcvt_d_s, {single(1.5f)}) == full(1.5));
  CHECK(result(Op::fcvt_s_d, {full(1e-50)}) == single(0));
  CHECK(result(Op::fcvt_h_s, {single(1.0009765625f)}) == (kBox16 | 0x3c01));
  CHECK(result(Op::fcvt_s_h, {kBox16 | 0x0001}) == single(5.9604644775390625e-08f));
  CHECK(result(Op::fcvt_d_h, {kBox16 | 0x7c00}) == full(INFINITY));
  CHECK(result(Op::fcvt_h_d, {full(65520)}) == (kBox16 | 0x7c00));
  CHECK(result(Op::fcvt_bf16_s, {single(1.00390625f)}) == (kBox16 | 0x3f80));
  CHECK(result(Op::fcvt_s_bf16, {kBox16 | 0x3f81}) == single(1.0078125f));
}

TEST_CASE("the dynamic rounding mode and the flags live in fcsr") {
  constexpr std::int64_t kFflags = 1, kFrm = 2, kFcsr = 3;
  Core core({make(Op::csrrwi, 0, 3, 0, kFrm), make(Op::fadd_s, f1, fa0, fa1, 0, kDynamic), make(Op::csrrs, t0, 0, 0, kFcsr), make(Op::fmv_x_w, t1, f1),
             make(Op::csrrwi, t2, 0, 0, kFflags), make(Op::csrrs, s0, 0, 0, kFcsr), show(t0, t1, t2, s0)});
  // 1 + 2^-30 upwards: the next number after 1, inexact.
  const auto shown = core.shown({}, {single(1), single(9.31322575e-10f)});
  CHECK(shown[0] == (3u << 5 | 1u));
  CHECK(shown[1] == 0x3f80'0001);
  CHECK(shown[2] == 1);
  CHECK(shown[3] == 3u << 5);
}

TEST_CASE("a reserved rounding mode is an illegal instruction") {
  Core fixed({make(Op::fadd_s, f1, fa0, fa1, 0, 5)});
  const Fault reserved = fixed.fault();
  CHECK(reserved.kind == FaultKind::illegal_instruction);
  Core dynamic({make(Op::csrrwi, 0, 6, 0, 2), make(Op::fadd_s, f1, fa0, fa1, 0, kDynamic)});
  const Fault fault = dynamic.fault();
  CHECK(fault.kind == FaultKind::illegal_instruction);
  CHECK(fault.detail == "reserved rounding mode 6");
  CHECK(fault.pc == kTestCode + 4);
}
