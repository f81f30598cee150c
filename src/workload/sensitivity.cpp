// Perturbs each assumed parameter over its plausible range: the honest error bar of the calibration.
#include <algorithm>
#include <cmath>

#include "src/workload/calibration.h"

namespace vitruvian::workload {
namespace {

Sensitivity::End compare(const Calibration& base, const Calibration& moved) {
  Sensitivity::End end;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < base.results.size(); ++i) {
    const CalibrationResult &before = base.results[i], &after = moved.results[i];
    if (before.fault || after.fault || !before.row->flag.empty() || before.emulated == 0) continue;
    const double change = after.emulated / before.emulated - 1;
    ++rows;
    end.mean_change += std::abs(change);
    end.mean_absolute_error += std::abs(after.error);
    if (std::abs(change) <= std::abs(end.worst_change)) continue;
    end.worst_change = change;
    end.worst_row = after.run->name + " " + after.row->metric;
  }
  if (rows == 0) return end;
  end.mean_change /= static_cast<double>(rows);
  end.mean_absolute_error /= static_cast<double>(rows);
  return end;
}

}  // namespace

std::vector<Sensitivity> run_sensitivity(const CalibrationTables& tables, const CalibrationOptions& options) {
  const double passes = 1 + 2 * static_cast<double>(tables.ranges.size());
  double done = 0;
  const auto run_at = [&](const std::string& parameter, double value) {
    CalibrationOptions at = options;
    if (!parameter.empty()) at.overrides[parameter] = value;
    if (options.progress) at.progress = [&](const CalibrationRun& run, double share) { options.progress(run, (done + share) / passes); };
    const Calibration calibration = run_calibration(tables, at);
    ++done;
    return calibration;
  };
  const Calibration base = run_at("", 0);
  std::vector<Sensitivity> all;
  for (const SensitivityRange& range : tables.ranges)
    all.push_back({&range, compare(base, run_at(range.parameter, range.low)), compare(base, run_at(range.parameter, range.high))});
  const auto move = [](const Sensitivity& each) { return std::max(each.low.mean_change, each.high.mean_change); };
  std::stable_sort(all.begin(), all.end(), [&](const Sensitivity& a, const Sensitivity& b) { return move(a) > move(b); });
  return all;
}

}  // namespace vitruvian::workload
