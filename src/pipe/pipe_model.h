// One class for all pipes but S: an in-order queue, starts, finishes, flags, barriers.
//
//    S ──issue──> [ queue ] ──start──> [ in flight ] ──finish──> data take effect, flags go out
//                     ^ wait_flag, barrier, hazards, occupancy        ^ set_flag and cross-core messages leave in order
//
// Model: an operation starts when it is at the head of the queue, the one before it has released the pipe (its occupancy) and,
// in automatic sync, no earlier conflicting operation of the core is unfinished. Operations finish in order. set_flag passes
// through the queue and goes out when everything before it in the pipe has finished.
// Approximations: the unit-flag handshake works on whole operations (see unit_flag_start); the time of a transfer
// beyond the core is the memory system's.
#pragma once

#include <array>
#include <string>

#include "src/pipe/flags.h"
#include "src/pipe/hazard.h"
#include "src/pipe/operation.h"

namespace vitruvian::pipe {

struct PipeTiming {
  Cycle flag_issue = 1, flag_propagation = 1, barrier = 0;
  unsigned flag_ids = 8;
};

inline constexpr const char* kSetTwice = "the flag is set already: a second set_flag without a wait_flag is undefined";

// What a launch asks of every pipe.
struct RunSettings {
  bool timed = true;      // false: functional_only, every operation takes one cycle
  bool data = true;       // false: timing_only, destinations are marked unknown
  bool strict = false;
  bool trace = false;
  std::uint32_t steering_bytes = 0;  // timing_only carries out what touches no more bytes and is known (LaunchOptions)
};

// The transfer side of a pipe with a path to global memory; implemented over mte::DmaEngine.
class TransferPort {
 public:
  virtual ~TransferPort() = default;
  virtual void submit(const Operation& op, std::uint32_t id, Cycle first_request) = 0;
  virtual void pump(Cycle now) = 0;
  virtual bool wants_pump() const = 0;
  virtual Cycle issued(std::uint32_t id) const = 0;  // kNever while requests remain
  // A guess of issued(id) from the share of its requests that have a time; never before `now`.
  virtual Cycle expected_issue(std::uint32_t id, Cycle now) const = 0;
  virtual bool pop_done(std::uint32_t& id, Cycle& finish) = 0;
};

class PipeModel;

// The core around a pipe.
class PipeEnvironment {
 public:
  virtual ~PipeEnvironment() = default;
  virtual void wake(unsigned pipe_index, Cycle when) = 0;                       // call step() of that pipe at `when`
  virtual void flag_raised(unsigned destination_code, Cycle visible) = 0;
  virtual void retired(const Operation& op) = 0;                                // counters, trace, waiting pipes
  virtual void space_in_queue(unsigned pipe_index) = 0;
  virtual void cross_send(const Operation& op, Cycle now) = 0;
  virtual void raise(const Operation& op, const OperandFault& fault) = 0;
  // Strict sync: called for every entry when it starts; raises a hazard fault if nothing orders a work operation behind a
  // conflicting one.
  virtual void follow_order(const Operation& op) = 0;
  virtual void hazard_waited() = 0;
};

struct PipeShared {
  FlagTable flags;
  HazardTracker hazards;
  OperationPool pool;
  memory::CoreMemory* memory = nullptr;
  RunSettings settings;
  PipeTiming timing;
};

class PipeModel {
 public:
  PipeModel(std::string name, isa::Pipe code, unsigned index, std::size_t depth, PipeShared& shared, PipeEnvironment& environment);

  const std::string& name() const { return name_; }
  isa::Pipe code() const { return code_; }
  void attach(TransferPort* port) { port_ = port; }
  void reset(Cycle now);

  bool full() const { return queue_.size() >= depth_; }
  bool drained() const { return queue_.empty() && flight_.empty(); }
  void push(Operation* op);     // the caller has checked full()
  void step(Cycle now);

  const Operation* head() const { return queue_.empty() ? nullptr : queue_.front(); }
  StallReason waiting_for() const { return reason_; }
  // Closes the accounts at the core's end: busy + stalls + idle = end - start.
  PipeCounters close(Cycle end);

 private:
  void account(Cycle now);
  void settle_transfers(Cycle now);
  void retire(Cycle now);
  void apply(Operation& op);
  bool steers(const Operation& op) const;
  void start_ready(Cycle now);
  bool start(Operation& op, Cycle now);   // false: must wait; reason_ and next wake are set
  bool start_work(Operation& op, Cycle now);
  Cycle unit_flag_start(Operation& op, Cycle now) const;
  void run_unit_flag_partners(const Operation& mad);
  void begin(Operation& op, Cycle now);
  void want(Cycle when) { if (when < wanted_) wanted_ = when; }

  std::string name_;
  isa::Pipe code_;
  unsigned index_;
  std::size_t depth_;
  PipeShared& shared_;
  PipeEnvironment& environment_;
  TransferPort* port_ = nullptr;
  OperationRing queue_, flight_;
  Cycle next_start_ = 0;        // kNever: known when the transfer has issued
  Cycle last_finish_ = 0;
  std::uint32_t next_transfer_ = 0;
  std::size_t work_in_flight_ = 0;
  Cycle wanted_ = kNever;
  StallReason reason_ = StallReason::kCount;
  enum class State : std::uint8_t { idle, busy, stalled, memory } state_ = State::idle;
  Cycle accounted_ = 0;
  PipeCounters counters_;
};

}  // namespace vitruvian::pipe
