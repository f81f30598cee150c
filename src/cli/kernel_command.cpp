#include <fstream>
#include <iostream>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/cli/command.h"
#include "src/cli/progress.h"
#include "src/report/run_report.h"
#include "src/trace/trace.h"
#include "src/workload/library_kernels.h"

namespace vitruvian::cli {
namespace {

struct Options {
  std::string name, chip = "ascend910c", mode = "full", sync = "auto", l2 = "cold", trace, csv;
  std::vector<std::string> parameters, overrides, flags;
  std::uint64_t seed = 1, runahead_limit = LaunchOptions{}.runahead_limit;
  bool json = false, no_check = false, cores = false;
};

std::string help_of_kernels() {
  std::string text = "Kernels and their parameters (name=default):\n";
  for (const workload::LibraryKernelInfo& info : workload::library_kernels()) {
    text += fmt::format("  {:<12} {}\n", info.name, info.summary);
    for (const workload::ParameterInfo& parameter : info.parameters)
      text += fmt::format("      {:<20} {}\n", parameter.name + "=" + parameter.default_value, parameter.meaning);
    text += fmt::format("      checked by {}\n", info.error_formula);
  }
  text += "DeepSeek-R1's kernels: `vitruvian r1 kernels` lists them, `vitruvian kernel NAME --help` has their parameters.\n";
  return text;
}

void print_report(const workload::KernelReport& report, const Device& device, bool cores) {
  std::vector<std::string> parameters;
  for (const auto& [name, value] : report.parameters) parameters.push_back(name + "=" + value);
  fmt::print("{} {}  seed={}\n{}", report.kernel, fmt::join(parameters, " "), report.seed, report::summary(report.run));
  if (cores) fmt::print("{}", report::core_table(report.run).text());
  if (report.accuracy)
    fmt::print("check {}: {} = {:.3g}, bound {:.3g}\n", report.passed() ? "passed" : "FAILED", report.error_formula, report.accuracy->max_rel_error,
               report.accuracy->bound);
  if (report.run.cycles != 0 && !report.run.fault) {
    report::Table table({"<", "time us", "TFLOP/s", "TB/s", "cube"});
    table.add({device.chip() + " (emulated)", fmt::format("{:.2f}", report.run.time_us), fmt::format("{:.1f}", report.tflops),
               fmt::format("{:.2f}", report.bandwidth * 1e-12), report::percent(report.utilization)});
    const double h100_s = report.h100_time_us * 1e-6;
    table.add({"H100 SXM (profile)", fmt::format("{:.2f}", report.h100_time_us), fmt::format("{:.1f}", report.useful_operations / h100_s * 1e-12),
               fmt::format("{:.2f}", report.useful_bytes / h100_s * 1e-12), ""});
    fmt::print("{}H100 / ours = {:.2f}; profile: {}\n", table.text(), report.ratio_to_h100, report.h100_basis);
  }
  for (const std::string& line : report.run.printed) fmt::print("device: {}\n", line);
  fmt::print("{}; simulated in {:.2f} s\n", device.provenance(), report.run.wall_s);
}

int run(const Options& options) {
  workload::KernelRequest request;
  request.kernel = options.name;
  request.parameters = assignments(options.parameters);
  request.seed = options.seed;
  request.check = !options.no_check;
  request.flags = options.flags;
  request.options.mode = mode_from(options.mode);
  request.options.sync = sync_from(options.sync);
  request.options.l2 = l2_state_from(options.l2);
  request.options.trace = !options.trace.empty();
  request.options.runahead_limit = options.runahead_limit;
  Device device(options.chip, overrides_from(options.overrides));
  workload::KernelReport report;
  {
    ProgressBar bar(options.name);
    request.options.progress = [&bar](double share) { return bar.show(share); };
    report = workload::run_library_kernel(device, request);
  }
  if (options.json)
    std::cout << workload::to_json(report).dump(2) << "\n";
  else
    print_report(report, device, options.cores);
  if (!options.trace.empty() && !report.run.events.empty()) {
    report.run.write_trace(options.trace);
    fmt::print(stderr, "trace in {}: open it at https://ui.perfetto.dev or chrome://tracing\n", options.trace);
  }
  if (!options.csv.empty()) trace::write_file(options.csv, trace::pipe_utilization_csv(report.run));
  if (report.run.fault) {
    if (options.json) fmt::print(stderr, "{}\n", report.run.fault.report());
    return kKernelFault;
  }
  return report.passed() ? kDone : kCheckFailed;
}

}  // namespace

void add_kernel(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("kernel", "Run a library kernel on seeded random data and check it against a host reference");
  command->footer(help_of_kernels());
  command->add_option("name", options->name, "Kernel")->required();
  command->add_option("parameters", options->parameters, "name=value of the kernel's parameters");
  command->add_option("--chip", options->chip, "Chip of chips/, or a path to a .yaml")->capture_default_str();
  command->add_option("--mode", options->mode, "full, timing_only, functional_only or auto")->capture_default_str();
  command->add_option("--sync", options->sync, "auto or strict")->capture_default_str();
  command->add_option("--l2", options->l2, "State of the L2 at launch: cold or warm")->capture_default_str();
  command->add_option("--trace", options->trace, "Write a Perfetto / Chrome trace to this file");
  command->add_option("--csv", options->csv, "Write msprof-style counters of each core and pipe to this file");
  command->add_option("--seed", options->seed, "Seed of the random data")->capture_default_str();
  command->add_option("--override", options->overrides, "path=value of the chip description, e.g. hbm.bandwidth=2e12")->allow_extra_args(false);
  command->add_option("--flag", options->flags, "Extra flag of the device compiler")->allow_extra_args(false);
  command->add_option("--runahead-limit", options->runahead_limit, "Scalar instructions between returns to the machine")->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  command->add_flag("--no-check", options->no_check, "Skip the host reference");
  command->add_flag("--cores", options->cores, "A row for each core too");
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace vitruvian::cli
