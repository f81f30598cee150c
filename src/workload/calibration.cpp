#include "src/workload/calibration.h"

#include <chrono>
#include <cmath>
#include <set>

#include "src/workload/calibration_jobs.h"

namespace vitruvian::workload {
namespace {

void add(ErrorSummary& summary, const CalibrationResult& result) {
  ++summary.rows;
  summary.mean_absolute += std::abs(result.error);  // a sum until finish()
  if (std::abs(result.error) <= std::abs(summary.worst)) return;
  summary.worst = result.error;
  summary.worst_row = result.run->name + " " + result.row->metric;
}

void finish(ErrorSummary& summary) {
  if (summary.rows) summary.mean_absolute /= static_cast<double>(summary.rows);
}

}  // namespace

std::vector<const CalibrationRun*> chosen_runs(const CalibrationTables& tables, const CalibrationOptions& options) {
  std::vector<const CalibrationRun*> chosen;
  for (const CalibrationRun& run : tables.runs)
    if ((options.set.empty() || run.sets.contains(options.set)) && (run.group + " " + run.name).find(options.only) != std::string::npos) chosen.push_back(&run);
  return chosen;
}

Calibration run_calibration(const CalibrationTables& tables, const CalibrationOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const auto chosen = chosen_runs(tables, options);
  std::vector<CalibrationJob> jobs;
  for (const CalibrationRun* run : chosen) jobs.push_back(job_of(tables, *run, options.overrides));
  const auto emulations = emulate(jobs, options.workers, options.progress);
  Calibration calibration;
  std::set<std::string> provenance;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    add_results(tables, *chosen[i], emulations[i], calibration.results);
    provenance.insert(emulations[i].provenance);
  }
  calibration.provenance.assign(provenance.begin(), provenance.end());
  calibration.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return calibration;
}

CalibrationSummary summarise(const std::vector<CalibrationResult>& results) {
  CalibrationSummary summary;
  for (const CalibrationResult& result : results) {
    if (!result.fault.empty()) continue;
    if (!result.row->flag.empty()) {
      add(summary.flagged, result);
      continue;
    }
    add(summary.all, result);
    if (!result.row->used) add(summary.independent, result);
    add(summary.groups[result.run->group], result);
  }
  for (ErrorSummary* each : {&summary.all, &summary.independent, &summary.flagged}) finish(*each);
  for (auto& [group, each] : summary.groups) finish(each);
  return summary;
}

}  // namespace vitruvian::workload
