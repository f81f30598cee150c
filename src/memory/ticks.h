// Fixed-point time inside the pure memory models: 1/256 of a core cycle, so that other clock domains and fractional rates
// stay exact enough and the same on every host.
#pragma once

#include <cmath>
#include <cstdint>

#include "src/memory/gm_path.h"

namespace vitruvian::memory {

using Tick = std::uint64_t;
inline constexpr unsigned kTickBits = 8;
inline constexpr Tick kTicksPerCycle = Tick{1} << kTickBits;

constexpr Tick ticks(Cycle cycles) { return cycles << kTickBits; }
// The first whole cycle that is not before `t`.
constexpr Cycle cycle_after(Tick t) { return (t + kTicksPerCycle - 1) >> kTickBits; }
inline Tick ticks_from(double cycles) { return static_cast<Tick>(std::llround(cycles * static_cast<double>(kTicksPerCycle))); }

// Time to move bytes at a fixed rate, with 16 more fraction bits than a tick.
class ByteRate {
 public:
  ByteRate() = default;
  explicit ByteRate(double bytes_per_cycle)
      : scaled_(static_cast<std::uint64_t>(std::llround(static_cast<double>(kTicksPerCycle) * 65536.0 / bytes_per_cycle))) {}
  Tick time(std::uint64_t bytes) const { return bytes * scaled_ >> 16; }

 private:
  std::uint64_t scaled_ = 0;
};

}  // namespace vitruvian::memory
