// A DRAM description (kind: dram), such as chips/hbm2e_910.yaml: organisation, timing, controller, energy, address map.
// The schema is dram_spec.def; values carry source and trust as those of a chip do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/chip/chip_spec.h"

namespace vitruvian::chip {

enum class DramParam : std::uint8_t {
#define VITRUVIAN_DRAM_PARAM(identifier, path, unit, meaning) identifier,
#include "src/chip/dram_spec.def"
#undef VITRUVIAN_DRAM_PARAM
  kCount
};
const ParamInfo& info(DramParam param);

// Address bits from the lowest up, above the burst: "bank_group:1 column:3 channel:6 ...". `channel` counts all pseudo channels of
// all stacks; the row takes what is left.
enum class DramField : std::uint8_t { channel, bank_group, bank, column };
struct DramMapBits {
  DramField field;
  unsigned bits;
};

class DramSpec {
 public:
  // Loads chips/NAME.yaml or a path that ends in .yaml. Overrides map a path ("timing.tRCD") to a value in the schema's unit.
  // Errors: Error with file and line; an unknown key names the nearest one.
  static DramSpec load(std::string_view name_or_path, const std::map<std::string, double>& overrides = {});
  static std::vector<std::string> available();

  const std::string& name() const { return name_; }
  const std::string& file() const { return file_; }
  const std::string& description() const { return description_; }
  double get(DramParam param) const { return values_[static_cast<std::size_t>(param)].value; }
  std::uint32_t get_count(DramParam param) const { return static_cast<std::uint32_t>(get(param)); }
  const Value& value(DramParam param) const { return values_[static_cast<std::size_t>(param)]; }
  // A timing in whole command clocks, rounded up; `clock` is the command clock in use.
  std::uint32_t clocks(DramParam param, double clock) const;
  const std::vector<DramMapBits>& map() const { return map_; }
  bool hashed() const { return hashed_; }                     // channel and bank XOR a hash of the bits above them
  bool refreshes_per_bank() const { return per_bank_; }

 private:
  friend class DramLoader;
  std::string name_, file_, description_;
  std::vector<Value> values_;
  std::vector<bool> in_clocks_;                               // the file states this timing in clocks
  std::vector<DramMapBits> map_;
  bool hashed_ = false, per_bank_ = false;
};

}  // namespace vitruvian::chip
