// Cross-core flags, SyncAll, mix kernels, waves of blocks, printf: what several cores do together.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {
constexpr std::size_t kWordsOfACore = 16;  // each core has a cache line of its own
}

TEST_CASE("SyncAll of the vector cores: each sees what all wrote before") {
  const std::uint32_t cores = GENERATE(1u, 2u, 17u, 48u);
  Machine machine("machine");
  const DeviceAddress out = machine.zeros(48 * 64), sums = machine.zeros(48 * 64);
  const LaunchResult run = machine.launch("meets", {out, sums}, {.block_dim = cores});
  CHECK(run.fault.report() == Fault{}.report());
  const auto seen = machine.download<std::uint32_t>(sums, cores * kWordsOfACore);
  for (std::uint32_t i = 0; i < cores; ++i) REQUIRE(seen[i * kWordsOfACore] == cores * (cores + 1) / 2);
}

TEST_CASE("SyncAll with more blocks than cores is a deadlock, since the last blocks never start") {
  Machine machine("machine");
  const DeviceAddress out = machine.zeros(64 * 64), sums = machine.zeros(64 * 64);
  CHECK(machine.launch("meets", {out, sums}, {.block_dim = 49}).fault.kind == FaultKind::deadlock);
}

TEST_CASE("SyncAll of all cores of a mix kernel") {
  const std::uint32_t groups = GENERATE(1u, 5u, 24u);
  Machine machine("machine");
  const DeviceAddress out = machine.zeros(72 * 64), sums = machine.zeros(72 * 64);
  const LaunchResult run = machine.launch("meets_mix", {out, sums}, {.block_dim = groups});
  CHECK(run.fault.report() == Fault{}.report());
  CHECK(run.cores.size() == 3 * groups);
  const auto seen = machine.download<std::uint32_t>(sums, 3 * groups * kWordsOfACore);
  for (std::uint32_t i = 0; i < 3 * groups; ++i) REQUIRE(seen[i * kWordsOfACore] == 3 * groups * (3 * groups + 1) / 2);
}

TEST_CASE("mode 2 carries words between an AIC and its vector cores, one to one and one to two") {
  const bool two = GENERATE(false, true);
  const std::uint32_t groups = GENERATE(1u, 24u, 30u), rounds = 20;  // 30: a second wave
  Machine machine("machine");
  const DeviceAddress mail = machine.zeros(groups * 256);
  const LaunchResult run = machine.launch(two ? "ping_pong_1_2" : "ping_pong_1_1", {mail, std::uint64_t{rounds}}, {.block_dim = groups});
  CHECK(run.fault.report() == Fault{}.report());
  CHECK(run.cores.size() == (two ? 3u : 2u) * std::min(groups, 24u));
  const auto boxes = machine.download<std::uint32_t>(mail, groups * 64);
  std::uint32_t aic = 0, aiv[2] = {0, 0};
  for (std::uint32_t i = 1; i <= rounds; ++i) {
    aic = aiv[0] + (two ? aiv[1] : 0) + i;
    aiv[0] = aic;
    aiv[1] = aic + 1;
  }
  for (std::uint32_t g = 0; g < groups; ++g) {
    REQUIRE(boxes[g * 64] == aic);
    REQUIRE(boxes[g * 64 + 16] == aiv[0]);
    REQUIRE(boxes[g * 64 + 32] == (two ? aiv[1] : 0));
  }
}

TEST_CASE("mode 1 makes the two vector cores of a group meet") {
  Machine machine("machine");
  const DeviceAddress out = machine.zeros(48 * 64), seen = machine.zeros(48 * 64);
  const LaunchResult run = machine.launch("swaps_in_group", {out, seen}, {.block_dim = 24});
  CHECK(run.fault.report() == Fault{}.report());
  const auto words = machine.download<std::uint32_t>(seen, 48 * kWordsOfACore);
  for (std::uint32_t i = 0; i < 48; ++i) REQUIRE(words[i * kWordsOfACore] == (i ^ 1) + 100);
}

TEST_CASE("a core of a mix kernel knows its block, its place and its ratio") {
  Machine machine("machine");
  const std::uint32_t groups = 26, first = 3;
  const DeviceAddress out = machine.zeros(3 * groups * 64);
  CHECK_FALSE(machine.launch("identity", {out}, {.block_dim = groups, .first_core = first}).fault);
  const auto words = machine.download<std::uint32_t>(out, 3 * groups * kWordsOfACore);
  for (std::uint32_t g = 0; g < groups; ++g)
    for (std::uint32_t c = 0; c < 3; ++c) {
      const std::uint32_t* mine = words.data() + (3 * g + c) * kWordsOfACore;
      INFO("group " << g << ", core " << c);
      CHECK(mine[0] == (c == 0 ? g : 2 * g + c - 1));
      CHECK(mine[1] == groups);
      CHECK(mine[2] == (c == 2 ? 1u : 0u));
      CHECK(mine[3] == (c == 0 ? 1u : 2u));
      CHECK(mine[4] == (c == 0 ? 1u : 2u));
      if (g < 24 - first) CHECK(mine[5] == (c == 0 ? first + g : 2 * (first + g) + c - 1));
    }
}

TEST_CASE("more blocks than cores run in waves, each block once") {
  Machine machine("machine");
  const std::uint32_t blocks = 48 * 3 + 7;
  const DeviceAddress out = machine.zeros(blocks * 64);
  const LaunchResult one = machine.launch("marks_blocks", {out}, {.block_dim = 48});
  machine.device.fill(out, 0, blocks * 64);
  const LaunchResult run = machine.launch("marks_blocks", {out}, {.block_dim = blocks});
  CHECK_FALSE(run.fault);
  CHECK(run.cores.size() == 48);
  CHECK(run.scalar_instructions == one.scalar_instructions / 48 * blocks);
  const auto words = machine.download<std::uint32_t>(out, blocks * kWordsOfACore);
  for (std::uint32_t i = 0; i < blocks; ++i) REQUIRE(words[i * kWordsOfACore] == i + 1);
}

TEST_CASE("each core's end is its own: a core with less to do ends earlier") {
  Machine machine("machine");
  const DeviceAddress out = machine.zeros(64 * 64);
  const LaunchResult run = machine.launch("marks_blocks", {out}, {.block_dim = 49});
  std::uint64_t last = 0, first = ~std::uint64_t{0};
  for (const CoreCounters& core : run.cores) last = std::max(last, core.end), first = std::min(first, core.end);
  CHECK(last == run.cycles);
  CHECK(first < last);
  CHECK(run.cores[0].instructions == 2 * run.cores[1].instructions);  // the first to end took the 49th block
}

TEST_CASE("printf of a core appears with its name, converted by the host") {
  Machine machine("machine");
  const DeviceAddress out = machine.zeros(64);
  const LaunchResult run = machine.launch("says", {out, std::int64_t{-5}}, {.first_core = 1});
  REQUIRE(run.printed.size() == 2);
  CHECK(run.printed[0] == "[aiv2] n=-5 u=7 x=ff f=1.50 s=text c=z %");
  CHECK(run.printed[1] == "[aiv2] second line");
}
