// One core: the scalar unit's conversation with the pipes. Pure C++: src/sim/modules.h wraps it into sc_modules.
//
//    front end (rv64x) ──Stop──> CoreModel ──push──> PipeModel x 3..5 ──> CoreMemory, TransferPort
//         ^ time, queue space, flags, barriers, memory accesses at their own cycle
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/mte/dma_engine.h"
#include "src/pipe/cross_core.h"
#include "src/pipe/order.h"
#include "src/pipe/pipe_model.h"
#include "src/scalar/front_end.h"
#include "src/sim/units.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::sim {

using memory::Cycle;
using memory::kNever;

// What a scalar store to global memory replaced: mode automatic undoes them before it runs again.
struct UndoStore {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;
  std::array<std::uint8_t, 8> old{};
};

// A cross-core message on its way, with the instruction that sent it.
struct CrossCoreMessage {
  std::uint64_t word = 0;
  Cycle sent = 0;
  std::uint64_t pc = 0;
  std::string pipe;
};

// Engines of a core by the upper bits of their requests' tags.
inline constexpr std::uint8_t kReadEngine = 0, kWriteEngine = 1, kFixpipeEngine = 2, kScalarEngine = 3;
inline constexpr unsigned kEngineShift = 24;

inline const char* pipe_code_name(unsigned code) { return isa::to_string(static_cast<isa::Pipe>(code)); }

// The machine around a core.
class CoreHost {
 public:
  virtual ~CoreHost() = default;
  virtual void wake_scalar(unsigned core, Cycle when) = 0;
  virtual void wake_pipe(unsigned core, unsigned pipe, Cycle when) = 0;
  virtual void memory_changed() = 0;                                  // requests were enqueued
  virtual void cross_send(unsigned core, const CrossCoreMessage& message) = 0;
  virtual bool cross_take(unsigned core, unsigned id) = 0;
  virtual void fault(unsigned core, Fault fault, std::uint64_t pc) = 0;  // the machine adds disassembly and source line
  virtual std::string source_line(unsigned core, std::uint64_t pc) const = 0;
  // The core's bytes [low, high) outside its die took effect.
  virtual void outside_written(std::uint64_t low, std::uint64_t high, Cycle now) = 0;
  virtual void core_ended(unsigned core, Cycle now) = 0;
  virtual void print(unsigned core, const std::string& line) = 0;
  virtual void trace(const TraceEvent& event) = 0;
};

// What every core of a chip has in common.
struct ChipTiming {
  pipe::PipeTiming pipe;
  std::array<std::size_t, pipe::kPipeCodes> queue_depth{};
  scalar::ScalarTiming scalar_aic, scalar_aiv;
  std::size_t ub = 0, l1 = 0, l0a = 0, l0b = 0, l0c = 0, bt = 0, fb = 0;
  std::shared_ptr<const mte::DmaTiming> dma;
  bool scalar_assumed = false, memory_assumed = false;  // a value that the cost reads has no source
  static ChipTiming from(const chip::ChipSpec& spec);
};

// What a core runs: shared by the cores of a launch.
struct CoreProgram {
  std::shared_ptr<scalar::DecodedProgram> decoded;
  std::uint64_t entry = 0;
  scalar::Arguments arguments;
};

class CoreModel final : public pipe::PipeEnvironment {
 public:
  CoreModel(std::string name, bool is_aic, unsigned index, const ChipTiming& timing, const UnitTable& units, CoreHost& host);
  ~CoreModel() override;

  const std::string& name() const { return name_; }
  bool is_aic() const { return is_aic_; }
  std::size_t pipe_count() const { return pipes_.size(); }
  pipe::PipeModel& pipe(std::size_t i) { return *pipes_[i]; }

  // Before a launch: storage, global memory, settings, instruction limit.
  struct LaunchSetup {
    memory::DeviceMemory* gm = nullptr;
    memory::GmPath* path = nullptr;
    std::uint16_t port = 0;                   // of the memory system
    pipe::RunSettings settings;
    std::uint64_t runahead = 1, instruction_limit = 0;
    std::vector<UndoStore>* undo = nullptr;
  };
  void set_up(const LaunchSetup& setup);
  void begin(const scalar::CoreIdentity& identity, const CoreProgram& program, Cycle now);
  bool busy() const { return running_ || !drained(); }

  void step_scalar(Cycle now);
  void step_pipe(unsigned pipe, Cycle now);
  // A memory completion for one of this core's engines; the pipe to wake, or -1.
  int complete(const memory::Completion& completion);
  void cross_arrived(Cycle now);

  // Of the whole launch: up to the core's own end, or to `last` where a fault has cut it off.
  CoreCounters close(Cycle last);
  std::uint64_t hazard_waits() const { return hazard_waits_; }
  std::uint64_t operations() const { return operations_; }
  std::uint64_t instructions() const { return retired_before_ + (front_ ? front_->retired() : 0); }
  // "S waits for flag M -> S, 3 at pc": one line for each pipe that waits, for the deadlock report.
  struct Waiting {
    std::string pipe, what;
    std::uint64_t pc = 0;
  };
  std::vector<Waiting> waiting() const;

  // pipe::PipeEnvironment
  void wake(unsigned pipe_index, Cycle when) override { host_.wake_pipe(index_, pipe_index, when); }
  void flag_raised(unsigned destination_code, Cycle visible) override;
  void retired(const pipe::Operation& op) override;
  void space_in_queue(unsigned pipe_index) override;
  void cross_send(const pipe::Operation& op, Cycle now) override;
  void raise(const pipe::Operation& op, const pipe::OperandFault& fault) override;
  void follow_order(const pipe::Operation& op) override;
  void follow_l0(pipe::Operation& op);
  void hazard_waited() override { ++hazard_waits_; }

 private:
  enum class Wait : std::uint8_t { none, time, queue, flag, retire, cross, outside };
  bool resolve(Cycle now);
  bool resolve_issue(Cycle now);
  bool resolve_scalar_flag(Cycle now);
  bool resolve_barrier_all(Cycle now);
  bool resolve_memory(Cycle now);
  bool goes_outside() const;
  bool trip_outside(Cycle now);
  bool resolve_result(Cycle now);
  std::uint64_t budget() const;
  bool reach(Cycle now);                       // simulated time has come to the front end's time
  bool block(Wait wait, StallReason reason);
  void resume(Cycle now);
  bool drained() const;
  void end_program(Cycle now);
  void add_scalar_counters();
  void cut_scalar(Cycle end);
  CoreCounters never_started(CoreCounters counters, Cycle end) const;
  void finish_if_drained(Cycle now);
  pipe::Operation* prepare(unsigned pipe_index);
  bool prepare_work(pipe::Operation& op);
  bool check_bounds(const pipe::Operation& op);
  void set_fault(FaultKind kind, std::string detail);          // becomes the pending stop, reported at the front end's time
  bool fail(Cycle now, FaultKind kind, std::string detail);    // set_fault and resolve
  bool report_fault(Fault fault);
  std::string describe(const std::string& what, const pipe::OrderTracker::Conflict& conflict) const;
  void print_record(std::uint64_t address);
  int pipe_index_of(unsigned code) const { return code < pipe::kPipeCodes ? index_of_[code] : -1; }

  std::string name_;
  bool is_aic_;
  unsigned index_;
  const ChipTiming& timing_;
  const UnitTable& units_;
  CoreHost& host_;
  memory::CoreMemory memory_;
  pipe::PipeShared shared_;
  std::unique_ptr<pipe::OrderTracker> order_;   // strict sync only
  std::vector<std::unique_ptr<pipe::PipeModel>> pipes_;
  std::array<int, pipe::kPipeCodes> index_of_{};
  class Port;
  std::vector<std::unique_ptr<Port>> ports_;

  std::unique_ptr<scalar::FrontEnd> front_;
  LaunchSetup setup_;
  scalar::Stop stop_;
  bool pending_ = false, running_ = false, ended_ = true;
  bool program_cut_ = false;                    // begun and not returned: closed before its end
  Wait wait_ = Wait::none;
  StallReason wait_reason_ = StallReason::kCount;
  int wait_pipe_ = -1;
  bool last_l0_is_a_ = false;                   // where MTE1's last load to L0 went
  Cycle started_ = 0, scalar_end_ = 0, ended_at_ = 0;
  bool outside_sent_ = false;                  // a scalar access beyond the die is on its way
  Cycle outside_back_ = kNever;                // and back then
  std::uint64_t retired_before_ = 0, operations_ = 0, hazard_waits_ = 0;
  PipeCounters scalar_;
  std::array<std::uint64_t, 8> assumed_busy_{};
};

}  // namespace vitruvian::sim
