// The door of hbm_model: banked DRAM with its controllers, event driven. The caller owns the clock.
//
//   request ──address map──> pseudo channel 0..n-1 (queues, FR-FCFS, banks, refresh) ──> completion
//
// Model: a request is cut into runs of bursts that lie in one row of one bank; each pseudo channel issues ACT, PRE, RD, WR and REF
// under the constraints of its DramTiming; the request is over with the last data of its last run. Times are command clocks.
// Approximations: those of pseudo_channel.h; a refresh that falls into an idle time is counted when the next request comes.
//
// Contract: after advance(now) no request may come with an arrival before `now`. A read completes at least lookahead() after its
// arrival and is announced lookahead() before its finish at the earliest; so whoever has all arrivals before
// now + lookahead() at hand may advance that far.
#pragma once

#include <cstdint>
#include <vector>

#include "hbm_model/address_map.h"
#include "hbm_model/dram_timing.h"
#include "hbm_model/pseudo_channel.h"

namespace vitruvian::hbm_model {

// Bytes at an address, read or written; rounded out to whole bursts.
struct DramRequest {
  std::uint64_t address = 0;
  std::uint32_t bytes = 32;
  std::uint32_t tag = 0;        // the caller's, returned in the completion
  bool write = false;
};

// The last data have left the pins (read), or the last run has its place in a write queue (write).
struct DramCompletion {
  std::uint32_t tag = 0;
  bool write = false;
  Clock finish = 0;
};

struct DramCounters {
  std::uint64_t commands[kCommands] = {};
  std::uint64_t accesses = 0, row_hits = 0, turnarounds = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;    // on the pins
  Clock last_data = 0;
  double row_hit_rate() const { return accesses == 0 ? 0 : static_cast<double>(row_hits) / static_cast<double>(accesses); }
};

struct EnergyReport {
  double activate_nj = 0, read_nj = 0, write_nj = 0, refresh_nj = 0, background_nj = 0;
  double total_nj() const { return activate_nj + read_nj + write_nj + refresh_nj + background_nj; }
};

class DramModel {
 public:
  explicit DramModel(DramTiming timing);
  DramModel(const DramModel&) = delete;
  DramModel& operator=(const DramModel&) = delete;

  void enqueue(const DramRequest& request, Clock arrival);
  // The smallest `now` for which advance(now) has something to do; kNoClock when idle.
  Clock next_event() const;
  // Issues every command before `now` and appends the requests that they complete.
  void advance(Clock now, std::vector<DramCompletion>& completions);
  Clock lookahead() const { return timing_.read_latency + timing_.burst; }

  // Observes every command from now on; null to stop.
  void observe(CommandSink* sink) { sink_ = sink; }
  // Time zero, closed banks, empty queues and counters.
  void reset();

  const DramTiming& timing() const { return timing_; }
  const AddressMap& map() const { return map_; }
  DramCounters counters() const;
  // Energy of the commands so far, and of `elapsed` clocks of background.
  EnergyReport energy(Clock elapsed) const;

 private:
  struct Request {
    std::uint32_t tag = 0, open = 0;   // runs that are not over
    Clock finish = 0;
    bool write = false;
  };

  DramTiming timing_;
  AddressMap map_;
  std::vector<PseudoChannel> channels_;
  std::vector<Clock> next_;            // of each channel, close together for the search
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_;
  std::vector<Finished> finished_;
  CommandSink* sink_ = nullptr;
};

}  // namespace vitruvian::hbm_model
