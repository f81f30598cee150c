#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "src/cli/command.h"
#include "src/cli/progress.h"
#include "src/trace/trace.h"
#include "src/workload/calibration_report.h"

namespace vitruvian::cli {
namespace {

struct AccuracyOptions {
  std::string write, only;
  std::vector<std::string> overrides;
  bool json = false, fast = false, sensitivity = false;
};

constexpr const char* kPage = "docs/accuracy.md";
constexpr const char* kSensitivityPage = "docs/sensitivity.md";

// How far each assumed parameter moves the emulated values of the chosen runs.
int run_sensitivity(const AccuracyOptions& options, const workload::CalibrationTables& tables, const workload::CalibrationOptions& chosen, bool write) {
  const auto sensitivities = workload::run_sensitivity(tables, chosen);
  const auto table = workload::sensitivity_table(sensitivities);
  if (options.json)
    fmt::print("{}\n", workload::to_json(sensitivities).dump(2));
  else
    fmt::print("{}", table.text());
  if (write)
    trace::write_file(options.write.empty() || options.write == kPage ? kSensitivityPage : options.write,
                      "# Sensitivity: what the assumed parameters move\n\nWritten by `vitruvian accuracy --sensitivity --write`; do not edit. Each assumed parameter at both ends of its\n"
                      "plausible range (tests/calibration/sensitivity.csv), all else as in the chip file; change of the emulated values of the chosen runs.\n\n" +
                          table.markdown());
  return kDone;
}

int run_accuracy(const AccuracyOptions& options, bool write) {
  const auto tables = workload::CalibrationTables::load(data_directory() + "/tests/calibration");
  workload::CalibrationOptions chosen;
  chosen.only = options.only;
  chosen.fast = options.fast;
  chosen.overrides = overrides_from(options.overrides);
  std::unique_ptr<ProgressBar> bar;
  chosen.progress = [&bar](const workload::CalibrationRun& run, double share) {
    if (!bar) bar = std::make_unique<ProgressBar>("accuracy");
    (void)run;
    bar->show(share);
  };
  if (options.sensitivity) return run_sensitivity(options, tables, chosen, write);
  const auto calibration = workload::run_calibration(tables, chosen);
  bar.reset();
  const auto summary = workload::summarise(calibration.results);
  if (options.json)
    fmt::print("{}\n", workload::to_json(calibration, summary).dump(2));
  else
    fmt::print("{}\n{}", workload::calibration_table(calibration).text(), workload::summary_table(summary).text());
  if (write) {
    const std::filesystem::path page = options.write.empty() ? kPage : options.write;
    const std::filesystem::path plot = std::filesystem::path(page).replace_extension(".svg");
    trace::write_file(plot.string(), workload::scatter_plot(calibration.results));
    trace::write_file(page.string(), workload::calibration_page(tables, calibration, summary, plot.filename().string()));
  }
  int status = kDone;
  for (const auto& result : calibration.results) {
    if (!result.fault) continue;
    fmt::print(stderr, "{}: {}\n", result.run->name, result.fault.report());
    status = kKernelFault;
  }
  return status;
}

}  // namespace

void add_accuracy(CLI::App& app, int& status) {
  auto options = std::make_shared<AccuracyOptions>();
  CLI::App* command = app.add_subcommand("accuracy", "Emulate the published measurements and print measured beside emulated values");
  command->add_option("--write", options->write, "Write the page and its plot too (default docs/accuracy.md)")->expected(0, 1)->default_str(kPage);
  command->add_option("--only", options->only, "Only runs whose group or name holds this word");
  command->add_flag("--fast", options->fast, "Only the subset that the tests run");
  command->add_option("--override", options->overrides, "path=value of the chip description, for all runs")->allow_extra_args(false);
  command->add_flag("--sensitivity", options->sensitivity, "Move each assumed parameter over its plausible range and print what that moves");
  command->add_flag("--json", options->json, "Rows and summary as JSON");
  command->callback([options, command, &status] { status = run_accuracy(*options, command->count("--write") > 0); });
}

}  // namespace vitruvian::cli
