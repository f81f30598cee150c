// The die: builds and connects everything in ordinary typed C++. Reads like the block diagram.
//
//    group0 .. group23: { aic: S M MTE1 MTE2 MTE3 FIX + L1 L0A L0B L0C BT FB, aiv0, aiv1: S V MTE2 MTE3 + UB }
//    memory: noc, l2_slice0 .. 7, hbm_stack0 .. 3          ffts: cross-core flags
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "src/sim/modules.h"
#include "src/sim/simulation.h"

namespace vitruvian::sim {

class Chip final : public sc_core::sc_module, public CoreHost {
 public:
  Chip(sc_core::sc_module_name name, const ChipContext& context, memory::DeviceMemory& gm, noc::L2Path& path);

  // Prepares the cores of all launches; after it, sc_start() runs them.
  void place(const std::vector<LaunchPlan>& plans);
  bool all_ended() const { return running_launches_ == 0; }
  bool faulted() const { return static_cast<bool>(fault_); }
  void report_deadlock();
  std::vector<LaunchResult> results() const;
  double progress() const;

  // CoreHost
  void wake_scalar(unsigned core, Cycle when) override { cores_[core].module->scalar->wake(when); }
  void wake_pipe(unsigned core, unsigned pipe, Cycle when) override { cores_[core].module->pipes[pipe]->wake(when); }
  void memory_changed() override;
  void cross_send(unsigned core, const CrossCoreMessage& message) override;
  bool cross_take(unsigned core, unsigned id) override;
  void fault(unsigned core, Fault fault, std::uint64_t pc) override;
  std::string source_line(unsigned core, std::uint64_t pc) const override;
  void core_ended(unsigned core, Cycle now) override;
  void print(unsigned core, const std::string& line) override;
  void trace(const TraceEvent& event) override;

 private:
  struct Core {
    std::unique_ptr<CoreModel> model;
    CoreModule* module = nullptr;
    int launch = -1;
    pipe::CrossCorePlace place;
    std::uint32_t block = 0;
    bool used = false;
  };
  struct Launch {
    const LaunchPlan* plan = nullptr;
    std::uint32_t next_block = 0, cores_running = 0, finished_blocks = 0;
    std::vector<std::uint32_t> groups_busy;     // cores still running in each resident group
    std::vector<unsigned> cores;                // used, in order of names
    std::unique_ptr<pipe::CrossCoreFlags> cross;
    Cycle start = 0, end = 0, first_start = kNever;
    std::vector<TraceEvent> events;
    std::vector<std::string> printed;
  };
  std::uint32_t aiv_index(std::uint32_t group, std::uint32_t sub) const { return context_.aic + group * context_.aiv_per_aic + sub; }
  std::vector<unsigned> cores_of_block(const Launch& launch, std::uint32_t resident) const;
  void begin_block(std::size_t launch_index, std::uint32_t block, std::uint32_t resident, Cycle now);
  void prepare_core(unsigned core, std::size_t launch_index);
  void advance_memory(Cycle now);
  void step_cross(Cycle now);
  void accept_cross(Cycle now);
  void deliver_cross(Cycle now);
  void cross_fault(unsigned core, const CrossCoreMessage& message, std::string detail);
  LaunchResult result_of(const Launch& launch) const;

  const ChipContext& context_;
  memory::DeviceMemory& gm_;
  noc::L2Path& path_;
  std::vector<std::unique_ptr<GroupModule>> groups_;
  std::unique_ptr<MemoryModule> memory_;
  std::unique_ptr<Stepper> ffts_;
  std::vector<Core> cores_;                     // AIC first, then AIV
  std::vector<Launch> launches_;
  std::size_t running_launches_ = 0;
  std::vector<memory::Completion> completions_;
  struct Sent {
    unsigned core;
    pipe::CrossCorePlace place;                 // of the sender's block: its core may run another one by now
    CrossCoreMessage message;
  };
  std::vector<Sent> cross_sent_;                // not yet with the scheduler
  struct Pending {
    Sent from;
    std::size_t launch;
    pipe::CrossCoreFlags::Increment increment;
  };
  std::deque<Pending> cross_pending_;
  pipe::CrossCoreScheduler cross_scheduler_;
  Fault fault_;
  int fault_launch_ = -1;
};

}  // namespace vitruvian::sim
