#include <fmt/format.h>

#include "src/chip/loader.h"

namespace vitruvian::chip {

namespace {

constexpr double kTera = 1e12;
const std::vector<std::string> kTopKeys{"name", "kind", "description", "peaks", "memory", "launch", "gemm"};
const std::vector<std::string> kPeakKeys{"bf16", "fp16", "fp8", "int8", "tf32", "fp32"};
const std::vector<std::string> kPeakLeafKeys{"value", "unit", "source", "trust"};
const std::vector<std::string> kMemoryKeys{"bandwidth", "efficiency", "bytes", "l2_bytes"};
const std::vector<std::string> kLaunchKeys{"overhead"};
const std::vector<std::string> kPointKeys{"m", "n", "k", "dtype", "tflops", "source"};

void expect_keys(const YamlFile& file, const YAML::Node& map, const std::vector<std::string>& known, bool all) {
  if (!map.IsMap()) file.fail(map, "wrong type", "a map");
  file.refuse_unknown_keys(map, known);
  for (const std::string& key : known)
    if (all && !map[key]) file.fail(map, fmt::format("missing '{}'", key));
}

// Peaks have a unit of their own: operations per second are no quantity of an Ascend chip file.
double read_peak(const YamlFile& file, const YAML::Node& leaf, const std::string& path) {
  expect_keys(file, leaf, kPeakLeafKeys, true);
  const std::string unit = file.text(leaf["unit"], path + ".unit");
  if (unit != "TFLOPS" && unit != "TOPS") file.fail(leaf["unit"], fmt::format("wrong unit of '{}'", path), "TFLOPS or TOPS", unit);
  const double value = file.number(leaf["value"], path);
  if (value == 0) file.fail(leaf["value"], fmt::format("'{}' is zero", path), "more than 0");
  return value * kTera;
}

EfficiencyPoint read_point(const YamlFile& file, const YAML::Node& row) {
  expect_keys(file, row, kPointKeys, true);
  EfficiencyPoint point{file.number(row["m"], "gemm.m"), file.number(row["n"], "gemm.n"), file.number(row["k"], "gemm.k"),
                        file.text(row["dtype"], "gemm.dtype"), file.number(row["tflops"], "gemm.tflops"),
                        file.text(row["source"], "gemm.source")};
  if (point.m < 1 || point.n < 1 || point.k < 1 || point.tflops == 0) file.fail(row, "a measured GEMM has m, n, k of 1 or more and some TFLOPS");
  return point;
}

}  // namespace

BaselineProfile BaselineProfile::load(std::string_view name_or_path) { return Loader::baseline(name_or_path); }

std::vector<std::string> BaselineProfile::available() { return names_of_kind("baseline"); }

BaselineProfile Loader::baseline(std::string_view name_or_path) {
  const YamlFile file(find_file(name_or_path, "baseline"));
  expect_kind(file, "baseline");
  expect_keys(file, file.root(), kTopKeys, true);
  BaselineProfile profile;
  profile.file_ = file.path().string();
  profile.name_ = file.text(file.root()["name"], "name");
  profile.description_ = file.text(file.root()["description"], "description");

  expect_keys(file, file.root()["peaks"], kPeakKeys, false);
  for (const auto& entry : file.root()["peaks"]) {
    const std::string dtype = entry.first.Scalar(), path = "peaks." + dtype;
    profile.peaks_[dtype] = read_peak(file, entry.second, path);
    profile.provenance_[path] = file.provenance(entry.second, path);
  }
  const auto read = [&](const char* group, const char* key, Unit unit) {
    const std::string path = fmt::format("{}.{}", group, key);
    const Value value = file.leaf(file.root()[group][key], path, unit);
    profile.provenance_[path] = {value.trust, value.source};
    return value.value;
  };
  expect_keys(file, file.root()["memory"], kMemoryKeys, true);
  expect_keys(file, file.root()["launch"], kLaunchKeys, true);
  profile.memory_bandwidth_ = read("memory", "bandwidth", Unit::bytes_per_second);
  profile.memory_efficiency_ = read("memory", "efficiency", Unit::ratio);
  profile.memory_bytes_ = read("memory", "bytes", Unit::bytes);
  profile.l2_bytes_ = read("memory", "l2_bytes", Unit::bytes);
  profile.launch_us_ = read("launch", "overhead", Unit::us);
  if (profile.memory_bandwidth_ == 0) file.fail(file.root()["memory"], "'memory.bandwidth' is zero", "more than 0");
  if (profile.memory_efficiency_ == 0 || profile.memory_efficiency_ > 1)
    file.fail(file.root()["memory"], "'memory.efficiency' is no share", "more than 0, at most 1");

  if (!file.root()["gemm"].IsSequence()) file.fail(file.root()["gemm"], "wrong type of 'gemm'", "a list of measured GEMMs");
  for (const YAML::Node& row : file.root()["gemm"]) {
    profile.gemm_points_.push_back(read_point(file, row));
    if (!profile.peaks_.contains(profile.gemm_points_.back().dtype))
      file.fail(row["dtype"], "a measured GEMM of a type without a peak", {}, profile.gemm_points_.back().dtype);
  }
  return profile;
}

}  // namespace vitruvian::chip
