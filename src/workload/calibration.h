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
#include <set>
#include <string>
#include <vector>

#include "src/workload/library_kernels.h"

namespace vitruvian::workload {

struct CalibrationRun {
  std::string name, group, kernel;
  Parameters parameters;
  std::string chip, l2;        // cold, warm, or repeated: after identical launches
  std::set<std::string> sets;  // fast: ctest runs it; fit: its rows enter a fit; sensitivity: --sensitivity runs it
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

// Ranges are written in the values of this chip; another chip's range has the same ratio to its own value.
inline constexpr const char* kRangesChip = "ascend910b1";

// The plausible range of a parameter.
struct SensitivityRange {
  std::string parameter;       // its path in the chip file
  double low = 0, high = 0;    // in the unit of the chip file
  std::string why;
};

// A line of curves.csv: emulated over x, with the published runs that lie on it.
struct CurveTable {
  struct Point {
    std::string run;
    double x = 0;
  };
  std::string panel, curve, x_label, y_label, kernel, chip, l2, metric;
  Parameters parameters;       // "$x" stands for x
  double scale = 1;            // x as it is shown
  std::vector<double> values;
  std::vector<Point> points;
};

struct CalibrationTables {
  std::vector<CalibrationRun> runs;
  std::vector<Measurement> rows;
  std::vector<NotCarried> not_carried;
  std::vector<SensitivityRange> ranges;       // sensitivity.csv: of assumed parameters
  std::vector<SensitivityRange> fitted;       // fitted.csv: of parameters that measured rows may set

  std::vector<CurveTable> curves;

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
  std::string fault;           // its report, where the kernel faulted
};

struct CalibrationOptions {
  std::string only;            // runs whose group or name holds this word
  std::string set;             // runs of this set alone; empty: all
  std::map<std::string, double> overrides;   // of chip parameters
  unsigned workers = 1;        // processes at once
  std::function<void(double share)> progress;
};

struct Calibration {
  std::vector<CalibrationResult> results;
  std::vector<std::string> provenance;       // one line for each chip
  double wall_s = 0;
};

std::vector<const CalibrationRun*> chosen_runs(const CalibrationTables& tables, const CalibrationOptions& options);
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
};
CalibrationSummary summarise(const std::vector<CalibrationResult>& results);

}  // namespace vitruvian::workload
