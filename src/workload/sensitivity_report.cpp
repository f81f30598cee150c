// How a sensitivity study reads: tables, JSON, docs/sensitivity.md.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "src/workload/sensitivity.h"

namespace vitruvian::workload {
namespace {

// Smaller movements count in the bar, and need no words.
constexpr double kWorthSaying = 0.001;
constexpr std::size_t kNamed = 3;

std::string figure(double value) { return fmt::format("{:.4g}", value); }
std::string signed_percent(double fraction) { return fmt::format("{:+.1f} %", fraction * 100); }
std::string plain_percent(double fraction) { return fmt::format("{:.1f} %", fraction * 100); }
std::string row_name(const CalibrationResult& result) { return result.run->name + " " + result.row->metric; }

// "l2.miss_latency +3.1 %, ...": what makes most of a row's bar.
std::string makers(const SensitivityStudy& study, std::size_t row) {
  std::vector<const Sensitivity*> order;
  for (const Sensitivity& parameter : study.parameters) order.push_back(&parameter);
  std::stable_sort(order.begin(), order.end(), [&](const Sensitivity* a, const Sensitivity* b) { return std::abs(a->larger(row)) > std::abs(b->larger(row)); });
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, order.size()) && std::abs(order[i]->larger(row)) > kWorthSaying; ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", order[i]->range.parameter, signed_percent(order[i]->larger(row)));
  return text;
}

}  // namespace

report::Table sensitivity_table(const SensitivityStudy& study) {
  report::Table table({"<parameter", "low", "high", "mean change", "worst", "<worst row", "<range"});
  for (const Sensitivity& each : study.parameters) {
    const double worst = each.low.empty() ? 0 : each.larger(each.worst);
    const bool moves = std::abs(worst) > kWorthSaying;
    table.add({each.range.parameter, figure(each.range.low), figure(each.range.high), plain_percent(each.mean), signed_percent(worst), moves ? row_name(study.results[each.worst]) : "",
               each.range.why + (each.faults.empty() ? "" : " (an end of it faults: " + each.faults.front() + ")")});
  }
  return table;
}

report::Table error_bar_table(const SensitivityStudy& study) {
  report::Table table({"<run", "<group", "<metric", "error bar", "error", "<what makes most of it"});
  for (std::size_t i = 0; i < study.results.size(); ++i) {
    const CalibrationResult& result = study.results[i];
    table.add({result.run->name, result.run->group, result.row->metric, plain_percent(study.error_bar[i]), signed_percent(result.error), makers(study, i)});
  }
  return table;
}

nlohmann::ordered_json to_json(const SensitivityStudy& study) {
  nlohmann::ordered_json json;
  json["error_bar"] = {{"all", study.all}, {"worst", study.worst}, {"groups", study.groups}};
  json["rows"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < study.results.size(); ++i) {
    const CalibrationResult& result = study.results[i];
    json["rows"].push_back({{"run", result.run->name}, {"group", result.run->group}, {"metric", result.row->metric}, {"emulated", result.emulated}, {"error", result.error}, {"error_bar", study.error_bar[i]}});
  }
  json["parameters"] = nlohmann::ordered_json::array();
  for (const Sensitivity& each : study.parameters)
    json["parameters"].push_back({{"parameter", each.range.parameter}, {"low", each.range.low}, {"high", each.range.high}, {"why", each.range.why}, {"mean_change", each.mean},
                                  {"worst_change", each.low.empty() ? 0 : each.larger(each.worst)}, {"change_at_low", each.low}, {"change_at_high", each.high}, {"faults", each.faults}});
  json["provenance"] = study.provenance;
  json["wall_s"] = study.wall_s;
  return json;
}

std::string sensitivity_page(const SensitivityStudy& study) {
  std::string page = fmt::format(
      "# Sensitivity: what the assumed parameters move\n\nWritten by `vitruvian accuracy --sensitivity --write`; do not edit. Every parameter whose trust in the chip file is `assumed`, at both "
      "ends of its plausible range\n(tests/calibration/sensitivity.csv; without a line there half to twice a count, two thirds to three halves of anything else), all else as in the chip "
      "file,\non {} rows of runs that stand for the groups. A parameter is moved only for chips in whose file it is assumed.\n\n"
      "**Error bar** of a row: root of the sum of squares over all parameters of the larger change. Mean over the groups **{}**, widest row {}.\n"
      "It covers values without a source, taken as independent and as likely at the ends as in between; not mechanisms that the model lacks\n(docs/accuracy.md has "
      "the measured error).\n\n",
      study.results.size(), plain_percent(study.all), plain_percent(study.worst));
  report::Table groups({"<group", "error bar (mean over its rows)"});
  for (const auto& [group, bar] : study.groups) groups.add({group, plain_percent(bar)});
  page += groups.markdown() + "\n## By row\n\n" + error_bar_table(study).markdown() + "\n## By parameter\n\n" + sensitivity_table(study).markdown() + "\n## Made with\n\n";
  for (const std::string& provenance : study.provenance) page += "- " + provenance + "\n";
  return page;
}

}  // namespace vitruvian::workload
