#include "src/workload/calibration.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

namespace vitruvian::workload {
namespace {

// The cores' own time stands in for the task's where the profiler's launch overhead is in doubt.
constexpr const char* kCoreTime = "aicore_time";
constexpr const char* kTaskTime = "task_time";
constexpr const char* kRepeated = "repeated";
constexpr int kLaunchesBefore = 3;

CalibrationRow pto_gemm(const char* side) {
  return {fmt::format("pto_gemm_{}", side), kTaskTime, "pto_gemm", {{"m", side}, {"n", side}, {"k", side}},
          "the published tiles and grid; what the text leaves open is ours"};
}

CalibrationRow vector_add(int number, const char* cores, const char* tile, const char* buffers) {
  return {fmt::format("asc_vector_add_case{}", number), kTaskTime, "vector_add",
          {{"n", "67108864"}, {"dtype", "fp16"}, {"tile", tile}, {"buffers", buffers}, {"cores", cores}},
          "dataCopyLen read as elements: the published vector times are then 22 cycles an instruction and 2 a repeat in cases 2 and 3"};
}

// Unequal numbers of decimals would read as unequal trust: four significant digits for all.
std::string microseconds(double value) { return fmt::format("{:.{}f}", value, value < 100 ? 2 : value < 1000 ? 1 : 0); }

}  // namespace

const std::vector<CalibrationRow>& calibration_rows() {
  static const std::vector<CalibrationRow> rows{
      pto_gemm("1536"),
      pto_gemm("6144"),
      {"asc_matmul_8192_case8_unitflag", kCoreTime, "gemm", {{"m", "8192"}, {"n", "8192"}, {"k", "8192"}, {"dtype", "fp16"}, {"out", "same"}},
       "fp16 out; our library's schedule, not the published one"},
      vector_add(1, "1", "4096", "1"),
      vector_add(2, "48", "4096", "1"),
      vector_add(3, "48", "16384", "1"),
      vector_add(4, "48", "16384", "2"),
  };
  return rows;
}

std::vector<Measurement> load_measurements(const std::string& folder) {
  constexpr std::size_t kFields = 11;  // group,kernel,chip,shape,dtype,metric,measured,unit,l2_state,flag,source
  namespace fs = std::filesystem;
  if (!fs::is_directory(folder)) throw Error("the measured rows are missing", folder, "a checkout of Vitruvian, or VITRUVIAN_HOME set to one", "");
  std::vector<Measurement> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);  // the headings
    for (std::size_t number = 2; std::getline(file, line); ++number) {
      std::vector<std::string> fields;
      std::istringstream text(line);
      for (std::string field; fields.size() + 1 < kFields && std::getline(text, field, ',');) fields.push_back(field);
      std::string source;  // the last field may hold commas
      std::getline(text, source);
      if (fields.size() + 1 != kFields) throw Error("a measured row is not whole", fmt::format("{}:{}", entry.path().string(), number), "11 fields", line);
      all.push_back({fields[0], fields[5], fields[2], fields[7], fields[8], fields[9], source, std::stod(fields[6])});
    }
  }
  return all;
}

const Measurement& get_measurement(const std::vector<Measurement>& all, const std::string& group, const std::string& metric) {
  // The first of its name: a later one is a repetition that carries a flag.
  const auto found = std::find_if(all.begin(), all.end(), [&](const Measurement& m) { return m.group == group && m.metric == metric; });
  if (found == all.end()) throw Error("no such measured row", "tests/calibration/rows", "a row of the CSV files", group + " " + metric);
  return *found;
}

CalibrationResult run_calibration(const CalibrationRow& row, const Measurement& measured, std::function<bool(double)> progress) {
  Device device(measured.chip);
  KernelRequest request;
  request.kernel = row.kernel;
  request.parameters = row.parameters;
  request.options.mode = Mode::timing_only;
  request.options.progress = std::move(progress);
  // "repeated": profiled runs follow each other, so L2 holds what identical launches left, dirty lines included; the state
  // settles within a few.
  const bool repeated = measured.l2 == kRepeated;
  for (int i = 0; repeated && i < kLaunchesBefore; ++i) {
    request.options.l2 = i == 0 ? L2State::cold : L2State::carried;
    run_library_kernel(device, request);
  }
  request.options.l2 = repeated ? L2State::carried : l2_state_from(measured.l2);
  const KernelReport report = run_library_kernel(device, request);
  CalibrationResult result;
  result.row = &row;
  result.measured = measured;
  result.emulated_us = row.metric == kCoreTime ? report.run.core_time_us : report.run.time_us;
  result.error = result.emulated_us / measured.value - 1;
  result.bound = report.run.bound;
  result.assumed_share = report.run.assumed_share;
  result.fault = report.run.fault;
  result.provenance = device.provenance();
  return result;
}

report::Table calibration_table(const std::vector<CalibrationResult>& results) {
  report::Table table({"<row", "<metric", "<chip", "measured us", "emulated us", "error", "<bound", "assumed", "<L2"});
  for (const CalibrationResult& result : results) {
    const Measurement& measured = result.measured;
    if (result.fault) {
      table.add({measured.group, measured.metric, measured.chip, microseconds(measured.value), "-", "-", to_string(result.fault.kind), "-", measured.l2});
      continue;
    }
    table.add({measured.group, measured.metric, measured.chip, microseconds(measured.value), microseconds(result.emulated_us), fmt::format("{:+.1f} %", result.error * 100),
               result.bound, report::percent(result.assumed_share), measured.l2});
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
  for (const CalibrationResult& result : results) page += fmt::format("- **{}**: {}. Source: {}\n", result.row->group, result.row->assumption, result.measured.source);
  std::set<std::string> provenances;
  for (const CalibrationResult& result : results) provenances.insert(result.provenance);
  page += "\n## Made with\n\n";
  for (const std::string& provenance : provenances) page += "- " + provenance + "\n";
  return page;
}

}  // namespace vitruvian::workload
