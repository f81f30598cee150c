// The memory system below the cores: core ports, L2 slices with tags, HBM behind them.
//
//   core port ──read channels, write port──> slice (XOR hash of the line) ──hit──────────────> core
//     one for each AIC, AIV                    tags, data path per direction ──miss──> HBM ───> core
//
// Model: requests are served in the order of their arrival (then port, then enqueue). A request waits for its port and its
// slice; a read that hits comes back a fixed latency later, one that misses takes the miss latency and HBM's queue, a write
// is accepted after the write latency and stays dirty in L2 until its line is evicted. Requests to a line in flight wait for
// its fill (except right behind a miss of the same core: those go to memory too, as unaligned rows do on silicon), requests
// of different cores to one line are served one after another.
// With a DRAM model, misses and evictions become its requests, and whoever waits for one is announced once the DRAM has
// decided it: a miss spends half of `miss_latency`, less what an idle DRAM takes, on each way. Requests of the cores reach the DRAM
// that way later than L2, so the DRAM may run ahead of L2 by it.
//
// Approximations: a place in a slice or stack is taken in arrival order, so waits for pages, lines and fills delay the
// request's data and nobody else; writes are whole sectors; the path back has no queue of its own (requests were
// spaced by their port on the way in); the first touch of a page costs once for the die.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hbm_model/dram_model.h"
#include "hbm_model/hbm_model.h"
#include "src/chip/chip_spec.h"
#include "src/memory/gm_path.h"
#include "src/memory/ticks.h"
#include "src/noc/l2_tags.h"
#include "src/noc/pending_requests.h"
#include "src/noc/request_calendar.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::noc {

using memory::ByteRate;
using memory::Completion;

// Times in core cycles.
struct L2Timing {
  std::uint32_t aic_ports = 1, aiv_ports = 0;              // ports 0 .. aic_ports-1 are AICs
  std::uint32_t read_channels_aic = 2, read_channels_aiv = 1;  // at most 4
  double channel_bytes_per_cycle = 128;
  std::uint32_t slices = 1, ways = 1, line = 512, sector = 128;
  std::uint64_t bytes = 0;                                 // capacity
  std::uint32_t fill = 512;                                // fetched around a read that misses
  double merge_delay = 0;                                  // from a miss until further requests of its core wait for its fill
  double hit_latency = 0, write_latency = 0, miss_latency = 0;
  double slice_bytes_per_cycle = 1;                        // each direction
  double request_cost = 0;                                 // of any request in its slice
  double same_line_interval = 0;
  std::uint64_t tlb_page = 1u << 21, tlb_reach = 1u << 21; // page; memory that pages cover
  double tlb_miss = 0;
  std::uint32_t bucket = 32;

  static L2Timing from(const chip::ChipSpec& spec);
};

// Requests of ports behind the cores' come from outside the die: their link has paced them.
class L2Path final : public memory::GmPath {
 public:
  // Without a DRAM the stacks are limited by bandwidth alone.
  L2Path(const L2Timing& timing, const hbm_model::HbmTiming& hbm, const std::optional<hbm_model::DramLink>& dram = {});

  void enqueue(const MemoryRequest& request, Cycle arrival) override { calendar_.push(request, arrival); }
  Cycle next_event() const override;
  void advance(Cycle now, std::vector<Completion>& completions) override;
  Cycle lookahead() const override { return lookahead_; }

  // The state that a launch finds. Each also starts the clock at zero and clears the counters.
  void start_cold();                                            // nothing resident, no page touched
  void start_carried();                                         // what the last launch left
  // Makes a range resident and clean, as far as it fits (call after start_cold()).
  void warm(std::uint64_t address, std::uint64_t bytes);

  // Observes the commands of the DRAM behind L2 from now on; null to stop. Nothing to see without a DRAM.
  void observe(hbm_model::CommandSink* sink) {
    if (dram_) dram_->observe(sink);
  }
  // Shares are of `elapsed` cycles, means over slices and stacks.
  MemoryCounters counters(Cycle elapsed) const;
  std::uint64_t merged() const { return merged_; }              // reads that waited for another one's fill
  std::uint64_t refetched() const { return refetched_; }        // reads of a line in flight that went to memory themselves
  std::uint64_t resident_lines() const { return tags_.resident_lines(); }

 private:
  struct Port {
    Tick read[4] = {};
    Tick write = 0;
  };
  struct Slice {
    Tick control = 0, read = 0, write = 0;                      // free from then on
    Tick busy = 0;
  };

  void serve(const MemoryRequest& request, Cycle arrival, std::vector<Completion>& completions);
  Tick serve_read(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, Tick at);
  Tick serve_write(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, Tick at);
  Tick read_missing(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, L2Tags::Index index, Tick at);
  Tick fetch(L2Line& entry, L2Tags::Index index, std::uint64_t line, std::uint8_t sectors, Tick at);
  Tick read_memory(std::uint64_t address, std::uint32_t bytes, Tick at, L2Tags::Index index);
  Tick write_memory(std::uint64_t address, std::uint32_t bytes, Tick at);
  void settle(Cycle now, std::vector<Completion>& completions);
  hbm_model::Clock dram_clock(Tick at) const { return static_cast<hbm_model::Clock>(std::ceil(static_cast<double>(at) * clocks_per_tick_)); }
  Tick tick_of(hbm_model::Clock clock) const { return static_cast<Tick>(std::ceil(static_cast<double>(clock) / clocks_per_tick_)); }
  Tick pass_port(const MemoryRequest& request, Tick at);
  Tick pass_slice(Slice& slice, const MemoryRequest& request, Tick at);
  Tick page_delay(std::uint64_t address, Tick at);
  Tick line_delay(L2Line& entry, std::uint16_t port, Tick at);
  L2Tags::Index place(std::uint64_t line, std::uint32_t slice, Tick at, Tick& stall);
  std::uint8_t sectors_of(std::uint64_t address, std::uint32_t bytes) const;
  std::uint32_t bytes_of(std::uint8_t sectors) const;
  std::uint64_t first_byte_of(std::uint8_t sectors) const { return std::uint64_t{static_cast<unsigned>(std::countr_zero(sectors))} << sector_shift_; }
  void reset_clock();

  L2Timing timing_;
  RequestCalendar calendar_;
  L2Tags tags_;
  hbm_model::HbmModel hbm_;
  std::unique_ptr<hbm_model::DramModel> dram_;
  double clocks_per_tick_ = 1;
  Tick way_out_ = 0, way_back_ = 0;                             // L2 to DRAM, DRAM to core
  PendingRequests pending_;
  std::vector<hbm_model::DramCompletion> dram_done_;
  ByteRate channel_rate_, slice_rate_;
  Tick hit_latency_, write_latency_, miss_latency_, request_cost_, merge_delay_, same_line_interval_, tlb_miss_;
  unsigned line_shift_, sector_shift_, page_shift_;
  std::uint64_t page_mask_;
  Cycle lookahead_;
  std::vector<Port> ports_;
  std::vector<Slice> slices_;
  static constexpr Tick kUntouched = ~Tick{0};
  std::vector<Tick> page_ready_;                                // when a page's first touch is over
  MemoryCounters counts_;
  std::uint64_t merged_ = 0, refetched_ = 0;
};

}  // namespace vitruvian::noc
