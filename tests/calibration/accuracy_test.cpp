// The fast subset of `vitruvian accuracy`, and the tables behind it.
#include <algorithm>
#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "src/chip/chip_spec.h"
#include "src/workload/calibration.h"

using namespace vitruvian;
using namespace vitruvian::workload;

namespace {

CalibrationTables tables() { return CalibrationTables::load(data_directory() + "/tests/calibration"); }

constexpr const char* kChip = "ascend910b1";
constexpr std::uint64_t kRowBytes = 8192 * 2;

// TB/s of passes 2 to 4 over a working set of about `megabytes`, by all vector cores.
double reread_rate(double megabytes) {
  const auto rows = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(megabytes * 1e6 / (kRowBytes * 192))) * 192;
  const auto time_us = [&](const char* rounds) {
    Device device(kChip);
    KernelRequest request;
    request.kernel = "data_copy";
    request.parameters = {{"rows", std::to_string(rows)}, {"columns", "8192"}, {"tile_m", "4"}, {"tile_n", "8192"}, {"rounds", rounds}};
    request.options.mode = Mode::timing_only;
    return run_library_kernel(device, request).run.time_us;
  };
  return 3 * static_cast<double>(rows * kRowBytes) / (time_us("4") - time_us("1")) * 1e-6;
}

}  // namespace

TEST_CASE("the calibration carries at least 80 rows that count, each with a source") {
  const auto all = tables();
  CHECK(std::count_if(all.rows.begin(), all.rows.end(), [](const Measurement& row) { return row.flag.empty(); }) >= 80);
  CHECK(std::none_of(all.rows.begin(), all.rows.end(), [](const Measurement& row) { return row.source.empty() || !(row.value > 0); }));
  // A flag takes a row out of the summary: the page must say why.
  CHECK(std::none_of(all.rows.begin(), all.rows.end(), [](const Measurement& row) { return !row.flag.empty() && row.cause.empty(); }));
  CHECK(std::none_of(all.not_carried.begin(), all.not_carried.end(), [](const NotCarried& each) { return each.why.empty(); }));
}

TEST_CASE("each assumed parameter has a plausible range, and its value lies within") {
  const auto all = tables();
  const auto spec = chip::ChipSpec::load(kChip);
  for (std::size_t i = 0; i < static_cast<std::size_t>(chip::Param::kCount); ++i) {
    const auto param = static_cast<chip::Param>(i);
    if (!spec.is_assumed(param)) continue;
    const std::string path = chip::info(param).path;
    INFO(path);
    CHECK(std::any_of(all.ranges.begin(), all.ranges.end(), [&](const SensitivityRange& range) { return range.parameter == path && range.low < range.high; }));
  }
}

TEST_CASE("the fast subset of the published measurements: mean error at most 8 %, each at most 20 % unless its cause is stated") {
  const auto all = tables();
  CalibrationOptions options;
  options.set = "fast";
  const auto calibration = run_calibration(all, options);
  for (const CalibrationResult& result : calibration.results) {
    INFO(result.run->name << ' ' << result.row->metric << ": measured " << result.row->value << ", emulated " << result.emulated);
    CHECK(result.fault.empty());
    if (result.row->flag.empty()) CHECK(std::abs(result.error) < (result.row->cause.empty() ? 0.2 : 0.4));
  }
  const auto summary = summarise(calibration.results);
  CHECK(summary.all.rows >= 20);
  CHECK(summary.all.mean_absolute <= 0.08);
}

TEST_CASE("UB bank conflicts, scenarios 1, 2, 4 and 5: within 3 %") {
  const auto all = tables();
  CalibrationOptions options;
  options.only = "bank_conflict";
  options.set = "fast";
  const auto calibration = run_calibration(all, options);
  REQUIRE(calibration.results.size() == 4);
  for (const CalibrationResult& result : calibration.results) {
    INFO(result.run->name << ": measured " << result.row->value << " us, emulated " << result.emulated);
    CHECK(std::abs(result.error) <= 0.03);
  }
}

TEST_CASE("a working set read four times shows L2's end at 192 MiB") {
  for (double megabytes : {64.0, 150.0}) {
    const double rate = reread_rate(megabytes);
    INFO(megabytes << " MB: " << rate << " TB/s");
    CHECK(rate >= 5);
    CHECK(rate <= 6);
  }
  for (double megabytes : {250.0, 400.0}) {
    const double rate = reread_rate(megabytes);
    INFO(megabytes << " MB: " << rate << " TB/s");
    CHECK(rate >= 1.45);
    CHECK(rate <= 1.57);
  }
  // 4 MB are read before the last core has begun (launch.ramp_per_core): its rate is that of few cores, and no miss.
  CHECK(reread_rate(4) > 5);
}

TEST_CASE("an override moves a kernel that its parameter bounds, and the summary counts it") {
  const auto all = tables();
  CalibrationOptions options;
  options.only = "bank_conflict_1";
  const auto before = run_calibration(all, options);
  options.overrides["costs.vadd.per_unit"] = 2;
  const auto after = run_calibration(all, options);
  REQUIRE(before.results.size() == 1);
  CHECK(after.results[0].emulated > 1.5 * before.results[0].emulated);
  CHECK(std::abs(summarise(after.results).all.worst) > 0.5);
}

TEST_CASE("the kernels of published schedules compute what they should") {
  const auto passes = [](const char* kernel, const Parameters& parameters) {
    Device device(kChip);
    KernelRequest request;
    request.kernel = kernel;
    request.parameters = parameters;
    const KernelReport report = run_library_kernel(device, request);
    INFO(kernel << ": " << (report.accuracy ? report.accuracy->max_rel_error : -1));
    CHECK(!report.run.fault);
    CHECK((report.accuracy && report.passed()));
  };
  passes("matmul_published", {{"m", "512"}, {"n", "1024"}, {"k", "640"}, {"split_m", "2"}, {"split_n", "2"}, {"step_a", "8"}, {"step_b", "4"}});
  passes("matmul_published", {{"m", "300"}, {"n", "700"}, {"k", "576"}, {"split_m", "1"}, {"split_n", "2"}, {"rounds", "2"}, {"step_a", "2"}, {"step_b", "2"}, {"unit_flag", "0"}});
  passes("vector_add_published", {{"rows", "100"}, {"columns", "4096"}, {"tile", "4096"}, {"overlap_store", "1"}});
  passes("vector_add_published", {{"rows", "97"}, {"columns", "8192"}, {"buffers", "2"}});
}
