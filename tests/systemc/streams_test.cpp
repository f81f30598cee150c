// Launches in sequence on the same cores, several such streams at once, and launches that wait for those of other streams.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

constexpr std::uint64_t kTile = 8192 * 4;

// launch.latency and launch.gap of the chip in cycles, by a kernel whose cores do nothing before their first cycle.
struct Launching {
  std::uint64_t latency, gap;
};
Launching launching(Machine& machine) {
  std::vector<ConcurrentLaunch> two{launch_of(machine, "adds", {DeviceAddress{}, std::uint64_t{1}}, 1, 0),
                                    launch_of(machine, "adds", {DeviceAddress{}, std::uint64_t{1}}, 1, 0, {0})};
  const auto runs = machine.device.run_concurrently(two);
  return {runs[0].cores.front().start, runs[1].cores.front().start};
}

}  // namespace

TEST_CASE("a launch of a stream starts a launch gap after the one before it, on the same cores") {
  Machine machine("machine");
  const auto [latency, gap] = launching(machine);
  CHECK(latency == 10908);  // 6.06 us x 1.8 GHz
  CHECK(gap == 1440);       // 0.8 us x 1.8 GHz
  Machine slow("machine", "ascend910c", {{"launch.gap", 2.8}});
  CHECK(launching(slow).gap == gap + 3600);
}

TEST_CASE("a stream alone gives what single launches with a carried L2 give, less the longer launch of each") {
  const std::uint64_t tiles = 40, blocks = 16;
  const auto arguments = [tiles](DeviceAddress x) { return std::vector<Argument>{x, tiles}; };
  Machine machine("machine"), other("machine");
  const auto [latency, gap] = launching(machine);
  std::vector<DeviceAddress> buffers, same;
  for (int i = 0; i < 3; ++i) {
    buffers.push_back(machine.zeros(blocks * tiles * kTile));
    same.push_back(other.zeros(blocks * tiles * kTile));
  }
  // The third reads what the first has brought into L2.
  std::vector<ConcurrentLaunch> stream{launch_of(machine, "reads", arguments(buffers[0]), blocks, 0), launch_of(machine, "reads", arguments(buffers[1]), blocks, 0, {0}),
                                       launch_of(machine, "reads", arguments(buffers[0]), blocks, 0, {1})};
  const auto runs = machine.device.run_concurrently(stream);
  const std::array<std::size_t, 3> which{0, 1, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    LaunchOptions options{.block_dim = blocks, .mode = Mode::timing_only, .l2 = i == 0 ? L2State::cold : L2State::carried};
    const LaunchResult single = other.launch("reads", arguments(same[which[i]]), options);
    CAPTURE(i, runs[i].cycles, single.cycles);
    CHECK_FALSE(runs[i].fault);
    CHECK(accounting_error(runs[i]) == "");
    const auto stream_cores = static_cast<double>(runs[i].cycles - (i == 0 ? latency : gap)), alone = static_cast<double>(single.cycles - latency);
    if (i == 0) CHECK(runs[i].cycles == single.cycles);
    // Rows and the refresh of the DRAM stand elsewhere: their clock goes on in a stream. From L2 alone nothing differs.
    CHECK(std::abs(stream_cores - alone) < (i == 2 ? 0.002 : 0.03) * alone);
    CHECK(runs[i].memory.bytes_read == single.memory.bytes_read);
    CHECK(runs[i].memory.l2_hits == single.memory.l2_hits);
    CHECK(runs[i].start_cycle == (i == 0 ? 0 : runs[i - 1].end_cycle));
    CHECK(runs[i].end_cycle == runs[i].start_cycle + runs[i].cycles);
  }
  CHECK(runs[2].memory.l2_misses == 0);
}

TEST_CASE("streams at once contend for HBM, and launches of one wait for those of another") {
  Machine machine("machine");
  const std::uint64_t tiles = 24, blocks = 24;
  const DeviceAddress x = machine.device.allocate(blocks * tiles * kTile), y = machine.device.allocate(blocks * tiles * kTile);
  const auto first = launch_of(machine, "reads", {x, tiles}, blocks, 0), second = launch_of(machine, "reads", {y, tiles}, blocks, 12);
  auto late = second;
  late.after = {0};
  std::vector<ConcurrentLaunch> at_once{first, second}, in_turn{first, late};
  const auto together = machine.device.run_concurrently(at_once), apart = machine.device.run_concurrently(in_turn);
  CHECK(apart[1].start_cycle == apart[0].end_cycle);
  CHECK(together[0].cycles > apart[0].cycles * 3 / 2);
  CHECK(together[1].end_cycle < apart[1].end_cycle);

  // A diamond: 1 and 2 wait for 0, 3 for both.
  const auto add = [&](std::uint64_t rounds, std::uint32_t core, std::vector<std::size_t> after) {
    return launch_of(machine, "adds", {x, rounds}, 2, core, std::move(after));
  };
  std::vector<ConcurrentLaunch> diamond{add(10, 0, {}), add(400, 0, {0}), add(20, 1, {0}), add(10, 1, {2, 1})};
  const auto runs = machine.device.run_concurrently(diamond);
  CHECK(runs[1].start_cycle == runs[0].end_cycle);
  CHECK(runs[2].start_cycle == runs[0].end_cycle);
  CHECK(runs[2].end_cycle < runs[1].end_cycle);
  CHECK(runs[3].start_cycle == runs[1].end_cycle);
  const auto again = machine.device.run_concurrently(diamond);
  for (std::size_t i = 0; i < runs.size(); ++i) CHECK(fingerprint(again[i]) == fingerprint(runs[i]));
}

TEST_CASE("a stream computes: each launch finds what the one before it left, cross-core flags and all") {
  Machine machine("machine");
  const std::vector<float> ones(8 * 2048 * 3, 1.0f);
  const DeviceAddress x = machine.upload(ones), mail = machine.zeros(8 * 256);
  const std::vector<Argument> doubles{x, std::uint64_t{3}}, mails{mail, std::uint64_t{5}};
  std::vector<ConcurrentLaunch> launches;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto wait = i ? std::vector<std::size_t>{2 * i - 2} : std::vector<std::size_t>{};
    const auto other = i ? std::vector<std::size_t>{2 * i - 1} : std::vector<std::size_t>{};
    launches.push_back(launch_of(machine, "doubles", doubles, 8, 0, wait, Mode::full));
    launches.push_back(launch_of(machine, "ping_pong_1_2", mails, 8, 4, other, Mode::full));
  }
  for (const LaunchResult& run : machine.device.run_concurrently(launches)) CHECK(run.fault.report() == Fault{}.report());
  CHECK(machine.download<float>(x, 1)[0] == 16);
}

TEST_CASE("a stream may compute in one launch and only time the next") {
  Machine machine("machine");
  const std::vector<float> ones(8 * 2048 * 3, 1.0f);
  const DeviceAddress x = machine.upload(ones), y = machine.upload(ones);
  std::vector<ConcurrentLaunch> stream{launch_of(machine, "doubles", {y, std::uint64_t{3}}, 8, 0), launch_of(machine, "doubles", {x, std::uint64_t{3}}, 8, 0, {0}, Mode::full)};
  auto runs = machine.device.run_concurrently(stream);
  CHECK(runs[0].mode == "timing_only");
  CHECK(runs[1].mode == "full");
  CHECK(machine.download<float>(x, 1)[0] == 2);
  CHECK(machine.download<float>(y, 1)[0] == 1);
  stream[1].arguments = {y, std::uint64_t{3}};  // the first launch's results, which it did not compute
  runs = machine.device.run_concurrently(stream);
  CHECK(runs[1].fault.kind == FaultKind::needs_data);
}

TEST_CASE("a fault ends the streams; what had not started is empty") {
  Machine machine("machine");
  const auto faulty = machine.device.load(compiled("faulty"));
  const DeviceAddress x = machine.zeros(1 << 16);
  std::vector<ConcurrentLaunch> stream{launch_of(machine, "adds", {x, std::uint64_t{1}}, 1, 0), launch_of(machine, "adds", {x, std::uint64_t{1}}, 1, 0, {0}),
                                       launch_of(machine, "adds", {x, std::uint64_t{1}}, 1, 0, {1})};
  stream[1].module = faulty.get();
  stream[1].kernel = "illegal_word";
  stream[1].arguments = {x};
  const auto runs = machine.device.run_concurrently(stream);
  CHECK_FALSE(runs[0].fault);
  CHECK(runs[0].cycles > 0);
  CHECK(runs[1].fault.kind == FaultKind::illegal_instruction);
  CHECK(runs[2].cycles == 0);
  CHECK(runs[2].cores.empty());
}

TEST_CASE("launches that nothing orders need disjoint cores, and none waits for a later one") {
  Machine machine("machine");
  const DeviceAddress x = machine.zeros(1 << 16);
  const auto add = [&](std::vector<std::size_t> after) { return launch_of(machine, "adds", {x, std::uint64_t{1}}, 9, 0, std::move(after)); };
  std::vector<ConcurrentLaunch> chain{add({}), add({0}), add({1})};
  CHECK_NOTHROW(machine.device.run_concurrently(chain));
  std::vector<ConcurrentLaunch> fork{add({}), add({0}), add({0})};
  CHECK_THROWS_AS(machine.device.run_concurrently(fork), Error);
  std::vector<ConcurrentLaunch> circle{add({1}), add({0})};
  CHECK_THROWS_AS(machine.device.run_concurrently(circle), Error);
}

TEST_CASE("streams without a clock, and automatic ones that run again, keep their order") {
  for (const Mode mode : {Mode::functional_only, Mode::automatic}) {
    Machine machine("machine");
    const DeviceAddress x = machine.upload(std::vector<float>(8 * 2048 * 3, 1.0f)), counts = machine.zeros(64 * 8);
    std::vector<ConcurrentLaunch> stream{launch_of(machine, "doubles", {x, std::uint64_t{3}}, 8, 0, {}, mode),
                                         launch_of(machine, "doubles_until", {x, counts, 100.0f}, 1, 0, {0}, mode)};
    const auto runs = machine.device.run_concurrently(stream);
    for (const LaunchResult& run : runs) CHECK(run.fault.report() == Fault{}.report());
    CHECK(runs[1].reran_in_full == (mode == Mode::automatic));
    CHECK(machine.download<float>(x, 1)[0] >= 100);
  }
}
