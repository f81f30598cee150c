// A parameter by the path that an override takes: of the chip, of a row of its costs, or of its DRAM (private to src/workload).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/chip/chip_spec.h"

namespace vitruvian::workload {

struct ChipParameter {
  std::string path;
  double value = 0;          // in the unit of an override
  chip::Trust trust = chip::Trust::assumed;
  bool whole = false;        // counts, bytes, and cycles where the file has whole ones
  bool acts = true;          // false: the model of HBM that is switched on reads another one in its place
};

// Errors: Error for a path that no override takes.
ChipParameter get_parameter(const chip::ChipSpec& spec, const std::string& path);
// All with this trust that can move a time: chip, costs, and of the DRAM its timing and controller.
std::vector<ChipParameter> parameters_of_trust(const chip::ChipSpec& spec, chip::Trust trust);

// One change for several chips: each chip's own value times `factor`, rounded where it is whole.
std::map<std::string, double> scaled(const chip::ChipSpec& spec, const std::string& path, double factor);

}  // namespace vitruvian::workload
