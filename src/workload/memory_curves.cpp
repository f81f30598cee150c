#include "src/workload/memory_curves.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "src/workload/calibration_jobs.h"

namespace vitruvian::workload {
namespace {

std::string word_of(double value) { return fmt::format("{:.0f}", value); }

// The curve's run at x: $x in a parameter is its value.
CalibrationRun run_at(const CurveTable& curve, double x) {
  CalibrationRun run{curve.curve + " at " + word_of(x), curve.panel, curve.kernel, curve.parameters, curve.chip, curve.l2, {}, {}};
  for (auto& [name, value] : run.parameters)
    if (value == "$x") value = word_of(x);
  return run;
}

const CalibrationRun& get_run(const CalibrationTables& tables, const std::string& name) {
  const auto at = std::find_if(tables.runs.begin(), tables.runs.end(), [&](const CalibrationRun& run) { return run.name == name; });
  ensure(at != tables.runs.end(), "the loader has seen to it that a point's run exists");
  return *at;
}

// What a curve needs: its values first, then its points.
struct CurveJobs {
  const CurveTable* curve;
  std::size_t first;
};

void add_points(const CalibrationTables& tables, const CurveTable& curve, const Emulation* emulations, MemoryCurves& out) {
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    std::vector<CalibrationResult> results;
    add_results(tables, get_run(tables, curve.points[i].run), emulations[i], results);
    for (const CalibrationResult& result : results)
      if (result.row->metric == curve.metric && result.fault.empty()) out.points.push_back({&curve, curve.points[i].x, result});
  }
}

}  // namespace

MemoryCurves run_memory_curves(const CalibrationTables& tables, const CalibrationOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::deque<CalibrationRun> runs;  // jobs point into it
  std::vector<CalibrationJob> jobs;
  std::vector<CurveJobs> curves;
  for (const CurveTable& curve : tables.curves) {
    const bool chosen = (curve.panel + " " + curve.curve).find(options.only) != std::string::npos;
    curves.push_back({chosen ? &curve : nullptr, jobs.size()});
    if (!chosen) continue;
    for (double x : curve.values) jobs.push_back({&runs.emplace_back(run_at(curve, x)), options.overrides, {curve.metric}});
    for (const CurveTable::Point& point : curve.points) jobs.push_back(job_of(tables, get_run(tables, point.run), options.overrides));
  }
  const auto emulations = emulate(jobs, options.workers, options.progress);
  MemoryCurves out;
  std::set<std::string> provenance;
  for (const Emulation& emulation : emulations) provenance.insert(emulation.provenance);
  out.provenance.assign(provenance.begin(), provenance.end());
  for (const CurveJobs& each : curves) {
    out.emulated.emplace_back();
    if (each.curve == nullptr) continue;
    for (std::size_t i = 0; i < each.curve->values.size(); ++i) {
      const Emulation& emulation = emulations[each.first + i];
      if (!emulation.fault.empty()) throw Error("a curve's run faults", each.curve->curve + " at " + word_of(each.curve->values[i]), "", emulation.fault);
      out.emulated.back().push_back(emulation.values.front());
    }
    add_points(tables, *each.curve, &emulations[each.first + each.curve->values.size()], out);
  }
  // A run that is a point of two curves counts once.
  std::vector<CalibrationResult> distinct;
  for (const CurvePoint& point : out.points)
    if (std::none_of(distinct.begin(), distinct.end(), [&](const CalibrationResult& seen) { return seen.row == point.result.row; })) distinct.push_back(point.result);
  const auto summary = summarise(distinct);
  out.all = summary.all;
  out.flagged = summary.flagged;
  out.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

}  // namespace vitruvian::workload
