#include "src/workload/chip_parameter.h"

#include <algorithm>
#include <cmath>

#include "src/chip/dram_spec.h"
#include "vitruvian/error.h"

namespace vitruvian::workload {
namespace {

constexpr std::string_view kDram = "hbm.dram.", kCosts = "costs.";

template <typename Enum>
std::optional<Enum> find(std::string_view path) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Enum::kCount); ++i)
    if (path == chip::info(static_cast<Enum>(i)).path) return static_cast<Enum>(i);
  return std::nullopt;
}

bool is_banked(const chip::ChipSpec& spec) { return spec.value(chip::Param::hbm_banked).value != 0; }

// Some units take only whole cycles: one that is whole stays so.
bool is_whole(chip::Unit unit, double value) {
  return unit == chip::Unit::count || unit == chip::Unit::bytes || (unit == chip::Unit::cycles && value == std::floor(value));
}

ChipParameter of_chip(const chip::ChipSpec& spec, chip::Param param) {
  using chip::Param;
  static constexpr Param kReplacedByDram[] = {Param::hbm_efficiency, Param::hbm_turnaround, Param::hbm_write_batch, Param::hbm_write_queue};
  const auto& info = chip::info(param);
  const auto& value = spec.value(param);
  const bool replaced = is_banked(spec) && std::find(std::begin(kReplacedByDram), std::end(kReplacedByDram), param) != std::end(kReplacedByDram);
  return {info.path, value.value, value.trust, is_whole(info.unit, value.value), !replaced};
}

ChipParameter of_dram(const chip::ChipSpec& spec, const chip::DramSpec& dram, chip::DramParam param) {
  const auto& info = chip::info(param);
  const auto& value = dram.value(param);
  // A file may state a timing in clocks; an override is in ns.
  const double clock = dram.get(chip::DramParam::clock);
  const double number = info.unit == chip::Unit::ns ? dram.clocks(param, clock) / clock * 1e9 : value.value;
  return {std::string(kDram) + info.path, number, value.trust, is_whole(info.unit, number), is_banked(spec)};
}

ChipParameter of_cost(const chip::OperationCost& cost, const std::string& path, std::string_view field) {
  const double value = field == "head" ? cost.head : field == "tail" ? cost.tail : field == "interval" ? cost.interval : cost.per_unit;
  return {path, value, cost.trust, false, true};
}

}  // namespace

ChipParameter get_parameter(const chip::ChipSpec& spec, const std::string& path) {
  if (const auto param = find<chip::Param>(path)) return of_chip(spec, *param);
  if (path.starts_with(kDram))
    if (const auto param = find<chip::DramParam>(std::string_view(path).substr(kDram.size()))) return of_dram(spec, chip::DramSpec::load(spec.dram(), spec.dram_overrides()), *param);
  const std::size_t dot = path.rfind('.');
  if (path.starts_with(kCosts) && dot > kCosts.size()) return of_cost(spec.cost(std::string_view(path).substr(kCosts.size(), dot - kCosts.size())), path, std::string_view(path).substr(dot + 1));
  throw Error("unknown parameter", path, "a path of the chip file, its costs or its DRAM", "");
}

std::vector<ChipParameter> parameters_of_trust(const chip::ChipSpec& spec, chip::Trust trust) {
  std::vector<ChipParameter> list;
  for (std::size_t i = 0; i < static_cast<std::size_t>(chip::Param::kCount); ++i) list.push_back(of_chip(spec, static_cast<chip::Param>(i)));
  for (const auto& [name, cost] : spec.costs()) list.push_back(of_cost(cost, std::string(kCosts) + name + ".per_unit", "per_unit"));
  if (is_banked(spec)) {
    const auto dram = chip::DramSpec::load(spec.dram(), spec.dram_overrides());
    for (std::size_t i = 0; i < static_cast<std::size_t>(chip::DramParam::kCount); ++i) {
      const auto param = static_cast<chip::DramParam>(i);
      const std::string_view path = chip::info(param).path;
      if (path.starts_with("timing.") || path.starts_with("controller.")) list.push_back(of_dram(spec, dram, param));
    }
  }
  std::erase_if(list, [&](const ChipParameter& each) { return each.trust != trust || !each.acts; });
  return list;
}

std::map<std::string, double> scaled(const chip::ChipSpec& spec, const std::string& path, double factor) {
  const ChipParameter parameter = get_parameter(spec, path);
  return {{path, parameter.whole ? std::round(parameter.value * factor) : parameter.value * factor}};
}

}  // namespace vitruvian::workload
