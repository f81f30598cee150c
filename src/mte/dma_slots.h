// The outstanding requests of a DMA engine: which wait for their completion, and when the slots of the others are free again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "src/memory/gm_path.h"
#include "vitruvian/error.h"

namespace vitruvian::mte {

using memory::Cycle;

// A request takes as many slots as the tags of the bus that it stands for (a store of 512 B goes out as four of 128 B).
class DmaSlots {
 public:
  static constexpr std::size_t kMost = 256;

  explicit DmaSlots(std::uint32_t slots) : slots_(slots) { ensure(slots >= 1 && slots <= kMost, "a DMA engine has 1 to 256 slots"); }

  std::size_t unresolved() const { return arrived_ - resolved_; }
  // When `count` slots are free: 0 if they are now; empty if a request whose finish is not known could free one sooner. What is
  // unknown at `now` finishes no sooner than `lookahead` from now.
  std::optional<Cycle> next_free(Cycle lookahead, Cycle now, std::uint32_t count = 1) const {
    const std::size_t missing = lacking(count);
    if (missing == 0) return 0;
    if (freeing_ < missing) return std::nullopt;
    const Cycle first = finishes_[(first_ + missing - 1) % kMost];
    if (unresolved() != 0 && first > std::max(arrivals_[resolved_ % kMost], now) + lookahead) return std::nullopt;
    return first;
  }
  // A request takes the slots that next_free() named; arrivals do not fall.
  void take(Cycle arrival, std::uint32_t count = 1) {
    const std::size_t again = lacking(count);
    first_ += again;
    freeing_ -= again;
    for (std::uint32_t i = 0; i < count; ++i) arrivals_[arrived_++ % kMost] = arrival;
  }
  // A request finishes then. Which one does not matter: what is unresolved counts as having come last.
  void resolve(Cycle finish, std::uint32_t count = 1) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ++resolved_;
      // Sorted insertion from the back: finishes nearly rise, so this is a step or two.
      std::size_t at = first_ + freeing_++;
      for (; at != first_ && finishes_[(at - 1) % kMost] > finish; --at) finishes_[at % kMost] = finishes_[(at - 1) % kMost];
      finishes_[at % kMost] = finish;
    }
  }

 private:
  // Slots that must come free before `count` are.
  std::size_t lacking(std::uint32_t count) const {
    const std::size_t wanted = unresolved() + freeing_ + count;
    return wanted > slots_ ? wanted - slots_ : 0;
  }

  std::uint32_t slots_;
  std::size_t arrived_ = 0, resolved_ = 0;       // counts of requests; between them: unresolved
  std::size_t first_ = 0, freeing_ = 0;          // resolved ones whose slot is not taken anew, sorted by finish
  std::array<Cycle, kMost> arrivals_{}, finishes_{};
};

}  // namespace vitruvian::mte
