// What rests on assumptions: each assumed parameter at both ends of its plausible range, and what that moves.
//
//   every parameter whose trust in the chip file is `assumed` -> its range -> the runs of the set "sensitivity" at both ends
//   error bar of a row = root of the sum over parameters of (larger |change|)^2
//
// A parameter is moved for the chips in whose file it is assumed, and not for others. Without a line in sensitivity.csv its range
// is half to twice a count, two thirds to three halves of anything else. The bar treats the parameters as independent, and
// each as somewhere within its range; it says nothing of mechanisms that the model lacks.
#pragma once

#include <nlohmann/json.hpp>

#include "src/report/table.h"
#include "src/workload/calibration.h"

namespace vitruvian::workload {

// One parameter; the changes are in the order of SensitivityStudy::results.
struct Sensitivity {
  SensitivityRange range;
  std::vector<double> low, high;           // emulated there / emulated at the chip file's value - 1; 0 where it is not assumed
  std::vector<std::string> faults;         // of runs that an end of the range breaks
  double mean = 0;                         // over the rows, of the larger |change|
  std::size_t worst = 0;                   // index of the row that moves most
  double larger(std::size_t row) const;    // its signed change at the end that moves it more
};

struct SensitivityStudy {
  std::vector<CalibrationResult> results;  // with the chip files' parameters; flagged rows too
  std::vector<Sensitivity> parameters;     // largest movers first
  std::vector<double> error_bar;           // of each result, a fraction
  std::map<std::string, double> groups;    // mean over the rows of a group
  double all = 0, worst = 0;               // mean over groups, and the widest row
  std::vector<std::string> provenance;
  double wall_s = 0;
};

// Runs the set "sensitivity", or what options.set and options.only choose.
SensitivityStudy run_sensitivity(const CalibrationTables& tables, const CalibrationOptions& options);

// Every parameter with what it moves; every run with its error bar and the three that make most of it.
report::Table sensitivity_table(const SensitivityStudy& study);
report::Table error_bar_table(const SensitivityStudy& study);
nlohmann::ordered_json to_json(const SensitivityStudy& study);
// docs/sensitivity.md as a whole.
std::string sensitivity_page(const SensitivityStudy& study);

}  // namespace vitruvian::workload
