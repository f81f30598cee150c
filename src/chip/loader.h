// Builds chip descriptions from their files; friend of what it builds, so that both stay read-only for everybody else.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/chip/yaml_file.h"

namespace vitruvian::chip {

class Loader {
 public:
  static ChipSpec chip(std::string_view name_or_path, const std::map<std::string, double>& overrides);
  static BaselineProfile baseline(std::string_view name_or_path);

 private:
  // Applies a file over the values of its base, its base first. `chain` holds the files on the way, against circles.
  void apply(const YamlFile& file, std::vector<std::filesystem::path>& chain);
  void apply_base(const YamlFile& file, std::vector<std::filesystem::path>& chain);
  void read_parameters(const YamlFile& file, const YAML::Node& node, const std::string& path);
  void read_costs(const YamlFile& file, const YAML::Node& node);
  void require_all() const;
  void override_value(const std::string& path, double value);

  ChipSpec spec_;
  std::vector<bool> stated_;
};

}  // namespace vitruvian::chip
