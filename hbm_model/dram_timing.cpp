#include "hbm_model/dram_timing.h"

#include <algorithm>
#include <bit>

#include "vitruvian/error.h"

namespace vitruvian::hbm_model {

namespace {

using P = chip::DramParam;
constexpr std::uint32_t kBitsPerByte = 8;

// The constraints of JESD235 between two commands. The data of a write end tCWL + burst after WR; from there tWR and tWTR count.
std::vector<Constraint> table(const chip::DramSpec& spec, double clock, std::uint32_t burst) {
  using enum Command;
  using enum Scope;
  const auto c = [&](P param) { return spec.clocks(param, clock); };
  const std::uint32_t write_end = c(P::tCWL) + burst;
  // The data pins are free burst clocks after a read's first data, and take tRTW to turn.
  const std::uint32_t read_to_write = std::max(c(P::tCL) + burst + c(P::tRTW), c(P::tCWL) + 1) - c(P::tCWL);
  return {
      {"tRCDRD", ACT, RD, bank, c(P::tRCDRD)},
      {"tRCDWR", ACT, WR, bank, c(P::tRCDWR)},
      {"tRAS", ACT, PRE, bank, c(P::tRAS)},
      {"tRC", ACT, ACT, bank, c(P::tRC)},
      {"tRC", ACT, REFSB, bank, c(P::tRC)},
      {"tRRD_L", ACT, ACT, group, c(P::tRRD_L)},
      {"tRRD_S", ACT, ACT, channel, c(P::tRRD_S)},
      {"tRREFD", ACT, REFSB, channel, c(P::tRREFD)},
      {"tRP", PRE, ACT, bank, c(P::tRP)},
      {"tRP", PRE, REF, channel, c(P::tRP)},
      {"tRP", PRE, REFSB, bank, c(P::tRP)},
      {"tCCD_L", RD, RD, group, c(P::tCCD_L)},
      {"tCCD_S", RD, RD, channel, std::max(c(P::tCCD_S), burst)},
      {"tCCD_L", WR, WR, group, c(P::tCCD_L)},
      {"tCCD_S", WR, WR, channel, std::max(c(P::tCCD_S), burst)},
      {"tRTW", RD, WR, channel, read_to_write},
      {"tWTR_L", WR, RD, group, write_end + c(P::tWTR_L)},
      {"tWTR_S", WR, RD, channel, write_end + c(P::tWTR_S)},
      {"tRTP", RD, PRE, bank, c(P::tRTP)},
      {"tWR", WR, PRE, bank, write_end + c(P::tWR)},
      {"tRFC", REF, ACT, channel, c(P::tRFC)},
      {"tRFC", REF, REF, channel, c(P::tRFC)},
      {"tRFCsb", REFSB, ACT, bank, c(P::tRFCsb)},
      {"tRFCsb", REFSB, REFSB, bank, c(P::tRFCsb)},
      {"tRREFD", REFSB, ACT, channel, c(P::tRREFD)},
      {"tRREFD", REFSB, REFSB, channel, c(P::tRREFD)},
  };
}

void check(const DramTiming& t) {
  const auto power = [&](std::uint32_t number, const char* what) {
    if (!std::has_single_bit(number)) throw Error(what, t.name, "a power of two", std::to_string(number));
  };
  power(t.channels, "the pseudo channels of all stacks");
  power(t.groups, "the bank groups");
  power(t.banks_per_group, "the banks of a group");
  power(t.rows, "the rows of a bank");
  power(t.burst_bytes, "the bytes of a burst");
  power(t.row_bytes, "the bytes of a row");
  if (t.row_bytes < t.burst_bytes) throw Error("a row is shorter than a burst", t.name, {}, {});
  if (t.banks() > 16) throw Error("too many banks in a pseudo channel", t.name, "16 at most", std::to_string(t.banks()));
  if (t.row_bytes / t.burst_bytes > 128) throw Error("too many bursts in a row", t.name, "128 at most", {});
  if (t.burst == 0 || t.refresh_interval == 0) throw Error("a burst and tREFI take at least a clock", t.name, {}, {});
}

}  // namespace

const char* to_string(Command command) {
  static constexpr std::array kNames{"ACT", "PRE", "RD", "WR", "REF", "REFSB", "PREA"};
  return kNames[static_cast<std::size_t>(command)];
}

DramTiming DramTiming::from(const chip::DramSpec& spec, std::uint32_t stacks, double clock) {
  DramTiming t;
  const auto count = [&](P param) { return spec.get_count(param); };
  t.name = spec.name();
  t.clock = clock != 0 ? clock : spec.get(P::clock);
  t.channels = (stacks != 0 ? stacks : count(P::stacks)) * count(P::channels) * count(P::pseudo_channels);
  t.groups = count(P::bank_groups);
  t.banks_per_group = count(P::banks);
  t.rows = count(P::rows);
  t.row_bytes = count(P::row_bytes);
  const std::uint32_t burst_bits = count(P::width) * count(P::burst);
  t.burst_bytes = burst_bits / kBitsPerByte;
  t.burst = count(P::burst) / count(P::transfers);
  const auto c = [&](P param) { return spec.clocks(param, t.clock); };
  t.read_latency = c(P::tCL);
  t.write_latency = c(P::tCWL);
  t.row_to_read = c(P::tRCDRD);
  t.four_activates = c(P::tFAW);
  t.refresh_interval = c(P::tREFI);
  t.refresh_per_bank = spec.refreshes_per_bank();
  t.constraints = table(spec, t.clock, t.burst);
  t.read_queue = count(P::read_queue);
  t.write_queue = count(P::write_queue);
  t.write_high = count(P::write_high);
  t.write_low = count(P::write_low);
  t.starvation = c(P::starvation);
  t.map = spec.map();
  t.hashed = spec.hashed();
  check(t);
  const double io = spec.get(P::io_energy);
  t.energy.activate_pj = spec.get(P::activate_energy);
  t.energy.read_pj = (spec.get(P::read_energy) + io) * burst_bits;
  t.energy.write_pj = (spec.get(P::write_energy) + io) * burst_bits;
  t.energy.refresh_pj = spec.get(P::refresh_energy);
  t.energy.refresh_bank_pj = spec.get(P::refresh_energy) / t.banks();
  t.energy.background_watt = spec.get(P::background_power) * 1e-3 * t.channels;
  return t;
}

std::optional<DramLink> DramLink::from(const chip::ChipSpec& spec) {
  using chip::Param;
  if (spec.get(Param::hbm_banked) == 0) return std::nullopt;
  const auto dram = chip::DramSpec::load(spec.dram(), spec.dram_overrides());
  const auto stacks = static_cast<std::uint32_t>(spec.get_integer(Param::hbm_stacks));
  const DramTiming nominal = DramTiming::from(dram, stacks);
  const double clock = nominal.clock * spec.get(Param::hbm_bandwidth) / nominal.peak_bytes_per_second();
  return DramLink{DramTiming::from(dram, stacks, clock), clock / spec.get(Param::clock)};
}

}  // namespace vitruvian::hbm_model
