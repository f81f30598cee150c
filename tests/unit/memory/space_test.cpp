#include "src/memory/space.h"

#include <random>
#include <set>

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian::memory;

namespace {

std::set<std::int64_t> bytes_of(const Access& a) {
  std::set<std::int64_t> all;
  for (std::uint32_t i1 = 0; i1 < a.n1; ++i1)
    for (std::uint32_t i0 = 0; i0 < a.n0; ++i0)
      for (std::uint32_t b = 0; b < a.bytes; ++b)
        all.insert(static_cast<std::int64_t>(a.base) + i1 * a.stride1 + i0 * a.stride0 + b);
  return all;
}

bool share(const Access& a, const Access& b) {
  const auto first = bytes_of(a), second = bytes_of(b);
  for (const std::int64_t x : first)
    if (second.count(x)) return true;
  return false;
}

Access strided(std::uint64_t base, std::uint32_t bytes, std::uint32_t n0, std::int64_t stride0, std::uint32_t n1 = 1, std::int64_t stride1 = 0) {
  Access a;
  a.space = Space::UB;
  a.base = base;
  a.bytes = bytes;
  a.n0 = n0;
  a.stride0 = stride0;
  a.n1 = n1;
  a.stride1 = stride1;
  return a;
}

}  // namespace

TEST_CASE("low and high bound all bytes of a strided set, whatever the sign of its strides") {
  const Access a = strided(1000, 32, 4, -64, 3, 256);
  REQUIRE(a.low() == static_cast<std::uint64_t>(*bytes_of(a).begin()));
  REQUIRE(a.high() == static_cast<std::uint64_t>(*bytes_of(a).rbegin()) + 1);
}

TEST_CASE("interleaved columns do not overlap although their bounding boxes do") {
  const Access even = strided(0, 32, 8, 64, 255, 512), odd = strided(32, 32, 8, 64, 255, 512);
  REQUIRE_FALSE(overlap(even, odd));
  REQUIRE(overlap(even, strided(64 * 7 + 31, 1, 1, 0)));
  REQUIRE_FALSE(overlap(even, strided(64 * 7 + 32, 1, 1, 0)));
}

TEST_CASE("sets in different spaces or empty sets never overlap") {
  Access a = strided(0, 32, 1, 0), b = a;
  REQUIRE(overlap(a, b));
  b.space = Space::L1;
  REQUIRE_FALSE(overlap(a, b));
  REQUIRE_FALSE(overlap(a, strided(0, 32, 0, 0)));
}

TEST_CASE("overlap is exact on random strided sets") {
  constexpr unsigned seed = 20261125;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  int met = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    Access set[2];
    for (Access& a : set)
      a = strided(static_cast<std::uint64_t>(2000 + pick(0, 120)), static_cast<std::uint32_t>(pick(1, 9)), static_cast<std::uint32_t>(pick(1, 5)),
                  pick(-20, 20), static_cast<std::uint32_t>(pick(1, 5)), pick(-60, 60));
    const bool expected = share(set[0], set[1]);
    met += expected;
    CAPTURE(trial);
    REQUIRE(overlap(set[0], set[1]) == expected);
    REQUIRE(overlap(set[1], set[0]) == expected);
  }
  REQUIRE(met > 1000);
  REQUIRE(met < 19000);
}
