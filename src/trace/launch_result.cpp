// The parts of the public result types that only read their own fields, and the words for the public enumerations.
#include <fmt/format.h>

#include "src/trace/trace.h"

namespace vitruvian {

const char* to_string(Mode mode) {
  switch (mode) {
    case Mode::full: return "full";
    case Mode::timing_only: return "timing_only";
    case Mode::functional_only: return "functional_only";
    case Mode::automatic: return "auto";
  }
  return "?";
}

const char* to_string(Sync sync) { return sync == Sync::strict ? "strict" : "auto"; }

const char* to_string(L2State state) {
  switch (state) {
    case L2State::cold: return "cold";
    case L2State::warm: return "warm";
    case L2State::carried: return "carried";
  }
  return "?";
}

const char* to_string(StallReason reason) {
  switch (reason) {
    case StallReason::flag: return "flag";
    case StallReason::barrier: return "barrier";
    case StallReason::hazard: return "hazard";
    case StallReason::memory: return "memory";
    case StallReason::queue_full: return "queue_full";
    case StallReason::cross_core: return "cross_core";
    case StallReason::unit_flag: return "unit_flag";
    case StallReason::fetch: return "fetch";
    case StallReason::load: return "load";
    case StallReason::kCount: return "none";
  }
  return "?";
}

Mode mode_from(const std::string& word) {
  for (Mode mode : {Mode::full, Mode::timing_only, Mode::functional_only, Mode::automatic})
    if (word == to_string(mode)) return mode;
  throw Error("unknown mode", "mode", "full, timing_only, functional_only or auto", "'" + word + "'");
}

Sync sync_from(const std::string& word) {
  for (Sync sync : {Sync::automatic, Sync::strict})
    if (word == to_string(sync)) return sync;
  throw Error("unknown synchronisation", "sync", "auto or strict", "'" + word + "'");
}

L2State l2_state_from(const std::string& word) {
  for (L2State state : {L2State::cold, L2State::warm, L2State::carried})
    if (word == to_string(state)) return state;
  throw Error("unknown state of the L2", "l2", "cold, warm or carried", "'" + word + "'");
}

std::map<std::string, PipeCounters> LaunchResult::pipes() const {
  std::map<std::string, PipeCounters> sums;
  for (const CoreCounters& core : cores) {
    for (const PipeCounters& pipe : core.pipes) {
      PipeCounters& sum = sums[pipe.pipe];
      sum.pipe = pipe.pipe;
      sum.operations += pipe.operations;
      sum.busy += pipe.busy;
      for (std::size_t i = 0; i < sum.stall.size(); ++i) sum.stall[i] += pipe.stall[i];
      sum.idle += pipe.idle;
      sum.bytes += pipe.bytes;
      sum.assumed_busy += pipe.assumed_busy;
    }
  }
  return sums;
}

void LaunchResult::write_trace(const std::string& path) const { trace::write_file(path, trace::chrome_trace(*this)); }

}  // namespace vitruvian
