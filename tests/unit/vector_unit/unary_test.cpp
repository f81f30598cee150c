// Element-wise operations of one tensor.
#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc = 0xc000;

// Distance in units of the last place of fp32.
std::int64_t ulps(float a, float b) {
  const auto place = [](float x) {
    const std::int32_t bits = std::bit_cast<std::int32_t>(x);
    return std::int64_t{bits < 0 ? INT32_MIN - bits : bits};
  };
  return std::abs(place(a) - place(b));
}

template <class F>
std::int64_t worst_ulps(Bench& bench, Op op, F exact) {
  bench.run(issue(op, kDst, kSrc, unary_word(64)));
  std::int64_t worst = 0;
  for (unsigned i = 0; i < 64 * 64; ++i) {
    const float x = bench.get<float>(kSrc + 4 * i), got = bench.get<float>(kDst + 4 * i);
    const auto want = static_cast<float>(exact(static_cast<long double>(x)));
    INFO("x = " << x << ", got " << got << ", expected " << want);
    if (want != want) REQUIRE(std::bit_cast<std::uint32_t>(got) == 0x7fc00000u);
    else worst = std::max(worst, ulps(got, want));
  }
  return worst;
}

TEST_CASE("exp, ln, sqrt, rsqrt and rec of fp32 are within one unit of the last place") {
  for (unsigned round = 0; round < 4; ++round) {
    Bench bench(kSeed + round);  // seeds count up from kSeed
    const double spread[] = {1, 30, 1e-3, 200};
    bench.normal = std::normal_distribution<double>(0, spread[round]);
    bench.fill_single(kSrc, 4096);
    CHECK(worst_ulps(bench, Op::vexp_f32, [](long double x) { return std::exp(x); }) <= 1);
    CHECK(worst_ulps(bench, Op::vln_f32, [](long double x) { return std::log(x); }) <= 1);
    CHECK(worst_ulps(bench, Op::vsqrt_f32, [](long double x) { return std::sqrt(x); }) == 0);
    CHECK(worst_ulps(bench, Op::vrec_f32, [](long double x) { return 1 / x; }) == 0);
    CHECK(worst_ulps(bench, Op::vrsqrt_f32, [](long double x) { return 1 / std::sqrt(x); }) <= 1);
  }
}

TEST_CASE("exp and ln near their edges: overflow, underflow to denormals, arguments around one") {
  Bench bench;
  const float x[] = {88.72283f, 88.72284f, -87.3f, -100.0f, -103.97f, -104.0f, 1e30f, -1e30f, 0.99999994f, 1.0000001f, 1.0f, 1e-45f};
  for (unsigned i = 0; i < std::size(x); ++i) bench.put(kSrc + 4 * i, x[i]);
  bench.run(with_count(issue(Op::vexp_f32, kDst, kSrc, unary_word(0)), std::size(x)));
  for (unsigned i = 0; i < std::size(x); ++i) {
    INFO(x[i]);
    CHECK(ulps(bench.get<float>(kDst + 4 * i), static_cast<float>(std::exp(static_cast<long double>(x[i])))) <= 1);
  }
  bench.run(with_count(issue(Op::vln_f32, kDst, kSrc, unary_word(0)), std::size(x)));
  for (unsigned i = 0; i < std::size(x); ++i)
    if (x[i] > 0) CHECK(ulps(bench.get<float>(kDst + 4 * i), static_cast<float>(std::log(static_cast<long double>(x[i])))) <= 1);
}

TEST_CASE("fp16 functions of every one of the 65536 values") {
  struct Case {
    Op op;
    double (*f)(double);
    bool exact;
  };
  const Case cases[] = {{Op::vexp_f16, [](double x) { return std::exp(x); }, false},
                        {Op::vln_f16, [](double x) { return std::log(x); }, false},
                        {Op::vsqrt_f16, [](double x) { return std::sqrt(x); }, true},
                        {Op::vrec_f16, [](double x) { return 1 / x; }, true},
                        {Op::vrsqrt_f16, [](double x) { return 1 / std::sqrt(x); }, false},
                        {Op::vrelu_f16, [](double x) { return x != x ? x : x > 0 ? x : 0.0; }, true}};
  Bench bench;
  for (const Case& c : cases)
    for (unsigned first = 0; first < 0x10000; first += 0x4000) {
      for (unsigned i = 0; i < 0x4000; ++i) bench.put(kSrc + 2 * i, static_cast<std::uint16_t>(first + i));
      bench.run(issue(c.op, kDst, kSrc, unary_word(128)));
      for (unsigned i = 0; i < 0x4000; ++i) {
        const std::uint16_t want = half_bits(c.f(half_value(static_cast<std::uint16_t>(first + i)))), got = bench.get<std::uint16_t>(kDst + 2 * i);
        if (std::abs(int{want} - int{got}) > (c.exact ? 0 : 1)) FAIL("value " << first + i << ": expected " << want << ", got " << got);
      }
      for (unsigned i = 0; i < 0x4000; ++i) bench.put<std::uint16_t>(kDst + 2 * i, 0);
    }
}

TEST_CASE("abs, not, copies and integer relu work on bits") {
  Bench bench;
  bench.fill_half(kSrc, 4096);
  bench.run(issue(Op::vabs_f16, kDst, kSrc, unary_word(4)));
  for (unsigned i = 0; i < 512; ++i) CHECK(bench.get<std::uint16_t>(kDst + 2 * i) == (bench.get<std::uint16_t>(kSrc + 2 * i) & 0x7fff));
  bench.run(issue(Op::vabs_f32, kDst, kSrc, unary_word(4)));
  for (unsigned i = 0; i < 256; ++i) CHECK(bench.get<std::uint32_t>(kDst + 4 * i) == (bench.get<std::uint32_t>(kSrc + 4 * i) & 0x7fffffff));
  bench.run(issue(Op::vnot_b16, kDst, kSrc, unary_word(4)));
  for (unsigned i = 0; i < 512; ++i) CHECK(bench.get<std::uint16_t>(kDst + 2 * i) == static_cast<std::uint16_t>(~bench.get<std::uint16_t>(kSrc + 2 * i)));
  bench.run(issue(Op::vrelu_s32, kDst, kSrc, unary_word(4)));
  for (unsigned i = 0; i < 256; ++i) CHECK(bench.get<std::int32_t>(kDst + 4 * i) == std::max(0, bench.get<std::int32_t>(kSrc + 4 * i)));
  // every second block of the source, lanes under a mask
  bench.put<std::uint32_t>(kDst + 4, 42);
  bench.run(with_mask(issue(Op::vcopy_b32, kDst, kSrc, unary_word(2, 1, 2, 8, 16)), ~std::uint64_t{2}, 0));
  CHECK(bench.get<std::uint32_t>(kDst + 4) == 42);
  CHECK(bench.get<std::uint32_t>(kDst + 32) == bench.get<std::uint32_t>(kSrc + 64));
  CHECK(bench.get<std::uint32_t>(kDst + 256) == bench.get<std::uint32_t>(kSrc + 512));
}

TEST_CASE("Shifts take distance and rounding from SHIFT_DISTANCE") {
  Bench bench;
  for (unsigned distance : {0u, 1u, 5u, 15u, 16u, 31u, 32u, 200u})
    for (unsigned rounds : {0u, 1u}) {
      const auto run = [&](Op op) {
        pipe::Issued issued = issue(op, kDst, kSrc, unary_word(1));
        issued.special.shift_distance = distance | rounds << 8;
        bench.run(issued);
      };
      const auto shifted = [&](std::int64_t x, unsigned width) {
        const unsigned d = std::min(distance, width);
        return (x + (rounds && d ? std::int64_t{1} << (d - 1) : 0)) >> d;
      };
      INFO("distance " << distance << " rounding " << rounds);
      run(Op::vshl_u16);
      for (unsigned i = 0; i < 128; ++i) CHECK(bench.get<std::uint16_t>(kDst + 2 * i) == static_cast<std::uint16_t>(distance > 15 ? 0 : bench.get<std::uint16_t>(kSrc + 2 * i) << distance));
      run(Op::vshl_u32);
      for (unsigned i = 0; i < 64; ++i) CHECK(bench.get<std::uint32_t>(kDst + 4 * i) == (distance > 31 ? 0 : bench.get<std::uint32_t>(kSrc + 4 * i) << distance));
      run(Op::vshr_u16);
      for (unsigned i = 0; i < 128; ++i) CHECK(bench.get<std::uint16_t>(kDst + 2 * i) == static_cast<std::uint16_t>(shifted(bench.get<std::uint16_t>(kSrc + 2 * i), 16)));
      run(Op::vshr_s16);
      for (unsigned i = 0; i < 128; ++i) CHECK(bench.get<std::int16_t>(kDst + 2 * i) == static_cast<std::int16_t>(shifted(bench.get<std::int16_t>(kSrc + 2 * i), 16)));
      run(Op::vshr_u32);
      for (unsigned i = 0; i < 64; ++i) CHECK(bench.get<std::uint32_t>(kDst + 4 * i) == static_cast<std::uint32_t>(shifted(bench.get<std::uint32_t>(kSrc + 4 * i), 32)));
      run(Op::vshr_s32);
      for (unsigned i = 0; i < 64; ++i) CHECK(bench.get<std::int32_t>(kDst + 4 * i) == static_cast<std::int32_t>(shifted(bench.get<std::int32_t>(kSrc + 4 * i), 32)));
    }
}

}  // namespace
}  // namespace vitruvian::vector_unit::test
