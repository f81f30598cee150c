// Each faulty kernel gets its report, with the line of the kernel that broke the rule.
#include <catch2/catch_test_macros.hpp>

#include "tests/kernels/kernel_run.h"

using namespace kernel_tests;
using vitruvian::FaultKind;

TEST_CASE("a program's fault is reported with its kind and the kernel's line") {
  Bench bench(std::string(KERNEL_TESTS) + "/faulty.cpp");
  const auto x = bench.upload(std::vector<float>(65536, 1.0f), Type::f32), y = bench.output(65536, Type::f32);
  const struct {
    const char* kernel;
    FaultKind kind;
    std::vector<vitruvian::Argument> arguments;
  } cases[] = {
      {"reads_outside_ub", FaultKind::out_of_bounds, {y}},
      {"loads_outside_ub", FaultKind::out_of_bounds, {y}},
      {"misses_wait_flag", FaultKind::hazard, {x, y}},
      {"synchronised", FaultKind::none, {x, y}},
      {"deadlocks", FaultKind::deadlock, {x}},
      {"illegal_word", FaultKind::illegal_instruction, {x}},
      {"fails_assert", FaultKind::trap, {x, std::uint64_t{7}}},
      {"runs_away", FaultKind::runaway, {y}},
      {"sets_flag_twice", FaultKind::flag_misuse, {x}},
      {"misaligned_ub", FaultKind::misaligned, {x}},
      {"mmad_outside_l0a", FaultKind::out_of_bounds, {x}},
  };
  for (const auto& c : cases) {
    INFO(c.kernel);
    const auto run = bench.launch(c.kernel, c.arguments, {.sync = vitruvian::Sync::strict, .instruction_limit = 100000});
    INFO(run.fault.report());
    CHECK(run.fault.kind == c.kind);
    if (c.kind != FaultKind::none) CHECK(run.fault.source_line.find("faulty.cpp:") != std::string::npos);
  }
}

TEST_CASE("a missing wait is no fault in automatic sync") {
  Bench bench(std::string(KERNEL_TESTS) + "/faulty.cpp");
  const auto x = bench.upload(std::vector<float>(64, 1.5f), Type::f32), y = bench.output(64, Type::f32);
  const auto run = bench.launch("misses_wait_flag", {x, y}, {});
  CHECK(!run.fault);
  CHECK(run.hazard_waits > 0);
  CHECK(bench.download(y, 64, Type::f32).values == std::vector<float>(64, 3.0f));
}

TEST_CASE("control flow on computed data is needs_data in timing-only and reruns in full in automatic") {
  Bench bench(std::string(KERNEL_TESTS) + "/faulty.cpp");
  const auto x = bench.upload(std::vector<float>(64, 1.0f), Type::f32), y = bench.output(64, Type::f32);
  CHECK(bench.launch("depends_on_data", {x, y, 1000.0f}, {.mode = vitruvian::Mode::timing_only}).fault.kind == FaultKind::needs_data);
  const auto run = bench.launch("depends_on_data", {x, y, 1000.0f}, {.mode = vitruvian::Mode::automatic});
  CHECK(!run.fault);
  CHECK(run.reran_in_full);
  CHECK(bench.download(y, 1, Type::f32).values[0] == 4);  // 64 * 2^4 = 1024
}

TEST_CASE("device printf reaches the result") {
  Bench bench(std::string(KERNEL_TESTS) + "/faulty.cpp");
  const auto run = bench.launch("prints", {bench.output(1, Type::f32), std::uint64_t{7}}, {});
  REQUIRE(run.printed.size() == 1);
  CHECK(run.printed[0].find("core 0 of 1: n=7 half=3.5") != std::string::npos);
}
