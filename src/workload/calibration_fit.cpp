#include "src/workload/calibration_fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "src/workload/calibration_jobs.h"
#include "src/workload/chip_parameter.h"

namespace vitruvian::workload {
namespace {

// Far enough that rounding to whole cycles does not show, near enough to be a slope.
constexpr double kStep = 1.06;
constexpr const char* kFitSet = "fit";

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

class Chips {
 public:
  explicit Chips(const CalibrationOptions& options) : options_(options) {}
  // The overrides of a run whose chip's own values are multiplied by these factors.
  std::map<std::string, double> overrides(const std::string& chip, const std::vector<SensitivityRange>& parameters, const std::vector<double>& factors) {
    auto all = options_.overrides;
    for (std::size_t j = 0; j < parameters.size(); ++j)
      if (factors[j] != 1)
        for (const auto& [path, value] : scaled(spec(chip), parameters[j].parameter, factors[j])) all[path] = value;
    return all;
  }
  const chip::ChipSpec& spec(const std::string& chip) {
    const auto at = specs_.find(chip);
    return at != specs_.end() ? at->second : specs_.emplace(chip, chip::ChipSpec::load(chip, options_.overrides)).first->second;
  }

 private:
  const CalibrationOptions& options_;
  std::map<std::string, chip::ChipSpec> specs_;
};

std::vector<const CalibrationRun*> members(const std::vector<const CalibrationRun*>& runs, const std::string& set) {
  std::vector<const CalibrationRun*> list;
  for (const CalibrationRun* run : runs)
    if (run->sets.contains(set)) list.push_back(run);
  return list;
}

// A whole parameter moves by one at least.
double step_of(const ChipParameter& parameter) { return parameter.whole ? std::max(kStep, (parameter.value + 1) / parameter.value) : kStep; }

void choose_parameters(const CalibrationTables& tables, Chips& chips, FitRows& rows) {
  for (const SensitivityRange& range : tables.fitted) {
    const ChipParameter parameter = get_parameter(chips.spec(kRangesChip), range.parameter);
    if (!parameter.acts) continue;
    if (parameter.value <= 0) throw Error("a fitted parameter is zero, so it has no factor", range.parameter, "more than 0", "");
    rows.parameters.push_back(range);
    rows.base.push_back(parameter.value);
    rows.steps.push_back(step_of(parameter));
    rows.problem.low.push_back(std::log(range.low / parameter.value));
    rows.problem.high.push_back(std::log(range.high / parameter.value));
  }
}

// d ln(emulated) / d ln(parameter) from one run a step higher; rounding makes the step what it became.
std::vector<double> slopes(const FitRows& rows, std::size_t parameter, Chips& chips, const std::vector<const CalibrationRun*>& runs, const CalibrationTables& tables,
                           const std::vector<Emulation>& moved) {
  std::map<const Measurement*, double> emulated;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<CalibrationResult> results;
    add_results(tables, *runs[i], moved[i], results);
    for (const CalibrationResult& result : results)
      if (result.fault.empty()) emulated[result.row] = result.emulated;
  }
  std::vector<double> list;
  for (const CalibrationResult* before : rows.results) {
    const auto after = emulated.find(before->row);
    const std::string& path = rows.parameters[parameter].parameter;
    const chip::ChipSpec& spec = chips.spec(before->run->chip);
    const double own = get_parameter(spec, path).value, step = scaled(spec, path, rows.steps[parameter]).at(path) / own;
    list.push_back(after == emulated.end() || step == 1 ? 0 : std::log(after->second / before->emulated) / std::log(step));
  }
  return list;
}

FitRows measure(const CalibrationTables& tables, const CalibrationOptions& options, Chips& chips) {
  FitRows rows;
  choose_parameters(tables, chips, rows);
  const auto chosen = chosen_runs(tables, options), fitted = members(chosen, kFitSet);
  std::vector<CalibrationJob> jobs;
  for (const CalibrationRun* run : chosen) jobs.push_back(job_of(tables, *run, options.overrides));
  for (std::size_t j = 0; j < rows.parameters.size(); ++j) {
    std::vector<double> factors(rows.parameters.size(), 1);
    factors[j] = rows.steps[j];
    for (const CalibrationRun* run : fitted) jobs.push_back(job_of(tables, *run, chips.overrides(run->chip, rows.parameters, factors)));
  }
  const auto emulations = emulate(jobs, options.workers, options.progress);
  std::set<std::string> provenance;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    add_results(tables, *chosen[i], emulations[i], rows.calibration.results);
    provenance.insert(emulations[i].provenance);
  }
  rows.calibration.provenance.assign(provenance.begin(), provenance.end());
  for (const CalibrationResult& result : rows.calibration.results)
    if (result.fault.empty() && result.row->flag.empty() && result.run->sets.contains(kFitSet)) rows.results.push_back(&result);
  for (const CalibrationResult* result : rows.results) rows.problem.residual.push_back(std::log(result->emulated / result->row->value));
  rows.problem.slope.assign(rows.results.size(), std::vector<double>(rows.parameters.size()));
  for (std::size_t j = 0; j < rows.parameters.size(); ++j) {
    const auto begin = emulations.begin() + static_cast<std::ptrdiff_t>(chosen.size() + j * fitted.size());
    const auto column = slopes(rows, j, chips, fitted, tables, {begin, begin + static_cast<std::ptrdiff_t>(fitted.size())});
    for (std::size_t i = 0; i < column.size(); ++i) rows.problem.slope[i][j] = column[i];
  }
  return rows;
}

std::vector<double> factors_without(const FitRows& rows, const std::string& group) {
  LeastSquares others = rows.problem;
  others.residual.clear();
  others.slope.clear();
  for (std::size_t i = 0; i < rows.results.size(); ++i) {
    if (rows.results[i]->run->group == group) continue;
    others.residual.push_back(rows.problem.residual[i]);
    others.slope.push_back(rows.problem.slope[i]);
  }
  auto x = solve(others);
  for (double& each : x) each = std::exp(each);
  return x;
}

std::vector<std::string> groups_of(const std::vector<CalibrationResult>& results) {
  std::set<std::string> groups;
  for (const CalibrationResult& result : results)
    if (result.row->flag.empty()) groups.insert(result.run->group);
  return {groups.begin(), groups.end()};
}

std::vector<CalibrationResult> of_group(const std::vector<CalibrationResult>& results, const std::string& group) {
  std::vector<CalibrationResult> list;
  for (const CalibrationResult& result : results)
    if (result.run->group == group) list.push_back(result);
  return list;
}

std::string percent_of(double fraction) { return fmt::format("{:.1f} %", fraction * 100); }
std::string signed_percent(double fraction) { return fmt::format("{:+.1f} %", fraction * 100); }

nlohmann::ordered_json json_of(const ErrorSummary& summary) {
  return {{"rows", summary.rows}, {"mean_absolute_error", summary.mean_absolute}, {"worst_error", std::abs(summary.worst)}, {"worst_row", summary.worst_row}};
}
nlohmann::ordered_json values_json(const FitRows& rows, const std::vector<double>& factors) {
  nlohmann::ordered_json json;
  for (std::size_t j = 0; j < factors.size(); ++j) json[rows.parameters[j].parameter] = {{"chip_file", rows.base[j]}, {"refitted", rows.base[j] * factors[j]}};
  return json;
}

// The three that moved most, in words.
std::string movers(const FitRows& rows, const std::vector<double>& factors) {
  std::vector<std::size_t> order;
  for (std::size_t j = 0; j < factors.size(); ++j) order.push_back(j);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::abs(std::log(factors[a])) > std::abs(std::log(factors[b])); });
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i)
    text += fmt::format("{}{} {:.3g} -> {:.3g}", i == 0 ? "" : "; ", rows.parameters[order[i]].parameter, rows.base[order[i]], rows.base[order[i]] * factors[order[i]]);
  return text;
}

}  // namespace

LeaveOneOut leave_one_group_out(const CalibrationTables& tables, const CalibrationOptions& options) {
  const auto begin = Clock::now();
  Chips chips(options);
  LeaveOneOut out;
  out.rows = measure(tables, options, chips);
  const auto& before = out.rows.calibration.results;
  std::vector<CalibrationJob> jobs;
  for (const std::string& group : groups_of(before)) {
    out.groups.push_back({group, factors_without(out.rows, group), {}, {}});
    for (const CalibrationRun* run : chosen_runs(tables, options))
      if (run->group == group) jobs.push_back(job_of(tables, *run, chips.overrides(run->chip, out.rows.parameters, out.groups.back().factors)));
  }
  const auto emulations = emulate(jobs, options.workers, options.progress);
  std::vector<CalibrationResult> after;
  for (std::size_t i = 0; i < jobs.size(); ++i) add_results(tables, *jobs[i].run, emulations[i], after);
  for (LeftOutGroup& group : out.groups) {
    group.with_chip_file = summarise(of_group(before, group.group)).all;
    group.refitted = summarise(of_group(after, group.group)).all;
  }
  out.with_chip_file = summarise(before).all;
  out.refitted = summarise(after).all;
  out.wall_s = seconds_since(begin);
  return out;
}

FitProposal fit_all(const CalibrationTables& tables, const CalibrationOptions& options) {
  const auto begin = Clock::now();
  Chips chips(options);
  FitProposal out;
  out.rows = measure(tables, options, chips);
  out.factors = factors_without(out.rows, {});
  std::vector<CalibrationJob> jobs;
  for (const CalibrationRun* run : chosen_runs(tables, options)) jobs.push_back(job_of(tables, *run, chips.overrides(run->chip, out.rows.parameters, out.factors)));
  const auto emulations = emulate(jobs, options.workers, options.progress);
  std::vector<CalibrationResult> after;
  for (std::size_t i = 0; i < jobs.size(); ++i) add_results(tables, *jobs[i].run, emulations[i], after);
  out.with_chip_file = summarise(out.rows.calibration.results).all;
  out.refitted = summarise(after).all;
  out.wall_s = seconds_since(begin);
  return out;
}

report::Table leave_one_out_table(const LeaveOneOut& left_out) {
  report::Table table({"<group left out", "rows", "chip file: mean |error|", "refitted without it: mean |error|", "worst", "<worst row", "<what moved most"});
  for (const LeftOutGroup& group : left_out.groups)
    table.add({group.group, std::to_string(group.refitted.rows), percent_of(group.with_chip_file.mean_absolute), percent_of(group.refitted.mean_absolute), signed_percent(group.refitted.worst),
               group.refitted.worst_row, movers(left_out.rows, group.factors)});
  table.add({"all", std::to_string(left_out.refitted.rows), percent_of(left_out.with_chip_file.mean_absolute), percent_of(left_out.refitted.mean_absolute), signed_percent(left_out.refitted.worst),
             left_out.refitted.worst_row, ""});
  return table;
}

report::Table fit_table(const FitProposal& proposal) {
  report::Table table({"<parameter", "chip file", "proposed", "low", "high", "<range"});
  for (std::size_t j = 0; j < proposal.factors.size(); ++j) {
    const SensitivityRange& range = proposal.rows.parameters[j];
    const auto figure = [](double value) { return fmt::format("{:.4g}", value); };
    table.add({range.parameter, figure(proposal.rows.base[j]), figure(proposal.rows.base[j] * proposal.factors[j]), figure(range.low), figure(range.high), range.why});
  }
  return table;
}

nlohmann::ordered_json to_json(const LeaveOneOut& left_out) {
  auto json = json_of(left_out.refitted);
  json["with_chip_file"] = json_of(left_out.with_chip_file);
  for (const LeftOutGroup& group : left_out.groups) {
    auto& out = json["groups"][group.group] = json_of(group.refitted);
    out["with_chip_file"] = json_of(group.with_chip_file);
    out["parameters"] = values_json(left_out.rows, group.factors);
  }
  json["wall_s"] = left_out.wall_s;
  return json;
}

nlohmann::ordered_json to_json(const FitProposal& proposal) {
  return {{"parameters", values_json(proposal.rows, proposal.factors)}, {"with_chip_file", json_of(proposal.with_chip_file)}, {"refitted", json_of(proposal.refitted)}, {"wall_s", proposal.wall_s}};
}

}  // namespace vitruvian::workload
