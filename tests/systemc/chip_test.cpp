// The chip description reaches the machine: its hierarchy, its widths, its parameters.
#include <catch2/catch_test_macros.hpp>

#include <sstream>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

std::size_t count(const std::string& tree, const std::string& name) {
  std::istringstream lines(tree);
  std::size_t found = 0;
  for (std::string line; std::getline(lines, line);) found += line.substr(line.find_first_not_of(' ')) == name;
  return found;
}

}  // namespace

TEST_CASE("the hierarchy of a 910C die: 24 groups of one AIC and two AIVs, 8 slices, 4 stacks") {
  Device device("ascend910c");
  const std::string tree = device.hierarchy();
  CHECK(tree.starts_with("die0\n  group0\n    aic\n      S\n"));
  CHECK(count(tree, "die0") == 1);
  for (int g : {0, 7, 23}) CHECK(count(tree, "group" + std::to_string(g)) == 1);
  CHECK(count(tree, "group24") == 0);
  CHECK(count(tree, "aic") == 24);
  CHECK(count(tree, "aiv0") + count(tree, "aiv1") == 48);
  CHECK(count(tree, "S") == 72);
  CHECK(count(tree, "V") == 48);
  CHECK(count(tree, "UB") == 48);
  for (const char* name : {"M", "MTE1", "FIX", "L1", "L0A", "L0B", "L0C", "BT", "FB"}) CHECK(count(tree, name) == 24);
  for (const char* name : {"MTE2", "MTE3"}) CHECK(count(tree, name) == 72);
  for (const char* name : {"memory", "noc", "ffts"}) CHECK(count(tree, name) == 1);
  for (int i = 0; i < 8; ++i) CHECK(count(tree, "l2_slice" + std::to_string(i)) == 1);
  for (int i = 0; i < 4; ++i) CHECK(count(tree, "hbm_stack" + std::to_string(i)) == 1);
  CHECK(device.hierarchy() == tree);  // and again, with nothing left over
}

TEST_CASE("the hierarchy follows the chip") {
  const std::string tree = Device("ascend910c", {{"cores.aic", 3}, {"cores.aiv_per_aic", 1}}).hierarchy();
  CHECK(count(tree, "aic") == 3);
  CHECK(count(tree, "aiv0") == 3);
  CHECK(count(tree, "aiv1") == 0);
}

TEST_CASE("twice the width of the read channel and of the slices speeds up a read of data in L2") {
  const auto cycles = [](const std::map<std::string, double>& overrides) {
    Machine machine("machine", "ascend910c", overrides);
    const DeviceAddress x = machine.device.allocate(64 * 32768);
    const LaunchResult run = machine.launch("reads", {x, std::uint64_t{64}}, {.mode = Mode::timing_only, .l2 = L2State::warm});
    CHECK(run.memory.l2_misses == 0);
    const PipeCounters& mte2 = run.cores[0].pipes[2];
    CHECK(mte2.pipe == "MTE2");
    return static_cast<double>(run.cores[0].end - run.cores[0].start);
  };
  const double width = 128;
  const double as_is = cycles({}), half = cycles({{"dma.channel_width", width / 4}}), quarter = cycles({{"dma.channel_width", width / 8}});
  CHECK(half > as_is);
  CHECK(quarter / half > 1.9);
  CHECK(quarter / half < 2.05);
}

TEST_CASE("half the HBM bandwidth doubles the time of a stream, and does not touch the vector pipe") {
  const auto cycles = [](double bandwidth, const std::string& kernel) {
    Machine machine("machine", "ascend910c", {{"hbm.bandwidth", bandwidth}});
    const DeviceAddress x = machine.device.allocate(std::uint64_t{48} * 16 * 32768);
    const LaunchResult run = machine.launch(kernel, {x, std::uint64_t{16}}, {.block_dim = 48, .mode = Mode::timing_only});
    return static_cast<double>(run.cycles - run.cores[0].start);
  };
  const double ratio = cycles(0.4e12, "reads") / cycles(0.8e12, "reads");
  CHECK(ratio > 1.85);
  CHECK(ratio < 2.05);
  CHECK(cycles(0.4e12, "adds") == cycles(0.8e12, "adds"));
}

TEST_CASE("a launch finds L2 cold, warm with its buffers, or as the last launch left it") {
  Machine machine("machine");
  const DeviceAddress x = machine.device.allocate(std::uint64_t{48} * 8 * 32768);  // 12 MiB of 192
  const auto reads = [&](L2State l2) { return machine.launch("reads", {x, std::uint64_t{8}}, {.block_dim = 48, .mode = Mode::timing_only, .l2 = l2}); };
  const LaunchResult cold = reads(L2State::cold), carried = reads(L2State::carried), warm = reads(L2State::warm), again = reads(L2State::cold);
  CHECK(cold.memory.hbm_bytes_read >= 48 * 8 * 32768);
  CHECK(carried.memory.hbm_bytes_read == 0);
  CHECK(warm.memory.hbm_bytes_read == 0);
  CHECK(carried.cycles < cold.cycles);
  CHECK(carried.cycles == warm.cycles);
  CHECK(fingerprint(again) == fingerprint(cold));
}
