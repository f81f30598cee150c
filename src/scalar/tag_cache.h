// The tags of a set-associative cache with least-recently-used replacement: they say hit or miss, nothing else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vitruvian/error.h"

namespace vitruvian::scalar {

class TagCache {
 public:
  // A cache of 0 bytes always hits: no model of it.
  TagCache(std::uint64_t bytes, std::uint64_t line, std::uint64_t ways) : line_(line), ways_(ways) {
    ensure(line > 0 && ways > 0, "a cache has lines and ways");
    sets_ = bytes / (line * ways);
    ensure(bytes == 0 || sets_ > 0, "a cache holds at least one set");
    tags_.assign(sets_ * ways_, kEmpty);
  }

  bool modelled() const { return sets_ != 0; }
  std::uint64_t line_bytes() const { return line_; }
  std::uint64_t line_of(std::uint64_t address) const { return address / line_; }

  // Brings a line in and makes it the youngest of its set; true if it was there.
  bool touch(std::uint64_t line) {
    if (!modelled()) return true;
    const auto first = set_of(line), last = first + static_cast<std::ptrdiff_t>(ways_);
    const auto found = std::find(first, last, line);
    const bool hit = found != last;
    std::rotate(first, hit ? found : last - 1, hit ? found + 1 : last);
    *first = line;
    return hit;
  }

  bool holds(std::uint64_t line) const {
    if (!modelled()) return true;
    const auto first = tags_.begin() + static_cast<std::ptrdiff_t>(line % sets_ * ways_);
    return std::find(first, first + static_cast<std::ptrdiff_t>(ways_), line) != first + static_cast<std::ptrdiff_t>(ways_);
  }

  void invalidate(std::uint64_t line) {
    if (!modelled()) return;
    const auto first = set_of(line), last = first + static_cast<std::ptrdiff_t>(ways_);
    std::replace(first, last, line, kEmpty);
  }
  void clear() { std::fill(tags_.begin(), tags_.end(), kEmpty); }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  std::vector<std::uint64_t>::iterator set_of(std::uint64_t line) { return tags_.begin() + static_cast<std::ptrdiff_t>(line % sets_ * ways_); }

  std::uint64_t line_, ways_, sets_ = 0;
  std::vector<std::uint64_t> tags_;  // set by set, youngest first
};

}  // namespace vitruvian::scalar
