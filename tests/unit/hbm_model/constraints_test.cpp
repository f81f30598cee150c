// The checker rejects each constraint at n-1 and accepts it at n; the model's streams pass it.
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "hbm_model/replay.h"
#include "tests/support/dram_checker.h"

using namespace vitruvian;
using hbm_model::DramModel;
using hbm_model::DramTiming;
using test::Clock;
using test::Command;
using test::DramChecker;

namespace {

// 1 GHz: a nanosecond is a clock. Every constraint takes one clock but the one under test, which takes 20.
chip::DramSpec only(const char* name) {
  std::map<std::string, double> values;
  for (const char* t : {"tCL", "tCWL", "tRCDRD", "tRCDWR", "tRP", "tRAS", "tRC", "tRRD_S", "tRRD_L", "tFAW", "tCCD_S", "tCCD_L", "tWTR_S", "tWTR_L", "tRTW",
                        "tRTP", "tWR", "tRFC", "tRFCsb", "tRREFD"})
    values[std::string("timing.") + t] = 1;
  values["timing.tREFI"] = 1000;
  values[std::string("timing.") + name] = 20;
  return chip::DramSpec::load("hbm2_1ch", values);
}

struct Step {
  Clock clock;
  Command command;
  std::uint32_t bank;
};

struct Case {
  const char* name;
  std::vector<Step> before;  // the last of them is what the constraint counts from, where `from` says nothing else
  Command command;
  std::uint32_t bank;
  Clock from, n;             // the earliest legal time is from + n
};

// Whether the checker finds `name` broken when the last command comes at `clock`.
bool broken(const Case& c, Clock clock) {
  DramChecker checker(only(c.name));
  for (const Step& step : c.before) checker.issued({step.clock, 0, step.bank, 7, step.command});
  REQUIRE(checker.violations() == 0);
  checker.issued({clock, 0, c.bank, 7, c.command});
  INFO(checker.first());
  if (checker.violations() != 0) CHECK(checker.last_rule() == c.name);
  return checker.violations() != 0;
}

}  // namespace

TEST_CASE("the checker refuses each constraint one clock early and accepts it on time") {
  using enum Command;
  // Banks 0 .. 3 are group 0, 4 .. 7 group 1; a burst takes 2 clocks, tCL and tCWL 1.
  const std::vector<Step> two_open{{100, ACT, 0}, {150, ACT, 4}}, two_of_group{{100, ACT, 0}, {150, ACT, 1}};
  const auto with = [](std::vector<Step> steps, Step step) {
    steps.push_back(step);
    return steps;
  };
  const std::vector<Case> cases{
      {"tRCDRD", {{100, ACT, 0}}, RD, 0, 100, 20},
      {"tRCDWR", {{100, ACT, 0}}, WR, 0, 100, 20},
      {"tRAS", {{100, ACT, 0}}, PRE, 0, 100, 20},
      {"tRC", {{100, ACT, 0}, {105, PRE, 0}}, ACT, 0, 100, 20},
      {"tRC", {{100, ACT, 0}, {105, PRE, 0}}, REFSB, 0, 100, 20},
      {"tRRD_S", {{100, ACT, 0}}, ACT, 4, 100, 20},
      {"tRRD_L", {{100, ACT, 0}}, ACT, 1, 100, 20},
      {"tFAW", {{100, ACT, 0}, {101, ACT, 4}, {102, ACT, 8}, {103, ACT, 12}}, ACT, 1, 100, 20},
      {"tRP", {{50, ACT, 0}, {100, PRE, 0}}, ACT, 0, 100, 20},
      {"tRP", {{50, ACT, 0}, {100, PRE, 0}}, REF, 0, 100, 20},
      {"tRP", {{50, ACT, 0}, {100, PRE, 0}}, REFSB, 0, 100, 20},
      {"tCCD_S", with(two_open, {200, RD, 0}), RD, 4, 200, 20},
      {"tCCD_S", with(two_open, {200, WR, 0}), WR, 4, 200, 20},
      {"tCCD_L", with(two_of_group, {200, RD, 0}), RD, 1, 200, 20},
      {"tCCD_L", with(two_of_group, {200, WR, 0}), WR, 1, 200, 20},
      {"tWTR_S", with(two_open, {200, WR, 0}), RD, 4, 200, 1 + 2 + 20},
      {"tWTR_L", with(two_of_group, {200, WR, 0}), RD, 1, 200, 1 + 2 + 20},
      {"tRTW", with(two_open, {200, RD, 0}), WR, 4, 200, 1 + 2 + 20 - 1},
      {"tRTP", with(two_open, {200, RD, 0}), PRE, 0, 200, 20},
      {"tWR", with(two_open, {200, WR, 0}), PRE, 0, 200, 1 + 2 + 20},
      {"tRFC", {{100, REF, 0}}, ACT, 5, 100, 20},
      {"tRFC", {{100, REF, 0}}, REF, 0, 100, 20},
      {"tRFCsb", {{100, REFSB, 0}}, ACT, 0, 100, 20},
      {"tRFCsb", {{100, REFSB, 0}}, REFSB, 0, 100, 20},
      {"tRREFD", {{100, REFSB, 0}}, ACT, 4, 100, 20},
      {"tRREFD", {{100, REFSB, 0}}, REFSB, 4, 100, 20},
      {"tRREFD", {{100, ACT, 0}}, REFSB, 4, 100, 20},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name, hbm_model::to_string(c.command));
    CHECK(broken(c, c.from + c.n - 1));
    CHECK_FALSE(broken(c, c.from + c.n));
  }
}

TEST_CASE("the checker refuses a refresh that is more than nine intervals late") {
  for (const auto& [clock, wrong] : {std::pair<Clock, bool>{9000, false}, {9001, true}}) {
    DramChecker checker(only("tRP"));
    checker.issued({clock, 0, 0, 0, Command::REF});
    CHECK((checker.violations() != 0) == wrong);
  }
}

TEST_CASE("the checker refuses commands that the state of a bank forbids") {
  const auto violations = [](std::initializer_list<Step> steps) {
    DramChecker checker(only("tRP"));
    for (const Step& step : steps) checker.issued({step.clock, 0, step.bank, 7, step.command});
    return checker.violations();
  };
  using enum Command;
  CHECK(violations({{100, RD, 0}}) != 0);
  CHECK(violations({{100, PRE, 0}}) != 0);
  CHECK(violations({{100, ACT, 0}, {200, ACT, 0}}) != 0);
  CHECK(violations({{100, ACT, 0}, {200, REF, 0}}) != 0);
  CHECK(violations({{100, ACT, 0}, {200, REFSB, 0}}) != 0);
  CHECK(violations({{100, ACT, 0}, {100, ACT, 4}}) != 0);      // one row command a clock
  CHECK(violations({{100, ACT, 0}, {200, REFSB, 4}, {300, RD, 0}}) == 0);
}

TEST_CASE("streams and random traffic of a million requests keep every constraint") {
  constexpr std::uint64_t kRequests = 1'000'000;
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  for (const char* name : {"hbm2_1ch", "hbm2e_910", "hbm3"}) {
    for (const bool pattern : {false, true}) {
      const auto spec = chip::DramSpec::load(name);
      DramModel model(DramTiming::from(spec));
      DramChecker checker(spec);
      model.observe(&checker);
      std::mt19937_64 random(seed);
      std::vector<hbm_model::TraceRequest> trace(kRequests);
      Clock time = 0;
      std::uint64_t stream = 0;
      for (auto& request : trace) {
        // Random addresses in a quarter of the memory; or short streams with pauses, which idle queues and late refreshes come from.
        const std::uint64_t dice = random();
        if (dice % 64 == 0) stream = random();
        if (pattern && dice % 4096 == 0) time += dice >> 48;
        request.address = (pattern ? stream += 32 : dice) % (model.timing().bytes() / 4);
        request.write = dice >> 40 & 1 && dice >> 41 & 1;
        request.earliest = time;
      }
      const auto report = hbm_model::replay(model, trace, 32, 64);
      CAPTURE(name, pattern);
      INFO(checker.first());
      CHECK(checker.violations() == 0);
      CHECK(checker.commands() > kRequests);
      CHECK(report.counters.accesses == kRequests);
    }
  }
}
