#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "src/runtime/device_state.h"

namespace vitruvian {

std::map<std::string, PipeCounters> LaunchResult::pipes() const {
  std::map<std::string, PipeCounters> sums;
  for (const CoreCounters& core : cores)
    for (const PipeCounters& pipe : core.pipes) {
      PipeCounters& sum = sums[pipe.pipe];
      sum.pipe = pipe.pipe;
      sum.operations += pipe.operations;
      sum.busy += pipe.busy;
      for (std::size_t i = 0; i < sum.stall.size(); ++i) sum.stall[i] += pipe.stall[i];
      sum.idle += pipe.idle;
      sum.bytes += pipe.bytes;
      sum.assumed_busy += pipe.assumed_busy;
    }
  return sums;
}

namespace {

template <typename Enum, std::size_t N>
Enum from_word(const std::string& word, const char* what, const std::array<const char*, N>& names) {
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    if (word == names[i]) return static_cast<Enum>(i);
    all += (i ? ", " : "") + std::string(names[i]);
  }
  throw Error(fmt::format("unknown {}", what), "", "one of: " + all, word);
}

constexpr std::array<const char*, 4> kModes{"full", "timing_only", "functional_only", "auto"};
constexpr std::array<const char*, 2> kSyncs{"auto", "strict"};
constexpr std::array<const char*, 3> kL2States{"cold", "warm", "carried"};
constexpr std::array<const char*, 9> kReasons{"flag", "barrier", "hazard", "memory", "queue_full", "cross_core", "unit_flag", "fetch", "load"};

}  // namespace

const char* to_string(Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }
const char* to_string(Sync sync) { return kSyncs[static_cast<std::size_t>(sync)]; }
const char* to_string(L2State state) { return kL2States[static_cast<std::size_t>(state)]; }
const char* to_string(StallReason reason) { return reason == StallReason::kCount ? "none" : kReasons[static_cast<std::size_t>(reason)]; }
Mode mode_from(const std::string& word) { return from_word<Mode>(word, "mode", kModes); }
Sync sync_from(const std::string& word) { return from_word<Sync>(word, "sync", kSyncs); }
L2State l2_state_from(const std::string& word) { return from_word<L2State>(word, "l2 state", kL2States); }

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
  if (transfer && result.memory.hbm_busy_share > 0.75) return "hbm";
  if (transfer && result.memory.l2_busy_share > 0.75) return "l2";
  return share < 0.5 ? "sync" : best;
}

}  // namespace runtime
}  // namespace vitruvian
