// The XOR fold that spreads consecutive and strided blocks over slices and stacks.
#pragma once

#include <bit>
#include <cstdint>

namespace vitruvian::memory {

// Which of `count` units holds a block. For a power of two, all groups of log2(count) bits of the block number are XORed,
// so that no power-of-two stride falls on one unit; otherwise the folded number is reduced modulo count.
class AddressHash {
 public:
  explicit AddressHash(std::uint32_t count = 1) : count_(count), bits_(static_cast<unsigned>(std::bit_width(count) - 1)) {}

  std::uint32_t operator()(std::uint64_t block) const {
    if (count_ == 1) return 0;
    if (!std::has_single_bit(count_)) return static_cast<std::uint32_t>((block ^ block >> 11) % count_);
    // Shifts by 16, 8, 4, 2, 1 groups; a group has at most a few bits, so 32 groups cover any block number.
    for (unsigned groups = 16; groups != 0; groups /= 2)
      if (const unsigned shift = groups * bits_; shift < 64) block ^= block >> shift;
    return static_cast<std::uint32_t>(block) & (count_ - 1);
  }
  std::uint32_t count() const { return count_; }

 private:
  std::uint32_t count_;
  unsigned bits_;
};

}  // namespace vitruvian::memory
