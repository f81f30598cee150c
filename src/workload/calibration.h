// Published measurements beside the emulator's times: the rows of docs/accuracy.md. A row is a library kernel, the chip
// that the measurement names and the state that it leaves open, said in words; no row has a factor of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/report/table.h"
#include "src/workload/library_kernels.h"

namespace vitruvian::workload {

struct CalibrationRow {
  std::string name;
  std::string chip;
  std::string kernel;
  Parameters parameters;
  L2State l2 = L2State::cold;
  bool core_time = false;      // compare the cores' own time, not the task's
  double measured_us = 0;
  std::string assumption;      // what the publication leaves open, and what we take
  std::string source;
};
const std::vector<CalibrationRow>& calibration_rows();

struct CalibrationResult {
  const CalibrationRow* row = nullptr;
  double emulated_us = 0;
  double error = 0;            // emulated / measured - 1
  std::string bound;
  double assumed_share = 0;
  Fault fault;
  std::string provenance;
};
// Runs in timing_only mode: its cycles are those of a full run.
CalibrationResult run_calibration(const CalibrationRow& row, std::function<bool(double)> progress = {});

report::Table calibration_table(const std::vector<CalibrationResult>& results);
// docs/accuracy.md as a whole.
std::string calibration_page(const std::vector<CalibrationResult>& results);

}  // namespace vitruvian::workload
