// The memory system as curves, with the published points on them: copies over size, alignment and number of cores.
//
//   tests/calibration/curves.csv   a curve: library kernel, its parameters with $x in them, the values of x, a metric; and the runs of
//                                  runs.csv that are points on it, each at its x
#pragma once

#include <nlohmann/json.hpp>

#include "src/report/table.h"
#include "src/workload/calibration.h"

namespace vitruvian::workload {

struct CurvePoint {
  const CurveTable* curve = nullptr;
  double x = 0;
  CalibrationResult result;                    // of the run itself, not read off the curve
};

struct MemoryCurves {
  std::vector<std::vector<double>> emulated;   // of each curve at its values; none where it faulted
  std::vector<CurvePoint> points;
  ErrorSummary all, flagged;                   // of the points
  std::vector<std::string> provenance;
  double wall_s = 0;
};

// options.only: curves whose panel or name holds this word.
MemoryCurves run_memory_curves(const CalibrationTables& tables, const CalibrationOptions& options);

report::Table curve_points_table(const MemoryCurves& curves);
nlohmann::ordered_json to_json(const CalibrationTables& tables, const MemoryCurves& curves);
// One panel for each panel of the table. An SVG document.
std::string curves_plot(const CalibrationTables& tables, const MemoryCurves& curves);
// docs/memory_curves.md as a whole.
std::string curves_page(const CalibrationTables& tables, const MemoryCurves& curves, const std::string& plot);

}  // namespace vitruvian::workload
