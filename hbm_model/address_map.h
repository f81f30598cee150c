// Which pseudo channel, bank and row hold an address, and how far consecutive addresses stay in one row.
//
//   address = row | fields of `map`, the first lowest | byte within a burst
//
// With the hash, the channel is XORed with a multiplicative hash of the bits above its field, and the bank with one of the row:
// no power-of-two pitch piles up on few channels or banks. Both stay one-to-one.
#pragma once

#include <bit>
#include <cstdint>

#include "hbm_model/dram_timing.h"

namespace vitruvian::hbm_model {

struct Place {
  std::uint32_t channel = 0;     // pseudo channel of all
  std::uint32_t bank = 0;        // bank group x banks of a group + bank
  std::uint32_t row = 0;
};

class AddressMap {
 public:
  // Errors: Error if the map's fields do not add up to the organisation.
  explicit AddressMap(const DramTiming& timing);

  Place operator()(std::uint64_t address) const {
    std::uint64_t rest = address >> burst_bits_;
    std::uint32_t field[4] = {};
    std::uint64_t above_channel = 0;
    for (std::uint32_t i = 0; i < segments_; ++i) {
      const Segment& s = segment_[i];
      field[s.field] |= static_cast<std::uint32_t>(rest & s.mask) << s.shift;
      rest >>= s.bits;
      if (s.field == kChannel) above_channel = rest;
    }
    Place place{field[kChannel], field[kGroup] << bank_bits_ | field[kBank], static_cast<std::uint32_t>(rest & row_mask_)};
    if (hashed_) {
      if (channel_bits_ != 0) place.channel ^= static_cast<std::uint32_t>(above_channel * kGolden >> (64 - channel_bits_));
      place.bank ^= static_cast<std::uint32_t>(std::uint64_t{place.row} * kGolden >> (64 - all_bank_bits_));
    }
    return place;
  }
  // Consecutive bytes, from a multiple of it, that lie in one row of one bank.
  std::uint32_t run_bytes() const { return run_bytes_; }
  std::uint32_t burst_bytes() const { return 1u << burst_bits_; }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  static constexpr std::uint32_t kChannel = 0, kGroup = 1, kBank = 2, kColumn = 3, kMaxSegments = 8;
  struct Segment {
    std::uint32_t field = 0, bits = 0, shift = 0;   // bits of the field from `shift` up
    std::uint64_t mask = 0;
  };
  Segment segment_[kMaxSegments];
  std::uint32_t segments_ = 0;
  unsigned burst_bits_, channel_bits_, bank_bits_, all_bank_bits_;
  std::uint64_t row_mask_;
  std::uint32_t run_bytes_;
  bool hashed_;
};

}  // namespace vitruvian::hbm_model
