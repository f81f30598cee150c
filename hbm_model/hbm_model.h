// HBM of one die, first model: a bandwidth-limited pipe for each stack.
//
//   L2 miss ──read──>  stack 0..3  (one data bus each: first come first served, write drains in batches)
//   L2 evict ──write──> write queue ─┘
//
// Model: a block belongs to one stack by an XOR fold of its number; a read occupies its stack's bus for bytes / (peak x
// efficiency / stacks); writes collect in a queue and drain in batches, and a change of direction costs a turnaround.
// Approximations: no banks, rows or refresh (they are in the efficiency); a read's place is taken in the order of the calls,
// which come in the order of arrival at L2; the unloaded latency belongs to the caller. The full DRAM model replaces this class.
#pragma once

#include <cstdint>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/address_hash.h"
#include "src/memory/ticks.h"

namespace vitruvian::hbm_model {

using memory::ByteRate;
using memory::Tick;

// Rates and costs in core cycles.
struct HbmTiming {
  std::uint32_t stacks = 1;
  std::uint32_t interleave = 512;     // bytes of consecutive addresses in one stack
  double stack_bytes_per_cycle = 1;   // what a stack's bus carries, efficiency included
  double turnaround = 0;              // cycles between a read and a write, or back
  std::uint32_t write_batch = 1;      // bus transfers that a stack collects before it turns to writes
  std::uint32_t write_queue = 1;      // transfers behind which a further write is not accepted

  static HbmTiming from(const chip::ChipSpec& spec);
};

struct HbmCounters {
  std::uint64_t bytes_read = 0, bytes_written = 0, turnarounds = 0;
  Tick busy = 0;                      // sum over stacks
};

class HbmModel {
 public:
  explicit HbmModel(const HbmTiming& timing);

  // Reads bytes of one interleave block; returns how long the request waits beyond an unloaded one.
  Tick read(std::uint64_t address, std::uint32_t bytes, Tick at);
  // Posts a write; returns how long the writer waits for a place in the queue.
  Tick write(std::uint64_t address, std::uint32_t bytes, Tick at);
  // A new launch: the clock starts at zero, idle buses. Writes still queued are forgotten (counted when they were posted).
  void reset_clock();

  const HbmCounters& counters() const { return counters_; }
  std::uint32_t stacks() const { return hash_.count(); }
  std::uint32_t stack_of(std::uint64_t address) const { return hash_(address / interleave_); }

 private:
  struct Stack {
    Tick free = 0;                    // the bus is taken until then
    Tick queued = 0;                  // bus time of the writes that wait
    std::uint32_t queued_writes = 0;
    bool writing = false;             // direction of the bus
  };
  void drain(Stack& stack, Tick at);
  void turn(Stack& stack, bool writing);

  memory::AddressHash hash_;
  std::uint32_t interleave_;
  ByteRate rate_;
  Tick turnaround_;
  std::uint32_t write_batch_;
  Tick queue_time_;
  std::vector<Stack> stacks_;
  HbmCounters counters_;
};

}  // namespace vitruvian::hbm_model
