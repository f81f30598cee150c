#include <algorithm>
#include <map>

#include "src/runtime/device_state.h"

namespace vitruvian {

namespace runtime {

// The resource that is busy for the largest share of the launch; a transfer pipe that waits for a saturated memory level counts
// as that level. Below half of the time for all of them, waiting for each other (sync) or the launch itself is the bound.
std::string find_bound(const LaunchResult& result) {
  if (result.cycles == 0) return "";
  static const std::map<std::string, const char*> names{{"M", "cube"},    {"V", "vector"},   {"S", "scalar"},  {"MTE1", "mte1"},
                                                        {"MTE2", "mte2"}, {"MTE3", "mte3"}, {"FIX", "fixpipe"}};
  const double core_cycles = static_cast<double>(result.cycles) * (result.time_us > 0 ? result.core_time_us / result.time_us : 1.0);
  std::map<std::string, std::pair<double, int>> shares;
  for (const CoreCounters& core : result.cores)
    for (const PipeCounters& pipe : core.pipes) {
      // A transfer pipe with data on the way is occupied even when it only waits for them.
      const auto waiting = static_cast<double>(pipe.stall[static_cast<std::size_t>(StallReason::memory)]);
      auto& [sum, count] = shares[pipe.pipe];
      sum += (static_cast<double>(pipe.busy) + waiting) / std::max(1.0, core_cycles);
      ++count;
    }
  std::string best = "sync";
  double share = 0;
  for (const auto& [pipe, total] : shares) {
    const double mean = total.first / total.second;
    if (mean > share) {
      share = mean;
      best = names.at(pipe);
    }
  }
  if (core_cycles < 0.5 * static_cast<double>(result.cycles)) return "launch";
  const bool transfer = best == "mte2" || best == "mte3" || best == "fixpipe";
  if (transfer && result.memory.die_link_busy_share > 0.75) return "die_link";
  if (transfer && result.memory.fabric_busy_share > 0.75) return "fabric";
  if (transfer && result.memory.hbm_busy_share > 0.75) return "hbm";
  if (transfer && result.memory.l2_busy_share > 0.75) return "l2";
  return share < 0.5 ? "sync" : best;
}

}  // namespace runtime
}  // namespace vitruvian
