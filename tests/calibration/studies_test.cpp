// What is computed from the calibration: refits, leaving a group out, sensitivity, curves; and the processes that carry them.
#include <algorithm>
#include <cmath>

#include <unistd.h>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "src/workload/calibration_fit.h"
#include "src/workload/chip_parameter.h"
#include "src/workload/memory_curves.h"
#include "src/workload/processes.h"
#include "src/workload/sensitivity.h"

using namespace vitruvian;
using namespace vitruvian::workload;
using Catch::Approx;

namespace {

CalibrationTables tables() { return CalibrationTables::load(data_directory() + "/tests/calibration"); }

// Four rows of two unknowns whose answer is (0.1, -0.2).
LeastSquares two_unknowns() {
  LeastSquares problem;
  problem.slope = {{1, 0}, {0, 1}, {1, 1}, {2, -1}};
  for (const auto& row : problem.slope) problem.residual.push_back(-(row[0] * 0.1 + row[1] * -0.2));
  problem.low = {-10, -10}, problem.high = {10, 10};
  return problem;
}

}  // namespace

TEST_CASE("least squares find what the rows say, stay within bounds, and leave an outlier alone") {
  const auto x = solve(two_unknowns());
  CHECK(x[0] == Approx(0.1).margin(1e-4));
  CHECK(x[1] == Approx(-0.2).margin(1e-4));

  auto bounded = two_unknowns();
  bounded.low[0] = -0.05, bounded.high[0] = 0.05;
  CHECK(solve(bounded)[0] == Approx(0.05));
  // With x0 at its bound the best x1 is that of the other rows.
  CHECK(solve(bounded)[1] < -0.15);

  auto outlier = two_unknowns();
  for (int i = 0; i < 4; ++i) outlier.slope.push_back({1, 0}), outlier.residual.push_back(-0.1);
  outlier.slope.push_back({1, 0}), outlier.residual.push_back(5);
  CHECK(solve(outlier)[0] == Approx(0.1).margin(0.02));
}

TEST_CASE("an unknown that no row tells goes to the middle of its bounds") {
  auto problem = two_unknowns();
  for (auto& row : problem.slope) row[1] = 0;
  for (std::size_t i = 0; i < problem.residual.size(); ++i) problem.residual[i] = -0.1 * problem.slope[i][0];
  problem.low[1] = -0.1, problem.high[1] = 0.5;
  CHECK(solve(problem)[1] == Approx(0.2));
}

TEST_CASE("pieces of work come back in order from processes of their own, and a piece that throws ends them all") {
  const auto work = [](std::size_t i) { return std::to_string(i * i) + " " + std::to_string(getpid()); };
  const auto results = in_processes(20, 3, work);
  REQUIRE(results.size() == 20);
  for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].starts_with(std::to_string(i * i) + " "));
  CHECK(results[0] != "0 " + std::to_string(getpid()));
  CHECK(in_processes(1, 1, work).front() == "0 " + std::to_string(getpid()));
  CHECK(in_processes(1, 2, [](std::size_t) { return std::string(200000, 'x'); }).front().size() == 200000);  // more than a pipe holds
  const auto fails = [](std::size_t i) -> std::string { return i == 3 ? throw Error("broken", "here", "", "") : "fine"; };
  CHECK_THROWS_AS(in_processes(8, 2, fails), Error);
  CHECK_THROWS_AS(in_processes(2, 2, [](std::size_t) -> std::string { _exit(0); }), Error);
}

TEST_CASE("several workers give the numbers that one gives") {
  const auto all = tables();
  CalibrationOptions options;
  options.only = "mskpp";
  const auto one = run_calibration(all, options);
  options.workers = 3;
  const auto three = run_calibration(all, options);
  REQUIRE(one.results.size() == three.results.size());
  for (std::size_t i = 0; i < one.results.size(); ++i) CHECK(one.results[i].emulated == three.results[i].emulated);
}

TEST_CASE("each fitted parameter exists, and the chip's value lies within its range") {
  const auto all = tables();
  const auto spec = chip::ChipSpec::load(kRangesChip);
  CHECK(all.fitted.size() >= 10);
  for (const SensitivityRange& range : all.fitted) {
    INFO(range.parameter);
    const double value = get_parameter(spec, range.parameter).value;
    CHECK(value >= range.low);
    CHECK(value <= range.high);
  }
}

TEST_CASE("a fit takes a parameter that was set wrong back towards the measured rows") {
  const auto all = tables();
  CalibrationOptions options;
  options.only = "mskpp";
  options.overrides["l2.hit_latency"] = 236;
  const auto proposal = fit_all(all, options);
  const auto& parameters = proposal.rows.parameters;
  const auto at = std::find_if(parameters.begin(), parameters.end(), [](const SensitivityRange& range) { return range.parameter == "l2.hit_latency"; });
  REQUIRE(at != parameters.end());
  CHECK(proposal.factors[static_cast<std::size_t>(at - parameters.begin())] < 0.95);
  CHECK(proposal.refitted.mean_absolute < proposal.with_chip_file.mean_absolute);
}

TEST_CASE("a group left out is run with what the others gave: alone, it gets the middle of every range") {
  const auto all = tables();
  CalibrationOptions options;
  options.only = "mskpp";
  const auto left_out = leave_one_group_out(all, options);
  REQUIRE(left_out.groups.size() == 1);
  const auto& rows = left_out.rows;
  for (std::size_t j = 0; j < rows.parameters.size(); ++j) {
    INFO(rows.parameters[j].parameter);
    CHECK(rows.base[j] * left_out.groups[0].factors[j] == Approx(std::sqrt(rows.parameters[j].low * rows.parameters[j].high)));
  }
  CHECK(left_out.groups[0].refitted.rows == left_out.groups[0].with_chip_file.rows);
  CHECK(left_out.groups[0].refitted.mean_absolute != left_out.groups[0].with_chip_file.mean_absolute);
}

TEST_CASE("the error bar is the root of the sum of squares, and only assumed parameters make it") {
  const auto all = tables();
  CalibrationOptions options;
  options.only = "fabric_read_near_512";
  const auto study = run_sensitivity(all, options);
  REQUIRE(study.results.size() == 1);
  double squares = 0;
  for (const Sensitivity& each : study.parameters) {
    squares += std::pow(std::max(std::abs(each.low[0]), std::abs(each.high[0])), 2);
    // Assumed for the 910B alone: a run of the 910C must not move.
    if (each.range.parameter == "fabric.far_read_latency") CHECK(each.larger(0) == 0);
    CHECK(each.range.parameter != "fabric.read_latency");  // published everywhere
    CHECK(each.faults.empty());
  }
  CHECK(study.error_bar[0] == Approx(std::sqrt(squares)));
  CHECK(study.parameters.size() >= 30);

  // Every assumed parameter of the DRAM is there where the DRAM model runs.
  options.only = "gm_ub_8192";
  options.overrides["hbm.banked"] = 1;
  const auto banked = run_sensitivity(all, options);
  const auto has = [&](const char* path) { return std::any_of(banked.parameters.begin(), banked.parameters.end(), [&](const Sensitivity& each) { return each.range.parameter == path; }); };
  CHECK(has("hbm.dram.timing.tRFC"));
  CHECK_FALSE(has("hbm.turnaround"));
}

TEST_CASE("curves pass near their published points: alignment, and one copy of one core, mean error at most 8 %") {
  const auto all = tables();
  CalibrationOptions options;
  for (const char* panel : {"Alignment", "One copy"}) {
    options.only = panel;
    const auto curves = run_memory_curves(all, options);
    INFO(panel << ": worst " << curves.all.worst_row << " " << curves.all.worst);
    CHECK(curves.all.rows >= 4);
    CHECK(curves.all.mean_absolute <= 0.08);
    for (const CurvePoint& point : curves.points) {
      const auto& values = point.curve->values;
      const auto step = static_cast<std::size_t>(std::find(values.begin(), values.end(), point.x) - values.begin());
      const auto curve = static_cast<std::size_t>(point.curve - all.curves.data());
      INFO(point.curve->curve << " at " << point.x);
      REQUIRE(step < values.size());
      CHECK(curves.emulated[curve][step] == Approx(point.result.emulated).epsilon(0.02));
    }
    CHECK(curves_plot(all, curves).find("<circle") != std::string::npos);
  }
}
