#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "src/chip/chip_spec.h"
#include "src/cli/command.h"
#include "src/report/table.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::cli {
namespace {

void print_names() {
  report::Table table({"<chip", "<description"});
  for (const std::string& name : chip::ChipSpec::available()) {
    const auto spec = chip::ChipSpec::load(name);
    table.add({name, spec.description()});
  }
  fmt::print("{}vitruvian chips NAME prints every value with its source and trust\n", table.text());
}

void print_parameters(const chip::ChipSpec& spec) {
  report::Table table({"<parameter", "value", "<unit", "<trust", "<source"});
  for (std::size_t i = 0; i < static_cast<std::size_t>(chip::Param::kCount); ++i) {
    const auto param = static_cast<chip::Param>(i);
    const chip::Value& value = spec.value(param);
    table.add({chip::info(param).path, fmt::format("{}{}", value.value, value.overridden ? "*" : ""), chip::to_string(chip::info(param).unit),
               chip::to_string(value.trust), value.source});
  }
  fmt::print("{}", table.text());
}

void print_costs(const chip::ChipSpec& spec) {
  report::Table table({"<cost class", "head", "per unit", "tail", "interval", "<trust", "<source"});
  for (const auto& [name, cost] : spec.costs())
    table.add({name, fmt::format("{}", cost.head), fmt::format("{}", cost.per_unit), fmt::format("{}", cost.tail), fmt::format("{}", cost.interval),
               chip::to_string(cost.trust), cost.source});
  fmt::print("\nCosts of operations, in core cycles: occupancy max(interval, per unit x units), results after head + occupancy + tail\n{}", table.text());
}

}  // namespace

void add_chips(CLI::App& app, int& status) {
  struct Options {
    std::string name;
    std::vector<std::string> overrides;
    bool hierarchy = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("chips", "List the chips, or print one with units, sources and trust");
  command->add_option("name", options->name, "Chip of chips/, or a path to a .yaml");
  command->add_option("--override", options->overrides, "path=value of the chip description")->allow_extra_args(false);
  command->add_flag("--hierarchy", options->hierarchy, "Print the tree of SystemC modules");
  command->callback([options, &status] {
    status = kDone;
    if (options->name.empty()) return print_names();
    const auto overrides = overrides_from(options->overrides);
    if (options->hierarchy) {
      fmt::print("{}\n", Device(options->name, overrides).hierarchy());
      return;
    }
    const auto spec = chip::ChipSpec::load(options->name, overrides);
    fmt::print("{}: {}\n{}{}\n\n", spec.name(), spec.description(), spec.file(), overrides.empty() ? "" : "  (* overridden)");
    print_parameters(spec);
    print_costs(spec);
  });
}

}  // namespace vitruvian::cli
