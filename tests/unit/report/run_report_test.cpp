#include "src/report/run_report.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/support/fake_result.h"

using namespace vitruvian;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the pipe table shows the stall reasons that occur and no others") {
  const std::string text = report::pipe_table(test::fake_result()).text();
  CHECK_THAT(text, ContainsSubstring("flag"));
  CHECK_THAT(text, !ContainsSubstring("unit_flag"));
  CHECK_THAT(text, ContainsSubstring("66.7 %"));  // M: 1200 of 1800
}

TEST_CASE("the summary starts with cycles, time and the limiting pipe") {
  const std::string text = report::summary(test::fake_result());
  CHECK_THAT(text, Catch::Matchers::StartsWith("gemm on ascend910c: 1 800 cycles, 1.00 us, bound by cube (full, l2 cold, sync auto)"));
}

TEST_CASE("the summary of a fault carries its report") {
  auto result = test::fake_result();
  result.fault.kind = FaultKind::deadlock;
  result.fault.core = "aic1";
  result.fault.detail = "MTE1 waits for flag MTE2->MTE1 id 0 at gemm.cpp:12";
  const std::string text = report::summary(result);
  CHECK_THAT(text, ContainsSubstring("fault deadlock on aic1"));
  CHECK_THAT(text, ContainsSubstring("gemm.cpp:12"));
}

TEST_CASE("a run without a clock says so") {
  auto result = test::fake_result();
  result.cycles = 0;
  result.mode = "functional_only";
  CHECK(report::summary(result) == "gemm on ascend910c: done, no clock (functional_only)\n");
}

TEST_CASE("the core table names each core's busiest pipe") {
  CHECK_THAT(report::core_table(test::fake_result()).text(), ContainsSubstring("aiv0") && ContainsSubstring("V"));
}
