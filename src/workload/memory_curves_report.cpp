// How the curves read: table, JSON, plot, docs/memory_curves.md.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "src/workload/memory_curves.h"

namespace vitruvian::workload {
namespace {

constexpr double kWidth = 560, kHeight = 380, kLeft = 62, kRight = 16, kTop = 34, kBottom = 92, kColumns = 2;
constexpr const char* kColours[] = {"#27c", "#c33", "#2a7", "#a5a"};
// The vertical axis reaches this far beyond what it shows.
constexpr double kMargin = 1.15;

std::string figure(double value) { return fmt::format("{:.4g}", value); }
std::string signed_percent(double fraction) { return fmt::format("{:+.1f} %", fraction * 100); }
std::string bytes_or_number(double value) { return value >= 1024 && std::fmod(value, 1024) == 0 ? fmt::format("{:.0f}K", value / 1024) : fmt::format("{:.0f}", value); }

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '<' ? std::string("&lt;") : c == '>' ? std::string("&gt;") : c == '&' ? std::string("&amp;") : std::string(1, c);
  return out;
}

// One panel: x in steps of equal width, one for each value that occurs; y logarithmic.
class Panel {
 public:
  Panel(const CalibrationTables& tables, const MemoryCurves& curves, const std::string& name, double x0, double y0) : curves_(curves), x0_(x0), y0_(y0) {
    for (std::size_t i = 0; i < tables.curves.size(); ++i)
      if (tables.curves[i].panel == name && !curves.emulated[i].empty()) members_.push_back({&tables.curves[i], &curves.emulated[i]});
    for (const auto& [curve, emulated] : members_) {
      steps_.insert(steps_.end(), curve->values.begin(), curve->values.end());
      for (double value : *emulated) include(value);
    }
    std::sort(steps_.begin(), steps_.end());
    steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
    for (const CurvePoint& point : curves.points)
      if (is_member(point.curve)) include(point.result.row->value);
    low_ /= kMargin, high_ *= kMargin;
  }

  std::string svg() const {
    if (members_.empty()) return "";
    const CurveTable& first = *members_.front().first;
    std::string out = fmt::format("<text x='{:.0f}' y='{:.0f}' font-weight='bold'>{}</text>\n", x0_ + kLeft, y0_ + 18, escaped(first.panel));
    out += grid(first.scale);
    out += fmt::format("<text x='{:.0f}' y='{:.0f}' text-anchor='middle'>{}</text>\n", x0_ + (kLeft + kWidth - kRight) / 2, y0_ + kHeight - kBottom + 32, escaped(first.x_label));
    out += fmt::format("<text x='{0:.0f}' y='{1:.0f}' text-anchor='middle' transform='rotate(-90 {0:.0f} {1:.0f})'>{2}</text>\n", x0_ + 14, y0_ + (kTop + kHeight - kBottom) / 2, escaped(first.y_label));
    for (std::size_t i = 0; i < members_.size(); ++i) out += line(*members_[i].first, *members_[i].second, kColours[i % std::size(kColours)], i);
    return out;
  }

 private:
  using Member = std::pair<const CurveTable*, const std::vector<double>*>;
  bool is_member(const CurveTable* curve) const {
    return std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.first == curve; });
  }
  void include(double value) { low_ = std::min(low_, value), high_ = std::max(high_, value); }
  double x(double value) const {
    const double step = static_cast<double>(std::lower_bound(steps_.begin(), steps_.end(), value) - steps_.begin());
    return x0_ + kLeft + (step + 0.5) / static_cast<double>(steps_.size()) * (kWidth - kLeft - kRight);
  }
  double y(double value) const { return y0_ + kHeight - kBottom - std::log(value / low_) / std::log(high_ / low_) * (kHeight - kTop - kBottom); }

  std::string grid(double scale) const {
    std::string out = fmt::format("<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='none' stroke='#999'/>\n", x0_ + kLeft, y0_ + kTop, kWidth - kLeft - kRight, kHeight - kTop - kBottom);
    for (double step : steps_)
      out += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle' font-size='10'>{}</text>\n", x(step), y0_ + kHeight - kBottom + 14, bytes_or_number(step * scale));
    for (double decade = std::pow(10, std::floor(std::log10(low_))); decade < high_; decade *= 10)
      for (double digit : {1.0, 2.0, 5.0}) {
        const double value = decade * digit;
        if (value < low_ || value > high_) continue;
        out += fmt::format("<path d='M{:.1f} {:.1f}H{:.1f}' stroke='#ddd'/><text x='{:.1f}' y='{:.1f}' text-anchor='end' font-size='10'>{:g}</text>\n", x0_ + kLeft, y(value), x0_ + kWidth - kRight,
                           x0_ + kLeft - 5, y(value) + 4, value);
      }
    return out;
  }

  // The curve, its published points (hollow where flagged), its name below the axis.
  std::string line(const CurveTable& curve, const std::vector<double>& emulated, const char* colour, std::size_t index) const {
    std::string path;
    for (std::size_t i = 0; i < emulated.size(); ++i) path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", x(curve.values[i]), y(emulated[i]));
    std::string out = fmt::format("<path d='{}' fill='none' stroke='{}' stroke-width='1.6'/>\n", path, colour);
    for (const CurvePoint& point : curves_.points)
      if (point.curve == &curve)
        out += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='4' fill='{}' stroke='{}'><title>{}: measured {:.4g}, emulated {:.4g}</title></circle>\n", x(point.x), y(point.result.row->value),
                           point.result.row->flag.empty() ? colour : "white", colour, point.result.run->name, point.result.row->value, point.result.emulated);
    const double column = index % 2 == 0 ? 0 : (kWidth - kLeft - kRight) / 2, row = static_cast<double>(index / 2) * 16;
    return out + fmt::format("<text x='{:.1f}' y='{:.1f}' fill='{}' font-size='11'>{}</text>\n", x0_ + kLeft + column, y0_ + kHeight - kBottom + 52 + row, colour, escaped(curve.curve));
  }

  const MemoryCurves& curves_;
  double x0_, y0_, low_ = 1e300, high_ = 0;
  std::vector<Member> members_;
  std::vector<double> steps_;
};

std::vector<std::string> panels_of(const CalibrationTables& tables) {
  std::vector<std::string> panels;
  for (const CurveTable& curve : tables.curves)
    if (std::find(panels.begin(), panels.end(), curve.panel) == panels.end()) panels.push_back(curve.panel);
  return panels;
}

std::string curve_lines(const CalibrationTables& tables, const MemoryCurves& curves) {
  report::Table table({"<panel", "<curve", "<unit", "<x: emulated"});
  for (std::size_t i = 0; i < tables.curves.size(); ++i) {
    const CurveTable& curve = tables.curves[i];
    std::string values;
    for (std::size_t j = 0; j < curves.emulated[i].size(); ++j) values += fmt::format("{}{:.0f}: {:.4g}", j == 0 ? "" : ", ", curve.values[j] * curve.scale, curves.emulated[i][j]);
    table.add({curve.panel, curve.curve, curve.y_label, values});
  }
  return table.markdown();
}

}  // namespace

report::Table curve_points_table(const MemoryCurves& curves) {
  report::Table table({"<panel", "<curve", "x", "measured", "emulated", "error", "<note"});
  for (const CurvePoint& point : curves.points)
    table.add({point.curve->panel, point.curve->curve, bytes_or_number(point.x * point.curve->scale), figure(point.result.row->value) + " " + point.result.row->unit, figure(point.result.emulated),
               signed_percent(point.result.error), point.result.row->flag});
  return table;
}

nlohmann::ordered_json to_json(const CalibrationTables& tables, const MemoryCurves& curves) {
  nlohmann::ordered_json json;
  json["summary"] = {{"points", curves.all.rows}, {"mean_absolute_error", curves.all.mean_absolute}, {"worst_error", std::abs(curves.all.worst)}, {"worst_row", curves.all.worst_row},
                     {"flagged", {{"points", curves.flagged.rows}, {"mean_absolute_error", curves.flagged.mean_absolute}, {"worst_error", std::abs(curves.flagged.worst)}}}};
  for (std::size_t i = 0; i < tables.curves.size(); ++i) {
    const CurveTable& curve = tables.curves[i];
    nlohmann::ordered_json points = nlohmann::ordered_json::array();
    for (const CurvePoint& point : curves.points)
      if (point.curve == &curve)
        points.push_back({{"x", point.x * curve.scale}, {"run", point.result.run->name}, {"measured", point.result.row->value}, {"emulated", point.result.emulated}, {"error", point.result.error}, {"flag", point.result.row->flag}});
    std::vector<double> x = curve.values;
    for (double& value : x) value *= curve.scale;
    json["curves"].push_back({{"panel", curve.panel}, {"curve", curve.curve}, {"x_label", curve.x_label}, {"y_label", curve.y_label}, {"x", x}, {"emulated", curves.emulated[i]}, {"points", points}});
  }
  json["provenance"] = curves.provenance;
  json["wall_s"] = curves.wall_s;
  return json;
}

std::string curves_plot(const CalibrationTables& tables, const MemoryCurves& curves) {
  const auto panels = panels_of(tables);
  const double rows = std::ceil(static_cast<double>(panels.size()) / kColumns);
  std::string svg = fmt::format("<svg xmlns='http://www.w3.org/2000/svg' width='{0:.0f}' height='{1:.0f}' font-family='sans-serif' font-size='12'>\n<rect width='{0:.0f}' height='{1:.0f}' fill='white'/>\n",
                                kColumns * kWidth, rows * kHeight);
  for (std::size_t i = 0; i < panels.size(); ++i) svg += Panel(tables, curves, panels[i], static_cast<double>(i % 2) * kWidth, static_cast<double>(i / 2) * kHeight).svg();
  return svg + "</svg>\n";
}

std::string curves_page(const CalibrationTables& tables, const MemoryCurves& curves, const std::string& plot) {
  std::string page = fmt::format(
      "# Memory curves: copies over size, alignment and cores\n\nWritten by `vitruvian accuracy --curves --write`; do not edit. Lines: emulated. Circles: published measurements (hollow: flagged).\n"
      "The curves are tests/calibration/curves.csv, the points rows of tests/calibration/rows. x is in steps, not to scale.\n\n"
      "**{} points, mean |error| {:.1f} %, worst {:+.1f} %** ({}); flagged apart: {} points, {:.1f} %.\n\n![curves]({})\n\n## Published points\n\n",
      curves.all.rows, curves.all.mean_absolute * 100, curves.all.worst * 100, curves.all.worst_row, curves.flagged.rows, curves.flagged.mean_absolute * 100, plot);
  page += curve_points_table(curves).markdown() + "\n## Curves\n\n" + curve_lines(tables, curves) + "\n## Made with\n\n";
  for (const std::string& provenance : curves.provenance) page += "- " + provenance + "\n";
  return page;
}

}  // namespace vitruvian::workload
