#include "src/noc/l2_tags.h"

#include <algorithm>
#include <bit>

#include "vitruvian/error.h"

namespace vitruvian::noc {

L2Tags::L2Tags(std::uint32_t slices, std::uint32_t sets_per_slice, std::uint32_t ways)
    : hash_(slices),
      sets_(sets_per_slice),
      ways_(ways),
      // With a slice count that is no power of two the set takes the whole line number.
      slice_bits_(std::has_single_bit(slices) ? static_cast<unsigned>(std::countr_zero(slices)) : 0),
      set_bits_(static_cast<unsigned>(std::countr_zero(sets_per_slice))) {
  ensure(std::has_single_bit(sets_per_slice), "the sets of an L2 slice are a power of two");
  const std::size_t count = std::size_t{slices} * sets_ * ways_;
  tags_.assign(count, kInvalid);
  stamps_.assign(count, 0);
  lines_.assign(count, {});
}

std::uint32_t L2Tags::next_stamp() {
  // Stamps wrap after 2^32 accesses: the ages start anew then.
  if (clock_ == ~std::uint32_t{0}) [[unlikely]] {
    std::fill(stamps_.begin(), stamps_.end(), 0u);
    clock_ = 0;
  }
  return ++clock_;
}

L2Tags::Index L2Tags::find(std::uint32_t slice, std::uint64_t line) {
  const std::size_t base = base_of(slice, line);
  const std::uint32_t* tags = tags_.data() + base;
  const auto tag = static_cast<std::uint32_t>(line) & kTagMask;
  std::uint32_t found = kNone;
  for (std::uint32_t way = 0; way < ways_; ++way) found = tags[way] == tag ? way : found;  // no exit: vectorises
  if (found == kNone) return kNone;
  stamps_[base + found] = next_stamp();
  return static_cast<Index>(base + found);
}

L2Tags::Index L2Tags::allocate(std::uint32_t slice, std::uint64_t line, Evicted& evicted) {
  const std::size_t base = base_of(slice, line);
  const auto first = stamps_.begin() + static_cast<std::ptrdiff_t>(base);
  const std::size_t index = base + static_cast<std::size_t>(std::min_element(first, first + ways_) - first);
  L2Line& entry = lines_[index];
  if (tags_[index] != kInvalid) evicted = {(line & ~std::uint64_t{kTagMask}) | tags_[index], entry.dirty};
  entry = {};
  tags_[index] = static_cast<std::uint32_t>(line) & kTagMask;
  stamps_[index] = next_stamp();
  return static_cast<Index>(index);
}

void L2Tags::clear() {
  std::fill(tags_.begin(), tags_.end(), kInvalid);
  std::fill(stamps_.begin(), stamps_.end(), 0u);
  std::fill(lines_.begin(), lines_.end(), L2Line{});
  clock_ = 0;
}

void L2Tags::reset_clock() {
  for (L2Line& entry : lines_) entry.ready = entry.missed = entry.next_service = 0;
}

std::uint64_t L2Tags::resident_lines() const {
  return static_cast<std::uint64_t>(std::count_if(tags_.begin(), tags_.end(), [](std::uint32_t tag) { return tag != kInvalid; }));
}

}  // namespace vitruvian::noc
