// Cross-core flags of a launch: 4-bit counters for each core and flag id, modes 0 (all cores of a kind), 1 (the AIVs of a
// group) and 2 (AIC and the AIVs of its group), and the die's scheduler that carries the messages one after another.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "src/memory/gm_path.h"

namespace vitruvian::pipe {

using memory::Cycle;

// Place of a core in a launch: groups of one AIC and its AIVs, in block order.
struct CrossCorePlace {
  std::uint32_t group = 0;
  bool is_aic = true;
  std::uint32_t sub_block = 0;  // AIV only
};

struct CrossCoreTiming {
  Cycle latency = 1, interval = 0;
  unsigned counter_max = 15;
};

// One for the die: the launches of a simulation share it.
class CrossCoreScheduler {
 public:
  explicit CrossCoreScheduler(CrossCoreTiming timing) : timing_(timing) {}
  const CrossCoreTiming& timing() const { return timing_; }
  // When a message that leaves its core at `now` arrives. Calls come in the order of time.
  Cycle carry(Cycle now) {
    const Cycle leaves = std::max(now, free_);
    free_ = leaves + timing_.interval;
    return leaves + timing_.latency;
  }

 private:
  CrossCoreTiming timing_;
  Cycle free_ = 0;
};

class CrossCoreFlags {
 public:
  static constexpr unsigned kIds = 16;
  // groups: blocks of the launch; aiv_per_group: 0 (AIC only), 1 or 2; has_aic false for AIV-only launches, where each block is
  // a group of one AIV.
  CrossCoreFlags(CrossCoreScheduler& scheduler, std::uint32_t groups, bool has_aic, std::uint32_t aiv_per_group);

  // A message that leaves its core at `now`. Returns false on a mode or id that does not exist. The increments that it causes
  // are appended: slot (see slot()) and the time at which the counter goes up.
  struct Increment {
    std::uint32_t slot = 0;
    unsigned id = 0;
    Cycle when = 0;
  };
  bool send(const CrossCorePlace& from, unsigned mode, unsigned id, Cycle now, std::vector<Increment>& increments);
  // Applies an increment at its time; false: the counter would exceed its maximum.
  bool apply(const Increment& increment);
  // Takes one from the counter if it is not zero.
  bool take(std::uint32_t slot, unsigned id);
  unsigned count(std::uint32_t slot, unsigned id) const { return counters_[slot][id]; }

  std::uint32_t slot(const CrossCorePlace& place) const;

 private:
  void deliver_kind(bool aic, std::uint32_t group_first, std::uint32_t group_last, unsigned id, Cycle when, std::vector<Increment>& out) const;
  std::uint32_t per_group() const { return (has_aic_ ? 1u : 0u) + aiv_; }

  CrossCoreScheduler& scheduler_;
  std::uint32_t groups_;
  bool has_aic_;
  std::uint32_t aiv_;
  std::vector<std::array<std::uint8_t, kIds>> counters_;
  // Arrivals still missing for a complete set, by scope: mode 0 by kind, modes 1 and 2 by group; each core's pending sets count.
  std::vector<std::array<std::uint32_t, kIds>> sent_;       // sets by slot, mode 0
  std::vector<std::array<std::uint32_t, kIds>> sent_pair_;  // mode 1
  std::vector<std::array<std::uint32_t, kIds>> sent_up_;    // mode 2, AIV -> AIC
  std::array<std::array<std::uint32_t, kIds>, 2> complete_all_{};
  std::vector<std::array<std::uint32_t, kIds>> complete_pair_, complete_up_;
};

}  // namespace vitruvian::pipe
