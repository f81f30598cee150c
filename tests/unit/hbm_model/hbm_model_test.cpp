#include "hbm_model/hbm_model.h"

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian;
using hbm_model::HbmModel;
using hbm_model::HbmTiming;
using memory::ticks;

namespace {

// One stack, 64 B/cycle: a 512 B line takes 8 cycles.
HbmTiming one_stack() {
  return {.stacks = 1, .interleave = 512, .stack_bytes_per_cycle = 64, .turnaround = 10, .write_batch = 4, .write_queue = 4};
}

}  // namespace

TEST_CASE("reads of a stack queue behind each other at its bandwidth") {
  HbmModel hbm(one_stack());
  REQUIRE(hbm.read(0, 512, ticks(100)) == 0);
  REQUIRE(hbm.read(512, 512, ticks(100)) == ticks(8));
  REQUIRE(hbm.read(1024, 512, ticks(100)) == ticks(16));
  REQUIRE(hbm.read(2048, 512, ticks(124)) == 0);  // 100 + 3 x 8 = 124
}

TEST_CASE("writes cost reads nothing until a batch is full, then its time and two turnarounds") {
  HbmModel hbm(one_stack());
  hbm.read(0, 512, ticks(100));                                    // until 108
  for (int i = 0; i < 3; ++i) hbm.write(4096, 512, ticks(100));
  REQUIRE(hbm.read(512, 512, ticks(108)) == 0);                    // until 116
  hbm.write(4096, 512, ticks(110));                                // the batch: 116 + 10 + 4 x 8 = 158
  REQUIRE(hbm.read(1024, 512, ticks(116)) == ticks(158 + 10 - 116));
  REQUIRE(hbm.counters().turnarounds == 2);
  REQUIRE(hbm.counters().bytes_written == 4 * 512);
  REQUIRE(hbm.counters().busy == ticks(3 * 8 + 4 * 8 + 2 * 10));
}

TEST_CASE("a stream of writes is held to the bandwidth once the queue is full") {
  HbmModel hbm(one_stack());
  memory::Tick at = 0;
  constexpr int kWrites = 4000;
  for (int i = 0; i < kWrites; ++i) at += hbm.write(0, 512, at);
  const double cycles = static_cast<double>(at) / memory::kTicksPerCycle;
  REQUIRE(cycles > kWrites * 8 * 0.99);
  REQUIRE(cycles < kWrites * 8 * 1.01);
}

TEST_CASE("writes that wait drain into an idle bus for nothing") {
  HbmModel hbm(one_stack());
  for (int i = 0; i < 3; ++i) hbm.write(0, 512, ticks(0));
  REQUIRE(hbm.read(0, 512, ticks(200)) == 0);
  hbm.write(0, 512, ticks(200));
  REQUIRE(hbm.read(0, 512, ticks(208)) == 0);  // the three before are gone: no full batch
}

TEST_CASE("a new launch finds idle stacks and empty counters") {
  HbmModel hbm(one_stack());
  hbm.read(0, 512, ticks(1000));
  hbm.reset_clock();
  REQUIRE(hbm.read(0, 512, ticks(0)) == 0);
  REQUIRE(hbm.counters().bytes_read == 512);
}
