// How a calibration reads: as a table, as JSON, as docs/accuracy.md with its plot.
#pragma once

#include <nlohmann/json.hpp>

#include "src/report/table.h"
#include "src/workload/calibration.h"
#include "src/workload/calibration_fit.h"

namespace vitruvian::workload {

report::Table calibration_table(const Calibration& calibration);
// By group, then overall, rows without parameters taken from them, and flagged ones.
report::Table summary_table(const CalibrationSummary& summary);
nlohmann::ordered_json to_json(const Calibration& calibration, const CalibrationSummary& summary);
// Emulated against measured, both logarithmic and in units of their own row; a band of 10 %. An SVG document.
std::string scatter_plot(const std::vector<CalibrationResult>& results);
// docs/accuracy.md as a whole; `plot` is the file that the page shows, `left_out` null where no group was left out.
std::string calibration_page(const CalibrationTables& tables, const Calibration& calibration, const CalibrationSummary& summary, const std::string& plot, const LeaveOneOut* left_out);

}  // namespace vitruvian::workload
