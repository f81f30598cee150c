// How fast all vector cores read a working set again: the L2's capacity and rates, as the machine shows them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace vitruvian::timing {

struct WorkingSet {
  std::uint64_t bytes = 0;         // of the set: a whole number of rows for each core
  std::uint32_t repeats = 1;       // of the set in a pass
  double terabytes_per_second = 0; // over passes 2 to 4
  double hit_rate = 0;             // over passes 2 to 4
};

// Every core owns its part of the set and reads it four times from a cold L2. A pass reads a small set several times, so that it lasts longer
// than the cores' starts are apart: else the last core to start would run alone, and its rate would count for all.
WorkingSet read_working_set(const std::string& chip, std::uint64_t bytes, const std::map<std::string, double>& overrides = {});

}  // namespace vitruvian::timing
