// Modes, synchronisation and run-ahead change what is computed and how fast, never the answer.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

// A kernel with its arguments and outputs: every test runs it on a fresh device.
struct Run {
  LaunchResult result;
  std::vector<float> output;
};

struct Case {
  std::string source, kernel;
  std::uint32_t blocks;
  bool synchronised;  // strict sync has nothing to say
};

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i % 1000) * 0.25f;
  return values;
}

Run run(const Case& which, const LaunchOptions& options) {
  Machine machine(which.source);
  const std::size_t count = std::size_t{1} << 18;
  const DeviceAddress x = machine.upload(ramp(count)), y = machine.upload(ramp(count));
  DeviceAddress output = machine.zeros(count * 4);
  std::vector<Argument> arguments;
  if (which.kernel == "add_custom") arguments = {x, y, output, std::uint64_t{which.blocks} * 1280};
  else if (which.kernel == "doubles") arguments = {x, std::uint64_t{7}}, output = x;
  else if (which.kernel == "synchronised" || which.kernel == "misses_wait_flag") arguments = {x, output};
  else if (which.kernel == "scalar_reads_results") arguments = {output, std::uint64_t{200}};
  else if (which.kernel == "ping_pong_1_2") arguments = {output, std::uint64_t{9}};
  else if (which.kernel == "meets_mix") arguments = {y, output};
  else if (which.kernel == "marks_blocks" || which.kernel == "adds_atomically") arguments = {output};
  LaunchOptions all = options;
  all.block_dim = which.blocks;
  Run done;
  done.result = machine.launch(which.kernel, arguments, all);
  done.output = machine.download<float>(output, count);
  return done;
}

const std::vector<Case> kCases{
    {"add_queue", "add_custom", 5, true},      {"add_queue", "add_custom", 60, true},       {"machine", "doubles", 8, true},
    {"faulty", "synchronised", 1, true},       {"faulty", "misses_wait_flag", 1, false},    {"machine", "scalar_reads_results", 2, false},
    {"machine", "ping_pong_1_2", 3, true},     {"machine", "meets_mix", 24, true},          {"machine", "marks_blocks", 130, true},
    {"machine", "adds_atomically", 48, true},
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) { return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0; }

}  // namespace

TEST_CASE("two runs of a kernel are the same in everything") {
  const Case which = GENERATE(from_range(kCases));
  INFO(which.kernel << " on " << which.blocks);
  const Run a = run(which, {.trace = true}), b = run(which, {.trace = true});
  CHECK_FALSE(a.result.fault);
  CHECK(a.result.cycles > 0);
  CHECK(fingerprint(a.result) == fingerprint(b.result));
  CHECK(same_bits(a.output, b.output));
}

TEST_CASE("a run-ahead limit of 1 gives the same bits, cycles and counters") {
  const Case which = GENERATE(from_range(kCases));
  const std::uint64_t limit = GENERATE(1u, 7u);
  INFO(which.kernel << " on " << which.blocks << ", limit " << limit);
  const Run far = run(which, {.trace = true}), near = run(which, {.trace = true, .runahead_limit = limit});
  CHECK(fingerprint(far.result) == fingerprint(near.result));
  CHECK(same_bits(far.output, near.output));
}

TEST_CASE("timing_only gives the cycles of a full run, functional_only its bits") {
  const Case which = GENERATE(from_range(kCases));
  INFO(which.kernel << " on " << which.blocks);
  const Run full = run(which, {});
  const Run timing = run(which, {.mode = Mode::timing_only});
  const Run functional = run(which, {.mode = Mode::functional_only});
  CHECK_FALSE(functional.result.fault);
  CHECK(functional.result.cycles == 0);
  const auto all = full.result.pipes(), without_clock = functional.result.pipes();
  for (const auto& [name, pipe] : without_clock) {
    CHECK(pipe.total() == 0);
    CHECK(pipe.operations == all.at(name).operations);
  }
  // Without a clock, float additions of several cores to one place come in another order.
  if (which.kernel != "adds_atomically") CHECK(same_bits(full.output, functional.output));
  if (which.kernel == "scalar_reads_results") {
    CHECK(timing.result.fault.kind == FaultKind::needs_data);
  } else {
    CHECK_FALSE(timing.result.fault);
    CHECK(timing.result.cycles == full.result.cycles);
  }
}

TEST_CASE("the cycles of a synchronised kernel are equal in automatic and strict sync") {
  const Case which = GENERATE(from_range(kCases));
  INFO(which.kernel << " on " << which.blocks);
  const Run automatic = run(which, {}), strict = run(which, {.sync = Sync::strict});
  if (which.synchronised) {
    CHECK_FALSE(strict.result.fault);
    CHECK(automatic.result.hazard_waits == 0);
    CHECK(strict.result.cycles == automatic.result.cycles);
    CHECK(same_bits(strict.output, automatic.output));
  } else {
    CHECK(strict.result.fault.kind == FaultKind::hazard);
    CHECK(automatic.result.hazard_waits > 0);
  }
}

TEST_CASE("the cycles of each pipe add up to its core's, in every mode and for every wave") {
  const Case which = GENERATE(from_range(kCases));
  const Mode mode = GENERATE(Mode::full, Mode::timing_only);
  INFO(which.kernel << " on " << which.blocks << ", " << to_string(mode));
  const LaunchResult result = run(which, {.mode = mode}).result;
  CHECK(accounting_error(result) == "");
  for (const CoreCounters& core : result.cores) CHECK(core.end <= result.cycles);
}

TEST_CASE("the cycles of each pipe add up when a fault ends the run") {
  for (const char* kernel : {"deadlocks", "illegal_word", "reads_outside_ub", "overflows_counter"}) {
    Machine machine("faulty");
    const DeviceAddress x = machine.zeros(1 << 20);
    const LaunchResult result = machine.launch(kernel, {x}, {.block_dim = 3});
    INFO(kernel);
    CHECK(result.fault);
    CHECK(accounting_error(result) == "");
  }
}

TEST_CASE("the scalar unit reads in automatic sync what the vector pipe has just written") {
  const Run done = run({"machine", "scalar_reads_results", 1, false}, {});
  for (std::size_t i = 0; i < 200; ++i) REQUIRE(done.output[i] == static_cast<float>(3 * i));
}

TEST_CASE("blocks that follow each other on a core are ordered: strict sync sees no hazard between them") {
  Machine machine("machine");
  const std::size_t blocks = 2 * machine.device.aiv_count() + 5;
  const DeviceAddress x = machine.upload(ramp(blocks * 2048));
  const LaunchResult run = machine.launch("doubles_a_tile", {x}, {.block_dim = static_cast<std::uint32_t>(blocks), .sync = Sync::strict});
  CHECK(run.fault.report() == Fault{}.report());
  const auto before = ramp(blocks * 2048), after = machine.download<float>(x, blocks * 2048);
  for (std::size_t i = 0; i < after.size(); ++i) REQUIRE(after[i] == 2 * before[i]);
}

TEST_CASE("mode automatic stays with timing where nothing needs data, and reruns in full where it does") {
  Machine machine("faulty");
  const DeviceAddress x = machine.upload(std::vector<float>(64, 1.0f)), y = machine.zeros(256);
  const LaunchResult plain = machine.launch("synchronised", {x, y}, {.mode = Mode::automatic});
  CHECK_FALSE(plain.fault);
  CHECK_FALSE(plain.reran_in_full);
  CHECK(plain.cycles == machine.launch("synchronised", {x, y}).cycles);

  CHECK(machine.launch("depends_on_data", {x, y, 1000.0}, {.mode = Mode::timing_only}).fault.kind == FaultKind::needs_data);
  const LaunchResult data = machine.launch("depends_on_data", {x, y, 1000.0}, {.mode = Mode::automatic});
  CHECK_FALSE(data.fault);
  CHECK(data.reran_in_full);
  CHECK(machine.download<float>(y, 1)[0] == 4);  // 64 x 2^4 >= 1000
  CHECK(data.cycles == machine.launch("depends_on_data", {x, y, 1000.0}).cycles);
}

TEST_CASE("timing_only carries out small operations on known bytes where asked to, at the cycles of a full run") {
  Machine machine("faulty");
  const DeviceAddress x = machine.upload(std::vector<float>(64, 1.0f)), y = machine.zeros(256);
  const auto timing = [&](std::uint32_t bytes) {
    return machine.launch("depends_on_data", {x, y, 1000.0}, {.mode = Mode::timing_only, .steering_bytes = bytes});
  };
  CHECK(timing(256).fault.kind == FaultKind::needs_data);  // a copy of 256 B reads and writes 512
  const LaunchResult steered = timing(1024);
  CHECK(steered.fault.report() == Fault{}.report());
  CHECK(machine.download<float>(y, 1)[0] == 4);
  CHECK(steered.cycles == machine.launch("depends_on_data", {x, y, 1000.0}).cycles);
  // An input that an earlier timing-only launch left unknown stays so.
  machine.launch("synchronised", {y, x}, {.mode = Mode::timing_only});
  CHECK(timing(1024).fault.kind == FaultKind::needs_data);
}

TEST_CASE("the rerun of mode automatic finds the scalar stores and marks of the first run undone") {
  Machine machine("machine");
  Device& device = machine.device;
  const bool marked_before = GENERATE(false, true);
  INFO("marks of an earlier launch: " << marked_before);
  const DeviceAddress other = machine.upload(ramp(8 * 2048 * 7));
  if (marked_before) machine.launch("doubles", {other, std::uint64_t{7}}, {.block_dim = 8, .mode = Mode::timing_only});
  const DeviceAddress x = machine.upload(std::vector<float>(64, 3.0f)), counts = machine.zeros(64);
  const LaunchResult run = machine.launch("doubles_until", {x, counts, 100.0}, {.mode = Mode::automatic});
  CHECK(run.fault.report() == Fault{}.report());
  CHECK(run.reran_in_full);
  CHECK(machine.download<float>(x, 1)[0] == 192);  // 3 x 2^6
  CHECK(machine.download<std::uint32_t>(counts, 2) == std::vector<std::uint32_t>{1, 6});
  (void)device;
}

TEST_CASE("what a timing_only launch leaves unknown is unknown to the next launch until something writes it") {
  Machine machine("machine");
  const std::vector<float> ones(2048, 1.0f);
  const DeviceAddress x = machine.upload(ones), counts = machine.zeros(64);
  CHECK_FALSE(machine.launch("doubles", {x, std::uint64_t{1}}, {.mode = Mode::timing_only}).fault);
  // A transfer that reads unknown bytes in a run with data, and a scalar load.
  const LaunchResult reads = machine.launch("doubles", {x, std::uint64_t{1}});
  CHECK(reads.fault.kind == FaultKind::needs_data);
  CHECK(reads.fault.pipe == "MTE2");
  CHECK(reads.fault.source_line.starts_with("machine.cpp:"));
  // The host writes the data again: known.
  machine.device.copy_in(x, ones.data(), 2048 * 4);
  CHECK_FALSE(machine.launch("doubles", {x, std::uint64_t{1}}).fault);
  CHECK(machine.download<float>(x, 1)[0] == 2);
}

TEST_CASE("unknown bytes between the rows that a transfer reads do not matter to it") {
  // add_custom with one block reads x and y whole; here only every second 512 B line of a buffer is unknown.
  Machine machine("machine");
  const DeviceAddress x = machine.upload(ramp(4 * 2048));
  CHECK_FALSE(machine.launch("doubles", {DeviceAddress{x.value + 2048 * 4}, std::uint64_t{1}}, {.mode = Mode::timing_only}).fault);
  const LaunchResult run = machine.launch("sums_columns", {x, DeviceAddress{x.value}});
  CHECK(run.fault.report() == Fault{}.report());
}
