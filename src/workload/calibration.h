// Published measurements beside the emulator's times: the rows of docs/accuracy.md. The numbers, their chips and sources are
// tests/calibration/rows/*.csv; here stands which library kernel runs for which of them. No row has a factor of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/report/table.h"
#include "src/workload/library_kernels.h"

namespace vitruvian::workload {

struct CalibrationRow {
  std::string group, metric;   // name the measured row
  std::string kernel;          // of the library, with the parameters that stand for the published one
  Parameters parameters;
  std::string assumption;      // what the publication leaves open, and what we take
};
const std::vector<CalibrationRow>& calibration_rows();

// One published number, a row of tests/calibration/rows/*.csv in the data directory.
struct Measurement {
  std::string group, metric, chip, unit, l2, flag, source;
  double value = 0;
};
// Errors: Error for a folder that is missing or a row that is not whole.
std::vector<Measurement> load_measurements(const std::string& folder);
const Measurement& get_measurement(const std::vector<Measurement>& all, const std::string& group, const std::string& metric);

struct CalibrationResult {
  const CalibrationRow* row = nullptr;
  Measurement measured;
  double emulated_us = 0;
  double error = 0;            // emulated / measured - 1
  std::string bound;
  double assumed_share = 0;
  Fault fault;
  std::string provenance;
};
// Runs in timing_only mode: its cycles are those of a full run.
CalibrationResult run_calibration(const CalibrationRow& row, const Measurement& measured, std::function<bool(double)> progress = {});

report::Table calibration_table(const std::vector<CalibrationResult>& results);
// docs/accuracy.md as a whole.
std::string calibration_page(const std::vector<CalibrationResult>& results);

}  // namespace vitruvian::workload
