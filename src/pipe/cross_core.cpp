#include "src/pipe/cross_core.h"

#include <algorithm>

namespace vitruvian::pipe {

CrossCoreFlags::CrossCoreFlags(CrossCoreScheduler& scheduler, std::uint32_t groups, bool has_aic, std::uint32_t aiv_per_group)
    : scheduler_(scheduler), groups_(groups), has_aic_(has_aic), aiv_(aiv_per_group) {
  const std::size_t cores = std::size_t{groups_} * per_group();
  counters_.assign(cores, {});
  sent_.assign(cores, {});
  sent_pair_.assign(cores, {});
  sent_up_.assign(cores, {});
  complete_pair_.assign(groups_, {});
  complete_up_.assign(groups_, {});
}

std::uint32_t CrossCoreFlags::slot(const CrossCorePlace& place) const {
  return place.group * per_group() + (place.is_aic ? 0u : (has_aic_ ? 1u : 0u) + place.sub_block);
}

void CrossCoreFlags::deliver_kind(bool aic, std::uint32_t group_first, std::uint32_t group_last, unsigned id, Cycle when,
                                  std::vector<Increment>& out) const {
  for (std::uint32_t g = group_first; g < group_last; ++g) {
    if (aic) {
      out.push_back({slot({g, true, 0}), id, when});
    } else {
      for (std::uint32_t s = 0; s < aiv_; ++s) out.push_back({slot({g, false, s}), id, when});
    }
  }
}

bool CrossCoreFlags::send(const CrossCorePlace& from, unsigned mode, unsigned id, Cycle now, std::vector<Increment>& out) {
  if (mode > 2 || id >= kIds) return false;
  const Cycle when = scheduler_.carry(now);
  const std::uint32_t me = slot(from);
  // A set of messages is complete when its slowest member has sent once more than the sets completed so far.
  const auto completes = [&](auto& sent, bool aic, std::uint32_t first_group, std::uint32_t last_group, std::uint32_t& complete) {
    ++sent[me][id];
    std::uint32_t least = ~0u;
    for (std::uint32_t group = first_group; group < last_group; ++group)
      for (std::uint32_t member = 0; member < (aic ? 1u : aiv_); ++member) least = std::min(least, sent[slot({group, aic, member})][id]);
    if (least <= complete) return false;
    ++complete;
    return true;
  };
  if (mode == 0) {
    if (completes(sent_, from.is_aic, 0, groups_, complete_all_[from.is_aic ? 1 : 0][id])) deliver_kind(from.is_aic, 0, groups_, id, when, out);
  } else if (mode == 1) {
    if (from.is_aic) return false;
    if (completes(sent_pair_, false, from.group, from.group + 1, complete_pair_[from.group][id]))
      deliver_kind(false, from.group, from.group + 1, id, when, out);
  } else {
    if (!has_aic_ || aiv_ == 0) return false;
    if (from.is_aic) deliver_kind(false, from.group, from.group + 1, id, when, out);
    else if (completes(sent_up_, false, from.group, from.group + 1, complete_up_[from.group][id]))
      deliver_kind(true, from.group, from.group + 1, id, when, out);
  }
  return true;
}

bool CrossCoreFlags::apply(const Increment& increment) {
  std::uint8_t& counter = counters_[increment.slot][increment.id];
  if (counter >= scheduler_.timing().counter_max) return false;
  ++counter;
  return true;
}

bool CrossCoreFlags::take(std::uint32_t slot, unsigned id) {
  std::uint8_t& counter = counters_[slot][id];
  if (counter == 0) return false;
  --counter;
  return true;
}

}  // namespace vitruvian::pipe
