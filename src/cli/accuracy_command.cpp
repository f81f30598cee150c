#include <memory>

#include <fmt/format.h>

#include "src/cli/command.h"
#include "src/cli/progress.h"
#include "src/trace/trace.h"
#include "src/workload/calibration.h"

namespace vitruvian::cli {

void add_accuracy(CLI::App& app, int& status) {
  struct Options {
    std::string write, only;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("accuracy", "Run the calibration rows and print measured beside emulated times");
  command->add_option("--write", options->write, "Write the page too (default docs/accuracy.md)")->expected(0, 1)->default_str("docs/accuracy.md");
  command->add_option("--only", options->only, "Only rows whose name holds this word");
  command->callback([options, command, &status] {
    std::vector<workload::CalibrationResult> results;
    status = kDone;
    const auto measurements = workload::load_measurements(data_directory() + "/tests/calibration/rows");
    for (const workload::CalibrationRow& row : workload::calibration_rows()) {
      if (row.group.find(options->only) == std::string::npos) continue;
      ProgressBar bar(row.group);
      results.push_back(workload::run_calibration(row, workload::get_measurement(measurements, row.group, row.metric), [&bar](double share) { return bar.show(share); }));
      if (results.back().fault) status = kKernelFault;
    }
    fmt::print("{}", workload::calibration_table(results).text());
    for (const auto& result : results)
      if (result.fault) fmt::print(stderr, "{}: {}\n", result.row->group, result.fault.report());
    if (command->count("--write") == 0) return;
    trace::write_file(options->write.empty() ? "docs/accuracy.md" : options->write, workload::calibration_page(results));
  });
}

}  // namespace vitruvian::cli
