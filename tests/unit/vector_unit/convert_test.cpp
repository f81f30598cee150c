// vconv against definitions in double.
#include <functional>

#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc = 0xc000;
constexpr char kModes[] = "rfcaz";

double rounded(double x, char mode) {
  switch (mode) {
    case 'r': return std::nearbyint(x);
    case 'f': return std::floor(x);
    case 'c': return std::ceil(x);
    case 'a': return std::round(x);
    default: return std::trunc(x);
  }
}

// x rounded to a format of p bits and smallest exponent e_min, as a real number; no overflow.
double to_precision(double x, int p, int e_min, char mode) {
  if (x == 0 || !std::isfinite(x)) return x;
  const int quantum = std::max(std::ilogb(x), e_min) - (p - 1);
  const double scaled = std::ldexp(x, -quantum);
  if (mode == 'o') {
    const double down = std::trunc(scaled);
    return std::ldexp(down == scaled || std::fmod(down, 2) != 0 ? down : down + std::copysign(1, x), quantum);
  }
  return std::ldexp(rounded(scaled, mode), quantum);
}

std::uint16_t narrow_half(double x, char mode) {
  if (std::isnan(x)) return 0x7e00;
  const double y = to_precision(x, 11, -14, mode);
  if (std::fabs(y) < 65536 || std::isinf(x)) return half_bits(std::signbit(x) ? -std::fabs(y) : std::fabs(y));
  const bool infinite = mode == 'r' || mode == 'a' || (mode == 'f' && x < 0) || (mode == 'c' && x > 0);
  return static_cast<std::uint16_t>((x < 0 ? 0x8000 : 0) | (infinite ? 0x7c00 : 0x7bff));
}
std::uint16_t narrow_bfloat(double x, char mode) {
  if (std::isnan(x)) return 0x7fc0;
  const double y = to_precision(x, 8, -126, mode);
  const bool infinite = mode == 'r' || mode == 'a' || (mode == 'f' && x < 0) || (mode == 'c' && x > 0) || std::isinf(x);
  if (std::fabs(y) >= 0x1p128) return static_cast<std::uint16_t>((x < 0 ? 0x8000 : 0) | (infinite ? 0x7f80 : 0x7f7f));
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(y)) >> 16);
}
template <class I>
I narrow_integer(double x, char mode) {
  if (std::isnan(x)) return 0;
  const double y = rounded(x, mode);
  const double high = std::ldexp(1.0, std::numeric_limits<I>::digits), low = std::is_signed_v<I> ? -high : 0;
  return y >= high ? std::numeric_limits<I>::max() : y < low ? std::numeric_limits<I>::min() : static_cast<I>(y);
}

// Four repeats of contiguous lanes with a hole in the mask.
template <class D, class S>
void check_lanes(Bench& bench, Op op, const std::function<D(S)>& f) {
  constexpr unsigned wide = std::max(sizeof(D), sizeof(S)), lanes = 256 / wide, repeats = 4;
  const unsigned dst_repeat = lanes * sizeof(D) / 32, src_repeat = lanes * sizeof(S) / 32;
  for (const bool hole : {false, true}) {
    pipe::Issued issued = issue(op, kDst, kSrc, unary_word(repeats, 1, 1, dst_repeat, src_repeat));
    if (hole) issued = with_mask(issued, ~std::uint64_t{8}, ~std::uint64_t{2});
    const Bytes before = bench.contents();
    bench.run(issued);
    for (unsigned i = 0; i < lanes * repeats; ++i) {
      const bool on = active(issued, lanes, i / lanes, i % lanes);
      D expected;
      std::memcpy(&expected, before.data() + kDst + i * sizeof(D), sizeof expected);
      S source;
      std::memcpy(&source, before.data() + kSrc + i * sizeof(S), sizeof source);
      if (on) expected = f(source);
      const D got = bench.get<D>(kDst + i * sizeof(D));
      if (std::memcmp(&got, &expected, sizeof got) != 0) FAIL("lane " << i << ": source " << source << ", expected " << expected << ", got " << got);
    }
    for (unsigned i = 0; i < lanes * repeats; ++i) bench.put<D>(kDst + i * sizeof(D), 0);
  }
}

template <class D, class S>
void check_modes(Bench& bench, const Op (&ops)[5], const std::function<D(S, char)>& f) {
  for (unsigned m = 0; m < 5; ++m) {
    INFO("mode " << kModes[m]);
    check_lanes<D, S>(bench, ops[m], [&](S x) { return f(x, kModes[m]); });
  }
}

TEST_CASE("fp32 to fp16, bf16 and whole fp32 in every mode") {
  for (unsigned trial = 0; trial < 6; ++trial) {
    Bench bench(kSeed + trial);
    const double spread[] = {3, 1e-6, 4e4, 1e-7, 1e38, 0.6};
    bench.normal = std::normal_distribution<double>(0, spread[trial]);
    bench.fill_single(kSrc, 512);
    for (unsigned i = 0; i < 40; ++i) bench.put<float>(kSrc + 4 * i, static_cast<float>(i) * 0.5f - 10);  // ties of whole numbers
    for (unsigned i = 40; i < 60; ++i) bench.put<float>(kSrc + 4 * i, 1.0f + static_cast<float>(i) * 0x1p-11f);  // ties of fp16
    check_modes<std::uint16_t, float>(bench, {Op::vconv_f322f16r, Op::vconv_f322f16f, Op::vconv_f322f16c, Op::vconv_f322f16a, Op::vconv_f322f16z},
                                      [](float x, char mode) { return narrow_half(x, mode); });
    check_lanes<std::uint16_t, float>(bench, Op::vconv_f322f16o, [](float x) { return narrow_half(x, 'o'); });
    check_modes<std::uint16_t, float>(bench, {Op::vconv_f322bf16r, Op::vconv_f322bf16f, Op::vconv_f322bf16c, Op::vconv_f322bf16a, Op::vconv_f322bf16z},
                                      [](float x, char mode) { return narrow_bfloat(x, mode); });
    check_modes<std::uint32_t, float>(bench, {Op::vconv_f322f32r, Op::vconv_f322f32f, Op::vconv_f322f32c, Op::vconv_f322f32a, Op::vconv_f322f32z},
                                      [](float x, char mode) { return single_bits(static_cast<float>(rounded(x, mode))); });
  }
}

TEST_CASE("Floating point to integers saturates and gives 0 for NaN") {
  for (unsigned trial = 0; trial < 5; ++trial) {
    Bench bench(kSeed + trial);
    const double spread[] = {3, 100, 4e4, 3e9, 1e19};
    bench.normal = std::normal_distribution<double>(0, spread[trial]);
    bench.fill_single(kSrc, 512);
    for (unsigned i = 0; i < 40; ++i) bench.put<float>(kSrc + 4 * i, static_cast<float>(i) * 0.5f - 10);
    bench.put<float>(kSrc + 200, 2147483648.0f);
    bench.put<float>(kSrc + 204, -2147483648.0f);
    bench.put<float>(kSrc + 208, 0.49999997f);
    check_modes<std::int32_t, float>(bench, {Op::vconv_f322s32r, Op::vconv_f322s32f, Op::vconv_f322s32c, Op::vconv_f322s32a, Op::vconv_f322s32z},
                                     [](float x, char mode) { return narrow_integer<std::int32_t>(x, mode); });
    check_modes<std::int16_t, float>(bench, {Op::vconv_f322s16r, Op::vconv_f322s16f, Op::vconv_f322s16c, Op::vconv_f322s16a, Op::vconv_f322s16z},
                                     [](float x, char mode) { return narrow_integer<std::int16_t>(x, mode); });
    check_modes<std::int64_t, float>(bench, {Op::vconv_f322s64r, Op::vconv_f322s64f, Op::vconv_f322s64c, Op::vconv_f322s64a, Op::vconv_f322s64z},
                                     [](float x, char mode) { return narrow_integer<std::int64_t>(x, mode); });
    bench.fill_half(kSrc, 1024);
    for (unsigned i = 0; i < 40; ++i) bench.put<std::uint16_t>(kSrc + 2 * i, half_bits(i * 0.5 - 10));
    const auto half_to = [&]<class I>(const Op(&ops)[5], I) {
      check_modes<I, std::uint16_t>(bench, ops, [](std::uint16_t x, char mode) { return narrow_integer<I>(half_value(x), mode); });
    };
    half_to({Op::vconv_f162s32r, Op::vconv_f162s32f, Op::vconv_f162s32c, Op::vconv_f162s32a, Op::vconv_f162s32z}, std::int32_t{});
    half_to({Op::vconv_f162s16r, Op::vconv_f162s16f, Op::vconv_f162s16c, Op::vconv_f162s16a, Op::vconv_f162s16z}, std::int16_t{});
    half_to({Op::vconv_f162s8r, Op::vconv_f162s8f, Op::vconv_f162s8c, Op::vconv_f162s8a, Op::vconv_f162s8z}, std::int8_t{});
    half_to({Op::vconv_f162u8r, Op::vconv_f162u8f, Op::vconv_f162u8c, Op::vconv_f162u8a, Op::vconv_f162u8z}, std::uint8_t{});
    check_modes<std::int32_t, std::uint16_t>(bench, {Op::vconv_bf162s32r, Op::vconv_bf162s32f, Op::vconv_bf162s32c, Op::vconv_bf162s32a, Op::vconv_bf162s32z},
                                             [](std::uint16_t x, char mode) { return narrow_integer<std::int32_t>(bfloat_value(x), mode); });
  }
}

TEST_CASE("Integers to floating point round once, in every mode") {
  Bench bench;
  // Random bits; the double holds 32 bits exactly, the long double 64.
  check_modes<std::uint32_t, std::int32_t>(bench, {Op::vconv_s322f32r, Op::vconv_s322f32f, Op::vconv_s322f32c, Op::vconv_s322f32a, Op::vconv_s322f32z},
                                           [](std::int32_t x, char mode) { return single_bits(static_cast<float>(to_precision(x, 24, -126, mode))); });
  for (unsigned i = 0; i < 64; ++i)  // s64 that a double holds, with ties
    bench.put<std::int64_t>(kSrc + 8 * i, (static_cast<std::int64_t>(bench.random()) << 20) * (i % 2 ? 1 : -1) + (i < 8 ? 0x80000 : 0));
  for (unsigned i = 64; i < 128; ++i) bench.put<std::int64_t>(kSrc + 8 * i, (std::int64_t{1} << 30) + 32 + 64 * i);
  check_modes<std::uint32_t, std::int64_t>(bench, {Op::vconv_s642f32r, Op::vconv_s642f32f, Op::vconv_s642f32c, Op::vconv_s642f32a, Op::vconv_s642f32z},
                                           [](std::int64_t x, char mode) { return single_bits(static_cast<float>(to_precision(static_cast<double>(x), 24, -126, mode))); });
  check_modes<std::uint16_t, std::int16_t>(bench, {Op::vconv_s162f16r, Op::vconv_s162f16f, Op::vconv_s162f16c, Op::vconv_s162f16a, Op::vconv_s162f16z},
                                           [](std::int16_t x, char mode) { return narrow_half(x, mode); });
  check_lanes<std::uint32_t, std::int16_t>(bench, Op::vconv_s162f32, [](std::int16_t x) { return single_bits(x); });
  check_lanes<std::uint16_t, std::int8_t>(bench, Op::vconv_s82f16, [](std::int8_t x) { return half_bits(x); });
  check_lanes<std::uint16_t, std::uint8_t>(bench, Op::vconv_u82f16, [](std::uint8_t x) { return half_bits(x); });
}

TEST_CASE("Widening and integer narrowing") {
  Bench bench;
  bench.fill_half(kSrc, 1024);
  check_lanes<std::uint32_t, std::uint16_t>(bench, Op::vconv_f162f32, [](std::uint16_t x) { return single_bits(static_cast<float>(half_value(x))); });
  check_lanes<std::uint32_t, std::uint16_t>(bench, Op::vconv_bf162f32, [](std::uint16_t x) { return single_bits(bfloat_value(x)); });
  check_lanes<std::int64_t, std::int32_t>(bench, Op::vconv_s322s64, [](std::int32_t x) { return std::int64_t{x}; });
  for (unsigned i = 0; i < 64; ++i) bench.put<std::int64_t>(kSrc + 8 * i, static_cast<std::int64_t>(i) - 32);
  check_lanes<std::int32_t, std::int64_t>(bench, Op::vconv_s642s32, [](std::int64_t x) { return static_cast<std::int32_t>(std::clamp<std::int64_t>(x, INT32_MIN, INT32_MAX)); });
  for (unsigned i = 0; i < 64; ++i) bench.put<std::int32_t>(kSrc + 4 * i, static_cast<std::int32_t>(i) * 2000 - 64000);
  check_lanes<std::int16_t, std::int32_t>(bench, Op::vconv_s322s16, [](std::int32_t x) { return static_cast<std::int16_t>(std::clamp(x, -32768, 32767)); });
}

TEST_CASE("f32 to f16 saturates with CTRL bits 48 or 59 and 60") {
  Bench bench;
  bench.put<float>(kSrc, 1e6f);
  const auto with = [&](std::uint64_t ctrl) {
    pipe::Issued issued = with_mask(issue(Op::vconv_f322f16r, kDst, kSrc, unary_word(1, 1, 1, 4, 8)), 1, 0);
    issued.special.ctrl = ctrl;
    bench.run(issued);
    return bench.get<std::uint16_t>(kDst);
  };
  CHECK(with(0) == 0x7c00);
  CHECK(with(isa::ctrl::fp_saturate.put(1)) == 0x7bff);
  CHECK(with(isa::ctrl::convert_saturate.put(1)) == 0x7bff);
}

TEST_CASE("vconv_deq multiplies by DEQSCALE and rounds once") {
  Bench bench;
  for (unsigned i = 0; i < 64; ++i) bench.put<std::int32_t>(kSrc + 4 * i, static_cast<std::int32_t>(bench.random() % 2000000) - 1000000);
  pipe::Issued issued = issue(Op::vconv_deq_s322f16, kDst, kSrc, unary_word(1, 1, 1, 4, 8));
  issued.special.deqscale = half_bits(0.0123);
  bench.run(issued);
  for (unsigned i = 0; i < 64; ++i)
    CHECK(bench.get<std::uint16_t>(kDst + 2 * i) == half_bits(bench.get<std::int32_t>(kSrc + 4 * i) * half_value(half_bits(0.0123))));
}

TEST_CASE("s4 lies two to a byte, the lower nibble first") {
  Bench bench;
  bench.run(issue(Op::vconv_s42f16, kDst, kSrc, unary_word(3, 1, 1, 8, 2)));
  for (unsigned i = 0; i < 384; ++i) {
    const int nibble = bench.get<std::uint8_t>(kSrc + i / 2) >> (i % 2 ? 4 : 0) & 15;
    REQUIRE(bench.get<std::uint16_t>(kDst + 2 * i) == half_bits(nibble < 8 ? nibble : nibble - 16));
  }
  bench.fill_half(kSrc, 512);
  const Bytes before = bench.contents();
  bench.run(with_mask(issue(Op::vconv_f162s4r, kDst, kSrc, unary_word(3, 1, 1, 2, 8)), ~std::uint64_t{4}, ~std::uint64_t{0}));
  for (unsigned i = 0; i < 384; ++i) {
    const int nibble = bench.get<std::uint8_t>(kDst + i / 2) >> (i % 2 ? 4 : 0) & 15;
    const double x = half_value(bench.get<std::uint16_t>(kSrc + 2 * i));
    const int expected = i % 128 == 2 ? before[kDst + i / 2] & 15 : x != x ? 0 : static_cast<int>(std::clamp(std::nearbyint(x), -8.0, 7.0)) & 15;
    REQUIRE(nibble == expected);
  }
}

}  // namespace
}  // namespace vitruvian::vector_unit::test
