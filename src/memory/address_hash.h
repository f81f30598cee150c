// The hash that spreads consecutive and strided blocks over slices and stacks.
#pragma once

#include <bit>
#include <cstdint>

namespace vitruvian::memory {

// Which of `count` units holds a block. For a power of two, the low bits of the block number are XORed with a
// multiplicative hash of the higher ones: aligned groups of `count` blocks fall on all units, and no row pitch piles up on
// few (a plain XOR fold of bit groups gives two of four units 31 % each of a pitch of 48 blocks, and the others 19 %). The real
// hash is unpublished, and the measured streams do not tell the two apart (docs/memory_calibration.md).
class AddressHash {
 public:
  explicit AddressHash(std::uint32_t count = 1)
      : count_(count), power_of_two_(std::has_single_bit(count)), bits_(static_cast<unsigned>(std::bit_width(count) - 1)) {}

  std::uint32_t operator()(std::uint64_t block) const {
    if (!power_of_two_) return static_cast<std::uint32_t>((block * kGolden >> 32) * count_ >> 32);
    if (count_ == 1) return 0;
    return static_cast<std::uint32_t>((block & (count_ - 1)) ^ (block >> bits_) * kGolden >> (64 - bits_));
  }
  std::uint32_t count() const { return count_; }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  std::uint32_t count_;
  bool power_of_two_;
  unsigned bits_;
};

}  // namespace vitruvian::memory
