#include "src/workload/calibration.h"

#include <cmath>
#include <set>

#include <fmt/format.h>

namespace vitruvian::workload {
namespace {

constexpr const char* kPto = "github hw-native-sys/pto-isa, kernels/manual/a2a3/gemm_performance/README.md @3186c381";
constexpr const char* kMatmul =
    "github mirror-cann/asc-devkit, examples/01_simd_cpp_api/05_best_practices/01_matrix_compute/matmul_high_performance/README_en.md @82b89a15";
constexpr const char* kAdd =
    "github mirror-cann/asc-devkit, examples/01_simd_cpp_api/05_best_practices/00_vector_compute/add_high_performance/README_en.md @82b89a15";

CalibrationRow pto_gemm(const char* side, double measured_us) {
  return {fmt::format("GEMM {}^3 fp16, fp32 out (PTO)", side), "ascend910c", "gemm",
          {{"m", side}, {"n", side}, {"k", side}, {"dtype", "fp16"}, {"out", "fp32"}}, L2State::warm, false, measured_us,
          "repeated launches: operands in L2 as far as they fit; our schedule, not PTO's", kPto};
}

CalibrationRow vector_add(int number, const char* cores, const char* tile, const char* buffers, double measured_us, const char* note = "") {
  return {fmt::format("vector add 8192x8192 fp16, case {}", number), "ascend910b1", "vector_add",
          {{"n", "67108864"}, {"dtype", "fp16"}, {"tile", tile}, {"buffers", buffers}, {"cores", cores}}, L2State::cold, false, measured_us,
          std::string("cold L2 (403 MB pass through 192 MiB)") + note, kAdd};
}

// Unequal numbers of decimals would read as unequal trust: four significant digits for all.
std::string microseconds(double value) { return fmt::format("{:.{}f}", value, value < 100 ? 2 : value < 1000 ? 1 : 0); }

}  // namespace

const std::vector<CalibrationRow>& calibration_rows() {
  static const std::vector<CalibrationRow> rows{
      pto_gemm("1536", 38.8),
      pto_gemm("6144", 1506),
      {"matmul 8192^3 fp16 (asc-devkit case 8), core time", "ascend910b1", "gemm",
       {{"m", "8192"}, {"n", "8192"}, {"k", "8192"}, {"dtype", "fp16"}, {"out", "same"}}, L2State::warm, true, 3559.06,
       "the row's aicore time (its task duration differs by up to 550 us); fp16 out; our schedule, not the library's", kMatmul},
      vector_add(1, "1", "4096", "1", 6909.6, "; published twice, 8924 us is probably a 1.5 GHz part"),
      vector_add(2, "48", "4096", "1", 306.58),
      vector_add(3, "48", "16384", "1", 268.5),
      vector_add(4, "48", "16384", "2", 264.02),
  };
  return rows;
}

CalibrationResult run_calibration(const CalibrationRow& row, std::function<bool(double)> progress) {
  Device device(row.chip);
  KernelRequest request;
  request.kernel = row.kernel;
  request.parameters = row.parameters;
  request.options.mode = Mode::timing_only;
  request.options.l2 = row.l2;
  request.options.progress = std::move(progress);
  const KernelReport report = run_library_kernel(device, request);
  CalibrationResult result;
  result.row = &row;
  result.emulated_us = row.core_time ? report.run.core_time_us : report.run.time_us;
  result.error = result.emulated_us / row.measured_us - 1;
  result.bound = report.run.bound;
  result.assumed_share = report.run.assumed_share;
  result.fault = report.run.fault;
  result.provenance = device.provenance();
  return result;
}

report::Table calibration_table(const std::vector<CalibrationResult>& results) {
  report::Table table({"<kernel", "<chip", "measured us", "emulated us", "error", "<bound", "assumed", "<L2"});
  for (const CalibrationResult& result : results) {
    const CalibrationRow& row = *result.row;
    if (result.fault) {
      table.add({row.name, row.chip, microseconds(row.measured_us), "-", "-", to_string(result.fault.kind), "-", to_string(row.l2)});
      continue;
    }
    table.add({row.name, row.chip, microseconds(row.measured_us), microseconds(result.emulated_us), fmt::format("{:+.1f} %", result.error * 100),
               result.bound, report::percent(result.assumed_share), to_string(row.l2)});
  }
  return table;
}

std::string calibration_page(const std::vector<CalibrationResult>& results) {
  std::string page =
      "# Accuracy: emulated times beside published measurements\n\n"
      "Written by `vitruvian accuracy --write`; do not edit. Error = emulated / measured - 1. No row has a factor of its own: every\n"
      "number comes from the chip file and the model. `assumed` is the share of busy cycles whose cost read an assumed value.\n\n";
  page += calibration_table(results).markdown();
  page += "\n## What each row takes as given\n\n";
  for (const CalibrationResult& result : results) page += fmt::format("- **{}**: {}. Source: {}\n", result.row->name, result.row->assumption, result.row->source);
  std::set<std::string> provenances;
  for (const CalibrationResult& result : results) provenances.insert(result.provenance);
  page += "\n## Made with\n\n";
  for (const std::string& provenance : provenances) page += "- " + provenance + "\n";
  return page;
}

}  // namespace vitruvian::workload
