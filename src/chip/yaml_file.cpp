#include "src/chip/yaml_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/chip/nearest.h"
#include "src/chip/units.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::chip {

namespace fs = std::filesystem;

YamlFile::YamlFile(fs::path path) : path_(std::move(path)) {
  if (!fs::is_regular_file(path_)) throw Error("no such chip file", path_.string(), {}, {});
  try {
    root_ = YAML::LoadFile(path_.string());
  } catch (const YAML::Exception& problem) {
    throw Error("not YAML: " + problem.msg, fmt::format("{}:{}", path_.string(), problem.mark.line + 1), {}, {});
  }
  if (!root_.IsMap()) throw Error("not a chip description", path_.string(), "a map with name, kind, ...", {});
  refuse_repeated_keys(root_);
}

std::string YamlFile::at(const YAML::Node& node) const {
  return fmt::format("{}:{}", path_.string(), node.Mark().line + 1);
}

void YamlFile::fail(const YAML::Node& node, std::string what, std::string expected, std::string got) const {
  throw Error(std::move(what), at(node), std::move(expected), std::move(got));
}

void YamlFile::fail_unknown(const YAML::Node& key, const std::string& name, const std::vector<std::string>& known) const {
  fail(key, fmt::format("unknown key '{}'; did you mean '{}'?", name, nearest(name, known)));
}

void YamlFile::refuse_unknown_keys(const YAML::Node& map, const std::vector<std::string>& known) const {
  for (const auto& entry : map)
    if (std::find(known.begin(), known.end(), entry.first.Scalar()) == known.end())
      fail_unknown(entry.first, entry.first.Scalar(), known);
}

// yaml-cpp keeps the first of two equal keys without a word.
void YamlFile::refuse_repeated_keys(const YAML::Node& node) const {
  if (node.IsSequence())
    for (const YAML::Node& item : node) refuse_repeated_keys(item);
  if (!node.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const YAML::Node& key = entry.first;
    if (!key.IsScalar()) fail(key, "a key must be a word");
    if (!seen.insert(key.Scalar()).second) fail(key, fmt::format("key '{}' is stated twice", key.Scalar()));
    refuse_repeated_keys(entry.second);
  }
}

double YamlFile::number(const YAML::Node& node, const std::string& path) const {
  double value = 0;
  if (!node.IsScalar() || !YAML::convert<double>::decode(node, value) || !std::isfinite(value))
    fail(node, fmt::format("wrong type of '{}'", path), "a number",
         node.IsScalar() ? fmt::format("'{}'", node.Scalar()) : "a map or list");
  if (value < 0) fail(node, fmt::format("'{}' is negative", path), "0 or more", node.Scalar());
  return value;
}

std::string YamlFile::text(const YAML::Node& node, const std::string& path) const {
  if (!node.IsScalar()) fail(node, fmt::format("wrong type of '{}'", path), "text", "a map or list");
  return node.Scalar();
}

std::pair<Trust, std::string> YamlFile::provenance(const YAML::Node& row, const std::string& path) const {
  const YAML::Node source = row["source"];
  const YAML::Node trust = row["trust"];
  if (source && !trust) fail(row, fmt::format("'{}' has a source but no trust", path), "published, measured, derived or assumed");
  if (!trust) return {Trust::assumed, {}};
  const std::string word = text(trust, path + ".trust");
  for (const Trust level : {Trust::published, Trust::measured, Trust::derived, Trust::assumed}) {
    if (word != to_string(level)) continue;
    if (!source) return {Trust::assumed, {}};  // whatever it claims
    return {level, text(source, path + ".source")};
  }
  fail(trust, fmt::format("unknown trust of '{}'", path), "published, measured, derived or assumed", word);
}

Value YamlFile::leaf(const YAML::Node& node, const std::string& path, Unit unit) const {
  if (!node.IsMap() || !node["value"])
    fail(node, fmt::format("wrong form of '{}'", path), "{value: , unit: , source: , trust: }");
  static const std::vector<std::string> kKeys{"value", "unit", "source", "trust"};
  refuse_unknown_keys(node, kKeys);
  if (!node["unit"]) fail(node, fmt::format("'{}' has no unit", path), accepted_words(unit));
  const std::string word = text(node["unit"], path + ".unit");
  const auto factor = conversion(word, unit);
  if (!factor) fail(node["unit"], fmt::format("wrong unit of '{}'", path), accepted_words(unit), word);
  Value value;
  value.value = number(node["value"], path) * *factor;
  std::tie(value.trust, value.source) = provenance(node, path);
  const bool whole = unit == Unit::count || unit == Unit::bytes || unit == Unit::clocks;
  if (whole && value.value != std::floor(value.value))
    fail(node["value"], fmt::format("'{}' is not whole", path), fmt::format("a whole number of {}", to_string(unit)), node["value"].Scalar());
  return value;
}

std::vector<fs::path> chip_folders() {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("VITRUVIAN_CHIPS"); folder != nullptr && *folder != '\0') folders.emplace_back(folder);
  folders.push_back(fs::path(data_directory()) / "chips");
  return folders;
}

std::vector<std::string> names_of_kind(std::string_view kind) {
  std::set<std::string> names;
  for (const fs::path& folder : chip_folders()) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".yaml") continue;
      try {
        const YAML::Node root = YAML::LoadFile(entry.path().string());
        if (root.IsMap() && root["kind"] && root["kind"].IsScalar() && root["kind"].Scalar() == kind)
          names.insert(entry.path().stem().string());
      } catch (const YAML::Exception&) {
        continue;  // a broken file is reported when it is asked for, not when another one is
      }
    }
  }
  return {names.begin(), names.end()};
}

fs::path find_file(std::string_view name_or_path, std::string_view kind) {
  if (name_or_path.ends_with(".yaml")) return fs::path(name_or_path);
  const std::string file = fmt::format("{}.yaml", name_or_path);
  for (const fs::path& folder : chip_folders())
    if (fs::is_regular_file(folder / file)) return folder / file;
  const auto names = names_of_kind(kind);
  std::vector<std::string> folders;
  for (const fs::path& folder : chip_folders()) folders.push_back(folder.string());
  throw Error(fmt::format("unknown {} '{}'", kind == "ascend" ? "chip" : kind, name_or_path),
              fmt::format("{}", fmt::join(folders, ", ")),
              names.empty() ? "a path that ends in .yaml" : fmt::format("{}, or a path that ends in .yaml", fmt::join(names, ", ")), {});
}

void expect_kind(const YamlFile& file, std::string_view kind) {
  const YAML::Node stated = file.root()["kind"];
  if (!stated) file.fail(file.root(), "the file states no kind", fmt::format("kind: {}", kind));
  const std::string word = file.text(stated, "kind");
  if (word != kind) file.fail(stated, "wrong kind of chip file", fmt::format("kind: {}", kind), word);
}

}  // namespace vitruvian::chip
