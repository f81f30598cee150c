#include "src/noc/l2_tags.h"

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian::noc;

TEST_CASE("the least recently used line of a set makes room, and names its dirty sectors") {
  L2Tags tags(1, 1, 3);
  Evicted evicted;
  for (const std::uint64_t line : {10u, 20u, 30u}) tags.at(tags.allocate(0, line, evicted)).dirty = 0b0101;
  REQUIRE(evicted.dirty == 0);
  REQUIRE(tags.find(0, 10) != L2Tags::kNone);  // 20 is the oldest now
  tags.allocate(0, 40, evicted);
  REQUIRE(evicted.line == 20);
  REQUIRE(evicted.dirty == 0b0101);
  REQUIRE(tags.find(0, 20) == L2Tags::kNone);
  REQUIRE(tags.find(0, 10) != L2Tags::kNone);
}

TEST_CASE("an evicted line keeps the part of its number above the stored tag") {
  L2Tags tags(1, 1, 1);
  Evicted evicted;
  const std::uint64_t high = std::uint64_t{5} << 33;
  tags.allocate(0, high | 7, evicted);
  tags.allocate(0, high | 9, evicted);
  REQUIRE(evicted.line == (high | 7));
}

TEST_CASE("a contiguous range as large as the cache stays resident nearly whole") {
  L2Tags tags(8, 64, 24);
  Evicted evicted;
  constexpr std::uint64_t kLines = 8 * 64 * 24;
  for (std::uint64_t line = 0; line < kLines; ++line) tags.allocate(tags.slice_of(line), line, evicted);
  REQUIRE(tags.resident_lines() > kLines * 95 / 100);
  tags.clear();
  REQUIRE(tags.resident_lines() == 0);
}
