#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "hbm_model/replay.h"
#include "src/cli/command.h"
#include "vitruvian/error.h"

namespace vitruvian::cli {
namespace {

struct HbmOptions {
  std::string trace, chip = "hbm2_1ch";
  std::vector<std::string> overrides;
  std::uint32_t bytes = 0, window = 64;
  bool json = false;
};

nlohmann::ordered_json as_json(const hbm_model::ReplayReport& r, const hbm_model::DramTiming& timing, std::uint32_t bytes, std::uint32_t window) {
  nlohmann::ordered_json commands;
  for (std::size_t i = 0; i < hbm_model::kCommands; ++i)
    commands[hbm_model::to_string(static_cast<hbm_model::Command>(i))] = r.counters.commands[i];
  const double bits = static_cast<double>(r.counters.bytes_read + r.counters.bytes_written) * 8;
  return {{"chip", timing.name},
          {"requests", r.requests},
          {"bytes", bytes},
          {"window", window},
          {"peak_gbs", timing.peak_bytes_per_second() * 1e-9},
          {"share_of_peak", r.share_of_peak},
          {"bandwidth_gbs", r.bandwidth_gbs},
          {"time_ns", timing.ns(r.elapsed)},
          {"latency_ns", {{"mean", r.latency_mean_ns}, {"p50", r.latency_p50_ns}, {"p99", r.latency_p99_ns}, {"max", r.latency_max_ns}}},
          {"row_hit_rate", r.row_hit_rate},
          {"requests_per_s", r.requests_per_second},
          {"energy_nj",
           {{"activate", r.energy.activate_nj}, {"read", r.energy.read_nj}, {"write", r.energy.write_nj}, {"refresh", r.energy.refresh_nj},
            {"background", r.energy.background_nj}, {"total", r.energy.total_nj()}, {"pj_per_bit", r.energy.total_nj() * 1e3 / bits}}},
          {"commands", commands}};
}

void print_text(const nlohmann::ordered_json& j) {
  const auto number = [&](const char* path) { return j.at(nlohmann::json::json_pointer(path)).get<double>(); };
  fmt::print("{}: {} requests of {} B, {} outstanding\n", j["chip"].get<std::string>(), j["requests"].get<std::uint64_t>(),
             j["bytes"].get<std::uint32_t>(), j["window"].get<std::uint32_t>());
  fmt::print("  bandwidth   {:.2f} GB/s, {:.1f} % of {:.1f} GB/s\n", number("/bandwidth_gbs"), 100 * number("/share_of_peak"), number("/peak_gbs"));
  fmt::print("  latency     mean {:.1f} ns, p50 {:.1f}, p99 {:.1f}, max {:.1f}\n", number("/latency_ns/mean"), number("/latency_ns/p50"),
             number("/latency_ns/p99"), number("/latency_ns/max"));
  fmt::print("  row hits    {:.1f} %\n", 100 * number("/row_hit_rate"));
  fmt::print("  energy      {:.1f} nJ, {:.2f} pJ/bit\n", number("/energy_nj/total"), number("/energy_nj/pj_per_bit"));
  fmt::print("  simulated   {:.2f} M requests a second of wall time\n", number("/requests_per_s") * 1e-6);
}

// A DRAM description, or all the stacks of an Ascend chip.
hbm_model::DramTiming timing_of(const HbmOptions& options) {
  const auto overrides = overrides_from(options.overrides);
  const auto chips = chip::ChipSpec::available();
  if (std::find(chips.begin(), chips.end(), options.chip) == chips.end()) return hbm_model::DramTiming::from(chip::DramSpec::load(options.chip, overrides));
  auto link = hbm_model::DramLink::from(chip::ChipSpec::load(options.chip, overrides));
  if (!link) throw Error("the chip runs without the DRAM model", options.chip, "hbm.banked = 1", {});
  return link->timing;
}

void run_trace(const HbmOptions& options) {
  hbm_model::DramModel model(timing_of(options));
  const auto trace = hbm_model::read_trace(options.trace, model.timing().clock);
  const std::uint32_t bytes = options.bytes != 0 ? options.bytes : model.timing().burst_bytes;
  const auto report = hbm_model::replay(model, trace, bytes, options.window);
  const auto json = as_json(report, model.timing(), bytes, options.window);
  if (options.json) fmt::print("{}\n", json.dump(2));
  else print_text(json);
}

}  // namespace

void add_hbm(CLI::App& app, int& status) {
  auto options = std::make_shared<HbmOptions>();
  CLI::App* command = app.add_subcommand("hbm", "Replay a trace of memory requests on a DRAM model");
  command->add_option("trace", options->trace, "Text file of lines 'READ|WRITE address [time in ns]'")->required();
  command->add_option("--chip", options->chip, "DRAM description of chips/, a path to one, or an Ascend chip: its DRAM")->capture_default_str();
  command->add_option("--bytes", options->bytes, "Bytes of a request (default: a burst)");
  command->add_option("--window", options->window, "Requests outstanding")->capture_default_str();
  command->add_option("--override", options->overrides, "path=value of the description")->allow_extra_args(false);
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, &status] {
    status = kDone;
    run_trace(*options);
  });
}

}  // namespace vitruvian::cli
