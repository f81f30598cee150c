#include "src/scalar/floating_point.h"

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cfenv>
#include <cmath>
#include <functional>
#include <random>
#include <type_traits>
#include <vector>

using namespace vitruvian::scalar;

namespace {

constexpr unsigned kSeed = 910;

// Host types of the formats whose arithmetic the host has.
template <class F>
using HostOf = std::conditional_t<std::is_same_v<F, Single>, float, double>;
template <class F>
using BitsOf = std::conditional_t<std::is_same_v<F, Single>, std::uint32_t, std::uint64_t>;

template <class F>
HostOf<F> host(std::uint64_t bits) { return std::bit_cast<HostOf<F>>(static_cast<BitsOf<F>>(bits)); }
template <class F>
std::uint64_t bits_of(HostOf<F> value) {
  return std::isnan(value) ? F::nan : std::bit_cast<BitsOf<F>>(value);
}

// Values with many exact ties, cancellations, subnormals and specials.
template <class F>
std::uint64_t random_value(std::mt19937_64& random) {
  static constexpr std::uint64_t specials[] = {0, F::sign, F::infinity, F::sign | F::infinity, F::nan, F::infinity | 1, 1, F::sign | 1, F::infinity - 1,
                                               std::uint64_t{1} << F::fraction_bits, (std::uint64_t{1} << F::fraction_bits) - 1, std::uint64_t{F::bias} << F::fraction_bits};
  const unsigned kind = random() % 8;
  if (kind == 0) return specials[random() % std::size(specials)];
  std::uint64_t x = random() & F::mask;
  if (kind < 3) x &= ~((std::uint64_t{1} << (random() % F::fraction_bits)) - 1);  // few significant bits: ties
  if (kind < 6) {                                                                 // an exponent near one: sums that meet
    const std::uint64_t exponent = static_cast<std::uint64_t>(F::bias) - 12 + random() % 24;
    x = (x & ~F::infinity) | (exponent << F::fraction_bits);
  } else if (kind == 6) {
    x &= ~F::infinity;  // subnormal
  }
  return x;
}

struct Mode {
  Rounding ours;
  int host;
};
constexpr Mode kModes[] = {{Rounding::nearest_even, FE_TONEAREST}, {Rounding::toward_zero, FE_TOWARDZERO}, {Rounding::down, FE_DOWNWARD}, {Rounding::up, FE_UPWARD}};

std::uint8_t host_flags() {
  const int raised = std::fetestexcept(FE_ALL_EXCEPT);
  return static_cast<std::uint8_t>((raised & FE_INEXACT ? kInexact : 0) | (raised & FE_UNDERFLOW ? kUnderflow : 0) | (raised & FE_OVERFLOW ? kOverflow : 0) |
                                   (raised & FE_DIVBYZERO ? kDivideByZero : 0) | (raised & FE_INVALID ? kInvalid : 0));
}

template <class F, class Ours, class Host>
void compare_with_host(const char* name, int count, Ours ours, Host theirs) {
  std::mt19937_64 random(kSeed);
  int wrong = 0;
  for (int i = 0; i < count && wrong < 5; ++i) {
    const std::uint64_t a = random_value<F>(random), b = random_value<F>(random), c = random_value<F>(random);
    for (const Mode& mode : kModes) {
      FloatContext context{mode.ours, 0};
      const std::uint64_t got = ours(a, b, c, context);
      std::fesetround(mode.host);
      std::feclearexcept(FE_ALL_EXCEPT);
      volatile HostOf<F> x = host<F>(a), y = host<F>(b), z = host<F>(c);  // read behind fesetround()
      volatile HostOf<F> result = theirs(x, y, z);
      const std::uint8_t flags = host_flags();
      std::fesetround(FE_TONEAREST);
      const std::uint64_t expected = bits_of<F>(result);
      if (got == expected && context.flags == flags) continue;
      ++wrong;
      INFO(name << " mode " << static_cast<int>(mode.ours) << std::hex << " a " << a << " b " << b << " c " << c << " seed " << kSeed);
      CHECK(got == expected);
      CHECK(int{context.flags} == int{flags});
    }
  }
  CHECK(wrong == 0);
}

template <class F>
void compare_format() {
  using H = HostOf<F>;
  using U = std::uint64_t;
  using C = FloatContext;
  compare_with_host<F>("add", 100000, [](U a, U b, U, C& x) { return add<F>(a, b, x); }, [](H a, H b, H) { return a + b; });
  compare_with_host<F>("multiply", 100000, [](U a, U b, U, C& x) { return multiply<F>(a, b, x); }, [](H a, H b, H) { return a * b; });
  compare_with_host<F>("divide", 100000, [](U a, U b, U, C& x) { return divide<F>(a, b, x); }, [](H a, H b, H) { return a / b; });
  compare_with_host<F>("square root", 50000, [](U a, U, U, C& x) { return square_root<F>(a, x); }, [](H a, H, H) { return std::sqrt(a); });
}

// Every finite Half in ascending order, with its value.
struct HalfTable {
  std::vector<std::pair<double, std::uint64_t>> rows;
  HalfTable() {
    for (std::uint64_t bits = 0; bits < 0x10000; ++bits) {
      if ((bits & Half::infinity) == Half::infinity || bits == Half::sign) continue;
      rows.emplace_back(value(bits), bits);
    }
    std::sort(rows.begin(), rows.end());
  }
  static double value(std::uint64_t bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const double fraction = static_cast<double>(bits & 1023);
    const double magnitude = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
    return bits & Half::sign ? -magnitude : magnitude;
  }
};

// Rounds a double to Half by looking at its two neighbours: an oracle that shares no idea with the code under test.
std::uint64_t round_to_half(double exact, Rounding mode) {
  static const HalfTable table;
  const auto at_least = std::lower_bound(table.rows.begin(), table.rows.end(), exact, [](const auto& row, double x) { return row.first < x; });
  if (at_least != table.rows.end() && at_least->first == exact) return exact == 0 ? (std::signbit(exact) ? Half::sign : 0) : at_least->second;
  const std::uint64_t sign = exact < 0 ? Half::sign : 0;
  const bool beyond = at_least == table.rows.begin() || at_least == table.rows.end();
  const double above = beyond ? std::copysign(65536.0, exact) : at_least->first;
  const double low = exact > 0 && beyond ? 65504 : beyond ? above : std::prev(at_least)->first, high = exact < 0 && beyond ? -65504 : above;
  const auto bits = [&](double x) -> std::uint64_t {
    if (x == 0) return sign;
    if (std::abs(x) == 65536) return sign | Half::infinity;
    return std::lower_bound(table.rows.begin(), table.rows.end(), x, [](const auto& row, double y) { return row.first < y; })->second;
  };
  const double toward = exact > 0 ? low : high, away = exact > 0 ? high : low;
  switch (mode) {
    case Rounding::toward_zero: return bits(toward);
    case Rounding::down: return bits(low);
    case Rounding::up: return bits(high);
    default: break;
  }
  const double down = exact - low, up = high - exact;
  if (down != up) return bits(down < up ? low : high);
  if (mode == Rounding::nearest_away) return bits(away);
  return bits(bits(low) & 1 ? high : low);
}

constexpr Rounding kAllModes[] = {Rounding::nearest_even, Rounding::toward_zero, Rounding::down, Rounding::up, Rounding::nearest_away};

template <class Exact, class Ours>
void compare_halves(const char* name, Exact exact, Ours ours) {
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t a = random_value<Half>(random), b = random_value<Half>(random);
    if ((a & Half::infinity) == Half::infinity || (b & Half::infinity) == Half::infinity || (b & ~Half::sign) == 0) continue;
    const double result = exact(HalfTable::value(a), HalfTable::value(b));
    if (std::isnan(result) || result == 0) continue;  // signs of zero and invalid operations have their own cases
    for (const Rounding mode : kAllModes) {
      FloatContext context{mode, 0};
      const std::uint64_t got = ours(a, b, context);
      const std::uint64_t expected = round_to_half(result, mode);
      if (got == expected) continue;
      INFO(name << " mode " << static_cast<int>(mode) << std::hex << " a " << a << " b " << b << " seed " << kSeed);
      REQUIRE(got == expected);
    }
  }
}

}  // namespace

TEST_CASE("single precision equals the host's in result and flags, in four rounding modes") { compare_format<Single>(); }
TEST_CASE("double precision equals the host's in result and flags, in four rounding modes") { compare_format<Double>(); }

TEST_CASE("fused multiply-add rounds once") {
  const auto check = [](auto format) {
    using F = decltype(format);
    using H = HostOf<F>;
    std::mt19937_64 random(kSeed + 1);
    for (int i = 0; i < 100000; ++i) {
      const std::uint64_t a = random_value<F>(random), b = random_value<F>(random), c = i % 4 ? random_value<F>(random) : 0;
      // Half of the addends nearly cancel the product.
      const std::uint64_t addend = i % 2 ? c : bits_of<F>(-host<F>(a) * host<F>(b));
      for (const Mode& mode : kModes) {
        FloatContext context{mode.ours, 0};
        const std::uint64_t got = multiply_add<F>(a, b, addend, context);
        std::fesetround(mode.host);
        volatile H x = host<F>(a), y = host<F>(b), z = host<F>(addend);
        volatile H result = std::fma(x, y, z);
        std::fesetround(FE_TONEAREST);
        if (got == bits_of<F>(result)) continue;
        INFO("mode " << static_cast<int>(mode.ours) << std::hex << " a " << a << " b " << b << " c " << addend << " seed " << kSeed + 1);
        REQUIRE(got == bits_of<F>(result));
      }
    }
  };
  check(Single{});
  check(Double{});
}

TEST_CASE("half precision is correctly rounded in all five modes") {
  // Sums and products of halves are exact in double; quotients and roots in double are never close enough to a half or to a
  // midpoint of two to round to it by accident.
  compare_halves("add", [](double a, double b) { return a + b; }, [](auto a, auto b, auto& c) { return add<Half>(a, b, c); });
  compare_halves("multiply", [](double a, double b) { return a * b; }, [](auto a, auto b, auto& c) { return multiply<Half>(a, b, c); });
  compare_halves("divide", [](double a, double b) { return a / b; }, [](auto a, auto b, auto& c) { return divide<Half>(a, b, c); });
  compare_halves("square root", [](double a, double) { return std::sqrt(a); }, [](auto a, auto, auto& c) { return square_root<Half>(a, c); });
  // a * b + b: 22 + 11 bits at most 40 binades apart need up to 62 bits; only the sums that are exact in double count here.
  compare_halves("multiply-add", [](double a, double b) { const double sum = a * b + b; return sum - a * b == b && sum - b == a * b ? sum : std::nan(""); },
                 [](auto a, auto b, auto& c) { return multiply_add<Half>(a, b, b, c); });
}

TEST_CASE("ties go away from zero in nearest_away") {
  FloatContext context{Rounding::nearest_away, 0};
  const std::uint64_t one = std::uint64_t{Single::bias} << 23, half_ulp = std::uint64_t{Single::bias - 24} << 23;
  CHECK(add<Single>(one, half_ulp, context) == one + 1);
  CHECK(add<Single>(one | Single::sign, half_ulp | Single::sign, context) == ((one + 1) | Single::sign));
  context.rounding = Rounding::nearest_even;
  CHECK(add<Single>(one, half_ulp, context) == one);
}

TEST_CASE("conversions to integers saturate and round") {
  struct Row {
    double value;
    Rounding mode;
    std::uint64_t w, wu, l, lu;
  };
  constexpr auto kNearest = Rounding::nearest_even;
  const std::uint64_t max32 = 0x7fff'ffff, min32 = 0xffff'ffff'8000'0000, max64 = 0x7fff'ffff'ffff'ffff, min64 = 0x8000'0000'0000'0000, all = ~0ull;
  const std::vector<Row> rows = {
      {2.5, kNearest, 2, 2, 2, 2},
      {3.5, kNearest, 4, 4, 4, 4},
      {2.5, Rounding::nearest_away, 3, 3, 3, 3},
      {-2.5, Rounding::nearest_away, all - 2, 0, all - 2, 0},
      {-0.5, Rounding::toward_zero, 0, 0, 0, 0},
      {-0.5, Rounding::down, all, 0, all, 0},
      {0.25, Rounding::up, 1, 1, 1, 1},
      {2147483648.0, kNearest, max32, min32, 0x8000'0000, 0x8000'0000},  // fcvt.wu extends the sign of its 32 bits
      {4294967296.0, kNearest, max32, all, 0x1'0000'0000, 0x1'0000'0000},
      {-2147483648.0, kNearest, min32, 0, min32, 0},
      {-2147483649.0, kNearest, min32, 0, min32 - 1, 0},
      {9223372036854775808.0, kNearest, max32, all, max64, min64},
      {18446744073709551616.0, kNearest, max32, all, max64, all},
      {-1e300, kNearest, min32, 0, min64, 0},
      {INFINITY, kNearest, max32, all, max64, all},
      {-INFINITY, kNearest, min32, 0, min64, 0},
      {NAN, kNearest, max32, all, max64, all},
  };
  for (const Row& row : rows) {
    INFO(row.value << " mode " << static_cast<int>(row.mode));
    const auto bits = std::isnan(row.value) ? Double::nan : std::bit_cast<std::uint64_t>(row.value);
    FloatContext context{row.mode, 0};
    CHECK(to_integer<Double>(bits, true, 32, context) == row.w);
    CHECK(to_integer<Double>(bits, false, 32, context) == row.wu);
    CHECK(to_integer<Double>(bits, true, 64, context) == row.l);
    CHECK(to_integer<Double>(bits, false, 64, context) == row.lu);
  }
  FloatContext context{};
  to_integer<Single>(std::bit_cast<std::uint32_t>(1.5f), true, 32, context);
  CHECK(context.flags == kInexact);
  context.flags = 0;
  to_integer<Single>(std::bit_cast<std::uint32_t>(3e9f), true, 32, context);
  CHECK(context.flags == kInvalid);
  context.flags = 0;
  to_integer<Single>(std::bit_cast<std::uint32_t>(-0.25f), false, 32, context);
  CHECK(context.flags == kInexact);
}

TEST_CASE("conversions from integers and between formats equal the host's") {
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 50000; ++i) {
    const std::uint64_t x = random() >> random() % 64;
    const std::uint64_t d = random_value<Double>(random);
    for (const Mode& mode : kModes) {
      FloatContext context{mode.ours, 0}, narrowing{mode.ours, 0};
      std::fesetround(mode.host);
      volatile std::int64_t as_signed = static_cast<std::int64_t>(x);
      volatile float single = static_cast<float>(as_signed);
      volatile double full = static_cast<double>(as_signed);
      volatile double wide = host<Double>(d);
      std::feclearexcept(FE_ALL_EXCEPT);
      volatile float narrow = static_cast<float>(wide);
      const std::uint8_t flags = host_flags();
      std::fesetround(FE_TONEAREST);
      REQUIRE(from_integer<Single>(x, true, context) == bits_of<Single>(single));
      REQUIRE(from_integer<Double>(x, true, context) == bits_of<Double>(full));
      REQUIRE(convert<Double, Single>(d, narrowing) == bits_of<Single>(narrow));
      REQUIRE(int{narrowing.flags} == int{flags});
    }
    // Unsigned to float is exact in a wider type up to its one rounding: long double has 64 bits.
    FloatContext context;
    volatile long double exact = static_cast<long double>(x);
    REQUIRE(from_integer<Double>(x, false, context) == bits_of<Double>(static_cast<double>(exact)));
    REQUIRE(from_integer<Single>(x, false, context) == bits_of<Single>(static_cast<float>(exact)));
    const std::uint64_t s = random_value<Single>(random);
    const float f = host<Single>(s);
    REQUIRE(convert<Single, Double>(s, context) == bits_of<Double>(double{f}));
    if (std::isfinite(f) && f != 0) {
      for (const Rounding mode : kAllModes) {
        FloatContext to_half{mode, 0};
        REQUIRE(convert<Single, Half>(s, to_half) == round_to_half(double{f}, mode));
      }
    }
  }
}

TEST_CASE("every half widens exactly and comes back") {
  for (std::uint64_t bits = 0; bits < 0x10000; ++bits) {
    FloatContext context;
    const std::uint64_t single = convert<Half, Single>(bits, context), full = convert<Half, Double>(bits, context);
    if (Half::is_nan(bits)) {
      REQUIRE(single == Single::nan);
      continue;
    }
    if ((bits & Half::infinity) != Half::infinity) REQUIRE(host<Single>(single) == static_cast<float>(HalfTable::value(bits)));
    REQUIRE(convert<Single, Half>(single, context) == bits);
    REQUIRE(convert<Double, Half>(full, context) == bits);
    REQUIRE(context.flags == 0);
  }
}

TEST_CASE("bfloat16 rounds to nearest even and widens exactly") {
  FloatContext context;
  CHECK(convert<Single, Bfloat16>(0x3f80'8000, context) == 0x3f80);  // tie to even
  CHECK(convert<Single, Bfloat16>(0x3f81'8000, context) == 0x3f82);
  CHECK(convert<Single, Bfloat16>(0x3f80'8001, context) == 0x3f81);
  CHECK(convert<Single, Bfloat16>(0x7f7f'ffff, context) == 0x7f80);
  CHECK(convert<Single, Bfloat16>(0x0001'8000, context) == 0x0002);  // subnormals stay
  CHECK(convert<Bfloat16, Single>(0xc120, context) == 0xc120'0000);
}

TEST_CASE("minimum and maximum prefer numbers to NaN and order the zeros") {
  FloatContext context;
  constexpr std::uint64_t one = 0x3f80'0000, minus_zero = Single::sign, quiet = 0x7fc0'1234, signaling = 0x7f80'0001;
  CHECK(minimum<Single>(quiet, one, context) == one);
  CHECK(maximum<Single>(one, quiet, context) == one);
  CHECK(minimum<Single>(quiet, quiet, context) == Single::nan);
  CHECK(minimum<Single>(0, minus_zero, context) == minus_zero);
  CHECK(maximum<Single>(minus_zero, 0, context) == 0);
  CHECK(context.flags == 0);
  CHECK(maximum<Single>(signaling, one, context) == one);
  CHECK(context.flags == kInvalid);
}

TEST_CASE("comparisons with NaN are false, and only ordered ones signal") {
  FloatContext context;
  constexpr std::uint64_t quiet = Double::nan, signaling = Double::infinity | 1;
  CHECK(!equal<Double>(quiet, quiet, context));
  CHECK(context.flags == 0);
  CHECK(!equal<Double>(signaling, 0, context));
  CHECK(context.flags == kInvalid);
  context.flags = 0;
  CHECK(!less<Double>(quiet, 0, context));
  CHECK(context.flags == kInvalid);
  context.flags = 0;
  CHECK(!less_equal<Double>(0, quiet, context));
  CHECK(context.flags == kInvalid);
  context.flags = 0;
  CHECK(equal<Double>(0, Double::sign, context));
  CHECK(!less<Double>(Double::sign, 0, context));
  CHECK(less_equal<Double>(0, Double::sign, context));
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t a = random_value<Double>(random), b = random_value<Double>(random);
    REQUIRE(less<Double>(a, b, context) == (host<Double>(a) < host<Double>(b)));
    REQUIRE(less_equal<Double>(a, b, context) == (host<Double>(a) <= host<Double>(b)));
    REQUIRE(equal<Double>(a, b, context) == (host<Double>(a) == host<Double>(b)));
  }
}

TEST_CASE("classes are the ten bits of the manual") {
  const std::uint64_t rows[] = {Half::sign | Half::infinity, Half::sign | 0x3c00, Half::sign | 1, Half::sign, 0, 1, 0x3c00, Half::infinity, Half::infinity | 1, Half::nan};
  for (std::size_t i = 0; i < std::size(rows); ++i) CHECK(classify<Half>(rows[i]) == std::uint64_t{1} << i);
}
