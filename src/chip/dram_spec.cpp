#include "src/chip/dram_spec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/chip/nearest.h"
#include "src/chip/units.h"
#include "src/chip/yaml_file.h"

namespace vitruvian::chip {

namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::size_t kDramParamCount = static_cast<std::size_t>(DramParam::kCount);

constexpr std::array kDramParams{
#define VITRUVIAN_DRAM_PARAM(identifier, path, unit, meaning) ParamInfo{#identifier, path, Unit::unit, meaning},
#include "src/chip/dram_spec.def"
#undef VITRUVIAN_DRAM_PARAM
};

const std::vector<std::string> kDramHeadKeys{"name", "kind", "description", "map", "hash", "refresh"};

std::optional<std::size_t> find_dram_param(std::string_view path) {
  for (std::size_t i = 0; i < kDramParamCount; ++i)
    if (kDramParams[i].path == path) return i;
  return std::nullopt;
}

std::vector<std::string> dram_paths() {
  std::vector<std::string> paths;
  for (const ParamInfo& param : kDramParams) paths.emplace_back(param.path);
  return paths;
}

std::vector<std::string> known_dram_keys() {
  std::vector<std::string> keys = dram_paths();
  keys.insert(keys.end(), kDramHeadKeys.begin(), kDramHeadKeys.end());
  for (const std::string& path : dram_paths()) keys.push_back(path.substr(0, path.find('.')));
  return keys;
}

bool chosen(const YamlFile& file, const char* key, const char* yes, const char* no) {
  const YAML::Node node = file.root()[key];
  if (!node) file.fail(file.root(), fmt::format("missing '{}'", key), fmt::format("{} or {}", yes, no));
  const std::string word = file.text(node, key);
  if (word != yes && word != no) file.fail(node, fmt::format("unknown word of '{}'", key), fmt::format("{} or {}", yes, no), word);
  return word == yes;
}

}  // namespace

const ParamInfo& info(DramParam param) {
  ensure(param < DramParam::kCount, "a parameter is one of the DRAM schema");
  return kDramParams[static_cast<std::size_t>(param)];
}

std::uint32_t DramSpec::clocks(DramParam param, double clock) const {
  const double written = get(param);
  if (in_clocks_[static_cast<std::size_t>(param)]) return static_cast<std::uint32_t>(written);
  constexpr double kSlack = 1e-6;  // 14 ns at 1 GHz are 14 clocks, whatever the last bit of the product
  return static_cast<std::uint32_t>(std::ceil(written * clock / kNsPerSecond - kSlack));
}

class DramLoader {
 public:
  DramLoader(std::string_view name_or_path, const std::map<std::string, double>& overrides) : file_(find_file(name_or_path, "dram")) {
    expect_kind(file_, "dram");
    spec_.values_.resize(kDramParamCount);
    spec_.in_clocks_.assign(kDramParamCount, false);
    stated_.assign(kDramParamCount, false);
    spec_.file_ = file_.path().string();
    for (const char* key : {"name", "description", "map"})
      if (!file_.root()[key]) file_.fail(file_.root(), fmt::format("missing '{}'", key));
    spec_.name_ = file_.text(file_.root()["name"], "name");
    spec_.description_ = file_.text(file_.root()["description"], "description");
    for (const auto& entry : file_.root())
      if (std::find(kDramHeadKeys.begin(), kDramHeadKeys.end(), entry.first.Scalar()) == kDramHeadKeys.end())
        read(entry.first, entry.second, entry.first.Scalar());
    require_all();
    for (const auto& [path, value] : overrides) override_value(path, value);
    spec_.hashed_ = chosen(file_, "hash", "xor", "none");
    spec_.per_bank_ = chosen(file_, "refresh", "per_bank", "all_bank");
    read_map();
  }
  DramSpec take() { return std::move(spec_); }

 private:
  void read(const YAML::Node& key, const YAML::Node& node, const std::string& path) {
    if (const auto index = find_dram_param(path)) {
      Unit unit = kDramParams[*index].unit;
      // A timing in clocks keeps them, whatever the clock.
      if (unit == Unit::ns && node.IsMap() && node["unit"] && node["unit"].IsScalar() && conversion(node["unit"].Scalar(), Unit::clocks)) {
        unit = Unit::clocks;
        spec_.in_clocks_[*index] = true;
      }
      spec_.values_[*index] = file_.leaf(node, path, unit);
      stated_[*index] = true;
      return;
    }
    const auto paths = dram_paths();
    const bool group = std::any_of(paths.begin(), paths.end(), [&](const std::string& known) { return known.starts_with(path + "."); });
    if (!group) file_.fail_unknown(key, path, known_dram_keys());
    if (!node.IsMap()) file_.fail(node, fmt::format("wrong type of '{}'", path), "a map of parameters", "a value");
    for (const auto& entry : node) read(entry.first, entry.second, path + "." + entry.first.Scalar());
  }

  void require_all() const {
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < kDramParamCount; ++i)
      if (!stated_[i]) missing.emplace_back(kDramParams[i].path);
    if (!missing.empty()) throw Error(fmt::format("missing {}", fmt::join(missing, ", ")), spec_.file_, "a file that states them", {});
    for (const DramParam param : {DramParam::clock, DramParam::transfers, DramParam::read_queue, DramParam::write_queue})
      if (spec_.get(param) == 0) throw Error(fmt::format("'{}' is zero", info(param).path), spec_.file_, "more than 0", {});
    if (spec_.get(DramParam::write_high) > spec_.get(DramParam::write_queue) || spec_.get(DramParam::write_low) >= spec_.get(DramParam::write_high))
      throw Error("bad watermarks of the write queue", spec_.file_, "write_low < write_high <= write_queue", {});
  }

  void override_value(const std::string& path, double value) {
    const auto index = find_dram_param(path);
    if (!index) throw Error(fmt::format("unknown parameter '{}'; did you mean '{}'?", path, nearest(path, dram_paths())), "override", {}, {});
    const Unit unit = kDramParams[*index].unit;
    if (!std::isfinite(value) || value < 0 || (unit == Unit::count && value != std::floor(value)))
      throw Error("bad value of an override", "override " + path, to_string(unit), fmt::format("{}", value));
    spec_.values_[*index] = {value, Trust::assumed, "override", true};
    spec_.in_clocks_[*index] = false;
  }

  void read_map() {
    const YAML::Node node = file_.root()["map"];
    std::istringstream words(file_.text(node, "map"));
    for (std::string word; words >> word;) {
      const std::size_t colon = word.find(':');
      const std::string name = word.substr(0, colon);
      unsigned bits = 0;
      if (colon != std::string::npos) bits = static_cast<unsigned>(std::strtoul(word.c_str() + colon + 1, nullptr, 10));
      constexpr std::array kNames{"channel", "bank_group", "bank", "column"};
      const auto field = std::find(kNames.begin(), kNames.end(), name);
      if (field == kNames.end() || bits == 0) file_.fail(node, "unknown field of the address map", "channel:N, bank_group:N, bank:N, column:N", word);
      spec_.map_.push_back({static_cast<DramField>(field - kNames.begin()), bits});
    }
  }

  YamlFile file_;
  DramSpec spec_;
  std::vector<bool> stated_;
};

DramSpec DramSpec::load(std::string_view name_or_path, const std::map<std::string, double>& overrides) {
  return DramLoader(name_or_path, overrides).take();
}

std::vector<std::string> DramSpec::available() { return names_of_kind("dram"); }

}  // namespace vitruvian::chip
