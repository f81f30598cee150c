#include <array>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "src/cli/command.h"
#include "src/cli/progress.h"
#include "src/trace/trace.h"
#include "src/workload/calibration_report.h"
#include "src/workload/memory_curves.h"
#include "src/workload/processes.h"
#include "src/workload/sensitivity.h"

namespace vitruvian::cli {
namespace {

struct AccuracyOptions {
  std::string write, only;
  std::vector<std::string> overrides;
  unsigned workers = 0;
  bool json = false, fast = false, sensitivity = false, leave_one_out = false, fit = false, curves = false, writes = false;
  // Where --write goes for a page of this name.
  std::filesystem::path page(const char* usual) const { return write.empty() ? usual : write.c_str(); }
};

constexpr const char* kPage = "docs/accuracy.md";
constexpr const char* kSensitivityPage = "docs/sensitivity.md";
constexpr const char* kCurvesPage = "docs/memory_curves.md";

int run_sensitivity(const AccuracyOptions& options, const workload::CalibrationTables& tables, const workload::CalibrationOptions& chosen) {
  const auto study = workload::run_sensitivity(tables, chosen);
  if (options.json)
    fmt::print("{}\n", workload::to_json(study).dump(2));
  else
    fmt::print("{}\n{}\nerror bar: {:.1f} % (mean over groups), {:.0f} s\n", workload::sensitivity_table(study).text(), workload::error_bar_table(study).text(), study.all * 100, study.wall_s);
  if (options.writes) trace::write_file(options.page(kSensitivityPage).string(), workload::sensitivity_page(study));
  return kDone;
}

int run_curves(const AccuracyOptions& options, const workload::CalibrationTables& tables, const workload::CalibrationOptions& chosen) {
  const auto curves = workload::run_memory_curves(tables, chosen);
  if (options.json)
    fmt::print("{}\n", workload::to_json(tables, curves).dump(2));
  else
    fmt::print("{}\n{} points, mean |error| {:.1f} %, worst {:+.1f} % ({}), {:.0f} s\n", workload::curve_points_table(curves).text(), curves.all.rows, curves.all.mean_absolute * 100,
               curves.all.worst * 100, curves.all.worst_row, curves.wall_s);
  if (options.writes) {
    const auto page = options.page(kCurvesPage), plot = std::filesystem::path(page).replace_extension(".svg");
    trace::write_file(plot.string(), workload::curves_plot(tables, curves));
    trace::write_file(page.string(), workload::curves_page(tables, curves, plot.filename().string()));
  }
  return kDone;
}

int run_fit(const AccuracyOptions& options, const workload::CalibrationTables& tables, const workload::CalibrationOptions& chosen) {
  const auto proposal = workload::fit_all(tables, chosen);
  if (options.json)
    fmt::print("{}\n", workload::to_json(proposal).dump(2));
  else
    fmt::print("{}\nmean |error| {:.1f} % -> {:.1f} %, worst {:+.1f} % -> {:+.1f} %, {:.0f} s\n", workload::fit_table(proposal).text(), proposal.with_chip_file.mean_absolute * 100,
               proposal.refitted.mean_absolute * 100, proposal.with_chip_file.worst * 100, proposal.refitted.worst * 100, proposal.wall_s);
  return kDone;
}

// Faults go to stderr, and into the status.
int status_of(const workload::Calibration& calibration) {
  int status = kDone;
  for (const auto& result : calibration.results) {
    if (result.fault.empty()) continue;
    fmt::print(stderr, "{}: {}\n", result.run->name, result.fault);
    status = kKernelFault;
  }
  return status;
}

int show(const AccuracyOptions& options, const workload::CalibrationTables& tables, const workload::Calibration& calibration, const workload::LeaveOneOut* left_out) {
  const auto summary = workload::summarise(calibration.results);
  if (options.json) {
    auto json = workload::to_json(calibration, summary);
    if (left_out != nullptr) json["summary"]["leave_one_group_out"] = workload::to_json(*left_out);
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("{}\n{}", workload::calibration_table(calibration).text(), workload::summary_table(summary).text());
    if (left_out != nullptr) fmt::print("\n{}{:.0f} s\n", workload::leave_one_out_table(*left_out).text(), left_out->wall_s);
  }
  if (options.writes) {
    const auto page = options.page(kPage), plot = std::filesystem::path(page).replace_extension(".svg");
    trace::write_file(plot.string(), workload::scatter_plot(calibration.results));
    trace::write_file(page.string(), workload::calibration_page(tables, calibration, summary, plot.filename().string(), left_out));
  }
  return status_of(calibration);
}

int run_accuracy(const AccuracyOptions& options) {
  const auto tables = workload::CalibrationTables::load(data_directory() + "/tests/calibration");
  workload::CalibrationOptions chosen;
  chosen.only = options.only;
  chosen.set = options.fast ? "fast" : "";
  chosen.overrides = overrides_from(options.overrides);
  chosen.workers = options.workers == 0 ? workload::available_workers() : options.workers;
  ProgressBar bar("accuracy");
  chosen.progress = [&bar](double share) { bar.show(share); };
  if (options.sensitivity) return run_sensitivity(options, tables, chosen);
  if (options.fit) return run_fit(options, tables, chosen);
  if (options.curves) return run_curves(options, tables, chosen);
  if (!options.leave_one_out) return show(options, tables, workload::run_calibration(tables, chosen), nullptr);
  const auto left_out = workload::leave_one_group_out(tables, chosen);
  return show(options, tables, left_out.rows.calibration, &left_out);
}

}  // namespace

void add_accuracy(CLI::App& app, int& status) {
  auto options = std::make_shared<AccuracyOptions>();
  CLI::App* command = app.add_subcommand("accuracy", "Emulate the published measurements and print measured beside emulated values");
  command->add_option("--write", options->write, "Write the page of what was asked for, and its plot (default: its place in docs)")->expected(0, 1);
  command->add_option("--only", options->only, "Only runs whose group or name holds this word");
  command->add_flag("--fast", options->fast, "Only the subset that the tests run");
  command->add_option("--override", options->overrides, "path=value of the chip description, for all runs")->allow_extra_args(false);
  command->add_option("--workers", options->workers, "Processes at once (default: the machine's cores)");
  CLI::Option* sensitivity = command->add_flag("--sensitivity", options->sensitivity, "Move each assumed parameter over its plausible range: what that moves, and the error bar");
  CLI::Option* leave_one_out = command->add_flag("--leave-one-out", options->leave_one_out, "Fit the other groups, then predict the group left out; for each group (minutes)");
  CLI::Option* fit = command->add_flag("--fit", options->fit, "Propose values of the fitted parameters from all groups (minutes)");
  CLI::Option* curves = command->add_flag("--curves", options->curves, "Copies over size, alignment and cores, with the published points on them");
  const std::array studies{sensitivity, leave_one_out, fit, curves};
  for (std::size_t i = 0; i < studies.size(); ++i)
    for (std::size_t j = i + 1; j < studies.size(); ++j) studies[i]->excludes(studies[j]);
  command->add_flag("--json", options->json, "Rows and summary as JSON");
  command->callback([options, command, &status] {
    options->writes = command->count("--write") > 0;
    status = run_accuracy(*options);
  });
}

}  // namespace vitruvian::cli
