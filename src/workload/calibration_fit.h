// Parameters refitted to the measured rows, and what that says of a group that the fit did not see.
//
//   emulate all runs -> r = ln(emulated / measured)        each fitted parameter a little higher -> s = d ln(emulated) / d ln(parameter)
//   least squares of r + s x within the ranges of fitted.csv -> x -> *run* with the parameters exp(x) times as large
//
// Leaving a group out solves without its rows and then runs that group with what the others gave. A parameter that the others do
// not tell goes to the middle of its range, not back to the chip file, whose value may have come from the group itself. One
// factor for all chips: each chip's own value times it. One Gauss-Newton step; what it promises is not reported, only what runs.
#pragma once

#include <nlohmann/json.hpp>

#include "src/report/table.h"
#include "src/workload/calibration.h"
#include "src/workload/least_squares.h"

namespace vitruvian::workload {

// The rows of the set "fit" at the chip files' parameters, and their slopes.
struct FitRows {
  std::vector<SensitivityRange> parameters;      // those of fitted.csv that act
  std::vector<double> base, steps;               // their values in the chip of the ranges; the factor that slopes are taken with
  Calibration calibration;                       // all chosen runs, unchanged
  std::vector<const CalibrationResult*> results; // those of the least squares
  LeastSquares problem;                          // one row for each of results
};

struct LeftOutGroup {
  std::string group;
  std::vector<double> factors;                   // of each parameter, from the other groups
  ErrorSummary with_chip_file, refitted;         // of the group's rows, both run
};

struct LeaveOneOut {
  FitRows rows;
  std::vector<LeftOutGroup> groups;
  ErrorSummary with_chip_file, refitted;         // over all groups' rows
  double wall_s = 0;
};

struct FitProposal {
  FitRows rows;
  std::vector<double> factors;
  ErrorSummary with_chip_file, refitted;         // of all chosen runs
  double wall_s = 0;
};

LeaveOneOut leave_one_group_out(const CalibrationTables& tables, const CalibrationOptions& options);
FitProposal fit_all(const CalibrationTables& tables, const CalibrationOptions& options);

report::Table leave_one_out_table(const LeaveOneOut& left_out);
report::Table fit_table(const FitProposal& proposal);
// {mean_absolute_error, worst_error, ..., groups: {name: {...}}}: summary.leave_one_group_out of --json.
nlohmann::ordered_json to_json(const LeaveOneOut& left_out);
nlohmann::ordered_json to_json(const FitProposal& proposal);

}  // namespace vitruvian::workload
