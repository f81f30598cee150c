#include "hbm_model/address_map.h"

#include <fmt/format.h>

#include "vitruvian/error.h"

namespace vitruvian::hbm_model {

namespace {

unsigned bits_of(std::uint32_t count) { return static_cast<unsigned>(std::countr_zero(count)); }

}  // namespace

AddressMap::AddressMap(const DramTiming& timing)
    : burst_bits_(bits_of(timing.burst_bytes)),
      channel_bits_(bits_of(timing.channels)),
      bank_bits_(bits_of(timing.banks_per_group)),
      all_bank_bits_(bits_of(timing.banks())),
      row_mask_(timing.rows - 1),
      run_bytes_(timing.burst_bytes),
      hashed_(timing.hashed && timing.banks() > 1) {
  // The map counts the channels of one stack: further stacks widen its last channel field.
  const unsigned wanted[4] = {channel_bits_, bits_of(timing.groups), bank_bits_, bits_of(timing.row_bytes / timing.burst_bytes)};
  unsigned have[4] = {};
  if (timing.map.size() > kMaxSegments) throw Error("the address map has too many fields", timing.name, fmt::format("{} at most", kMaxSegments), {});
  bool at_bottom = true;
  unsigned stated_channel_bits = 0;
  for (const chip::DramMapBits& part : timing.map)
    if (part.field == chip::DramField::channel) stated_channel_bits += part.bits;
  for (const chip::DramMapBits& part : timing.map) {
    const auto field = static_cast<std::uint32_t>(part.field);
    unsigned bits = part.bits;
    if (field == kChannel && have[field] + bits == stated_channel_bits && channel_bits_ > have[field]) bits = channel_bits_ - have[field];
    segment_[segments_++] = {field, bits, have[field], (std::uint64_t{1} << bits) - 1};
    have[field] += bits;
    at_bottom = at_bottom && field == kColumn;
    if (at_bottom) run_bytes_ <<= bits;
  }
  static constexpr const char* kNames[] = {"channel", "bank_group", "bank", "column"};
  for (std::uint32_t field = 0; field < 4; ++field)
    if (have[field] != wanted[field])
      throw Error(fmt::format("the address map has {} bits of '{}'", have[field], kNames[field]), timing.name, fmt::format("{}", wanted[field]), {});
}

}  // namespace vitruvian::hbm_model
