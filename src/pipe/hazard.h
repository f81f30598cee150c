// Which issued, unfinished operations of a core touch which bytes of its buffers: the basis of automatic synchronisation.
// GM is not tracked: ordering through global memory is the program's (and the vendor compiler's insertion leaves it too).
#pragma once

#include <array>
#include <vector>

#include "src/pipe/operation.h"

namespace vitruvian::pipe {

class HazardTracker {
 public:
  void add(Operation* op);           // at issue
  void remove(const Operation* op);  // at retirement
  // An earlier, unfinished operation that `op` must not overtake, or nullptr. Finished means finish <= now.
  const Operation* conflict(const Operation& op, Cycle now) const;
  // The same for a scalar access to UB, against everything that has not retired: data take effect at retirement, and the pipe
  // may not have had its turn yet in the cycle in which the operation finishes.
  const Operation* conflict(const memory::Access& access) const;
  // The newest earlier, unfinished operation of another pipe on the same L0C bytes that takes part in the unit-flag handshake.
  Operation* unit_flag_partner(const Operation& op, Cycle now) const;
  bool empty() const { return count_ == 0; }

 private:
  struct Item {
    std::uint64_t low, high;
    Operation* op;
    const memory::Access* access;
  };
  const Operation* search(const memory::Access& access, const Operation* self, std::uint64_t sequence, Cycle now) const;
  std::array<std::vector<Item>, memory::kSpaceCount> items_;
  std::size_t count_ = 0;
};

// True if the hardware orders the two operations of one pipe by itself: everything but a vector operation that reads what an
// unfinished one writes, and a mad on a small C that an unfinished mad accumulates.
bool ordered_by_hardware(const Operation& earlier, const Operation& later, const memory::Access& earlier_access,
                         const memory::Access& later_access);

}  // namespace vitruvian::pipe
