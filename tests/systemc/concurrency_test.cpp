// Several launches in one simulation, several devices in one process, several threads.
#include <catch2/catch_test_macros.hpp>

#include <thread>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

constexpr std::uint64_t kTile = 8192 * 4;

}  // namespace

TEST_CASE("launches that both live on HBM slow each other down, launches on the vector pipe do not") {
  Machine machine("machine");
  const std::uint64_t tiles = 24, blocks = 24;  // of 48 vector cores: half of them saturate HBM
  const DeviceAddress x = machine.device.allocate(blocks * tiles * kTile), y = machine.device.allocate(blocks * tiles * kTile);
  std::vector<ConcurrentLaunch> streams{launch_of(machine, "reads", {x, tiles}, blocks, 0), launch_of(machine, "reads", {y, tiles}, blocks, 12)};
  const LaunchResult alone = machine.device.run_concurrently({streams.data(), 1}).front();
  const auto together = machine.device.run_concurrently(streams);
  REQUIRE(together.size() == 2);
  for (const LaunchResult& run : together) {
    CHECK_FALSE(run.fault);
    CHECK(accounting_error(run) == "");
    CHECK(static_cast<double>(run.cycles) > 1.5 * static_cast<double>(alone.cycles));
    CHECK(run.cycles < 3 * alone.cycles);
  }
  CHECK(together[0].cores.front().core == "aiv0");
  CHECK(together[1].cores.front().core == "aiv24");

  std::vector<ConcurrentLaunch> vectors{launch_of(machine, "adds", {x, std::uint64_t{50}}, 24, 0), launch_of(machine, "adds", {y, std::uint64_t{50}}, 24, 12)};
  const LaunchResult quiet = machine.device.run_concurrently({vectors.data(), 1}).front();
  for (const LaunchResult& run : machine.device.run_concurrently(vectors)) CHECK(run.cycles == quiet.cycles);
}

TEST_CASE("launches of one simulation compute as they do alone, cross-core flags included") {
  Machine machine("machine");
  const DeviceAddress a = machine.zeros(8 * 256), b = machine.zeros(8 * 256);
  const DeviceAddress out = machine.zeros(48 * 64), sums = machine.zeros(48 * 64);
  std::vector<ConcurrentLaunch> all{launch_of(machine, "ping_pong_1_2", {a, std::uint64_t{30}}, 8, 0, {}, Mode::full),
                                    launch_of(machine, "ping_pong_1_1", {b, std::uint64_t{10}}, 8, 8, {}, Mode::full),
                                    launch_of(machine, "meets", {out, sums}, 16, 16, {}, Mode::full)};
  const auto runs = machine.device.run_concurrently(all);
  for (const LaunchResult& run : runs) CHECK(run.fault.report() == Fault{}.report());
  for (std::uint32_t i = 0; i < 16; ++i) REQUIRE(machine.download<std::uint32_t>(sums, 256)[i * 16] == 136);

  Machine other("machine");
  const DeviceAddress c = other.zeros(8 * 256);
  CHECK_FALSE(other.launch("ping_pong_1_2", {c, std::uint64_t{30}}, {.block_dim = 8}).fault);
  CHECK(machine.download<std::uint32_t>(a, 8 * 64) == other.download<std::uint32_t>(c, 8 * 64));
}

TEST_CASE("a fault of one launch is in its own result") {
  Machine machine("machine");
  Device& device = machine.device;
  const auto faulty = device.load(compiled("faulty"));
  const DeviceAddress x = machine.zeros(1 << 16);
  std::vector<ConcurrentLaunch> both{launch_of(machine, "adds", {x, std::uint64_t{1000}}, 1, 0), launch_of(machine, "adds", {x, std::uint64_t{1}}, 1, 1)};
  both[1].module = faulty.get();
  both[1].kernel = "illegal_word";
  both[1].arguments = {x};
  const auto runs = device.run_concurrently(both);
  CHECK_FALSE(runs[0].fault);
  CHECK(runs[1].fault.kind == FaultKind::illegal_instruction);
  CHECK(runs[1].fault.core == "aiv2");
}

TEST_CASE("overlapping core ranges are refused with both names") {
  Machine machine("machine");
  const DeviceAddress x = machine.zeros(1 << 16);
  std::vector<ConcurrentLaunch> both{launch_of(machine, "adds", {x, std::uint64_t{1}}, 9, 0), launch_of(machine, "marks_blocks", {x}, 2, 4)};
  try {
    machine.device.run_concurrently(both);
    FAIL("accepted");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(text.find("marks_blocks") != std::string::npos);
    CHECK(text.find("group 4 of adds") != std::string::npos);
  }
  both[1].options.first_core = 5;
  CHECK_NOTHROW(machine.device.run_concurrently(both));
}

TEST_CASE("two live devices of different chips with interleaved launches give what each gives alone") {
  const auto alone = [](const std::string& chip) {
    Machine machine("machine", chip);
    const DeviceAddress x = machine.upload(std::vector<float>(8 * 2048 * 3, 1.0f));
    return fingerprint(machine.launch("doubles", {x, std::uint64_t{3}}, {.block_dim = 8}));
  };
  const std::string c = alone("ascend910c"), b = alone("ascend910b4");
  CHECK(c != b);
  Machine first("machine", "ascend910c"), second("machine", "ascend910b4");
  const DeviceAddress x = first.upload(std::vector<float>(8 * 2048 * 3, 1.0f)), y = second.upload(std::vector<float>(8 * 2048 * 3, 1.0f));
  for (int round = 0; round < 3; ++round) {
    CHECK(fingerprint(first.launch("doubles", {x, std::uint64_t{3}}, {.block_dim = 8})) == c);
    CHECK(fingerprint(second.launch("doubles", {y, std::uint64_t{3}}, {.block_dim = 8})) == b);
  }
  CHECK(first.download<float>(x, 1)[0] == 8);
  CHECK(second.download<float>(y, 1)[0] == 8);
}

namespace {

// Launches 20 times in place; the result of the last launch.
void work(Machine& machine, DeviceAddress x, std::string& last) {
  for (int i = 0; i < 20; ++i) last = fingerprint(machine.launch("doubles", {x, std::uint64_t{3}}, {.block_dim = 8}));
}

}  // namespace

TEST_CASE("two threads launch at once, on two devices and on one") {
  Machine first("machine"), second("machine");
  const std::vector<float> ones(8 * 2048 * 3, 1.0f);
  const DeviceAddress x = first.upload(ones), y = second.upload(ones), z = first.upload(ones);
  std::string a, b, c;
  std::thread one([&] { work(first, x, a); }), two([&] { work(second, y, b); }), three([&] { work(first, z, c); });
  one.join(), two.join(), three.join();
  CHECK(a == b);  // y lies where x does
  CHECK(!c.empty());
  for (auto [machine, address] : {std::pair{&first, x}, {&second, y}, {&first, z}}) CHECK(machine->download<float>(address, 1)[0] == 1048576.0f);
}

TEST_CASE("a module keeps its device's memory alive, and runs on no other device") {
  std::shared_ptr<Module> module;
  DeviceAddress x;
  {
    Machine machine("machine");
    x = machine.zeros(4096);
    module = machine.module;
  }
  CHECK_FALSE(module->launch("adds", std::vector<Argument>{x, std::uint64_t{3}}, {}).fault);
  Machine other("machine");
  ConcurrentLaunch launch = launch_of(other, "adds", {x, std::uint64_t{3}}, 1, 0);
  launch.module = module.get();
  CHECK_THROWS_AS(other.device.run_concurrently({&launch, 1}), Error);
}
