#include "src/memory/core_memory.h"

#include <random>

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian::memory;

TEST_CASE("a buffer without marks knows everything") {
  Buffer buffer(Space::UB, 1024);
  buffer.mark(0, 1024, true);
  REQUIRE_FALSE(buffer.any_unknown(0, 1024));
}

TEST_CASE("marks cover exactly the marked bytes, at every alignment") {
  constexpr unsigned seed = 7;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Buffer buffer(Space::UB, 256);
  buffer.enable_marks();
  std::vector<bool> expected(256, false);
  for (int trial = 0; trial < 5000; ++trial) {
    const std::uint64_t first = random() % 256, count = random() % (257 - first);
    const bool unknown = random() % 2;
    buffer.mark(first, count, unknown);
    for (std::uint64_t i = 0; i < count; ++i) expected[first + i] = unknown;
    const std::uint64_t from = random() % 256, length = random() % (257 - from);
    bool any = false;
    for (std::uint64_t i = 0; i < length; ++i) any = any || expected[from + i];
    REQUIRE(buffer.any_unknown(from, length) == any);
  }
}

TEST_CASE("marks outside a buffer are a bug of ours") {
  Buffer buffer(Space::UB, 256);
  buffer.enable_marks();
  REQUIRE_THROWS(buffer.mark(255, 2, true));
}

TEST_CASE("device memory of 64 GB is sparse, starts as zeros and knows its bounds") {
  constexpr std::uint64_t base = 1ull << 40, size = 64ull << 30;
  DeviceMemory gm(base, size);
  REQUIRE(*gm.at(base + size - 1) == 0);
  REQUIRE(gm.contains(base, size));
  REQUIRE_FALSE(gm.contains(base, size + 1));
  REQUIRE_FALSE(gm.contains(base - 1, 1));
  REQUIRE_FALSE(gm.contains(base + size, 1));
  REQUIRE_FALSE(gm.contains(base + 8, ~std::uint64_t{0}));
}

TEST_CASE("marks of device memory appear on the first unknown byte and can be cleared") {
  constexpr std::uint64_t base = 1ull << 40;
  DeviceMemory gm(base, 1 << 20);
  gm.mark(base, 64, false);
  REQUIRE_FALSE(gm.any_unknown(base, 1 << 20));
  gm.mark(base + 3, 5, true);
  REQUIRE_FALSE(gm.any_unknown(base, 3));
  REQUIRE(gm.any_unknown(base, 4));
  REQUIRE_FALSE(gm.any_unknown(base + 8, 100));
  gm.clear_marks();
  REQUIRE_FALSE(gm.any_unknown(base, 64));
}

TEST_CASE("a skipped operation marks the rows that it would have written, and nothing between them") {
  DeviceMemory gm(0x1000, 1 << 16);
  CoreMemory memory;
  memory.ub = Buffer(Space::UB, 4096);
  memory.ub.enable_marks();
  memory.gm = &gm;
  Footprint footprint;
  Access read, write;
  read.space = Space::UB;
  read.bytes = 64;
  write.space = Space::GM;
  write.write = true;
  write.base = 0x2000;
  write.bytes = 32;
  write.n0 = 3;
  write.stride0 = 100;
  footprint.add(read);
  footprint.add(write);
  mark_written(memory, footprint, true);
  REQUIRE_FALSE(memory.ub.any_unknown(0, 4096));
  REQUIRE(gm.any_unknown(0x2000 + 200 + 31, 1));
  REQUIRE_FALSE(gm.any_unknown(0x2000 + 32, 68));
  REQUIRE_FALSE(gm.any_unknown(0x2000 + 232, 1000));
}

TEST_CASE("remembered marks come back, whatever was marked and cleared meanwhile") {
  constexpr std::uint64_t base = 1ull << 40, size = 1 << 20;
  DeviceMemory gm(base, size);
  const auto known = [&] { return std::pair{gm.any_unknown(base + 100, 50), gm.any_unknown(base + 500'000, 100'000)}; };
  gm.mark(base + 100, 50, true);
  gm.remember_marks();
  gm.mark(base + 100, 50, false);
  gm.mark(base + 500'000, 100'000, true);
  REQUIRE(known() == std::pair{false, true});
  gm.undo_marks();
  REQUIRE(known() == std::pair{true, false});
  gm.remember_marks();
  gm.mark(base + 100, 50, false);
  gm.keep_marks();
  REQUIRE(known() == std::pair{false, false});
  DeviceMemory fresh(base, size);
  fresh.remember_marks();
  fresh.mark(base, 8, true);
  fresh.undo_marks();
  REQUIRE_FALSE(fresh.has_marks());
}
