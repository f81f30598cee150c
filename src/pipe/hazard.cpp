#include "src/pipe/hazard.h"

#include <algorithm>

namespace vitruvian::pipe {

void HazardTracker::add(Operation* op) {
  for (const memory::Access& access : op->footprint)
    if (access.space != memory::Space::GM)
      items_[static_cast<std::size_t>(access.space)].push_back({access.low(), access.high(), op, &access});
  ++count_;
}

void HazardTracker::remove(const Operation* op) {
  // Erase in place: the lists stay in issue order and are short (what the queues hold).
  std::uint8_t done = 0;
  for (const memory::Access& access : op->footprint) {
    const auto space = static_cast<std::size_t>(access.space);
    if (access.space == memory::Space::GM || (done >> space & 1)) continue;
    done = static_cast<std::uint8_t>(done | 1u << space);
    std::erase_if(items_[space], [op](const Item& item) { return item.op == op; });
  }
  --count_;
}

bool ordered_by_hardware(const Operation& earlier, const Operation& later, const memory::Access& earlier_access,
                         const memory::Access& later_access) {
  if (earlier.unit_flag && later.unit_flag) return true;  // the cube and fixpipe handshake orders this pair
  if (earlier.pipe_index != later.pipe_index) return false;
  if (later.issued.pipe == isa::Pipe::V) return !(earlier_access.write && !later_access.write);
  if (later.issued.pipe == isa::Pipe::M) return !later.needs_barrier;
  return true;
}

const Operation* HazardTracker::search(const memory::Access& access, const Operation* self, std::uint64_t sequence, Cycle now) const {
  const std::uint64_t low = access.low(), high = access.high();
  for (const Item& item : items_[static_cast<std::size_t>(access.space)]) {
    if (item.low >= high || low >= item.high) continue;
    if (!(access.write || item.access->write) || item.op == self) continue;
    if (item.op->issued.sequence >= sequence || item.op->finish <= now) continue;
    if (self && ordered_by_hardware(*item.op, *self, *item.access, access)) continue;
    if (memory::overlap(*item.access, access)) return item.op;
  }
  return nullptr;
}

const Operation* HazardTracker::conflict(const Operation& op, Cycle now) const {
  for (const memory::Access& access : op.footprint) {
    if (access.space == memory::Space::GM) continue;
    if (const Operation* other = search(access, &op, op.issued.sequence, now)) return other;
  }
  return nullptr;
}

const Operation* HazardTracker::conflict(const memory::Access& access) const {
  return search(access, nullptr, ~std::uint64_t{0}, 0);
}

Operation* HazardTracker::unit_flag_partner(const Operation& op, Cycle now) const {
  Operation* newest = nullptr;
  for (const memory::Access& access : op.footprint) {
    if (access.space != memory::Space::L0C) continue;
    const std::uint64_t low = access.low(), high = access.high();
    for (const Item& item : items_[static_cast<std::size_t>(memory::Space::L0C)]) {
      if (!item.op->unit_flag || item.op->pipe_index == op.pipe_index || item.low >= high || low >= item.high) continue;
      if (item.op->issued.sequence >= op.issued.sequence || item.op->finish <= now) continue;
      if (!newest || newest->issued.sequence < item.op->issued.sequence) newest = item.op;
    }
  }
  return newest;
}

}  // namespace vitruvian::pipe
