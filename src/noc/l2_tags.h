// Tags of the L2: which lines are present, which of their sectors are valid and dirty, who waits for a fill.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "src/memory/address_hash.h"
#include "src/memory/ticks.h"

namespace vitruvian::noc {

using memory::Tick;

struct L2Line {
  Tick ready = 0;          // the last fill's data are at the core that asked for them
  Tick missed = 0;         // when that fill was asked for
  Tick next_service = 0;   // same-line serialisation
  std::uint16_t port = 0;  // who asked last
  std::uint16_t fill_port = 0;  // who asked for the fill
  std::uint8_t valid = 0, dirty = 0;  // a bit for each sector
};

struct Evicted {
  std::uint64_t line = 0;
  std::uint8_t dirty = 0;
};

class L2Tags {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};

  // Errors: ensure() if sets is no power of two.
  L2Tags(std::uint32_t slices, std::uint32_t sets_per_slice, std::uint32_t ways);

  std::uint32_t slice_of(std::uint64_t line) const { return hash_(line); }
  // Finds a line and makes it the most recently used.
  Index find(std::uint32_t slice, std::uint64_t line);
  // Places a line that is absent, over the least recently used one; all sectors invalid.
  Index allocate(std::uint32_t slice, std::uint64_t line, Evicted& evicted);
  // Lets the host fetch what find() and allocate() of the line will look at.
  void prefetch(std::uint32_t slice, std::uint64_t line) const {
    const std::size_t base = base_of(slice, line);
    constexpr std::size_t kHostLine = 64 / sizeof(std::uint32_t);
    for (std::size_t way = 0; way < ways_; way += kHostLine) __builtin_prefetch(tags_.data() + base + way), __builtin_prefetch(stamps_.data() + base + way);
  }
  L2Line& at(Index index) { return lines_[index]; }

  void clear();
  // A new launch's clock starts at zero: no fill is in flight any more.
  void reset_clock();
  std::uint64_t resident_lines() const;

 private:
  // Line numbers are kept modulo 2^31 (1 TiB of 512 B lines), more than any die's memory.
  static constexpr std::uint32_t kTagMask = 0x7fffffffu;
  static constexpr std::uint32_t kInvalid = ~std::uint32_t{0};
  std::size_t base_of(std::uint32_t slice, std::uint64_t line) const {
    // Higher bits fold in, so that power-of-two row pitches do not pile up in few sets.
    const std::uint64_t above = line >> slice_bits_;
    const std::uint64_t set = (above ^ above >> set_bits_ ^ above >> 2 * set_bits_) & (sets_ - 1);
    return (std::size_t{slice} * sets_ + set) * ways_;
  }

  std::uint32_t next_stamp();

  memory::AddressHash hash_;
  std::uint32_t sets_, ways_;
  unsigned slice_bits_, set_bits_;
  std::uint32_t clock_ = 0;                 // LRU stamps
  std::vector<std::uint32_t> tags_, stamps_;
  std::vector<L2Line> lines_;
};

}  // namespace vitruvian::noc
