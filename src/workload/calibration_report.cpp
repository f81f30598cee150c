#include "src/workload/calibration_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace vitruvian::workload {
namespace {

// A miss is worth a word about its cause from here on.
constexpr double kMiss = 0.1;

std::string figure(double value) { return fmt::format("{:.4g}", value); }
std::string signed_percent(double fraction) { return fmt::format("{:+.1f} %", fraction * 100); }
std::string plain_percent(double fraction) { return fmt::format("{:.1f} %", fraction * 100); }
std::string value_of(const CalibrationResult& result, double value) {
  return value >= 1e4 ? fmt::format("{:.4g} {}", value, result.row->unit) : figure(value) + " " + result.row->unit;
}
std::string note(const CalibrationResult& result) { return result.row->flag.empty() ? (result.row->used ? "used" : "") : result.row->flag; }

void add_summary(report::Table& table, const std::string& name, const ErrorSummary& summary) {
  if (summary.rows == 0) return;
  table.add({name, std::to_string(summary.rows), plain_percent(summary.mean_absolute), signed_percent(summary.worst), summary.worst_row});
}

nlohmann::ordered_json json_of(const ErrorSummary& summary) {
  return {{"rows", summary.rows}, {"mean_absolute_error", summary.mean_absolute}, {"worst_error", std::abs(summary.worst)}, {"worst_row", summary.worst_row}};
}

// Logarithmic axes over whole decades.
class Axes {
 public:
  Axes(double low, double high) : low_(std::floor(std::log10(low))), high_(std::ceil(std::log10(high))) {}
  double x(double value) const { return kLeft + (std::log10(value) - low_) / (high_ - low_) * kSide; }
  double y(double value) const { return kTop + kSide - (std::log10(value) - low_) / (high_ - low_) * kSide; }
  double low() const { return std::pow(10, low_); }
  double high() const { return std::pow(10, high_); }
  int first_decade() const { return static_cast<int>(low_); }
  int last_decade() const { return static_cast<int>(high_); }
  static constexpr double kLeft = 70, kTop = 20, kSide = 560;

 private:
  double low_, high_;
};

std::string grid(const Axes& axes) {
  std::string svg;
  for (int decade = axes.first_decade(); decade <= axes.last_decade(); ++decade) {
    const double at = std::pow(10, decade);
    svg += fmt::format("<path d='M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {4:.1f}H{5:.1f}' stroke='#ddd'/>\n", axes.x(at), Axes::kTop, Axes::kTop + Axes::kSide, Axes::kLeft, axes.y(at),
                       Axes::kLeft + Axes::kSide);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>1e{}</text>\n", axes.x(at), Axes::kTop + Axes::kSide + 18, decade);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end'>1e{}</text>\n", Axes::kLeft - 8, axes.y(at) + 4, decade);
  }
  constexpr double band = 1.1;
  svg += fmt::format("<path d='M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}Z' fill='#2a7' fill-opacity='0.15'/>\n", axes.x(axes.low()), axes.y(axes.low() * band),
                     axes.x(axes.high() / band), axes.y(axes.high()), axes.x(axes.high()), axes.y(axes.high() / band), axes.x(axes.low() * band), axes.y(axes.low()));
  svg += fmt::format("<path d='M{:.1f} {:.1f}L{:.1f} {:.1f}' stroke='#2a7'/>\n", axes.x(axes.low()), axes.y(axes.low()), axes.x(axes.high()), axes.y(axes.high()));
  return svg;
}

std::string assumptions(const CalibrationTables& tables, const Calibration& calibration) {
  std::string page = "\n## What each run takes as given\n\n| run | library kernel | parameters | L2 | assumption |\n|:--|:--|:--|:--|:--|\n";
  for (const CalibrationRun& run : tables.runs) {
    if (std::none_of(calibration.results.begin(), calibration.results.end(), [&](const CalibrationResult& result) { return result.run == &run; })) continue;
    std::string parameters;
    for (const auto& [name, value] : run.parameters) parameters += (parameters.empty() ? "" : " ") + name + "=" + value;
    page += fmt::format("| {} | {} | {} | {} | {} |\n", run.name, run.kernel, parameters, run.l2, run.assumption);
  }
  return page;
}

std::string misses(const Calibration& calibration) {
  std::string page = fmt::format("\n## Misses of more than {:.0f} %, and why\n\n| row | error | cause, as far as known |\n|:--|--:|:--|\n", kMiss * 100);
  for (const CalibrationResult& result : calibration.results)
    if (result.fault.empty() && std::abs(result.error) > kMiss)
      page += fmt::format("| {} {} | {} | {} |\n", result.run->name, result.row->metric, signed_percent(result.error), result.row->cause.empty() ? "not known" : result.row->cause);
  return page;
}

std::string left_out_groups(const LeaveOneOut& left_out) {
  return fmt::format(
             "\n## Leaving a group out\n\nFor each group the {} fitted parameters (tests/calibration/fitted.csv) are set again by least squares on the rows of all *other* groups, within the ranges\n"
             "that their sources allow, and the group is run with what came out: one that the others do not tell goes to the middle of its range.\n"
             "So this is the error of a prediction. `vitruvian accuracy --leave-one-out`, {:.0f} s here.\n\n",
             left_out.rows.parameters.size(), left_out.wall_s) +
         leave_one_out_table(left_out).markdown();
}

std::string not_carried(const CalibrationTables& tables) {
  int count = 0;
  for (const NotCarried& each : tables.not_carried) count += each.count;
  std::string page = fmt::format("\n## Published NPU rows that are not carried ({})\n\n| file | rows | number | why not |\n|:--|:--|--:|:--|\n", count);
  for (const NotCarried& each : tables.not_carried) page += fmt::format("| {} | {} | {} | {} |\n", each.file, each.rows, each.count, each.why);
  return page;
}

std::string sources(const Calibration& calibration) {
  std::vector<std::string> all;
  for (const CalibrationResult& result : calibration.results)
    if (std::find(all.begin(), all.end(), result.row->source) == all.end()) all.push_back(result.row->source);
  std::string page = "\n## Sources\n\n";
  for (const std::string& source : all) page += "- " + source + "\n";
  return page;
}

}  // namespace

report::Table calibration_table(const Calibration& calibration) {
  report::Table table({"<run", "<metric", "<chip", "measured", "emulated", "error", "<bound", "assumed", "<L2", "<note"});
  for (const CalibrationResult& result : calibration.results) {
    const Measurement& row = *result.row;
    if (!result.fault.empty())
      table.add({result.run->name, row.metric, result.run->chip, value_of(result, row.value), "-", "-", "fault", "-", result.run->l2, note(result)});
    else
      table.add({result.run->name, row.metric, result.run->chip, value_of(result, row.value), figure(result.emulated), signed_percent(result.error), result.bound,
                 report::percent(result.assumed_share), result.run->l2, note(result)});
  }
  return table;
}

report::Table summary_table(const CalibrationSummary& summary) {
  report::Table table({"<group", "rows", "mean |error|", "worst", "<worst row"});
  for (const auto& [group, each] : summary.groups) add_summary(table, group, each);
  add_summary(table, "all", summary.all);
  add_summary(table, "not used for a parameter", summary.independent);
  add_summary(table, "flagged (apart)", summary.flagged);
  return table;
}

nlohmann::ordered_json to_json(const Calibration& calibration, const CalibrationSummary& summary) {
  nlohmann::ordered_json json;
  json["rows"] = nlohmann::ordered_json::array();
  for (const CalibrationResult& result : calibration.results) {
    nlohmann::ordered_json row{{"run", result.run->name}, {"group", result.run->group}, {"metric", result.row->metric}, {"unit", result.row->unit}, {"chip", result.run->chip},
                               {"kernel", result.run->kernel}, {"parameters", result.run->parameters}, {"l2", result.run->l2}, {"measured", result.row->value}};
    if (!result.fault.empty())
      row["fault"] = result.fault;
    else
      row.update({{"emulated", result.emulated}, {"error", result.error}, {"bound", result.bound}, {"assumed_share", result.assumed_share}});
    row.update({{"flag", result.row->flag}, {"used_for_a_parameter", result.row->used}, {"cause", result.row->cause}, {"source", result.row->source}});
    json["rows"].push_back(row);
  }
  auto& out = json["summary"] = json_of(summary.all);
  out["not_used_for_a_parameter"] = json_of(summary.independent);
  out["flagged"] = json_of(summary.flagged);
  for (const auto& [group, each] : summary.groups) out["groups"][group] = json_of(each);
  json["provenance"] = calibration.provenance;
  json["wall_s"] = calibration.wall_s;
  return json;
}

std::string scatter_plot(const std::vector<CalibrationResult>& results) {
  double low = 1e300, high = 0;
  for (const CalibrationResult& result : results) {
    if (!result.fault.empty()) continue;
    low = std::min({low, result.row->value, result.emulated});
    high = std::max({high, result.row->value, result.emulated});
  }
  if (high == 0 || low <= 0) return "<svg xmlns='http://www.w3.org/2000/svg'/>\n";
  const Axes axes(low, high);
  std::string svg = "<svg xmlns='http://www.w3.org/2000/svg' width='660' height='640' font-family='sans-serif' font-size='12'>\n<rect width='660' height='640' fill='white'/>\n";
  svg += grid(axes);
  for (const CalibrationResult& result : results) {
    if (!result.fault.empty()) continue;
    const char* colour = !result.row->flag.empty() ? "#999" : result.row->used ? "#27c" : "#c33";
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='3.5' fill='{}' fill-opacity='0.7'><title>{} {}: {:.4g}, measured {:.4g} {}</title></circle>\n", axes.x(result.row->value),
                       axes.y(result.emulated), colour, result.run->name, result.row->metric, result.emulated, result.row->value, result.row->unit);
  }
  svg += "<text x='350' y='625' text-anchor='middle'>measured, in the row's unit</text>\n";
  svg += "<text x='16' y='300' text-anchor='middle' transform='rotate(-90 16 300)'>emulated, in the row's unit</text>\n";
  svg += "<text x='90' y='40' fill='#c33'>red: independent of every parameter</text>\n<text x='90' y='56' fill='#27c'>blue: a parameter was taken from it</text>\n";
  svg += "<text x='90' y='72' fill='#777'>grey: flagged</text>\n<text x='90' y='88' fill='#2a7'>band: 10 %</text>\n</svg>\n";
  return svg;
}

std::string calibration_page(const CalibrationTables& tables, const Calibration& calibration, const CalibrationSummary& summary, const std::string& plot, const LeaveOneOut* left_out) {
  std::string page =
      "# Accuracy: the emulator beside published measurements\n\n"
      "Written by `vitruvian accuracy --write`; do not edit. Error = emulated / measured - 1. One parameter set for a chip, no factor\n"
      "for any row or kernel. The rows are tests/calibration (README.md there); what runs for each is below. `used`: a parameter of the\n"
      "chip file was taken from the row, so its error shows the fit and not a prediction; the summary gives the others apart. `assumed`:\n"
      "share of busy cycles whose cost read a value without source. Flagged rows are shown, and count nowhere.\n\n";
  page += fmt::format("![emulated against measured]({})\n\n", plot);
  page += summary_table(summary).markdown();
  if (left_out != nullptr) page += left_out_groups(*left_out);
  page += "\n## Rows\n\n";
  page += calibration_table(calibration).markdown();
  page += misses(calibration) + assumptions(tables, calibration) + not_carried(tables) + sources(calibration);
  page += "\n## Made with\n\n";
  for (const std::string& provenance : calibration.provenance) page += "- " + provenance + "\n";
  return page;
}

}  // namespace vitruvian::workload
