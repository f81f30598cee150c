// A YAML file with errors that name file and line: the layer between yaml-cpp and the two loaders.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "src/chip/chip_spec.h"
#include "vitruvian/error.h"

namespace vitruvian::chip {

class YamlFile {
 public:
  // Errors: Error if the file cannot be read, is not YAML, states a key twice, or its top is not a map.
  explicit YamlFile(std::filesystem::path path);

  const YAML::Node& root() const { return root_; }
  const std::filesystem::path& path() const { return path_; }
  // "chips/x.yaml:12"
  std::string at(const YAML::Node& node) const;

  [[noreturn]] void fail(const YAML::Node& node, std::string what, std::string expected = {}, std::string got = {}) const;
  [[noreturn]] void fail_unknown(const YAML::Node& key, const std::string& name, const std::vector<std::string>& known) const;

  void refuse_unknown_keys(const YAML::Node& map, const std::vector<std::string>& known) const;

  // `path` is how the value is called in messages ("hbm.bandwidth").
  double number(const YAML::Node& node, const std::string& path) const;              // finite, not negative
  std::string text(const YAML::Node& node, const std::string& path) const;
  // Source and trust of a leaf or cost row: no source means assumed; a source without trust is an error.
  std::pair<Trust, std::string> provenance(const YAML::Node& row, const std::string& path) const;
  // A leaf {value, unit, source, trust} in the unit of the schema.
  Value leaf(const YAML::Node& node, const std::string& path, Unit unit) const;

 private:
  void refuse_repeated_keys(const YAML::Node& node) const;

  std::filesystem::path path_;
  YAML::Node root_;
};

// The file of a chip or baseline: `name_or_path` itself where it is a path, else NAME.yaml in chip_folders().
// Errors: Error that lists the files of that kind.
std::filesystem::path find_file(std::string_view name_or_path, std::string_view kind);
// Names of the files of a kind ("ascend", "baseline") in chip_folders(), sorted.
std::vector<std::string> names_of_kind(std::string_view kind);
// Where chip files are looked for, in this order: $VITRUVIAN_CHIPS, data_directory()/chips.
std::vector<std::filesystem::path> chip_folders();
// Errors: Error if the file states another kind.
void expect_kind(const YamlFile& file, std::string_view kind);

}  // namespace vitruvian::chip
