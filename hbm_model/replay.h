// Text traces, and their replay with a bounded number of requests outstanding.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "hbm_model/dram_model.h"

namespace vitruvian::hbm_model {

struct TraceRequest {
  std::uint64_t address = 0;
  Clock earliest = 0;      // the time that the trace states
  bool write = false;
};

// Lines of `READ|WRITE address [time]`: address decimal or 0x..., time in ns from the start. Blank lines and # comments are skipped.
// Errors: Error with file and line.
std::vector<TraceRequest> read_trace(const std::string& path, double clock);
std::vector<TraceRequest> read_trace(std::istream& in, const std::string& name, double clock);

struct ReplayReport {
  std::uint64_t requests = 0;
  Clock elapsed = 0;                    // first request to last data
  double share_of_peak = 0, bandwidth_gbs = 0, row_hit_rate = 0;
  double latency_mean_ns = 0, latency_p50_ns = 0, latency_p99_ns = 0, latency_max_ns = 0;  // entry to last data; of a write, to its acceptance
  double requests_per_second = 0;       // of wall time
  DramCounters counters;
  EnergyReport energy;
};

// Requests of `bytes` each from the burst that holds their address, in order: one enters when it is its time and fewer than `window` are outstanding.
ReplayReport replay(DramModel& model, const std::vector<TraceRequest>& trace, std::uint32_t bytes, std::uint32_t window);

}  // namespace vitruvian::hbm_model
