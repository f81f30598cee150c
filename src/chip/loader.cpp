#include "src/chip/loader.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/chip/cost_classes.h"
#include "src/chip/dram_spec.h"
#include "src/chip/nearest.h"

namespace vitruvian::chip {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kParamCount = static_cast<std::size_t>(Param::kCount);

constexpr const char* kDramKey = "hbm.dram";  // a name, not a number: the DRAM description of a stack
constexpr std::size_t kShownMissing = 8;  // an error stays readable where a whole base is missing

// Keys of the top of a file that are not parameters.
const std::vector<std::string> kHeadKeys{"name", "kind", "description", "base", "costs"};
const std::vector<std::string> kCostKeys{"head", "per_unit", "bytes_per_cycle", "tail", "interval", "source", "trust"};

// Something divides by each of these.
bool is_rate(Unit unit) { return unit == Unit::hertz || unit == Unit::bytes_per_cycle || unit == Unit::bytes_per_second; }

std::optional<Param> find_param(std::string_view path) {
  for (std::size_t i = 0; i < kParamCount; ++i)
    if (info(static_cast<Param>(i)).path == path) return static_cast<Param>(i);
  return std::nullopt;
}

bool is_prefix_of_a_param(const std::string& path) {
  for (std::size_t i = 0; i < kParamCount; ++i)
    if (std::string_view(info(static_cast<Param>(i)).path).starts_with(path + ".")) return true;
  return false;
}

std::vector<std::string> param_paths() {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < kParamCount; ++i) paths.emplace_back(info(static_cast<Param>(i)).path);
  return paths;
}

// What an unknown key can be meant for: at the top of a file a group of parameters is as near as a whole path.
std::vector<std::string> known_keys(const std::string& parent) {
  std::vector<std::string> keys = param_paths();
  if (parent.empty()) {
    keys.insert(keys.end(), kHeadKeys.begin(), kHeadKeys.end());
    for (const std::string& path : param_paths()) keys.push_back(path.substr(0, path.find('.')));
  }
  return keys;
}

double OperationCost::* cost_field(std::string_view name) {
  if (name == "head") return &OperationCost::head;
  if (name == "per_unit") return &OperationCost::per_unit;
  if (name == "tail") return &OperationCost::tail;
  if (name == "interval") return &OperationCost::interval;
  return nullptr;
}

OperationCost read_cost(const YamlFile& file, const YAML::Node& row, const std::string& path) {
  if (!row.IsMap()) file.fail(row, fmt::format("wrong form of '{}'", path), "{head: , per_unit: , tail: , interval: , source: , trust: }");
  OperationCost cost;
  file.refuse_unknown_keys(row, kCostKeys);
  for (const auto& entry : row) {
    const std::string name = entry.first.Scalar();
    const std::string field_path = path + "." + name;
    if (double OperationCost::* const field = cost_field(name)) {
      cost.*field = file.number(entry.second, field_path);
    } else if (name == "bytes_per_cycle") {
      if (row["per_unit"]) file.fail(row, fmt::format("'{}' has both per_unit and bytes_per_cycle", path), "one of them");
      const double width = file.number(entry.second, field_path);
      if (width == 0) file.fail(entry.second, fmt::format("'{}' is zero", field_path), "more than 0");
      cost.per_unit = 1 / width;
    }
  }
  std::tie(cost.trust, cost.source) = file.provenance(row, path);
  return cost;
}

}  // namespace

ChipSpec ChipSpec::load(std::string_view name_or_path, const std::map<std::string, double>& overrides) {
  return Loader::chip(name_or_path, overrides);
}

std::vector<std::string> ChipSpec::available() { return names_of_kind("ascend"); }

ChipSpec Loader::chip(std::string_view name_or_path, const std::map<std::string, double>& overrides) {
  Loader loader;
  loader.spec_.values_.resize(kParamCount);
  loader.spec_.read_.assign(kParamCount, false);
  loader.stated_.assign(kParamCount, false);

  const YamlFile file(find_file(name_or_path, "ascend"));
  std::vector<fs::path> chain;
  loader.apply(file, chain);
  loader.spec_.file_ = file.path().string();
  loader.require_all();
  for (const auto& [path, value] : overrides) loader.override_value(path, value);
  loader.spec_.overrides_ = overrides;
  return std::move(loader.spec_);
}

void Loader::apply(const YamlFile& file, std::vector<fs::path>& chain) {
  expect_kind(file, "ascend");
  const fs::path place = fs::weakly_canonical(file.path());
  if (std::find(chain.begin(), chain.end(), place) != chain.end())
    file.fail(file.root(), "a chip is its own base", "a base outside the chain");
  chain.push_back(place);
  apply_base(file, chain);

  for (const auto& entry : file.root()) {
    const std::string name = entry.first.Scalar();
    if (name == "costs") {
      read_costs(file, entry.second);
    } else if (std::find(kHeadKeys.begin(), kHeadKeys.end(), name) == kHeadKeys.end()) {
      if (!find_param(name) && !is_prefix_of_a_param(name)) file.fail_unknown(entry.first, name, known_keys({}));
      read_parameters(file, entry.second, name);
    }
  }
  if (!file.root()["name"]) file.fail(file.root(), "the file states no name", "name: the chip's name");
  spec_.name_ = file.text(file.root()["name"], "name");
  if (const YAML::Node description = file.root()["description"]) spec_.description_ = file.text(description, "description");
}

void Loader::apply_base(const YamlFile& file, std::vector<fs::path>& chain) {
  const YAML::Node base = file.root()["base"];
  if (!base) return;
  const std::string name = file.text(base, "base");
  // A base lies beside the file that names it, or among the installed chips.
  const fs::path beside = file.path().parent_path() / (name.ends_with(".yaml") ? name : name + ".yaml");
  apply(YamlFile(fs::is_regular_file(beside) ? beside : find_file(name, "ascend")), chain);
}

void Loader::read_parameters(const YamlFile& file, const YAML::Node& node, const std::string& path) {
  if (const auto param = find_param(path)) {
    const std::size_t index = static_cast<std::size_t>(*param);
    spec_.values_[index] = file.leaf(node, path, info(*param).unit);
    stated_[index] = true;
    return;
  }
  if (!node.IsMap()) file.fail(node, fmt::format("wrong type of '{}'", path), "a map of parameters", "a value");
  for (const auto& entry : node) {
    const std::string child = path + "." + entry.first.Scalar();
    if (child == kDramKey) {
      spec_.dram_ = file.text(entry.second, child);
      continue;
    }
    if (!find_param(child) && !is_prefix_of_a_param(child)) file.fail_unknown(entry.first, child, known_keys(path));
    read_parameters(file, entry.second, child);
  }
}

void Loader::read_costs(const YamlFile& file, const YAML::Node& node) {
  if (!node.IsMap()) file.fail(node, "wrong type of 'costs'", "a map of cost classes");
  file.refuse_unknown_keys(node, {cost_classes().begin(), cost_classes().end()});
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    spec_.costs_[name] = read_cost(file, entry.second, "costs." + name);
  }
}

void Loader::require_all() const {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < kParamCount; ++i)
    if (!stated_[i]) missing.emplace_back(info(static_cast<Param>(i)).path);
  for (const std::string& name : cost_classes())
    if (!spec_.costs_.contains(name)) missing.push_back("costs." + name);
  if (!missing.empty()) {
    const std::size_t shown = std::min(missing.size(), kShownMissing);
    std::string text = fmt::format("missing {}", fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (shown < missing.size()) text += fmt::format(" and {} more", missing.size() - shown);
    throw Error(text, spec_.file_, "a file that states them, or a base that does", {});
  }
  if (spec_.values_[static_cast<std::size_t>(Param::hbm_banked)].value != 0 && spec_.dram_.empty())
    throw Error("'hbm.banked' without 'hbm.dram'", spec_.file_, "the name of a DRAM description", {});
  for (std::size_t i = 0; i < kParamCount; ++i)
    if (const auto& about = info(static_cast<Param>(i)); is_rate(about.unit) && spec_.values_[i].value == 0)
      throw Error(fmt::format("'{}' is zero", about.path), spec_.file_, "more than 0", {});
}

void Loader::override_value(const std::string& path, double value) {
  const auto refuse = [&](std::string what, std::string expected) {
    throw Error(std::move(what), "override " + path, std::move(expected), fmt::format("{}", value));
  };
  if (!std::isfinite(value) || value < 0) refuse("a chip value is a finite number", "0 or more");
  if (const auto param = find_param(path)) {
    const Unit unit = info(*param).unit;
    if ((unit == Unit::count || unit == Unit::bytes) && value != std::floor(value)) refuse("not whole", to_string(unit));
    if (is_rate(unit) && value == 0) refuse(fmt::format("'{}' is zero", path), "more than 0");
    spec_.values_[static_cast<std::size_t>(*param)] = {value, Trust::assumed, "override", true};
    return;
  }
  if (const std::string prefix = std::string(kDramKey) + "."; path.starts_with(prefix)) {
    spec_.dram_overrides_[path.substr(prefix.size())] = value;
    DramSpec::load(spec_.dram_, spec_.dram_overrides_);  // refuses an unknown path
    return;
  }
  const std::size_t dot = path.rfind('.');
  if (path.starts_with("costs.") && dot > std::string_view("costs.").size()) {
    const auto row = spec_.costs_.find(std::string_view(path).substr(6, dot - 6));
    double OperationCost::* const field = cost_field(std::string_view(path).substr(dot + 1));
    if (row != spec_.costs_.end() && field != nullptr) {
      row->second.*field = value;
      row->second.trust = Trust::assumed;
      row->second.source = "override";
      return;
    }
  }
  std::vector<std::string> known = param_paths();
  for (const auto& [name, cost] : spec_.costs_)
    for (const char* field : {"head", "per_unit", "tail", "interval"}) known.push_back(fmt::format("costs.{}.{}", name, field));
  throw Error(fmt::format("unknown parameter '{}'; did you mean '{}'?", path, nearest(path, known)), "override", {}, {});
}

}  // namespace vitruvian::chip
