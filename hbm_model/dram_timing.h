// What a DRAM description says, in command clocks: organisation, the table of timing constraints, controller limits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/chip/dram_spec.h"

namespace vitruvian::hbm_model {

// A point or span of time in command clocks of the DRAM.
using Clock = std::uint64_t;
inline constexpr Clock kNoClock = ~Clock{0};

// PREA closes all banks of a pseudo channel; REF refreshes all of them, REFSB one.
enum class Command : std::uint8_t { ACT, PRE, RD, WR, REF, REFSB, PREA };
inline constexpr std::size_t kCommands = 7;
const char* to_string(Command command);

// Whom a constraint binds: the same bank, the same bank group, or the whole pseudo channel.
enum class Scope : std::uint8_t { bank, group, channel };

// `to` comes at least `cycles` after `from` in the same scope. tFAW alone is no row: it spans four ACT.
struct Constraint {
  const char* name;
  Command from, to;
  Scope scope;
  std::uint32_t cycles;
};

struct DramEnergy {
  double activate_pj = 0, read_pj = 0, write_pj = 0, refresh_pj = 0, refresh_bank_pj = 0;  // of one command
  double background_watt = 0;                                                              // of all pseudo channels
};

struct DramTiming {
  std::string name;
  double clock = 1e9;                                    // hertz
  std::uint32_t channels = 1;                            // pseudo channels in all
  std::uint32_t groups = 4, banks_per_group = 4;
  std::uint32_t rows = 1;
  std::uint32_t burst_bytes = 32, row_bytes = 1024;
  std::uint32_t burst = 2;                               // clocks of a burst on the data pins
  std::uint32_t read_latency = 0, write_latency = 0;     // tCL, tCWL
  std::uint32_t row_to_read = 0;                         // tRCDRD
  std::uint32_t four_activates = 0;                      // tFAW
  std::uint32_t refresh_interval = 0;                    // tREFI
  bool refresh_per_bank = false;
  std::vector<Constraint> constraints;
  std::uint32_t read_queue = 1, write_queue = 1, write_high = 1, write_low = 0;
  std::uint32_t starvation = 0;
  std::vector<chip::DramMapBits> map;
  bool hashed = false;
  DramEnergy energy;

  std::uint32_t banks() const { return groups * banks_per_group; }
  double peak_bytes_per_second() const { return clock * channels * burst_bytes / burst; }
  std::uint64_t bytes() const { return std::uint64_t{channels} * banks() * rows * row_bytes; }
  double ns(Clock clocks) const { return static_cast<double>(clocks) / clock * 1e9; }

  // stacks = 0: as many as the description says. clock = 0: the description's; else the timings in ns are rounded up to it.
  static DramTiming from(const chip::DramSpec& spec, std::uint32_t stacks = 0, double clock = 0);
};

// The DRAM behind a chip's L2.
struct DramLink {
  DramTiming timing;
  double clocks_per_cycle = 1;      // DRAM clocks in a cycle of the AI core

  // The chip states stacks and bandwidth, and the DRAM's clock follows; empty where the chip runs without the DRAM model.
  static std::optional<DramLink> from(const chip::ChipSpec& spec);
};

}  // namespace vitruvian::hbm_model
