// A chip description: every parameter with its value, unit, source and trust, and the table of operation costs.
// One fact, one place: the schema is chip_spec.def, the values are chips/*.yaml.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitruvian::chip {

enum class Trust : std::uint8_t { published, measured, derived, assumed };
const char* to_string(Trust trust);

enum class Unit : std::uint8_t { count, hertz, bytes, cycles, bytes_per_cycle, ns, us, bytes_per_second, ratio, clocks, pj, pj_per_bit, mw };
const char* to_string(Unit unit);

enum class Param : std::uint16_t {
#define VITRUVIAN_PARAM(identifier, path, unit, meaning) identifier,
#include "src/chip/chip_spec.def"
#undef VITRUVIAN_PARAM
  kCount
};

struct ParamInfo {
  const char* identifier;
  const char* path;
  Unit unit;
  const char* meaning;
};
const ParamInfo& info(Param param);

struct Value {
  double value = 0;
  Trust trust = Trust::assumed;
  std::string source;
  bool overridden = false;
};

// The cost of one class of operations, in core cycles: an operation of `units` units holds its pipe for
// occupancy = max(interval, per_unit * units), and its results are visible after head + occupancy + tail.
// The unit is the class's own: a 256 B repeat (vector), a 16x16xk0 tile (cube), a byte (L1->L0 and fixpipe paths).
struct OperationCost {
  double head = 0;
  double per_unit = 0;
  double tail = 0;
  double interval = 1;
  Trust trust = Trust::assumed;
  std::string source;
};

class ChipSpec {
 public:
  // Loads chips/NAME.yaml (from the installed or source chips folder, or $VITRUVIAN_CHIPS), or a path that ends in .yaml.
  // Overrides map a yaml path ("hbm.bandwidth", "costs.vadd_f32.per_unit") to a value in the parameter's unit.
  // Errors: vitruvian::Error with file and line; an unknown key names the nearest one.
  static ChipSpec load(std::string_view name_or_path, const std::map<std::string, double>& overrides = {});
  static std::vector<std::string> available();

  const std::string& name() const { return name_; }
  const std::string& file() const { return file_; }
  const std::string& description() const { return description_; }

  // The value in the unit of the schema. Reading marks the parameter as used.
  double get(Param param) const;
  std::uint64_t get_integer(Param param) const;  // ensure()s that the value is a whole number
  bool is_assumed(Param param) const;
  const Value& value(Param param) const { return values_[static_cast<std::size_t>(param)]; }

  // The row of a cost class. Error if the chip file has none.
  const OperationCost& cost(std::string_view cost_class) const;
  const std::map<std::string, OperationCost, std::less<>>& costs() const { return costs_; }

  // Conversions to core cycles: the one place for them.
  double cycles_from_ns(double ns) const;
  double cycles_from_us(double us) const { return cycles_from_ns(us * 1e3); }
  double bytes_per_cycle(double bytes_per_second) const;
  double us_from_cycles(double cycles) const;

  // The DRAM description of a stack (chips/NAME.yaml, kind: dram), and the overrides meant for it, by their path there.
  const std::string& dram() const { return dram_; }
  const std::map<std::string, double>& dram_overrides() const { return dram_overrides_; }

  // Overrides in force, for the provenance line of each report.
  const std::map<std::string, double>& overrides() const { return overrides_; }
  // Parameters that nobody has read since loading (for the architecture test).
  std::vector<Param> unread() const;

 private:
  friend class Loader;
  std::string name_, file_, description_, dram_;
  std::map<std::string, double> dram_overrides_;
  std::vector<Value> values_;
  mutable std::vector<bool> read_;
  std::map<std::string, OperationCost, std::less<>> costs_;
  std::map<std::string, double> overrides_;
};

// A baseline profile (kind: baseline), such as chips/h100_sxm.yaml: peaks, bandwidths and measured efficiency points.
struct EfficiencyPoint {
  double m = 0, n = 0, k = 0;
  std::string dtype;
  double tflops = 0;
  std::string source;
};

class BaselineProfile {
 public:
  // Errors: vitruvian::Error with file and line, as ChipSpec::load.
  static BaselineProfile load(std::string_view name_or_path);
  static std::vector<std::string> available();

  const std::string& name() const { return name_; }
  const std::string& file() const { return file_; }
  const std::string& description() const { return description_; }
  // Dense peak in operations per second for "bf16", "fp16", "fp8", "int8", "fp32", "tf32".
  double peak(std::string_view dtype) const;
  double memory_bandwidth() const { return memory_bandwidth_; }  // bytes per second
  double memory_efficiency() const { return memory_efficiency_; }
  double memory_bytes() const { return memory_bytes_; }
  double l2_bytes() const { return l2_bytes_; }
  double launch_us() const { return launch_us_; }
  const std::map<std::string, double, std::less<>>& peaks() const { return peaks_; }
  // Trust and source of each value by its yaml path ("peaks.bf16", "memory.bandwidth", ...).
  const std::map<std::string, std::pair<Trust, std::string>>& provenance() const { return provenance_; }
  const std::vector<EfficiencyPoint>& gemm_points() const { return gemm_points_; }

  // Predicted time of an m x n x k GEMM in microseconds: the roofline max(operations / peak, compulsory bytes / bandwidth)
  // divided by the share of the roofline that measured points reach, interpolated over log shape (baseline.cpp), plus
  // launch. Never under the roofline. `basis` says what it rests on, in words.
  struct Prediction {
    double time_us = 0;
    std::string basis;
  };
  // Errors: Error for a dtype without a peak, or a dimension that is not positive.
  Prediction gemm(double m, double n, double k, std::string_view dtype) const;
  // The lower bound of a GEMM's time, without launch: compute or compulsory memory traffic at their peaks.
  double roofline_us(double m, double n, double k, std::string_view dtype) const;
  // Predicted time of a memory-bound kernel that moves `bytes` in all.
  Prediction streaming(double bytes) const;

 private:
  friend class Loader;
  std::string name_, file_, description_;
  std::map<std::string, double, std::less<>> peaks_;
  double memory_bandwidth_ = 0, memory_efficiency_ = 1, memory_bytes_ = 0, l2_bytes_ = 0, launch_us_ = 0;
  std::vector<EfficiencyPoint> gemm_points_;
  std::map<std::string, std::pair<Trust, std::string>> provenance_;
};

}  // namespace vitruvian::chip
