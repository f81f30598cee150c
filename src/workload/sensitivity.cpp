#include "src/workload/sensitivity.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "src/workload/calibration_jobs.h"
#include "src/workload/chip_parameter.h"

namespace vitruvian::workload {
namespace {

constexpr const char* kSet = "sensitivity";
constexpr double kCountFactor = 2, kFactor = 1.5;

// The range of a parameter of the chip that ranges are written for, or the usual one around its value in this chip.
SensitivityRange range_of(const CalibrationTables& tables, const ChipParameter& parameter) {
  for (const SensitivityRange& range : tables.ranges)
    if (range.parameter == parameter.path) return range;
  const double factor = parameter.whole ? kCountFactor : kFactor;
  return {parameter.path, parameter.value / factor, parameter.value * factor, parameter.whole ? "no source: half to twice" : "no source: two thirds to three halves"};
}

class Study {
 public:
  Study(const CalibrationTables& tables, const CalibrationOptions& options) : tables_(tables), options_(options) {
    if (options_.set.empty() && options_.only.empty()) options_.set = kSet;
    runs_ = chosen_runs(tables, options_);
    for (const CalibrationRun* run : runs_) specs_.try_emplace(run->chip, chip::ChipSpec::load(run->chip, options_.overrides));
    specs_.try_emplace(kRangesChip, chip::ChipSpec::load(kRangesChip, options_.overrides));
    std::set<std::string> seen;
    for (const auto& [name, spec] : specs_)
      for (const ChipParameter& parameter : parameters_of_trust(spec, chip::Trust::assumed))
        if (!options_.overrides.contains(parameter.path) && seen.insert(parameter.path).second) ranges_.push_back(range_of(tables, parameter));
  }

  SensitivityStudy run() {
    std::vector<CalibrationJob> jobs;
    for (const CalibrationRun* run : runs_) jobs.push_back(job_of(tables_, *run, options_.overrides));
    for (const SensitivityRange& range : ranges_)
      for (double end : {range.low, range.high})
        for (const CalibrationRun* run : runs_) jobs.push_back(job_of(tables_, *run, overrides(*run, range, end)));
    const auto emulations = emulate(jobs, options_.workers, options_.progress);
    SensitivityStudy study;
    study.results = results(emulations, 0);
    for (std::size_t j = 0; j < ranges_.size(); ++j) study.parameters.push_back(compare(study.results, ranges_[j], results(emulations, 2 * j + 1), results(emulations, 2 * j + 2)));
    std::set<std::string> provenance;
    for (std::size_t i = 0; i < runs_.size(); ++i) provenance.insert(emulations[i].provenance);
    study.provenance.assign(provenance.begin(), provenance.end());
    return study;
  }

 private:
  // The range's end for this run's chip, where the parameter is assumed there.
  std::map<std::string, double> overrides(const CalibrationRun& run, const SensitivityRange& range, double end) const {
    auto all = options_.overrides;
    const ChipParameter own = get_parameter(specs_.at(run.chip), range.parameter), reference = get_parameter(specs_.at(kRangesChip), range.parameter);
    if (own.trust != chip::Trust::assumed || !own.acts) return all;
    const double value = own.value == reference.value || reference.value == 0 ? end : own.value * end / reference.value;
    all[range.parameter] = own.whole ? std::round(value) : value;
    return all;
  }

  std::vector<CalibrationResult> results(const std::vector<Emulation>& emulations, std::size_t pass) const {
    std::vector<CalibrationResult> list;
    for (std::size_t i = 0; i < runs_.size(); ++i) add_results(tables_, *runs_[i], emulations[pass * runs_.size() + i], list);
    return list;
  }

  static Sensitivity compare(const std::vector<CalibrationResult>& base, const SensitivityRange& range, const std::vector<CalibrationResult>& low, const std::vector<CalibrationResult>& high) {
    Sensitivity out;
    out.range = range;
    for (std::size_t i = 0; i < base.size(); ++i) {
      const auto change = [&](const CalibrationResult& moved) {
        if (base[i].emulated == 0) return 0.0;
        if (moved.fault.empty()) return moved.emulated / base[i].emulated - 1;
        out.faults.push_back(moved.run->name + ": " + moved.fault);
        return 0.0;
      };
      out.low.push_back(change(low[i]));
      out.high.push_back(change(high[i]));
      if (std::abs(out.larger(i)) > std::abs(out.larger(out.worst))) out.worst = i;
      out.mean += std::abs(out.larger(i)) / static_cast<double>(base.size());
    }
    return out;
  }

  const CalibrationTables& tables_;
  CalibrationOptions options_;
  std::vector<const CalibrationRun*> runs_;
  std::map<std::string, chip::ChipSpec> specs_;
  std::vector<SensitivityRange> ranges_;
};

void add_error_bars(SensitivityStudy& study) {
  std::map<std::string, std::size_t> rows;
  for (std::size_t i = 0; i < study.results.size(); ++i) {
    double squares = 0;
    for (const Sensitivity& parameter : study.parameters) squares += parameter.larger(i) * parameter.larger(i);
    study.error_bar.push_back(std::sqrt(squares));
    study.groups[study.results[i].run->group] += study.error_bar.back();
    ++rows[study.results[i].run->group];
    study.worst = std::max(study.worst, study.error_bar.back());
  }
  for (auto& [group, sum] : study.groups) {
    sum /= static_cast<double>(rows[group]);
    study.all += sum / static_cast<double>(study.groups.size());
  }
}

}  // namespace

double Sensitivity::larger(std::size_t row) const { return std::abs(low[row]) > std::abs(high[row]) ? low[row] : high[row]; }

SensitivityStudy run_sensitivity(const CalibrationTables& tables, const CalibrationOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  SensitivityStudy study = Study(tables, options).run();
  std::stable_sort(study.parameters.begin(), study.parameters.end(), [](const Sensitivity& a, const Sensitivity& b) { return a.mean > b.mean; });
  add_error_bars(study);
  study.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return study;
}

}  // namespace vitruvian::workload
