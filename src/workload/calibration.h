// Published measurements beside the emulator's results. What runs is data:
//
//   tests/calibration/runs.csv         a run on silicon -> library kernel, its parameters, chip, L2 state, what we assume
//   tests/calibration/rows/*.csv       a published number -> its run, a metric, value, unit, flag, known cause of a miss
//   tests/calibration/not_carried.csv  the published rows that no row here carries, with the reason
//
// Several numbers of one run are several rows; the run is emulated once. No row and no kernel has a factor of its own.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "src/workload/library_kernels.h"

namespace vitruvian::workload {

struct CalibrationRun {
  std::string name, group, kernel;
  Parameters parameters;
  std::string chip, l2;        // cold, warm, or repeated: after identical launches
  bool fast = false;           // part of the subset that ctest runs
  std::string assumption;      // what the publication leaves open, and what we take
};

struct Measurement {
  std::string run, metric, unit;
  double value = 0;
  std::string flag;            // not empty: shown apart, never part of the summary
  bool used = false;           // a chip parameter's source names it, so it is no independent evidence
  std::string cause;           // of a miss, as far as known
  std::string source;
};

struct NotCarried {
  std::string file, rows, why;
  int count = 0;
};

// The plausible range of a parameter that is assumed.
struct SensitivityRange {
  std::string parameter;       // its path in the chip file
  double low = 0, high = 0;    // in the unit of the chip file
  std::string why;
};

struct CalibrationTables {
  std::vector<CalibrationRun> runs;
  std::vector<Measurement> rows;
  std::vector<NotCarried> not_carried;
  std::vector<SensitivityRange> ranges;       // sensitivity.csv

  // Errors: Error with file and line for a row that is not whole, a row without run, a run without rows, or an unknown metric.
  static CalibrationTables load(const std::string& folder);
};

struct CalibrationResult {
  const CalibrationRun* run = nullptr;
  const Measurement* row = nullptr;
  double emulated = 0;
  double error = 0;            // emulated / measured - 1
  std::string bound;
  double assumed_share = 0;
  Fault fault;
};

struct CalibrationOptions {
  std::string only;            // runs whose group or name holds this word
  bool fast = false;           // runs of the fast subset alone
  std::map<std::string, double> overrides;   // of chip parameters, for sensitivity
  // Called before each run with its name and the share of runs done.
  std::function<void(const CalibrationRun&, double)> progress;
};

struct Calibration {
  std::vector<CalibrationResult> results;
  std::vector<std::string> provenance;       // one line for each chip
  double wall_s = 0;
};

// Emulates the runs in timing_only mode: its cycles are those of a full run. A run that faults has its fault in each result.
Calibration run_calibration(const CalibrationTables& tables, const CalibrationOptions& options);

// The value of a metric for a run's report. Errors: Error for a name that is none of metrics().
double metric_value(const std::string& metric, const KernelReport& report, double clock_hz);
const std::vector<std::string>& metrics();

struct ErrorSummary {
  std::size_t rows = 0;
  double mean_absolute = 0, worst = 0;       // fractions; worst has its sign
  std::string worst_row;
};

struct CalibrationSummary {
  ErrorSummary all, independent, flagged;    // independent: rows that no parameter was taken from
  std::map<std::string, ErrorSummary> groups;
  std::map<std::string, ErrorSummary> without_group;   // the summary of all other groups
};
// What an assumed parameter moves when it goes to either end of its range.
struct Sensitivity {
  const SensitivityRange* range = nullptr;
  struct End {
    double mean_change = 0, worst_change = 0;  // of the emulated values, as fractions; worst has its sign
    std::string worst_row;
    double mean_absolute_error = 0;            // against the measured values
  } low, high;
};
// Largest movers first. `progress` of the options is called with the share of all runs of all parameters.
std::vector<Sensitivity> run_sensitivity(const CalibrationTables& tables, const CalibrationOptions& options);

CalibrationSummary summarise(const std::vector<CalibrationResult>& results);

}  // namespace vitruvian::workload
